/* SPDX-License-Identifier: MIT */
/* What a config.json says of our entry: present, shadowed, whose. */
#include "sink/docker_doc.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/docker_edit.h"

/* ---- the parts of the file that matter ------------------------------------------------------- */

static const char *const known_names[KNOWN__COUNT] = { "auths", "credHelpers", "credsStore" };

void docker_doc_clear(struct docker_doc *d)
{
	json_span_clear(&d->members);
	json_span_clear(&d->auths);
}

static bool is_string(const struct docker_doc *d, struct span v)
{
	return d->text[v.start] == '"';
}

bool docker_same_but_case(const struct docker_doc *d, struct span key, const char *name)
{
	AUTO_BUF struct buf said = BUF_INIT(key.end - key.start);

	json_span_string(d->text, key, &said);
	return said.len == strlen(name) && strcasecmp(buf_cstr(&said), name) == 0;
}

static bool find_known(struct docker_doc *d, enum docker_known which, struct err *e)
{
	const char *name = known_names[which];
	const struct json_member *hit = NULL;

	for (size_t i = 0; i < d->members.n; i++) {
		const struct json_member *m = &d->members.m[i];
		if (!docker_same_but_case(d, m->key, name))
			continue;
		if (hit != NULL)
			return err_set(e, ERR_CONFIG,
			               "it has '%s' twice: clients take one or the other; make one "
			               "of them",
			               name);
		if (!json_span_is(d->text, m->key, name))
			return err_set(e, ERR_CONFIG,
			               "it has '%s' in other letters, which only some clients "
			               "understand; spell it "
			               "'%s'",
			               name, name);
		hit = m;
	}
	if (hit == NULL)
		return true;
	if (docker_is_null(d, hit->value)) {
		d->null_auths = which == AUTHS ? hit : d->null_auths;
		return true;
	}
	if (which == CREDS_STORE ? !is_string(d, hit->value) : !docker_is_object(d, hit->value))
		return err_set(e, ERR_LOCAL, "its '%s' is not %s", name,
		               which == CREDS_STORE ? "a string" : "an object");
	d->known[which] = hit;
	return true;
}

static bool find_entry(struct docker_doc *d, const char *key, struct err *e)
{
	if (d->known[AUTHS] == NULL)
		return true;
	json_span_members(d->text, d->known[AUTHS]->value, &d->auths);
	for (size_t i = 0; i < d->auths.n; i++) {
		const struct json_member *m = &d->auths.m[i];
		if (!json_span_is(d->text, m->key, key))
			continue;
		if (d->entry != NULL)
			return err_set(e, ERR_CONFIG, "it has the entry '%s' twice; remove one",
			               key);
		if (!docker_is_object(d, m->value) && !docker_is_null(d, m->value))
			return err_set(e, ERR_LOCAL, "its entry '%s' is not an object", key);
		d->entry = m;
	}
	return true;
}

bool docker_doc_parse(const struct buf *text, const char *key, struct docker_doc *d, struct err *e)
{
	struct err why = ERR_INIT;
	bool cut = false;

	*d = (struct docker_doc){ .text = buf_cstr(text), .n = text->len, .blank = text->len == 0 };
	if (d->blank)
		return true;
	if (d->n >= 3 && memcmp(d->text, "\xef\xbb\xbf", 3) == 0)
		return err_set(e, ERR_LOCAL,
		               "it begins with a byte order mark, which no client accepts; save it "
		               "without");
	if (!json_span_value(d->text, d->n, &d->top, &cut, &why))
		return err_set(e, ERR_LOCAL, "%s%s", why.text,
		               cut ? ": it is cut off, or was being written" : "");
	if (!docker_is_object(d, d->top))
		return err_set(e, ERR_LOCAL, "it is not a JSON object");
	json_span_members(d->text, d->top, &d->members);
	for (enum docker_known i = 0; i < KNOWN__COUNT; i++)
		if (!find_known(d, i, e))
			return false;
	return find_entry(d, key, e);
}

static const char *const credential_fields[] = { "auth", "username", "password", "identitytoken",
	                                         "registrytoken" };

