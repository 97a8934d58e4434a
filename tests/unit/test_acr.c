/* SPDX-License-Identifier: MIT */
#include "azure/acr.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "check.h"
#include "fakes/arm_rig.h"

#define R                                                                                          \
	"https://arm.example/subscriptions/s/resourceGroups/g/providers/"                          \
	"Microsoft.ContainerRegistry/registries/contoso"
#define V "?api-version=2023-07-01"

static char sub[] = "s", group[] = "g", registry[] = "contoso",
	    login_server[] = "contoso-abc123.azurecr.io", name[] = "web-pull";
static const struct acr_ref ref = {
	.subscription = sub, .group = group, .registry = registry, .token = name
};

static void names(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} row[] = {
		{ "contoso", "contoso" },
		{ "contoso.azurecr.io", "contoso" },
		{ "contoso-abc123.azurecr.io", "contoso" },
		{ "", "" },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *got = acr_registry_name(row[i].in);

		CHECK_TEXT(got, row[i].out, "%s", row[i].in);
	}
	enum acr_slot slot = ACR_SLOT_1;
	assert_true(acr_slot_parse("password2", &slot) && slot == ACR_SLOT_2);
	assert_false(acr_slot_parse("password3", &slot) || acr_slot_parse("Password1", &slot) ||
	             acr_slot_parse("", &slot));
	assert_string_equal(acr_slot_name(acr_other(slot)), "password1");
}

static void the_server_that_was_meant(void **state)
{
	(void)state;
	static const struct {
		const char *asked, *login_server, *want; /* NULL: another registry was meant */
	} row[] = {
		{ "contoso", "contoso.azurecr.io", "contoso.azurecr.io" },
		{ "contoso", "contoso-abc123.azurecr.io", "contoso-abc123.azurecr.io" },
		{ "contoso.azurecr.io", "contoso.azurecr.io", "contoso.azurecr.io" },
		{ "Contoso.azurecr.io", "contoso.azurecr.io", "contoso.azurecr.io" },
		{ "contoso-abc123.azurecr.io", "contoso-abc123.azurecr.io",
		  "contoso-abc123.azurecr.io" },
		{ "contoso-other.azurecr.io", "contoso-abc123.azurecr.io", NULL },
		{ "contoso.azurecr.io", "contoso-abc123.azurecr.io", NULL },
		{ "contoso-abc123.azurecr.io", "contoso.azurecr.io", NULL },
		{ "contoso.azurecr.us", "contoso.azurecr.io", NULL },
		{ "contoso.EastUS.geo.azurecr.io", "contoso.azurecr.io",
		  "contoso.eastus.geo.azurecr.io" },
		{ "contoso-abc123.eastus.geo.azurecr.io", "contoso-abc123.azurecr.io",
		  "contoso-abc123.eastus.geo.azurecr.io" },
		{ "contoso.eastus.geo.azurecr.io", "contoso-abc123.azurecr.io",
		  "contoso.eastus.geo.azurecr.io" },
		{ "contoso-other.eastus.geo.azurecr.io", "contoso-abc123.azurecr.io", NULL },
		{ "contos.eastus.geo.azurecr.io", "contoso.azurecr.io", NULL },
		{ "contoso.eastus.geo.azurecr.us", "contoso.azurecr.io", NULL },
		{ "contoso..geo.azurecr.io", "contoso.azurecr.io", NULL },
		{ "contoso.geo.azurecr.io", "contoso.azurecr.io", NULL },
		{ "contoso.", "contoso.azurecr.io", NULL },
		{ "contoso.azurecr.io", "localhost:5000", NULL },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *got = acr_server_asked(row[i].asked, row[i].login_server);
		CHECK((got == NULL) == (row[i].want == NULL), "%s of %s", row[i].asked,
		      row[i].login_server);
		if (got != NULL)
			CHECK_TEXT(got, row[i].want, "%s", row[i].asked);
	}
}

static void paths(void **state)
{
	(void)state;
	char odd[] = "a/../b?c#d e", server[] = "contoso.azurecr.io";
	const struct acr_ref nasty = {
		.subscription = sub, .group = odd, .registry = server, .token = odd
	};
	AUTO_FREE char *id = acr_token_id(&nasty), *path = acr_path(&nasty, NULL, NULL),
		       *map = acr_path(&ref, "scopeMaps", "m");

	assert_string_equal(id, "/subscriptions/s/resourceGroups/a%2F..%2Fb%3Fc%23d%20e/providers/"
	                        "Microsoft.ContainerRegistry/registries/"
	                        "contoso/tokens/a%2F..%2Fb%3Fc%23d%20e");
	assert_string_equal(path, "/subscriptions/s/resourceGroups/a%2F..%2Fb%3Fc%23d%20e/"
	                          "providers/Microsoft.ContainerRegistry/"
	                          "registries/contoso" V);
	assert_string_equal(map, "/subscriptions/s/resourceGroups/g/providers/"
	                         "Microsoft.ContainerRegistry/registries/contoso/scopeMaps/m" V);
}

