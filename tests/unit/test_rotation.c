/* SPDX-License-Identifier: MIT */
/* One run of a job as a whole: the lock, what it reads first, how often it tries, what it leaves
 * alone. See fakes/rotation_rig.h. */
#include "check.h"

#include <sys/stat.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/mem.h"
#include "fakes/memory_store.h"
#include "fakes/rotation_rig.h"
#include "fakes/sinks.h"

static void another_run_keeps_this_one_out(void **state)
{
	AUTO_FREE char *path = mem_fmt("%s/web.lock", rig.state_dir);
	struct lock lock = LOCK_INIT;
	struct ending end;

	(void)state;
	rig_due();
	assert_true(lock_take(path, &lock, &end.e));
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_BUSY);
	assert_int_equal(rig.met.reads + rig.met.generates + rig.met.logins, 0);
	/* A dry run changes nothing and needs no lock. */
	CHECK(rig_run(ROTATE_FORCE | ROTATE_DRY_RUN, &end), "%s", end.e.text);
	lock_drop(&lock);
	rig_must_run(ROTATE_FORCE);
	assert_int_equal(rig.met.generates, 1);
}

static struct store *shared;

static void record_elsewhere(void)
{
	rig_record_elsewhere(shared);
}

/* What it recorded stays, and this run ends without a request that acts. */
static void another_rotator_ends_this_run(void **state)
{
	AUTO_STORE struct store *own = rig.store;
	AUTO_STATE struct state s = { 0 }, after = { 0 };
	struct ending end;
	struct err e = ERR_INIT;

	(void)state;
	shared = memory_store_open();
	rig_due();
	rig_load(&s);
	s.failing_since = 1; /* long ago: a failure would be told */
	CHECK(state_save(shared, "web", &s, STORE_DURABLE, &e), "%s", e.text);
	rig.store = shared;
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 1;
	rig.meddler.fn = record_elsewhere;
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(end.e.kind == ERR_CONFLICT && !end.out.changed && !end.out.loud, "%s", end.e.text);
	assert_true(rig.met.fired && rig.met.generates == 0);
	rig_load(&after);
	assert_int_equal(after.accepted_after_ms, 4711);
	assert_int_equal(after.failed_runs, 0);
	/* The next one goes on from there. */
	rig.meddler.nth = 0;
	rig_must_run(ROTATE_FORCE);
	assert_true(rig_works(0) && rig_works(1));
	rig.store = take(&own);
	store_close(shared);
}

/* Whoever takes longer than any rotation does is not waited for, nor whose clock is not ours. */
static void another_rotator_at_work_is_waited_for(void **state)
{
	static const struct {
		const char *what;
		int64_t since_s;
		bool waits;
	} rows[] = { { "a moment ago", -10, true },
		     { "long ago", -7200, false },
		     { "some day", 7200, false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STORE struct store *own = rig.store;
		AUTO_STATE struct state s = { 0 };
		struct ending end;
		struct err e = ERR_INIT;
		shared = memory_store_open();
		rig_due();
		rig_load(&s);
		struct slot_memory *spare = &s.slot[1 - rig_slot_of(rig.deployed)];
		spare->intent = true;
		spare->intent_since = rig.service.clock_ms / 1000 + rows[i].since_s;
		CHECK(state_save(shared, "web", &s, STORE_DURABLE, &e), "%s", e.text);
		for (size_t k = 0; k < SINKS; k++)
			rig.specs[k].ops = &sink_memory_touched;
		rig.store = shared;
		bool ok = rig_run(ROTATE_FORCE, &end);
		CHECK((!ok && end.e.kind == ERR_CONFLICT &&
		       strstr(end.e.text, "another rotator is at work since") != NULL) ==
		              rows[i].waits,
		      "%s: %s", rows[i].what, end.e.text);
		CHECK((rig.met.generates == 0) == rows[i].waits, "%s: %d", rows[i].what,
		      rig.met.generates);
		rig.store = take(&own);
		store_close(shared);
	}
}

/* Others may have the record, too. */
static void beside_others(void)
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;

	rig_load(&s);
	CHECK(state_save(shared, "web", &s, STORE_DURABLE, &e), "%s", e.text);
	rig.store = shared;
}

