/* SPDX-License-Identifier: MIT */
/*
 * Editing the text of a Docker or Podman configuration file (config.json, auth.json): reads and
 * replaces one entry of `auths`. Every byte outside the entry is kept. Pure functions over bytes;
 * the text is a whole file, "" if it does not exist; one with only white space counts as empty.
 *
 * ERR_CONFIG if `auths` or `credHelpers` is there twice, because clients differ in which one they
 * take, or if `auths` or our entry is not an object. ERR_LOCAL for text that no client can read.
 * Errors do not name the file. docker_reader.h describes which clients read the file, and whether
 * they would use our entry.
 */
#ifndef SINK_DOCKER_EDIT_H
#define SINK_DOCKER_EDIT_H

#include "base/base.h"

struct buf;
struct credential;
struct err;
struct secret;

#define DOCKER_CONFIG_MAX (10u * 1024 * 1024) /* the kubelet's limit */

/* Our entry as a client sees it. */
struct docker_entry {
	/* it exists and is not empty: docker leaves empty entries when it uses credsStore */
	bool found;
	char *username;          /* NULL: absent or undecodable */
	struct secret *password; /* NULL: absent, or overridden by a token */
	bool token;              /* a token overrides the password */
};
MUST_USE bool docker_look(const struct buf *text, const char *key, struct docker_entry *out,
                          struct err *e);
void docker_entry_clear(struct docker_entry *d);
/* Appends the host for which clients use an entry with this key; nothing for NULL. */
void docker_key_host(const char *key, struct buf *out);

/*
 * Would each of these readers (bits of docker_reader.h), asked for an image below `key`, send what
 * our entry says? ERR_CONFIG, with what to do, if one would not: a credential helper or another
 * entry takes precedence, or the reader ignores the whole file. `note` gets remarks: a foreign
 * entry that makes docker fail now and then, a more specific entry, a key that no client asks for.
 * Succeeds if there is no entry.
 */
MUST_USE bool docker_shadow(const struct buf *text, const char *key, unsigned readers,
                            struct buf *note, struct err *e);

/* The same text with c's user name and password in the entry. Its other fields are kept; tokens in
 * it are removed. */
MUST_USE bool docker_put(const struct buf *text, const char *key, const struct credential *c,
                         struct buf *out, struct err *e);

/*
 * Merges what another program wrote, without a lock, while we replaced the file. `theirs` is their
 * version, which we displaced; `ours` is what we put there; seen[0..n) are all versions known to
 * have been there before, any of which the writer of `theirs` may have read. The result is `theirs`
 * plus everything in `ours` that its writer cannot have known. Our own entry is left to
 * docker_put().
 */
MUST_USE bool docker_merge(const struct buf *theirs, const struct buf *ours, const struct buf *seen,
                           size_t n, const char *key, struct buf *out, struct err *e);

#endif
