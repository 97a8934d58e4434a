/* SPDX-License-Identifier: MIT */
/* acrotate's own copy as a job uses it: where it is made, whose it is, what is in its way. */
#include "check.h"

#include <grp.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fakes/sinks.h"
#include "sink/copy.h"

static char *dir, state[4200], path[4300];

static int make(void **ignored)
{
	(void)ignored;
	dir = scratch_make();
	(void)snprintf(state, sizeof(state), "%s/state", dir);
	return mkdir(state, 0700);
}

static int drop(void **ignored)
{
	(void)ignored;
	scratch_remove(dir);
	return 0;
}

static void at(const char *name)
{
	(void)snprintf(path, sizeof(path), "%s/store/%s", state, name);
}

static bool deliver(struct test_sink *t, const char *password, struct err *e)
{
	AUTO_CREDENTIAL struct credential c = test_credential(password);
	AUTO_SECRET struct secret *now = NULL;

	*e = (struct err)ERR_INIT;
	fs_probe_forget();
	if (!t->ops->check(t->s, &c, e) || !t->ops->prepare(t->s, &c, e) ||
	    !t->ops->commit(t->s, e))
		return false;
	CHECK(t->ops->read_current(t->s, &c, &now, e), "%s", e->text);
	CHECK(now != NULL && secret_equal(now, c.password), "not read back");
	return true;
}

static mode_t mode_of(const char *what)
{
	struct stat st;

	CHECK(stat(what, &st) == 0, "%s", what);
	return st.st_mode & 07777;
}

static void a_copy_is_made_and_replaced(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("store", state, NULL);
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;
	struct err e = ERR_INIT;

	(void)ignored;
	at("");
	assert_true(t.ops->read_current(t.s, &who, &now, &e) && now == NULL);
	CHECK(t.ops->check(t.s, &who, &e), "%s", e.text);
	CHECK(access(path, F_OK) != 0, "a check has made something");
	CHECK(deliver(&t, "first", &e) && deliver(&t, "second", &e), "%s", e.text);
	at("r.io");
	AUTO_CREDENTIAL struct credential is = { .server = NULL };
	CHECK(copy_read(path, &is, &e), "%s", e.text);
	assert_string_equal(secret_peek(is.password), "second");
	assert_int_equal(mode_of(path), 0600);
	at("");
	assert_int_equal(mode_of(path), 0700);
	assert_int_equal(mode_of(state), 0700);
	assert_int_equal(temporaries_in(path), 0);
	AUTO_BUF struct buf place = BUF_INIT(8192);
	t.ops->describe(t.s, &place);
	assert_non_null(strstr(buf_cstr(&place), "/state/store"));
}

/* Who may read it comes to it, and sees nothing else on the way. */
static void others_may_read_it(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t =
		test_sink_open("store", state, "key", "r.io/team", "mode", "0640", NULL);
	struct err e = ERR_INIT;

	(void)ignored;
	CHECK(deliver(&t, "new", &e), "%s", e.text);
	at("r.io/team");
	assert_int_equal(mode_of(path), 0640);
	at("r.io");
	assert_int_equal(mode_of(path), 0711);
	at("");
	assert_int_equal(mode_of(path), 0711);
	assert_int_equal(mode_of(state), 0711);
	if (geteuid() != 0)
		return;
	AUTO_TEST_SINK struct test_sink owned =
		test_sink_open("store", state, "owner", "root:65534", NULL);
	struct stat st;
	CHECK(deliver(&owned, "new", &e), "%s", e.text);
	at("r.io/_");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_gid, 65534);
}

