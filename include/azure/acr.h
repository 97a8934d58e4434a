/* SPDX-License-Identifier: MIT */
/*
 * Container registries, their tokens and passwords, api-version 2023-07-01. Facts about the service
 * are in tests/recordings, taken from Microsoft's own recorded sessions.
 *
 * The generation of a password is identified by its creation time: the reply to generateCredentials
 * and every later GET carry the same one, to 100 ns. The expiry is echoed exactly as it was sent
 * (without trailing zeros), so random microseconds in it distinguish our own generation from any
 * other.
 */
#ifndef AZURE_ACR_H
#define AZURE_ACR_H

#include "azure/arm.h"

struct buf;
struct json;

#define ACR_API_VERSION "2023-07-01"

/* Used as an index everywhere; ACR_NO_SLOT means neither of them. */
enum acr_slot { ACR_SLOT_1, ACR_SLOT_2, ACR_SLOT__COUNT, ACR_NO_SLOT = ACR_SLOT__COUNT };
const char *acr_slot_name(enum acr_slot s); /* "password1" */
MUST_USE bool acr_slot_parse(const char *name, enum acr_slot *out);
/*@ assigns \nothing; ensures \result == (s == ACR_SLOT_1 ? ACR_SLOT_2 : ACR_SLOT_1); */
static inline enum acr_slot acr_other(enum acr_slot s)
{
	return s == ACR_SLOT_1 ? ACR_SLOT_2 : ACR_SLOT_1;
}

/* Identifies a token. `registry` is a name; a login server is accepted and cut at its first dot or
 * hyphen. */
struct acr_ref {
	char *subscription, *group, *registry, *token;
};
void acr_ref_clear(struct acr_ref *r);
char *acr_registry_name(const char *name_or_login_server); /* caller frees */

/* The login server for a job that configured `asked` (a name or a host), if the service says that
 * the registry's is `login_server`: that, or the regional endpoint of the same registry that was
 * asked for (NAME.REGION.geo.azurecr.io). NULL if `asked` is another registry. Caller frees. */
char *acr_server_asked(const char *asked, const char *login_server);

struct acr_registry {
	char *group, *name, *login_server;
};
/* The group in "/subscriptions/S/resourceGroups/G/providers/..."; NULL if there is none. Caller
 * frees. */
char *acr_group_of(const char *id);
void acr_registry_clear(struct acr_registry *r);
/* Are its roles assigned by repository (ABAC), so that AcrPull has no effect there? False if Azure
 * does not say. */
MUST_USE bool acr_roles_by_repository(struct arm *a, struct http *h, const struct acr_ref *ref,
                                      bool *out, struct err *e);
/* By GET if `group` is given, else (NULL) by listing the registries of the subscription. MISSING if
 * there is none, REMOTE if two match, CONFIG without a subscription. */
MUST_USE bool acr_find_registry(struct arm *a, struct http *h, const char *subscription,
                                const char *group, const char *registry, struct acr_registry *out,
                                struct err *e);

struct acr_password {
	bool present;
	int64_t created;    /* ticks of 100 ns since 1970 */
	int64_t expires_us; /* microseconds since 1970; 0: never */
};
/* Are these ticks the same instant? Equal, or one is cut or rounded to micro-, milli- or whole
 * seconds. */
bool acr_same_time(int64_t a, int64_t b);
/* The same generation, even if one answer gives its times more precisely than the other? */
bool acr_same_generation(const struct acr_password *a, const struct acr_password *b);
struct acr_token {
	bool enabled;
	enum acr_provisioning { ACR_SUCCEEDED, ACR_CREATING, ACR_UPDATING, ACR_OTHER } provisioning;
	/* of the token itself, seconds since 1970; 0: the service does not say */
	int64_t created;
	struct acr_password slot[ACR_SLOT__COUNT];
};
/* MISSING only for a 404 ResourceNotFound of the token itself, or, with code
 * ParentResourceNotFound, if the registry, its group or subscription does not exist; REMOTE for any
 * other 404. */
MUST_USE bool acr_get_token(struct arm *a, struct http *h, const struct acr_ref *ref,
                            struct acr_token *out, struct err *e);

/* Reads a token as GET returns it. REMOTE if it has no list of passwords: an empty list means that
 * there are none, a missing list means nothing. */
MUST_USE bool acr_token_read(const struct json *j, struct acr_token *out, struct err *e);

struct acr_generated {
	struct acr_password is;
	struct secret *value;
};
void acr_generated_clear(struct acr_generated *g);
/*
 * Generates the password of one slot, which is always named. Sent once, on a fresh connection. True
 * with op->poll_url == NULL: *out is filled. True with op->poll_url: call acr_generate_poll() after
 * op->delay_ms, until *done. On false, the slot may have been generated all the same unless
 * e->not_acted. Code "TokenNotActive": the token is still being created.
 */
MUST_USE bool acr_generate(struct arm *a, struct http *h, const struct acr_ref *ref,
                           enum acr_slot slot, int64_t expires_us, struct arm_operation *op,
                           struct acr_generated *out, struct err *e);
MUST_USE bool acr_generate_poll(struct arm *a, struct http *h, const struct acr_ref *ref,
                                enum acr_slot slot, struct arm_operation *op, bool *done,
                                struct acr_generated *out, struct err *e);

/* Creates the token (PUT). The caller must have just seen that it does not exist, because a PUT
 * would wipe the passwords of an existing one. The request has a precondition to that effect; a
 * service that supports it answers 412. Never sent twice. */
MUST_USE bool acr_put_token(struct arm *a, struct http *h, const struct acr_ref *ref,
                            const char *scope_map_id, struct arm_operation *op, struct err *e);
/* The id of the scope map of that name with exactly these actions; creates it if there is none.
 * DECISION if there is one with other actions. Caller frees *id. */
MUST_USE bool acr_make_scope_map(struct arm *a, struct http *h, const struct acr_ref *ref,
                                 const char *name, const char *const *actions, size_t n, char **id,
                                 struct err *e);

/* Parses the reply to generateCredentials. */
MUST_USE bool acr_generated_read(const struct buf *body, enum acr_slot slot,
                                 struct acr_generated *out, struct err *e);

/* Paths, for code that talks to the resource manager directly; each part is percent-encoded. Caller
 * frees. */
/* "/subscriptions/.../tokens/T" */
char *acr_registry_id(const char *subscription, const char *group, const char *registry);
char *acr_token_id(const struct acr_ref *ref);
/* ".../registries/R[/KIND[/NAME]]?api-version=..." */
char *acr_path(const struct acr_ref *ref, const char *kind, const char *name);

#endif
