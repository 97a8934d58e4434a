/* SPDX-License-Identifier: MIT */
/*
 * What goes into the decision: what sinks hold, what those count for that cannot be read or were
 * removed, which generation of the token is ours, since when nobody holds a slot. Sinks in
 * memory, a state in a file, a row for every sentence.
 */
#include "rotate/observe.h"

#include "check.h"

#include "base/mem.h"
#include "base/secret.h"
#include "config/job.h"
#include "fakes/memory_sink.h"
#include "fakes/sinks.h"

#define DAY    86400LL
#define NOW    (20000 * DAY)
#define TICKS  10000000LL
#define MICRO  1000000LL
#define SERVER "contoso.azurecr.io"

/* Generation n of a slot, as the ledger and the service know it. */
#define CREATED(n) ((NOW - (100 - (n)) * DAY) * TICKS + (n))
#define EXPIRES(n) ((NOW + (n)*DAY) * MICRO + 700 + (n))

enum { OLD = 1, NEW = 20, NEXT = 30 };

static struct store *store;
static char *dir;
static struct memory memory[3];
static struct sink_spec specs[3];
static char names[3][2] = { "a", "b", "c" };
static struct job job;

/* Two sinks, of a job with a lifetime of 90 days. */
static void stage(void)
{
	static char name[] = "web", token[] = "web-pull", registry[] = "contoso";
	static const char *const places[] = { "one", "two", "three" };

	for (size_t i = 0; i < COUNT(specs); i++) {
		memory[i] = (struct memory){ .place = places[i] };
		specs[i] = (struct sink_spec){ .ops = &sink_memory,
			                       .name = names[i],
			                       .spec = &memory[i] };
	}
	job = (struct job){
		.enabled = true,
		.name = name,
		.token = token,
		.registry = registry,
		.sinks = specs,
		.n_sinks = 2,
		.policy = { .lifetime = 90 * DAY,
		            .renew_before = 30 * DAY,
		            .grace = DAY,
		            .verify_every = 21600,
		            .inspect_every = DAY },
	};
}

static void hold(size_t sink, const char *password)
{
	(void)snprintf(memory[sink].held, sizeof(memory[sink].held), "%s", password);
}

/* Slot 1 has generation OLD, "one"; slot 2 generation NEW, "two"; both were delivered. */
static struct state ledger(void)
{
	struct state s = { .last_verified = NOW, .last_inspected = NOW };

	s.login_server = mem_dup(SERVER);
	s.slot[0] = (struct slot_memory){ .created = CREATED(OLD),
		                          .expires_us = EXPIRES(OLD),
		                          .delivered = true };
	s.slot[1] = (struct slot_memory){ .created = CREATED(NEW),
		                          .expires_us = EXPIRES(NEW),
		                          .delivered = true };
	test_print("one", &s.slot[0].print);
	test_print("two", &s.slot[1].print);
	return s;
}

static void save(struct state *s)
{
	struct err e = ERR_INIT;

	CHECK(state_save(store, "web", s, STORE_ATOMIC, &e), "%s", e.text);
	state_clear(s);
}

static void look(struct observation *o)
{
	struct err e = ERR_INIT;

	CHECK(observe_open(store, &job, o, &e), "%s", e.text);
}

static struct acr_password password(int64_t created, int64_t expires_us)
{
	return (struct acr_password){ .present = true,
		                      .created = created,
		                      .expires_us = expires_us };
}

static struct acr_token known_token(void)
{
	return (struct acr_token){ .enabled = true,
		                   .slot = { password(CREATED(OLD), EXPIRES(OLD)),
		                             password(CREATED(NEW), EXPIRES(NEW)) } };
}

/* ---- what sinks hold ------------------------------------------------------------------------- */

/* clang-format off */
static const struct match_row { const char *what, *held; enum acr_slot want; bool other; } match_rows[] = {
	{ "nothing", "", ACR_NO_SLOT, false },
	{ "slot 1", "one", ACR_SLOT_1, false },
	{ "slot 2", "two", ACR_SLOT_2, false },
	{ "none of ours", "onE", ACR_NO_SLOT, true },
	{ "what begins like ours", "twofold", ACR_NO_SLOT, true },
};
/* clang-format on */

static void what_was_read_is_matched(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(match_rows); i++) {
		const struct match_row *r = &match_rows[i];
		struct state s = ledger();
		struct observation o;
		stage();
		hold(0, r->held);
		save(&s);
		look(&o);
		CHECK(o.views[0].holds == r->want && o.views[0].other == r->other &&
		              o.views[0].readable,
		      "%s: %d", r->what, (int)o.views[0].holds);
		CHECK(o.views[1].holds == ACR_NO_SLOT && o.n_views == 2, "%s", r->what);
		observe_close(&o);
	}
}

/* The generations of either slot that the sink is remembered to hold, perhaps. */
struct memory_row {
	const char *what;
	int64_t may_hold[ACR_SLOT__COUNT];
	enum acr_slot want[3]; /* of the views that stand for it */
	size_t n;
};

static void remember(struct state *s, const char *name, const char *place,
                     const struct memory_row *r)
{
	struct sink_memory *m = state_sink(s, name, place);

	memcpy(m->may_hold, r->may_hold, sizeof(m->may_hold));
}

/* clang-format off */
static const struct memory_row unread_rows[] = {
	{ "nothing remembered is no proof that it is empty", { 0 }, { ACR_NO_SLOT }, 1 },
	{ "it had slot 1", { CREATED(OLD) }, { ACR_SLOT_1 }, 1 },
	{ "it had slot 2", { 0, CREATED(NEW) }, { ACR_SLOT_2 }, 1 },
	{ "it had a generation that is no more", { 0, CREATED(OLD) }, { ACR_NO_SLOT }, 1 },
	{ "a delivery of slot 2 was cut off", { CREATED(OLD), CREATED(NEW) },
	  { ACR_SLOT_1, ACR_SLOT_2 }, 2 },
	{ "what it was being given is no more", { CREATED(OLD), CREATED(OLD) }, { ACR_SLOT_1 }, 1 },
};
/* clang-format on */

