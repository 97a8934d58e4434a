/* SPDX-License-Identifier: MIT */
/*
 * The call that cannot be undone, and the ledger around it: what is looked at just before, what
 * is on the disk, what becomes of a request whose answer is lost or late, or that is refused.
 * See fakes/rotation_rig.h.
 */
#include "check.h"

#include "base/err.h"
#include "fakes/rotation_rig.h"

static void somebody_puts_the_other_back(void)
{
	memcpy(rig.memory[1].held, rig.before, sizeof(rig.before));
}

/* Whatever happens between the decision and the request is seen by the look just before it. The
 * intent that was saved goes. */
static void the_slot_and_the_sinks_are_looked_at_again(void **state)
{
	/* clang-format off */
	static const struct { const char *what; void (*set)(void); void (*fn)(void); enum err_kind kind; } rows[] = {
		{ "somebody generates the spare slot", rig_due, rig_generate_spare, ERR_DECISION },
		{ "somebody generates the spare slot, which was empty", rig_one_slot,
		  rig_generate_spare, ERR_DECISION },
		{ "somebody puts the other password back into a sink", rig_due,
		  somebody_puts_the_other_back, ERR_NONE },
		{ "somebody disables the token", rig_due, rig_disable, ERR_DECISION },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rows[i].set();
		rig_slow();
		rig.meddler.kind = AT_READ;
		rig.meddler.nth = 2; /* the first is before the decision */
		rig.meddler.fn = rows[i].fn;
		bool ok = rig_run(ROTATE_FORCE, &end);
		CHECK(rig.met.fired, "%s: nobody came", rows[i].what);
		CHECK(rig.met.generates == 0, "%s: generated", rows[i].what);
		CHECK(rows[i].kind == ERR_NONE || (!ok && end.e.kind == rows[i].kind), "%s: %s",
		      rows[i].what, end.e.text);
		rig_load(&now);
		CHECK(!now.slot[0].intent && !now.slot[1].intent, "%s: the intent stayed",
		      rows[i].what);
	}
}

/* Of an answer that never agrees with what is known nothing can be decided: the run ends, and it
 * asks a few times, not for ever. */
static void an_answer_that_never_agrees_ends_the_run(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	memcpy(rig.service.stale, rig.service.slot, sizeof(rig.service.stale));
	rig.service.stale[rig_slot_of(rig.deployed)].present = false;
	/* All through a rotation and behind it: from before that, and without what was in use. */
	rig.service.shows_stale = 1000;
	(void)rig_run(ROTATE_FORCE, &end);
	assert_int_equal(rig.met.generates, 1);
	memcpy(rig.deployed, rig.memory[0].held, sizeof(rig.deployed));
	rig_clear_met();
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(end.e.kind == ERR_TRANSIENT && strstr(end.e.text, "keeps differing") != NULL, "%s",
	      end.e.text);
	assert_int_equal(rig.met.generates, 0);
	assert_true(rig.met.reads < 20);
	rig_load(&now);
	assert_true(!now.slot[0].intent && !now.slot[1].intent);
	assert_true(rig_works(0) && rig_works(1) && strcmp(rig.memory[0].held, rig.deployed) == 0);
	/* One that agrees later is believed. */
	rig.service.shows_stale = 0;
	fake_service_pass(&rig.service, 2 * DAY_MS);
	rig_must_run(ROTATE_FORCE);
	assert_true(rig.met.generates == 1 && rig_works(0) && rig_works(1));
}

static int writes;

/* Another program puts something else into the sinks each time anything is asked. */
static void somebody_writes(void)
{
	for (size_t i = 0; i < SINKS; i++)
		(void)snprintf(rig.memory[i].held, sizeof(rig.memory[i].held), "theirs-%d",
		               ++writes);
}

