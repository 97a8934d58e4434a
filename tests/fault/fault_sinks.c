/* SPDX-License-Identifier: MIT */
/*
 * Deliveries to a file, to a config.json and to a copy of our own with every system call failing once, and from then
 * on, and with the process killed in front of every call: the target has its old or its new
 * content, whole; what was new and said to have failed is only the directory's sync; nothing is
 * left beside it, or, after a kill, nothing is left after a sweep.
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/fs_reach.h"
#include "base/fs_target.h"
#include "base/secret.h"
#include "fakes/fault.h"
#include "fakes/sinks.h"
#include "sink/sink.h"

/* clang-format off */
#define OLD_FILE "PW=old\n"
#define NEW_FILE "PW=new\n"
#define OLD_CONFIG "{\"auths\":{\"o\":{\"auth\":\"YTpi\"},\"r.io\":{\"auth\":\"dTpvbGQ=\"}}}"
#define NEW_CONFIG "{\"auths\":{\"o\":{\"auth\":\"YTpi\"},\"r.io\":{\"auth\":\"dTpuZXc=\"}}}"
#define OLD_COPY "{\"server\":\"r.io\",\"username\":\"u\",\"password\":\"old\"}"
#define NEW_COPY \
	"{\n\t\"server\": \"r.io\",\n\t\"username\": \"u\",\n\t\"password\": \"new\",\n\t\"slot\": " \
	"\"password1\",\n\t\"created\": null,\n\t\"expires\": \"2026-01-01T00:00:00.000000Z\"\n}\n"
#define CALLS_MAX 400
/* clang-format on */

/* clang-format off */
static const struct target { const char *type, *before, *after; bool in_place; } targets[] = {
	{ "file", OLD_FILE, NEW_FILE, false },
	{ "file", NULL, NEW_FILE, false },
	{ "file", "PW=older-and-longer\n", NEW_FILE, true },
	{ "docker", OLD_CONFIG, NEW_CONFIG, false },
	{ "docker", NULL,
	  "{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"dTpuZXc=\"\n\t\t}\n\t}\n}\n",
	  false },
	{ "docker",
	  "{\"auths\":{\"r.io\":{\"email\":\"x\",\"auth\":\"dTpvbGRlcg==\",\"identitytoken\":\"long\"}}}",
	  "{\"auths\":{\"r.io\":{\"email\":\"x\",\"auth\":\"dTpuZXc=\"}}}", true },
	{ "store", OLD_COPY, NEW_COPY, false },
	{ "store", NULL, NEW_COPY, false },
};
/* clang-format on */

static const int errnos[] = { EIO, ENOSPC, EINTR, EACCES };

static void put_before(const char *path, const struct target *t)
{
	/* What is asked once a second is asked in every delivery, so that all have as many calls. */
	fs_probe_forget();
	fs_reach_forget();
	(void)unlink(path);
	if (t->before != NULL)
		file_put(path, t->before);
}

/* A directory as a copy is in: STATE/store. */
static char *store_make(void)
{
	char *dir = scratch_make();

	if (strlen(dir) > 4000)
		abort();
	memcpy(dir + strlen(dir), "/store", sizeof("/store"));
	CHECK(mkdir(dir, 0700) == 0, "mkdir");
	return dir;
}

static void store_remove(char *dir)
{
	*strrchr(dir, '/') = '\0';
	scratch_remove(dir);
}

/* path is STATE/store/target. */
static struct test_sink open_store(const char *path)
{
	static char state[4200];

	(void)snprintf(state, sizeof(state), "%s", path);
	*strrchr(state, '/') = '\0';
	*strrchr(state, '/') = '\0';
	return test_sink_open("store", state, "key", "target", NULL);
}

static struct test_sink open_sink(const char *path, const struct target *t)
{
	const char *in_place = t->in_place ? "yes" : "no";

	if (strcmp(t->type, "store") == 0)
		return open_store(path);
	bool templated = strcmp(t->type, "file") == 0;
	return test_sink_open(t->type, "path", path, "in_place", in_place,
	                      templated ? "content" : NULL, "PW={password}", NULL);
}

