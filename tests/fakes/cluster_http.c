/* SPDX-License-Identifier: MIT */
#include "fakes/cluster_http.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "emulator/cluster.h"
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
	struct emulator emu;
	struct http_lender *lender;
	struct kube *kube;
	size_t count, failing;
	int status;
	bool acts;
	char *text; /* of the administrator's last answer */
};

struct client {
	struct http base;
	struct cluster_http *to;
};

static const char *const methods[] = { [HTTP_GET] = "GET",
	                               [HTTP_PUT] = "PUT",
	                               [HTTP_PATCH] = "PATCH",
	                               [HTTP_POST] = "POST",
	                               [HTTP_DELETE] = "DELETE" };

static void act(struct cluster_http *c, struct request *rq, struct reply *rs)
{
	size_t n = strcspn(rq->target, "?");

	rq->path = mem_dup_n(rq->target, n);
	if (rq->target[n] == '?' &&
	    !pairs_form(&rq->query, rq->target + n + 1, strlen(rq->target + n + 1)))
		abort();
	emulator_act(&c->emu, rq, rs, NULL);
}

static bool client_send(struct http *h, const struct http_request *sent, struct http_response *out,
                        struct err *e)
{
	struct cluster_http *c = ((struct client *)h)->to;
	struct request rq;
	struct reply rs;

	c->count++;
	exchange_request_init(&rq);
	exchange_reply_init(&rs);
	rq.method = mem_dup(methods[sent->method]);
	rq.target = mem_dup(strchr(sent->url + strlen("https://"), '/'));
	AUTO_FREE char *bearer = mem_fmt("Bearer %s", secret_peek(sent->bearer));
	pairs_add(&rq.header, "Authorization", bearer);
	if (sent->content_type != NULL)
		pairs_add(&rq.header, "Content-Type", sent->content_type);
	if (sent->body != NULL)
		buf_add(&rq.body, buf_cstr(sent->body), sent->body->len);
	bool fails = c->failing > 0;
	c->failing -= fails;
	if (!fails || c->acts)
		act(c, &rq, &rs);
	out->status = fails ? c->status : rs.status;
	out->retry_after_ms = -1;
	out->body.max = 8 << 20;
	if (!fails)
		buf_add(&out->body, buf_cstr(&rs.body), rs.body.len);
	exchange_request_clear(&rq);
	exchange_reply_clear(&rs);
	return out->status != 0 || err_set(e, ERR_TRANSIENT, "the reply was lost");
}

static void client_close(struct http *h)
{
	free(h);
}

struct http *cluster_http_client(struct cluster_http *to)
{
	struct client *c = mem_new(sizeof(*c));

	*c = (struct client){ .base = { .send = client_send, .close = client_close }, .to = to };
	return &c->base;
}

static bool open_client(void *ctx, struct http **out, struct err *e)
{
	(void)e;
	*out = cluster_http_client(ctx);
	return true;
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
	(void)pthread_mutex_init(&c->emu.lock, NULL);
	c->emu.cluster = cluster_new(TOKEN);
	c->lender = http_lender_new(open_client, c);
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
	cluster_free(c->emu.cluster);
	(void)pthread_mutex_destroy(&c->emu.lock);
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
	struct request rq;
	struct reply rs;

	exchange_request_init(&rq);
	exchange_reply_init(&rs);
	rq.method = mem_dup(method);
	rq.target = mem_dup(path);
	pairs_add(&rq.header, "Authorization", "Bearer " TOKEN);
	pairs_add(&rq.header, "Content-Type", "application/merge-patch+json");
	buf_str(&rq.body, body);
	act(c, &rq, &rs);
	int status = rs.status;
	free(c->text);
	c->text = mem_dup(buf_cstr(&rs.body));
	exchange_request_clear(&rq);
	exchange_reply_clear(&rs);
	return status;
}

const char *cluster_http_text(const struct cluster_http *c)
{
	return c->text;
}

size_t cluster_http_count(const struct cluster_http *c)
{
	return c->count;
}

void cluster_http_fail(struct cluster_http *c, size_t n, int status, bool acts)
{
	c->failing = n;
	c->status = status;
	c->acts = acts;
}