static void nothing_is_proven(void)
{
	rig.job.policy.verify_wait = 1;
}

/* What the state says of the token is not enough to generate: it is read, although it was read a
 * moment ago by another run; and again before the request, where that was a while ago, or what the
 * sinks hold is not tried. */
static void the_token_is_read_before_the_decision(void **state)
{
	static const struct {
		const char *what;
		void (*set)(void);
		unsigned flags;
		int reads; /* the last one is behind the proof */
	} rows[] = {
		{ "at once", NULL, ROTATE_FORCE, 2 },
		{ "slowly", rig_slow, ROTATE_FORCE, 3 },
		{ "beside other rotators", beside_others, ROTATE_FORCE, 3 },
		{ "without a proof", nothing_is_proven, ROTATE_FORCE, 3 },
		{ "revoked, --now", NULL, ROTATE_REVOKE | ROTATE_REVOKE_NOW, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STORE struct store *own = rig.store;
		shared = memory_store_open();
		rig_due();
		rig_must_run(0);
		fake_service_pass(&rig.service, 60000);
		rig_clear_met();
		if (rows[i].set != NULL)
			rows[i].set();
		rig_must_run(rows[i].flags);
		rig.job.policy.verify_wait = 0;
		rig.store = take(&own);
		store_close(shared);
		CHECK(rig.met.generates >= 1 && rig.met.reads == rows[i].reads,
		      "%s: %d generates, %d reads", rows[i].what, rig.met.generates, rig.met.reads);
	}
}

/* A transient failure is met again a few times, in a while that is bounded. */
static void a_request_that_fails_is_repeated_a_few_times(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.service.fail_reads = 2;
	rig_must_run(ROTATE_FORCE);
	assert_true(rig_works(0) && strcmp(rig.memory[0].held, rig.deployed) != 0);
	rig_due();
	rig.service.fail_reads = 1000;
	int64_t from = rig.service.clock_ms;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_TRANSIENT);
	assert_true(rig.met.reads >= 3 && rig.met.reads <= 6 &&
	            rig.service.clock_ms - from < 600 * 1000);
}

/* How many requests a rotation takes. */
static int count_requests(void)
{
	rig_due();
	rig.service.requests = 0;
	rig_must_run(ROTATE_FORCE);
	return rig.service.requests;
}

/* only: NULL: everything */
static void throttle_from(int at, int64_t for_ms, int64_t retry_after_ms, const char *only)
{
	rig_due();
	rig.service.requests = 0;
	rig.service.fault = (struct fake_fault){ .what = FAKE_STATUS,
		                                 .at = at,
		                                 .stays = true,
		                                 .status = 429,
		                                 .code = "TooManyRequests",
		                                 .retry_after_ms = retry_after_ms,
		                                 .only = only,
		                                 .until_ms = rig.service.clock_ms + for_ms };
}

/* However often: from any request on, whatever was generated and proven by then is delivered. */
static void a_429_is_no_try(void **state)
{
	static const struct {
		int64_t for_ms, retry_after_ms;
		const char *only;
	} rows[] = { { 8 * 60000, 20000, NULL },
		     { 8 * 60000, -1, NULL },
		     { 45 * 60000, 60000, NULL },
		     { 45 * 60000, 60000, "azurecr.io/" } };
	int requests = count_requests();
	struct ending end;

	(void)state;
	assert_true(requests > 8);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int at = 1; at <= requests; at++) {
			throttle_from(at, rows[i].for_ms, rows[i].retry_after_ms, rows[i].only);
			int before = rig.service.generated;
			CHECK(rig_run(ROTATE_FORCE, &end), "row %zu, from request %d on: %s", i, at,
			      end.e.text);
			CHECK(rig.service.generated == before + 1, "row %zu, %d: %d generates", i,
			      at, rig.service.generated - before);
			CHECK(rig_works(0) && rig_works(1) &&
			              strcmp(rig.memory[0].held, rig.deployed) != 0,
			      "row %zu, %d", i, at);
		}
}