static bool has_view(const struct observation *o, size_t from, enum acr_slot holds)
{
	for (size_t i = from; i < o->n_views; i++)
		if (o->views[i].holds == holds && !o->views[i].readable)
			return true;
	return false;
}

static void an_unread_sink_counts_for_what_it_last_got(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unread_rows); i++) {
		const struct memory_row *r = &unread_rows[i];
		struct state s = ledger();
		struct observation o;
		stage();
		hold(0, "two");
		memory[1].unreadable = true;
		remember(&s, "b", "memory:two", r);
		save(&s);
		look(&o);
		CHECK(o.seen[1].unread && o.seen[1].broken && o.seen[1].why.kind == ERR_LOCAL, "%s",
		      r->what);
		CHECK(o.views[1].holds == r->want[0] && !o.views[1].readable, "%s: %d", r->what,
		      (int)o.views[1].holds);
		CHECK(o.n_views == 1 + r->n, "%s: %zu views", r->what, o.n_views);
		CHECK(r->n < 2 || has_view(&o, 2, r->want[1]), "%s: not what it was being given",
		      r->what);
		/* What it had is remembered still: it was not read. */
		const struct sink_memory *m = state_sink(&o.state, "b", "memory:two");
		CHECK(memcmp(m->may_hold, r->may_hold, sizeof(m->may_hold)) == 0, "%s: forgotten",
		      r->what);
		CHECK(o.views[1].other == (r->want[0] == ACR_NO_SLOT), "%s", r->what);
		CHECK(o.views[1].unread && !o.views[0].unread, "%s", r->what);
		observe_close(&o);
	}
}

/* It showed what is none of ours, and is taken out of the job: whoever reads it may be no part of
 * an outage, until somebody says `forget`. Also as long as it cannot be read. */
static void a_removed_sink_that_showed_a_foreign_password(void **state)
{
	static const struct {
		const char *what, *held;
		int refused;
		bool held_foreign;
	} rows[] = {
		{ "what nobody knows", "foreign", 0, true },
		{ "what the registry refuses", "foreign", 2, false },
		{ "what is ours", "two", 0, false },
		{ "nothing", "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct state s = ledger();
		struct observation o;
		stage();
		hold(0, "two");
		hold(1, rows[i].held);
		save(&s);
		look(&o);
		o.seen[1].refused = rows[i].refused;
		observe_sinks(&o);
		const struct sink_memory *m = state_sink(&o.state, "b", "memory:two");
		CHECK(m->held_foreign == rows[i].held_foreign && o.dirty, "%s", rows[i].what);
		save(&o.state);
		observe_close(&o);
		job.n_sinks = 1;
		bool any = false;
		look(&o);
		for (size_t k = 0; k < o.n_views; k++)
			any = any || (o.views[k].held_foreign && !o.views[k].readable);
		CHECK(any == rows[i].held_foreign, "%s: removed", rows[i].what);
		CHECK(o.views[0].holds == ACR_SLOT_2, "%s", rows[i].what);
		observe_close(&o);
	}
}

/* What is seen in a sink was delivered, also where an older record has it that it never was. */
static void what_a_sink_shows_was_delivered(void **state)
{
	struct state s = ledger();
	struct observation o;

	(void)state;
	stage();
	hold(0, "two");
	s.slot[1].delivered = false;
	save(&s);
	look(&o);
	assert_true(o.state.slot[1].delivered && o.dirty);
	observe_close(&o);
}

/* clang-format off */
static const struct memory_row removed_rows[] = {
	{ "it has slot 1", { CREATED(OLD) }, { ACR_SLOT_1 }, 1 },
	{ "it has slot 2", { 0, CREATED(NEW) }, { ACR_SLOT_2 }, 1 },
	{ "it has one and was being given the other", { CREATED(OLD), CREATED(NEW) },
	  { ACR_SLOT_1, ACR_SLOT_2 }, 2 },
	{ "what it has is no more", { CREATED(NEW) }, { ACR_NO_SLOT }, 0 },
	{ "it has nothing", { 0 }, { ACR_NO_SLOT }, 0 },
};
/* clang-format on */

static void a_removed_sink_still_has_its_readers(void **state)
{
	/* It was taken out of the job; it has another path now. */
	static const char *const places[][2] = { { "c", "memory:three" },
		                                 { "b", "memory:elsewhere" } };

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(removed_rows); i++) {
		const struct memory_row *r = &removed_rows[i / 2];
		const char *const *at = places[i % 2];
		struct state s = ledger();
		struct observation o;
		stage();
		remember(&s, at[0], at[1], r);
		save(&s);
		look(&o);
		CHECK(o.n_views == 2 + r->n, "%s: %zu views", r->what, o.n_views);
		for (size_t k = 0; k < r->n; k++)
			CHECK(has_view(&o, 2, r->want[k]), "%s: not view %zu", r->what, k);
		size_t left = 0;
		for (size_t k = 0; k < o.state.n_sinks; k++)
			left += strcmp(o.state.sinks[k].place, at[1]) == 0;
		CHECK(left == (r->n > 0), "%s: %s", r->what,
		      left ? "remembered for ever" : "forgotten");
		observe_close(&o);
	}
}

