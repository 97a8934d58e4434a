/* SPDX-License-Identifier: MIT */
/* A token that is to be made: what is on the disk while it is, and what becomes of a PUT whose
 * answer is lost. See fakes/rotation_rig.h. */
#include "check.h"

#include "base/err.h"
#include "base/mem.h"
#include "fakes/memory_store.h"
#include "fakes/rotation_rig.h"

static char scope_map[] = "mine";
static void (*rig_asked)(struct fake_service *s, const struct http_request *rq);

/* What was on the disk when a PUT was sent, and what happens then. */
static struct {
	int puts; /* sent */
	struct state at_put;
	void (*then)(void);
} met;

static void asked(struct fake_service *s, const struct http_request *rq)
{
	rig_asked(s, rq);
	bool token = strstr(rq->url, "/tokens/web-pull") != NULL;
	if (token && rq->method == HTTP_PUT) {
		if (met.puts++ == 0)
			rig_load(&met.at_put);
		if (met.then != NULL)
			met.then();
	}
}

static void stage(void)
{
	rig_stage();
	state_clear(&met.at_put);
	met.puts = 0;
	met.then = NULL;
	rig_asked = rig.service.asked;
	rig.service.asked = asked;
	rig.service.missing = true;
	rig.job.policy.create = true;
	rig.job.scope_map = scope_map;
	rig.specs[0].ops = rig.specs[1].ops = &sink_memory;
}

/* ERR_NONE, and the text does not matter: it is well. */
static int standing(const struct state *s)
{
	return s->slot[0].intent + s->slot[1].intent;
}

/* ---- saves that are slow, or fail ------------------------------------------------------------ */

static struct {
	const struct store_ops *real;
	struct store_ops ops;
	int at, slow, fails; /* the saves from 1; slow, fails: which of them. -1: all */
} saves;

static bool save(const struct store *s, const char *name, const struct buf *text,
                 enum store_safety safety, char **version, struct err *e)
{
	saves.at++;
	if (saves.slow == saves.at || saves.slow == -1)
		fake_service_pass(&rig.service, 4000);
	if (saves.fails == saves.at)
		return err_set(e, ERR_LOCAL, "the disk is full");
	return saves.real->save(s, name, text, safety, version, e);
}

static void with_saves(int slow, int fails)
{
	saves.real = rig.store->ops;
	saves.ops = *saves.real;
	saves.ops.save = save;
	saves.at = 0;
	saves.slow = slow;
	saves.fails = fails;
	rig.store->ops = &saves.ops;
}

static void with_plain_saves(void)
{
	if (saves.real != NULL)
		rig.store->ops = saves.real;
	saves.real = NULL;
}

static void slow_once(void)
{
	with_saves(1, 0);
}

static void slow_always(void)
{
	with_saves(-1, 0);
}

static void first_save_fails(void)
{
	with_saves(0, 1);
}

