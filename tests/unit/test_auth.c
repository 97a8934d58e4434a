/* SPDX-License-Identifier: MIT */
/* The token cache, the walk over the methods, and what each method sends. */
#include <sys/stat.h>

#include "azure/auth.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/fake_env.h"
#include "fakes/fake_http.h"

/* clang-format off */
#define TOKEN(t) "{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"" t "\"}"
#define ENTRA "=https://login.example/tid/oauth2/v2.0/token"
#define IMDS "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
/* clang-format on */

static char authority[] = "https://login.example", manager[] = "https://arm.example",
	    audience[] = "https://arm.example/";
static const struct cloud cloud = { .authority = authority,
	                            .resource_manager = manager,
	                            .audience = audience };
static const char *const variables[] = { "AZURE_TENANT_ID", "AZURE_CLIENT_ID",
	                                 "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE",
	                                 "AZURE_POD_IDENTITY_AUTHORITY_HOST" };

struct rig {
	struct fake_env env;
	struct fake_http *script;
	struct http *http;
	struct auth *auth;
	char *dir, *file;
	struct azure_spec spec;
};

static void rig_open(struct rig *r, const char *auth, const struct fake_step *steps, size_t n)
{
	*r = (struct rig){ .dir = scratch_make() };
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	fake_env_init(&r->env, 1);
	r->script = fake_http_new(steps, n);
	r->http = fake_http_client(r->script);
	r->spec.auth = mem_dup(auth);
	r->auth = auth_new(&r->spec, &r->env.env);
	r->file = mem_fmt("%s/secret", r->dir);
}

static void rig_file(struct rig *r, const char *text)
{
	FILE *f = fopen(r->file, "w");

	assert_non_null(f);
	assert_int_equal(chmod(r->file, 0600), 0);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

static void rig_close(struct rig *r)
{
	assert_true(fake_http_done(r->script));
	auth_free(r->auth);
	http_close(r->http);
	fake_http_free(r->script);
	free(r->spec.auth);
	free(r->file);
	scratch_remove(r->dir);
}

static bool ask(struct rig *r, unsigned refused, char token[static 64], unsigned *serial,
                struct err *e)
{
	struct secret *s = NULL;

	if (!auth_token(r->auth, &cloud, r->http, refused, &s, serial, e))
		return false;
	(void)snprintf(token, 64, "%s", secret_peek(s));
	secret_free(s);
	return true;
}

static char tid[] = "tid", cid[] = "cid";

static void client_secret(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_POST, ENTRA,
		  "grant_type=client_credentials&client_id=cid&scope=https%3A%2F%2Farm.example%2F%"
		  "2F.default&"
		  "client_secret=a~b%2Bc",
		  .status = 200, .answer = TOKEN("T1") },
	};
	struct rig r;
	char token[64];
	unsigned serial = 0;
	struct err e = ERR_INIT;

	rig_open(&r, "client-secret", steps, COUNT(steps));
	rig_file(&r, "a~b+c\n");
	r.spec.tenant_id = tid;
	r.spec.client_id = cid;
	r.spec.client_secret_file = r.file;
	assert_true(ask(&r, 0, token, &serial, &e));
	assert_string_equal(token, "T1");
	assert_int_equal(serial, 1);
	/* Kept: the next hour but five minutes asks nobody. */
	fake_env_pass(&r.env, (3600 - 301) * 1000);
	assert_true(ask(&r, 0, token, &serial, &e));
	rig_close(&r);
}

/* The environment's secret is for `default` only. */
static void secret_of_the_environment(void **state)
{
	(void)state;
	static const struct {
		const char *auth;
		bool ok;
	} row[] = { { "client-secret", false }, { "default", true }, { NULL, true } };
	static const struct fake_step steps[] = { { HTTP_POST, ENTRA, "client_secret=fromenv",
		                                    .status = 200, .answer = TOKEN("E") } };

	for (size_t i = 0; i < COUNT(row); i++) {
		struct rig r;
		char token[64];
		unsigned serial;
		struct err e = ERR_INIT;

		rig_open(&r, row[i].auth, steps, row[i].ok ? COUNT(steps) : 0);
		setenv("AZURE_TENANT_ID", "tid", 1);
		setenv("AZURE_CLIENT_ID", "cid", 1);
		setenv("AZURE_CLIENT_SECRET", "fromenv", 1);
		CHECK(ask(&r, 0, token, &serial, &e) == row[i].ok, "%zu: %s", i, e.text);
		CHECK(row[i].ok || (e.kind == ERR_CONFIG && strstr(e.text, "client_secret_file")),
		      "%zu: %s", i, e.text);
		CHECK(!strstr(e.text, "fromenv"), "%s", e.text);
		rig_close(&r);
	}
}

