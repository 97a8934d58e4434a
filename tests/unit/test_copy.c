/* SPDX-License-Identifier: MIT */
/* acrotate's own copies: what an entry may be called, where it stands, what it says, which there are. */
#include "check.h"

#include <sys/stat.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "fakes/sinks.h"
#include "sink/copy.h"

static const struct {
	const char *text, *want; /* NULL: it is no name */
} names[] = {
	{ "r.io", "r.io" },
	{ "R.IO", "r.io" },
	{ "localhost:5000", "localhost:5000" },
	{ "https://r.io", "r.io" },
	{ "https://R.io/v1/", "r.io" },
	{ "r.io/v2", "r.io" },
	{ "r.io/v2/x", "r.io/v2/x" },
	{ "r.io/", "r.io" },
	{ "r.io/team", "r.io/team" },
	{ "r.io/Team//", "r.io/Team" },
	{ "r.io/a/b/c", "r.io/a/b/c" },
	{ "r.io/a_b-c.d", "r.io/a_b-c.d" },
	{ "", NULL },
	{ "/", NULL },
	{ ".", NULL },
	{ "..", NULL },
	{ "../x", NULL },
	{ "r.io/..", NULL },
	{ "r.io/../../etc/shadow", NULL },
	{ "r.io//a", NULL },
	{ "r.io/_", NULL },
	{ "r.io,a", NULL },
	{ "r.io/a,b", NULL },
	{ "r.io/.x", NULL },
	{ "r.io\n", NULL },
	{ "r io", NULL },
	{ "r.io/a?b", NULL },
	{ "-r.io", NULL },
};

static void what_an_entry_may_be_called(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *key = NULL;
		struct err e = ERR_INIT;
		bool ok = copy_key(names[i].text, &key, &e);
		CHECK(ok == (names[i].want != NULL), "'%s'", names[i].text);
		CHECK(ok || e.kind == ERR_CONFIG, "'%s'", names[i].text);
		if (ok)
			CHECK_TEXT(key, names[i].want, "'%s'", names[i].text);
	}
	char longest[COPY_KEY_MAX + 2];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(copy_key_ok(longest));
	longest[201] = '\0';
	assert_false(copy_key_ok(longest));
	longest[200] = '\0';
	assert_true(copy_key_ok(longest));
	assert_false(copy_key_ok("r.io/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"));
	assert_true(copy_key_ok("r.io/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15"));
}

/* there: files, of which a last "/" makes a directory. */
static const struct {
	const char *there[3], *key, *want;
} places[] = {
	{ { NULL }, "r.io", "r.io" },
	{ { NULL }, "r.io/a", "r.io/a" },
	{ { "r.io" }, "r.io", "r.io" },
	{ { "r.io/", "r.io/a" }, "r.io/a", "r.io/a" },
	{ { "r.io/", "r.io/a" }, "r.io/b", "r.io/b" },
	/* One has the other in its way. */
	{ { "r.io/", "r.io/a" }, "r.io", "r.io/_" },
	{ { "r.io" }, "r.io/a", "r.io,a" },
	{ { "r.io" }, "r.io/a/b", "r.io,a,b" },
	{ { "r.io/", "r.io/a" }, "r.io/a/b", "r.io,a,b" },
	{ { "r.io/", "r.io/a/", "r.io/a/b" }, "r.io/a", "r.io/a/_" },
	/* It stays where it stands when the other has gone. */
	{ { "r.io,a" }, "r.io/a", "r.io,a" },
	{ { "r.io/", "r.io/_" }, "r.io", "r.io/_" },
};

static void make(const char *dir, const char *const there[3])
{
	char path[4300];

	(void)snprintf(path, sizeof(path), "%s/store", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	for (size_t i = 0; i < 3 && there[i] != NULL; i++) {
		(void)snprintf(path, sizeof(path), "%s/store/%s", dir, there[i]);
		if (path[strlen(path) - 1] == '/')
			assert_int_equal(mkdir(path, 0700), 0);
		else
			file_put(path, "x");
	}
}

static void where_it_stands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		char *dir = scratch_make(), want[4300];
		make(dir, places[i].there);
		AUTO_FREE char *path = copy_path(dir, places[i].key);
		(void)snprintf(want, sizeof(want), "%s/store/%s", dir, places[i].want);
		CHECK_TEXT(path, want, "row %zu", i);
		scratch_remove(dir);
	}
}

static void collect(void *ctx, const char *key, const char *path)
{
	struct buf *out = ctx;

	buf_fmt(out, "%s=%s;", key, strstr(path, "/store/") + 7);
}

