/* SPDX-License-Identifier: MIT */
/* The sink of type libsecret against answers of acrotate-keyring. */
#include "check.h"

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/json.h"
#include "base/keyring.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/process.h"
#include "base/secret.h"
#include "fakes/sinks.h"
#include "sink/remote.h"

#define EXITED(n) ((n) << 8)

static struct {
	const char *answer;
	int status;
	bool late, lost, missing;
	int calls;
	char verb[16];
	char *request;
	bool with_secret;
} keyring;

/* In place of the library's: nothing is started. */
char *own_program(const char *name)
{
	return keyring.missing ? NULL : mem_fmt("/libexec/%s", name);
}

bool process_find(const char *name, char **out, struct err *e)
{
	(void)name;
	(void)out;
	return err_set(e, ERR_CONFIG, "not in this test");
}

bool process_run(const struct process *p, struct buf *out, struct process_end *end, struct err *e)
{
	keyring.calls++;
	(void)snprintf(keyring.verb, sizeof(keyring.verb), "%s", p->argv[1]);
	free(keyring.request);
	keyring.request = mem_dup(buf_cstr(p->input));
	assert_string_equal(p->argv[0], "/libexec/" KEYRING_PROGRAM);
	assert_null(p->argv[2]);
	assert_null(p->extra);
	assert_true(p->timeout_ms > KEYRING_DEADLINE_S * 1000);
	if (keyring.lost)
		return err_set(e, ERR_LOCAL, "cannot run it");
	buf_str(out, keyring.answer);
	*end = (struct process_end){ .in_time = !keyring.late, .status = keyring.status };
	return true;
}

static bool check(const struct test_sink *t, struct err *e)
{
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);

	return t->ops->check(t->s, &who, e);
}

static bool read_it(const struct test_sink *t, struct err *e)
{
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;

	return t->ops->read_current(t->s, &who, &now, e);
}

static bool deliver(const struct test_sink *t, struct err *e)
{
	AUTO_CREDENTIAL struct credential c = test_credential("brand-new");

	return t->ops->prepare(t->s, &c, e) && t->ops->commit(t->s, e);
}

static const struct row {
	bool (*run)(const struct test_sink *t, struct err *e);
	const char *answer;
	int status;
	bool late, lost;
	enum err_kind kind; /* ERR_NONE: it succeeds */
	const char *says, *code;
} rows[] = {
	{ check, "{}\n", 0, false, false, ERR_NONE, "", "" },
	{ read_it, "{\"Secret\": \"old\"}\n", 0, false, false, ERR_NONE, "", "" },
	{ read_it, "{}\n", 0, false, false, ERR_NONE, "", "" },
	{ deliver, "{}\n", 0, false, false, ERR_NONE, "", "" },
	{ check, "{\"Error\": \"locked\", \"Message\": \"it is locked\"}", EXITED(75), false, false,
	  ERR_TRANSIENT, "it is locked", "locked" },
	{ read_it, "{\"Error\": \"deadline\", \"Message\": \"late\"}", EXITED(75), false, false,
	  ERR_TRANSIENT, "late", "deadline" },
	{ deliver, "{\"Error\": \"no-default\", \"Message\": \"none\"}", EXITED(69), false, false,
	  ERR_MISSING, "none", "no-default" },
	{ check, "{\"Error\": \"\", \"Message\": \"another user\"}", EXITED(65), false, false,
	  ERR_DECISION, "another user", "" },
	{ check, "{\"Message\": \"disk\"}", EXITED(74), false, false, ERR_LOCAL, "disk", "" },
	{ check, "{\"Message\": \"strange\"}", EXITED(99), false, false, ERR_LOCAL, "strange", "" },
	{ check, "{\"Message\": \"\"}", EXITED(75), false, false, ERR_LOCAL,
	  "exit status 75 and does not say why", "" },
	{ check, "no JSON", EXITED(1), false, false, ERR_LOCAL,
	  "exit status 1 and does not say why", "" },
	{ check, "[]", 0, false, false, ERR_LOCAL, "not understood", "" },
	{ read_it, "", 0, false, false, ERR_LOCAL, "not understood", "" },
	{ read_it, "{}", 0, true, false, ERR_TRANSIENT, "did not end within 8 seconds", "" },
	{ read_it, "{}", 9, false, false, ERR_LOCAL, "died of signal 9", "" },
	{ deliver, "{}", 0, false, true, ERR_LOCAL, "cannot run it", "" },
};

