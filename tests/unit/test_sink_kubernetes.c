/* SPDX-License-Identifier: MIT */
/* The kubernetes sink against a script: what it sends when others write the Secret, too, and when it
 * lets go. The same against real servers: tests/e2e/kube_sink.t. */
#include "check.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fakes/kube_rig.h"
#include "fakes/sinks.h"
#include "sink/remote.h"
#include "sink/sink.h"
#include "sink/template.h"

#define SECRET  KUBE_RIG_CORE "secrets/regcred"
#define PATCHED SECRET "?fieldManager=acrotate"
#define TYPE    "\"type\":\"kubernetes.io/dockerconfigjson\""
/* {"auths":{"r.io":{"auth":"dTpvbGQ="}}}, {"auths":{"r.io":{"auth":"dTpuZXc="}}}: u:old and u:new */
#define OLD     "eyJhdXRocyI6eyJyLmlvIjp7ImF1dGgiOiJkVHB2YkdRPSJ9fX0="
#define NEW     "eyJhdXRocyI6eyJyLmlvIjp7ImF1dGgiOiJkVHB1WlhjPSJ9fX0="
#define EMPTY   "e30="
#define META(v) "\"metadata\":{\"resourceVersion\":\"" v "\"}"
#define EPOCH(v, e)                                                                                \
	"\"metadata\":{\"resourceVersion\":\"" v "\",\"annotations\":{\"acrotate/epoch\":\"" e     \
	"\"}}"
#define OBJECT(meta, data) "{" TYPE "," meta ",\"data\":{\".dockerconfigjson\":\"" data "\"}}"

#define READS(object)                                                                              \
	{                                                                                          \
		HTTP_GET, SECRET, .status = 200, .answer = object                                  \
	}
#define READS_NONE                                                                                 \
	{                                                                                          \
		HTTP_GET, SECRET, .status = 404, .answer = KUBE_RIG_ABSENT                         \
	}
#define WRITES(part, object)                                                                       \
	{                                                                                          \
		HTTP_PATCH, PATCHED, .body = part, .status = 200, .answer = object                 \
	}
#define CONFLICTS(part)                                                                            \
	{                                                                                          \
		HTTP_PATCH, PATCHED, .body = part, .status = 409, .answer = KUBE_RIG_CONFLICT      \
	}
#define LOST(part)                                                                                 \
	{                                                                                          \
		HTTP_PATCH, PATCHED, .body = part, .outcome = FAKE_DROP_AFTER                      \
	}
#define ON(version) "{\"metadata\":{\"resourceVersion\":\"" version "\""

struct row {
	const char *name;
	struct fake_step steps[8];
	size_t n;
	const char *epoch; /* touched with it; NULL: not at all */
	enum err_kind touch, commit;
	const char *says;
	bool again;     /* read once more between the touch and the write, as a rotation does */
	bool not_acted; /* what failed has provably written nothing */
};

