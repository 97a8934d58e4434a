/* SPDX-License-Identifier: MIT */
/* What configuration says of a cluster, and which names Kubernetes takes. No library: the small
 * program parses it too. */
#ifndef KUBE_SPEC_H
#define KUBE_SPEC_H

#include "base/keys.h"

/* [kubernetes] of acrotate.conf. */
struct kube_spec {
	char *kubeconfig, *context;
};
extern const struct key kube_keys[];
extern const size_t kube_keys_count;

/* What the API server accepts as names: a namespace is a DNS label, other objects' are DNS
 * names. */
#define KUBE_LABEL_MAX 63
#define KUBE_NAME_MAX  253
bool kube_label_ok(const char *name);
bool kube_name_ok(const char *name);

#endif
