/* SPDX-License-Identifier: MIT */
/* Moments and places of base/fs*.c that no single fault makes: others who are quicker, nine
 * directories at a time, other users, other roots. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/fs_reach.h"
#include "base/fs_target.h"
#include "fakes/fault.h"
#include "scratch.h"

#define OLD    "an old content"
#define NEW    "new"
#define THEIRS "foreign"

static char path[4200];

static const struct fs_attr keep = FS_ATTR_KEEP;

static bool write_new(struct fs_stage *s, struct err *e)
{
	return fs_stage_write(s, NEW, strlen(NEW), e) && fs_stage_seal(s, e);
}

static int make(void **state)
{
	(void)state;
	return scratch_path(path, sizeof(path), "f");
}

/* Where no exchange is: somebody writes, or removes, the file between our look and our last
 * comparison. */
static void write_theirs(void *ctx)
{
	file_put(ctx, THEIRS);
}

static void a_late_comparison_sees_others(void **state)
{
	static void (*const others[])(void *) = { write_theirs, scratch_unlink };

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		AUTO_BUF struct buf base = BUF_INIT(100);
		AUTO_STAGE struct fs_stage *s = NULL;
		struct err e = ERR_INIT;
		enum fs_exchange how = FS_EXCHANGE_DONE;
		struct fs_id id;
		file_put(path, OLD);
		assert_true(fs_read(path, 100, &base, &id, &e) &&
		            fs_stage_open(path, &keep, &s, &e) && write_new(s, &e));
		fault_without("renameat2", EINVAL);
		fault_hook("renameat", 1, others[i], path);
		fault_arm(NULL, 0, 0, FAULT_ONCE);
		bool ok = fs_stage_exchange(s, &id, &base, &how, &e);
		(void)fault_disarm(NULL);
		fault_without(NULL, 0);
		CHECK(fault_unhook() == 1 && ok && how == FS_EXCHANGE_CHANGED, "row %zu: %d %s", i,
		      (int)how, e.text);
	}
}

static void a_file_that_stays_open_is_told(void **state)
{
	AUTO_BUF struct buf base = BUF_INIT(100), displaced = BUF_INIT(100);
	AUTO_STAGE struct fs_stage *s = NULL;
	struct err e = ERR_INIT;
	enum fs_exchange how;
	struct fs_id id;

	(void)state;
	file_put(path, OLD);
	int writer = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(writer >= 0 && fs_read(path, 100, &base, &id, &e) &&
	            fs_stage_open(path, &keep, &s, &e) && write_new(s, &e));
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	/* Where there are no leases nobody can know. */
	if (how == FS_EXCHANGE_DONE && !fs_stage_displaced(s, 100, &displaced, &id, &e)) {
		assert_int_equal(e.kind, ERR_TRANSIENT);
		assert_non_null(strstr(e.text, "held open for writing"));
	}
	(void)close(writer);
}

static void make_it_first(void *ctx)
{
	(void)ctx;
	(void)mkdir(path, 0700);
}

static void a_directory_that_another_made_is_taken(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	fault_hook("mkdir", 1, make_it_first, NULL);
	fault_arm(NULL, 0, 0, FAULT_ONCE);
	bool ok = fs_make_dir(path, &e);
	(void)fault_disarm(NULL);
	CHECK(fault_unhook() == 1 && ok, "%s", e.text);
}

/* A state that is on the disk in a directory that is not would be no state. */
static void new_directories_are_on_the_disk(void **state)
{
	char below[4300];
	struct err e = ERR_INIT;

	(void)state;
	(void)snprintf(below, sizeof(below), "%s/a/b/c", dir);
	fault_disk_watch();
	bool ok = fs_make_dir(below, &e);
	int unsafe = fault_disk_unsafe();
	CHECK(ok && unsafe == 0, "%d not synced: %s", unsafe, e.text);
	fault_without("fsync", EIO);
	(void)snprintf(below, sizeof(below), "%s/d", dir);
	fault_arm(NULL, 0, 0, FAULT_ONCE);
	ok = fs_make_dir(below, &e);
	(void)fault_disarm(NULL);
	fault_without(NULL, 0);
	CHECK(!ok && strstr(e.text, "cannot be synced to disk") != NULL, "%s", e.text);
}

/* Who may read a copy has to get to it: each directory on the way is looked at. */
static void a_way_that_cannot_be_looked_at(void **state)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("store", dir, "mode", "0640", NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	bool met = true;
	int told = 0;

	(void)state;
	for (int n = 1; met; n++) {
		struct err e = ERR_INIT;
		fault_arm("stat", n, EIO, FAULT_ONCE);
		bool ok = t.ops->prepare(t.s, &c, &e);
		met = fault_disarm(NULL);
		t.ops->abort(t.s);
		CHECK(ok || e.kind == ERR_LOCAL, "call %d: %s", n, e.text);
		told += !ok;
	}
	assert_true(told >= 2);
}

/* ---- others in a directory like /tmp --------------------------------------------------------- */

#define OTHER 12345

/* dir/tmp is such a directory, dir/theirs is somebody's. Between any two calls of ours somebody
 * is quicker. */
