/* SPDX-License-Identifier: MIT */
/*
 * A client of Azure Resource Manager for one identity: bearer tokens, error bodies, long-running
 * operations, paging, the throttle gate of the subscription. A struct arm is shared by all jobs and
 * threads; the struct http of a call belongs to the calling thread. Nothing here sleeps: a call
 * that has to wait returns for how long.
 */
#ifndef AZURE_ARM_H
#define AZURE_ARM_H

#include "azure/auth.h"
#include "http/http.h"

struct arm;
struct json;

/* `spec` is borrowed for the life of the arm. Makes no request: the first call resolves cloud and
 * token. */
struct arm *arm_new(const struct azure_spec *spec, const struct env *env);
void arm_free(struct arm *a);
/* A text that is equal for specs that may share a struct arm. Caller frees. */
char *arm_identity(const struct azure_spec *spec);
/* the method that got the newest token; NULL before the first */
const char *arm_method(const struct arm *a);
/* from the spec or AZURE_SUBSCRIPTION_ID; NULL if neither is set */
const char *arm_subscription(const struct arm *a);

/*
 * For one job, sharing everything with `a`, which must outlive it: its requests have a place in the
 * line (gate.h). It lines up for what it will need, before it begins, and frees the arm or steps
 * out as soon as it needs nothing more for a while. What it asks for beyond that is not kept
 * waiting either.
 */
struct arm *arm_for_job(struct arm *a);
struct arm_needs {
	int reads, writes; /* PUT, PATCH and POST are writes */
};
/* True: it is its turn. False: it stands in the line, behind those who came before; ask arm_turn()
 * in *wait_ms. */
MUST_USE bool arm_line_up(struct arm *a, const struct arm_needs *n, int64_t *wait_ms);
/* Only the first of those that stand in one line is to ask. */
MUST_USE bool arm_turn(struct arm *a, int64_t *wait_ms);
/* The line in which it stands; NULL: in none. */
const void *arm_line(const struct arm *a);
void arm_step_out(struct arm *a);
/* Is the gate open? Else fills e as for a call that was not sent, and for how long nothing has been
 * served. */
bool arm_open(const struct arm *a, int64_t *since_ms, struct err *e);

/*
 * Makes a fence: the same identity, cloud, place and clock, but a single access token,
 * which lives for at least life_s if its source provides such tokens and is never renewed: a 401 is
 * final. No request through it can act after *expires (by the service's clock, give or take the
 * difference between clocks). Must be freed before `a`.
 */
MUST_USE bool arm_fence(struct arm *a, struct http *h, int64_t life_s, struct arm **out,
                        int64_t *expires, struct err *e);

/*
 * A token of the same identity for another service of the cloud, cached like the Resource Manager's
 * own; see auth_token() and auth_token_lasting(). *expires is by the service's clock. May be called
 * through a fence; what is fetched is not held by it.
 */
MUST_USE bool arm_token_for(struct arm *a, struct http *h, enum auth_service service,
                            unsigned refused, struct secret **token, unsigned *serial,
                            struct err *e);
MUST_USE bool arm_token_lasting_for(struct arm *a, struct http *h, enum auth_service service,
                                    int64_t life_s, struct secret **token, int64_t *expires,
                                    struct err *e);

struct arm_request {
	enum http_method method;
	/* "/subscriptions/..." with api-version, or a full URL at the ARM host (nextLink,
	 * polling) */
	const char *path;
	const struct buf *body; /* JSON, or NULL */
	bool once;              /* see http.h; for generateCredentials */
	const char *header;     /* "If-None-Match: *", or NULL; not with GET */
};
/*
 * True for a 2xx. Otherwise e has a kind by status: 401 AUTH (after one forced re-authentication,
 * except for a fence); 403 DENIED, with action and scope as the service names them; 404 MISSING;
 * 408, 429, 5xx and transport errors TRANSIENT; 400, 409, 412 and others REMOTE. It also has
 * e->status, e->code, e->not_acted (any 4xx but 408), e->retry_after_ms, and a text with code,
 * message (cut) and x-ms-request-id. A request other than GET gets its own x-ms-client-request-id.
 * After a 429, every call for this subscription that reads (or writes, or deletes) fails unsent,
 * with TRANSIENT, e->throttled and the remaining time, until that has passed; then one request is
 * tried first. So does a job's call for which the bucket holds nothing.
 */
MUST_USE bool arm_send(struct arm *a, struct http *h, const struct arm_request *rq,
                       struct http_response *rs, struct err *e);
/* GETs and parses JSON. */
MUST_USE bool arm_get(struct arm *a, struct http *h, const char *path, struct json **out,
                      struct err *e);
/* Follows nextLink (same host, at most ARM_PAGES_MAX pages); each() returns false to stop early,
 * which is not an error. */
#define ARM_PAGES_MAX 1000
MUST_USE bool arm_list(struct arm *a, struct http *h, const char *path,
                       bool (*each)(void *ctx, const struct json *item), void *ctx, struct err *e);

/* The absolute URL of a path, or of a URL in a reply; ERR_REMOTE if that is not at the ARM host.
 * Only after the first arm_send(). Caller frees. */
MUST_USE bool arm_pin(const struct arm *a, const char *url, char **out, struct err *e);

/*
 * A long-running operation. It is started from the response to PUT, PATCH, POST or DELETE; then
 * poll each time delay_ms has passed. Polling uses the newest URL that the service named, which
 * must be https at the ARM host.
 */
struct arm_operation {
	enum http_method method;
	char *poll_url;  /* NULL: done */
	char *final_url; /* where the result is read in the end, or NULL */
	/* polled at Azure-AsyncOperation ("status" in the body); else at Location (202 while
	 * running) */
	bool by_status;
	int64_t delay_ms; /* before the next poll */
};
void arm_operation_clear(struct arm_operation *op);
/* `original` is the resource's own path, which is read at the end of a PUT or PATCH. */
MUST_USE bool arm_operation_start(struct arm *a, const struct arm_request *rq, const char *original,
                                  const struct http_response *rs, struct arm_operation *out,
                                  struct err *e);
/* When *done, *result is the final response (empty after DELETE). ERR_REMOTE with the service's
 * code if the operation failed. */
MUST_USE bool arm_operation_poll(struct arm *a, struct http *h, struct arm_operation *op,
                                 bool *done, struct http_response *result, struct err *e);

/* The service's clock minus the local one in seconds, from the Date of its answers; 0 before the
 * first. Changes of at most a second are ignored. */
int64_t arm_clock_offset(const struct arm *a);
/* Has any answer had a Date? */
bool arm_clock_known(const struct arm *a);
/* May what takes span_s seconds by the service's clock be reckoned? Not if that is not known, nor
 * if the local one is off by more than a quarter of it: one of the two would end it too early. */
bool arm_clock_serves(const struct arm *a, int64_t span_s);

#endif
