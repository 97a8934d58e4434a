/* SPDX-License-Identifier: MIT */
/* The job's place among all that ask Azure: where it waits while others are throttled, and for how
 * long. See fakes/rotation_rig.h. */
#include "check.h"

#include "azure/arm.h"
#include "base/err.h"
#include "base/json.h"
#include "fakes/rotation_rig.h"
#include "http/http.h"

#define NEIGHBOURS "/subscriptions/sub/neighbours?api-version=1"

static struct {
	const char *at;       /* the step that is to wait */
	int64_t closed_ms;    /* what the others are told */
	int64_t open_at_ms;   /* and until when that is */
	int64_t then_ms;      /* and when they ask again; 0: they do not */
	int there, elsewhere; /* waits in line */
	int told_early;       /* it is its turn, though nothing is served */
	int requests;         /* until the first of them */
} line;

/* Another job of the run asks, and is told to wait. */
static void others_are_throttled(void)
{
	AUTO_JSON struct json *none = NULL;
	struct http *h = fake_service_client(&rig.service);
	struct err e = ERR_INIT;

	rig.service.fault = (struct fake_fault){ .what = FAKE_STATUS,
		                                 .at = 1,
		                                 .stays = true,
		                                 .status = 429,
		                                 .code = "TooManyRequests",
		                                 .retry_after_ms = line.closed_ms,
		                                 .only = "/neighbours" };
	CHECK(!arm_get(rig.arm, h, NEIGHBOURS, &none, &e) && e.throttled, "%s", e.text);
	rig.service.fault.what = FAKE_WELL;
	line.open_at_ms = rig.service.clock_ms + line.closed_ms;
	http_close(h);
}

/* Meanwhile this job asks nobody for anything. */
static void in_line(struct rotation *r)
{
	int64_t wait_ms = 0;

	if (rotation_line(r) == NULL)
		return;
	assert_true(rotation_throttled(r));
	if (strcmp(rotation_at(r), line.at) != 0) {
		line.elsewhere++;
		return;
	}
	if (line.there++ == 0)
		line.requests = rig.service.requests;
	CHECK(rig.service.requests == line.requests, "%s: it asks", line.at);
	if (line.then_ms != 0 && rig.service.clock_ms >= line.open_at_ms) {
		line.closed_ms = line.then_ms;
		others_are_throttled();
		line.requests = rig.service.requests;
	}
	bool closed = rig.service.clock_ms < line.open_at_ms, turn = rotation_turn(r, &wait_ms);
	CHECK(turn || wait_ms > 0, "%s: at once", line.at);
	line.told_early += turn && closed;
}

/* before: the read of the token at which the others are throttled; 0: before the job begins. */
static void behind_others(const char *at, int64_t closed_ms, int before)
{
	memset(&line, 0, sizeof(line));
	line.at = at;
	line.closed_ms = closed_ms;
	rig.waiting = in_line;
	rig.beginning = before == 0 ? others_are_throttled : NULL;
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = before;
	rig.meddler.fn = others_are_throttled;
}

static void unknown(void)
{
	rig_stage();
}

/* Azure has lost both passwords: whoever looks learns of it, and rotates. */
static void wiped(void)
{
	rig_due();
	fake_service_wipe(&rig.service);
}

/* The registry is known. What the sinks hold cannot be read, so the run only looks for the
 * token. */
static void missing(void)
{
	struct ending end;

	rig_stage();
	rig.service.missing = true;
	assert_false(rig_run(0, &end));
	rig.memory[0].unreadable = rig.memory[1].unreadable = true;
	rig.job.policy.create = true;
	fake_service_pass(&rig.service, 2 * DAY_MS);
	rig_clear_met();
}

/* Wherever a job begins to need Azure it waits for its turn, and goes on from there. */
static void a_job_waits_behind_others(void **state)
{
	/* clang-format off */
	static const struct { const char *at; void (*set)(void); int before; unsigned flags; int generates; } rows[] = {
		{ "find registry", unknown, 0, 0, 1 },
		{ "read token", rig_due, 0, ROTATE_FORCE, 1 },
		{ "ask the doors", wiped, 1, 0, 1 },
		{ "prepare token", missing, 1, 0, 0 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		rows[i].set();
		behind_others(rows[i].at, 60000, rows[i].before);
		bool ok = rig_run(rows[i].flags, &end);
		CHECK(line.there > 1 && line.elsewhere == 0, "%s: %d waits, %d elsewhere",
		      rows[i].at, line.there, line.elsewhere);
		CHECK(rig.service.clock_ms >= line.open_at_ms && line.told_early == 0 &&
		              !rig.service.missing,
		      "%s", rows[i].at);
		CHECK(ok == (rows[i].generates > 0) && rig.met.generates == rows[i].generates,
		      "%s: %d: %s", rows[i].at, rig.met.generates, end.e.text);
		CHECK(!ok || (rig_works(0) && rig_works(1)), "%s", rows[i].at);
	}
}

/* What lasts for longer than anybody waits is left to the next run, as what failed in passing. */
static void a_line_that_does_not_move_is_left(void **state)
{
	enum { MINUTE = 60000 };
	static const struct {
		const char *what;
		int64_t closed_ms, then_ms, least_ms, most_ms;
		int told_early;
	} rows[] = {
		{ "for long", 120 * MINUTE, 0, 0, MINUTE, 0 },
		{ "again and again", 10 * MINUTE, 10 * MINUTE, 60 * MINUTE, 75 * MINUTE, 0 },
		{ "again, for long", 10 * MINUTE, 120 * MINUTE, 10 * MINUTE, 12 * MINUTE, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		rig_due();
		behind_others("read token", rows[i].closed_ms, 0);
		line.then_ms = rows[i].then_ms;
		int64_t from = rig.service.clock_ms;
		CHECK(!rig_run(ROTATE_FORCE, &end) && end.e.kind == ERR_TRANSIENT &&
		              strstr(end.e.text, "throttles this subscription") != NULL,
		      "%s: %s", rows[i].what, end.e.text);
		int64_t took = rig.service.clock_ms - from;
		CHECK(took >= rows[i].least_ms && took <= rows[i].most_ms, "%s: %lld ms",
		      rows[i].what, (long long)took);
		CHECK(rig.met.reads == 0 && rig.met.generates == 0, "%s: it asks", rows[i].what);
		/* Whoever asks for its turn learns that it is to give up. */
		CHECK(line.told_early == rows[i].told_early, "%s: %d", rows[i].what,
		      line.told_early);
		CHECK(rig_works(0) && rig_works(1), "%s", rows[i].what);
		/* It is no failure that somebody is to be told of at once. */
		CHECK(!end.out.loud, "%s: loud", rows[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_waits_behind_others),
		cmocka_unit_test(a_line_that_does_not_move_is_left),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