static void a_sink_that_was_read_is_remembered(void **state)
{
	static const struct memory_row cut_off = { .may_hold = { CREATED(OLD), CREATED(NEW) } };
	struct state s = ledger();
	struct observation o;

	(void)state;
	stage();
	hold(0, "two");
	hold(1, "foreign");
	remember(&s, "a", "memory:one", &cut_off);
	remember(&s, "b", "memory:two", &cut_off);
	save(&s);
	look(&o);
	const struct sink_memory *a = state_sink(&o.state, "a", "memory:one");
	assert_true(a->may_hold[0] == 0 && a->may_hold[1] == CREATED(NEW));
	const struct sink_memory *b = state_sink(&o.state, "b", "memory:two");
	assert_true(b->may_hold[0] == 0 && b->may_hold[1] == 0);
	assert_true(o.dirty);
	/* What is as it was needs no save. */
	o.dirty = false;
	observe_sinks(&o);
	assert_false(o.dirty);
	/* It becomes unreadable under way: what was read a moment ago counts, and its password
	 * is let go. */
	memory[0].unreadable = true;
	observe_sinks(&o);
	assert_true(o.seen[0].unread && o.seen[0].broken && o.seen[0].held == NULL);
	assert_int_equal(o.views[0].holds, ACR_SLOT_2);
	assert_false(o.views[0].readable);
	observe_close(&o);
}

/* It sees nothing, is given the same once more, and then something newer: the chain is one of
 * another store, and the first may hold what it held. Not so where it sees it again by itself. */
