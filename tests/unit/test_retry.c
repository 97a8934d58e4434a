/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/fake_env.h"
#include "fakes/fake_http.h"
#include "http/http.h"

enum { GIVE_UP = -1 };

/* What comes of one try: `lo` to `hi` ms of waiting, or GIVE_UP. */
static void decisions(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int tried, status; /* status 0: no response */
		int64_t hint;      /* -1: none */
		enum err_kind kind;
		bool not_acted, once, plain, no_retry;
		int64_t lo, hi;
	} row[] = {
		{ "200", 1, 200, -1, .lo = GIVE_UP },
		{ "404", 1, 404, -1, .lo = GIVE_UP },
		{ "409", 1, 409, -1, .lo = GIVE_UP },
		{ "501", 1, 501, -1, .lo = GIVE_UP },
		{ "408", 1, 408, -1, .lo = 640, .hi = 1040 },
		{ "429", 1, 429, -1, .lo = 640, .hi = 1040 },
		{ "500", 1, 500, -1, .lo = 640, .hi = 1040 },
		{ "502", 1, 502, -1, .lo = 640, .hi = 1040 },
		{ "503, second", 2, 503, -1, .lo = 1920, .hi = 3120 },
		{ "504, third", 3, 504, -1, .lo = 4480, .hi = 7280 },
		{ "fourth try was the last", 4, 503, -1, .lo = GIVE_UP },
		{ "asked for", 1, 429, 12345, .lo = 12345, .hi = 12345 },
		{ "asked for none", 1, 503, 0, .lo = 0, .hi = 0 },
		{ "asked for a minute", 1, 429, 60000, .lo = 60000, .hi = 60000 },
		{ "asked for more than we wait", 1, 429, 60001, .lo = GIVE_UP },
		{ "network", 1, 0, -1, ERR_TRANSIENT, .lo = 640, .hi = 1040 },
		{ "trust", 1, 0, -1, ERR_CONFIG, .not_acted = true, .lo = GIVE_UP },
		{ "garbage", 1, 0, -1, ERR_REMOTE, .lo = GIVE_UP },
		{ "once: 500", 1, 500, -1, .once = true, .lo = GIVE_UP },
		{ "once: 429 is the caller's", 1, 429, 5, .once = true, .lo = GIVE_UP },
		{ "once: answer lost", 1, 0, -1, ERR_TRANSIENT, .once = true, .lo = GIVE_UP },
		{ "once: never sent", 1, 0, -1, ERR_TRANSIENT, .not_acted = true, .once = true,
		  .lo = 640, .hi = 1040 },
		{ "once: never sent, for good", 1, 0, -1, ERR_CONFIG, .not_acted = true,
		  .once = true, .lo = GIVE_UP },
		{ "identity endpoint updating", 1, 410, -1, .plain = true, .lo = 640, .hi = 1040 },
		{ "identity endpoint starting", 1, 404, -1, .plain = true, .lo = 640, .hi = 1040 },
		{ "identity endpoint refuses", 1, 400, -1, .plain = true, .lo = GIVE_UP },
		{ "probe", 1, 503, -1, .no_retry = true, .lo = GIVE_UP },
		{ "probe, never sent", 1, 0, -1, ERR_TRANSIENT, .not_acted = true, .no_retry = true,
		  .lo = GIVE_UP },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		for (uint64_t seed = 1; seed < 50; seed++) {
			struct fake_env env;
			struct http_request rq = { .once = row[i].once,
				                   .plain_ok = row[i].plain,
				                   .no_retry = row[i].no_retry };
			struct http_response rs = { .status = row[i].status,
				                    .retry_after_ms = row[i].hint };
			struct err e = { .kind = row[i].kind, .not_acted = row[i].not_acted };
			int64_t ms = -7;

			fake_env_init(&env, seed);
			bool again = retry_next(&retry_default, &env.env, row[i].tried, &rq, &rs,
			                        row[i].status ? NULL : &e, &ms);
			CHECK(again == (row[i].lo != GIVE_UP), "%s", row[i].name);
			CHECK(again ? ms >= row[i].lo && ms <= row[i].hi : ms == -7, "%s: %lld ms",
			      row[i].name, (long long)ms);
		}
	}
}

