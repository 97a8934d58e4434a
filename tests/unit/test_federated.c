/* SPDX-License-Identifier: MIT */
/* Tokens of GitHub Actions and Azure Pipelines, the token proxy of a cluster, and how a walk is
 * narrowed. */
#include "azure/federated.h"
#include "azure/token_proxy.h"
#include "base/err.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/auth_rig.h"

/* clang-format off */
#define ASSERTION "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="
#define GITHUB { "ACTIONS_ID_TOKEN_REQUEST_URL", "https://gh.example/t?api-version=2.0" }, \
	{ "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ghs-proof" }
#define PIPELINES { "SYSTEM_OIDCREQUESTURI", "https://dev.example/oidc" }, \
	{ "SYSTEM_ACCESSTOKEN", "ado-proof" }, \
	{ "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "con nection" }
#define WHO { "AZURE_TENANT_ID", "tid" }, { "AZURE_CLIENT_ID", "cid" }
/* clang-format on */

static char usgovernment[] = "usgovernment", china[] = "china";

static void issuers(void **state)
{
	(void)state;
	static const struct {
		const char *name, *auth;
		struct auth_variable variable[AUTH_VARIABLES_MAX];
		char *cloud;
		enum http_method method;
		const char *url, *bearer, *header;
		int status;
		const char *answer, *jwt, *says; /* jwt: goes to Entra ID */
		enum err_kind kind;
	} row[] = {
		{ "github",
		  "workload-identity",
		  { WHO, GITHUB },
		  NULL,
		  HTTP_GET,
		  "=https://gh.example/t?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange",
		  "ghs-proof",
		  NULL,
		  200,
		  "{\"count\":9,\"value\":\"gh.jwt\"}",
		  "gh.jwt",
		  NULL,
		  ERR_NONE },
		{ "github, in a walk",
		  NULL,
		  { WHO, GITHUB },
		  NULL,
		  HTTP_GET,
		  "gh.example",
		  "ghs-proof",
		  NULL,
		  200,
		  "{\"value\":\"gh.jwt\"}",
		  "gh.jwt",
		  NULL,
		  ERR_NONE },
		{ "github, government",
		  "workload-identity",
		  { WHO, GITHUB },
		  usgovernment,
		  HTTP_GET,
		  "&audience=api%3A%2F%2FAzureADTokenExchangeUSGov",
		  "ghs-proof",
		  NULL,
		  200,
		  "{\"value\":\"gh.jwt\"}",
		  "gh.jwt",
		  NULL,
		  ERR_NONE },
		{ "github, china",
		  "workload-identity",
		  { WHO, GITHUB },
		  china,
		  HTTP_GET,
		  "&audience=api%3A%2F%2FAzureADTokenExchangeChina",
		  "ghs-proof",
		  NULL,
		  200,
		  "{\"value\":\"gh.jwt\"}",
		  "gh.jwt",
		  NULL,
		  ERR_NONE },
		{ "github, refused",
		  "workload-identity",
		  { WHO, GITHUB },
		  NULL,
		  HTTP_GET,
		  "gh.example",
		  NULL,
		  NULL,
		  403,
		  "",
		  NULL,
		  "id-token: write",
		  ERR_AUTH },
		{ "github, busy",
		  "workload-identity",
		  { WHO, GITHUB },
		  NULL,
		  HTTP_GET,
		  "gh.example",
		  NULL,
		  NULL,
		  503,
		  "",
		  NULL,
		  "(503)",
		  ERR_TRANSIENT },
		{ "github, garbage",
		  "workload-identity",
		  { WHO, GITHUB },
		  NULL,
		  HTTP_GET,
		  "gh.example",
		  NULL,
		  NULL,
		  200,
		  "<",
		  NULL,
		  "GitHub",
		  ERR_REMOTE },
		{ "github, no token",
		  "workload-identity",
		  { WHO, GITHUB },
		  NULL,
		  HTTP_GET,
		  "gh.example",
		  NULL,
		  NULL,
		  200,
		  "{}",
		  NULL,
		  "no token",
		  ERR_REMOTE },
		{ "github, no permission",
		  "workload-identity",
		  { WHO, { "GITHUB_ACTIONS", "true" } },
		  NULL,
		  HTTP_GET,
		  NULL,
		  NULL,
		  NULL,
		  0,
		  NULL,
		  NULL,
		  "id-token: write",
		  ERR_CONFIG },
		{ "pipelines",
		  "workload-identity",
		  { WHO, PIPELINES },
		  NULL,
		  HTTP_POST,
		  "=https://dev.example/oidc?api-version=7.1&serviceConnectionId=con%20nection",
		  "ado-proof",
		  "X-TFS-FedAuthRedirect: Suppress",
		  200,
		  "{\"oidcToken\":\"ado.jwt\"}",
		  "ado.jwt",
		  NULL,
		  ERR_NONE },
		{ "pipelines, its own client",
		  "workload-identity",
		  { PIPELINES,
		    { "AZURESUBSCRIPTION_TENANT_ID", "tid" },
		    { "AZURESUBSCRIPTION_CLIENT_ID", "cid" } },
		  NULL,
		  HTTP_POST,
		  "dev.example",
		  NULL,
		  NULL,
		  200,
		  "{\"oidcToken\":\"ado.jwt\"}",
		  "ado.jwt",
		  NULL,
		  ERR_NONE },
		{ "pipelines, redirected",
		  "workload-identity",
		  { WHO, PIPELINES },
		  NULL,
		  HTTP_POST,
		  "dev.example",
		  NULL,
		  NULL,
		  302,
		  "",
		  NULL,
		  "SYSTEM_ACCESSTOKEN",
		  ERR_AUTH },
		{ "pipelines, half",
		  "workload-identity",
		  { WHO, { "SYSTEM_OIDCREQUESTURI", "https://dev.example/oidc" } },
		  NULL,
		  HTTP_POST,
		  NULL,
		  NULL,
		  NULL,
		  0,
		  NULL,
		  NULL,
		  "no SYSTEM_ACCESSTOKEN AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
		  ERR_CONFIG },
		{ "not over plain http",
		  "workload-identity",
		  { WHO,
		    { "ACTIONS_ID_TOKEN_REQUEST_URL", "http://gh.example/t?x" },
		    { "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ghs-proof" } },
		  NULL,
		  HTTP_GET,
		  NULL,
		  NULL,
		  NULL,
		  0,
		  NULL,
		  NULL,
		  "https",
		  ERR_CONFIG },
		{ "no client",
		  "workload-identity",
		  { GITHUB },
		  NULL,
		  HTTP_GET,
		  NULL,
		  NULL,
		  NULL,
		  0,
		  NULL,
		  NULL,
		  "tenant_id",
		  ERR_CONFIG },
		{ "nothing",
		  "workload-identity",
		  { WHO },
		  NULL,
		  HTTP_GET,
		  NULL,
		  NULL,
		  NULL,
		  0,
		  NULL,
		  NULL,
		  "AZURE_FEDERATED_TOKEN_FILE",
		  ERR_CONFIG },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *form = mem_fmt("%s%s", ASSERTION, row[i].jwt ? row[i].jwt : "");
		const struct fake_step steps[] = {
			{ row[i].method, row[i].url, .bearer = row[i].bearer,
			  .header = row[i].header, .status = row[i].status,
			  .answer = row[i].answer },
			{ HTTP_POST, RIG_ENTRA, form, .status = 200, .answer = RIG_TOKEN("F") },
		};
		struct auth_rig r;
		char token[4096];
		struct err e = ERR_INIT;

		auth_rig_open(&r, row[i].auth, steps,
		              (row[i].url != NULL) + (size_t)(row[i].jwt != NULL));
		auth_rig_set_variables(row[i].variable);
		r.spec.cloud = row[i].cloud;
		CHECK_TEXT(auth_rig_ask(&r, token, &e), row[i].says ? "" : "F", "%s: %s",
		           row[i].name, e.text);
		CHECK(!row[i].says || (e.kind == row[i].kind && strstr(e.text, row[i].says)),
		      "%s: %d %s", row[i].name, e.kind, e.text);
		CHECK(!strstr(e.text, "proof"), "%s", e.text);
		CHECK(auth_rig_close(&r), "%s", row[i].name);
	}
	auth_rig_clear_environment();
}

static void proxies(void **state)
{
	(void)state;
#define PEM "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
	/* clang-format off */
	static const struct { const char *name; struct auth_variable variable[AUTH_VARIABLES_MAX]; const char *base, *connect_to, *says; bool trust; } row[] = {
		{ "none", { { NULL, NULL } }, NULL, NULL, NULL, false },
		{ "plain", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://p.example:8443/x/" } },
		  "https://p.example:8443/x", NULL, NULL, false },
		{ "under another name", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://10.0.0.1/x" },
		  { "AZURE_KUBERNETES_SNI_NAME", "sni.example" },
		  { "AZURE_KUBERNETES_CA_DATA", PEM } }, "https://sni.example:443/x",
		    "10.0.0.1:443", NULL, true },
		{ "v6", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://[fd00::1]:444" },
		  { "AZURE_KUBERNETES_SNI_NAME", "sni.example" } },
		  "https://sni.example:444", "[fd00::1]:444", NULL, false },
		{ "http", { { "AZURE_KUBERNETES_TOKEN_PROXY", "http://p.example" } }, NULL, NULL,
		  "not an https URL", false },
		{ "query", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://p.example/?x" } }, NULL,
		  NULL, "not an https URL", false },
		{ "user", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://u@p.example/" } }, NULL,
		  NULL, "not an https URL", false },
		{ "two CAs", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://p/" },
		  { "AZURE_KUBERNETES_CA_DATA", PEM }, { "AZURE_KUBERNETES_CA_FILE", "/x" } },
		  NULL, NULL,
		  "both set", false },
		{ "no certificate", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://p/" },
		  { "AZURE_KUBERNETES_CA_DATA", "x" } }, NULL, NULL, "no certificate", false },
		{ "no file", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://p/" },
		  { "AZURE_KUBERNETES_CA_FILE", "/nonexistent" } }, NULL, NULL, "does not exist",
		  false },
		{ "only the name", { { "AZURE_KUBERNETES_SNI_NAME", "s" } }, NULL, NULL,
		  "TOKEN_PROXY is not", false },
		{ "only the CA", { { "AZURE_KUBERNETES_CA_DATA", PEM } }, NULL, NULL,
		  "TOKEN_PROXY is not", false },
		{ "a name that is none", { { "AZURE_KUBERNETES_TOKEN_PROXY", "https://p/" },
		  { "AZURE_KUBERNETES_SNI_NAME", "evil/x" } }, NULL, NULL, "not a host", false },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_TOKEN_PROXY struct token_proxy p = { 0 };
		struct err e = ERR_INIT;

		auth_rig_clear_environment();
		auth_rig_set_variables(row[i].variable);
		CHECK(token_proxy_find(&p, &e) == (row[i].says == NULL), "%s: %s", row[i].name,
		      e.text);
		CHECK(!row[i].says || (e.kind == ERR_CONFIG && strstr(e.text, row[i].says)),
		      "%s: %s", row[i].name, e.text);
		CHECK_TEXT(p.base ? p.base : "", row[i].base ? row[i].base : "", "%s", row[i].name);
		CHECK_TEXT(p.connect_to ? p.connect_to : "",
		           row[i].connect_to ? row[i].connect_to : "", "%s", row[i].name);
		CHECK((p.trust.len > 0) == row[i].trust, "%s", row[i].name);
	}
	/* The cluster replaces the file just now: nobody is trusted meanwhile, and the next run
	 * tries again. */
	AUTO_TOKEN_PROXY struct token_proxy p = { 0 };
	struct err e = ERR_INIT;
	auth_rig_clear_environment();
	auth_rig_set_variables((const struct auth_variable[AUTH_VARIABLES_MAX]){
		{ "AZURE_KUBERNETES_TOKEN_PROXY", "https://p/" }, { NULL, NULL } });
	char *dir = scratch_make();
	AUTO_FREE char *empty = mem_fmt("%s/ca.pem", dir);
	FILE *f = fopen(empty, "we");
	CHECK(f != NULL && fclose(f) == 0, "fopen");
	auth_rig_set_variables((const struct auth_variable[AUTH_VARIABLES_MAX]){
		{ "AZURE_KUBERNETES_CA_FILE", empty } });
	CHECK(!token_proxy_find(&p, &e) && e.kind == ERR_TRANSIENT &&
	              strstr(e.text, "is empty") != NULL,
	      "%s", e.text);
	scratch_remove(dir);
	auth_rig_clear_environment();
}