/* Read at each request, trimmed. */
static void workload_identity(void **state)
{
	(void)state;
#define ASSERTION                                                                                  \
	"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"  \
	"client_assertion="
	static const struct fake_step steps[] = {
		{ HTTP_POST, ENTRA, ASSERTION "first.jwt", .status = 200, .answer = TOKEN("W1") },
		{ HTTP_POST, ENTRA, ASSERTION "second.jwt", .status = 200, .answer = TOKEN("W2") },
	};
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, "workload-identity", steps, COUNT(steps));
	rig_file(&r, "first.jwt\n");
	setenv("AZURE_TENANT_ID", "tid", 1);
	setenv("AZURE_CLIENT_ID", "cid", 1);
	setenv("AZURE_FEDERATED_TOKEN_FILE", r.file, 1);
	assert_true(ask(&r, 0, token, &serial, &e));
	assert_string_equal(token, "W1");
	rig_file(&r, "second.jwt");
	fake_env_pass(&r.env, 3400 * 1000);
	assert_true(ask(&r, 0, token, &serial, &e));
	assert_string_equal(token, "W2");
	assert_int_equal(serial, 2);
	rig_close(&r);
}

static void imds(void **state)
{
	(void)state;
	static const struct {
		const char *name, *auth, *client, *object, *resource, *env_client, *url, *answer;
		int status;
		enum err_kind kind;
		const char *says;
	} row[] = {
		{ "its own", "managed-identity",
		  .url = "=" IMDS "&resource=https%3A%2F%2Farm.example%2F", .status = 200,
		  .answer = TOKEN("M") },
		{ "AZURE_CLIENT_ID is not for a chosen method", "managed-identity",
		  .env_client = "zz", .url = "=" IMDS "&resource=https%3A%2F%2Farm.example%2F",
		  .status = 200, .answer = TOKEN("M") },
		{ "client", "managed-identity", .client = "c-1", .url = "%2F&client_id=c-1",
		  .status = 200,
		  .answer = "{\"access_token\":\"M\",\"expires_in\":\"86399\",\"client_id\":\"C-"
		            "1\"}" },
		{ "object", "managed-identity", .object = "o-1", .url = "&object_id=o-1",
		  .status = 200, .answer = TOKEN("M") },
		{ "resource", "managed-identity", .resource = "/subscriptions/x",
		  .url = "&msi_res_id=%2Fsubscriptions%2Fx", .status = 200, .answer = TOKEN("M") },
		{ "another identity answers", "managed-identity", .client = "c-1",
		  .url = "client_id=c-1", .status = 200,
		  .answer =
		          "{\"access_token\":\"M\",\"expires_in\":\"86399\",\"client_id\":\"c-2\"}",
		  .kind = ERR_AUTH, .says = "was given 'c-2'" },
		{ "none of its own", "managed-identity", .url = IMDS, .status = 400,
		  .answer = "{\"error\":\"invalid_request\",\"error_description\":\"Identity not "
		            "found\"}",
		  .kind = ERR_AUTH, .says = "no identity of its own" },
		{ "not assigned", "managed-identity", .client = "c-1", .url = IMDS, .status = 400,
		  .answer = "{\"error\":\"invalid_request\",\"error_description\":\"Identity not "
		            "found\"}",
		  .kind = ERR_AUTH, .says = "client_id 'c-1' is not assigned" },
		{ "several", "managed-identity", .url = IMDS, .status = 400,
		  .answer = "{\"error\":\"invalid_request\",\"error_description\":"
		            "\"Multiple user assigned identities exist, please specify the "
		            "clientId / resourceId of the identity in the token request\"}",
		  .kind = ERR_AUTH, .says = "say which one with client_id" },
		{ "updating", "managed-identity", .url = IMDS, .status = 410, .kind = ERR_TRANSIENT,
		  .says = "(410)" },
		{ "throttled", "managed-identity", .url = IMDS, .status = 429,
		  .kind = ERR_TRANSIENT, .says = "(429)" },
		{ "a page", "managed-identity", .url = IMDS, .status = 200, .answer = "<html>",
		  .kind = ERR_REMOTE, .says = "answers in place" },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = {
			{ HTTP_GET, row[i].url, .header = "Metadata: true", .plain = true,
			  .status = row[i].status, .answer = row[i].answer }
		};
		AUTO_FREE char *client = mem_dup(row[i].client), *object = mem_dup(row[i].object),
			       *resource = mem_dup(row[i].resource);
		struct rig r;
		char token[64];
		unsigned serial;
		struct err e = ERR_INIT;

		rig_open(&r, row[i].auth, steps, COUNT(steps));
		if (row[i].env_client)
			setenv("AZURE_CLIENT_ID", row[i].env_client, 1);
		r.spec.client_id = client;
		r.spec.object_id = object;
		r.spec.resource_id = resource;
		bool ok = ask(&r, 0, token, &serial, &e);
		CHECK(ok == (row[i].says == NULL), "%s: %s", row[i].name, e.text);
		CHECK(ok || (e.kind == row[i].kind && strstr(e.text, row[i].says)), "%s: %s",
		      row[i].name, e.text);
		rig_close(&r);
	}
}

