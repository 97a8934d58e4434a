/* SPDX-License-Identifier: MIT */
/* Role assignments as the service lists them, and what they come to. */
#include "azure/permissions.h"

#include "base/err.h"
#include "base/json.h"
#include "check.h"

#define GENERATE "Microsoft.ContainerRegistry/registries/generateCredentials/action"
#define READ     "Microsoft.ContainerRegistry/registries/tokens/read"

static const struct {
	const char *name, *list, *action;
	bool want;
} rows[] = {
	{ "no assignment", "[]", READ, false },
	{ "owner", "[{\"actions\":[\"*\"],\"notActions\":[]}]", GENERATE, true },
	{ "reader reads", "[{\"actions\":[\"*/read\"],\"notActions\":[]}]", READ, true },
	{ "reader generates nothing", "[{\"actions\":[\"*/read\"],\"notActions\":[]}]", GENERATE,
	  false },
	{ "exactly", "[{\"actions\":[\"" GENERATE "\"]}]", GENERATE, true },
	{ "in other letters",
	  "[{\"actions\":[\"microsoft.containerregistry/REGISTRIES/generatecredentials/Action\"]}]",
	  GENERATE, true },
	{ "all of registries", "[{\"actions\":[\"Microsoft.ContainerRegistry/registries/*\"]}]",
	  GENERATE, true },
	{ "a star in the middle", "[{\"actions\":[\"Microsoft.ContainerRegistry/*/read\"]}]", READ,
	  true },
	{ "two stars", "[{\"actions\":[\"Microsoft.*/registries/*/read\"]}]", READ, true },
	{ "of a longer name", "[{\"actions\":[\"" READ "/more\"]}]", READ, false },
	{ "of a shorter name",
	  "[{\"actions\":[\"Microsoft.ContainerRegistry/registries/tokens\"]}]", READ, false },
	{ "taken out", "[{\"actions\":[\"*\"],\"notActions\":[\"*/generateCredentials/*\"]}]",
	  GENERATE, false },
	{ "taken out here, granted there",
	  "[{\"actions\":[\"*\"],\"notActions\":[\"*/action\"]},{\"actions\":[\"" GENERATE "\"]}]",
	  GENERATE, true },
	{ "data actions do not count", "[{\"actions\":[],\"dataActions\":[\"*\"]}]", READ, false },
	{ "rubbish", "[1,null,\"x\",{\"actions\":3},{\"actions\":[7,null]}]", READ, false },
};

static void test_allow(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_JSON struct json *j = NULL;
		AUTO_PERMISSIONS struct permissions p = { 0 };
		struct err e = ERR_INIT;
		CHECK(json_parse(rows[i].list, strlen(rows[i].list), &j, &e), "row '%s': %s",
		      rows[i].name, e.text);
		for (const struct json *item = json_child(j); item != NULL; item = json_next(item))
			permissions_add(&p, item);
		CHECK(permissions_allow(&p, rows[i].action) == rows[i].want, "row '%s'",
		      rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_allow) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
