/* SPDX-License-Identifier: MIT */
/* The table: the contract, with everything that can happen, and the contract with one ingredient
 * left out. MODEL=full searches further, MODEL=all further still; MODEL_ROWS: what is searched. */
#include "base/base.h"
#include "check.h"
#include "flow/model.h"

#define CHECK_STATES 4000000
#define FULL_STATES  24000000 /* some 1.2 GB */

/* What the published search of this rule had: sinks edited and restored, a foreign writer,
 * wipes, loss of state, may_replace. */
#define OTHERS (MODEL_FOREIGN | MODEL_WIPE | MODEL_LOSS | MODEL_HANDS | MODEL_PERMIT)
#define QUIET  (MODEL_WIPE | MODEL_HANDS)

#define LONG  .lifetime = 6, .renew_before = 2, .grace = 2
#define SHORT .lifetime = 4, .renew_before = 2, .grace = 1

struct row {
	const char *name;
	struct model m;
};

/* clang-format off */
static const struct row contract[] = {
	{ "every interference, any two of them",
	  { .n_sinks = 1, .others = MODEL_ALL, .disturbances = 2, SHORT } },
	{ "every interference, any one", { .n_sinks = 2, .others = MODEL_ALL, .disturbances = 1,
	  SHORT } },
	{ "every interference, any one", { .n_sinks = 3, .others = MODEL_ALL, .disturbances = 1,
	  SHORT } },
	{ "others, as often as they like", { .n_sinks = 1, .others = OTHERS, SHORT } },
	{ "others, a token rotated by hand before",
	  { .n_sinks = 1, .others = OTHERS, .by_hand_before = true, SHORT } },
	{ "others, exclusive = yes", { .n_sinks = 1, .others = OTHERS, .exclusive = true, SHORT } },
	{ "without foreign writer and loss of state", { .n_sinks = 1, .others = QUIET, LONG } },
	{ "without foreign writer and loss of state", { .n_sinks = 2, .others = QUIET, SHORT } },
	{ "without foreign writer and loss of state", { .n_sinks = 3, .others = QUIET, SHORT } },
	{ "requests that act late",
	  { .n_sinks = 2, .others = MODEL_LATE | MODEL_FORCE | MODEL_WIPE, LONG } },
	{ "owed hooks", { .n_sinks = 2, .others = MODEL_HOOKS | MODEL_FORCE | MODEL_BROKEN,
	  SHORT } },
	{ "unreadable and removed sinks",
	  { .n_sinks = 2, .others = MODEL_UNREAD | MODEL_REMOVED | MODEL_FORCE, SHORT } },
	{ "broken sinks", { .n_sinks = 3, .others = MODEL_BROKEN | MODEL_FORCE, LONG } },
	{ "a registry that rejects", { .n_sinks = 2, .others = MODEL_REJECTS | MODEL_FORCE,
	  SHORT } },
	{ "an older state is put back",
	  { .n_sinks = 2, .others = MODEL_RESTORED | MODEL_FORCE | MODEL_HANDS, SHORT } },
	{ "... and sinks cannot be read",
	  { .n_sinks = 2, .others = MODEL_RESTORED | MODEL_UNREAD | MODEL_HANDS | MODEL_BROKEN,
	  .disturbances = 4, SHORT } },
	{ "answers that lack a slot",
	  { .n_sinks = 2, .others = MODEL_LACKS | MODEL_FORCE | MODEL_HANDS | MODEL_WIPE, SHORT } },
	{ "... and sinks cannot be read",
	  { .n_sinks = 2, .others = MODEL_LACKS | MODEL_UNREAD | MODEL_RESTORED, .disturbances = 4,
	  SHORT } },
	{ "removed sinks that showed a foreign password",
	  { .n_sinks = 2, .others = MODEL_FOREIGN | MODEL_HANDS | MODEL_REMOVED, .disturbances = 4,
	  SHORT } },
	{ "a registry that refuses for a while",
	  { .n_sinks = 2, .others = MODEL_DOUBTS | MODEL_FORCE | MODEL_HANDS, SHORT } },
	{ "sinks that show another store",
	  { .n_sinks = 2, .others = MODEL_BLINDED | MODEL_FORCE | MODEL_BROKEN, .disturbances = 5,
	  SHORT } },
	{ "... and showed a foreign password before",
	  { .n_sinks = 2, .others = MODEL_FOREIGN | MODEL_HANDS | MODEL_BLINDED, .disturbances = 3,
	  SHORT } },
	{ "another job's record",
	  { .n_sinks = 2, .others = MODEL_STRANGE | MODEL_FORCE | MODEL_HANDS, SHORT } },
	{ "a record that cannot be used, and requests that act late",
	  { .n_sinks = 2,
	  .others = MODEL_UNUSABLE | MODEL_LATE | MODEL_FORCE | MODEL_WIPE | MODEL_PERMIT,
	  SHORT } },
	{ "a token that is created, and PUTs that act late",
	  { .n_sinks = 2, .others = MODEL_CREATE | MODEL_LATE | MODEL_FORCE, SHORT } },
	{ "... somebody else creates it, and the state is lost",
	  { .n_sinks = 1, .others = MODEL_CREATE | MODEL_LATE | OTHERS | MODEL_UNUSABLE,
	  .disturbances = 4, SHORT } },
	{ "sinks edited between probe and delivery",
	  { .n_sinks = 2, .others = MODEL_MEDDLED | MODEL_HANDS | MODEL_FORCE, .disturbances = 5,
	  SHORT } },
	{ "a copied state", { .n_sinks = 2, .others = MODEL_MOVED | MODEL_FORCE | MODEL_HANDS,
	  SHORT } },
};
/* clang-format on */

