/* SPDX-License-Identifier: MIT */
/* Lock-free writers of config.json at the worst moments of a delivery, one by one; and a kill
 * after each of them. */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/err.h"
#include "fakes/fault.h"
#include "fakes/sinks.h"
#include "sink/docker_edit.h"

/* clang-format off */
#define BASE "{\"auths\":{\"a\":{\"auth\":\"YTox\"}}}"
/* clang-format on */

struct place {
	char path[4200], temp[4220];
};

static struct place place_in(const char *dir)
{
	struct place p;

	(void)snprintf(p.path, sizeof(p.path), "%s/config.json", dir);
	(void)snprintf(p.temp, sizeof(p.temp), "%s.tmp", p.path);
	return p;
}

/* As docker: a new file over the old one. `from` is what it had read when it began. */
struct writer {
	const struct place *at;
	const char *text;
	int *came;
};

static void write_now(void *ctx)
{
	const struct writer *w = ctx;

	file_put(w->at->temp, w->text);
	if (rename(w->at->temp, w->at->path) != 0)
		abort();
	++*w->came;
}

static void remove_now(void *ctx)
{
	const struct writer *w = ctx;

	++*w->came;
	(void)unlink(w->at->path);
}

/* The moments are system calls of a delivery: the 1st renameat2 marks the stage, the 2nd
 * exchanges, the next one swaps back; the 1st unlinkat removes what was displaced. */
static const struct row {
	const char *name;
	struct {
		const char *call;
		int nth;
		void (*fn)(void *);
		const char *text;
	} by[3];
	int n;
	const char *want[4]; /* all must be in the file at the end, and ours */
	const char *gone;    /* must not be; or NULL */
	bool first;          /* there is no file before */
	/* want[0] and gone are values of one entry: after a kill nobody knows which is newer */
	bool contested;
} rows[] = {
	{ "between our read and the look before the exchange",
	  { { "fstatat", 1, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"b\":{\"auth\":\"Yjox\"}}}" } },
	  1,
	  { "YTox", "Yjox" },
	  NULL,
	  false,
	  false },
	{ "between the look and the exchange",
	  { { "renameat2", 2, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"b\":{\"auth\":\"Yjox\"}}}" } },
	  1,
	  { "YTox", "Yjox" },
	  NULL,
	  false,
	  false },
	{ "it logged out",
	  { { "renameat2", 2, write_now, "{\"auths\":{\"b\":{\"auth\":\"Yjox\"}}}" } },
	  1,
	  { "Yjox" },
	  "YTox",
	  false,
	  false },
	{ "two writers: the second, before the swap back, knew nothing of the first",
	  { { "renameat2", 2, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"b\":{\"auth\":\"Yjox\"}}}" },
	    { "renameat2", 2, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"c\":{\"auth\":\"Yzox\"}}}" } },
	  2,
	  { "YTox", "Yjox", "Yzox" },
	  NULL,
	  false,
	  false },
	{ "two writers: the second, before the look that precedes the swap back",
	  { { "renameat2", 2, write_now, "{\"auths\":{\"a\":{\"auth\":\"YToy\"}}}" },
	    { "fstatat", 1, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"c\":{\"auth\":\"Yzox\"}}}" } },
	  2,
	  { "YToy", "Yzox" },
	  "YTox",
	  false,
	  true },
	{ "over ours, by somebody who had read before it was there",
	  { { "unlinkat", 1, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"b\":{\"auth\":\"Yjox\"}}}" } },
	  1,
	  { "YTox", "Yjox" },
	  NULL,
	  false,
	  false },
	{ "three writers: the last one, before the look that precedes the swap back, had read what "
	  "was there first",
	  { { "fstatat", 1, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"b\":{\"auth\":\"Yjox\"}}}" },
	    { "renameat2", 2, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"b\":{\"auth\":\"Yjox\"},\"c\":{\"auth\":"
	      "\"Yzox\"}}}" },
	    { "fstatat", 1, write_now,
	      "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"d\":{\"auth\":\"ZDox\"}}}" } },
	  3,
	  { "YTox", "Yjox", "Yzox", "ZDox" },
	  NULL,
	  false,
	  false },
	{ "there was no file, and somebody makes one",
	  { { "renameat2", 1, write_now, "{\"auths\":{\"b\":{\"auth\":\"Yjox\"}}}" } },
	  1,
	  { "Yjox" },
	  NULL,
	  true,
	  false },
	{ "the file vanishes before the exchange",
	  { { "renameat2", 2, remove_now, NULL } },
	  1,
	  { "auths" },
	  "YTox",
	  false,
	  false },
};

