/* SPDX-License-Identifier: MIT */
/* Many jobs with an entry each in one config.json: how often it is parsed, what somebody else's
 * write does to what is kept, and that they take turns. */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fakes/sinks.h"
#include "sink/docker_edit.h"
#include "sink/docker_files.h"

#define JOBS 40

struct stage {
	char *dir, path[4200], other[4200];
	struct docker_files *files;
	struct sink_lent lent;
};

static void stage_up(struct stage *s)
{
	s->dir = scratch_make();
	(void)snprintf(s->path, sizeof(s->path), "%s/config.json", s->dir);
	(void)snprintf(s->other, sizeof(s->other), "%s/other", s->dir);
	s->files = docker_files_new();
	s->lent = (struct sink_lent){ .docker = s->files };
}

static void stage_down(struct stage *s)
{
	docker_files_free(s->files);
	scratch_remove(s->dir);
}

/* As a program opens it that has many. */
static struct test_sink open_shared(const struct stage *s, int i)
{
	char key[32];
	struct err e = ERR_INIT;

	(void)snprintf(key, sizeof(key), "r.io/%d", i);
	struct test_sink t = test_sink_open("docker", "path", s->path, "key", key, NULL);
	t.ops->close(t.s);
	if (!t.ops->open(t.spec, &s->lent, &t.s, &e))
		abort();
	return t;
}

/* Entries r.io/0 and so on, each with this password for our user. */
static void put_entries(const char *path, int n, const char *password)
{
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO_CREDENTIAL struct credential c = test_credential(password);
	struct err e = ERR_INIT;

	for (int i = 0; i < n; i++) {
		char key[32];
		(void)snprintf(key, sizeof(key), "r.io/%d", i);
		if (!docker_put(&text, key, &c, &text, &e))
			abort();
	}
	file_put(path, buf_cstr(&text));
}

/* What a sink that is opened for it reads; "" for nothing, the error's kind where it fails. */
static void held(const struct stage *s, int i, char out[static 64])
{
	AUTO_TEST_SINK struct test_sink t = open_shared(s, i);
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_SECRET struct secret *password = NULL;
	struct err e = ERR_INIT;

	if (!t.ops->read_current(t.s, &who, &password, &e))
		(void)snprintf(out, 64, "error %d", (int)e.kind);
	else
		(void)snprintf(out, 64, "%s", password != NULL ? secret_peek(password) : "");
}

static void one_file_is_parsed_once(void **state)
{
	struct stage s;
	char said[64];

	(void)state;
	stage_up(&s);
	put_entries(s.path, JOBS, "one");
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < JOBS; i++) {
			held(&s, i, said);
			CHECK(strcmp(said, "one") == 0, "%d: '%s'", i, said);
		}
	assert_int_equal(docker_files_parsed(s.files), 1);
	stage_down(&s);
}

/* ---- somebody else writes in between --------------------------------------------------------- */

static void replaced(const struct stage *s)
{
	put_entries(s->other, JOBS, "two");
	assert_int_equal(rename(s->other, s->path), 0);
}

/* In place, with as many bytes, and as if it had not been: who restores a backup does that. */
static void written_over(const struct stage *s)
{
	struct stat st;

	assert_int_equal(stat(s->path, &st), 0);
	put_entries(s->path, JOBS, "two");
	const struct timespec times[2] = { st.st_atim, st.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, s->path, times, 0), 0);
}

static void copied(const struct stage *s)
{
	put_entries(s->other, JOBS, "one");
	assert_int_equal(rename(s->other, s->path), 0);
}

static void removed(const struct stage *s)
{
	assert_int_equal(unlink(s->path), 0);
}

static void cut_off(const struct stage *s)
{
	file_put(s->path, "{ \"auths\": {");
}

static void not_an_entry(const struct stage *s)
{
	file_put(s->path, "{ \"auths\": { \"r.io/1\": 1, \"r.io/1\": {} } }");
}