/* Takes minutes. */
/* clang-format off */
static const struct row contract_full[] = {
	{ "others, as often as they like", { .n_sinks = 1, .others = OTHERS, LONG } },
	{ "every interference, any three", { .n_sinks = 1, .others = MODEL_ALL, .disturbances = 3,
	  LONG } },
	{ "every interference, any two", { .n_sinks = 2, .others = MODEL_ALL, .disturbances = 2,
	  SHORT } },
	{ "every interference, any two, exclusive",
	  { .n_sinks = 2, .others = MODEL_ALL, .disturbances = 2, .exclusive = true, SHORT } },
	{ "others", { .n_sinks = 2, .others = OTHERS, SHORT } },
	{ "others, as often as they like", { .n_sinks = 2, .others = OTHERS, LONG } },
	{ "others, a token rotated by hand before",
	  { .n_sinks = 2, .others = OTHERS, .by_hand_before = true, LONG } },
	{ "without foreign writer and loss of state", { .n_sinks = 3, .others = QUIET, LONG } },
	{ "others and late requests", { .n_sinks = 1, .others = OTHERS | MODEL_LATE | MODEL_FORCE,
	  LONG } },
	{ "unreadable, removed, broken, edited, forced",
	  { .n_sinks = 2,
	  .others = MODEL_UNREAD | MODEL_REMOVED | MODEL_FORCE | MODEL_BROKEN | MODEL_HANDS,
	  SHORT } },
};

/* Takes a quarter of an hour, and 1.2 GB: for a change of the rule. */
static const struct row contract_all[] = {
	{ "every interference, any four of them",
	  { .n_sinks = 1, .others = MODEL_ALL, .disturbances = 4, SHORT } },
	{ "every interference, any three", { .n_sinks = 2, .others = MODEL_ALL, .disturbances = 3,
	  .cut = true, SHORT } },
	{ "every interference, any two", { .n_sinks = 3, .others = MODEL_ALL, .disturbances = 2,
	  SHORT } },
	{ "every interference, any three, by hand before",
	  { .n_sinks = 1, .others = MODEL_ALL, .disturbances = 3, .by_hand_before = true, SHORT } },
	{ "others, a token rotated by hand before",
	  { .n_sinks = 3, .others = OTHERS, .by_hand_before = true, SHORT } },
	{ "others", { .n_sinks = 3, .others = OTHERS, SHORT } },
};
/* clang-format on */

