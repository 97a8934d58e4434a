/* SPDX-License-Identifier: MIT */
/*
 * --keyvault: the secrets of a key vault, at /secrets of the emulator's port. Versions, tags,
 * attributes, soft delete, the challenge, and the rights of each identity. It answers like the
 * service's recordings; Microsoft's own client is the judge. Guarded by the emulator's lock.
 */
#ifndef EMULATOR_VAULT_H
#define EMULATOR_VAULT_H

#include "emulator/emulator.h"

#define VAULT_VALUE_MAX ((size_t)25 * 1024)

struct vault_version {
	char id[33];
	char *value, *content_type, *tags; /* tags: a JSON object, or NULL */
	bool enabled;
	int64_t created, updated, expires, not_before; /* seconds; 0: none */
};
struct vault_secret {
	char *name;
	struct vault_version **version; /* oldest first */
	size_t n, cap;
	int64_t deleted; /* ticks; 0: it is not */
};
struct vault {
	struct vault_secret **secret;
	size_t n, cap;
};

/* ---- vault_store.c --------------------------------------------------------------------------- */
struct vault *vault_new(void);
void vault_free(struct vault *v);
/* Deleted ones, too. NULL: there is none. */
struct vault_secret *vault_find(const struct vault *v, const char *name);
struct vault_secret *vault_add(struct vault *v, const char *name);
/* A new version, which is the newest, without a value yet. */
struct vault_version *vault_add_version(struct vault_secret *s, int64_t now);
/* id NULL: the newest. NULL: there is none. */
struct vault_version *vault_version_of(const struct vault_secret *s, const char *id);
void vault_purge(struct vault *v, struct vault_secret *s);
/* Reads contentType, attributes and tags; what is absent stays. */
void vault_version_update(struct vault_version *to, const struct json *body);

#endif
