/* SPDX-License-Identifier: MIT */
/* For src/sink/docker_*.c only: the relevant parts of a configuration file, as spans of its
 * text. */
#ifndef SINK_DOCKER_DOC_H
#define SINK_DOCKER_DOC_H

#include "base/base.h"
#include "base/json_span.h"

struct buf;
struct credential;
struct docker_entry;
struct err;

enum docker_known { AUTHS, CRED_HELPERS, CREDS_STORE, KNOWN__COUNT };

struct docker_doc {
	const char *text;
	size_t n;
	bool blank;  /* no file, or only white space in it */
	bool legacy; /* a .dockercfg: hosts at the top level, no auths */
	bool sound;  /* every entry of auths is an object or null */
	struct span top;
	struct json_members members;
	/* NULL: absent, null, or of the wrong type */
	const struct json_member *known[KNOWN__COUNT];
	const struct json_member *null_auths; /* "auths": null */
	struct json_members auths;
	const struct json_member *entry; /* our entry; NULL: absent */
	/* for a document that many ask; NULL: every question is a search */
	struct docker_index *index;
};
/* Of a repeated entry the last counts, as for all readers. Errors as in docker_edit.h.
 * docker_doc_clear() may be called on *out even on failure. */
MUST_USE bool docker_doc_parse(const struct buf *text, const char *key, struct docker_doc *out,
                               struct err *e);
/* The two halves of it: what is the same for every key, and the entry of one. */
MUST_USE bool docker_doc_read(const struct buf *text, struct docker_doc *out, struct err *e);
MUST_USE bool docker_doc_choose(struct docker_doc *d, const char *key, struct err *e);
void docker_doc_clear(struct docker_doc *d);
#define AUTO_DOCKER_DOC AUTO(docker_doc_clear)
/* Finds names in auths, and answers what concerns the whole document, once for all who ask. The
 * index is the document's; it is not to be used by two threads at once. */
void docker_doc_index(struct docker_doc *d);
void docker_index_free(struct docker_index *x);
/* The last entry of auths with this name, or NULL. */
const struct json_member *docker_doc_named(const struct docker_doc *d, const char *name);
/* Our entry as docker reads it, which understands most of its forms. */
void docker_doc_entry(const struct docker_doc *d, struct docker_entry *out);
/* As docker_put(), into a parsed document. */
MUST_USE bool docker_put_doc(const struct docker_doc *d, const char *key,
                             const struct credential *c, struct buf *out, struct err *e);
/* As docker_shadow(), for a parsed document. note may be NULL: then remarks are not looked for. */
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

/* Compares names of fields as Go does, except for two Unicode letters that nobody would use. */
bool docker_same_but_case(const struct docker_doc *d, struct span key, const char *name);
/* Is it a field from which a client may take a password or token? */
bool docker_is_credential_field(const struct docker_doc *d, struct span key);

/* Appends d's text with a member of another text in it: in place of the value of `old`, or (NULL)
 * as a new member of auths or of the whole file. */
void docker_set(const struct docker_doc *d, bool in_auths, const struct json_member *old,
                const char *text, const struct json_member *m, struct buf *out);

#endif
