/* SPDX-License-Identifier: MIT */
/* Sinks that cannot do what they are asked: without the rights of their user, with templates and
 * helpers that went bad meanwhile. */
#include "check.h"

#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/secret.h"
#include "scratch.h"
#include "sink/docker_edit.h"
#include "sink/place.h"
#include "sink/template.h"

static char path[4200];

static int make(void **state)
{
	(void)state;
	return scratch_path(path, sizeof(path), "target");
}

/* ---- rights that cannot be had --------------------------------------------------------------- */

static bool become_somebody(void)
{
	return setgroups(0, NULL) == 0 && setgid(12345) == 0 && setuid(12345) == 0;
}

/* In a child, where cmocka's checks cannot report: a number tells which one failed. */
static int without_rights(void *arg)
{
	AUTO_TEST_SINK struct test_sink t =
		test_sink_open(arg, "path", path, "user", "nobody", NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new"), who = test_credential(NULL);
	struct secret *now = NULL;
	struct err e[6] = { ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT };
	struct fs_target at;

	if (!t.ops->prepare(t.s, &c, &e[0]))
		return 1;
	if (!become_somebody())
		return 2;
	if (t.ops->commit(t.s, &e[0]) || t.ops->read_current(t.s, &who, &now, &e[1]) ||
	    t.ops->check(t.s, &who, &e[2]) || t.ops->sweep(t.s, &who, &e[3]) ||
	    t.ops->directory(t.spec, &at, &e[4]))
		return 3;
	t.ops->abort(t.s); /* what stays beside it the next run sweeps */
	if (t.ops->prepare(t.s, &c, &e[5]))
		return 4;
	for (int i = 0; i < 6; i++)
		if (e[i].kind != ERR_CONFIG ||
		    strstr(e[i].text, "only root can act as user") == NULL)
			return 10 + i;
	return 0;
}

static void without_the_rights_of_its_user(void **state)
{
	const char *type;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(chmod(dir, 01777) == 0 && chown(dir, 65534, 65534) == 0);
	for (size_t i = 0; (type = test_file_type(i)) != NULL; i++) {
		int status = in_child(without_rights, (void *)(uintptr_t)type);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %d", type,
		      WEXITSTATUS(status));
	}
}

/* ---- places ---------------------------------------------------------------------------------- */

static void places_that_are_none(void **state)
{
	const char *type;
	char below[4300];

	(void)state;
	(void)snprintf(below, sizeof(below), "%s/none/target", dir);
	for (size_t i = 0; (type = test_file_type(i)) != NULL; i++) {
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open(type, "path", path, "owner", "no-such-user", NULL);
		AUTO_TEST_SINK struct test_sink far = test_sink_open(type, "path", below, NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		struct err e = ERR_INIT;
		struct fs_target at;
		CHECK(!t.ops->sweep(t.s, &who, &e) && e.kind == ERR_CONFIG, "%s: %s", type, e.text);
		CHECK(!far.ops->directory(far.spec, &at, &e) && e.kind == ERR_LOCAL, "%s: %s", type,
		      e.text);
	}
}

/* How to make the directory is said where that is what is missing. */
static void a_way_that_is_none(void **state)
{
	char below[4300], longest[300] = "/";

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(below, sizeof(below), "%s/x/y", path);
	(void)memset(longest + 1, 'x', sizeof(longest) - 2);
	file_put(path, "");
	const char *const paths[] = { below, longest };
	for (size_t i = 0; i < COUNT(paths); i++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open("file", "path", paths[i], NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		struct err e = ERR_INIT;
		CHECK(!t.ops->check(t.s, &who, &e) && strstr(e.text, "mkdir") == NULL, "'%s': %s",
		      paths[i], e.text);
	}
}

/* Of a user who was never looked for. */
static void a_home_that_is_not_known(void **state)
{
	const struct place_spec spec = { .path = path, .user = (char[]){ "nobody" } };
	const struct place p = { .spec = &spec };

	(void)state;
	assert_null(place_home(&p));
}

static int on_a_mount(void *arg)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open(arg, "path", path, NULL);
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	struct err e = ERR_INIT;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(path, path, "none", MS_BIND, NULL) != 0)
		return 77;
	fs_mount_forget();
	return !t.ops->check(t.s, &who, &e) && strstr(e.text, "in_place = yes") != NULL ? 0 : 1;
}