static void what_others_write_is_seen(void **state)
{
	static const struct {
		const char *what;
		void (*write)(const struct stage *s);
		const char *want;
		enum err_kind fails;
		size_t parsed;
	} rows[] = {
		{ "replaced", replaced, "two", ERR_NONE, 2 },
		{ "written over, the time put back", written_over, "two", ERR_NONE, 2 },
		{ "replaced by the same", copied, "one", ERR_NONE, 1 },
		{ "removed", removed, "", ERR_NONE, 2 },
		{ "cut off", cut_off, NULL, ERR_LOCAL, 2 },
		{ "no entry, then one", not_an_entry, NULL, ERR_CONFIG, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stage s;
		char said[64], want[64];
		stage_up(&s);
		put_entries(s.path, JOBS, "one");
		held(&s, 0, said);
		held(&s, 1, said);
		CHECK(strcmp(said, "one") == 0, "%s: before: '%s'", rows[i].what, said);
		rows[i].write(&s);
		(void)snprintf(want, sizeof(want), "error %d", (int)rows[i].fails);
		for (int k = 0; k < 3; k++) {
			held(&s, 1, said);
			CHECK(strcmp(said, rows[i].want != NULL ? rows[i].want : want) == 0,
			      "%s: '%s'", rows[i].what, said);
		}
		CHECK(docker_files_parsed(s.files) == rows[i].parsed, "%s: parsed %zu times",
		      rows[i].what, docker_files_parsed(s.files));
		stage_down(&s);
	}
}

/* ---- writers --------------------------------------------------------------------------------- */

struct writer {
	const struct stage *s;
	int i;
	atomic_bool done;
};

static void *deliver(void *ctx)
{
	struct writer *w = ctx;
	AUTO_TEST_SINK struct test_sink t = open_shared(w->s, w->i);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	struct err e = ERR_INIT;
	bool ok = t.ops->prepare(t.s, &c, &e) && t.ops->commit(t.s, &e);

	atomic_store(&w->done, true);
	return ok ? NULL : w;
}

/* All of them prepare on the same version, as in a run. */
static void nobody_s_entry_is_lost(void **state)
{
	struct stage s;
	struct writer w[JOBS];
	pthread_t thread[JOBS];
	char said[64];

	(void)state;
	stage_up(&s);
	put_entries(s.path, JOBS, "old");
	for (int i = 0; i < JOBS; i++) {
		w[i] = (struct writer){ .s = &s, .i = i };
		assert_int_equal(pthread_create(&thread[i], NULL, deliver, &w[i]), 0);
	}
	for (int i = 0; i < JOBS; i++) {
		void *failed;
		assert_int_equal(pthread_join(thread[i], &failed), 0);
		CHECK(failed == NULL, "writer %d", i);
	}
	for (int i = 0; i < JOBS; i++) {
		held(&s, i, said);
		CHECK(strcmp(said, "new") == 0, "%d: '%s'", i, said);
	}
	assert_int_equal(temporaries_in(s.dir), 0);
	stage_down(&s);
}

/* One after the other each parses the file when it comes, and behind its own write: what it
 * prepared on is what the one before it left. */
static void a_delivery_parses_what_it_wrote(void **state)
{
	struct stage s;

	(void)state;
	stage_up(&s);
	put_entries(s.path, JOBS, "old");
	for (int i = 0; i < JOBS; i++) {
		struct writer w = { .s = &s, .i = i };
		CHECK(deliver(&w) == NULL, "writer %d", i);
	}
	assert_int_equal(docker_files_parsed(s.files), 1 + JOBS);
	stage_down(&s);
}

static void they_take_turns(void **state)
{
	struct stage s;
	pthread_t thread;
	void *failed;

	(void)state;
	stage_up(&s);
	put_entries(s.path, 2, "old");
	struct writer w = { .s = &s, .i = 1 };
	struct docker_file *f = docker_file_take(s.files, s.path);
	docker_file_begin_turn(f);
	assert_int_equal(pthread_create(&thread, NULL, deliver, &w), 0);
	(void)usleep(100000);
	assert_false(atomic_load(&w.done));
	docker_file_end_turn(f);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	docker_file_drop(f);
	stage_down(&s);
}

/* Of ten thousand jobs with a file each not all documents stay in memory; whoever comes back finds
 * his file all the same. */
static void not_all_are_kept(void **state)
{
	enum { FILES = 100 };
	struct stage s;
	char said[64];

	(void)state;
	stage_up(&s);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < FILES; i++) {
			(void)snprintf(s.path, sizeof(s.path), "%s/%d.json", s.dir, i);
			if (round == 0)
				put_entries(s.path, 2, i % 2 == 0 ? "even" : "odd");
			held(&s, 1, said);
			CHECK(strcmp(said, i % 2 == 0 ? "even" : "odd") == 0, "%d: '%s'", i, said);
		}
	assert_int_equal(docker_files_parsed(s.files), 2 * FILES);
	held(&s, 1, said);
	assert_int_equal(docker_files_parsed(s.files), 2 * FILES);
	stage_down(&s);
}

