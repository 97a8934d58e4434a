/* SPDX-License-Identifier: MIT */
#include "azure/login.h"
#include "azure/registry_gate.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/fake_env.h"
#include "fakes/fake_http.h"

/* clang-format off */
#define SERVER "contoso.azurecr.io"
#define CHALLENGE "Www-Authenticate: Bearer " \
	"realm=\"https://" SERVER "/oauth2/token\",service=\"" SERVER "\""
#define ASK { HTTP_GET, "=https://" SERVER "/v2/", .fresh = true, .status = 401, .headers = { CHALLENGE } }
#define KNOCK "=https://" SERVER "/oauth2/token?account=web-pull&service=" SERVER
/* clang-format on */

static char user[] = "web-pull", server[] = SERVER;

enum { NOT_ASKED = -1 };
static int probe(const struct fake_step *steps, size_t n, const char *at, struct err *e)
{
	struct fake_http *script = fake_http_new(steps, n);
	AUTO_HTTP struct http *h = fake_http_client(script);
	struct login *l = login_new(at);
	AUTO_SECRET struct secret *password = secret_new("pw", 2);
	struct credential c = { .server = server, .username = user, .password = password };
	enum login_answer answer = LOGIN_REJECTED;

	int got = login_probe(l, h, &c, &answer, e) ? (int)answer : NOT_ASKED;
	CHECK(fake_http_done(script), "%s", e->text);
	login_free(l);
	fake_http_free(script);
	return got;
}

static void answers(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; enum fake_outcome outcome; int status; const char *body; int want; enum err_kind kind; } row[] = {
		{ "accepted", FAKE_ANSWER, 200, "{\"access_token\":\"eyJ\"}", LOGIN_ACCEPTED,
		  ERR_NONE },
		{ "accepted, another registry", FAKE_ANSWER, 200, "{\"token\":\"eyJ\"}",
		  LOGIN_ACCEPTED, ERR_NONE },
		{ "refused", FAKE_ANSWER, 401, "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}",
		  LOGIN_REJECTED, ERR_NONE },
		{ "a page", FAKE_ANSWER, 200, "<html>", NOT_ASKED, ERR_REMOTE },
		  { "no token", FAKE_ANSWER, 200, "{}", NOT_ASKED, ERR_REMOTE },
		{ "empty token", FAKE_ANSWER, 200, "{\"access_token\":\"\"}", NOT_ASKED,
		  ERR_REMOTE },
		{ "network rule", FAKE_ANSWER, 403, "", NOT_ASKED, ERR_DENIED },
		  { "throttled", FAKE_ANSWER, 429, "", NOT_ASKED, ERR_TRANSIENT },
		{ "busy", FAKE_ANSWER, 503, "", NOT_ASKED, ERR_TRANSIENT },
		  { "not found", FAKE_ANSWER, 404, "", NOT_ASKED, ERR_REMOTE },
		{ "bad request", FAKE_ANSWER, 400, "", NOT_ASKED, ERR_REMOTE },
		  { "redirect", FAKE_ANSWER, 307, "", NOT_ASKED, ERR_REMOTE },
		{ "lost", FAKE_DROP_AFTER, 0, "", NOT_ASKED, ERR_TRANSIENT },
		  { "untrusted", FAKE_UNTRUSTED, 0, "", NOT_ASKED, ERR_CONFIG },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = { ASK,
			                           { HTTP_GET, KNOCK, .outcome = row[i].outcome,
			                             .status = row[i].status,
			                             .answer = row[i].body } };
		struct err e = ERR_INIT;

		CHECK(probe(steps, COUNT(steps), SERVER, &e) == row[i].want, "%s: %s", row[i].name,
		      e.text);
		CHECK(e.kind == row[i].kind, "%s: %s", row[i].name, e.text);
		CHECK(!strstr(e.text, "pw"), "%s", e.text);
	}
}

