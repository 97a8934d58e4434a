/* SPDX-License-Identifier: MIT */
/* The configuration of a cluster, and which names Kubernetes accepts. Needs no library, because the
 * small program parses it too. */
#ifndef KUBE_SPEC_H
#define KUBE_SPEC_H

#include "base/keys.h"

/* [kubernetes] of acrotate.conf. */
struct kube_spec {
	char *kubeconfig, *context;
};
extern const struct key kube_keys[];
extern const size_t kube_keys_count;

/* What the API server accepts as names: DNS labels for namespaces, DNS names for other objects. */
#define KUBE_LABEL_MAX 63
#define KUBE_NAME_MAX  253
bool kube_label_ok(const char *name);
bool kube_name_ok(const char *name);

#endif
