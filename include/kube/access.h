/* SPDX-License-Identifier: MIT */
/*
 * The identity we use at a Kubernetes cluster, and how its API server is reached: in a pod the
 * service account, elsewhere a kubeconfig. Looked up by every run, because the cluster replaces
 * what it issued.
 */
#ifndef KUBE_ACCESS_H
#define KUBE_ACCESS_H

#include "base/buf.h"
#include "kube/spec.h"

struct err;
struct secret;

struct kube_access {
	char *server; /* https://HOST[:PORT][/PATH], without a slash at the end */
	/* HOST:PORT to connect to, if `server` has the name in the certificate instead; or NULL */
	char *connect_to;
	char *namespace; /* the pod's, or the context's, or "default" */
	/* for messages: "the pod's service account", "context 'edge' of '/root/.kube/config'" */
	char *who;
	/* PEM: the cluster's authorities, the only ones trusted; empty: the system's */
	struct buf trust;
	struct secret *token;             /* either this, or both of the next two */
	struct secret *certificate, *key; /* PEM */
	bool direct;                      /* never through a proxy */
};
/* ERR_CONFIG with what to do; ERR_TRANSIENT for a file that is being replaced. */
MUST_USE bool kube_access_find(const struct kube_spec *s, struct kube_access *out, struct err *e);
void kube_access_clear(struct kube_access *a);
#define AUTO_KUBE_ACCESS AUTO(kube_access_clear)

/* For tests, the two ways separately: a pod whose service account is mounted at `dir`; a list of
 * kubeconfigs in the form of $KUBECONFIG. */
MUST_USE bool kube_access_pod(const char *dir, const char *host, const char *port,
                              struct kube_access *out, struct err *e);
MUST_USE bool kube_access_files(const char *paths, const char *context, struct kube_access *out,
                                struct err *e);

#endif