bool docker_is_credential_field(const struct docker_doc *d, struct span key)
{
	for (size_t i = 0; i < COUNT(credential_fields); i++)
		if (docker_same_but_case(d, key, credential_fields[i]))
			return true;
	return false;
}

/* ---- reading our entry ----------------------------------------------------------------------- */

/* The field a Go client takes for `name`: any case, the last one. */
static const struct json_member *field(const struct docker_doc *d,
                                       const struct json_members *fields, const char *name)
{
	const struct json_member *hit = NULL;

	for (size_t i = 0; i < fields->n; i++)
		if (docker_same_but_case(d, fields->m[i].key, name))
			hit = &fields->m[i];
	return hit;
}

/* False when it is absent, empty or no string. */
static bool field_text(const struct docker_doc *d, const struct json_members *fields,
                       const char *name, struct buf *out)
{
	const struct json_member *m = field(d, fields, name);

	if (m == NULL || !is_string(d, m->value))
		return false;
	json_span_string(d->text, m->value, out);
	return out->len > 0;
}

/* "user:password" in base64. False for what docker refuses. */
static bool split_auth(const struct buf *auth, char **username, struct secret **password)
{
	AUTO_SECRET struct secret *pair = NULL;
	struct err ignored = ERR_INIT;

	if (!crypto_unbase64(buf_cstr(auth), auth->len, &pair, &ignored))
		return false;
	const char *p = secret_peek(pair);
	const char *colon = memchr(p, ':', secret_len(pair));
	if (colon == NULL)
		return false;
	*username = mem_dup_n(p, (size_t)(colon - p));
	/* Docker cuts NUL bytes off the end of the password; ours has none. */
	*password = secret_new(colon + 1, secret_len(pair) - (size_t)(colon - p) - 1);
	return true;
}

static void read_entry(const struct docker_doc *d, struct docker_entry *out)
{
	AUTO(json_span_clear) struct json_members fields;
	AUTO_BUF struct buf auth = BUF_INIT(SECRET_MAX), user = BUF_INIT(SECRET_MAX),
			    password = BUF_INIT(SECRET_MAX);
	AUTO_BUF struct buf token = BUF_INIT(SECRET_MAX);

	json_span_members(d->text, d->entry->value, &fields);
	bool has_auth = field_text(d, &fields, "auth", &auth);
	bool has_user = field_text(d, &fields, "username", &user);
	bool has_password = field_text(d, &fields, "password", &password);
	bool has_token = field_text(d, &fields, "identitytoken", &token);
	buf_reset(&token);
	has_token = field_text(d, &fields, "registrytoken", &token) || has_token;
	out->found = has_auth || has_user || has_password || has_token;
	if (has_auth && buf_ok(&auth)) {
		/* not decodable: an entry without a name */
		(void)split_auth(&auth, &out->username, &out->password);
	} else if (has_user && buf_ok(&user) && buf_ok(&password)) {
		out->username = mem_dup(buf_cstr(&user));
		out->password = secret_new(buf_cstr(&password), password.len);
	}
	/* A token wins over the password with every client: the password is not what they use. */
	if (has_token || (out->password != NULL && secret_len(out->password) == 0)) {
		secret_free(out->password);
		out->password = NULL;
	}
}

bool docker_look(const struct buf *text, const char *key, struct docker_entry *out, struct err *e)
{
	AUTO_DOCKER_DOC struct docker_doc d;

	if (!docker_doc_parse(text, key, &d, e))
		return false;
	*out = (struct docker_entry){ .found = false };
	if (d.entry != NULL && docker_is_object(&d, d.entry->value))
		read_entry(&d, out);
	return true;
}

void docker_entry_clear(struct docker_entry *d)
{
	free(d->username);
	secret_free(d->password);
	*d = (struct docker_entry){ .found = false };
}

/* ---- who stands in the way ------------------------------------------------------------------- */

/* The host of a key as clients see it: "https://host/v1/" and "host/namespace" are of "host". */
static struct span host_of(const char *key)
{
	size_t skip = strncmp(key, "https://", 8) == 0  ? 8
	              : strncmp(key, "http://", 7) == 0 ? 7
	                                                : 0;

	return (struct span){ .start = skip, .end = skip + strcspn(key + skip, "/") };
}

