/* SPDX-License-Identifier: MIT */
/* A row for every sentence of the rule. Times are days of a job with lifetime 90, renewal 30
 * before the end, grace 1. */
#include "rotate/plan.h"

#include "check.h"

#define DAY       86400LL
#define NOW       (20000 * DAY)
#define IN(days)  (NOW + (days)*DAY)
#define AGO(days) (NOW - (days)*DAY)
#define MARGIN    300

/* Slots as they are met. `created` orders them: more days ago is older. */
/* clang-format off */
#define ABSENT          { .present = false }
#define OURS(until, age) .present = true, .ours = true, .delivered = true, .expires = (until), \
	.created = AGO(age) * 10000000
#define HELD(expires_in, age) { OURS(IN(expires_in), age) }
#define LEFT(expires_in, age, left_ago) { OURS(IN(expires_in), age), .left = AGO(left_ago) }
#define LEFT_AT(until, age, since) { OURS(until, age), .left = (since) }
/* A request that was given up `since`, and is dead ten minutes later. */
#define TAINT(since) .intent = true, .abandoned = (since), .dead_at = (since) + 600
#define INTENT(since) { TAINT(since) }
#define LOST            { .present = true, .ours = true, .lost = true, .expires = IN(80), \
	.created = AGO(10) * 10000000 }
#define UNDELIVERED     { .present = true, .ours = true, .expires = IN(80), \
	.created = AGO(10) * 10000000 }
#define DEAD(expires_in) { OURS(IN(expires_in), 5), .refused = true, .dead = true }
#define DOUBTED(expires_in) { OURS(IN(expires_in), 5), .refused = true, .doubted_until = NOW + 99 }
#define DOOMED(expires_in, age) { OURS(IN(expires_in), age), .doomed = true }
#define FOREIGN         { .present = true, .created = AGO(3) * 10000000 }
#define FOREIGN_UNTIL(d) { .present = true, .created = AGO(3) * 10000000, .expires = IN(d) }
/* The answer lacks it though the record has it. */
#define LACKING(expires_in, left_at) { .lacking = true, .delivered = true, .left = (left_at), \
	.expires = IN(expires_in), .believed_at = NOW + 77 }
#define PERMITTED       { .present = true, .created = AGO(3) * 10000000, .permitted = true }
/* clang-format on */

/* Sinks. */
/* clang-format off */
#define ONE     { .holds = ACR_SLOT_1, .readable = true }
#define TWO     { .holds = ACR_SLOT_2, .readable = true }
#define NOTHING { .holds = ACR_NO_SLOT, .readable = true }
#define OTHER   { .holds = ACR_NO_SLOT, .other = true, .readable = true }
#define REFUSED { .holds = ACR_NO_SLOT, .other = true, .readable = true, .rejected = true }
#define GONE_1  { .holds = ACR_SLOT_1 }
#define GONE_2  { .holds = ACR_SLOT_2 }
#define GONE    { .holds = ACR_NO_SLOT, .other = true }
#define UNREAD  { .holds = ACR_NO_SLOT, .other = true, .unread = true }
#define UNREAD_2 { .holds = ACR_SLOT_2, .unread = true }
#define HELD_FOREIGN { .holds = ACR_NO_SLOT, .held_foreign = true }
#define SINKS(...) .sinks = (const struct sink_view[]){ __VA_ARGS__ }, \
	.n_sinks = COUNT(((const struct sink_view[]){ __VA_ARGS__ }))
/* clang-format on */

/* What is special in a row; input_of() fills in the rest. */
struct special {
	struct slot_view slot[ACR_SLOT__COUNT];
	const struct sink_view *sinks;
	size_t n_sinks;
	int64_t lifetime /* 0: 90 days */, offset, grace /* 0: a day */, next_generate;
	bool exclusive, create, force, verify_due, hook_owed, disabled, missing, not_asked, unknown,
		revoke_now, healed, until_expiry;
};

static struct plan_input input_of(const struct special *s)
{
	return (struct plan_input){
		.now = NOW,
		.lifetime = s->lifetime ? s->lifetime : 90 * DAY,
		.renew_before = 30 * DAY,
		.grace = s->grace ? s->grace : DAY,
		.offset = s->offset,
		.margin = MARGIN,
		.next_generate = s->next_generate,
		.exclusive = s->exclusive,
		.create = s->create,
		.force = s->force,
		.verify_due = s->verify_due,
		.asked = s->missing     ? TOKEN_MISSING
		         : s->not_asked ? TOKEN_NOT_ASKED
		                        : TOKEN_READ,
		.enabled = !s->disabled,
		.known = !s->unknown,
		.hook_owed = s->hook_owed,
		.revoke_now = s->revoke_now,
		.healed = s->healed,
		.until_expiry = s->until_expiry,
		.slot = { s->slot[0], s->slot[1] },
		.sinks = s->sinks,
		.n_sinks = s->n_sinks,
	};
}

/* ---- plan_slot_is_free ---------------------------------------------------------------------------- */

struct free_row {
	const char *sentence;
	struct special in;
	bool free1, free2;
};