/* clang-format off */
static const struct row rows[] = {
	{ "as it should be", { READS(OBJECT(META("1"), OLD)), WRITES(ON("1"), OBJECT(META("2"), NEW)) }, 2, NULL, 0, 0, NULL, false, false },
	{ "the write is on the version of the touch",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"acrotate/epoch\":\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), WRITES(ON("2"), OBJECT(EPOCH("3", "e2"), NEW)) }, 3, "e2", 0, 0, NULL, false, false },
	{ "somebody's label in between is written upon",
	  { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(OBJECT(META("2"), OLD)), WRITES(ON("2"), OBJECT(META("3"), NEW)) }, 4, NULL, 0, 0, NULL, false, false },
	{ "so it is between reading and touching",
	  { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(OBJECT(META("2"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("3", "e2"), OLD)),
	    WRITES(ON("3"), OBJECT(EPOCH("4", "e2"), NEW)) }, 5, "e2", 0, 0, NULL, false, false },
	{ "another rotator before the touch", { READS(OBJECT(EPOCH("1", "e1"), OLD)), CONFLICTS(ON("1")), READS(OBJECT(EPOCH("2", "e9"), OLD)) }, 3, "e2",
	  ERR_BUSY, 0, "was written by another rotator", false, false },
	{ "another rotator between touch and write",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), CONFLICTS(ON("2")), READS(OBJECT(EPOCH("3", "e9"), OLD)) }, 4, "e2",
	  0, ERR_BUSY, "was written by another rotator", false, false },
	{ "... whom a look finds first",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), READS(OBJECT(EPOCH("3", "e9"), OLD)) }, 3, "e2",
	  0, ERR_BUSY, "was written by another rotator", true, true },
	{ "a look finds somebody's label",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), READS(OBJECT(EPOCH("3", "e2"), OLD)), WRITES(ON("3"), OBJECT(EPOCH("4", "e2"), NEW)) },
	  4, "e2", 0, 0, NULL, true, false },
	{ "a look finds the epoch gone",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), READS(OBJECT(META("3"), OLD)) }, 3, "e2",
	  0, ERR_BUSY, "was written by another rotator", true, true },
	{ "a look finds one that somebody has made meanwhile",
	  { READS_NONE, READS(OBJECT(META("5"), EMPTY)), WRITES(ON("5"), OBJECT(META("6"), NEW)) }, 3, "e2", 0, 0, NULL, true, false },
	{ "a look finds one that another rotator has made",
	  { READS_NONE, READS(OBJECT(EPOCH("5", "e9"), EMPTY)) }, 2, "e2", 0, ERR_BUSY, "was written by another rotator", true, true },
	{ "one that gives no epoch, but another password", { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(OBJECT(META("2"), EMPTY)) }, 3, NULL,
	  0, ERR_TRANSIENT, "got another password", false, false },
	{ "a touch whose reply was lost", { READS(OBJECT(META("1"), OLD)), LOST("\"e2\""), CONFLICTS("\"e2\""), READS(OBJECT(EPOCH("2", "e2"), OLD)),
	    WRITES(ON("2"), OBJECT(EPOCH("3", "e2"), NEW)) }, 5, "e2", 0, 0, NULL, false, false },
	{ "a write whose reply was lost", { READS(OBJECT(META("1"), OLD)), LOST(ON("1")), CONFLICTS(ON("1")), READS(OBJECT(META("2"), NEW)) }, 4, NULL, 0, 0, NULL, false, false },
	{ "deleted before the touch", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 404, .answer = KUBE_RIG_ABSENT }, READS_NONE }, 3, "e2",
	  ERR_TRANSIENT, 0, "was deleted while we worked", false, false },
	{ "deleted before the write", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 404, .answer = KUBE_RIG_ABSENT }, READS_NONE }, 3, NULL,
	  0, ERR_TRANSIENT, "was deleted while we worked", false, false },
	{ "made where there was none, with the epoch", { READS_NONE, { HTTP_POST, "secrets?fieldManager=acrotate", .body = "\"acrotate/epoch\":\"e2\"", .status = 201,
	    .answer = OBJECT(EPOCH("1", "e2"), NEW) } }, 2, "e2", 0, 0, NULL, false, false },
	{ "somebody makes it at once", { READS_NONE, { HTTP_POST, "secrets?fieldManager=acrotate", .status = 409, .answer = KUBE_RIG_CONFLICT },
	    READS(OBJECT(META("5"), EMPTY)), WRITES(ON("5"), OBJECT(META("6"), NEW)) }, 4, NULL, 0, 0, NULL, false, false },
	{ "another rotator makes it at once", { READS_NONE, { HTTP_POST, "secrets?fieldManager=acrotate", .status = 409, .answer = KUBE_RIG_CONFLICT },
	    READS(OBJECT(EPOCH("5", "e9"), OLD)) }, 3, "e2", 0, ERR_BUSY, "was written by another rotator", false, false },
	{ "of another type at once", { READS_NONE, { HTTP_POST, "secrets?fieldManager=acrotate", .status = 409, .answer = KUBE_RIG_CONFLICT },
	    READS("{\"type\":\"Opaque\"," META("5") "}") }, 3, NULL, 0, ERR_DECISION, "is of type 'Opaque'", false, false },
	{ "it became immutable", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 422, .answer = KUBE_RIG_STATUS("Invalid", "field is immutable", "") } },
	  2, NULL, 0, ERR_DECISION, "field is immutable", false, true },
	{ "no right any more", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 403, .answer = KUBE_RIG_STATUS("Forbidden", "User \\\"x\\\" cannot patch", "") } },
	  2, NULL, 0, ERR_DENIED, "'x' may not patch secret 'web/regcred'", false, true },
	{ "a write whose reply was lost, and nobody may look", { READS(OBJECT(META("1"), OLD)), LOST(ON("1")), CONFLICTS(ON("1")),
	    { HTTP_GET, SECRET, .status = 403, .answer = KUBE_RIG_STATUS("Forbidden", "User \\\"x\\\" cannot get", "") } },
	  4, NULL, 0, ERR_DENIED, "'x' may not get secret 'web/regcred'", false, false },
	{ "a write whose reply was lost, and then the right", { READS(OBJECT(META("1"), OLD)), LOST(ON("1")),
	    { HTTP_PATCH, PATCHED, .status = 403, .answer = KUBE_RIG_STATUS("Forbidden", "User \\\"x\\\" cannot patch", "") } },
	  3, NULL, 0, ERR_DENIED, "'x' may not patch secret 'web/regcred'", false, false },
};
/* clang-format on */

