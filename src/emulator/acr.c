/* SPDX-License-Identifier: MIT */
/* Registries, tokens, scope maps and their operations at ARM, as the recordings of the real service show them. */
#include <stdio.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/arm.h"
#include "emulator/pki.h"

#define URL_MAX          (16 * 1024)
#define RP               "Microsoft.ContainerRegistry/registries"
#define SCOPE_ACTIONS_MAX 500            /* the service's limit */
#define TICKS_TO_YEAR_1  621355968000000000LL

static const char *const slot_names[MODEL_SLOTS] = { "password1", "password2" };
static const char *const state_names[] = { [PROVISIONING_CREATING] = "Creating", [PROVISIONING_UPDATING] = "Updating",
	                                   [PROVISIONING_SUCCEEDED] = "Succeeded" };

static int64_t now_of(struct emulator *emu)
{
	return clock_ticks(&emu->clock);
}

/* ---- polling URLs ---------------------------------------------------------------------------------------------------------- */

static void put_mark(const struct emulator *emu, const char *id, const char *t, struct buf *out)
{
	AUTO_FREE char *text = mem_fmt("%s %s %s", emu->nonce, id, t);
	struct print print;

	crypto_print_bytes(text, strlen(text), &print);
	crypto_base64(print.b, PRINT_LEN, true, out);
}

/* Like the real ones: a time, a certificate, a signature, a hash; three kilobytes, and another one at each poll. */
static void put_signed(struct emulator *emu, const char *id, struct buf *url)
{
	AUTO_FREE char *t = mem_fmt("%lld", (long long)(now_of(emu) + TICKS_TO_YEAR_1));
	AUTO_BUF struct buf mark = BUF_INIT(URL_MAX);

	if (emu->set.url_length == 0)
		return;
	put_mark(emu, id, t, &mark);
	buf_fmt(url, "&t=%s&c=MII", t);
	while (url->len + 400 < (size_t)emu->set.url_length)
		buf_str(url, emu->nonce);
	buf_str(url, "&s=");
	for (int i = 0; i < 15; i++)
		buf_str(url, buf_cstr(&mark));
	buf_fmt(url, "&h=%s", buf_cstr(&mark));
}

static bool signature_ok(struct emulator *emu, const struct request *rq, const char *id)
{
	AUTO_BUF struct buf mark = BUF_INIT(URL_MAX);

	if (emu->set.url_length == 0)
		return true;
	put_mark(emu, id, pairs_text(&rq->query, "t"), &mark);
	return strcmp(buf_cstr(&mark), pairs_text(&rq->query, "h")) == 0 && pairs_get(&rq->query, "c") && pairs_get(&rq->query, "s");
}

static void retry_after(const struct emulator *emu, struct reply *rs)
{
	if (emu->set.retry_after >= 0)
		reply_header(rs, "Retry-After", "%lld", (long long)emu->set.retry_after);
}

static void put_status_header(struct emulator *emu, const struct request *rq, struct reply *rs, const char *path, const char *id)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	emulator_url(emu, &url);
	buf_fmt(&url, "%s/operationStatuses/%s?api-version=%s", path, id, pairs_text(&rq->query, "api-version"));
	put_signed(emu, id, &url);
	pairs_set(&rs->header, "Azure-AsyncOperation", buf_cstr(&url));
	retry_after(emu, rs);
}

static void put_location_header(struct emulator *emu, const struct request *rq, struct reply *rs, const char *id)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	emulator_url(emu, &url);
	buf_fmt(&url, "/subscriptions/%s/providers/Microsoft.ContainerRegistry/locations/EASTUS/operationResults/%s?api-version=%s",
	        emu->set.subscription, id, pairs_text(&rq->query, "api-version"));
	put_signed(emu, id, &url);
	pairs_set(&rs->header, "Location", buf_cstr(&url));
	retry_after(emu, rs);
}

/* The id is the kind and the client's own request id: whoever sends one id twice gets one operation. */
static char *begin_operation(struct emulator *emu, const struct request *rq, const char *kind, bool updating)
{
	const char *client = pairs_get(&rq->header, "x-ms-client-request-id");
	struct operation *op;
	char own[37];
	char *id;

	crypto_uuid(own);
	id = mem_fmt("%s-%.64s", kind, client && *client ? client : own);
	op = model_add_operation(&emu->model, id, now_of(emu) + emu->set.settle);
	op->updating = updating;
	return id;
}