/* clang-format off */
#define ITEM(n, \
	g) "{\"id\":\"/subscriptions/s/resourcegroups/" g "/providers/Microsoft.ContainerRegistry/registries/" n \
	"\",\"name\":\"" n "\",\"properties\":{\"loginServer\":\"" n ".azurecr.io\"}}"
/* clang-format on */

static void registries(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *group, *answer; int status; enum err_kind kind; const char *got_group, *got_name; } row[] = {
		{ "by group", "g", ITEM("contoso", "G1"), 200, ERR_NONE, "G1", "contoso" },
		{ "by list, in any case", NULL,
		  "{\"value\":[" ITEM("other", "a") "," ITEM("Contoso", "b") "]}", 200, ERR_NONE,
		  "b", "Contoso" },
		{ "none", NULL, "{\"value\":[" ITEM("other", "a") "]}", 200, ERR_MISSING, NULL,
		  NULL },
		{ "a prefix is another", NULL, "{\"value\":[" ITEM("contoso2", "a") "]}", 200,
		  ERR_MISSING, NULL, NULL },
		{ "who knows whose", NULL, "{\"value\":[{\"name\":7}]}", 200, ERR_REMOTE, NULL,
		  NULL },
		{ "ours beside it", NULL, "{\"value\":[{\"name\":7}," ITEM("contoso", "a") "]}",
		  200, ERR_NONE, "a", "contoso" },
		{ "two", NULL, "{\"value\":[" ITEM("contoso", "a") "," ITEM("contoso", "b") "]}",
		  200, ERR_REMOTE, NULL, NULL },
		{ "no login server", "g", "{\"id\":\"/resourceGroups/g/\",\"name\":\"contoso\"}",
		  200, ERR_REMOTE, NULL, NULL },
		{ "no group in the id", "g",
		  "{\"id\":\"/x\",\"name\":\"contoso\",\"properties\":{\"loginServer\":\"s\"}}",
		  200, ERR_REMOTE, NULL, NULL },
		{ "gone", "g", "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"m\"}}",
		  404, ERR_MISSING, NULL, NULL },
		{ "forbidden", NULL,
		  "{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"m\"}}", 403,
		  ERR_DENIED, NULL, NULL },
		{ "garbage", NULL, "[]", 200, ERR_REMOTE, NULL, NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = {
			ARM_RIG_TOKEN("T"),
			{ HTTP_GET,
			  row[i].group ? "=" R V
			               : "=https://arm.example/subscriptions/s/providers/"
			                 "Microsoft.ContainerRegistry/registries" V,
			  .status = row[i].status, .answer = row[i].answer },
		};
		struct arm_rig r;
		AUTO(acr_registry_clear) struct acr_registry got = { 0 };
		struct err e = ERR_INIT;

		arm_rig_open(&r, steps, COUNT(steps));
		bool ok =
			acr_find_registry(r.arm, r.http, "s", row[i].group, login_server, &got, &e);
		CHECK(ok == (row[i].kind == ERR_NONE), "%s: %s", row[i].name, e.text);
		if (ok) {
			CHECK_TEXT(got.group, row[i].got_group, "%s", row[i].name);
			CHECK_TEXT(got.name, row[i].got_name, "%s", row[i].name);
		} else {
			CHECK(e.kind == row[i].kind && got.name == NULL, "%s: %s", row[i].name,
			      e.text);
		}
		CHECK(arm_rig_close(&r), "%s", row[i].name);
	}
}

/* What the user wrote is what the message names. */
static void what_was_written_is_named(void **state)
{
	static const struct {
		const char *written, *says;
	} row[] = {
		{ "my-registry", "no registry 'my-registry' (whose name would be 'my') in" },
		{ "contoso", "no registry 'contoso' in subscription 's'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = {
			ARM_RIG_TOKEN("T"),
			{ HTTP_GET,
			  "=https://arm.example/subscriptions/s/providers/"
			  "Microsoft.ContainerRegistry/registries" V,
			  .status = 200, .answer = "{\"value\":[]}" },
		};
		struct arm_rig r;
		struct acr_registry got;
		struct err e = ERR_INIT;
		arm_rig_open(&r, steps, COUNT(steps));
		assert_false(acr_find_registry(r.arm, r.http, "s", NULL, row[i].written, &got, &e));
		CHECK(strstr(e.text, row[i].says) != NULL, "%s", e.text);
		assert_true(arm_rig_close(&r));
	}
}

