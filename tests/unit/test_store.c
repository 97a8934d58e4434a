/* SPDX-License-Identifier: MIT */
/* What every store keeps: a row for each kind. And what a directory does besides. */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"
#include "config/host.h"
#include "fakes/cluster_http.h"
#include "fakes/emulator_http.h"
#include "fakes/memory_store.h"
#include "fakes/records.h"
#include "fakes/storage_http.h"
#include "scratch.h"

static const struct fingerprint whose = { { 0x8d, 0x41 } };

static struct store *open_dir(void)
{
	AUTO_FREE char *below = mem_fmt("%s/made/when/needed", dir);

	return store_dir_open(below, &whose);
}

static struct cluster_http *cluster;
static struct storage_http *storage;

static struct store *open_kubernetes(void)
{
	cluster_http_free(cluster);
	cluster = cluster_http_new();
	return store_kubernetes_open(cluster_http_kube(cluster), "web");
}

static struct store *open_blob(void)
{
	struct blob_place place = storage_http_place();

	storage_http_free(storage);
	storage = storage_http_new();
	return store_blob_open(&place, storage->arm, storage->lender, &storage->env.env);
}

/* Each opens the same records again when it is called again, or is opened once. */
static const struct {
	const char *name;
	struct store *(*open)(void);
} stores[] = {
	{ "directory", open_dir },
	{ "memory", memory_store_open },
	{ "kubernetes", open_kubernetes },
	{ "blob", open_blob },
};

static void holds(struct store *s, const char *name, const char *want, const char *row)
{
	AUTO_RECORD struct store_record r = { 0 };
	struct err e = ERR_INIT;

	CHECK(store_load(s, name, &r, &e), "%s: %s", row, e.text);
	CHECK(r.exists == (want != NULL), "%s: '%s'", row, name);
	CHECK(want == NULL || strcmp(buf_cstr(&r.text), want) == 0, "%s: '%s'", row,
	      buf_cstr(&r.text));
	CHECK((r.version != NULL) == (want != NULL && store_is_shared(s)), "%s: version", row);
}

/* ---- every store ----------------------------------------------------------------------------- */

static void what_is_saved_is_loaded(struct store *s, const char *row)
{
	AUTO_FREE char *web = NULL, *db = NULL;
	struct err e = ERR_INIT;

	holds(s, "web", NULL, row);
	CHECK(record_put(s, "web", "one\n", &web, &e), "%s: %s", row, e.text);
	holds(s, "web", "one\n", row);
	holds(s, "db", NULL, row);
	CHECK(record_put(s, "db", "other\n", &db, &e), "%s: %s", row, e.text);
	CHECK(record_put(s, "web", "two\n", &web, &e) && record_put(s, "web", "three\n", &web, &e),
	      "%s: %s", row, e.text);
	holds(s, "web", "three\n", row);
	holds(s, "db", "other\n", row);
}

/* By the lock or by the version: of two who loaded the same one saves. */
static void writers_are_kept_apart(struct store *s, const char *row)
{
	AUTO_LOCK struct lock mine = LOCK_INIT, theirs = LOCK_INIT, others = LOCK_INIT;
	AUTO_FREE char *a = NULL, *b = NULL, *none = NULL;
	struct err e = ERR_INIT;

	CHECK(store_lock(s, "web", &mine, &e), "%s: %s", row, e.text);
	CHECK(record_put(s, "web", "one\n", &a, &e), "%s: %s", row, e.text);
	if (!store_is_shared(s)) {
		CHECK(!store_lock(s, "web", &theirs, &e) && e.kind == ERR_BUSY, "%s", row);
		CHECK(store_lock(s, "db", &others, &e), "%s: %s", row, e.text);
		return;
	}
	b = mem_dup(a);
	CHECK(record_put(s, "web", "two\n", &a, &e), "%s: %s", row, e.text);
	CHECK(!record_put(s, "web", "late\n", &b, &e) && e.kind == ERR_CONFLICT, "%s: %s", row,
	      e.text);
	CHECK(!record_put(s, "web", "new\n", &none, &e) && e.kind == ERR_CONFLICT, "%s: %s", row,
	      e.text);
	holds(s, "web", "two\n", row);
	/* Removed meanwhile is a conflict too: nobody makes it again from what was in it. */
	CHECK(store_remove(s, "web", &e), "%s: %s", row, e.text);
	CHECK(!record_put(s, "web", "late\n", &a, &e) && e.kind == ERR_CONFLICT, "%s: %s", row,
	      e.text);
	holds(s, "web", NULL, row);
}