/* check, prepare, commit: *committed tells how far it came. */
static bool deliver(const char *path, const struct target *t, bool *committing, struct err *e)
{
	AUTO_TEST_SINK struct test_sink s = open_sink(path, t);
	AUTO_CREDENTIAL struct credential c = test_credential("new");

	*committing = false;
	if (!s.ops->check(s.s, &c, e) || !s.ops->prepare(s.s, &c, e))
		return false;
	*committing = true;
	return s.ops->commit(s.s, e);
}

static bool whole(const char *path, const struct target *t, const char **which)
{
	char *text = file_get(path);
	bool old = t->before == NULL ? text == NULL : text != NULL && strcmp(text, t->before) == 0;
	bool new = text != NULL &&strcmp(text, t->after) == 0;

	*which = old ? "old" : new ? "new" : text != NULL ? text : "none";
	if (old || new)
		free(text);
	return old || new;
}

static void every_type_that_writes_files(void **state)
{
	(void)state;
	for (size_t i = 0; sink_list[i] != NULL; i++) {
		bool has = sink_list[i]->directory == NULL;
		for (size_t k = 0; k < COUNT(targets); k++)
			has = has || strcmp(targets[k].type, sink_list[i]->type) == 0;
		CHECK(has, "'%s' writes files, and has no target here", sink_list[i]->type);
	}
}

static int count_calls(const char *path, const struct target *t)
{
	struct err e = ERR_INIT;
	bool committing;
	int calls;

	/* Once before: what a process asks once is no part of the count. */
	put_before(path, t);
	bool ok = deliver(path, t, &committing, &e);
	put_before(path, t);
	fault_arm(NULL, 0, 0, FAULT_ONCE);
	ok = ok && deliver(path, t, &committing, &e);
	(void)fault_disarm(&calls);
	CHECK(ok, "%s: %s", t->type, e.text);
	CHECK(calls > 10 && calls < CALLS_MAX, "%d calls", calls);
	return calls;
}

static void one_fault(const char *dir, const char *path, const struct target *t, int nth,
                      int errnum, enum fault_mode mode)
{
	struct err e = ERR_INIT;
	bool committing;
	const char *which;

	put_before(path, t);
	fault_arm(NULL, nth, errnum, mode);
	bool ok = deliver(path, t, &committing, &e);
	bool met = fault_disarm(NULL);
	CHECK(met, "%s: call %d was not reached", t->type, nth);
	/* Over its own file, on a disk that is full for ever, the old content cannot come back;
	 * the error says so. */
	if (t->in_place && mode == FAULT_STAYS && strstr(e.text, "may be damaged") != NULL)
		return;
	CHECK(whole(path, t, &which), "%s%s call %d %s: '%s' (%s)", t->type,
	      t->in_place ? " in place" : "", nth, strerror(errnum), which, e.text);
	if (ok)
		CHECK(strcmp(which, "new") == 0, "%s call %d: said to be done, but %s", t->type,
		      nth, which);
	else
		CHECK(e.kind != ERR_NONE && e.text[0] != '\0', "%s call %d: no reason", t->type,
		      nth);
	if (!committing)
		CHECK(strcmp(which, "old") == 0, "%s call %d: changed before commit", t->type, nth);
	/* A temporary whose removal is what failed stays; the sweep takes it. */
	AUTO_TEST_SINK struct test_sink s = open_sink(path, t);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	if (temporaries_in(dir) != 0)
		CHECK(s.ops->sweep(s.s, &c, &e), "%s call %d: %s", t->type, nth, e.text);
	CHECK(temporaries_in(dir) == 0, "%s call %d: something is left", t->type, nth);
	CHECK(whole(path, t, &which), "%s call %d: after the sweep '%s'", t->type, nth, which);
}

