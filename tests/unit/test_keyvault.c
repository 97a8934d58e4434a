/* SPDX-License-Identifier: MIT */
/* The client of key vaults: which host a token may go to, what is sent, what the answers mean, and
 * what a refusal tells to do. */
#include "azure/keyvault.h"

#include "azure/arms.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "check.h"
#include "fakes/vault_rig.h"

#define ERROR VAULT_RIG_ERROR
#define OTHER                                                                                      \
	"\"attributes\":{\"enabled\":true,\"exp\":1700000000},\"tags\":{\"acrotate-slot\":"        \
	"\"password1\",\"a.b\":\"c\",\"n\":7}"
#define SECRET "{\"value\":\"pw\",\"id\":\"https://kv.example/secrets/web-pull/1\"," OTHER "}"
#define CALLER                                                                                     \
	"Caller is not authorized to perform action on resource.\\r\\nCaller: "                    \
	"appid=a1;oid=b2-c3;iss=https://sts.windows.net/x/\\r\\nAction: "                          \
	"'Microsoft.KeyVault/vaults/secrets/getSecret/action'\\r\\nResource: "                     \
	"'/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/kv/secrets/"       \
	"web-pull'\\r\\nAssignment: (not found)"
#define POLICY                                                                                     \
	"The user, group or application 'appid=a1;oid=b2-c3;iss=https://sts.windows.net/x/' does " \
	"not have secrets get permission on key vault 'kv;location=westus'."
#define DELETED                                                                                    \
	"Secret web-pull is currently in a deleted but recoverable state, and its name cannot be " \
	"reused"
#define LONG "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"

/* ---- names -------------------------------------------------------------------------------------- */

static void names(void **state)
{
	(void)state;
	static char public[] = "public", us[] = "usgovernment", china[] = "china",
		    custom[] = "custom";
	static const struct {
		char *cloud;
		const char *vault, *url, *says;
	} row[] = {
		{ NULL, "contoso", "https://contoso.vault.azure.net", NULL },
		{ public, "contoso", "https://contoso.vault.azure.net", NULL },
		{ us, "contoso", "https://contoso.vault.usgovcloudapi.net", NULL },
		{ china, "contoso", "https://contoso.vault.azure.cn", NULL },
		{ NULL, "https://contoso.vault.azure.net/", "https://contoso.vault.azure.net",
		  NULL },
		{ NULL, "HTTPS://Contoso.Vault.Azure.Net", "https://Contoso.Vault.Azure.Net",
		  NULL },
		{ NULL, "https://contoso.vault.azure.cn", NULL,
		  "is not a key vault of this cloud, whose hosts end with '.vault.azure.net'" },
		{ NULL, "https://contoso.vault.azure.net.evil.example", NULL,
		  "is not a key vault of this cloud" },
		{ NULL, "https://contosovault.azure.net", NULL,
		  "is not a key vault of this cloud" },
		{ NULL, "https://.vault.azure.net", NULL, "is not a key vault of this cloud" },
		{ NULL, "https://evil.example/.vault.azure.net", NULL, "has more in it" },
		{ NULL, "https://evil.example#.vault.azure.net", NULL, "has more in it" },
		{ NULL, "https://evil.example?.vault.azure.net", NULL, "has more in it" },
		{ NULL, "https://evil.example\\.vault.azure.net", NULL, "has more in it" },
		{ NULL, "https://u@contoso.vault.azure.net", NULL, "has more in it" },
		{ NULL, "https://", NULL, "has more in it" },
		{ NULL, "http://contoso.vault.azure.net", NULL, "neither a vault's name nor" },
		{ NULL, "contoso.vault.azure.net", NULL, "neither a vault's name nor" },
		{ NULL, "", NULL, "neither a vault's name nor" },
		{ custom, "https://kv.local:8443/", "https://kv.local:8443", NULL },
		{ custom, "contoso", NULL, "in a custom cloud a vault is given by its URL" },
		{ custom, "http://kv.local", NULL, "neither a vault's name nor" },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct azure_spec azure = { .cloud = row[i].cloud };
		AUTO_FREE char *url = NULL;
		struct err e = ERR_INIT;

		bool ok = keyvault_url(&azure, row[i].vault, &url, &e);
		CHECK(ok == (row[i].url != NULL), "'%s': %s", row[i].vault, e.text);
		CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, row[i].says) != NULL),
		      "'%s': %s", row[i].vault, e.text);
		if (ok)
			CHECK_TEXT(url, row[i].url, "%s", row[i].vault);
	}
}

