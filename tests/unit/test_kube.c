/* SPDX-License-Identifier: MIT */
/* The client of Kubernetes: what is sent, what its answers mean, and what a refusal tells to do. */
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "fakes/kube_rig.h"

#define SECRETS KUBE_RIG_CORE "secrets"
#define OBJECT                                                                                     \
	"{\"metadata\":{\"name\":\"regcred\",\"resourceVersion\":\"7\",\"annotations\":{"          \
	"\"acrotate/epoch\":\"e1\"}},\"data\":{\".dockerconfigjson\":\"e30=\"}}"
#define STATUS   KUBE_RIG_STATUS
#define SUBJECT  "User \\\"system:serviceaccount:web:rot\\\" cannot get resource \\\"secrets\\\""
#define LONG_B64 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"

static const struct kube_ref ref = { .kind = KUBE_SECRET, .name = "regcred" };

/* ---- reading ---------------------------------------------------------------------------------- */

struct row {
	const char *name;
	int status;
	const char *headers, *answer;
	int tries;          /* how often it is asked for */
	enum err_kind kind; /* ERR_NONE: an answer */
	enum kube_answer means;
	const char *says, *never; /* parts of the error, and what is in none */
};

static const struct row rows[] = {
	{ "an object", 200, NULL, OBJECT, 1, ERR_NONE, KUBE_DONE, NULL, NULL },
	{ "none", 404, NULL, KUBE_RIG_ABSENT, 1, ERR_NONE, KUBE_ABSENT, NULL, NULL },
	{ "a conflict", 409, NULL, KUBE_RIG_CONFLICT, 1, ERR_NONE, KUBE_STALE, NULL, NULL },
	{ "its namespace is not there", 404, NULL,
	  STATUS("NotFound", "namespaces \\\"web\\\" not found", "\"kind\":\"namespaces\""), 1,
	  ERR_MISSING, 0, "namespace 'web' does not exist: kubectl create namespace web", NULL },
	{ "some other server", 404, NULL, "<html>not here</html>", 1, ERR_REMOTE, 0,
	  "'k8s.example' is not a Kubernetes API server", "not here" },
	{ "unknown", 401, NULL, STATUS("Unauthorized", "Unauthorized", ""), 1, ERR_AUTH, 0,
	  "does not know context 'edge' of", NULL },
	{ "no right", 403, NULL, STATUS("Forbidden", SUBJECT " in API group", ""), 1, ERR_DENIED, 0,
	  "'system:serviceaccount:web:rot' may not get secret 'web/regcred' (403): kubectl -n web "
	  "create role acrotate-secrets --verb=get --resource=secrets --resource-name=regcred && "
	  "kubectl -n web create rolebinding acrotate-secrets --role=acrotate-secrets "
	  "--serviceaccount=web:rot",
	  NULL },
	{ "no right for a user", 403, NULL,
	  STATUS("Forbidden", "User \\\"robot\\\" cannot get resource", ""), 1, ERR_DENIED, 0,
	  "--user=robot", NULL },
	{ "a webhook's refusal", 403, NULL, STATUS("Forbidden", "admission webhook denied: so", ""),
	  1, ERR_DENIED, 0, "does not let us get secret 'web/regcred' (403): admission webhook",
	  NULL },
	{ "one that quotes what may be a password", 403, NULL,
	  STATUS("Forbidden", "denied: " LONG_B64, ""), 1, ERR_DENIED, 0, "(403)", LONG_B64 },
	{ "not valid", 422, NULL, STATUS("Invalid", "field is immutable\\nand more", ""), 1,
	  ERR_DECISION, 0, "(422): field is immutable", "and more" },
	{ "not understood there", 400, NULL, STATUS("BadRequest", "found |secret| here", ""), 1,
	  ERR_REMOTE, 0, "answers 400", "found" },
	{ "too large", 413, NULL, "", 1, ERR_LOCAL, 0, "1 MiB that a cluster stores", NULL },
	{ "throttled", 429, "Retry-After: 1", STATUS("TooManyRequests", "slow down", ""), 5,
	  ERR_TRANSIENT, 0, "cannot answer now: slow down", NULL },
	{ "throttled for longer than we wait", 429, "Retry-After: 60", "", 1, ERR_TRANSIENT, 0,
	  "cannot answer now", NULL },
	{ "down", 503, NULL, "", 5, ERR_TRANSIENT, 0, "cannot answer now", NULL },
	{ "a gateway in trouble", 520, NULL, "", 1, ERR_TRANSIENT, 0, "cannot answer now", NULL },
	{ "a redirection", 307, NULL, "", 1, ERR_REMOTE, 0, "answers 307", NULL },
	{ "no JSON", 200, NULL, "<html>", 1, ERR_REMOTE, 0, "is not understood", "<html>" },
	{ "no version", 200, NULL, "{\"metadata\":{}}", 1, ERR_REMOTE, 0,
	  "no object with a version", NULL },
	{ "a version that is no text", 200, NULL, "{\"metadata\":{\"resourceVersion\":7}}", 1,
	  ERR_REMOTE, 0, "no object with a version", NULL },
};

