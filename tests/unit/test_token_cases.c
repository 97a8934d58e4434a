/* SPDX-License-Identifier: MIT */
/*
 * Runs of the real az (tests/az/README.md) repeated by `acrotate token` against the recorded
 * replies: what is printed, the exit status, and every request that changes something have to be
 * the same, but for what differs on purpose.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "fakes/token_rig.h"
#include "output/value.h"

/* ---- what differs on purpose, and what happens instead --------------------------------------- */

enum instead {
	REFUSED, /* nothing is printed, nothing was asked for that changes anything */
	/* the first request that changes something, and no other; nothing is printed */
	ONCE,
	OTHERWISE, /* requests differ in what they say; the rest is the same */
	WIDTHS,    /* the same, but for the widths of columns */
};
/* clang-format off */
static const struct difference { const char *name; enum instead instead; int exit; const char *why; } differences[] = {
	{ "tok-create-short", REFUSED, 2, "the name of a new token is checked before any request" },
	{ "b2-vals-table", WIDTHS, 0,
	  "a cell with a tab: az asks wcwidth, where that is installed, which says -1" },
	{ "b2-sub-env", REFUSED, 3, "AZURE_SUBSCRIPTION_ID is honoured" },
	{ "gen-bothexp", REFUSED, 2, "two expirations are a usage error" },
	{ "err-create-daysneg", REFUSED, 1, "noticed before the token is created" },
	{ "update-nothing", REFUSED, 2, "update sends only what was asked for, and nothing was" },
	{ "update-scopemap", OTHERWISE, 0, "update sends only what was asked for: no status" },
	{ "rg-lookup-update", OTHERWISE, 0, "update sends only what was asked for: no status" },
	{ "http-500-once", ONCE, 1, "a generate that may have acted is not repeated" },
	{ "http-503-once", ONCE, 1, "a generate that may have acted is not repeated" },
	{ "http-500-forever", ONCE, 1, "a generate that may have acted is not repeated" },
	{ "b3-post-504-once", ONCE, 1, "a generate that may have acted is not repeated" },
	{ "rg-given-nosuchreg-generate", REFUSED, 3,
	  "with a group nothing is looked up: it is generateCredentials that finds no registry" },
};
/* clang-format on */

static const struct difference *difference_of(const char *name)
{
	for (size_t i = 0; i < COUNT(differences); i++)
		if (strcmp(differences[i].name, name) == 0)
			return &differences[i];
	return NULL;
}

/* ---- a service that replies as recorded ------------------------------------------------------ */

struct replay {
	struct http base;
	const struct value *requests; /* of the case */
	size_t at;                    /* the first that was not used */
	size_t changes;               /* requests that change something, so far */
	struct buf wrong;             /* what was asked for and should not have been */
};

static const char *const methods[] = { "GET", "PUT", "PATCH", "POST", "DELETE" };

static bool path_is(const char *url, const char *path)
{
	static const char host[] = "https://management.azure.com";
	size_t n = strlen(path);

	if (strncmp(url, host, sizeof(host) - 1) != 0)
		return false;
	url += sizeof(host) - 1;
	return strncmp(url, path, n) == 0 && (url[n] == '\0' || url[n] == '?');
}

/* Members in any order, and an expiry counted in days is another at every run. */
static bool same_body(const struct buf *sent, const char *want)
{
	AUTO_ARENA struct arena *a = arena_new((size_t)1024 * 1024);
	const struct value *x, *y;
	struct err e = ERR_INIT;

	if (sent == NULL || want == NULL)
		return sent == NULL && want == NULL;
	if (!value_from_json(a, buf_cstr(sent), sent->len, &x, &e) ||
	    !value_from_json(a, want, strlen(want), &y, &e))
		return false;
	const char *expiry = value_str(x, "expiry"), *recorded = value_str(y, "expiry");
	/* Az sends a fraction only where it counts days; what was given is to be the same. */
	bool counted = recorded != NULL && expiry != NULL &&
	               strlen(recorded) > strlen("2031-12-31T12:59:59Z") && recorded[0] == '2';
	AUTO_MEMBERS struct value_members m = { 0 };
	for (size_t i = 0; i < x->n; i++)
		value_members_put(&m, x->member[i].key,
		                  counted && strcmp(x->member[i].key, "expiry") == 0
		                          ? value_get(y, "expiry")
		                          : x->member[i].value);
	return value_equal(value_members_object(a, &m, false), y);
}

/* A reply is given once, and none before what was changed ahead of it: reading may be left out,
 * changing may not. */