static bool holds(const char *path, const struct row *r, bool ours, const char **missing)
{
	char *text = file_get(path);
	bool contested = r->contested && !ours, ok = text != NULL;

	*missing = "file";
	for (size_t i = contested ? 1 : 0; ok && i < COUNT(r->want) && r->want[i] != NULL; i++) {
		*missing = r->want[i];
		ok = strstr(text, r->want[i]) != NULL;
	}
	if (ok && ours) {
		*missing = "dTpuZXc=";
		ok = strstr(text, "dTpuZXc=") != NULL;
	}
	if (ok && r->gone != NULL && !contested) {
		*missing = "(gone)";
		ok = strstr(text, r->gone) == NULL;
	}
	free(text);
	return ok;
}

struct run {
	const struct place *at;
	const struct row *r;
	int kill_at, fail_at;
	int *came;
};

static bool deliver(const struct run *run, struct err *e)
{
	struct writer w[3]; /* they may come until the sink is closed */
	AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", run->at->path, NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");

	if (run->r->first)
		(void)unlink(run->at->path);
	else
		file_put(run->at->path, BASE);
	if (!t.ops->prepare(t.s, &c, e))
		return false;
	for (int i = 0; i < run->r->n; i++) {
		w[i] = (struct writer){ .at = run->at,
			                .text = run->r->by[i].text,
			                .came = run->came };
		fault_hook(run->r->by[i].call, run->r->by[i].nth, run->r->by[i].fn, &w[i]);
	}
	if (run->kill_at > 0)
		fault_arm(NULL, run->kill_at, 0, FAULT_KILL);
	else
		fault_arm(NULL, run->fail_at, EIO, FAULT_ONCE);
	return t.ops->commit(t.s, e);
}

static void nobody_is_lost(void **state)
{
	char *dir = scratch_make();
	const struct place at = place_in(dir);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int came = 0;
		const struct run run = { .at = &at, .r = &rows[i], .came = &came };
		struct err e = ERR_INIT;
		const char *missing;
		bool ok = deliver(&run, &e);
		(void)fault_disarm(NULL);
		CHECK(fault_unhook() == rows[i].n, "%s: a writer never came", rows[i].name);
		CHECK(ok, "%s: %s", rows[i].name, e.text);
		CHECK(holds(at.path, &rows[i], true, &missing), "%s: %s; the file: %s",
		      rows[i].name, missing, file_get(at.path));
		CHECK(temporaries_in(dir) == 0, "%s", rows[i].name);
	}
	scratch_remove(dir);
}

/* A delivery that fails at the nth call, for every n: what it displaced is in the file, or is
 * brought home. */
static void nobody_is_lost_by_a_failure(void **state)
{
	char *dir = scratch_make();
	const struct place at = place_in(dir);
	int failures = 0, left = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool met = true;
		for (int n = 1; met; n++) {
			int came = 0;
			const struct run run = {
				.at = &at, .r = &rows[i], .fail_at = n, .came = &came
			};
			AUTO_TEST_SINK struct test_sink t =
				test_sink_open("docker", "path", at.path, NULL);
			AUTO_CREDENTIAL struct credential c = test_credential("new");
			struct err e = ERR_INIT, swept = ERR_INIT;
			const char *missing;
			bool ok = deliver(&run, &e);
			met = fault_disarm(NULL);
			(void)fault_unhook();
			failures += !ok;
			left += temporaries_in(dir) > 0;
			CHECK(t.ops->sweep(t.s, &c, &swept), "%s, call %d: %s", rows[i].name, n,
			      swept.text);
			CHECK(temporaries_in(dir) == 0, "%s, call %d", rows[i].name, n);
			if (came == rows[i].n && rows[i].by[0].fn != remove_now)
				CHECK(holds(at.path, &rows[i], ok, &missing),
				      "%s, call %d (%s): %s; the file: %s", rows[i].name, n, e.text,
				      missing, file_get(at.path));
		}
	}
	print_message("          %d failures, %d of them left something\n", failures, left);
	assert_true(failures > 100 && left > 10);
	scratch_remove(dir);
}

