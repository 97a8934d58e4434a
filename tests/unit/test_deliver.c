/* SPDX-License-Identifier: MIT */
/*
 * From a new password to the sinks: the proof at the registry, what is recorded first, what
 * stands in the sinks, hooks. See fakes/rotation_rig.h.
 */
#include "check.h"

#include "base/err.h"
#include "base/mem.h"
#include "fakes/rotation_rig.h"

static void a_replica_lags(void)
{
	rig.service.slot[1 - rig_slot_of(rig.deployed)].accepted_ms = rig.service.clock_ms + 10000;
}

/* Three in a row, and one that is refused in between begins anew: at once, and when it took the
 * registry a moment to know the password at all. */
static void three_acceptances_in_a_row(void **state)
{
	static const struct {
		int64_t known_after_ms;
		int logins;
	} rows[] = { { 0, 4 }, { 100, 7 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int at = 1; at <= rows[i].logins; at++) {
			rig_due();
			rig.service.propagation_ms = rows[i].known_after_ms;
			rig.meddler.kind = AT_LOGIN;
			rig.meddler.nth = at;
			rig.meddler.fn = a_replica_lags;
			rig_must_run(ROTATE_FORCE);
			CHECK(rig.met.fired && rig.met.works_at_commit, "row %zu login %d", i, at);
			CHECK(rig.met.accepted_at_commit >= 3, "row %zu login %d: %d in a row", i,
			      at, rig.met.accepted_at_commit);
			CHECK(rig_works(0) && rig_works(1), "row %zu login %d", i, at);
		}
}

/* Nobody gets a password before each host that is named has accepted it three times. */
static void every_host_accepts_it_first(void **state)
{
	static char two[] = "far.azurecr.io  CONTOSO.azurecr.io";
	struct ending end;

	(void)state;
	rig_due();
	rig.job.verify_at = two;
	rig.service.far_ms = 20000;
	rig.service.far_logins = 0;
	int64_t from = rig.service.clock_ms;
	rig_must_run(ROTATE_FORCE);
	rig.job.verify_at = NULL;
	assert_true(rig.service.far_logins >= 3 && rig.met.works_at_commit);
	assert_true(rig.service.clock_ms - from >= 20000);
	/* One that never accepts it keeps it from all. */
	rig_due();
	char before[sizeof(rig.memory[0].held)];
	memcpy(before, rig.memory[0].held, sizeof(before));
	rig.job.verify_at = two;
	rig.service.far_ms = INT64_MAX / 4;
	bool ok = rig_run(ROTATE_FORCE, &end);
	rig.job.verify_at = NULL;
	rig.service.far_ms = 0;
	assert_false(ok);
	CHECK(end.e.kind == ERR_TRANSIENT && strstr(end.e.text, "'far.azurecr.io'") != NULL, "%s",
	      end.e.text);
	assert_string_equal(rig.memory[0].held, before);
}

static void never_accepts(void)
{
	rig.service.slot[1 - rig_slot_of(rig.deployed)].accepted_ms = INT64_MAX;
}

static void what_is_never_accepted_is_delivered_to_nobody(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	int spare = 1 - rig_slot_of(rig.deployed);
	rig.meddler.kind = AT_LOGIN;
	rig.meddler.nth = 2; /* the first is of what is deployed */
	rig.meddler.fn = never_accepts;
	int64_t from = rig.service.clock_ms;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_TRANSIENT);
	assert_true(rig.service.clock_ms - from <= 700 * 1000);
	assert_string_equal(rig.memory[0].held, rig.deployed);
	/* of the two rotations before */
	assert_int_equal(rig.memory[0].commits + rig.memory[1].commits, 4);
	rig_load(&now);
	assert_true(!now.slot[spare].delivered && now.failures == 1 &&
	            now.next_generate > rig.service.clock_ms / 1000);
	/* Backing off: the next one does not generate. */
	assert_true(now.next_generate - rig.service.clock_ms / 1000 <= 900);
	rig_clear_met();
	assert_true(rig_run(0, &end) || end.e.kind == ERR_TRANSIENT);
	assert_int_equal(rig.met.generates, 0);
	/* Never longer than a quarter of what the deployed one has left. */
	rig_due();
	fake_service_pass(&rig.service, rig.service.slot[rig_slot_of(rig.deployed)].expires_ms -
	                                        rig.service.clock_ms - 40 * 60 * 1000);
	rig_clear_met();
	rig.meddler.kind = AT_LOGIN;
	rig.meddler.nth = 2; /* the first is of what is deployed */
	rig.meddler.fn = never_accepts;
	assert_false(rig_run(ROTATE_FORCE, &end));
	rig_load(&now);
	int64_t left =
		rig.service.slot[rig_slot_of(rig.deployed)].expires_ms - rig.service.clock_ms;
	assert_true(rig.met.fired && now.next_generate * 1000 > rig.service.clock_ms && left > 0);
	assert_true(now.next_generate * 1000 - rig.service.clock_ms <= left / 4 + 1000);
}