/* clang-format off */
static const struct free_row free_rows[] = {
	{ "absent slots are free", { .slot = { ABSENT, ABSENT }, SINKS(NOTHING) }, true, true },
	{ "a slot that a sink holds is never free",
	  { .slot = { HELD(70, 20), ABSENT }, SINKS(ONE) }, false, true },
	{ "not even with a stamp older than grace",
	  { .slot = { LEFT(70, 20, 9), ABSENT }, SINKS(ONE) }, false, true },
	{ "not even if its delivery was never recorded",
	  { .slot = { UNDELIVERED, ABSENT }, SINKS(ONE) }, false, true },
	{ "not even for exclusive", { .slot = { HELD(70, 20), FOREIGN }, SINKS(ONE),
	  .exclusive = true }, false, false },
	{ "what a sink holds of a slot that somebody else generated since is dead",
	  { .slot = { FOREIGN, PERMITTED }, SINKS(ONE, TWO) }, false, true },
	{ "one sink of three is enough", { .slot = { LEFT(70, 9, 9), LEFT(70, 9, 9) },
	  SINKS(TWO, ONE, TWO) }, false, false },
	{ "a sink that cannot be read holds what it last got",
	  { .slot = { HELD(70, 20), LEFT(40, 50, 9) }, SINKS(TWO, GONE_1) }, false, false },
	{ "one with nothing remembered keeps no slot of ours",
	  { .slot = { LEFT(70, 20, 9), HELD(9, 9) }, SINKS(TWO, GONE) }, true, false },
	{ "until that expires", { .slot = { HELD(-1, 91), HELD(40, 50) }, SINKS(TWO, GONE_1) },
	  true, false },
	{ "expired, with the margin: free", { .slot = { { OURS(NOW - MARGIN, 90) }, ABSENT },
	  SINKS(ONE) }, true, true },
	{ "within the margin: not yet", { .slot = { { OURS(NOW - MARGIN + 1, 90) }, ABSENT },
	  SINKS(ONE) }, false, true },
	{ "a foreign one that expired is free too", { .slot = { HELD(40, 50), FOREIGN_UNTIL(-1) },
	  SINKS(ONE) }, false, true },
	{ "a foreign one is not, however old", { .slot = { HELD(40, 50), FOREIGN_UNTIL(1) },
	  SINKS(ONE) }, false, false },
	{ "nor one that never expires", { .slot = { HELD(40, 50), FOREIGN }, SINKS(ONE) }, false,
	  false },
	{ "may_replace names it", { .slot = { HELD(40, 50), PERMITTED }, SINKS(ONE) }, false,
	  true },
	{ "exclusive, but a sink holds a working one",
	  { .slot = { HELD(40, 50), FOREIGN }, SINKS(ONE), .exclusive = true }, false, false },
	{ "exclusive, and what a sink holds may work",
	  { .slot = { FOREIGN, FOREIGN }, SINKS(OTHER), .exclusive = true }, false, false },
	{ "exclusive, and an unreadable sink may work",
	  { .slot = { FOREIGN, FOREIGN }, SINKS(NOTHING, GONE), .exclusive = true }, false, false },
	{ "exclusive, and the registry refuses it", { .slot = { FOREIGN, FOREIGN }, SINKS(REFUSED),
	  .exclusive = true }, true, true },
	{ "exclusive, and nothing is held", { .slot = { FOREIGN, FOREIGN }, SINKS(NOTHING),
	  .exclusive = true }, true, true },
	{ "exclusive frees one of ours within its grace",
	  { .slot = { LEFT(70, 5, 0), FOREIGN }, SINKS(NOTHING), .exclusive = true }, true, true },
	{ "sinks show what is dead, and nothing that works: grace protects nobody",
	  { .slot = { LEFT(70, 5, 0), LEFT(80, 4, 0) }, SINKS(REFUSED, NOTHING) }, true, true },
	{ "grace = expiry: not before it has expired",
	  { .slot = { LEFT(70, 20, 9), HELD(9, 9) }, SINKS(TWO), .until_expiry = true }, false,
	  false },
	{ "which it has", { .slot = { LEFT(-1, 91, 9), HELD(9, 9) }, SINKS(TWO),
	  .until_expiry = true }, true, false },
	{ "nor when sinks show what is dead: others may have copied it",
	  { .slot = { LEFT(70, 5, 0), LEFT(80, 4, 0) }, SINKS(REFUSED, NOTHING),
	  .until_expiry = true }, false, false },
	{ "what was never delivered is free",
	  { .slot = { UNDELIVERED, HELD(9, 9) }, SINKS(TWO), .until_expiry = true }, true, false },
	{ "nor does a hook that is owed", { .slot = { LEFT(70, 5, 0), FOREIGN }, SINKS(REFUSED),
	  .hook_owed = true }, true, false },
	{ "of empty ones that is not known", { .slot = { LEFT(70, 5, 0), LEFT(80, 4, 0) },
	  SINKS(NOTHING, NOTHING) }, false, false },
	{ "what has expired is dead", { .slot = { LEFT(70, 5, 0), { OURS(NOW - 1, 90) } }, SINKS(TWO) },
	  true, false },
	{ "but it may work as long as the registry was not asked",
	  { .slot = { LEFT(70, 5, 0), LEFT(80, 4, 0) }, SINKS(OTHER) }, false, false },
	{ "or as long as one is only doubted", { .slot = { DOUBTED(70), LEFT(80, 4, 0) },
	  SINKS(ONE) }, false, false },
	{ "or while another sink cannot be read", { .slot = { LEFT(70, 5, 0), LEFT(80, 4, 0) },
	  SINKS(REFUSED, GONE) }, false, false },
	{ "the registry refuses it is no licence by itself",
	  { .slot = { FOREIGN, FOREIGN }, SINKS(REFUSED) }, false, false },
	{ "ours and never delivered", { .slot = { HELD(40, 50), UNDELIVERED }, SINKS(ONE) }, false,
	  true },
	{ "delivered and not seen to be left",
	  { .slot = { HELD(40, 50), HELD(10, 80) }, SINKS(ONE) }, false, false },
	{ "left a grace ago", { .slot = { HELD(40, 50), LEFT(10, 80, 1) }, SINKS(ONE) }, false,
	  true },
	{ "left a second less than grace ago", { .slot = { HELD(40, 50), LEFT_AT(IN(10), 80,
	  AGO(1) + 1) }, SINKS(ONE) }, false, false },
	{ "left in the future: a clock was wrong", { .slot = { HELD(40, 50), LEFT(10, 80, -9) },
	  SINKS(ONE) }, false, false },
	{ "a hook is owed", { .slot = { HELD(40, 50), LEFT(10, 80, 9) }, SINKS(ONE),
	  .hook_owed = true }, false, false },
	{ "a hook does not keep what was never delivered",
	  { .slot = { HELD(40, 50), UNDELIVERED }, SINKS(ONE), .hook_owed = true }, false, true },
	{ "nor what has expired", { .slot = { HELD(40, 50), HELD(-1, 91) }, SINKS(ONE),
	  .hook_owed = true }, false, true },
	{ "the registry refuses it for good", { .slot = { DEAD(80), HELD(40, 50) }, SINKS(ONE) },
	  true, true },
	{ "older is never a reason", { .slot = { HELD(5, 85), HELD(40, 50) }, SINKS(TWO) }, false,
	  false },

	{ "a lost request may act yet", { .slot = { HELD(40, 50), INTENT(NOW - 599) },
	  SINKS(ONE) }, false, false },
	{ "until it is dead for certain", { .slot = { HELD(40, 50), INTENT(NOW - 600) }, SINKS(ONE) },
	  false, true },
	{ "also where the slot is ours and was never delivered",
	  { .slot = { HELD(40, 50), { .present = true, .ours = true, .expires = IN(80), TAINT(NOW) } },
	  SINKS(ONE) }, false, false },
	{ "also where it has expired", { .slot = { HELD(40, 50), { OURS(AGO(1), 91), TAINT(NOW) } },
	  SINKS(ONE) }, false, false },
	{ "also where may_replace names it", { .slot = { HELD(40, 50),
	  { .present = true, .permitted = true, TAINT(NOW) } }, SINKS(ONE) }, false, false },
	{ "also where the registry refuses it for good",
	  { .slot = { { OURS(IN(80), 5), .refused = true, .dead = true, TAINT(NOW) }, HELD(40, 50) },
	  SINKS(ONE) }, false, true },
	{ "what is deployed ends before: a quarter of what that has left",
	  { .slot = { { OURS(NOW + 40, 50) }, INTENT(NOW - 10) }, SINKS(ONE) }, false, true },
	{ "but not sooner", { .slot = { { OURS(NOW + 41, 50) }, INTENT(NOW - 10) }, SINKS(ONE) },
	  false, false },
	{ "nor where it outlives the request by a second",
	  { .slot = { { OURS(NOW + 101, 50) }, INTENT(NOW - 500) }, SINKS(ONE) }, false, false },
	{ "it ends with the request", { .slot = { { OURS(NOW + 100, 50) }, INTENT(NOW - 500) },
	  SINKS(ONE) }, false, true },
	{ "nothing that works is held: the slot that is not tainted",
	  { .slot = { ABSENT, INTENT(NOW) }, SINKS(NOTHING) }, true, false },
	{ "what is none of ours may work: wait",
	  { .slot = { ABSENT, INTENT(NOW - 59) }, SINKS(OTHER) }, true, false },
	{ "an intent does not make a foreign slot ours",
	  { .slot = { HELD(40, 50), { .present = true, .intent = true, .abandoned = AGO(2),
	    .dead_at = AGO(1) } },
	  SINKS(ONE) }, false, false },
	{ "a sink that cannot be read has let go of what the record says it has let go of",
	  { .slot = { LEFT(70, 20, 9), HELD(40, 50) }, SINKS(TWO, UNREAD_2) }, true, false },
	{ "but what was never delivered an older record may not know better",
	  { .slot = { UNDELIVERED, HELD(40, 50) }, SINKS(TWO, UNREAD_2) }, false, false },
	{ "nor what was lost", { .slot = { LOST, HELD(40, 50) }, SINKS(TWO, UNREAD_2) }, false, false },
	{ "what is dead for certain is free all the same",
	  { .slot = { DEAD(70), HELD(40, 50) }, SINKS(TWO, UNREAD_2) }, true, false },
	{ "so is what has expired", { .slot = { HELD(-1, 91), HELD(40, 50) }, SINKS(TWO, UNREAD_2) },
	  true, false },
	{ "so is what is absent", { .slot = { ABSENT, HELD(40, 50) }, SINKS(TWO, UNREAD_2) }, true,
	  false },
	{ "exclusive does not help either", { .slot = { FOREIGN, FOREIGN }, SINKS(REFUSED, UNREAD_2),
	  .exclusive = true }, false, false },
	{ "nothing works: grace is given up", { .slot = { LEFT(70, 20, 0), ABSENT }, SINKS(REFUSED) },
	  true, true },
	{ "but not where a sink was removed while it showed what nobody knows",
	  { .slot = { LEFT(70, 20, 0), ABSENT }, SINKS(REFUSED, HELD_FOREIGN) }, false, true },
	{ "nor where one cannot be read, whatever the record says of it",
	  { .slot = { LEFT(70, 20, 0), HELD(-1, 91) }, SINKS(REFUSED, UNREAD_2) }, false, true },
	{ "for which grace is not longer", { .slot = { LEFT(70, 20, 1), ABSENT },
	  SINKS(REFUSED, HELD_FOREIGN) }, true, true },
	{ "an answer lacks a slot within its grace: not believed",
	  { .slot = { LACKING(70, AGO(0)), HELD(40, 50) }, SINKS(TWO) }, false, false },
	{ "unless that very generation may be replaced",
	  { .slot = { { .lacking = true, .delivered = true, .left = AGO(0), .expires = IN(70),
	    .permitted = true }, HELD(40, 50) }, SINKS(TWO) }, true, false },
	{ "with grace over it makes no difference",
	  { .slot = { LACKING(70, AGO(1)), HELD(40, 50) }, SINKS(TWO) }, true, false },
	{ "a hook that is owed prolongs grace",
	  { .slot = { LACKING(70, AGO(1)), HELD(40, 50) }, SINKS(TWO), .hook_owed = true }, false,
	  false },
	{ "it expired by the record", { .slot = { LACKING(-1, AGO(0)), HELD(40, 50) }, SINKS(TWO) },
	  true, false },
	{ "what a sink shows of it the registry is asked about",
	  { .slot = { LACKING(70, 0), HELD(40, 50) }, SINKS(ONE) }, true, true },
	{ "but not about what a sink that was not read may hold",
	  { .slot = { LACKING(70, 0), HELD(40, 50) }, SINKS(ONE, GONE_1) }, false, true },
	{ "nor where one cannot be read, whatever else speaks for it",
	  { .slot = { { .lacking = true, .expires = IN(70) }, ABSENT }, SINKS(REFUSED, UNREAD_2) },
	  false, true },
	{ "nothing works: grace is given up as ever",
	  { .slot = { LACKING(70, AGO(0)), ABSENT }, SINKS(REFUSED) }, true, true },
	{ "seconds are legal", { .slot = { HELD(40, 50), LEFT_AT(IN(10), 80, NOW - 2) },
	  SINKS(ONE), .grace = 2 }, false, true },
};
/* clang-format on */

