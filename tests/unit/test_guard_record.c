/* SPDX-License-Identifier: MIT */
/* What `acrotate token` asks of Azure stands in the record of the token's job until it is certain
 * that it will not act any more. */
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"
#include "config/job.h"
#include "fakes/memory_store.h"
#include "fakes/sinks.h"
#include "fakes/token_play.h"
#include "rotate/state.h"
#include "token/guard.h"
#include "token/guard_record.h"

#define START       1700000000LL /* of the rig's clock */
#define DIES        "2023-11-14T22:23:20Z"
#define LATER(what) "Job 'web': " what " not generated before " DIES

/* clang-format off */
#define POSTED     HTTP_POST, "/generateCredentials", .once = true
#define ACCEPTED   { POSTED, .status = 202, .headers = { "Location: " HOST "/op?api-version=1" } }
#define PUT        HTTP_PUT, "/tokens/mytoken", .once = true
#define PATCHED    HTTP_PATCH, "/tokens/mytoken"
#define DONE       .status = 200, .answer = TOKEN("Succeeded")
#define LOST       .outcome = FAKE_DROP_AFTER
#define ONLY_ONE   { HTTP_GET, "/tokens/mytoken", .status = 200, .headers = { NOW }, \
	.answer = "{\"properties\":{\"credentials\":{\"passwords\":[{\"name\":\"password1\"}]}}}" }
#define NOT_THERE  { HTTP_GET, "/tokens/mytoken", .status = 404, .headers = { NOW }, .answer = MISSING }
#define REFUSED    .status = 403, .answer = "{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"no\"}}"
#define DELETE_OF  "credential", "delete", "-r", "myregistry", "-n", "mytoken", "-g", "g1"
#define UPDATE     "update", "-r", "myregistry", "-n", "mytoken", "-g", "g1"
#define QUIETLY    "-o", "none", "--only-show-errors"

