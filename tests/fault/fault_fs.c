/* SPDX-License-Identifier: MIT */
/*
 * What base/fs*.c offers, one operation after the other, with every system call in it failing
 * once and from then on, with every error that means something to somebody. What fails says why;
 * a file that is replaced has its old or its new content, whole; an update of somebody else's is
 * never lost; nothing stays beside it that a sweep does not take.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/fs_target.h"
#include "base/secret.h"
#include "fakes/fault.h"
#include "fakes/sinks.h"
#include "rotate/metrics.h"

#define OLD       "an old content"
#define NEW       "new"
#define THEIRS    "foreign"
#define CALLS_MAX 100 /* the mounts of other processes take any number */

static char *dir, path[4200], below[4300];

/* ---- operations ------------------------------------------------------------------------------ */

static const struct fs_attr keep = FS_ATTR_KEEP;

static bool read_it(struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(100);
	struct fs_id id;

	return fs_read(path, 100, &text, &id, e);
}

static bool read_again(struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(100);
	struct fs_version known = { .settled = false };
	bool same;

	return fs_read_again(path, 100, &text, &known, &same, e);
}

static bool read_secret(struct err *e)
{
	AUTO_SECRET struct secret *s = NULL;

	return fs_read_secret(path, false, &s, e);
}

static bool read_secret_bytes(struct err *e)
{
	AUTO_SECRET struct secret *s = NULL;

	return fs_read_secret_bytes(path, false, &s, e);
}

static bool write_new(struct fs_stage *s, struct err *e)
{
	return fs_stage_write(s, NEW, strlen(NEW), e) && fs_stage_seal(s, e);
}

static bool replace(struct err *e)
{
	return fs_replace(path, NEW, strlen(NEW), 0600, e);
}

static bool stage(const struct fs_attr *attr, bool (*become)(struct fs_stage *s, struct err *e),
                  struct err *e)
{
	AUTO_STAGE struct fs_stage *s = NULL;

	return fs_stage_open(path, attr, &s, e) && write_new(s, e) &&
	       (fs_stage_park(s), become(s, e));
}

static bool replace_parked(struct err *e)
{
	return stage(&keep, fs_stage_commit, e);
}

static bool swap_own(struct err *e)
{
	const struct fs_attr own = { .mode = 0600, .uid = -1, .gid = -1, .sole = true };
	bool ok = stage(&own, fs_stage_swap, e) && stage(&own, fs_stage_swap, e);

	fs_spare_remove(path, &own);
	return ok;
}

static bool replace_here(struct err *e)
{
	const struct fs_attr here = { .mode = -1, .uid = -1, .gid = -1, .way = FS_WAY_HERE };

	return stage(&here, fs_stage_rename, e);
}

static bool replace_from_here(struct err *e)
{
	const struct fs_attr attr = { .mode = -1, .uid = -1, .gid = -1, .way = FS_WAY_HERE };
	AUTO_STAGE struct fs_stage *s = NULL;

	return fs_stage_open("f", &attr, &s, e) && write_new(s, e) && fs_stage_rename(s, e);
}

static bool replace_guarded(struct err *e)
{
	const struct fs_attr guarded = { .mode = 0640, .uid = 0, .gid = 0, .way = FS_WAY_GUARDED };

	return stage(&guarded, fs_stage_commit, e);
}

static bool give_away(struct err *e)
{
	const struct fs_attr to = { .mode = 0640, .uid = 12345, .gid = 23456 };

	return stage(&to, fs_stage_commit, e);
}

static bool give_to_a_group(struct err *e)
{
	const struct fs_attr to = { .mode = 0640, .uid = -1, .gid = 23456, .way = FS_WAY_GUARDED };

	return fs_stage_probe(path, &to, 1000, e) && stage(&to, fs_stage_commit, e);
}

static bool probe(struct err *e)
{
	const struct fs_attr guarded = { .mode = -1, .uid = -1, .gid = -1, .way = FS_WAY_GUARDED };

	return fs_stage_probe(path, &guarded, 1000, e) && fs_stage_probe(path, &guarded, 1000, e);
}

static bool probe_for_somebody(struct err *e)
{
	const struct fs_attr to = { .mode = -1, .uid = 12345, .gid = 23456, .way = FS_WAY_GUARDED };

	return fs_stage_probe(path, &to, 0, e);
}