static void all_are_found(void **state)
{
	static const struct {
		const char *there[3], *host, *want;
	} rows[] = {
		{ { NULL }, NULL, "" },
		{ { "r.io" }, NULL, "r.io=r.io;" },
		{ { "r.io" }, "q.io", "" },
		{ { "r.io/", "r.io/_" }, NULL, "r.io=r.io/_;" },
		{ { "r.io/", "r.io/a" }, "r.io", "r.io/a=r.io/a;" },
		{ { "r.io,a,b" }, "r.io", "r.io/a/b=r.io,a,b;" },
		{ { ".acrotate.x" }, NULL, "" },
		{ { "r.io/", "r.io/b,c" }, NULL, "" },
		{ { "_" }, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *dir = scratch_make();
		AUTO_BUF struct buf got = BUF_INIT(4096);
		struct err e = ERR_INIT;
		make(dir, rows[i].there);
		CHECK(copy_each(dir, rows[i].host, collect, &got, &e), "row %zu: %s", i, e.text);
		CHECK_TEXT(buf_cstr(&got), rows[i].want, "row %zu", i);
		scratch_remove(dir);
	}
	struct err e = ERR_INIT;
	assert_true(copy_each("/nonexistent", NULL, collect, NULL, &e));
	if (geteuid() != 0)
		return;
	/* A file where the directory is to be. */
	char *dir = scratch_make(), path[4200];
	(void)snprintf(path, sizeof(path), "%s/store", dir);
	file_put(path, "");
	assert_false(copy_each(dir, NULL, collect, NULL, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	scratch_remove(dir);
}

#define WHO "{\"server\":\"r.io\",\"username\":\"u\",\"password\":\"p\""
static const struct {
	const char *text;
	int slot; /* -1: it is none */
	int64_t expires_us;
} texts[] = {
	{ WHO "}", 0, 0 },
	{ WHO ",\"slot\":null,\"created\":null,\"expires\":null}", 0, 0 },
	{ WHO ",\"slot\":\"password2\",\"expires\":\"2026-01-01T00:00:00.000001Z\"}", 2,
	  1767225600000001 },
	{ WHO ",\"later\":[1]}", 0, 0 },
	{ WHO ",\"slot\":\"password3\"}", -1, 0 },
	{ WHO ",\"slot\":1}", -1, 0 },
	{ WHO ",\"expires\":\"soon\"}", -1, 0 },
	{ WHO ",\"created\":7}", -1, 0 },
	{ WHO, -1, 0 },
	{ "", -1, 0 },
	{ "[]", -1, 0 },
	{ "{}", -1, 0 },
	{ "{\"server\":\"r.io\",\"username\":\"u\"}", -1, 0 },
	{ "{\"server\":\"r.io\",\"username\":\"u\",\"password\":\"\"}", -1, 0 },
	{ "{\"server\":\"r.io\",\"username\":\"u\",\"password\":\"a b\"}", -1, 0 },
	{ "{\"server\":\"r.io\",\"username\":\"u\",\"password\":[\"p\"]}", -1, 0 },
	{ "{\"server\":\"r.io\",\"password\":\"p\"}", -1, 0 },
	{ "{\"server\":\"r.io\",\"username\":\"u\",\"password\":\"p\xc3\xa4ss\"}", -1, 0 },
	{ "{\"server\":\"r.io\",\"username\":\"u\",\"password\":\"p\x7f\"}", -1, 0 },
	{ "{\"server\":\"../x\",\"username\":\"u\",\"password\":\"p\"}", -1, 0 },
	{ "{\"server\":\"r.io\",\"username\":\"u:v\",\"password\":\"p\"}", -1, 0 },
};

static void what_it_says(void **state)
{
	AUTO_CREDENTIAL struct credential c = test_credential("pass+/=w0rd");
	AUTO_CREDENTIAL struct credential back = { .server = NULL };
	AUTO_BUF struct buf text = BUF_INIT(COPY_MAX);
	struct err e = ERR_INIT;

	(void)state;
	c.created = 17600000001234567;
	assert_true(copy_render(&c, &text, &e));
	assert_string_equal(buf_cstr(&text),
	                    "{\n\t\"server\": \"r.io\",\n\t\"username\": \"u\",\n\t\"password\": "
	                    "\"pass+/=w0rd\",\n\t\"slot\": \"password1\",\n\t\"created\": "
	                    "\"2025-10-09T08:53:20.1234567+00:00\",\n\t\"expires\": "
	                    "\"2026-01-01T00:00:00.000000Z\"\n}\n");
	CHECK(copy_parse(buf_cstr(&text), text.len, &back, &e), "%s", e.text);
	assert_true(secret_equal(back.password, c.password));
	assert_string_equal(back.server, "r.io");
	assert_string_equal(back.username, "u");
	assert_true(back.slot == 1 && back.expires_us == c.expires_us && back.created == c.created);
	AUTO_CREDENTIAL struct credential odd = test_credential("p\xc3\xa4ss");
	assert_false(copy_render(&odd, &text, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
}

/* Neither is written what could not be read, nor read what was never written. */
static void how_long_it_may_be(void **state)
{
	AUTO_CREDENTIAL struct credential c = test_credential(NULL);
	AUTO_CREDENTIAL struct credential back = { .server = NULL };
	AUTO_BUF struct buf text = BUF_INIT(2 * COPY_MAX);
	char password[COPY_MAX];
	struct err e = ERR_INIT;

	(void)state;
	(void)memset(password, 'x', sizeof(password));
	c.password = secret_new(password, sizeof(password));
	assert_false(copy_render(&c, &text, &e));
	assert_non_null(strstr(e.text, "larger than 16384 bytes"));
	buf_reset(&text);
	buf_str(&text, WHO "}");
	while (text.len < COPY_MAX)
		buf_char(&text, ' ');
	CHECK(copy_parse(buf_cstr(&text), text.len, &back, &e), "%s", e.text);
	buf_char(&text, ' ');
	assert_false(copy_parse(buf_cstr(&text), text.len, &back, &e));
}

static void what_it_understands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_CREDENTIAL struct credential c = { .server = NULL };
		struct err e = ERR_INIT;
		bool ok = copy_parse(texts[i].text, strlen(texts[i].text), &c, &e);
		CHECK(ok == (texts[i].slot >= 0), "row %zu: %s", i, e.text);
		CHECK(ok || (e.kind == ERR_LOCAL && c.server == NULL && c.password == NULL),
		      "row %zu", i);
		CHECK(!ok || (c.slot == texts[i].slot && c.expires_us == texts[i].expires_us),
		      "row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_entry_may_be_called),
		cmocka_unit_test(where_it_stands),
		cmocka_unit_test(all_are_found),
		cmocka_unit_test(what_it_says),
		cmocka_unit_test(what_it_understands),
		cmocka_unit_test(how_long_it_may_be),
	};

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
