/* SPDX-License-Identifier: MIT */
/* The emulator's own door, on the plain listener: faults, log, clock, state, and doing things
 * behind a client's back. */
#include <stdio.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "control.h"
#include "emulator/arm.h"
#include "emulator/control.h"
#include "emulator/emulator.h"
#include "emulator/fault.h"
#include "emulator/journal.h"

#define TEXT_MAX (1 << 20)

void control_error(struct reply *rs, int status, const char *text)
{
	exchange_reply_json(rs, status);
	buf_str(&rs->body, "{\"error\":");
	buf_json(&rs->body, text);
	buf_str(&rs->body, "}\n");
}

bool control_body(const struct request *rq, struct reply *rs, struct json **out)
{
	struct err e = ERR_INIT;

	if (json_parse(buf_cstr(&rq->body), rq->body.len, out, &e))
		return true;
	control_error(rs, 400, e.text);
	return false;
}

void control_keep_or_set(const struct json *wanted, const char *name, int64_t *value)
{
	int64_t given;

	if (json_int(wanted, name, &given))
		*value = given;
}

void control_done(struct reply *rs)
{
	exchange_reply_json(rs, 200);
	buf_str(&rs->body, "{}\n");
}

/* ---- faults and log -------------------------------------------------------------------------- */

static void faults_add(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_BUF struct buf ids = BUF_INIT(TEXT_MAX);
	AUTO_JSON struct json *wanted = NULL;
	struct err e = ERR_INIT;

	if (!control_body(rq, rs, &wanted))
		return;
	if (!fault_add(emu->faults, wanted, &ids, &e)) {
		control_error(rs, 400, e.text);
		return;
	}
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"ids\":%s}\n", buf_cstr(&ids));
}

static void faults_show(struct emulator *emu, struct request *rq, struct reply *rs)
{
	(void)rq;
	exchange_reply_json(rs, 200);
	fault_dump(emu->faults, &rs->body);
	buf_char(&rs->body, '\n');
}

static void faults_remove(struct emulator *emu, struct request *rq, struct reply *rs)
{
	(void)rq;
	fault_remove_all(emu->faults);
	control_done(rs);
}

static void log_show(struct emulator *emu, struct request *rq, struct reply *rs)
{
	(void)rq;
	rs->status = 200;
	rs->content_type = "application/x-ndjson";
	journal_dump(emu->journal, &rs->body);
}

static void log_clear(struct emulator *emu, struct request *rq, struct reply *rs)
{
	(void)rq;
	journal_clear(emu->journal);
	control_done(rs);
}

/* ---- clock ----------------------------------------------------------------------------------- */

static void clock_show(struct emulator *emu, struct request *rq, struct reply *rs)
{
	char now[CLOCK_TEXT_MAX];

	(void)rq;
	clock_text(clock_ticks(&emu->clock), now);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"now\":\"%s\",\"shift\":%lld}\n", now,
	        (long long)(atomic_load(&emu->clock.shift) / STR_TICKS_PER_S));
}

static void clock_set(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_JSON struct json *wanted = NULL;
	int64_t seconds = 0;

	if (!control_body(rq, rs, &wanted))
		return;
	if (json_int(wanted, "shift", &seconds)) {
		atomic_store(&emu->clock.shift, seconds * STR_TICKS_PER_S);
	} else if (json_int(wanted, "advance", &seconds)) {
		atomic_fetch_add(&emu->clock.shift, seconds * STR_TICKS_PER_S);
	} else {
		control_error(rs, 400, "clock wants 'shift' or 'advance', in whole seconds");
		return;
	}
	clock_show(emu, rq, rs);
}

/* ---- state ----------------------------------------------------------------------------------- */

static void put_slot(const struct slot *s, struct buf *out)
{
	char time[CLOCK_TEXT_MAX], hex[FINGERPRINT_HEX_MAX];

	if (!s->present) {
		buf_fmt(out, "{\"present\":false,\"generations\":%u}", s->generations);
		return;
	}
	clock_text(s->created, time);
	buf_fmt(out, "{\"present\":true,\"generations\":%u,\"creationTime\":\"%s\"", s->generations,
	        time);
	if (s->expires) {
		clock_text(s->expires, time);
		buf_fmt(out, ",\"expiry\":\"%s\"", time);
	}
	fingerprint_to_hex(&s->print, hex);
	buf_fmt(out, ",\"sha256\":\"%s\"}", hex);
}