static void no_subscription(void **state)
{
	(void)state;
	struct arm_rig r;
	struct acr_registry got;
	struct err e = ERR_INIT;

	arm_rig_open(&r, NULL, 0);
	assert_false(acr_find_registry(r.arm, r.http, NULL, NULL, registry, &got, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_true(arm_rig_close(&r));
}

/* clang-format off */
#define TOKEN(status, state, passwords) \
	"{\"properties\":{\"provisioningState\":\"" state "\",\"credentials\":{\"passwords\":[" passwords "]},\"status\":\"" status "\"}}"
#define PW(n, created, more) "{\"creationTime\":\"" created "\",\"name\":\"" n "\"" more "}"
/* clang-format on */

static void tokens(void **state)
{
	(void)state;
	static const struct {
		const char *name, *answer;
		bool fails, disabled;
		enum acr_provisioning provisioning;
		int64_t created1, expires1, created2, expires2;
	} row[] = {
		{ "fresh", TOKEN("enabled", "Succeeded", ""), .fails = false },
		{ "both",
		  TOKEN("enabled", "Updating",
		        PW("password2", "2024-01-30T01:45:37.7968877+00:00",
		           ",\"expiry\":\"2024-01-20T07:05:07.951901\\u002B00:00\"") "," PW("passwo"
		                                                                            "rd1",
		                                                                            "2024-"
		                                                                            "01-"
		                                                                            "30T01:"
		                                                                            "45:"
		                                                                            "37\\u0"
		                                                                            "02b00:"
		                                                                            "00",
		                                                                            "")),
		  .provisioning = ACR_UPDATING, .created1 = 17065791370000000,
		  .created2 = 17065791377968877, .expires2 = 1705734307951901 },
		{ "disabled",
		  TOKEN("Disabled", "Creating",
		        PW("password1", "2024-01-30T01:45:37.12345+00:00",
		           ",\"expiry\":\"2100-12-31T12:59:59+00:00\"")),
		  .disabled = true, .provisioning = ACR_CREATING, .created1 = 17065791371234500,
		  .expires1 = 4133941199000000 },
		{ "an unknown third slot", TOKEN("enabled", "Failed", PW("password3", "x", "")),
		  .provisioning = ACR_OTHER },
		{ "no credentials", "{\"properties\":{\"status\":\"enabled\"}}", .fails = true },
		{ "credentials without a list",
		  "{\"properties\":{\"status\":\"enabled\",\"credentials\":{}}}", .fails = true },
		{ "credentials of null",
		  "{\"properties\":{\"status\":\"enabled\",\"credentials\":null}}", .fails = true },
		{ "passwords of null",
		  "{\"properties\":{\"status\":\"enabled\",\"credentials\":"
		  "{\"passwords\":null}}}",
		  .fails = true },
		{ "an empty list",
		  "{\"properties\":{\"status\":\"enabled\",\"credentials\":"
		  "{\"passwords\":[]}}}",
		  .provisioning = ACR_OTHER },
		{ "no status", "{\"properties\":{\"provisioningState\":\"Succeeded\"}}",
		  .fails = true },
		{ "strange status", TOKEN("maybe", "Succeeded", ""), .fails = true },
		{ "no creation time", TOKEN("enabled", "Succeeded", "{\"name\":\"password1\"}"),
		  .fails = true },
		{ "bad creation time",
		  TOKEN("enabled", "Succeeded", PW("password1", "yesterday", "")), .fails = true },
		{ "bad expiry",
		  TOKEN("enabled", "Succeeded",
		        PW("password1", "2024-01-30T01:45:37Z", ",\"expiry\":\"soon\"")),
		  .fails = true },
		{ "garbage", "<html>", .fails = true },
		{ "nothing", "", .fails = true },
		{ "a list", "[]", .fails = true },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = { ARM_RIG_TOKEN("T"),
			                           { HTTP_GET, "=" R "/tokens/web-pull" V,
			                             .status = 200, .answer = row[i].answer } };
		struct arm_rig r;
		struct acr_token t = { 0 };
		struct err e = ERR_INIT;

		arm_rig_open(&r, steps, COUNT(steps));
		CHECK(acr_get_token(r.arm, r.http, &ref, &t, &e) == !row[i].fails, "%s: %s",
		      row[i].name, e.text);
		CHECK(!row[i].fails || e.kind == ERR_REMOTE, "%s: %s", row[i].name, e.text);
		CHECK(row[i].fails || (t.enabled == !row[i].disabled &&
		                       t.provisioning == row[i].provisioning),
		      "%s", row[i].name);
		CHECK(t.slot[0].created == row[i].created1 &&
		              t.slot[0].expires_us == row[i].expires1,
		      "%s: %lld", row[i].name, (long long)t.slot[0].created);
		CHECK(t.slot[1].created == row[i].created2 &&
		              t.slot[1].expires_us == row[i].expires2,
		      "%s", row[i].name);
		CHECK(t.slot[0].present == (row[i].created1 != 0) &&
		              t.slot[1].present == (row[i].created2 != 0),
		      "%s", row[i].name);
		CHECK(arm_rig_close(&r), "%s", row[i].name);
	}
}

/* Whoever is told that the token is missing may create it: only the service's own words count. */
static void missing(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *answer; enum err_kind kind; const char *code; } row[] = {
		{ "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"The resource x could "
		  "not be found.\"}}", ERR_MISSING, "ResourceNotFound" },
		{ "{\"error\":{\"code\":\"ParentResourceNotFound\",\"message\":\"m\"}}",
		  ERR_MISSING, "ParentResourceNotFound" },
		{ "{\"error\":{\"code\":\"ResourceGroupNotFound\",\"message\":\"m\"}}",
		  ERR_MISSING, "ParentResourceNotFound" },
		{ "{\"error\":{\"code\":\"SubscriptionNotFound\",\"message\":\"m\"}}", ERR_MISSING,
		  "ParentResourceNotFound" },
		{ "{\"error\":{\"code\":\"InvalidResourceType\",\"message\":\"m\"}}", ERR_REMOTE,
		  "InvalidResourceType" },
		{ "<html>404 nginx</html>", ERR_REMOTE, "" }, { "", ERR_REMOTE, "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = { ARM_RIG_TOKEN("T"),
			                           { HTTP_GET, "/tokens/", .status = 404,
			                             .answer = row[i].answer } };
		struct arm_rig r;
		struct acr_token t;
		struct err e = ERR_INIT;

		arm_rig_open(&r, steps, COUNT(steps));
		CHECK(!acr_get_token(r.arm, r.http, &ref, &t, &e), "%zu", i);
		CHECK(e.kind == row[i].kind, "%zu: %s", i, e.text);
		CHECK_TEXT(e.code, row[i].code, "%zu", i);
		CHECK(arm_rig_close(&r), "%zu", i);
	}
}

static void generated_bodies(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *body; const char *value; int64_t created, expires; } row[] = {
		{ "only one",
		  "{\"passwords\":[" PW("password2", "2024-01-19T07:05:10.6147326+00:00",
		  ",\"expiry\":\"2024-01-20T07:05:07.951901+00:00\",\"value\":\"V2\"") "]}",
		  "V2", 17056479106147326, 1705734307951901 },
		{ "the other without value",
		  "{\"passwords\":[" PW("password1", "2020-01-01T00:00:00Z",
		  "") "," PW("password2", "2024-01-19T07:05:10Z", ",\"value\":\"V2\"") "]}",
		  "V2", 17056479100000000, 0 },
		{ "the other with a value, first",
		  "{\"passwords\":[" PW("password1", "2020-01-01T00:00:00Z",
		  ",\"value\":\"V1\"") "," PW("password2", "2024-01-19T07:05:10Z",
		  ",\"value\":\"V2\"") "]}",
		  "V2", 17056479100000000, 0 },
		{ "escaped plus",
		  "{\"passwords\":[" PW("password2", "2024-01-19T07:05:10\\u002B00:00",
		  ",\"value\":\"a\\u002Bb\\/c\"") "]}", "a+b/c", 17056479100000000, 0 },
		{ .name = "no value",
		  .body = "{\"passwords\":[" PW("password2", "2024-01-19T07:05:10Z", "") "]}" },
		{ .name = "null value",
		  .body = "{\"passwords\":[" PW("password2", "2024-01-19T07:05:10Z",
		  ",\"value\":null") "]}" },
		{ .name = "empty value",
		  .body = "{\"passwords\":[" PW("password2", "2024-01-19T07:05:10Z",
		  ",\"value\":\"\"") "]}" },
		{ .name = "only the other",
		  .body = "{\"passwords\":[" PW("password1", "2024-01-19T07:05:10Z",
		  ",\"value\":\"V1\"") "]}" },
		{ .name = "no time",
		  .body = "{\"passwords\":[{\"name\":\"password2\",\"value\":\"V2\"}]}" },
		{ .name = "no list", .body = "{\"passwords\":{}}" },
		  { .name = "garbage", .body = "V2" }, { .name = "nothing", .body = "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf body = BUF_INIT(10000);
		AUTO(acr_generated_clear) struct acr_generated g = { 0 };
		struct err e = ERR_INIT;

		buf_str(&body, row[i].body);
		CHECK(acr_generated_read(&body, ACR_SLOT_2, &g, &e) == (row[i].value != NULL),
		      "%s: %s", row[i].name, e.text);
		if (row[i].value == NULL) {
			CHECK(e.kind == ERR_REMOTE && !e.not_acted && g.value == NULL &&
			              !strstr(e.text, "V1"),
			      "%s: %s", row[i].name, e.text);
			continue;
		}
		CHECK_TEXT(secret_peek(g.value), row[i].value, "%s", row[i].name);
		CHECK(g.is.present && g.is.created == row[i].created &&
		              g.is.expires_us == row[i].expires,
		      "%s", row[i].name);
	}
}

/* The real service's own bodies: every recorded answer to a generate has both slots. */
static void recordings(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *file; size_t length; const char *created, *expires; } row[] = {
		{ "cli-2021-generate-1", 32, "2021-08-18T01:31:52.7422701+00:00", NULL },
		{ "cli-2021-generate-3", 32, "2021-08-18T01:32:27.4688271+00:00",
		  "2021-08-19T01:32:26.809934Z" },
		{ "cli-2023-generate-1", 52, "2023-02-07T15:54:06.9185397+00:00", NULL },
		{ "cli-2023-generate-3", 52, "2023-02-07T15:55:24.8384910+00:00",
		  "2023-02-08T15:55:24.300813Z" },
		{ "cli-2023-generate-4", 52, "2023-02-07T15:55:39.3611260+00:00",
		  "2100-12-31T12:59:59.000000Z" },
		{ "powershell-2025-generate", 25, "2025-09-09T08:21:25.2229120+00:00", NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *path = mem_fmt("tests/recordings/%s.json", row[i].file);
		AUTO_BUF struct buf body = BUF_INIT(10000);
		AUTO(acr_generated_clear) struct acr_generated one = { 0 }, two = { 0 };
		char text[STR_TIME_MAX];
		struct err e = ERR_INIT;

		CHECK(fs_read(path, 10000, &body, NULL, &e), "%s", e.text);
		CHECK(acr_generated_read(&body, ACR_SLOT_1, &one, &e), "%s: %s", path, e.text);
		CHECK(acr_generated_read(&body, ACR_SLOT_2, &two, &e), "%s: %s", path, e.text);
		CHECK(secret_len(one.value) == row[i].length &&
		              secret_len(two.value) == row[i].length,
		      "%s", path);
		str_from_ticks(one.is.created, text);
		CHECK_TEXT(text, row[i].created, "%s", path);
		CHECK((one.is.expires_us != 0) == (row[i].expires != NULL), "%s", path);
		if (row[i].expires != NULL) {
			str_from_micros(one.is.expires_us, text);
			CHECK_TEXT(text, row[i].expires, "%s", path);
		}
	}
}

static void recorded_tokens(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		enum acr_provisioning is;
	} row[] = {
		{ "cli-2023-token-put-201", ACR_CREATING },
		{ "cli-2023-token-get-200", ACR_SUCCEEDED },
		{ "powershell-2025-token-get-200", ACR_SUCCEEDED },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *path = mem_fmt("tests/recordings/%s.json", row[i].file);
		AUTO_BUF struct buf body = BUF_INIT(10000);
		AUTO_JSON struct json *j = NULL;
		struct acr_token t = { 0 };
		struct err e = ERR_INIT;

		CHECK(fs_read(path, 10000, &body, NULL, &e) &&
		              json_parse(buf_cstr(&body), body.len, &j, &e),
		      "%s", e.text);
		CHECK(acr_token_read(j, &t, &e), "%s: %s", path, e.text);
		CHECK(t.enabled && t.provisioning == row[i].is && !t.slot[0].present &&
		              !t.slot[1].present,
		      "%s", path);
	}
}

