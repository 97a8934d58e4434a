/* SPDX-License-Identifier: MIT */
#include "azure/acr.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

/* The first stable one that tells how roles are assigned. */
#define ROLES_API_VERSION "2025-11-01"
#define BODY_MAX          (64 * 1024) /* it names the token by its path */
#define PATH_MAX_LEN      (64 * 1024) /* http_send refuses long before that */

/* ---- paths ----------------------------------------------------------------------------------- */

/* Names come from configuration: each is one segment, whatever is in it. */
static void add_registry(struct buf *b, const char *subscription, const char *group,
                         const char *registry)
{
	AUTO_FREE char *name = acr_registry_name(registry);

	buf_str(b, "/subscriptions/");
	buf_form(b, subscription);
	buf_str(b, "/resourceGroups/");
	buf_form(b, group);
	buf_str(b, "/providers/Microsoft.ContainerRegistry/registries/");
	buf_form(b, name);
}

/* "/subscriptions/.../registries/R" and, with a kind, "/KIND/NAME". Caller frees. */
static char *resource_id(const struct acr_ref *ref, const char *kind, const char *name)
{
	AUTO_BUF struct buf b = BUF_INIT(PATH_MAX_LEN);

	add_registry(&b, ref->subscription, ref->group, ref->registry);
	if (kind != NULL) {
		buf_fmt(&b, "/%s", kind);
		if (name != NULL) {
			buf_char(&b, '/');
			buf_form(&b, name);
		}
	}
	return mem_dup(buf_cstr(&b));
}

static char *with_version(const char *id)
{
	return mem_fmt("%s?api-version=%s", id, ACR_API_VERSION);
}

char *acr_registry_id(const char *subscription, const char *group, const char *registry)
{
	AUTO_BUF struct buf b = BUF_INIT(PATH_MAX_LEN);

	add_registry(&b, subscription, group, registry);
	return mem_dup(buf_cstr(&b));
}

char *acr_token_id(const struct acr_ref *ref)
{
	return resource_id(ref, "tokens", ref->token);
}

char *acr_path(const struct acr_ref *ref, const char *kind, const char *name)
{
	AUTO_FREE char *id = resource_id(ref, kind, name);

	return with_version(id);
}

/* ---- registries ------------------------------------------------------------------------------ */

char *acr_group_of(const char *id)
{
	const char *at = strcasestr(id, "/resourceGroups/");

	if (at == NULL)
		return NULL;
	at += strlen("/resourceGroups/");
	return strcspn(at, "/") > 0 ? mem_dup_n(at, strcspn(at, "/")) : NULL;
}

static bool read_registry(const struct json *j, struct acr_registry *out, struct err *e)
{
	const char *id = json_str(j, "id"), *name = json_str(j, "name"),
		   *server = json_str(j, "properties.loginServer");
	AUTO_FREE char *group = id != NULL ? acr_group_of(id) : NULL;

	if (group == NULL || name == NULL || server == NULL || *server == '\0')
		return err_set(
			e, ERR_REMOTE,
			"Azure's description of the registry lacks its id, name or login server");
	*out = (struct acr_registry){ .group = mem_dup(group),
		                      .name = mem_dup(name),
		                      .login_server = mem_dup(server) };
	return true;
}

struct acr_search {
	const char *name;
	struct acr_registry *out;
	int found;
	bool ok, nameless;
	struct err *e;
};

static bool match_registry(void *ctx, const struct json *item)
{
	struct acr_search *s = ctx;
	const char *name = json_str(item, "name");

	s->nameless = s->nameless || name == NULL;
	if (name == NULL || strcasecmp(name, s->name) != 0)
		return true;
	s->found++;
	if (s->found == 1)
		s->ok = read_registry(item, s->out, s->e);
	return s->ok && s->found < 2;
}

/* As it was written, and what of it is the name: 'my-registry' is registry 'my' with a label. */
static bool no_registry(const char *registry, const char *name, const char *subscription,
                        struct err *e)
{
	AUTO_FREE char *meant =
		strcmp(registry, name) != 0 ? mem_fmt(" (whose name would be '%s')", name) : NULL;

	return err_set(e, ERR_MISSING,
	               "there is no registry '%s'%s in subscription '%s', or the identity may not "
	               "see it",
	               registry, meant != NULL ? meant : "", subscription);
}

static bool list_registries(struct arm *a, struct http *h, const char *subscription,
                            const char *registry, const char *name, struct acr_registry *out,
                            struct err *e)
{
	AUTO_BUF struct buf path = BUF_INIT(PATH_MAX_LEN);
	AUTO(acr_registry_clear) struct acr_registry one = { 0 };
	struct acr_search s = { .name = name, .out = &one, .ok = true, .e = e };

