/* SPDX-License-Identifier: MIT */
/*
 * acrotate's own copies of passwords: STATE/store/SERVER, and STATE/store/SERVER/NAMESPACE for an
 * entry with a namespace. The sink of type `store` writes them; who is asked for a password (the
 * credential helper, the kubelet's plugin) finds and reads them here, without a configuration.
 *
 * A file and a directory cannot have one name. Where the one entry's stands in the way, the other
 * one's stands beside it: the copy of SERVER is SERVER/_ where SERVER is a directory already, and
 * that of SERVER/NAMESPACE is the file SERVER,NAMESPACE where SERVER is a file. Neither character
 * can be in an entry's name there. It stays where it stands.
 */
#ifndef SINK_COPY_H
#define SINK_COPY_H

#include "base/credential.h"

struct buf;
struct err;

#define COPY_DIR     "store"     /* in the state directory */
#define COPY_MAX     (16 * 1024) /* a file of six short values */
#define COPY_KEY_MAX 512         /* a host's name, and some names of a path */

/* Can this be an entry's name: a host, or a host and a path of names? It becomes a path. */
MUST_USE bool copy_key_ok(const char *key);
/* The name in the form that it is kept under: what names a host is in small letters; a scheme,
 * slashes at the end, and the /v1 or /v2 that docker once had there are no part of it. ERR_CONFIG
 * when it is none. Caller frees. */
MUST_USE bool copy_key(const char *text, char **out, struct err *e);
/* Where the copy of this entry (copy_key()'s) stands, or would be made. Caller frees. */
char *copy_path(const char *state, const char *key);

/* ERR_LOCAL for more than fits. */
MUST_USE bool copy_render(const struct credential *c, struct buf *out, struct err *e);
/* ERR_LOCAL for what copy_render() would not have written; never with a word of it. */
MUST_USE bool copy_parse(const char *text, size_t n, struct credential *out, struct err *e);
/* Its password as a JSON string. */
void copy_put_password(const struct credential *c, struct buf *out);
/* One copy. ERR_MISSING: there is none. */
MUST_USE bool copy_read(const char *path, struct credential *out, struct err *e);

/* Calls `each` for every copy there is of this host (NULL: of all), in no order, with what is
 * then its own name. ERR_LOCAL where the directory cannot be read; none there is none to find. */
typedef void copy_each_fn(void *ctx, const char *key, const char *path);
MUST_USE bool copy_each(const char *state, const char *host, copy_each_fn *each, void *ctx,
                        struct err *e);

#endif