static void each_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		AUTO_TEST_SINK struct test_sink t = test_sink_open("libsecret", NULL);
		struct err e = ERR_INIT;
		keyring.answer = r->answer;
		keyring.status = r->status;
		keyring.late = r->late;
		keyring.lost = r->lost;
		CHECK(r->run(&t, &e) == (r->kind == ERR_NONE) && e.kind == r->kind,
		      "row %zu: %d %s", i, (int)e.kind, e.text);
		CHECK(strstr(e.text, r->says) != NULL && strstr(e.text, "brand-new") == NULL,
		      "row %zu: '%s'", i, e.text);
		CHECK_TEXT(e.code, r->code, "row %zu", i);
	}
	keyring.late = keyring.lost = false;
	keyring.status = 0;
}

static void what_is_read(void **state)
{
	static const struct {
		const char *answer, *held;
	} cases[] = { { "{\"Secret\": \"a\\\"\\u00e9\"}", "a\"\xc3\xa9" }, { "{}", NULL } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open("libsecret", NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_SECRET struct secret *held = NULL;
		struct err e = ERR_INIT;
		keyring.answer = cases[i].answer;
		assert_true(t.ops->read_current(t.s, &who, &held, &e));
		CHECK((held != NULL) == (cases[i].held != NULL) &&
		              (held == NULL || strcmp(secret_peek(held), cases[i].held) == 0),
		      "row %zu", i);
	}
}

/* What it is asked, and that the password is in no request but the one that puts it. */
static void what_is_asked(void **state)
{
	static const struct {
		bool (*run)(const struct test_sink *t, struct err *e);
		const char *take_entry, *verb, *secret;
		int calls;
	} cases[] = {
		{ check, "no", "check", NULL, 1 },
		{ read_it, "yes", "get", NULL, 1 },
		{ deliver, "yes", "put", "brand-new", 1 },
	};

	(void)state;
	keyring.answer = "{}";
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open("libsecret", "take_entry", cases[i].take_entry, NULL);
		AUTO_JSON struct json *j = NULL;
		struct err e = ERR_INIT;
		keyring.calls = 0;
		CHECK(cases[i].run(&t, &e) && keyring.calls == cases[i].calls, "row %zu: %d calls",
		      i, keyring.calls);
		CHECK_TEXT(keyring.verb, cases[i].verb, "row %zu", i);
		CHECK(json_parse(keyring.request, strlen(keyring.request), &j, &e), "row %zu: %s",
		      i, keyring.request);
		CHECK_TEXT(json_str(j, "ServerURL"), "r.io", "row %zu", i);
		CHECK_TEXT(json_str(j, "Username"), "u", "row %zu", i);
		CHECK(json_true(j, "TakeEntry") == (strcmp(cases[i].take_entry, "yes") == 0),
		      "row %zu", i);
		CHECK(cases[i].secret == NULL ? json_str(j, "Secret") == NULL
		                              : strcmp(json_str(j, "Secret"), cases[i].secret) == 0,
		      "row %zu", i);
	}
}

static void without_the_program(void **state)
{
	const struct libsecret_spec spec = { .take_entry = false };
	const struct sink_ops *ops = sink_find("libsecret");
	struct sink *s = NULL;
	char *path = NULL;
	struct err e = ERR_INIT;

	(void)state;
	keyring.missing = true;
	assert_false(ops->open(&spec, NULL, &s, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "install the package acrotate-keyring"));
	assert_false(ops->program(&spec, &path, &e));
	keyring.missing = false;
	assert_true(ops->program(&spec, &path, &e));
	assert_string_equal(path, "/libexec/acrotate-keyring");
	free(path);
}

static void life(void **state)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("libsecret", NULL);
	AUTO_BUF struct buf text = BUF_INIT(100);
	char long_name[KEYRING_REQUEST_MAX], server[] = "r.io";
	const struct credential who = { .server = server, .username = long_name };
	struct err e = ERR_INIT;

	(void)state;
	assert_false(t.ops->commit(t.s, &e));
	assert_non_null(strstr(e.text, "was not prepared"));
	t.ops->describe(t.s, &text);
	assert_string_equal(buf_cstr(&text), "the Secret Service");
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_false(t.ops->check(t.s, &who, &e));
	assert_non_null(strstr(e.text, "too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer),   cmocka_unit_test(what_is_read),
		cmocka_unit_test(what_is_asked), cmocka_unit_test(without_the_program),
		cmocka_unit_test(life),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(keyring.request);
	return failed;
}