/* clang-format off */
#define GENERATE_BODY "{\"tokenId\":\"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/contoso/tokens/web-pull\"," \
	"\"name\":\"password1\",\"expiry\":\"2026-01-31T23:59:59.012340Z\"}"
#define EXPIRES INT64_C(1769903999012340)
#define REPLY "{\"username\":\"web-pull\",\"passwords\":[" PW("password1", "2024-01-19T07:05:10Z", \
	",\"expiry\":\"2026-01-31T23:59:59.01234+00:00\",\"value\":\"V1\"") "]}"
/* clang-format on */

static void generates(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"),
		{ HTTP_POST, "=" R "/generateCredentials" V, GENERATE_BODY, .once = true,
		  .status = 200, .answer = REPLY },
		{ HTTP_POST, "/generateCredentials", "web-pull\",\"name\":\"password1\"}",
		  .once = true, .status = 200, .answer = REPLY },
	};
	struct arm_rig r;
	AUTO(arm_operation_clear) struct arm_operation op = { 0 };
	AUTO(acr_generated_clear) struct acr_generated g = { 0 }, never = { 0 };
	struct err e = ERR_INIT;

	arm_rig_open(&r, steps, COUNT(steps));
	CHECK(acr_generate(r.arm, r.http, &ref, ACR_SLOT_1, EXPIRES, &op, &g, &e), "%s", e.text);
	assert_null(op.poll_url);
	/* The expiry comes back exactly as it was sent: it is our mark. */
	assert_true(g.is.expires_us == EXPIRES);
	assert_string_equal(secret_peek(g.value), "V1");
	assert_true(acr_generate(r.arm, r.http, &ref, ACR_SLOT_1, 0, &op, &never, &e));
	assert_true(arm_rig_close(&r));
}