/* The assertion goes to the cluster's proxy, with the authority's path. */
static void through_the_proxy(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_POST, "=https://sni.example:8443/base/tid/oauth2/v2.0/token",
		  ASSERTION "file.jwt", .status = 200, .answer = RIG_TOKEN("P") }
	};
	struct auth_rig r;
	char token[4096];
	struct err e = ERR_INIT;

	auth_rig_open(&r, "workload-identity", steps, COUNT(steps));
	auth_rig_file(&r, "file.jwt\n");
	auth_rig_set_variables((const struct auth_variable[AUTH_VARIABLES_MAX]){
		WHO,
		{ "AZURE_FEDERATED_TOKEN_FILE", r.file },
		{ "AZURE_KUBERNETES_TOKEN_PROXY", "https://10.0.0.1:8443/base" },
		{ "AZURE_KUBERNETES_SNI_NAME", "sni.example" },
		{ "AZURE_KUBERNETES_CA_DATA", PEM } });
	CHECK_TEXT(auth_rig_ask(&r, token, &e), "P", "%s", e.text);
	CHECK_TEXT(fake_http_seen(r.script)->connect_to, "10.0.0.1:8443", "connect_to");
	CHECK_TEXT(fake_http_seen(r.script)->trust, PEM, "trust");
	assert_true(auth_rig_close(&r));
	auth_rig_clear_environment();
}

