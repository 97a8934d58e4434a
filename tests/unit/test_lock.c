/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <sys/stat.h>

#include "base/err.h"
#include "base/lock.h"
#include "scratch.h"

static char path[4200];

static int make(void **state)
{
	(void)state;
	return scratch_path(path, sizeof(path), "web.lock");
}

static int try_it(void *arg)
{
	AUTO_LOCK struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)arg;
	if (lock_take(path, &l, &e))
		return 0;
	return e.kind == ERR_BUSY ? 1 : 2;
}

static void one_holder_at_a_time(void **state)
{
	struct lock l = LOCK_INIT, second = LOCK_INIT;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_true(lock_take(path, &l, &e));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(WEXITSTATUS(in_child(try_it, NULL)), 1);
	/* Threads of one process are no different: flock is of the open file. */
	assert_false(lock_take(path, &second, &e));
	assert_int_equal(e.kind, ERR_BUSY);
	assert_int_equal(second.fd, -1);
	lock_drop(&l);
	assert_int_equal(l.fd, -1);
	assert_int_equal(WEXITSTATUS(in_child(try_it, NULL)), 0);
	lock_drop(&l);
}

static int take_and_die(void *arg)
{
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)arg;
	return lock_take(path, &l, &e) ? 0 : 1;
}

static void a_dead_holder_holds_nothing(void **state)
{
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(WEXITSTATUS(in_child(take_and_die, NULL)), 0);
	assert_true(lock_take(path, &l, &e));
	lock_drop(&l);
}

static void a_removed_file_is_no_lock(void **state)
{
	struct lock first = LOCK_INIT, second = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(lock_take(path, &first, &e));
	assert_int_equal(unlink(path), 0);
	/* The file is another one now; who comes next locks that, and it is the one that stands
	 * there. */
	assert_true(lock_take(path, &second, &e));
	assert_int_equal(WEXITSTATUS(in_child(try_it, NULL)), 1);
	lock_drop(&first);
	lock_drop(&second);
}

static void no_directory(void **state)
{
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_false(lock_take("/nonexistent/x.lock", &l, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	/* A link there could make us create a file elsewhere. */
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_false(lock_take(path, &l, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_holder_at_a_time, make, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_dead_holder_holds_nothing, make,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(a_removed_file_is_no_lock, make, scratch_teardown),
		cmocka_unit_test_setup_teardown(no_directory, make, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
