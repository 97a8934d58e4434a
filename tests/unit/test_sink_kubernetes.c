/* SPDX-License-Identifier: MIT */
/* The kubernetes sink against a script: what it sends when others write the Secret, too, and when it
 * lets go. The same against real servers: tests/e2e/kube_sink.t. */
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/kube_rig.h"
#include "fakes/sinks.h"
#include "sink/sink.h"

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
	bool again; /* read once more between the touch and the write, as a rotation does */
};

/* clang-format off */
static const struct row rows[] = {
	{ "as it should be", { READS(OBJECT(META("1"), OLD)), WRITES(ON("1"), OBJECT(META("2"), NEW)) }, 2, NULL, 0, 0, NULL, false },
	{ "the write is on the version of the touch",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"acrotate/epoch\":\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), WRITES(ON("2"), OBJECT(EPOCH("3", "e2"), NEW)) }, 3, "e2", 0, 0, NULL, false },
	{ "somebody's label in between is written upon",
	  { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(OBJECT(META("2"), OLD)), WRITES(ON("2"), OBJECT(META("3"), NEW)) }, 4, NULL, 0, 0, NULL, false },
	{ "so it is between reading and touching",
	  { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(OBJECT(META("2"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("3", "e2"), OLD)),
	    WRITES(ON("3"), OBJECT(EPOCH("4", "e2"), NEW)) }, 5, "e2", 0, 0, NULL, false },
	{ "another rotator before the touch", { READS(OBJECT(EPOCH("1", "e1"), OLD)), CONFLICTS(ON("1")), READS(OBJECT(EPOCH("2", "e9"), OLD)) }, 3, "e2",
	  ERR_BUSY, 0, "was written by another rotator", false },
	{ "another rotator between touch and write",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), CONFLICTS(ON("2")), READS(OBJECT(EPOCH("3", "e9"), OLD)) }, 4, "e2",
	  0, ERR_BUSY, "was written by another rotator", false },
	{ "... whom a look finds first",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), READS(OBJECT(EPOCH("3", "e9"), OLD)) }, 3, "e2",
	  0, ERR_BUSY, "was written by another rotator", true },
	{ "a look finds somebody's label",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), READS(OBJECT(EPOCH("3", "e2"), OLD)), WRITES(ON("3"), OBJECT(EPOCH("4", "e2"), NEW)) },
	  4, "e2", 0, 0, NULL, true },
	{ "a look finds the epoch gone",
	  { READS(OBJECT(META("1"), OLD)), WRITES("\"e2\"", OBJECT(EPOCH("2", "e2"), OLD)), READS(OBJECT(META("3"), OLD)) }, 3, "e2",
	  0, ERR_BUSY, "was written by another rotator", true },
	{ "a look finds one that somebody has made meanwhile",
	  { READS_NONE, READS(OBJECT(META("5"), EMPTY)), WRITES(ON("5"), OBJECT(META("6"), NEW)) }, 3, "e2", 0, 0, NULL, true },
	{ "a look finds one that another rotator has made",
	  { READS_NONE, READS(OBJECT(EPOCH("5", "e9"), EMPTY)) }, 2, "e2", 0, ERR_BUSY, "was written by another rotator", true },
	{ "one that gives no epoch, but another password", { READS(OBJECT(META("1"), OLD)), CONFLICTS(ON("1")), READS(OBJECT(META("2"), EMPTY)) }, 3, NULL,
	  0, ERR_TRANSIENT, "got another password", false },
	{ "a touch whose reply was lost", { READS(OBJECT(META("1"), OLD)), LOST("\"e2\""), CONFLICTS("\"e2\""), READS(OBJECT(EPOCH("2", "e2"), OLD)),
	    WRITES(ON("2"), OBJECT(EPOCH("3", "e2"), NEW)) }, 5, "e2", 0, 0, NULL, false },
	{ "a write whose reply was lost", { READS(OBJECT(META("1"), OLD)), LOST(ON("1")), CONFLICTS(ON("1")), READS(OBJECT(META("2"), NEW)) }, 4, NULL, 0, 0, NULL, false },
	{ "deleted before the touch", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 404, .answer = KUBE_RIG_ABSENT }, READS_NONE }, 3, "e2",
	  ERR_TRANSIENT, 0, "was deleted while we worked", false },
	{ "deleted before the write", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 404, .answer = KUBE_RIG_ABSENT }, READS_NONE }, 3, NULL,
	  0, ERR_TRANSIENT, "was deleted while we worked", false },
	{ "made where there was none, with the epoch", { READS_NONE, { HTTP_POST, "secrets?fieldManager=acrotate", .body = "\"acrotate/epoch\":\"e2\"", .status = 201,
	    .answer = OBJECT(EPOCH("1", "e2"), NEW) } }, 2, "e2", 0, 0, NULL, false },
	{ "somebody makes it at once", { READS_NONE, { HTTP_POST, "secrets?fieldManager=acrotate", .status = 409, .answer = KUBE_RIG_CONFLICT },
	    READS(OBJECT(META("5"), EMPTY)), WRITES(ON("5"), OBJECT(META("6"), NEW)) }, 4, NULL, 0, 0, NULL, false },
	{ "another rotator makes it at once", { READS_NONE, { HTTP_POST, "secrets?fieldManager=acrotate", .status = 409, .answer = KUBE_RIG_CONFLICT },
	    READS(OBJECT(EPOCH("5", "e9"), OLD)) }, 3, "e2", 0, ERR_BUSY, "was written by another rotator", false },
	{ "of another type at once", { READS_NONE, { HTTP_POST, "secrets?fieldManager=acrotate", .status = 409, .answer = KUBE_RIG_CONFLICT },
	    READS("{\"type\":\"Opaque\"," META("5") "}") }, 3, NULL, 0, ERR_DECISION, "is of type 'Opaque'", false },
	{ "it became immutable", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 422, .answer = KUBE_RIG_STATUS("Invalid", "field is immutable", "") } },
	  2, NULL, 0, ERR_DECISION, "field is immutable", false },
	{ "no right any more", { READS(OBJECT(META("1"), OLD)), { HTTP_PATCH, PATCHED, .status = 403, .answer = KUBE_RIG_STATUS("Forbidden", "User \\\"x\\\" cannot patch", "") } },
	  2, NULL, 0, ERR_DENIED, "'x' may not patch secret 'web/regcred'", false },
};
/* clang-format on */