static void put_token(const struct token *t, struct buf *out)
{
	buf_str(out, "{\"name\":");
	buf_json(out, t->name);
	buf_fmt(out, ",\"status\":\"%s\",\"password1\":", t->disabled ? "disabled" : "enabled");
	put_slot(&t->slot[0], out);
	buf_str(out, ",\"password2\":");
	put_slot(&t->slot[1], out);
	buf_char(out, '}');
}

static void state_show(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const char *only = pairs_get(&rq->query, "token");
	char now[CLOCK_TEXT_MAX];

	clock_text(clock_ticks(&emu->clock), now);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"now\":\"%s\",\"registries\":[", now);
	(void)pthread_mutex_lock(&emu->lock);
	for (size_t i = 0; i < emu->model.n_registries; i++) {
		const struct registry *r = emu->model.registry[i];
		bool first = true;

		buf_fmt(&rs->body, "%s{\"name\":\"%s\",\"loginServer\":\"%s\",\"tokens\":[",
		        i > 0 ? "," : "", r->name, r->login_server);
		for (size_t k = 0; k < r->n_tokens; k++) {
			if (only != NULL && strcasecmp(only, r->token[k]->name) != 0)
				continue;
			if (!first)
				buf_char(&rs->body, ',');
			first = false;
			put_token(r->token[k], &rs->body);
		}
		buf_str(&rs->body, "]}");
	}
	(void)pthread_mutex_unlock(&emu->lock);
	buf_str(&rs->body, "]}\n");
}

/* ---- behind the client's back ---------------------------------------------------------------- */

static bool slot_of(const struct json *wanted, int *slot)
{
	const char *name = json_str(wanted, "slot");

	*slot = name != NULL && strcmp(name, "password2") == 0;
	return name != NULL && (*slot == 1 || strcmp(name, "password1") == 0);
}

static void do_generate(struct emulator *emu, struct token *t, const struct json *wanted,
                        struct reply *rs)
{
	const char *expiry = json_str(wanted, "expiry"), *given = json_str(wanted, "password");
	char password[SLOT_PASSWORD_LEN + 1];
	struct fingerprint print;
	int64_t expires = 0;
	int slot;

	if (!slot_of(wanted, &slot) || (expiry != NULL && !str_ticks(expiry, &expires))) {
		control_error(
			rs, 400,
			"generate wants 'slot' password1 or password2, and may have an 'expiry'");
		return;
	}
	slot_password(password);
	if (given == NULL)
		given = password;
	crypto_fingerprint_bytes(given, strlen(given), &print);
	slot_generate(&t->slot[slot], clock_ticks(&emu->clock), expires, &print);
	exchange_reply_json(rs, 200);
	buf_str(&rs->body, "{\"password\":");
	buf_json(&rs->body, given);
	buf_str(&rs->body, "}\n");
	explicit_bzero(password, sizeof(password));
}

static void do_wipe(struct emulator *emu, struct token *t, const struct json *wanted,
                    struct reply *rs)
{
	bool one;
	int slot;

	(void)emu;
	one = slot_of(wanted, &slot);
	for (int i = 0; i < MODEL_SLOTS; i++)
		if (!one || i == slot)
			slot_remove(&t->slot[i]);
	control_done(rs);
}

static void do_disable(struct emulator *emu, struct token *t, const struct json *wanted,
                       struct reply *rs)
{
	(void)emu;
	(void)wanted;
	t->disabled = true;
	control_done(rs);
}

static void do_enable(struct emulator *emu, struct token *t, const struct json *wanted,
                      struct reply *rs)
{
	(void)emu;
	(void)wanted;
	t->disabled = false;
	control_done(rs);
}

static const struct {
	const char *name;
	void (*act)(struct emulator *emu, struct token *t, const struct json *wanted,
	            struct reply *rs);
} deeds[] = { { "generate", do_generate },
	      { "wipe", do_wipe },
	      { "disable", do_disable },
	      { "enable", do_enable } };

/* Creating and deleting need no token yet, or none any more. */
static void make_or_break(struct emulator *emu, struct registry *r, const char *name,
                          const struct json *wanted, bool make, struct reply *rs)
{
	const char *map = json_str(wanted, "scope_map");
	AUTO_BUF struct buf id = BUF_INIT(TEXT_MAX);

	model_remove_token(r, name);
	if (make) {
		control_scope_map_id(emu, r, map != NULL ? map : "_repositories_pull", &id);
		(void)model_add_token(r, name, buf_cstr(&id), clock_ticks(&emu->clock));
	}
	control_done(rs);
}

