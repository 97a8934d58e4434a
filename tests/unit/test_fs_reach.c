/* SPDX-License-Identifier: MIT */
/* Which mounts may hang. That one does is in tests/e2e/hang.t. */
#include "check.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs_reach.h"
#include "base/mem.h"

#define ROOT  "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define NFS   "30 22 0:40 / /srv rw - nfs4 server:/x rw\n"
#define SSHFS "31 22 0:41 / /home/u/a\\040b rw,nosuid shared:3 master:4 - fuse.sshfs host: rw\n"
#define LOCAL "32 30 8:2 / /srv/local rw - xfs /dev/sdb rw\n"
#define OVER  "33 22 8:3 / /srv rw - ext4 /dev/sdc rw\n"

static const struct row {
	const char *mounts, *path, *point; /* NULL: none that may hang */
} rows[] = {
	{ "", "/a", NULL },
	{ ROOT, "/srv/x", NULL },
	{ ROOT NFS, "/srv/x", "/srv" },
	{ ROOT NFS, "/srv", "/srv" },
	{ ROOT NFS, "/srvx", NULL },
	{ ROOT NFS, "/", NULL },
	{ ROOT NFS LOCAL, "/srv/local/x", "/srv" },
	{ ROOT NFS OVER, "/srv/x", NULL },
	{ ROOT OVER NFS, "/srv/x", "/srv" },
	{ ROOT SSHFS, "/home/u/a b/config.json", "/home/u/a b" },
	{ ROOT SSHFS, "/home/u/a", NULL },
	{ "22 1 0:1 / / rw - 9p none rw\n", "/a", "/" },
	{ "22 1 0:1 / / rw - fuse none rw\n", "/a", "/" },
	{ "22 1 0:1 / / rw - fusectl none rw\n", "/a", NULL },
	{ "22 1 0:1 / / rw - cifs //server/x rw\n", "/a", "/" },
	{ "22 1 0:1 / /srv\n" NFS, "/srv/x", "/srv" },
	/* However it is spelled. */
	{ ROOT NFS, "//srv//x", "/srv" },
	{ ROOT NFS, "/./srv/x", "/srv" },
	{ ROOT NFS, "/./", NULL },
	{ ROOT NFS, "/home/../srv/x", "/srv" },
	{ ROOT NFS, "/../../srv", "/srv" },
	{ ROOT NFS, "/home/u/.././../srv/x", "/srv" },
	{ ROOT NFS, "/srv/../home/x", "/srv" },
	{ ROOT NFS, "/home/../home/srv/x", NULL },
	{ ROOT NFS, "/..srv/...", NULL },
	{ ROOT SSHFS, "/home/u/./a b/../c", "/home/u/a b" },
	{ ROOT "36 30 0:42 / /srv/in rw - cifs //in rw\n" NFS, "/srv/in/x", "/srv" },
	{ "garbage\n\n - \n22 1 0:1 / / rw -\n", "/a", NULL },
};

static void each(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *text = mem_dup(rows[i].mounts);
		AUTO_BUF struct buf point = BUF_INIT(1000);
		bool found = fs_reach_find(text, rows[i].path, false, &point);
		CHECK(found == (rows[i].point != NULL), "row %zu: '%s'", i, buf_cstr(&point));
		CHECK_TEXT(buf_cstr(&point), found ? rows[i].point : "", "row %zu", i);
	}
}

/* In a directory `far`, a mount that may hang, and these links: what ".." means behind one is known
 * only where it leads. */
static const char *const links[][2] = {
	{ "plain", "far" },      { "up", "sub/../far" }, { "sub/up", "../far" },
	{ "sub/deep", "../up" }, { "aside", "sub/in" },  { "round", "round" },
	{ "out", "far/../sub" }, { "dots", ".//./far" }, { "empty", "none/../far" },
};
static const struct link_row {
	const char *path;
	bool found;
} link_rows[] = {
	{ "/plain/x", true },
	{ "/plain", true },
	{ "/up/x", true },
	{ "/sub/up/x", true },
	{ "/sub/deep/x", true },
	{ "/dots/x", true },
	{ "/absolute/x", true },
	{ "/empty/x", true },
	{ "/out/x", true },
	/* aside/.. is sub, so aside/../far is another directory. */
	{ "/aside/../far/x", false },
	{ "/aside/../up/x", true },
	{ "/aside/../../far/x", true },
	{ "/sub/in/x", false },
	{ "/round/../far", false }, /* too many links: nobody gets there */
};

static void by_links(void **state)
{
	char *dir = scratch_make();
	AUTO_FREE char *real = realpath(dir, NULL), *sub = mem_fmt("%s/sub", dir),
		       *in = mem_fmt("%s/in", sub), *absolute = mem_fmt("%s/absolute", dir),
		       *mounts = mem_fmt(ROOT "30 22 0:40 / %s/far rw - nfs x rw\n", real),
		       *far = mem_fmt("%s/far", real);

	(void)state;
	assert_true(mkdir(sub, 0700) == 0 && mkdir(in, 0700) == 0);
	for (size_t i = 0; i < COUNT(links); i++) {
		AUTO_FREE char *name = mem_fmt("%s/%s", dir, links[i][0]);
		assert_int_equal(symlink(links[i][1], name), 0);
	}
	assert_int_equal(symlink(far, absolute), 0);
	for (size_t i = 0; i < COUNT(link_rows); i++) {
		AUTO_FREE char *text = mem_dup(mounts),
			       *path = mem_fmt("%s%s", dir, link_rows[i].path);
		AUTO_BUF struct buf point = BUF_INIT(5000);
		CHECK(fs_reach_find(text, path, true, &point) == link_rows[i].found, "row %zu", i);
		CHECK_TEXT(buf_cstr(&point), link_rows[i].found ? far : "", "row %zu", i);
	}
	scratch_remove(dir);
}

static void what_answers(void **state)
{
	char *dir = scratch_make();
	AUTO_FREE char *missing = mem_fmt("%s/none", dir);
	struct err e = ERR_INIT;

	(void)state;
	assert_true(fs_reach(dir, &e));
	assert_true(fs_reach(missing, &e));
	assert_true(fs_reach("/proc/self/mountinfo", &e));
	scratch_remove(dir);
}

/* In a child, which has not read them yet, and cannot: what nobody knows of does not keep anybody
 * out. */
static void without_mounts(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		const struct rlimit none = { 0, 0 };
		struct err e = ERR_INIT;
		fs_reach_forget();
		_exit(setrlimit(RLIMIT_NOFILE, &none) == 0 && fs_reach("/", &e) &&
		                      fs_reach("/none", &e)
		              ? 0
		              : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each), cmocka_unit_test(by_links),
		                            cmocka_unit_test(without_mounts),
		                            cmocka_unit_test(what_answers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
