/* SPDX-License-Identifier: MIT */
/* Would those who read the file send what our entry says? */
#include "sink/docker_edit.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/docker_doc.h"
#include "sink/docker_reader.h"

#define SOME_IMAGE "any-image" /* stands for all that are below a key */

/* An image that an entry of this key is for: clients ask in small letters, without scheme, tag or a
 * slash at the end. */
static void image_of(const char *key, struct buf *out)
{
	const char *scheme = strstr(key, "://"), *p = scheme != NULL ? scheme + 3 : key;
	size_t host = strcspn(p, "/"), end = strlen(p);

	if (strcmp(p + host, "/v1/") == 0 || strcmp(p + host, "/v2/") == 0 ||
	    strcmp(p + host, "/v1") == 0 || strcmp(p + host, "/v2") == 0)
		end = host;
	while (end > host && p[end - 1] == '/')
		end--;
	for (size_t i = end; i > host && p[i - 1] != '/'; i--)
		if (p[i - 1] == ':')
			end = i - 1;
	for (size_t i = 0; i < end; i++)
		buf_char(out, i < host ? (char)tolower((unsigned char)p[i]) : p[i]);
	buf_str(out, "/" SOME_IMAGE);
}

static void add_name(const struct docker_doc *d, struct span name, struct buf *out)
{
	if (d->text[name.start] == '"')
		json_span_string(d->text, name, out);
}

static bool is_within(struct span inner, const struct json_member *outer)
{
	return outer != NULL && inner.start >= outer->value.start && inner.end <= outer->value.end;
}

/* Named for our host, that is: `credsStore` is asked for all there are. */
static bool is_own_helper(const struct docker_doc *d, struct span helper)
{
	return is_within(helper, d->known[CRED_HELPERS]) &&
	       json_span_is(d->text, helper, DOCKER_READERS_HELPER);
}

/* No advice that would stop another reader: an empty name in `credHelpers`, which docker
 * understands, stops podman and docker-py. */
static bool by_helper(const struct docker_doc *d, const char *reader, const char *host,
                      struct span helper, struct err *e)
{
	if (is_own_helper(d, helper))
		return err_set(e, ERR_CONFIG,
		               "its 'credHelpers' sends '%s' to acrotate's own helper, so %s would "
		               "not read the entry: add a sink of type store for it, or leave %s "
		               "out of 'readers' if it does not use this file",
		               host, reader, reader);
	if (is_within(helper, d->known[CRED_HELPERS]))
		return err_set(e, ERR_CONFIG,
		               "its 'credHelpers' sends '%s' to a helper, so %s would not read the "
		               "entry: remove that line, use a "
		               "sink of type helper or libsecret, or leave %s out of 'readers' if "
		               "it does not use this file",
		               host, reader, reader);
	return err_set(e, ERR_CONFIG,
	               "its 'credsStore' is asked instead, so %s would not read the entry: remove "
	               "it if that store is not used, "
	               "use a sink of type helper or libsecret, or leave %s out of 'readers' if it "
	               "does not use this file",
	               reader, reader);
}

static bool by_other(const struct docker_doc *d, const char *reader, const char *key,
                     const struct json_member *other, struct err *e)
{
	AUTO_BUF struct buf name = BUF_INIT(DOCKER_CONFIG_MAX);

	add_name(d, other->key, &name);
	return err_set(e, ERR_CONFIG,
	               "%s would take its entry '%s' instead of '%s': remove that entry, or set "
	               "'key' to it",
	               reader, buf_cstr(&name), key);
}

/* The same user and password as who wrote it meant? */
static bool reads_the_same(const struct docker_doc *d, enum docker_reader reader)
{
	AUTO(docker_entry_clear) struct docker_entry meant = { .found = false };
	AUTO(docker_entry_clear) struct docker_entry read = { .found = false };

	docker_reader_credential(d, DOCKER_READER_DOCKER, d->entry, &meant);
	docker_reader_credential(d, reader, d->entry, &read);
	return meant.username != NULL && meant.password != NULL && read.username != NULL &&
	       read.password != NULL && strcmp(meant.username, read.username) == 0 &&
	       secret_equal(meant.password, read.password);
}

static bool takes_ours(const struct docker_doc *d, enum docker_reader reader, const char *key,
                       const struct docker_answer *a, struct err *e)
{
	if (a->entry != d->entry)
		return by_other(d, docker_reader_name(reader), key, a->entry, e);
	return reads_the_same(d, reader) || err_set(e, ERR_CONFIG,
	                                            "%s cannot read its entry '%s' as it stands: "
	                                            "remove it, and the next run writes it anew",
	                                            docker_reader_name(reader), key);
}