static char in_tmp[4200], in_theirs[4200];

static void make_theirs_there(void *ctx)
{
	(void)ctx;
	(void)unlink(in_tmp);
	file_put(in_tmp, THEIRS);
	(void)!chown(in_tmp, OTHER, OTHER);
	(void)!chmod(in_tmp, 0644);
}

static void link_to_theirs(void *ctx)
{
	(void)ctx;
	(void)unlink(in_tmp);
	(void)!symlink(in_theirs, in_tmp);
	(void)!lchown(in_tmp, OTHER, OTHER);
}

static void link_to_ours(void *ctx)
{
	(void)ctx;
	(void)unlink(in_tmp);
	(void)!link(path, in_tmp);
}

static bool replace_in_tmp(struct err *e)
{
	const struct fs_attr guarded = { .mode = -1, .uid = -1, .gid = -1, .way = FS_WAY_GUARDED };
	AUTO_STAGE struct fs_stage *s = NULL;

	return fs_stage_open(in_tmp, &guarded, &s, e) && write_new(s, e) &&
	       (fs_stage_park(s), true) && fs_stage_commit(s, e);
}

static bool write_over_in_tmp(struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(100), old = BUF_INIT(100);

	buf_str(&text, NEW);
	buf_str(&old, OLD);
	return write_at(in_tmp, FS_WAY_GUARDED, &text, &old, e);
}

/* What is NEW must be root's alone, and no other file of ours written over. */
static bool is_betrayed(void)
{
	struct stat st;
	char *here = file_get(in_tmp), *theirs = file_get(in_theirs), *ours = file_get(path);
	bool open_to_them = here != NULL && strcmp(here, NEW) == 0 && stat(in_tmp, &st) == 0 &&
	                    (st.st_uid != 0 || (st.st_mode & 0077) != 0);
	bool bad = open_to_them || (theirs != NULL && strcmp(theirs, NEW) == 0) || ours == NULL ||
	           strcmp(ours, OLD) != 0;

	free(here);
	free(theirs);
	free(ours);
	return bad;
}

static void nobody_is_quicker(void **state)
{
	static void (*const others[])(void *) = { make_theirs_there, link_to_theirs, link_to_ours };
	static bool (*const ways[])(struct err *) = { replace_in_tmp, write_over_in_tmp };
	static const char *const calls[] = { "openat", "fstat",    "open",
		                             "fchmod", "renameat", "fstatat" };
	int races = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(in_theirs, sizeof(in_theirs), "%s/theirs", dir);
	assert_true(mkdir(in_theirs, 0755) == 0 && chown(in_theirs, OTHER, OTHER) == 0);
	(void)snprintf(in_theirs, sizeof(in_theirs), "%s/theirs/f", dir);
	(void)snprintf(in_tmp, sizeof(in_tmp), "%s/tmp", dir);
	assert_true(mkdir(in_tmp, 0755) == 0 && chmod(in_tmp, 01777) == 0);
	(void)snprintf(in_tmp, sizeof(in_tmp), "%s/tmp/f", dir);
	for (size_t w = 0; w < COUNT(ways); w++)
		for (size_t o = 0; o < COUNT(others); o++)
			for (size_t c = 0; c < COUNT(calls); c++)
				for (int n = 1, fired = 1; fired > 0; n++) {
					struct err e = ERR_INIT;
					(void)unlink(in_tmp);
					(void)unlink(in_theirs);
					file_put(path, OLD);
					if (ways[w] == write_over_in_tmp)
						file_put(in_tmp, OLD);
					(void)chmod(in_tmp, 0600);
					fault_hook(calls[c], n, others[o], NULL);
					fault_arm(NULL, 0, 0, FAULT_ONCE);
					(void)!ways[w](&e);
					(void)fault_disarm(NULL);
					fired = fault_unhook();
					races += fired;
					CHECK(!is_betrayed(),
					      "way %zu, other %zu, in front of %s %d: %s", w, o,
					      calls[c], n, e.text);
				}
	assert_true(races > 50);
}

/* ---- more directories at a time than have a line of their own -------------------------------- */

#define DIRECTORIES 9

static struct {
	sem_t come, go;
	int blocked;
} gate;

/* Whoever syncs waits in its fsync, but the last one. */
static void wait_at_the_gate(void *ctx)
{
	(void)ctx;
	if (__atomic_add_fetch(&gate.blocked, 1, __ATOMIC_SEQ_CST) == DIRECTORIES)
		return;
	(void)sem_post(&gate.come);
	(void)sem_wait(&gate.go);
}

static void *sync_it(void *arg)
{
	return fs_sync_dir(*(int *)arg) == 0 ? arg : NULL;
}

