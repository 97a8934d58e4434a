/* SPDX-License-Identifier: MIT */
/*
 * acrotate's own copies of passwords: STATE/store/SERVER, and STATE/store/SERVER/NAMESPACE for an
 * entry with a namespace. The sink of type `store` writes them. The programs that are asked for a
 * password (the credential helper, the kubelet's plugin) find and read them here, without a
 * configuration.
 *
 * A file and a directory cannot have the same name. If an entry's name is blocked by the other
 * kind, its copy gets another name: that of SERVER is SERVER/_ if SERVER is a directory already,
 * and that of SERVER/NAMESPACE is the file SERVER,NAMESPACE if SERVER is a file. Neither character
 * can occur there in an entry's name. An existing copy keeps its name.
 */
#ifndef SINK_COPY_H
#define SINK_COPY_H

#include "base/credential.h"

struct buf;
struct err;

#define COPY_DIR     "store"     /* in the state directory */
#define COPY_MAX     (16 * 1024) /* a file has six short values */
#define COPY_KEY_MAX 512         /* a host name and some path components */

/* Is it a valid name of an entry: a host, or a host and path components? It becomes a path. */
MUST_USE bool copy_key_ok(const char *key);
/* Normalizes the name of an entry: the host is lower-cased; a scheme, trailing slashes, and the /v1
 * or /v2 that docker once wrote are removed. ERR_CONFIG if it is not a name of an entry. Caller
 * frees. */
MUST_USE bool copy_key(const char *text, char **out, struct err *e);
/* The path where the copy of this entry is, or would be created. `key` is from copy_key(). Caller
 * frees. */
char *copy_path(const char *state, const char *key);

/* ERR_LOCAL if it is too large; ERR_CONFIG for a password that a copy cannot represent. */
MUST_USE bool copy_render(const struct credential *c, struct buf *out, struct err *e);
/* ERR_LOCAL for text that copy_render() cannot have written; the message never quotes it. */
MUST_USE bool copy_parse(const char *text, size_t n, struct credential *out, struct err *e);
/* Appends its password as a JSON string. */
void copy_put_password(const struct credential *c, struct buf *out);
/* Reads one copy. ERR_MISSING if there is none. */
MUST_USE bool copy_read(const char *path, struct credential *out, struct err *e);

/* Calls `each` for every copy for this host (NULL: for all), in no order, with the name of its
 * entry. ERR_LOCAL if the directory cannot be read; not an error if it does not exist. */
typedef void copy_each_fn(void *ctx, const char *key, const char *path);
MUST_USE bool copy_each(const char *state, const char *host, copy_each_fn *each, void *ctx,
                        struct err *e);

#endif
