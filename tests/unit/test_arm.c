/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>

#include "azure/arm.h"
#include "azure/whoami.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/arm_rig.h"

#define ARM "https://arm.example"

static void sends(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T1"),
		{ HTTP_GET, "=" ARM "/subscriptions/s?api-version=1", .bearer = "T1", .status = 200,
		  .answer = "{\"a\":\"b\"}", .headers = { "Date: Tue, 14 Nov 2023 22:15:00 GMT" } },
		{ HTTP_POST, "=" ARM "/x", "{}", .bearer = "T1", .once = true, .status = 204,
		  .headers = { "Date: Tue, 14 Nov 2023 22:15:01 GMT" } },
	};
	struct arm_rig r;
	AUTO_JSON struct json *j = NULL;
	AUTO_BUF struct buf body = BUF_INIT(10);
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	arm_rig_open(&r, steps, COUNT(steps));
	assert_int_equal(arm_clock_offset(r.arm), 0);
	assert_true(arm_get(r.arm, r.http, "/subscriptions/s?api-version=1", &j, &e));
	assert_string_equal(json_str(j, "a"), "b");
	assert_string_equal(fake_http_seen(r.script)->headers, "");
	assert_int_equal(arm_clock_offset(r.arm), 100);
	buf_str(&body, "{}");
	struct arm_request rq = { .method = HTTP_POST, .path = "/x", .body = &body, .once = true };
	assert_true(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_int_equal(rs.status, 204);
	/* of clocks in whole seconds, one is none */
	assert_int_equal(arm_clock_offset(r.arm), 100);
	/* A name of its own for each operation. */
	assert_true(strncmp(fake_http_seen(r.script)->headers, "x-ms-client-request-id: ", 24) ==
	            0);
	assert_int_equal(strlen(fake_http_seen(r.script)->headers), 24 + 36 + 1);
	assert_true(arm_rig_close(&r));
}

/* One 401 may be a token that was revoked, or of before a role: asked again with a new one, even
 * for a generate, for a 401 did nothing. */
static void one_new_token(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T1"),
		{ HTTP_POST, "/x", .bearer = "T1", .status = 401 },
		ARM_RIG_TOKEN("T2"),
		{ HTTP_POST, "/x", .bearer = "T2", .status = 200 },
		{ HTTP_POST, "/x", .bearer = "T2", .status = 401 },
		ARM_RIG_TOKEN("T3"),
		{ HTTP_POST, "/x", .bearer = "T3", .status = 401,
		  .headers = { "x-ms-request-id: r-9" },
		  .answer = "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"No."
		            "\"}}" },
	};
	struct arm_rig r;
	struct arm_request rq = { .method = HTTP_POST, .path = "/x", .once = true };
	struct err e = ERR_INIT;

	arm_rig_open(&r, steps, COUNT(steps));
	AUTO_RESPONSE struct http_response rs = { 0 };
	assert_true(arm_send(r.arm, r.http, &rq, &rs, &e));
	http_response_clear(&rs);
	rs.status = 7;
	assert_false(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_int_equal(rs.status, 7);
	assert_int_equal(e.kind, ERR_AUTH);
	assert_true(e.not_acted);
	assert_string_equal(e.code, "InvalidAuthenticationToken");
	assert_non_null(strstr(e.text, "r-9"));
	assert_true(arm_rig_close(&r));
}

/* A fence has one token, which outlives the rotation where its source gives one, and is never
 * renewed: what a sender that was paused sends after its end is refused, and stays refused. */