/* As the docker sink does it: what was displaced is looked at. */
static bool exchange(bool back, struct err *e)
{
	AUTO_STAGE struct fs_stage *s = NULL;
	AUTO_BUF struct buf base = BUF_INIT(100), displaced = BUF_INIT(100);
	enum fs_exchange how = FS_EXCHANGE_CHANGED;
	struct fs_id id;
	bool ours;

	if (!fs_read(path, 100, &base, &id, e) || !fs_stage_open(path, &keep, &s, e) ||
	    !write_new(s, e) || !fs_stage_exchange(s, &id, &base, &how, e))
		return false;
	if (how != FS_EXCHANGE_DONE)
		return true;
	return fs_stage_displaced(s, 100, &displaced, &id, e) &&
	       (back ? fs_stage_swap_back(s, &ours, e) : fs_stage_settle(s, e));
}

static bool exchange_and_settle(struct err *e)
{
	return exchange(false, e);
}

static bool exchange_and_back(struct err *e)
{
	return exchange(true, e);
}

static bool make_new(struct err *e)
{
	AUTO_STAGE struct fs_stage *s = NULL;
	AUTO_BUF struct buf none = BUF_INIT(100);
	enum fs_exchange how;

	return fs_stage_open(path, &keep, &s, e) && write_new(s, e) &&
	       fs_stage_exchange(s, NULL, &none, &how, e);
}

static bool reserve(struct err *e)
{
	return reserve_at(path, FS_WAY_GUARDED, 100000, e) &&
	       reserve_at(path, FS_WAY_GUARDED, 0, e);
}

static bool write_over(struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(100), old = BUF_INIT(100);

	buf_str(&text, NEW);
	buf_str(&old, OLD);
	return write_at(path, FS_WAY_GUARDED, &text, &old, e);
}

static bool bring_home(void *ctx, const struct buf *displaced, bool target_is_ours, struct err *e)
{
	(void)target_is_ours;
	(void)e;
	*(bool *)ctx = strcmp(buf_cstr(displaced), THEIRS) == 0;
	return true;
}

static bool home;

static bool sweep(struct err *e)
{
	return fs_sweep(path, &keep, 100, bring_home, &home, e);
}

static bool sweep_guarded(struct err *e)
{
	const struct fs_attr guarded = { .way = FS_WAY_GUARDED };

	return fs_sweep(path, &guarded, 100, bring_home, &home, e);
}

static bool open_directory(struct err *e)
{
	int fd;

	if (!directory_at(path, FS_WAY_GUARDED, &fd, e))
		return false;
	(void)close(fd);
	return true;
}

static bool a_directory_of_ours(struct err *e)
{
	AUTO_TARGET struct fs_target t = { .dir = -1 };

	return fs_directory_ours(dir, &t, e);
}

static bool make_directory(struct err *e)
{
	return fs_make_dir(below, e);
}

static bool check_mounts(struct err *e)
{
	fs_mount_forget();
	fs_mount_look();
	return mounts_at(path, e) && mounts_at("/no-such-file-of-acrotate", e);
}

static bool check_a_path(struct err *e)
{
	return mounts_at(path, e);
}

static bool write_metrics(struct err *e)
{
	const struct metrics_run run = { .at = 1 };
	struct metrics *m = metrics_new(1);

	metrics_put(m, 0, "web", NULL);
	bool ok = metrics_write(m, path, &run, e);
	metrics_free(m);
	return ok;
}

static bool find_owner(struct err *e)
{
	int64_t uid, gid;

	return fs_owner_find("root:root", &uid, &gid, e);
}

static bool act_as_nobody(struct err *e)
{
	struct fs_user user;
	struct fs_rights r = { .taken = false };

	if (!fs_user_find("nobody", &user, e))
		return false;
	bool ok = fs_rights_take(&user, &r, e);
	fs_rights_drop(&r);
	fs_user_clear(&user);
	return ok;
}

/* ---- what is there before -------------------------------------------------------------------- */

static void an_old_file(void)
{
	file_put(path, OLD);
	if (chmod(path, 0600) != 0)
		abort();
}

static void here(void)
{
	an_old_file();
	if (chdir(dir) != 0)
		abort();
}

static void no_file(void)
{
	(void)unlink(path);
}

static void a_link_of_somebody(void)
{
	char real[4300];

	(void)snprintf(real, sizeof(real), "%s.real", path);
	file_put(real, OLD);
	if (symlink(real, path) != 0 || lchown(path, 12345, 12345) != 0)
		abort();
}

static void a_link(void)
{
	char real[4300];

	(void)snprintf(real, sizeof(real), "%s.real", path);
	file_put(real, OLD);
	if (symlink(real, path) != 0)
		abort();
}

