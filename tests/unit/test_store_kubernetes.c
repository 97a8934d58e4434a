/* SPDX-License-Identifier: MIT */
/* Records in a cluster, beyond what test_store.c holds every store to. */
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/cluster_http.h"
#include "fakes/records.h"
#include "store/store.h"

#define MAPS "/api/v1/namespaces/web/configmaps"

static struct cluster_http *cluster;
static struct store *store;

static int open_it(void **state)
{
	(void)state;
	cluster = cluster_http_new();
	store = store_kubernetes_open(cluster_http_kube(cluster), "web");
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	store_close(store);
	cluster_http_free(cluster);
	return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *job, *object;
	} rows[] = {
		{ "web-pull", "configmap web/acrotate-web-pull" },
		{ "web_pull", "configmap web/acrotate-web-pull-" },
		{ "Web-Pull", "configmap web/acrotate-web-pull-" },
		{ "web.pull@host", "configmap web/acrotate-web-pull-host-" },
		{ "a-", "configmap web/acrotate-a--" },
		{ "a2345678901234567890123456789012345678901234567890123456789012345",
		  "configmap web/acrotate-a23456789012345678901234567890123456789012345-" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf name = BUF_INIT(200);
		AUTO_FREE char *version = NULL;
		AUTO_RECORD struct store_record r = { 0 };
		struct err e = ERR_INIT;
		store_describe(store, rows[i].job, &name);
		bool hashed = rows[i].object[strlen(rows[i].object) - 1] == '-';
		CHECK(strncmp(buf_cstr(&name), rows[i].object, strlen(rows[i].object)) == 0 &&
		              name.len == strlen(rows[i].object) + (hashed ? 8 : 0),
		      "%s: '%s'", rows[i].job, buf_cstr(&name));
		CHECK(record_put(store, rows[i].job, rows[i].job, &version, &e), "%s: %s",
		      rows[i].job, e.text);
		CHECK(store_load(store, rows[i].job, &r, &e), "%s: %s", rows[i].job, e.text);
		CHECK_TEXT(buf_cstr(&r.text), rows[i].job, "each has its own");
	}
}

/* ---- what others have made ------------------------------------------------------------------- */

static void test_foreign(void **state)
{
	(void)state;
	AUTO_RECORD struct store_record r = { 0 };
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(cluster_http_do(cluster, "POST", MAPS,
	                                 "{\"metadata\":{\"name\":\"acrotate-web\"},\"data\":{"
	                                 "\"record\":\"theirs\"}}"),
	                 201);
	CHECK(!store_load(store, "web", &r, &e) && e.kind == ERR_DECISION &&
	              strstr(e.text, "kubectl -n web delete configmap acrotate-web") != NULL,
	      "%s", e.text);
	CHECK(!record_put(store, "web", "ours", &version, &e) && e.kind == ERR_DECISION, "%s",
	      e.text);
	CHECK(!store_remove(store, "web", &e) && e.kind == ERR_DECISION, "%s", e.text);
}

/* Made by hand, with an annotation of somebody's before ours. */
static void test_made_by_hand(void **state)
{
	(void)state;
	AUTO_NAMES struct store_names all = { 0 };
	AUTO_BUF struct buf large = BUF_INIT(3 * STORE_RECORD_MAX);
	AUTO_RECORD struct store_record r = { 0 };
	struct err e = ERR_INIT;

	buf_str(&large, "{\"metadata\":{\"name\":\"acrotate-web\",\"labels\":{\"app.kubernetes.io/"
	                "managed-by\":\"acrotate\"},\"annotations\":{\"a/owner\":\"x\","
	                "\"acrotate/job\":\"web\"}},\"data\":{\"record\":\"");
	buf_blanks(&large, STORE_RECORD_MAX + 1);
	buf_str(&large, "\"}}");
	assert_int_equal(cluster_http_do(cluster, "POST", MAPS, buf_cstr(&large)), 201);
	CHECK(store_list(store, &all, &e) && all.n == 1, "%zu: %s", all.n, e.text);
	CHECK(!store_load(store, "web", &r, &e) && e.kind == ERR_LOCAL &&
	              strstr(e.text, "is larger than 65536 bytes") != NULL,
	      "%s", e.text);
}

/* Each byte of it takes six in JSON. */
static void test_too_large(void **state)
{
	(void)state;
	AUTO_BUF struct buf text = BUF_INIT(STORE_RECORD_MAX);
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;

	while (text.len < STORE_RECORD_MAX)
		buf_char(&text, '\x01');
	CHECK(!store_save(store, "web", &text, STORE_DURABLE, &version, &e) &&
	              e.kind == ERR_LOCAL && strstr(e.text, "would be too large") != NULL,
	      "%s", e.text);
	assert_int_equal(cluster_http_do(cluster, "GET", MAPS "/acrotate-web", ""), 404);
}