/* Where the password does not go. */
static void challenges(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; int status; const char *header; enum err_kind kind; } row[] = {
		{ "none", 401, "X: y", ERR_REMOTE },
		  { "Basic only", 401,
		  "Www-Authenticate: Basic realm=\"Azure Container Registry\"", ERR_REMOTE },
		{ "no service", 401,
		  "Www-Authenticate: Bearer realm=\"https://" SERVER "/oauth2/token\"",
		  ERR_REMOTE },
		{ "elsewhere", 401,
		  "Www-Authenticate: Bearer "
		  "realm=\"https://evil.example/oauth2/token\",service=\"" SERVER "\"",
		  ERR_REMOTE },
		{ "plain", 401,
		  "Www-Authenticate: Bearer "
		  "realm=\"http://" SERVER "/oauth2/token\",service=\"" SERVER "\"", ERR_REMOTE },
		{ "another port", 401,
		  "Www-Authenticate: Bearer "
		  "realm=\"https://" SERVER ":8443/oauth2/token\",service=\"x\"", ERR_REMOTE },
		{ "a user in it", 401,
		  "Www-Authenticate: Bearer "
		  "realm=\"https://" SERVER "@evil.example/\",service=\"x\"", ERR_REMOTE },
		{ "a query of its own", 401,
		  "Www-Authenticate: Bearer "
		  "realm=\"https://" SERVER "/t?account=x\",service=\"x\"", ERR_REMOTE },
		{ "relative", 401,
		  "Www-Authenticate: Bearer realm=\"/oauth2/token\",service=\"x\"", ERR_REMOTE },
		{ "open to all", 200, CHALLENGE, ERR_REMOTE },
		  { "network rule", 403, CHALLENGE, ERR_DENIED },
		  { "busy", 502, CHALLENGE, ERR_TRANSIENT },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = { { HTTP_GET, "/v2/", .status = row[i].status,
			                             .headers = { row[i].header } } };
		struct err e = ERR_INIT;

		CHECK(probe(steps, COUNT(steps), SERVER, &e) == NOT_ASKED && e.kind == row[i].kind,
		      "%s: %s", row[i].name, e.text);
	}
}

static void another_port(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, "=https://localhost:5443/v2/", .status = 401,
		  .headers = { "Www-Authenticate: Bearer "
		               "realm=\"https://LOCALHOST:5443/oauth2/token\",service=\"a "
		               "b&c\",scope=\"x\"" } },
		{ HTTP_GET,
		  "=https://LOCALHOST:5443/oauth2/token?account=web-pull&service=a%20b%26c",
		  .status = 200, .answer = "{\"access_token\":\"t\"}" },
	};
	struct err e = ERR_INIT;

	CHECK(probe(steps, COUNT(steps), "localhost:5443", &e) == LOGIN_ACCEPTED, "%s", e.text);
}

static void nonsense_server(void **state)
{
	(void)state;
	static const char *const names[] = { "a/b", "u@h", "h:0", "", "h?x", "h x" };

	for (size_t i = 0; i < COUNT(names); i++) {
		static const struct fake_step any[] = { { HTTP_GET, .status = 401,
			                                  .headers = { CHALLENGE } } };
		struct fake_http *script = fake_http_new(any, 1);
		AUTO_HTTP struct http *h = fake_http_client(script);
		struct login *l = login_new(names[i]);
		struct credential c = { .server = server, .username = user };
		enum login_answer answer;
		struct err e = ERR_INIT;

		CHECK(!login_probe(l, h, &c, &answer, &e), "%s", names[i]);
		CHECK(e.kind == ERR_CONFIG || e.kind == ERR_REMOTE, "%s: %s", names[i], e.text);
		login_free(l);
		fake_http_free(script);
	}
}

/* Learned once; three probes are four requests. What is seen to be wrong is learned again. */
static void remembers(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ASK,
		{ HTTP_GET, KNOCK, .status = 401 },
		{ HTTP_GET, KNOCK, .fresh = true, .status = 503 },
		{ HTTP_GET, KNOCK, .fresh = true, .status = 200, .answer = "{}" },
		ASK,
		{ HTTP_GET, KNOCK, .status = 200, .answer = "{\"access_token\":\"t\"}" },
	};
	static const int want[] = { LOGIN_REJECTED, NOT_ASKED, NOT_ASKED, LOGIN_ACCEPTED };
	struct fake_http *script = fake_http_new(steps, COUNT(steps));
	AUTO_HTTP struct http *h = fake_http_client(script);
	struct login *l = login_new(SERVER);
	AUTO_SECRET struct secret *password = secret_new("pw", 2);
	struct credential c = { .server = server, .username = user, .password = password };

	for (size_t i = 0; i < COUNT(want); i++) {
		enum login_answer answer = LOGIN_REJECTED;
		struct err e = ERR_INIT;
		int got = login_probe(l, h, &c, &answer, &e) ? (int)answer : NOT_ASKED;

		CHECK(got == want[i], "%zu: %s", i, e.text);
		CHECK_TEXT(fake_http_seen(script)->basic_user, "web-pull", "%zu", i);
		CHECK_TEXT(fake_http_seen(script)->basic_password, "pw", "%zu", i);
	}
	assert_true(fake_http_done(script));
	login_free(l);
	fake_http_free(script);
}