static int killed(void *arg)
{
	struct err e = ERR_INIT;

	return deliver(arg, &e) ? 0 : 1;
}

/* Once the writers have been there, whatever is not in the file is brought home by the next
 * run's sweep. */
static void nobody_is_lost_by_a_kill(void **state)
{
	char *dir = scratch_make();
	const struct place at = place_in(dir);
	int *came = mmap(NULL, sizeof(*came), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                 -1, 0);
	int kills = 0, after = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool finished = false;
		for (int n = 1; !finished; n++) {
			struct run run = { .at = &at, .r = &rows[i], .kill_at = n, .came = came };
			AUTO_TEST_SINK struct test_sink t =
				test_sink_open("docker", "path", at.path, NULL);
			AUTO_CREDENTIAL struct credential c = test_credential("new");
			struct err e = ERR_INIT;
			const char *missing;
			*came = 0;
			int status = in_child(killed, &run);
			finished = WIFEXITED(status);
			CHECK(!finished || WEXITSTATUS(status) == 0, "%s, call %d", rows[i].name,
			      n);
			CHECK(t.ops->sweep(t.s, &c, &e), "%s, call %d: %s", rows[i].name, n,
			      e.text);
			CHECK(temporaries_in(dir) == 0, "%s, call %d", rows[i].name, n);
			kills += !finished;
			if (*came < rows[i].n || rows[i].by[0].fn == remove_now)
				continue;
			after++;
			CHECK(holds(at.path, &rows[i], finished, &missing),
			      "%s, call %d: %s; the file: %s", rows[i].name, n, missing,
			      file_get(at.path));
		}
	}
	print_message("          %d kills, %d of them after the last writer\n", kills, after);
	assert_true(kills > 100 && after > 50);
	(void)munmap(came, sizeof(*came));
	scratch_remove(dir);
}

/* The kill that leaves somebody's update beside the file alone; 0: there is none. */
static int worst_kill(const struct place *at, const struct row *r, int *came)
{
	for (int n = 1; n < 100; n++) {
		struct run run = { .at = at, .r = r, .kill_at = n, .came = came };
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open("docker", "path", at->path, NULL);
		AUTO_CREDENTIAL struct credential c = test_credential(NULL);
		struct err e = ERR_INIT;
		*came = 0;
		if (!WIFSIGNALED(in_child(killed, &run)))
			break;
		char *text = file_get(at->path);
		bool lacking = *came == r->n && text != NULL && strstr(text, "Yjox") == NULL;
		free(text);
		CHECK(t.ops->sweep(t.s, &c, &e), "call %d: %s", n, e.text);
		if (lacking)
			return n;
	}
	return 0;
}

static void a_sweep_that_fails_loses_nobody(void **state)
{
	static const int errnos[] = { EIO, ENOSPC };
	char *dir = scratch_make();
	const struct place at = place_in(dir);
	const struct row *r = &rows[1];
	int *came = mmap(NULL, sizeof(*came), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                 -1, 0);
	int n = worst_kill(&at, r, came), failures = 0;

	(void)state;
	assert_true(n > 0);
	for (size_t k = 0; k < COUNT(errnos); k++)
		for (int m = 1, met = 1; met; m++) {
			struct run run = { .at = &at, .r = r, .kill_at = n, .came = came };
			AUTO_TEST_SINK struct test_sink t =
				test_sink_open("docker", "path", at.path, NULL);
			AUTO_CREDENTIAL struct credential c = test_credential(NULL);
			struct err e = ERR_INIT, again = ERR_INIT;
			const char *missing;
			*came = 0;
			/* Once a second a run looks at the mounts, too, and gets less far. */
			for (int tries = 0; tries < 10 && *came < r->n; tries++) {
				*came = 0;
				assert_true(WIFSIGNALED(in_child(killed, &run)));
			}
			CHECK(*came == r->n, "call %d: nobody came", m);
			fault_arm(NULL, m, errnos[k], k == 0 ? FAULT_ONCE : FAULT_STAYS);
			bool ok = t.ops->sweep(t.s, &c, &e);
			met = fault_disarm(NULL);
			failures += !ok;
			CHECK(ok || e.text[0] != '\0', "call %d: no reason", m);
			CHECK(t.ops->sweep(t.s, &c, &again), "call %d: %s", m, again.text);
			CHECK(holds(at.path, r, true, &missing), "call %d (%s): %s; the file: %s",
			      m, e.text, missing, file_get(at.path));
			CHECK(temporaries_in(dir) == 0, "call %d", m);
		}
	assert_true(failures > 10);
	(void)munmap(came, sizeof(*came));
	scratch_remove(dir);
}

