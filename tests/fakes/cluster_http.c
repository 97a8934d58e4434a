/* SPDX-License-Identifier: MIT */
#include "fakes/cluster_http.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "emulator/cluster.h"
#include "fakes/emulator_http.h"
#include "fakes/sinks.h"
#include "http/http.h"
#include "http/lender.h"

#define TOKEN "t0ken"
#define CONFIG                                                                                     \
	"current-context: a\nclusters:\n- {name: c, cluster: {server: 'https://k8s.example'}}\n"   \
	"contexts:\n- {name: a, context: {cluster: c, user: u, namespace: web}}\nusers:\n"         \
	"- {name: u, user: {token: " TOKEN "}}\n"

struct cluster_http {
	char *dir;
	struct kube_spec spec;
	struct fake_env env;
	struct emulator_http net;
	struct http_lender *lender;
	struct kube *kube;
	char *text; /* of the administrator's last answer */
};

struct http *cluster_http_client(struct cluster_http *to)
{
	return emulator_http_client(&to->net);
}

const struct kube_spec *cluster_http_spec(const struct cluster_http *c)
{
	return &c->spec;
}

struct cluster_http *cluster_http_new(void)
{
	struct cluster_http *c = mem_new(sizeof(*c));

	c->dir = scratch_make();
	c->spec.kubeconfig = mem_fmt("%s/config", c->dir);
	file_put(c->spec.kubeconfig, CONFIG);
	if (chmod(c->spec.kubeconfig, 0600) != 0)
		abort();
	fake_env_init(&c->env, 1);
	(void)pthread_mutex_init(&c->net.emu.lock, NULL);
	c->net.emu.cluster = cluster_new(TOKEN);
	c->lender = http_lender_new(emulator_http_open, &c->net);
	c->kube = kube_new(&c->spec, c->lender, &c->env.env);
	(void)cluster_http_do(c, "POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"web\"}}");
	return c;
}

void cluster_http_free(struct cluster_http *c)
{
	if (c == NULL)
		return;
	kube_free(c->kube);
	http_lender_free(c->lender);
	cluster_free(c->net.emu.cluster);
	(void)pthread_mutex_destroy(&c->net.emu.lock);
	free(c->text);
	free(c->spec.kubeconfig);
	scratch_remove(c->dir);
	free(c);
}

struct kube *cluster_http_kube(struct cluster_http *c)
{
	return c->kube;
}

int cluster_http_do(struct cluster_http *c, const char *method, const char *path, const char *body)
{
	static const char *const header[] = { "Authorization: Bearer " TOKEN,
		                              "Content-Type: application/merge-patch+json", NULL };

	free(c->text);
	return emulator_http_do(&c->net, method, path, header, body, &c->text);
}

bool cluster_http_did(struct cluster_http *c, const char *method, const char *path,
                      const char *body)
{
	int status = cluster_http_do(c, method, path, body);

	return status >= 200 && status < 300;
}

const char *cluster_http_text(const struct cluster_http *c)
{
	return c->text;
}

struct emulator_http *cluster_http_net(struct cluster_http *c)
{
	return &c->net;
}

size_t cluster_http_count(const struct cluster_http *c)
{
	return c->net.count;
}

void cluster_http_fail(struct cluster_http *c, size_t n, int status, bool acts)
{
	c->net.failing = n;
	c->net.status = status;
	c->net.acts = acts;
}