static const struct request_row {
	struct row row;
	bool stands[2];  /* the intents */
	bool operation;  /* with what it can be asked about */
} requests[] = {
	{ { "generate, answered", { GENERATE, "--password1", QUIETLY },
	    { IDENTITY, DATED, { POSTED, .status = 200, .answer = MADE } }, 0, "", NULL }, { false, false }, false },
	{ { "generate, lost", { GENERATE, "--password1" }, { IDENTITY, DATED, { POSTED, LOST } }, 1, "",
	    LATER("password1 is") }, { true, false }, false },
	{ { "generate of both, lost", { GENERATE, "--password1", "--password2" },
	    { IDENTITY, DATED, { POSTED, LOST } }, 1, "", LATER("its passwords are") }, { true, true }, false },
	{ { "generate, and a gateway gives up", { GENERATE, "--password2" },
	    { IDENTITY, DATED, { POSTED, .status = 504 } }, 1, "", LATER("password2 is") }, { false, true }, false },
	{ { "generate, refused", { GENERATE, "--password2" }, { IDENTITY, DATED, { POSTED, REFUSED } }, 1, "",
	    "AuthorizationFailed" }, { false, false }, false },
	{ { "generate, never sent", { GENERATE, "--password2" },
	    { IDENTITY, DATED, { POSTED, .outcome = FAKE_UNTRUSTED } }, 1, "", "ERROR" }, { false, false }, false },
	{ { "generate, an operation", { GENERATE, "--password1", QUIETLY },
	    { IDENTITY, DATED, ACCEPTED, { HTTP_GET, "/op", .status = 200, .answer = MADE } }, 0, "", NULL },
	  { false, false }, false },
	{ { "generate, an operation that may not be asked about", { GENERATE, "--password1" },
	    { IDENTITY, DATED, ACCEPTED, { HTTP_GET, "/op", REFUSED } }, 1, "", "before it has ended" },
	  { true, false }, true },
	{ { "credential delete", { DELETE_OF, "--password1", QUIETLY },
	    { IDENTITY, BOTH, { PATCHED, DONE } }, 0, "", NULL }, { false, false }, false },
	{ { "credential delete, lost", { DELETE_OF, "--password1" }, { IDENTITY, BOTH, { PATCHED, LOST } }, 1,
	    "", LATER("password1 is") }, { true, false }, false },
	{ { "credential delete, lost, which keeps none", { DELETE_OF, "--password1" },
	    { IDENTITY, ONLY_ONE, { PATCHED, LOST } }, 1, "", LATER("its passwords are") }, { true, true }, false },
	{ { "credential delete, done when it was sent twice", { DELETE_OF, "--password2", "-o", "none" },
	    { IDENTITY, BOTH, { PATCHED, .status = 500 }, { PATCHED, DONE } }, 0, "", LATER("password2 is") },
	  { false, true }, false },
	{ { "disable, lost", { UPDATE, "--status", "disabled" }, { IDENTITY, DATED, { PATCHED, LOST } }, 1, "",
	    LATER("its passwords are") }, { true, true }, false },
	{ { "enable, lost", { UPDATE, "--status", "enabled" }, { IDENTITY, { PATCHED, LOST } }, 1, "",
	    "ERROR" }, { false, false }, false },
	{ { "delete", { "delete", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "-y" },
	    { IDENTITY, DATED, { HTTP_DELETE, "/tokens/mytoken", .status = 200 } }, 0, "", NULL },
	  { false, false }, false },
	{ { "delete, lost, and not there the second time",
	    { "delete", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "-y" },
	    { IDENTITY, DATED, { HTTP_DELETE, "/tokens/mytoken", LOST },
	      { HTTP_DELETE, "/tokens/mytoken", .status = 404, .answer = MISSING } }, 3, "",
	    LATER("its passwords are") }, { true, true }, false },
	{ { "create, lost", { CREATE }, { IDENTITY, NOT_THERE, { PUT, LOST } }, 1, "",
	    LATER("its passwords are") }, { true, true }, false },
	{ { "create, and generate lost", { CREATE }, { IDENTITY, NOT_THERE, { PUT, DONE }, { POSTED, LOST } }, 1,
	    "", LATER("its passwords are") }, { true, true }, false },
	{ { "create", { CREATE, QUIETLY },
	    { IDENTITY, NOT_THERE, { PUT, DONE }, { POSTED, .status = 200, .answer = MADE_BOTH } }, 0, "", NULL },
	  { false, false }, false },
	{ { "create --overwrite, lost", { CREATE, "--overwrite" }, { IDENTITY, DATED, { PUT, LOST } }, 1, "",
	    LATER("its passwords are") }, { true, true }, false },
};
/* clang-format on */

static void save_slots(const struct token_rig *rig, const struct slot_memory *first)
{
	AUTO_STATE struct state s = { 0 };
	AUTO_FREE char *dir = mem_fmt("%s/state", rig->dir);
	AUTO_STORE struct store *store = store_open(dir, NULL);
	struct err e = ERR_INIT;

	s.login_server = mem_dup("myregistry.azurecr.io");
	s.slot[0] = *first;
	s.slot[0].operation = mem_dup(first->operation);
	CHECK(state_save(store, "web", &s, STORE_ATOMIC, &e), "%s", e.text);
}

static void load(const struct token_rig *rig, struct state *out)
{
	AUTO_FREE char *dir = mem_fmt("%s/state", rig->dir);
	AUTO_STORE struct store *store = store_open(dir, NULL);
	struct err e = ERR_INIT;

	CHECK(state_load(store, "web", out, &e), "%s", e.text);
}

