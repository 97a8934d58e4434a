/* SPDX-License-Identifier: MIT */
/* For src/sink only: the keys of sinks that are not files. */
#ifndef SINK_REMOTE_H
#define SINK_REMOTE_H

#include "base/keys.h"

struct azure_spec;
struct buf;
struct err;

struct libsecret_spec {
	bool take_entry;
};
extern const struct key remote_libsecret_keys[1];
void remote_libsecret_identity(const void *spec, const char *server, struct buf *out);

struct helper_spec {
	char *program;
	bool take_entry;
};
extern const struct key remote_helper_keys[2];
void remote_helper_identity(const void *spec, const char *server, struct buf *out);
bool remote_helper_validate(const void *spec, struct err *e);

struct kubernetes_spec {
	char *namespace, *secret, *key, *content, *data;
	bool take_entry, create;
};
extern const struct key remote_kubernetes_keys[7];
void remote_kubernetes_identity(const void *spec, const char *server, struct buf *out);
bool remote_kubernetes_validate(const void *spec, struct err *e);

struct keyvault_spec {
	char *vault, *secret, *content, *content_type;
};
extern const struct key remote_keyvault_keys[4];
void remote_keyvault_identity(const void *spec, const char *server, struct buf *out);
bool remote_keyvault_validate(const void *spec, struct err *e);
bool remote_keyvault_fits(const void *spec, const struct azure_spec *azure, struct err *e);

#endif
