/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "fakes/sinks.h"
#include "sink/sink.h"
#include "sink/template.h"

/* clang-format off */
static const struct render_row { const char *template, *want; } renders[] = {
	{ "PW={password}\n", "PW=pa+s/1\n" },
	{ "{auth}", "dTpwYStzLzE=" },
	{ "{username}:{password} {server} {expires} {slot}\n",
	  "u:pa+s/1 r.io 2026-01-01T00:00:00Z password1\n" },
	{ "configs:\n  \"{server}\":\n    auth: {username: {username}, password: \"{password}\"}\n",
	  "configs:\n  \"r.io\":\n    auth: {username: u, password: \"pa+s/1\"}\n" },
	{ "{ {x} {{password}} {PASSWORD} {password\n{password}",
	  "{ {x} {pa+s/1} {PASSWORD} {password\npa+s/1" },
	{ "machine {server} login {username} password {password}\nmachine x password {password}\n",
	  "machine r.io login u password pa+s/1\nmachine x password pa+s/1\n" },
	{ "{password} {auth}", "pa+s/1 dTpwYStzLzE=" },
	{ "https://{username}:{password:url}@{server}\n", "https://u:pa%2Bs%2F1@r.io\n" },
	{ "{\"p\":\"{password:json}\",\"a\":\"{auth:json}\"}", "{\"p\":\"pa+s/1\",\"a\":\"dTpwYStzLzE=\"}" },
	{ "a={auth:url}&p={password}\n", "a=dTpwYStzLzE%3D&p=pa+s/1\n" },
	{ "{password:xml} {password}", "{password:xml} pa+s/1" },
};
/* clang-format on */

static struct template *parsed(const char *text)
{
	struct template *t = NULL;
	struct err e = ERR_INIT;

	CHECK(template_parse(text, strlen(text), &t, &e), "%s: %s", text, e.text);
	return t;
}

static void what_is_rendered_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(renders); i++) {
		AUTO_TEMPLATE struct template *t = parsed(renders[i].template);
		AUTO_CREDENTIAL struct credential c = test_credential("pa+s/1");
		AUTO_BUF struct buf out = BUF_INIT(TEMPLATE_TEXT_MAX);
		AUTO_SECRET struct secret *back = NULL;
		struct err e = ERR_INIT;
		CHECK(template_readable(t, &e), "row %zu: %s", i, e.text);
		CHECK(template_render(t, &c, &out, &e), "row %zu: %s", i, e.text);
		CHECK_TEXT(buf_cstr(&out), renders[i].want, "row %zu", i);
		CHECK(template_match(t, buf_cstr(&out), out.len, &c, &back), "row %zu", i);
		CHECK(secret_equal(back, c.password), "row %zu", i);
	}
}

/* clang-format off */
static const struct match_row { const char *template, *text, *want; } matches[] = {
	{ "P={password}\n", "P=x\n", "x" },
	{ "P={password}\n", "P=x", NULL },
	{ "P={password}\n", "P=\n", NULL },
	{ "P={password}\n", "P=x\n\n", NULL },
	{ "P={password}\n", "P=x y\n", NULL },
	{ "P={password}\n", "P=x\r\n", NULL },
	{ "P={password}\n", "Q=x\n", NULL },
	{ "P={password}\n", "", NULL },
	{ "{server} {password}", "r.io x", "x" },
	{ "{server} {password}", "other.io x", NULL },
	{ "{username} {password}", "v x", NULL },
	{ "{password} {expires}", "x 1999-12-31T00:00:00Z", "x" },
	{ "{password} {expires}", "x never", "x" },
	{ "{password} {expires}", "x neve", NULL },
	{ "{password} {expires}", "x 1999-12-31 00:00:00Z", NULL },
	{ "{expires}{password}", "neverx", "x" },
	{ "{slot}{password}", "password2x", "x" },
	{ "{slot} {password}", "unknown x", "x" },
	{ "{slot} {password}", "password3 x", NULL },
	{ "{password} {password}", "x x", "x" },
	{ "{password} {password}", "x y", NULL },
	{ "{auth}\n", "dTp4\n", "x" },
	{ "{auth}\n", "\n", NULL },
	{ "{auth}\n", "djp4\n", NULL },                /* v:x */
	{ "{auth}\n", "dTo=\n", NULL },                /* u: */
	{ "{auth}\n", "dTp4e\n", NULL },               /* no base64 */
	{ "{password:url}@", "a%2Bb%2F%3D@", "a+b/=" },
	{ "{password:url}@", "a%2bb@", NULL },         /* as we would not write it */
	{ "{password:url}@", "a%41b@", NULL },
	{ "{password:url}@", "a%2Db@", NULL },         /* a byte that stands for itself */
	{ "{password:url}@", "a%2@", NULL },
	{ "{password:url}@", "%@", NULL },
	{ "{password:url}@", "a+b@", NULL },
	{ "{password:url}@", "a%20b@", NULL },         /* no byte of a password */
	{ "{auth:url}&", "dTp4eA%3D%3D&", "xx" },
	{ "{password:json}\"", "a/b\"", "a/b" },
	{ "{auth} {password}\n", "dTp4 x\n", "x" },
	{ "{auth} {password}\n", "dTp4 y\n", NULL },
};
/* clang-format on */