/* clang-format off */
static const struct row broken[] = {
	{ "... without grace", { .n_sinks = 2, .others = QUIET, .without = WITHOUT_GRACE, SHORT } },
	{ "... delivery recorded only after the sinks",
	  { .n_sinks = 2, .others = QUIET, .without = WITHOUT_DELIVERY_FIRST, SHORT } },
	{ "... fingerprint recorded only at the end",
	  { .n_sinks = 2, .others = QUIET, .without = WITHOUT_PRINT, SHORT } },
	{ "... without intent", { .n_sinks = 2, .others = QUIET, .without = WITHOUT_INTENT,
	  SHORT } },
	{ "always the older slot", { .n_sinks = 2, .others = QUIET, .without = WITHOUT_ALL,
	  SHORT } },
	{ "... without the lock", { .n_sinks = 1, .without = WITHOUT_LOCK, .lifetime = 3,
	  .renew_before = 1, .grace = 1 } },
	{ "... a copied state is believed",
	  { .n_sinks = 1, .others = MODEL_MOVED, .without = WITHOUT_MACHINE, SHORT } },
	{ "... another job's record is believed",
	  { .n_sinks = 1, .others = MODEL_STRANGE | MODEL_FORCE, .without = WITHOUT_SUBJECT,
	  SHORT } },
	{ "... expiry is not checked before the write",
	  { .n_sinks = 2, .others = MODEL_MEDDLED | MODEL_HANDS | MODEL_FORCE, .disturbances = 5,
	  .without = WITHOUT_EXPIRY_CHECK, SHORT } },
	{ "... a lost request is not waited for",
	  { .n_sinks = 1, .others = MODEL_LATE | MODEL_FORCE, .without = WITHOUT_WAITING, SHORT } },
	{ "... nor is the PUT that makes a token",
	  { .n_sinks = 1, .others = MODEL_CREATE | MODEL_LATE, .without = WITHOUT_TAINT, SHORT } },
	{ "... or what sinks show not before a token is made",
	  { .n_sinks = 1, .others = MODEL_CREATE | MODEL_LOSS, .without = WITHOUT_TRYING, SHORT } },
	{ "... or not, once its record cannot be used",
	  { .n_sinks = 1, .others = MODEL_UNUSABLE | MODEL_LATE | MODEL_WIPE,
	  .without = WITHOUT_FORMER, SHORT } },
	{ "... it was sent long after its intent",
	  { .n_sinks = 1, .others = MODEL_LATE | MODEL_FORCE, .without = WITHOUT_FRESH_INTENT,
	  SHORT } },
	{ "... what the sinks show is not tried",
	  { .n_sinks = 1, .others = MODEL_RESTORED, .without = WITHOUT_TRYING, SHORT } },
	{ "... a failed hook is forgotten", { .n_sinks = 1, .others = MODEL_HOOKS | MODEL_FORCE,
	  .without = WITHOUT_OWED, SHORT } },
	{ "... an unreadable sink is forgotten",
	  { .n_sinks = 2, .others = MODEL_UNREAD | MODEL_FORCE, .without = WITHOUT_REMEMBERING,
	  SHORT } },
	{ "... a removed sink is forgotten", { .n_sinks = 2, .others = MODEL_REMOVED | MODEL_FORCE,
	  .without = WITHOUT_REMEMBERING, SHORT } },
	{ "... or what it had, once another is written",
	  { .n_sinks = 2, .others = MODEL_REMOVED | MODEL_FORCE, .without = WITHOUT_HAD, SHORT } },
	{ "... or what it is given, until it is read back",
	  { .n_sinks = 2, .others = MODEL_REMOVED | MODEL_FORCE, .without = WITHOUT_GIVEN,
	  SHORT } },
	{ "... or that it showed a foreign password",
	  { .n_sinks = 2, .others = MODEL_FOREIGN | MODEL_HANDS | MODEL_REMOVED,
	  .without = WITHOUT_HELD_FOREIGN, .disturbances = 4, SHORT } },
	{ "... an older record is believed of an unread sink",
	  { .n_sinks = 2, .others = MODEL_RESTORED | MODEL_UNREAD | MODEL_HANDS | MODEL_BROKEN,
	  .without = WITHOUT_DOUBT, .disturbances = 4, SHORT } },
	{ "... an answer that lacks a slot is believed",
	  { .n_sinks = 1, .others = MODEL_LACKS | MODEL_FORCE, .without = WITHOUT_PATIENCE,
	  SHORT } },
	{ "... a heal does not ask about what it lacks",
	  { .n_sinks = 2, .others = MODEL_LACKS | MODEL_HANDS, .without = WITHOUT_ASKING, SHORT } },
	{ "... what a sink shows was never delivered",
	  { .n_sinks = 1, .others = MODEL_RESTORED | MODEL_HANDS, .without = WITHOUT_SEEING,
	  SHORT } },
	{ "... refusals of a minute are death",
	  { .n_sinks = 1, .others = MODEL_DOUBTS, .without = WITHOUT_DEATH, SHORT } },
	{ "... what is not seen is gone",
	  { .n_sinks = 1, .others = MODEL_BLINDED | MODEL_FORCE, .without = WITHOUT_CHAIN,
	  SHORT } },
	{ "... or lets go of what another store has",
	  { .n_sinks = 2, .others = MODEL_BLINDED | MODEL_FORCE | MODEL_BROKEN, .disturbances = 5,
	  .without = WITHOUT_HIDING, SHORT } },
	{ "... or forgets the foreign password that one had",
	  { .n_sinks = 2, .others = MODEL_FOREIGN | MODEL_HANDS | MODEL_BLINDED, .disturbances = 3,
	  .without = WITHOUT_HELD_FOREIGN, SHORT } },
	{ "... 'left' is when the run began",
	  { .n_sinks = 1, .others = MODEL_FORCE, .without = WITHOUT_FRESH_TIME, SHORT } },
	{ "... 'left' by a clock that is behind",
	  { .n_sinks = 1, .others = MODEL_FORCE, .without = WITHOUT_SERVICE_CLOCK, SHORT } },
};
/* clang-format on */

