/* SPDX-License-Identifier: MIT */
/* What the registry and Azure say before anything changes: is what is deployed accepted, is the
 * token there? See fakes/rotation_rig.h. */
#include "check.h"

#include "base/err.h"
#include "base/mem.h"
#include "fakes/rotation_rig.h"

static void a_sink_that_lags_gets_what_the_others_have(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.memory[0].held[0] = '\0';
	CHECK(rig_run(0, &end), "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
	assert_string_equal(rig.memory[0].held, rig.deployed);
	assert_int_equal(end.out.did, PLAN_HEAL);
	assert_true(rig.met.logins >= 1); /* only what the registry accepts is copied */
}

/* What is deployed is refused: once proves nothing, twice a minute apart does. */
static void refused_twice_is_dead(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	/* Somebody kills what is deployed; the service is said to know of it only a while later. */
	rig.service.slot[rig_slot_of(rig.deployed)].accepted_ms = rig.service.clock_ms + 30000;
	CHECK(rig_run(0, &end), "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
	assert_string_equal(rig.memory[0].held, rig.deployed);
	/* Which makes the next refusal the first again. */
	rig_load(&rig.met.at_generate);
	assert_int_equal(rig.met.at_generate.rejected_at, 0);
	rig_due();
	rig.service.slot[rig_slot_of(rig.deployed)].accepted_ms = INT64_MAX;
	int64_t from = rig.service.clock_ms;
	CHECK(rig_run(0, &end), "%s", end.e.text);
	assert_int_equal(rig.met.generates, 1);
	from = rig.service.clock_ms - from;
	assert_true(from >= 60000 && from < 600000 && rig_works(0) && rig_works(1));
}

static void empty_the_first(void)
{
	rig.memory[0].held[0] = '\0';
}

static void lose_the_first(void)
{
	rig.memory[0].unreadable = true;
}

static void lose_all(void)
{
	lose_the_first();
	rig.memory[1].held[0] = '\0';
}

/* What is deployed is refused, and while the other slot waits for a request whose answer was lost
 * the registry is asked on, for as long as a sink shows what it is to be asked about: nothing is
 * dead because nobody could ask. */
static void what_is_refused_is_asked_about_as_long_as_a_sink_shows_it(void **state)
{
	static const struct {
		const char *what;
		void (*fn)(void);
		int64_t refused_ms;
		bool ok;
		int generates;
	} rows[] = {
		{ "the first sink is emptied", empty_the_first, 90 * DAY_MS, true, 2 },
		{ "it can be read no more", lose_the_first, 90 * DAY_MS, true, 2 },
		{ "and the other is emptied", lose_all, 90 * DAY_MS, false, 1 },
		{ "emptied, accepted later", empty_the_first, 180000, true, 1 },
		{ "read no more, accepted later", lose_the_first, 180000, true, 1 },
		{ "shown no more, accepted later", lose_all, 180000, false, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		rig_due();
		int deployed = rig_slot_of(rig.deployed);
		rig.service.slot[deployed].accepted_ms = rig.service.clock_ms + rows[i].refused_ms;
		rig.service.late_requests = 1;
		rig.service.late_ms = 90 * DAY_MS;
		rig.meddler.kind = AT_READ;
		rig.meddler.nth = 2;
		rig.meddler.fn = rows[i].fn;
		bool ok = rig_run(0, &end);
		CHECK(rig.met.fired && ok == rows[i].ok, "%s: %s", rows[i].what, end.e.text);
		CHECK(rig.met.generates == rows[i].generates && rig.met.logins < 40,
		      "%s: %d generates, %d logins", rows[i].what, rig.met.generates,
		      rig.met.logins);
		CHECK((strcmp(rig.service.slot[deployed].password, rig.deployed) == 0) ==
		              (rows[i].generates == 1),
		      "%s: killed", rows[i].what);
		rig.memory[0].unreadable = false;
	}
}

static void put_the_other_back_and_block_the_second(void)
{
	memcpy(rig.memory[0].held, rig.before, sizeof(rig.before));
	rig.memory[1].no_check = true;
}

/* Beside one that is deployed a refused slot is waited for, which a sink shows that cannot be
 * written: that is what is asked about, and it has an end. */
static void what_is_waited_for_is_asked_about_not_what_is_deployed(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.service.slot[rig_slot_of(rig.deployed)].accepted_ms = INT64_MAX;
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 2;
	rig.meddler.fn = put_the_other_back_and_block_the_second;
	(void)!rig_run(0, &end);
	CHECK(rig.met.fired && rig.met.generates == 1 && rig.met.logins < 40,
	      "%d generates, %d logins: %s", rig.met.generates, rig.met.logins, end.e.text);
	assert_true(rig_works(0) && fake_service_accepts(&rig.service, rig.before));
}

/* The state is lost, and nobody but this job uses the token: what the sinks hold works until the
 * registry has refused it twice. */
static void exclusive_waits_for_the_second_refusal(void **state)
{
	AUTO_FREE char *path = mem_fmt("%s/web.state", rig.state_dir);

	(void)state;
	for (int dead = 0; dead < 2; dead++) {
		struct ending end;
		rig_due();
		(void)unlink(path);
		rig.job.policy.exclusive = true;
		rig.service.slot[rig_slot_of(rig.deployed)].accepted_ms =
			dead ? INT64_MAX : rig.service.clock_ms + 30000;
		int64_t from = rig.service.clock_ms;
		bool ok = rig_run(0, &end);
		CHECK(rig.service.clock_ms - from >= 60000, "dead %d: after %lld ms", dead,
		      (long long)(rig.service.clock_ms - from));
		CHECK(ok == dead && rig.met.generates == dead, "dead %d: %s", dead, end.e.text);
		CHECK(dead || (end.e.kind == ERR_DECISION &&
		               strcmp(rig.memory[0].held, rig.deployed) == 0),
		      "%s", end.e.text);
		CHECK(!dead || (rig_works(0) && rig_works(1)), "dead");
	}
}

/* Only the service's word for "there is no such token" means that. */
static void what_is_missing_is_told_apart(void **state)
{
	static const struct {
		const char *code;
		bool gone;
	} rows[] = { { "ResourceNotFound", true }, { "ResourceGroupNotFound", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rig_due();
		rig.service.missing = true;
		rig.service.missing_code = rows[i].code;
		assert_false(rig_run(ROTATE_FORCE, &end));
		rig_load(&now);
		CHECK(now.slot[0].gone == rows[i].gone && now.slot[1].gone == rows[i].gone, "%s",
		      rows[i].code);
		CHECK(rig.met.generates == 0 && strcmp(rig.memory[0].held, rig.deployed) == 0, "%s",
		      rows[i].code);
	}
}

/* Its group is no longer there, and was not said by the job: that is looked up once, not for ever. */
static void a_group_is_looked_up_once(void **state)
{
	struct ending end;
	char *group = rig.job.resource_group;

	(void)state;
	rig_due();
	rig.job.resource_group = NULL;
	rig_must_run(0);
	rig_clear_met();
	rig.service.requests = 0;
	rig.service.missing = true;
	rig.service.missing_code = "ResourceGroupNotFound";
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(end.e.kind == ERR_MISSING && rig.met.generates == 0 && rig.service.requests < 10,
	      "%d %d: %s", (int)end.e.kind, rig.service.requests, end.e.text);
	rig.job.resource_group = group;
}

static void move_the_group(void)
{
	rig.service.missing_code = "ResourceGroupNotFound";
}

/* Only who is told that there is no such token makes one: asked once more right before. */
static void what_is_missing_otherwise_is_not_made(void **state)
{
	struct ending end;

	(void)state;
	rig_stage();
	rig.job.policy.create = true;
	rig.service.missing = true;
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 2;
	rig.meddler.fn = move_the_group;
	assert_false(rig_run(0, &end));
	CHECK(rig.met.fired && rig.service.missing && rig.met.generates == 0, "%s", end.e.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sink_that_lags_gets_what_the_others_have),
		cmocka_unit_test(refused_twice_is_dead),
		cmocka_unit_test(what_is_refused_is_asked_about_as_long_as_a_sink_shows_it),
		cmocka_unit_test(what_is_waited_for_is_asked_about_not_what_is_deployed),
		cmocka_unit_test(exclusive_waits_for_the_second_refusal),
		cmocka_unit_test(what_is_missing_is_told_apart),
		cmocka_unit_test(what_is_missing_otherwise_is_not_made),
		cmocka_unit_test(a_group_is_looked_up_once),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