/* ---- bodies ---------------------------------------------------------------------------------------------------------------- */

static void put_time(struct buf *out, const char *name, int64_t ticks)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(ticks, text);
	buf_fmt(out, "\"%s\":\"%s\"", name, text);
}

/* `value` only for what was just generated. */
static void put_passwords(const struct token *t, const char *const value[MODEL_SLOTS], struct buf *out)
{
	bool first = true;

	buf_str(out, "\"passwords\":[");
	for (int i = 0; i < MODEL_SLOTS; i++) {
		const struct slot *s = &t->slot[i];

		if (!s->present)
			continue;
		buf_str(out, first ? "{" : ",{");
		first = false;
		put_time(out, "creationTime", s->created);
		buf_char(out, ',');
		if (s->expires) {
			put_time(out, "expiry", s->expires);
			buf_char(out, ',');
		}
		buf_fmt(out, "\"name\":\"%s\"", slot_names[i]);
		if (value && value[i])
			buf_fmt(out, ",\"value\":\"%s\"", value[i]);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void put_token(struct emulator *emu, const struct registry *r, const struct token *t, struct buf *out)
{
	buf_str(out, "{\"type\":\"" RP "/tokens\",\"id\":\"");
	arm_registry_id(emu, r, out);
	buf_fmt(out, "/tokens/%s\",\"name\":\"%s\",", t->name, t->name);
	arm_system_data(out, t->author, t->modified, t->modified);
	buf_str(out, ",\"properties\":{");
	put_time(out, "creationDate", t->created);
	buf_fmt(out, ",\"provisioningState\":\"%s\",", state_names[token_state(t, now_of(emu))]);
	if (*t->scope_map_id) {
		buf_str(out, "\"scopeMapId\":");
		buf_json(out, t->scope_map_id);
		buf_char(out, ',');
	}
	buf_str(out, "\"credentials\":{");
	put_passwords(t, NULL, out);
	buf_fmt(out, "},\"status\":\"%s\"}}", t->disabled ? "disabled" : "enabled");
}

static void put_scope_map(struct emulator *emu, const struct registry *r, const struct scope_map *map, struct buf *out)
{
	buf_str(out, "{\"type\":\"" RP "/scopeMaps\",\"id\":\"");
	arm_registry_id(emu, r, out);
	buf_fmt(out, "/scopeMaps/%s\",\"name\":\"%s\",", map->name, map->name);
	arm_system_data(out, map->author, map->modified, map->modified);
	buf_str(out, ",\"properties\":{");
	if (map->description) {
		buf_str(out, "\"description\":");
		buf_json(out, map->description);
		buf_char(out, ',');
	}
	buf_fmt(out, "\"type\":\"%s\",", map->system ? "SystemDefined" : "UserDefined");
	put_time(out, "creationDate", map->created);
	buf_fmt(out, ",\"provisioningState\":\"%s\",\"actions\":[", now_of(emu) < map->settles ? "Updating" : "Succeeded");
	for (size_t i = 0; i < map->actions.n; i++) {
		if (i > 0)
			buf_char(out, ',');
		buf_json(out, map->actions.item[i]);
	}
	buf_str(out, "]}}");
}

static void put_registry(struct emulator *emu, const struct registry *r, struct buf *out)
{
	char created[CLOCK_TEXT_MAX];
	bool settled = now_of(emu) >= r->settles;

	clock_text(r->created, created);
	buf_str(out, "{\"sku\":{\"name\":\"Premium\",\"tier\":\"Premium\"},\"type\":\"" RP "\",\"id\":\"");
	arm_registry_id(emu, r, out);
	buf_fmt(out, "\",\"name\":\"%s\",\"location\":\"%s\",\"tags\":{},", r->name, r->location);
	arm_system_data(out, emu->set.client_id, r->created, r->created);
	buf_fmt(out, ",\"properties\":{\"loginServer\":\"%s\",\"creationDate\":\"%.*sZ\",\"provisioningState\":\"%s\","
	        "\"adminUserEnabled\":false,\"networkRuleSet\":{\"defaultAction\":\"Allow\",\"ipRules\":[]},\"policies\":{"
	        "\"quarantinePolicy\":{\"status\":\"disabled\"},\"trustPolicy\":{\"type\":\"Notary\",\"status\":\"disabled\"},"
	        "\"retentionPolicy\":{\"days\":7,\"lastUpdatedTime\":\"%s\",\"status\":\"disabled\"},\"exportPolicy\":{\"status\":"
	        "\"enabled\"},\"azureADAuthenticationAsArmPolicy\":{\"status\":\"enabled\"},\"softDeletePolicy\":{\"retentionDays\":7,"
	        "\"lastUpdatedTime\":\"%s\",\"status\":\"disabled\"}},\"encryption\":{\"status\":\"disabled\"},\"dataEndpointEnabled\":"
	        "false,\"dataEndpointHostNames\":[],\"privateEndpointConnections\":[],\"publicNetworkAccess\":\"Enabled\","
	        "\"networkRuleBypassOptions\":\"AzureServices\",\"zoneRedundancy\":\"Disabled\",\"anonymousPullEnabled\":false}}",
	        r->login_server, (int)strcspn(created, "+"), created, settled ? "Succeeded" : "Creating", created, created);
}

/* ---- requests -------------------------------------------------------------------------------------------------------------- */

static bool name_ok(const char *name, const char *also, bool letter_first)
{
	size_t n = strlen(name);

	if (n < 5 || n > 50 || (letter_first && (name[0] < 'A' || (name[0] > 'Z' && name[0] < 'a') || name[0] > 'z')))
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = name[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && !strchr(also, c))
			return false;
	}
	return true;
}

static bool read_body(const struct request *rq, struct reply *rs, struct json **out)
{
	struct err e = ERR_INIT;

	if (json_parse(buf_cstr(&rq->body), rq->body.len, out, &e) && json_type(*out) == JSON_OBJECT)
		return true;
	arm_error(rs, 400, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s'.", e.text);
	return false;
}

static void not_found(struct reply *rs, const char *name)
{
	acr_error(rs, 404, "ResourceNotFound", "The resource %s could not be found.", name);
}

static struct token *token_of(struct emulator *emu, const struct request *rq, struct reply *rs, struct registry **r)
{
	struct token *t;

	*r = arm_registry(emu, rq, rs, true);
	t = *r ? map_get(&(*r)->tokens, rq->arg[3]) : NULL;
	if (*r && !t)
		not_found(rs, rq->arg[3]);
	return t;
}

/* ---- tokens ---------------------------------------------------------------------------------------------------------------- */

static void token_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	size_t next = arm_skip(rq), end;

	if (!r)
		return;
	end = next + (size_t)emu->set.page < r->n_tokens ? next + (size_t)emu->set.page : r->n_tokens;
	reply_json(rs, 200);
	buf_str(&rs->body, "{\"value\":[");
	for (size_t i = next; i < end; i++) {
		if (i > next)
			buf_char(&rs->body, ',');
		put_token(emu, r, r->token[i], &rs->body);
	}
	buf_char(&rs->body, ']');
	arm_next_link(emu, rq, end, r->n_tokens, &rs->body);
	buf_char(&rs->body, '}');
}

static void token_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r;
	struct token *t = token_of(emu, rq, rs, &r);

	if (!t)
		return;
	reply_json(rs, 200);
	put_token(emu, r, t, &rs->body);
}