enum helper { HELPER_NONE, HELPER_FILE, HELPER_PROGRAM };

/* "credHelpers": {"host": ""} says: this very file. */
static enum helper helper_for(const struct docker_doc *d, const char *name)
{
	enum helper hit = HELPER_NONE;
	struct json_members all;

	if (d->known[CRED_HELPERS] == NULL)
		return HELPER_NONE;
	json_span_members(d->text, d->known[CRED_HELPERS]->value, &all);
	for (size_t i = 0; i < all.n; i++)
		if (json_span_is(d->text, all.m[i].key, name))
			hit = json_span_is(d->text, all.m[i].value, "") ? HELPER_FILE
			                                                : HELPER_PROGRAM;
	json_span_clear(&all);
	return hit;
}

static bool helper_in_the_way(const struct docker_doc *d, const char *key, struct err *e)
{
	struct span h = host_of(key);
	AUTO_FREE char *host = mem_dup_n(key + h.start, h.end - h.start);
	enum helper of_host = helper_for(d, host), of_key = helper_for(d, key);

	if (of_host == HELPER_PROGRAM || of_key == HELPER_PROGRAM)
		return err_set(e, ERR_CONFIG,
		               "its 'credHelpers' sends '%s' to a helper, so the entry would not "
		               "be read: remove that "
		               "line, or use a sink of type helper or libsecret",
		               of_key == HELPER_PROGRAM ? key : host);
	bool store = d->known[CREDS_STORE] != NULL &&
	             !json_span_is(d->text, d->known[CREDS_STORE]->value, "");
	if (store && of_host != HELPER_FILE)
		return err_set(
			e, ERR_CONFIG,
			"its 'credsStore' is asked instead, so the entry would not be read: put "
			"\"credHelpers\": {\"%s\": \"\"} in it, or use a sink of type helper or "
			"libsecret",
			host);
	return true;
}

/* podman and skopeo take the longest key that fits. */
static bool entry_in_the_way(const struct docker_doc *d, const char *key, struct err *e)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < d->auths.n; i++) {
		const struct json_member *m = &d->auths.m[i];
		AUTO_BUF struct buf said = BUF_INIT(m->key.end - m->key.start);
		json_span_string(d->text, m->key, &said);
		if (said.len > n + 1 && strncmp(buf_cstr(&said), key, n) == 0 &&
		    buf_cstr(&said)[n] == '/')
			return err_set(e, ERR_CONFIG,
			               "its entry '%s' is more specific than '%s' and would be "
			               "taken instead by some "
			               "clients: remove it, or set 'key' to it",
			               buf_cstr(&said), key);
	}
	return true;
}

/* Docker decodes every entry, in random order, and stops at one it cannot. */
static void note_broken(const struct docker_doc *d, struct buf *note)
{
	for (size_t i = 0; i < d->auths.n; i++) {
		const struct json_member *m = &d->auths.m[i];
		AUTO_BUF struct buf auth = BUF_INIT(m->value.end - m->value.start),
				    name = BUF_INIT(m->key.end - m->key.start);
		AUTO_FREE char *user = NULL;
		AUTO_SECRET struct secret *password = NULL;
		struct json_members fields;
		if (m == d->entry || !docker_is_object(d, m->value))
			continue;
		json_span_members(d->text, m->value, &fields);
		bool has = field_text(d, &fields, "auth", &auth);
		json_span_clear(&fields);
		if (!has || split_auth(&auth, &user, &password))
			continue;
		json_span_string(d->text, m->key, &name);
		buf_fmt(note,
		        "its entry '%s' cannot be decoded, which makes docker fail on the whole "
		        "file now and then: 'docker "
		        "logout %s' removes it",
		        buf_cstr(&name), buf_cstr(&name));
		return;
	}
}

bool docker_shadow(const struct buf *text, const char *key, struct buf *note, struct err *e)
{
	AUTO_DOCKER_DOC struct docker_doc d;

	if (!docker_doc_parse(text, key, &d, e) || !helper_in_the_way(&d, key, e) ||
	    !entry_in_the_way(&d, key, e))
		return false;
	note_broken(&d, note);
	return true;
}
