/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "emulator/pki.h"
#include "fakes/auth_rig.h"
#include "fakes/run.h"

#define TYPE                                                                                       \
	"&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&" \
	"client_assertion="

static char *dir, *bundle, *encrypted, *cert_text;
static char tid[] = "tid", cid[] = "cid", adfs[] = "adfs";

#define NEW_CERT "openssl req -x509 -newkey rsa:2048 -noenc -keyout key.pem -out cert.pem"
static const char *const recipe[] = {
	NEW_CERT " -days 3000 -subj /CN=acrotate",
	"openssl pkcs12 -export -inkey key.pem -in cert.pem -out encrypted.p12 -passout pass:pass",
	"openssl pkcs12 -in encrypted.p12 -passin pass:pass -noenc -out bundle.pem",
	"chmod 600 encrypted.p12 bundle.pem",
};

static int group_open(void **state)
{
	(void)state;
	AUTO_BUF struct buf text = BUF_INIT(10000);
	struct err e = ERR_INIT;

	dir = scratch_make();
	for (size_t i = 0; i < COUNT(recipe); i++)
		CHECK(run_line(dir, recipe[i]), "%s", recipe[i]);
	bundle = mem_fmt("%s/bundle.pem", dir);
	encrypted = mem_fmt("%s/encrypted.p12", dir);
	AUTO_FREE char *cert = mem_fmt("%s/cert.pem", dir);
	CHECK(fs_read(cert, 10000, &text, NULL, &e), "%s", e.text);
	cert_text = mem_dup(buf_cstr(&text));
	return 0;
}

static int group_close(void **state)
{
	(void)state;
	free(bundle);
	free(encrypted);
	free(cert_text);
	scratch_remove(dir);
	return 0;
}

/* The assertion of the newest request, as one who holds the certificate sees it. */
static struct json *verified(const struct auth_rig *r, struct json **header)
{
	const char *at = strstr(fake_http_seen(r->script)->body, "client_assertion=");
	struct pki_cert *c = NULL;
	AUTO_BUF struct buf text = BUF_INIT(10000);
	struct json *claims = NULL;
	struct err e = ERR_INIT;

	assert_non_null(at);
	at += strlen("client_assertion=");
	CHECK(pki_cert_read(cert_text, &c, &e) && pki_cert_verify(c, at, &claims, &e), "%s",
	      e.text);
	CHECK(crypto_unbase64_lax(at, strcspn(at, "."), &text) &&
	              json_parse(text.data, text.len, header, &e),
	      "%s", e.text);
	pki_cert_free(c);
	return claims;
}

static void assertions(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; char *tenant; const char *chain, *alg, *audience; size_t x5c; } row[] = {
		{ "usual", tid, NULL, "PS256", "https://login.example/tid/oauth2/v2.0/token", 0 },
		{ "chain", tid, "TRUE", "PS256", "https://login.example/tid/oauth2/v2.0/token", 1 },
		{ "chain, 1", tid, "1", "PS256", "https://login.example/tid/oauth2/v2.0/token", 1 },
		{ "no chain", tid, "0", "PS256", "https://login.example/tid/oauth2/v2.0/token", 0 },
		{ "AD FS", adfs, NULL, "RS256", "https://login.example/adfs/oauth2/token", 0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *url = mem_fmt("=%s", row[i].audience);
		const struct fake_step steps[] = {
			{ HTTP_POST, url,
			  "&client_id=cid&scope=https%3A%2F%2Farm.example%2F%2F.default" TYPE "eyJ",
			  .status = 200, .answer = RIG_TOKEN("C") }
		};
		struct auth_rig r;
		AUTO_JSON struct json *header = NULL, *claims = NULL;
		char token[4096];
		int64_t from = 0, until = 0;
		struct err e = ERR_INIT;

		auth_rig_open(&r, "certificate", steps, COUNT(steps));
		r.spec.tenant_id = row[i].tenant;
		r.spec.client_id = cid;
		r.spec.certificate_file = bundle;
		if (row[i].chain)
			setenv("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", row[i].chain, 1);
		CHECK_TEXT(auth_rig_ask(&r, token, &e), "C", "%s: %s", row[i].name, e.text);
		claims = verified(&r, &header);
		CHECK_TEXT(json_str(header, "alg"), row[i].alg, "%s", row[i].name);
		CHECK(json_len(header, "x5c") == row[i].x5c, "%s", row[i].name);
		CHECK_TEXT(json_str(claims, "aud"), row[i].audience, "%s", row[i].name);
		CHECK_TEXT(json_str(claims, "iss"), "cid", "%s", row[i].name);
		CHECK_TEXT(json_str(claims, "sub"), "cid", "%s", row[i].name);
		CHECK(strlen(json_str(claims, "jti")) == 36, "%s", row[i].name);
		CHECK(json_int(claims, "nbf", &from) && json_int(claims, "exp", &until) &&
		              from == FAKE_ENV_START && until == from + 600,
		      "%s", row[i].name);
		CHECK(auth_rig_close(&r), "%s", row[i].name);
	}
}