static bool taken_of(const struct stage *s, int i, const char *readers, struct err *e)
{
	char key[32];

	(void)snprintf(key, sizeof(key), "r.io/%d", i);
	AUTO_TEST_SINK struct test_sink t =
		test_sink_open("docker", "path", s->path, "key", key, "readers", readers, NULL);
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;
	t.ops->close(t.s);
	CHECK(t.ops->open(t.spec, &s->lent, &t.s, e) && t.ops->read_current(t.s, &who, &now, e) &&
	              now != NULL,
	      "%s", e->text);
	return t.ops->taken(t.s, e);
}

/* The second and the third job are told what the first one was, from what is remembered of it. */
static void what_is_wrong_with_it_is_told_each(void **state)
{
#define ENTRY(i) "\"r.io/" i "\":{\"auth\":\"dTpw\"}"
#define ENTRIES  ENTRY("0") "," ENTRY("1") "," ENTRY("2") "," ENTRY("3")
	static const struct {
		const char *text, *readers, *says;
	} rows[] = {
		{ "{\"auths\":{" ENTRIES "},\"credHelpers\":5}", "containers",
		  "would ignore the whole file: 'credHelpers' is not an object" },
		{ "{\"auths\":{" ENTRIES ",\"o\":{\"auth\":\"!\"}}}", "kubelet",
		  "the entry 'o' in 'auths' cannot be decoded" },
	};
	struct stage s;

	(void)state;
	stage_up(&s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		file_put(s.path, rows[i].text);
		for (int job = 0; job < 4; job++) {
			struct err e = ERR_INIT;
			CHECK(!taken_of(&s, job, rows[i].readers, &e) &&
			              strstr(e.text, rows[i].says) != NULL,
			      "row %zu, job %d: %s", i, job, e.text);
		}
	}
	stage_down(&s);
}

static void what_is_no_file_is_told(void **state)
{
	struct stage s;
	struct err e = ERR_INIT;
	struct secret *now = NULL;

	(void)state;
	stage_up(&s);
	assert_int_equal(mkdir(s.path, 0700), 0);
	AUTO_TEST_SINK struct test_sink t = open_shared(&s, 0);
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	assert_false(t.ops->read_current(t.s, &who, &now, &e));
	assert_non_null(strstr(e.text, "is not a regular file"));
	test_sink_close(&t);
	stage_down(&s);
	docker_files_free(NULL); /* as every destructor */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_file_is_parsed_once),
		cmocka_unit_test(what_others_write_is_seen),
		cmocka_unit_test(nobody_s_entry_is_lost),
		cmocka_unit_test(a_delivery_parses_what_it_wrote),
		cmocka_unit_test(they_take_turns),
		cmocka_unit_test(not_all_are_kept),
		cmocka_unit_test(what_is_wrong_with_it_is_told_each),
		cmocka_unit_test(what_is_no_file_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
