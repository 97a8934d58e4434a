/* SPDX-License-Identifier: MIT */
/* Inside src/sink/docker_*.c only: the parts of a configuration file that matter, as spans of
 * its text. */
#ifndef SINK_DOCKER_DOC_H
#define SINK_DOCKER_DOC_H

#include "base/base.h"
#include "base/json_span.h"

struct buf;
struct docker_entry;
struct err;

enum docker_known { AUTHS, CRED_HELPERS, CREDS_STORE, KNOWN__COUNT };

struct docker_doc {
	const char *text;
	size_t n;
	bool blank;  /* no file, or nothing but white space in it */
	bool legacy; /* a .dockercfg: hosts at the top, no auths */
	struct span top;
	struct json_members members;
	const struct json_member *known[KNOWN__COUNT]; /* NULL: absent, or null */
	const struct json_member *null_auths;          /* "auths": null */
	struct json_members auths;
	const struct json_member *entry; /* ours; NULL: absent */
};
/* Of a key that is there twice the last counts, as with all readers. Errors as docker_edit.h says.
 * *out is always something docker_doc_clear() takes. */
MUST_USE bool docker_doc_parse(const struct buf *text, const char *key, struct docker_doc *out,
                               struct err *e);
void docker_doc_clear(struct docker_doc *d);
#define AUTO_DOCKER_DOC AUTO(docker_doc_clear)
/* What our entry says to docker, which understands most of its forms. */
void docker_doc_entry(const struct docker_doc *d, struct docker_entry *out);
/* As docker_shadow(), of a document; note may be NULL: what is only remarked is not looked for. */
MUST_USE bool docker_shadow_doc(const struct docker_doc *d, const char *key, unsigned readers,
                                struct buf *note, struct err *e);

static inline bool docker_is_null(const struct docker_doc *d, struct span v)
{
	return d->text[v.start] == 'n';
}

static inline bool docker_is_object(const struct docker_doc *d, struct span v)
{
	return d->text[v.start] == '{';
}

/* As Go compares the names of fields, but for two Unicode letters nobody would use. */
bool docker_same_but_case(const struct docker_doc *d, struct span key, const char *name);
/* Is it a field that a client may take a password or token from? */
bool docker_is_credential_field(const struct docker_doc *d, struct span key);

/* d's text with a member of another text in it: in place of the value of `old`, or (NULL) as a
 * new one of auths or of the whole file. */
void docker_set(const struct docker_doc *d, bool in_auths, const struct json_member *old,
                const char *text, const struct json_member *m, struct buf *out);

#endif