static void what_was_out_of_sight_no_chain_lets_go(void **state)
{
	static const struct {
		const char *what;
		bool given_again;
		int64_t after[2];
	} rows[] = {
		{ "given once more", true, { CREATED(OLD), CREATED(NEW) } },
		{ "seen again by itself", false, { 0, CREATED(NEW) } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static const struct memory_row before = { .may_hold = { CREATED(OLD) } };
		struct state s = ledger();
		struct observation o;
		stage();
		job.n_sinks = 1;
		specs[0].ops = &sink_memory_behind;
		hold(0, "");
		remember(&s, "a", "memory:one", &before);
		save(&s);
		look(&o);
		if (rows[i].given_again)
			observe_giving(&o, 0, ACR_SLOT_1);
		hold(0, "one");
		observe_sinks(&o);
		if (rows[i].given_again)
			observe_given(&o, 0, ACR_SLOT_1, true);
		observe_giving(&o, 0, ACR_SLOT_2);
		hold(0, "two");
		observe_sinks(&o);
		observe_given(&o, 0, ACR_SLOT_2, true);
		const struct sink_memory *m = state_sink(&o.state, "a", "memory:one");
		CHECK(m->may_hold[0] == rows[i].after[0] && m->may_hold[1] == rows[i].after[1],
		      "%s: %lld %lld", rows[i].what, (long long)m->may_hold[0],
		      (long long)m->may_hold[1]);
		observe_close(&o);
	}
}

/* It may hold the very password that it is healed with, and shows nothing: that it fails to store
 * it once more says nothing of what it had. */
static void a_heal_that_fails_lets_nothing_go(void **state)
{
	static const struct memory_row before = { .may_hold = { CREATED(OLD) } };
	struct state s = ledger();
	struct observation o;

	(void)state;
	stage();
	job.n_sinks = 1;
	specs[0].ops = &sink_memory_behind;
	hold(0, "");
	remember(&s, "a", "memory:one", &before);
	save(&s);
	look(&o);
	observe_giving(&o, 0, ACR_SLOT_1);
	observe_sinks(&o);
	observe_given(&o, 0, ACR_SLOT_1, false);
	const struct sink_memory *m = state_sink(&o.state, "a", "memory:one");
	assert_true(m->may_hold[0] == CREATED(OLD) && !m->given_again);
	observe_giving(&o, 0, ACR_SLOT_2);
	observe_given(&o, 0, ACR_SLOT_2, false);
	m = state_sink(&o.state, "a", "memory:one");
	assert_true(m->may_hold[0] == CREATED(OLD) && m->may_hold[1] == 0);
	observe_close(&o);
}

/* A file has what it shows; behind another program what was once seen counts until a chain was
 * seen: it was read right before the newer one was given, and that was read back. */
static void what_is_not_seen_is_not_gone(void **state)
{
	static const struct {
		const char *what, *held, *then; /* read at first, and after a delivery of slot 2 */
		bool evidence, kept;            /* kept: the delivery was read back */
		int64_t may_hold[2], after[2];
	} rows[] = {
		{ "a file that is empty", "", "two", true, true, { 0, 0 }, { 0, CREATED(NEW) } },
		{ "a helper that sees nothing",
		  "",
		  "two",
		  false,
		  true,
		  { CREATED(OLD), 0 },
		  { CREATED(OLD), CREATED(NEW) } },
		{ "a helper that sees somebody else's",
		  "other",
		  "two",
		  false,
		  true,
		  { CREATED(OLD), 0 },
		  { CREATED(OLD), CREATED(NEW) } },
		{ "a helper that sees the old one",
		  "one",
		  "two",
		  false,
		  true,
		  { CREATED(OLD), 0 },
		  { 0, CREATED(NEW) } },
		{ "a helper that sees the old one, and fails to store",
		  "one",
		  "one",
		  false,
		  false,
		  { CREATED(OLD), 0 },
		  { CREATED(OLD), 0 } },
		{ "a helper that sees nothing, and fails to store",
		  "",
		  "",
		  false,
		  false,
		  { CREATED(OLD), 0 },
		  { CREATED(OLD), 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static const struct memory_row before = { .may_hold = { CREATED(OLD) } };
		struct state s = ledger();
		struct observation o;
		stage();
		job.n_sinks = 1;
		specs[0].ops = rows[i].evidence ? &sink_memory : &sink_memory_behind;
		hold(0, rows[i].held);
		remember(&s, "a", "memory:one", &before);
		save(&s);
		look(&o);
		const struct sink_memory *m = state_sink(&o.state, "a", "memory:one");
		CHECK(memcmp(m->may_hold, rows[i].may_hold, sizeof(m->may_hold)) == 0, "%s",
		      rows[i].what);
		bool hidden = m->may_hold[0] != 0 && strcmp(rows[i].held, "one") != 0;
		CHECK(observe_hidden(&o, m, ACR_SLOT_1) == hidden, "%s: hidden", rows[i].what);
		CHECK(has_view(&o, 1, ACR_SLOT_1) == hidden && o.views[0].readable, "%s: views",
		      rows[i].what);
		observe_giving(&o, 0, ACR_SLOT_2);
		CHECK(m->may_hold[1] == CREATED(NEW), "%s: what it is given", rows[i].what);
		hold(0, rows[i].then);
		observe_sinks(&o);
		observe_given(&o, 0, ACR_SLOT_2, rows[i].kept);
		m = state_sink(&o.state, "a", "memory:one");
		CHECK(memcmp(m->may_hold, rows[i].after, sizeof(m->may_hold)) == 0,
		      "%s: after: %lld %lld", rows[i].what, (long long)m->may_hold[0],
		      (long long)m->may_hold[1]);
		observe_close(&o);
	}
}

static void a_sink_that_cannot_be_opened_is_unread(void **state)
{
	struct state s = ledger();
	struct observation o;

	(void)state;
	stage();
	memory[0].no_open = memory[1].no_open = true;
	save(&s);
	look(&o);
	for (size_t i = 0; i < 2; i++)
		CHECK(o.seen[i].broken && o.seen[i].unread && o.views[i].other &&
		              !o.views[i].readable && o.seen[i].why.kind == ERR_LOCAL,
		      "sink %zu", i);
	observe_close(&o);
}

/* A foreign password is thought to work until it was refused twice. */
static void a_refusal_is_believed_the_second_time(void **state)
{
	struct state s = ledger();
	struct observation o;

	(void)state;
	stage();
	hold(0, "foreign");
	save(&s);
	look(&o);
	for (int refused = 0; refused <= 2; refused++) {
		o.seen[0].refused = refused;
		observe_sinks(&o);
		CHECK(o.views[0].rejected == (refused == 2), "refused %d times", refused);
	}
	observe_close(&o);
}

/* ---- since when nobody holds a slot ---------------------------------------------------------- */

static const struct stamp_row {
	const char *what;
	const char *held[2];
	bool unreadable;        /* the second sink */
	bool may_hold;          /* the second sink, perhaps */
	bool undelivered, gone; /* slot 1 */
	int64_t left, want;     /* of slot 1, before and after */
} stamp_rows[] = {
	{ .what = "nobody holds it", .held = { "two", "two" }, .want = NOW },
	{ .what = "nor does anybody hold anything", .held = { "", "" }, .want = NOW },
	{ .what = "a sink holds it", .held = { "two", "one" }, .want = 0 },
	{ .what = "a sink cannot be read", .held = { "two", "" }, .unreadable = true, .want = 0 },
	{ .what = "a sink cannot be read, and has it",
	  .held = { "two", "" },
	  .unreadable = true,
	  .may_hold = true,
	  .want = 0 },
	{ .what = "it was left before",
	  .held = { "two", "two" },
	  .left = NOW - 5 * DAY,
	  .want = NOW - 5 * DAY },
	{ .what = "it was left before, and is held again",
	  .held = { "two", "one" },
	  .left = NOW - 5 * DAY,
	  .want = 0 },
	{ .what = "it was left before, and may be held again",
	  .held = { "two", "" },
	  .unreadable = true,
	  .may_hold = true,
	  .left = NOW - 5 * DAY,
	  .want = 0 },
	{ .what = "it was left before, and a sink cannot be read",
	  .held = { "two", "" },
	  .unreadable = true,
	  .left = NOW - 5 * DAY,
	  .want = NOW - 5 * DAY },
	{ .what = "nobody ever got it", .held = { "two", "two" }, .undelivered = true, .want = 0 },
	{ .what = "it is no more", .held = { "two", "two" }, .gone = true, .want = 0 },
};

static void grace_begins_when_nobody_can_hold_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stamp_rows); i++) {
		const struct stamp_row *r = &stamp_rows[i];
		struct state s = ledger();
		struct observation o;
		stage();
		hold(0, r->held[0]);
		hold(1, r->held[1]);
		memory[1].unreadable = r->unreadable;
		s.slot[0].delivered = !r->undelivered;
		s.slot[0].gone = r->gone;
		s.slot[0].left = r->left;
		if (r->may_hold)
			remember(&s, "b", "memory:two",
			         &(struct memory_row){ .may_hold = { CREATED(OLD) } });
		save(&s);
		look(&o);
		bool due = r->want == NOW;
		CHECK(observe_wants_service(&o, NOW) == due, "%s: asks for the service's clock",
		      r->what);
		o.dirty = false;
		observe_stamp(&o, NOW);
		CHECK(o.state.slot[0].left == r->want, "%s: %lld", r->what,
		      (long long)o.state.slot[0].left);
		CHECK(o.dirty == due, "%s: dirty", r->what);
		observe_close(&o);
	}
}

/* ---- which generation is ours ---------------------------------------------------------------- */

#define ASKED  (EXPIRES(NEXT) + 5)
#define BEFORE (EXPIRES(NEXT) - 61000000)

