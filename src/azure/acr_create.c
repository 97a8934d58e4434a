/* SPDX-License-Identifier: MIT */
/* Creating a token, and the scope map that gives it its rights. */
#include <strings.h>

#include "azure/acr.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define BODY_MAX (64 * 1024) /* a scope map has at most 500 actions */

/* What exists is Azure's to judge. What is new is refused before anything is made for it. */
static bool may_be_created(const struct acr_ref *ref, struct err *e)
{
	return str_token_name_ok(ref->token) ||
	       err_set(e, ERR_CONFIG,
	               "registry '%s' has no token '%s', and one of that name cannot be created: 5 "
	               "to 50 letters, digits and "
	               "hyphens, a letter first",
	               ref->registry, ref->token);
}

bool acr_put_token(struct arm *a, struct http *h, const struct acr_ref *ref,
                   const char *scope_map_id, struct arm_operation *op, struct err *e)
{
	AUTO_FREE char *path = acr_path(ref, "tokens", ref->token);
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct arm_request rq = { .method = HTTP_PUT,
		                  .path = path,
		                  .body = &body,
		                  .once = true,
		                  .header = "If-None-Match: *" };

	if (!may_be_created(ref, e)) {
		e->not_acted = true;
		return false;
	}
	buf_str(&body, "{\"properties\":{\"scopeMapId\":");
	buf_json(&body, scope_map_id);
	buf_str(&body, ",\"status\":\"enabled\"}}");
	return (arm_send(a, h, &rq, &rs, e) && arm_operation_start(a, &rq, path, &rs, op, e)) ||
	       err_in(e, "cannot create token '%s' of registry '%s'", ref->token, ref->registry);
}

static bool put_scope_map(struct arm *a, struct http *h, const struct acr_ref *ref,
                          const char *name, const char *const *actions, size_t n, char **id,
                          struct err *e)
{
	AUTO_FREE char *path = acr_path(ref, "scopeMaps", name);
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_JSON struct json *j = NULL;
	struct arm_request rq = { .method = HTTP_PUT, .path = path, .body = &body };

	/* As az describes the one it makes. */
	buf_fmt(&body, "{\"properties\":{\"description\":\"Created by token: %s\",\"actions\":[",
	        ref->token);
	for (size_t i = 0; i < n; i++) {
		buf_str(&body, i > 0 ? "," : "");
		buf_json(&body, actions[i]);
	}
	buf_str(&body, "]}}");
	if (!arm_send(a, h, &rq, &rs, e) || !json_parse(buf_cstr(&rs.body), rs.body.len, &j, e))
		return err_in(e, "cannot create scope map '%s' of registry '%s'", name,
		              ref->registry);
	if (json_str(j, "id") == NULL)
		return err_set(e, ERR_REMOTE,
		               "Azure does not name the scope map it has made of '%s'", name);
	*id = mem_dup(json_str(j, "id"));
	return true;
}

static bool has_action(const struct json *map, const char *action)
{
	for (size_t i = 0; i < json_len(map, "properties.actions"); i++) {
		const char *there = json_text(json_at(map, "properties.actions", i));
		if (there != NULL && strcasecmp(there, action) == 0)
			return true;
	}
	return false;
}

/* Neither list has an action twice: of ours the configuration sees to it. */
static bool has_just(const struct json *map, const char *const *actions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!has_action(map, actions[i]))
			return false;
	return json_len(map, "properties.actions") == n;
}

/* Other tokens may have it: a PUT would give them other rights. */
bool acr_make_scope_map(struct arm *a, struct http *h, const struct acr_ref *ref, const char *name,
                        const char *const *actions, size_t n, char **id, struct err *e)
{
	AUTO_FREE char *path = acr_path(ref, "scopeMaps", name);
	AUTO_JSON struct json *j = NULL;

	if (!may_be_created(ref, e))
		return false;
	if (!arm_get(a, h, path, &j, e)) {
		if (e->kind != ERR_MISSING || strcmp(e->code, "ResourceNotFound") != 0)
			return err_in(e, "scope map '%s' of registry '%s'", name, ref->registry);
		return put_scope_map(a, h, ref, name, actions, n, id, e);
	}
	if (!has_just(j, actions, n))
		return err_set(e, ERR_DECISION,
		               "scope map '%s' exists in registry '%s' with other actions than the "
		               "job's 'repository' and "
		               "'gateway' lines: bring them into line, or name it with 'scope_map' "
		               "to take it as it is",
		               name, ref->registry);
	if (json_str(j, "id") == NULL)
		return err_set(e, ERR_REMOTE, "Azure does not say the id of scope map '%s'", name);
	*id = mem_dup(json_str(j, "id"));
	return true;
}