/* Is this generation named in credentials.passwords, and so kept? The creation time counts when it is given. */
static bool is_kept(const struct json *body, const struct token *t, int slot)
{
	const char *list = "properties.credentials.passwords";

	for (size_t i = 0; i < json_len(body, list); i++) {
		const struct json *entry = json_at(body, list, i);
		const char *name = json_str(entry, "name"), *created = json_str(entry, "creationTime");
		int64_t ticks;

		if (name && strcasecmp(name, slot_names[slot]) == 0 &&
		    (!created || (str_ticks(created, &ticks) && ticks == t->slot[slot].created)))
			return true;
	}
	return false;
}

/* What a PUT or PATCH says about the token itself. False when it was refused. */
static bool apply(struct registry *r, struct token *t, const struct json *body, struct reply *rs)
{
	const char *status = json_str(body, "properties.status"), *map_id = json_str(body, "properties.scopeMapId");
	const char *slash = map_id ? strrchr(map_id, '/') : NULL;

	if (status && strcasecmp(status, "enabled") != 0 && strcasecmp(status, "disabled") != 0) {
		acr_error(rs, 400, "InvalidTokenStatus", "The token status %s is not valid.", status);
		return false;
	}
	if (map_id && (!slash || !map_get(&r->scope_maps, slash + 1))) {
		not_found(rs, slash ? slash + 1 : map_id);
		return false;
	}
	if (status)
		t->disabled = strcasecmp(status, "disabled") == 0;
	if (map_id) {
		mem_free_ptr(&t->scope_map_id);
		t->scope_map_id = mem_dup(map_id);
	}
	return true;
}