static const struct claim_row {
	const char *what;
	bool absent;
	int64_t created, expires_us; /* what is seen in slot 1 */
	bool never, intent;          /* nothing was ours; a request may act */
	int64_t asked_us, before_us;
	bool ours, present, gone, lost, left_intent;
} claim_rows[] = {
	{ .what = "as it was",
	  .created = CREATED(OLD),
	  .expires_us = EXPIRES(OLD),
	  .asked_us = ASKED,
	  .ours = true,
	  .present = true },
	{ .what = "gone", .absent = true, .gone = true, .ours = true },
	{ .what = "never anything", .absent = true, .never = true, .ours = true },
	{ .what = "foreign, without an end",
	  .created = CREATED(NEXT),
	  .asked_us = ASKED,
	  .gone = true,
	  .present = true },
	{ .what = "foreign, first of all",
	  .created = CREATED(NEXT),
	  .never = true,
	  .present = true },
	{ .what = "foreign, with an end of its own",
	  .created = CREATED(NEXT),
	  .expires_us = EXPIRES(40),
	  .asked_us = ASKED,
	  .gone = true,
	  .present = true },
	{ .what = "foreign, of the same second",
	  .created = CREATED(NEXT),
	  .expires_us = ASKED + 1,
	  .asked_us = ASKED,
	  .gone = true,
	  .present = true },
	{ .what = "foreign, of the same second as the request before",
	  .created = CREATED(NEXT),
	  .expires_us = BEFORE - 1,
	  .asked_us = ASKED,
	  .before_us = BEFORE,
	  .gone = true,
	  .present = true },
	{ .what = "an intent claims nothing by itself",
	  .created = CREATED(NEXT),
	  .expires_us = EXPIRES(40),
	  .intent = true,
	  .asked_us = ASKED,
	  .gone = true,
	  .present = true,
	  .left_intent = true },
	{ .what = "asked for",
	  .created = CREATED(NEXT),
	  .expires_us = ASKED,
	  .intent = true,
	  .asked_us = ASKED,
	  .ours = true,
	  .present = true,
	  .lost = true },
	{ .what = "asked for, first of all",
	  .created = CREATED(NEXT),
	  .expires_us = ASKED,
	  .intent = true,
	  .asked_us = ASKED,
	  .never = true,
	  .ours = true,
	  .present = true,
	  .lost = true },
	{ .what = "the last request but one acted: the last may act yet",
	  .created = CREATED(NEXT),
	  .expires_us = BEFORE,
	  .intent = true,
	  .asked_us = ASKED,
	  .before_us = BEFORE,
	  .ours = true,
	  .present = true,
	  .lost = true,
	  .left_intent = true },
	{ .what = "asked for before another request, of which nothing is known: that may act yet",
	  .created = CREATED(NEXT),
	  .expires_us = BEFORE,
	  .intent = true,
	  .before_us = BEFORE,
	  .ours = true,
	  .present = true,
	  .lost = true,
	  .left_intent = true },
	{ .what = "without an end, behind another request",
	  .created = CREATED(NEXT),
	  .intent = true,
	  .before_us = BEFORE,
	  .gone = true,
	  .present = true,
	  .left_intent = true },
	{ .what = "one of two requests for the same acted: the other may yet",
	  .created = CREATED(NEXT),
	  .expires_us = ASKED,
	  .intent = true,
	  .asked_us = ASKED,
	  .before_us = ASKED,
	  .ours = true,
	  .present = true,
	  .lost = true,
	  .left_intent = true },
};

static void what_bears_our_expiry_is_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(claim_rows); i++) {
		const struct claim_row *r = &claim_rows[i];
		struct state s = ledger();
		struct observation o;
		struct acr_token token = known_token();
		bool ours;
		stage();
		hold(0, "two");
		if (r->never)
			s.slot[0] = (struct slot_memory){ .created = 0 };
		s.slot[0].left = r->never ? 0 : NOW - 9 * DAY;
		s.slot[0].asked_us = r->asked_us;
		s.slot[0].asked_before_us = r->before_us;
		s.slot[0].intent = r->intent;
		s.slot[0].intent_since = r->intent ? NOW - 20 : 0;
		token.slot[0] = r->absent ? (struct acr_password){ .present = false }
		                          : password(r->created, r->expires_us);
		save(&s);
		look(&o);
		observe_token(&o, &token, NOW);
		const struct slot_memory *m = &o.state.slot[0];
		struct acr_password p = observe_slot(&o, ACR_SLOT_1, &ours);
		CHECK(ours == r->ours, "%s: whose?", r->what);
		CHECK(p.present == r->present && (!p.present || (p.created == r->created &&
		                                                 p.expires_us == r->expires_us)),
		      "%s: what?", r->what);
		CHECK(m->gone == r->gone && m->intent == r->left_intent, "%s: gone %d, intent %d",
		      r->what, m->gone, m->intent);
		CHECK((m->intent_since != 0) == m->intent, "%s", r->what);
		struct plan_input in = observe_input(&o, NOW, false);
		CHECK(in.slot[0].lost == r->lost && in.slot[0].ours == (r->ours && r->present),
		      "%s: lost %d", r->what, in.slot[0].lost);
		/* Nobody has it, and nobody has left it. */
		if (r->lost)
			CHECK(!m->delivered && m->left == 0 && !in.slot[0].delivered,
			      "%s: delivered", r->what);
		CHECK(o.state.slot[1].created == CREATED(NEW) && !o.state.slot[1].gone,
		      "%s: the other slot", r->what);
		observe_close(&o);
	}
}

/* One that was gone and comes back (a replica that lagged) is the same one. */
static void what_comes_back_is_ours_again(void **state)
{
	struct state s = ledger();
	struct observation o;
	struct acr_token token = known_token();
	bool ours;

	(void)state;
	stage();
	hold(0, "two");
	s.slot[0].gone = true;
	s.slot[0].foreign_created = CREATED(NEXT);
	save(&s);
	look(&o);
	observe_token(&o, &token, NOW);
	assert_true(observe_slot(&o, ACR_SLOT_1, &ours).present && ours && !o.state.slot[0].gone);
	assert_true(o.state.slot[0].foreign_created == 0 && o.dirty);
	observe_close(&o);
}

