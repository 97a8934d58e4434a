/* SPDX-License-Identifier: MIT */
/*
 * The text of a Docker or Podman configuration file (config.json, auth.json): reading and
 * replacing one entry of `auths`. Every byte outside the entry stays as it is. Pure functions
 * over bytes; the text is a whole file, "" for one that is not there.
 *
 * What the clients would read differently from each other is refused (ERR_CONFIG): a name that
 * only Go takes for `auths`, `credHelpers` or `credsStore` (other case), one of these or our
 * entry twice. What none can read is ERR_LOCAL. Errors do not name the file.
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
};
MUST_USE bool docker_look(const struct buf *text, const char *key, struct docker_entry *out,
                          struct err *e);
void docker_entry_clear(struct docker_entry *d);

/* Would a client that asks for `key` get what stands in the entry? ERR_CONFIG, with what to do,
 * when a helper or a more specific entry is in the way. `note` gets a remark about an entry of
 * others that makes docker fail on the whole file. */
MUST_USE bool docker_shadow(const struct buf *text, const char *key, struct buf *note,
                            struct err *e);

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