static void test_set_aside(void **state)
{
	(void)state;
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;

	CHECK(record_put(store, "web", "damaged", &version, &e) &&
	              store_set_aside(store, "web", &e) &&
	              record_put(store, "web", "new", &version, &e),
	      "%s", e.text);
	/* A patch that changes nothing else: what was kept is there, and was kept once. */
	assert_int_equal(cluster_http_do(cluster, "GET", MAPS "/acrotate-web", ""), 200);
	CHECK(strstr(cluster_http_text(cluster), "\"lost\":\"damaged\"") != NULL, "%s",
	      cluster_http_text(cluster));
	CHECK(record_put(store, "web", "newer", &version, &e), "%s", e.text);
	(void)cluster_http_do(cluster, "GET", MAPS "/acrotate-web", "");
	CHECK(strstr(cluster_http_text(cluster), "\"lost\":\"damaged\"") != NULL &&
	              strstr(cluster_http_text(cluster), "\"record\":\"newer\"") != NULL,
	      "%s", cluster_http_text(cluster));
}

/* What was set aside is there once, and says so; a cluster that fails has not said that there is
 * none. */
static void test_load_lost(void **state)
{
	(void)state;
	AUTO_FREE char *version = NULL;
	struct err e = ERR_INIT;

	for (int kept = 0; kept < 2; kept++) {
		AUTO_RECORD struct store_record r = { 0 };
		CHECK(record_put(store, "web", kept ? "new" : "damaged", &version, &e), "%s",
		      e.text);
		CHECK(store_load_lost(store, "web", 0, &r, &e) && r.exists == kept, "%d: %s", kept,
		      e.text);
		CHECK(!kept || strcmp(buf_cstr(&r.text), "damaged") == 0, "%s", buf_cstr(&r.text));
		CHECK(store_set_aside(store, "web", &e), "%s", e.text);
	}
	struct store_record none = { 0 };
	cluster_http_fail(cluster, 9, 503, false);
	CHECK(!store_load_lost(store, "web", 0, &none, &e) && e.kind == ERR_TRANSIENT, "%s",
	      e.text);
}

/* A save that fails has kept nothing: the next one does. */
static void test_set_aside_again(void **state)
{
	(void)state;
	AUTO_FREE char *version = NULL, *old = NULL, *none = NULL;
	struct err e = ERR_INIT;

	CHECK(record_put(store, "web", "damaged", &version, &e), "%s", e.text);
	old = mem_dup(version);
	CHECK(record_put(store, "web", "damaged more", &version, &e), "%s", e.text);
	CHECK(store_set_aside(store, "web", &e), "%s", e.text);
	cluster_http_fail(cluster, 9, 503, false);
	CHECK(!record_put(store, "web", "new", &version, &e) && e.kind == ERR_TRANSIENT, "%s",
	      e.text);
	cluster_http_fail(cluster, 0, 0, false);
	CHECK(!record_put(store, "web", "new", &old, &e) && e.kind == ERR_CONFLICT, "%s", e.text);
	CHECK(!record_put(store, "web", "new", &none, &e) && e.kind == ERR_CONFLICT, "%s", e.text);
	CHECK(record_put(store, "web", "new", &version, &e), "%s", e.text);
	(void)cluster_http_do(cluster, "GET", MAPS "/acrotate-web", "");
	CHECK(strstr(cluster_http_text(cluster), "\"lost\":\"damaged more\"") != NULL, "%s",
	      cluster_http_text(cluster));
}

/* ---- lost replies ---------------------------------------------------------------------------- */

static void test_lost_replies(void **state)
{
	(void)state;
	AUTO_FREE char *version = NULL, *theirs = NULL;
	struct err e = ERR_INIT;

	cluster_http_fail(cluster, 1, 0, true);
	CHECK(record_put(store, "web", "one", &version, &e), "made, though nobody heard so: %s",
	      e.text);
	cluster_http_fail(cluster, 1, 503, true);
	CHECK(record_put(store, "web", "two", &version, &e), "written, though it said 503: %s",
	      e.text);
	cluster_http_fail(cluster, 1, 503, false);
	CHECK(record_put(store, "web", "three", &version, &e), "%s", e.text);
	theirs = mem_dup(version);
	CHECK(record_put(store, "web", "four", &theirs, &e), "%s", e.text);
	cluster_http_fail(cluster, 1, 0, false);
	CHECK(!record_put(store, "web", "five", &version, &e) && e.kind == ERR_CONFLICT, "%s",
	      e.text);
	cluster_http_fail(cluster, 9, 503, false);
	CHECK(!record_put(store, "web", "six", &theirs, &e) && e.kind == ERR_TRANSIENT, "%s",
	      e.text);
}