static const struct value *find_reply(struct replay *r, const struct http_request *rq)
{
	for (size_t i = r->at; i < r->requests->n; i++) {
		const struct value *want = r->requests->item[i];
		const char *method = value_str(want, "method");
		if (strcmp(method, methods[rq->method]) == 0 &&
		    path_is(rq->url, value_str(want, "path"))) {
			r->at = i + 1;
			return want;
		}
		if (strcmp(method, "GET") != 0)
			break;
	}
	return NULL;
}

static void set_headers(const struct value *headers, struct http_response *rs)
{
	const char *wait = value_str(headers, "Retry-After");
	int64_t seconds;

	rs->operation = mem_dup(value_str(headers, "Azure-AsyncOperation"));
	rs->location = mem_dup(value_str(headers, "Location"));
	rs->challenge = mem_dup(value_str(headers, "WWW-Authenticate"));
	if (wait != NULL && str_int(wait, 0, 1000, &seconds))
		rs->retry_after_ms = seconds * 1000;
}

static void set_body(const char *text, struct http_response *rs)
{
	rs->body = (struct buf)BUF_INIT(strlen(text));
	buf_str(&rs->body, text);
}

static bool replay_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                        struct err *e)
{
	struct replay *r = (struct replay *)h;

	http_response_clear(rs);
	if (token_rig_identity(rq, rs))
		return true;
	const struct value *want = find_reply(r, rq);
	if (rq->method != HTTP_GET) {
		r->changes++;
		if (want == NULL || !same_body(rq->body, value_str(want, "body")))
			buf_fmt(&r->wrong, "%s %s %s\n", methods[rq->method], rq->url,
			        rq->body == NULL ? "" : buf_cstr(rq->body));
	}
	if (want == NULL) {
		rs->status = 404;
		set_body("{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"not recorded\"}}",
		         rs);
		return true;
	}
	const struct value *reply = value_get(want, "response");
	if (reply->type == VALUE_NULL)
		return err_set(e, ERR_TRANSIENT, "the connection was dropped");
	rs->status = (int)value_get(reply, "status")->number.whole;
	set_body(value_str(reply, "body") == NULL ? "" : value_str(reply, "body"), rs);
	set_headers(value_get(reply, "headers"), rs);
	return true;
}

static void replay_close(struct http *h)
{
	(void)h;
}

static size_t changes_of(const struct value *one)
{
	const struct value *list = value_get(one, "requests");
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += strcmp(value_str(list->item[i], "method"), "GET") != 0;
	return n;
}

/* ---- one case -------------------------------------------------------------------------------- */

struct got {
	int exit;
	size_t changes;
	char *out, *err, *wrong;
};

static void got_clear(struct got *g)
{
	free(g->out);
	free(g->err);
	free(g->wrong);
}

static void repeat(struct token_rig *rig, const struct value *one, bool both_slots, struct got *g)
{
	struct replay r = { .base = { .send = replay_send, .close = replay_close },
		            .requests = value_get(one, "requests"),
		            .wrong = BUF_INIT(100000) };
	const struct value *args = value_get(one, "args"), *env = value_get(one, "env");
	const char *words[64];
	size_t n = 0;

	for (; n < args->n; n++)
		words[n] = args->item[n]->text;
	if (both_slots) {
		words[n++] = "--password1";
		words[n++] = "--password2";
	}
	words[n] = NULL;
	for (size_t i = 0; i < env->n; i++)
		assert_int_equal(setenv(env->member[i].key, env->member[i].value->text, 1), 0);
	const struct value *tty = value_get(one, "tty");
	rig->tty[TOKEN_IN] = rig->tty[TOKEN_OUT] = rig->tty[TOKEN_ERR] =
		tty != NULL && tty->type == VALUE_TRUE;
	if (value_get(one, "stdout_apart") != NULL)
		rig->tty[TOKEN_OUT] = rig->tty[TOKEN_ERR] = false;
	rig->input = value_str(one, "stdin");
	g->exit = token_rig_run(rig, &r.base, words);
	g->changes = r.changes;
	g->out = mem_dup(buf_cstr(&rig->out));
	g->err = mem_dup(buf_cstr(&rig->err));
	g->wrong = mem_dup(buf_cstr(&r.wrong));
	buf_free(&r.wrong);
	for (size_t i = 0; i < env->n; i++)
		(void)unsetenv(env->member[i].key);
}

static void expect_refused(const char *name, const struct got *g, int exit)
{
	CHECK(g->exit == exit, "%s: exit %d, want %d: %s", name, g->exit, exit, g->err);
	CHECK_TEXT(g->out, "", "%s", name);
	CHECK(g->err[0] != '\0', "%s", name);
}

