/* SPDX-License-Identifier: MIT */
/*
 * Who we are to a Kubernetes cluster, and how its API server is reached: in a pod by its service
 * account, elsewhere by a kubeconfig. Found anew by every run, because the cluster replaces what it
 * handed out.
 */
#ifndef KUBE_ACCESS_H
#define KUBE_ACCESS_H

#include "base/buf.h"
#include "kube/spec.h"

struct err;
struct secret;

struct kube_access {
	char *server; /* https://HOST[:PORT][/PATH], no slash at its end */
	/* HOST:PORT, where `server` has another name that the certificate bears; or NULL */
	char *connect_to;
	char *namespace; /* the pod's, or the context's; "default" */
	/* for messages: "the pod's service account", "context 'edge' of '/root/.kube/config'" */
	char *who;
	/* PEM of the cluster's authorities, who alone are trusted; empty: the system's */
	struct buf trust;
	struct secret *token;             /* either, or both of the next */
	struct secret *certificate, *key; /* PEM */
	bool direct;                      /* never through a proxy */
};
/* ERR_CONFIG with what to do; ERR_TRANSIENT for a file that is just being replaced. */
MUST_USE bool kube_access_find(const struct kube_spec *s, struct kube_access *out, struct err *e);
void kube_access_clear(struct kube_access *a);
#define AUTO_KUBE_ACCESS AUTO(kube_access_clear)

/* The two ways, for tests: a pod whose service account is mounted at `dir`; the kubeconfigs of a
 * list as $KUBECONFIG is. */
MUST_USE bool kube_access_pod(const char *dir, const char *host, const char *port,
                              struct kube_access *out, struct err *e);
MUST_USE bool kube_access_files(const char *paths, const char *context, struct kube_access *out,
                                struct err *e);

#endif