/* ---- many ------------------------------------------------------------------------------------ */

/* A job alone: one request. Any more: one list for all, and what is read again is read anew. */
static void test_requests(void **state)
{
	(void)state;
	AUTO_FREE char *changed = NULL;
	struct err e = ERR_INIT;

	for (int i = 0; i < 600; i++) {
		AUTO_FREE char *name = mem_fmt("job-%d", i), *version = NULL;
		CHECK(record_put(store, name, name, &version, &e), "%s", e.text);
	}
	size_t before = cluster_http_count(cluster);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 600; i++) {
			AUTO_FREE char *name = mem_fmt("job-%d", i);
			AUTO_RECORD struct store_record r = { 0 };
			CHECK(store_load(store, name, &r, &e) && r.exists, "%s: %s", name, e.text);
			CHECK(round == 1 || strcmp(buf_cstr(&r.text), name) == 0, "%s", name);
			if (round == 0 && i == 0)
				assert_int_equal(cluster_http_count(cluster) - before, 1);
			if (round == 0 && i == 1) {
				changed = mem_dup(r.version);
				CHECK(record_put(store, name, "changed", &changed, &e), "%s",
				      e.text);
				before++;
			}
			if (round == 0 && i == 599)
				/* three pages */
				assert_int_equal(cluster_http_count(cluster) - before, 4);
			CHECK(round == 0 || i != 1 || strcmp(buf_cstr(&r.text), "changed") == 0,
			      "%s", name);
		}
}

/* A copy that somebody has made of a record, labels and all, is none. */
static void test_a_copy_beside(void **state)
{
	static const char *const copies[] = { "a-copy", "web-copy" };

	(void)state;
	AUTO_FREE char *version = NULL, *other = NULL;
	AUTO_NAMES struct store_names all = { 0 };
	struct err e = ERR_INIT;
	CHECK(record_put(store, "web", "ours", &version, &e) &&
	              record_put(store, "other", "others", &other, &e),
	      "%s", e.text);
	for (size_t i = 0; i < COUNT(copies); i++) {
		AUTO_FREE char *body =
			mem_fmt("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"app.kubernetes.io/"
		                "managed-by\":"
		                "\"acrotate\"},\"annotations\":{\"acrotate/job\":\"web\"}},"
		                "\"data\":{\"record\":\"a copy\"}}",
		                copies[i]);
		assert_int_equal(cluster_http_do(cluster, "POST", MAPS, body), 201);
	}
	/* Nor is what has the label alone. */
	assert_int_equal(cluster_http_do(cluster, "POST", MAPS,
	                                 "{\"metadata\":{\"name\":\"labelled\",\"labels\":{"
	                                 "\"app.kubernetes.io/managed-by\":\"acrotate\"}},"
	                                 "\"data\":{\"record\":\"x\"}}"),
	                 201);
	CHECK(store_list(store, &all, &e) && all.n == 2, "%zu: %s", all.n, e.text);
	static const char *const loads[] = { "other", "web", "web", "other" };
	for (size_t i = 0; i < COUNT(loads); i++) {
		AUTO_RECORD struct store_record r = { 0 };
		CHECK(store_load(store, loads[i], &r, &e), "%s", e.text);
		CHECK_TEXT(buf_cstr(&r.text), strcmp(loads[i], "web") == 0 ? "ours" : "others",
		           "load %zu", i);
	}
}

/* What was loaded before the list was is not taken from it. */
static void test_the_first_is_read_anew(void **state)
{
	(void)state;
	AUTO_FREE char *version = NULL, *other = NULL;
	AUTO_RECORD struct store_record first = { 0 }, second = { 0 }, again = { 0 };
	struct err e = ERR_INIT;

	CHECK(record_put(store, "web", "one", &version, &e) &&
	              record_put(store, "other", "others", &other, &e) &&
	              store_load(store, "web", &first, &e) &&
	              store_load(store, "other", &second, &e) &&
	              record_put(store, "web", "two", &version, &e) &&
	              store_load(store, "web", &again, &e),
	      "%s", e.text);
	CHECK_TEXT(buf_cstr(&again.text), "two", "it changed since");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_foreign, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_a_copy_beside, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_the_first_is_read_anew, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_made_by_hand, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_too_large, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_set_aside, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_load_lost, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_set_aside_again, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_lost_replies, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_requests, open_it, close_it),
	};

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
