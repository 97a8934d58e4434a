/* SPDX-License-Identifier: MIT */
/* What kubelet mounts into a pod, as the kernel shows it there. Mounts need root, and a mount
 * namespace of the test's own. */
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "check.h"
#include "config/job.h"
#include "scratch.h"

#define FSGROUP 65532
#define OTHER   12345

static const char *in(const char *name)
{
	static char path[4200];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* A volume in memory; false where this is not ours to do. */
static bool volume(void **state)
{
	const gid_t ours[] = { FSGROUP };

	(void)state;
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       setgroups(1, ours) == 0 && mount("volume", dir, "tmpfs", 0, "mode=0777") == 0;
}

static void put(const char *name, uid_t uid, gid_t gid, mode_t mode, const char *text)
{
	FILE *f = fopen(in(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
	assert_int_equal(chown(in(name), uid, gid), 0);
	assert_int_equal(chmod(in(name), mode), 0);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	bool ok;
} rows[] = {
	{ "for the pod's group, by defaultMode 0400", 0, FSGROUP, 0440, true },
	{ "and by 0600", 0, FSGROUP, 0640, true },
	{ "for all", 0, FSGROUP, 0444, false },
	{ "for a group that we are not in", 0, OTHER, 0440, false },
	{ "for root's group, in which others may be", 0, 0, 0440, false },
	{ "somebody's, for our group", OTHER, FSGROUP, 0440, false },
	{ "root's alone", 0, FSGROUP, 0400, true },
};

static void secrets(void **state)
{
	if (!volume(state))
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = ERR_INIT;
		put("secret", rows[i].uid, rows[i].gid, rows[i].mode, "x");
		bool ok = fs_check_private(in("secret"), &e);
		CHECK(ok == rows[i].ok, "%s: %s", rows[i].name, e.text);
		CHECK(ok || e.kind == ERR_CONFIG, "%s: %s", rows[i].name, e.text);
	}
	assert_int_equal(umount(dir), 0);
}

/* On a disk it is a group of the host's, until the disk is mounted read only. */
static void secrets_on_disk(void **state)
{
	struct err e = ERR_INIT;
	struct statfs at;

	if (!volume(state))
		skip();
	assert_int_equal(umount(dir), 0);
	if (statfs(dir, &at) != 0 || at.f_type == TMPFS_MAGIC)
		skip();
	put("secret", 0, FSGROUP, 0440, "x");
	assert_false(fs_check_private(in("secret"), &e));
	assert_int_equal(mount(dir, dir, "none", MS_BIND, NULL), 0);
	assert_int_equal(mount("none", dir, "none", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	CHECK(fs_check_private(in("secret"), &e), "%s", e.text);
	assert_int_equal(umount(dir), 0);
}

/* ---- configuration --------------------------------------------------------------------------- */

/* kubelet's directories can be written by all, by their mode. */
static void config_maps(void **state)
{
	struct config *c = NULL;
	struct err e = ERR_INIT;

	if (!volume(state))
		skip();
	assert_int_equal(mkdir(in("jobs.d"), 0777), 0);
	assert_int_equal(chmod(in("jobs.d"), 0777), 0);
	put("acrotate.conf", 0, FSGROUP, 0644, "[run]\nstate_dir = /x\n");
	put("jobs.d/web.conf", 0, FSGROUP, 0644, "[job]\ntoken = web\n");
	assert_false(config_open(in("acrotate.conf"), &c, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(mount("none", dir, "none", MS_REMOUNT | MS_RDONLY, "mode=0777"), 0);
	CHECK(config_open(in("acrotate.conf"), &c, &e), "%s", e.text);
	assert_int_equal(config_count(c), 1);
	config_close(c);
	assert_int_equal(umount(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(secrets, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(secrets_on_disk, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(config_maps, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