static void places(void **state)
{
	(void)state;
	static const struct {
		const char *vault, *name, *want;
	} row[] = {
		{ "contoso", "web", "contoso/web" },
		{ "Contoso", "Web", "contoso/web" },
		{ "https://contoso.vault.azure.net", "web", "contoso/web" },
		{ "https://CONTOSO.vault.azure.net/", "web", "contoso/web" },
		{ "https://contoso.vault.azure.cn", "web", "contoso/web" },
		{ "https://kv.local:8443/", "web", "kv.local:8443/web" },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf out = BUF_INIT(256);

		keyvault_place(row[i].vault, row[i].name, &out);
		CHECK_TEXT(buf_cstr(&out), row[i].want, "%s", row[i].vault);
	}
	assert_true(keyvault_secret_name_ok("a-B9"));
	assert_false(keyvault_secret_name_ok(""));
	assert_false(keyvault_secret_name_ok("a/b") || keyvault_secret_name_ok("a.b") ||
	             keyvault_secret_name_ok("a_b"));
	char long_name[129];
	memset(long_name, 'a', 128);
	long_name[128] = '\0';
	assert_false(keyvault_secret_name_ok(long_name));
	assert_true(keyvault_secret_name_ok(long_name + 1));
}

/* ---- answers ------------------------------------------------------------------------------------ */

enum verb { GET, PUT, MAY_WRITE, MAY_CREATE };

struct row {
	const char *name;
	enum verb verb;
	int status;
	const char *headers, *answer;
	int tries;
	enum err_kind kind; /* ERR_NONE: an answer */
	const char *says, *never;
};