static void reads_back_what_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(matches); i++) {
		const struct match_row *r = &matches[i];
		AUTO_TEMPLATE struct template *t = parsed(r->template);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_SECRET struct secret *got = NULL;
		bool ok = template_match(t, r->text, strlen(r->text), &who, &got);
		CHECK(ok == (r->want != NULL), "row %zu", i);
		CHECK(!ok || strcmp(secret_peek(got), r->want) == 0, "row %zu", i);
		CHECK(ok || got == NULL, "row %zu", i);
	}
}

/* clang-format off */
static const struct unreadable_row { const char *template, *says; } unreadable[] = {
	{ "", "neither" },
	{ "{username}", "neither" },
	{ "{Password}", "neither" },
	{ "{password}x", "followed by 'x'" },
	{ "{password}=", "followed by '='" },
	{ "{password}/", "followed by '/'" },
	{ "{auth}.", NULL },
	{ "{auth}=", "followed by '='" },
	{ "{password}{username}", "another variable" },
	{ "{password}{password}", "another variable" },
	{ "{password} {auth}{slot}", "'{auth}' is followed by another variable" },
	{ "https://{username}:{password}@{server}", NULL },
	{ "https://{username}:{password:url}@{server}", NULL },
	{ "{password:url}%", "'{password:url}' is followed by '%'" },
	{ "{password:url}+", NULL },
	{ "{password:json}{slot}", "'{password:json}' is followed by another" },
	{ "{auth:url}=", NULL },
	{ "{server}/{password}:", NULL },
	{ "'{password}'", NULL },
};
/* clang-format on */

static void ambiguous_templates_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unreadable); i++) {
		const struct unreadable_row *r = &unreadable[i];
		AUTO_TEMPLATE struct template *t = parsed(r->template);
		struct err e = ERR_INIT;
		bool ok = template_readable(t, &e);
		CHECK(ok == (r->says == NULL), "'%s': %s", r->template, e.text);
		CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, r->says) != NULL), "'%s': %s",
		      r->template, e.text);
	}
}

static void limits(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(TEMPLATE_MAX + 10);
	struct template *t = NULL;
	struct err e = ERR_INIT;

	(void)state;
	while (text.len < TEMPLATE_MAX)
		buf_char(&text, 'x');
	assert_true(template_parse(buf_cstr(&text), text.len, &t, &e));
	template_free(t);
	buf_char(&text, 'x');
	assert_false(template_parse(buf_cstr(&text), text.len, &t, &e));
	assert_false(template_parse("a\0b", 3, &t, &e));
	/* A password that could not be read back is not written. */
	AUTO_TEMPLATE struct template *p = parsed("{password}\n");
	AUTO_CREDENTIAL struct credential c = test_credential("a b");
	AUTO_BUF struct buf out = BUF_INIT(100);
	assert_false(template_render(p, &c, &out, &e));
	assert_int_equal(out.len, 0);
}

static void no_expiry_and_no_slot(void **state)
{
	AUTO_TEMPLATE struct template *t = parsed("{password} {expires} {slot}");
	AUTO_CREDENTIAL struct credential c = test_credential("x");
	AUTO_BUF struct buf out = BUF_INIT(100);
	struct err e = ERR_INIT;

	(void)state;
	c.expires_us = 0;
	c.slot = 0;
	assert_true(template_render(t, &c, &out, &e));
	assert_string_equal(buf_cstr(&out), "x never unknown");
}

/* Whatever it is of, it is no password of ours. */
static void what_is_longer_than_a_secret(void **state)
{
	AUTO_TEMPLATE struct template *t = parsed("P={password}\n");
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_BUF struct buf text = BUF_INIT(SECRET_MAX + 100);
	struct secret *got = NULL;

	(void)state;
	buf_str(&text, "P=");
	while (text.len < SECRET_MAX + 3)
		buf_char(&text, 'x');
	buf_char(&text, '\n');
	assert_false(template_match(t, buf_cstr(&text), text.len, &who, &got));
	assert_null(got);
}