static void a_file_that_is_a_mount(void **state)
{
	const char *type;

	(void)state;
	for (size_t i = 0; (type = test_file_type(i)) != NULL; i++) {
		file_put(path, "");
		int status = in_child(on_a_mount, (void *)(uintptr_t)type);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip();
		CHECK(status == 0, "%s: %x", type, status);
	}
}

/* ---- templates ------------------------------------------------------------------------------- */

static void a_template_that_went_bad(void **state)
{
	AUTO_CREDENTIAL struct credential c = test_credential("new"), odd = test_credential("a b"),
					  who = test_credential(NULL);
	char template[4300];
	struct secret *now = NULL;

	(void)state;
	(void)snprintf(template, sizeof(template), "%s.template", path);
	static const char *const bad[] = { "no field at all\n", "{password}{password}\n" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open("file", "path", path, "template_file", template, NULL);
		struct err e = ERR_INIT;
		file_put(template, bad[i]);
		CHECK(!t.ops->check(t.s, &who, &e) && e.kind == ERR_CONFIG &&
		              strstr(e.text, "key 'template_file'") != NULL,
		      "%s", e.text);
		assert_false(t.ops->read_current(t.s, &who, &now, &e));
		assert_false(t.ops->prepare(t.s, &c, &e));
	}
	FILE *f = fopen(template, "we");
	assert_true(f != NULL && fwrite("{password}\0", 1, 11, f) == 11 && fclose(f) == 0);
	AUTO_TEST_SINK struct test_sink nul =
		test_sink_open("file", "path", path, "template_file", template, NULL);
	struct err e = ERR_INIT;
	assert_false(nul.ops->check(nul.s, &who, &e));
	assert_non_null(strstr(e.text, "NUL byte"));
	AUTO_TEST_SINK struct test_sink t =
		test_sink_open("file", "path", path, "content", "{password}", NULL);
	assert_false(t.ops->prepare(t.s, &odd, &e));
	assert_non_null(strstr(e.text, "a template cannot carry"));
	assert_false(t.ops->commit(t.s, &e));
	assert_non_null(strstr(e.text, "was not prepared"));
}

static void a_text_that_grows_too_long(void **state)
{
	AUTO_BUF struct buf template = BUF_INIT(TEMPLATE_MAX), out = BUF_INIT(TEMPLATE_TEXT_MAX);
	AUTO_TEMPLATE struct template *t = NULL;
	AUTO_CREDENTIAL struct credential c = test_credential("");
	struct err e = ERR_INIT;
	char long_one[1001] = "";

	(void)state;
	(void)memset(long_one, 'x', sizeof(long_one) - 1);
	secret_free(c.password);
	c.password = secret_new(long_one, sizeof(long_one) - 1);
	for (int i = 0; i < 2000; i++)
		buf_str(&template, "{password}\n");
	CHECK(template_parse(buf_cstr(&template), template.len, &t, &e), "%s", e.text);
	assert_false(template_render(t, &c, &out, &e));
	assert_non_null(strstr(e.text, "too long"));
}

/* Another user's, or a name that only begins like ours. */
static void an_auth_of_another_user(void **state)
{
	static const char *const texts[] = { "dXg6cGFzcw==" /* ux:pass */, "dQ==" /* u */ };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_TEMPLATE struct template *t = NULL;
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		struct secret *found = NULL;
		struct err e = ERR_INIT;
		assert_true(template_parse("{auth}", 6, &t, &e));
		CHECK(!template_match(t, texts[i], strlen(texts[i]), &who, &found) && found == NULL,
		      "row %zu", i);
	}
}

/* ---- a config.json with no room left --------------------------------------------------------- */