/* What others write need not be a configuration. Nothing of theirs is touched, and the reason is
 * told. */
static const struct garbage {
	const char *name;
	struct {
		const char *call;
		int nth;
		const char *text;
	} by[4];
	int n;
	const char *says, *stays;
} garbages[] = {
	{ "garbage, at the exchange", { { "renameat2", 2, "garbage" } }, 1, "", "garbage" },
	{ "a good one is displaced, and garbage written before that is put back",
	  { { "renameat2", 2, "{\"auths\":{\"b\":{\"auth\":\"Yjox\"}}}" },
	    { "renameat2", 2, "garbage" } },
	  2,
	  "as another program has just written it",
	  "Yjox" },
	{ "two good ones, and then the same",
	  { { "renameat2", 2, "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"b\":{\"auth\":\"Yjox\"}}}" },
	    { "renameat2", 2, "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"c\":{\"auth\":\"Yzox\"}}}" },
	    { "renameat2", 3, "{\"auths\":{\"d\":{\"auth\":\"ZDox\"}}}" },
	    { "renameat2", 2, "garbage" } },
	  4,
	  "as another program has just written it",
	  "ZDox" },
	{ "garbage, behind the exchange", { { "unlinkat", 1, "garbage" } }, 1, "", "garbage" },
	{ "without ours behind the exchange, then garbage",
	  { { "unlinkat", 1, "{}" }, { "open", 2, "garbage" } },
	  2,
	  "",
	  "garbage" },
};

static void garbage_is_told(void **state)
{
	char *dir = scratch_make();
	const struct place at = place_in(dir);

	(void)state;
	for (size_t i = 0; i < COUNT(garbages); i++) {
		const struct garbage *g = &garbages[i];
		AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", at.path, NULL);
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		struct writer w[4];
		struct err e = ERR_INIT, ignored = ERR_INIT;
		int came = 0;
		file_put(at.path, BASE);
		assert_true(t.ops->prepare(t.s, &c, &e));
		for (int k = 0; k < g->n; k++) {
			w[k] = (struct writer){ .at = &at, .text = g->by[k].text, .came = &came };
			fault_hook(g->by[k].call, g->by[k].nth, write_now, &w[k]);
		}
		fault_arm(NULL, 0, 0, FAULT_ONCE);
		bool ok = t.ops->commit(t.s, &e);
		(void)fault_disarm(NULL);
		CHECK(fault_unhook() == g->n, "%s: a writer never came (%d)", g->name, came);
		char *text = file_get(at.path);
		CHECK(!ok && strstr(e.text, g->says) != NULL && e.text[0] != '\0', "%s: %s",
		      g->name, e.text);
		CHECK(text != NULL && strstr(text, g->stays) != NULL, "%s: the file: %s", g->name,
		      text);
		free(text);
		/* What was displaced and cannot be merged waits for somebody who looks at it. */
		file_put(at.path, "{}");
		bool swept = t.ops->sweep(t.s, &c, &ignored);
		CHECK(swept || temporaries_in(dir) > 0, "%s", g->name);
		char left[5000];
		while (temporary_in(dir, left, sizeof(left)))
			(void)unlink(left);
	}
	scratch_remove(dir);
}

