/* SPDX-License-Identifier: MIT */
/* The keyvault sink against a script: what a version says, what it keeps of the one before, and what
 * it refuses to replace. The same against the emulator: tests/e2e/vault_sink.t. */
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "check.h"
#include "fakes/sinks.h"
#include "fakes/vault_rig.h"
#include "sink/remote.h"
#include "sink/sink.h"
#include "sink/template.h"

#define OLD "oldoldoldoldoldoldoldoldoldoldoldoldoldoldoldoldoldo"
#define NEW "newnewnewnewnewnewnewnewnewnewnewnewnewnewnewnewnewn"
#define SECRET(value, more)                                                                        \
	"{\"value\":\"" value "\",\"id\":\"https://kv.example/secrets/web-pull/1\"" more "}"
#define TAGS(t) ",\"tags\":{" t "}"
#define OURS    TAGS("\"acrotate-slot\":\"password1\"")
#define READS(answer_)                                                                             \
	{                                                                                          \
		HTTP_GET, "=" VAULT_RIG_SECRET, .status = 200, .answer = answer_                   \
	}
#define READS_NONE                                                                                 \
	{                                                                                          \
		HTTP_GET, "=" VAULT_RIG_SECRET, .status = 404, .answer = VAULT_RIG_ABSENT          \
	}
#define WRITES(part)                                                                               \
	{                                                                                          \
		HTTP_PUT, "=" VAULT_RIG_SECRET, .body = part, .status = 200,                       \
						.answer = SECRET(NEW, OURS)                        \
	}

struct row {
	const char *name;
	struct fake_step steps[4];
	const char *content, *type;
	const char *holds; /* what is read first; NULL: nothing of ours */
	enum err_kind prepare, commit;
	const char *says;
};