static void deliver(const struct row *row, struct sink *s, const struct sink_ops *ops)
{
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	AUTO_SECRET struct secret *held = NULL;
	struct err e = ERR_INIT;

	CHECK(ops->read_current(s, &c, &held, &e), "%s: %s", row->name, e.text);
	if (row->epoch != NULL &&
	    !check_ended(row->name, row->touch, ops->touch(s, &c, row->epoch, &e), &e, row->says))
		return;
	secret_free(take(&held));
	CHECK(!row->again || ops->read_current(s, &c, &held, &e), "%s: %s", row->name, e.text);
	CHECK(ops->prepare(s, &c, &e), "%s: %s", row->name, e.text);
	CHECK(check_ended(row->name, row->commit, ops->commit(s, &e), &e, row->says) ||
	              e.not_acted == row->not_acted,
	      "%s", row->name);
}

static void test_writers_in_between(void **state)
{
	(void)state;
	const struct sink_ops *ops = sink_find("kubernetes");

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct kube_rig rig;
		struct err e = ERR_INIT;
		struct sink *s = NULL;
		AUTO_FREE char *spec = mem_new(ops->spec_size);
		bool seen[16] = { false };
		kube_rig_open(&rig, rows[i].steps, rows[i].n);
		const struct sink_lent lent = { .kube = rig.kube };
		CHECK(keys_set(ops->keys, ops->n_keys, seen, spec, "secret", "regcred", &e) &&
		              keys_finish(ops->keys, ops->n_keys, seen, spec, &e) &&
		              ops->open(spec, &lent, &s, &e),
		      "%s", e.text);
		deliver(&rows[i], s, ops);
		ops->close(s);
		keys_release(ops->keys, ops->n_keys, spec);
		CHECK(kube_rig_close(&rig), "%s: the script was not played", rows[i].name);
	}
}

/* ---- what it refuses --------------------------------------------------------------------------- */

#define NO_BASE64 OBJECT(META("2"), "*")
#define NO_JSON   OBJECT(META("2"), "eA==")
/* {"r.io":{"auth":"dTpvbGQ="}} */
#define OLD_FORMAT OBJECT(META("2"), "eyJyLmlvIjp7ImF1dGgiOiJkVHB2YkdRPSJ9fQ==")
/* {"auths":{"r.io":{"auth":"eDpvbGQ="}}}: x:old */
#define ANOTHERS  OBJECT(META("2"), "eyJhdXRocyI6eyJyLmlvIjp7ImF1dGgiOiJlRHB2YkdRPSJ9fX0=")
#define FORBIDDEN KUBE_RIG_STATUS("Forbidden", "User \\\"x\\\" cannot get", "")
#define READS_FORBIDDEN                                                                            \
	{                                                                                          \
		HTTP_GET, SECRET, .status = 403, .answer = FORBIDDEN                               \
	}
