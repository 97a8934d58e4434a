/* SPDX-License-Identifier: MIT */
/* Tokens at ARM and the generation of their passwords, as the recordings of the real service
 * show them. */
#include <strings.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/acr.h"
#include "emulator/arm.h"
#include "emulator/operation.h"

#define URL_MAX (16 * 1024)

static const char *const slot_names[MODEL_SLOTS] = { "password1", "password2" };
static const char *const state_names[] = { [PROVISIONING_CREATING] = "Creating",
	                                   [PROVISIONING_UPDATING] = "Updating",
	                                   [PROVISIONING_SUCCEEDED] = "Succeeded" };

/* `value` only for what was just generated. */
static void put_passwords(const struct token *t, const char *const value[MODEL_SLOTS],
                          struct buf *out)
{
	bool first = true;

	buf_str(out, "\"passwords\":[");
	for (int i = 0; i < MODEL_SLOTS; i++) {
		const struct slot *s = &t->slot[i];

		if (!s->present)
			continue;
		buf_str(out, first ? "{" : ",{");
		first = false;
		acr_put_time(out, "creationTime", s->created);
		buf_char(out, ',');
		if (s->expires) {
			acr_put_time(out, "expiry", s->expires);
			buf_char(out, ',');
		}
		buf_fmt(out, "\"name\":\"%s\"", slot_names[i]);
		if (value && value[i] != NULL)
			buf_fmt(out, ",\"value\":\"%s\"", value[i]);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void put_token(struct emulator *emu, const struct registry *r, const struct token *t,
                      struct buf *out)
{
	buf_str(out, "{\"type\":\"" ACR_TYPE "/tokens\",\"id\":\"");
	arm_registry_id(emu, r, out);
	buf_fmt(out, "/tokens/%s\",\"name\":\"%s\",", t->name, t->name);
	arm_system_data(out, t->author, t->modified, t->modified);
	buf_str(out, ",\"properties\":{");
	acr_put_time(out, "creationDate", t->created);
	buf_fmt(out, ",\"provisioningState\":\"%s\",",
	        state_names[model_token_state(t, clock_ticks(&emu->clock))]);
	if (*t->scope_map_id) {
		buf_str(out, "\"scopeMapId\":");
		buf_json(out, t->scope_map_id);
		buf_char(out, ',');
	}
	buf_str(out, "\"credentials\":{");
	put_passwords(t, NULL, out);
	buf_fmt(out, "},\"status\":\"%s\"}}", t->disabled ? "disabled" : "enabled");
}

static struct token *token_of(struct emulator *emu, const struct request *rq, struct reply *rs,
                              struct registry **r)
{
	struct token *t;

	*r = arm_registry(emu, rq, rs, true);
	t = *r != NULL ? map_get(&(*r)->tokens, rq->arg[3]) : NULL;
	if (*r != NULL && t == NULL)
		acr_not_found(rs, rq->arg[3]);
	return t;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void put_nth(struct emulator *emu, const struct registry *r, size_t i, struct buf *out)
{
	put_token(emu, r, r->token[i], out);
}

static void token_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const struct registry *r = arm_registry(emu, rq, rs, true);

	if (r != NULL)
		arm_list_answer(emu, rq, rs, r, r->n_tokens, put_nth);
}

static void token_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r;
	struct token *t = token_of(emu, rq, rs, &r);

	if (t == NULL)
		return;
	exchange_reply_json(rs, 200);
	put_token(emu, r, t, &rs->body);
}

/* Is this generation named in credentials.passwords, and so kept? The creation time counts when
 * it is given. */
static bool is_kept(const struct json *body, const struct token *t, int slot)
{
	const char *list = "properties.credentials.passwords";

	for (size_t i = 0; i < json_len(body, list); i++) {
		const struct json *entry = json_at(body, list, i);
		const char *name = json_str(entry, "name"),
			   *created = json_str(entry, "creationTime");
		int64_t ticks;

		if (name != NULL && strcasecmp(name, slot_names[slot]) == 0 &&
		    (created == NULL ||
		     (str_ticks(created, &ticks) && ticks == t->slot[slot].created)))
			return true;
	}
	return false;
}

/* What a PUT or PATCH says about the token itself. False when it was refused. */
static bool apply(struct registry *r, struct token *t, const struct json *body, struct reply *rs)
{
	const char *status = json_str(body, "properties.status"),
		   *map_id = json_str(body, "properties.scopeMapId");
	const char *slash = map_id != NULL ? strrchr(map_id, '/') : NULL;

	if (status != NULL && strcasecmp(status, "enabled") != 0 &&
	    strcasecmp(status, "disabled") != 0) {
		emulator_acr_error(rs, 400, "InvalidTokenStatus",
		                   "The token status %s is not valid.", status);
		return false;
	}
	if (map_id != NULL && (slash == NULL || map_get(&r->scope_maps, slash + 1) == NULL)) {
		acr_not_found(rs, slash != NULL ? slash + 1 : map_id);
		return false;
	}
	if (status != NULL)
		t->disabled = strcasecmp(status, "disabled") == 0;
	if (map_id != NULL) {
		mem_free_ptr(&t->scope_map_id);
		t->scope_map_id = mem_dup(map_id);
	}
	return true;
}

static void touch(struct emulator *emu, const struct request *rq, struct token *t,
                  enum provisioning state)
{
	mem_free_ptr(&t->author);
	t->author = mem_dup(rq->who->client_id);
	t->modified = clock_ticks(&emu->clock);
	t->state = state;
	t->settles = t->modified + emu->set.settle;
}

static void answer_token(struct emulator *emu, struct request *rq, struct reply *rs,
                         struct registry *r, struct token *t)
{
	AUTO_FREE char *id = operation_begin(emu, rq, "token", t->state == PROVISIONING_UPDATING);
	AUTO_BUF struct buf path = BUF_INIT(URL_MAX);

