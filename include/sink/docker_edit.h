/* SPDX-License-Identifier: MIT */
/*
 * The text of a Docker or Podman configuration file (config.json, auth.json): reading and replacing
 * one entry of `auths`. Every byte outside the entry stays as it is. Pure functions over bytes; the
 * text is a whole file, "" for one that is not there; white space alone is the same.
 *
 * `auths`, `credHelpers` or `credsStore` twice are refused (ERR_CONFIG): clients take one or the
 * other. What none can read is ERR_LOCAL. Errors do not name the file. Who reads it how, and
 * whether they would take our entry: docker_reader.h.
 */
#ifndef SINK_DOCKER_EDIT_H
#define SINK_DOCKER_EDIT_H

#include "base/base.h"

struct buf;
struct credential;
struct err;
struct secret;

#define DOCKER_CONFIG_MAX (10u * 1024 * 1024) /* kubelet reads no more of it */

/* Our entry as a client sees it. */
struct docker_entry {
	/* with something in it: docker keeps empty ones beside credsStore */
	bool found;
	char *username;          /* NULL: none, or one that cannot be decoded */
	struct secret *password; /* NULL: none, or an identity token counts instead of it */
	bool token;              /* one counts instead of the password */
};
MUST_USE bool docker_look(const struct buf *text, const char *key, struct docker_entry *out,
                          struct err *e);
void docker_entry_clear(struct docker_entry *d);
/* The host that a key is asked for at: appends it; nothing for NULL. */
void docker_key_host(const char *key, struct buf *out);

/*
 * Would each of these readers (bits of docker_reader.h) that asks for something below `key` send
 * what its entry says? ERR_CONFIG, with what to do, when one would not: a helper or another entry
 * is in the way, or it drops the whole file. `note` gets remarks: an entry of others that makes
 * docker fail now and then, a more specific one, a key that nobody asks for. Without an entry there
 * is nothing to judge.
 */
MUST_USE bool docker_shadow(const struct buf *text, const char *key, unsigned readers,
                            struct buf *note, struct err *e);

/* The same text with c's user and password in the entry: other fields of the entry stay, tokens
 * in it go. */
MUST_USE bool docker_put(const struct buf *text, const char *key, const struct credential *c,
                         struct buf *out, struct err *e);

/*
 * Brings home what a lock-free writer did while we replaced the file. `theirs` is the version of
 * theirs that we displaced, `ours` what we put there, seen[0..n) all versions known to have
 * stood there before: who wrote `theirs` may have read any of them. The result is `theirs` plus
 * all in `ours` that its writer cannot have known of. Our own entry is left to docker_put().
 */
MUST_USE bool docker_merge(const struct buf *theirs, const struct buf *ours, const struct buf *seen,
                           size_t n, const char *key, struct buf *out, struct err *e);

#endif
