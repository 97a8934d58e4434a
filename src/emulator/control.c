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
#include "emulator/arm.h"
#include "emulator/control.h"
#include "emulator/emulator.h"
#include "emulator/fault.h"
#include "emulator/journal.h"
#include "emulator/pki.h"

#define TEXT_MAX (1 << 20)

static void answer_error(struct reply *rs, int status, const char *text)
{
	exchange_reply_json(rs, status);
	buf_str(&rs->body, "{\"error\":");
	buf_json(&rs->body, text);
	buf_str(&rs->body, "}\n");
}

static bool read_body(const struct request *rq, struct reply *rs, struct json **out)
{
	struct err e = ERR_INIT;

	if (json_parse(buf_cstr(&rq->body), rq->body.len, out, &e))
		return true;
	answer_error(rs, 400, e.text);
	return false;
}

/* Stays as it is when the member is not there. */
static void keep_or_set(const struct json *wanted, const char *name, int64_t *value)
{
	int64_t given;

	if (json_int(wanted, name, &given))
		*value = given;
}

static void answer_done(struct reply *rs)
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

	if (!read_body(rq, rs, &wanted))
		return;
	if (!fault_add(emu->faults, wanted, &ids, &e)) {
		answer_error(rs, 400, e.text);
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
	answer_done(rs);
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
	answer_done(rs);
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

	if (!read_body(rq, rs, &wanted))
		return;
	if (json_int(wanted, "shift", &seconds)) {
		atomic_store(&emu->clock.shift, seconds * STR_TICKS_PER_S);
	} else if (json_int(wanted, "advance", &seconds)) {
		atomic_fetch_add(&emu->clock.shift, seconds * STR_TICKS_PER_S);
	} else {
		answer_error(rs, 400, "clock wants 'shift' or 'advance', in whole seconds");
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
		answer_error(
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
	answer_done(rs);
}

static void do_disable(struct emulator *emu, struct token *t, const struct json *wanted,
                       struct reply *rs)
{
	(void)emu;
	(void)wanted;
	t->disabled = true;
	answer_done(rs);
}

static void do_enable(struct emulator *emu, struct token *t, const struct json *wanted,
                      struct reply *rs)
{
	(void)emu;
	(void)wanted;
	t->disabled = false;
	answer_done(rs);
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
	answer_done(rs);
}

static void token_do(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_JSON struct json *wanted = NULL;
	const char *action, *where;
	struct registry *r = NULL;
	struct token *t = NULL;

	if (!read_body(rq, rs, &wanted))
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
		answer_error(rs, 400,
		             "action is none of create, delete, generate, wipe, disable, enable");
	else if (rs->status == 0)
		answer_error(rs, 404, "no such token");
	(void)pthread_mutex_unlock(&emu->lock);
}

/* ---- identities ------------------------------------------------------------------------------ */

static void set_text(char **member, const char *text)
{
	if (text == NULL)
		return;
	mem_free_ptr(member);
	*member = mem_dup(text);
}

static void read_rights(struct identity *who, const struct json *wanted)
{
	const struct json *actions = json_get(wanted, "actions");

	if (actions == NULL)
		return;
	model_strings_clear(&who->actions);
	who->limited = json_type(actions) == JSON_ARRAY;
	for (const struct json *a = json_child(actions); a != NULL; a = json_next(a))
		if (json_text(a) != NULL)
			model_strings_add(&who->actions, json_text(a));
}

static bool read_proofs(struct identity *who, const struct json *wanted, struct err *e)
{
	const char *secret = json_str(wanted, "secret"),
		   *certificate = json_str(wanted, "certificate");
	const struct json *federated = json_get(wanted, "federated");

	if (secret != NULL && who->n_secrets < IDENTITY_SECRETS_MAX) {
		crypto_fingerprint_bytes(secret, strlen(secret), &who->secret[who->n_secrets]);
		who->secret_expired[who->n_secrets++] = json_true(wanted, "secret_expired");
	}
	if (certificate != NULL && who->n_certificates < IDENTITY_CERTIFICATES_MAX) {
		if (!pki_cert_read(certificate, &who->certificate[who->n_certificates], e))
			return false;
		who->n_certificates++;
	}
	for (const struct json *f = federated != NULL ? json_child(federated) : NULL;
	     f != NULL && who->n_federated < IDENTITY_FEDERATED_MAX; f = json_next(f)) {
		const char *issuer = json_str(f, "issuer"), *subject = json_str(f, "subject"),
			   *audience = json_str(f, "audience");

		if (issuer == NULL || subject == NULL || audience == NULL)
			return err_set(e, ERR_USAGE,
			               "federated wants issuer, subject and audience");
		who->federated[who->n_federated++] =
			(struct federated){ .issuer = mem_dup(issuer),
			                    .subject = mem_dup(subject),
			                    .audience = mem_dup(audience) };
	}
	return true;
}

bool control_identity(struct emulator *emu, const struct json *wanted, struct err *e)
{
	const char *client = json_str(wanted, "client_id"), *object = json_str(wanted, "object_id");
	struct identity *who;
	char own[37];

	if (client == NULL)
		return err_set(e, ERR_USAGE, "an identity wants a client_id");
	crypto_uuid(own);
	who = identity_by_client(&emu->identities, client);
	if (who == NULL)
		who = identity_add(&emu->identities, client, object != NULL ? object : own);
	set_text(&who->object_id, object);
	set_text(&who->resource_id, json_str(wanted, "resource_id"));
	if (json_get(wanted, "managed") != NULL)
		who->managed = json_true(wanted, "managed");
	if (json_get(wanted, "system") != NULL)
		who->system = json_true(wanted, "system");
	if (json_get(wanted, "disabled") != NULL)
		who->disabled = json_true(wanted, "disabled");
	if (json_true(wanted, "forget_secrets"))
		who->n_secrets = 0;
	read_rights(who, wanted);
	return read_proofs(who, wanted, e);
}

static void identity_set(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_JSON struct json *wanted = NULL;
	struct err e = ERR_INIT;
	bool ok;

	if (!read_body(rq, rs, &wanted))
		return;
	(void)pthread_mutex_lock(&emu->lock);
	ok = control_identity(emu, wanted, &e);
	(void)pthread_mutex_unlock(&emu->lock);
	if (ok)
		answer_done(rs);
	else
		answer_error(rs, 400, e.text);
}

static void federated_token(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX);
	AUTO_JSON struct json *wanted = NULL;

	if (!read_body(rq, rs, &wanted))
		return;
	control_federated(emu, wanted, &jwt);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"token\":\"%s\"}\n", buf_cstr(&jwt));
}

