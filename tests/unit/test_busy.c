/* SPDX-License-Identifier: MIT */
/*
 * Sinks that cannot be touched, in a record that is shared: while one rotator is at work nobody
 * else does anything. What that is worth flow/test_fleet.c shows; here is when the record says so,
 * and until when it is believed. See fakes/rotation_rig.h.
 */
#include "check.h"

#include "base/err.h"
#include "fakes/memory_store.h"
#include "fakes/rotation_rig.h"

#define HOUR_S 3600

static struct store *own, *shared;

/* Due, in a record of one host or of several, with sinks that can be touched or not. */
static void set(bool several, bool touched)
{
	struct err e = ERR_INIT;
	AUTO_STATE struct state s = { 0 };

	rig.store = own;
	rig_due();
	for (size_t i = 0; i < SINKS; i++)
		rig.specs[i].ops = touched ? &sink_memory_touched : &sink_memory;
	if (!several)
		return;
	rig_load(&s);
	store_close(shared);
	shared = memory_store_open();
	free(s.version);
	s.version = NULL;
	CHECK(state_save(shared, "web", &s, STORE_DURABLE, &e), "%s", e.text);
	rig.store = shared;
}

static int64_t now_s(void)
{
	return rig.service.clock_ms / 1000;
}

static int64_t busy_until(void)
{
	AUTO_STATE struct state s = { 0 };

	rig_load(&s);
	return s.busy_until;
}

static void the_record_says_so_while_it_lasts(void **state)
{
	(void)state;
	static const struct {
		bool several, touched, busy;
	} row[] = { { true, false, true }, { true, true, false }, { false, false, false } };

	for (size_t i = 0; i < COUNT(row); i++) {
		set(row[i].several, row[i].touched);
		for (size_t k = 0; k < SINKS; k++)
			rig.memory[k].committing = rig_committing;
		rig_must_run(ROTATE_FORCE);
		CHECK(rig.met.generates == 1, "row %zu", i);
		CHECK((rig.met.at_generate.busy_until > now_s() + HOUR_S / 2) == row[i].busy &&
		              (rig.met.at_commit.busy_until > now_s() + HOUR_S / 2) == row[i].busy,
		      "row %zu: %lld %lld", i, (long long)rig.met.at_generate.busy_until,
		      (long long)rig.met.at_commit.busy_until);
		CHECK(busy_until() == 0, "row %zu: it stayed", i);
	}
}

/* A copy of what another sink holds is a write like any other. */
static void a_heal_says_so_too(void **state)
{
	(void)state;
	set(true, false);
	rig.memory[1].held[0] = '\0';
	rig.memory[1].committing = rig_committing;
	rig_must_run(0);
	assert_string_equal(rig.memory[1].held, rig.deployed);
	assert_int_equal(rig.met.generates, 0);
	assert_true(rig.met.at_commit.busy_until > now_s());
	assert_int_equal(busy_until(), 0);
}

/* Another rotator's mark, and what is deployed. */
static void set_busy(int64_t since_s, int64_t until_s)
{
	struct err e = ERR_INIT;
	AUTO_STATE struct state s = { 0 };

	rig_load(&s);
	s.busy_since = now_s() + since_s;
	s.busy_until = now_s() + until_s;
	CHECK(state_save(shared, "web", &s, STORE_DURABLE, &e), "%s", e.text);
}

static void the_others_wait(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		int64_t since, until, left; /* of what is deployed: 0: as it is */
		bool waits;
	} row[] = {
		{ "somebody is at work", -60, HOUR_S, 0, true },
		{ "the last second", -HOUR_S, 2, 0, true },
		{ "the time has passed", -HOUR_S, -1, 0, false },
		/* 8000 s when it began: a quarter of them is over after 2000. */
		{ "what is deployed would end, and a quarter of it has not passed", -1990,
		  HOUR_S * 2, 6010, true },
		{ "... and has", -2010, HOUR_S * 2, 5990, false },
		{ "... but outlives it", -2010, HOUR_S, 5990, true },
		{ "what is deployed had ended before", -2010, HOUR_S, -3000, true },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct ending end;
		set(true, false);
		if (row[i].left != 0) {
			struct err e = ERR_INIT;
			AUTO_STATE struct state s = { 0 };
			rig_load(&s);
			int slot = rig_slot_of(rig.deployed);
			s.slot[slot].expires_us = (now_s() + row[i].left) * 1000000;
			CHECK(state_save(shared, "web", &s, STORE_DURABLE, &e), "%s", e.text);
		}
		set_busy(row[i].since, row[i].until);
		rig_clear_met();
		rig.service.requests = 0;
		bool ok = rig_run(ROTATE_FORCE, &end);
		if (row[i].waits)
			CHECK(!ok && end.e.kind == ERR_CONFLICT && rig.service.requests == 0 &&
			              strstr(end.e.text, "another rotator is at work since") !=
			                      NULL,
			      "%s: %d %s", row[i].what, (int)end.e.kind, end.e.text);
		else
			CHECK(end.e.kind != ERR_CONFLICT && rig.service.requests > 0, "%s: %s",
			      row[i].what, end.e.text);
	}
}

/* By the local clock it was over, by Azure's, which is known only later, it is not: neither a
 * generate nor a copy. */