	buf_str(&path, "/subscriptions/");
	buf_form(&path, subscription);
	buf_fmt(&path, "/providers/Microsoft.ContainerRegistry/registries?api-version=%s",
	        ACR_API_VERSION);
	if (!arm_list(a, h, buf_cstr(&path), match_registry, &s, e))
		return err_in(e, "cannot list the registries of subscription '%s'", subscription);
	if (!s.ok)
		return false;
	if (s.found == 0 && s.nameless)
		return err_set(e, ERR_REMOTE,
		               "Azure's list of the registries of subscription '%s' has one "
		               "without a name",
		               subscription);
	if (s.found == 0)
		return no_registry(registry, name, subscription, e);
	if (s.found > 1)
		return err_set(
			e, ERR_REMOTE,
			"two registries in subscription '%s' are named '%s': set resource_group",
			subscription, name);
	*out = one;
	one = (struct acr_registry){ 0 };
	return true;
}

bool acr_find_registry(struct arm *a, struct http *h, const char *subscription, const char *group,
                       const char *registry, struct acr_registry *out, struct err *e)
{
	AUTO_FREE char *name = acr_registry_name(registry);
	AUTO_BUF struct buf path = BUF_INIT(PATH_MAX_LEN);
	AUTO_JSON struct json *j = NULL;

	if (subscription == NULL)
		return err_set(e, ERR_CONFIG,
		               "no subscription: set it in [azure], or AZURE_SUBSCRIPTION_ID");
	if (group == NULL)
		return list_registries(a, h, subscription, registry, name, out, e);
	add_registry(&path, subscription, group, name);
	buf_fmt(&path, "?api-version=%s", ACR_API_VERSION);
	return (arm_get(a, h, buf_cstr(&path), &j, e) && read_registry(j, out, e)) ||
	       err_in(e, "cannot read registry '%s' in resource group '%s'", name, group);
}

bool acr_roles_by_repository(struct arm *a, struct http *h, const struct acr_ref *ref, bool *out,
                             struct err *e)
{
	AUTO_FREE char *id = resource_id(ref, NULL, NULL),
		       *path = mem_fmt("%s?api-version=" ROLES_API_VERSION, id);
	AUTO_JSON struct json *j = NULL;

	if (!arm_get(a, h, path, &j, e))
		return false;
	const char *mode = json_str(j, "properties.roleAssignmentMode");
	*out = mode != NULL && strcasecmp(mode, "AbacRepositoryPermissions") == 0;
	return true;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool read_password(const struct json *j, struct acr_password *out, struct err *e)
{
	const char *created = json_str(j, "creationTime"), *expiry = json_str(j, "expiry");
	struct acr_password p = { .present = true };
	int64_t ticks;

	if (created == NULL || !str_ticks(created, &p.created))
		return err_set(e, ERR_REMOTE, "Azure does not say when the password was generated");
	if (expiry != NULL) {
		if (!str_ticks(expiry, &ticks))
			return err_set(e, ERR_REMOTE,
			               "Azure does not say clearly when the password expires");
		p.expires_us = ticks / 10;
	}
	*out = p;
	return true;
}

static bool read_slots(const struct json *passwords, struct acr_token *out, struct err *e)
{
	enum acr_slot slot;

	for (const struct json *p = json_child(passwords); p != NULL; p = json_next(p)) {
		const char *name = json_str(p, "name");

		if (name == NULL || !acr_slot_parse(name, &slot))
			continue;
		if (!read_password(p, &out->slot[slot], e))
			return err_in(e, "slot '%s'", name);
	}
	return true;
}

static enum acr_provisioning provisioning_of(const char *state)
{
	static const struct {
		const char *word;
		enum acr_provisioning is;
	} words[] = {
		{ "Succeeded", ACR_SUCCEEDED },
		{ "Creating", ACR_CREATING },
		{ "Updating", ACR_UPDATING },
	};