static void second_save_fails(void)
{
	with_saves(0, 2);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void strike(enum fake_failure what, int status, const char *only, int64_t for_ms)
{
	rig.service.fault = (struct fake_fault){
		.what = what,
		.at = 1,
		.stays = true,
		.status = status,
		.code = "SomeCode",
		.retry_after_ms = status == 429 ? 30000 : -1,
		.only = only,
		.until_ms = for_ms == 0 ? 0 : rig.service.clock_ms + for_ms,
	};
}

static void lost(void)
{
	rig.service.lose_puts = 1;
}

static void lost_and_late(void)
{
	rig.service.late_puts = 1;
	rig.service.late_ms = 45000;
}

static void lost_and_very_late(void)
{
	rig.service.late_puts = 1;
	rig.service.late_ms = 590000;
}

static void lost_for_good(void)
{
	strike(FAKE_CUT, 0, "PUT ", 3000);
}

static void unavailable(void)
{
	strike(FAKE_STATUS, 503, "PUT ", 3000);
}

static void never_sent_at_first(void)
{
	strike(FAKE_REFUSED, 0, "PUT ", 1500);
}

static void never_sent(void)
{
	strike(FAKE_REFUSED, 0, "PUT ", 0);
}

static void rivals_at_first(void)
{
	strike(FAKE_STATUS, 409, "PUT ", 1500);
}

static void throttled(void)
{
	strike(FAKE_STATUS, 429, "PUT ", 3000);
}

static void throttled_for_ever(void)
{
	strike(FAKE_STATUS, 429, "PUT ", 0);
}

static void denied(void)
{
	strike(FAKE_STATUS, 403, "PUT ", 0);
}

static void refused_and_not_saved(void)
{
	denied();
	with_saves(0, 2);
}

static void created_slowly(void)
{
	rig.service.creating = 2;
}

static void created_never(void)
{
	rig.service.creating = -1;
}

static void by_status(void)
{
	created_slowly();
	rig.service.create_by_status = true;
}

static void never_by_status(void)
{
	by_status();
	created_never();
}

static void creation_fails(void)
{
	rig.service.creating = 1;
	rig.service.create_fails = true;
}

static void running_and_not_saved(void)
{
	created_slowly();
	with_saves(0, 2);
}

static void deny_polls(void)
{
	strike(FAKE_STATUS, 403, "GET ", 0);
}

static void polls_denied(void)
{
	created_slowly();
	met.then = deny_polls;
}

static void cut_polls(void)
{
	strike(FAKE_CUT, 0, "GET ", 4000);
}

static void polls_cut_at_first(void)
{
	created_slowly();
	met.then = cut_polls;
}

static void somebody_makes_it(void)
{
	rig.service.missing = false;
}

static void made_meanwhile(void)
{
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 2;
	rig.meddler.fn = somebody_makes_it;
}

/* clang-format off */
static const struct row {
	const char *what;
	void (*set)(void);
	enum err_kind kind; /* ERR_NONE: it is well */
	const char *says;
	int sent, standing; /* PUTs; intents on the disk afterwards */
	bool goes_on;       /* the next run ends well, and sends at most one more */
} rows[] = {
	{ "created", NULL, ERR_NONE, "", 1, 0, true },
	{ "created slowly", created_slowly, ERR_NONE, "", 1, 0, true },
	{ "a poll is cut off", polls_cut_at_first, ERR_NONE, "", 1, 0, true },
	{ "a poll is denied", polls_denied, ERR_TRANSIENT, "may still act", 1, 2, false },
	{ "never created", created_never, ERR_TRANSIENT, "may still act: no run goes on before 20", 1, 2, false },
	{ "... as its operation says", never_by_status, ERR_TRANSIENT, "may still act: no run goes on before it was seen to end", 1, 2, false },
	{ "created slowly, as its operation says", by_status, ERR_NONE, "", 1, 0, true },
	{ "its operation fails", creation_fails, ERR_REMOTE, "ended as Failed", 1, 0, false },
	{ "the answer is lost", lost, ERR_TRANSIENT, "may still act: no run goes on before 20", 1, 2, true },
	{ "... and it acts 45 s later", lost_and_late, ERR_TRANSIENT, "may still act", 1, 2, true },
	{ "... and it acts 10 min later", lost_and_very_late, ERR_TRANSIENT, "may still act", 1, 2, true },
	{ "... and it never acts", lost_for_good, ERR_TRANSIENT, "may still act", 1, 2, true },
	{ "the service is not available", unavailable, ERR_TRANSIENT, "may still act", 1, 2, true },
	{ "it cannot be sent at first", never_sent_at_first, ERR_NONE, "", 2, 0, true },
	{ "it cannot be sent", never_sent, ERR_TRANSIENT, "cannot create token", 11, 0, false },
	{ "somebody else's is under way", rivals_at_first, ERR_NONE, "", 2, 0, true },
	{ "throttled", throttled, ERR_NONE, "", 2, 0, true },
	{ "throttled for hours", throttled_for_ever, ERR_TRANSIENT, "429", 119, 0, false },
	{ "denied", denied, ERR_DENIED, "", 1, 0, false },
	{ "denied, and that cannot be saved", refused_and_not_saved, ERR_LOCAL, "disk is full", 1, 0, false },
	{ "the save takes long, once", slow_once, ERR_NONE, "", 1, 0, true },
	{ "every save takes long", slow_always, ERR_TRANSIENT, "4 s have passed", 0, 0, false },
	{ "it cannot be recorded", first_save_fails, ERR_LOCAL, "disk is full", 0, 0, true },
	{ "its end cannot be recorded", second_save_fails, ERR_LOCAL, "disk is full", 1, 0, true },
	{ "that it is running cannot be", running_and_not_saved, ERR_LOCAL, "disk is full", 1, 2, true },
	{ "somebody makes it meanwhile", made_meanwhile, ERR_NONE, "", 0, 0, true },
};
/* clang-format on */

/* Both slots, before it is sent, with a life of their own. */
static void check_taints(const char *what)
{
	for (int i = 0; met.puts > 0 && i < 2; i++) {
		const struct slot_memory *m = &met.at_put.slot[i];
		CHECK(m->intent && m->asked_us == 0 && m->abandoned == 0 &&
		              m->dead_at > rig.service.clock_ms / 1000 - 86400,
		      "%s: slot %d", what, i + 1);
	}
}

static void check_goes_on(const struct row *r)
{
	AUTO_STATE struct state s = { 0 };
	int sent = met.puts;
	struct ending end;

	CHECK(rig_run(0, &end), "%s, the next run: %s", r->what, end.e.text);
	CHECK(met.puts <= sent + 1 && rig.service.puts <= 1, "%s: %d", r->what, rig.service.puts);
	/* Whatever might act yet has acted. */
	fake_service_pass(&rig.service, 601000);
	CHECK(rig_works(0) && rig_works(1), "%s", r->what);
	rig_must_run(0);
	rig_load(&s);
	CHECK(standing(&s) == 0, "%s", r->what);
}

static void a_put_is_recorded_until_it_is_over(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		AUTO_STATE struct state s = { 0 };
		struct ending end;
		stage();
		if (r->set != NULL)
			r->set();
		bool ok = rig_run(0, &end);
		with_plain_saves();
		CHECK(rig_ended(&end, ok, r->kind, r->says), "%s: %s", r->what, end.e.text);
		CHECK(met.puts == r->sent, "%s: %d sent", r->what, met.puts);
		check_taints(r->what);
		rig_load(&s);
		CHECK(standing(&s) == r->standing, "%s: %d", r->what, standing(&s));
		for (int k = 0; k < 2 && r->standing == 2; k++)
			CHECK(s.slot[k].abandoned != 0 || s.slot[k].operation != NULL ||
			              r->kind == ERR_LOCAL,
			      "%s", r->what);
		if (r->goes_on)
			check_goes_on(r);
	}
}