static void generate_later(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"),
		{ HTTP_POST, "/generateCredentials", .once = true, .status = 202,
		  .headers = { "Location: https://arm.example/res", "Retry-After: 2" } },
		{ HTTP_GET, "=https://arm.example/res", .status = 202 },
		{ HTTP_GET, "=https://arm.example/res", .status = 200, .answer = REPLY },
	};
	struct arm_rig r;
	AUTO(arm_operation_clear) struct arm_operation op = { 0 };
	AUTO(acr_generated_clear) struct acr_generated g = { 0 };
	struct err e = ERR_INIT;
	bool done = true;

	arm_rig_open(&r, steps, COUNT(steps));
	assert_true(acr_generate(r.arm, r.http, &ref, ACR_SLOT_1, EXPIRES, &op, &g, &e));
	assert_non_null(op.poll_url);
	assert_null(g.value);
	assert_int_equal(op.delay_ms, 2000);
	assert_true(acr_generate_poll(r.arm, r.http, &ref, ACR_SLOT_1, &op, &done, &g, &e) &&
	            !done);
	assert_true(acr_generate_poll(r.arm, r.http, &ref, ACR_SLOT_1, &op, &done, &g, &e) && done);
	assert_string_equal(secret_peek(g.value), "V1");
	assert_true(arm_rig_close(&r));
}