static bool is_it(void *ctx, const struct secret *s)
{
	return strcmp(ctx, secret_peek(s)) == 0;
}

#define REAL "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI+/ACR=="

/* clang-format off */
static const struct search_row { const char *name, *text, *password; bool hit; } searches[] = {
	{ "alone", "pa+s/1\n", "pa+s/1", true },
	{ "behind a name", "PASSWORD=pa+s/1\n", "pa+s/1", true },
	{ "in quotes", "x: \"pa+s/1\", y", "pa+s/1", true },
	{ "behind two names", "A=B=pa+s/1\n", "pa+s/1", true },
	{ "percent-encoded", "https://u:pa%2Bs%2F1@r.io", "pa+s/1", true },
	{ "as auth", "auth = dTpwYStzLzE=\n", "pa+s/1", true },
	{ "as auth, encoded", "a?auth=dTpwYStzLzE%3D&b", "pa+s/1", true },
	{ "as another user's auth", "auth: djpwYStzLzE=\n", "pa+s/1", false },
	{ "not there", "PASSWORD=other\n", "pa+s/1", false },
	{ "a part of it", "PASSWORD=pa+s\n", "pa+s/1", false },
	{ "more than it", "PASSWORD=pa+s/12\n", "pa+s/1", false },
	{ "a real one within a path", "/x/" REAL "/y", REAL, true },
	{ "a real one with letters around", "x" REAL "y", REAL, true },
	{ "nothing", "", "pa+s/1", false },
};
/* clang-format on */

static void finds_a_password_in_any_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(searches); i++) {
		const struct search_row *r = &searches[i];
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		const struct sink_known known = { .is = is_it,
			                          .ctx = (void *)(uintptr_t)r->password };
		AUTO_SECRET struct secret *got =
			template_search(r->text, strlen(r->text), &who, &known);
		CHECK((got != NULL) == r->hit, "%s", r->name);
		CHECK(got == NULL || strcmp(secret_peek(got), r->password) == 0, "%s", r->name);
	}
}

/* A long run of letters is no password, and what stands behind it is found all the same. */
static void finds_one_behind_a_long_run(void **state)
{
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	AUTO_BUF struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX);
	const struct sink_known known = { .is = is_it, .ctx = (char[]){ "pa+s/1" } };

	(void)state;
	while (text.len < SECRET_MAX + 1)
		buf_char(&text, 'x');
	buf_str(&text, "\npa+s/1\n");
	AUTO_SECRET struct secret *got = template_search(buf_cstr(&text), text.len, &who, &known);
	assert_non_null(got);
}

static void what_it_says(void **state)
{
	(void)state;
	static const struct {
		const char *text, *template;
		int64_t expires; /* seconds */
		int slot;
	} row[] = {
		{ "abc 2026-01-31T08:00:00Z password2\n", "{password} {expires} {slot}\n",
		  1769846400, 2 },
		{ "abc 2026-02-30T08:00:00Z password1\n", "{password} {expires} {slot}\n", 0, 1 },
		{ "abc never unknown\n", "{password} {expires} {slot}\n", 0, 0 },
		{ "abc\n", "{password}\n", 0, 0 },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_TEMPLATE struct template *t = NULL;
		AUTO_SECRET struct secret *got = NULL;
		struct sink_says says = { 1, 1 };
		struct err e = ERR_INIT;
		assert_true(template_parse(row[i].template, strlen(row[i].template), &t, &e));
		CHECK(template_read(t, row[i].text, strlen(row[i].text), &who, &got, &says),
		      "row %zu", i);
		CHECK(says.expires_us == row[i].expires * 1000000 && says.slot == row[i].slot,
		      "row %zu: %lld %d", i, (long long)says.expires_us, says.slot);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says),
		cmocka_unit_test(what_is_rendered_is_read_back),
		cmocka_unit_test(reads_back_what_fits),
		cmocka_unit_test(ambiguous_templates_are_refused),
		cmocka_unit_test(finds_a_password_in_any_form),
		cmocka_unit_test(finds_one_behind_a_long_run),
		cmocka_unit_test(what_is_longer_than_a_secret),
		cmocka_unit_test(limits),
		cmocka_unit_test(no_expiry_and_no_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
