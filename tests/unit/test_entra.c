/* SPDX-License-Identifier: MIT */
#include "azure/entra.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/fake_env.h"
#include "http/http.h"

#define NOW INT64_C(1700000000)

static void fill(struct http_response *rs, int status, const char *body, int64_t date)
{
	*rs = (struct http_response){
		.status = status, .retry_after_ms = -1, .date = date, .body.max = 100000
	};
	buf_str(&rs->body, body);
}

static void answers(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *body; int64_t date, lives; const char *client; } row[] = {
		{ "number", "{\"access_token\":\"T\",\"expires_in\":3599}", 0, 3599, NULL },
		{ "text", "{\"access_token\":\"T\",\"expires_in\":\"3599\",\"client_id\":\"c-1\"}",
		  0, 3599, "c-1" },
		{ "absolute", "{\"access_token\":\"T\",\"expires_on\":\"1700000100\"}", 0, 100,
		  NULL },
		{ "absolute, number", "{\"access_token\":\"T\",\"expires_on\":1700000100}", 0, 100,
		  NULL },
		{ "absolute, by the sender's clock",
		  "{\"access_token\":\"T\",\"expires_on\":\"1700000100\"}", NOW - 900, 1000, NULL },
		{ "RFC 3339", "{\"access_token\":\"T\",\"expires_on\":\"2023-11-14T22:15:00Z\"}",
		  0, 100, NULL },
		{ "old App Service",
		  "{\"access_token\":\"T\",\"expires_on\":\"11/14/2023 22:15:00 +00:00\"}", 0, 100,
		  NULL },
		{ "with a space",
		  "{\"access_token\":\"T\",\"expires_on\":\"2023-11-14 22:15:00\"}", 0, 100, NULL },
		{ "both: relative wins",
		  "{\"access_token\":\"T\",\"expires_on\":\"1\",\"expires_in\":60}", 0, 60, NULL },
		{ "ten years are not believed",
		  "{\"access_token\":\"T\",\"expires_in\":315360000}", 0, 30 * 86400, NULL },
		{ .name = "no token", .body = "{\"expires_in\":1}" },
		{ .name = "empty token", .body = "{\"access_token\":\"\",\"expires_in\":1}" },
		{ .name = "token is a number", .body = "{\"access_token\":5,\"expires_in\":1}" },
		{ .name = "no expiry", .body = "{\"access_token\":\"T\"}" },
		{ .name = "negative expiry", .body = "{\"access_token\":\"T\",\"expires_in\":-5}" },
		{ .name = "expired",
		  .body = "{\"access_token\":\"T\",\"expires_on\":\"1600000000\"}" },
		{ .name = "a page", .body = "<html>" }, { .name = "nothing", .body = "" },
		  { .name = "a list", .body = "[]" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_RESPONSE struct http_response rs;
		AUTO_TOKEN_ANSWER struct entra_answer t = { 0 };
		struct err e = ERR_INIT;

		fill(&rs, 200, row[i].body, row[i].date);
		bool ok = entra_answer_parse(&rs, NOW, &t, &e);
		CHECK(ok == (row[i].lives != 0), "%s: %s", row[i].name, e.text);
		if (!ok) {
			CHECK(e.kind == ERR_REMOTE && t.token == NULL, "%s", row[i].name);
			continue;
		}
		CHECK_TEXT(secret_peek(t.token), "T", "%s", row[i].name);
		CHECK(t.expires == NOW + row[i].lives, "%s: %lld", row[i].name,
		      (long long)(t.expires - NOW));
		CHECK_TEXT(t.client_id ? t.client_id : "", row[i].client ? row[i].client : "", "%s",
		           row[i].name);
	}
}

/* clang-format off */
#define SAYS(code, \
	words) "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS" code ": " words \
	". Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333 Correlation ID: " \
	"aaaa0000-bb11-2222-33cc-444444dddddd Timestamp: 2024-01-01" \
	" 00:00:00Z\",\"error_codes\":[" code "],\"trace_id\":\"0000aaaa-11bb\",\"correlation_id\":\"aaaa0000-bb11\"}"
/* clang-format on */

static void refusals(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; int status; const char *body; enum err_kind kind; const char *code, *says, *says_too; } row[] = {
		{ "wrong secret", 401, SAYS("7000215", "Invalid client secret provided"), ERR_AUTH,
		  "AADSTS7000215",
		  "Invalid client secret provided; the client secret is wrong",
		    "(trace id 0000aaaa-11bb, correlation id aaaa0000-bb11)" },
		{ "expired secret", 401,
		  SAYS("7000222", "The provided client secret keys are expired"), ERR_AUTH,
		  "AADSTS7000222",
		  "az ad app credential reset", "expired" },
		{ "no such application", 400,
		  SAYS("700016", "Application with identifier 'x' was not found"), ERR_AUTH,
		  "AADSTS700016",
		  "check client_id and tenant_id", "" },
		{ "federated subject", 400,
		  SAYS("700213", "No matching federated identity record found"), ERR_AUTH,
		  "AADSTS700213",
		  "upper and lower case count", "" },
		{ "unknown code", 400, SAYS("424242", "Something new"), ERR_AUTH, "AADSTS424242",
		  ": AADSTS424242: Something new (trace", "" },
		{ "code only in words", 400,
		  "{\"error\":\"invalid_request\",\"error_description\":\"AADSTS900023: no\"}",
		  ERR_AUTH,
		  "AADSTS900023", "tenant_id is not", "" },
		{ "no description", 400, "{\"error\":\"invalid_scope\"}", ERR_AUTH,
		  "invalid_scope", "(400): invalid_scope", "" },
		{ "busy", 503, "", ERR_TRANSIENT, "", "(503)", "" },
		  { "throttled", 429, "{}", ERR_TRANSIENT, "", "(429)", "" },
		{ "busy, in words", 400, "{\"error\":\"temporarily_unavailable\"}", ERR_TRANSIENT,
		  "temporarily_unavailable", "", "" },
		{ "not Entra at all", 404, "<html>", ERR_REMOTE, "", "(404)", "" },
		  { "a redirect", 302, "", ERR_REMOTE, "", "(302)", "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_RESPONSE struct http_response rs;
		struct err e = ERR_INIT;

		fill(&rs, row[i].status, row[i].body, 0);
		CHECK(!entra_refused(&rs, "Entra ID", NOW, &e), "%s", row[i].name);
		CHECK(e.kind == row[i].kind && e.status == row[i].status, "%s: kind %d",
		      row[i].name, e.kind);
		CHECK_TEXT(e.code, row[i].code, "%s", row[i].name);
		CHECK(strstr(e.text, row[i].says) && strstr(e.text, row[i].says_too), "%s: %s",
		      row[i].name, e.text);
		CHECK(!strstr(e.text, "Timestamp"), "%s: %s", row[i].name, e.text);
	}
}

