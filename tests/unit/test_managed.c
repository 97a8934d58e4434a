/* SPDX-License-Identifier: MIT */
/* Managed identities wherever they are not IMDS (which test_auth.c has): App Service and what
 * follows it, Azure Arc. */
#include <sys/stat.h>

#include "azure/managed.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/auth_rig.h"

/* clang-format off */
#define APP { "IDENTITY_ENDPOINT", "http://127.0.0.1:41/msi/token" }, \
	{ "IDENTITY_HEADER", "head-er" }
#define OLD { "MSI_ENDPOINT", "http://127.0.0.1:42/msi" }, { "MSI_SECRET", "sec-ret" }
/* clang-format on */

static void endpoints(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct auth_variable variable[AUTH_VARIABLES_MAX];
		const char *client, *object, *resource;
		const char *url, *header, *value; /* what is asked; NULL: nobody */
		int status;
		const char *answer, *says; /* says NULL: a token */
		enum err_kind kind;
	} row[] = {
		{ "app",
		  { APP },
		  .url = "=http://127.0.0.1:41/msi/"
		         "token?api-version=2019-08-01&resource=" RIG_RESOURCE,
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" },
		{ "app, client",
		  { APP },
		  .client = "c",
		  .url = "&client_id=c",
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\",\"client_id\":"
		            "\"c\"}" },
		{ "app, object",
		  { APP },
		  .object = "o",
		  .url = "&object_id=o",
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" },
		{ "app, resource",
		  { APP },
		  .resource = "/s/r",
		  .url = "&mi_res_id=%2Fs%2Fr",
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" },
		{ "app, another identity",
		  { APP },
		  .client = "c",
		  .url = "&client_id=c",
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\",\"client_id\":"
		            "\"d\"}",
		  .says = "was given 'd'",
		  .kind = ERR_AUTH },
		{ "app before Arc",
		  { APP, { "IMDS_ENDPOINT", "http://127.0.0.1:40342" } },
		  .url = "=http://127.0.0.1:41/msi/token?api-version=2019-08-01"
		         "&resource=" RIG_RESOURCE,
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" },
		{ "app, wrong header",
		  { APP },
		  .url = "/msi/token",
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 401,
		  .answer = "{}",
		  .says = "(401)",
		  .kind = ERR_AUTH },
		{ "app, none",
		  { APP },
		  .url = "/msi/token",
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 400,
		  .answer = "{}",
		  .says = "az webapp identity assign",
		  .kind = ERR_AUTH },
		{ "old app",
		  { OLD },
		  .url = "=http://127.0.0.1:42/msi?api-version=2017-09-01&resource=" RIG_RESOURCE,
		  .header = "secret",
		  .value = "sec-ret",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"11/14/2023 23:13:20 "
		            "+00:00\"}" },
		{ "old app, client",
		  { OLD },
		  .client = "c",
		  .url = "&clientid=c",
		  .header = "secret",
		  .value = "sec-ret",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" },
		{ "old app, object",
		  { OLD },
		  .object = "o",
		  .says = "does not know identities by object_id",
		  .kind = ERR_CONFIG },
		{ "Azure ML: its own identity where none is named",
		  { OLD, { "DEFAULT_IDENTITY_CLIENT_ID", "ml" } },
		  .url = "&clientid=ml",
		  .header = "secret",
		  .value = "sec-ret",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" },
		{ "Azure ML: one that is named",
		  { OLD, { "DEFAULT_IDENTITY_CLIENT_ID", "ml" } },
		  .client = "c",
		  .url = "&clientid=c",
		  .header = "secret",
		  .value = "sec-ret",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" },
		{ "app over old app",
		  { APP, OLD },
		  .url = "http://127.0.0.1:41/",
		  .header = "X-IDENTITY-HEADER",
		  .value = "head-er",
		  .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" },
		{ "Service Fabric",
		  { APP, { "IDENTITY_SERVER_THUMBPRINT", "00" } },
		  .says = "Service Fabric",
		  .kind = ERR_CONFIG },
		{ "Cloud Shell",
		  { { "MSI_ENDPOINT", "http://localhost:50342/oauth2/token" } },
		  .says = "azure-cli",
		  .kind = ERR_CONFIG },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = { { HTTP_GET, row[i].url, .plain = true,
			                             .status = row[i].status,
			                             .answer = row[i].answer } };
		AUTO_FREE char *client = mem_dup(row[i].client), *object = mem_dup(row[i].object),
			       *resource = mem_dup(row[i].resource);
		struct auth_rig r;
		char token[4096];
		struct err e = ERR_INIT;

		auth_rig_open(&r, "managed-identity", steps, row[i].url != NULL);
		auth_rig_set_variables(row[i].variable);
		r.spec.client_id = client;
		r.spec.object_id = object;
		r.spec.resource_id = resource;
		CHECK_TEXT(auth_rig_ask(&r, token, &e), row[i].says ? "" : "A", "%s: %s",
		           row[i].name, e.text);
		CHECK(!row[i].says || (e.kind == row[i].kind && strstr(e.text, row[i].says)),
		      "%s: %d %s", row[i].name, e.kind, e.text);
		CHECK(!strstr(e.text, "head-er") && !strstr(e.text, "sec-ret"), "%s", e.text);
		if (row[i].url != NULL) {
			CHECK_TEXT(fake_http_seen(r.script)->secret_header, row[i].header, "%s",
			           row[i].name);
			CHECK_TEXT(fake_http_seen(r.script)->secret_value, row[i].value, "%s",
			           row[i].name);
		}
		CHECK(auth_rig_close(&r), "%s", row[i].name);
	}
	auth_rig_clear_environment();
}

/* In a walk such a host needs no probe: its variables tell. */
static void walks_there(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, "http://127.0.0.1:41/msi/token", .status = 200,
		  .answer = "{\"access_token\":\"A\",\"expires_on\":\"1700003600\"}" }
	};
	struct auth_rig r;
	char token[4096];
	struct err e = ERR_INIT;

	auth_rig_open(&r, "default", steps, COUNT(steps));
	setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:41/msi/token", 1);
	setenv("IDENTITY_HEADER", "h", 1);
	CHECK_TEXT(auth_rig_ask(&r, token, &e), "A", "%s", e.text);
	assert_true(auth_rig_close(&r));
	auth_rig_clear_environment();
}

/* ---- Azure Arc ------------------------------------------------------------------------------- */

static void key_paths(void **state)
{
	(void)state;
#define KEYS "/var/opt/azcmagent/tokens"
	/* clang-format off */
	static const struct { const char *challenge, *path; } row[] = {
		{ "Basic realm=" KEYS "/0a-1b.key", KEYS "/0a-1b.key" },
		  { "basic REALM=" KEYS "/x.key", KEYS "/x.key" },
		{ "Basic realm=" KEYS "/../../../../etc/shadow.key", NULL },
		  { "Basic realm=" KEYS "/x.pem", NULL }, { "Basic realm=" KEYS "/.key", NULL },
		{ "Basic realm=" KEYS "/a/b.key", NULL }, { "Basic realm=" KEYS "2/b.key", NULL },
		  { "Basic realm=/etc/b.key", NULL },
		{ "Basic realm=\"" KEYS "/x.key\"", NULL },
		  { "Basic realm=" KEYS "/x=y.key", NULL }, { "Basic realm=" KEYS "/..key", NULL },
		{ "Basic realm=" KEYS "/x.key, Basic realm=y.key", NULL },
		  { "Bearer realm=" KEYS "/x.key", NULL }, { "Basic", NULL }, { "", NULL },
		{ NULL, NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *path = NULL;
		struct err e = ERR_INIT;
		bool ok = managed_arc_key_path(row[i].challenge, KEYS, &path, &e);

		CHECK(ok == (row[i].path != NULL), "%zu: %s", i, e.text);
		CHECK(ok ? strcmp(path, row[i].path) == 0 : e.kind == ERR_REMOTE, "%zu: %s", i,
		      e.text);
	}
}

static void put(const char *dir, const char *name, const char *text, size_t n)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_true(f != NULL && fwrite(text, 1, n, f) == n && fclose(f) == 0);
}

static void keys(void **state)
{
	(void)state;
	char *dir = scratch_make(), text[5000];
	AUTO_FREE char *link = mem_fmt("%s/link.key", dir), *target = mem_fmt("%s/good.key", dir),
		       *fifo = mem_fmt("%s/fifo.key", dir);
	static const struct {
		const char *name;
		size_t length;
	} row[] = { { "good.key", 7 },  { "largest.key", 4096 }, { "large.key", 0 },
		    { "empty.key", 0 }, { "absent.key", 0 },     { "link.key", 0 },
		    { "fifo.key", 0 } };

	memset(text, 'k', sizeof(text));
	put(dir, "good.key", "abc\n+/=", 7);
	put(dir, "largest.key", text, 4096);
	put(dir, "large.key", text, 4097);
	put(dir, "empty.key", "", 0);
	assert_true(symlink(target, link) == 0 && mkfifo(fifo, 0600) == 0);
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *path = mem_fmt("%s/%s", dir, row[i].name);
		AUTO_SECRET struct secret *key = NULL;
		struct err e = ERR_INIT;
		bool ok = managed_arc_read_key(path, &key, &e);

		CHECK(ok == (row[i].length != 0), "%s: %s", row[i].name, e.text);
		CHECK(!ok || secret_len(key) == row[i].length + 6, "%s", row[i].name);
	}
	AUTO_SECRET struct secret *key = NULL;
	struct err e = ERR_INIT;
	assert_true(managed_arc_read_key(target, &key, &e));
	/* as it stands in the file: curl.c refuses what no header can have */
	assert_string_equal(secret_peek(key), "Basic abc\n+/=");
	scratch_remove(dir);
}

/* Both exchanges, with keys in a directory of the test's. */
static void dance(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *endpoint; int first, second; const char *challenge; bool ok; enum err_kind kind; } row[] = {
		{ "usual", "http://127.0.0.1:40342/m", 401, 200,
		  "WWW-Authenticate: Basic realm=%s/a.key", true, ERR_NONE },
		{ "refused", "http://localhost:40342/m", 401, 404,
		  "WWW-Authenticate: Basic realm=%s/a.key", true, ERR_NONE },
		{ "an error at once", "http://127.0.0.1:40342/m", 500, 0, "X: y", true, ERR_NONE },
		{ "no challenge", "http://127.0.0.1:40342/m", 401, 0, "X: y", false, ERR_REMOTE },
		{ "no proof wanted", "http://127.0.0.1:40342/m", 200, 0, "X: y", false,
		  ERR_REMOTE },
		{ "no such key", "http://127.0.0.1:40342/m", 401, 0,
		  "WWW-Authenticate: Basic realm=%s/b.key", false, ERR_LOCAL },
		{ "elsewhere", "http://127.0.0.1:40342/m", 401, 0,
		  "WWW-Authenticate: Basic realm=/etc/a.key", false, ERR_REMOTE },
		{ "not on this host", "http://10.0.0.1:40342/m", 0, 0, "X: y", false, ERR_CONFIG },
	};
	/* clang-format on */
	char *dir = scratch_make();

	put(dir, "a.key", "proof", 5);
	for (size_t i = 0; i < COUNT(row); i++) {
		const char *percent = strstr(row[i].challenge, "%s");
		AUTO_FREE char *challenge =
			percent ? mem_fmt("%.*s%s%s", (int)(percent - row[i].challenge),
		                          row[i].challenge, dir, percent + 2)
				: mem_dup(row[i].challenge);
		const struct fake_step steps[] = {
			{ HTTP_GET, "/m?api-version=2020-06-01&resource=r&client_id=c",
			  .header = "Metadata: true", .plain = true, .status = row[i].first,
			  .headers = { challenge } },
			{ HTTP_GET, "/m?api-version=2020-06-01&resource=r&client_id=c",
			  .header = "Metadata: true", .plain = true, .status = row[i].second },
		};
		struct fake_http *script =
			fake_http_new(steps, (row[i].first != 0) + (size_t)(row[i].second != 0));
		AUTO_HTTP struct http *h = fake_http_client(script);
		const struct selector who = { SELECT_CLIENT, "c" };
		const struct managed_ask q = { .resource = "r",
			                       .who = &who,
			                       .parameter = "client_id" };
		AUTO_RESPONSE struct http_response rs = { 0 };
		struct err e = ERR_INIT;

		CHECK(managed_arc_ask(row[i].endpoint, dir, &q, h, &rs, &e) == row[i].ok, "%s: %s",
		      row[i].name, e.text);
		CHECK(row[i].ok ? rs.status == (row[i].second ? row[i].second : row[i].first)
		                : e.kind == row[i].kind,
		      "%s: %s", row[i].name, e.text);
		if (row[i].second != 0) {
			CHECK_TEXT(fake_http_seen(script)->secret_header, "Authorization", "%s",
			           row[i].name);
			CHECK_TEXT(fake_http_seen(script)->secret_value, "Basic proof", "%s",
			           row[i].name);
		}
		CHECK(fake_http_done(script), "%s", row[i].name);
		fake_http_free(script);
	}
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints), cmocka_unit_test(walks_there),
		cmocka_unit_test(key_paths), cmocka_unit_test(keys),
		cmocka_unit_test(dance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