/* Beside a file that is none any more, or too large, or with garbage displaced: it stays, and so
 * does what stands beside it. */
static void what_cannot_be_merged_stays(void **state)
{
	static char full[DOCKER_CONFIG_MAX];
	(void)memset(full, ' ', sizeof(full) - 1);
	(void)memcpy(full, "{\"auths\":{},\"x\":\"", 17);
	(void)memcpy(full + sizeof(full) - 3, "\"}", 2);
	/* clang-format off */
	static const struct { const char *name, *target, *displaced; } cases[] = {
		{ "the file is garbage", "garbage", NULL },
		{ "what was displaced is garbage", NULL, "garbage" },
		{ "what was displaced has no room for our entry", NULL, full },
	};
	/* clang-format on */
	char *dir = scratch_make(), left[5000];
	const struct place at = place_in(dir);
	int *came = mmap(NULL, sizeof(*came), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                 -1, 0);
	int n = worst_kill(&at, &rows[1], came);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run run = { .at = &at, .r = &rows[1], .kill_at = n, .came = came };
		AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", at.path, NULL);
		AUTO_CREDENTIAL struct credential c = test_credential(NULL);
		struct err e = ERR_INIT;
		assert_true(WIFSIGNALED(in_child(killed, &run)) &&
		            temporary_in(dir, left, sizeof(left)));
		if (cases[i].target != NULL)
			file_put(at.path, cases[i].target);
		if (cases[i].displaced != NULL)
			file_put(left, cases[i].displaced);
		CHECK(!t.ops->sweep(t.s, &c, &e) && e.text[0] != '\0', "%s", cases[i].name);
		CHECK(temporaries_in(dir) == 1, "%s", cases[i].name);
		(void)unlink(left);
	}
	(void)munmap(came, sizeof(*came));
	scratch_remove(dir);
}

struct endless {
	const struct place *at;
	int n;
};

static void write_another(void *ctx)
{
	struct endless *w = ctx;
	char text[100];

	(void)snprintf(text, sizeof(text), "{\"auths\":{\"b\":{\"auth\":\"Yjox\"}},\"n\":%d}",
	               w->n++);
	FILE *f = fopen(w->at->temp, "we");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
	    rename(w->at->temp, w->at->path) != 0)
		abort();
}

static void who_never_stops_writing_is_left_to_the_next_run(void **state)
{
	static const char *const calls[] = { "renameat2", "fstatat", "unlinkat" };
	char *dir = scratch_make();
	const struct place at = place_in(dir);

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", at.path, NULL);
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		struct endless w = { .at = &at };
		struct err e = ERR_INIT;
		file_put(at.path, BASE);
		assert_true(t.ops->prepare(t.s, &c, &e));
		fault_watch(calls[i], write_another, &w);
		bool ok = t.ops->commit(t.s, &e);
		fault_watch(NULL, NULL, NULL);
		CHECK(!ok && e.kind == ERR_TRANSIENT && w.n > 1, "%s: %d %s", calls[i], w.n,
		      e.text);
		t.ops->abort(t.s);
		AUTO_CREDENTIAL struct credential nobody = test_credential(NULL);
		CHECK(t.ops->sweep(t.s, &nobody, &e) && temporaries_in(dir) == 0, "%s: %s",
		      calls[i], e.text);
	}
	scratch_remove(dir);
}

/* Not every file system can exchange, or rename without replacing. There the file is compared at
 * the last moment, and a first one linked. */
