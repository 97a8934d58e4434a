/* SPDX-License-Identifier: MIT */
/* credential generate, credential delete. */

#include "token/credential.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"
#include "output/value.h"
#include "token/ask.h"
#include "token/context.h"
#include "token/create.h"
#include "token/guard.h"
#include "token/model.h"
#include "token/options.h"
#include "token/place.h"
#include "token/time.h"

#define BODY_MAX ((size_t)64 * 1024)

static const char password1[] = "password1", password2[] = "password2";

/* "" when the passwords are not to expire: without either option, or with --expiration-in-days
 * 0. */
static bool expiry_of(const struct token_run *r, char out[static TOKEN_EXPIRY_MAX], struct err *e)
{
	const struct token_args *a = r->args;

	out[0] = '\0';
	if (a->days_given && a->days != 0)
		token_expires_in(r->w->env, a->days, out);
	else if (a->expiration != NULL && *a->expiration != '\0' &&
	         !token_expiration(a->expiration, out))
		return err_set(
			e, ERR_REMOTE,
			"Input '%s' is not valid datetime. Valid example: 2025-12-31T12:59:59Z",
			a->expiration);
	return true;
}

/* What both commands that make passwords ask of their times. The order of the checks is az's. */
static bool check_times(const struct token_args *a, enum err_kind both, struct err *e)
{
	char unused[TOKEN_EXPIRY_MAX];

	if (a->expiration != NULL && *a->expiration != '\0' &&
	    !token_expiration(a->expiration, unused))
		return err_set(
			e, ERR_REMOTE,
			"Input '%s' is not valid datetime. Valid example: 2025-12-31T12:59:59Z",
			a->expiration);
	if (a->days_given && a->expiration != NULL)
		return err_set(e, both,
		               "usage error: --expiration and --expiration-in-days are mutually "
		               "exclusive.");
	if (a->days_given && a->days < 0)
		return err_set(e, ERR_REMOTE, "Days must be positive.");
	return true;
}

bool token_create_check_times(const struct token_args *a, struct err *e)
{
	return check_times(a, ERR_REMOTE, e);
}

bool token_generate_check(const struct token_args *a, struct err *e)
{
	if (!check_times(a, ERR_USAGE, e))
		return false;
	if (!a->password1 && !a->password2)
		return err_set(e, ERR_USAGE,
		               "without a slot both passwords would be replaced: say --password1, "
		               "--password2, or both");
	return true;
}

static void generate_body(const struct token_run *r, const char *slot, const char *expiry,
                          struct buf *body)
{
	AUTO_FREE char *id = token_place_id(r->place, "tokens", r->args->name);

	buf_str(body, "{\"tokenId\": ");
	buf_json(body, id);
	if (*expiry != '\0')
		buf_fmt(body, ", \"expiry\": \"%s\"", expiry);
	if (slot != NULL)
		buf_fmt(body, ", \"name\": \"%s\"", slot);
	buf_char(body, '}');
}

/* Is there a text called "value" in it, at any depth? */
static bool has_value(const struct value *v)
{
	if (v->type == VALUE_OBJECT && value_str(v, "value") != NULL)
		return true;
	for (size_t i = 0; i < v->n; i++) {
		const struct value *inner = v->type == VALUE_OBJECT  ? v->member[i].value
		                            : v->type == VALUE_ARRAY ? v->item[i]
		                                                     : &value_null;
		if (has_value(inner))
			return true;
	}
	return false;
}

/* An answer of another form is kept as it stands when a password may be in it. */
static void keep_answer(struct token_run *r, const struct buf *body, const struct value **out)
{
	struct err ignored = ERR_INIT;
	const struct value *v;

	if (value_from_json(r->arena, buf_cstr(body), body->len, &v, &ignored) && has_value(v))
		*out = v;
	else
		token_tell(r, true,
		           "A new password was made, but it is not known: generate it again.");
}

bool token_generate(struct token_run *r, struct token_guard *guard, const char *slot,
                    const struct value **out, struct err *e)
{
	static const int statuses[] = { 200, 202, 0 };
	AUTO_FREE char *path = token_place_path(r->place, "generateCredentials", NULL);
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };
	char expiry[TOKEN_EXPIRY_MAX];
	unsigned slots = slot == NULL        ? TOKEN_KILLS_BOTH
	                 : slot == password1 ? TOKEN_KILLS_1
	                                     : TOKEN_KILLS_2;

	if (!expiry_of(r, expiry, e))
		return false;
	generate_body(r, slot, expiry, &body);
	if (!token_guard_ask(guard, slots,
	                     &(struct token_request){ .method = HTTP_POST,
	                                              .path = path,
	                                              .body = &body,
	                                              .statuses = statuses },
	                     &rs, e))
		return false;
	r->made_password = true;
	if (token_model(r->arena, TOKEN_SHAPE_GENERATED, buf_cstr(&rs.body), rs.body.len, out, e))
		return true;
	keep_answer(r, &rs.body, out);
	return false;
}