static void somebody_generates_ours(void)
{
	fake_service_generate(&rig.service, 1 - rig_slot_of(rig.deployed), "");
}

/* After the last acceptance the token is read once more: what was proven may be dead by now. */
static void what_was_proven_is_confirmed(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig_must_run(ROTATE_FORCE);
	assert_true(rig.met.reads_at_commit > rig.met.reads_at_last_login);
	int read = rig.met.reads_at_commit;
	rig_due();
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = read;
	rig.meddler.fn = somebody_generates_ours;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(rig.met.fired);
	assert_int_equal(end.e.kind, ERR_DECISION);
	assert_string_equal(rig.memory[0].held, rig.deployed);
	assert_string_equal(rig.memory[1].held, rig.deployed);
	assert_true(rig_works(0));
	rig_due();
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = read;
	rig.meddler.fn = rig_disable;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(rig.met.fired);
	assert_string_equal(rig.memory[0].held, rig.deployed);
}

static void it_is_generated_again(void)
{
	never_accepts();
	somebody_generates_ours();
	never_accepts();
}

/* And while it is waited for: nobody waits ten minutes for what is dead by now. */
static void what_is_waited_for_is_looked_at(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.meddler.kind = AT_LOGIN;
	rig.meddler.nth = 2; /* the first is of what is deployed */
	rig.meddler.fn = it_is_generated_again;
	int64_t from = rig.service.clock_ms;
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(rig.met.fired && end.e.kind == ERR_DECISION, "%s", end.e.text);
	assert_true(rig.service.clock_ms - from < 120 * 1000);
	assert_string_equal(rig.memory[0].held, rig.deployed);
}

/* What a kill at the first commit would leave. */
static void the_delivery_is_recorded_first(void **state)
{
	static char hook[] = "/bin/true";

	(void)state;
	for (int healing = 0; healing < 2; healing++) {
		rig_due();
		rig.memory[1].no_prepare = !healing;
		rig.specs[1].optional = true;
		rig.specs[0].on_change = rig.specs[1].on_change = hook;
		rig.job.on_change = hook;
		if (healing)
			rig.memory[0].held[0] = '\0';
		rig_must_run(healing ? 0 : ROTATE_FORCE);
		struct state *s = &rig.met.at_commit;
		int fresh = rig_slot_of(rig.memory[0].held);
		CHECK(s->slot[fresh].delivered && s->slot[fresh].left == 0 &&
		              s->slot[fresh].created == rig.service.slot[fresh].created,
		      "healing %d", healing);
		CHECK(s->unfinished, "healing %d", healing);
		const struct sink_memory *a = state_sink(s, "a", "memory:one"),
					 *b = state_sink(s, "b", "memory:two");
		CHECK(a->may_hold[fresh] == rig.service.slot[fresh].created, "healing %d: %lld",
		      healing, (long long)a->may_hold[fresh]);
		CHECK(b->may_hold[fresh] == (healing ? rig.service.slot[fresh].created : 0),
		      "healing %d: a sink that gets nothing", healing);
		CHECK(a->hook_owed && !b->hook_owed && s->job_hook_owed, "healing %d: hooks",
		      healing);
		CHECK(rig_works(0) && rig_works(1) &&
		              fake_service_accepts(&rig.service, rig.deployed),
		      "healing %d", healing);
	}
}