static void touch(struct emulator *emu, const struct request *rq, struct token *t, enum provisioning state)
{
	mem_free_ptr(&t->author);
	t->author = mem_dup(rq->who->client_id);
	t->modified = now_of(emu);
	t->state = state;
	t->settles = t->modified + emu->set.settle;
}

static void answer_token(struct emulator *emu, struct request *rq, struct reply *rs, struct registry *r, struct token *t)
{
	AUTO_FREE char *id = begin_operation(emu, rq, "token", t->state == PROVISIONING_UPDATING);
	AUTO_BUF struct buf path = BUF_INIT(URL_MAX);

	reply_json(rs, 201);
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
	put_status_header(emu, rq, rs, buf_cstr(&path), id);
}

static void token_put(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	struct token *t = r ? map_get(&r->tokens, rq->arg[3]) : NULL;
	bool created = r && !t;
	AUTO_JSON struct json *body = NULL;

	if (!r || !read_body(rq, rs, &body))
		return;
	if (!name_ok(rq->arg[3], "-", true)) {
		acr_error(rs, 400, "InvalidTokenName",
		          "The token name %s is not valid: 5 to 50 letters, digits and hyphens, a letter first.", rq->arg[3]);
		return;
	}
	if (created)
		t = model_add_token(r, rq->arg[3], "", now_of(emu));
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

	if (!t || !read_body(rq, rs, &body) || !apply(r, t, body, rs))
		return;
	for (int i = 0; i < MODEL_SLOTS; i++)
		if (json_get(body, "properties.credentials.passwords") && !is_kept(body, t, i))
			slot_remove(&t->slot[i]);
	touch(emu, rq, t, PROVISIONING_UPDATING);
	answer_token(emu, rq, rs, r, t);
}

static void answer_deleted(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *id = begin_operation(emu, rq, "token", false);

	rs->status = 202;
	put_location_header(emu, rq, rs, id);
}

static void token_delete(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);

	if (!r)
		return;
	if (!map_get(&r->tokens, rq->arg[3])) {
		rs->status = 204;
		return;
	}
	model_remove_token(r, rq->arg[3]);
	answer_deleted(emu, rq, rs);
}

/* ---- generateCredentials --------------------------------------------------------------------------------------------------- */

static struct token *token_by_id(struct emulator *emu, struct registry *r, const char *id)
{
	AUTO_BUF struct buf prefix = BUF_INIT(URL_MAX);

	arm_registry_id(emu, r, &prefix);
	buf_str(&prefix, "/tokens/");
	if (!id || strncasecmp(id, buf_cstr(&prefix), prefix.len) != 0)
		return NULL;
	return map_get(&r->tokens, id + prefix.len);
}

