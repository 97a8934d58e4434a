/* SPDX-License-Identifier: MIT */
/*
 * Container registries, their tokens and passwords, api-version 2023-07-01.
 * Facts about the service: tests/recordings (from Microsoft's own recorded sessions).
 *
 * A password's generation is identified by its creation time: the reply to
 * generateCredentials and every later GET carry the same one, to 100 ns. The
 * expiry is echoed exactly as sent (trailing zeros dropped), so random
 * microseconds in it tell our own generate from anybody else's.
 */
#ifndef AZURE_ACR_H
#define AZURE_ACR_H

#include "azure/arm.h"

struct buf;
struct json;

#define ACR_API_VERSION "2023-07-01"

/* Everywhere: an index, and where there may be neither, ACR_NO_SLOT. */
enum acr_slot { ACR_SLOT_1, ACR_SLOT_2, ACR_SLOT__COUNT, ACR_NO_SLOT = ACR_SLOT__COUNT };
const char *acr_slot_name(enum acr_slot s); /* "password1" */
MUST_USE bool acr_slot_parse(const char *name, enum acr_slot *out);
/*@ assigns \nothing; ensures \result == (s == ACR_SLOT_1 ? ACR_SLOT_2 : ACR_SLOT_1); */
static inline enum acr_slot acr_other(enum acr_slot s)
{
	return s == ACR_SLOT_1 ? ACR_SLOT_2 : ACR_SLOT_1;
}

/* Where a token lives. `registry` is the name; a login server is accepted and cut at its first
 * dot or hyphen. */
struct acr_ref {
	char *subscription, *group, *registry, *token;
};
void acr_ref_clear(struct acr_ref *r);
char *acr_registry_name(const char *name_or_login_server); /* caller frees */

/* The host that a job is to use which asked for a registry by this name or login server, and whose
 * own login server the service says: that, or the regional endpoint of it that was asked for
 * (NAME.REGION.geo.azurecr.io). NULL: another registry was meant. Caller frees. */
char *acr_server_asked(const char *asked, const char *login_server);

struct acr_registry {
	char *group, *name, *login_server;
};
/* The group in "/subscriptions/S/resourceGroups/G/providers/..."; NULL: none. Caller frees. */
char *acr_group_of(const char *id);
void acr_registry_clear(struct acr_registry *r);
/* Are its roles by repository (ABAC), so that AcrPull counts for nothing there? False where Azure
 * does not say. */
MUST_USE bool acr_roles_by_repository(struct arm *a, struct http *h, const struct acr_ref *ref,
                                      bool *out, struct err *e);
/* By GET when `group` is known, else by listing the registries of the subscription; MISSING when
 * there is none, REMOTE when two match. */
MUST_USE bool acr_find_registry(struct arm *a, struct http *h, const char *subscription,
                                const char *group, const char *registry, struct acr_registry *out,
                                struct err *e);

struct acr_password {
	bool present;
	int64_t created;    /* ticks of 100 ns since 1970 */
	int64_t expires_us; /* microseconds since 1970; 0: never */
};
/* Ticks of one instant: equal, or one of them cut or rounded to micro-, milli- or whole seconds. */
bool acr_same_time(int64_t a, int64_t b);
/* One generation, though one answer may say its times more precisely than another. */
bool acr_same_generation(const struct acr_password *a, const struct acr_password *b);
struct acr_token {
	bool enabled;
	enum acr_provisioning { ACR_SUCCEEDED, ACR_CREATING, ACR_UPDATING, ACR_OTHER } provisioning;
	/* the token itself, seconds since 1970; 0: the service does not say */
	int64_t created;
	struct acr_password slot[ACR_SLOT__COUNT];
};
/* MISSING only for 404 ResourceNotFound of the token itself; a missing registry is MISSING with
 * code ParentResourceNotFound. */
MUST_USE bool acr_get_token(struct arm *a, struct http *h, const struct acr_ref *ref,
                            struct acr_token *out, struct err *e);

/* REMOTE for one without a list of passwords: an empty one says that there are none, no list
 * says nothing. */
/* from a token as GET shows it */
MUST_USE bool acr_token_read(const struct json *j, struct acr_token *out, struct err *e);

struct acr_generated {
	struct acr_password is;
	struct secret *value;
};
void acr_generated_clear(struct acr_generated *g);
/*
 * Generates one slot, which is always named. Sent once, on a fresh connection. True with
 * op->poll_url == NULL: *out is filled. True with op->poll_url: call acr_generate_poll after
 * op->delay_ms until *done. On false, e->not_acted tells whether the slot may have been
 * generated all the same. code "TokenNotActive": the token is still being created.
 */
MUST_USE bool acr_generate(struct arm *a, struct http *h, const struct acr_ref *ref,
                           enum acr_slot slot, int64_t expires_us, struct arm_operation *op,
                           struct acr_generated *out, struct err *e);
MUST_USE bool acr_generate_poll(struct arm *a, struct http *h, const struct acr_ref *ref,
                                enum acr_slot slot, struct arm_operation *op, bool *done,
                                struct acr_generated *out, struct err *e);

/* Creates the token (PUT); the caller has seen, just now, that it does not exist: a PUT would
 * wipe the passwords of one that does. It says so with a precondition, which a service that
 * knows it answers with 412. Never sent twice. */
MUST_USE bool acr_put_token(struct arm *a, struct http *h, const struct acr_ref *ref,
                            const char *scope_map_id, struct arm_operation *op, struct err *e);
/* The scope map of that name with just these actions: the one there, or a new one. DECISION when
 * there is one with other actions. */
MUST_USE bool acr_make_scope_map(struct arm *a, struct http *h, const struct acr_ref *ref,
                                 const char *name, const char *const *actions, size_t n, char **id,
                                 struct err *e);

/* From the body of an answer to generateCredentials. */
MUST_USE bool acr_generated_read(const struct buf *body, enum acr_slot slot,
                                 struct acr_generated *out, struct err *e);

/* Paths, for those who speak to the resource manager themselves; each part is percent-encoded.
 * Caller frees. */
/* "/subscriptions/.../tokens/T" */
char *acr_registry_id(const char *subscription, const char *group, const char *registry);
char *acr_token_id(const struct acr_ref *ref);
/* ".../registries/R[/KIND[/NAME]]?api-version=..." */
char *acr_path(const struct acr_ref *ref, const char *kind, const char *name);

#endif
