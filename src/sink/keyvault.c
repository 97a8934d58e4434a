/* SPDX-License-Identifier: MIT */
/*
 * A secret of a key vault, by a template. Each delivery is a new version of it; tags say which
 * password it is, for followers and for other rotators. A vault has no compare-and-swap: what keeps
 * rotators apart is the record alone (rotate/touch.c), and the fence, behind which nothing that was
 * sent acts later than is known.
 */
#include <stdio.h>
#include <stdlib.h>

#include "azure/arms.h"
#include "azure/keyvault.h"
#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "sink/remote.h"
#include "sink/sink.h"
#include "sink/template.h"

#define BODY_MAX (64 * 1024) /* a value whose every byte is escaped, and tags */
/* Azure's passwords are longer; what is shorter is not one of a registry. */
#define PASSWORD_MIN 40
#define DAY          86400

#define TAG_SLOT    "acrotate-slot"
#define TAG_CREATED "acrotate-created"
#define TAG_EXPIRES "acrotate-expires"

struct vault_sink {
	struct sink sink;
	const struct keyvault_spec *spec;
	struct keyvault *client;
	struct template *template;
	bool known; /* `now` was read */
	struct keyvault_secret now;
	struct secret *ours;    /* what find() found: it is ours in any form */
	struct credential next; /* between prepare and commit */
};

static bool vault_failed(const struct vault_sink *v, enum err_kind kind, const char *what,
                         struct err *e)
{
	return err_set(e, kind, "secret '%s' of key vault '%s' %s", v->spec->secret,
	               keyvault_host(v->client), what);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool vault_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                       struct err *e)
{
	const struct keyvault_spec *s = spec;
	AUTO_TEMPLATE struct template *t = NULL;
	AUTO_FREE char *url = NULL;

	if (lent == NULL || lent->arms == NULL || lent->azure == NULL)
		return err_set(e, ERR_CONFIG, "this program has no client of Azure");
	if (!keyvault_url(lent->azure, s->vault, &url, e) ||
	    !template_parse(s->content, strlen(s->content), &t, e))
		return false;
	struct vault_sink *v = mem_new(sizeof(*v));
	v->sink.ops = &sink_keyvault;
	v->spec = s;
	v->client = keyvault_new(arms_get(lent->arms, lent->azure), lent->lender, lent->env, url);
	v->template = take(&t);
	*out = &v->sink;
	return true;
}

static void vault_describe(const struct sink *s, struct buf *out)
{
	const struct vault_sink *v = (const struct vault_sink *)s;

	buf_fmt(out, "secret %s of key vault %s", v->spec->secret, keyvault_host(v->client));
}

static void vault_brief(const struct sink *s, struct buf *out)
{
	const struct vault_sink *v = (const struct vault_sink *)s;
	const char *host = keyvault_host(v->client);

	buf_fmt(out, "%.*s/%s", (int)strcspn(host, ".:"), host, v->spec->secret);
}

static void vault_abort(struct sink *s)
{
	credential_clear(&((struct vault_sink *)s)->next);
}

static void vault_close(struct sink *s)
{
	struct vault_sink *v = (struct vault_sink *)s;

	vault_abort(s);
	keyvault_secret_clear(&v->now);
	secret_free(v->ours);
	template_free(v->template);
	keyvault_free(v->client);
	free(v);
}

static bool vault_fence(struct sink *s, int64_t life_s, int64_t *expires, struct err *e)
{
	return keyvault_fence(((struct vault_sink *)s)->client, life_s, expires, e);
}