static void two_selectors(void **state)
{
	(void)state;
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, "managed-identity", NULL, 0);
	r.spec.client_id = cid;
	r.spec.object_id = tid;
	assert_false(ask(&r, 0, token, &serial, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	rig_close(&r);
}

static void walks_to_the_machine(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct fake_step steps[] = {
		{ HTTP_GET,
		  "=http://127.0.0.9:99/metadata/identity/oauth2/token?api-version=2018-02-01",
		  .plain = true, .status = 400 },
		{ HTTP_GET,
		  "http://127.0.0.9:99/metadata/identity/oauth2/token?api-version=2018-02-01&resource=", .header = "Metadata: true",
		  .status = 200, .answer = TOKEN("M1") },
		{ HTTP_GET, "&resource=", .status = 200, .answer = TOKEN("M2") },
	};
	/* clang-format on */
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, "default", steps, COUNT(steps));
	setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.9:99/", 1);
	assert_true(ask(&r, 0, token, &serial, &e));
	assert_string_equal(token, "M1");
	/* The method that worked is kept: no second probe. */
	assert_true(ask(&r, serial, token, &serial, &e));
	assert_string_equal(token, "M2");
	rig_close(&r);
}

static void nothing_here(void **state)
{
	(void)state;
	static const struct fake_step steps[] = { { HTTP_GET, IMDS, .outcome = FAKE_DROP_BEFORE } };
	static const char *const looked_for[] = { "AZURE_TENANT_ID", "AZURE_CLIENT_ID",
		                                  "AZURE_CLIENT_SECRET",
		                                  "AZURE_FEDERATED_TOKEN_FILE", "169.254.169.254" };
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, NULL, steps, COUNT(steps));
	assert_false(ask(&r, 0, token, &serial, &e));
	assert_int_equal(e.kind, ERR_AUTH);
	for (size_t i = 0; i < COUNT(looked_for); i++)
		CHECK(strstr(e.text, looked_for[i]), "%s: %s", looked_for[i], e.text);
	rig_close(&r);
}

/* One that is there and is refused ends the walk: the machine's identity is not tried in its
 * place. */
static void present_and_failing(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_POST, ENTRA, .status = 401,
		  .answer = "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: "
		            "Invalid client secret\",\"error_codes\":[7000215]}" }
	};
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, "default", steps, COUNT(steps));
	rig_file(&r, "wrong");
	r.spec.tenant_id = tid;
	r.spec.client_id = cid;
	r.spec.client_secret_file = r.file;
	assert_false(ask(&r, 0, token, &serial, &e));
	assert_int_equal(e.kind, ERR_AUTH);
	assert_string_equal(e.code, "AADSTS7000215");
	assert_true(e.not_acted);
	assert_null(strstr(e.text, "wrong\n"));
	rig_close(&r);
}

static void named_file_is_meant(void **state)
{
	(void)state;
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, "default", NULL, 0);
	r.spec.client_secret_file = r.file;
	assert_false(ask(&r, 0, token, &serial, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "tenant_id"));
	rig_close(&r);
}

