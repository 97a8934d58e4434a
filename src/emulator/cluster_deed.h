/* SPDX-License-Identifier: MIT */
/* One request to the cluster, and how it is refused. */
#ifndef SRC_EMULATOR_CLUSTER_DEED_H
#define SRC_EMULATOR_CLUSTER_DEED_H

#include "emulator/cluster.h"

#define CLUSTER_OBJECT_MAX (8 << 20)
#define CLUSTER_KINDS      6

struct cluster_kind {
	const char *resource, *kind, *group, *api;
};
extern const struct cluster_kind cluster_kinds[CLUSTER_KINDS];

struct deed {
	struct emulator *emu;
	struct request *rq;
	struct reply *rs;
	size_t kind;                  /* into cluster_kinds */
	const char *namespace, *name; /* "" for a namespace; NULL for a list or a creation */
	bool dry_run;
};

/* kind and name: details, or NULL. */
void cluster_status(struct reply *rs, int code, const char *reason, const char *kind,
                    const char *name, const char *fmt, ...) PRINTF(6, 7);
void cluster_not_found(struct reply *rs, const char *resource, const char *name);
void cluster_stale(struct reply *rs, const char *resource, const char *name);

bool cluster_is_secret(const struct deed *d);
/* An object's data, decoded where that is base64; false after a refusal. */
bool cluster_data_ok(struct deed *d, const char *name, const struct json *j);
/* What may not change; false after a refusal. */
bool cluster_change_ok(struct deed *d, const struct json *old, const struct json *new);

#endif