static unsigned named(const struct token_args *a)
{
	return (a->password1 ? TOKEN_KILLS_1 : 0u) | (a->password2 ? TOKEN_KILLS_2 : 0u);
}

bool token_credential_generate(struct token_run *r, const struct value **out, struct err *e)
{
	const struct token_args *a = r->args;
	AUTO_GUARD struct token_guard *guard = NULL;
	const char *slot = a->password1 && a->password2 ? NULL
	                   : a->password1               ? password1
	                                                : password2;

	return token_guard_open(r, true, &guard, e) &&
	       token_guard_judge(guard, named(a), true, e) &&
	       token_generate(r, guard, slot, out, e);
}

/* ---- deleting -------------------------------------------------------------------------------- */

bool token_credential_delete_check(const struct token_args *a, struct err *e)
{
	return a->password1 || a->password2 || err_set(e, ERR_REMOTE, "No credentials to delete.");
}

static const struct value *passwords_of(const struct value *token)
{
	const struct value *credentials = token == NULL ? NULL : value_get(token, "credentials");
	const struct value *list = credentials == NULL ? NULL : value_get(credentials, "passwords");

	return list != NULL && list->type == VALUE_ARRAY ? list : NULL;
}

static bool has_password(const struct value *list, const char *name)
{
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const char *there = value_str(list->item[i], "name");
		if (there != NULL && strcmp(there, name) == 0)
			return true;
	}
	return false;
}

/* The ones to keep: what is not listed stops working, also if it is generated before the request
 * acts. Returns those, as TOKEN_KILLS_.... */
static unsigned keep_body(const struct token_args *a, const struct value *list, struct buf *body)
{
	unsigned kills = TOKEN_KILLS_BOTH;
	bool first = true;

	buf_str(body, "{\"properties\": {\"credentials\": {\"passwords\": [");
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const char *name = value_str(list->item[i], "name");
		if (name == NULL || (a->password1 && strcmp(name, password1) == 0) ||
		    (a->password2 && strcmp(name, password2) == 0))
			continue;
		buf_str(body, first ? "{\"name\": " : ", {\"name\": ");
		buf_json(body, name);
		buf_char(body, '}');
		first = false;
		kills &= strcmp(name, password1) == 0   ? ~(unsigned)TOKEN_KILLS_1
		         : strcmp(name, password2) == 0 ? ~(unsigned)TOKEN_KILLS_2
		                                        : TOKEN_KILLS_BOTH;
	}
	buf_str(body, "]}}}");
	return kills;
}

static bool read_token(struct token_run *r, const struct value **out, struct err *e)
{
	AUTO_FREE char *path = token_place_path(r->place, "tokens", r->args->name);
	AUTO_RESPONSE struct http_response rs = { 0 };

	return token_get(r, path, &rs, e) &&
	       token_model(r->arena, TOKEN_SHAPE_TOKEN, buf_cstr(&rs.body), rs.body.len, out, e);
}

static bool keep(struct token_run *r, struct token_guard *guard, const struct value *list,
                 const struct value **out, struct err *e)
{
	static const int statuses[] = { 200, 201, 0 };
	AUTO_FREE char *path = token_place_path(r->place, "tokens", r->args->name);
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };
	unsigned kills = keep_body(r->args, list, &body);

	return token_guard_judge(guard, kills, true, e) &&
	       token_guard_ask(guard, kills,
	                       &(struct token_request){ .method = HTTP_PATCH,
	                                                .path = path,
	                                                .body = &body,
	                                                .statuses = statuses },
	                       &rs, e) &&
	       token_model(r->arena, TOKEN_SHAPE_TOKEN, buf_cstr(&rs.body), rs.body.len, out, e);
}

bool token_credential_delete(struct token_run *r, const struct value **out, struct err *e)
{
	const struct token_args *a = r->args;
	AUTO_GUARD struct token_guard *guard = NULL;
	const struct value *token = NULL;

	if (!token_guard_open(r, true, &guard, e) || !read_token(r, &token, e))
		return false;
	const struct value *list = passwords_of(token);
	if (a->password1 && !has_password(list, password1))
		return err_set(e, ERR_REMOTE,
		               "Unable to perform operation. Password1 credential doesn't exist.");
	if (a->password2 && !has_password(list, password2))
		return err_set(e, ERR_REMOTE,
		               "Unable to perform operation. Password2 credential doesn't exist.");
	return keep(r, guard, list, out, e);
}