static void test_reading(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct fake_step steps[5];
		struct kube_rig rig;
		AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
		enum kube_answer answer;
		struct err e = ERR_INIT;
		for (int k = 0; k < row->tries; k++)
			steps[k] = (struct fake_step){ HTTP_GET,
				                       SECRETS "/regcred",
				                       .bearer = "t0ken",
				                       .status = row->status,
				                       .headers = { row->headers },
				                       .answer = row->answer };
		kube_rig_open(&rig, steps, (size_t)row->tries);
		bool ok = kube_get(rig.kube, &ref, &answer, &o, &e);
		CHECK(ok == (row->kind == ERR_NONE), "%s: %s", row->name, e.text);
		CHECK(!ok || answer == row->means, "%s", row->name);
		CHECK(ok || (e.kind == row->kind && strstr(e.text, row->says) != NULL),
		      "%s: %d '%s'", row->name, (int)e.kind, e.text);
		CHECK(row->never == NULL || strstr(e.text, row->never) == NULL, "%s: '%s'",
		      row->name, e.text);
		CHECK(kube_rig_close(&rig), "%s", row->name);
	}
}

static void test_object(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, SECRETS "/regcred", .outcome = FAKE_DROP_AFTER },
		{ HTTP_GET, SECRETS "/regcred", .status = 200, .answer = OBJECT },
	};
	struct kube_rig rig;
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	enum kube_answer answer;
	struct err e = ERR_INIT;

	kube_rig_open(&rig, steps, COUNT(steps));
	CHECK(kube_get(rig.kube, &ref, &answer, &o, &e), "%s", e.text);
	CHECK_TEXT(o.version, "7", "its version");
	CHECK_TEXT(kube_annotation(&o, "acrotate/epoch"), "e1", "a name with a slash");
	CHECK_TEXT(kube_data(&o, ".dockerconfigjson"), "e30=", "a name with a dot");
	assert_null(kube_annotation(&o, "other"));
	assert_null(kube_data(&o, "dockerconfigjson"));
	assert_true(kube_rig_close(&rig));
}

/* What is to be an object is a list: it has no names. */
static void test_no_object(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, SECRETS "/regcred", .status = 200,
		  .answer = "{\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":[\"x\"]},"
		            "\"data\":[\"y\"]}" },
	};
	struct kube_rig rig;
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	enum kube_answer answer;
	struct err e = ERR_INIT;

	kube_rig_open(&rig, steps, COUNT(steps));
	CHECK(kube_get(rig.kube, &ref, &answer, &o, &e), "%s", e.text);
	assert_true(kube_annotation(&o, "x") == NULL && kube_data(&o, "y") == NULL);
	assert_true(kube_rig_close(&rig));
}

/* ---- writing ---------------------------------------------------------------------------------- */

static void test_writing(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_PATCH, SECRETS "/regcred?fieldManager=acrotate", .body = "PATCH",
		  .status = 200, .answer = OBJECT },
		{ HTTP_PATCH, SECRETS "/regcred?fieldManager=acrotate&dryRun=All", .status = 200,
		  .answer = "{}" },
		{ HTTP_POST, SECRETS "?fieldManager=acrotate&dryRun=All", .status = 201,
		  .answer = "{\"metadata\":{\"name\":\"x\"}}" },
		{ HTTP_POST, SECRETS "?fieldManager=acrotate", .body = "PATCH", .status = 409,
		  .answer = STATUS("AlreadyExists", "", "") },
		{ HTTP_DELETE, SECRETS "/regcred",
		  .body = "\"preconditions\":{\"resourceVersion\":\"7\"}", .status = 200,
		  .answer = "{}" },
	};
	struct kube_rig rig;
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	AUTO_BUF struct buf body = BUF_INIT(100);
	enum kube_answer answer;
	struct err e = ERR_INIT;

	buf_str(&body, "PATCH");
	kube_rig_open(&rig, steps, COUNT(steps));
	CHECK(kube_patch(rig.kube, &ref, &body, false, &answer, &o, &e), "%s", e.text);
	CHECK_TEXT(o.version, "7", "what came back");
	CHECK(kube_patch(rig.kube, &ref, &body, true, &answer, &o, &e), "%s", e.text);
	CHECK(kube_create(rig.kube, &ref, &body, true, &answer, &o, &e), "%s", e.text);
	CHECK_TEXT(o.version, "7", "dry runs leave it");
	CHECK(kube_create(rig.kube, &ref, &body, false, &answer, &o, &e), "%s", e.text);
	assert_int_equal(answer, KUBE_STALE);
	CHECK(kube_delete(rig.kube, &ref, "7", &answer, &e), "%s", e.text);
	assert_int_equal(answer, KUBE_DONE);
	assert_true(kube_rig_close(&rig));
}