static void only_free_slots(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(free_rows); i++) {
		const struct free_row *r = &free_rows[i];
		struct plan_input in = input_of(&r->in);
		bool free1 = plan_slot_is_free(&in, ACR_SLOT_1),
		     free2 = plan_slot_is_free(&in, ACR_SLOT_2);
		CHECK(free1 == r->free1 && free2 == r->free2, "'%s': free are %d %d", r->sentence,
		      free1, free2);
	}
}

/* ---- plan_decide ----------------------------------------------------------------------------- */

struct decide_row {
	const char *sentence;
	struct special in;
	struct plan want;
};

/* clang-format off */
#define KEEP_UNTIL(t) { .action = PLAN_KEEP, .why = WHY_NOT_DUE, .active = true, .when = (t) }
#define WANT(a, w) .action = PLAN_##a, .why = WHY_##w
#define S1 .slot = ACR_SLOT_1
#define S2 .slot = ACR_SLOT_2
#define ACTIVE .active = true
/* clang-format on */

/* clang-format off */
static const struct decide_row decide_rows[] = {
	/* 1. Token disabled, missing; no sink readable. */
	{ "disabled", { .slot = { HELD(10, 80), ABSENT }, SINKS(ONE), .disabled = true },
	  { WANT(REFUSE, DISABLED) } },
	{ "disabled matters only when it was read", { .slot = { HELD(70, 20), ABSENT }, SINKS(ONE),
	  .disabled = true, .not_asked = true }, KEEP_UNTIL(IN(40)) },
	{ "missing", { SINKS(NOTHING), .missing = true, .unknown = true },
	  { WANT(REFUSE, NO_TOKEN) } },
	{ "missing, may be created", { SINKS(NOTHING), .missing = true, .create = true,
	  .unknown = true }, { WANT(CREATE, NO_TOKEN) } },
	{ "missing, a request for a slot may act yet", { .slot = { INTENT(NOW - 599), ABSENT },
	  SINKS(NOTHING), .missing = true, .create = true, .unknown = true },
	  { WANT(WAIT, INTENT), S1, .when = NOW + 1 } },
	{ "... for the other one", { .slot = { ABSENT, INTENT(NOW - 599) },
	  SINKS(NOTHING), .missing = true, .create = true, .unknown = true },
	  { WANT(WAIT, INTENT), S2, .when = NOW + 1 } },
	{ "... for both, until the later one is dead", { .slot = { INTENT(NOW - 500), INTENT(NOW - 400) },
	  SINKS(NOTHING), .missing = true, .create = true, .unknown = true },
	  { WANT(WAIT, INTENT), S2, .when = NOW + 200 } },
	{ "... both are dead", { .slot = { INTENT(NOW - 600), INTENT(NOW - 700) },
	  SINKS(NOTHING), .missing = true, .create = true, .unknown = true },
	  { WANT(CREATE, NO_TOKEN) } },
	{ "... but it may not be created", { .slot = { INTENT(NOW), INTENT(NOW) },
	  SINKS(NOTHING), .missing = true, .unknown = true }, { WANT(REFUSE, NO_TOKEN) } },
	{ "there, and a PUT may wipe both yet", { .slot = { INTENT(NOW - 599), INTENT(NOW - 599) },
	  SINKS(NOTHING), .create = true, .unknown = true },
	  { WANT(WAIT, INTENT), S1, .when = NOW + 1 } },
	{ "missing, but it was known: somebody deleted it",
	  { SINKS(NOTHING), .missing = true, .create = true }, { WANT(REFUSE, NO_TOKEN) } },
	{ "create never touches a token that exists", { .slot = { ABSENT, ABSENT }, SINKS(NOTHING),
	  .create = true, .unknown = true }, { WANT(ROTATE, FIRST), S1 } },
	{ "no sink readable", { .slot = { HELD(10, 80), ABSENT }, SINKS(GONE_1, GONE) },
	  { WANT(REFUSE, NO_SINK) } },
	{ "no sink at all", { .slot = { ABSENT, ABSENT }, .n_sinks = 0 },
	  { WANT(REFUSE, NO_SINK) } },

	/* 2. Sinks differ and one holds a living slot of ours. */
	{ "heal a new sink", { .slot = { HELD(70, 20), ABSENT }, SINKS(ONE, NOTHING) },
	  { WANT(HEAL, LAGGING), S1, ACTIVE, .when = IN(40) } },
	{ "heal one edited by hand", { .slot = { HELD(70, 20), ABSENT }, SINKS(OTHER, ONE) },
	  { WANT(HEAL, LAGGING), S1, ACTIVE, .source = 1, .when = IN(40) } },
	{ "the newest living one", { .slot = { HELD(70, 20), HELD(85, 5) }, SINKS(ONE, ONE, TWO) },
	  { WANT(HEAL, LAGGING), S2, ACTIVE, .source = 2, .when = IN(55) } },
	{ "the newest may be slot 1", { .slot = { HELD(85, 5), HELD(70, 20) }, SINKS(TWO, ONE) },
	  { WANT(HEAL, LAGGING), S1, ACTIVE, .source = 1, .when = IN(55) } },
	{ "the newest, but it is dead", { .slot = { HELD(70, 20), DEAD(85) }, SINKS(TWO, ONE) },
	  { WANT(HEAL, LAGGING), S1, ACTIVE, .source = 1, .when = IN(40) } },
	{ "the newest, but it expired", { .slot = { HELD(70, 20), HELD(0, 5) }, SINKS(TWO, ONE) },
	  { WANT(HEAL, LAGGING), S1, ACTIVE, .source = 1, .when = IN(40) } },
	{ "heal before a rotation that is due", { .slot = { HELD(10, 80), ABSENT }, SINKS(ONE,
	  NOTHING) }, { WANT(HEAL, LAGGING), S1, ACTIVE, .when = IN(-20) } },
	{ "a sink that cannot be read is not lagging",
	  { .slot = { HELD(70, 20), ABSENT }, SINKS(GONE_2, ONE) },
	  { WANT(KEEP, NOT_DUE), S1, ACTIVE, .source = 1, .when = IN(40) } },
	{ "nor a source", { .slot = { HELD(70, 20), HELD(85, 5) }, SINKS(GONE_2, ONE) },
	  { WANT(KEEP, NOT_DUE), S1, ACTIVE, .source = 1, .when = IN(40) } },

	/* 3. All sinks hold the same living slot. */
	{ "not due", { .slot = { HELD(31, 59), ABSENT }, SINKS(ONE, ONE) }, KEEP_UNTIL(IN(1)) },
	{ "due", { .slot = { HELD(30, 60), ABSENT }, SINKS(ONE, ONE) },
	  { WANT(ROTATE, DUE), S2, ACTIVE } },
	{ "due, the spare is slot 1", { .slot = { LEFT(5, 85, 50), HELD(30, 60) }, SINKS(TWO) },
	  { WANT(ROTATE, DUE), S1, ACTIVE } },
	{ "due earlier by its own offset", { .slot = { HELD(31, 59), ABSENT }, SINKS(ONE),
	  .offset = DAY }, { WANT(ROTATE, DUE), S2, ACTIVE } },
	{ "forced", { .slot = { HELD(90, 0), ABSENT }, SINKS(ONE), .force = true },
	  { WANT(ROTATE, FORCED), S2, ACTIVE } },
	{ "forced obeys rule 1", { .slot = { HELD(90, 0), LEFT(30, 60, 0) }, SINKS(ONE),
	  .force = true }, { WANT(WAIT, GRACE), S2, ACTIVE, .when = IN(1) } },
	{ "forced, but the new one would end before",
	  { .slot = { HELD(80, 10), ABSENT }, SINKS(ONE), .force = true, .lifetime = 50 * DAY },
	  { WANT(WAIT, SHORTER), S2, ACTIVE, .when = IN(30) } },
	{ "by a second", { .slot = { HELD(80, 10), ABSENT }, SINKS(ONE),
	  .force = true, .lifetime = 80 * DAY - 1 }, { WANT(WAIT, SHORTER), S2, ACTIVE, .when = NOW + 1 } },
	{ "in the same second is not before", { .slot = { HELD(80, 10), ABSENT }, SINKS(ONE), .force = true,
	  .lifetime = 80 * DAY }, { WANT(ROTATE, FORCED), S2, ACTIVE } },
	{ "the one that lives longer is copied, be it the older",
	  { .slot = { HELD(80, 20), HELD(50, 10) }, SINKS(TWO, ONE) },
	  { WANT(HEAL, LAGGING), S1, ACTIVE, .source = 1, .when = IN(50) } },
	{ "of two that end together the newer is copied",
	  { .slot = { HELD(80, 20), HELD(80, 10) }, SINKS(ONE, TWO) },
	  { WANT(HEAL, LAGGING), S2, ACTIVE, .source = 1, .when = IN(50) } },
	{ "never the one that is to die", { .slot = { DOOMED(80, 20), HELD(50, 10) },
	  SINKS(TWO, ONE), .not_asked = true },
	  { WANT(HEAL, LAGGING), S2, ACTIVE, .when = IN(20) } },
	{ "a verification is due", { .slot = { HELD(70, 20), ABSENT }, SINKS(ONE),
	  .verify_due = true }, { WANT(VERIFY, VERIFY), S1, ACTIVE, .when = IN(40) } },
	{ "a rotation comes before it", { .slot = { HELD(10, 80), ABSENT }, SINKS(ONE),
	  .verify_due = true }, { WANT(ROTATE, DUE), S2, ACTIVE } },
	{ "wait for grace", { .slot = { HELD(10, 80), LEFT(50, 40, 0) }, SINKS(ONE) },
	  { WANT(WAIT, GRACE), S2, ACTIVE, .when = IN(1) } },
	{ "or until it expires, if that is sooner", { .slot = { HELD(10, 80), LEFT_AT(NOW + 99, 90,
	  NOW) }, SINKS(ONE) }, { WANT(WAIT, GRACE), S2, ACTIVE, .when = NOW + 99 + MARGIN } },
	{ "wait for a hook", { .slot = { HELD(10, 80), LEFT(5, 85, 50) }, SINKS(ONE),
	  .hook_owed = true }, { WANT(WAIT, HOOK_OWED), S2, ACTIVE, .when = IN(5) + MARGIN } },
	{ "wait for an unreadable sink that has it",
	  { .slot = { HELD(10, 80), HELD(5, 85) }, SINKS(ONE, GONE_2) },
	  { WANT(WAIT, SINK_UNREADABLE), S2, ACTIVE, .when = IN(5) + MARGIN } },
	{ "wait for one that hides whether it has it",
	  { .slot = { HELD(10, 80), HELD(5, 85) }, SINKS(ONE, GONE_1) },
	  { WANT(WAIT, SINK_UNREADABLE), S2, ACTIVE, .when = IN(5) + MARGIN } },
	{ "wait for a lost request", { .slot = { HELD(10, 80), INTENT(NOW - 20) }, SINKS(ONE) },
	  { WANT(WAIT, INTENT), S2, ACTIVE, .when = NOW + 580 } },
	{ "wait for the back-off", { .slot = { HELD(10, 80), ABSENT }, SINKS(ONE),
	  .next_generate = NOW + 900 }, { WANT(WAIT, BACKOFF), S2, ACTIVE, .when = NOW + 900 } },
	{ "a back-off that is over", { .slot = { HELD(10, 80), ABSENT }, SINKS(ONE),
	  .next_generate = NOW }, { WANT(ROTATE, DUE), S2, ACTIVE } },
	{ "force ignores the back-off", { .slot = { HELD(10, 80), ABSENT }, SINKS(ONE),
	  .next_generate = NOW + 900, .force = true }, { WANT(ROTATE, DUE), S2, ACTIVE } },
	{ "foreign: refuse", { .slot = { HELD(10, 80), FOREIGN }, SINKS(ONE) },
	  { WANT(REFUSE, FOREIGN), S2, ACTIVE, .foreign_ahead = true } },
	{ "foreign, permitted", { .slot = { HELD(10, 80), PERMITTED }, SINKS(ONE) },
	  { WANT(ROTATE, DUE), S2, ACTIVE } },
	{ "exclusive does not help while the sinks work",
	  { .slot = { HELD(10, 80), FOREIGN }, SINKS(ONE), .exclusive = true },
	  { WANT(REFUSE, FOREIGN), S2, ACTIVE, .foreign_ahead = true } },
	{ "foreign can be foreseen", { .slot = { HELD(70, 20), FOREIGN }, SINKS(ONE) },
	  { WANT(KEEP, NOT_DUE), S1, ACTIVE, .when = IN(40), .foreign_ahead = true } },
	{ "unless it expires before", { .slot = { HELD(70, 20), FOREIGN_UNTIL(40) }, SINKS(ONE) },
	  KEEP_UNTIL(IN(40)) },
	{ "it expires a day too late", { .slot = { HELD(70, 20), FOREIGN_UNTIL(41) }, SINKS(ONE) },
	  { WANT(KEEP, NOT_DUE), S1, ACTIVE, .when = IN(40), .foreign_ahead = true } },
	{ "or it is permitted", { .slot = { HELD(70, 20), PERMITTED }, SINKS(ONE) },
	  KEEP_UNTIL(IN(40)) },
	{ "refused twice: dead, the other one is free",
	  { .slot = { DEAD(70), ABSENT }, SINKS(ONE) }, { WANT(ROTATE, FIRST), S2 } },
	{ "dead, and the other one is foreign", { .slot = { DEAD(70), FOREIGN }, SINKS(ONE) },
	  { WANT(ROTATE, FIRST), S1 } },

	/* 4. No sink holds a living slot of ours. */
	{ "first run", { .slot = { ABSENT, ABSENT }, SINKS(NOTHING) },
	  { WANT(ROTATE, FIRST), S1 } },
	{ "an absent one first", { .slot = { PERMITTED, ABSENT }, SINKS(NOTHING) },
	  { WANT(ROTATE, FIRST), S2 } },
	{ "before one of ours", { .slot = { UNDELIVERED, ABSENT }, SINKS(NOTHING) },
	  { WANT(ROTATE, FIRST), S2 } },
	{ "the untainted slot after a lost reply", { .slot = { ABSENT, INTENT(NOW) },
	  SINKS(NOTHING) }, { WANT(ROTATE, FIRST), S1 } },
	{ "the same slot once the request is dead", { .slot = { ABSENT, INTENT(NOW - 600) },
	  SINKS(NOTHING) }, { WANT(ROTATE, FIRST), S2 } },
	{ "both are tainted: wait for the sooner one",
	  { .slot = { INTENT(NOW - 10), INTENT(NOW - 20) }, SINKS(NOTHING) },
	  { WANT(WAIT, INTENT), S2, .when = NOW + 580 } },
	{ "the same slot when the request turns out to have acted",
	  { .slot = { ABSENT, LOST }, SINKS(NOTHING) }, { WANT(ROTATE, FIRST), S2 } },
	{ "an expired one before one of ours", { .slot = { UNDELIVERED, FOREIGN_UNTIL(-1) },
	  SINKS(NOTHING) }, { WANT(ROTATE, FIRST), S2 } },
	{ "an undelivered one before one that was",
	  { .slot = { LEFT(50, 40, 9), UNDELIVERED }, SINKS(NOTHING) },
	  { WANT(ROTATE, FIRST), S2 } },
	{ "ours before a foreign one that is permitted",
	  { .slot = { PERMITTED, LEFT(50, 40, 9) }, SINKS(NOTHING) }, { WANT(ROTATE, FIRST), S2 } },
	{ "the only free one", { .slot = { FOREIGN, ABSENT }, SINKS(OTHER) },
	  { WANT(ROTATE, FIRST), S2 } },
	{ "both foreign", { .slot = { FOREIGN, FOREIGN }, SINKS(OTHER) },
	  { WANT(REFUSE, FOREIGN), S2 } },
	{ "both foreign, one permitted", { .slot = { PERMITTED, FOREIGN }, SINKS(OTHER) },
	  { WANT(ROTATE, FIRST), S1 } },
	{ "wait rather than ask a person", { .slot = { FOREIGN, LEFT(50, 40, 0) }, SINKS(OTHER) },
	  { WANT(WAIT, GRACE), S2, .when = IN(1) } },
	{ "for whichever is sooner", { .slot = { LEFT_AT(IN(50), 40, NOW - 10), LEFT_AT(IN(50), 40,
	  NOW - 20) }, SINKS(OTHER) }, { WANT(WAIT, GRACE), S2, .when = IN(1) - 20 } },
	{ "slot 1 may be the sooner one",
	  { .slot = { LEFT_AT(IN(50), 40, NOW - 20), LEFT_AT(IN(50), 40, NOW - 10) },
	  SINKS(OTHER) }, { WANT(WAIT, GRACE), S1, .when = IN(1) - 20 } },
	{ "restored to long ago: not grace, but the slot that was left first",
	  { .slot = { LEFT_AT(IN(80), 10, NOW - 10), LEFT_AT(IN(50), 40, NOW - 20) },
	  SINKS(REFUSED) }, { WANT(ROTATE, FIRST), S2 } },
	{ "one past its grace before one within", { .slot = { LEFT(50, 40, 9), LEFT(80, 10, 0) },
	  SINKS(REFUSED) }, { WANT(ROTATE, FIRST), S1 } },
	{ "an empty one before either", { .slot = { LEFT(50, 40, 0), ABSENT }, SINKS(NOTHING) },
	  { WANT(ROTATE, FIRST), S2 } },
	{ "refused for a minute: the other slot, if it is free",
	  { .slot = { DOUBTED(70), LEFT(50, 40, 9) }, SINKS(ONE) }, { WANT(ROTATE, FIRST), S2 } },
	{ "but not the one that is held", { .slot = { DOUBTED(70), FOREIGN }, SINKS(ONE) },
	  { WANT(WAIT, REFUSED), S1, .when = NOW + 99 } },
	{ "nor the other one within its grace", { .slot = { DOUBTED(70), LEFT(50, 40, 0) },
	  SINKS(ONE) }, { WANT(WAIT, REFUSED), S1, .when = NOW + 99 } },
	{ "refused for long, the other within its grace: the other all the same",
	  { .slot = { DEAD(70), LEFT(50, 40, 0) }, SINKS(ONE) }, { WANT(ROTATE, FIRST), S2 } },
	{ "a removed sink keeps its slot", { .slot = { HELD(50, 40), FOREIGN }, SINKS(NOTHING,
	  GONE_1) }, { WANT(WAIT, SINK_UNREADABLE), S1, .when = IN(50) + MARGIN } },
	{ "lacking within its grace", { .slot = { LACKING(50, AGO(0)), FOREIGN }, SINKS(NOTHING) },
	  { WANT(WAIT, GRACE), S1, .when = NOW + 77 } },
	{ "lacking, and a sink that was not read has it",
	  { .slot = { LACKING(50, AGO(0)), FOREIGN }, SINKS(NOTHING, GONE_1) },
	  { WANT(WAIT, SINK_UNREADABLE), S1, .when = NOW + 77 } },
	{ "a sink that cannot be read may have what was never delivered",
	  { .slot = { UNDELIVERED, FOREIGN }, SINKS(NOTHING, UNREAD_2) },
	  { WANT(WAIT, SINK_UNREADABLE), S1, .when = IN(80) + MARGIN } },
	{ "wiped by a redeployment", { .slot = { ABSENT, ABSENT }, SINKS(REFUSED, REFUSED) },
	  { WANT(ROTATE, FIRST), S1 } },
	{ "all expired", { .slot = { HELD(-9, 99), HELD(-1, 91) }, SINKS(TWO) },
	  { WANT(ROTATE, FIRST), S1 } },
	{ "a reimaged node without exclusive", { .slot = { FOREIGN, FOREIGN }, SINKS(NOTHING) },
	  { WANT(REFUSE, FOREIGN), S2 } },
	{ "a reimaged node with it", { .slot = { FOREIGN, FOREIGN }, SINKS(NOTHING),
	  .exclusive = true }, { WANT(ROTATE, FIRST), S1 } },
	{ "the back-off holds here too", { .slot = { ABSENT, ABSENT }, SINKS(NOTHING),
	  .next_generate = NOW + 1 }, { WANT(WAIT, BACKOFF), S1, .when = NOW + 1 } },

	/* 5. A revoke is under way. */
	{ "revoke: the new password goes to the other slot first",
	  { .slot = { DOOMED(70, 20), LEFT(50, 40, 0) }, SINKS(ONE) },
	  { WANT(ROTATE, REVOKED), S2, ACTIVE } },
	{ "revoke: then those that lag", { .slot = { DOOMED(70, 20), HELD(90, 0) },
	  SINKS(TWO, ONE) }, { WANT(HEAL, LAGGING), S2, ACTIVE, .when = IN(60) } },
	{ "revoke: once", { .slot = { DOOMED(70, 20), HELD(90, 0) }, SINKS(TWO, ONE),
	  .healed = true }, { WANT(ROTATE, REVOKED), S1, ACTIVE, .discard = true } },
	{ "revoke: then what is to die dies", { .slot = { DOOMED(70, 20), HELD(90, 0) },
	  SINKS(TWO) }, { WANT(ROTATE, REVOKED), S1, ACTIVE, .discard = true } },
	{ "revoke: the other slot is foreign", { .slot = { DOOMED(70, 20), FOREIGN }, SINKS(ONE) },
	  { WANT(REFUSE, FOREIGN), S2, ACTIVE, .when = IN(40), .foreign_ahead = true } },
	{ "revoke: foreign, and permitted", { .slot = { DOOMED(70, 20), PERMITTED }, SINKS(ONE) },
	  { WANT(ROTATE, REVOKED), S2, ACTIVE } },
	{ "revoke: nothing is deployed", { .slot = { LEFT(70, 20, 0), DOOMED(50, 40) },
	  SINKS(NOTHING) }, { WANT(ROTATE, REVOKED), S2 } },
	{ "revoke: a request may act yet",
	  { .slot = { DOOMED(70, 20), { OURS(IN(50), 40), TAINT(NOW) } }, SINKS(ONE) },
	  { WANT(WAIT, INTENT), S2, ACTIVE, .when = NOW + 600 } },
	{ "revoke --now: the other one to die first", { .slot = { DOOMED(70, 20), DOOMED(50, 40) },
	  SINKS(ONE), .revoke_now = true }, { WANT(ROTATE, REVOKED), S2, ACTIVE, .discard = true } },
	{ "revoke --now: what is deployed, in its place",
	  { .slot = { DOOMED(70, 20), FOREIGN }, SINKS(ONE), .revoke_now = true },
	  { WANT(ROTATE, REVOKED), S1, ACTIVE, .foreign_ahead = true } },
	{ "revoke: not of a disabled token", { .slot = { DOOMED(70, 20), ABSENT }, SINKS(ONE),
	  .disabled = true }, { WANT(REFUSE, DISABLED) } },
	{ "revoke: not before the token was read", { .slot = { DOOMED(70, 20), ABSENT }, SINKS(ONE),
	  .not_asked = true }, KEEP_UNTIL(IN(40)) },
};
/* clang-format on */