/* Both of a registry and a namespace in it, in either order: each where the other leaves room. */
static void one_beside_the_other(void **ignored)
{
	static const struct {
		const char *first, *second;
	} orders[] = { { "r.io", "r.io/team" }, { "r.io/team", "r.io" } };

	(void)ignored;
	for (size_t i = 0; i < COUNT(orders); i++) {
		AUTO_TEST_SINK struct test_sink one =
			test_sink_open("store", state, "key", orders[i].first, NULL);
		AUTO_TEST_SINK struct test_sink two =
			test_sink_open("store", state, "key", orders[i].second, NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_SECRET struct secret *now = NULL;
		struct err e = ERR_INIT;
		CHECK(deliver(&one, "one", &e) && deliver(&two, "two", &e) &&
		              deliver(&one, "third", &e),
		      "order %zu: %s", i, e.text);
		CHECK(two.ops->read_current(two.s, &who, &now, &e) && now != NULL, "order %zu", i);
		assert_string_equal(secret_peek(now), "two");
		at(orders[i].first);
		CHECK(access(path, F_OK) == 0, "order %zu: the first is where it belongs", i);
		(void)drop(NULL);
		assert_int_equal(make(NULL), 0);
	}
}

static const struct {
	const char *text, *says; /* NULL: it is replaced */
	enum err_kind kind;
	bool readable;
} others[] = {
	{ "", NULL, ERR_NONE, true },
	{ "{\"server\":\"r.io\",\"username\":\"u\",\"password\":\"p\"}", NULL, ERR_NONE, true },
	{ "{\"server\":\"r.io\",\"username\":\"v\",\"password\":\"p\"}", "another token ('v' at",
	  ERR_DECISION, true },
	{ "{\"server\":\"q.io\",\"username\":\"u\",\"password\":\"p\"}", "at q.io", ERR_DECISION,
	  true },
	{ "{\"server\":\"r.io\",\"user", ": remove it", ERR_LOCAL, false },
};

static void what_else_stands_there(void **ignored)
{
	(void)ignored;
	at("");
	assert_int_equal(mkdir(path, 0700), 0);
	at("r.io");
	for (size_t i = 0; i < COUNT(others); i++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open("store", state, NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		AUTO_SECRET struct secret *now = NULL;
		struct err e = ERR_INIT;
		file_put(path, others[i].text);
		CHECK(t.ops->read_current(t.s, &who, &now, &e) == others[i].readable, "row %zu", i);
		CHECK((now != NULL) == (others[i].says == NULL && i > 0), "row %zu", i);
		CHECK(deliver(&t, "new", &e) == (others[i].says == NULL), "row %zu: %s", i, e.text);
		CHECK(e.kind == others[i].kind, "row %zu: %s", i, e.text);
		CHECK(others[i].says == NULL || strstr(e.text, others[i].says) != NULL,
		      "row %zu: %s", i, e.text);
		if (others[i].says == NULL)
			continue;
		CHECK(!t.ops->prepare(t.s, &c, &e) && !t.ops->commit(t.s, &e), "row %zu", i);
		char *text = file_get(path);
		CHECK_TEXT(text, others[i].text, "row %zu", i);
		free(text);
	}
}

static void an_abort_leaves_nothing(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("store", state, NULL);
	AUTO_TEST_SINK struct test_sink killed = test_sink_open("store", state, NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	struct err e = ERR_INIT;

	(void)ignored;
	/* Nothing can lie in what is not there. */
	CHECK(t.ops->sweep(t.s, &c, &e), "%s", e.text);
	t.ops->abort(t.s);
	CHECK(t.ops->prepare(t.s, &c, &e) && t.ops->prepare(t.s, &c, &e), "%s", e.text);
	at("");
	assert_int_equal(temporaries_in(path), 1);
	t.ops->abort(t.s);
	assert_int_equal(temporaries_in(path), 0);
	assert_false(t.ops->commit(t.s, &e));
	at("r.io");
	assert_int_equal(access(path, F_OK), -1);
	CHECK(killed.ops->prepare(killed.s, &c, &e), "%s", e.text);
	CHECK(t.ops->sweep(t.s, &c, &e), "%s", e.text);
	at("");
	assert_int_equal(temporaries_in(path), 0);
}

static void without_a_state_directory(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("store", "/nonexistent/state", NULL);
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	(void)ignored;
	/* That it is missing is said of the state; the first run makes it. */
	CHECK(t.ops->check(t.s, &who, &e), "%s", e.text);
	assert_true(t.ops->read_current(t.s, &who, &now, &e) && now == NULL);
	t.ops->settle(t.spec, NULL);
	assert_false(t.ops->open(t.spec, NULL, &s, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_false(sink_find("store")->shared);
}

/* A registry's name comes from a service, and becomes a path. */
static void a_name_that_is_none(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("store", state, NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	AUTO_SECRET struct secret *now = NULL;
	struct err e = ERR_INIT;

	(void)ignored;
	free(c.server);
	c.server = strdup("../../x");
	assert_false(t.ops->check(t.s, &c, &e));
	assert_false(t.ops->prepare(t.s, &c, &e));
	assert_false(t.ops->read_current(t.s, &c, &now, &e));
	assert_false(t.ops->sweep(t.s, &c, &e));
	(void)snprintf(path, sizeof(path), "%s/x", dir);
	assert_int_equal(access(path, F_OK), -1);
}

static void keys_that_are_none(void **ignored)
{
	const struct sink_ops *ops = sink_find("store");
	AUTO_FREE char *spec = mem_new(ops->spec_size);
	bool seen[8] = { false };
	struct err e = ERR_INIT;

	(void)ignored;
	assert_true(keys_set(ops->keys, ops->n_keys, seen, spec, "key", "r.io/..", &e) &&
	            keys_finish(ops->keys, ops->n_keys, seen, spec, &e));
	assert_false(ops->validate(spec, &e));
	assert_true(e.kind == ERR_CONFIG && strstr(e.text, "key 'key'") != NULL);
	keys_release(ops->keys, ops->n_keys, spec);
}

static void a_password_that_it_cannot_carry(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t =
		test_sink_open("store", state, "key", "r.io/team", NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("a b");
	AUTO_BUF struct buf place = BUF_INIT(8192);
	struct err e = ERR_INIT;

	(void)ignored;
	assert_false(t.ops->prepare(t.s, &c, &e));
	assert_non_null(strstr(e.text, "a copy cannot carry"));
	t.ops->describe(t.s, &place);
	assert_non_null(strstr(buf_cstr(&place), "/state/store/r.io/team"));
}

static void an_owner_who_is_none(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t =
		test_sink_open("store", state, "owner", "no-such-user", NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	struct err e = ERR_INIT;

	(void)ignored;
	assert_false(t.ops->sweep(t.s, &c, &e));
	assert_non_null(strstr(e.text, "key 'owner'"));
}

static void a_file_where_its_directory_is_to_be(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("store", state, "key", "r.io/a/b", NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	AUTO_SECRET struct secret *now = NULL;
	struct err e[4] = { ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT };

	(void)ignored;
	at("");
	path[strlen(path) - 1] = '\0';
	file_put(path, "");
	assert_false(t.ops->check(t.s, &c, &e[0]));
	assert_false(t.ops->prepare(t.s, &c, &e[1]));
	assert_false(t.ops->sweep(t.s, &c, &e[2]));
	for (size_t i = 0; i < 3; i++)
		CHECK(e[i].kind == ERR_LOCAL && e[i].text[0] != '\0', "%zu: %s", i, e[i].text);
	/* There is none, and that is all a look is asked. */
	assert_true(t.ops->read_current(t.s, &c, &now, &e[3]) && now == NULL);
}

static void a_copy_that_cannot_be_read(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("store", state, NULL);
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;
	struct err e = ERR_INIT;

	(void)ignored;
	at("");
	assert_int_equal(mkdir(path, 0700), 0);
	at("r.io");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(t.ops->read_current(t.s, &who, &now, &e));
	assert_non_null(strstr(e.text, "is not a regular file"));
}

/* Somebody of root's group may write there, but not let others through. */
static int prepare_as_somebody(void *arg)
{
	struct test_sink *t = arg;
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	struct err e = ERR_INIT;

	if (setgroups(0, NULL) != 0 || setgid(12345) != 0 || setuid(12345) != 0)
		return 1;
	if (t->ops->check(t->s, &c, &e) || strstr(e.text, "others cannot pass through") == NULL)
		return 3;
	return !t->ops->prepare(t->s, &c, &e) &&
	                       strstr(e.text, "cannot let others pass through") != NULL
	               ? 0
	               : 2;
}

static void a_way_that_stays_shut(void **ignored)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("store", state, "mode", "0644", NULL);

	(void)ignored;
	if (geteuid() != 0)
		skip();
	assert_true(chmod(dir, 0755) == 0 && chown(state, 0, 12345) == 0 &&
	            chmod(state, 0770) == 0);
	assert_int_equal(in_child(prepare_as_somebody, &t), 0);
}

static void two_ways_to_write_one_name(void **ignored)
{
	AUTO_TEST_SINK struct test_sink a = test_sink_open("store", state, "key", "R.io/", NULL);
	AUTO_TEST_SINK struct test_sink b = test_sink_open("store", state, NULL);
	AUTO_TEST_SINK struct test_sink other =
		test_sink_open("store", state, "key", "geo.r.io/team", NULL);
	AUTO_BUF struct buf one = BUF_INIT(1024), two = BUF_INIT(1024), host = BUF_INIT(1024);

	(void)ignored;
	a.ops->identity(a.spec, "r.io", &one);
	b.ops->identity(b.spec, "r.io", &two);
	assert_string_equal(buf_cstr(&one), "store:r.io");
	assert_string_equal(buf_cstr(&one), buf_cstr(&two));
	other.ops->host(other.spec, &host);
	assert_string_equal(buf_cstr(&host), "geo.r.io");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_copy_is_made_and_replaced, make, drop),
		cmocka_unit_test_setup_teardown(others_may_read_it, make, drop),
		cmocka_unit_test_setup_teardown(one_beside_the_other, make, drop),
		cmocka_unit_test_setup_teardown(what_else_stands_there, make, drop),
		cmocka_unit_test_setup_teardown(an_abort_leaves_nothing, make, drop),
		cmocka_unit_test_setup_teardown(without_a_state_directory, make, drop),
		cmocka_unit_test_setup_teardown(a_name_that_is_none, make, drop),
		cmocka_unit_test_setup_teardown(two_ways_to_write_one_name, make, drop),
		cmocka_unit_test_setup_teardown(keys_that_are_none, make, drop),
		cmocka_unit_test_setup_teardown(a_password_that_it_cannot_carry, make, drop),
		cmocka_unit_test_setup_teardown(an_owner_who_is_none, make, drop),
		cmocka_unit_test_setup_teardown(a_file_where_its_directory_is_to_be, make, drop),
		cmocka_unit_test_setup_teardown(a_copy_that_cannot_be_read, make, drop),
		cmocka_unit_test_setup_teardown(a_way_that_stays_shut, make, drop),
	};

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
