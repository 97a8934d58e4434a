/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/lock.h"
#include "check.h"

static char *dir, path[4200];

static int make_dir(void **state)
{
	(void)state;
	dir = scratch_make();
	(void)snprintf(path, sizeof(path), "%s/web.lock", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

static void a_second_holder_is_told_at_once(void **state)
{
	(void)state;
	struct lock first = LOCK_INIT, second = LOCK_INIT;
	struct err e = ERR_INIT;
	CHECK(lock_take(path, &first, &e), "%s", e.text);
	assert_false(lock_take(path, &second, &e));
	assert_int_equal(e.kind, ERR_BUSY);
	assert_int_equal(second.fd, -1);
	lock_drop(&first);
	assert_int_equal(first.fd, -1);
	lock_drop(&first);
	CHECK(lock_take(path, &second, &e), "%s", e.text);
	lock_drop(&second);
}

static void the_file_is_private_and_stays(void **state)
{
	(void)state;
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;
	struct stat st;
	assert_true(lock_take(path, &l, &e));
	lock_drop(&l);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 0);
}

static int take_and_wait(void *arg)
{
	const int *pipe_fd = arg;
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;
	if (!lock_take(path, &l, &e) || write(pipe_fd[1], "x", 1) != 1)
		return 1;
	(void)pause();
	return 0;
}

/* No clean-up runs in a process that is killed; the lock goes all the same. */
static void a_killed_holder_leaves_no_lock(void **state)
{
	(void)state;
	int fd[2];
	char c;
	assert_int_equal(pipe(fd), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(take_and_wait(fd));
	assert_int_equal(read(fd[0], &c, 1), 1);
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;
	assert_false(lock_take(path, &l, &e));
	assert_int_equal(e.kind, ERR_BUSY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	CHECK(lock_take(path, &l, &e), "%s", e.text);
	lock_drop(&l);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

/* A hook started while we hold the lock must not keep it. */
static void programs_we_start_do_not_inherit_it(void **state)
{
	(void)state;
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;
	assert_true(lock_take(path, &l, &e));
	char link[64], target[4200];
	(void)snprintf(link, sizeof(link), "/proc/self/fdinfo/%d", l.fd);
	FILE *f = fopen(link, "r");
	assert_non_null(f);
	unsigned flags = 0;
	while (fgets(target, sizeof(target), f) != NULL)
		(void)sscanf(target, "flags: %o", &flags);
	(void)fclose(f);
	assert_true((flags & 02000000) != 0);
	lock_drop(&l);
}

static void a_missing_directory_is_a_local_error(void **state)
{
	(void)state;
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;
	char gone[4300];
	(void)snprintf(gone, sizeof(gone), "%s/nothing/web.lock", dir);
	assert_false(lock_take(gone, &l, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_non_null(strstr(e.text, gone));
}

/* Following a symbolic link that somebody left in a shared directory would create a file for him. */
static void a_symbolic_link_is_not_followed(void **state)
{
	(void)state;
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;
	char link[4300], victim[4300];
	(void)snprintf(link, sizeof(link), "%s/trap.lock", dir);
	(void)snprintf(victim, sizeof(victim), "%s/victim", dir);
	assert_int_equal(symlink(victim, link), 0);
	assert_false(lock_take(link, &l, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_int_equal(access(victim, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_holder_is_told_at_once),
		cmocka_unit_test(the_file_is_private_and_stays),
		cmocka_unit_test(a_killed_holder_leaves_no_lock),
		cmocka_unit_test(programs_we_start_do_not_inherit_it),
		cmocka_unit_test(a_missing_directory_is_a_local_error),
		cmocka_unit_test(a_symbolic_link_is_not_followed),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
