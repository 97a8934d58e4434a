/* SPDX-License-Identifier: MIT */
/* The emulator's smaller parts: forms, maps, routes, the replies of a registry behind it,
 * faults. */
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "emulator/effects.h"
#include "emulator/fault.h"
#include "emulator/map.h"
#include "emulator/model.h"
#include "emulator/proxy.h"
#include "emulator/route.h"

static void forms_are_decoded(void **state)
{
	/* clang-format off */
	static const struct { const char *in; bool good; const char *name, *want; } row[] = {
		{ "a=1&b=2", true, "b", "2" },      { "a=x%20y+z", true, "a", "x y z" },
		  { "a", true, "a", "" },
		{ "a=%2B%2f%26", true, "a", "+/&" }, { "&&a=1&", true, "a", "1" },
		         { "a=1&a=2", true, "a", "1" },
		{ "a=b=c", true, "a", "b=c" },      { "", true, "a", NULL },
		              { "a=%2", false, NULL, NULL },
		{ "a=%zz", false, NULL, NULL },     { "%61=1", true, "a", "1" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO(pairs_clear) struct pairs form = { 0 };

		CHECK(pairs_form(&form, row[i].in, strlen(row[i].in)) == row[i].good, "'%s'",
		      row[i].in);
		if (row[i].want)
			CHECK_TEXT(pairs_get(&form, row[i].name), row[i].want, "'%s'", row[i].in);
		else
			CHECK(!row[i].name || !pairs_get(&form, row[i].name), "'%s'", row[i].in);
	}
}

static void maps_hold_many(void **state)
{
	struct map m = { 0 };
	int value[1000];

	(void)state;
	assert_null(map_get(&m, "x"));
	for (int i = 0; i < 1000; i++) {
		AUTO_FREE char *name = mem_fmt("Name-%d", i);

		map_put(&m, name, &value[i]);
	}
	assert_int_equal(m.n, 1000);
	for (int i = 0; i < 1000; i++) {
		AUTO_FREE char *name = mem_fmt("nAME-%d", i);

		assert_ptr_equal(map_get(&m, name), &value[i]);
		if (i % 2)
			assert_ptr_equal(map_remove(&m, name), &value[i]);
	}
	assert_int_equal(m.n, 500);
	assert_null(map_get(&m, "name-1"));
	assert_null(map_remove(&m, "name-1"));
	assert_ptr_equal(map_get(&m, "name-2"), &value[2]);
	map_put(&m, "NAME-2", &value[3]);
	assert_ptr_equal(map_get(&m, "name-2"), &value[3]);
	map_clear(&m, NULL);
}

#define REGISTRY                                                                                   \
	"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r"

static void requests_find_their_route(void **state)
{
	/* clang-format off */
	static const struct { const char *method, *path, *operation, *last_arg; } row[] = {
		{ "GET", "/subscriptions", "subscriptions", NULL },
		{ "GET", "/subscriptions/s/resources", "resources", "s" },
		{ "GET",
		  "/SUBSCRIPTIONS/s/resourcegroups/g/providers/microsoft.containerregistry/Registries/r/tokens/t", "token-get", "t" },
		{ "GET", REGISTRY "/tokens", "token-list", "r" },
		{ "GET", REGISTRY "/tokens/", "token-list", "r" },
		{ "PUT", REGISTRY "/tokens/t", "token-put", "t" },
		{ "POST", REGISTRY "/generateCredentials", "generate", "r" },
		{ "GET", REGISTRY "/tokens/t/operationStatuses/token-1", "operation", "token-1" },
		{ "GET", "/v2/", "v2", NULL },
		{ "HEAD", "/v2/a/b/manifests/v1", "registry", "a/b/manifests/v1" },
		{ "GET", "/oauth2/token", "login", NULL },
		{ "POST", "/some-tenant/oauth2/v2.0/token", "entra", "some-tenant" },
		{ "POST", "/adfs/oauth2/token", "entra", NULL },
		{ "GET", "/metadata/identity/oauth2/token", "imds", NULL },
		{ "GET", "/nothing", NULL, NULL },
		{ "DELETE", "/subscriptions", NULL, NULL },
		{ "GET", REGISTRY "/tokens/t/x", NULL, NULL },
		{ "GET", "", NULL, NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct route *found;
		const char *last = NULL;
		struct request rq;
		enum area area;

		exchange_request_init(&rq);
		rq.method = mem_dup(row[i].method);
		rq.path = mem_dup(row[i].path);
		found = route_find(&rq, &area);
		CHECK((found != NULL) == (row[i].operation != NULL), "%s", row[i].path);
		if (found)
			CHECK_TEXT(found->operation, row[i].operation, "%s", row[i].path);
		for (size_t k = 0; k < EXCHANGE_ARGS_MAX && rq.arg[k]; k++)
			last = rq.arg[k];
		CHECK((last != NULL) == (row[i].last_arg != NULL), "%s", row[i].path);
		if (last)
			CHECK_TEXT(last, row[i].last_arg, "%s", row[i].path);
		exchange_request_clear(&rq);
	}
}

static void patterns_match(void **state)
{
	/* clang-format off */
	static const struct { const char *pattern, *text; bool want; } row[] = {
		{ "*", "", true },           { "", "", true },          { "", "a", false },
		        { "a*c", "abbc", true },
		{ "a*c", "abcd", false },    { "*/read", "x/y/read", true },
		  { "*/READ", "x/read", true }, { "a*b*c", "a1b2b3c", true },
		{ "repositories/*", "repositories/", true }, { "generate", "generated", false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		CHECK(str_matches(row[i].pattern, row[i].text) == row[i].want, "%s on %s",
		      row[i].pattern, row[i].text);
}

static void replies_of_a_registry_are_read(void **state)
{
	/* clang-format off */
	static const struct { const char *text; bool head, good; int status; const char *body; } row[] = {
		{ "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi", false, true, 200,
		  "hi" },
		{ "HTTP/1.1 404 Not Found\r\n\r\nno", false, true, 404, "no" },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 700\r\n\r\n", true, true, 200, "" },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi", false, false, 0, NULL },
		{ "HTTP/1.0 200 OK\r\nContent-Length: x\r\n\r\nhi", false, false, 0, NULL },
		{ "HTTP/1.0 2x0 OK\r\n\r\n", false, false, 0, NULL },
		{ "HTTP/1.0 999 OK\r\n\r\n", false, false, 0, NULL },
		{ "HTTP/1.0 200 OK\r\nno colon\r\n\r\n", false, false, 0, NULL },
		{ "HTTP/1.\r\n\r\n", false, false, 0, NULL },
		{ "hello", false, false, 0, NULL },
		{ "", false, false, 0, NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct reply rs;

		exchange_reply_init(&rs);
		CHECK(proxy_read(row[i].text, strlen(row[i].text), row[i].head, &rs) == row[i].good,
		      "row %zu", i);
		if (row[i].good) {
			CHECK(rs.status == row[i].status, "row %zu", i);
			CHECK_TEXT(buf_cstr(&rs.body), row[i].body, "row %zu", i);
			CHECK(!row[i].head || rs.head_length == 700, "row %zu", i);
		}
		exchange_reply_clear(&rs);
	}
}

static void add_fault(struct fault_list *l, const char *text, bool want)
{
	AUTO_BUF struct buf ids = BUF_INIT(1000);
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;

	assert_true(json_parse(text, strlen(text), &j, &e));
	CHECK(fault_add(l, j, &ids, &e) == want, "%s: %s", text, e.text);
}

static bool meets(struct fault_list *l, const char *operation, const char *path)
{
	struct request rq;
	bool met;

	exchange_request_init(&rq);
	rq.method = mem_dup("GET");
	rq.path = mem_dup(path);
	met = fault_pick(l, &rq, operation) != NULL;
	exchange_request_clear(&rq);
	return met;
}

static void faults_count_and_skip(void **state)
{
	struct fault_list *l = fault_list_new();

	(void)state;
	assert_false(meets(l, "generate", "/"));
	add_fault(l, "{\"operation\":\"generate\",\"skip\":1,\"count\":2,\"effect\":\"drop\"}",
	          true);
	add_fault(l,
	          "[{\"path\":\"*/tokens/"
	          "x\",\"count\":0,\"effect\":\"drop\"},{\"token\":\"web*\",\"effect\":\"drop\"}]",
	          true);
	assert_false(meets(l, "generate", "/"));
	assert_true(meets(l, "generate", "/"));
	assert_true(meets(l, "generate", "/"));
	assert_false(meets(l, "generate", "/"));
	for (int i = 0; i < 5; i++)
		assert_true(meets(l, "token-get", "/a/tokens/x"));
	assert_false(meets(l, "token-get", "/a/tokens/y"));
	assert_true(meets(l, "token-get", "/a/tokens/web-pull"));
	assert_false(meets(l, "token-get", "/a/tokens/web-pull"));
	fault_remove_all(l);
	assert_false(meets(l, "token-get", "/a/tokens/x"));
	fault_list_free(l);
}

static void mistyped_faults_are_refused(void **state)
{
	struct fault_list *l = fault_list_new();

	(void)state;
	add_fault(l, "{\"effect\":\"explode\"}", false);
	add_fault(l, "{\"operaton\":\"generate\",\"effect\":\"drop\"}", false);
	add_fault(l, "{\"operation\":\"generat\",\"effect\":\"drop\"}", false);
	add_fault(l, "{\"operation\":\"blobs-*\",\"effect\":\"drop\"}", false);
	add_fault(l, "7", false);
	add_fault(l, "{}", true);
	add_fault(l, "{\"operation\":\"blob-*\",\"effect\":\"drop\"}", true);
	fault_list_free(l);
}

static void json_is_twisted(void **state)
{
	static const char text[] = "{\"a\":\"xyz\",\"b\":[1,true,null],\"c\":{\"d\":false}}";
	AUTO_BUF struct buf same = BUF_INIT(1000), twisted = BUF_INIT(1000);
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(json_parse(text, strlen(text), &j, &e));
	effects_write_json(j, false, &same);
	effects_write_json(j, true, &twisted);
	assert_string_equal(buf_cstr(&same), text);
	assert_string_equal(buf_cstr(&twisted), "{\"a\":3,\"b\":[\"1\",[],{}],\"c\":{\"d\":[]}}");
}

static void the_model_forgets_what_is_removed(void **state)
{
	struct model m = { 0 };
	struct registry *r = model_add_registry(&m, "contoso", "g", "localhost:1", 0);

	(void)state;
	(void)model_add_token(r, "one", "", 0);
	(void)model_add_token(r, "two", "", 0);
	(void)model_add_token(r, "three", "", 0);
	model_remove_token(r, "TWO");
	model_remove_token(r, "none");
	assert_int_equal(r->n_tokens, 2);
	assert_string_equal(r->token[1]->name, "three");
	assert_null(map_get(&r->tokens, "two"));
	assert_ptr_equal(model_registry(&m, "CONTOSO"), r);
	model_clear(&m);
}

/* A login server is the whole of its host; the endpoints of a registry are hosts of it, each by itself. */
static void registries_are_found_by_host(void **state)
{
	static const struct {
		const char *host;
		int registry, endpoint;
	} rows[] = {
		{ "localhost:1", 0, -1 },
		{ "localhost:2", -1, -1 },
		{ "localhost", -1, -1 },
		{ "contoso-a1.azurecr.io", 1, -1 },
		{ "CONTOSO-A1.AZURECR.IO:443", 1, -1 },
		{ "contoso.azurecr.io", -1, -1 },
		{ "contoso.eastus.geo.azurecr.io", 1, 0 },
		{ "contoso.westus.geo.azurecr.io:8443", 1, 1 },
		{ "", -1, -1 },
	};
	struct model m = { 0 };
	struct registry *r[2] = { model_add_registry(&m, "contoso", "g", "localhost:1", 0),
		                  model_add_registry(&m, "contoso", "h", "contoso-a1.azurecr.io",
		                                     0) };

	(void)state;
	model_add_endpoint(r[1], "eastus", "contoso.eastus.geo.azurecr.io");
	model_add_endpoint(r[1], "westus", "contoso.westus.geo.azurecr.io");
	for (size_t i = 0; i < COUNT(rows); i++) {
		int endpoint = 7;
		CHECK(model_at_server(&m, rows[i].host, &endpoint) ==
		              (rows[i].registry < 0 ? NULL : r[rows[i].registry]),
		      "%s", rows[i].host);
		CHECK(endpoint == rows[i].endpoint, "%s: %d", rows[i].host, endpoint);
	}
	model_clear(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_decoded),
		cmocka_unit_test(maps_hold_many),
		cmocka_unit_test(requests_find_their_route),
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(replies_of_a_registry_are_read),
		cmocka_unit_test(faults_count_and_skip),
		cmocka_unit_test(mistyped_faults_are_refused),
		cmocka_unit_test(json_is_twisted),
		cmocka_unit_test(the_model_forgets_what_is_removed),
		cmocka_unit_test(registries_are_found_by_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