static const struct row rows[] = {
	{ "a secret", GET, 200, NULL, SECRET, 1, ERR_NONE, NULL, NULL },
	{ "none", GET, 404, NULL, VAULT_RIG_ABSENT, 1, ERR_NONE, NULL, NULL },
	{ "some other server", GET, 404, NULL, "<html>not here</html>", 1, ERR_REMOTE,
	  "'kv.example' is not a key vault (404)", "not here" },
	{ "a vault that is not there", GET, 404, NULL, ERROR("VaultNotFound", "no vault", ""), 1,
	  ERR_MISSING, "does not find secret 'web-pull' (404): no vault", NULL },
	{ "... nor for a write", PUT, 404, NULL, ERROR("VaultNotFound", "no vault", ""), 1,
	  ERR_MISSING, "does not find secret 'web-pull' (404): no vault", NULL },
	{ "no role", GET, 403, NULL, ERROR("Forbidden", CALLER, "ForbiddenByRbac"), 1, ERR_DENIED,
	  "may not read secret 'web-pull' of key vault 'kv.example' (403); the role is 'Key Vault "
	  "Secrets Officer' (for a job that only reads it, 'Key Vault Secrets User'): az role "
	  "assignment create --role 'Key Vault Secrets Officer' --assignee-object-id b2-c3 "
	  "--assignee-principal-type ServicePrincipal --scope "
	  "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/kv/secrets/"
	  "web-pull",
	  NULL },
	{ "no policy", GET, 403, NULL, ERROR("Forbidden", POLICY, "AccessDenied"), 1, ERR_DENIED,
	  "az keyvault set-policy --name kv --object-id b2-c3 --secret-permissions get set", NULL },
	{ "a firewall", GET, 403, NULL, ERROR("Forbidden", "x", "ForbiddenByFirewall"), 1,
	  ERR_DENIED, "az keyvault network-rule add --name kv --ip-address", NULL },
	{ "disabled", GET, 403, NULL,
	  "{\"error\":{\"code\":\"Forbidden\",\"message\":\"Operation get is not allowed on a "
	  "disabled secret.\",\"innerError\":{\"code\":\"SecretDisabled\"}}}",
	  1, ERR_DECISION,
	  "is disabled: az keyvault secret set-attributes --vault-name kv --name web-pull "
	  "--enabled true",
	  NULL },
	{ "a proxy's refusal", GET, 403, NULL, "<html>no</html>", 1, ERR_DENIED,
	  "--assignee-object-id OBJECT-ID", "<html>" },
	{ "deleted", PUT, 409, NULL, ERROR("Conflict", DELETED, "ObjectIsDeletedButRecoverable"), 1,
	  ERR_DECISION,
	  "was deleted and can be recovered: az keyvault secret recover --vault-name kv --name "
	  "web-pull",
	  NULL },
	{ "being deleted", PUT, 409, NULL, ERROR("Conflict", "retry later", "ObjectIsBeingDeleted"),
	  5, ERR_TRANSIENT, "is being changed by somebody else (409): retry later", NULL },
	{ "a conflict that lasts", PUT, 409, "Retry-After: 600", ERROR("Conflict", "x", ""), 1,
	  ERR_TRANSIENT, "(409)", NULL },
	{ "throttled for a moment", GET, 429, "Retry-After: 1", "{}", 5, ERR_TRANSIENT,
	  "throttles us (429)", NULL },
	{ "throttled for long", GET, 429, "Retry-After: 60", "{}", 1, ERR_TRANSIENT,
	  "throttles us (429)", NULL },
	{ "down", GET, 503, NULL, "", 5, ERR_TRANSIENT, "cannot answer now (503)", NULL },
	{ "a gateway in trouble", GET, 520, NULL, "", 1, ERR_TRANSIENT, "cannot answer now (520)",
	  NULL },
	{ "one that quotes what may be a password", PUT, 400, NULL,
	  ERROR("BadParameter", "no: " LONG, ""), 1, ERR_DECISION, "(400)", LONG },
	{ "not valid", PUT, 400, NULL, ERROR("BadParameter", "Too many tags.\\r\\nmore", ""), 1,
	  ERR_DECISION, "refuses what would be in secret 'web-pull' (400): Too many tags", "more" },
	{ "too large", PUT, 413, NULL, "", 1, ERR_LOCAL, "larger than a key vault keeps", NULL },
	{ "no JSON", GET, 200, NULL, "<", 1, ERR_REMOTE, "is not understood", NULL },
	{ "no value", GET, 200, NULL, "{\"id\":\"x\"}", 1, ERR_REMOTE, "no secret with a value",
	  NULL },
	{ "a number for a value", GET, 200, NULL, "{\"id\":\"x\",\"value\":7}", 1, ERR_REMOTE,
	  "no secret with a value", NULL },
	{ "a redirection is none of ours", GET, 302, "Location: https://evil.example/", "", 1,
	  ERR_REMOTE, "answers 302", NULL },
	{ "may write", MAY_WRITE, 404, NULL, VAULT_RIG_ABSENT, 1, ERR_NONE, NULL, NULL },
	{ "may not", MAY_WRITE, 403, NULL, ERROR("Forbidden", CALLER, "ForbiddenByRbac"), 1,
	  ERR_DENIED, "may not write secret 'web-pull'", NULL },
	{ "may create", MAY_CREATE, 404, NULL, VAULT_RIG_ABSENT, 1, ERR_NONE, NULL, NULL },
	{ "the vault does not tell", MAY_CREATE, 403, NULL, "{}", 1, ERR_NONE, NULL, NULL },
	{ "deleted, seen before", MAY_CREATE, 200, NULL, SECRET, 1, ERR_DECISION,
	  "was deleted and can be recovered", NULL },
};

static const struct {
	enum http_method method;
	const char *url;
} wires[] = {
	[GET] = { HTTP_GET, "=" VAULT_RIG_SECRET },
	[PUT] = { HTTP_PUT, "=" VAULT_RIG_SECRET },
	[MAY_WRITE] = { HTTP_PATCH,
	                "=" VAULT_RIG_URL "/secrets/web-pull/00000000000000000000000000000000"
	                "?api-version=7.4" },
	[MAY_CREATE] = { HTTP_GET, "=" VAULT_RIG_URL "/deletedsecrets/web-pull?api-version=7.4" },
};

static struct keyvault *client(struct vault_rig *r)
{
	return keyvault_new(arms_get(r->lent.arms, &r->azure), r->lent.lender, r->lent.env,
	                    VAULT_RIG_URL);
}