static void a_request_that_may_act_stands_in_the_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		const struct request_row *r = &requests[i];
		AUTO_STATE struct state s = { 0 };
		struct token_rig rig;
		token_rig_with_job(&rig);
		save_slots(&rig, &(struct slot_memory){ .asked_us = 5, .asked_before_us = 4 });
		play(&rig, &r->row);
		load(&rig, &s);
		for (int k = 0; k < 2; k++) {
			const struct slot_memory *m = &s.slot[k];
			CHECK(m->intent == r->stands[k], "%s: password%d", r->row.name, k + 1);
			CHECK(m->abandoned == (m->intent ? START : 0), "%s: %lld", r->row.name,
			      (long long)m->abandoned);
			CHECK((m->operation != NULL) == (r->operation && r->stands[k]),
			      "%s: operation", r->row.name);
		}
		CHECK(s.slot[0].asked_us == (r->stands[0] ? 0 : 5), "%s: asked", r->row.name);
		CHECK(s.slot[0].asked_before_us == (r->stands[0] ? 5 : 4), "%s: asked before",
		      r->row.name);
		CHECK(s.lost == LOST_NOT && s.n_sinks == 0, "%s: sinks", r->row.name);
		token_rig_close(&rig);
	}
}

/* Whoever may make a token need not be allowed to read the registry. */
static void a_new_token_needs_no_login_server(void **state)
{
	/* clang-format off */
	static const struct row row = { "create, beside a job that never ran", { CREATE, "--no-passwords", QUIETLY },
		{ IDENTITY, NOT_THERE, { PUT, DONE } }, 0, "", NULL };
	/* clang-format on */
	struct token_rig rig;

	(void)state;
	token_rig_with_job(&rig);
	play(&rig, &row);
	token_rig_close(&rig);
}

/* What a run has asked for, and nobody saw the answer, may replace what the command makes. */
static const struct {
	const char *what;
	struct slot_memory is;
	bool refused; /* without --force */
} standing[] = {
	{ "nothing", { .asked_us = 7 }, false },
	{ "a request",
	  { .intent = true, .intent_since = START - 9000, .asked_us = 7, .abandoned = START - 599 },
	  true },
	{ "a dead one",
	  { .intent = true, .intent_since = START - 9000, .asked_us = 7, .abandoned = START - 600 },
	  false },
	{ "one whose access token is dead",
	  { .intent = true,
	    .intent_since = START - 9000,
	    .asked_us = 7,
	    .abandoned = START - 9,
	    .dead_at = START },
	  false },
	{ "one of a run that was killed",
	  { .intent = true, .intent_since = START - 9000, .asked_us = 7 },
	  true },
	{ "an operation",
	  { .intent = true,
	    .intent_since = START - 9000,
	    .asked_us = 7,
	    .abandoned = START - 6000,
	    .operation = (char[]){ HOST "/op" } },
	  true },
};

static void what_a_run_has_asked_for_is_waited_for(void **state)
{
	/* clang-format off */
	static const struct row refused = { "refused", { GENERATE, "--password1" },
		{ IDENTITY, DATED }, 1, "", "what it has asked for may still act" };
	static const struct row other = { "the other slot", { GENERATE, "--password2", QUIETLY },
		{ IDENTITY, DATED, { POSTED, .status = 200, .answer = MADE_SECOND } }, 0, "", NULL };
	static const struct row made = { "made", { GENERATE, "--password1", QUIETLY },
		{ IDENTITY, DATED, { POSTED, .status = 200, .answer = MADE } }, 0, "", NULL };
	static const struct row forced = { "forced", { GENERATE, "--password1", "--force", QUIETLY },
		{ IDENTITY, DATED, { POSTED, .status = 200, .answer = MADE } }, 0, "", NULL };
	static const struct row lost = { "forced, and lost", { GENERATE, "--password1", "--force" },
		{ IDENTITY, DATED, { POSTED, LOST } }, 1, "", "password1 is not generated before" };
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(standing); i++) {
		const struct slot_memory *is = &standing[i].is;
		AUTO_STATE struct state s = { 0 }, after = { 0 };
		struct token_rig rig;
		token_rig_with_job(&rig);
		save_slots(&rig, is);
		play(&rig, standing[i].refused ? &refused : &made);
		load(&rig, &s);
		/* Of a killed one it is counted from here. */
		int64_t abandoned = is->intent && is->abandoned == 0 ? START : is->abandoned;
		CHECK(s.slot[0].intent == is->intent && s.slot[0].asked_us == 7 &&
		              s.slot[0].abandoned == abandoned,
		      "%s: not as before", standing[i].what);
		play(&rig, &other);
		play(&rig, &forced);
		play(&rig, &lost);
		load(&rig, &after);
		CHECK(after.slot[0].intent && after.slot[0].abandoned == START &&
		              after.slot[0].asked_us == 0 && after.slot[0].asked_before_us == 7,
		      "%s: then lost", standing[i].what);
		token_rig_close(&rig);
	}
}

