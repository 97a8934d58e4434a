/* SPDX-License-Identifier: MIT */
/*
 * --kubernetes: the part of a Kubernetes API server that a rotator uses. Objects with versions,
 * conflicting merge patches and creations, dry runs, roles, service accounts with their tokens. It
 * answers like kube-apiserver; the same tests run against a real one. Guarded by the emulator's
 * lock.
 */
#ifndef EMULATOR_CLUSTER_H
#define EMULATOR_CLUSTER_H

#include "emulator/emulator.h"

struct cluster_item {
	char *resource, *namespace, *name; /* namespace "" for a namespace */
	char *text;                        /* the object, as JSON */
	int64_t version;
};
struct cluster {
	struct cluster_item **item; /* in the order of creation */
	size_t n, cap;
	int64_t version; /* the newest */
	char *admin;     /* the token of the administrator, who may do everything */
};

/* ---- cluster_store.c: objects ---------------------------------------------------------------- */
struct cluster *cluster_new(const char *admin_token);
void cluster_free(struct cluster *c);
struct cluster_item *cluster_find(const struct cluster *c, const char *resource,
                                  const char *namespace, const char *name);
void cluster_put(struct cluster *c, const char *resource, const char *namespace, const char *name,
                 const char *text);
void cluster_remove(struct cluster *c, struct cluster_item *item);
/* RFC 7386: applies `patch` to `target` (NULL: an empty object). */
void cluster_merge(const struct json *target, const struct json *patch, struct buf *out);

/* ---- cluster_rights.c: authentication and authorization -------------------------------------- */
#define CLUSTER_ADMIN "admin"
/* The user of a request's bearer token; NULL if there is none or it has expired. */
char *cluster_user(struct emulator *emu, const struct request *rq);
struct cluster_deed {
	const char *verb, *group, *resource, *namespace, *name;
};
bool cluster_may(const struct cluster *c, const char *user, const struct cluster_deed *d);
/* Issues a token for a service account. */
void cluster_token(struct emulator *emu, const char *namespace, const char *account,
                   const char *audience, int64_t seconds, struct buf *jwt);

#endif