/* After each of these the caller must know whether the slot may have been generated all the
 * same. */
static void generate_fails(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { enum fake_outcome outcome; int status; const char *answer; enum err_kind kind; bool not_acted; const char *code; } row[] = {
		{ FAKE_DROP_BEFORE, 0, NULL, ERR_TRANSIENT, true, "" },
		  { FAKE_DROP_AFTER, 0, NULL, ERR_TRANSIENT, false, "" },
		{ FAKE_UNTRUSTED, 0, NULL, ERR_CONFIG, true, "" },
		{ FAKE_ANSWER, 409, "{\"error\":{\"code\":\"TokenNotActive\",\"message\":\"m\"}}",
		  ERR_REMOTE, true, "TokenNotActive" },
		{ FAKE_ANSWER, 404,
		  "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"m\"}}", ERR_MISSING,
		  true, "ResourceNotFound" },
		{ FAKE_ANSWER, 403, "", ERR_DENIED, true, "" },
		  { FAKE_ANSWER, 429, "", ERR_TRANSIENT, true, "" },
		{ FAKE_ANSWER, 408, "", ERR_TRANSIENT, false, "" },
		  { FAKE_ANSWER, 500, "", ERR_TRANSIENT, false, "" },
		{ FAKE_ANSWER, 503, "", ERR_TRANSIENT, false, "" },
		  { FAKE_ANSWER, 302, "", ERR_REMOTE, false, "" },
		{ FAKE_ANSWER, 200, "{\"passwords\":[]}", ERR_REMOTE, false, "" },
		  { FAKE_ANSWER, 200, "<html>", ERR_REMOTE, false, "" },
		{ FAKE_ANSWER, 202, "", ERR_REMOTE, false, "" },
		  { FAKE_ANSWER, 204, "", ERR_REMOTE, false, "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = { ARM_RIG_TOKEN("T"),
			                           { HTTP_POST, "/generateCredentials",
			                             .once = true, .outcome = row[i].outcome,
			                             .status = row[i].status,
			                             .answer = row[i].answer } };
		struct arm_rig r;
		struct arm_operation op = { .delay_ms = 7 };
		struct acr_generated g = { .is.created = 7 };
		struct err e = ERR_INIT;

		arm_rig_open(&r, steps, COUNT(steps));
		CHECK(!acr_generate(r.arm, r.http, &ref, ACR_SLOT_1, EXPIRES, &op, &g, &e), "%zu",
		      i);
		CHECK(e.kind == row[i].kind && e.not_acted == row[i].not_acted, "%zu: %d %d %s", i,
		      e.kind, e.not_acted, e.text);
		CHECK_TEXT(e.code, row[i].code, "%zu", i);
		CHECK(op.delay_ms == 7 && g.is.created == 7 && g.value == NULL, "%zu: touched", i);
		CHECK(arm_rig_close(&r), "%zu", i);
	}
}

