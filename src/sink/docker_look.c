/* SPDX-License-Identifier: MIT */
/* What a config.json says of our entry: present, shadowed, whose. */
#include "sink/docker_doc.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"

/* ---- the parts of the file that matter ------------------------------------------------------- */

static const char *const known_names[KNOWN__COUNT] = { "auths", "credHelpers", "credsStore" };

void docker_doc_clear(struct docker_doc *d)
{
	json_span_clear(&d->members);
	json_span_clear(&d->auths);
	docker_index_free(d->index);
	d->index = NULL;
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

/* Go takes any letters for a name, Python none but its own: who reads the file says which of them
 * that is. */
static bool find_known(struct docker_doc *d, enum docker_known which, struct err *e)
{
	const char *name = known_names[which];
	const struct json_member *hit = NULL;

	for (size_t i = 0; i < d->members.n; i++) {
		const struct json_member *m = &d->members.m[i];
		if (!docker_same_but_case(d, m->key, name))
			continue;
		if (hit != NULL && which != CREDS_STORE)
			return err_set(e, ERR_CONFIG,
			               "it has '%s' twice: clients take one or the other; make one "
			               "of them",
			               name);
		if (hit == NULL || !docker_is_null(d, m->value))
			hit = m;
	}
	if (hit == NULL)
		return true;
	if (docker_is_null(d, hit->value)) {
		d->null_auths = which == AUTHS ? hit : d->null_auths;
		return true;
	}
	if (which == AUTHS && !docker_is_object(d, hit->value))
		return err_set(
			e, ERR_CONFIG,
			"its '%s' is not an object, for which its readers ignore the whole file",
			name);
	/* Of another type than its readers expect: docker_shape_ok() tells whom that concerns. */
	if (which == CREDS_STORE ? is_string(d, hit->value) : docker_is_object(d, hit->value))
		d->known[which] = hit;
	return true;
}

static bool is_entry(const struct docker_doc *d, const struct json_member *m)
{
	return docker_is_object(d, m->value) || docker_is_null(d, m->value);
}

/* For one that stands behind it under the same name, too, its readers ignore the file. */
static bool all_entries(const struct docker_doc *d, const char *key)
{
	for (size_t i = 0; i < d->auths.n; i++)
		if (!is_entry(d, &d->auths.m[i]) && json_span_is(d->text, d->auths.m[i].key, key))
			return false;
	return true;
}

/* Of two the last: there all readers agree. */
bool docker_doc_choose(struct docker_doc *d, const char *key, struct err *e)
{
	d->entry = docker_doc_named(d, key);
	if (d->entry == NULL || (is_entry(d, d->entry) && (d->sound || all_entries(d, key))))
		return true;
	return err_set(e, ERR_CONFIG,
	               "its entry '%s' is not an object, for which its readers ignore the whole "
	               "file",
	               key);
}

static bool is_blank(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memchr(" \t\r\n", text[i], 4) == NULL)
			return false;
	return true;
}

static bool has_auth(const struct docker_doc *d, struct span v)
{
	struct json_member m;
	size_t at = 0;

	while (docker_is_object(d, v) && json_span_next(d->text, v, &at, &m))
		if (docker_same_but_case(d, m.key, "auth") && is_string(d, m.value))
			return true;
	return false;
}

/* The format before `auths`: hosts at the top. With an entry in `auths` it would be another format.
 * */
static bool is_legacy(const struct docker_doc *d)
{
	for (size_t i = 0; i < d->members.n && d->auths.n == 0; i++) {
		struct span key = d->members.m[i].key;
		bool host = memchr(d->text + key.start, '.', key.end - key.start) != NULL ||
		            memchr(d->text + key.start, ':', key.end - key.start) != NULL;
		if (host && has_auth(d, d->members.m[i].value))
			return true;
	}
	return false;
}

/* The entries, and whether each is one. */
static void list_entries(struct docker_doc *d)
{
	d->sound = true;
	if (d->known[AUTHS] != NULL)
		json_span_members(d->text, d->known[AUTHS]->value, &d->auths);
	for (size_t i = 0; i < d->auths.n; i++)
		d->sound = d->sound && is_entry(d, &d->auths.m[i]);
}

bool docker_doc_read(const struct buf *text, struct docker_doc *d, struct err *e)
{
	struct err why = ERR_INIT;
	bool cut = false;

	*d = (struct docker_doc){ .text = buf_cstr(text), .n = text->len, .sound = true };
	d->blank = is_blank(d->text, d->n);
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
	list_entries(d);
	d->legacy = is_legacy(d);
	return true;
}

bool docker_doc_parse(const struct buf *text, const char *key, struct docker_doc *d, struct err *e)
{
	return docker_doc_read(text, d, e) && docker_doc_choose(d, key, e);
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

void docker_doc_entry(const struct docker_doc *d, struct docker_entry *out)
{
	*out = (struct docker_entry){ .found = false };
	if (d->entry != NULL)
		docker_reader_credential(d, DOCKER_READER_DOCKER, d->entry, out);
}

bool docker_look(const struct buf *text, const char *key, struct docker_entry *out, struct err *e)
{
	AUTO_DOCKER_DOC struct docker_doc d;

	if (!docker_doc_parse(text, key, &d, e))
		return false;
	docker_doc_entry(&d, out);
	return true;
}

void docker_entry_clear(struct docker_entry *d)
{
	free(d->username);
	secret_free(d->password);
	*d = (struct docker_entry){ .found = false };
}