/* ---- beside other rotators ------------------------------------------------------------------- */

static const struct job job = { .name = (char[]){ "web" }, .token = (char[]){ "mytoken" } };

static struct guard_record look(const struct store *store)
{
	struct guard_record g = { .store = store, .job = &job, .open = true };
	struct err e = ERR_INIT;

	CHECK(state_load(store, "web", &g.o.state, &e), "%s", e.text);
	return g;
}

/* What another rotator does with the record in between. */
static void touch(struct state *s)
{
	s->failures++;
}
static void take_intent(struct state *s)
{
	state_end_intent(&s->slot[0]);
	s->slot[0].intent = true;
	s->slot[0].intent_since = START + 5;
	s->slot[0].asked_us = 9;
}
static void meddle(const struct store *store, void (*how)(struct state *s))
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;

	CHECK(state_load(store, "web", &s, &e), "%s", e.text);
	how(&s);
	CHECK(state_save(store, "web", &s, STORE_DURABLE, &e), "%s", e.text);
}

static void who_was_here_before_the_request_stops_it(void **state)
{
	AUTO_STORE struct store *store = memory_store_open();
	struct err e = ERR_INIT;

	(void)state;
	meddle(store, touch);
	struct guard_record g = look(store);
	meddle(store, touch);
	assert_false(guard_record_intend(&g, TOKEN_KILLS_BOTH, START, START + 9, &e));
	CHECK(e.kind == ERR_CONFLICT, "%s", e.text);
	assert_int_equal(g.tainted, 0);
	CHECK(!g.o.state.slot[0].intent, "it was not saved");
	guard_record_close(&g);
}

static void the_end_is_told_behind_whoever_was_here(void **state)
{
	static const struct {
		void (*how)(struct state *s);
		bool intent; /* in the end */
		int64_t asked_us, failures;
	} rows[] = { { touch, false, 0, 2 }, { take_intent, true, 9, 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_STORE struct store *store = memory_store_open();
		AUTO_STATE struct state s = { 0 };
		struct err e = ERR_INIT;
		meddle(store, touch);
		struct guard_record g = look(store);
		CHECK(guard_record_intend(&g, TOKEN_KILLS_1, START, START + 9, &e), "%s", e.text);
		meddle(store, rows[i].how);
		CHECK(guard_record_withdraw(&g, &e), "%s", e.text);
		CHECK(state_load(store, "web", &s, &e), "%s", e.text);
		CHECK(s.slot[0].intent == rows[i].intent && s.slot[0].asked_us == rows[i].asked_us,
		      "row %zu: intent", i);
		CHECK(s.failures == rows[i].failures, "row %zu: %lld", i, (long long)s.failures);
		guard_record_close(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_that_may_act_stands_in_the_record),
		cmocka_unit_test(a_new_token_needs_no_login_server),
		cmocka_unit_test(what_a_run_has_asked_for_is_waited_for),
		cmocka_unit_test(who_was_here_before_the_request_stops_it),
		cmocka_unit_test(the_end_is_told_behind_whoever_was_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