static const struct row rows[] = {
	{ "none yet",
	  { VAULT_RIG_TOKEN("T"), READS_NONE,
	    WRITES("{\"value\":\"" NEW "\",\"attributes\":{\"enabled\":true,\"exp\":1767225600},"
	           "\"tags\":{\"acrotate-slot\":\"password1\",\"acrotate-created\":\"2025-12-02T"
	           "00:00:00.0000000+00:00\",\"acrotate-expires\":\"2026-01-01T00:00:00Z\","
	           "\"CredentialId\":\"password1\",\"ProviderAddress\":\"/subscriptions/s/"
	           "registries/r\",\"ValidityPeriodDays\":\"30\"}}") },
	  NULL,
	  NULL,
	  NULL,
	  0,
	  0,
	  NULL },
	{ "ours",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET(OLD, OURS)), WRITES("\"" NEW "\"") },
	  NULL,
	  NULL,
	  OLD,
	  0,
	  0,
	  NULL },
	{ "a registry's password that somebody put there",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET(OLD, "")), WRITES("\"" NEW "\"") },
	  NULL,
	  NULL,
	  OLD,
	  0,
	  0,
	  NULL },
	{ "other people's tags and the type stay",
	  { VAULT_RIG_TOKEN("T"),
	    READS(SECRET(OLD,
	                 ",\"contentType\":\"text/x\"" TAGS(
				 "\"team\":\"shop\",\"acrotate-slot\":\"password2\",\"n\":1"))),
	    WRITES("\"30\",\"team\":\"shop\"}}") },
	  NULL,
	  NULL,
	  OLD,
	  0,
	  0,
	  NULL },
	{ "the type, too",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET(OLD, ",\"contentType\":\"text/x\"" OURS)),
	    WRITES("\",\"contentType\":\"text/x\",\"attributes\"") },
	  NULL,
	  NULL,
	  OLD,
	  0,
	  0,
	  NULL },
	{ "a type of our own",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET(OLD, ",\"contentType\":\"text/x\"" OURS)),
	    WRITES("\",\"contentType\":\"text/y\",\"attributes\"") },
	  NULL,
	  "text/y",
	  OLD,
	  0,
	  0,
	  NULL },
	{ "fifteen tags and no more",
	  { VAULT_RIG_TOKEN("T"),
	    READS(SECRET(OLD, TAGS("\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":\"\",\"6\":"
	                           "\"\",\"7\":\"\",\"8\":\"\",\"9\":\"\",\"10\":\"\""))),
	    WRITES("\"9\":\"\"}}") },
	  NULL,
	  NULL,
	  OLD,
	  0,
	  0,
	  NULL },
	{ "a template",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET("u/" OLD, OURS)),
	    WRITES("{\"value\":\"u/" NEW "\"") },
	  "{username}/{password}",
	  NULL,
	  OLD,
	  0,
	  0,
	  NULL },
	{ "another user's",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET("x/" OLD, OURS)) },
	  "{username}/{password}",
	  NULL,
	  NULL,
	  ERR_DECISION,
	  0,
	  "secret 'web-pull' of key vault 'kv.example' has other content than the template" },
	{ "no registry's password",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET("hunter2", "")) },
	  NULL,
	  NULL,
	  "hunter2",
	  ERR_DECISION,
	  0,
	  "is not a registry's password, and was not written by acrotate: name another one; if it "
	  "is to "
	  "be "
	  "replaced, az keyvault secret set-attributes --vault-name kv --name web-pull --tags "
	  "acrotate-slot=unknown" },
	{ "but with our tag",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET("hunter2", TAGS("\"acrotate-slot\":\"unknown\""))),
	    WRITES("\"" NEW "\"") },
	  NULL,
	  NULL,
	  "hunter2",
	  0,
	  0,
	  NULL },
	{ "an empty one",
	  { VAULT_RIG_TOKEN("T"), READS(SECRET("", "")) },
	  NULL,
	  NULL,
	  NULL,
	  ERR_DECISION,
	  0,
	  "has other content than the template" },
	{ "deleted meanwhile",
	  { VAULT_RIG_TOKEN("T"),
	    READS_NONE,
	    { HTTP_PUT, "=" VAULT_RIG_SECRET, .status = 409,
	      .answer = VAULT_RIG_ERROR("Conflict", "x", "ObjectIsDeletedButRecoverable") } },
	  NULL,
	  NULL,
	  NULL,
	  0,
	  ERR_DECISION,
	  "was deleted and can be recovered" },
};

static struct test_sink open_sink(const struct row *row, const struct vault_rig *r)
{
	struct test_sink t = { .ops = sink_find("keyvault") };
	bool seen[16] = { false };
	struct err e = ERR_INIT;

	t.spec = mem_new(t.ops->spec_size);
	CHECK(keys_set(t.ops->keys, t.ops->n_keys, seen, t.spec, "vault", VAULT_RIG_URL "/", &e) &&
	              keys_set(t.ops->keys, t.ops->n_keys, seen, t.spec, "secret", "web-pull",
	                       &e) &&
	              (row->content == NULL || keys_set(t.ops->keys, t.ops->n_keys, seen, t.spec,
	                                                "content", row->content, &e)) &&
	              (row->type == NULL || keys_set(t.ops->keys, t.ops->n_keys, seen, t.spec,
	                                             "content_type", row->type, &e)) &&
	              keys_finish(t.ops->keys, t.ops->n_keys, seen, t.spec, &e) &&
	              t.ops->validate(t.spec, &e) && t.ops->fits(t.spec, &r->azure, &e) &&
	              t.ops->open(t.spec, &r->lent, &t.s, &e),
	      "%s: %s", row->name, e.text);
	return t;
}