static bool read_wanted(const struct json *body, struct reply *rs, bool wanted[MODEL_SLOTS], int64_t *expires)
{
	const char *name = json_str(body, "name"), *expiry = json_str(body, "expiry");
	bool any = false;

	for (int i = 0; i < MODEL_SLOTS; i++) {
		wanted[i] = !json_get(body, "name") || (name && strcasecmp(name, slot_names[i]) == 0);
		any = any || wanted[i];
	}
	*expires = 0;
	if (any && (!json_get(body, "expiry") || (expiry && str_ticks(expiry, expires))))
		return true;
	acr_error(rs, 400, "InvalidParameter", "The %s of the credential is not valid.", any ? "expiry" : "name");
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

	if (!r || !read_body(rq, rs, &body) || !read_wanted(body, rs, wanted, &expires))
		return;
	id = json_str(body, "tokenId");
	slash = id ? strrchr(id, '/') : NULL;
	t = token_by_id(emu, r, id);
	if (!t) {
		not_found(rs, slash ? slash + 1 : "");
		return;
	}
	if (token_state(t, now_of(emu)) == PROVISIONING_CREATING) {
		acr_error(rs, 409, "TokenNotActive", "The token %s is being created. Its credentials can be generated once that has succeeded.",
		          t->name);
		return;
	}
	for (int i = 0; i < MODEL_SLOTS; i++) {
		struct print print;

		if (!wanted[i])
			continue;
		slot_password(password[i]);
		crypto_print_bytes(password[i], SLOT_PASSWORD_LEN, &print);
		slot_generate(&t->slot[i], now_of(emu), expires, &print);
		value[i] = password[i];
	}
	reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"username\":\"%s\",", t->name);
	put_passwords(t, value, &rs->body);
	buf_char(&rs->body, '}');
	explicit_bzero(password, sizeof(password));
}

/* ---- scope maps ------------------------------------------------------------------------------------------------------------ */

static void scope_map_list(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	size_t next = arm_skip(rq), end;

	if (!r)
		return;
	end = next + (size_t)emu->set.page < r->n_scope_maps ? next + (size_t)emu->set.page : r->n_scope_maps;
	reply_json(rs, 200);
	buf_str(&rs->body, "{\"value\":[");
	for (size_t i = next; i < end; i++) {
		if (i > next)
			buf_char(&rs->body, ',');
		put_scope_map(emu, r, r->scope_map[i], &rs->body);
	}
	buf_char(&rs->body, ']');
	arm_next_link(emu, rq, end, r->n_scope_maps, &rs->body);
	buf_char(&rs->body, '}');
}

static struct scope_map *scope_map_of(struct emulator *emu, struct request *rq, struct reply *rs, struct registry **r)
{
	struct scope_map *map;

	*r = arm_registry(emu, rq, rs, true);
	map = *r ? map_get(&(*r)->scope_maps, rq->arg[3]) : NULL;
	if (*r && !map)
		not_found(rs, rq->arg[3]);
	return map;
}

static void scope_map_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r;
	struct scope_map *map = scope_map_of(emu, rq, rs, &r);

	if (!map)
		return;
	reply_json(rs, 200);
	put_scope_map(emu, r, map, &rs->body);
}

static bool actions_ok(const struct json *body, struct reply *rs, bool required)
{
	const char *list = "properties.actions";
	size_t n = json_len(body, list);

	for (size_t i = 0; i < n; i++) {
		const char *action = json_text(json_at(body, list, i));

		if (!action || (strncmp(action, "repositories/", 13) != 0 && strncmp(action, "gateway/", 8) != 0)) {
			acr_error(rs, 400, "InvalidScopeMapAction", "An action of the scope map is not valid.");
			return false;
		}
	}
	if (n <= SCOPE_ACTIONS_MAX && (n > 0 || !required))
		return true;
	acr_error(rs, 400, "InvalidScopeMap", "A scope map needs between 1 and %d actions.", SCOPE_ACTIONS_MAX);
	return false;
}

static void apply_scope_map(struct emulator *emu, const struct request *rq, struct scope_map *map, const struct json *body)
{
	const char *list = "properties.actions", *description = json_str(body, "properties.description");

	if (json_len(body, list) > 0)
		strings_clear(&map->actions);
	for (size_t i = 0; i < json_len(body, list); i++)
		strings_add(&map->actions, json_text(json_at(body, list, i)));
	if (description) {
		mem_free_ptr(&map->description);
		map->description = mem_dup(description);
	}
	mem_free_ptr(&map->author);
	map->author = mem_dup(rq->who->client_id);
	map->modified = now_of(emu);
}

static bool may_change(const struct scope_map *map, struct reply *rs)
{
	if (!map || !map->system)
		return true;
	acr_error(rs, 400, "SystemDefinedScopeMap", "The scope map %s is defined by the system and cannot be changed.", map->name);
	return false;
}

