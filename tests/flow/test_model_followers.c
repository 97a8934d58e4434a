/* SPDX-License-Identifier: MIT */
/* The table: one rotator and its followers, under the rule, and under others. MODEL=full: these with
 * two nodes, too, and how the first one is cut off. */
#include "base/base.h"
#include "check.h"
#include "flow/followers.h"

#define STATES_MAX 4000000

struct row {
	const char *name;
	struct followers v;
};

static const struct row rule[] = {
	{ "only what has expired is generated", { .rule = FOLLOWERS_EXPIRY } },
	{ "... the source edited and restored", { .rule = FOLLOWERS_EXPIRY, .hands = true } },
	{ "nodes that announce, read again, confirm", { .rule = FOLLOWERS_ACK, .tell = TELL_ALL } },
};

static const struct row broken[] = {
	{ "grace alone, nodes are offline for longer", { .rule = FOLLOWERS_GRACE } },
	{ "nodes tell after the copy", { .rule = FOLLOWERS_ACK, .tell = TELL_AFTER } },
	{ "... before it, and do not read again",
	  { .rule = FOLLOWERS_ACK, .tell = TELL_NOT_AGAIN } },
	{ "... but not what they have", { .rule = FOLLOWERS_ACK, .tell = TELL_WITHOUT_OLD } },
	{ "... and one node says nothing", { .rule = FOLLOWERS_ACK, .tell = TELL_BUT_ONE } },
	{ "the registry is not asked before the copy",
	  { .rule = FOLLOWERS_EXPIRY, .hands = true, .without = FOLLOWERS_UNPROVEN } },
	{ "whatever the source has is taken",
	  { .rule = FOLLOWERS_EXPIRY, .hands = true, .without = FOLLOWERS_BACK } },
};

static bool full(void)
{
	return getenv("MODEL") != NULL;
}

static struct followers_result search(const struct row *row, int nodes)
{
	struct followers v = row->v;
	struct followers_result r;

	v.n = nodes;
	bool whole = followers_search(&v, STATES_MAX, &r);
	print_message("%-48s | %d node%s | %8zu | %7zu | %6zu\n", row->name, nodes,
	              nodes > 1 ? "s" : " ", r.states, r.kills, r.stuck);
	CHECK(whole, "'%s': over %d states", row->name, STATES_MAX);
	return r;
}

static void tell(const char *what)
{
	print_message("%-48s | %-7s | %8s | %7s | %6s\n", what, "", "states", "kills", "stuck");
}

static void nobody_is_cut_off(void **state)
{
	(void)state;
	tell("the rule");
	for (size_t i = 0; i < COUNT(rule); i++)
		for (int n = 1; n <= FOLLOWERS_MAX; n++) {
			struct followers_result r = search(&rule[i], n);
			CHECK(r.kills == 0 && r.stuck == 0,
			      "'%s': %zu kills, %zu stuck, the first after:\n\t%s", rule[i].name,
			      r.kills, r.stuck, r.story);
		}
}

static void other_rules_do(void **state)
{
	(void)state;
	tell("another rule");
	for (size_t i = 0; i < COUNT(broken); i++)
		for (int n = 1; n <= (full() ? FOLLOWERS_MAX : 1); n++) {
			struct followers_result r = search(&broken[i], n);
			CHECK(r.kills > 0, "'%s' does no harm", broken[i].name);
			if (full())
				print_message("\t%s\n", r.story);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_cut_off),
		cmocka_unit_test(other_rules_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