/* A replica that lags tells of the generation before: what is known of the newest is not lost. */
static void an_older_answer_takes_nothing(void **state)
{
	static const struct {
		const char *what;
		int64_t created;
		bool lost;
	} rows[] = {
		{ "it is older", CREATED(OLD) - TICKS, false },
		{ "it is newer: it acted late", CREATED(OLD) + TICKS, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct state s = ledger();
		struct observation o;
		struct acr_token token = known_token();
		stage();
		hold(0, "one");
		s.slot[0].asked_us = s.slot[0].expires_us;
		s.slot[0].asked_before_us = BEFORE;
		token.slot[0] = password(rows[i].created, BEFORE);
		save(&s);
		look(&o);
		observe_token(&o, &token, NOW);
		struct plan_input in = observe_input(&o, NOW, false);
		CHECK(in.slot[0].lost == rows[i].lost &&
		              (o.views[0].holds == ACR_SLOT_1) == !rows[i].lost,
		      "%s", rows[i].what);
		CHECK(o.state.slot[0].created == (rows[i].lost ? rows[i].created : CREATED(OLD)),
		      "%s", rows[i].what);
		observe_close(&o);
	}
}

static void a_token_that_is_missing_took_all_with_it(void **state)
{
	struct state s = ledger();
	struct observation o;
	bool ours;

	(void)state;
	stage();
	hold(0, "two");
	s.slot[0].revoke = CREATED(OLD);
	save(&s);
	look(&o);
	assert_int_equal(o.asked, TOKEN_NOT_ASKED);
	observe_token(&o, NULL, NOW);
	assert_int_equal(o.asked, TOKEN_MISSING);
	assert_true(o.state.slot[0].gone && o.state.slot[1].gone && o.state.slot[0].revoke == 0 &&
	            o.dirty);
	assert_false(observe_slot(&o, ACR_SLOT_2, &ours).present);
	assert_true(observe_input(&o, NOW, false).known);
	observe_close(&o);
}

static void a_disabled_token_is_remembered(void **state)
{
	struct state s = ledger();
	struct observation o;
	struct acr_token token = known_token();

	(void)state;
	stage();
	hold(0, "two");
	s.rejected_at = NOW - 60;
	save(&s);
	look(&o);
	token.enabled = false;
	observe_token(&o, &token, NOW);
	assert_true(o.state.disabled && o.state.rejected_at == 0 &&
	            !observe_input(&o, NOW, false).enabled);
	token.enabled = true;
	observe_token(&o, &token, NOW);
	assert_false(o.state.disabled);
	assert_true(observe_input(&o, NOW, false).enabled);
	observe_close(&o);
}

/* A generation that is to die, and is dead: by whatever. */
static void an_answer_that_lacks_a_slot_is_not_believed_at_once(void **state)
{
	/* after the first answer that lacks it */
	static const struct {
		const char *what;
		int64_t later;
		bool back, lacking;
	} rows[] = {
		{ "at once", 0, false, true },
		{ "as long as grace", DAY, false, true },
		{ "longer", DAY + 1, false, false },
		{ "it came back meanwhile", DAY + 1, true, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct state s = ledger();
		struct observation o;
		struct acr_token all = known_token(), lacks = all;
		stage();
		hold(0, "two");
		lacks.slot[0].present = false;
		save(&s);
		look(&o);
		observe_token(&o, &lacks, NOW);
		if (rows[i].back) {
			observe_token(&o, &all, NOW + 1);
			struct plan_input in = observe_input(&o, NOW + 1, false);
			CHECK(in.slot[0].present && !in.slot[0].lacking, "%s", rows[i].what);
		}
		observe_token(&o, &lacks, NOW + rows[i].later);
		struct plan_input in = observe_input(&o, NOW + rows[i].later, false);
		CHECK(in.slot[0].lacking == rows[i].lacking && !in.slot[0].present, "%s",
		      rows[i].what);
		/* Grace begins for it as for any other. */
		CHECK(in.slot[0].left != 0, "%s", rows[i].what);
		observe_close(&o);
	}
}

static void a_revoke_is_over_when_its_generation_is(void **state)
{
	/* clang-format off */
	static const struct { const char *what; struct acr_password seen; bool over; } rows[] = {
		{ "it is there",
		  { .present = true, .created = CREATED(OLD), .expires_us = EXPIRES(OLD) }, false },
		{ "in whole seconds", { .present = true,
		  .created = CREATED(OLD) / 10000000 * 10000000, .expires_us = EXPIRES(OLD) }, false },
		{ "it is gone", { .present = false }, true },
		{ "another is there", { .present = true, .created = CREATED(NEXT) }, true },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct state s = ledger();
		struct observation o;
		struct acr_token token = known_token();
		stage();
		hold(0, "two");
		s.slot[0].revoke = CREATED(OLD);
		save(&s);
		look(&o);
		token.slot[0] = rows[i].seen;
		observe_token(&o, &token, NOW);
		CHECK((o.state.slot[0].revoke == 0) == rows[i].over, "%s", rows[i].what);
		observe_close(&o);
	}
}

/* ---- what the rule is asked ------------------------------------------------------------------ */

static void a_permission_names_one_generation(void **state)
{
	/* clang-format off */
	static const struct { const char *what; struct may_replace m; bool ours, permitted; } rows[] = {
		{ "exactly this one", { ACR_SLOT_1, CREATED(NEXT) }, false, true },
		{ "the one before", { ACR_SLOT_1, CREATED(NEXT) - 1 }, false, false },
		{ "the other slot", { ACR_SLOT_2, CREATED(NEXT) }, false, false },
		{ "one of ours may be named too", { ACR_SLOT_1, CREATED(OLD) }, true, true },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct state s = ledger();
		struct observation o;
		struct acr_token token = known_token();
		struct acr_password p;
		struct may_replace may[] = { { ACR_SLOT_2, CREATED(OLD) }, rows[i].m };
		stage();
		hold(0, "two");
		job.policy.may_replace = may;
		job.policy.n_may_replace = COUNT(may);
		save(&s);
		look(&o);
		if (!rows[i].ours)
			token.slot[0] = password(CREATED(NEXT), 0);
		observe_token(&o, &token, NOW);
		CHECK(observe_input(&o, NOW, false).slot[0].permitted == rows[i].permitted, "%s",
		      rows[i].what);
		CHECK(observe_foreign(&o, ACR_SLOT_1, &p) == (!rows[i].ours && !rows[i].permitted),
		      "%s: asks for it", rows[i].what);
		observe_close(&o);
	}
}

static const struct input_row {
	const char *what;
	int64_t lifetime, verify_wait, verified, abandoned;
	bool hook_sink, hook_job;
	int64_t margin;
	bool verify_due, hook_owed;
} input_rows[] = {
	{ .what = "five minutes of margin", .lifetime = 90 * DAY, .verified = NOW, .margin = 300 },
	{ .what = "a tenth of a short life", .lifetime = 60, .verified = NOW, .margin = 6 },
	{ .what = "a second too early", .lifetime = 3000, .verified = NOW - 21599, .margin = 300 },
	{ .what = "verify_every has passed",
	  .lifetime = 2990,
	  .verified = NOW - 21600,
	  .margin = 299,
	  .verify_due = true },
	{ .what = "verified in the future: the clock was wrong",
	  .lifetime = 3000,
	  .verified = NOW + 1,
	  .margin = 300,
	  .verify_due = true },
	{ .what = "a registry that cannot be reached",
	  .lifetime = 3000,
	  .verify_wait = 300,
	  .verified = 1,
	  .margin = 300 },
	{ .what = "a sink's hook",
	  .lifetime = 3000,
	  .verified = NOW,
	  .hook_sink = true,
	  .margin = 300,
	  .hook_owed = true },
	{ .what = "the job's hook",
	  .lifetime = 3000,
	  .verified = NOW,
	  .hook_job = true,
	  .margin = 300,
	  .hook_owed = true },
	{ .what = "a request",
	  .lifetime = 3000,
	  .verified = NOW,
	  .abandoned = NOW - 3,
	  .margin = 300 },
	{ .what = "a request from the future: the clock was set back",
	  .lifetime = 3000,
	  .verified = NOW,
	  .abandoned = NOW + 99,
	  .margin = 300 },
};

static void the_rule_is_asked_with_what_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(input_rows); i++) {
		const struct input_row *r = &input_rows[i];
		struct state s = ledger();
		struct observation o;
		stage();
		hold(0, "two");
		job.policy.lifetime = r->lifetime;
		job.policy.verify_wait = r->verify_wait;
		s.last_verified = r->verified;
		s.job_hook_owed = r->hook_job;
		state_sink(&s, "b", "memory:two")->hook_owed = r->hook_sink;
		s.slot[0].intent = r->abandoned != 0;
		s.slot[0].abandoned = r->abandoned;
		s.slot[0].intent_since = r->abandoned != 0 ? NOW - 3 : 0;
		s.slot[0].asked_us = r->abandoned != 0 ? ASKED : 0;
		save(&s);
		look(&o);
		struct plan_input in = observe_input(&o, NOW, false);
		CHECK(in.margin == r->margin, "%s: %lld", r->what, (long long)in.margin);
		CHECK(in.verify_due == r->verify_due && in.hook_owed == r->hook_owed, "%s",
		      r->what);
		CHECK(in.slot[0].intent == (r->abandoned != 0) && in.slot[0].abandoned <= NOW,
		      "%s: %lld", r->what, (long long)in.slot[0].abandoned);
		CHECK(in.slot[0].expires == EXPIRES(OLD) / MICRO &&
		              in.slot[1].created == CREATED(NEW),
		      "%s", r->what);
		CHECK(in.sinks == o.views && in.n_sinks == o.n_views, "%s", r->what);
		observe_close(&o);
	}
}

