/* SPDX-License-Identifier: MIT */
/* The identities that can get access tokens, their credentials and their permissions. Guarded by
 * the emulator's lock. */
#ifndef EMULATOR_IDENTITY_H
#define EMULATOR_IDENTITY_H

#include "base/base.h"
#include "base/crypto.h"
#include "emulator/model.h"

struct json;
struct pki_cert;

/* Entra ID allows more, but two are in use during a change */
#define IDENTITY_SECRETS_MAX      4
#define IDENTITY_CERTIFICATES_MAX 8
#define IDENTITY_FEDERATED_MAX    20 /* Entra's own limit */

struct federated {
	char *issuer, *subject, *audience;
	char *jwks; /* the issuer's keys; NULL: the emulator is the issuer */
};

struct identity {
	char *client_id, *object_id;
	char *resource_id; /* of a user-assigned managed identity */
	/* available at a metadata endpoint; the system-assigned one */
	bool managed, system;
	bool disabled;
	struct fingerprint secret[IDENTITY_SECRETS_MAX];
	bool secret_expired[IDENTITY_SECRETS_MAX];
	size_t n_secrets;
	struct pki_cert *certificate[IDENTITY_CERTIFICATES_MAX];
	size_t n_certificates;
	struct federated federated[IDENTITY_FEDERATED_MAX];
	size_t n_federated;
	bool limited; /* may do only `actions`; else everything */
	/* "Microsoft.ContainerRegistry/registries/read", '*' allowed */
	struct strings actions;
};

struct identities {
	struct identity **item;
	size_t n, cap;
};

struct identity *identity_add(struct identities *all, const char *client_id, const char *object_id);
struct identity *identity_by_client(const struct identities *all, const char *client_id);
struct identity *identity_by_object(const struct identities *all, const char *object_id);
bool identity_may(const struct identity *i, const char *action);
void identity_list_clear(struct identities *all);

#endif