static bool call(struct keyvault *k, enum verb verb, struct keyvault_secret *out, struct err *e)
{
	AUTO_BUF struct buf body = BUF_INIT(64);

	buf_str(&body, "{\"value\":\"pw\"}");
	switch (verb) {
	case GET:
		return keyvault_get(k, "web-pull", out, e);
	case PUT:
		return keyvault_put(k, "web-pull", &body, out, e);
	case MAY_WRITE:
		return keyvault_may_write(k, "web-pull", e);
	case MAY_CREATE:
		return keyvault_may_create(k, "web-pull", e);
	}
	return false;
}

static void one_answer(const struct row *row)
{
	struct fake_step steps[6] = { VAULT_RIG_TOKEN("T") };
	AUTO_KEYVAULT_SECRET struct keyvault_secret s = { .j = NULL };
	struct vault_rig r;
	struct err e = ERR_INIT;

	for (int i = 1; i <= row->tries; i++)
		steps[i] = (struct fake_step){
			wires[row->verb].method, wires[row->verb].url,        .bearer = "T",
			.status = row->status,   .headers = { row->headers }, .answer = row->answer
		};
	vault_rig_open(&r, steps, (size_t)row->tries + 1);
	struct keyvault *k = client(&r);
	bool ok = call(k, row->verb, &s, &e);
	CHECK(ok == (row->kind == ERR_NONE) && (ok || e.kind == row->kind), "%s: %d %s", row->name,
	      (int)e.kind, e.text);
	CHECK(ok || strstr(e.text, row->says) != NULL, "%s: %s", row->name, e.text);
	CHECK(row->never == NULL || strstr(e.text, row->never) == NULL, "%s: %s", row->name,
	      e.text);
	if (ok && row->verb == GET && row->status == 200) {
		CHECK_TEXT(keyvault_value(&s), "pw", "%s", row->name);
		CHECK_TEXT(keyvault_tag(&s, "a.b"), "c", "%s", row->name);
		CHECK(keyvault_tag(&s, "n") == NULL && keyvault_tag(&s, "x") == NULL, "%s",
		      row->name);
	} else if (ok && row->verb == GET) {
		CHECK(keyvault_value(&s) == NULL, "%s", row->name);
	}
	keyvault_free(k);
	CHECK(vault_rig_close(&r), "%s: the script was not played", row->name);
}

static void answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		one_answer(&rows[i]);
}

/* ---- tokens ------------------------------------------------------------------------------------- */

#define CHALLENGE                                                                                  \
	"WWW-Authenticate: Bearer authorization=\"https://evil.example/t\", "                      \
	"resource=\"https://vault.evil.example\""

/* The challenge is told, and nothing else is done with it: both tokens are asked for the cloud's
 * audience, and sent to the vault. */
static void a_challenge_is_not_followed(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		VAULT_RIG_TOKEN("T1"),
		{ HTTP_GET, "=" VAULT_RIG_SECRET, .bearer = "T1", .status = 401,
		  .headers = { CHALLENGE } },
		VAULT_RIG_TOKEN("T2"),
		{ HTTP_GET, "=" VAULT_RIG_SECRET, .bearer = "T2", .status = 401,
		  .headers = { CHALLENGE } },
	};
	AUTO_KEYVAULT_SECRET struct keyvault_secret s = { .j = NULL };
	struct vault_rig r;
	struct err e = ERR_INIT;

	vault_rig_open(&r, steps, COUNT(steps));
	struct keyvault *k = client(&r);
	assert_false(keyvault_get(k, "web-pull", &s, &e));
	assert_int_equal(e.kind, ERR_AUTH);
	assert_non_null(strstr(e.text, "it takes tokens of https://evil.example/t for "
	                               "https://vault.evil.example: check tenant_id, cloud and "
	                               "vault_audience"));
	keyvault_free(k);
	assert_true(vault_rig_close(&r));
}