/* But it is bounded: by time, and a service that asks for hours is left to the next run at once. */
static void throttling_has_an_end(void **state)
{
	static const struct {
		int64_t retry_after_ms, at_most_ms;
	} rows[] = { { 60000, 75 * 60000 }, { -1, 75 * 60000 }, { 2 * 3600000, 60000 } };
	int requests = count_requests();
	struct ending end;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int at = 1; at <= requests; at++) {
			throttle_from(at, DAY_MS, rows[i].retry_after_ms, NULL);
			int64_t from = rig.service.clock_ms;
			CHECK(!rig_run(ROTATE_FORCE, &end), "row %zu, from request %d on", i, at);
			int64_t took = rig.service.clock_ms - from;
			CHECK(end.e.kind == ERR_TRANSIENT, "row %zu, %d: %s", i, at, end.e.text);
			CHECK(took <= rows[i].at_most_ms, "row %zu, %d: %lld ms", i, at,
			      (long long)took);
			CHECK(rig_works(0) && rig.met.held_killed == 0, "row %zu, %d", i, at);
		}
}

static int committed;

static void two_months_pass(struct memory *m)
{
	rig_committing(m);
	if (committed++ == 0)
		fake_service_pass(&rig.service, 61 * DAY_MS);
}

/* One rotation a run: what is due again when it is done is for the next one. What was left is
 * stamped, and what was done is told. */
static void a_run_rotates_once(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	int old = rig_slot_of(rig.deployed);
	CHECK(rig_run(ROTATE_FORCE, &end), "%s", end.e.text);
	rig_load(&now);
	assert_true(now.slot[old].left != 0 && now.slot[1 - old].left == 0);
	assert_true(end.out.when == 0 && end.out.did == PLAN_ROTATE && end.out.why == WHY_NOT_DUE &&
	            end.out.in_step == SINKS);
	assert_int_equal(end.out.slot, 1 - old);
	rig_due();
	committed = 0;
	rig.memory[0].committing = two_months_pass;
	CHECK(rig_run(ROTATE_FORCE, &end), "%s", end.e.text);
	assert_true(committed == 1 && rig.met.generates == 1 && rig_works(0) && rig_works(1));
}

/* Times are the service's; a local clock that is off by a day is refused, because nothing else
 * on this machine can be believed either. */
