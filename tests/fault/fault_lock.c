/* SPDX-License-Identifier: MIT */
/* The lock of a job, whose file is removed between our open and our lock; and every call on the
 * way fails. */
#include "check.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/lock.h"
#include "fakes/fault.h"
#include "scratch.h"

static char path[4200];

static int make(void **state)
{
	(void)state;
	return scratch_path(path, sizeof(path), "web.lock");
}

static void replace_it(void *ctx)
{
	struct err e = ERR_INIT;

	(void)unlink(path);
	if (!lock_take(path, ctx, &e))
		abort();
}

static bool is_of_the_file_there(const struct lock *l)
{
	struct stat held, there;

	return fstat(l->fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino;
}

/* Who comes next locks the file that stands there: that is the one to hold. */
static void the_lock_is_on_the_file_that_is_there(void **state)
{
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)state;
	fault_hook("flock", 1, scratch_unlink, path);
	assert_true(lock_take(path, &l, &e));
	assert_int_equal(fault_unhook(), 1);
	assert_true(is_of_the_file_there(&l));
	lock_drop(&l);
}

static void nor_is_it_shared_with_who_made_another(void **state)
{
	struct lock l = LOCK_INIT, theirs = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)state;
	fault_hook("flock", 1, replace_it, &theirs);
	assert_false(lock_take(path, &l, &e));
	assert_int_equal(fault_unhook(), 1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_true(is_of_the_file_there(&theirs) && l.fd == -1);
	lock_drop(&theirs);
}

static void a_call_that_fails_is_no_lock(void **state)
{
	static const struct {
		const char *call;
		int why;
		bool ok;
	} rows[] = {
		{ "open", EACCES, false }, { "open", EINTR, true }, { "flock", ENOLCK, false },
		{ "flock", EINTR, true },  { "fstat", EIO, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct lock l = LOCK_INIT;
		struct err e = ERR_INIT;
		fault_arm(rows[i].call, 1, rows[i].why, FAULT_ONCE);
		bool ok = lock_take(path, &l, &e);
		CHECK(fault_disarm(NULL), "%s was not called", rows[i].call);
		CHECK(ok == rows[i].ok && (l.fd >= 0) == ok, "%s %d: %s", rows[i].call, rows[i].why,
		      e.text);
		CHECK(ok || e.kind == ERR_LOCAL, "%s: %s", rows[i].call, e.text);
		lock_drop(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_lock_is_on_the_file_that_is_there, make,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(nor_is_it_shared_with_who_made_another, make,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(a_call_that_fails_is_no_lock, make,
		                                scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