/* A failure is everybody's for a moment, and says how long. */
static void failures_are_held(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, IMDS, .status = 503 },
		{ HTTP_GET, IMDS, .status = 429, .headers = { "Retry-After: 20" } },
		{ HTTP_GET, IMDS, .status = 200, .answer = TOKEN("M") },
	};
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, "managed-identity", steps, COUNT(steps));
	for (int i = 0; i < 3; i++) {
		assert_false(ask(&r, 0, token, &serial, &e));
		assert_int_equal(e.kind, ERR_TRANSIENT);
		assert_true(e.not_acted && e.retry_after_known);
		assert_int_equal(e.retry_after_ms, 1000);
	}
	assert_int_equal(fake_http_count(r.script), 1);
	fake_env_pass(&r.env, 1000);
	assert_false(ask(&r, 0, token, &serial, &e));
	assert_int_equal(e.retry_after_ms, 20000);
	fake_env_pass(&r.env, 19999);
	assert_false(ask(&r, 0, token, &serial, &e));
	assert_int_equal(e.retry_after_ms, 1);
	fake_env_pass(&r.env, 1);
	assert_true(ask(&r, 0, token, &serial, &e));
	rig_close(&r);
}

/* A refresh that fails does not matter while the token lives; once a service has refused it, it
 * does. */
static void early_refresh_may_fail(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, IMDS, .status = 200, .answer = TOKEN("M1") },
		{ HTTP_GET, IMDS, .outcome = FAKE_DROP_AFTER },
		{ HTTP_GET, IMDS, .outcome = FAKE_DROP_AFTER },
		{ HTTP_GET, IMDS, .outcome = FAKE_DROP_AFTER },
	};
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, "managed-identity", steps, COUNT(steps));
	assert_true(ask(&r, 0, token, &serial, &e));
	fake_env_pass(&r.env, 3350 * 1000);
	assert_true(ask(&r, 0, token, &serial, &e));
	assert_string_equal(token, "M1");
	fake_env_pass(&r.env, 60 * 1000);
	assert_false(ask(&r, serial, token, &serial, &e));
	fake_env_pass(&r.env, 170 * 1000);
	assert_false(ask(&r, 0, token, &serial, &e));
	rig_close(&r);
}

static void refused_once_by_two(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, IMDS, .status = 200, .answer = TOKEN("M1") },
		{ HTTP_GET, IMDS, .status = 200, .answer = TOKEN("M2") },
	};
	struct rig r;
	char token[64];
	unsigned serial, other;
	struct err e = ERR_INIT;

	rig_open(&r, "managed-identity", steps, COUNT(steps));
	assert_true(ask(&r, 0, token, &serial, &e));
	assert_true(ask(&r, serial, token, &other, &e));
	assert_string_equal(token, "M2");
	/* The second thread that had the old one refused gets what the first one fetched. */
	assert_true(ask(&r, serial, token, &other, &e));
	assert_string_equal(token, "M2");
	rig_close(&r);
}

/* A token of ten seconds (a test's) is used for five. */
static void short_lived(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, IMDS, .status = 200,
		  .answer = "{\"access_token\":\"a\",\"expires_in\":10}" },
		{ HTTP_GET, IMDS, .status = 200,
		  .answer = "{\"access_token\":\"b\",\"expires_in\":10}" },
	};
	struct rig r;
	char token[64];
	unsigned serial;
	struct err e = ERR_INIT;

	rig_open(&r, "managed-identity", steps, COUNT(steps));
	assert_true(ask(&r, 0, token, &serial, &e));
	fake_env_pass(&r.env, 4999);
	assert_true(ask(&r, 0, token, &serial, &e));
	assert_string_equal(token, "a");
	fake_env_pass(&r.env, 1);
	assert_true(ask(&r, 0, token, &serial, &e));
	assert_string_equal(token, "b");
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_secret),
		cmocka_unit_test(secret_of_the_environment),
		cmocka_unit_test(workload_identity),
		cmocka_unit_test(imds),
		cmocka_unit_test(two_selectors),
		cmocka_unit_test(walks_to_the_machine),
		cmocka_unit_test(nothing_here),
		cmocka_unit_test(present_and_failing),
		cmocka_unit_test(named_file_is_meant),
		cmocka_unit_test(failures_are_held),
		cmocka_unit_test(early_refresh_may_fail),
		cmocka_unit_test(refused_once_by_two),
		cmocka_unit_test(short_lived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