/* It goes on without us; and only what says so of itself is asked how it goes: a token that is "being
 * created" in the answer to a PUT may be so for ever. */
static void what_is_running_is_remembered(void **state)
{
	AUTO_STATE struct state s = { 0 };
	struct ending end;

	(void)state;
	for (int says = 0; says < 2; says++) {
		stage();
		rig.job.policy.verify_timeout = 60;
		rig.service.create_by_status = says == 1;
		rig.service.creating = -1;
		bool ok = rig_run(0, &end);
		CHECK(rig_ended(&end, ok, ERR_TRANSIENT, "may still act"), "%s", end.e.text);
		rig_load(&s);
		for (int i = 0; i < 2; i++)
			CHECK(s.slot[i].intent && s.slot[i].dead_at == 0 &&
			              (s.slot[i].operation != NULL) == (says == 1),
			      "slot %d", i + 1);
		int before = rig.service.requests;
		ok = rig_run(0, &end);
		CHECK(rig_ended(&end, ok, ERR_TRANSIENT, says ? "an earlier run" : "may still act"),
		      "%s", end.e.text);
		CHECK(rig.service.requests - before < 50, "%d", rig.service.requests - before);
		rig.service.pending = 0;
		fake_service_pass(&rig.service, 601000);
		ok = rig_run(0, &end);
		CHECK(ok != (says == 1), "%s", end.e.text);
		fake_service_pass(&rig.service, 601000);
		rig_must_run(0);
		CHECK(met.puts == 1 && rig_works(0) && rig_works(1), "%d", met.puts);
	}
}

/* ---- what stands ----------------------------------------------------------------------------- */

/* A run that was killed. */
static void leave_taint(int slot, int64_t ago_s, int64_t abandoned_ago_s)
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;
	int64_t now = rig.service.clock_ms / 1000;

	rig_load(&s);
	state_taint(&s.slot[slot], now - ago_s, now - ago_s + 4000);
	s.slot[slot].abandoned = abandoned_ago_s == 0 ? 0 : now - abandoned_ago_s;
	CHECK(state_save(rig.store, "web", &s, STORE_DURABLE, &e), "%s", e.text);
}

