/* SPDX-License-Identifier: MIT */
/* The emulator's own door: identities, and tokens of another issuer. */
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "control.h"
#include "emulator/control.h"
#include "emulator/emulator.h"
#include "emulator/pki.h"

#define TEXT_MAX (1 << 20)

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
			                    .audience = mem_dup(audience),
			                    .jwks = mem_dup(json_str(f, "jwks")) };
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

void control_identity_set(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_JSON struct json *wanted = NULL;
	struct err e = ERR_INIT;
	bool ok;

	if (!control_body(rq, rs, &wanted))
		return;
	(void)pthread_mutex_lock(&emu->lock);
	ok = control_identity(emu, wanted, &e);
	(void)pthread_mutex_unlock(&emu->lock);
	if (ok)
		control_done(rs);
	else
		control_error(rs, 400, e.text);
}

void control_federated_token(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX);
	AUTO_JSON struct json *wanted = NULL;

	if (!control_body(rq, rs, &wanted))
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

	control_keep_or_set(wanted, "lifetime", &lifetime);
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