/* A slot that died by the registry's word, and what may end a run that has touched nothing. */
static void a_run_is_quiet_only_when_nothing_is_open(void **state)
{
	enum what {
		QUIET,
		DIRTY,
		LOST_STATE,
		UNFINISHED,
		FAILING,
		UNREAD,
		HOOK,
		INSPECT,
		INTENT,
		REVOKE,
		LEFT,
		DUE,
		AHEAD,
		WARNED
	};
	static const char *const whats[] = { "quiet",         "dirty",
		                             "state lost",    "unfinished",
		                             "failing",       "unread",
		                             "hook",          "inspect",
		                             "intent",        "revoke",
		                             "left",          "due",
		                             "foreign ahead", "foreign ahead, told today" };

	static const struct memory_row two = { .may_hold = { 0, CREATED(NEW) } };

	(void)state;
	for (enum what w = QUIET; w <= WARNED; w++) {
		struct state s = ledger();
		struct observation o;
		stage();
		hold(0, "two");
		hold(1, "two");
		s.slot[0].left = w == LEFT ? 0 : NOW - DAY;
		s.slot[1].expires_us = EXPIRES(60);
		s.unfinished = w == UNFINISHED;
		s.failing_since = w == FAILING ? NOW - 1 : 0;
		s.job_hook_owed = w == HOOK;
		s.last_inspected = w == INSPECT ? NOW - DAY : NOW - DAY + 1;
		s.slot[0].intent = w == INTENT;
		s.slot[0].intent_since = w == INTENT ? NOW - 9 : 0;
		s.slot[0].asked_us = w == INTENT ? ASKED : 0;
		s.slot[0].revoke = w == REVOKE ? CREATED(OLD) : 0;
		if (w == AHEAD || w == WARNED) {
			s.slot[0].gone = true;
			s.slot[0].foreign_created = CREATED(NEXT);
		}
		s.last_warned = w == WARNED ? NOW - DAY + 1 : NOW - DAY;
		remember(&s, "a", "memory:one", &two);
		remember(&s, "b", "memory:two", &two);
		memory[1].unreadable = w == UNREAD;
		save(&s);
		look(&o);
		o.state.lost = w == LOST_STATE ? LOST_DAMAGED : LOST_NOT;
		o.dirty = o.dirty || w == DIRTY;
		int64_t now = w == DUE ? NOW + 31 * DAY : NOW;
		if (w == DUE)
			o.state.last_inspected = o.state.last_verified = now;
		struct plan p = observe_decide(&o, now, false);
		CHECK((p.action == PLAN_KEEP) == (w != DUE), "%s: %s", whats[w],
		      plan_action_name(p.action));
		CHECK(observe_quiet(&o, &p, now) == (w == QUIET || w == WARNED), "%s", whats[w]);
		observe_close(&o);
	}
}