static void a_fence_renews_nothing(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T1"),
		{ HTTP_POST, "/x", .bearer = "T1", .status = 200 },
		ARM_RIG_TOKEN("T2"), /* T1 would end within the rotation */
		{ HTTP_POST, "/x", .bearer = "T2", .status = 200,
		  .headers = { "Date: Tue, 14 Nov 2023 23:11:00 GMT" } },
		{ HTTP_POST, "/x", .bearer = "T2", .status = 401 },
		{ HTTP_POST, "/x", .bearer = "T2", .status = 401 },
	};
	struct arm_rig r;
	struct arm_request rq = { .method = HTTP_POST, .path = "/x", .once = true };
	struct arm *fence;
	struct err e = ERR_INIT;
	int64_t expires;

	arm_rig_open(&r, steps, COUNT(steps));
	AUTO_RESPONSE struct http_response rs = { 0 };
	assert_false(arm_clock_known(r.arm));
	assert_true(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_false(arm_clock_known(r.arm));
	http_response_clear(&rs);
	fake_env_pass(&r.env, 3000 * 1000);
	assert_true(arm_fence(r.arm, r.http, 700, &fence, &expires, &e));
	assert_int_equal(expires, r.env.wall_ms / 1000 + 3600);
	assert_true(arm_send(fence, r.http, &rq, &rs, &e));
	assert_true(arm_clock_known(r.arm) && arm_clock_offset(r.arm) == arm_clock_offset(fence));
	for (int i = 0; i < 2; i++) {
		assert_false(arm_send(fence, r.http, &rq, &rs, &e));
		assert_true(e.kind == ERR_AUTH && e.status == 401 && e.not_acted);
	}
	arm_free(fence);
	assert_true(arm_rig_close(&r));
}

/* A token for each service, each fetched once and kept apart from the others. */
static void each_service_has_its_token(void **state)
{
	(void)state;
#define ASKED(audience, t)                                                                         \
	{                                                                                          \
		HTTP_GET, "resource=" audience,                                                    \
			.status = 200,                                                             \
			.answer = "{\"expires_in\":3600,\"access_token\":\"" t "\"}"               \
	}
	static const struct fake_step steps[] = {
		ASKED("https%3A%2F%2Farm.example%2F", "T1"),
		{ HTTP_GET, "/x", .bearer = "T1", .status = 200, .answer = "{}" },
		ASKED("https%3A%2F%2Fvault.azure.net", "T2"),
		ASKED("https%3A%2F%2Fstorage.azure.com%2F", "T3"),
		{ HTTP_GET, "/x", .bearer = "T1", .status = 200, .answer = "{}" },
		ASKED("https%3A%2F%2Fvault.azure.net", "T4"), /* T2 was refused */
	};
	static const struct {
		enum auth_service service;
		bool refused;
		const char *want;
	} row[] = {
		{ AUTH_VAULT, false, "T2" },   { AUTH_STORAGE, false, "T3" },
		{ AUTH_VAULT, false, "T2" },   { AUTH_VAULT, true, "T4" },
		{ AUTH_STORAGE, false, "T3" },
	};
	struct arm_rig r;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	unsigned serial = 0;

	arm_rig_open(&r, steps, COUNT(steps));
	assert_true(arm_get(r.arm, r.http, "/x", &j, &e));
	json_free(take(&j));
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_SECRET struct secret *token = NULL;

		if (i == 2) {
			assert_true(arm_get(r.arm, r.http, "/x", &j, &e));
			json_free(take(&j));
		}
		assert_true(arm_token_for(r.arm, r.http, row[i].service,
		                          row[i].refused ? serial : 0, &token, &serial, &e));
		CHECK_TEXT(secret_peek(token), row[i].want, "row %zu", i);
	}
	assert_true(arm_rig_close(&r));
#undef ASKED
}

/* No token, no request: whatever was wanted was not done, even where the token request was lost
 * on the way back. */
static void without_a_token(void **state)
{
	(void)state;
	static const struct fake_step steps[] = { { HTTP_GET, "169.254",
		                                    .outcome = FAKE_DROP_AFTER } };
	struct arm_rig r;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	arm_rig_open(&r, steps, COUNT(steps));
	assert_false(arm_send(
		r.arm, r.http,
		&(struct arm_request){ .method = HTTP_POST, .path = "/x", .once = true }, &rs, &e));
	assert_int_equal(e.kind, ERR_TRANSIENT);
	assert_true(e.not_acted);
	assert_true(arm_rig_close(&r));
}