void control_federated(struct emulator *emu, const struct json *wanted, struct buf *jwt)
{
	static const char *const claims[][3] = {
		{ "iss", "issuer", "https://emulated.example/oidc" },
		{ "sub", "subject", "system:serviceaccount:default:acrotate" },
		{ "aud", "audience", "api://AzureADTokenExchange" }
	};
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);
	long long now = (long long)clock_seconds(&emu->clock);
	int64_t lifetime = 3600;
	char id[37];

	keep_or_set(wanted, "lifetime", &lifetime);
	for (size_t i = 0; i < COUNT(claims); i++) {
		const char *given = json_str(wanted, claims[i][1]);

		buf_fmt(&text, "%s\"%s\":", i > 0 ? "," : "{", claims[i][0]);
		buf_json(&text, given != NULL ? given : claims[i][2]);
	}
	crypto_uuid(id);
	buf_fmt(&text, ",\"jti\":\"%s\",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld}", id, now, now - 5,
	        now + (long long)lifetime);
	pki_sign(emu->pki, PKI_ENTRA, buf_cstr(&text), jwt);
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

	if (!read_body(rq, rs, &wanted))
		return;
	(void)pthread_mutex_lock(&emu->lock);
	ticks_of(wanted, "propagation", &emu->set.propagation);
	ticks_of(wanted, "settle", &emu->set.settle);
	if (json_int(wanted, "replicas", &replicas) && replicas > 0)
		emu->set.replicas = (unsigned)replicas;
	keep_or_set(wanted, "retry_after", &emu->set.retry_after);
	keep_or_set(wanted, "page", &emu->set.page);
	keep_or_set(wanted, "url_length", &emu->set.url_length);
	keep_or_set(wanted, "token_lifetime", &emu->set.token_lifetime);
	if (json_get(wanted, "arc_ignores_selector") != NULL)
		emu->set.arc_ignores_selector = json_true(wanted, "arc_ignores_selector");
	if (json_len(wanted, "arm_limit") == 2) {
		const struct rate rate = { json_number(json_at(wanted, "arm_limit", 0)),
			                   json_number(json_at(wanted, "arm_limit", 1)) };

		for (int i = 0; i < BUCKET__COUNT; i++)
			emu->set.limit[i] = rate;
	}
	(void)pthread_mutex_unlock(&emu->lock);
	answer_done(rs);
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
	{ "POST", "/_emulator/identities", "control", NULL, identity_set },
	{ "POST", "/_emulator/federated-token", "control", NULL, federated_token },
	{ "POST", "/_emulator/settings", "control", NULL, settings_set },
};
const struct routes control_routes = { AREA_CONTROL, rows, COUNT(rows) };