static bool wants(const char *row, enum err_kind want, bool ok, const struct err *e,
                  const char *says)
{
	CHECK(ok == (want == ERR_NONE) && (ok || e->kind == want), "%s: %d '%s'", row, (int)e->kind,
	      e->text);
	CHECK(ok || strstr(e->text, says) != NULL, "%s: '%s'", row, e->text);
	return ok;
}

static void deliver(const struct row *row, struct sink *s, const struct sink_ops *ops)
{
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	AUTO_SECRET struct secret *held = NULL;
	struct err e = ERR_INIT;

	CHECK(ops->read_current(s, &c, &held, &e), "%s: %s", row->name, e.text);
	if (row->epoch != NULL &&
	    !wants(row->name, row->touch, ops->touch(s, &c, row->epoch, &e), &e, row->says))
		return;
	secret_free(take(&held));
	CHECK(!row->again || ops->read_current(s, &c, &held, &e), "%s: %s", row->name, e.text);
	CHECK(ops->prepare(s, &c, &e), "%s: %s", row->name, e.text);
	(void)wants(row->name, row->commit, ops->commit(s, &e), &e, row->says);
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

/* ---- what configuration says ------------------------------------------------------------------- */

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
		{ { "secret", "content" }, { "x", "{password}" }, "'content' needs 'data'" },
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_writers_in_between),
		                            cmocka_unit_test(test_keys) };

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