static void lost_answers(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"),
		{ HTTP_POST, "/x", .outcome = FAKE_DROP_AFTER },
		{ HTTP_POST, "/x", .outcome = FAKE_DROP_BEFORE },
	};
	struct arm_rig r;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct arm_request rq = { .method = HTTP_POST, .path = "/x", .once = true };
	struct err e = ERR_INIT;

	arm_rig_open(&r, steps, COUNT(steps));
	assert_false(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_true(e.kind == ERR_TRANSIENT && !e.not_acted);
	assert_false(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_true(e.kind == ERR_TRANSIENT && e.not_acted);
	assert_true(arm_rig_close(&r));
}

static void throttled(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"),
		{ HTTP_GET, "/x", .status = 429, .headers = { "Retry-After: 30" } },
		{ HTTP_GET, "/x", .status = 429, .headers = { "Retry-After: 5" } },
		{ HTTP_GET, "/x", .status = 404 },
		{ HTTP_GET, "/x", .status = 200, .answer = "{}" },
	};
	struct arm_rig r;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct arm_request rq = { .method = HTTP_GET, .path = "/x" };
	struct err e = ERR_INIT;

	arm_rig_open(&r, steps, COUNT(steps));
	assert_false(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_true(e.kind == ERR_TRANSIENT && e.not_acted && e.status == 429 &&
	            e.retry_after_ms == 30000);
	fake_env_pass(&r.env, 10000);
	/* Everybody else waits too, without asking. */
	assert_false(arm_send(
		r.arm, r.http,
		&(struct arm_request){ .method = HTTP_POST, .path = "/y", .once = true }, &rs, &e));
	assert_true(e.kind == ERR_TRANSIENT && e.not_acted && e.status == 0 &&
	            e.retry_after_known && e.retry_after_ms == 20000);
	fake_env_pass(&r.env, 20000);
	assert_false(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_int_equal(e.retry_after_ms, 5000);
	fake_env_pass(&r.env, 5000);
	assert_false(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_int_equal(e.kind, ERR_MISSING);
	assert_true(arm_send(r.arm, r.http, &rq, &rs, &e));
	assert_true(arm_rig_close(&r));
}

static bool collect(void *ctx, const struct json *item)
{
	char *text = ctx;

	(void)snprintf(text + strlen(text), 64 - strlen(text), "%s ", json_str(item, "name"));
	return strcmp(json_str(item, "name"), "stop") != 0;
}

static void lists(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"),
		{ HTTP_GET, "=" ARM "/l?v", .status = 200,
		  .answer = "{\"value\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
		  "\"nextLink\":\"https://ARM.example:443/l?v&$skiptoken=x y\"}" },
		{ HTTP_GET, "=https://ARM.example:443/l?v&$skiptoken=x%20y", .bearer = "T",
		  .status = 200,
		  .answer = "{\"value\":[{\"name\":\"c\"}],\"nextLink\":\"\"}" },
		{ HTTP_GET, "/l", .status = 200,
		  .answer = "{\"value\":[{\"name\":\"stop\"},{\"name\":\"z\"}],\"nextLink\":\"https://arm.example/n\"}" },
		{ HTTP_GET, "/l", .status = 200,
		  .answer = "{\"value\":[{\"name\":\"a\"}],\"nextLink\":\"https://evil.example/n\"}" },
		{ HTTP_GET, "/l", .status = 200, .answer = "{\"value\":{\"name\":\"a\"}}" },
		{ HTTP_GET, "/l", .status = 200, .answer = "{}" },
	};
	/* clang-format on */
	static const struct {
		bool ok;
		const char *got;
	} row[] = {
		{ true, "a b c " }, { true, "stop " }, { false, "a " },
		{ false, "" },      { false, "" },
	};
	struct arm_rig r;

	arm_rig_open(&r, steps, COUNT(steps));
	for (size_t i = 0; i < COUNT(row); i++) {
		char text[64] = "";
		struct err e = ERR_INIT;

		CHECK(arm_list(r.arm, r.http, i == 0 ? "/l?v" : "/l", collect, text, &e) ==
		              row[i].ok,
		      "%zu: %s", i, e.text);
		CHECK_TEXT(text, row[i].got, "%zu", i);
		CHECK(row[i].ok || e.kind == ERR_REMOTE, "%zu: %d", i, e.kind);
	}
	assert_true(arm_rig_close(&r));
}

static void endless_list(void **state)
{
	(void)state;
	struct fake_step *steps = mem_array(ARM_PAGES_MAX + 1, sizeof(*steps));
	struct arm_rig r;
	char text[64] = "";
	struct err e = ERR_INIT;

	steps[0] = (struct fake_step)ARM_RIG_TOKEN("T");
	for (size_t i = 1; i <= ARM_PAGES_MAX; i++)
		steps[i] = (struct fake_step){
			HTTP_GET, "/l", .status = 200,
			.answer = "{\"value\":[],\"nextLink\":\"https://arm.example/l\"}"
		};
	arm_rig_open(&r, steps, ARM_PAGES_MAX + 1);
	assert_false(arm_list(r.arm, r.http, "/l", collect, text, &e));
	assert_int_equal(e.kind, ERR_REMOTE);
	assert_true(arm_rig_close(&r));
	free(steps);
}

static void garbage(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		ARM_RIG_TOKEN("T"), { HTTP_GET, "/x", .status = 200, .answer = "<html>" }
	};
	struct arm_rig r;
	struct json *j = NULL;
	struct err e = ERR_INIT;

	arm_rig_open(&r, steps, COUNT(steps));
	assert_false(arm_get(r.arm, r.http, "/x", &j, &e));
	assert_int_equal(e.kind, ERR_REMOTE);
	assert_null(j);
	assert_true(arm_rig_close(&r));
}

/* Each key makes another identity, and so does a value that is empty. */
static void identities(void **state)
{
	static char a[] = "a", b[] = "b", empty[] = "";
	struct azure_spec specs[KEYS_MAX + 3] = { { 0 },
		                                  { .client_id = b },
		                                  { .client_id = empty } };
	char *ids[COUNT(specs)];
	const char *value = a;
	size_t n = 3;

	(void)state;
	for (size_t i = 0; i < azure_keys_count; i++) {
		enum key_type is = azure_keys[i].type;
		CHECK(is == KEY_TEXT || is == KEY_FILE || is == KEY_CHOICE || is == KEY_PATH,
		      "'%s' is no text", azure_keys[i].name);
		memcpy((char *)&specs[n++] + azure_keys[i].offset, &value, sizeof(value));
	}
	for (size_t i = 0; i < n; i++)
		ids[i] = arm_identity(&specs[i]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(ids[i], ids[k]) != 0, "%zu %zu: %s", i, k, ids[i]);
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
}

static void subscriptions(void **state)
{
	(void)state;
	struct arm_rig r;
	char own[] = "own";

	arm_rig_open(&r, NULL, 0);
	assert_null(arm_subscription(r.arm));
	setenv("AZURE_SUBSCRIPTION_ID", "env", 1);
	assert_string_equal(arm_subscription(r.arm), "env");
	r.spec.subscription = own;
	assert_string_equal(arm_subscription(r.arm), "own");
	unsetenv("AZURE_SUBSCRIPTION_ID");
	assert_true(arm_rig_close(&r));
}

/* tid, appid, oid, exp */
#define CLAIMS "eyJ0aWQiOiJ0LTEiLCJhcHBpZCI6ImMtMSIsIm9pZCI6Im8tMSIsImV4cCI6MTcwMDAwMzYwMH0"
static void who_we_are(void **state)
{
	(void)state;
	static const struct {
		const char *token, *tenant, *client, *object;
		int64_t lives;
	} row[] = {
		{ "e30." CLAIMS ".sig", "t-1", "c-1", "o-1", 3600 },
		{ "opaque", "", "", "", 0 },
		{ "a.b.c", "", "", "", 0 },
		{ "a..c", "", "", "", 0 },
		{ "a.e30.c", "", "", "", 0 },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *answer =
			mem_fmt("{\"expires_in\":3600,\"access_token\":\"%s\"}", row[i].token);
		const struct fake_step steps[] = { { HTTP_GET, "169.254", .status = 200,
			                             .answer = answer } };
		struct arm_rig r;
		AUTO_WHOAMI struct whoami w = { 0 };
		struct err e = ERR_INIT;

		arm_rig_open(&r, steps, COUNT(steps));
		CHECK(arm_whoami(r.arm, r.http, &w, &e), "%s", e.text);
		CHECK_TEXT(w.method, "managed-identity", "%zu", i);
		CHECK_TEXT(w.tenant ? w.tenant : "", row[i].tenant, "%zu", i);
		CHECK_TEXT(w.client_id ? w.client_id : "", row[i].client, "%zu", i);
		CHECK_TEXT(w.object_id ? w.object_id : "", row[i].object, "%zu", i);
		CHECK(w.lives_s == row[i].lives, "%zu: %lld", i, (long long)w.lives_s);
		CHECK(arm_rig_close(&r), "%zu", i);
	}
}

/* A service for many threads, that refuses the first token. */
static atomic_int tokens_given, requests_seen;

static bool crowd_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                       struct err *e)
{
	(void)h;
	(void)e;
	*rs = (struct http_response){ .status = 200, .retry_after_ms = -1, .body.max = 1000 };
	if (rq->plain_ok) {
		buf_fmt(&rs->body, "{\"access_token\":\"T%d\",\"expires_in\":3600}",
		        atomic_fetch_add(&tokens_given, 1));
		return true;
	}
	atomic_fetch_add(&requests_seen, 1);
	if (strcmp(secret_peek(rq->bearer), "T0") == 0)
		rs->status = 401;
	buf_str(&rs->body, "{}");
	rs->date = FAKE_ENV_START;
	return true;
}