static void deliver(const struct row *row, struct test_sink *t)
{
	AUTO_CREDENTIAL struct credential c = test_credential(NEW);
	AUTO_SECRET struct secret *held = NULL, *want = NULL;
	struct err e = ERR_INIT;

	c.created = (c.expires_us / 1000000 - 30 * 86400) * STR_TICKS_PER_S;
	c.provider = mem_dup("/subscriptions/s/registries/r");
	CHECK(t->ops->read_current(t->s, &c, &held, &e), "%s: %s", row->name, e.text);
	want = row->holds != NULL ? secret_new(row->holds, strlen(row->holds)) : NULL;
	CHECK(want == NULL ? held == NULL : secret_equal(held, want), "%s: held", row->name);
	if (!check_ended(row->name, row->prepare, t->ops->prepare(t->s, &c, &e), &e, row->says))
		return;
	(void)check_ended(row->name, row->commit, t->ops->commit(t->s, &e), &e, row->says);
}

static void deliveries(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct vault_rig r;
		size_t n = 0;

		while (n < COUNT(rows[i].steps) && rows[i].steps[n].url != NULL)
			n++;
		vault_rig_open(&r, rows[i].steps, n);
		struct test_sink t = open_sink(&rows[i], &r);
		deliver(&rows[i], &t);
		test_sink_close(&t);
		CHECK(vault_rig_close(&r), "%s: the script was not played", rows[i].name);
	}
}

/* ---- what it says ------------------------------------------------------------------------------- */

static void says(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		int64_t expires;
		int slot;
	} row[] = {
		{ SECRET(OLD, ",\"attributes\":{\"exp\":1767225600}" OURS), 1767225600, 1 },
		{ SECRET(OLD, TAGS("\"acrotate-slot\":\"password2\",\"acrotate-expires\":"
		                   "\"2026-01-01T00:00:00Z\"")),
		  1767225600, 2 },
		{ SECRET(OLD, ",\"attributes\":{\"exp\":-1}" TAGS("\"acrotate-slot\":\"unknown\"")),
		  0, 0 },
		{ SECRET(OLD, TAGS("\"acrotate-expires\":\"never\"")), 0, 0 },
		{ SECRET(OLD, TAGS("\"acrotate-expires\":7,\"acrotate-slot\":1")), 0, 0 },
		{ SECRET(OLD, ",\"attributes\":[]"), 0, 0 },
		{ SECRET(OLD, ",\"tags\":[\"acrotate-slot\"]"), 0, 0 },
		{ SECRET(OLD, ",\"tags\":\"acrotate-slot\""), 0, 0 },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct row none = { .name = "says" };
		const struct fake_step steps[] = { VAULT_RIG_TOKEN("T"), READS(row[i].answer) };
		AUTO_CREDENTIAL struct credential c = test_credential(NULL);
		AUTO_SECRET struct secret *held = NULL;
		struct sink_says out;
		struct vault_rig r;
		struct err e = ERR_INIT;

		vault_rig_open(&r, steps, COUNT(steps));
		struct test_sink t = open_sink(&none, &r);
		t.ops->says(t.s, &out);
		CHECK(out.expires_us == 0 && out.slot == 0, "row %zu: before it was read", i);
		CHECK(t.ops->read_current(t.s, &c, &held, &e), "row %zu: %s", i, e.text);
		t.ops->says(t.s, &out);
		CHECK(out.expires_us == row[i].expires * 1000000 && out.slot == row[i].slot,
		      "row %zu: %lld %d", i, (long long)out.expires_us, out.slot);
		test_sink_close(&t);
		CHECK(vault_rig_close(&r), "row %zu", i);
	}
}

/* ---- another form ------------------------------------------------------------------------------- */

static bool is_old(void *ctx, const struct secret *s)
{
	(void)ctx;
	return secret_len(s) == strlen(OLD) && memcmp(secret_peek(s), OLD, strlen(OLD)) == 0;
}

