/* SPDX-License-Identifier: MIT */
/*
 * A client of the Kubernetes API, for single objects used by compare-and-swap: read, create where
 * there is none, merge-patch on the version that was read. There is no other way to write, so
 * nobody's change is overwritten. Thread-safe; each request borrows a client of the network from
 * the lender.
 */
#ifndef KUBE_KUBE_H
#define KUBE_KUBE_H

#include "base/base.h"

struct buf;
struct env;
struct err;
struct http_lender;
struct json;
struct kube;
struct kube_spec;

/* All are borrowed. Nothing is touched before the first request; that finds out who we are, for
 * all of them. */
struct kube *kube_new(const struct kube_spec *spec, struct http_lender *lender,
                      const struct env *env);
void kube_free(struct kube *k);

enum kube_kind { KUBE_SECRET, KUBE_CONFIG_MAP, KUBE__COUNT };
struct kube_ref {
	enum kube_kind kind;
	const char *namespace; /* NULL: the pod's own, or the context's */
	const char *name;
};

/* An object as the server last gave it. */
struct kube_object {
	struct json *j;
	const char *version; /* of j */
};
void kube_object_clear(struct kube_object *o);
#define AUTO_KUBE_OBJECT AUTO(kube_object_clear)
/* NULL when absent */
const char *kube_annotation(const struct kube_object *o, const char *name);
/* of a Secret in base64; NULL when absent */
const char *kube_data(const struct kube_object *o, const char *key);

enum kube_answer {
	KUBE_DONE,
	KUBE_ABSENT, /* there is no such object */
	/* it has another version by now, or somebody else has just made it */
	KUBE_STALE,
};

/*
 * True with an answer; *out is filled with KUBE_DONE alone, and not by a dry run, whose object has
 * no version. A lost reply is followed by another try, so KUBE_STALE may mean that the first one
 * acted: whoever reads again sees. Errors, each with the command that fixes it where there is one:
 *   AUTH 401 · DENIED 403 · MISSING no such namespace · DECISION 422 · LOCAL too large ·
 *   TRANSIENT 429, 5xx, network · REMOTE anything else
 */
MUST_USE bool kube_get(struct kube *k, const struct kube_ref *ref, enum kube_answer *answer,
                       struct kube_object *out, struct err *e);
/* `patch` has metadata.resourceVersion in it. dry_run: the server checks all and changes
 * nothing. */
MUST_USE bool kube_patch(struct kube *k, const struct kube_ref *ref, const struct buf *patch,
                         bool dry_run, enum kube_answer *answer, struct kube_object *out,
                         struct err *e);
MUST_USE bool kube_create(struct kube *k, const struct kube_ref *ref, const struct buf *object,
                          bool dry_run, enum kube_answer *answer, struct kube_object *out,
                          struct err *e);
/* Conditional on the version, too. KUBE_ABSENT is an answer, no error. */
MUST_USE bool kube_delete(struct kube *k, const struct kube_ref *ref, const char *version,
                          enum kube_answer *answer, struct err *e);

/* All of a kind with a label ("key=value"), page by page. ref.name is not looked at. */
typedef bool kube_each_fn(void *ctx, const struct json *item, struct err *e);
MUST_USE bool kube_list(struct kube *k, const struct kube_ref *ref, const char *label,
                        kube_each_fn *each, void *ctx, struct err *e);

/* ERR_DENIED with the kubectl commands when one of these verbs ("get patch") is not ours. A
 * server that does not tell passes. */
MUST_USE bool kube_may(struct kube *k, const struct kube_ref *ref, const char *verbs,
                       struct err *e);

/* The namespace that a reference without one means; valid as long as k. */
MUST_USE bool kube_namespace(struct kube *k, const char **out, struct err *e);
/* The uid of a namespace: what tells one cluster's from another's of the same name. Caller
 * frees. */
MUST_USE bool kube_namespace_uid(struct kube *k, const char *namespace, char **out, struct err *e);

#endif