static void without_exchange(void **state)
{
	/* clang-format off */
	static const struct row moments[] = {
		{ .name = "before the comparison",
		  .by = { { "renameat", 1, write_now,
		  "{\"auths\":{\"a\":{\"auth\":\"YTox\"},\"b\":{\"auth\":\"Yjox\"}}}" } },
		  .n = 1, .want = { "YTox", "Yjox" } },
		{ .name = "there was no file, and somebody makes one",
		  .by = { { "linkat", 1, write_now, "{\"auths\":{\"b\":{\"auth\":\"Yjox\"}}}" } },
		  .n = 1, .want = { "Yjox" }, .first = true },
		{ .name = "nobody comes", .want = { "YTox" } },
		{ .name = "nobody comes, and there was no file", .want = { "auths" },
		  .first = true },
	};
	/* clang-format on */
	char *dir = scratch_make();
	const struct place at = place_in(dir);

	(void)state;
	for (size_t i = 0; i < COUNT(moments); i++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", at.path, NULL);
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		const struct row *r = &moments[i];
		struct err e = ERR_INIT;
		const char *missing;
		int came = 0;
		struct writer w = { .at = &at, .text = r->by[0].text, .came = &came };
		if (r->first)
			(void)unlink(at.path);
		else
			file_put(at.path, BASE);
		CHECK(t.ops->prepare(t.s, &c, &e), "%s", e.text);
		if (r->n > 0)
			fault_hook(r->by[0].call, r->by[0].nth, r->by[0].fn, &w);
		fault_arm("renameat2", 1, EINVAL, FAULT_STAYS);
		bool ok = t.ops->commit(t.s, &e);
		CHECK(fault_disarm(NULL) && fault_unhook() == r->n, "%s: nobody came", r->name);
		CHECK(ok && holds(at.path, r, true, &missing), "%s: %s: %s; the file: %s", r->name,
		      e.text, missing, file_get(at.path));
		CHECK(temporaries_in(dir) == 0, "%s", r->name);
	}
	scratch_remove(dir);
}

/* An editor: it has emptied the file when we come, and is not done. */
static void open_in_place(void *ctx)
{
	struct {
		const struct place *at;
		int opened[2];
		pid_t pid;
	} *w = ctx;
	char byte;

	w->pid = fork();
	if (w->pid == 0) {
		FILE *f = fopen(w->at->path, "we");
		if (f == NULL || write(w->opened[1], "x", 1) != 1)
			_exit(1);
		(void)usleep(100000);
		_exit(fputs("{\"auths\":{\"b\":{\"auth\":\"Yjox\"}}}", f) >= 0 && fclose(f) == 0
		              ? 0
		              : 1);
	}
	if (read(w->opened[0], &byte, 1) != 1)
		abort();
}

static void a_writer_in_place_is_waited_for(void **state)
{
	static const struct {
		const char *call;
		int nth;
	} moments[] = { { "fstatat", 1 }, { "renameat2", 2 } };
	char *dir = scratch_make();
	const struct place at = place_in(dir);

	(void)state;
	for (size_t i = 0; i < COUNT(moments); i++) {
		struct {
			const struct place *at;
			int opened[2];
			pid_t pid;
		} w = { .at = &at };
		AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", at.path, NULL);
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		struct err e = ERR_INIT;
		assert_int_equal(pipe(w.opened), 0);
		file_put(at.path, BASE);
		assert_true(t.ops->prepare(t.s, &c, &e));
		fault_hook(moments[i].call, moments[i].nth, open_in_place, &w);
		fault_arm(NULL, 0, 0, FAULT_ONCE);
		CHECK(t.ops->commit(t.s, &e), "%s", e.text);
		(void)fault_disarm(NULL);
		CHECK(fault_unhook() == 1, "%s", moments[i].call);
		int status;
		assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
		assert_int_equal(status, 0);
		char *text = file_get(at.path);
		CHECK(text != NULL && strstr(text, "Yjox") != NULL &&
		              strstr(text, "dTpuZXc=") != NULL,
		      "%s: '%s'", moments[i].call, text);
		free(text);
		assert_int_equal(temporaries_in(dir), 0);
		(void)close(w.opened[0]);
		(void)close(w.opened[1]);
	}
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_lost),
		cmocka_unit_test(without_exchange),
		cmocka_unit_test(a_writer_in_place_is_waited_for),
		cmocka_unit_test(nobody_is_lost_by_a_failure),
		cmocka_unit_test(nobody_is_lost_by_a_kill),
		cmocka_unit_test(a_sweep_that_fails_loses_nobody),
		cmocka_unit_test(garbage_is_told),
		cmocka_unit_test(what_cannot_be_merged_stays),
		cmocka_unit_test(who_never_stops_writing_is_left_to_the_next_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
