/* SPDX-License-Identifier: MIT */
#include "fakes/kube_rig.h"

#include <sys/stat.h>

#include "base/mem.h"
#include "check.h"
#include "fakes/sinks.h"
#include "http/lender.h"

#define CONFIG                                                                                     \
	"current-context: edge\nclusters:\n- {name: c, cluster: {server: '" KUBE_RIG_SERVER        \
	"'}}\ncontexts:\n- {name: edge, context: {cluster: c, user: u, namespace: web}}\nusers:\n" \
	"- {name: u, user: {token: t0ken}}\n"

void kube_rig_open(struct kube_rig *r, const struct fake_step *steps, size_t n)
{
	*r = (struct kube_rig){ .dir = scratch_make() };
	r->spec.kubeconfig = mem_fmt("%s/config", r->dir);
	file_put(r->spec.kubeconfig, CONFIG);
	if (chmod(r->spec.kubeconfig, 0600) != 0)
		abort();
	fake_env_init(&r->env, 1);
	r->script = fake_http_new(steps, n);
	r->lender = http_lender_new(fake_http_lend, r->script);
	r->kube = kube_new(&r->spec, r->lender, &r->env.env);
}

bool kube_rig_close(struct kube_rig *r)
{
	bool done = fake_http_done(r->script);

	kube_free(r->kube);
	http_lender_free(r->lender);
	fake_http_free(r->script);
	free(r->spec.kubeconfig);
	scratch_remove(r->dir);
	return done;
}