static void scope_map_put(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	struct scope_map *map = r ? map_get(&r->scope_maps, rq->arg[3]) : NULL;
	AUTO_JSON struct json *body = NULL;

	if (!r || !may_change(map, rs) || !read_body(rq, rs, &body) || !actions_ok(body, rs, true))
		return;
	if (!name_ok(rq->arg[3], "-_", false) || rq->arg[3][0] == '_') {
		acr_error(rs, 400, "InvalidScopeMapName", "The scope map name %s is not valid.", rq->arg[3]);
		return;
	}
	if (!map)
		map = model_add_scope_map(r, rq->arg[3], now_of(emu));
	apply_scope_map(emu, rq, map, body);
	reply_json(rs, 200);
	put_scope_map(emu, r, map, &rs->body);
}

static void scope_map_patch(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r;
	struct scope_map *map = scope_map_of(emu, rq, rs, &r);
	AUTO_JSON struct json *body = NULL;
	AUTO_FREE char *id = NULL;
	AUTO_BUF struct buf path = BUF_INIT(URL_MAX);

	if (!map || !may_change(map, rs) || !read_body(rq, rs, &body) || !actions_ok(body, rs, false))
		return;
	apply_scope_map(emu, rq, map, body);
	map->settles = INT64_MAX;
	reply_json(rs, 201);
	put_scope_map(emu, r, map, &rs->body);
	map->settles = map->modified + emu->set.settle;
	id = begin_operation(emu, rq, "token", true);
	arm_registry_id(emu, r, &path);
	buf_fmt(&path, "/scopeMaps/%s", map->name);
	put_status_header(emu, rq, rs, buf_cstr(&path), id);
}

static void scope_map_delete(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, true);
	struct scope_map *map = r ? map_get(&r->scope_maps, rq->arg[3]) : NULL;

	if (!r || !may_change(map, rs))
		return;
	if (!map) {
		rs->status = 204;
		return;
	}
	model_remove_scope_map(r, rq->arg[3]);
	answer_deleted(emu, rq, rs);
}

/* ---- registries ------------------------------------------------------------------------------------------------------------ */

static void registry_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = arm_registry(emu, rq, rs, false);

	if (!r)
		return;
	reply_json(rs, 200);
	put_registry(emu, r, &rs->body);
}

static void registry_put(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct registry *r = model_registry(&emu->model, rq->arg[2]);
	AUTO_FREE char *server = mem_fmt("%s.azurecr.io", rq->arg[2]), *id = NULL;
	AUTO_BUF struct buf path = BUF_INIT(URL_MAX);
	AUTO_JSON struct json *body = NULL;

	if (!read_body(rq, rs, &body))
		return;
	if (!name_ok(rq->arg[2], "", false) || strcasecmp(rq->arg[0], emu->set.subscription) != 0) {
		arm_error(rs, 400, "InvalidResourceName", "The registry name %s is not valid.", rq->arg[2]);
		return;
	}
	if (!r) {
		r = model_add_registry(&emu->model, rq->arg[2], rq->arg[1], server, now_of(emu));
		mem_free_ptr(&r->location);
		r->location = mem_dup(json_str(body, "location") ? json_str(body, "location") : "eastus");
	}
	r->settles = INT64_MAX;
	reply_json(rs, 201);
	put_registry(emu, r, &rs->body);
	r->settles = now_of(emu) + emu->set.settle;
	id = begin_operation(emu, rq, "registries", false);
	arm_registry_id(emu, r, &path);
	put_status_header(emu, rq, rs, buf_cstr(&path), id);
}

/* ---- operations ------------------------------------------------------------------------------------------------------------ */

static struct operation *operation_of(struct emulator *emu, const struct request *rq, struct reply *rs, const char *id)
{
	struct operation *op = map_get(&emu->model.operations, id);

	if (!op)
		not_found(rs, id);
	else if (!op->result && !op->fails && op->done != INT64_MAX && !signature_ok(emu, rq, id))
		acr_error(rs, 400, "InvalidOperationUrl", "The URL of the operation %s is not the one that was given.", id);
	else
		return op;
	return NULL;
}