static void cap(void **state)
{
	(void)state;
	struct fake_env env;
	struct retry_policy p = { .tries = 100, .first_ms = 800, .cap_ms = 60000 };
	struct http_response rs = { .status = 503, .retry_after_ms = -1 };
	int64_t ms;

	fake_env_init(&env, 3);
	for (int tried = 8; tried < 100; tried++) {
		assert_true(retry_next(&p, &env.env, tried, &(struct http_request){ 0 }, &rs, NULL,
		                       &ms));
		assert_int_equal(ms, 60000);
	}
}

struct rig {
	struct fake_env env;
	struct fake_http *script;
	struct http *http;
};

static void rig_open(struct rig *r, const struct fake_step *steps, size_t n,
                     const struct retry_policy *p)
{
	fake_env_init(&r->env, 1);
	r->script = fake_http_new(steps, n);
	r->http = http_retry_open(fake_http_client(r->script), &r->env.env, p);
}

static void rig_close(struct rig *r)
{
	assert_true(fake_http_done(r->script));
	http_close(r->http);
	fake_http_free(r->script);
}

static void waits_in_place(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct fake_step steps[] = {
		{ HTTP_GET, "https://h/", .outcome = FAKE_DROP_AFTER },
		{ HTTP_GET, "https://h/", .status = 503, .headers = { "Location: https://old/" },
		  .answer = "busy" },
		{ HTTP_GET, "https://h/", .status = 429, .headers = { "Retry-After: 7" } },
		{ HTTP_GET, "https://h/", .status = 200, .answer = "done" },
	};
	/* clang-format on */
	struct rig r;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	rig_open(&r, steps, COUNT(steps), &retry_default);
	assert_true(http_send(r.http, &(struct http_request){ .url = "https://h/" }, &rs, &e));
	assert_int_equal(rs.status, 200);
	assert_string_equal(buf_cstr(&rs.body), "done");
	assert_null(rs.location);
	assert_true(r.env.slept_ms >= 640 + 1920 + 7000 && r.env.slept_ms <= 1040 + 3120 + 7000);
	rig_close(&r);
}

static void gives_back_the_last(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_PUT, .status = 500 },
		{ HTTP_PUT, .status = 502 },
		{ HTTP_PUT, .status = 503 },
		{ HTTP_PUT, .outcome = FAKE_DROP_BEFORE },
	};
	struct rig r;
	struct http_response rs = { .status = 7 };
	struct err e = ERR_INIT;

	rig_open(&r, steps, COUNT(steps), &retry_default);
	assert_false(http_send(r.http,
	                       &(struct http_request){ .method = HTTP_PUT, .url = "https://h/" },
	                       &rs, &e));
	assert_int_equal(e.kind, ERR_TRANSIENT);
	assert_int_equal(rs.status, 7);
	rig_close(&r);
}