static void nothing_is_made_while_a_request_may_act(void **state)
{
	/* clang-format off */
	static const struct { const char *what; bool slots[2], there, create; int64_t abandoned_ago; enum err_kind kind; const char *says; int standing; } rows2[] = {
		{ "both", { true, true }, false, true, 0, ERR_TRANSIENT, "token 'web-pull' cannot be created yet: a request", 2 },
		{ "the first slot alone", { true, false }, false, true, 0, ERR_TRANSIENT, "cannot be created yet", 1 },
		{ "the second slot alone", { false, true }, false, true, 500, ERR_TRANSIENT, "cannot be created yet", 1 },
		{ "both, and the token is there", { true, true }, true, true, 0, ERR_TRANSIENT, "password1 has to wait: a request that may replace", 2 },
		{ "both are dead", { true, true }, false, true, 700, ERR_NONE, "", 0 },
		{ "both are dead, and the token is there", { true, true }, true, true, 700, ERR_NONE, "", 0 },
		{ "both, and it may not be created", { true, true }, false, false, 0, ERR_MISSING, "does not exist", 2 },
		{ "both are dead, and it may not be created", { true, true }, false, false, 700, ERR_MISSING, "does not exist", 0 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows2); i++) {
		AUTO_STATE struct state s = { 0 };
		struct ending end;
		stage();
		rig.job.policy.verify_timeout = 5;
		rig.job.policy.create = rows2[i].create;
		rig.service.missing = !rows2[i].there;
		for (int k = 0; k < 2; k++)
			if (rows2[i].slots[k])
				leave_taint(k, 1000, rows2[i].abandoned_ago);
		bool ok = rig_run(0, &end);
		CHECK(rig_ended(&end, ok, rows2[i].kind, rows2[i].says), "%s: %s", rows2[i].what,
		      end.e.text);
		CHECK((met.puts == 0 && rig.met.generates == 0) == (rows2[i].kind != ERR_NONE),
		      "%s: %d", rows2[i].what, met.puts);
		rig_load(&s);
		CHECK(standing(&s) == rows2[i].standing, "%s: %d", rows2[i].what, standing(&s));
		/* From here on its life is counted, and it ends. */
		fake_service_pass(&rig.service, 601000);
		if (rows2[i].create)
			rig_must_run(0);
	}
}

/* ---- beside other rotators ------------------------------------------------------------------- */

static struct store *shared;

static void record_elsewhere(void)
{
	rig_record_elsewhere(shared);
}

/* Whoever was quicker with the record may be making the token; and a sender that was not heard of
 * may just be paused, so its PUT ends with its access token alone. */
static void one_of_several_rotators_makes_it(void **state)
{
	AUTO_STORE struct store *own = rig.store;
	AUTO_STATE struct state s = { 0 };
	struct ending end;

	(void)state;
	stage();
	shared = rig.store = memory_store_open();
	rig.meddler.kind = AT_READ;
	rig.meddler.nth = 2;
	rig.meddler.fn = record_elsewhere;
	bool ok = rig_run(0, &end);
	CHECK(rig_ended(&end, ok, ERR_CONFLICT, "") && met.puts == 0, "%s", end.e.text);
	rig.meddler.nth = 0;
	lost();
	ok = rig_run(0, &end);
	CHECK(rig_ended(&end, ok, ERR_TRANSIENT, "may still act") && met.puts == 1, "%s",
	      end.e.text);
	rig_load(&s);
	int64_t left = s.slot[0].dead_at - rig.service.clock_ms / 1000;
	CHECK(left > 1200, "%lld", (long long)left);
	fake_service_pass(&rig.service, (left - 700) * 1000);
	rig.job.policy.verify_timeout = 5;
	ok = rig_run(0, &end);
	CHECK(rig_ended(&end, ok, ERR_TRANSIENT, "has to wait") && rig.met.generates == 0, "%s",
	      end.e.text);
	fake_service_pass(&rig.service, 700 * 1000);
	rig_must_run(0);
	CHECK(met.puts == 1 && rig_works(0) && rig_works(1), "%d", met.puts);
	store_close(rig.store);
	rig.store = take(&own);
}

/* What a PUT may wipe yet is not generated, whoever made the token; and what was asked for before
 * is known as ours all the same. */
static void a_generate_keeps_what_was_asked_for(void **state)
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	stage();
	rig.service.missing = false;
	rig_load(&s);
	s.slot[0].asked_us = 4711000001;
	state_taint(&s.slot[0], 1, 2);
	s.slot[0].abandoned = 1;
	CHECK(state_save(rig.store, "web", &s, STORE_DURABLE, &e), "%s", e.text);
	rig_must_run(0);
	assert_int_equal(rig.met.generates, 1);
	assert_int_equal(rig.met.asked_before_us[0], 4711000001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_put_is_recorded_until_it_is_over),
		cmocka_unit_test(what_is_running_is_remembered),
		cmocka_unit_test(nothing_is_made_while_a_request_may_act),
		cmocka_unit_test(one_of_several_rotators_makes_it),
		cmocka_unit_test(a_generate_keeps_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