/* Anonymous, and anew each time; what it learns, a login need not ask for. */
static void a_knock(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ASK,
		{ HTTP_GET, "=https://" SERVER "/v2/", .status = 403 },
		ASK,
		{ HTTP_GET, KNOCK, .status = 401 },
	};
	struct fake_http *script = fake_http_new(steps, COUNT(steps));
	AUTO_HTTP struct http *h = fake_http_client(script);
	struct login *l = login_new(SERVER);
	AUTO_SECRET struct secret *password = secret_new("pw", 2);
	struct credential c = { .server = server, .username = user, .password = password };
	enum login_answer answer = LOGIN_ACCEPTED;
	struct err e = ERR_INIT;

	assert_true(login_knock(l, h, &e) && fake_http_seen(script)->basic_password == NULL);
	assert_true(!login_knock(l, h, &e) && e.kind == ERR_DENIED && e.status == 403);
	assert_true(login_knock(l, h, &e) && fake_http_seen(script)->basic_password == NULL);
	assert_true(login_probe(l, h, &c, &answer, &e) && answer == LOGIN_REJECTED);
	assert_true(fake_http_done(script));
	login_free(l);
	fake_http_free(script);
}

/* Each on a connection of its own, also the first behind the question. A client that cannot do it
 * side by side asks one after the other, and no more behind a refusal. */
static void three_proofs(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int status[3];
		int want;
		enum err_kind kind;
	} rows[] = {
		{ "all accept", { 200, 200, 200 }, LOGIN_ACCEPTED, ERR_NONE },
		{ "the first refuses", { 401 }, LOGIN_REJECTED, ERR_NONE },
		{ "the last refuses", { 200, 200, 401 }, LOGIN_REJECTED, ERR_NONE },
		{ "one cannot be asked", { 200, 503 }, NOT_ASKED, ERR_TRANSIENT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fake_step steps[4] = { ASK };
		size_t n = 1;
		for (; n < 4 && rows[i].status[n - 1] != 0; n++)
			steps[n] = (struct fake_step){ HTTP_GET, KNOCK, .fresh = true,
				                       .status = rows[i].status[n - 1],
				                       .answer = "{\"access_token\":\"t\"}" };
		struct fake_http *script = fake_http_new(steps, n);
		AUTO_HTTP struct http *h = fake_http_client(script);
		struct login *l = login_new(SERVER);
		AUTO_SECRET struct secret *password = secret_new("pw", 2);
		struct credential c = { .server = server, .username = user, .password = password };
		enum login_answer answer;
		struct err e = ERR_INIT;
		int got = login_prove(l, h, &c, 3, &answer, &e) ? (int)answer : NOT_ASKED;
		CHECK(got == rows[i].want && e.kind == rows[i].kind, "%s: %s", rows[i].name,
		      e.text);
		CHECK(fake_http_done(script), "%s", rows[i].name);
		login_free(l);
		fake_http_free(script);
	}
}

/* A 429 to one job holds up all that ask this registry, and nobody else; then one is let through,
 * and those who were turned away come in turn. */
static void one_gate_for_all_jobs(void **state)
{
	static const struct fake_step steps[] = {
		{ HTTP_GET, "/v2/", .status = 429, .headers = { "Retry-After: 30" } },
		{ HTTP_GET, "=https://far.azurecr.io/v2/", .status = 503 },
		{ HTTP_GET, "=https://" SERVER "/v2/", .status = 503 },
		{ HTTP_GET, "=https://" SERVER "/v2/", .status = 503 },
	};
	static const struct {
		int64_t pass_ms;
		const char *server;
		bool sent;
		int64_t wait_ms; /* if it was not */
	} rows[] = {
		{ 0, SERVER, true, 0 },           { 0, SERVER, false, 30000 },
		{ 0, "far.azurecr.io", true, 0 }, { 10000, SERVER, false, 20006 },
		{ 0, SERVER, false, 20012 },      { 20000, SERVER, true, 0 },
		{ 0, SERVER, true, 0 },
	};
	struct fake_env env;
	struct fake_http *script = fake_http_new(steps, COUNT(steps));
	AUTO_HTTP struct http *h = fake_http_client(script);

	(void)state;
	fake_env_init(&env, 1);
	struct registry_gates *all = registry_gates_new(&env.env);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct login *l = login_new(rows[i].server);
		struct err e = ERR_INIT;

		fake_env_pass(&env, rows[i].pass_ms);
		login_through(l, registry_gate_of(all, rows[i].server));
		CHECK(!login_knock(l, h, &e) && e.kind == ERR_TRANSIENT, "row %zu", i);
		CHECK((e.status != 0) == rows[i].sent, "row %zu: %s", i, e.text);
		CHECK(rows[i].sent ||
		              (e.throttled && e.not_acted && e.retry_after_ms == rows[i].wait_ms),
		      "row %zu: %lld ms", i, (long long)e.retry_after_ms);
		login_free(l);
	}
	CHECK(fake_http_done(script), "not all was sent");
	registry_gates_free(all);
	fake_http_free(script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),      cmocka_unit_test(challenges),
		cmocka_unit_test(another_port), cmocka_unit_test(nonsense_server),
		cmocka_unit_test(remembers),    cmocka_unit_test(a_knock),
		cmocka_unit_test(three_proofs), cmocka_unit_test(one_gate_for_all_jobs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