static void each_directory_is_synced(void **state)
{
	pthread_t thread[DIRECTORIES];
	int fd[DIRECTORIES];

	(void)state;
	assert_true(sem_init(&gate.come, 0, 0) == 0 && sem_init(&gate.go, 0, 0) == 0);
	fault_watch("fsync", wait_at_the_gate, NULL);
	for (int i = 0; i < DIRECTORIES; i++) {
		char name[4300];
		(void)snprintf(name, sizeof(name), "%s/%d", dir, i);
		assert_int_equal(mkdir(name, 0700), 0);
		fd[i] = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(pthread_create(&thread[i], NULL, sync_it, &fd[i]), 0);
		if (i < DIRECTORIES - 1)
			assert_int_equal(sem_wait(&gate.come), 0);
	}
	void *ended;
	/* while all others wait */
	assert_int_equal(pthread_join(thread[DIRECTORIES - 1], &ended), 0);
	assert_non_null(ended);
	for (int i = 0; i < DIRECTORIES - 1; i++)
		(void)sem_post(&gate.go);
	for (int i = 0; i < DIRECTORIES - 1; i++)
		assert_true(pthread_join(thread[i], &ended) == 0 && ended != NULL);
	fault_watch(NULL, NULL, NULL);
	for (int i = 0; i < DIRECTORIES; i++)
		(void)close(fd[i]);
}

/* ---- as another user, in another root (root only) -------------------------------------------- */

static int as_nobody(void *arg)
{
	struct fs_user nobody, root;
	struct fs_rights r = { .taken = false };
	struct err e = ERR_INIT;
	int fd;

	(void)arg;
	if (!fs_user_find("nobody", &nobody, &e) || !fs_user_find("root", &root, &e) ||
	    setgroups(0, NULL) != 0 || setgid(nobody.gid) != 0 || setuid(nobody.uid) != 0)
		return 1;
	if (!directory_at("/tmp/whatever", FS_WAY_GUARDED, &fd, &e) ||
	    !fs_rights_take(NULL, &r, &e) || !fs_rights_take(&nobody, &r, &e) || r.taken)
		return 2;
	return !fs_rights_take(&root, &r, &e) && e.kind == ERR_CONFIG ? 0 : 3;
}

/* The way back is lost in between: going on with half of somebody's rights would be worse. */
static int without_a_way_back(void *arg)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	struct fs_user nobody;
	struct fs_rights r = { .taken = false };
	struct err e = ERR_INIT;

	(void)arg;
	(void)signal(SIGABRT, SIG_DFL);
	if (!fs_user_find("nobody", &nobody, &e) || !fs_rights_take(&nobody, &r, &e) ||
	    syscall(SYS_capset, &head, none) != 0)
		return 1;
	fs_rights_drop(&r);
	return 2;
}

/* Without a /proc nothing is known of mounts either. */
static int in_an_open_root(void *arg)
{
	struct err e = ERR_INIT;
	int fd;

	(void)arg;
	if (chmod(dir, 0777) != 0 || chroot(dir) != 0 || chdir("/") != 0)
		return 1;
	if (!mounts_at("/f", &e) || !fs_reach("/f", &e))
		return 3;
	return !directory_at("/f", FS_WAY_GUARDED, &fd, &e) && e.kind == ERR_CONFIG ? 0 : 2;
}

struct container {
	int ready[2], stop[2];
};

/* In a root of its own `f` is mounted over another `f`: the mount that this one hangs in cannot
 * be seen from there. */
static int in_a_container(struct container *c)
{
	char root[4300], over[4400], byte = 'r';

	(void)snprintf(root, sizeof(root), "%s/root", dir);
	(void)snprintf(over, sizeof(over), "%s/f", root);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("/dev/null", over, "none", MS_BIND, NULL) != 0 || chroot(root) != 0)
		byte = 's';
	return write(c->ready[1], &byte, 1) == 1 && read(c->stop[0], &byte, 1) >= 0 ? 0 : 1;
}

static void others_roots(void **state)
{
	char root[4300], over[4400], byte = 0;
	struct container c;
	struct err e = ERR_INIT;

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(root, sizeof(root), "%s/root", dir);
	(void)snprintf(over, sizeof(over), "%s/f", root);
	assert_int_equal(mkdir(root, 0755), 0);
	file_put(over, "");
	file_put(path, OLD);
	assert_true(pipe(c.ready) == 0 && pipe(c.stop) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(c.stop[1]);
		_exit(in_a_container(&c));
	}
	assert_int_equal(read(c.ready[0], &byte, 1), 1);
	fs_mount_forget();
	bool ok = mounts_at(path, &e);
	for (int i = 0; i < 2; i++) {
		(void)close(c.stop[i]);
		(void)close(c.ready[i]);
	}
	(void)waitpid(pid, NULL, 0);
	fs_mount_forget();
	CHECK(byte == 's' || ok, "%s", e.text);
}

static void as_others(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(as_nobody, NULL), 0);
	assert_int_equal(in_child(in_an_open_root, NULL), 0);
	int status = in_child(without_a_way_back, NULL);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, make, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_late_comparison_sees_others),
		T(a_file_that_stays_open_is_told),
		T(a_directory_that_another_made_is_taken),
		T(new_directories_are_on_the_disk),
		T(a_way_that_cannot_be_looked_at),
		T(each_directory_is_synced),
		T(nobody_is_quicker),
		T(as_others),
		T(others_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
