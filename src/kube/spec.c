/* SPDX-License-Identifier: MIT */
#include "kube/spec.h"

const struct key kube_keys[] = {
	{ .name = "kubeconfig",
	  .type = KEY_FILE,
	  .offset = offsetof(struct kube_spec, kubeconfig),
	  .help = "how the cluster is reached; default: in a pod its service account, else "
	          "$KUBECONFIG, else ~/.kube/config" },
	{ .name = "context",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct kube_spec, context),
	  .help = "the kubeconfig's context; default: its current one" },
};
const size_t kube_keys_count = COUNT(kube_keys);

static bool dns_like(const char *name, size_t max, bool dots)
{
	size_t n = strlen(name);

	if (n == 0 || n > max || strchr("-.", name[0]) != NULL ||
	    strchr("-.", name[n - 1]) != NULL || strstr(name, "..") != NULL)
		return false;
	return strspn(name, dots ? "abcdefghijklmnopqrstuvwxyz0123456789-."
	                         : "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

bool kube_label_ok(const char *name)
{
	return dns_like(name, KUBE_LABEL_MAX, false);
}

bool kube_name_ok(const char *name)
{
	return dns_like(name, KUBE_NAME_MAX, true);
}
