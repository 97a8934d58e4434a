/* SPDX-License-Identifier: MIT */
/* create: a scope map of its own where repositories are named, the token, its passwords. */

#include "token/create.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/http.h"
#include "output/value.h"
#include "token/ask.h"
#include "token/context.h"
#include "token/credential.h"
#include "token/guard.h"
#include "token/model.h"
#include "token/options.h"
#include "token/place.h"

#define BODY_MAX   ((size_t)1024 * 1024)
#define ACTION_MAX ((size_t)1000)

/* ---- actions --------------------------------------------------------------------------------- */

struct actions {
	char **item;
	size_t n, cap;
};

static void actions_free(struct actions *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->item[i]);
	free(a->item);
	*a = (struct actions){ 0 };
}

struct kind {
	const char *prefix;
	const char *valid[5];
};
static const struct kind repositories = { "repositories",
	                                  { "content/delete", "content/read", "content/write",
	                                    "metadata/read", "metadata/write" } };
static const struct kind gateways = {
	"gateway", { "config/read", "config/write", "message/read", "message/write" }
};

static char *lower(const char *s)
{
	char *copy = mem_dup(s);

	str_lower(copy);
	return copy;
}

static bool is_valid(const struct kind *k, const char *action)
{
	for (size_t i = 0; i < COUNT(k->valid) && k->valid[i] != NULL; i++)
		if (strcmp(k->valid[i], action) == 0)
			return true;
	return false;
}

static bool refuse_action(const struct kind *k, const char *action, struct err *e)
{
	AUTO_BUF struct buf valid = BUF_INIT(ACTION_MAX);

	for (size_t i = 0; i < COUNT(k->valid) && k->valid[i] != NULL; i++)
		buf_fmt(&valid, "%s%s", i == 0 ? "" : ", ", k->valid[i]);
	return err_set(e, ERR_REMOTE, "Invalid action \"%s\" provided. Valid actions are %s.",
	               action, buf_cstr(&valid));
}

static bool add_rule(struct actions *all, const struct kind *k, const struct token_rule *rule,
                     struct err *e)
{
	AUTO_FREE char *resource = lower(rule->word[0]);

	if (rule->n < 2)
		return err_set(e, ERR_REMOTE, "At least one action must be specified with \"%s\".",
		               resource);
	for (size_t i = 1; i < rule->n; i++) {
		AUTO_FREE char *action = lower(rule->word[i]);
		if (!is_valid(k, action))
			return refuse_action(k, action, e);
		all->item = mem_grow(all->item, &all->cap, all->n + 1, sizeof(*all->item));
		all->item[all->n++] = mem_fmt("%s/%s/%s", k->prefix, resource, action);
	}
	return true;
}

static bool read_actions(const struct token_args *a, struct actions *all, struct err *e)
{
	for (size_t i = 0; i < a->n_repository; i++)
		if (!add_rule(all, &repositories, &a->repository[i], e))
			return false;
	for (size_t i = 0; i < a->n_gateway; i++)
		if (!add_rule(all, &gateways, &a->gateway[i], e))
			return false;
	return true;
}

bool token_create_check(const struct token_args *a, struct err *e)
{
	AUTO(actions_free) struct actions unused = { 0 };
	bool map = a->scope_map != NULL && *a->scope_map != '\0';

	if ((a->n_repository + a->n_gateway > 0) == map)
		return err_set(e, ERR_REMOTE,
		               "usage error: can't use --scope-map and --repository | --gateway");
	if (a->no_passwords && (a->days_given || a->expiration != NULL))
		return err_set(e, ERR_REMOTE,
		               "usage error: --no-passwords and expiration arguments are mutually "
		               "exclusive.");
	return token_create_check_times(a, e) && read_actions(a, &unused, e);
}