/* What the first try has sent may arrive whatever the vault says to the next ones. */
static void a_write_that_was_lost_may_arrive(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_step steps[7];
		size_t n;
		bool not_acted;
	} lost[] = {
		{ "lost, and again while it is done", { VAULT_RIG_TOKEN("T1"), { HTTP_PUT, "=" VAULT_RIG_SECRET, .outcome = FAKE_DROP_AFTER },
		    { HTTP_PUT, "=" VAULT_RIG_SECRET, .status = 409 }, { HTTP_PUT, "=" VAULT_RIG_SECRET, .status = 409 },
		    { HTTP_PUT, "=" VAULT_RIG_SECRET, .status = 409 }, { HTTP_PUT, "=" VAULT_RIG_SECRET, .status = 409 } }, 6, false },
		{ "lost, and refused with either token", { VAULT_RIG_TOKEN("T1"), { HTTP_PUT, "=" VAULT_RIG_SECRET, .outcome = FAKE_DROP_AFTER },
		    { HTTP_PUT, "=" VAULT_RIG_SECRET, .status = 401 }, VAULT_RIG_TOKEN("T2"), { HTTP_PUT, "=" VAULT_RIG_SECRET, .status = 401 } }, 5, false },
		{ "refused", { VAULT_RIG_TOKEN("T1"), { HTTP_PUT, "=" VAULT_RIG_SECRET, .status = 403 } }, 2, true },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(lost); i++) {
		AUTO_KEYVAULT_SECRET struct keyvault_secret s = { .j = NULL };
		struct vault_rig r;
		struct err e = ERR_INIT;
		vault_rig_open(&r, lost[i].steps, lost[i].n);
		struct keyvault *k = client(&r);
		CHECK(!call(k, PUT, &s, &e) && e.not_acted == lost[i].not_acted, "%s: %s",
		      lost[i].name, e.text);
		keyvault_free(k);
		CHECK(vault_rig_close(&r), "%s", lost[i].name);
	}
}

/* Behind a fence there is one token: what it is refused for is sent by the next run. */
static void a_fence_renews_nothing(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		VAULT_RIG_TOKEN("T1"),
		{ HTTP_GET, "=" VAULT_RIG_SECRET, .bearer = "T1", .status = 200, .answer = SECRET },
		{ HTTP_PUT, "=" VAULT_RIG_SECRET, .bearer = "T1", .status = 401 },
		{ HTTP_GET, "=" VAULT_RIG_SECRET, .bearer = "T1", .status = 200, .answer = SECRET },
	};
	AUTO_KEYVAULT_SECRET struct keyvault_secret s = { .j = NULL };
	struct vault_rig r;
	struct err e = ERR_INIT;
	int64_t expires = 0;

	vault_rig_open(&r, steps, COUNT(steps));
	struct keyvault *k = client(&r);
	assert_true(keyvault_fence(k, 600, &expires, &e));
	assert_int_equal(expires, r.env.wall_ms / 1000 + 3600);
	assert_true(call(k, GET, &s, &e));
	assert_false(call(k, PUT, &s, &e));
	assert_true(e.kind == ERR_TRANSIENT && e.not_acted);
	assert_non_null(strstr(e.text, "which is not renewed within it"));
	keyvault_open_fence(k);
	assert_true(call(k, GET, &s, &e));
	keyvault_free(k);
	assert_true(vault_rig_close(&r));
}

/* A write whose reply was lost is sent again: a version more, with the same value. */
static void a_lost_reply(void **state)
{
	(void)state;
	static const struct fake_step steps[] = {
		VAULT_RIG_TOKEN("T"),
		{ HTTP_PUT, "=" VAULT_RIG_SECRET, "{\"value\":\"pw\"}",
		  .outcome = FAKE_DROP_AFTER },
		{ HTTP_PUT, "=" VAULT_RIG_SECRET, "{\"value\":\"pw\"}", .status = 200,
		  .answer = SECRET },
	};
	AUTO_KEYVAULT_SECRET struct keyvault_secret s = { .j = NULL };
	struct vault_rig r;
	struct err e = ERR_INIT;

	vault_rig_open(&r, steps, COUNT(steps));
	struct keyvault *k = client(&r);
	assert_true(call(k, PUT, &s, &e));
	keyvault_free(k);
	assert_true(vault_rig_close(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(places),
		cmocka_unit_test(answers),
		cmocka_unit_test(a_challenge_is_not_followed),
		cmocka_unit_test(a_fence_renews_nothing),
		cmocka_unit_test(a_write_that_was_lost_may_arrive),
		cmocka_unit_test(a_lost_reply),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