/* What the last try proves it proves of itself: one before it may have acted, or act yet. */
static void an_earlier_try_may_act(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_step steps[3];
		size_t n;
		bool answered, not_acted;
	} rows[] = {
		{ "refused", { { HTTP_PUT, .status = 403 } }, 1, true, true },
		{ "a server in trouble", { { HTTP_PUT, .status = 501 } }, 1, true, false },
		{ "throttled, then refused", { { HTTP_PUT, .status = 429 }, { HTTP_PUT, .status = 403 } }, 2, true, true },
		{ "never sent, then refused", { { HTTP_PUT, .outcome = FAKE_DROP_BEFORE }, { HTTP_PUT, .status = 403 } }, 2, true, true },
		{ "lost, then refused", { { HTTP_PUT, .outcome = FAKE_DROP_AFTER }, { HTTP_PUT, .status = 403 } }, 2, true, false },
		{ "a server in trouble, then refused", { { HTTP_PUT, .status = 503 }, { HTTP_PUT, .status = 409 } }, 2, true, false },
		{ "408, then refused", { { HTTP_PUT, .status = 408 }, { HTTP_PUT, .status = 409 } }, 2, true, false },
		{ "lost, throttled, then refused", { { HTTP_PUT, .outcome = FAKE_DROP_AFTER }, { HTTP_PUT, .status = 429 }, { HTTP_PUT, .status = 403 } }, 3, true, false },
		{ "never sent", { { HTTP_PUT, .outcome = FAKE_DROP_BEFORE }, { HTTP_PUT, .outcome = FAKE_DROP_BEFORE }, { HTTP_PUT, .outcome = FAKE_DROP_BEFORE } }, 3, false, true },
		{ "lost, then never sent", { { HTTP_PUT, .outcome = FAKE_DROP_AFTER }, { HTTP_PUT, .outcome = FAKE_DROP_BEFORE }, { HTTP_PUT, .outcome = FAKE_DROP_BEFORE } }, 3, false, false },
		{ "a server in trouble, then never sent", { { HTTP_PUT, .status = 502 }, { HTTP_PUT, .outcome = FAKE_DROP_BEFORE }, { HTTP_PUT, .outcome = FAKE_UNTRUSTED } }, 3, false, false },
	};
	/* clang-format on */
	const struct retry_policy p = { .tries = 3, .first_ms = 1, .cap_ms = 10 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct http_request rq = { .method = HTTP_PUT, .url = "https://h/" };
		AUTO_RESPONSE struct http_response rs = { 0 };
		struct err e = ERR_INIT;
		struct rig r;
		rig_open(&r, rows[i].steps, rows[i].n, &p);
		CHECK(http_send(r.http, &rq, &rs, &e) == rows[i].answered, "%s", rows[i].name);
		CHECK((rows[i].answered ? http_not_acted(&rs) : e.not_acted) == rows[i].not_acted,
		      "%s", rows[i].name);
		/* Nor does another client of the same request, with a new token, forget it. */
		bool was = rs.unsettled;
		http_response_again(&rs);
		CHECK(rs.status == 0 && rs.unsettled == was, "%s", rows[i].name);
		rig_close(&r);
	}
}

static void once_is_sent_once(void **state)
{
	(void)state;
	static const struct fake_step steps[] = { { HTTP_POST, .once = true,
		                                    .outcome = FAKE_DROP_AFTER } };
	struct rig r;
	struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	rig_open(&r, steps, COUNT(steps), &retry_default);
	assert_false(http_send(
		r.http,
		&(struct http_request){ .method = HTTP_POST, .url = "https://h/", .once = true },
		&rs, &e));
	assert_false(e.not_acted);
	assert_int_equal(r.env.slept_ms, 0);
	rig_close(&r);
}

static void budget(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, .status = 503, .headers = { "Retry-After: 3" } },
		{ HTTP_GET, .status = 503, .headers = { "Retry-After: 3" } }
	};
	struct retry_policy p = { .tries = 9, .first_ms = 800, .cap_ms = 60000, .budget_ms = 5000 };
	struct rig r;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	rig_open(&r, steps, COUNT(steps), &p);
	assert_true(http_send(r.http, &(struct http_request){ .url = "https://h/" }, &rs, &e));
	assert_int_equal(rs.status, 503);
	assert_int_equal(r.env.slept_ms, 3000);
	rig_close(&r);
}

/* An identity endpoint that is being updated is waited for, for more than the 70 seconds that
 * takes. */
static void identity_endpoint(void **state)
{
	(void)state;
	static const struct fake_step steps[] = { { .status = 410 }, { .status = 410 },
		                                  { .status = 404 }, { .status = 410 },
		                                  { .status = 410 }, { .status = 410 } };
	struct rig r;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	rig_open(&r, steps, COUNT(steps), &retry_default);
	assert_true(http_send(
		r.http,
		&(struct http_request){ .url = "http://169.254.169.254/", .plain_ok = true }, &rs,
		&e));
	assert_int_equal(rs.status, 410);
	assert_true(r.env.slept_ms > 60000 && r.env.slept_ms < 120000);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions),
		cmocka_unit_test(cap),
		cmocka_unit_test(waits_in_place),
		cmocka_unit_test(gives_back_the_last),
		cmocka_unit_test(an_earlier_try_may_act),
		cmocka_unit_test(once_is_sent_once),
		cmocka_unit_test(budget),
		cmocka_unit_test(identity_endpoint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