/* ---- the scope map --------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return value_compare(*(const struct value *const *)a, *(const struct value *const *)b);
}

static const struct value *sorted(struct token_run *r, const struct value *list)
{
	AUTO_VALUES struct values l = { 0 };

	for (size_t i = 0; i < list->n; i++)
		if (list->item[i]->type == VALUE_STRING)
			value_list_add(&l, list->item[i]);
	if (l.n > 0)
		qsort(l.item, l.n, sizeof(const struct value *), by_text);
	return value_list_array(r->arena, &l);
}

static const struct value *as_value(struct token_run *r, const struct actions *all)
{
	AUTO_VALUES struct values l = { 0 };

	for (size_t i = 0; i < all->n; i++)
		value_list_add(&l, value_text(r->arena, all->item[i]));
	return value_list_array(r->arena, &l);
}

static bool read_map(struct token_run *r, const struct http_response *rs, const struct value **out,
                     struct err *e)
{
	if (!value_from_json(r->arena, buf_cstr(&rs->body), rs->body.len, out, e))
		return err_in(e, "Azure's answer");
	if (value_str(*out, "id") == NULL)
		return err_set(e, ERR_REMOTE, "Azure does not say the id of the scope map");
	return true;
}

static bool has_actions(struct token_run *r, const struct value *map, const struct actions *all)
{
	const struct value *properties = value_get(map, "properties");
	const struct value *list = properties == NULL ? NULL : value_get(properties, "actions");

	return list != NULL && list->type == VALUE_ARRAY &&
	       value_equal(sorted(r, list), sorted(r, as_value(r, all)));
}

static bool put_map(struct token_run *r, const char *path, const struct actions *all,
                    const struct value **out, struct err *e)
{
	static const int statuses[] = { 200, 201, 0 };
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };

	buf_fmt(&body,
	        "{\"properties\": {\"description\": \"Created by token: %s\", \"actions\": [",
	        r->args->name);
	for (size_t i = 0; i < all->n; i++) {
		buf_str(&body, i == 0 ? "" : ", ");
		buf_json(&body, all->item[i]);
	}
	buf_str(&body, "]}}");
	return token_ask(r,
	                 &(struct token_request){ .method = HTTP_PUT,
	                                          .path = path,
	                                          .body = &body,
	                                          .statuses = statuses },
	                 &rs, e) &&
	       read_map(r, &rs, out, e);
}

/* The token's own scope map: the one there if it says the same, else a new one. */
static bool own_map(struct token_run *r, const struct actions *all, char **id, struct err *e)
{
	AUTO_FREE char *name = mem_fmt("%s-scope-map", r->args->name),
		       *path = token_place_path(r->place, "scopeMaps", name);
	AUTO_RESPONSE struct http_response rs = { 0 };
	const struct value *map = NULL;

	if (token_get(r, path, &rs, e)) {
		if (!read_map(r, &rs, &map, e))
			return false;
		if (!has_actions(r, map, all))
			return err_set(e, ERR_REMOTE,
			               "The default scope map was already configured with "
			               "different repository permissions. Please use "
			               "\"az acr scope-map update -r %s -n %s --add <REPO> "
			               "--remove <REPO>\" to update.",
			               r->registry, name);
	} else if (e->status != 404 || !put_map(r, path, all, &map, e)) {
		return false;
	}
	*id = mem_dup(value_str(map, "id"));
	return true;
}

/* ---- the token ------------------------------------------------------------------------------- */

/* A PUT on a token that exists wipes its passwords: whoever holds one is cut off. */
static bool is_new(struct token_run *r, const char *path, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (r->args->overwrite)
		return true;
	if (!token_get(r, path, &rs, e))
		return e->status == 404;
	return err_set(e, ERR_DECISION,
	               "token '%s' exists; creating it again would make its passwords stop "
	               "working: say --overwrite to do that",
	               r->args->name);
}

/* Sent once: a first one that acted late would wipe the passwords that are made behind a second. */
static bool put_token(struct token_run *r, struct token_guard *guard, const char *path,
                      const char *map_id, const struct value **out, struct err *e)
{
	static const int statuses[] = { 200, 201, 0 };
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };

	buf_str(&body, "{\"properties\": {\"scopeMapId\": ");
	buf_json(&body, map_id);
	buf_fmt(&body, ", \"status\": \"%s\"}}",
	        r->args->status_given ? r->args->status : "enabled");
	const struct token_request rq = {
		.method = HTTP_PUT, .path = path, .body = &body, .statuses = statuses, .once = true
	};
	return token_guard_ask(guard, TOKEN_KILLS_BOTH, &rq, &rs, e) &&
	       token_model(r->arena, TOKEN_SHAPE_TOKEN, buf_cstr(&rs.body), rs.body.len, out, e);
}

/* The token as the service has it; what was generated stands in the place of its credentials. */
static const struct value *with_passwords(struct token_run *r, const struct value *token,
                                          const struct value *generated)
{
	AUTO_MEMBERS struct value_members all = { 0 };

	for (size_t i = 0; token != NULL && i < token->n; i++)
		value_members_put(&all, token->member[i].key, token->member[i].value);
	value_members_put(&all, "credentials", generated);
	return value_members_object(r->arena, &all, false);
}

static bool has_passwords(const struct value *generated)
{
	const struct value *list = value_get(generated, "passwords");

	return list != NULL && list->type == VALUE_ARRAY && list->n > 0;
}

bool token_create(struct token_run *r, const struct value **out, struct err *e)
{
	const struct token_args *a = r->args;
	AUTO(actions_free) struct actions all = { 0 };
	AUTO_GUARD struct token_guard *guard = NULL;
	AUTO_FREE char *path = NULL, *map_id = NULL;
	const struct value *generated = NULL;

	if (!read_actions(a, &all, e) || !token_guard_open(r, a->overwrite, &guard, e))
		return false;
	path = token_place_path(r->place, "tokens", a->name);
	if (!is_new(r, path, e) || !token_guard_judge(guard, TOKEN_KILLS_BOTH, a->overwrite, e))
		return false;
	if (all.n == 0)
		map_id = token_place_id(r->place, "scopeMaps", a->scope_map);
	else if (!own_map(r, &all, &map_id, e))
		return false;
	if (!put_token(r, guard, path, map_id, out, e))
		return false;
	if (a->no_passwords)
		return true;
	if (token_generate(r, guard, NULL, &generated, e)) {
		if (generated != NULL && has_passwords(generated)) {
			*out = with_passwords(r, *out, generated);
			return true;
		}
		generated = NULL;
		(void)err_set(
			e, ERR_REMOTE,
			"Azure has accepted the request, but does not show the new passwords");
	}
	*out = generated;
	if (generated == NULL) {
		AUTO_FREE char *note = mem_fmt("The token '%s' was created, but its passwords are "
		                               "not known: make new ones with 'acrotate token "
		                               "credential generate'.",
		                               a->name);
		token_tell(r, true, note);
	}
	return false;
}