/* What was delivered by another template is found, and may be replaced then. */
static void another_template(void **state)
{
	(void)state;
	static const struct row row = {
		"another template",
		{ VAULT_RIG_TOKEN("T"), READS(SECRET("PASS=" OLD ";", OURS)),
		  READS(SECRET("PASS=" OLD ";", OURS)), WRITES("{\"value\":\"u/" NEW "\"") },
		"{username}/{password}",
		NULL,
		NULL,
		0,
		0,
		NULL
	};
	const struct sink_known known = { .is = is_old };
	AUTO_CREDENTIAL struct credential c = test_credential(NEW);
	AUTO_SECRET struct secret *held = NULL, *found = NULL;
	struct vault_rig r;
	struct err e = ERR_INIT;

	vault_rig_open(&r, row.steps, 4);
	struct test_sink t = open_sink(&row, &r);
	assert_true(t.ops->read_current(t.s, &c, &held, &e) && held == NULL);
	assert_false(t.ops->prepare(t.s, &c, &e));
	assert_true(t.ops->find(t.s, &c, &known, &found, &e) && is_old(NULL, found));
	assert_true(t.ops->read_current(t.s, &c, &held, &e) && held == NULL);
	assert_true(t.ops->prepare(t.s, &c, &e) && t.ops->commit(t.s, &e));
	t.ops->abort(t.s);
	assert_false(t.ops->commit(t.s, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	test_sink_close(&t);
	assert_true(vault_rig_close(&r));
}

/* ---- check -------------------------------------------------------------------------------------- */

#define PROBED(status_, answer_)                                                                   \
	{                                                                                          \
		HTTP_PATCH, "/secrets/web-pull/0000", .status = (status_), .answer = (answer_)     \
	}
#define ASKED_DELETED(status_)                                                                     \
	{                                                                                          \
		HTTP_GET, "/deletedsecrets/web-pull", .status = (status_), .answer = "{}"          \
	}

static void checks(void **state)
{
	(void)state;
	static const struct row check[] = {
		{ "one that is there",
		  { VAULT_RIG_TOKEN("T"), READS(SECRET(OLD, OURS)), PROBED(404, VAULT_RIG_ABSENT) },
		  NULL,
		  NULL,
		  NULL,
		  0,
		  0,
		  NULL },
		{ "none",
		  { VAULT_RIG_TOKEN("T"), READS_NONE, ASKED_DELETED(404),
		    PROBED(404, VAULT_RIG_ABSENT) },
		  NULL,
		  NULL,
		  NULL,
		  0,
		  0,
		  NULL },
		{ "deleted",
		  { VAULT_RIG_TOKEN("T"), READS_NONE, ASKED_DELETED(200) },
		  NULL,
		  NULL,
		  NULL,
		  ERR_DECISION,
		  0,
		  "az keyvault secret recover" },
		{ "may not write",
		  { VAULT_RIG_TOKEN("T"), READS(SECRET(OLD, OURS)), PROBED(403, "{}") },
		  NULL,
		  NULL,
		  NULL,
		  ERR_DENIED,
		  0,
		  "may not write secret 'web-pull'" },
		{ "another program's",
		  { VAULT_RIG_TOKEN("T"), READS(SECRET("hunter2", "")) },
		  NULL,
		  NULL,
		  NULL,
		  ERR_DECISION,
		  0,
		  "is not a registry's password" },
	};

	for (size_t i = 0; i < COUNT(check); i++) {
		AUTO_CREDENTIAL struct credential c = test_credential(NULL);
		struct vault_rig r;
		struct err e = ERR_INIT;
		size_t n = 0;

		while (n < COUNT(check[i].steps) && check[i].steps[n].url != NULL)
			n++;
		vault_rig_open(&r, check[i].steps, n);
		struct test_sink t = open_sink(&check[i], &r);
		(void)check_ended(check[i].name, check[i].prepare, t.ops->check(t.s, &c, &e), &e,
		                  check[i].says);
		test_sink_close(&t);
		CHECK(vault_rig_close(&r), "%s: the script was not played", check[i].name);
	}
}

/* ---- what cannot be done ------------------------------------------------------------------------ */

static void without_a_client(void **state)
{
	(void)state;
	const struct keyvault_spec spec = { .vault = (char[]){ VAULT_RIG_URL },
		                            .secret = (char[]){ "web-pull" },
		                            .content = (char[]){ "{password}" } },
				   abroad = { .vault = (char[]){ "contoso" },
		                              .secret = (char[]){ "web-pull" },
		                              .content = (char[]){ "{password}" } };
	struct vault_rig r;
	struct sink *s = NULL;

	vault_rig_open(&r, NULL, 0);
	const struct sink_lent nothing = { .arms = NULL }, nobody = { .arms = r.lent.arms };
	const struct {
		const struct keyvault_spec *spec;
		const struct sink_lent *lent;
		const char *says;
	} row[] = {
		{ &spec, NULL, "no client of Azure" },
		{ &spec, &nothing, "no client of Azure" },
		{ &spec, &nobody, "no client of Azure" },
		/* a cloud of one's own has no suffix for a vault's name */
		{ &abroad, &r.lent, "'vault'" },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = ERR_INIT;
		CHECK(!sink_keyvault.open(row[i].spec, row[i].lent, &s, &e) &&
		              e.kind == ERR_CONFIG && strstr(e.text, row[i].says) != NULL,
		      "row %zu: %s", i, e.text);
	}
	assert_true(vault_rig_close(&r));
}

/* A template that is larger than one may be; one whose value is larger than a vault keeps; one that
 * is so only as JSON. */
static void how_large_it_may_be(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		char with;
		bool opens, prepares;
	} row[] = {
		{ TEMPLATE_MAX, 'x', false, false },
		{ 26 * 1024, 'x', true, false },
		{ 24 * 1024, '\x01', true, true },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct fake_step steps[] = { VAULT_RIG_TOKEN("T"), READS_NONE };
		AUTO_CREDENTIAL struct credential c = test_credential(NEW);
		AUTO_BUF struct buf content = BUF_INIT(2 * TEMPLATE_MAX);
		AUTO_SECRET struct secret *held = NULL;
		struct vault_rig r;
		struct sink *s = NULL;
		struct err e = ERR_INIT;

		buf_str(&content, "{password} ");
		while (content.len < row[i].n + 11)
			buf_char(&content, row[i].with);
		AUTO_FREE char *text = mem_dup(buf_cstr(&content));
		const struct keyvault_spec spec = { .vault = (char[]){ VAULT_RIG_URL },
			                            .secret = (char[]){ "web-pull" },
			                            .content = text };
		vault_rig_open(&r, steps, row[i].opens ? COUNT(steps) : 0);
		CHECK(sink_keyvault.open(&spec, &r.lent, &s, &e) == row[i].opens, "row %zu: %s", i,
		      e.text);
		CHECK(sink_keyvault.validate(&spec, &e) == row[i].opens, "row %zu: %s", i, e.text);
		if (row[i].opens) {
			AUTO_BUF struct buf shown = BUF_INIT(1000);
			sink_keyvault.describe(s, &shown);
			CHECK_TEXT(buf_cstr(&shown), "secret web-pull of key vault kv.example",
			           "row %zu", i);
			CHECK(sink_keyvault.read_current(s, &c, &held, &e), "row %zu: %s", i,
			      e.text);
			bool ok = sink_keyvault.prepare(s, &c, &e);
			CHECK(ok == row[i].prepares, "row %zu: %s", i, e.text);
			CHECK(!ok || !sink_keyvault.commit(s, &e), "row %zu", i);
			CHECK(e.kind == ERR_LOCAL &&
			              strstr(e.text, "larger than a key vault") != NULL,
			      "row %zu: %s", i, e.text);
			sink_keyvault.close(s);
		}
		CHECK(vault_rig_close(&r), "row %zu", i);
	}
}

static void a_password_that_it_cannot_carry(void **state)
{
	(void)state;
	static const struct fake_step steps[] = { VAULT_RIG_TOKEN("T"), READS_NONE };
	static const struct row none = { .name = "a space" };
	AUTO_CREDENTIAL struct credential c = test_credential("with a space");
	struct vault_rig r;
	struct err e = ERR_INIT;

	vault_rig_open(&r, steps, COUNT(steps));
	struct test_sink t = open_sink(&none, &r);
	assert_false(t.ops->prepare(t.s, &c, &e));
	assert_non_null(strstr(e.text, "a template cannot carry"));
	test_sink_close(&t);
	assert_true(vault_rig_close(&r));
}

static void prepared_without_a_look(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		VAULT_RIG_TOKEN("T"),
		{ HTTP_GET, "=" VAULT_RIG_SECRET, .status = 403,
		  .answer =
		          VAULT_RIG_ERROR("Forbidden", "The user does not have secrets get", "") },
		{ HTTP_GET, "=" VAULT_RIG_SECRET, .status = 403,
		  .answer =
		          VAULT_RIG_ERROR("Forbidden", "The user does not have secrets get", "") },
	};
	static const struct row none = { .name = "prepared" };
	AUTO_CREDENTIAL struct credential c = test_credential(NEW);
	AUTO_SECRET struct secret *held = NULL;
	struct vault_rig r;
	struct err e = ERR_INIT;

	vault_rig_open(&r, steps, COUNT(steps));
	struct test_sink t = open_sink(&none, &r);
	assert_false(t.ops->prepare(t.s, &c, &e));
	assert_int_equal(e.kind, ERR_DENIED);
	assert_false(t.ops->read_current(t.s, &c, &held, &e));
	test_sink_close(&t);
	assert_true(vault_rig_close(&r));
}