static void all_are_listed(struct store *s, const char *row)
{
	static const char *const names[] = { "web.2", "a", "web" };
	AUTO_NAMES struct store_names none = { 0 }, all = { 0 };
	struct err e = ERR_INIT;

	CHECK(store_list(s, &none, &e) && none.n == 0, "%s: %zu", row, none.n);
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *version = NULL;
		CHECK(record_put(s, names[i], "x\n", &version, &e), "%s: %s", row, e.text);
	}
	CHECK(store_remove(s, "a", &e), "%s: %s", row, e.text);
	CHECK(!store_remove(s, "a", &e) && e.kind == ERR_MISSING, "%s: %s", row, e.text);
	CHECK(store_list(s, &all, &e) && all.n == 2, "%s: %zu", row, all.n);
	CHECK(strcmp(all.name[0], "web") == 0 && strcmp(all.name[1], "web.2") == 0, "%s: %s, %s",
	      row, all.name[0], all.name[1]);
}

static void lost_is(struct store *s, int before, const char *want, const char *row)
{
	AUTO_RECORD struct store_record r = { 0 };
	struct err e = ERR_INIT;

	CHECK(store_load_lost(s, "web", before, &r, &e), "%s: %s", row, e.text);
	CHECK(r.exists == (want != NULL), "%s", row);
	CHECK(want == NULL || strcmp(buf_cstr(&r.text), want) == 0, "%s: '%s'", row,
	      buf_cstr(&r.text));
}

/* What was set aside is no record, and in the way of none. */
static void what_is_set_aside_is_replaced(struct store *s, const char *row)
{
	AUTO_FREE char *version = NULL;
	AUTO_NAMES struct store_names all = { 0 };
	struct err e = ERR_INIT;

	/* In memory and in a cluster one is kept. */
	bool two = strcmp(row, "directory") == 0 || strcmp(row, "blob") == 0;
	lost_is(s, 0, NULL, row);
	for (int i = 0; i < 3; i++) {
		AUTO_FREE char *text = mem_fmt("damaged %d\n", i);
		CHECK(record_put(s, "web", text, &version, &e), "%s: %s", row, e.text);
		CHECK(store_set_aside(s, "web", &e), "%s: %s", row, e.text);
		CHECK(record_put(s, "web", "new\n", &version, &e), "%s: %s", row, e.text);
		holds(s, "web", "new\n", row);
		AUTO_FREE char *earlier = i > 0 && two ? mem_fmt("damaged %d\n", i - 1) : NULL;
		lost_is(s, 0, text, row);
		lost_is(s, 1, earlier, row);
	}
	CHECK(store_list(s, &all, &e) && all.n == 1, "%s: %zu", row, all.n);
}

static void whose_it_is_is_told(struct store *s, const char *row)
{
	AUTO_BUF struct buf where = BUF_INIT(5000);
	struct fingerprint a, b;
	struct err e = ERR_INIT;

	CHECK(store_identity(s, &a, &e) && store_identity(s, &b, &e), "%s: %s", row, e.text);
	CHECK(fingerprint_equal(&a, &b), "%s", row);
	store_describe(s, "web", &where);
	CHECK(strstr(buf_cstr(&where), "web") != NULL, "%s: '%s'", row, buf_cstr(&where));
	store_saved_enough(s, "web");
	store_tidy(s, 0);
}

