/* SPDX-License-Identifier: MIT */
#include "azure/auth.h"
#include "azure/clouds.h"
#include "base/buf.h"
#include "check.h"
#include "emulator/entra.h"

/* As text, in the order of the struct. */
static const char *const *members(const struct azure_cloud *c)
{
	return (const char *const *)(const void *)c;
}
#define MEMBERS (sizeof(struct azure_cloud) / sizeof(char *))

static void each_row_has_every_member(void **state)
{
	(void)state;
	for (size_t i = 0; i < azure_clouds_count; i++)
		for (size_t k = 0; k < MEMBERS; k++)
			CHECK(members(&azure_clouds[i])[k] != NULL, "'%s' lacks member %zu",
			      azure_clouds[i].name, k);
}

static void each_member_looks_like_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < azure_clouds_count; i++) {
		const struct azure_cloud *c = &azure_clouds[i];
		const char *const urls[] = { c->authority, c->resource_manager, c->audience,
			                     c->vault_audience, c->storage_audience };
		const char *const suffixes[] = { c->registry_suffix, c->vault_suffix,
			                         c->blob_suffix };
		for (size_t k = 0; k < COUNT(urls); k++)
			CHECK(strncmp(urls[k], "https://", 8) == 0, "%s: '%s'", c->name, urls[k]);
		for (size_t k = 0; k < COUNT(suffixes); k++)
			CHECK(suffixes[k][0] == '.' && strchr(suffixes[k], '/') == NULL, "%s: '%s'",
			      c->name, suffixes[k]);
		/* Endpoints are put before paths. */
		CHECK(c->authority[strlen(c->authority) - 1] != '/' &&
		              c->resource_manager[strlen(c->resource_manager) - 1] != '/',
		      "%s", c->name);
	}
}

/* No login server, vault or token may be taken for another cloud's. */
static void no_two_share_an_endpoint(void **state)
{
	(void)state;
	for (size_t i = 0; i < azure_clouds_count; i++)
		for (size_t j = 0; j < i; j++)
			for (size_t k = 0; k < MEMBERS; k++) {
				const struct azure_cloud *a = &azure_clouds[i],
							 *b = &azure_clouds[j];
				bool same = strcmp(members(a)[k], members(b)[k]) == 0;
				/* Storage has one audience everywhere. */
				CHECK(!same || members(a)[k] == a->storage_audience, "%s, %s: '%s'",
				      a->name, b->name, members(a)[k]);
			}
}

static void each_is_found_and_can_be_configured(void **state)
{
	AUTO_BUF struct buf want = BUF_INIT(200);

	(void)state;
	for (size_t i = 0; i < azure_clouds_count; i++) {
		assert_ptr_equal(azure_cloud_find(azure_clouds[i].name), &azure_clouds[i]);
		assert_ptr_equal(azure_cloud_find_az(azure_clouds[i].az), &azure_clouds[i]);
		buf_fmt(&want, "%s|", azure_clouds[i].name);
	}
	buf_str(&want, "custom");
	assert_string_equal(azure_cloud_find(NULL)->name, "public");
	assert_string_equal(azure_cloud_find_az("azurechinacloud")->name, "china");
	assert_string_equal(azure_cloud_or_public("custom")->name, "public");
	assert_string_equal(azure_cloud_or_public("china")->name, "china");
	assert_null(azure_cloud_find("custom"));
	assert_null(azure_cloud_find_az("AzureMoonCloud"));
	for (size_t i = 0; i < azure_keys_count; i++)
		if (strcmp(azure_keys[i].name, "cloud") == 0)
			assert_string_equal(azure_keys[i].choices, buf_cstr(&want));
}

/* Else nothing can be tried with that cloud. */
static void the_emulator_knows_each(void **state)
{
	static struct emulator emu;

	(void)state;
	for (size_t i = 0; i < azure_clouds_count; i++) {
		const struct azure_cloud *c = &azure_clouds[i];
		const char *const asked[] = { c->resource_manager, c->audience, c->vault_audience,
			                      c->storage_audience };
		for (size_t k = 0; k < COUNT(asked); k++)
			CHECK(entra_resource_known(&emu, asked[k]),
			      "src/emulator/entra.c lacks '%s'", asked[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_has_every_member),
		cmocka_unit_test(each_member_looks_like_one),
		cmocka_unit_test(no_two_share_an_endpoint),
		cmocka_unit_test(each_is_found_and_can_be_configured),
		cmocka_unit_test(the_emulator_knows_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
