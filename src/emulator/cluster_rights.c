/* SPDX-License-Identifier: MIT */
/* Who asks, and may they: service accounts, their tokens, roles and bindings. */
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "emulator/cluster.h"
#include "emulator/pki.h"

#define CLAIMS_MAX 4096
#define ACCOUNT    "system:serviceaccount:"

/* ---- who ------------------------------------------------------------------------------------- */

void cluster_token(struct emulator *emu, const char *namespace, const char *account,
                   const char *audience, int64_t seconds, struct buf *jwt)
{
	AUTO_BUF struct buf claims = BUF_INIT(CLAIMS_MAX), issuer = BUF_INIT(CLAIMS_MAX);
	int64_t now = clock_seconds(&emu->clock);

	emulator_url(emu, &issuer);
	buf_fmt(&claims, "{\"iss\":\"%s\",\"aud\":[", buf_cstr(&issuer));
	buf_json(&claims, audience != NULL ? audience : buf_cstr(&issuer));
	buf_fmt(&claims,
	        "],\"sub\":\"" ACCOUNT "%s:%s\",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld,"
	        "\"kubernetes.io\":{\"namespace\":\"%s\","
	        "\"serviceaccount\":{\"name\":\"%s\"}}}",
	        namespace, account, (long long)now, (long long)now, (long long)(now + seconds),
	        namespace, account);
	pki_sign(emu->pki, PKI_ENTRA, buf_cstr(&claims), jwt);
}

static bool is_for_us(const struct emulator *emu, const struct json *claims)
{
	AUTO_BUF struct buf issuer = BUF_INIT(CLAIMS_MAX);
	const struct json *audience = json_child(json_get(claims, "aud"));

	emulator_url(emu, &issuer);
	return audience != NULL && json_type(audience) == JSON_STRING &&
	       strcmp(json_text(audience), buf_cstr(&issuer)) == 0;
}

char *cluster_user(struct emulator *emu, const struct request *rq)
{
	const char *header = pairs_get(&rq->header, "Authorization");
	AUTO_JSON struct json *claims = NULL;
	struct err ignored = ERR_INIT;
	int64_t exp = 0;

	if (header == NULL || strncmp(header, "Bearer ", 7) != 0)
		return NULL;
	if (strcmp(header + 7, emu->cluster->admin) == 0)
		return mem_dup(CLUSTER_ADMIN);
	if (!pki_verify(emu->pki, PKI_ENTRA, header + 7, &claims, &ignored) ||
	    !is_for_us(emu, claims))
		return NULL;
	const char *sub = json_str(claims, "sub");

	if (sub == NULL || strncmp(sub, ACCOUNT, strlen(ACCOUNT)) != 0 ||
	    !json_int(claims, "exp", &exp) || exp <= clock_seconds(&emu->clock))
		return NULL;
	return mem_dup(sub);
}

/* ---- may they? ------------------------------------------------------------------------------- */

static bool text_is(const struct json *j, const char *path, const char *want)
{
	const char *text = json_str(j, path);

	return text != NULL && strcmp(text, want) == 0;
}

/* Is `want` in a list of the rule, or '*'? */
static bool listed(const struct json *rule, const char *list, const char *want)
{
	for (const struct json *m = json_child(json_get(rule, list)); m != NULL; m = json_next(m))
		if (json_type(m) == JSON_STRING &&
		    (strcmp(json_text(m), want) == 0 || strcmp(json_text(m), "*") == 0))
			return true;
	return false;
}

static bool rule_allows(const struct json *rule, const struct cluster_deed *d)
{
	bool named = json_len(rule, "resourceNames") > 0;

	/* What has no name yet, and a list, no rule with names covers. */
	return listed(rule, "verbs", d->verb) && listed(rule, "apiGroups", d->group) &&
	       listed(rule, "resources", d->resource) &&
	       (!named || (d->name != NULL && listed(rule, "resourceNames", d->name)));
}

static bool role_allows(const struct cluster *c, const char *role, const struct cluster_deed *d)
{
	const struct cluster_item *item = cluster_find(c, "roles", d->namespace, role);
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;

	if (item == NULL || !json_parse(item->text, strlen(item->text), &j, &ignored))
		return false;
	for (const struct json *rule = json_child(json_get(j, "rules")); rule != NULL;
	     rule = json_next(rule))
		if (rule_allows(rule, d))
			return true;
	return false;
}

static bool is_subject(const struct json *s, const char *namespace, const char *user)
{
	const char *name = json_str(s, "name"), *of = json_str(s, "namespace");

	if (name == NULL)
		return false;
	if (text_is(s, "kind", "User"))
		return strcmp(name, user) == 0;
	AUTO_FREE char *account = mem_fmt(ACCOUNT "%s:%s", of != NULL ? of : namespace, name);
	return text_is(s, "kind", "ServiceAccount") && strcmp(account, user) == 0;
}

static bool is_bound(const struct json *binding, const char *namespace, const char *user)
{
	for (const struct json *s = json_child(json_get(binding, "subjects")); s != NULL;
	     s = json_next(s))
		if (is_subject(s, namespace, user))
			return true;
	return false;
}

bool cluster_may(const struct cluster *c, const char *user, const struct cluster_deed *d)
{
	if (strcmp(user, CLUSTER_ADMIN) == 0)
		return true;
	for (size_t i = 0; i < c->n; i++) {
		AUTO_JSON struct json *j = NULL;
		struct err ignored = ERR_INIT;

		if (strcmp(c->item[i]->resource, "rolebindings") != 0 ||
		    strcmp(c->item[i]->namespace, d->namespace) != 0 ||
		    !json_parse(c->item[i]->text, strlen(c->item[i]->text), &j, &ignored) ||
		    !is_bound(j, d->namespace, user))
			continue;
		if (json_str(j, "roleRef.name") != NULL &&
		    role_allows(c, json_str(j, "roleRef.name"), d))
			return true;
	}
	return false;
}