static void times_are_the_services(void **state)
{
	enum { DAY = 86400 };
	/* clang-format off */
	static const struct { int64_t ahead_s, grace; bool ok; } rows[] = {
		{ 3600, DAY, true },
		{ -3600, DAY, true },
		{ 21600, DAY, true },
		{ 21700, DAY, false }, /* over a quarter of grace */
		{ 80000, 10 * DAY, true },
		{ 90000, 10 * DAY, false },
		{ -90000, 10 * DAY, false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rig_due();
		rig.service.local_ahead_s = rows[i].ahead_s;
		rig.job.policy.grace = rows[i].grace;
		bool ok = rig_run(ROTATE_FORCE, &end);
		CHECK(ok == rows[i].ok, "%lld: %s", (long long)rows[i].ahead_s, end.e.text);
		CHECK(rig.met.generates == ok, "%lld", (long long)rows[i].ahead_s);
		if (!ok)
			continue;
		rig_load(&now);
		int64_t expires = now.slot[rig_slot_of(rig.memory[0].held)].expires_us / 1000000,
			want = rig.service.clock_ms / 1000 + 90 * 86400;
		CHECK(expires <= want && expires > want - 600, "%lld: it lives %lld s",
		      (long long)rows[i].ahead_s, (long long)(expires - want));
	}
}

/* Nothing is written: neither by one that would rotate nor by one that asks, whatever the
 * registry says. */
static void a_dry_run_changes_nothing(void **state)
{
	static const struct {
		const char *what;
		unsigned flags;
		bool refused;
	} rows[] = {
		{ "nothing due", ROTATE_DRY_RUN, false },
		{ "forced", ROTATE_DRY_RUN | ROTATE_FORCE, false },
		{ "asks", ROTATE_DRY_RUN | ROTATE_ASK, false },
		{ "asks, and is refused", ROTATE_DRY_RUN | ROTATE_ASK, true },
	};
	AUTO_FREE char *path = mem_fmt("%s/web.state", rig.state_dir);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		rig_due();
		char *old = file_get(path);
		int commits = rig.memory[0].commits, prepares = rig.memory[0].prepares;
		rig.service.slot[rig_slot_of(rig.deployed)].accepted_ms =
			rows[i].refused ? INT64_MAX : 0;
		(void)rig_run(rows[i].flags, &end);
		char *new = file_get(path);
		CHECK_TEXT(new, old, "%s", rows[i].what);
		CHECK(rig.met.generates == 0 && rig.memory[0].commits == commits &&
		              rig.memory[0].prepares == prepares,
		      "%s", rows[i].what);
		free(old);
		free(new);
	}
}

/* What is lost is looked at by somebody, some day: it is not written over. */
static bool keep_nothing(const struct store *s, const char *name, struct err *e)
{
	(void)s;
	return err_set(e, ERR_LOCAL, "cannot keep '%s'", name);
}

static void a_record_that_cannot_be_set_aside_stays(void **state)
{
	AUTO_FREE char *record = mem_fmt("%s/web.state", rig.state_dir),
		       *lost = mem_fmt("%s/web.state.lost", rig.state_dir),
		       *before = mem_fmt("%s/web.state.lost.1", rig.state_dir);
	struct ending end;

	(void)state;
	rig_due();
	file_put(record, "what no save wrote\n");
	file_put(lost, "earlier\n");
	const struct store_ops *was = rig.store->ops;
	struct store_ops ops = *was;
	ops.set_aside = keep_nothing;
	rig.store->ops = &ops;
	bool ok = rig_run(ROTATE_FORCE, &end);
	rig.store->ops = was;
	CHECK(!ok && strstr(end.e.text, "cannot keep") != NULL, "%s", end.e.text);
	assert_int_equal(mkdir(before, 0700), 0);
	/* What cannot be read may tell of a request. */
	CHECK(!rig_run(ROTATE_FORCE, &end) && end.e.kind == ERR_LOCAL &&
	              strstr(end.e.text, "web.state.lost.1") != NULL,
	      "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
	AUTO_FREE char *text = file_get(record);
	CHECK_TEXT(text, "what no save wrote\n", "written over");
	assert_int_equal(rmdir(before), 0);
	CHECK(!rig_run(ROTATE_FORCE, &end) && end.e.kind == ERR_DECISION, "%s", end.e.text);
	AUTO_FREE char *kept = file_get(lost);
	CHECK_TEXT(kept, "what no save wrote\n", "set aside");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_run_keeps_this_one_out),
		cmocka_unit_test(another_rotator_ends_this_run),
		cmocka_unit_test(the_token_is_read_before_the_decision),
		cmocka_unit_test(a_request_that_fails_is_repeated_a_few_times),
		cmocka_unit_test(a_429_is_no_try),
		cmocka_unit_test(throttling_has_an_end),
		cmocka_unit_test(a_run_rotates_once),
		cmocka_unit_test(times_are_the_services),
		cmocka_unit_test(a_dry_run_changes_nothing),
		cmocka_unit_test(a_record_that_cannot_be_set_aside_stays),
		cmocka_unit_test(another_rotator_at_work_is_waited_for),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
