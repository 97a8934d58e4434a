/* SPDX-License-Identifier: MIT */
/* The table: two rotators on one record, under the whole rule, and with one step of it left out.
 * MODEL=full searches further, MODEL=all further still; MODEL_ROWS: what is searched. */
#include "base/base.h"
#include "check.h"
#include "flow/rivals.h"

#define WHOLE_STATES 40000000 /* some 1.5 GB, of which most rows touch little */
/* A kill is near. */
#define BROKEN_STATES 300000

struct row {
	const char *name;
	struct rivals v;
	enum { CHECK_TOO, FULL, ALL } when;
};

static const struct row whole[] = {
	{ "two rotators", { .n_sinks = 1 }, CHECK_TOO },
	{ "... sinks edited and restored", { .n_sinks = 1, .hands = true }, CHECK_TOO },
	{ "two rotators", { .n_sinks = 2 }, FULL },
	{ "... sinks edited and restored", { .n_sinks = 2, .hands = true }, ALL },
	{ "sinks without versions, a busy record", { .n_sinks = 1, .plain = true }, CHECK_TOO },
	{ "sinks without versions, a busy record", { .n_sinks = 2, .plain = true }, FULL },
};

static const struct row broken[] = {
	{ "... without the touch",
	  { .n_sinks = 1, .hands = true, .without = RIVALS_NO_TOUCH },
	  CHECK_TOO },
	{ "... the slot of an intent is generated at once",
	  { .n_sinks = 1, .without = RIVALS_NO_TAINT },
	  CHECK_TOO },
	{ "... the other slot is taken in its place",
	  { .n_sinks = 1, .without = RIVALS_OTHER_SLOT },
	  CHECK_TOO },
	{ "... at once where nothing works", { .n_sinks = 1, .without = RIVALS_HURRY }, CHECK_TOO },
	{ "... access tokens are renewed", { .n_sinks = 1, .without = RIVALS_RENEWED }, CHECK_TOO },
	{ "... a request is dead after a minute",
	  { .n_sinks = 1, .without = RIVALS_BY_CLOCK },
	  CHECK_TOO },
	{ "... the record is written unconditionally",
	  { .n_sinks = 1, .without = RIVALS_RECORD_BLIND },
	  CHECK_TOO },
	{ "... the sinks are written unconditionally",
	  { .n_sinks = 1, .without = RIVALS_SINKS_BLIND },
	  CHECK_TOO },
	{ "... what a sink does not show is not in it",
	  { .n_sinks = 1, .without = RIVALS_SEEN_IS_ALL },
	  CHECK_TOO },
	{ "... sinks without versions, nobody waits",
	  { .n_sinks = 1, .plain = true, .without = RIVALS_NOT_BUSY },
	  CHECK_TOO },
	{ "... or for a minute only",
	  { .n_sinks = 1, .plain = true, .without = RIVALS_BY_CLOCK },
	  CHECK_TOO },
	{ "... or access tokens are renewed",
	  { .n_sinks = 1, .plain = true, .without = RIVALS_RENEWED },
	  CHECK_TOO },
};

static int depth(void)
{
	const char *model = getenv("MODEL");

	if (model == NULL)
		return CHECK_TOO;
	return strcmp(model, "all") == 0 ? ALL : strcmp(model, "full") == 0 ? FULL : CHECK_TOO;
}

/* MODEL_ROWS: a part of the name of those to search. */
static bool is_meant(const struct row *r)
{
	const char *part = getenv("MODEL_ROWS");

	return (int)r->when <= depth() && (part == NULL || strstr(r->name, part) != NULL);
}

static struct rivals_result search(const struct row *r, size_t max, bool to_the_end)
{
	struct rivals_result result;
	bool all = rivals_search(&r->v, max, &result);

	print_message("%-48s | %d sink%s | %8zu%s | %7zu | %6zu\n", r->name, r->v.n_sinks,
	              r->v.n_sinks > 1 ? "s" : " ", result.states, all ? "" : "+", result.kills,
	              result.stuck);
	CHECK(all || !to_the_end, "'%s': over %zu states", r->name, max);
	return result;
}

static void the_rule_kills_nothing_and_is_never_stuck(void **state)
{
	(void)state;
	print_message("%-48s | %-7s | %8s | %7s | %6s\n", "the rule", "", "states", "kills",
	              "stuck");
	for (size_t i = 0; i < COUNT(whole); i++) {
		if (!is_meant(&whole[i]))
			continue;
		struct rivals_result r = search(&whole[i], WHOLE_STATES, whole[i].when != ALL);
		CHECK(r.kills == 0 && r.stuck == 0,
		      "'%s': %zu kills, %zu stuck, the first after:\n\t%s", whole[i].name, r.kills,
		      r.stuck, r.story);
	}
}

static void each_step_is_needed(void **state)
{
	(void)state;
	print_message("%-48s | %-7s | %8s | %7s | %6s\n", "a step left out", "", "states", "kills",
	              "stuck");
	for (size_t i = 0; i < COUNT(broken); i++) {
		if (!is_meant(&broken[i]))
			continue;
		struct rivals_result r = search(&broken[i], BROKEN_STATES, false);
		CHECK(r.kills > 0, "'%s' does no harm", broken[i].name);
		if (depth() != CHECK_TOO)
			print_message("\t%s\n", r.story);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule_kills_nothing_and_is_never_stuck),
		cmocka_unit_test(each_step_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