static void a_config_that_is_full(void **state)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", path, NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);
	struct err e = ERR_INIT;

	(void)state;
	buf_str(&text, "{\"x\":\"");
	while (text.len < DOCKER_CONFIG_MAX - 10)
		buf_char(&text, 'x');
	buf_str(&text, "\"}");
	file_put(path, buf_cstr(&text));
	assert_false(t.ops->prepare(t.s, &c, &e));
	assert_non_null(strstr(e.text, "it would be larger"));
	/* Our entry has room, but with a password it has not. */
	char long_one[201] = "";
	(void)memset(long_one, 'x', sizeof(long_one) - 1);
	AUTO_CREDENTIAL struct credential longer = test_credential(long_one);
	e = (struct err)ERR_INIT;
	buf_reset(&text);
	buf_str(&text, "{\"x\":\"");
	while (text.len < DOCKER_CONFIG_MAX - 100)
		buf_char(&text, 'x');
	buf_str(&text, "\"}");
	file_put(path, buf_cstr(&text));
	CHECK(t.ops->check(t.s, &c, &e), "%s", e.text);
	assert_false(t.ops->prepare(t.s, &longer, &e));
	assert_non_null(strstr(e.text, "it would be larger"));
}

/* What podman is told in registries.conf is of no concern where podman does not read the file. */
static void registries_conf_is_podmans(void **state)
{
	static const char *const readers[] = { "docker", "containers" };
	char conf[4300];

	(void)state;
	(void)snprintf(conf, sizeof(conf), "%s/registries.conf", dir);
	file_put(conf, "credential-helpers = [\"secretservice\"]\n");
	assert_int_equal(setenv("CONTAINERS_REGISTRIES_CONF", conf, 1), 0);
	for (size_t i = 0; i < COUNT(readers); i++) {
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open("docker", "path", path, "readers", readers[i], NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		struct err e = ERR_INIT;
		CHECK(t.ops->check(t.s, &who, &e) == (i == 0), "%s: %s", readers[i], e.text);
		CHECK(i == 0 || strstr(e.text, "'credential-helpers' in registries.conf") != NULL,
		      "%s", e.text);
	}
	assert_int_equal(unsetenv("CONTAINERS_REGISTRIES_CONF"), 0);
}

/* A helper of ours answers for what its store has, and for no other name. */
static void a_helper_beside(void **state)
{
	static const struct {
		const char *key;
		bool ok;
	} rows[] = { { "r.io", true }, { "r.io,a", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open("docker", "path", path, "key", rows[i].key, NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_FREE char *text =
			mem_fmt("{\"credHelpers\":{\"%s\":\"acrotate\"}}", rows[i].key);
		struct err e = ERR_INIT;
		file_put(path, text);
		t.ops->beside(t.spec, rows[i].key, "r.io");
		CHECK(t.ops->check(t.s, &who, &e) == rows[i].ok, "%s: %s", rows[i].key, e.text);
	}
}

/* ---- helpers --------------------------------------------------------------------------------- */

#define NOT_FOUND "echo credentials not found in native keychain; exit 1\n"

/* clang-format off */
static const struct helper_row { const char *name, *script, *says; bool commits; } helpers[] = {
	{ "a password among its words",
	  "#!/bin/sh\n[ $1 = store ] && { echo 'no: new-one'; exit 1; }\n" NOT_FOUND,
	  "store' failed", true },
	{ "many words", "#!/bin/sh\nprintf 'a%.0s ' $(seq 300); exit 1\n", "get' failed: a a a",
	  false },
	{ "no end of an answer", "#!/bin/sh\nhead -c 2000000 /dev/zero | tr '\\0' x\n",
	  "answers with more than 1048576 bytes", false },
	{ "the list dies", "#!/bin/sh\n[ $1 = list ] && kill -KILL $$\n" NOT_FOUND,
	  "list' died of signal 9", false },
	{ "the list is none",
	  "#!/bin/sh\n[ $1 = list ] && { echo '[1]'; exit 0; }\n[ $1 = store ] && kill -KILL "
	  "$$\n" NOT_FOUND,
	  "store' died of signal 9", true },
	{ "the list is no JSON",
	  "#!/bin/sh\n[ $1 = list ] && { echo 'none'; exit 0; }\n[ $1 = store ] && { rm \"$0\"; "
	  "exit 0; }\n" NOT_FOUND,
	  "key 'program'", true },
	{ "no interpreter", "#!/nonexistent/interpreter\n", "cannot run", false },
};
/* clang-format on */

static void helpers_that_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(helpers); i++) {
		const struct helper_row *r = &helpers[i];
		AUTO_CREDENTIAL struct credential c = test_credential("new-one");
		struct err e = ERR_INIT;
		file_put(path, r->script);
		assert_int_equal(chmod(path, 0700), 0);
		AUTO_TEST_SINK struct test_sink t = test_sink_open("helper", "program", path, NULL);
		bool ok = t.ops->check(t.s, &c, &e) && t.ops->prepare(t.s, &c, &e);
		CHECK(ok == r->commits, "%s: %s", r->name, e.text);
		CHECK(!ok || !t.ops->commit(t.s, &e), "%s", r->name);
		CHECK(strstr(e.text, r->says) != NULL && strstr(e.text, "new-one") == NULL,
		      "%s: %s", r->name, e.text);
		CHECK(strlen(e.text) < 500, "%s: %s", r->name, e.text);
	}
}

#define STORES "store) cat >\"$0.entry\" ;; "
#define GIVES  "cat \"$0.entry\" 2>/dev/null || { " NOT_FOUND "} ;; "
#define GETS   "get) " GIVES

/* What it takes and does not return is a failure; a test entry that stays is a remark. */
static const struct trial_row {
	const char *name, *script, *says; /* says NULL: nothing */
	bool ok;
} trials[] = {
	{ "all of it", STORES GETS "erase) rm \"$0.entry\" ;; ", NULL, true },
	{ "it keeps nothing", "get) " NOT_FOUND ";; ",
	  "stored test entry 'r.io.acrotate.invalid' but does not return it", false },
	{ "it does not erase", STORES GETS "erase) exit 1 ;; ",
	  "it does not erase: test entry 'r.io.acrotate.invalid' stays in it", true },
	{ "it has gone by then", STORES "get) [ ! -e \"$0.entry\" ] || rm \"$0\"; " GIVES,
	  "it does not erase", true },
};

static void trials_of_helpers(void **state)
{
	char entry[4300];

	(void)state;
	(void)snprintf(entry, sizeof(entry), "%s.entry", path);
	for (size_t i = 0; i < COUNT(trials); i++) {
		const struct trial_row *r = &trials[i];
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_FREE char *script = mem_fmt("#!/bin/sh\ncase $1 in\n%sesac\n", r->script);
		struct err e = ERR_INIT;
		(void)unlink(entry);
		file_put(path, script);
		assert_int_equal(chmod(path, 0700), 0);
		AUTO_TEST_SINK struct test_sink t = test_sink_open("helper", "program", path, NULL);
		CHECK(t.ops->trial(t.s, &who, &e) == r->ok, "%s: %s", r->name, e.text);
		CHECK(strstr(e.text, r->says != NULL ? r->says : "") != NULL &&
		              (r->says != NULL || e.text[0] == '\0'),
		      "%s: %s", r->name, e.text);
		CHECK(r->ok == (e.kind == ERR_NONE), "%s: %d", r->name, (int)e.kind);
	}
}

static void a_password_too_long_for_a_helper(void **state)
{
	AUTO_CREDENTIAL struct credential c = test_credential(NULL);
	char long_one[PROCESS_INPUT_MAX + 1];
	struct err e = ERR_INIT;

	(void)state;
	(void)memset(long_one, 'x', sizeof(long_one));
	c.password = secret_new(long_one, sizeof(long_one));
	file_put(path, "#!/bin/sh\n" NOT_FOUND);
	assert_int_equal(chmod(path, 0700), 0);
	AUTO_TEST_SINK struct test_sink t = test_sink_open("helper", "program", path, NULL);
	AUTO_BUF struct buf shown = BUF_INIT(PATH_MAX);
	t.ops->describe(t.s, &shown);
	assert_string_equal(buf_cstr(&shown), path);
	assert_false(t.ops->commit(t.s, &e));
	assert_non_null(strstr(e.text, "was not prepared"));
	CHECK(t.ops->prepare(t.s, &c, &e), "%s", e.text);
	assert_false(t.ops->commit(t.s, &e));
	assert_non_null(strstr(e.text, "too long"));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, make, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_the_rights_of_its_user),
		T(places_that_are_none),
		T(a_way_that_is_none),
		T(a_home_that_is_not_known),
		T(a_file_that_is_a_mount),
		T(a_template_that_went_bad),
		T(a_text_that_grows_too_long),
		T(an_auth_of_another_user),
		T(a_config_that_is_full),
		T(registries_conf_is_podmans),
		T(a_helper_beside),
		T(helpers_that_fail),
		T(trials_of_helpers),
		T(a_password_too_long_for_a_helper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
