/* SPDX-License-Identifier: MIT */
/* Records in a container, beyond what test_store.c holds every store to. */
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "emulator/storage.h"
#include "fakes/records.h"
#include "fakes/storage_http.h"
#include "store/store.h"

static struct storage_http *storage;
static struct store *store;

static int open_it(void **state)
{
	struct blob_place place = storage_http_place();

	(void)state;
	storage = storage_http_new();
	store = store_blob_open(&place, storage->arm, storage->lender, &storage->env.env);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	store_close(store);
	storage_http_free(storage);
	return 0;
}

/* What is in a blob of the container, for whoever looks with another program; NULL: none. */
static void blob_holds(const char *below, const char *want)
{
	AUTO_FREE char *text = NULL;
	int status = storage_http_do(storage, "GET", below, NULL, "", &text);

	CHECK(status == (want != NULL ? 200 : 404), "%s: %d", below, status);
	if (want != NULL)
		CHECK_TEXT(text, want, "%s", below);
}

static void test_place(void **state)
{
	(void)state;
	AUTO_BUF struct buf where = BUF_INIT(1000);
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;

	CHECK(record_put(store, "Web_pull.1@host", "x", &version, &e), "%s", e.text);
	store_describe(store, "Web_pull.1@host", &where);
	CHECK_TEXT(buf_cstr(&where),
	           "https://localhost:8443/emulatedstore/records/prod/Web_pull.1@host.state",
	           "where");
	blob_holds("/prod/Web_pull.1@host.state", "x");
}

static void test_identity(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		bool same;
	} rows[] = {
		{ "HTTPS://LOCALHOST:8443/emulatedstore/records/prod", true },
		{ "https://localhost:8443/emulatedstore/records", true },
		{ "https://localhost:8443/emulatedstore/record2", false },
		{ "https://localhost:8444/emulatedstore/records", false },
	};
	struct fingerprint own, other;
	struct err e = ERR_INIT;

	assert_true(store_identity(store, &own, &e));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct blob_place place;
		assert_true(blob_place_parse(rows[i].url, &place, &e));
		AUTO_STORE struct store *s =
			store_blob_open(&place, storage->arm, storage->lender, &storage->env.env);
		CHECK(store_identity(s, &other, &e) &&
		              fingerprint_equal(&own, &other) == rows[i].same,
		      "%s", rows[i].url);
	}
	assert_int_equal(storage->net.count, 0);
}

static void test_set_aside(void **state)
{
	(void)state;
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;

	CHECK(store_set_aside(store, "web", &e), "there is none: %s", e.text);
	CHECK(record_put(store, "web", "1", &version, &e) && store_set_aside(store, "web", &e),
	      "%s", e.text);
	blob_holds("/prod/web.state.lost", "1");
	/* By another rotator, or again after a run that was killed. */
	CHECK(store_set_aside(store, "web", &e), "%s", e.text);
	blob_holds("/prod/web.state.lost", "1");
	blob_holds("/prod/web.state.lost.1", NULL);
	CHECK(record_put(store, "web", "2", &version, &e) && store_set_aside(store, "web", &e),
	      "%s", e.text);
	blob_holds("/prod/web.state.lost", "2");
	blob_holds("/prod/web.state.lost.1", "1");
	CHECK(record_put(store, "web", "3", &version, &e) && store_set_aside(store, "web", &e),
	      "%s", e.text);
	blob_holds("/prod/web.state.lost", "3");
	blob_holds("/prod/web.state.lost.1", "2");
	blob_holds("/prod/web.state", "3");
}