/* Nothing is generated while a sink shows what the registry was not asked about. */
static void who_writes_all_the_time_ends_the_run(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_stage();
	rig.service.seam = somebody_writes;
	assert_false(rig_run(0, &end));
	CHECK(end.e.kind == ERR_TRANSIENT && strstr(end.e.text, "writes the sinks") != NULL, "%s",
	      end.e.text);
	assert_int_equal(rig.met.generates, 0);
	rig_load(&now);
	assert_true(!now.slot[0].intent && !now.slot[1].intent);
	rig.service.seam = NULL;
	rig_must_run(0);
	assert_true(rig.met.generates == 1 && rig_works(0) && rig_works(1));
}

/* The access token ends, and there is no other. */
static void lose_entra(void)
{
	fake_service_pass(&rig.service, 3600 * 1000);
	rig.service.fault = (struct fake_fault){ .what = FAKE_STATUS,
		                                 .at = 1,
		                                 .stays = true,
		                                 .status = 400,
		                                 .code = "invalid_client",
		                                 .only = "/oauth2/",
		                                 .retry_after_ms = -1 };
}

/* Without one that lasts no request is sent whose death nobody could wait for. */
static void without_a_fence_nothing_is_generated(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 1;
	rig.meddler.fn = lose_entra;
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(rig.met.fired && rig.met.generates == 0 && strstr(end.e.text, "refuses a token"),
	      "%d: %s", rig.met.fired, end.e.text);
	rig_load(&now);
	assert_true(!now.slot[0].intent && !now.slot[1].intent);
	assert_true(fake_service_accepts(&rig.service, rig.deployed));
}

static bool no_token(const struct store *s, const char *name, bool exists, int64_t life_s,
                     struct err *e)
{
	(void)s;
	(void)exists;
	assert_string_equal(name, "web");
	assert_int_equal(life_s, rig.job.policy.verify_timeout);
	return err_set(e, ERR_AUTH, "no token for the record");
}

/* Nor where the record might not be written any more in the middle of it. */
static void without_a_token_for_the_record_nothing_is_generated(void **state)
{
	const struct store_ops *ops = rig.store->ops;
	struct store_ops unready = *ops;
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	unready.ready = no_token;
	rig.store->ops = &unready;
	bool ok = rig_run(ROTATE_FORCE, &end);
	rig.store->ops = ops;
	CHECK(!ok && end.e.kind == ERR_AUTH && rig.met.generates == 0 &&
	              strstr(end.e.text, "no token for the record") != NULL,
	      "%d: %s", rig.met.generates, end.e.text);
	rig_load(&now);
	assert_true(!now.slot[0].intent && !now.slot[1].intent);
	rig_must_run(ROTATE_FORCE);
	assert_true(rig.met.generates == 1 && rig_works(0) && rig_works(1));
}