/* Where the file and its password come from. */
static void sources(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *auth; bool in_spec, path_env, password_file, password_env; const char *says; } row[] = {
		{ "password in a file", "certificate", true, false, true, false, NULL },
		{ "all of the environment", "default", false, true, false, true, NULL },
		{ "its password is for default only", "certificate", false, true, false, true,
		  "certificate_password_file" },
		{ "no password", "certificate", true, false, false, false,
		  "certificate_password_file" },
		{ "no file", "certificate", false, false, false, false, "certificate_file" },
	};
	/* clang-format on */
	static const struct fake_step steps[] = { { HTTP_POST, RIG_ENTRA, TYPE, .status = 200,
		                                    .answer = RIG_TOKEN("C") } };

	for (size_t i = 0; i < COUNT(row); i++) {
		struct auth_rig r;
		char token[4096];
		struct err e = ERR_INIT;

		auth_rig_open(&r, row[i].auth, steps, row[i].says == NULL);
		setenv("AZURE_TENANT_ID", "tid", 1);
		setenv("AZURE_CLIENT_ID", "cid", 1);
		auth_rig_file(&r, "pass\n");
		r.spec.certificate_file = row[i].in_spec ? encrypted : NULL;
		r.spec.certificate_password_file = row[i].password_file ? r.file : NULL;
		if (row[i].path_env)
			setenv("AZURE_CLIENT_CERTIFICATE_PATH", encrypted, 1);
		if (row[i].password_env)
			setenv("AZURE_CLIENT_CERTIFICATE_PASSWORD", "pass", 1);
		CHECK_TEXT(auth_rig_ask(&r, token, &e), row[i].says ? "" : "C", "%s: %s",
		           row[i].name, e.text);
		CHECK(!row[i].says || (e.kind == ERR_CONFIG && strstr(e.text, row[i].says)),
		      "%s: %s", row[i].name, e.text);
		CHECK(auth_rig_close(&r), "%s", row[i].name);
	}
}

static void over(void **state)
{
	(void)state;
	struct auth_rig r;
	char token[4096];
	struct err e = ERR_INIT;

	auth_rig_open(&r, "certificate", NULL, 0);
	r.env.wall_ms = INT64_C(1000) * (time(NULL) + INT64_C(3001) * 86400);
	r.spec.tenant_id = tid;
	r.spec.client_id = cid;
	r.spec.certificate_file = bundle;
	assert_string_equal(auth_rig_ask(&r, token, &e), "");
	CHECK(e.kind == ERR_CONFIG && strstr(e.text, "expired on 20"), "%s", e.text);
	assert_true(auth_rig_close(&r));
}

static void not_registered(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_POST, RIG_ENTRA, TYPE, .status = 401,
		  .answer = "{\"error\":\"invalid_client\","
		            "\"error_description\":\"AADSTS700027: The certificate with identifier "
		            "used to sign the client assertion is not registered on application."
		            "\",\"error_codes\":[700027]}" }
	};
	struct auth_rig r;
	char token[4096];
	struct err e = ERR_INIT;

	auth_rig_open(&r, "certificate", steps, COUNT(steps));
	r.spec.tenant_id = tid;
	r.spec.client_id = cid;
	r.spec.certificate_file = bundle;
	assert_string_equal(auth_rig_ask(&r, token, &e), "");
	assert_string_equal(e.code, "AADSTS700027");
	assert_non_null(strstr(e.text, "upload the public part"));
	assert_true(auth_rig_close(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(assertions), cmocka_unit_test(sources),
		                            cmocka_unit_test(over),
		                            cmocka_unit_test(not_registered) };
	return cmocka_run_group_tests(tests, group_open, group_close);
}