/* ---- opening --------------------------------------------------------------------------------- */

static void without_a_server_nothing_is_read(void **state)
{
	struct state s = ledger();
	struct observation o;

	(void)state;
	stage();
	hold(0, "one");
	hold(1, "two");
	free(s.login_server);
	s.login_server = NULL;
	save(&s);
	look(&o);
	assert_true(o.who.server == NULL && o.n_views == 0 && memory[0].reads == 0);
	observe_server(&o, SERVER, "rg", NULL);
	assert_string_equal(o.who.server, SERVER);
	assert_string_equal(o.who.username, "web-pull");
	assert_string_equal(o.state.login_server, SERVER);
	assert_string_equal(o.state.group, "rg");
	assert_true(o.dirty && o.n_views == 2);
	assert_int_equal(o.views[0].holds, ACR_SLOT_1);
	assert_int_equal(o.views[1].holds, ACR_SLOT_2);
	observe_close(&o);
	assert_int_equal(memory[0].opens, 1);
}

/* Where the job asks for a server that is no name of the registry's, it is asked at its own. */
static void a_server_by_another_name(void **state)
{
	static char asked[] = "fabrikam.azurecr.io", region[] = "CONTOSO.westeurope.geo.azurecr.io";
	struct observation o;

	(void)state;
	stage();
	job.registry = asked;
	look(&o);
	observe_server(&o, "contoso.azurecr.io", "rg", NULL);
	assert_string_equal(o.who.server, "contoso.azurecr.io");
	job.registry = region;
	observe_server(&o, "contoso.azurecr.io", "rg", NULL);
	assert_string_equal(o.who.server, "contoso.westeurope.geo.azurecr.io");
	observe_close(&o);
}

/* A record of version 1 has no registry in it, only a login server. */
static void an_old_record_is_known_by_its_login_server(void **state)
{
	static const struct {
		const char *server;
		enum state_lost why;
	} rows[] = {
		{ SERVER, LOST_NOT },
		{ "contoso-a1b2c3d4e5.azurecr.io", LOST_NOT },
		{ "CONTOSO.azurecr.cn", LOST_NOT },
		{ "localhost:8443", LOST_NOT },
		{ "fabrikam.azurecr.io", LOST_REGISTRY },
		{ "contoso2.azurecr.io", LOST_REGISTRY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct state s = ledger();
		struct observation o;
		stage();
		hold(0, "one");
		free(s.login_server);
		s.login_server = mem_dup(rows[i].server);
		save(&s);
		look(&o);
		CHECK(o.state.lost == rows[i].why, "%s: %d", rows[i].server, (int)o.state.lost);
		observe_close(&o);
	}
}

static int before(void **state)
{
	(void)state;
	dir = scratch_make();
	store = store_open(dir, NULL);
	return 0;
}

static int after(void **state)
{
	(void)state;
	store_close(store);
	scratch_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_is_matched),
		cmocka_unit_test(an_unread_sink_counts_for_what_it_last_got),
		cmocka_unit_test(an_old_record_is_known_by_its_login_server),
		cmocka_unit_test(a_removed_sink_still_has_its_readers),
		cmocka_unit_test(a_removed_sink_that_showed_a_foreign_password),
		cmocka_unit_test(what_a_sink_shows_was_delivered),
		cmocka_unit_test(an_answer_that_lacks_a_slot_is_not_believed_at_once),
		cmocka_unit_test(a_sink_that_was_read_is_remembered),
		cmocka_unit_test(what_is_not_seen_is_not_gone),
		cmocka_unit_test(what_was_out_of_sight_no_chain_lets_go),
		cmocka_unit_test(a_heal_that_fails_lets_nothing_go),
		cmocka_unit_test(a_sink_that_cannot_be_opened_is_unread),
		cmocka_unit_test(a_refusal_is_believed_the_second_time),
		cmocka_unit_test(grace_begins_when_nobody_can_hold_it),
		cmocka_unit_test(what_bears_our_expiry_is_ours),
		cmocka_unit_test(what_comes_back_is_ours_again),
		cmocka_unit_test(an_older_answer_takes_nothing),
		cmocka_unit_test(a_token_that_is_missing_took_all_with_it),
		cmocka_unit_test(a_disabled_token_is_remembered),
		cmocka_unit_test(a_revoke_is_over_when_its_generation_is),
		cmocka_unit_test(a_permission_names_one_generation),
		cmocka_unit_test(the_rule_is_asked_with_what_is_known),
		cmocka_unit_test(a_run_is_quiet_only_when_nothing_is_open),
		cmocka_unit_test(without_a_server_nothing_is_read),
		cmocka_unit_test(a_server_by_another_name),
	};

	return cmocka_run_group_tests(tests, before, after);
}