#define MAY                                                                                        \
	{                                                                                          \
		HTTP_POST, KUBE_RIG_REVIEW, .status = 201,                                         \
					    .answer = "{\"status\":{\"allowed\":true}}"            \
	}

/* What is called: c check, r read_current, t touch, p prepare, w commit; a capital one fails. */
struct refusal {
	const char *name, *calls;
	struct fake_step steps[4];
	size_t n;
	enum err_kind kind;
	const char *says;
	const char *key, *content; /* beside secret = regcred */
};

/* clang-format off */
static const struct refusal refusals[] = {
	{ "touched before it was read", "T", { { 0 } }, 0, ERR_LOCAL, "secret 'regcred' was not read", NULL, NULL },
	{ "written before it was prepared", "W", { { 0 } }, 0, ERR_LOCAL, "secret 'regcred' was not prepared", NULL, NULL },
	{ "data that is no base64", "RTPC", { READS(NO_BASE64), READS(NO_BASE64) }, 2, ERR_REMOTE, "has data that is no base64", NULL, NULL },
	{ "data that is no JSON", "RTPC", { READS(NO_JSON), READS(NO_JSON) }, 2, ERR_LOCAL, "secret 'regcred': ", NULL, NULL },
	{ "the old format", "rPC", { READS(OLD_FORMAT), READS(OLD_FORMAT) }, 2, ERR_CONFIG, "the old format", NULL, NULL },
	{ "an entry of another user", "rPC", { READS(ANOTHERS), READS(ANOTHERS) }, 2, ERR_DECISION, "of another user ('x')", NULL, NULL },
	{ "prepared without the right to read", "P", { READS_FORBIDDEN }, 1, ERR_DENIED, "'x' may not get secret", NULL, NULL },
	{ "no base64 when it is written", "rpRW", { READS(OBJECT(META("1"), OLD)), READS(NO_BASE64) }, 2, ERR_REMOTE, "no base64", NULL, NULL },
	{ "the old format when it is written", "rprW", { READS(OBJECT(META("1"), OLD)), READS(OLD_FORMAT) }, 2, ERR_CONFIG, "the old format", NULL, NULL },
	{ "after a conflict no right to read", "rpW", { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS_FORBIDDEN }, 3, ERR_DENIED, "may not get", NULL, NULL },
	{ "after a conflict no base64", "rpW", { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(NO_BASE64) }, 3, ERR_REMOTE, "no base64", NULL, NULL },
	{ "after a conflict no JSON", "rpW", { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(NO_JSON) }, 3, ERR_LOCAL, "secret 'regcred': ", NULL, NULL },
	{ "after a conflict of the touch no base64", "rT", { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(NO_BASE64) }, 3, ERR_REMOTE, "no base64", NULL, NULL },
	{ "deleted since it was prepared, and not ours to make", "rprW", { READS(OBJECT(META("1"), OLD)), READS_NONE }, 2, ERR_MISSING, "does not exist: kubectl -n web create", NULL, NULL },
	{ "deleted at the write, and not ours to make", "rpW", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 404, .answer = KUBE_RIG_ABSENT }, READS_NONE },
	  3, ERR_MISSING, "does not exist: kubectl -n web create", NULL, NULL },
	{ "a password that a template cannot carry", "rP", { READS_NONE }, 1, ERR_CONFIG, "a template cannot carry", NULL, "{password}" },
	{ "a name by which nobody asks", "c", { READS(OBJECT(META("1"), EMPTY)), MAY, { HTTP_PATCH, "dryRun=All", .status = 200, .answer = OBJECT(META("2"), NEW) } }, 3, ERR_NONE,
	  "no client asks for 'r.io/v1/' by that name", "r.io/v1/", NULL },
};
/* clang-format on */

static bool call(char what, struct sink *s, const struct credential *c, struct err *e)
{
	AUTO_SECRET struct secret *held = NULL;

	switch (tolower((unsigned char)what)) {
	case 'c':
		return s->ops->check(s, c, e);
	case 'r':
		return s->ops->read_current(s, c, &held, e);
	case 't':
		return s->ops->touch(s, c, "e2", e);
	case 'p':
		return s->ops->prepare(s, c, e);
	default:
		return s->ops->commit(s, e);
	}
}

