/* SPDX-License-Identifier: MIT */
/* Inside src/keyring only: the session bus, the Secret Service on it, and the items of a server. */
#ifndef SRC_KEYRING_SESSION_H
#define SRC_KEYRING_SESSION_H

#define SECRET_API_SUBJECT_TO_CHANGE 1
#include "base/base.h"
#include <libsecret/secret.h>

struct err;

extern const SecretSchema session_schema;

struct session {
	GDBusConnection *bus;
	SecretService *service;
	char *path;   /* of the default collection */
	char *label;  /* of that one */
	bool locked;  /* that one */
	GList *items; /* SecretItem, of all collections */
};
/* Finds what is there, and opens nothing that is locked. */
MUST_USE bool session_open(struct session *s, const char *server, struct err *e);
void session_clear(struct session *s);
/* Fills s->items anew. */
MUST_USE bool session_search(struct session *s, const char *server, struct err *e);

/* The three return false. session_failed() takes the GError, which is NULL where libsecret tells so
 * of a prompt that was dismissed. session_locked(): `name` is the keyring's, or NULL. */
bool session_failed(const char *what, GError *why, struct err *e);
bool session_locked(const char *name, struct err *e);
bool session_locked_item(struct err *e);

#endif
