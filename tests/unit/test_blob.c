/* SPDX-License-Identifier: MIT */
/* The client of Blob Storage: what its answers mean, and what a refusal tells to do. */
#include "azure/blob.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "emulator/identity.h"
#include "emulator/storage.h"
#include "fakes/storage_http.h"

#define ERROR(text)                                                                                \
	"\xef\xbb\xbf<?xml version=\"1.0\" "                                                       \
	"encoding=\"utf-8\"?><Error><Code>C</Code><Message>" text                                  \
	"\nRequestId:1\nTime:2</Message></Error>"

static struct storage_http *storage;
static struct blob_place place;
static struct blob *blob;

static int open_it(void **state)
{
	(void)state;
	storage = storage_http_new();
	place = storage_http_place();
	blob = blob_new(&place, storage->arm, storage->lender, &storage->env.env);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	blob_free(blob);
	blob_place_clear(&place);
	storage_http_free(storage);
	return 0;
}

static bool get(enum blob_answer *answer, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(1000);
	AUTO_FREE char *version = NULL;

	return blob_get(blob, "web", answer, &text, &version, e);
}

static bool put(const char *body, char **version, enum blob_answer *answer, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(1000);

	buf_str(&text, body);
	return blob_put(blob, "web", &text, answer, version, e);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int status;
	const char *code, *text;
	int tries;
	enum err_kind kind; /* ERR_NONE: an answer */
	enum blob_answer means;
	const char *says;
} rows[] = {
	{ "none", 404, "BlobNotFound", NULL, 1, ERR_NONE, BLOB_ABSENT, NULL },
	{ "no container", 404, "ContainerNotFound", ERROR("none"), 1, ERR_MISSING, 0,
	  "storage account 'emulatedstore' has no container 'records': az storage container create "
	  "--account-name emulatedstore --name records --auth-mode login" },
	{ "another server", 404, NULL, "<html>not here</html>", 1, ERR_REMOTE, 0,
	  "'localhost' does not answer like a blob service: 404" },
	{ "a token for something else", 401, "InvalidAuthenticationInfo", ERROR("Audience."), 2,
	  ERR_AUTH, 0,
	  "does not accept our token: check tenant_id, cloud and storage_audience in [azure] (401 "
	  "InvalidAuthenticationInfo: Audience.)" },
	{ "a token of the wrong time", 403, "AuthenticationFailed", NULL, 1, ERR_AUTH, 0,
	  "does not accept our token" },
	{ "no right", 403, "AuthorizationPermissionMismatch", ERROR("This"), 1, ERR_DENIED, 0,
	  "the identity may not read blob 'prod/web' of container 'records' of storage account "
	  "'emulatedstore' (403 AuthorizationPermissionMismatch): az role assignment create --role "
	  "'Storage Blob Data Contributor' --assignee 55555555-5555-5555-5555-555555555555 --scope "
	  "\"$(az storage account show --name emulatedstore --query id --output "
	  "tsv)/blobServices/default/containers/records\"" },
	{ "a firewall", 403, "AuthorizationFailure", ERROR("This request is not authorized"), 1,
	  ERR_DENIED, 0,
	  "does not let this host in (403 AuthorizationFailure: This request is not authorized): "
	  "az "
	  "storage account network-rule add --account-name emulatedstore --ip-address ADDRESS" },
	{ "a lease", 412, "LeaseIdMissing", NULL, 1, ERR_DECISION, 0,
	  "somebody holds a lease on blob 'prod/web': az storage blob lease break --account-name "
	  "emulatedstore --container-name records --blob-name prod/web --auth-mode login" },
	{ "a legal hold", 409, "BlobImmutableDueToPolicy", ERROR("Not permitted."), 1, ERR_DECISION,
	  0,
	  "cannot read blob 'prod/web' of container 'records' of storage account 'emulatedstore' "
	  "(409 BlobImmutableDueToPolicy: Not permitted.)" },
	{ "a container that goes", 409, "ContainerBeingDeleted", NULL, 1, ERR_TRANSIENT, 0,
	  "cannot answer now (409 ContainerBeingDeleted)" },
	{ "too large", 413, "RequestBodyTooLarge", NULL, 1, ERR_LOCAL, 0, "would be larger" },
	{ "throttled", 429, NULL, NULL, 5, ERR_TRANSIENT, 0, "cannot answer now (429)" },
	{ "busy", 503, "ServerBusy", ERROR("The server is busy."), 5, ERR_TRANSIENT, 0,
	  "cannot answer now (503 ServerBusy: The server is busy.)" },
	{ "down", 500, "InternalError", "no XML", 5, ERR_TRANSIENT, 0,
	  "cannot answer now (500 InternalError)" },
	{ "a time-out", 408, NULL, NULL, 5, ERR_TRANSIENT, 0, "cannot answer now (408)" },
	{ "not understood there", 400, "InvalidHeaderValue", ERROR("One"), 1, ERR_REMOTE, 0,
	  "does not answer like a blob service: 400 InvalidHeaderValue: One" },
	{ "a redirection", 307, NULL, NULL, 1, ERR_REMOTE, 0, "like a blob service" },
	{ "nothing", 0, NULL, NULL, 5, ERR_TRANSIENT, 0,
	  "storage account 'emulatedstore': the reply was lost" },
	{ "a blob without a version", 200, NULL, "x", 1, ERR_REMOTE, 0, "a blob without an ETag" },
	{ "a portal that wants a login", 200, "foreign", "<html>", 1, ERR_REMOTE, 0,
	  "'localhost' does not answer like a blob service: 200" },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = ERR_INIT;
		enum blob_answer answer = BLOB_DONE;
		(void)open_it(NULL);
		storage->net.failing = 99;
		storage->net.only = STORAGE_ACCOUNT;
		storage->net.status = rows[i].status;
		storage->net.code = rows[i].code;
		storage->net.text = rows[i].text;
		bool ok = get(&answer, &e);
		CHECK(ok == (rows[i].kind == ERR_NONE), "%s: %s", rows[i].name, e.text);
		CHECK(!ok || answer == rows[i].means, "%s", rows[i].name);
		CHECK(ok || (e.kind == rows[i].kind && strstr(e.text, rows[i].says) != NULL),
		      "%s: %d '%s'", rows[i].name, e.kind, e.text);
		CHECK(99 - storage->net.failing == (size_t)rows[i].tries, "%s: %zu tries",
		      rows[i].name, 99 - storage->net.failing);
		CHECK(ok || e.status == rows[i].status || rows[i].status == 200, "%s",
		      rows[i].name);
		(void)close_it(NULL);
	}
}