static void say(char *out, size_t n, const struct plan *p)
{
	(void)snprintf(
		out, n,
		"%s why %d slot %d active %d source %zu when %+lld foreign_ahead %d discard %d",
		plan_action_name(p->action), (int)p->why, (int)p->slot + 1, p->active, p->source,
		(long long)(p->when - NOW), p->foreign_ahead, p->discard);
}

static void decisions(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(decide_rows); i++) {
		struct plan_input in = input_of(&decide_rows[i].in);
		struct plan got = plan_decide(&in);
		char is[160], wanted[160];
		say(is, sizeof(is), &got);
		say(wanted, sizeof(wanted), &decide_rows[i].want);
		CHECK_TEXT(is, wanted, "'%s'", decide_rows[i].sentence);
	}
}

/* What holds for every input, over the product of small choices: the same sentences that the
 * proof covers for all numbers. */
static const struct slot_view slot_choices[] = {
	ABSENT,
	HELD(70, 20),
	HELD(10, 80),
	HELD(-1, 91),
	LEFT(50, 40, 0),
	LEFT(50, 41, 9),
	UNDELIVERED,
	DEAD(70),
	FOREIGN,
	PERMITTED,
	INTENT(NOW - 9),
	{ .present = true, .intent = true, .abandoned = NOW - 9, .dead_at = NOW + 99 },
	LACKING(70, AGO(0)),
};
static const struct sink_view sink_choices[] = { NOTHING, ONE,    TWO,    OTHER,    REFUSED,
	                                         GONE,    GONE_1, GONE_2, UNREAD_2, HELD_FOREIGN };

