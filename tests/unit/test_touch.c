/* SPDX-License-Identifier: MIT */
/*
 * Between the intent and the request every sink is touched: what that is worth beside other
 * rotators flow/test_fleet.c shows; here is what becomes of a touch that fails. See
 * fakes/rotation_rig.h.
 */
#include "check.h"

#include "base/err.h"
#include "base/mem.h"
#include "fakes/rotation_rig.h"
#include "fakes/sinks.h"

/* Both sinks can be touched. */
static void set(void)
{
	rig_due();
	for (size_t i = 0; i < SINKS; i++)
		rig.specs[i].ops = &sink_memory_touched;
}

static struct state at_touch;
static int generates_at_touch;

static void touching(struct memory *m)
{
	(void)m;
	rig_load(&at_touch);
	generates_at_touch = rig.met.generates;
}

/* Behind the intent, before the request, all with one text that nobody had before. */
static void every_sink_is_touched_between_intent_and_request(void **state)
{
	static char before[64];

	(void)state;
	for (int round = 0; round < 2; round++) {
		set();
		fake_service_pass(&rig.service, round * 1000);
		int spare = 1 - rig_slot_of(rig.deployed);
		for (size_t i = 0; i < SINKS; i++)
			rig.memory[i].touching = touching;
		generates_at_touch = -1;
		rig_must_run(ROTATE_FORCE);
		CHECK(generates_at_touch == 0 && at_touch.slot[spare].intent, "round %d: %d", round,
		      generates_at_touch);
		CHECK(rig.memory[0].touches == 1 && rig.memory[1].touches == 1, "round %d", round);
		CHECK(rig.memory[0].epoch[0] != '\0' &&
		              strcmp(rig.memory[0].epoch, rig.memory[1].epoch) == 0 &&
		              strcmp(rig.memory[0].epoch, before) != 0,
		      "round %d: '%s', '%s'", round, rig.memory[0].epoch, rig.memory[1].epoch);
		memcpy(before, rig.memory[0].epoch, sizeof(before));
	}
	state_clear(&at_touch);
}

static const struct row {
	const char *what;
	enum err_kind first, second; /* how their touches fail */
	enum err_kind ends;
	int generates;
	bool gets[SINKS]; /* the new password */
} rows[] = {
	{ "nothing fails", ERR_NONE, ERR_NONE, ERR_NONE, 1, { true, true } },
	/* Another rotator was there: nothing is sent, for anybody. */
	{ "a conflict at the first", ERR_BUSY, ERR_NONE, ERR_CONFLICT, 0, { false, false } },
	{ "a conflict at the second", ERR_NONE, ERR_BUSY, ERR_CONFLICT, 0, { false, false } },
	{ "a conflict behind a failure", ERR_LOCAL, ERR_BUSY, ERR_LOCAL, 0, { false, false } },
	/* It is left out, and without it is decided anew: the others are not held up. */
	{ "the first fails", ERR_TRANSIENT, ERR_NONE, ERR_TRANSIENT, 1, { false, true } },
	{ "the second fails", ERR_NONE, ERR_DENIED, ERR_DENIED, 1, { true, false } },
	/* Nothing is generated for nobody. */
	{ "both fail", ERR_TRANSIENT, ERR_TRANSIENT, ERR_TRANSIENT, 0, { false, false } },
};

static void a_touch_that_fails_leaves_out_its_sink(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		AUTO_STATE struct state now = { 0 };
		struct ending end;
		set();
		rig.memory[0].no_touch = row->first;
		rig.memory[1].no_touch = row->second;
		bool ok = rig_run(ROTATE_FORCE, &end);
		CHECK(ok == (row->ends == ERR_NONE) && end.e.kind == row->ends, "%s: %d, %s",
		      row->what, (int)end.e.kind, end.e.text);
		CHECK(rig.met.generates == row->generates, "%s: %d", row->what, rig.met.generates);
		for (size_t k = 0; k < SINKS; k++)
			CHECK(rig_works(k) && row->gets[k] == (strcmp(rig.memory[k].held,
			                                              rig.deployed) != 0),
			      "%s: sink %zu", row->what, k);
		CHECK(fake_service_accepts(&rig.service, rig.deployed), "%s: killed", row->what);
		rig_load(&now);
		CHECK(!now.slot[0].intent && !now.slot[1].intent, "%s: the intent stayed",
		      row->what);
		rig.memory[0].no_touch = rig.memory[1].no_touch = ERR_NONE;
		fake_service_pass(&rig.service, DAY_MS / 4);
		CHECK(rig_run(0, &end) && rig_works(0) && rig_works(1) &&
		              strcmp(rig.memory[0].held, rig.memory[1].held) == 0,
		      "%s: then: %s", row->what, end.e.text);
	}
}

static void lose_the_directory(struct memory *m)
{
	AUTO_FREE char *away = mem_fmt("%s.away", rig.state_dir);

	(void)m;
	assert_int_equal(rename(rig.state_dir, away), 0);
	file_put(rig.state_dir, "");
}

/* Nothing was sent, but the intent cannot be taken back: it stays, and costs a wait. */
static void an_intent_that_cannot_be_withdrawn_stays(void **state)
{
	AUTO_FREE char *away = mem_fmt("%s.away", rig.state_dir);
	AUTO_STATE struct state now = { 0 };
	struct ending end;

	(void)state;
	set();
	int spare = 1 - rig_slot_of(rig.deployed);
	rig.memory[0].no_touch = ERR_BUSY;
	rig.memory[0].touching = lose_the_directory;
	assert_false(rig_run(ROTATE_FORCE, &end));
	CHECK(end.e.kind == ERR_LOCAL, "%d: %s", (int)end.e.kind, end.e.text);
	assert_int_equal(rig.met.generates, 0);
	assert_true(unlink(rig.state_dir) == 0 && rename(away, rig.state_dir) == 0);
	rig_load(&now);
	assert_true(now.slot[spare].intent);
	rig.memory[0].no_touch = ERR_NONE;
	rig.memory[0].touching = NULL;
	fake_service_pass(&rig.service, DAY_MS);
	rig_must_run(ROTATE_FORCE);
	assert_true(rig_works(0) && rig_works(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sink_is_touched_between_intent_and_request),
		cmocka_unit_test(a_touch_that_fails_leaves_out_its_sink),
		cmocka_unit_test(an_intent_that_cannot_be_withdrawn_stays),
	};

	return cmocka_run_group_tests(tests, rig_set, rig_strike);
}
