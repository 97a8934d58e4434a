/* SPDX-License-Identifier: MIT */
/* What follows from what was seen of one sink or one slot. */
#include "check.h"
#include "rotate/plan.h"

#define NOW  1000000
#define HELD .present = true, .ours = true, .delivered = true
/* gone by Azure's answer alone */
#define LACKING .lacking = true, .delivered = true

static struct plan_input input_of(const struct slot_view *slot)
{
	return (struct plan_input){ .now = NOW, .margin = 300, .slot = { slot[0], slot[1] } };
}

/* Slot 2 is to be generated, and a password that a sink shows works. */
static void what_works_is_the_other_slots_or_nothing_is_generated(void **state)
{
	/* clang-format off */
	static const struct {
		const char *what;
		struct slot_view slot[ACR_SLOT__COUNT];
		enum acr_slot of;
		struct plan_tried want;
	} rows[] = {
		{ "it is the other slot's", { { HELD }, { HELD } }, ACR_SLOT_1,
		  { TRIED_OTHER, ACR_SLOT_1 } },
		{ "it is the target's", { { HELD }, { HELD } }, ACR_SLOT_2,
		  { TRIED_ALIVE, ACR_SLOT_2 } },
		{ "Azure's answer lacks the other slot", { { .lacking = true }, { HELD } }, ACR_SLOT_1,
		  { TRIED_ALIVE, ACR_SLOT_1 } },
		{ "it was refused a moment ago", { { HELD, .refused = true }, { HELD } }, ACR_SLOT_1,
		  { TRIED_ALIVE, ACR_SLOT_1 } },
		{ "nobody knows it, and both slots are there", { { .present = true }, { HELD } },
		  ACR_NO_SLOT, { TRIED_UNEXPLAINED, ACR_NO_SLOT } },
		{ "... neither is", { { 0 }, { 0 } }, ACR_NO_SLOT, { TRIED_UNEXPLAINED, ACR_NO_SLOT } },
		{ "... only the other one, a foreign one", { { .present = true }, { 0 } },
		  ACR_NO_SLOT, { TRIED_OTHER, ACR_SLOT_1 } },
		{ "... the target has expired", { { .present = true }, { HELD, .expires = NOW - 300 } },
		  ACR_NO_SLOT, { TRIED_OTHER, ACR_SLOT_1 } },
		{ "... within the margin", { { .present = true }, { HELD, .expires = NOW - 299 } },
		  ACR_NO_SLOT, { TRIED_UNEXPLAINED, ACR_NO_SLOT } },
		{ "... only the target, a foreign one", { { 0 }, { .present = true } },
		  ACR_NO_SLOT, { TRIED_UNEXPLAINED, ACR_SLOT_2 } },
		{ "... only one of ours, which has another", { { HELD }, { 0 } },
		  ACR_NO_SLOT, { TRIED_UNEXPLAINED, ACR_NO_SLOT } },
		{ "... only one whose answer was lost", { { HELD, .lost = true }, { 0 } },
		  ACR_NO_SLOT, { TRIED_LEARNT, ACR_SLOT_1 } },
		{ "... and that is the target", { { 0 }, { HELD, .lost = true } },
		  ACR_NO_SLOT, { TRIED_LEARNT, ACR_SLOT_2 } },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct plan_input in = input_of(rows[i].slot);
		struct plan_tried t = plan_judge_accepted(&in, ACR_SLOT_2, rows[i].of);
		CHECK(t.as == rows[i].want.as && t.slot == rows[i].want.slot, "%s: %d of %d",
		      rows[i].what, (int)t.as, (int)t.slot);
	}
}