static bool holds(const struct plan_input *in, enum acr_slot s)
{
	bool any = false;

	for (size_t i = 0; i < in->n_sinks; i++)
		any = any || in->sinks[i].holds == s;
	return any;
}

static bool is_blind(const struct plan_input *in)
{
	bool any = false;

	for (size_t i = 0; i < in->n_sinks; i++)
		any = any || in->sinks[i].unread;
	return any;
}

static bool may_work(const struct plan_input *in)
{
	for (size_t i = 0; i < in->n_sinks; i++) {
		const struct sink_view *s = &in->sinks[i];
		const struct slot_view *v = s->holds != ACR_NO_SLOT ? &in->slot[s->holds] : NULL;
		if (s->other && !s->rejected)
			return true;
		if (v != NULL && v->present && v->ours && !v->dead && v->expires > in->now)
			return true;
	}
	return false;
}

static void check_one(const struct plan_input *in)
{
	struct plan p = plan_decide(in);
	const struct slot_view *v = &in->slot[p.slot];
	bool works = v->present && !v->dead && (v->expires == 0 || v->expires > in->now);

	if (p.action == PLAN_ROTATE)
		assert_false(v->intent && in->now < v->dead_at && v->abandoned + 300 > in->now);
	if (p.action == PLAN_ROTATE && works) {
		assert_false(v->ours && holds(in, p.slot));
		assert_false(v->ours && !v->delivered && is_blind(in));
		assert_true(v->ours || v->permitted || in->exclusive);
		if (v->ours && v->delivered && may_work(in))
			assert_true(v->left != 0 && in->now - v->left >= in->grace &&
			            !in->hook_owed);
	}
	if (p.action == PLAN_ROTATE && v->lacking && v->expires > in->now && may_work(in) &&
	    !holds(in, p.slot))
		assert_true(v->left != 0 && in->now - v->left >= in->grace && !in->hook_owed);
	if (p.action == PLAN_HEAL || p.action == PLAN_VERIFY) {
		assert_true(works && v->ours && p.source < in->n_sinks &&
		            in->sinks[p.source].readable);
		assert_true(in->sinks[p.source].holds == p.slot);
	}
	if (p.action == PLAN_KEEP)
		assert_true(works && p.active && p.when > in->now && p.when <= v->expires);
	if (p.action == PLAN_REFUSE && p.why == WHY_FOREIGN)
		assert_false(v->ours);
	if (p.action == PLAN_WAIT && p.when != 0)
		assert_true(p.when > in->now);
}

static void invariants(void **unused)
{
	struct sink_view sinks[2];

	(void)unused;
	for (size_t a = 0; a < COUNT(slot_choices); a++)
		for (size_t b = 0; b < COUNT(slot_choices); b++)
			for (size_t s = 0; s < COUNT(sink_choices) * COUNT(sink_choices); s++)
				for (unsigned flags = 0; flags < 16; flags++) {
					struct special special = {
						.slot = { slot_choices[a], slot_choices[b] },
						.sinks = sinks,
						.n_sinks = 2,
						.exclusive = flags & 1,
						.hook_owed = flags & 2,
						.force = flags & 4,
						.verify_due = flags & 8,
					};
					sinks[0] = sink_choices[s / COUNT(sink_choices)];
					sinks[1] = sink_choices[s % COUNT(sink_choices)];
					struct plan_input in = input_of(&special);
					check_one(&in);
				}
}

static void names(void **unused)
{
	(void)unused;
	assert_string_equal(plan_action_name(PLAN_KEEP), "keep");
	assert_string_equal(plan_action_name(PLAN_REFUSE), "refuse");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_free_slots),
		cmocka_unit_test(decisions),
		cmocka_unit_test(invariants),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