/* What answers in the service's place may quote what it was sent. */
static void test_quoted(void **state)
{
	static const char token[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6Ik1uQ19WWmNB";
	enum blob_answer answer;
	struct err e = ERR_INIT;

	(void)state;
	storage->net.failing = 1;
	storage->net.only = STORAGE_ACCOUNT;
	storage->net.status = 400;
	storage->net.code = "InvalidHeaderValue";
	storage->net.text = ERROR("Bearer "
	                          "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6Ik1uQ19WWmNB");
	assert_false(get(&answer, &e));
	CHECK(strstr(e.text, "400 InvalidHeaderValue") != NULL && strstr(e.text, token) == NULL,
	      "%s", e.text);
}

/* The service's wish is obeyed, as far as anybody waits; else the caller is told. */
static void test_retry_after(void **state)
{
	(void)state;
	enum blob_answer answer;
	struct err e = ERR_INIT;

	storage->net = (struct emulator_http){ .emu = storage->net.emu,
		                               .failing = 1,
		                               .status = 503,
		                               .code = "ServerBusy",
		                               .retry_after_ms = 4000,
		                               .only = STORAGE_ACCOUNT };
	CHECK(get(&answer, &e) && answer == BLOB_ABSENT, "%s", e.text);
	CHECK(storage->env.slept_ms == 4000, "%lld", (long long)storage->env.slept_ms);
	storage->net.failing = 9;
	storage->net.retry_after_ms = 600000;
	CHECK(!get(&answer, &e) && e.kind == ERR_TRANSIENT && e.retry_after_known &&
	              e.retry_after_ms == 600000,
	      "%s", e.text);
	assert_int_equal(storage->net.failing, 8);
}

/* A clock that is wrong is named as the reason only where the service says what time it is. */
static void test_clock(void **state)
{
	(void)state;
	static const struct {
		int64_t off;
		int status;
		const char *code, *says;
	} clocks[] = {
		{ 1200, 403, "AuthenticationFailed", "this host's clock is 20m slow: set it" },
		{ -7200, 401, "InvalidAuthenticationInfo", "this host's clock is 2h fast: set it" },
		{ 200, 401, "InvalidAuthenticationInfo", "check tenant_id" },
		{ 1200, 403, "AuthorizationPermissionMismatch", "az role assignment create" },
	};

	for (size_t i = 0; i < COUNT(clocks); i++) {
		enum blob_answer answer;
		struct err e = ERR_INIT;
		storage->net.failing = 2;
		storage->net.only = STORAGE_ACCOUNT;
		storage->net.status = clocks[i].status;
		storage->net.code = clocks[i].code;
		storage->net.date = env_now(&storage->env.env) + clocks[i].off;
		CHECK(!get(&answer, &e) && strstr(e.text, clocks[i].says) != NULL, "%zu: %s", i,
		      e.text);
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

static void test_conditions(void **state)
{
	(void)state;
	AUTO_FREE char *mine = NULL, *none = NULL, *old = NULL;
	enum blob_answer answer;
	struct err e = ERR_INIT;

	CHECK(put("one", &mine, &answer, &e) && answer == BLOB_DONE, "%s", e.text);
	CHECK(put("other", &none, &answer, &e) && answer == BLOB_STALE && none == NULL, "%s",
	      e.text);
	old = mem_dup(mine);
	CHECK(put("two", &mine, &answer, &e) && answer == BLOB_DONE, "%s", e.text);
	CHECK(strcmp(old, mine) != 0, "%s", mine);
	CHECK(put("late", &old, &answer, &e) && answer == BLOB_STALE, "%s", e.text);
	CHECK(blob_delete(blob, "web", old, &answer, &e) && answer == BLOB_STALE, "%s", e.text);
	CHECK(blob_delete(blob, "web", mine, &answer, &e) && answer == BLOB_DONE, "%s", e.text);
	CHECK(blob_delete(blob, "web", mine, &answer, &e) && answer == BLOB_STALE, "%s", e.text);
	CHECK(put("again", &mine, &answer, &e) && answer == BLOB_STALE,
	      "what was to be replaced is gone: %s", e.text);
}

/* One 401 may only mean that the token was revoked: then another one is fetched, once. */
static void test_renewal(void **state)
{
	(void)state;
	enum blob_answer answer;
	struct err e = ERR_INIT;

	CHECK(get(&answer, &e), "%s", e.text);
	size_t before = storage->net.count;
	storage->net.failing = 1;
	storage->net.only = STORAGE_ACCOUNT;
	storage->net.status = 401;
	storage->net.code = "InvalidAuthenticationInfo";
	CHECK(get(&answer, &e) && answer == BLOB_ABSENT, "%s", e.text);
	assert_int_equal(storage->net.count - before, 3);
}

/* ---- rights ---------------------------------------------------------------------------------- */

#define ACTION "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"

static void test_rights(void **state)
{
	(void)state;
	static const struct {
		const char *action, *says;
	} rights[] = {
		{ "Microsoft.ContainerRegistry/*", "the identity may not read blob 'prod/web'" },
		{ ACTION "read", "the identity may not write blob 'prod/web'" },
		{ ACTION "write", NULL },
	};
	AUTO_FREE char *mine = NULL;
	enum blob_answer answer;
	struct err e = ERR_INIT;

	storage->app->limited = true;
	for (size_t i = 0; i < COUNT(rights); i++) {
		model_strings_add(&storage->app->actions, rights[i].action);
		bool ok = blob_may(blob, "web", &e);
		CHECK(ok == (rights[i].says == NULL), "%zu: %s", i, e.text);
		CHECK(ok || (e.kind == ERR_DENIED && strstr(e.text, rights[i].says) != NULL),
		      "%zu: %s", i, e.text);
	}
	/* Nothing was written by asking, where there is a blob and where there is none. */
	CHECK(get(&answer, &e) && answer == BLOB_ABSENT, "%s", e.text);
	CHECK(put("one", &mine, &answer, &e) && answer == BLOB_DONE, "%s", e.text);
	CHECK(blob_may(blob, "web", &e), "%s", e.text);
	CHECK(put("two", &mine, &answer, &e) && answer == BLOB_DONE, "nobody wrote: %s", e.text);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static bool add_name(void *ctx, const char *name, struct err *e)
{
	buf_fmt(ctx, "%s ", name);
	return strcmp(name, "stop") != 0 || err_set(e, ERR_CONFLICT, "stopped");
}

static void put_at(const char *below)
{
	AUTO_FREE char *text = NULL;

	assert_int_equal(storage_http_do(storage, "PUT", below, NULL, "x", &text), 201);
}

static void test_list(void **state)
{
	(void)state;
	AUTO_BUF struct buf none = BUF_INIT(1000), all = BUF_INIT(1000);
	struct err e = ERR_INIT;

	put_at("/elsewhere");
	put_at("/prod2/x");
	put_at("/prod/deeper/y");
	CHECK(blob_list(blob, add_name, &none, &e) && none.len == 0, "%s %s", buf_cstr(&none),
	      e.text);
	for (int i = 0; i < 10; i++) {
		AUTO_FREE char *below = mem_fmt("/prod/%d&<b>", i);
		put_at(below);
	}
	size_t before = storage->net.count;
	CHECK(blob_list(blob, add_name, &all, &e), "%s", e.text);
	CHECK_TEXT(buf_cstr(&all), "0&<b> 1&<b> 2&<b> 3&<b> 4&<b> 5&<b> 6&<b> 7&<b> 8&<b> 9&<b> ",
	           "all pages");
	/* ten, and the folder that is passed over, in pages of three */
	assert_int_equal(storage->net.count - before, 4);
	put_at("/prod/stop");
	CHECK(!blob_list(blob, add_name, &all, &e) && e.kind == ERR_CONFLICT, "%s", e.text);
}

static void test_bad_lists(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} lists[] = {
		{ "", "the list of container 'records': the XML is not understood" },
		{ "<html></html>", "it is not a list of blobs" },
		{ "<EnumerationResults><Blobs/><NextMarker>x</NextMarker></EnumerationResults>",
		  "it does not end after 1000 pages" },
	};

	for (size_t i = 0; i < COUNT(lists); i++) {
		AUTO_BUF struct buf all = BUF_INIT(1000);
		struct err e = ERR_INIT;
		storage->net.failing = 2000;
		storage->net.only = STORAGE_ACCOUNT;
		storage->net.status = 200;
		storage->net.text = lists[i].text;
		CHECK(!blob_list(blob, add_name, &all, &e) && e.kind == ERR_REMOTE &&
		              strstr(e.text, lists[i].says) != NULL,
		      "%zu: %s", i, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test_setup_teardown(test_quoted, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_retry_after, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_clock, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_conditions, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_renewal, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_rights, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_list, open_it, close_it),
		cmocka_unit_test_setup_teardown(test_bad_lists, open_it, close_it),
	};

	secret_setup();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	storage_http_end();
	return failed;
}