static void poll_status(struct emulator *emu, struct request *rq, struct reply *rs, const char *id, const char *path)
{
	struct operation *op = operation_of(emu, rq, rs, id);

	if (!op)
		return;
	reply_json(rs, 200);
	if (now_of(emu) < op->done)
		buf_fmt(&rs->body, "{\"status\":\"%s\"}", op->updating ? "Updating" : "Creating");
	else if (op->fails)
		buf_str(&rs->body, "{\"status\":\"Failed\",\"error\":{\"code\":\"OperationFailed\",\"message\":\"The operation failed.\"}}");
	else
		buf_str(&rs->body, "{\"status\":\"Succeeded\"}");
	put_status_header(emu, rq, rs, path, id);
}

static char *path_before(const char *path)
{
	const char *end = strcasestr(path, "/operationStatuses/");

	return mem_dup_n(path, end ? (size_t)(end - path) : strlen(path));
}

static void nested_status(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *path = path_before(rq->path);

	if (arm_registry(emu, rq, rs, true))
		poll_status(emu, rq, rs, rq->arg[4], path);
}

static void registry_status(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *path = path_before(rq->path);

	if (arm_registry(emu, rq, rs, true))
		poll_status(emu, rq, rs, rq->arg[3], path);
}

static void location_status(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *path = path_before(rq->path);

	poll_status(emu, rq, rs, rq->arg[2], path);
}

static void location_result(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct operation *op = operation_of(emu, rq, rs, rq->arg[2]);

	if (!op)
		return;
	if (now_of(emu) < op->done) {
		rs->status = 202;
		put_location_header(emu, rq, rs, op->id);
	} else if (op->fails) {
		acr_error(rs, 409, "OperationFailed", "The operation failed.");
	} else if (op->result) {
		reply_json(rs, 200);
		buf_str(&rs->body, op->result);
	} else {
		rs->status = 200;
	}
}

#define SUB      "/subscriptions/{}"
#define REGISTRY SUB "/resourceGroups/{}/providers/" RP "/{}"
#define LOCATION SUB "/providers/Microsoft.ContainerRegistry/locations/{}"

static const struct route rows[] = {
	{ "GET", REGISTRY, "registry-get", RP "/read", registry_get },
	{ "PUT", REGISTRY, "registry-put", RP "/write", registry_put },
	{ "GET", REGISTRY "/operationStatuses/{}", "operation", RP "/operationStatuses/read", registry_status },
	{ "POST", REGISTRY "/generateCredentials", "generate", RP "/generateCredentials/action", generate },
	{ "GET", REGISTRY "/tokens", "token-list", RP "/tokens/read", token_list },
	{ "GET", REGISTRY "/tokens/", "token-list", RP "/tokens/read", token_list },
	{ "GET", REGISTRY "/tokens/{}", "token-get", RP "/tokens/read", token_get },
	{ "PUT", REGISTRY "/tokens/{}", "token-put", RP "/tokens/write", token_put },
	{ "PATCH", REGISTRY "/tokens/{}", "token-patch", RP "/tokens/write", token_patch },
	{ "DELETE", REGISTRY "/tokens/{}", "token-delete", RP "/tokens/delete", token_delete },
	{ "GET", REGISTRY "/tokens/{}/operationStatuses/{}", "operation", RP "/tokens/operationStatuses/read", nested_status },
	{ "GET", REGISTRY "/scopeMaps", "scope-map-list", RP "/scopeMaps/read", scope_map_list },
	{ "GET", REGISTRY "/scopeMaps/{}", "scope-map-get", RP "/scopeMaps/read", scope_map_get },
	{ "PUT", REGISTRY "/scopeMaps/{}", "scope-map-put", RP "/scopeMaps/write", scope_map_put },
	{ "PATCH", REGISTRY "/scopeMaps/{}", "scope-map-patch", RP "/scopeMaps/write", scope_map_patch },
	{ "DELETE", REGISTRY "/scopeMaps/{}", "scope-map-delete", RP "/scopeMaps/delete", scope_map_delete },
	{ "GET", REGISTRY "/scopeMaps/{}/operationStatuses/{}", "operation", RP "/scopeMaps/operationStatuses/read", nested_status },
	{ "GET", LOCATION "/operationResults/{}", "operation", "Microsoft.ContainerRegistry/locations/operationResults/read",
	  location_result },
	{ "GET", LOCATION "/operationStatuses/{}", "operation", "Microsoft.ContainerRegistry/locations/operationResults/read",
	  location_status },
};
const struct routes acr_routes = { AREA_ARM, rows, COUNT(rows) };