/* ---- what configuration says -------------------------------------------------------------------- */

static void keys(void **state)
{
	(void)state;
	static const struct {
		const char *key[3], *value[3], *error;
	} row[] = {
		{ { "vault", "secret" }, { "contoso", "web-pull" }, NULL },
		{ { "vault", "secret", "content" }, { "c", "w", "{username}:{password}" }, NULL },
		{ { "vault", "secret" },
		  { "contoso", "web_pull" },
		  "'web_pull' is not the name of a key vault's secret" },
		{ { "vault", "secret" },
		  { "contoso", "../x" },
		  "is not the name of a key vault's secret" },
		{ { "vault", "secret", "content" },
		  { "c", "w", "nothing" },
		  "key 'content': the template has neither" },
		{ { "vault" }, { "contoso" }, "secret" },
		{ { "secret" }, { "web-pull" }, "vault" },
	};
	const struct sink_ops *ops = sink_find("keyvault");

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *spec = mem_new(ops->spec_size);
		bool seen[16] = { false }, ok = true;
		struct err e = ERR_INIT;
		for (size_t k = 0; k < 3 && row[i].key[k] != NULL; k++)
			ok = ok && keys_set(ops->keys, ops->n_keys, seen, spec, row[i].key[k],
			                    row[i].value[k], &e);
		ok = ok && keys_finish(ops->keys, ops->n_keys, seen, spec, &e) &&
		     ops->validate(spec, &e);
		CHECK(ok == (row[i].error == NULL) && (ok || strstr(e.text, row[i].error) != NULL),
		      "row %zu: %s", i, e.text);
		keys_release(ops->keys, ops->n_keys, spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(deliveries),
		                            cmocka_unit_test(says),
		                            cmocka_unit_test(another_template),
		                            cmocka_unit_test(checks),
		                            cmocka_unit_test(keys),
		                            cmocka_unit_test(without_a_client),
		                            cmocka_unit_test(how_large_it_may_be),
		                            cmocka_unit_test(a_password_that_it_cannot_carry),
		                            cmocka_unit_test(prepared_without_a_look) };

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