static void refuse(const struct refusal *row, const struct fake_step *steps, size_t n)
{
	AUTO_CREDENTIAL struct credential c =
		test_credential(row->content != NULL ? "with a space" : "new");
	AUTO_FREE char *key = mem_dup(row->key), *content = mem_dup(row->content);
	const struct kubernetes_spec spec = { .secret = (char[]){ "regcred" },
		                              .key = key,
		                              .content = content,
		                              .data = (char[]){ "data" } };
	struct kube_rig rig;
	struct err e = ERR_INIT;

	kube_rig_open(&rig, steps, n);
	const struct sink_lent lent = { .kube = rig.kube };
	struct sink *s = NULL;
	CHECK(sink_kubernetes.open(&spec, &lent, &s, &e), "%s", e.text);
	for (const char *p = row->calls; *p != '\0'; p++) {
		bool ok = call(*p, s, &c, &e);
		CHECK(ok == (islower((unsigned char)*p) != 0), "%s, at '%s': %s", row->name, p,
		      e.text);
		CHECK(ok || e.kind == row->kind, "%s, at '%s': %d", row->name, p, (int)e.kind);
	}
	CHECK(strstr(e.text, row->says) != NULL, "%s: '%s'", row->name, e.text);
	sink_kubernetes.close(s);
	CHECK(kube_rig_close(&rig), "%s: the script was not played", row->name);
}

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++)
		refuse(&refusals[i], refusals[i].steps, refusals[i].n);
}

/* Whatever is sent meets another version than the one that was read last. */
static void test_others_write_all_the_time(void **state)
{
	static const struct fake_step read = READS(OBJECT(META("1"), OLD)),
				      conflict = CONFLICTS(ON("1"));
	static const struct refusal row[] = {
		{ .name = "the touch", .calls = "rT" },
		{ .name = "the write", .calls = "rpW" },
	};
	struct fake_step steps[41] = { read };

	(void)state;
	for (size_t i = 1; i < COUNT(steps); i++)
		steps[i] = i % 2 == 1 ? conflict : read;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct refusal r = row[i];
		r.kind = ERR_TRANSIENT;
		r.says = "is being written by other programs all the time";
		refuse(&r, steps, COUNT(steps));
	}
}

/* Of 1 MiB a few bytes are left, fewer than our entry has. */
static void test_a_secret_that_is_full(void **state)
{
	static const struct refusal row = { .name = "full",
		                            .calls = "rpWC",
		                            .kind = ERR_LOCAL,
		                            .says = "larger than a cluster keeps" };
	AUTO_BUF struct buf object = BUF_INIT(2 * 1024 * 1024);

	(void)state;
	/* {"x":"AAA...AAA"} */
	buf_str(&object, "{" TYPE "," META("1") ",\"data\":{\".dockerconfigjson\":\"eyJ4Ijoi");
	for (size_t n = 6; n < 1024 * 1024 - 10; n += 3)
		buf_str(&object, "QUFB");
	buf_str(&object, "In0=\"}}");
	const struct fake_step read = { HTTP_GET, SECRET, .status = 200,
		                        .answer = buf_cstr(&object) },
			       may = MAY;
	const struct fake_step steps[] = { read, read, may };
	refuse(&row, steps, COUNT(steps));
}