	exchange_reply_json(rs, 201);
	put_token(emu, r, t, &rs->body);
	/* The body says what was begun even where it is done at once. */
	if (emu->set.settle == 0) {
		int64_t settles = t->settles;

		t->settles = INT64_MAX;
		buf_reset(&rs->body);
		put_token(emu, r, t, &rs->body);
		t->settles = settles;
	}
	arm_registry_id(emu, r, &path);
	buf_fmt(&path, "/tokens/%s", t->name);
	operation_put_status(emu, rq, rs, buf_cstr(&path), id);
}

static void token_put(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	struct token *t = r != NULL ? map_get(&r->tokens, rq->arg[3]) : NULL;
	bool created = r != NULL && t == NULL;
	AUTO_JSON struct json *body = NULL;

	if (r == NULL || !acr_read_body(rq, rs, &body))
		return;
	if (!acr_name_ok(rq->arg[3], "-", true)) {
		emulator_acr_error(
			rs, 400, "InvalidTokenName",
			"The token name %s is not valid: 5 to 50 letters, digits and hyphens, a "
			"letter first.",
			rq->arg[3]);
		return;
	}
	if (created)
		t = model_add_token(r, rq->arg[3], "", clock_ticks(&emu->clock));
	if (!apply(r, t, body, rs)) {
		if (created)
			model_remove_token(r, rq->arg[3]);
		return;
	}
	/* A PUT says all there is: passwords it does not name are gone. */
	for (int i = 0; i < MODEL_SLOTS; i++)
		if (!is_kept(body, t, i))
			slot_remove(&t->slot[i]);
	touch(emu, rq, t, created ? PROVISIONING_CREATING : PROVISIONING_UPDATING);
	answer_token(emu, rq, rs, r, t);
}

static void token_patch(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r;
	struct token *t = token_of(emu, rq, rs, &r);
	AUTO_JSON struct json *body = NULL;

	if (t == NULL || !acr_read_body(rq, rs, &body) || !apply(r, t, body, rs))
		return;
	for (int i = 0; i < MODEL_SLOTS; i++)
		if (json_get(body, "properties.credentials.passwords") != NULL &&
		    !is_kept(body, t, i))
			slot_remove(&t->slot[i]);
	touch(emu, rq, t, PROVISIONING_UPDATING);
	answer_token(emu, rq, rs, r, t);
}

static void token_delete(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);

