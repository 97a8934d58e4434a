/* SPDX-License-Identifier: MIT */
/* A client of Kubernetes whose API server is a script. */
#ifndef FAKES_KUBE_RIG_H
#define FAKES_KUBE_RIG_H

#include "fakes/fake_env.h"
#include "fakes/fake_http.h"
#include "kube/kube.h"
#include "kube/spec.h"

/* All that a test asks is below this. */
#define KUBE_RIG_SERVER "https://k8s.example:6443"
#define KUBE_RIG_CORE   "=" KUBE_RIG_SERVER "/api/v1/namespaces/web/"
#define KUBE_RIG_REVIEW "=" KUBE_RIG_SERVER "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

/* What an API server says when it refuses. */
#define KUBE_RIG_STATUS(reason, message, details)                                                  \
	"{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"" reason                         \
	"\",\"message\":\"" message "\",\"details\":{" details "}}"
#define KUBE_RIG_CONFLICT KUBE_RIG_STATUS("Conflict", "the object has been modified", "")
#define KUBE_RIG_ABSENT                                                                            \
	KUBE_RIG_STATUS("NotFound", "secrets \\\"regcred\\\" not found",                           \
	                "\"name\":\"regcred\",\"kind\":\"secrets\"")

struct kube_rig {
	char *dir;
	struct kube_spec spec;
	struct fake_env env;
	struct fake_http *script;
	struct http_lender *lender;
	struct kube *kube;
};
/* A kubeconfig with namespace `web` and the token `t0ken`. */
void kube_rig_open(struct kube_rig *r, const struct fake_step *steps, size_t n);
/* True when the whole script was played. */
bool kube_rig_close(struct kube_rig *r);

#endif