static bool judge(const struct docker_doc *d, enum docker_reader reader, bool served,
                  const char *key, const char *image, struct err *e)
{
	const char *name = docker_reader_name(reader);
	AUTO_FREE char *host = mem_dup_n(image, strcspn(image, "/"));
	struct docker_answer a;

	docker_reader_ask(d, reader, image, &a);
	switch (a.sends) {
	case DOCKER_SENDS_HELPERS:
		if (served && is_own_helper(d, a.helper))
			return true;
		return by_helper(d, name, host, a.helper, e);
	case DOCKER_DROPS_FILE:
		return err_set(e, ERR_CONFIG, "%s would ignore the whole file: %s", name, a.why);
	case DOCKER_SENDS_NOTHING:
		return err_set(e, ERR_CONFIG, "%s never asks for an entry '%s'", name, key);
	case DOCKER_SENDS_BY_CHANCE:
		return err_set(e, ERR_CONFIG,
		               "it has several entries for '%s', of which %s takes one by chance: "
		               "remove the others",
		               host, name);
	case DOCKER_SENDS_ENTRY:
		break;
	}
	return takes_ours(d, reader, key, &a, e);
}

/* Docker decodes every entry, in random order, and what comes behind one that it cannot is lost. */
static void note_undecodable(const struct docker_doc *d, struct buf *note)
{
	const struct json_member *m = docker_reader_undecodable(d, DOCKER_READER_DOCKER);
	AUTO_BUF struct buf name = BUF_INIT(DOCKER_CONFIG_MAX);

	if (m == NULL)
		return;
	add_name(d, m->key, &name);
	buf_fmt(note,
	        "its entry '%s' cannot be decoded, which makes docker fail on the whole file now "
	        "and then: 'docker logout %s' removes it",
	        buf_cstr(&name), buf_cstr(&name));
}

/* podman takes the longest key that fits: what somebody has put there for a namespace is for that,
 * and no fault. */
static void note_more_specific(const struct docker_doc *d, const char *key, struct buf *note)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < d->auths.n; i++) {
		AUTO_BUF struct buf said = BUF_INIT(DOCKER_CONFIG_MAX);
		json_span_string(d->text, d->auths.m[i].key, &said);
		if (said.len <= n + 1 || strncmp(buf_cstr(&said), key, n) != 0 ||
		    buf_cstr(&said)[n] != '/')
			continue;
		buf_fmt(note,
		        "%spodman and skopeo take its entry '%s' for what is below that, and ours "
		        "for the rest",
		        note->len > 0 ? "; " : "", buf_cstr(&said));
		return;
	}
}

/* Forms that a client finds, if at all, only while there is no entry under the name that it asks
 * for. */
static void note_form(const char *key, struct buf *note)
{
	AUTO_BUF struct buf image = BUF_INIT(DOCKER_CONFIG_MAX);

	if (strstr(key, "://") != NULL)
		return;
	image_of(key, &image);
	size_t n = image.len - strlen("/" SOME_IMAGE);
	if (strlen(key) != n || memcmp(buf_cstr(&image), key, n) != 0)
		buf_fmt(note, "%sno client asks for '%s' by that name: it is '%.*s'",
		        note->len > 0 ? "; " : "", key, (int)n, buf_cstr(&image));
}

bool docker_shadow_doc(const struct docker_doc *d, const char *key, unsigned readers,
                       struct buf *note, struct err *e)
{
	AUTO_BUF struct buf image = BUF_INIT(DOCKER_CONFIG_MAX);

	if (d->entry == NULL)
		return true;
	image_of(key, &image);
	for (int i = 0; i < DOCKER_READER__COUNT; i++)
		if ((readers & DOCKER_READER_BIT(i)) != 0 &&
		    !judge(d, (enum docker_reader)i, (readers & DOCKER_READERS_SERVED) != 0, key,
		           buf_cstr(&image), e))
			return false;
	if (note == NULL)
		return true;
	if ((readers & DOCKER_READER_BIT(DOCKER_READER_DOCKER)) != 0)
		note_undecodable(d, note);
	note_form(key, note);
	if ((readers & DOCKER_READER_BIT(DOCKER_READER_CONTAINERS)) != 0)
		note_more_specific(d, key, note);
	return true;
}

bool docker_shadow(const struct buf *text, const char *key, unsigned readers, struct buf *note,
                   struct err *e)
{
	AUTO_DOCKER_DOC struct docker_doc d;

	return docker_doc_parse(text, key, &d, e) && docker_shadow_doc(&d, key, readers, note, e);
}