/* What AZURE_TOKEN_CREDENTIALS leaves of a walk. A secret and a machine's identity are there; a
 * workload's is not. */
static void narrowed(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *value, *asks, *says; enum err_kind kind; } row[] = {
		{ NULL, RIG_ENTRA, NULL, ERR_NONE }, { "prod", RIG_ENTRA, NULL, ERR_NONE },
		  { "PROD", RIG_ENTRA, NULL, ERR_NONE },
		{ "EnvironmentCredential", RIG_ENTRA, NULL, ERR_NONE },
		/* By name it is not probed first: one request, and that with the header. */
		{ "managedidentitycredential",
		  "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=", NULL, ERR_NONE },
		{ "WorkloadIdentityCredential", NULL, "AZURE_FEDERATED_TOKEN_FILE", ERR_CONFIG },
		{ "", RIG_ENTRA, NULL, ERR_NONE }, { " \n", RIG_ENTRA, NULL, ERR_NONE },
		{ " Prod\n", RIG_ENTRA, NULL, ERR_NONE },
		{ "\tenvironmentcredential ", RIG_ENTRA, NULL, ERR_NONE },
		  { "AzurePowerShellCredential", NULL, "say prod, dev", ERR_CONFIG },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = {
			{ row[i].asks && strncmp(row[i].asks, "http:", 5) == 0 ? HTTP_GET
			                                                       : HTTP_POST,
			  row[i].asks, .status = 200, .answer = RIG_TOKEN("N") }
		};
		struct auth_rig r;
		char token[4096];
		struct err e = ERR_INIT;

		auth_rig_open(&r, "default", steps, row[i].asks != NULL);
		auth_rig_set_variables((const struct auth_variable[AUTH_VARIABLES_MAX]){
			WHO, { "AZURE_CLIENT_SECRET", "s" } });
		if (row[i].value)
			setenv("AZURE_TOKEN_CREDENTIALS", row[i].value, 1);
		CHECK_TEXT(auth_rig_ask(&r, token, &e), row[i].says ? "" : "N", "%zu: %s", i,
		           e.text);
		CHECK(!row[i].says || (e.kind == row[i].kind && strstr(e.text, row[i].says)),
		      "%zu: %s", i, e.text);
		CHECK(auth_rig_close(&r), "%zu", i);
	}
	auth_rig_clear_environment();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(issuers), cmocka_unit_test(proxies),
		                            cmocka_unit_test(through_the_proxy),
		                            cmocka_unit_test(narrowed) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