static void token_do(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_JSON struct json *wanted = NULL;
	const char *action, *where;
	struct registry *r = NULL;
	struct token *t = NULL;

	if (!control_body(rq, rs, &wanted))
		return;
	action = json_str(wanted, "action") != NULL ? json_str(wanted, "action") : "";
	where = json_str(wanted, "registry");
	(void)pthread_mutex_lock(&emu->lock);
	if (where != NULL)
		r = strchr(where, '.') != NULL ? model_at_server(&emu->model, where, NULL)
		                               : model_registry(&emu->model, where);
	else if (emu->model.n_registries > 0)
		r = emu->model.registry[0];
	if (r != NULL)
		t = map_get(&r->tokens, rq->arg[0]);
	rs->status = 0;
	if (r != NULL &&
	    (strcmp(action, "create") == 0 || (t != NULL && strcmp(action, "delete") == 0)))
		make_or_break(emu, r, rq->arg[0], wanted, *action == 'c', rs);
	for (size_t i = 0; t != NULL && i < COUNT(deeds); i++)
		if (strcmp(deeds[i].name, action) == 0)
			deeds[i].act(emu, t, wanted, rs);
	if (rs->status == 0 && t != NULL)
		control_error(rs, 400,
		              "action is none of create, delete, generate, wipe, disable, enable");
	else if (rs->status == 0)
		control_error(rs, 404, "no such token");
	(void)pthread_mutex_unlock(&emu->lock);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void ticks_of(const struct json *wanted, const char *name, int64_t *ticks)
{
	const struct json *value = json_get(wanted, name);

	if (value != NULL && json_type(value) == JSON_NUMBER)
		*ticks = (int64_t)(json_number(value) * (double)STR_TICKS_PER_S);
}

static void settings_set(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_JSON struct json *wanted = NULL;
	int64_t replicas = 0;

	if (!control_body(rq, rs, &wanted))
		return;
	(void)pthread_mutex_lock(&emu->lock);
	ticks_of(wanted, "propagation", &emu->set.propagation);
	ticks_of(wanted, "settle", &emu->set.settle);
	if (json_int(wanted, "replicas", &replicas) && replicas > 0)
		emu->set.replicas = (unsigned)replicas;
	control_keep_or_set(wanted, "retry_after", &emu->set.retry_after);
	control_keep_or_set(wanted, "page", &emu->set.page);
	control_keep_or_set(wanted, "registry_limit", &emu->set.registry_limit);
	control_keep_or_set(wanted, "url_length", &emu->set.url_length);
	control_keep_or_set(wanted, "token_lifetime", &emu->set.token_lifetime);
	if (json_get(wanted, "arc_ignores_selector") != NULL)
		emu->set.arc_ignores_selector = json_true(wanted, "arc_ignores_selector");
	if (json_get(wanted, "no_date") != NULL)
		emu->set.no_date = json_true(wanted, "no_date");
	if (json_len(wanted, "arm_limit") == 2) {
		const struct rate rate = { json_number(json_at(wanted, "arm_limit", 0)),
			                   json_number(json_at(wanted, "arm_limit", 1)) };

		for (int i = 0; i < BUCKET__COUNT; i++)
			emu->set.limit[i] = rate;
	}
	(void)pthread_mutex_unlock(&emu->lock);
	control_done(rs);
}

void control_scope_map_id(const struct emulator *emu, const struct registry *r, const char *map,
                          struct buf *out)
{
	arm_registry_id(emu, r, out);
	buf_fmt(out, "/scopeMaps/%s", map);
}

static const struct route rows[] = {
	{ "POST", "/_emulator/faults", "control", NULL, faults_add },
	{ "GET", "/_emulator/faults", "control", NULL, faults_show },
	{ "DELETE", "/_emulator/faults", "control", NULL, faults_remove },
	{ "GET", "/_emulator/log", "control", NULL, log_show },
	{ "DELETE", "/_emulator/log", "control", NULL, log_clear },
	{ "GET", "/_emulator/clock", "control", NULL, clock_show },
	{ "POST", "/_emulator/clock", "control", NULL, clock_set },
	{ "GET", "/_emulator/state", "control", NULL, state_show },
	{ "POST", "/_emulator/tokens/{}", "control", NULL, token_do },
	{ "POST", "/_emulator/identities", "control", NULL, control_identity_set },
	{ "POST", "/_emulator/federated-token", "control", NULL, control_federated_token },
	{ "POST", "/_emulator/settings", "control", NULL, settings_set },
};
const struct routes control_routes = { AREA_CONTROL, rows, COUNT(rows) };