/* A sink of another program's hand: commit said yes, and something else is there. */
static void what_stands_in_a_sink_counts_not_what_it_said(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	rig.memory[1].deaf = true;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_LOCAL);
	assert_non_null(strstr(end.e.text, "overwritten"));
	assert_true(end.out.changed && end.out.delivered);
	assert_int_equal(end.out.in_step, 1);
	assert_string_equal(rig.memory[1].held, rig.deployed);
	rig_load(&now);
	/* The other slot is held yet: its grace has not begun. */
	assert_int_equal(now.slot[rig_slot_of(rig.deployed)].left, 0);
	assert_true(now.failing_since != 0 && rig_works(0) && rig_works(1));
	rig.memory[1].deaf = false;
	rig_must_run(0);
	assert_string_equal(rig.memory[1].held, rig.memory[0].held);
}

static void all_sinks_are_deaf(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.memory[0].deaf = rig.memory[1].deaf = true;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(!end.out.delivered && !end.out.changed);
	assert_true(rig_works(0) && rig_works(1));
}

/* One that fails, at whatever step, holds up nobody else, and keeps its slot. */
static void a_sink_that_fails_is_left_out(void **state)
{
	/* clang-format off */
	static const struct row { const char *what; size_t at; bool optional, ok, swept; } rows[] = {
		{ "check", offsetof(struct memory, no_check), false, false, false },
		{ "prepare", offsetof(struct memory, no_prepare), false, false, true },
		{ "commit", offsetof(struct memory, no_commit), false, false, true },
		{ "check, optional", offsetof(struct memory, no_check), true, true, false },
		{ "commit, optional", offsetof(struct memory, no_commit), true, true, true },
		{ "read, optional", offsetof(struct memory, unreadable), true, true, false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rig_due();
		rig.specs[1].optional = r->optional;
		bool *no = (bool *)(void *)((char *)&rig.memory[1] + r->at);
		*no = true;
		bool ok = rig_run(ROTATE_FORCE, &end);
		CHECK(ok == r->ok, "%s: %s", r->what, end.e.text);
		CHECK(end.out.delivered && rig_works(0) && rig_works(1), "%s", r->what);
		CHECK(strcmp(rig.memory[0].held, rig.deployed) != 0 &&
		              strcmp(rig.memory[1].held, rig.deployed) == 0,
		      "%s", r->what);
		/* What a prepare or commit that failed left beside the sink is swept by the next
		 * run, and no sooner is the delivery finished. */
		rig_load(&now);
		CHECK(now.unfinished == r->swept, "%s: unfinished %d", r->what, now.unfinished);
		CHECK(rig.memory[1].sweeps == 0, "%s", r->what);
		/* It is held, or may be: not generated, though asked for, with all the time in
		 * the world. */
		fake_service_pass(&rig.service, 20 * DAY_MS);
		rig_clear_met();
		(void)rig_run(ROTATE_FORCE, &end);
		CHECK((rig.memory[1].sweeps > 0) == now.unfinished, "%s: not swept", r->what);
		CHECK(rig.met.generates == 0 || rig_works(1), "%s: cut off", r->what);
		CHECK(fake_service_accepts(&rig.service, rig.memory[1].held), "%s: cut off",
		      r->what);
	}
}

static void goes_dark(struct memory *m)
{
	rig_committing(m);
	m->unreadable = true;
}

/* One that says itself that it took nothing does not hold it; of one that only failed, and cannot
 * be read, nobody knows. */
static void what_a_sink_refused_it_does_not_hold(void **state)
{
	(void)state;
	for (int refused = 0; refused < 2; refused++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rig_due();
		rig.specs[1].ops = &sink_memory_behind;
		rig.memory[1].no_commit = true;
		rig.memory[1].refuses = refused;
		rig.memory[1].committing = goes_dark;
		assert_false(rig_run(ROTATE_FORCE, &end));
		rig_load(&now);
		int fresh = rig_slot_of(rig.memory[0].held);
		int64_t held = state_sink(&now, "b", "memory:two")->may_hold[fresh];
		CHECK((held != 0) != refused, "refused %d: %lld", refused, (long long)held);
	}
}

static int commit_order[SINKS], n_committed;

static void note_order(struct memory *m)
{
	if (n_committed < SINKS)
		commit_order[n_committed++] = (int)(m - rig.memory);
	rig_committing(m);
}

static void what_can_fail_half_way_comes_first(void **state)
{
	(void)state;
	rig_due();
	rig.specs[1].ops = &sink_memory_first;
	rig.memory[0].committing = rig.memory[1].committing = note_order;
	n_committed = 0;
	rig_must_run(ROTATE_FORCE);
	assert_true(n_committed == SINKS && commit_order[0] == 1 && commit_order[1] == 0);
}

static void a_hook_that_fails_is_owed(void **state)
{
	AUTO_FREE char *touch = mem_fmt("/usr/bin/touch %s", rig.told);
	static char no[] = "/bin/false";

	(void)state;
	for (int of_job = 0; of_job < 2; of_job++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rig_due();
		char **hook = of_job ? &rig.job.on_change : &rig.specs[0].on_change;
		*hook = no;
		assert_false(rig_run(ROTATE_FORCE, &end));
		CHECK(end.e.kind == ERR_HOOK && end.out.delivered, "%s", end.e.text);
		rig_load(&now);
		CHECK(now.job_hook_owed == of_job &&
		              state_sink(&now, "a", "memory:one")->hook_owed == !of_job,
		      "of the job: %d", of_job);
		/* Nobody who still has the old one can know of the new one: it is kept, though
		 * its grace is long over. */
		fake_service_pass(&rig.service, 20 * DAY_MS);
		rig_clear_met();
		assert_false(rig_run(ROTATE_FORCE, &end));
		CHECK(rig.met.generates == 0 && fake_service_accepts(&rig.service, rig.deployed),
		      "of the job: %d: %s", of_job, end.e.text);
		*hook = touch;
		rig_must_run(0);
		CHECK(access(rig.told, F_OK) == 0, "of the job: %d: not run again", of_job);
		(void)unlink(rig.told);
		rig_must_run(0);
		CHECK(access(rig.told, F_OK) != 0, "of the job: %d: run for ever", of_job);
		/* One that was taken out of the job is owed no more. */
		*hook = no;
		assert_false(rig_run(ROTATE_FORCE, &end));
		*hook = NULL;
		rig_must_run(0);
		rig_load(&now);
		CHECK(!now.job_hook_owed && !state_sink(&now, "a", "memory:one")->hook_owed,
		      "of the job: %d: owed for ever", of_job);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_host_accepts_it_first),
		cmocka_unit_test(three_acceptances_in_a_row),
		cmocka_unit_test(what_is_never_accepted_is_delivered_to_nobody),
		cmocka_unit_test(what_was_proven_is_confirmed),
		cmocka_unit_test(what_is_waited_for_is_looked_at),
		cmocka_unit_test(the_delivery_is_recorded_first),
		cmocka_unit_test(what_stands_in_a_sink_counts_not_what_it_said),
		cmocka_unit_test(all_sinks_are_deaf),
		cmocka_unit_test(a_sink_that_fails_is_left_out),
		cmocka_unit_test(what_a_sink_refused_it_does_not_hold),
		cmocka_unit_test(what_can_fail_half_way_comes_first),
		cmocka_unit_test(a_hook_that_fails_is_owed),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
