/* SPDX-License-Identifier: MIT */
/* Many threads in one directory; full disks and mounts, for root in a namespace of its own. */
#include "fs_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/buf.h"
#include "base/fs_target.h"
#include "base/mem.h"

#define WRITERS 12
#define ROUNDS  20

struct writer {
	pthread_t id;
	int number;
	bool ok;
};

static void *write_often(void *arg)
{
	struct writer *w = arg;
	AUTO_FREE char *path = mem_fmt("%s/shared-%d", dir, w->number);
	struct err e = ERR_INIT;

	w->ok = true;
	for (int i = 0; i < ROUNDS && w->ok; i++) {
		AUTO_FREE char *text = mem_fmt("%d of %d", i, w->number);
		w->ok = fs_replace(path, text, strlen(text), 0600, &e);
	}
	return NULL;
}

/* They share its syncs: each of them must come to its end, and none be told of another's. */
static void threads_share_syncs(void **state)
{
	struct writer w[WRITERS];
	int closed = dup(0);

	(void)state;
	assert_true(closed >= 0 && close(closed) == 0);
	assert_int_equal(fs_sync_dir(closed), EBADF);
	for (int i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){ .number = i };
		assert_int_equal(pthread_create(&w[i].id, NULL, write_often, &w[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(w[i].id, NULL), 0);
		AUTO_FREE char *name = mem_fmt("shared-%d", i),
			       *want = mem_fmt("%d of %d", ROUNDS - 1, i);
		AUTO_BUF struct buf text = BUF_INIT(100);
		struct err e = ERR_INIT;
		CHECK(w[i].ok && fs_read(in(name), 100, &text, NULL, &e), "writer %d", i);
		assert_string_equal(buf_cstr(&text), want);
		assert_int_equal(unlink(in(name)), 0);
	}
}

/* ---- full disks, mounts (root only, in a namespace of their own) ----------------------------- */

#define SKIPPED 77

static bool own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

/* In a child, where cmocka's checks cannot report: the line that failed is the exit status. */
#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			print_error("%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);             \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static int on_a_full_disk(void *arg)
{
	struct err e = ERR_INIT;
	static char junk[1 << 20];

	(void)arg;
	if (!own_mounts() || mount("none", dir, "tmpfs", 0, "size=256k,mode=700") != 0)
		return SKIPPED;
	file_put(in("f"), "old");
	MUST(fs_stage_probe(in("f"), &keep, 10000, &e));
	MUST(!fs_stage_probe(in("f"), &keep, 1000000, &e));
	MUST(e.kind == ERR_LOCAL && strstr(e.text, "No space left") != NULL);
	FILE *f = fopen(in("junk"), "we");
	(void)fwrite(junk, 1, sizeof(junk), f);
	(void)fclose(f);
	MUST(!fs_stage_probe(in("f"), &keep, 10000, &e));
	MUST(!replace(in("f"), keep, "new content", &e));
	MUST(!reserve_at(in("f"), FS_WAY_PLAIN, 10000, &e));
	char *text = file_get(in("f"));
	MUST(text != NULL && strcmp(text, "old") == 0);
	free(text);
	MUST(temporaries_in(dir) == 0);
	return 0;
}

static int on_a_mount_point(void *arg)
{
	struct err e = ERR_INIT;

	(void)arg;
	if (!own_mounts())
		return SKIPPED;
	file_put(in("f"), "old");
	file_put(in("source"), "old");
	file_put(in("beside"), "old");
	MUST(mkdir(in("d"), 0700) == 0);
	MUST(mounts_at(in("f"), &e));
	if (mount(in("source"), in("f"), "none", MS_BIND, NULL) != 0)
		return SKIPPED;
	fs_mount_forget();
	MUST(!mounts_at(in("f"), &e));
	MUST(e.kind == ERR_CONFIG && strstr(e.text, "in_place = yes") != NULL);
	/* Its source: whoever reads it at the other place would keep the old content. */
	MUST(!mounts_at(in("source"), &e));
	MUST(mounts_at(in("beside"), &e));
	MUST(mounts_at(in("missing"), &e));
	/* A directory that is mounted is fine. */
	MUST(mount(dir, in("d"), "none", MS_BIND, NULL) == 0);
	fs_mount_forget();
	MUST(mounts_at(in("d/beside"), &e));
	MUST(!replace(in("f"), keep, "new", &e));
	MUST(strstr(e.text, "busy") != NULL);
	MUST(temporaries_in(dir) == 0);
	return 0;
}

struct container {
	int ready[2], stop[2];
	const char *from, *to;
};

/* A process with mounts of its own: `from` is bound to `to`. */
static int contain(struct container *c)
{
	char byte;

	if (!own_mounts() || mount(c->from, c->to, "none", MS_BIND, NULL) != 0)
		byte = 's';
	else
		byte = 'r';
	return write(c->ready[1], &byte, 1) == 1 && read(c->stop[0], &byte, 1) >= 0 ? 0 : 1;
}

static void check_from_outside(const char *from, const char *to, const char *path, bool ok)
{
	struct container c = { .from = from, .to = to };
	struct err e = ERR_INIT;
	char byte = 0;

	assert_int_equal(pipe(c.ready), 0);
	assert_int_equal(pipe(c.stop), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(c.stop[1]);
		_exit(contain(&c));
	}
	assert_int_equal(read(c.ready[0], &byte, 1), 1);
	fs_mount_forget();
	bool got = mounts_at(path, &e);
	(void)close(c.stop[1]);
	(void)waitpid(pid, NULL, 0);
	(void)close(c.stop[0]);
	(void)close(c.ready[0]);
	(void)close(c.ready[1]);
	if (byte == 's')
		skip();
	CHECK(got == ok, "%s on %s, asked for %s: %s", from, to, path, e.text);
	CHECK(ok || strstr(e.text, "for process") != NULL, "%s", e.text);
}

static void mounts_of_other_processes(void **state)
{
	char f[4200], g[4200], h[4200], spaced[4200];

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(f, sizeof(f), "%s/f", dir);
	(void)snprintf(g, sizeof(g), "%s/g", dir);
	(void)snprintf(h, sizeof(h), "%s/h", dir);
	(void)snprintf(spaced, sizeof(spaced), "%s/with space\\", dir);
	file_put(f, "");
	file_put(g, "");
	file_put(h, "");
	file_put(spaced, "");
	check_from_outside(f, g, f, false); /* its content is read there */
	/* it is covered there: a rename here would take that away */
	check_from_outside(f, g, g, false);
	check_from_outside(f, g, h, true);
	check_from_outside(spaced, g, spaced, false);
	check_from_outside(f, spaced, spaced, false);
}

static void in_own_mounts(int (*fn)(void *))
{
	if (geteuid() != 0)
		skip();
	int status = in_child(fn, NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

static void a_full_disk(void **state)
{
	(void)state;
	in_own_mounts(on_a_full_disk);
}

static void mount_points(void **state)
{
	(void)state;
	in_own_mounts(on_a_mount_point);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(threads_share_syncs),
		T(mounts_of_other_processes),
		T(a_full_disk),
		T(mount_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