/* The intent is on the disk before the request, and never older than it. */
static void the_intent_comes_first(void **state)
{
	static const struct {
		const char *what;
		enum rig_moment kind;
		int nth;
	} rows[] = {
		{ "a run that nothing holds up", 0, 0 },
		{ "held up between intent and request", AT_READ, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_due();
		int spare = 1 - rig_slot_of(rig.deployed);
		rig.meddler.kind = rows[i].kind;
		rig.meddler.nth = rows[i].nth;
		rig.meddler.fn = rig_pass_hour;
		rig_must_run(ROTATE_FORCE);
		const struct slot_memory *m = &rig.met.at_generate.slot[spare];
		CHECK(rig.met.generates == 1 && rig.met.fired == (rows[i].nth > 0), "%s",
		      rows[i].what);
		CHECK(m->intent && m->asked_us != 0, "%s: no intent", rows[i].what);
		CHECK(!rig.met.at_generate.slot[1 - spare].intent, "%s: of the other slot",
		      rows[i].what);
		int64_t age = rig.service.slot[spare].created / 10000000 - m->intent_since;
		CHECK(age >= 0 && age <= 5, "%s: the intent is %lld s older than the request",
		      rows[i].what, (long long)age);
		CHECK(rig.met.at_generate.unfinished, "%s", rows[i].what);
	}
}

/* Its answer is lost, and nobody knows when it acts: the slot is not generated again before it was
 * seen to have acted, or cannot act any more. What is delivered works, then and ever after. */
static void a_request_that_may_act_yet_is_waited_for(void **state)
{
	static const struct {
		const char *what;
		int64_t late_ms;
		bool dead;
	} rows[] = {
		{ "it acts after 20 s", 20000, false }, { "it acts after 66 s", 66000, false },
		{ "it acts after 95 s", 95000, false }, { "it acts after 9 min", 540000, false },
		{ "it never acts", 90 * DAY_MS, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_due();
		rig.service.late_requests = 1;
		rig.service.late_ms = rows[i].late_ms;
		int64_t from = rig.service.clock_ms;
		rig_must_run(ROTATE_FORCE);
		int64_t took = rig.service.clock_ms - from;
		CHECK(rig.met.generates == 2, "%s: %d", rows[i].what, rig.met.generates);
		CHECK(took >= (rows[i].dead ? 600000 : rows[i].late_ms), "%s: %lld ms",
		      rows[i].what, (long long)took);
		/* The ledger knows both expiries: should the first have acted unseen, it is ours all
		 * the same. */
		CHECK(rig.met.asked_us[0] != rig.met.asked_us[1] &&
		              rig.met.asked_before_us[1] == rig.met.asked_us[0],
		      "%s", rows[i].what);
		fake_service_pass(&rig.service, 1200000);
		CHECK(rig_works(0) && rig_works(1) && strcmp(rig.memory[0].held, rig.deployed) != 0,
		      "%s: killed", rows[i].what);
		CHECK(fake_service_accepts(&rig.service, rig.deployed), "%s", rows[i].what);
	}
}

/* Where what is deployed would end before that, it is repeated sooner, with its own expiry:
 * whichever of them acts, it is known as ours. */
static void what_is_repeated_while_it_may_act_asks_for_the_same(void **state)
{
	(void)state;
	rig_due();
	fake_service_pass(&rig.service, rig.service.slot[rig_slot_of(rig.deployed)].expires_ms -
	                                        rig.service.clock_ms - 8 * 60 * 1000);
	rig_clear_met();
	rig.service.late_requests = 1;
	rig.service.late_ms = 90 * DAY_MS;
	int64_t from = rig.service.clock_ms;
	rig_must_run(ROTATE_FORCE);
	assert_true(rig.service.clock_ms - from < 300000);
	assert_int_equal(rig.met.generates, 2);
	assert_int_equal(rig.met.asked_us[0], rig.met.asked_us[1]);
	assert_true(rig_works(0) && rig_works(1));
}

/* A token that is still being made is asked for again, but not an hour later. */
static void who_says_an_hour_is_left_to_the_next_run(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	rig.service.fault = (struct fake_fault){ .what = FAKE_STATUS,
		                                 .at = 1,
		                                 .stays = true,
		                                 .status = 400,
		                                 .code = "TokenNotActive",
		                                 .only = "generateCredentials",
		                                 .retry_after_ms = 3600 * 1000 };
	int64_t from = rig.service.clock_ms;
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(rig.service.clock_ms - from < 600 * 1000 && rig.met.generates == 1, "%lld ms, %d: %s",
	      (long long)(rig.service.clock_ms - from), rig.met.generates, end.e.text);
	rig_load(&now);
	assert_true(!now.slot[0].intent && !now.slot[1].intent);
}

/* And whoever only asks is told so. */
static void the_hurry_is_told(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	fake_service_pass(&rig.service, rig.service.slot[rig_slot_of(rig.deployed)].expires_ms -
	                                        rig.service.clock_ms - 8 * 60 * 1000);
	rig.service.late_requests = 9;
	rig.service.late_ms = 90 * DAY_MS;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_false(rig_run(ROTATE_FORCE | ROTATE_DRY_RUN, &end));
	CHECK(strstr(end.e.text, "sooner than it is surely dead") != NULL, "%s", end.e.text);
}

/* The run that sent it was killed: its life counts from when the next run holds the lock, whenever
 * the intent was saved. */
static void the_life_of_a_killed_request_counts_from_the_next_run(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	rig_due();
	int spare = 1 - rig_slot_of(rig.deployed);
	rig_load(&now);
	struct slot_memory *m = &now.slot[spare];
	int64_t s = rig.service.clock_ms / 1000;
	m->intent = true;
	m->intent_since = s - 3600;
	m->dead_at = s + 7200;
	m->asked_us = (s + 86400) * 1000000 + 123457;
	CHECK(state_save(rig.store, "web", &now, STORE_DURABLE, &e), "%s", e.text);
	int64_t from = rig.service.clock_ms;
	rig_must_run(ROTATE_FORCE);
	assert_true(rig.met.generates == 1 && rig.service.clock_ms - from >= 600000);
	assert_true(rig_works(0) && rig_works(1));
	/* Or with its access token, if that is sooner. */
	rig_due();
	spare = 1 - rig_slot_of(rig.deployed);
	rig_load(&now);
	m = &now.slot[spare];
	s = rig.service.clock_ms / 1000;
	m->intent = true;
	m->intent_since = s - 3600;
	m->dead_at = s + 100;
	m->asked_us = (s + 86400) * 1000000 + 123457;
	CHECK(state_save(rig.store, "web", &now, STORE_DURABLE, &e), "%s", e.text);
	from = rig.service.clock_ms;
	rig_must_run(ROTATE_FORCE);
	int64_t took = rig.service.clock_ms - from;
	assert_true(rig.met.generates == 1 && took >= 100000 && took < 200000);
}

/* Azure may take its time and say so: as long as it is seen running it may act. It is on the disk
 * where to ask for it, and the next run does ask. */
static void an_operation_that_is_seen_running_may_act(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	int spare = 1 - rig_slot_of(rig.deployed);
	rig.service.running_ms = 5 * 60 * 1000;
	rig_must_run(ROTATE_FORCE);
	assert_int_equal(rig.met.generates, 1);
	assert_true(rig.met.polls > 3 && rig.met.operation_remembered);
	assert_true(rig_works(0) && rig_works(1) && rig_slot_of(rig.memory[0].held) == spare);
	/* One that does not end in time is left to the next run, which may not forget it, however
	 * late that comes. */
	rig_due();
	spare = 1 - rig_slot_of(rig.deployed);
	rig.service.running_ms = 40 * 60 * 1000;
	int64_t from = rig.service.clock_ms;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(end.e.kind == ERR_TRANSIENT && rig.service.clock_ms - from < 3600 * 1000);
	rig_load(&rig.met.at_generate);
	assert_true(rig.met.at_generate.slot[spare].intent &&
	            rig.met.at_generate.slot[spare].operation != NULL &&
	            rig.met.at_generate.slot[spare].abandoned != 0);
	fake_service_pass(&rig.service, 15 * 60 * 1000);
	rig_clear_met();
	CHECK(!rig_run(ROTATE_FORCE, &end) && end.e.kind == ERR_TRANSIENT, "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
	fake_service_pass(&rig.service, 30 * 60 * 1000);
	rig.service.running_ms = 0;
	rig_clear_met();
	rig_must_run(ROTATE_FORCE);
	assert_int_equal(rig.met.generates, 1); /* its password was lost with the first run */
	fake_service_pass(&rig.service, DAY_MS / 2);
	assert_true(rig_works(0) && rig_works(1) && rig_slot_of(rig.memory[0].held) == spare);
}

/* Behind a lost answer the very next run looks whether what was delivered works. */
static void a_delivery_behind_a_lost_answer_is_verified(void **state)
{
	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		rig_due();
		rig.service.lose_replies = lost;
		rig_must_run(ROTATE_FORCE);
		rig_clear_met();
		rig_must_run(0);
		CHECK(rig.met.logins == lost, "lost %d: %d logins", lost, rig.met.logins);
		rig_clear_met();
		rig_must_run(0);
		CHECK(rig.met.logins == 0, "lost %d: again", lost);
	}
}

/* Without the right to ask how it went every generate is in vain: one is enough, and the run says which right is missing. */
static void polls_that_are_denied_are_told(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	int spare = 1 - rig_slot_of(rig.deployed);
	rig.service.running_ms = 1000;
	rig.service.deny_polls = true;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_DENIED);
	assert_int_equal(rig.met.generates, 1);
	assert_non_null(strstr(end.e.text, "AuthorizationFailed"));
	rig_load(&now);
	assert_true(now.slot[spare].intent && now.slot[spare].operation != NULL);
	assert_true(fake_service_accepts(&rig.service, rig.deployed));
	/* A run that may only read learns no more of it, and goes on with what the token says. */
	rig_clear_met();
	CHECK(rig_run(ROTATE_DRY_RUN, &end), "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
	/* Nor does one that does not reach whoever knows; that one tries again. */
	rig.service.fault = (struct fake_fault){ .what = FAKE_CUT,
		                                 .at = 1,
		                                 .stays = true,
		                                 .only = "/operations/",
		                                 .retry_after_ms = -1 };
	CHECK(!rig_run(ROTATE_FORCE, &end) && end.e.kind == ERR_TRANSIENT, "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
	rig.service.fault.what = FAKE_WELL;
	/* With the right the next run learns that it has ended, and need not wait for its death. */
	rig.service.deny_polls = false;
	rig.service.running_ms = 0;
	int64_t from = rig.service.clock_ms;
	rig_clear_met();
	rig_must_run(ROTATE_FORCE);
	assert_true(rig.met.generates == 1 && rig.service.clock_ms - from < 60000);
	assert_true(rig_works(0) && rig_works(1) && rig_slot_of(rig.memory[0].held) == spare);
}

/* Every answer is lost: the run gives up, and what it leaves on the disk says that a request of this expiry may have acted. */
static void a_lost_answer_leaves_its_intent(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	int spare = 1 - rig_slot_of(rig.deployed);
	rig.service.late_requests = 4;
	rig.service.late_ms = 45000;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_int_equal(end.e.kind, ERR_TRANSIENT);
	rig_load(&now);
	assert_true(now.slot[spare].intent && now.slot[spare].asked_us != 0);
	assert_true(rig_works(0) && strcmp(rig.memory[0].held, rig.deployed) == 0);
	assert_true(rig.met.generates <= 3);
	fake_service_pass(&rig.service, 120000);
	rig_must_run(0);
	assert_true(rig_works(0) && rig_works(1));
}

/* A request that never acted: the next run waits as long as it may yet act, then nobody asks for
 * it any more. */
static void an_intent_ends_with_its_request(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	int spare = 1 - rig_slot_of(rig.deployed);
	rig.service.late_requests = 1;
	rig.service.late_ms = 90 * DAY_MS;
	rig.service.fail_reads = 0;
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 3;
	rig.meddler.fn = rig_fall_silent;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(rig.met.fired && rig.met.generates == 1);
	rig_load(&now);
	assert_true(now.slot[spare].intent);
	rig.service.fail_reads = 0;
	rig_must_run(0);
	rig_load(&now);
	assert_true(now.slot[spare].intent && rig.met.generates == 1);
	fake_service_pass(&rig.service, 601000);
	rig_must_run(0);
	rig_load(&now);
	assert_true(!now.slot[spare].intent && now.slot[spare].intent_since == 0 &&
	            rig.met.generates == 1);
	rig_clear_met();
	rig_must_run(0);
	assert_int_equal(rig.met.reads, 0);
}

/* With nothing deployed there is nothing to wait for but the request: the slot that is not tainted
 * is taken at once, and whenever the request acts, it kills nothing. */
static void without_anything_deployed_the_other_slot_is_taken(void **state)
{
	(void)state;
	rig_stage();
	rig.service.late_requests = 1;
	rig.service.late_ms = 300000;
	int64_t from = rig.service.clock_ms;
	rig_must_run(0);
	assert_int_equal(rig.met.generates, 2);
	assert_true(rig.service.clock_ms - from < 60000);
	assert_true(strstr(rig.met.bodies[0], "password1") != NULL &&
	            strstr(rig.met.bodies[1], "password2") != NULL);
	fake_service_pass(&rig.service, 600000);
	assert_true(rig_works(0) && rig_works(1));
	/* Both tainted: it waits. */
	rig_stage();
	rig.service.late_requests = 2;
	rig.service.late_ms = 90 * DAY_MS;
	from = rig.service.clock_ms;
	rig_must_run(0);
	assert_int_equal(rig.met.generates, 3);
	assert_true(rig.service.clock_ms - from >= 600000);
	assert_true(rig_works(0) && rig_works(1));
}

/* Provably refused: nothing may act, so nothing stays behind, and it is tried again as a request
 * of its own. */
static void a_refused_request_leaves_no_intent(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_due();
	rig.service.refuse_generates = 2;
	rig_must_run(ROTATE_FORCE);
	assert_int_equal(rig.met.generates, 3);
	assert_true(rig_works(0) && rig_works(1));
	rig_due();
	rig.service.refuse_generates = 1000;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(rig.met.generates > 10 && rig.met.generates < 40);
	rig_load(&now);
	assert_true(!now.slot[0].intent && !now.slot[1].intent && now.slot[0].intent_since == 0 &&
	            now.slot[1].intent_since == 0);
	assert_string_equal(rig.memory[0].held, rig.deployed);
}

/* A service that gives longer than it was asked for does not move the rotation. */
static void more_than_was_asked_for_is_not_used(void **state)
{
	static const struct {
		const char *what, *granted;
	} rows[] = { { "years", "2099-01-01T00:00:00Z" }, { "for ever", "" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		rig_due();
		int spare = 1 - rig_slot_of(rig.deployed);
		rig.service.granted = rows[i].granted;
		CHECK(rig_run(ROTATE_FORCE, &end), "%s: %s", rows[i].what, end.e.text);
		rig_load(&now);
		CHECK(now.slot[spare].expires_us == rig.met.asked_us[0] &&
		              now.slot[spare].delivered,
		      "%s: %lld", rows[i].what, (long long)now.slot[spare].expires_us);
		CHECK(end.out.expires == rig.met.asked_us[0] / 1000000, "%s", rows[i].what);
	}
}

/* Every expiry is another one, and never ends in a zero, which the service would not echo. */
static void an_expiry_is_known_again(void **state)
{
	static char bodies[8][400];

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		rig_stage();
		rig.service.seed = 100 + i;
		rig_must_run(0);
		memcpy(bodies[i], rig.met.bodies[0], sizeof(bodies[i]));
		const char *dot = strstr(bodies[i], "\"expiry\":\"");
		dot = dot != NULL ? strchr(dot, '.') : NULL;
		CHECK(dot != NULL && strspn(dot + 1, "0123456789") == 6, "%s", bodies[i]);
		CHECK(dot[6] != '0', "%s", bodies[i]);
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(bodies[i], bodies[k]) != 0, "twice: %s", bodies[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_slot_and_the_sinks_are_looked_at_again),
		cmocka_unit_test(an_answer_that_never_agrees_ends_the_run),
		cmocka_unit_test(who_writes_all_the_time_ends_the_run),
		cmocka_unit_test(without_a_fence_nothing_is_generated),
		cmocka_unit_test(without_a_token_for_the_record_nothing_is_generated),
		cmocka_unit_test(the_intent_comes_first),
		cmocka_unit_test(a_request_that_may_act_yet_is_waited_for),
		cmocka_unit_test(what_is_repeated_while_it_may_act_asks_for_the_same),
		cmocka_unit_test(who_says_an_hour_is_left_to_the_next_run),
		cmocka_unit_test(the_hurry_is_told),
		cmocka_unit_test(an_operation_that_is_seen_running_may_act),
		cmocka_unit_test(a_lost_answer_leaves_its_intent),
		cmocka_unit_test(polls_that_are_denied_are_told),
		cmocka_unit_test(an_intent_ends_with_its_request),
		cmocka_unit_test(the_life_of_a_killed_request_counts_from_the_next_run),
		cmocka_unit_test(a_delivery_behind_a_lost_answer_is_verified),
		cmocka_unit_test(without_anything_deployed_the_other_slot_is_taken),
		cmocka_unit_test(a_refused_request_leaves_no_intent),
		cmocka_unit_test(more_than_was_asked_for_is_not_used),
		cmocka_unit_test(an_expiry_is_known_again),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