/* Runs of blanks or dashes become one. Caller frees. */
static char *squeezed(const char *text)
{
	char *copy = mem_dup(text), *to = copy;

	for (const char *s = text; *s != '\0'; s++)
		if ((*s != ' ' && *s != '-') || s == text || s[-1] != *s)
			*to++ = *s;
	*to = '\0';
	return copy;
}

static void expect_same(const struct value *one, const struct got *g, const struct difference *d)
{
	bool widths_too = d == NULL || d->instead != WIDTHS;
	bool body_too = d == NULL || d->instead != OTHERWISE;
	const char *said = value_str(one, "stdout");
	AUTO_FREE char *got = widths_too ? mem_dup(g->out) : squeezed(g->out);
	AUTO_FREE char *want = widths_too ? mem_dup(said) : squeezed(said);
	const char *name = value_str(one, "name");
	const struct value *tty = value_get(one, "tty");

	CHECK(g->exit == (int)value_get(one, "exit")->number.whole, "%s: exit %d: %s", name,
	      g->exit, g->err);
	if (tty == NULL || value_get(one, "stdout_apart") != NULL)
		CHECK_TEXT(got, want, "%s", name);
	CHECK(g->changes == changes_of(one), "%s: %zu changes", name, g->changes);
	if (body_too)
		CHECK_TEXT(g->wrong, "", "%s", name);
}

/* The first line of az's error, where it is az itself who speaks: usage errors in words, and
 * refusals of the service. */
static void expect_words(const struct value *one, const struct got *g)
{
	const char *recorded = strstr(value_str(one, "stderr"), "ERROR: (");

	/* Or it is Python that speaks, of a connection that was lost. */
	if (recorded == NULL || strncmp(recorded, "ERROR: ('", 9) == 0)
		return;
	AUTO_FREE char *line = mem_dup_n(recorded, strcspn(recorded, "\n"));
	CHECK(strstr(g->err, line) != NULL, "%s: want '%s' in '%s'", value_str(one, "name"), line,
	      g->err);
}

static bool lacks_slot(const struct value *one)
{
	const struct value *args = value_get(one, "args");

	if (args->n < 2 || strcmp(args->item[0]->text, "credential") != 0 ||
	    strcmp(args->item[1]->text, "generate") != 0)
		return false;
	for (size_t i = 0; i < args->n; i++)
		if (strncmp(args->item[i]->text, "--password", 10) == 0)
			return false;
	return true;
}

/* az would have replaced both passwords. Refused; and the same with both slots named is what az
 * does. */
static void expect_slots_wanted(struct token_rig *rig, const struct value *one)
{
	AUTO(got_clear) struct got g = { 0 };
	int exit = (int)value_get(one, "exit")->number.whole;

	repeat(rig, one, false, &g);
	/* What az refuses as well, it may refuse for its own reason. */
	CHECK(g.exit == 2 || (exit != 0 && g.exit == exit), "%s: exit %d", value_str(one, "name"),
	      g.exit);
	CHECK(g.changes == 0, "%s", value_str(one, "name"));
	CHECK_TEXT(g.out, "", "%s", value_str(one, "name"));
}

static void play(struct token_rig *rig, const struct value *one, const struct difference *d)
{
	AUTO(got_clear) struct got g = { 0 };

	if (lacks_slot(one))
		expect_slots_wanted(rig, one);
	repeat(rig, one, lacks_slot(one), &g);
	if (d == NULL || d->instead == OTHERWISE || d->instead == WIDTHS) {
		expect_same(one, &g, d);
		expect_words(one, &g);
		return;
	}
	expect_refused(d->name, &g, d->exit);
	/* A registry that does not exist takes a request as well as it can. */
	if (strcmp(d->name, "rg-given-nosuchreg-generate") != 0)
		CHECK(g.changes == (d->instead == ONCE ? 1 : 0), "%s: %zu changes", d->name,
		      g.changes);
}

static void test_cases(void **state)
{
	FILE *f = fopen("tests/az/cases.jsonl", "r");
	struct token_rig rig;
	char *line = NULL;
	size_t cap = 0, n = 0, differing = 0;

	(void)state;
	assert_non_null(f);
	token_rig_open(&rig);
	while (getline(&line, &cap, f) > 0) {
		AUTO_ARENA struct arena *a = arena_new((size_t)64 * 1024 * 1024);
		const struct value *one = NULL;
		struct err e = ERR_INIT;
		CHECK(value_from_json(a, line, strlen(line), &one, &e), "%s", e.text);
		const struct difference *d = difference_of(value_str(one, "name"));
		play(&rig, one, d);
		differing += d != NULL;
		n++;
	}
	free(line);
	(void)fclose(f);
	token_rig_close(&rig);
	assert_int_equal(n, 212);
	assert_int_equal(differing, COUNT(differences));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