static void every_call_fails(void **state)
{
	char *dir = store_make(), path[4200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	for (size_t i = 0; i < COUNT(targets); i++) {
		int calls = count_calls(path, &targets[i]);
		for (int n = 1; n <= calls; n++)
			for (size_t k = 0; k < COUNT(errnos); k++)
				one_fault(dir, path, &targets[i], n, errnos[k], FAULT_ONCE);
		/* For ever interrupted is no machine's fault. */
		for (int n = 1; n <= calls; n++)
			one_fault(dir, path, &targets[i], n, ENOSPC, FAULT_STAYS);
	}
	store_remove(dir);
}

static void short_reads_and_writes(void **state)
{
	static const char *const names[] = { "write", "read" };
	char *dir = store_make(), path[4200];
	bool committing;
	const char *which;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	for (size_t i = 0; i < COUNT(targets); i++)
		for (size_t k = 0; k < COUNT(names); k++) {
			int n = 1;
			for (bool met = true; met; n++) {
				struct err e = ERR_INIT;
				put_before(path, &targets[i]);
				fault_arm(names[k], n, 0, FAULT_SHORT);
				bool ok = deliver(path, &targets[i], &committing, &e);
				met = fault_disarm(NULL);
				CHECK(ok && whole(path, &targets[i], &which) &&
				              strcmp(which, "new") == 0,
				      "%s %s %d: %s", targets[i].type, names[k], n, e.text);
				CHECK(temporaries_in(dir) == 0, "%s %s %d", targets[i].type,
				      names[k], n);
			}
			CHECK(n > 1, "%s: no %s", targets[i].type, names[k]);
		}
	store_remove(dir);
}

/* No name before the content is on the disk, and no "done" before the name is. */
static void a_power_cut_takes_nothing(void **state)
{
	char *dir = store_make(), path[4200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	for (size_t i = 0; i < COUNT(targets); i++) {
		struct err e = ERR_INIT;
		bool committing;
		put_before(path, &targets[i]);
		fault_disk_watch();
		bool ok = deliver(path, &targets[i], &committing, &e);
		CHECK(fault_disk_unsafe() == 0 && ok, "row %zu: not synced (%s)", i, e.text);
	}
	store_remove(dir);
}

/* What cannot be brought to the disk was not delivered: whichever of the syncs fails, of the
 * file or of its directory. */
static void a_sync_that_fails_is_told(void **state)
{
	char *dir = store_make(), path[4200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	for (size_t i = 0; i < COUNT(targets); i++) {
		int n = 1;
		for (bool met = true; met; n++) {
			struct err e = ERR_INIT;
			bool committing;
			put_before(path, &targets[i]);
			fault_arm("fsync", n, EIO, FAULT_ONCE);
			bool ok = deliver(path, &targets[i], &committing, &e);
			met = fault_disarm(NULL);
			CHECK(ok == !met, "row %zu, sync %d: said to be done", i, n);
			CHECK(ok || e.kind == ERR_LOCAL, "row %zu, sync %d: %s", i, n, e.text);
		}
		CHECK(n > 2, "row %zu: no sync", i);
	}
	store_remove(dir);
}

static int checked(const char *path, size_t size, bool *ok)
{
	const struct fs_attr attr = { .mode = -1, .uid = -1, .gid = -1, .way = FS_WAY_GUARDED };
	struct err e = ERR_INIT;
	int calls;

	fault_arm("posix_fallocate", 1, ENOSPC, FAULT_STAYS);
	*ok = fs_stage_probe(path, &attr, size, &e);
	(void)fault_disarm(&calls);
	return calls;
}

/* That there is room is remembered for as much, in that directory, and until something fails.
 * Else a full disk is found too late. */
static void a_probe_remembers_what_it_found(void **state)
{
	char *dir = scratch_make(), path[4200], sub[4200], other[4300];
	const struct fs_attr attr = { .mode = -1, .uid = -1, .gid = -1, .way = FS_WAY_GUARDED };
	struct err e = ERR_INIT;
	bool ok;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	(void)snprintf(sub, sizeof(sub), "%s/sub", dir);
	(void)snprintf(other, sizeof(other), "%s/target", sub);
	CHECK(mkdir(sub, 0700) == 0, "mkdir");
	fs_probe_forget();
	CHECK(checked(path, 100, &ok) == 1 && !ok, "a full disk passes");
	CHECK(fs_stage_probe(path, &attr, 100, &e), "%s", e.text);
	CHECK(checked(path, 101, &ok) == 1 && !ok, "room for 100 is room for 101");
	CHECK(fs_stage_probe(path, &attr, 100, &e), "%s", e.text);
	CHECK(checked(other, 100, &ok) == 1 && !ok, "room in one directory is room in another");
	fs_probe_forget();
	CHECK(checked(path, 100, &ok) == 1 && !ok, "it was to be forgotten");
	scratch_remove(dir);
}

/* Without an attribute that decides who may read it the new file is not to be. */
static void an_attribute_that_cannot_be_kept_is_an_error(void **state)
{
	char *dir = scratch_make(), path[4200];
	struct err e = ERR_INIT;
	bool committing;
	const char *which;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	put_before(path, &targets[0]);
	if (setxattr(path, "user.note", "x", 1, 0) != 0) {
		scratch_remove(dir);
		skip();
	}
	fault_arm("fsetxattr", 1, ENOSPC, FAULT_STAYS);
	bool ok = deliver(path, &targets[0], &committing, &e);
	CHECK(fault_disarm(NULL), "no attribute was set");
	CHECK(!ok && e.kind == ERR_LOCAL && whole(path, &targets[0], &which) &&
	              strcmp(which, "old") == 0,
	      "%s", e.text);
	CHECK(deliver(path, &targets[0], &committing, &e) &&
	              getxattr(path, "user.note", NULL, 0) == 1,
	      "%s", e.text);
	scratch_remove(dir);
}

struct late {
	int dir;
	pthread_t thread;
	_Atomic pid_t id;
	int result;
};

static void *sync_too(void *arg)
{
	struct late *l = arg;

	l->id = gettid();
	l->result = fs_sync_dir(l->dir);
	return NULL;
}

static bool is_asleep(pid_t thread)
{
	char path[64], state = '?';

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	FILE *f = fopen(path, "re");
	if (f == NULL || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		abort();
	(void)fclose(f);
	return state == 'S';
}

static void another_thread_syncs(void *ctx)
{
	struct late *l = ctx;

	if (pthread_create(&l->thread, NULL, sync_too, l) != 0)
		abort();
	while (l->id == 0 || !is_asleep(l->id))
		(void)usleep(1000);
}

/* Who changed something while a sync was under way waits for one that begins after it. */
static void a_sync_under_way_does_not_count(void **state)
{
	char *dir = scratch_make();
	struct late l = { .dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	int calls;

	(void)state;
	fault_hook("fsync", 1, another_thread_syncs, &l);
	fault_arm("fsync", 0, 0, FAULT_ONCE);
	CHECK(fs_sync_dir(l.dir) == 0 && fault_unhook() == 1, "sync");
	CHECK(pthread_join(l.thread, NULL) == 0 && l.result == 0, "sync");
	(void)fault_disarm(&calls);
	CHECK(calls == 2, "%d syncs for two changes, one after the other", calls);
	(void)close(l.dir);
	scratch_remove(dir);
}

struct peek {
	const char *dir;
	int seen;
	mode_t modes;
};

static void look_at_temporary(void *ctx)
{
	struct peek *p = ctx;
	DIR *d = opendir(p->dir);
	struct stat st;

	for (const struct dirent *f; (f = readdir(d)) != NULL;)
		if (fs_is_temporary(f->d_name) && fstatat(dirfd(d), f->d_name, &st, 0) == 0)
			p->seen++, p->modes |= st.st_mode & 07777;
	(void)closedir(d);
}

/* Also beside a target that all may read, and whatever the umask: who has opened it early could
 * read what comes. */
static void nobody_else_opens_a_temporary(void **state)
{
	char *dir = store_make(), path[4200];
	mode_t before = umask(0);

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	for (size_t i = 0; i < COUNT(targets); i++) {
		struct err e = ERR_INIT;
		bool committing;
		struct peek p = { .dir = dir };
		if (targets[i].in_place)
			continue;
		put_before(path, &targets[i]);
		CHECK(targets[i].before == NULL || chmod(path, 0644) == 0, "chmod");
		/* Before each change of mode: two are of the check, then as it was made, and
		 * once its content is in it. */
		for (int k = 0; k < 4; k++)
			fault_hook("fchmod",
			           k == 0 ? 1 : 2 /* the one that fired the last hook counts */,
			           look_at_temporary, &p);
		bool ok = deliver(path, &targets[i], &committing, &e);
		CHECK(fault_unhook() == 4 && ok && p.seen == 2 && p.modes == 0600,
		      "row %zu: modes %04o, %d (%s)", i, (unsigned)p.modes, p.seen, e.text);
	}
	(void)umask(before);
	store_remove(dir);
}

struct swap {
	const char *path, *elsewhere;
};

static void put_a_link(void *ctx)
{
	const struct swap *w = ctx;

	(void)unlink(w->path);
	if (symlink(w->elsewhere, w->path) != 0)
		abort();
}

/* Between the look where the path leads and the opening of what is there: who can write in the
 * directory must not choose the file whose mode and owner the password gets. */
static void a_link_put_there_meanwhile_is_not_followed(void **state)
{
	char *dir = scratch_make(), path[4200], elsewhere[4200];
	int refused = 0, came = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/open-to-all", dir);
	for (int nth = 1; came == nth - 1; nth++) {
		struct err e = ERR_INIT;
		struct stat st;
		struct swap w = { path, elsewhere };
		AUTO_TEST_SINK struct test_sink s = open_sink(path, &targets[0]);
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		put_before(path, &targets[0]);
		file_put(elsewhere, OLD_FILE);
		CHECK(chmod(path, 0600) == 0 && chmod(elsewhere, 0666) == 0, "chmod");
		fault_hook("openat", nth, put_a_link, &w);
		bool ok = s.ops->prepare(s.s, &c, &e);
		came += fault_unhook();
		refused += !ok;
		CHECK(!ok || came < nth ||
		              (s.ops->commit(s.s, &e) && lstat(path, &st) == 0 &&
		               (!S_ISREG(st.st_mode) || (st.st_mode & 077) == 0)),
		      "openat %d: the password can be read by all", nth);
		(void)chmod(path, 0600);
	}
	CHECK(refused > 0, "never refused in %d", came);
	scratch_remove(dir);
}

struct killed {
	const char *path;
	const struct target *t;
	int nth;
};

static int die(void *arg)
{
	const struct killed *k = arg;
	struct err e = ERR_INIT;
	bool committing;

	fault_arm(NULL, k->nth, 0, FAULT_KILL);
	return deliver(k->path, k->t, &committing, &e) ? 0 : 1;
}

static void killed_anywhere(void **state)
{
	char *dir = store_make(), path[4200];
	int left = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/target", dir);
	for (size_t i = 0; i < COUNT(targets); i++) {
		/* In place there is a moment with a mix: that is why it must be asked for. */
		if (targets[i].in_place)
			continue;
		int calls = count_calls(path, &targets[i]);
		for (int n = 1; n <= calls; n++) {
			struct killed k = { path, &targets[i], n };
			const char *which;
			put_before(path, &targets[i]);
			int status = in_child(die, &k);
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s call %d: %x",
			      targets[i].type, n, status);
			CHECK(whole(path, &targets[i], &which), "%s call %d: '%s'", targets[i].type,
			      n, which);
			left += temporaries_in(dir) != 0;
			AUTO_TEST_SINK struct test_sink s = open_sink(path, &targets[i]);
			AUTO_CREDENTIAL struct credential c = test_credential("new");
			struct err e = ERR_INIT;
			CHECK(s.ops->sweep(s.s, &c, &e), "%s call %d: %s", targets[i].type, n,
			      e.text);
			CHECK(temporaries_in(dir) == 0, "%s call %d", targets[i].type, n);
			CHECK(whole(path, &targets[i], &which), "%s call %d: after the sweep '%s'",
			      targets[i].type, n, which);
		}
	}
	/* Else this test would show nothing. */
	CHECK(left > 10, "only %d kills left something to sweep", left);
	store_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_that_writes_files),
		cmocka_unit_test(every_call_fails),
		cmocka_unit_test(short_reads_and_writes),
		cmocka_unit_test(killed_anywhere),
		cmocka_unit_test(a_power_cut_takes_nothing),
		cmocka_unit_test(a_sync_that_fails_is_told),
		cmocka_unit_test(a_sync_under_way_does_not_count),
		cmocka_unit_test(a_probe_remembers_what_it_found),
		cmocka_unit_test(an_attribute_that_cannot_be_kept_is_an_error),
		cmocka_unit_test(nobody_else_opens_a_temporary),
		cmocka_unit_test(a_link_put_there_meanwhile_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
