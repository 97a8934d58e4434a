/* SPDX-License-Identifier: MIT */
/* Which URLs name a container, and which hosts get a token of the cloud. */
#include "azure/auth.h"
#include "azure/blob_place.h"
#include "base/err.h"
#include "base/mem.h"
#include "check.h"

#define C63 "a23456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *text, *url, *account, *container, *prefix; /* url NULL: refused */
} rows[] = {
	{ "https://contoso.blob.core.windows.net/records",
	  "https://contoso.blob.core.windows.net/records", "contoso", "records", "" },
	{ "HTTPS://Contoso.Blob.Core.Windows.NET:443/records/",
	  "https://contoso.blob.core.windows.net/records", "contoso", "records", "" },
	{ "https://contoso.blob.core.windows.net/records/prod/eu-1/",
	  "https://contoso.blob.core.windows.net/records", "contoso", "records", "prod/eu-1/" },
	{ "https://store.local:8443/" C63 "/A@b_c.d", "https://store.local:8443/" C63, "store", C63,
	  "A@b_c.d/" },
	{ "https://127.0.0.1:10000/devstoreaccount1/records/p",
	  "https://127.0.0.1:10000/devstoreaccount1/records", "devstoreaccount1", "records", "p/" },
	{ "https://localhost/acc/records", "https://localhost/acc/records", "acc", "records", "" },
	{ "https://[::1]:1/acc/records", "https://[::1]:1/acc/records", "acc", "records", "" },
	{ .text = "http://contoso.blob.core.windows.net/records" },
	{ .text = "https://contoso.blob.core.windows.net" },
	{ .text = "https://contoso.blob.core.windows.net/" },
	{ .text = "https://user@contoso.blob.core.windows.net/records" },
	{ .text = "https://contoso.blob.core.windows.net/records?sv=2021&sig=x" },
	{ .text = "https://contoso.blob.core.windows.net/records#x" },
	{ .text = "https://contoso.blob.core.windows.net/re" },
	{ .text = "https://contoso.blob.core.windows.net/" C63 "4" },
	{ .text = "https://contoso.blob.core.windows.net/Records" },
	{ .text = "https://contoso.blob.core.windows.net/-records" },
	{ .text = "https://contoso.blob.core.windows.net/records-" },
	{ .text = "https://contoso.blob.core.windows.net/re--cords" },
	{ .text = "https://contoso.blob.core.windows.net/records//x" },
	{ .text = "https://contoso.blob.core.windows.net/records/." },
	{ .text = "https://contoso.blob.core.windows.net/records/../x" },
	{ .text = "https://contoso.blob.core.windows.net/records/x." },
	{ .text = "https://contoso.blob.core.windows.net/records/a b" },
	{ .text = "https://contoso.blob.core.windows.net/records/a%2Fb" },
	{ .text = "https://127.0.0.1/records" },
	{ .text = "https://" },
	{ .text = "" },
};

static void test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BLOB_PLACE struct blob_place p = { .url = NULL };
		struct err e = ERR_INIT;
		bool ok = blob_place_parse(rows[i].text, &p, &e);
		CHECK(ok == (rows[i].url != NULL), "'%s': %s", rows[i].text, e.text);
		if (!ok) {
			CHECK(e.kind == ERR_CONFIG && strstr(e.text, "CONTAINER[/PREFIX]") != NULL,
			      "'%s': %s", rows[i].text, e.text);
			continue;
		}
		CHECK_TEXT(p.url, rows[i].url, "%s", rows[i].text);
		CHECK_TEXT(p.account, rows[i].account, "%s", rows[i].text);
		CHECK_TEXT(p.container, rows[i].container, "%s", rows[i].text);
		CHECK_TEXT(p.prefix, rows[i].prefix, "%s", rows[i].text);
	}
}

static void test_long_prefix(void **state)
{
	(void)state;
	char url[1000] = "https://contoso.blob.core.windows.net/records/";
	AUTO_BLOB_PLACE struct blob_place p = { .url = NULL };
	struct err e = ERR_INIT;

	memset(url + strlen(url), 'a', BLOB_PREFIX_MAX);
	assert_false(blob_place_parse(url, &p, &e));
	url[strlen(url) - 1] = '\0';
	assert_true(blob_place_parse(url, &p, &e));
}

static void test_clouds(void **state)
{
	(void)state;
	static const struct {
		char cloud[16];
		const char *host;
		bool ok;
	} clouds[] = {
		{ "public", "contoso.blob.core.windows.net", true },
		{ "public", "contoso.blob.core.usgovcloudapi.net", false },
		{ "public", "contoso.blob.core.windows.net.evil.example", false },
		{ "public", "evilblob.core.windows.net", false },
		{ "usgovernment", "contoso.blob.core.usgovcloudapi.net", true },
		{ "usgovernment", "contoso.blob.core.windows.net", false },
		{ "china", "contoso.blob.core.chinacloudapi.cn", true },
		{ "custom", "contoso.blob.local", true },
	};

	for (size_t i = 0; i < COUNT(clouds); i++) {
		AUTO_FREE char *url = mem_fmt("https://%s/records", clouds[i].host),
			       *cloud = mem_dup(clouds[i].cloud);
		const struct azure_spec spec = { .cloud = cloud };
		AUTO_BLOB_PLACE struct blob_place p = { .url = NULL };
		struct err e = ERR_INIT;
		CHECK(blob_place_parse(url, &p, &e), "%s", e.text);
		bool ok = blob_place_in_cloud(&p, &spec, &e);
		CHECK(ok == clouds[i].ok && (ok || e.kind == ERR_CONFIG), "%s in %s: %s",
		      clouds[i].host, clouds[i].cloud, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_long_prefix),
		cmocka_unit_test(test_clouds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