/* Root's own, of root's group, with attributes to keep where the file system has some. */
static void an_acl_and_attributes(void)
{
	acl_t acl = acl_from_text("u::rw-,u:65534:r--,g::---,m::r--,o::---");

	an_old_file();
	(void)setxattr(path, "user.tag", "blue", 4, 0);
	(void)setxattr(path, "security.selinux", "x", 2, 0);
	(void)setxattr(path, "trusted.overlay.x", "x", 2, 0);
	(void)setxattr(path, "security.ima", "x", 2, 0);
	(void)acl_set_file(path, ACL_TYPE_ACCESS, acl);
	(void)acl_free(acl);
}

/* What a run that was killed right behind its exchange leaves, and a plain temporary. */
static void leftovers(void)
{
	AUTO_BUF struct buf base = BUF_INIT(100);
	struct fs_stage *s = NULL;
	struct err e = ERR_INIT;
	enum fs_exchange how;
	struct fs_id id;
	char name[5000];

	an_old_file();
	if (!fs_read(path, 100, &base, &id, &e) || !fs_stage_open(path, &keep, &s, &e) ||
	    !write_new(s, &e) || !fs_stage_exchange(s, &id, &base, &how, &e) ||
	    how != FS_EXCHANGE_DONE || !temporary_in(dir, name, sizeof(name)))
		abort();
	fs_stage_free(s);
	file_put(name, THEIRS);
	home = false;
	memcpy(strstr(name, ".x."), ".0", 3);
	file_put(name, NEW);
}

static void no_directory(void)
{
	char part[4300];

	(void)rmdir(below);
	(void)snprintf(part, sizeof(part), "%s", below);
	*strrchr(part, '/') = '\0';
	(void)rmdir(part);
}

enum { ROOT = 1, IN_PLACE = 2, THEIR_FILE = 4, OTHER_CONTENT = 8 };

static const struct operation {
	const char *name;
	void (*before)(void);
	bool (*run)(struct err *e);
	unsigned what;
	const char *without; /* a call that this file system, or kernel, does not have */
} operations[] = {
	{ "read", an_old_file, read_it, 0, NULL },
	{ "read again", an_old_file, read_again, 0, NULL },
	{ "replace, from here", here, replace_from_here, ROOT, NULL },
	{ "read a secret", an_old_file, read_secret, 0, NULL },
	{ "read a secret's bytes", an_old_file, read_secret_bytes, 0, NULL },
	{ "replace", an_old_file, replace, 0, NULL },
	{ "replace, parked", an_old_file, replace_parked, 0, NULL },
	{ "replace what a link leads to", a_link, replace_parked, 0, NULL },
	{ "replace, no link followed", an_old_file, replace_here, 0, NULL },
	{ "replace, guarded", an_old_file, replace_guarded, 0, NULL },
	{ "replace, guarded, through a link", a_link, replace_guarded, 0, NULL },
	{ "replace, guarded, through somebody's link", a_link_of_somebody, replace_guarded, ROOT,
	  NULL },
	{ "read a secret with an ACL", an_acl_and_attributes, read_secret, 0, NULL },
	{ "a directory of ours", an_old_file, a_directory_of_ours, 0, NULL },
	{ "replace, with attributes", an_acl_and_attributes, replace_parked, 0, NULL },
	{ "make", no_file, replace_parked, 0, NULL },
	{ "swap", an_old_file, swap_own, 0, NULL },
	{ "swap, the first", no_file, swap_own, 0, NULL },
	{ "give away", an_old_file, give_away, ROOT, NULL },
	{ "give to a group", an_old_file, give_to_a_group, ROOT, NULL },
	{ "probe", an_old_file, probe, 0, NULL },
	{ "probe, no file", no_file, probe, 0, NULL },
	{ "probe, somebody's", an_acl_and_attributes, probe_for_somebody, ROOT, NULL },
	{ "exchange", an_old_file, exchange_and_settle, 0, NULL },
	{ "exchange and back", an_old_file, exchange_and_back, 0, NULL },
	{ "exchange with nothing", no_file, make_new, 0, NULL },
	{ "exchange, where there is none", an_old_file, exchange_and_settle, 0, "renameat2" },
	{ "make, where there is no exchange", no_file, make_new, 0, "renameat2" },
	{ "swap, where there is none", an_old_file, swap_own, 0, "renameat2" },
	{ "reserve", an_old_file, reserve, 0, NULL },
	{ "write over", an_old_file, write_over, IN_PLACE, NULL },
	{ "sweep", leftovers, sweep, THEIR_FILE, NULL },
	{ "sweep, guarded", leftovers, sweep_guarded, THEIR_FILE, NULL },
	{ "open the directory", a_link, open_directory, 0, NULL },
	{ "make a directory", no_directory, make_directory, 0, NULL },
	{ "a path among the mounts", an_old_file, check_a_path, 0, NULL },
	{ "mounts", an_old_file, check_mounts, 0, NULL },
	{ "mounts, without their numbers", an_old_file, check_mounts, 0, "stat" },
	{ "metrics", an_old_file, write_metrics, OTHER_CONTENT, NULL },
	{ "an owner", an_old_file, find_owner, 0, NULL },
	{ "another user's rights", an_old_file, act_as_nobody, ROOT, NULL },
};

