/* SPDX-License-Identifier: MIT */
/* From inside the sandbox: every way out is tried. Where the kernel has no Landlock, that this
 * is said and nothing is given up. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "base/spawner.h"
#include "scratch.h"

/* dir/in and dir/also are allowed, dir/tree with directories, dir/out is not. */
static char path_room[4][4200];

static const char *at(int room, const char *name)
{
	(void)snprintf(path_room[room], sizeof(path_room[room]), "%s/%s", dir, name);
	return path_room[room];
}

static void put(const char *name)
{
	int fd = open(at(0, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(close(fd), 0);
}

/* ---- ways to write --------------------------------------------------------------------------- */

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd < 0 ? errno : close(fd);
}
static int result(long rc)
{
	return rc == 0 ? 0 : errno;
}
static int make(const char *to)
{
	return opened(to, O_WRONLY | O_CREAT | O_EXCL);
}
static int change(const char *to)
{
	return opened(to, O_WRONLY);
}
static int append(const char *to)
{
	return opened(to, O_RDWR | O_APPEND);
}
static int shorten(const char *to)
{
	return result(truncate(to, 0));
}
static int make_dir(const char *to)
{
	return result(mkdir(to, 0700));
}
static int remove_it(const char *to)
{
	return result(unlink(to));
}
static int point(const char *to)
{
	return result(symlink("/etc/passwd", to));
}
static int fifo(const char *to)
{
	return result(mkfifo(to, 0600));
}
static int door(const char *to)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", to);
	int rc = result(bind(s, (const struct sockaddr *)&a, sizeof(a)));
	(void)close(s);
	return rc;
}
static int move_there(const char *to)
{
	return result(rename(at(1, "in/move"), to));
}
static int between_allowed(const char *to)
{
	(void)to;
	return result(rename(at(1, "also/move"), at(2, "in/moved-over")));
}
static int link_there(const char *to)
{
	return result(link(at(1, "in/move"), to));
}
static int swap(const char *to)
{
	return result(syscall(SYS_renameat2, AT_FDCWD, at(1, "in/move"), AT_FDCWD, to,
	                      2 /* RENAME_EXCHANGE */));
}
static int through_link(const char *to)
{
	(void)to;
	return change(at(1, "in/leads-out"));
}
static int by_dots(const char *to)
{
	(void)to;
	return change(at(1, "in/../out/old"));
}
static int by_descriptor(const char *to)
{
	(void)to;
	int d = open(at(1, "out"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(d, "old", O_WRONLY | O_CLOEXEC), why = errno;
	(void)close(d);
	return fd < 0 ? why : close(fd);
}
static int by_self(const char *to)
{
	char self[64];
	int fd = open(to, O_RDONLY | O_CLOEXEC);

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	int rc = change(self);
	(void)close(fd);
	return rc;
}
static int start(const char *to)
{
	(void)to;
	pid_t pid = fork();
	if (pid == 0) {
		(void)execl("/bin/true", "true", (char *)NULL);
		_exit(errno == EACCES ? 1 : 2);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status) == 0 ? 0 : EACCES;
}

/* `inside`: what the same gives in dir/in. `since`: the version of Landlock that knows it. */
static const struct row {
	const char *name;
	int (*try)(const char *to);
	const char *file;
	int inside, since;
} rows[] = {
	{ "a new file", make, "new", 0, 1 },
	{ "write over one", change, "old", 0, 1 },
	{ "append to one", append, "old", 0, 1 },
	{ "cut one", shorten, "old", 0, 3 },
	{ "remove one", remove_it, "gone", 0, 1 },
	{ "a directory", make_dir, "sub", EACCES, 1 },
	{ "a symbolic link", point, "link", EACCES, 1 },
	{ "a fifo", fifo, "fifo", EACCES, 1 },
	{ "a socket", door, "socket", EACCES, 1 },
	{ "a file from inside linked", link_there, "linked", 0, 1 },
	{ "a file from inside swapped", swap, "old", 0, 1 },
	{ "a file from inside moved", move_there, "moved", 0, 1 },
	{ "a file from another allowed directory", between_allowed, "", EXDEV, 1 },
	{ "a link that leads out", through_link, "", EACCES, 1 },
	{ "dots that lead out", by_dots, "", EACCES, 1 },
	{ "by the directory's descriptor", by_descriptor, "", EACCES, 1 },
	{ "a file open to read, by /proc", by_self, "old", 0, 1 },
	{ "another program", start, "", EACCES, 1 },
};

static void fail_with(const char *what, int got)
{
	(void)fprintf(stderr, "sandbox: %s: %s\n", what, got == 0 ? "possible" : strerror(got));
	_exit(1);
}

static void enter(int *abi)
{
	struct sandbox *s = NULL;
	struct err e = ERR_INIT;
	int in, also, tree;

	if (!sandbox_new(&s, &e) || !directory_at(at(0, "in/any"), FS_WAY_GUARDED, &in, &e) ||
	    !sandbox_allow(s, in, "in", &e) ||
	    !directory_at(at(0, "also/any"), FS_WAY_GUARDED, &also, &e) ||
	    !sandbox_allow(s, also, "also", &e) ||
	    !directory_at(at(0, "tree/any"), FS_WAY_GUARDED, &tree, &e) ||
	    !sandbox_allow_tree(s, tree, "tree", &e) || !sandbox_enter(s, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		_exit(2);
	}
	(void)close(in);
	(void)close(also);
	(void)close(tree);
	*abi = sandbox_abi(s);
	if ((sandbox_missing(s) != NULL) != (*abi == 0))
		_exit(3);
	sandbox_free(s);
}

/* In a child: what is given up is given up for good. */
static void in_sandbox(void (*body)(int abi))
{
	int status = 0, abi = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		enter(&abi);
		body(abi);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void try_all(int abi)
{
	char out[4300], in[4300];

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		if (abi < r->since)
			continue;
		(void)snprintf(out, sizeof(out), "%s/out/%s", dir, r->file);
		(void)snprintf(in, sizeof(in), "%s/in/%s", dir, r->file);
		int got = r->try(out);
		/* Where Landlock itself may not decide, the kernel says that it is another file
		 * system. */
		if (got != EACCES && got != EXDEV)
			fail_with(r->name, got);
		got = r->try(in);
		if (got != r->inside)
			fail_with(r->name, got == 0 ? EEXIST : got);
	}
}

/* What makes directories may make them, and files in them, and nothing else that others may not. */
static void makes_a_tree(int abi)
{
	int got = make_dir(at(0, "tree/sub"));

	if (got == 0)
		got = make(at(0, "tree/sub/new"));
	if (got != 0)
		fail_with("a directory in a tree", got);
	if (abi > 0 && rmdir(at(0, "tree/empty")) == 0)
		fail_with("removing one", 0);
}

static void *in_thread(void *arg)
{
	*(int *)arg = make(at(2, "out/by-thread"));
	return NULL;
}

static void threads_and_reading(int abi)
{
	pthread_t t;
	int got = 0, pair[2];

	if (pthread_create(&t, NULL, in_thread, &got) != 0 || pthread_join(t, NULL) != 0 ||
	    (abi > 0 && got != EACCES))
		fail_with("a thread of it", got);
	got = opened(at(0, "out/old"), O_RDONLY);
	if (got == 0)
		got = opened("/proc/self/mountinfo", O_RDONLY);
	if (got != 0)
		fail_with("reading", got);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || write(pair[0], "x", 1) != 1)
		fail_with("a socket pair", errno);
}

/* All that a sink does, with the functions it does it with. */
static void replaces(int abi)
{
	struct err e = ERR_INIT;
	struct fs_attr attr = FS_ATTR_KEEP;
	AUTO_BUF struct buf text = BUF_INIT(100), old = BUF_INIT(100);

	buf_str(&text, "new");
	buf_str(&old, "x");
	if (!fs_stage_probe(at(0, "in/file"), &attr, 3, &e) ||
	    !fs_replace(at(0, "in/file"), "new", 3, 0600, &e) ||
	    !write_at(at(0, "in/old"), FS_WAY_PLAIN, &text, &old, &e) ||
	    !mounts_at(at(0, "in/file"), &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		_exit(4);
	}
	if (abi > 0 && (fs_replace(at(0, "out/file"), "new", 3, 0600, &e) ||
	                write_at(at(0, "out/old"), FS_WAY_PLAIN, &text, &old, &e)))
		fail_with("replacing", 0);
}

static void nobody_gets_out(void **state)
{
	(void)state;
	in_sandbox(try_all);
}
static void directories_are_made_in_a_tree(void **state)
{
	(void)state;
	in_sandbox(makes_a_tree);
}
static void what_is_open_stays_open(void **state)
{
	(void)state;
	in_sandbox(threads_and_reading);
}
static void files_inside_are_replaced(void **state)
{
	(void)state;
	in_sandbox(replaces);
}

/* ---- programs, through the spawner ----------------------------------------------------------- */

static bool run(char *const *argv, const char *const *extra, struct buf *out,
                struct process_end *end, struct err *e)
{
	const struct process p = {
		.argv = argv, .extra = extra, .with_errors = true, .timeout_ms = 20000
	};

	return process_run(&p, out, end, e);
}

static void started_outside(int abi)
{
	char sh[] = "/bin/sh", c[] = "-c", script[4300], other[] = "echo other";
	struct process_end end = { .in_time = false };
	struct err e = ERR_INIT;
	AUTO_BUF struct buf out = BUF_INIT(1000);

	(void)abi;
	(void)snprintf(script, sizeof(script),
	               "echo $ACROTATE_JOB >'%s/out/by-hook' && cat '%s/out/by-hook'", dir, dir);
	const char *const extra[] = { "ACROTATE_JOB=web", NULL }, *const preload[] = {
		"LD_PRELOAD=/x", NULL
	};
	if (!run((char *[]){ sh, c, script, NULL }, extra, &out, &end, &e) || end.status != 0 ||
	    strcmp(buf_cstr(&out), "web\n") != 0) {
		(void)fprintf(stderr, "%s %d %s\n", e.text, end.status, buf_cstr(&out));
		_exit(5);
	}
	if (run((char *[]){ sh, c, other, NULL }, extra, &out, &end, &e) ||
	    strstr(e.text, "Permission denied") == NULL)
		fail_with("a program that was not agreed on", 0);
	if (run((char *[]){ sh, c, script, NULL }, preload, &out, &end, &e))
		fail_with("LD_PRELOAD", 0);
	spawner_stop();
}

static void hooks_are_bound_by_nothing(void **state)
{
	struct spawner_rules rules = { .n = 0 };
	struct err e = ERR_INIT;
	char sh[] = "/bin/sh", c[] = "-c", script[4300];

	(void)state;
	(void)snprintf(script, sizeof(script),
	               "echo $ACROTATE_JOB >'%s/out/by-hook' && cat '%s/out/by-hook'", dir, dir);
	spawner_allow(&rules, (char *[]){ sh, c, script, NULL }, false);
	int status = 0, abi = 0;
	pid_t pid = fork();
	if (pid == 0) {
		if (!spawner_start(&rules, &e))
			_exit(6);
		enter(&abi);
		started_outside(abi);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	spawner_rules_clear(&rules);
}

/* Only "there is no Landlock" lets a run go on without: anything else is an error, and nothing
 * was given up. */
static void a_call_that_fails_is_an_error(void **state)
{
	AUTO_SANDBOX struct sandbox *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	CHECK(sandbox_new(&s, &e), "%s", e.text);
	if (sandbox_abi(s) < 3) {
		sandbox_free(take(&s)); /* skip() leaves this function without its clean-up */
		skip();                 /* and the rows above tried less than there is */
	}
	assert_false(sandbox_allow(s, -1, "nowhere", &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_non_null(strstr(e.text, "nowhere"));
	assert_null(sandbox_missing(s));
}

static int before(void **state)
{
	static const char *const files[] = { "in/old",    "in/move", "in/gone",
		                             "also/move", "out/old", "out/gone" };

	(void)state;
	dir = scratch_make();
	assert_int_equal(mkdir(at(0, "in"), 0700) + mkdir(at(0, "also"), 0700) +
	                         mkdir(at(0, "out"), 0700) + mkdir(at(0, "tree"), 0700) +
	                         mkdir(at(0, "tree/empty"), 0700),
	                 0);
	for (size_t i = 0; i < COUNT(files); i++)
		put(files[i]);
	return symlink("../out/old", at(0, "in/leads-out"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_gets_out, before, scratch_teardown),
		cmocka_unit_test_setup_teardown(directories_are_made_in_a_tree, before,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(what_is_open_stays_open, before, scratch_teardown),
		cmocka_unit_test_setup_teardown(files_inside_are_replaced, before,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(hooks_are_bound_by_nothing, before,
		                                scratch_teardown),
		cmocka_unit_test(a_call_that_fails_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