static void the_clock_was_ahead(void **state)
{
	(void)state;
	for (int heals = 0; heals < 2; heals++) {
		struct ending end;
		set(true, false);
		if (heals)
			rig.memory[1].held[0] = '\0';
		set_busy(-60, HOUR_S / 2);
		rig.service.local_ahead_s = HOUR_S;
		rig_clear_met();
		int before = rig.memory[1].commits;
		bool ok = rig_run(heals ? 0 : ROTATE_FORCE, &end);
		rig.service.local_ahead_s = 0;
		CHECK(!ok && end.e.kind == ERR_CONFLICT &&
		              strstr(end.e.text, "another rotator is at work since") != NULL,
		      "heals %d: %d %s", heals, (int)end.e.kind, end.e.text);
		CHECK(rig.met.generates == 0 && rig.memory[1].commits == before, "heals %d", heals);
	}
}

/* A write that was given up may still arrive: only time ends that. */
static void what_may_still_arrive_is_waited_for(void **state)
{
	(void)state;
	for (int refuses = 0; refuses < 2; refuses++) {
		struct ending end;
		set(true, false);
		rig.memory[1].no_commit = true;
		rig.memory[1].refuses = refuses == 1;
		CHECK(!rig_run(ROTATE_FORCE, &end) && end.e.kind != ERR_CONFLICT, "%s", end.e.text);
		CHECK((busy_until() != 0) == (refuses == 0), "refuses %d: %lld", refuses,
		      (long long)busy_until());
		rig.memory[1].no_commit = false;
		bool ok = rig_run(0, &end);
		CHECK(ok == (refuses == 1) && (ok || end.e.kind == ERR_CONFLICT), "refuses %d: %s",
		      refuses, end.e.text);
	}
}

/* What has come to its end without a delivery keeps nobody away, and is remembered as a failure. */
static void what_no_sink_took_holds_up_nobody(void **state)
{
	static const struct {
		const char *what;
		bool deaf[SINKS], too_large[SINKS];
		int failures;
	} row[] = {
		{ "no sink has it in the end", { true, true }, { false, false }, 1 },
		{ "no sink could take it", { false, false }, { true, true }, 1 },
		{ "one has it", { true, false }, { false, false }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		set(true, false);
		for (size_t k = 0; k < SINKS; k++) {
			rig.memory[k].deaf = row[i].deaf[k];
			rig.memory[k].no_prepare = row[i].too_large[k];
		}
		bool ok = rig_run(ROTATE_FORCE, &end);
		CHECK(rig_ended(&end, ok, ERR_LOCAL, ""), "%s: %s", row[i].what, end.e.text);
		rig_load(&now);
		CHECK(now.busy_since == 0 && now.busy_until == 0, "%s: %lld", row[i].what,
		      (long long)now.busy_until);
		CHECK(now.failing_since != 0 && now.failed_runs == 1 && now.last_error != NULL,
		      "%s: not remembered", row[i].what);
		CHECK(now.failures == row[i].failures, "%s: %lld", row[i].what,
		      (long long)now.failures);
		CHECK(rig_works(0) && rig_works(1), "%s: cut off", row[i].what);
	}
}

/* Another rotator has touched a sink between our last look and the request, which is not sent. */
static void who_gives_way_leaves_no_mark(void **state)
{
	struct ending end;

	(void)state;
	set(true, false);
	rig.specs[0].ops = &sink_memory_touched;
	rig.memory[0].no_touch = ERR_BUSY;
	bool ok = rig_run(ROTATE_FORCE, &end);
	CHECK(rig_ended(&end, ok, ERR_CONFLICT, ""), "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
	assert_int_equal(busy_until(), 0);
	rig.memory[0].no_touch = ERR_NONE;
	rig_must_run(ROTATE_FORCE);
}

static int set_group(void **state)
{
	int rc = rig_set(state);

	own = rig.store;
	return rc;
}

static int strike_group(void **state)
{
	store_close(shared);
	rig.store = own;
	return rig_strike(state);
}

/* A sink that is written with an access token of its own: what is under way ends with that. */
static void until_the_last_token_ends(void **state)
{
	(void)state;
	set(true, false);
	rig.specs[1].ops = &sink_memory_fenced;
	rig.memory[1].fenced_until = now_s() + 5 * HOUR_S;
	rig.memory[1].committing = rig_committing;
	rig_must_run(ROTATE_FORCE);
	assert_true(rig.met.generates == 1 && rig.memory[1].fences > 0 &&
	            rig.memory[1].unfences >= rig.memory[1].fences);
	CHECK(rig.met.at_generate.busy_until >= rig.memory[1].fenced_until, "%lld",
	      (long long)rig.met.at_generate.busy_until);
	assert_true(busy_until() == 0 && rig_works(0) && rig_works(1));
}

/* One that gets no such token is left out, and holds up no other. */
static void without_a_token_of_its_own(void **state)
{
	struct ending end;

	(void)state;
	set(true, false);
	rig.specs[1].ops = &sink_memory_fenced;
	rig.memory[1].no_fence = ERR_DENIED;
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(end.e.kind == ERR_DENIED, "%s", end.e.text);
	assert_int_equal(rig.met.generates, 1);
	assert_true(rig_works(0) && strcmp(rig.memory[0].held, rig.deployed) != 0);
	assert_string_equal(rig.memory[1].held, rig.deployed);
	assert_true(rig_works(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_says_so_while_it_lasts),
		cmocka_unit_test(a_heal_says_so_too),
		cmocka_unit_test(the_clock_was_ahead),
		cmocka_unit_test(until_the_last_token_ends),
		cmocka_unit_test(without_a_token_of_its_own),
		cmocka_unit_test(what_no_sink_took_holds_up_nobody),
		cmocka_unit_test(who_gives_way_leaves_no_mark),
		cmocka_unit_test(the_others_wait),
		cmocka_unit_test(what_may_still_arrive_is_waited_for),
	};

	return cmocka_run_group_tests(tests, set_group, strike_group);
}
