/* SPDX-License-Identifier: MIT */
#include "kubernetes_secret.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"

/* as long as Azure's */
#define DUMMY "acrotate-dry-run-0000000000000000000000000000000000000000000000000000000000000000000"

/* ---- what is in it --------------------------------------------------------------------------- */

bool kubernetes_failed(const struct kubernetes *k, enum err_kind kind, const char *what,
                       struct err *e)
{
	return err_set(e, kind, "secret '%s' %s", k->spec->secret, what);
}

static const char *data_key(const struct kubernetes *k)
{
	return k->template != NULL ? k->spec->data : ".dockerconfigjson";
}

static const char *type_of(const struct kubernetes *k)
{
	return k->template != NULL ? "Opaque" : "kubernetes.io/dockerconfigjson";
}

static bool is_our_type(const struct kubernetes *k)
{
	const char *type = json_str(k->now.j, "type");

	return type != NULL && strcmp(type, type_of(k)) == 0;
}

static const char *key_of(const struct kubernetes *k, const struct credential *who)
{
	return k->spec->key != NULL ? k->spec->key : who->server;
}

bool kubernetes_text(const struct kubernetes *k, struct buf *out, struct err *e)
{
	const char *value = k->exists && is_our_type(k) ? kube_data(&k->now, data_key(k)) : NULL;

	buf_reset(out);
	if (value == NULL || crypto_unbase64_lax(value, strlen(value), out))
		return true;
	return kubernetes_failed(k, ERR_REMOTE, "has data that is no base64", e);
}

bool kubernetes_held_in(const struct kubernetes *k, const struct buf *text,
                        const struct credential *who, struct secret **out, struct err *e)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	struct secret *password = NULL;

	if (k->template != NULL) {
		if (!template_match(k->template, buf_cstr(text), text->len, who, &password))
			password = NULL;
	} else if (!docker_look(text, key_of(k, who), &entry, e)) {
		return err_in(e, "secret '%s'", k->spec->secret);
	} else if (entry.username != NULL && strcmp(entry.username, who->username) == 0) {
		password = take(&entry.password);
	}
	*out = password;
	return true;
}

bool kubernetes_held(const struct kubernetes *k, const struct credential *who, struct secret **out,
                     struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(KUBERNETES_SIZE_MAX);

	return kubernetes_text(k, &text, e) && kubernetes_held_in(k, &text, who, out, e);
}

/* By whoever delivered last; a hand that changed the data alone has left the annotations. */
void kubernetes_say(const struct kubernetes *k, struct sink_says *out)
{
	const char *expires = k->exists ? kube_annotation(&k->now, "acrotate/expires") : NULL;
	const char *slot = k->exists ? kube_annotation(&k->now, "acrotate/slot") : NULL;
	int64_t ticks;

	*out = (struct sink_says){ 0 };
	if (expires != NULL && str_ticks(expires, &ticks) && ticks > 0)
		out->expires_us = ticks / 10;
	out->slot = credential_slot_of(slot);
}

/* ---- may we write? --------------------------------------------------------------------------- */

static bool entry_is_ours(const struct kubernetes *k, const struct buf *text,
                          const struct credential *who, struct err *e)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	const char *key = key_of(k, who);

	if (!docker_look(text, key, &entry, e))
		return err_in(e, "secret '%s'", k->spec->secret);
	if (!entry.found || k->spec->take_entry ||
	    (entry.username != NULL && strcmp(entry.username, who->username) == 0))
		return true;
	return err_set(e, ERR_DECISION,
	               "secret '%s' has an entry '%s' of another user ('%s'): remove it, or say "
	               "'take_entry = yes'",
	               k->spec->secret, key, entry.username != NULL ? entry.username : "");
}

static bool content_is_ours(const struct kubernetes *k, const struct buf *text,
                            const struct credential *who, struct err *e)
{
	AUTO_SECRET struct secret *held = NULL;

	if (text->len == 0 || k->spec->take_entry ||
	    template_match(k->template, buf_cstr(text), text->len, who, &held))
		return true;
	return err_set(e, ERR_DECISION,
	               "key '%s' of secret '%s' has other content than the template (or another "
	               "registry or user in it): remove "
	               "it, or say 'take_entry = yes'",
	               k->spec->data, k->spec->secret);
}

struct secret *kubernetes_dummy(void)
{
	return secret_new(DUMMY, sizeof(DUMMY) - 1);
}