static bool full(void)
{
	const char *model = getenv("MODEL");

	return model != NULL && (strcmp(model, "full") == 0 || strcmp(model, "all") == 0);
}

static bool whole(void)
{
	return full() && strcmp(getenv("MODEL"), "all") == 0;
}

static struct model_result search(const struct row *r, size_t max_states)
{
	struct model_result result;
	bool all = model_search(&r->m, max_states, &result);

	print_message("%-48s | %d sink%s | %8zu%s | %7zu | %6zu\n", r->name, r->m.n_sinks,
	              r->m.n_sinks > 1 ? "s" : " ", result.states, all ? "" : "+", result.kills,
	              result.stuck);
	CHECK(all || r->m.cut, "'%s': over %zu states; %zu kills, the first after:\n\t%s", r->name,
	      max_states, result.kills, result.story);
	return result;
}

/* MODEL_ROWS: a part of the name of those to search. */
static bool is_meant(const struct row *r)
{
	const char *part = getenv("MODEL_ROWS");

	return part == NULL || strstr(r->name, part) != NULL;
}

static void search_contract(const struct row *rows, size_t n, size_t max_states)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_meant(&rows[i]))
			continue;
		struct model_result r = search(&rows[i], max_states);
		CHECK(r.kills == 0 && r.stuck == 0,
		      "'%s': %zu kills, %zu stuck, the first after:\n\t%s", rows[i].name, r.kills,
		      r.stuck, r.story);
	}
}

static void the_contract_kills_nothing_and_is_never_stuck(void **state)
{
	(void)state;
	print_message("%-48s | %-7s | %8s | %7s | %6s\n", "the contract", "", "states", "kills",
	              "stuck");
	search_contract(contract, COUNT(contract), CHECK_STATES);
}

static void nor_does_it_further_out(void **state)
{
	(void)state;
	if (!full())
		skip();
	search_contract(contract_full, COUNT(contract_full), FULL_STATES);
	if (whole())
		search_contract(contract_all, COUNT(contract_all), FULL_STATES);
}

static void each_ingredient_is_needed(void **state)
{
	(void)state;
	print_message("%-48s | %-7s | %8s | %7s | %6s\n", "an ingredient left out", "", "states",
	              "kills", "stuck");
	for (size_t i = 0; i < COUNT(broken); i++) {
		if (!is_meant(&broken[i]))
			continue;
		struct model_result r = search(&broken[i], CHECK_STATES);
		CHECK(r.kills + r.stuck > 0, "'%s' does no harm", broken[i].name);
		if (full())
			print_message("\t%s\n", r.story);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_contract_kills_nothing_and_is_never_stuck),
		cmocka_unit_test(each_ingredient_is_needed),
		cmocka_unit_test(nor_does_it_further_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