/* clang-format off */
#define NO_MAP { HTTP_GET, "=" R "/scopeMaps/web" V, .status = 404, \
	.answer = "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"m\"}}" }
#define A_MAP(actions) { HTTP_GET, "=" R "/scopeMaps/web" V, .status = 200, \
	.answer = "{\"id\":\"/s/scopeMaps/web\",\"properties\":{\"actions\":[" actions "]}}" }
/* clang-format on */

static const char *const two_actions[] = { "repositories/a\"b/content/read", "x" };

static void creates(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"),
		NO_MAP,
		{ HTTP_PUT, "=" R "/scopeMaps/web" V,
		  "{\"properties\":{\"description\":\"Created by token: "
		  "web-pull\",\"actions\":[\"repositories/a\\\"b/content/read\",\"x\"]}}",
		  .status = 200, .answer = "{\"id\":\"/s/scopeMaps/web\"}" },
		{ HTTP_PUT, "=" R "/tokens/web-pull" V,
		  "{\"properties\":{\"scopeMapId\":\"/s/scopeMaps/web\",\"status\":\"enabled\"}}",
		  .header = "If-None-Match: *", .once = true, .status = 201,
		    .headers = { "Azure-AsyncOperation: https://arm.example/op" },
		  .answer = "{}" },
		NO_MAP,
		{ HTTP_PUT, "/scopeMaps/web", .status = 200, .answer = "{}" },
	};
	/* clang-format on */
	struct arm_rig r;
	AUTO_FREE char *id = NULL, *none = NULL;
	AUTO(arm_operation_clear) struct arm_operation op = { 0 };
	struct err e = ERR_INIT;

	arm_rig_open(&r, steps, COUNT(steps));
	assert_true(acr_make_scope_map(r.arm, r.http, &ref, "web", two_actions, 2, &id, &e));
	assert_string_equal(id, "/s/scopeMaps/web");
	assert_true(acr_put_token(r.arm, r.http, &ref, id, &op, &e));
	assert_string_equal(op.poll_url, "https://arm.example/op");
	assert_string_equal(op.final_url, R "/tokens/web-pull" V);
	assert_false(acr_make_scope_map(r.arm, r.http, &ref, "web", two_actions, 1, &none, &e));
	assert_int_equal(e.kind, ERR_REMOTE);
	assert_true(arm_rig_close(&r));
}