struct credential kubernetes_dummy_of(const struct credential *who, struct secret *password)
{
	return (struct credential){ .server = who->server,
		                    .username = who->username,
		                    .password = password,
		                    .slot = 1,
		                    .expires_us = 1 };
}

/* As the Secret will be, but for the password: would kubelet take our entry from it? */
static bool would_be_taken(const struct kubernetes *k, const struct buf *text,
                           const struct credential *who, struct buf *note, struct err *e)
{
	AUTO_BUF struct buf next = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO_SECRET struct secret *password = kubernetes_dummy();
	const struct credential c = kubernetes_dummy_of(who, password);
	const char *key = key_of(k, who);

	return (docker_put(text, key, &c, &next, e) &&
	        docker_shadow(&next, key, DOCKER_READER_BIT(DOCKER_READER_KUBELET), note, e)) ||
	       err_in(e, "secret '%s'", k->spec->secret);
}

bool kubernetes_acceptable(const struct kubernetes *k, const struct buf *text,
                           const struct credential *who, struct buf *note, struct err *e)
{
	const char *name = k->spec->secret, *type = json_str(k->now.j, "type");

	if (!is_our_type(k))
		return err_set(e, ERR_DECISION,
		               "secret '%s' is of type '%.100s', not '%s', and a type cannot be "
		               "changed: 'kubectl delete secret %s', or "
		               "name another one",
		               name, type != NULL ? type : "", type_of(k), name);
	if (json_true(k->now.j, "immutable"))
		return err_set(e, ERR_DECISION,
		               "secret '%s' is immutable: 'kubectl delete secret %s', then it is "
		               "made anew",
		               name, name);
	if (k->template != NULL)
		return content_is_ours(k, text, who, e);
	return entry_is_ours(k, text, who, e) && would_be_taken(k, text, who, note, e);
}

/* ---- what is sent ---------------------------------------------------------------------------- */

bool kubernetes_next_text(const struct kubernetes *k, const struct buf *text,
                          const struct credential *c, struct buf *out, struct err *e)
{
	if (k->template != NULL)
		return template_render(k->template, c, out, e);
	return docker_put(text, key_of(k, c), c, out, e) ||
	       err_in(e, "secret '%s'", k->spec->secret);
}

static void add_annotations(const struct credential *c, struct buf *out)
{
	const char *slot = credential_slot_name(c->slot);
	char time[STR_TIME_MAX];

	str_from_time(c->expires_us / 1000000, time);
	buf_fmt(out, "\"acrotate/slot\":\"%s\",\"acrotate/expires\":\"%s\"",
	        slot != NULL ? slot : "unknown", c->expires_us > 0 ? time : "never");
}

static void add_data(const struct kubernetes *k, const struct buf *text, struct buf *out)
{
	buf_str(out, "\"data\":{");
	buf_json(out, data_key(k));
	buf_str(out, ":\"");
	crypto_base64(buf_cstr(text), text->len, false, out);
	buf_str(out, "\"}");
}

void kubernetes_add_object(const struct kubernetes *k, const struct credential *c,
                           const struct buf *text, struct buf *out)
{
	buf_str(out, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":");
	buf_json(out, k->spec->secret);
	buf_str(out,
	        ",\"labels\":{\"app.kubernetes.io/managed-by\":\"acrotate\"},\"annotations\":{");
	if (k->fence != NULL) {
		buf_fmt(out, "\"%s\":", KUBERNETES_EPOCH);
		buf_json(out, k->fence);
		buf_char(out, ',');
	}
	add_annotations(c, out);
	buf_fmt(out, "}},\"type\":\"%s\",", type_of(k));
	add_data(k, text, out);
	buf_char(out, '}');
}

void kubernetes_add_patch(const struct kubernetes *k, const struct credential *c,
                          const struct buf *text, struct buf *out)
{
	buf_str(out, "{\"metadata\":{\"resourceVersion\":");
	buf_json(out, k->now.version);
	buf_str(out, ",\"annotations\":{");
	add_annotations(c, out);
	buf_str(out, "}},");
	add_data(k, text, out);
	buf_char(out, '}');
}

void kubernetes_add_touch(const struct kubernetes *k, const char *epoch, struct buf *out)
{
	buf_str(out, "{\"metadata\":{\"resourceVersion\":");
	buf_json(out, k->now.version);
	buf_fmt(out, ",\"annotations\":{\"%s\":", KUBERNETES_EPOCH);
	buf_json(out, epoch);
	buf_str(out, "}}}");
}