static void test_lost_replies(void **state)
{
	(void)state;
	AUTO_FREE char *version = NULL, *theirs = NULL;
	struct err e = ERR_INIT;

	storage->net.only = STORAGE_ACCOUNT;
	storage->net.failing = 1;
	storage->net.acts = true;
	CHECK(record_put(store, "web", "one", &version, &e), "made, though nobody heard so: %s",
	      e.text);
	storage->net.failing = 1;
	storage->net.status = 503;
	CHECK(record_put(store, "web", "two", &version, &e), "written, though it said 503: %s",
	      e.text);
	storage->net.failing = 1;
	storage->net.acts = false;
	CHECK(record_put(store, "web", "three", &version, &e), "%s", e.text);
	theirs = mem_dup(version);
	CHECK(record_put(store, "web", "four", &theirs, &e), "%s", e.text);
	storage->net.failing = 1;
	storage->net.status = 0;
	CHECK(!record_put(store, "web", "five", &version, &e) && e.kind == ERR_CONFLICT, "%s",
	      e.text);
	storage->net.failing = 9;
	storage->net.status = 503;
	CHECK(!record_put(store, "web", "six", &theirs, &e) && e.kind == ERR_TRANSIENT, "%s",
	      e.text);
	blob_holds("/prod/web.state", "four");
}

/* Another version is there, and whose it is cannot be read. */
static void test_conflict_unread(void **state)
{
	(void)state;
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;

	CHECK(record_put(store, "web", "one", &version, &e), "%s", e.text);
	AUTO_FREE char *old = mem_dup(version);
	CHECK(record_put(store, "web", "two", &version, &e), "%s", e.text);
	storage->net.failing = 1;
	storage->net.skipping = 1;
	storage->net.status = 403;
	CHECK(!record_put(store, "web", "three", &old, &e) && e.kind != ERR_CONFLICT, "%d: %s",
	      (int)e.kind, e.text);
	assert_int_equal(storage->net.failing, 0);
	blob_holds("/prod/web.state", "two");
}

/* Names that no job has, and what is set aside, are no records. */
static void test_foreign(void **state)
{
	(void)state;
	static const char *const below[] = { "/prod/web.state",  "/prod/web.state.lost",
		                             "/prod/.state",     "/prod/-x.state",
		                             "/prod/a b.state",  "/prod/deeper/x.state",
		                             "/prod/readme.txt", "/other.state" };
	AUTO_NAMES struct store_names all = { 0 };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < COUNT(below); i++) {
		AUTO_FREE char *text = NULL;
		assert_int_equal(storage_http_do(storage, "PUT", below[i], NULL, "x", &text), 201);
	}
	CHECK(store_list(store, &all, &e) && all.n == 1, "%zu: %s", all.n, e.text);
	assert_string_equal(all.name[0], "web");
}

/* A token that would end within a rotation is fetched before it; one that lasts is not. */
static void test_ready(void **state)
{
	(void)state;
	AUTO_RECORD struct store_record r = { 0 };
	struct err e = ERR_INIT;

	storage->net.emu.set.token_lifetime = 1000;
	CHECK(store_load(store, "web", &r, &e), "%s", e.text);
	size_t before = storage->net.count;
	CHECK(store_ready(store, "web", true, 600, &e) && storage->net.count == before, "%s",
	      e.text);
	fake_env_pass(&storage->env, 500 * 1000);
	CHECK(store_ready(store, "web", true, 600, &e) && storage->net.count == before + 1, "%s",
	      e.text);
	CHECK(store_ready(store, "web", true, 600, &e) && storage->net.count == before + 1, "%s",
	      e.text);
	fake_env_pass(&storage->env, 980 * 1000);
	storage->net.failing = 99;
	storage->net.status = 503;
	CHECK(!store_ready(store, "web", true, 600, &e) && e.kind == ERR_TRANSIENT, "%s", e.text);
}

static void test_too_large(void **state)
{
	(void)state;
	AUTO_BUF struct buf large = BUF_INIT(STORE_RECORD_MAX + 10);
	AUTO_RECORD struct store_record r = { 0 };
	AUTO_FREE char *text = NULL;
	struct err e = ERR_INIT;

	buf_blanks(&large, STORE_RECORD_MAX + 1);
	(void)storage_http_do(storage, "PUT", "/prod/web.state", NULL, buf_cstr(&large), &text);
	CHECK(!store_load(store, "web", &r, &e) && e.kind == ERR_LOCAL &&
	              strstr(e.text, "blob 'prod/web.state' is larger than 65536 bytes") != NULL,
	      "%s", e.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_place, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_identity, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_set_aside, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_lost_replies, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_conflict_unread, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_foreign, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_ready, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_too_large, open_it, close_it),
	};

	secret_setup();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	storage_http_end();
	return failed;
}