static void only_a_chain_that_was_seen_lets_go(void **state)
{
	/* clang-format off */
	static const struct {
		const char *what;
		bool shows_all;
		enum acr_slot shown, before, given;
		bool kept, lets_go;
	} rows[] = {
		{ "a file shows it", true, ACR_SLOT_1, ACR_NO_SLOT, ACR_NO_SLOT, false, false },
		{ "a file does not", true, ACR_NO_SLOT, ACR_NO_SLOT, ACR_NO_SLOT, false, true },
		{ "a helper does not", false, ACR_NO_SLOT, ACR_NO_SLOT, ACR_NO_SLOT, false, false },
		{ "it was given another, and keeps it", false, ACR_NO_SLOT, ACR_SLOT_1, ACR_SLOT_2, true,
		  true },
		{ "... but was not seen to hold this", false, ACR_NO_SLOT, ACR_NO_SLOT, ACR_SLOT_2, true,
		  false },
		{ "... but was not read back", false, ACR_NO_SLOT, ACR_SLOT_1, ACR_SLOT_2, false, false },
		{ "it was given this very one", false, ACR_NO_SLOT, ACR_SLOT_1, ACR_SLOT_1, true, false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK(plan_lets_go(rows[i].shows_all, rows[i].shown, rows[i].before, rows[i].given,
		                   rows[i].kept, ACR_SLOT_1) == rows[i].lets_go,
		      "%s", rows[i].what);
}

static void death_is_hard_to_prove(void **state)
{
	static const struct {
		const char *what;
		int64_t since, timeout;
		enum plan_death want;
	} rows[] = {
		{ "it is not refused", 0, 600, DEATH_NOT_YET },
		{ "a clock was set back", NOW + 1, 600, DEATH_NOT_YET },
		{ "for less than a minute", NOW - 59, 600, DEATH_NOT_YET },
		{ "for a minute", NOW - 60, 600, DEATH_DOUBTED },
		{ "for almost ten", NOW - 599, 600, DEATH_DOUBTED },
		{ "for ten", NOW - 600, 600, DEATH_CERTAIN },
		{ "a time-out of a second is a minute all the same", NOW - 59, 1, DEATH_NOT_YET },
		{ "then that is enough", NOW - 60, 1, DEATH_CERTAIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK(plan_judge_refusals(rows[i].since, NOW, rows[i].timeout, 60) == rows[i].want,
		      "%s", rows[i].what);
}

static void nothing_ends_before_what_it_replaces(void **state)
{
	/* clang-format off */
	static const struct {
		const char *what;
		struct slot_view held;
		enum acr_slot of, given;
		int64_t expires;
		bool before;
	} rows[] = {
		{ "sooner", { HELD, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_2, NOW + 9, true },
		{ "at the same time", { HELD, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_2, NOW + 10,
		  false },
		{ "never", { HELD, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_2, 0, false },
		{ "what is held never ends", { HELD }, ACR_SLOT_1, ACR_SLOT_2, NOW + 9, true },
		{ "neither does", { HELD }, ACR_SLOT_1, ACR_SLOT_2, 0, false },
		{ "it is the same slot", { HELD, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_1, NOW + 9,
		  false },
		{ "nothing is held", { HELD, .expires = NOW + 10 }, ACR_NO_SLOT, ACR_SLOT_2, NOW + 9,
		  false },
		{ "it is refused", { HELD, .refused = true, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_2,
		  NOW + 9, false },
		{ "it is to die", { HELD, .doomed = true, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_2,
		  NOW + 9, false },
		{ "it has expired", { HELD, .expires = NOW }, ACR_SLOT_1, ACR_SLOT_2, NOW - 1, false },
		{ "an answer lacks it", { LACKING, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_2, NOW + 9,
		  true },
		{ "... and it never ends", { LACKING }, ACR_SLOT_1, ACR_SLOT_2, NOW + 9, true },
		{ "... and it ends sooner", { LACKING, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_2,
		  NOW + 10, false },
		{ "... and it has expired", { LACKING, .expires = NOW }, ACR_SLOT_1, ACR_SLOT_2, NOW - 1,
		  false },
		{ "... and the registry refuses it", { LACKING, .refused = true, .expires = NOW + 10 },
		  ACR_SLOT_1, ACR_SLOT_2, NOW + 9, false },
		{ "... and it is to die", { LACKING, .doomed = true, .expires = NOW + 10 }, ACR_SLOT_1,
		  ACR_SLOT_2, NOW + 9, false },
		{ "it is gone", { .delivered = true, .expires = NOW + 10 }, ACR_SLOT_1, ACR_SLOT_2,
		  NOW + 9, false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct plan_input in = input_of((const struct slot_view[]){ rows[i].held, { 0 } });
		CHECK(plan_ends_before(&in, rows[i].of, rows[i].given, rows[i].expires) ==
		              rows[i].before,
		      "%s", rows[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_works_is_the_other_slots_or_nothing_is_generated),
		cmocka_unit_test(only_a_chain_that_was_seen_lets_go),
		cmocka_unit_test(death_is_hard_to_prove),
		cmocka_unit_test(nothing_ends_before_what_it_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