static void vault_unfence(struct sink *s)
{
	keyvault_open_fence(((struct vault_sink *)s)->client);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool look(struct vault_sink *v, struct err *e)
{
	v->known = keyvault_get(v->client, v->spec->secret, &v->now, e);
	return v->known;
}

static struct secret *held(const struct vault_sink *v, const struct credential *who)
{
	const char *value = keyvault_value(&v->now);
	struct secret *password = NULL;

	if (value == NULL || !template_match(v->template, value, strlen(value), who, &password))
		return NULL;
	return password;
}

static bool vault_read_current(struct sink *s, const struct credential *who, struct secret **out,
                               struct err *e)
{
	struct vault_sink *v = (struct vault_sink *)s;

	if (!look(v, e))
		return false;
	*out = held(v, who);
	return true;
}

/* A value that was set by hand since then has no tags, and no expiry unless the hand gave one. */
static void vault_says(const struct sink *s, struct sink_says *out)
{
	const struct vault_sink *v = (const struct vault_sink *)s;
	const char *expires = keyvault_tag(&v->now, TAG_EXPIRES),
		   *slot = keyvault_tag(&v->now, TAG_SLOT);
	int64_t at = 0;

	*out = (struct sink_says){ 0 };
	if ((json_int(v->now.j, "attributes.exp", &at) ||
	     (expires != NULL && str_time(expires, &at))) &&
	    at > 0 && at < INT64_MAX / 1000000)
		out->expires_us = at * 1000000;
	out->slot = credential_slot_of(slot);
}

static bool vault_find(struct sink *s, const struct credential *who, const struct sink_known *known,
                       struct secret **out, struct err *e)
{
	struct vault_sink *v = (struct vault_sink *)s;
	const char *value = keyvault_value(&v->now);

	(void)e;
	secret_free(v->ours);
	v->ours = value != NULL ? template_search(value, strlen(value), who, known) : NULL;
	*out = v->ours != NULL ? secret_dup(v->ours) : NULL;
	return true;
}

/* ---- may we write? --------------------------------------------------------------------------- */

/* The password that find() found is still in it. */
static bool has_ours(const struct vault_sink *v, const struct credential *who)
{
	const char *value = keyvault_value(&v->now);

	return v->ours != NULL && template_has(value, strlen(value), who, v->ours);
}

/* With the template {password} everything looks like ours. Without our tag it is taken for a
 * registry's password only if it may be one: the name may be that of another program's secret. */
static bool acceptable(const struct vault_sink *v, const struct credential *who, struct err *e)
{
	AUTO_SECRET struct secret *password = held(v, who);

	if (keyvault_value(&v->now) == NULL || has_ours(v, who))
		return true;
	if (password == NULL)
		return vault_failed(v, ERR_DECISION,
		                    "has other content than the template (or another registry or "
		                    "user in it): delete it, or name another one",
		                    e);
	if (keyvault_tag(&v->now, TAG_SLOT) != NULL || secret_len(password) >= PASSWORD_MIN)
		return true;
	return err_set(e, ERR_DECISION,
	               "secret '%s' of key vault '%s' is not a registry's password, and was not "
	               "written by "
	               "acrotate: name another one; if it is to be replaced, az keyvault secret "
	               "set-attributes --vault-name %.*s --name %s --tags " TAG_SLOT "=unknown",
	               v->spec->secret, keyvault_host(v->client),
	               (int)strcspn(keyvault_host(v->client), ".:"), keyvault_host(v->client),
	               v->spec->secret);
}

static bool vault_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct vault_sink *v = (struct vault_sink *)s;

	return look(v, e) && acceptable(v, who, e) &&
	       (keyvault_value(&v->now) != NULL ||
	        keyvault_may_create(v->client, v->spec->secret, e)) &&
	       keyvault_may_write(v->client, v->spec->secret, e);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct tags {
	struct buf *out;
	size_t n;
};

static void add_tag(struct tags *t, const char *name, const char *value)
{
	if (value == NULL || t->n == KEYVAULT_TAGS_MAX || strlen(value) > KEYVAULT_TEXT_MAX)
		return;
	buf_str(t->out, t->n++ > 0 ? "," : "");
	buf_json(t->out, name);
	buf_char(t->out, ':');
	buf_json(t->out, value);
}

static const char *slot_name(const struct credential *c)
{
	const char *name = credential_slot_name(c->slot);

	return name != NULL ? name : "unknown";
}

/* Of Microsoft's templates for rotation, which other rotators read, too. */
static void add_known_tags(struct tags *t, const struct credential *c)
{
	int64_t life = c->expires_us / 1000000 - c->created / STR_TICKS_PER_S;
	AUTO_FREE char *days = mem_fmt("%lld", (long long)((life + DAY / 2) / DAY));

	add_tag(t, "CredentialId", slot_name(c));
	add_tag(t, "ProviderAddress", c->provider);
	add_tag(t, "ValidityPeriodDays", c->created > 0 && life > 0 ? days : NULL);
}

static bool is_own_tag(const char *name)
{
	static const char *const own[] = {
		TAG_SLOT,       TAG_CREATED,       TAG_EXPIRES,
		"CredentialId", "ProviderAddress", "ValidityPeriodDays"
	};

	for (size_t i = 0; i < COUNT(own); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return false;
}

/* A version has the tags that are sent with it and no others: those of other people go along. */
static void add_tags(const struct vault_sink *v, const struct credential *c, struct buf *out)
{
	struct tags t = { .out = out };
	char created[STR_TIME_MAX], expires[STR_TIME_MAX];

	str_from_ticks(c->created, created);
	str_from_time(c->expires_us / 1000000, expires);
	add_tag(&t, TAG_SLOT, slot_name(c));
	add_tag(&t, TAG_CREATED, c->created > 0 ? created : NULL);
	add_tag(&t, TAG_EXPIRES, c->expires_us > 0 ? expires : "never");
	add_known_tags(&t, c);
	for (const struct json *m = keyvault_tags(&v->now); m != NULL; m = json_next(m))
		if (!is_own_tag(json_key(m)) && json_type(m) == JSON_STRING)
			add_tag(&t, json_key(m), json_text(m));
}

static void add_body(const struct vault_sink *v, const struct credential *c,
                     const struct buf *value, struct buf *out)
{
	const char *type = v->spec->content_type != NULL ? v->spec->content_type
	                                                 : json_str(v->now.j, "contentType");

	buf_str(out, "{\"value\":");
	buf_json(out, buf_cstr(value));
	if (type != NULL) {
		buf_str(out, ",\"contentType\":");
		buf_json(out, type);
	}
	buf_str(out, ",\"attributes\":{\"enabled\":true");
	if (c->expires_us > 0)
		buf_fmt(out, ",\"exp\":%lld", (long long)(c->expires_us / 1000000));
	buf_str(out, "},\"tags\":{");
	add_tags(v, c, out);
	buf_str(out, "}}");
}

static bool render(const struct vault_sink *v, const struct credential *c, struct buf *out,
                   struct err *e)
{
	if (!template_render(v->template, c, out, e))
		return false;
	return (buf_ok(out) && out->len <= KEYVAULT_VALUE_MAX) ||
	       vault_failed(v, ERR_LOCAL, "would be larger than a key vault keeps (25 kB)", e);
}

static bool vault_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	struct vault_sink *v = (struct vault_sink *)s;
	AUTO_BUF struct buf value = BUF_INIT(TEMPLATE_TEXT_MAX);

	vault_abort(s);
	if ((!v->known && !look(v, e)) || !acceptable(v, c, e) || !render(v, c, &value, e))
		return false;
	v->next = credential_dup(c);
	v->next.expires_us = c->expires_us;
	v->next.slot = c->slot;
	v->next.created = c->created;
	v->next.provider = mem_dup(c->provider);
	return true;
}

static bool vault_commit(struct sink *s, struct err *e)
{
	struct vault_sink *v = (struct vault_sink *)s;
	AUTO_BUF struct buf value = BUF_INIT(TEMPLATE_TEXT_MAX), body = BUF_INIT(BODY_MAX);

	if (v->next.password == NULL)
		return vault_failed(v, ERR_LOCAL, "was not prepared", e);
	if (!render(v, &v->next, &value, e))
		return false;
	add_body(v, &v->next, &value, &body);
	if (!buf_ok(&body))
		return vault_failed(v, ERR_LOCAL, "would be larger than a key vault keeps (25 kB)",
		                    e);
	return keyvault_put(v->client, v->spec->secret, &body, &v->now, e);
}

const struct sink_ops sink_keyvault = {
	.type = "keyvault",
	.keys = remote_keyvault_keys,
	.n_keys = COUNT(remote_keyvault_keys),
	.spec_size = sizeof(struct keyvault_spec),
	.shared = true,
	.atomic = true,
	.validate = remote_keyvault_validate,
	.fits = remote_keyvault_fits,
	.identity = remote_keyvault_identity,
	.open = vault_open,
	.describe = vault_describe,
	.brief = vault_brief,
	.check = vault_check,
	.read_current = vault_read_current,
	.says = vault_says,
	.find = vault_find,
	.prepare = vault_prepare,
	.commit = vault_commit,
	.fence = vault_fence,
	.unfence = vault_unfence,
	.abort = vault_abort,
	.close = vault_close,
};
