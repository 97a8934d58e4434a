/* SPDX-License-Identifier: MIT */
/* list, show, update, delete. */

#include "token/plain.h"

#include "azure/arm.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"
#include "output/format.h"
#include "output/value.h"
#include "token/ask.h"
#include "token/context.h"
#include "token/guard.h"
#include "token/model.h"
#include "token/options.h"
#include "token/outside.h"
#include "token/place.h"

#define BODY_MAX ((size_t)64 * 1024)
#define PAGE_MAX ((size_t)256 * 1024 * 1024) /* a hundred tokens take one MB */

struct listing {
	struct token_run *r;
	struct values tokens; /* where they are collected */
};

static bool add_token(struct listing *l, struct arena *a, const struct value *item, struct err *e)
{
	struct token_run *r = l->r;
	const struct value *token = item;

	if (item->type != VALUE_NULL && !token_model_value(a, TOKEN_SHAPE_TOKEN, item, &token, e))
		return false;
	if (r->list != NULL)
		r->stream->add(r->list, a, token);
	else
		value_list_add(&l->tokens, token);
	return (!arena_over(a) && !arena_over(r->arena)) ||
	       err_set(e, ERR_REMOTE, "Azure lists more tokens than fit into memory");
}

/* One page, and where the next one is. arm_list() cannot be used: it reads numbers as doubles. */
static bool list_page(struct listing *l, struct arena *a, const char *path, char **next,
                      struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	const struct value *page;

	if (!token_get(l->r, path, &rs, e))
		return false;
	if (!value_from_json(a, buf_cstr(&rs.body), rs.body.len, &page, e))
		return err_in(e, "Azure's answer");
	const struct value *items = value_get(page, "value");
	if (items == NULL || items->type != VALUE_ARRAY)
		return err_set(e, ERR_REMOTE, "Azure's answer is not a list");
	for (size_t i = 0; i < items->n; i++)
		if (!add_token(l, a, items->item[i], e))
			return false;
	const char *link = value_str(page, "nextLink");
	*next = link == NULL || *link == '\0' ? NULL : mem_dup(link);
	return true;
}

/* What has been written of a page is not needed any more. */
static bool next_page(struct listing *l, int pages, const char *path, char **next, struct err *e)
{
	AUTO_ARENA struct arena *own = l->r->list != NULL ? arena_new(PAGE_MAX) : NULL;

	return pages < ARM_PAGES_MAX
	               ? list_page(l, own != NULL ? own : l->r->arena, path, next, e)
	               : err_set(e, ERR_REMOTE, "Azure's list of tokens does not end");
}

bool token_list(struct token_run *r, const struct value **out, struct err *e)
{
	struct listing l = { .r = r };

	if (!token_find_registry(r, e))
		return false;
	AUTO_FREE char *path = token_place_path(r->place, "tokens", NULL);
	for (int pages = 0; path != NULL; pages++) {
		char *next = NULL;
		if (!next_page(&l, pages, path, &next, e)) {
			value_list_free(&l.tokens);
			return false;
		}
		mem_free_ptr(&path);
		path = next;
	}
	*out = value_list_array(r->arena, &l.tokens);
	value_list_free(&l.tokens);
	return true;
}

static bool read_answer(struct token_run *r, const struct http_response *rs,
                        const struct value **out, struct err *e)
{
	return token_model(r->arena, TOKEN_SHAPE_TOKEN, buf_cstr(&rs->body), rs->body.len, out, e);
}

bool token_show(struct token_run *r, const struct value **out, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (!token_find_registry(r, e))
		return false;
	AUTO_FREE char *path = token_place_path(r->place, "tokens", r->args->name);
	if (!token_get(r, path, &rs, e))
		return false;
	return rs.body.len == 0 ? err_set(e, ERR_REMOTE, "Azure's answer is empty")
	                        : read_answer(r, &rs, out, e);
}

bool token_update_check(const struct token_args *a, struct err *e)
{
	if (a->status_given || (a->scope_map != NULL && *a->scope_map != '\0'))
		return true;
	return err_set(e, ERR_USAGE, "nothing to update: say --scope-map, --status, or both");
}

static void update_body(const struct token_run *r, struct buf *body)
{
	const struct token_args *a = r->args;
	bool map = a->scope_map != NULL && *a->scope_map != '\0';

	buf_str(body, "{\"properties\": {");
	if (map) {
		AUTO_FREE char *id = token_place_id(r->place, "scopeMaps", a->scope_map);
		buf_str(body, "\"scopeMapId\": ");
		buf_json(body, id);
	}
	if (a->status_given)
		buf_fmt(body, "%s\"status\": \"%s\"", map ? ", " : "", a->status);
	buf_str(body, "}}");
}

bool token_update(struct token_run *r, const struct value **out, struct err *e)
{
	static const int statuses[] = { 200, 201, 0 };
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_GUARD struct token_guard *guard = NULL;
	AUTO_RESPONSE struct http_response rs = { 0 };
	bool disables = r->args->status_given && strcmp(r->args->status, "disabled") == 0;
	unsigned kills = disables ? TOKEN_KILLS_BOTH : 0U;

	if (!token_guard_open(r, disables, &guard, e) || !token_guard_judge(guard, kills, true, e))
		return false;
	AUTO_FREE char *path = token_place_path(r->place, "tokens", r->args->name);
	update_body(r, &body);
	return token_guard_ask(guard, kills,
	                       &(struct token_request){ .method = HTTP_PATCH,
	                                                .path = path,
	                                                .body = &body,
	                                                .statuses = statuses },
	                       &rs, e) &&
	       read_answer(r, &rs, out, e);
}

/* Asks until the answer is one. */
static bool confirmed(struct token_run *r, bool *yes, struct err *e)
{
	AUTO_FREE char *question = mem_fmt(
		"Deleting the token '%s' will invalidate access to anyone using its credentials. "
		"Proceed? (y/n): ",
		r->args->name);
	char line[16];

	for (;;) {
		if (!r->w->put(r->w->ctx, TOKEN_OUT, question, strlen(question)) ||
		    !r->w->answer(r->w->ctx, line, sizeof(line)))
			return err_set(e, ERR_USAGE, "no answer: nothing was deleted");
		if ((line[0] == 'y' || line[0] == 'Y' || line[0] == 'n' || line[0] == 'N') &&
		    line[1] == '\0') {
			*yes = line[0] == 'y' || line[0] == 'Y';
			return true;
		}
	}
}

bool token_delete(struct token_run *r, const struct value **out, struct err *e)
{
	static const int statuses[] = { 200, 202, 204, 0 };
	AUTO_GUARD struct token_guard *guard = NULL;
	AUTO_RESPONSE struct http_response rs = { 0 };
	bool yes = r->args->yes;

	*out = NULL;
	if (!yes && !r->w->tty[TOKEN_IN])
		return err_set(e, ERR_REMOTE,
		               "no terminal to confirm on: use --yes to delete token '%s'",
		               r->args->name);
	if (!yes && !confirmed(r, &yes, e))
		return false;
	if (!yes)
		return true;
	if (!token_guard_open(r, true, &guard, e) ||
	    !token_guard_judge(guard, TOKEN_KILLS_BOTH, true, e))
		return false;
	AUTO_FREE char *path = token_place_path(r->place, "tokens", r->args->name);
	return token_guard_ask(guard, TOKEN_KILLS_BOTH,
	                       &(struct token_request){
				       .method = HTTP_DELETE, .path = path, .statuses = statuses },
	                       &rs, e);
}
