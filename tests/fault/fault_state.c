/* SPDX-License-Identifier: MIT */
/* A state that is saved: what is on the disk when a save has returned, and every call of it that
 * fails. */
#include "check.h"

#include <errno.h>

#include "base/err.h"
#include "base/mem.h"
#include "fakes/fault.h"
#include "fakes/sinks.h"
#include "rotate/state.h"

static char *dir;
static struct store *store;

static int make(void **state)
{
	(void)state;
	dir = scratch_make();
	store = store_dir_open(dir, NULL);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	store_close(store);
	scratch_remove(dir);
	return 0;
}

static bool save(int64_t n, enum store_safety safety, struct err *e)
{
	struct state s = { .failed_runs = n };

	return state_save(store, "web", &s, safety, e);
}

static int64_t saved(void)
{
	AUTO_STATE struct state s = { 0 };
	struct err e = ERR_INIT;

	CHECK(state_load(store, "web", &s, &e) && !s.lost, "%s", e.text);
	return s.failed_runs;
}

/* The intent and the delivery must survive a power cut. The last save of a run need not, but
 * must never be half of one. */
static void what_must_be_on_the_disk_is(void **state)
{
	static const struct {
		const char *what;
		enum store_safety safety;
		bool durable;
	} rows[] = {
		{ "durable", STORE_DURABLE, true },
		{ "durable for now", STORE_DURABLE_FOR_NOW, true },
		{ "atomic", STORE_ATOMIC, false },
	};

	(void)state;
	for (int old = 0; old < 2; old++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			AUTO_FREE char *path = mem_fmt("%s/web.state", dir);
			struct err e = ERR_INIT;
			(void)unlink(path);
			CHECK(!old || save(1, STORE_DURABLE, &e), "%s", e.text);
			fault_disk_watch();
			CHECK(save(2, rows[i].safety, &e), "%s", e.text);
			int unsafe = fault_disk_unsafe();
			CHECK(rows[i].durable ? unsafe == 0 : unsafe == 1,
			      "%s, old %d: %d not synced", rows[i].what, old, unsafe);
			assert_int_equal(saved(), 2);
		}
}

/* The old state or the new one, each whole; and the old one when the save says that it failed
 * before the name changed. */
static void every_call_fails(void **state)
{
	int failures = 0;

	(void)state;
	for (enum store_safety safety = STORE_DURABLE; safety <= STORE_ATOMIC; safety++) {
		bool met = true;
		for (int n = 1; met; n++) {
			struct err e = ERR_INIT;
			CHECK(save(1, STORE_DURABLE, &e), "%s", e.text);
			fault_arm(NULL, n, ENOSPC, FAULT_ONCE);
			bool ok = save(2, safety, &e);
			met = fault_disarm(NULL);
			int64_t now = saved();
			failures += !ok;
			CHECK(now == 2 || (now == 1 && !ok), "safety %d, call %d: %lld (%s)",
			      (int)safety, n, (long long)now, e.text);
			store_saved_enough(store, "web");
			CHECK(save(3, STORE_DURABLE, &e) && saved() == 3 &&
			              temporaries_in(dir) == 0,
			      "safety %d, call %d: %s", (int)safety, n, e.text);
		}
	}
	assert_true(failures > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_must_be_on_the_disk_is, make, drop),
		cmocka_unit_test_setup_teardown(every_call_fails, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
