/* SPDX-License-Identifier: MIT */
/*
 * A file system that answers nothing, and the sinks on it: whoever looks at it hangs in the kernel,
 * and so nobody looks who does not ask base/fs_reach.h first. Each row is a process of its own with
 * its own mounts, for root only. What a run does then is in tests/e2e/hang.t.
 */
#include "check.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fs_reach.h"
#include "base/secret.h"
#include "base/stop.h"
#include "scratch.h"

#define SKIPPED 77

static char far[4200], path[4300];

static int make(void **state)
{
	(void)state;
	dir = scratch_make();
	(void)snprintf(far, sizeof(far), "%s/far", dir);
	(void)snprintf(path, sizeof(path), "%s/far/target", dir);
	return mkdir(far, 0700);
}

/* On `far` is one whose server never says a word, and over it, for now, one in memory that answers
 * under the same name. Whoever hangs all the same is ended by the alarm. */
static bool mount_it(void)
{
	char options[100];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	(void)alarm(60);
	(void)snprintf(options, sizeof(options),
	               "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	return fd >= 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("hung", far, "fuse.hung", MS_NOSUID | MS_NODEV, options) == 0 &&
	       mount("none", dir, "tmpfs", 0, "mode=0755") == 0 && mkdir(far, 0755) == 0;
}

/* Who is told to stop does not wait for the deadline. */
static bool let_it_hang(void)
{
	stop_setup();
	stop_now();
	return umount2(dir, MNT_DETACH) == 0;
}

static bool is_told(const struct err *e)
{
	return e->kind == ERR_TRANSIENT && strstr(e->text, far) != NULL &&
	       strstr(e->text, "does not answer within") != NULL;
}

/* ---- the question itself --------------------------------------------------------------------- */

static int answers_while_it_is_covered(void)
{
	struct err e = ERR_INIT;

	file_put(path, "text");
	return fs_reach(path, &e) && fs_reach(far, &e) ? 0 : 1;
}

static int does_not_answer(void)
{
	struct err e[2] = { ERR_INIT, ERR_INIT };

	if (!let_it_hang())
		return 1;
	/* The second time nobody tries. */
	return !fs_reach(path, &e[0]) && is_told(&e[0]) && !fs_reach(far, &e[1]) && is_told(&e[1])
	               ? 0
	               : 2;
}

static int cannot_be_tried(void)
{
	const struct rlimit none = { 0, 0 };
	struct err e = ERR_INIT;

	if (setgroups(0, NULL) != 0 || setgid(12345) != 0 || setuid(12345) != 0 ||
	    setrlimit(RLIMIT_NPROC, &none) != 0)
		return 1;
	return !fs_reach(path, &e) && strstr(e.text, "cannot access") != NULL ? 0 : 2;
}

/* ---- sinks ----------------------------------------------------------------------------------- */

static const char *type, *user;

static struct test_sink open_sink(void)
{
	if (strcmp(type, "store") == 0)
		return test_sink_open(type, far, NULL);
	return user != NULL ? test_sink_open(type, "path", path, "user", user, NULL)
	                    : test_sink_open(type, "path", path, NULL);
}

static bool is_it(void *ctx, const struct secret *s)
{
	(void)ctx;
	(void)s;
	return true;
}

static int sink_hangs(void)
{
	AUTO_CREDENTIAL struct credential c = test_credential("new"), who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;
	struct err e[5] = { ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT };

	if (user != NULL && chown(far, 65534, 65534) != 0)
		return 1;
	AUTO_TEST_SINK struct test_sink t = open_sink();
	if (!t.ops->check(t.s, &who, &e[0]) || !t.ops->prepare(t.s, &c, &e[0]) || !let_it_hang())
		return 2;
	if (t.ops->commit(t.s, &e[0]))
		return 3;
	t.ops->abort(t.s);
	if (t.ops->check(t.s, &who, &e[1]) || t.ops->read_current(t.s, &who, &now, &e[2]) ||
	    t.ops->prepare(t.s, &c, &e[3]) || t.ops->sweep(t.s, &who, &e[4]))
		return 4;
	const struct sink_known known = { .is = is_it, .ctx = NULL };
	if (t.ops->find != NULL && t.ops->find(t.s, &who, &known, &now, &e[4]))
		return 5;
	for (int i = 0; i < 5; i++)
		if (!is_told(&e[i]))
			return 10 + i;
	return 0;
}

static const struct row {
	int (*run)(void);
	const char *type, *user;
} rows[] = {
	{ answers_while_it_is_covered, NULL, NULL },
	{ does_not_answer, NULL, NULL },
	{ cannot_be_tried, NULL, NULL },
	{ sink_hangs, "file", NULL },
	{ sink_hangs, "file", "nobody" },
	{ sink_hangs, "docker", NULL },
	{ sink_hangs, "docker", "nobody" },
	{ sink_hangs, "store", NULL },
};

static int run_row(void *arg)
{
	const struct row *r = arg;

	type = r->type;
	user = r->user;
	return mount_it() ? r->run() : SKIPPED;
}

static void each(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct row r = rows[i];
		int status = in_child(run_row, &r);
		if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
			skip();
		CHECK(status == 0, "row %zu: exit %d, signal %d", i, WEXITSTATUS(status),
		      WTERMSIG(status));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(each, make,
		                                                            scratch_teardown) };

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