static void roles_by_repository(void **state)
{
	static const struct {
		const char *answer;
		bool want;
	} rows[] = {
		{ "{\"properties\":{\"roleAssignmentMode\":\"AbacRepositoryPermissions\"}}", true },
		{ "{\"properties\":{\"roleAssignmentMode\":\"LegacyRegistryPermissions\"}}",
		  false },
		{ "{\"properties\":{}}", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fake_step steps[] = { ARM_RIG_TOKEN("T"),
			                           { HTTP_GET, "=" R "?api-version=2025-11-01",
			                             .status = 200, .answer = rows[i].answer } };
		struct arm_rig r;
		struct err e = ERR_INIT;
		bool got = !rows[i].want;

		arm_rig_open(&r, steps, COUNT(steps));
		CHECK(acr_roles_by_repository(r.arm, r.http, &ref, &got, &e), "%s", e.text);
		CHECK(got == rows[i].want, "%zu", i);
		CHECK(arm_rig_close(&r), "%zu", i);
	}
}

/* A token that exists may have any name; of a new one Azure would say the same, but only when a scope map was made for it. */
static void names_of_new_tokens(void **state)
{
	(void)state;
	struct acr_ref odd = ref;
	struct arm_rig r;
	char underscored[] = "web_pull";
	AUTO_FREE char *id = NULL;
	AUTO(arm_operation_clear) struct arm_operation op = { 0 };
	struct err e = ERR_INIT;

	odd.token = underscored;
	arm_rig_open(&r, NULL, 0);
	assert_false(acr_make_scope_map(r.arm, r.http, &odd, "web", two_actions, 2, &id, &e));
	assert_true(e.kind == ERR_CONFIG &&
	            strstr(e.text, "'web_pull', and one of that name cannot be created") != NULL);
	e = (struct err)ERR_INIT;
	assert_false(acr_put_token(r.arm, r.http, &odd, "/s/scopeMaps/web", &op, &e));
	assert_true(e.kind == ERR_CONFIG && e.not_acted);
	assert_true(arm_rig_close(&r));
}

/* Other tokens may have it: one that is there is taken if it says the same, and never written over. */
static void scope_maps(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { struct fake_step answer; enum err_kind kind; } rows[] = {
		{ A_MAP("\"X\",\"repositories/a\\\"b/content/read\""), ERR_NONE },
		{ A_MAP("\"x\""), ERR_DECISION },
		{ A_MAP("\"x\",\"repositories/a\\\"b/content/read\",\"y\""), ERR_DECISION },
		{ A_MAP("\"x\",\"z\""), ERR_DECISION },
		{ A_MAP(""), ERR_DECISION },
		{ { HTTP_GET, "/scopeMaps/web", .status = 200, .answer = "{}" }, ERR_DECISION },
		{ { HTTP_GET, "/scopeMaps/web", .status = 403, .answer = "{}" }, ERR_DENIED },
		{ { HTTP_GET, "/scopeMaps/web", .status = 404,
		  .answer = "{\"error\":{\"code\":\"ParentResourceNotFound\"}}" }, ERR_MISSING },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fake_step steps[] = { ARM_RIG_TOKEN("T"), rows[i].answer };
		struct arm_rig r;
		AUTO_FREE char *id = NULL;
		struct err e = ERR_INIT;
		arm_rig_open(&r, steps, COUNT(steps));
		CHECK(acr_make_scope_map(r.arm, r.http, &ref, "web", two_actions, 2, &id, &e) ==
		              (rows[i].kind == ERR_NONE),
		      "%zu: %s", i, e.text);
		CHECK(e.kind == rows[i].kind, "%zu: kind %d: %s", i, e.kind, e.text);
		assert_true(arm_rig_close(&r));
	}
}

/* The same generation, said less precisely; another one of the same second. */
static void one_generation(void **state)
{
	static const struct acr_password p = { true, 17056479106147326, 1713510310123451 };
	static const struct {
		const char *what;
		struct acr_password q;
		bool same;
	} rows[] = {
		{ "itself", { true, 17056479106147326, 1713510310123451 }, true },
		{ "in microseconds", { true, 17056479106147320, 1713510310123451 }, true },
		{ "in milliseconds", { true, 17056479106140000, 1713510310123000 }, true },
		{ "in seconds", { true, 17056479100000000, 1713510310000000 }, true },
		{ "rounded up", { true, 17056479110000000, 1713510310123451 }, true },
		{ "another of that second", { true, 17056479106147327, 1713510310123451 }, false },
		{ "another expiry", { true, 17056479106147326, 1713510310123452 }, false },
		{ "of the next second", { true, 17056479120000000, 1713510310123451 }, false },
		{ "that never expires", { true, 17056479106147326, 0 }, false },
		{ "none", { 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK(acr_same_generation(&p, &rows[i].q) == rows[i].same, "%s", rows[i].what);
		CHECK(acr_same_generation(&rows[i].q, &p) == rows[i].same, "%s", rows[i].what);
	}
	assert_true(acr_same_generation(&rows[COUNT(rows) - 1].q, &rows[COUNT(rows) - 1].q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(the_server_that_was_meant),
		cmocka_unit_test(paths),
		cmocka_unit_test(registries),
		cmocka_unit_test(no_subscription),
		cmocka_unit_test(tokens),
		cmocka_unit_test(missing),
		cmocka_unit_test(generated_bodies),
		cmocka_unit_test(recordings),
		cmocka_unit_test(recorded_tokens),
		cmocka_unit_test(generates),
		cmocka_unit_test(generate_later),
		cmocka_unit_test(generate_fails),
		cmocka_unit_test(creates),
		cmocka_unit_test(one_generation),
		cmocka_unit_test(names_of_new_tokens),
		cmocka_unit_test(roles_by_repository),
		cmocka_unit_test(what_was_written_is_named),
		cmocka_unit_test(scope_maps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