static void every_store_keeps_the_contract(void **state)
{
	static void (*const contract[])(struct store *, const char *) = {
		what_is_saved_is_loaded,       writers_are_kept_apart, all_are_listed,
		what_is_set_aside_is_replaced, whose_it_is_is_told,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(stores); i++)
		for (size_t k = 0; k < COUNT(contract); k++) {
			dir = scratch_make();
			AUTO_STORE struct store *s = stores[i].open();
			contract[k](s, stores[i].name);
			scratch_remove(dir);
		}
	store_close(NULL);
	cluster_http_free(take(&cluster));
	storage_http_free(take(&storage));
	storage_http_end();
}

/* ---- a directory ----------------------------------------------------------------------------- */

static char *path_in(const char *name)
{
	return mem_fmt("%s/%s", dir, name);
}

static bool save_as(struct store *s, const char *text, enum store_safety safety)
{
	AUTO_BUF struct buf b = BUF_INIT(STORE_RECORD_MAX);
	struct err e = ERR_INIT;
	char *none = NULL;

	buf_str(&b, text);
	CHECK(store_save(s, "web", &b, safety, &none, &e), "%s", e.text);
	return true;
}

/* The old file is kept for the next save, which may have more to say or less, until the last. */
static void saves_follow_one_another(void **state)
{
	/* clang-format off */
	static const struct { enum store_safety safety; const char *text; int left; } rows[] = {
		{ STORE_DURABLE_FOR_NOW, "three\n", 0 },    /* the first: there is no old one */
		{ STORE_DURABLE_FOR_NOW, "ever so many more\n", 1 },
		{ STORE_DURABLE_FOR_NOW, "1\n", 1 },
		{ STORE_ATOMIC, "two\n", 0 },
		{ STORE_DURABLE_FOR_NOW, "five\n", 1 },
		{ STORE_DURABLE, "four\n", 0 },
		{ STORE_DURABLE_FOR_NOW, "not the last\n", 1 },
	};
	/* clang-format on */
	AUTO_STORE struct store *s = store_dir_open(dir, &whose);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)save_as(s, rows[i].text, rows[i].safety);
		holds(s, "web", rows[i].text, "a directory");
		CHECK(temporaries_in(dir) == rows[i].left, "row %zu: %d temporaries", i,
		      temporaries_in(dir));
	}
	store_saved_enough(s, "web");
	store_saved_enough(s, "web");
	assert_int_equal(temporaries_in(dir), 0);
	holds(s, "web", "not the last\n", "a directory");
}

