/* SPDX-License-Identifier: MIT */
/* What a follower decides, and that it never does what it must not. */
#include "check.h"

#include "rotate/plan_follow.h"

#define DAY    86400
#define NOW    (1000 * INT64_C(86400))
#define NONE   ACR_NO_SLOT
#define IN(d)  (NOW + (d)*DAY)
#define UNREAD -1 /* a sink that cannot be read */
#define OTHER  -2 /* one that holds what nobody knows */

/* clang-format off */
#define SEEN(when, until) { .seen = (when), .ends = (until) }
static const struct row {
	const char *what;
	/* of each place: when it was seen first, when it ends (0: not known); dead */
	struct { int64_t seen, ends; bool dead; } known[2];
	enum follow_source source;
	int is;       /* its place, or NONE */
	int64_t ends; /* as the source says it */
	int sinks[2]; /* places, NONE, UNREAD, OTHER */
	bool force, verified, verify_due;
	enum plan_action action;
	enum plan_reason why;
	bool active;
	int slot;     /* if active */
} rows[] = {
	{ "nothing anywhere", .source = FOLLOW_EMPTY, .is = NONE, .sinks = { NONE, NONE },
	  .action = PLAN_WAIT, .why = WHY_SOURCE_EMPTY },
	{ "nothing, and the source cannot be read", .source = FOLLOW_UNREAD, .is = NONE,
	  .sinks = { NONE, NONE }, .action = PLAN_WAIT, .why = WHY_SOURCE },
	{ "the first", .source = FOLLOW_READ, .is = NONE, .ends = IN(90), .sinks = { NONE, NONE },
	  .action = PLAN_FOLLOW, .why = WHY_FIRST },
	{ "the first, over what nobody knows", .source = FOLLOW_READ, .is = NONE,
	  .sinks = { OTHER, NONE }, .action = PLAN_FOLLOW, .why = WHY_FIRST },
	{ "in step", { SEEN(1, IN(60)) }, .source = FOLLOW_READ, .is = 0, .ends = IN(60),
	  .sinks = { 0, 0 }, .action = PLAN_KEEP, .active = true },
	{ "in step, one cannot be read", { SEEN(1, IN(60)) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { UNREAD, 0 }, .action = PLAN_KEEP, .active = true },
	{ "none can be read", { SEEN(1, IN(60)) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { UNREAD, UNREAD }, .action = PLAN_REFUSE, .why = WHY_NO_SINK },
	{ "one lags", { SEEN(2, IN(60)), SEEN(1, IN(20)) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { 0, 1 }, .action = PLAN_FOLLOW, .why = WHY_LAGGING, .active = true },
	{ "one holds what nobody knows", { SEEN(2, IN(60)) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { 0, OTHER }, .action = PLAN_FOLLOW, .why = WHY_LAGGING, .active = true },
	{ "newer by expiry", { SEEN(1, IN(20)) }, .source = FOLLOW_READ, .is = NONE, .ends = IN(90),
	  .sinks = { 0, 0 }, .action = PLAN_FOLLOW, .why = WHY_NEWER, .active = true },
	{ "newer, and known from a run that was killed", { SEEN(1, IN(20)), SEEN(2, IN(90)) },
	  .source = FOLLOW_READ, .is = 1, .ends = IN(90), .sinks = { 0, 0 },
	  .action = PLAN_FOLLOW, .why = WHY_NEWER, .active = true },
	{ "newer, never seen, and says no expiry", { SEEN(1, IN(20)) }, .source = FOLLOW_READ,
	  .is = NONE, .sinks = { 0, 0 }, .action = PLAN_FOLLOW, .why = WHY_NEWER, .active = true },
	{ "older by expiry, never seen", { SEEN(1, IN(60)) }, .source = FOLLOW_READ, .is = NONE,
	  .ends = IN(20), .sinks = { 0, 0 }, .action = PLAN_VERIFY, .why = WHY_OLDER,
	  .active = true },
	{ "older by expiry, and what is deployed works", { SEEN(1, IN(60)) }, .source = FOLLOW_READ,
	  .is = NONE, .ends = IN(20), .sinks = { 0, 0 }, .verified = true, .action = PLAN_WAIT,
	  .why = WHY_OLDER, .active = true },
	{ "older, by force", { SEEN(1, IN(60)) }, .source = FOLLOW_READ, .is = NONE, .ends = IN(20),
	  .sinks = { 0, 0 }, .force = true, .action = PLAN_FOLLOW, .why = WHY_NEWER,
	  .active = true },
	{ "older, and what is deployed is dead", { { 1, IN(60), true } }, .source = FOLLOW_READ,
	  .is = NONE, .ends = IN(20), .sinks = { 0, 0 }, .action = PLAN_FOLLOW, .why = WHY_FIRST },
	{ "what is deployed has expired", { SEEN(1, NOW) }, .source = FOLLOW_READ, .is = NONE,
	  .ends = IN(60), .sinks = { 0, 0 }, .action = PLAN_FOLLOW, .why = WHY_FIRST },
	{ "older by sight, no expiry", { SEEN(2, 0), SEEN(1, 0) }, .source = FOLLOW_READ, .is = 1,
	  .sinks = { 0, 0 }, .verified = true, .action = PLAN_WAIT, .why = WHY_OLDER,
	  .active = true },
	{ "older by sight, where one has an expiry", { SEEN(2, IN(60)), SEEN(1, 0) },
	  .source = FOLLOW_READ, .is = 1, .sinks = { 0, 0 }, .verified = true,
	  .action = PLAN_WAIT, .why = WHY_OLDER, .active = true },
	{ "older, and a sink lags: it gets the newer one", { SEEN(2, IN(60)), SEEN(1, IN(20)) },
	  .source = FOLLOW_READ, .is = 1, .sinks = { 0, 1 }, .verified = true,
	  .action = PLAN_HEAL, .why = WHY_LAGGING, .active = true },
	{ "no source, a sink lags", { SEEN(1, IN(60)) }, .source = FOLLOW_UNREAD, .is = NONE,
	  .sinks = { NONE, 0 }, .action = PLAN_HEAL, .why = WHY_LAGGING, .active = true },
	{ "no source", { SEEN(1, IN(60)) }, .source = FOLLOW_UNREAD, .is = NONE, .sinks = { 0, 0 },
	  .action = PLAN_WAIT, .why = WHY_SOURCE, .active = true },
	{ "an empty source", { SEEN(1, IN(60)) }, .source = FOLLOW_EMPTY, .is = NONE,
	  .sinks = { 0, 0 }, .action = PLAN_WAIT, .why = WHY_SOURCE_EMPTY, .active = true },
	{ "in step, half of renew_before is left", { SEEN(1, IN(15)) }, .source = FOLLOW_READ,
	  .is = 0, .sinks = { 0, 0 }, .action = PLAN_KEEP, .active = true },
	{ "in step, less is left", { SEEN(1, IN(15) - 1) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { 0, 0 }, .action = PLAN_WAIT, .why = WHY_LATE, .active = true },
	{ "in step, and when it ends is not known", { SEEN(1, 0) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { 0, 0 }, .action = PLAN_KEEP, .active = true },
	{ "in step, expired", { SEEN(1, NOW) }, .source = FOLLOW_READ, .is = 0, .sinks = { 0, 0 },
	  .action = PLAN_WAIT, .why = WHY_LATE },
	{ "in step, dead", { { 1, IN(60), true } }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { 0, 0 }, .action = PLAN_WAIT, .why = WHY_SOURCE_REFUSED },
	{ "in step, to be tried", { SEEN(1, IN(60)) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { 0, 0 }, .verify_due = true, .action = PLAN_VERIFY, .why = WHY_VERIFY,
	  .active = true },
	{ "in step, by force", { SEEN(1, IN(60)) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { 0, 0 }, .force = true, .action = PLAN_VERIFY, .why = WHY_VERIFY,
	  .active = true },
	{ "in step, was tried", { SEEN(1, IN(60)) }, .source = FOLLOW_READ, .is = 0,
	  .sinks = { 0, 0 }, .verify_due = true, .verified = true, .action = PLAN_KEEP,
	  .active = true },
	{ "the newest of two counts", { SEEN(1, IN(60)), SEEN(2, IN(50)) }, .source = FOLLOW_UNREAD,
	  .is = NONE, .sinks = { 1, 0 }, .action = PLAN_HEAL, .why = WHY_LAGGING, .active = true },
};
/* clang-format on */

static struct sink_view view(int holds)
{
	if (holds == UNREAD)
		return (struct sink_view){ .holds = NONE, .unread = true };
	if (holds == OTHER)
		return (struct sink_view){ .holds = NONE, .other = true, .readable = true };
	return (struct sink_view){ .holds = (enum acr_slot)holds, .readable = true };
}

static void decisions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		const struct sink_view sinks[] = { view(r->sinks[0]), view(r->sinks[1]) };
		struct follow_input in = { .now = NOW,
			                   .renew_before = 30 * DAY,
			                   .source = r->source,
			                   .source_is = (enum acr_slot)r->is,
			                   .source_expires = r->ends,
			                   .force = r->force,
			                   .verified = r->verified,
			                   .verify_due = r->verify_due,
			                   .sinks = sinks,
			                   .n_sinks = 2 };
		for (int k = 0; k < 2; k++)
			in.known[k] = (struct follow_known){ .known = r->known[k].seen != 0,
				                             .dead = r->known[k].dead,
				                             .created = r->known[k].seen,
				                             .expires = r->known[k].ends };
		struct plan p = plan_follow_decide(&in);
		CHECK(p.action == r->action && p.why == r->why, "%s: %s, %d", r->what,
		      plan_action_name(p.action), p.why);
		CHECK(p.active == r->active && (!p.active || (int)p.slot == r->slot),
		      "%s: active %d, place %d", r->what, p.active, p.slot);
	}
}

/* ---- every input of a small world ------------------------------------------------------------ */

/* Does the sink show a living password that ends after the source's? */
static bool ends_later(const struct follow_input *in, const struct sink_view *v)
{
	int64_t ends = in->source_is != ACR_NO_SLOT ? in->known[in->source_is].expires : 0;

	ends = ends != 0 ? ends : in->source_expires;
	if (!v->readable || v->holds == ACR_NO_SLOT || v->holds == in->source_is)
		return false;
	const struct follow_known *k = &in->known[v->holds];
	return k->known && !k->dead && k->expires > in->now && ends != 0 && k->expires > ends;
}

/* The newest one decides; a sink that holds another one is left out of the delivery. */
static void never_back(const struct follow_input *in, const struct plan *p)
{
	CHECK(in->force || !p->active || !ends_later(in, &in->sinks[p->source]), "a step back");
	for (size_t i = 0; i < in->n_sinks; i++)
		CHECK(in->force || !ends_later(in, &in->sinks[i]) ||
		              plan_follow_stays(in, in->sinks[i].holds),
		      "a step back of one sink");
}

static void judge(const struct follow_input *in)
{
	struct plan p = plan_follow_decide(in);

	CHECK(p.action != PLAN_ROTATE && p.action != PLAN_CREATE, "it generates");
	if (p.action == PLAN_FOLLOW) {
		CHECK(in->source == FOLLOW_READ, "it takes from a source that has nothing");
		never_back(in, &p);
	}
	if (p.action == PLAN_KEEP || p.action == PLAN_HEAL || p.action == PLAN_VERIFY)
		CHECK(p.active && in->sinks[p.source].readable &&
		              in->sinks[p.source].holds == p.slot && in->known[p.slot].known,
		      "%s on nothing", plan_action_name(p.action));
	if (p.action == PLAN_KEEP)
		for (size_t i = 0; i < in->n_sinks; i++)
			CHECK(!in->sinks[i].readable || in->sinks[i].holds == in->source_is,
			      "content with a sink that lags");
}

static const int64_t ends[] = { 0, IN(-1), IN(5), IN(60), IN(90) };
static const int holds[] = { 0, 1, NONE, UNREAD, OTHER };

static void with_sinks(struct follow_input *in, int64_t *n)
{
	for (size_t a = 0; a < COUNT(holds); a++)
		for (size_t b = 0; b < COUNT(holds); b++) {
			const struct sink_view sinks[] = { view(holds[a]), view(holds[b]) };
			in->sinks = sinks;
			in->n_sinks = 2;
			judge(in);
			++*n;
		}
}

static void with_source(struct follow_input *in, int64_t *n)
{
	for (int flags = 0; flags < 8; flags++)
		for (int is = 0; is <= NONE; is++)
			for (size_t e = 0; e < COUNT(ends); e++)
				for (int s = FOLLOW_UNREAD; s <= FOLLOW_READ; s++) {
					in->force = (flags & 1) != 0;
					in->verified = (flags & 2) != 0;
					in->verify_due = (flags & 4) != 0;
					in->source = (enum follow_source)s;
					in->source_is = s == FOLLOW_READ ? (enum acr_slot)is : NONE;
					in->source_expires = s == FOLLOW_READ ? ends[e] : 0;
					with_sinks(in, n);
				}
}

static void never_a_step_back(void **state)
{
	struct follow_input in = { .now = NOW, .renew_before = 30 * DAY };
	int64_t n = 0;

	(void)state;
	for (size_t a = 0; a < COUNT(ends); a++)
		for (size_t b = 0; b < COUNT(ends); b++)
			for (int dead = 0; dead < 4; dead++) {
				in.known[0] =
					(struct follow_known){ true, (dead & 1) != 0, 1, ends[a] };
				in.known[1] =
					(struct follow_known){ true, (dead & 2) != 0, 2, ends[b] };
				with_source(&in, &n);
			}
	print_message("%lld inputs\n", (long long)n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions),
		cmocka_unit_test(never_a_step_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