/* Names are parts of paths. */
static void test_names(void **state)
{
	(void)state;
	static const struct kube_ref bad[] = {
		{ KUBE_SECRET, "web", "../configmaps/x" },
		{ KUBE_SECRET, "web/secrets", "x" },
		{ KUBE_SECRET, "web", "" },
		{ KUBE_SECRET, "", "x" },
	};
	struct kube_rig rig;

	kube_rig_open(&rig, NULL, 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct kube_object o = { .j = NULL };
		enum kube_answer answer;
		struct err e = ERR_INIT;
		CHECK(!kube_get(rig.kube, &bad[i], &answer, &o, &e) && e.kind == ERR_CONFIG, "%s",
		      e.text);
	}
	assert_true(kube_rig_close(&rig));
}

/* ---- lists and rights ------------------------------------------------------------------------- */

static bool count_item(void *ctx, const struct json *item, struct err *e)
{
	(void)e;
	*(int *)ctx += json_str(item, "metadata.name") != NULL;
	return true;
}

static void test_list(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, KUBE_RIG_CORE "configmaps?limit=250&labelSelector=a%2Fb%3Dc",
		  .status = 200,
		  .answer =
		          "{\"metadata\":{\"continue\":\"x=\"},\"items\":[{\"metadata\":{\"name\":"
		          "\"a\"}},{\"metadata\":{\"name\":\"b\"}}]}" },
		{ HTTP_GET,
		  KUBE_RIG_CORE "configmaps?limit=250&labelSelector=a%2Fb%3Dc&continue=x%3D",
		  .status = 200,
		  .answer = "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"c\"}}]}" },
		{ HTTP_GET, "/configmaps?limit=250", .status = 403,
		  .answer = STATUS("Forbidden", "User \\\"x\\\" cannot list", "") },
	};
	const struct kube_ref maps = { .kind = KUBE_CONFIG_MAP };
	struct kube_rig rig;
	struct err e = ERR_INIT;
	int n = 0;

	kube_rig_open(&rig, steps, COUNT(steps));
	CHECK(kube_list(rig.kube, &maps, "a/b=c", count_item, &n, &e), "%s", e.text);
	assert_int_equal(n, 3);
	assert_false(kube_list(rig.kube, &maps, "a/b=c", count_item, &n, &e));
	CHECK(e.kind == ERR_DENIED &&
	              strstr(e.text, "may not list configmaps of namespace 'web'") &&
	              strstr(e.text, "--verb=list --resource=configmaps &&"),
	      "%s", e.text);
	assert_true(kube_rig_close(&rig));
}

static void test_rights(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_POST, KUBE_RIG_REVIEW,
		  .body = "\"verb\":\"create\",\"resource\":\"secrets\"}}}", .status = 201,
		  .answer = "{\"status\":{\"allowed\":true}}" },
		{ HTTP_POST, KUBE_RIG_REVIEW,
		  .body = "\"verb\":\"patch\",\"resource\":\"secrets\",\"name\":\"regcred\"}}}",
		  .status = 201, .answer = "{\"status\":{\"allowed\":false}}" },
		{ HTTP_POST, KUBE_RIG_REVIEW, .status = 403, .answer = "{}" },
		{ HTTP_POST, KUBE_RIG_REVIEW, .status = 201, .answer = "{\"status\":{}}" },
	};
	struct kube_rig rig;
	struct err e = ERR_INIT;

	kube_rig_open(&rig, steps, COUNT(steps));
	assert_false(kube_may(rig.kube, &ref, "create patch", &e));
	CHECK(e.kind == ERR_DENIED && strstr(e.text, "may not patch secret 'web/regcred': kubectl"),
	      "%s", e.text);
	CHECK(kube_may(rig.kube, &ref, "get patch", &e), "a server that does not tell: %s", e.text);
	assert_true(kube_rig_close(&rig));
}

static void test_namespace(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		{ HTTP_GET, "=" KUBE_RIG_SERVER "/api/v1/namespaces/web", .status = 200,
		  .answer = "{\"metadata\":{\"resourceVersion\":\"1\",\"uid\":\"u-1\"}}" },
		{ HTTP_GET, "=" KUBE_RIG_SERVER "/api/v1/namespaces/gone", .status = 404,
		  .answer = STATUS("NotFound", "", "\"kind\":\"namespaces\",\"name\":\"gone\"") },
	};
	struct kube_rig rig;
	struct err e = ERR_INIT;
	const char *own = NULL;
	char *uid = NULL;

	kube_rig_open(&rig, steps, COUNT(steps));
	CHECK(kube_namespace(rig.kube, &own, &e), "%s", e.text);
	CHECK_TEXT(own, "web", "the context's");
	CHECK(kube_namespace_uid(rig.kube, "web", &uid, &e), "%s", e.text);
	CHECK_TEXT(uid, "u-1", "its uid");
	free(uid);
	CHECK(!kube_namespace_uid(rig.kube, "gone", &uid, &e) && e.kind == ERR_MISSING, "%s",
	      e.text);
	assert_true(kube_rig_close(&rig));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),   cmocka_unit_test(test_object),
		cmocka_unit_test(test_no_object), cmocka_unit_test(test_writing),
		cmocka_unit_test(test_names),     cmocka_unit_test(test_list),
		cmocka_unit_test(test_rights),    cmocka_unit_test(test_namespace),
	};

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
