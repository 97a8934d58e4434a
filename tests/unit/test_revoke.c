/* SPDX-License-Identifier: MIT */
/* A password leaked: what dies when, and what is recorded before. See fakes/rotation_rig.h. */
#include "check.h"

#include "base/err.h"
#include "fakes/rotation_rig.h"

static bool is_dead(const char *password)
{
	return rig_slot_of(password) < 0;
}

/* First every sink has another one, then all earlier ones die; with --now the other way round.
 * What is to die was recorded before. */
static void a_revoke_kills_when_nobody_needs_it(void **state)
{
	(void)state;
	for (int now = 0; now < 2; now++) {
		struct ending end;
		rig_due();
		CHECK(rig_run(ROTATE_REVOKE | (now ? ROTATE_REVOKE_NOW : 0), &end), "%s",
		      end.e.text);
		CHECK(end.out.revoked && is_dead(rig.deployed) && is_dead(rig.before), "now %d",
		      now);
		CHECK(rig_works(0) && rig_works(1) && end.out.in_step == SINKS, "now %d", now);
		CHECK((rig.met.held_killed == 0) == !now, "now %d: %d killed", now,
		      rig.met.held_killed);
		CHECK(rig.met.revoke_at_first[0] != 0 && rig.met.revoke_at_first[1] != 0,
		      "now %d: not recorded", now);
	}
}

static void a_revoke_kills_nobody_elses_unasked(void **state)
{
	struct ending end;
	AUTO_STATE struct state now = { 0 };

	(void)state;
	/* Without interrupting anybody it needs the other slot. */
	rig_due();
	rig_generate_spare();
	assert_false(rig_run(ROTATE_REVOKE, &end));
	assert_int_equal(end.e.kind, ERR_DECISION);
	assert_true(rig.met.generates == 0 && !is_dead(rig.foreign) && rig_works(0));
	rig_load(&now);
	assert_true(now.slot[0].revoke == 0 && now.slot[1].revoke == 0);
	/* --now does not, and leaves it alone. */
	CHECK(rig_run(ROTATE_REVOKE | ROTATE_REVOKE_NOW, &end), "%s", end.e.text);
	assert_true(!is_dead(rig.foreign) && is_dead(rig.deployed) && rig_works(0) && rig_works(1));
	/* Named, it dies. */
	rig_due();
	rig_generate_spare();
	CHECK(rig_run(ROTATE_REVOKE |
	                      (rig_slot_of(rig.foreign) == 0 ? ROTATE_REVOKE_1 : ROTATE_REVOKE_2),
	              &end),
	      "%s", end.e.text);
	assert_true(is_dead(rig.foreign) && is_dead(rig.deployed) && rig_works(0) && rig_works(1) &&
	            rig.met.held_killed == 0);
	/* It comes while the revoke is under way. */
	rig_due();
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 2;
	rig.meddler.fn = rig_generate_spare;
	assert_false(rig_run(ROTATE_REVOKE, &end));
	assert_true(rig.met.fired && end.e.kind == ERR_DECISION && rig.met.generates == 0 &&
	            !is_dead(rig.foreign) && rig_works(0));
	/* Nothing is there to revoke. */
	rig_stage();
	assert_false(rig_run(ROTATE_REVOKE, &end));
	assert_true(end.e.kind == ERR_DECISION && rig.met.generates == 0);
}

/* --now is for once: whoever revokes without it a week later cuts nobody off. */
static void a_revoke_forgets_the_hurry_of_the_last(void **state)
{
	struct ending end;
	char leaked[64];

	(void)state;
	rig_due();
	CHECK(rig_run(ROTATE_REVOKE | ROTATE_REVOKE_NOW, &end), "%s", end.e.text);
	fake_service_pass(&rig.service, 7 * DAY_MS);
	rig_must_run(0);
	memcpy(leaked, rig.memory[0].held, sizeof(leaked));
	rig_clear_met();
	CHECK(rig_run(ROTATE_REVOKE, &end), "%s", end.e.text);
	assert_true(is_dead(leaked) && rig_works(0) && rig_works(1) && rig.met.held_killed == 0);
}

static void generates_are_refused_from_now_on(void)
{
	rig.service.refuse_generates = 1000;
}

/* Cut off between delivery and kill, and a sink restored from an older copy: that gets the new
 * one before the old one dies. */
static void a_revoke_heals_before_it_kills(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.meddler.kind = AT_GENERATE;
	rig.meddler.nth = 2;
	rig.meddler.fn = generates_are_refused_from_now_on;
	assert_false(rig_run(ROTATE_REVOKE, &end));
	assert_true(rig.met.fired && !is_dead(rig.deployed) && rig_works(0) &&
	            strcmp(rig.memory[0].held, rig.deployed) != 0);
	memcpy(rig.memory[1].held, rig.deployed, sizeof(rig.deployed));
	rig.service.refuse_generates = 0;
	rig.met.held_killed = 0;
	CHECK(rig_run(0, &end), "%s", end.e.text);
	assert_true(is_dead(rig.deployed) && is_dead(rig.before) && rig_works(0) && rig_works(1) &&
	            rig.met.held_killed == 0);
}

static void a_revoke_waits_for_a_request_that_may_act(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.service.late_requests = 1;
	rig.service.late_ms = 20000;
	CHECK(rig_run(ROTATE_REVOKE, &end), "%s", end.e.text);
	fake_service_pass(&rig.service, 120000);
	assert_true(is_dead(rig.deployed) && is_dead(rig.before) && rig_works(0) && rig_works(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revoke_kills_when_nobody_needs_it),
		cmocka_unit_test(a_revoke_kills_nobody_elses_unasked),
		cmocka_unit_test(a_revoke_forgets_the_hurry_of_the_last),
		cmocka_unit_test(a_revoke_heals_before_it_kills),
		cmocka_unit_test(a_revoke_waits_for_a_request_that_may_act),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
