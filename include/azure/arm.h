/* SPDX-License-Identifier: MIT */
/*
 * Azure Resource Manager for one identity: bearer, error bodies, long-running
 * operations, paging, the throttle gate of the subscription. A struct arm is
 * shared by all jobs and threads; the struct http of a call belongs to the
 * calling thread. Nothing here sleeps: what has to wait says until when.
 */
#ifndef AZURE_ARM_H
#define AZURE_ARM_H

#include "azure/auth.h"
#include "http/http.h"

struct arm;
struct json;

/* `spec` is borrowed for the life of the arm. No request yet: the first call resolves cloud and
 * token. */
struct arm *arm_new(const struct azure_spec *spec, const struct env *env);
void arm_free(struct arm *a);
/* Equal for specs that may share one struct arm. Caller frees. */
char *arm_identity(const struct azure_spec *spec);
/* how the newest token was had; NULL before the first */
const char *arm_method(const struct arm *a);
/* from the spec or AZURE_SUBSCRIPTION_ID; NULL when neither */
const char *arm_subscription(const struct arm *a);

/*
 * A fence: the same identity, cloud, throttle gate and clock, but one access token, which lives
 * for life_s at least where its source gives one, and is never renewed: a 401 is the end.
 * Whatever it is used for cannot act after *expires (by the service's clock, give or take what
 * clocks differ). Freed before `a`.
 */
MUST_USE bool arm_fence(struct arm *a, struct http *h, int64_t life_s, struct arm **out,
                        int64_t *expires, struct err *e);

struct arm_request {
	enum http_method method;
	/* "/subscriptions/..." with api-version, or a full URL of the ARM host (nextLink,
	 * polling) */
	const char *path;
	const struct buf *body; /* JSON, or NULL */
	bool once;              /* generateCredentials: see http.h */
	const char *header;     /* "If-None-Match: *", or NULL; not of a GET */
};
/*
 * True for a 2xx. Else e: kind by status (401 AUTH, after one forced re-authentication, of a
 * fence none; 403 DENIED, naming action and scope as the service does; 404 MISSING; 408 429 5xx
 * and transport TRANSIENT; 400 409 412 other REMOTE), e->status, e->code, e->not_acted (any 4xx
 * but 408), e->retry_after_ms, and a text with code, message (cut) and x-ms-request-id. A
 * mutating request gets its own x-ms-client-request-id. After a 429 every call of this
 * subscription fails with TRANSIENT and the time left, unsent, until it has passed, then starts
 * again one by one.
 */
MUST_USE bool arm_send(struct arm *a, struct http *h, const struct arm_request *rq,
                       struct http_response *rs, struct err *e);
/* GET and parse. */
MUST_USE bool arm_get(struct arm *a, struct http *h, const char *path, struct json **out,
                      struct err *e);
/* Follows nextLink (same host, at most ARM_PAGES_MAX pages); each() returns false to stop early
 * without error. */
#define ARM_PAGES_MAX 1000
MUST_USE bool arm_list(struct arm *a, struct http *h, const char *path,
                       bool (*each)(void *ctx, const struct json *item), void *ctx, struct err *e);

/* The absolute URL of a path, or of a URL in a reply; ERR_REMOTE when that is not at the ARM
 * host. After the first arm_send. Caller frees. */
MUST_USE bool arm_pin(const struct arm *a, const char *url, char **out, struct err *e);

/*
 * A long-running operation. Start it from the response to PUT, PATCH, POST or DELETE; then poll
 * whenever delay_ms has passed. Polling goes to the newest URL the service named, which must be
 * https at the ARM host.
 */
struct arm_operation {
	enum http_method method;
	char *poll_url;  /* NULL: done */
	char *final_url; /* where the result is read at the end, or NULL */
	/* Azure-AsyncOperation: "status" in the body; else Location: 202 while running */
	bool by_status;
	int64_t delay_ms; /* before the next poll */
};
void arm_operation_clear(struct arm_operation *op);
/* `original` is the resource's own path, read at the end of PUT and PATCH. */
MUST_USE bool arm_operation_start(struct arm *a, const struct arm_request *rq, const char *original,
                                  const struct http_response *rs, struct arm_operation *out,
                                  struct err *e);
/* True with *done, and then the final body in *result (empty after DELETE). ERR_REMOTE with the
 * service's code when it failed. */
MUST_USE bool arm_operation_poll(struct arm *a, struct http *h, struct arm_operation *op,
                                 bool *done, struct http_response *result, struct err *e);

/* Service clock minus local clock in seconds, from the Date of the answers; 0 before the first,
 * and as long as it is not more than a second off. */
int64_t arm_clock_offset(const struct arm *a);
/* Has any answer borne its time? */
bool arm_clock_known(const struct arm *a);

#endif
