/* SPDX-License-Identifier: MIT */
/*
 * Attacks on the promise that once succeeded, each told as it went: a helper that cron blinded, a
 * record of another token or of another day, answers that are stale or say less, a registry that
 * refuses for a while, clocks that lie. What works in a sink before works after it, and what was
 * delivered works. See fakes/rotation_rig.h.
 */
#include "check.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "fakes/rotation_rig.h"
#include "fakes/sinks.h"

static void copy_state(const char *from, const char *to)
{
	AUTO_FREE char *a = rig_state_path(from);
	AUTO_FREE char *b = rig_state_path(to);
	AUTO_BUF struct buf text = BUF_INIT(65536);
	struct err e = ERR_INIT;

	CHECK(fs_read(a, 65536, &text, NULL, &e), "%s", e.text);
	file_put(b, buf_cstr(&text));
}

static void keep_copy(void)
{
	copy_state("", ".copy");
}

/* ---- what is not seen is not gone ------------------------------------------------------------ */

static void one_sink_behind_a_program(void)
{
	rig_stage();
	rig.specs[0].ops = &sink_memory_behind;
	rig.job.n_sinks = 1;
	rig_must_run(0);
	memcpy(rig.deployed, rig.memory[0].held, sizeof(rig.deployed));
	fake_service_pass(&rig.service, 2 * DAY_MS);
	rig_clear_met();
}

/* Cron's environment has another store: what docker uses is in the first one, unseen. */
static void a_blinded_helper_lets_nothing_go(void **state)
{
	struct ending end;

	(void)state;
	for (int refuses = 0; refuses < 2; refuses++) {
		one_sink_behind_a_program();
		rig.memory[0].held[0] = '\0';
		rig.memory[0].no_commit = refuses;
		for (int day = 0; day < 80; day++) {
			(void)!rig_run(day % 3 == 0 ? ROTATE_FORCE : 0, &end);
			fake_service_pass(&rig.service, DAY_MS);
			CHECK(fake_service_accepts(&rig.service, rig.deployed),
			      "refuses %d: dead after %d days", refuses, day);
		}
		/* One that refuses to store has nothing of ours: whoever forces a rotation gets
		 * one, each time. */
		CHECK(rig.met.generates <= (refuses ? 80 / 3 + 1 : 3), "refuses %d: %d generates",
		      refuses, rig.met.generates);
		/* When it has expired by itself, or is seen again, things go on. */
		rig.memory[0].no_commit = false;
		fake_service_pass(&rig.service, 12 * DAY_MS);
		(void)!rig_run(0, &end);
		fake_service_pass(&rig.service, 2 * DAY_MS);
		CHECK(rig_run(0, &end) && rig_works(0), "refuses %d: stuck: %s", refuses,
		      end.e.text);
	}
}

/* Docker's store is out of cron's sight, and cron's own is empty, or has an older password: it is
 * healed with the very one that the first store holds, of which no chain in the second one lets
 * go. */
static void a_second_store_does_not_speak_for_the_first(void **state)
{
	struct ending end;

	(void)state;
	for (int older = 0; older < 2; older++) {
		rig_due();
		rig.specs[0].ops = &sink_memory_behind;
		rig_must_run(0);
		memcpy(rig.before, rig.deployed, sizeof(rig.before));
		rig_must_run(ROTATE_FORCE);
		memcpy(rig.deployed, rig.memory[0].held, sizeof(rig.deployed));
		if (older)
			memcpy(rig.memory[0].held, rig.before, sizeof(rig.before));
		else
			rig.memory[0].held[0] = '\0';
		rig_must_run(0);
		assert_string_equal(rig.memory[0].held, rig.deployed);
		for (int day = 0; day < 80; day += 2) {
			fake_service_pass(&rig.service, 2 * DAY_MS);
			(void)!rig_run(ROTATE_FORCE, &end);
			CHECK(fake_service_accepts(&rig.service, rig.deployed),
			      "older %d: dead after %d days", older, day);
		}
		assert_string_not_equal(rig.memory[0].held, rig.deployed);
		fake_service_pass(&rig.service, 20 * DAY_MS);
		CHECK(rig_run(0, &end) && rig_works(0), "stuck: %s", end.e.text);
	}
}