	for (size_t i = 0; state != NULL && i < COUNT(words); i++)
		if (strcasecmp(words[i].word, state) == 0)
			return words[i].is;
	return ACR_OTHER;
}

bool acr_token_read(const struct json *j, struct acr_token *out, struct err *e)
{
	const char *status = json_str(j, "properties.status"),
		   *created = json_str(j, "properties.creationDate");
	int64_t ticks;
	struct acr_token t = { .provisioning = provisioning_of(
				       json_str(j, "properties.provisioningState")) };

	if (status == NULL ||
	    (strcasecmp(status, "enabled") != 0 && strcasecmp(status, "disabled") != 0))
		return err_set(e, ERR_REMOTE, "Azure does not say whether the token is enabled");
	t.enabled = strcasecmp(status, "enabled") == 0;
	if (created != NULL && str_ticks(created, &ticks))
		t.created = ticks / STR_TICKS_PER_S;
	const struct json *passwords = json_get(j, "properties.credentials.passwords");
	if (passwords == NULL || json_type(passwords) != JSON_ARRAY)
		return err_set(e, ERR_REMOTE, "Azure does not say which passwords the token has");
	if (!read_slots(passwords, &t, e))
		return false;
	*out = t;
	return true;
}

/*
 * Only one 404 means that the token does not exist: whoever acts on that creates it. The
 * service's own for a registry, group or subscription that is missing become one code; any other
 * 404 (a proxy's, a path that is wrong) is not an answer about the token.
 */
static bool judge_missing(const struct acr_ref *ref, struct err *e)
{
	static const char *const above[] = { "ParentResourceNotFound", "ResourceGroupNotFound",
		                             "SubscriptionNotFound" };

	if (e->kind != ERR_MISSING || strcmp(e->code, "ResourceNotFound") == 0)
		return err_in(e, "token '%s' of registry '%s'", ref->token, ref->registry);
	for (size_t i = 0; i < COUNT(above); i++) {
		if (strcmp(e->code, above[i]) == 0) {
			(void)snprintf(e->code, sizeof(e->code), "%s", above[0]);
			return err_in(e, "registry '%s' in resource group '%s'", ref->registry,
			              ref->group);
		}
	}
	e->kind = ERR_REMOTE;
	return err_in(e, "token '%s' of registry '%s'", ref->token, ref->registry);
}

bool acr_get_token(struct arm *a, struct http *h, const struct acr_ref *ref, struct acr_token *out,
                   struct err *e)
{
	AUTO_FREE char *path = acr_path(ref, "tokens", ref->token);
	AUTO_JSON struct json *j = NULL;

	return (arm_get(a, h, path, &j, e) && acr_token_read(j, out, e)) || judge_missing(ref, e);
}

/* ---- generating ------------------------------------------------------------------------------ */

void acr_generated_clear(struct acr_generated *g)
{
	secret_free(g->value);
	*g = (struct acr_generated){ 0 };
}

/* When both slots exist the reply lists both, and only the new one has a value: by name, and
 * with a value. */
bool acr_generated_read(const struct buf *body, enum acr_slot slot, struct acr_generated *out,
                        struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	AUTO(acr_generated_clear) struct acr_generated g = { 0 };

	if (!json_parse(buf_cstr(body), body->len, &j, e))
		return err_in(e, "the answer to generateCredentials");
	for (size_t i = 0; i < json_len(j, "passwords"); i++) {
		const struct json *p = json_at(j, "passwords", i);
		const char *name = json_str(p, "name");

		if (name == NULL || strcmp(name, acr_slot_name(slot)) != 0 ||
		    json_str(p, "value") == NULL)
			continue;
		if (!read_password(p, &g.is, e))
			return err_in(e, "the answer to generateCredentials, slot '%s'", name);
		g.value = json_take_secret_at(j, "passwords", i, "value");
		break;
	}
	if (g.value == NULL || secret_len(g.value) == 0)
		return err_set(e, ERR_REMOTE,
		               "the answer to generateCredentials has no new value for '%s'",
		               acr_slot_name(slot));
	*out = g;
	g = (struct acr_generated){ 0 };
	return true;
}

static void generate_body(const struct acr_ref *ref, enum acr_slot slot, int64_t expires_us,
                          struct buf *body)
{
	AUTO_FREE char *id = acr_token_id(ref);
	char expiry[STR_TIME_MAX];

	buf_str(body, "{\"tokenId\":");
	buf_json(body, id);
	buf_fmt(body, ",\"name\":\"%s\"", acr_slot_name(slot));
	if (expires_us != 0) {
		str_from_micros(expires_us, expiry);
		buf_fmt(body, ",\"expiry\":\"%s\"", expiry);
	}
	buf_char(body, '}');
}

bool acr_generate(struct arm *a, struct http *h, const struct acr_ref *ref, enum acr_slot slot,
                  int64_t expires_us, struct arm_operation *op, struct acr_generated *out,
                  struct err *e)
{
	AUTO_FREE char *path = acr_path(ref, "generateCredentials", NULL);
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO(arm_operation_clear) struct arm_operation started = { 0 };

	generate_body(ref, slot, expires_us, &body);
	struct arm_request rq = { .method = HTTP_POST, .path = path, .body = &body, .once = true };
	if (!arm_send(a, h, &rq, &rs, e))
		return err_in(e, "cannot generate '%s' of token '%s'", acr_slot_name(slot),
		              ref->token);
	if (!arm_operation_start(a, &rq, path, &rs, &started, e))
		return false;
	if (started.poll_url == NULL && !acr_generated_read(&rs.body, slot, out, e))
		return false;
	*op = started;
	started = (struct arm_operation){ 0 };
	return true;
}

bool acr_generate_poll(struct arm *a, struct http *h, const struct acr_ref *ref, enum acr_slot slot,
                       struct arm_operation *op, bool *done, struct acr_generated *out,
                       struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	bool ended = false;

	if (!arm_operation_poll(a, h, op, &ended, &rs, e))
		return err_in(e, "cannot get the new '%s' of token '%s'", acr_slot_name(slot),
		              ref->token);
	if (ended && !acr_generated_read(&rs.body, slot, out, e))
		return false;
	*done = ended;
	return true;
}