static void skew_is_told(void **state)
{
	(void)state;
	static const struct {
		int64_t ahead;
		const char *says;
	} row[] = {
		{ 0, NULL },
		{ 200, NULL },
		{ -200, NULL },
		{ 3600, "clock is 1h slow" },
		{ -5400, "clock is 1h 30m fast" },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_RESPONSE struct http_response rs;
		struct err e = ERR_INIT;

		fill(&rs, 401,
		     SAYS("700024", "Client assertion is not within its valid time range"),
		     NOW + row[i].ahead);
		CHECK(!entra_refused(&rs, "Entra ID", NOW, &e), "%zu", i);
		CHECK(row[i].says ? strstr(e.text, row[i].says) != NULL
		                  : !strstr(e.text, "clock is"),
		      "%s", e.text);
	}
}

static void urls(void **state)
{
	(void)state;
	char authority[] = "https://login.microsoftonline.com";
	struct cloud c = { .authority = authority };
	AUTO_FREE char *usual = entra_token_url(&c, "contoso.com"),
		       *adfs = entra_token_url(&c, "adfs");

	assert_string_equal(usual,
	                    "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
	assert_string_equal(adfs, "https://login.microsoftonline.com/adfs/oauth2/token");
}

static void clients(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *tenant, *client, *env_tenant, *env_client, *want_tenant, *want_client, *says; } row[] = {
		{ "spec", "t", "c", NULL, NULL, "t", "c", NULL },
		  { "environment", NULL, NULL, "et", "ec", "et", "ec", NULL },
		{ "spec wins", "t", "c", "et", "ec", "t", "c", NULL },
		  { "mixed", "t", NULL, "et", "ec", "t", "ec", NULL },
		{ "no tenant", NULL, "c", NULL, NULL, NULL, NULL, "no tenant_id" },
		  { "no client", "t", NULL, NULL, NULL, NULL, NULL, "no client_id" },
		{ "empty counts as unset", NULL, "c", "", NULL, NULL, NULL, "AZURE_TENANT_ID" },
		{ "a tenant with a path", "t/../x", "c", NULL, NULL, NULL, NULL,
		  "is not a tenant" },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *tenant = mem_dup(row[i].tenant), *client = mem_dup(row[i].client);
		struct azure_spec s = { .tenant_id = tenant, .client_id = client };
		struct entra_client who = { 0 };
		struct err e = ERR_INIT;

		row[i].env_tenant ? setenv("AZURE_TENANT_ID", row[i].env_tenant, 1)
				  : unsetenv("AZURE_TENANT_ID");
		row[i].env_client ? setenv("AZURE_CLIENT_ID", row[i].env_client, 1)
				  : unsetenv("AZURE_CLIENT_ID");
		bool ok = entra_client(&s, &who, &e);
		CHECK(ok == (row[i].says == NULL), "%s: %s", row[i].name, e.text);
		if (ok) {
			CHECK_TEXT(who.tenant, row[i].want_tenant, "%s", row[i].name);
			CHECK_TEXT(who.id, row[i].want_client, "%s", row[i].name);
		} else {
			CHECK(e.kind == ERR_CONFIG && strstr(e.text, row[i].says), "%s: %s",
			      row[i].name, e.text);
		}
	}
	unsetenv("AZURE_TENANT_ID");
	unsetenv("AZURE_CLIENT_ID");
}

static void forms(void **state)
{
	(void)state;
	AUTO_BUF struct buf b = BUF_INIT(1000);
	AUTO_SECRET struct secret *odd = secret_new("a~b+c/d&e%f=g", 13),
				  *nul = secret_new("a\0b", 3), *empty = secret_new("", 0);
	struct err e = ERR_INIT;

	entra_form_add(&b, "x", "1 2");
	assert_true(entra_form_secret(&b, "client_secret", odd, &e));
	assert_string_equal(buf_cstr(&b), "x=1%202&client_secret=a~b%2Bc%2Fd%26e%25f%3Dg");
	assert_false(entra_form_secret(&b, "client_secret", nul, &e));
	assert_false(entra_form_secret(&b, "client_secret", empty, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),      cmocka_unit_test(refusals),
		cmocka_unit_test(skew_is_told), cmocka_unit_test(urls),
		cmocka_unit_test(clients),      cmocka_unit_test(forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