/* The store was read to hold the old one right before, and the new one was read back: it is free. */
static void a_chain_that_was_seen_lets_go(void **state)
{
	AUTO_STATE struct state now = { 0 };

	(void)state;
	one_sink_behind_a_program();
	int first = rig_slot_of(rig.deployed);
	rig_must_run(ROTATE_FORCE);
	rig_load(&now);
	const struct sink_memory *m = state_sink(&now, "a", "memory:one");
	assert_true(m->may_hold[first] == 0 && m->may_hold[1 - first] != 0);
	fake_service_pass(&rig.service, 2 * DAY_MS);
	rig_must_run(0);
	fake_service_pass(&rig.service, 2 * DAY_MS);
	rig_must_run(ROTATE_FORCE);
	assert_int_equal(rig_slot_of(rig.memory[0].held), first);
}

/* ---- records --------------------------------------------------------------------------------- */

/* A copy of the record from the moment of the request, restored when all is long done. */
static void a_restored_record_kills_nothing(void **state)
{
	static const struct {
		const char *what;
		enum rig_moment kind;
		int nth;
	} rows[] = {
		{ "as the first look was taken", AT_READ, 1 },
		{ "as the intent was saved", AT_GENERATE, 1 },
		{ "as the new password was tried", AT_LOGIN, 2 },
		{ "as it was confirmed", AT_READ, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		rig_due();
		rig.meddler.kind = rows[i].kind;
		rig.meddler.nth = rows[i].nth;
		rig.meddler.fn = keep_copy;
		rig_must_run(ROTATE_FORCE);
		CHECK(rig.met.fired, "%s: nobody came", rows[i].what);
		fake_service_pass(&rig.service, 3 * DAY_MS);
		copy_state(".copy", "");
		rig_clear_met();
		rig.meddler.nth = 0;
		for (int run = 0; run < 3; run++) {
			(void)!rig_run(run == 1 ? ROTATE_FORCE : 0, &end);
			CHECK(rig.met.held_killed == 0, "%s: killed by run %d", rows[i].what, run);
			CHECK(rig_works(0) && rig_works(1), "%s: dead after run %d: %s",
			      rows[i].what, run, end.e.text);
			fake_service_pass(&rig.service, 2 * DAY_MS);
		}
	}
}

/* The record was copied as the new password was about to be delivered. Later one sink is put back
 * as well, and the other one, which has it, cannot be read. */
static void a_restored_record_and_a_sink_that_cannot_be_read(void **state)
{
	static const struct {
		const char *what;
		enum rig_moment kind;
		int nth;
	} rows[] = {
		{ "its print is not known", AT_GENERATE, 1 },
		{ "its print is known", AT_READ, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		char before[64];
		rig_due();
		memcpy(before, rig.deployed, sizeof(before));
		rig.meddler.kind = rows[i].kind;
		rig.meddler.nth = rows[i].nth;
		rig.meddler.fn = keep_copy;
		rig_must_run(ROTATE_FORCE);
		CHECK(rig.met.fired, "%s: nobody came", rows[i].what);
		fake_service_pass(&rig.service, 3 * DAY_MS);
		copy_state(".copy", "");
		memcpy(rig.memory[0].held, before, sizeof(before));
		rig.memory[1].unreadable = true;
		rig.meddler.nth = 0;
		for (int run = 0; run < 3; run++) {
			(void)!rig_run(ROTATE_FORCE, &end);
			CHECK(rig_works(1), "%s: killed by run %d", rows[i].what, run);
			CHECK(rig_works(0), "%s: run %d: %s", rows[i].what, run, end.e.text);
			fake_service_pass(&rig.service, DAY_MS / 2);
		}
		rig.memory[1].unreadable = false;
		CHECK(rig_run(0, &end) && rig_works(0) && rig_works(1), "%s: then: %s",
		      rows[i].what, end.e.text);
	}
}

/* Only one slot is there, so it is known whose the password is: nobody is asked, and it stays known
 * when the sinks let go of it. */
static void a_restored_record_learns_what_can_be_known(void **state)
{
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	rig_stage();
	rig.meddler.kind = AT_GENERATE;
	rig.meddler.nth = 1;
	rig.meddler.fn = keep_copy;
	rig_must_run(0);
	assert_true(rig.met.fired);
	memcpy(rig.deployed, rig.memory[0].held, sizeof(rig.deployed));
	int first = rig_slot_of(rig.deployed);
	fake_service_pass(&rig.service, 3 * DAY_MS);
	copy_state(".copy", "");
	rig.meddler.nth = 0;
	rig_clear_met();
	CHECK(rig_run(0, &end), "%s", end.e.text);
	assert_int_equal(rig.met.generates, 0);
	rig_load(&now);
	assert_true(now.slot[first].delivered && rig_works(0));
	rig_must_run(ROTATE_FORCE);
	assert_int_equal(rig_slot_of(rig.memory[0].held), 1 - first);
	/* Within its grace. */
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(end.e.kind == ERR_TRANSIENT &&
	            fake_service_accepts(&rig.service, rig.deployed));
}

static void put_it_back(void)
{
	memcpy(rig.memory[1].held, rig.foreign, sizeof(rig.memory[1].held));
}

/* The sinks are empty when they are read, and one is put back before the request. */
static void what_is_put_back_meanwhile_is_tried(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig.meddler.kind = AT_GENERATE;
	rig.meddler.nth = 1;
	rig.meddler.fn = keep_copy;
	rig_must_run(ROTATE_FORCE);
	memcpy(rig.foreign, rig.memory[0].held, sizeof(rig.memory[0].held));
	fake_service_pass(&rig.service, 3 * DAY_MS);
	copy_state(".copy", "");
	rig.memory[0].held[0] = rig.memory[1].held[0] = '\0';
	rig_clear_met();
	rig_slow();
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 2;
	rig.meddler.fn = put_it_back;
	assert_false(rig_run(0, &end));
	CHECK(rig.met.fired && rig.met.generates == 0 && rig_works(1), "%s", end.e.text);
	assert_int_equal(end.e.kind, ERR_DECISION);
}

static void edit_state(const char *key, const char *value)
{
	AUTO_FREE char *path = rig_state_path("");
	AUTO_FREE char *line = mem_fmt("\n%s = ", key);
	AUTO_BUF struct buf text = BUF_INIT(65536);
	struct err e = ERR_INIT;

	CHECK(fs_read(path, 65536, &text, NULL, &e), "%s", e.text);
	char *at = strstr(text.data, line);
	CHECK(at != NULL, "no %s in the record", key);
	AUTO_FREE char *edited = mem_fmt("%.*s%s%s%s", (int)(at - text.data), text.data, line,
	                                 value, strchr(at + 1, '\n'));
	file_put(path, edited);
}

/* Two configurations with one state directory; `token =` or `registry =` edited. */
static void a_record_of_another_subject_is_lost(void **state)
{
	static const struct {
		const char *what, *key, *value;
		enum state_lost why;
	} rows[] = {
		{ "another token", "token", "other", LOST_TOKEN },
		{ "another registry", "registry",
		  "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.ContainerRegistry/"
		  "registries/other",
		  LOST_REGISTRY },
		{ "another subscription", "registry",
		  "/subscriptions/other/resourceGroups/rg/providers/Microsoft.ContainerRegistry/"
		  "registries/contoso",
		  LOST_REGISTRY },
		{ "a job of another name", "job", "other", LOST_JOB },
		{ "another group: it was moved", "registry",
		  "/subscriptions/sub/resourceGroups/Elsewhere/providers/"
		  "Microsoft.ContainerRegistry/"
		  "registries/Contoso",
		  LOST_NOT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *kept = rig_state_path(".lost");
		struct ending end;
		rig_due();
		(void)unlink(kept);
		edit_state(rows[i].key, rows[i].value);
		bool ok = rig_run(ROTATE_FORCE, &end);
		CHECK(rig_works(0) && rig_works(1) && rig.met.held_killed == 0, "%s: killed",
		      rows[i].what);
		if (rows[i].why == LOST_NOT) {
			CHECK(ok && access(kept, F_OK) != 0, "%s: %s", rows[i].what, end.e.text);
			continue;
		}
		CHECK(!ok && end.e.kind == ERR_DECISION && rig.met.generates == 0, "%s: %s",
		      rows[i].what, end.e.text);
		CHECK(access(kept, F_OK) == 0, "%s: not kept", rows[i].what);
		CHECK(strcmp(rig.memory[0].held, rig.deployed) == 0, "%s", rows[i].what);
	}
}

/* ---- answers --------------------------------------------------------------------------------- */

static void without_credentials(void)
{
	rig.service.credentials = "{}";
}

static void null_credentials(void)
{
	rig.service.credentials = "null";
}

static void null_passwords(void)
{
	rig.service.credentials = "{\"passwords\":null}";
}

static void no_passwords(void)
{
	rig.service.credentials = "{\"passwords\":[]}";
}

static void whole_seconds(void)
{
	rig.service.says_seconds = true;
}

static void stale(void)
{
	memset(rig.service.stale, 0, sizeof(rig.service.stale));
	rig.service.shows_stale = 1000;
}

static void lacks_the_one_in_use(void)
{
	memcpy(rig.service.stale, rig.service.slot, sizeof(rig.service.stale));
	rig.service.stale[rig_slot_of(rig.deployed)].present = false;
	rig.service.shows_stale = 1000;
}

static void stale_twice(void)
{
	stale();
	rig.service.shows_stale = 2;
}

static void an_answer_that_the_registry_contradicts_kills_nothing(void **state)
{
	static const struct {
		const char *what;
		void (*set)(void);
		enum err_kind kind;
	} rows[] = {
		{ "credentials of {}", without_credentials, ERR_REMOTE },
		{ "credentials of null", null_credentials, ERR_REMOTE },
		{ "passwords of null", null_passwords, ERR_REMOTE },
		{ "an empty list", no_passwords, ERR_NONE },
		{ "times in whole seconds", whole_seconds, ERR_NONE },
		{ "an answer without the slot in use", lacks_the_one_in_use, ERR_NONE },
		{ "an answer from before there was any password, twice", stale_twice, ERR_NONE },
		{ "an answer from before there was any password, always", stale, ERR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		unsigned flags = i % 2 ? ROTATE_FORCE : 0;
		struct ending end;
		/* Due by inspect_every: the token is read. */
		rig_due();
		rows[i / 2].set();
		bool ok = rig_run(flags, &end);
		CHECK(rig.met.held_killed == 0 && rig_works(0) && rig_works(1), "%s: killed",
		      rows[i / 2].what);
		CHECK(fake_service_accepts(&rig.service, rig.deployed), "%s: killed",
		      rows[i / 2].what);
		if (rows[i / 2].kind != ERR_NONE)
			CHECK(!ok && end.e.kind == rows[i / 2].kind && rig.met.generates == 0,
			      "%s: %s", rows[i / 2].what, end.e.text);
		CHECK(ok || rows[i / 2].set != whole_seconds, "%s: %s", rows[i / 2].what,
		      end.e.text);
		rig.service.credentials = NULL;
		rig.service.says_seconds = false;
		rig.service.shows_stale = 0;
		fake_service_pass(&rig.service, 2 * DAY_MS);
		CHECK(rig_run(0, &end) && rig_works(0) && rig_works(1), "%s: then: %s",
		      rows[i / 2].what, end.e.text);
	}
}

static void lacks_the_one_before(void)
{
	memcpy(rig.service.stale, rig.service.slot, sizeof(rig.service.stale));
	rig.service.stale[rig_slot_of(rig.before)].present = false;
	rig.service.shows_stale = 1000;
}

static void spare_in_grace(void)
{
	rig_due();
	rig_must_run(ROTATE_FORCE);
	memcpy(rig.before, rig.deployed, sizeof(rig.before));
	memcpy(rig.deployed, rig.memory[0].held, sizeof(rig.deployed));
	fake_service_pass(&rig.service, DAY_MS / 2);
}

/* No sink shows it, so the registry cannot be asked; a consumer that lags still has it. */
static void an_answer_without_the_slot_in_grace_is_not_believed(void **state)
{
	struct ending end;

	(void)state;
	spare_in_grace();
	lacks_the_one_before();
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(end.e.kind == ERR_TRANSIENT && fake_service_accepts(&rig.service, rig.before),
	      "killed: %s", end.e.text);
	/* Grace is as long as ever. */
	rig.service.shows_stale = 0;
	fake_service_pass(&rig.service, DAY_MS);
	CHECK(rig_run(ROTATE_FORCE, &end), "%s", end.e.text);
	assert_false(fake_service_accepts(&rig.service, rig.before));
}

/* Sinks are put back to what is in its grace, and the answer lacks that: nothing seems to work, and
 * the one that consumers still have seems to be nobody's. */
static void what_works_is_there_whatever_azure_says(void **state)
{
	struct ending end;

	(void)state;
	spare_in_grace();
	for (size_t i = 0; i < SINKS; i++)
		memcpy(rig.memory[i].held, rig.before, sizeof(rig.before));
	lacks_the_one_before();
	rig_clear_met();
	(void)!rig_run(0, &end);
	CHECK(rig.met.generates == 0 && fake_service_accepts(&rig.service, rig.deployed),
	      "killed: %s", end.e.text);
	CHECK(rig_works(0) && rig_works(1), "%s", end.e.text);
	rig.service.shows_stale = 0;
}

/* A hand has put somebody else's password into a sink behind another program, which then shows
 * nothing any more: another environment, or a second store. Its readers may still be well, so that
 * consumers which lag are not given up, as in an outage. */
static void well(void)
{
}

static void dead_indeed(void)
{
	rig.service.slot[rig_slot_of(rig.deployed)].accepted_ms = INT64_MAX;
}

static void not_to_be_asked(void)
{
	rig.job.policy.verify_wait = 1;
}

static void out_of_reach(void)
{
	rig.service.fault = (struct fake_fault){ .what = FAKE_STATUS,
		                                 .at = 1,
		                                 .stays = true,
		                                 .status = 500,
		                                 .code = "",
		                                 .retry_after_ms = -1,
		                                 .only = "/oauth2/token" };
}

/* One sink is put back to what is in its grace, and the answer lacks what the other one has. */
static void a_heal_does_not_go_back_over_what_an_answer_lacks(void **state)
{
	static const struct {
		const char *what;
		void (*set)(void);
		bool ok, one_new, two_new; /* what the sinks have then: the newer one */
	} rows[] = {
		{ "the registry accepts it", well, true, true, true },
		{ "the registry refuses it, too", dead_indeed, true, false, false },
		{ "there is no registry to ask", not_to_be_asked, false, false, true },
		{ "the registry does not answer", out_of_reach, false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		spare_in_grace();
		memcpy(rig.memory[0].held, rig.before, sizeof(rig.before));
		lacks_the_one_in_use();
		rows[i].set();
		rig_clear_met();
		bool ok = rig_run(0, &end);
		CHECK(ok == rows[i].ok && (ok || end.e.kind == ERR_TRANSIENT), "%s: %s",
		      rows[i].what, end.e.text);
		CHECK(rig.met.generates == 0, "%s: generated", rows[i].what);
		CHECK((strcmp(rig.memory[0].held, rig.deployed) == 0) == rows[i].one_new &&
		              (strcmp(rig.memory[1].held, rig.deployed) == 0) == rows[i].two_new,
		      "%s", rows[i].what);
		rig.service.fault = (struct fake_fault){ .what = FAKE_WELL };
		rig.service.shows_stale = 0;
		CHECK(rig_run(0, &end) && rig_works(0) && rig_works(1) &&
		              strcmp(rig.memory[0].held, rig.memory[1].held) == 0,
		      "%s: then: %s", rows[i].what, end.e.text);
	}
}

static void a_foreign_password_that_is_out_of_sight_is_no_outage(void **state)
{
	struct ending end;

	(void)state;
	spare_in_grace();
	rig.specs[1].ops = &sink_memory_behind;
	rig_must_run(0);
	int slot = rig_slot_of(rig.deployed);
	fake_service_generate(&rig.service, slot, "");
	memcpy(rig.memory[1].held, rig.service.slot[slot].password, FAKE_PASSWORD_MAX);
	rig_clear_met();
	(void)!rig_run(ROTATE_FORCE, &end);
	rig.memory[1].held[0] = '\0';
	(void)!rig_run(ROTATE_FORCE, &end);
	CHECK(rig.met.generates == 0 && fake_service_accepts(&rig.service, rig.before),
	      "killed: %s", end.e.text);
	/* Grace is as long as ever. */
	fake_service_pass(&rig.service, DAY_MS);
	CHECK(rig_run(0, &end) && rig_works(0) && rig_works(1), "%s", end.e.text);
}

/* ---- a registry that refuses for a while ----------------------------------------------------- */

static void spare_foreign(void)
{
	rig_due();
	rig_generate_spare();
}

static void refusals_of_minutes_are_no_death(void **state)
{
	static const struct {
		const char *what;
		void (*set)(void);
		int64_t lasts_s;
		bool dies;
	} rows[] = {
		{ "the other slot is in its grace, two minutes", spare_in_grace, 120, false },
		{ "the other slot is foreign, two minutes", spare_foreign, 120, false },
		{ "the other slot is in its grace, nine minutes", spare_in_grace, 540, false },
		{ "the other slot is foreign, nine minutes", spare_foreign, 540, false },
		{ "the other slot is foreign, for good", spare_foreign, 1000000, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		rows[i].set();
		rig_clear_met();
		int held = rig_slot_of(rig.deployed);
		rig.service.slot[held].accepted_ms = rig.service.clock_ms + rows[i].lasts_s * 1000;
		int64_t from = rig.service.clock_ms;
		bool ok = rig_run(0, &end);
		CHECK(ok, "%s: %s", rows[i].what, end.e.text);
		if (rows[i].dies) {
			CHECK(rig.met.generates == 1 && rig.service.clock_ms - from >= 600000,
			      "%s: %d", rows[i].what, rig.met.generates);
			continue;
		}
		CHECK(rig.met.generates == 0 && rig.met.logins > 2, "%s: %d", rows[i].what,
		      rig.met.generates);
		CHECK(rig_works(0) && strcmp(rig.memory[0].held, rig.deployed) == 0, "%s",
		      rows[i].what);
	}
}

/* ---- nothing works --------------------------------------------------------------------------- */

/* The sinks are restored to before two rotations, both of today: nothing is waited for. */
static void restored_sinks_are_not_left_dead(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	rig_must_run(ROTATE_FORCE);
	fake_service_pass(&rig.service, 2 * DAY_MS);
	rig_must_run(0);
	rig_must_run(ROTATE_FORCE);
	for (size_t i = 0; i < SINKS; i++)
		memcpy(rig.memory[i].held, rig.before, sizeof(rig.before));
	assert_false(rig_works(0));
	int64_t from = rig.service.clock_ms;
	CHECK(rig_run(0, &end), "%s", end.e.text);
	assert_true(rig_works(0) && rig_works(1) && rig.service.clock_ms - from < 600000);
}

static void a_job_in_which_nothing_works_is_never_quiet(void **state)
{
	struct ending end;

	(void)state;
	rig_stage();
	rig.service.fail_reads = 1000;
	assert_false(rig_run(0, &end));
	assert_true(end.e.kind == ERR_TRANSIENT && end.out.loud);
	rig_due();
	rig.service.fail_reads = 1000;
	assert_false(rig_run(ROTATE_FORCE, &end));
	assert_true(end.e.kind == ERR_TRANSIENT && !end.out.loud);
	for (size_t i = 0; i < SINKS; i++)
		rig.memory[i].held[0] = '\0';
	assert_false(rig_run(0, &end));
	assert_true(end.e.kind == ERR_TRANSIENT && end.out.loud);
}

/* ---- what ends sooner ------------------------------------------------------------------------ */

static void somebody_puts_what_lives_longer(void)
{
	memcpy(rig.memory[1].held, rig.deployed, sizeof(rig.deployed));
}

static void a_sink_never_gets_what_ends_sooner(void **state)
{
	struct ending end;

	(void)state;
	rig_due();
	for (size_t i = 0; i < SINKS; i++)
		rig.memory[i].held[0] = '\0';
	rig.job.policy.lifetime = DAY_MS / 1000;
	rig.job.policy.renew_before = 3600;
	rig.job.policy.grace = 3600;
	rig.meddler.kind = AT_LOGIN;
	rig.meddler.nth = 1;
	rig.meddler.fn = somebody_puts_what_lives_longer;
	assert_false(rig_run(0, &end));
	assert_true(rig.met.fired && rig.met.generates == 1);
	assert_string_equal(rig.memory[1].held, rig.deployed);
	assert_true(rig_works(0) && rig_works(1) && strcmp(rig.memory[0].held, rig.deployed) != 0);
}

/* ---- clocks ---------------------------------------------------------------------------------- */

/* Azure's Date leaps ahead of the truth, or there is none and the local clock is wrong. */
static void a_clock_that_lies_does_not_end_grace(void **state)
{
	static const struct {
		const char *what;
		int64_t date_h, local_h;
		bool no_date, stops;
	} rows[] = {
		{ "they agree", 0, 0, false, false },
		{ "Azure's is two hours ahead, of a day of grace", 2, 0, false, false },
		{ "Azure's is seven hours ahead", 7, 0, false, true },
		{ "Azure's is seven hours behind", -7, 0, false, true },
		{ "the local one is seven hours ahead", 0, 7, false, true },
		{ "there is none, and the local one is right", 0, 0, true, true },
		{ "there is none, and the local one is two days ahead", 0, 48, true, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ending end;
		rig_due();
		rig.service.skew_ms = rows[i].date_h * 3600 * 1000;
		rig.service.local_ahead_s = rows[i].local_h * 3600;
		rig.service.no_date = rows[i].no_date;
		bool ok = rig_run(ROTATE_FORCE, &end);
		CHECK(ok == !rows[i].stops && (ok || end.e.kind == ERR_LOCAL), "%s: %s",
		      rows[i].what, end.e.text);
		CHECK(rig.met.generates == !rows[i].stops, "%s", rows[i].what);
		CHECK(rig_works(0) &&
		              fake_service_accepts(&rig.service, rig.before) == rows[i].stops,
		      "%s: killed", rows[i].what);
		/* What rests on no time goes on: an empty slot, a sink that lags. */
		rig_one_slot();
		rig.service.skew_ms = rows[i].date_h * 3600 * 1000;
		rig.memory[1].held[0] = '\0';
		CHECK(rig_run(0, &end) && rig_works(1), "%s: not healed: %s", rows[i].what,
		      end.e.text);
		CHECK(rig_run(ROTATE_FORCE, &end), "%s: an empty slot: %s", rows[i].what,
		      end.e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blinded_helper_lets_nothing_go),
		cmocka_unit_test(a_chain_that_was_seen_lets_go),
		cmocka_unit_test(a_second_store_does_not_speak_for_the_first),
		cmocka_unit_test(a_restored_record_kills_nothing),
		cmocka_unit_test(a_restored_record_and_a_sink_that_cannot_be_read),
		cmocka_unit_test(a_restored_record_learns_what_can_be_known),
		cmocka_unit_test(what_is_put_back_meanwhile_is_tried),
		cmocka_unit_test(a_record_of_another_subject_is_lost),
		cmocka_unit_test(an_answer_that_the_registry_contradicts_kills_nothing),
		cmocka_unit_test(an_answer_without_the_slot_in_grace_is_not_believed),
		cmocka_unit_test(what_works_is_there_whatever_azure_says),
		cmocka_unit_test(a_heal_does_not_go_back_over_what_an_answer_lacks),
		cmocka_unit_test(a_foreign_password_that_is_out_of_sight_is_no_outage),
		cmocka_unit_test(refusals_of_minutes_are_no_death),
		cmocka_unit_test(restored_sinks_are_not_left_dead),
		cmocka_unit_test(a_job_in_which_nothing_works_is_never_quiet),
		cmocka_unit_test(a_sink_never_gets_what_ends_sooner),
		cmocka_unit_test(a_clock_that_lies_does_not_end_grace),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