/* Whatever else has the temporary's name is not written to. */
static void a_foreign_file_in_its_place_goes(void **state)
{
	AUTO_STORE struct store *s = store_dir_open(dir, &whose);
	AUTO_FREE char *outside = path_in("outside");
	char spare[4200];

	(void)state;
	(void)save_as(s, "one\n", STORE_DURABLE);
	(void)save_as(s, "two\n", STORE_DURABLE_FOR_NOW);
	assert_true(temporary_in(dir, spare, sizeof(spare)));
	file_put(outside, "mine");
	/* A file of another user, who could have it open: what is written must be another file. */
	if (geteuid() == 0) {
		struct stat st;
		int theirs = open(spare, O_RDONLY | O_CLOEXEC);
		assert_true(theirs >= 0 && fchown(theirs, 12345, 0) == 0);
		(void)save_as(s, "three\n", STORE_DURABLE_FOR_NOW);
		assert_true(fstat(theirs, &st) == 0 && st.st_nlink == 0 && close(theirs) == 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(unlink(spare), 0);
		assert_int_equal(i == 0 ? symlink(outside, spare) : link(outside, spare), 0);
		(void)save_as(s, "four\n", STORE_DURABLE_FOR_NOW);
		AUTO_FREE char *text = file_get(outside);
		assert_string_equal(text, "mine");
	}
	(void)save_as(s, "five\n", STORE_ATOMIC);
	holds(s, "web", "five\n", "a directory");
}

static void the_file_is_private(void **state)
{
	AUTO_STORE struct store *s = store_dir_open(dir, &whose);
	AUTO_FREE char *path = path_in("web.state");
	struct stat st;

	(void)state;
	(void)umask(0);
	(void)save_as(s, "one\n", STORE_ATOMIC);
	(void)umask(022);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void what_is_set_aside_stands_beside(void **state)
{
	AUTO_STORE struct store *s = store_dir_open(dir, &whose);
	AUTO_FREE char *lost = path_in("web.state.lost"), *before = path_in("web.state.lost.1");
	struct err e = ERR_INIT;

	(void)state;
	CHECK(store_set_aside(s, "web", &e), "there is none: %s", e.text);
	for (int i = 1; i <= 3; i++) {
		AUTO_FREE char *text = mem_fmt("%d\n", i);
		(void)save_as(s, text, STORE_ATOMIC);
		CHECK(store_set_aside(s, "web", &e), "%s", e.text);
	}
	AUTO_FREE char *last = file_get(lost), *earlier = file_get(before);
	CHECK_TEXT(last, "3\n", "the last");
	CHECK_TEXT(earlier, "2\n", "the one before");
	holds(s, "web", NULL, "a directory");
}

/* Who may read the directory, and not write in it. */
static int set_aside_as_somebody(void *arg)
{
	struct err e = ERR_INIT;

	if (setgroups(0, NULL) != 0 || setgid(12345) != 0 || setuid(12345) != 0)
		return 1;
	return !store_set_aside(arg, "web", &e) && strstr(e.text, "cannot keep") != NULL ? 0 : 2;
}

/* What was set aside before is no more lost than what is now. */
static void what_cannot_be_set_aside_stays(void **state)
{
	AUTO_STORE struct store *s = store_dir_open(dir, &whose);
	AUTO_FREE char *lost = path_in("web.state.lost"), *before = path_in("web.state.lost.1");
	struct err e = ERR_INIT;

	(void)state;
	(void)save_as(s, "one\n", STORE_ATOMIC);
	file_put(lost, "earlier\n");
	assert_int_equal(mkdir(before, 0700), 0);
	assert_false(store_set_aside(s, "web", &e));
	assert_non_null(strstr(e.text, "cannot keep"));
	holds(s, "web", "one\n", "a directory in the way");
	assert_true(rmdir(before) == 0 && unlink(lost) == 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(in_child(set_aside_as_somebody, s), 0);
	holds(s, "web", "one\n", "without the right");
}

/* Not as if there were none: what is in it would be replaced, or its job begin anew. */
static void what_cannot_be_used_is_an_error(void **state)
{
	AUTO_STORE struct store *s = store_dir_open(dir, &whose);
	AUTO_FREE char *folder = path_in("web.state"), *inside = path_in("web.state/x"),
		       *file = path_in("file"), *below = path_in("file/below");
	AUTO_STORE struct store *nowhere = store_dir_open(below, &whose);
	AUTO_RECORD struct store_record r = { 0 };
	AUTO_NAMES struct store_names all = { 0 };
	AUTO_LOCK struct lock lock = LOCK_INIT;
	AUTO_FREE char *none = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(mkdir(folder, 0700) == 0 && mkdir(inside, 0700) == 0);
	file_put(file, "");
	assert_true(!store_load(s, "web", &r, &e) && e.kind == ERR_LOCAL);
	assert_true(!store_remove(s, "web", &e) && e.kind == ERR_LOCAL);
	assert_true(!record_put(nowhere, "web", "x\n", &none, &e) && e.kind == ERR_LOCAL);
	assert_true(!store_lock(nowhere, "web", &lock, &e) && e.kind == ERR_LOCAL);
	assert_true(!store_list(nowhere, &all, &e) && e.kind == ERR_LOCAL);
	assert_true(!store_remove(nowhere, "web", &e) && e.kind == ERR_MISSING);
	store_tidy(nowhere, time(NULL));
}

static void touch(const char *name, int64_t age)
{
	AUTO_FREE char *path = path_in(name);
	const struct timespec when[2] = { { .tv_sec = time(NULL) - age },
		                          { .tv_sec = time(NULL) - age } };
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, when), 0);
	(void)close(fd);
}

static bool is_there(const char *name)
{
	AUTO_FREE char *path = path_in(name);
	return access(path, F_OK) == 0;
}

/* What is young may belong to a program that is just writing it. */
static void old_leftovers_are_tidied_away(void **state)
{
	AUTO_STORE struct store *s = store_dir_open(dir, &whose);

	(void)state;
	touch(".acrotate.0123456789abcdef.aaaa", 7200);
	touch(".acrotate.0123456789abcdef.bbbb", 10);
	touch("old.state", 7200);
	touch("old.lock", 7200);
	store_tidy(s, time(NULL));
	assert_false(is_there(".acrotate.0123456789abcdef.aaaa"));
	assert_true(is_there(".acrotate.0123456789abcdef.bbbb"));
	assert_true(is_there("old.state"));
	assert_true(is_there("old.lock"));
}

/* As root, where /etc can be another one. 77: not here. */
static bool another_etc(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/etc", "tmpfs", 0, NULL) == 0;
}

/* By its name, then. */
static int without_an_id(void *arg)
{
	struct fingerprint a;
	struct err e = ERR_INIT;

	(void)arg;
	if (!another_etc())
		return 77;
	AUTO_STORE struct store *s = store_dir_open(dir, NULL);
	return store_identity(s, &a, &e) && !fingerprint_equal(&a, &whose) ? 0 : 1;
}

static int with_an_id_that_cannot_be_read(void *arg)
{
	struct fingerprint a;
	struct err e = ERR_INIT;

	(void)arg;
	if (!another_etc())
		return 77;
	if (mkdir("/etc/machine-id", 0700) != 0)
		return 2;
	AUTO_STORE struct store *s = store_dir_open(dir, NULL);
	return !store_identity(s, &a, &e) && e.kind == ERR_LOCAL &&
	                       strstr(e.text, "cannot tell which machine this is") != NULL
	               ? 0
	               : 1;
}

/* Whoever has read /etc/machine-id already gets the records of whoever has not. */
static void a_machine_that_is_known_is_the_same(void **state)
{
	struct host h = { 0 };
	struct fingerprint one, two;
	struct err e = ERR_INIT;

	(void)state;
	if (host_machine_id(&h) == NULL || h.machine_text == NULL) {
		host_clear(&h);
		skip();
	}
	assert_memory_equal(h.machine_text, host_machine_id(&h), 32);
	AUTO_STORE struct store *a = store_open("/x", NULL), *b = store_open("/x", h.machine_text);
	host_clear(&h);
	assert_true(store_identity(a, &one, &e) && store_identity(b, &two, &e));
	assert_true(fingerprint_equal(&one, &two));
}

static void machines_are_told_apart(void **state)
{
	AUTO_STORE struct store *a = store_open("/x", NULL), *b = store_open("/y", NULL);
	struct fingerprint one, two;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(store_identity(a, &one, &e) && store_identity(b, &two, &e));
	assert_true(fingerprint_equal(&one, &two));
	assert_false(fingerprint_equal(&one, &whose));
	int none = in_child(without_an_id, NULL),
	    bad = in_child(with_an_id_that_cannot_be_read, NULL);
	if (WIFEXITED(none) && WEXITSTATUS(none) == 77)
		skip();
	assert_int_equal(none, 0);
	assert_int_equal(bad, 0);
}

/* ---- over a network -------------------------------------------------------------------------- */

static bool load_it(struct store *s, char **version, struct err *e)
{
	AUTO_RECORD struct store_record r = { 0 };

	(void)version;
	return store_load(s, "web", &r, e);
}

static bool save_it(struct store *s, char **version, struct err *e)
{
	return record_put(s, "web", "new", version, e);
}

static bool set_aside_it(struct store *s, char **version, struct err *e)
{
	return store_set_aside(s, "web", e) && record_put(s, "web", "new", version, e);
}

static bool remove_it(struct store *s, char **version, struct err *e)
{
	(void)version;
	return store_remove(s, "web", e);
}

static bool list_it(struct store *s, char **version, struct err *e)
{
	AUTO_NAMES struct store_names all = { 0 };

	(void)version;
	return store_list(s, &all, e);
}

static bool may_write_it(struct store *s, char **version, struct err *e)
{
	(void)version;
	return store_may(s, "web", e);
}

static struct store *with_a_record(size_t kind, struct emulator_http **net, char **version)
{
	struct store *s = kind == 0 ? open_kubernetes() : open_blob();
	struct err e = ERR_INIT;

	*net = kind == 0 ? cluster_http_net(cluster) : &storage->net;
	/* What was set aside twice is kept, too. */
	CHECK(record_put(s, "web", "first", version, &e) && store_set_aside(s, "web", &e) &&
	              record_put(s, "web", "second", version, &e) &&
	              store_set_aside(s, "web", &e) && record_put(s, "web", "old", version, &e),
	      "%s", e.text);
	return s;
}

/* Each request of each operation once: what fails says so, and the record is the old one, the new
 * one, or gone where it was removed. */
static void each_request_fails_once(void **state)
{
	static const struct {
		const char *name;
		bool (*run)(struct store *s, char **version, struct err *e);
	} ops[] = { { "load", load_it },     { "save", save_it }, { "set aside", set_aside_it },
		    { "remove", remove_it }, { "list", list_it }, { "may", may_write_it } };
	static const int statuses[] = { 403, 409 };

	(void)state;
	for (size_t k = 0; k < 2 * COUNT(ops) * COUNT(statuses); k++) {
		size_t kind = k % 2, op = k / 2 % COUNT(ops);
		int status = statuses[k / 2 / COUNT(ops)];
		bool met = true;
		for (size_t n = 0; met; n++) {
			AUTO_FREE char *version = NULL;
			struct emulator_http *net;
			AUTO_STORE struct store *s = with_a_record(kind, &net, &version);
			AUTO_RECORD struct store_record r = { 0 };
			struct err e = ERR_INIT;
			net->failing = 1;
			net->skipping = n;
			net->status = status;
			bool ok = ops[op].run(s, &version, &e);
			met = net->failing == 0;
			net->failing = 0;
			CHECK(ok || (met && e.kind != ERR_NONE && e.text[0] != '\0'),
			      "%zu, %s, %d at %zu: %s", kind, ops[op].name, status, n, e.text);
			CHECK(met || ok, "%zu, %s: %s", kind, ops[op].name, e.text);
			CHECK(store_load(s, "web", &r, &e), "%s: %s", ops[op].name, e.text);
			const char *text = r.exists ? buf_cstr(&r.text) : "";
			CHECK(strcmp(text, "old") == 0 || (ok && strcmp(text, "new") == 0) ||
			              (ok && !r.exists && ops[op].run == remove_it),
			      "%zu, %s, %d at %zu: '%s'", kind, ops[op].name, status, n, text);
		}
	}
}

/* What the next try finds gone was removed. */
static void a_removal_whose_reply_is_lost(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < 2; kind++) {
		AUTO_FREE char *version = NULL;
		struct emulator_http *net;
		AUTO_STORE struct store *s = with_a_record(kind, &net, &version);
		struct err e = ERR_INIT;
		net->failing = net->skipping = 1;
		net->status = 503;
		net->acts = true;
		CHECK(store_remove(s, "web", &e), "%zu: %s", kind, e.text);
		CHECK(net->failing == 0, "%zu: nothing was lost", kind);
		net->acts = false;
		CHECK(!store_remove(s, "web", &e) && e.kind == ERR_MISSING, "%zu: %s", kind,
		      e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_store_keeps_the_contract),
		cmocka_unit_test(each_request_fails_once),
		cmocka_unit_test(a_removal_whose_reply_is_lost),
		cmocka_unit_test_setup_teardown(saves_follow_one_another, scratch_setup,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(a_foreign_file_in_its_place_goes, scratch_setup,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_set_aside_stays, scratch_setup,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(the_file_is_private, scratch_setup,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(what_is_set_aside_stands_beside, scratch_setup,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_used_is_an_error, scratch_setup,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(old_leftovers_are_tidied_away, scratch_setup,
		                                scratch_teardown),
		cmocka_unit_test_setup_teardown(machines_are_told_apart, scratch_setup,
		                                scratch_teardown),
		cmocka_unit_test(a_machine_that_is_known_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