static void test_a_template_that_is_too_large(void **state)
{
	AUTO_BUF struct buf content = BUF_INIT(2 * TEMPLATE_MAX);
	struct err e = ERR_INIT;
	struct kube_rig rig;
	struct sink *s = NULL;

	(void)state;
	buf_str(&content, "{password} ");
	while (content.len <= TEMPLATE_MAX)
		buf_char(&content, 'x');
	AUTO_FREE char *text = mem_dup(buf_cstr(&content));
	const struct kubernetes_spec spec = { .secret = (char[]){ "regcred" },
		                              .data = (char[]){ "data" },
		                              .content = text };
	assert_false(sink_kubernetes.validate(&spec, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	kube_rig_open(&rig, NULL, 0);
	const struct sink_lent lent = { .kube = rig.kube };
	assert_false(sink_kubernetes.open(&spec, &lent, &s, &e));
	assert_true(kube_rig_close(&rig));
}

static void test_without_a_client(void **state)
{
	static const struct sink_lent none = { .kube = NULL };
	const struct sink_lent *const lent[] = { NULL, &none };
	const struct kubernetes_spec spec = { .secret = (char[]){ "regcred" } };
	struct sink *s = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(lent); i++) {
		struct err e = ERR_INIT;
		CHECK(!sink_kubernetes.open(&spec, lent[i], &s, &e) && e.kind == ERR_CONFIG &&
		              strstr(e.text, "no client of Kubernetes") != NULL,
		      "row %zu: %s", i, e.text);
	}
}

/* ---- what configuration says ------------------------------------------------------------------- */

/* one more than a key of a Secret may have */
#define TEN       "0123456789"
#define FIFTY     TEN TEN TEN TEN TEN
#define LONG_NAME FIFTY FIFTY FIFTY FIFTY FIFTY "0123"

static void test_keys(void **state)
{
	(void)state;
	static const struct {
		const char *key[3], *value[3], *error;
	} keys[] = {
		{ { "secret" }, { "regcred" }, NULL },
		{ { "secret", "namespace" }, { "a.b", "web" }, NULL },
		{ { "secret" },
		  { "Reg_Cred" },
		  "key 'secret': 'Reg_Cred' is not the name of a Secret" },
		{ { "secret" }, { "../x" }, "is not the name of a Secret" },
		{ { "secret", "namespace" },
		  { "x", "a.b" },
		  "key 'namespace': 'a.b' is not the name of a namespace" },
		{ { "secret", "key" },
		  { "x", "a b" },
		  "key 'key': 'a b' is not the name of a registry" },
		{ { "secret", "content", "data" }, { "x", "{password}", "registry.env" }, NULL },
		{ { "secret", "key" }, { "x", "a\"b" }, "is not the name of a registry" },
		{ { "secret", "key" }, { "x", "a\\b" }, "is not the name of a registry" },
		{ { "secret", "key" }, { "x", "a\177b" }, "is not the name of a registry" },
		{ { "secret", "content" }, { "x", "{password}" }, "'content' needs 'data'" },
		{ { "secret", "content", "data" },
		  { "x", "{password}", LONG_NAME },
		  "'content' needs 'data'" },
		{ { "secret", "content", "data" }, { "x", "{pass}", "y" }, "key 'content'" },
		{ { "secret", "content", "data" },
		  { "x", "{password}", "a/b" },
		  "'content' needs 'data'" },
		{ { "secret", "data" }, { "x", "y" }, "'data' goes with 'content'" },
		{ { "secret", "content", "key" },
		  { "x", "{password}", "r.io" },
		  "are mutually exclusive" },
		{ { "secret", "content", "data" },
		  { "x", "nothing", "y" },
		  "key 'content': the template has neither" },
		{ { "namespace" }, { "web" }, "secret" },
	};
	const struct sink_ops *ops = sink_find("kubernetes");

	for (size_t i = 0; i < COUNT(keys); i++) {
		AUTO_FREE char *spec = mem_new(ops->spec_size);
		bool seen[16] = { false }, ok = true;
		struct err e = ERR_INIT;
		for (size_t k = 0; k < 3 && keys[i].key[k] != NULL; k++)
			ok = ok && keys_set(ops->keys, ops->n_keys, seen, spec, keys[i].key[k],
			                    keys[i].value[k], &e);
		ok = ok && keys_finish(ops->keys, ops->n_keys, seen, spec, &e) &&
		     ops->validate(spec, &e);
		CHECK(ok == (keys[i].error == NULL) &&
		              (ok || strstr(e.text, keys[i].error) != NULL),
		      "row %zu: %s", i, e.text);
		keys_release(ops->keys, ops->n_keys, spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writers_in_between),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_others_write_all_the_time),
		cmocka_unit_test(test_a_secret_that_is_full),
		cmocka_unit_test(test_a_template_that_is_too_large),
		cmocka_unit_test(test_without_a_client),
		cmocka_unit_test(test_keys),
	};

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