	if (r == NULL)
		return;
	if (map_get(&r->tokens, rq->arg[3]) == NULL) {
		rs->status = 204;
		return;
	}
	model_remove_token(r, rq->arg[3]);
	operation_answer_deleted(emu, rq, rs);
}

/* ---- generateCredentials --------------------------------------------------------------------- */

static struct token *token_by_id(struct emulator *emu, struct registry *r, const char *id)
{
	AUTO_BUF struct buf prefix = BUF_INIT(URL_MAX);

	arm_registry_id(emu, r, &prefix);
	buf_str(&prefix, "/tokens/");
	if (id == NULL || strncasecmp(id, buf_cstr(&prefix), prefix.len) != 0)
		return NULL;
	return map_get(&r->tokens, id + prefix.len);
}

static bool read_wanted(const struct json *body, struct reply *rs, bool wanted[MODEL_SLOTS],
                        int64_t *expires)
{
	const char *name = json_str(body, "name"), *expiry = json_str(body, "expiry");
	bool any = false;

	for (int i = 0; i < MODEL_SLOTS; i++) {
		wanted[i] = json_get(body, "name") == NULL ||
		            (name != NULL && strcasecmp(name, slot_names[i]) == 0);
		any = any || wanted[i];
	}
	*expires = 0;
	if (any &&
	    (json_get(body, "expiry") == NULL || (expiry != NULL && str_ticks(expiry, expires))))
		return true;
	emulator_acr_error(rs, 400, "InvalidParameter", "The %s of the credential is not valid.",
	                   any ? "expiry" : "name");
	return false;
}

static void generate(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	AUTO_JSON struct json *body = NULL;
	char password[MODEL_SLOTS][SLOT_PASSWORD_LEN + 1];
	const char *value[MODEL_SLOTS] = { NULL, NULL };
	bool wanted[MODEL_SLOTS];
	const char *id, *slash;
	struct token *t;
	int64_t expires;

	if (r == NULL || !acr_read_body(rq, rs, &body) || !read_wanted(body, rs, wanted, &expires))
		return;
	id = json_str(body, "tokenId");
	slash = id != NULL ? strrchr(id, '/') : NULL;
	t = token_by_id(emu, r, id);
	if (t == NULL) {
		acr_not_found(rs, slash != NULL ? slash + 1 : "");
		return;
	}
	if (model_token_state(t, clock_ticks(&emu->clock)) == PROVISIONING_CREATING) {
		emulator_acr_error(
			rs, 409, "TokenNotActive",
			"The token %s is being created. Its credentials can be generated once "
			"that has succeeded.",
			t->name);
		return;
	}
	for (int i = 0; i < MODEL_SLOTS; i++) {
		struct fingerprint print;

		if (!wanted[i])
			continue;
		slot_password(password[i]);
		crypto_fingerprint_bytes(password[i], SLOT_PASSWORD_LEN, &print);
		slot_generate(&t->slot[i], clock_ticks(&emu->clock), expires, &print);
		value[i] = password[i];
	}
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"username\":\"%s\",", t->name);
	put_passwords(t, value, &rs->body);
	buf_char(&rs->body, '}');
	explicit_bzero(password, sizeof(password));
}

#define SUB      "/subscriptions/{}"
#define REGISTRY SUB "/resourceGroups/{}/providers/" ACR_TYPE "/{}"

static const struct route rows[] = {
	{ "POST", REGISTRY "/generateCredentials", "generate",
	  ACR_TYPE "/generateCredentials/action", generate },
	{ "GET", REGISTRY "/tokens", "token-list", ACR_TYPE "/tokens/read", token_list },
	{ "GET", REGISTRY "/tokens/", "token-list", ACR_TYPE "/tokens/read", token_list },
	{ "GET", REGISTRY "/tokens/{}", "token-get", ACR_TYPE "/tokens/read", token_get },
	{ "PUT", REGISTRY "/tokens/{}", "token-put", ACR_TYPE "/tokens/write", token_put },
	{ "PATCH", REGISTRY "/tokens/{}", "token-patch", ACR_TYPE "/tokens/write", token_patch },
	{ "DELETE", REGISTRY "/tokens/{}", "token-delete", ACR_TYPE "/tokens/delete",
	  token_delete },
};
const struct routes token_routes = { AREA_ARM, rows, COUNT(rows) };