static void crowd_close(struct http *h)
{
	(void)h;
}

static void *one_of_many(void *arg)
{
	struct http own = { .send = crowd_send, .close = crowd_close };

	for (int i = 0; i < 50; i++) {
		AUTO_JSON struct json *j = NULL;
		struct err e = ERR_INIT;

		if (!arm_get(arg, &own, "/x", &j, &e))
			return arg;
		(void)arm_clock_offset(arg);
	}
	return NULL;
}

/* One token for all threads; when it is refused, one new one. */
static void many_threads(void **state)
{
	(void)state;
	struct arm_rig r;
	pthread_t thread[8];
	void *failed = NULL;

	arm_rig_open(&r, NULL, 0);
	for (size_t i = 0; i < COUNT(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, one_of_many, r.arm), 0);
	for (size_t i = 0; i < COUNT(thread); i++) {
		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(tokens_given, 2);
	assert_in_range(requests_seen, 401, 408);
	assert_true(arm_rig_close(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends),
		cmocka_unit_test(one_new_token),
		cmocka_unit_test(a_fence_renews_nothing),
		cmocka_unit_test(each_service_has_its_token),
		cmocka_unit_test(without_a_token),
		cmocka_unit_test(lost_answers),
		cmocka_unit_test(throttled),
		cmocka_unit_test(lists),
		cmocka_unit_test(endless_list),
		cmocka_unit_test(garbage),
		cmocka_unit_test(identities),
		cmocka_unit_test(subscriptions),
		cmocka_unit_test(who_we_are),
		cmocka_unit_test(many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