/* ---- every call of each ---------------------------------------------------------------------- */

static const int errnos[] = {
	EIO,    EINTR,  ENOSPC,  EDQUOT, EROFS,   EACCES, EINVAL, ENOTSUP,
	ENOSYS, ENOENT, ENOTDIR, EEXIST, ENODATA, ERANGE, EBADF,
};

/* A sweep takes whatever was left, also beside what a link leads to. */
static void clear(const char *after)
{
	char real[4300];
	struct err e = ERR_INIT;
	bool ignored;

	if (temporaries_in(dir) > 0)
		CHECK(fs_sweep(path, &keep, 100, bring_home, &ignored, &e), "%s: %s", after,
		      e.text);
	CHECK(temporaries_in(dir) == 0, "%s: something is left", after);
	(void)unlink(path);
	(void)snprintf(real, sizeof(real), "%s.real", path);
	(void)unlink(real);
	fs_probe_forget();
}

static bool is_whole(const struct operation *op, const char **text)
{
	if ((op->what & OTHER_CONTENT) != 0)
		return true;
	char *now = file_get(path);
	bool ok = now == NULL ? op->before == no_file || op->before == no_directory
	                      : strcmp(now, OLD) == 0 || strcmp(now, NEW) == 0;

	*text = now;
	if (ok)
		free(now);
	return ok;
}

static void one(const struct operation *op, int nth, int errnum, enum fault_mode mode, bool *met)
{
	struct err e = ERR_INIT;
	const char *text;

	op->before();
	fault_without(op->without, EINVAL);
	fault_arm(NULL, nth, errnum, mode);
	bool ok = op->run(&e);
	*met = fault_disarm(NULL);
	fault_without(NULL, 0);
	CHECK(ok || (e.kind != ERR_NONE && e.text[0] != '\0'), "%s, call %d %s: no reason",
	      op->name, nth, strerror(errnum));
	if ((op->what & IN_PLACE) == 0 || mode == FAULT_ONCE)
		CHECK(is_whole(op, &text) || strstr(e.text, "may be damaged") != NULL,
		      "%s, call %d %s: '%s' (%s)", op->name, nth, strerror(errnum), text, e.text);
	/* What could not be merged is still there for the next sweep. */
	struct err later = ERR_INIT;
	if ((op->what & THEIR_FILE) != 0 && !home)
		CHECK(sweep(&later) && home, "%s, call %d %s: their update is lost (%s; %s)",
		      op->name, nth, strerror(errnum), e.text, later.text);
	clear(op->name);
}

static void every_call_of_every_operation(void **state)
{
	int faults = 0;

	(void)state;
	/* Memory is as good as a disk here, and its fsync is quicker. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	dir = scratch_make();
	/* Root's group's bits may be a mask: there could be an ACL. */
	(void)chmod(dir, geteuid() == 0 ? 0775 : 0755);
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	(void)snprintf(below, sizeof(below), "%s/a/b", dir);
	for (size_t i = 0; i < COUNT(operations); i++) {
		const struct operation *op = &operations[i];
		if ((op->what & ROOT) != 0 && geteuid() != 0)
			continue;
		for (size_t k = 0; k < COUNT(errnos); k++)
			for (int mode = FAULT_ONCE; mode <= FAULT_STAYS; mode++) {
				bool met = true;
				/* For ever interrupted is no machine's fault. */
				for (int n = 1; met && n < CALLS_MAX &&
				                (errnos[k] != EINTR || mode != FAULT_STAYS);
				     n++) {
					one(op, n, errnos[k], (enum fault_mode)mode, &met);
					faults += met;
				}
			}
	}
	print_message("          %d faults\n", faults);
	assert_true(faults > 3000);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_call_of_every_operation) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
