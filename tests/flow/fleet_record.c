/* SPDX-License-Identifier: MIT */
#include "fleet_record.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "fakes/cluster_http.h"
#include "fakes/storage_http.h"
#include "http/http.h"
#include "store/store.h"

#define MAPS     "/api/v1/namespaces/web/configmaps"
#define MAP      MAPS "/acrotate-web"
#define BLOB     "/prod/web.state"
#define TEXT_MAX (256 * 1024)

static struct cluster_http *cluster;
static struct storage_http *storage;
static bool in_container;

void fleet_record_open(struct cluster_http *c)
{
	cluster = c;
	storage = storage_http_new();
}

void fleet_record_close(void)
{
	storage_http_free(storage);
	storage_http_end();
}

void fleet_record_move(bool container)
{
	in_container = container;
}

/* ---- a ConfigMap, or a blob ------------------------------------------------------------------ */

static bool blob(const char *method, const char *body, char **text)
{
	int status = storage_http_do(storage, method, BLOB, NULL, body, text);

	return status >= 200 && status < 300;
}

static char *blob_text(void)
{
	AUTO_FREE char *text = NULL;

	return blob("GET", "", &text) ? take(&text) : NULL;
}

static void put_blob(const char *text)
{
	AUTO_FREE char *said = NULL;

	CHECK(blob(text != NULL ? "PUT" : "DELETE", text != NULL ? text : "", &said) ||
	              text == NULL,
	      "%s", said);
}

char *fleet_record_text(void)
{
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;

	if (in_container)
		return blob_text();
	if (!cluster_http_did(cluster, "GET", MAP, ""))
		return NULL;
	const char *text = cluster_http_text(cluster);
	return json_parse(text, strlen(text), &j, &ignored) ? mem_dup(json_str(j, "data.record"))
	                                                    : NULL;
}

void fleet_record_restore(const char *text)
{
	AUTO_BUF struct buf body = BUF_INIT(TEXT_MAX);

	if (in_container) {
		put_blob(text);
		return;
	}
	buf_str(&body, "{\"data\":{\"record\":");
	buf_json(&body, text);
	buf_str(&body, "}}");
	CHECK(cluster_http_did(cluster, "PATCH", MAP, buf_cstr(&body)), "%s",
	      cluster_http_text(cluster));
}

char *fleet_record_keep(void)
{
	if (in_container)
		return blob_text();
	return cluster_http_did(cluster, "GET", MAP, "") ? mem_dup(cluster_http_text(cluster))
	                                                 : NULL;
}

void fleet_record_put_back(const char *kept)
{
	if (in_container) {
		put_blob(kept);
		return;
	}
	(void)cluster_http_did(cluster, "DELETE", MAP, "");
	CHECK(kept == NULL || cluster_http_did(cluster, "POST", MAPS, kept), "%s",
	      cluster_http_text(cluster));
}

/* ---- the way to it --------------------------------------------------------------------------- */

struct store *fleet_record_store(struct kube *kube, struct arm *arm, struct http_lender *lender,
                                 const struct env *env)
{
	struct blob_place place;

	if (!in_container)
		return store_kubernetes_open(kube, "web");
	place = storage_http_place();
	return store_blob_open(&place, arm, lender, env);
}

const struct azure_spec *fleet_record_azure(void)
{
	return &storage->spec;
}

bool fleet_record_is(const char *url)
{
	return str_starts(url, storage->spec.authority);
}

struct timed {
	struct http base;
	struct http *inner;
	const struct env *env;
};

static bool timed_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                       struct err *e)
{
	struct timed *t = (struct timed *)h;
	struct clock *clock = &storage->net.emu.clock;

	atomic_fetch_add(&clock->shift, (env_now(t->env) - clock_seconds(clock)) * STR_TICKS_PER_S);
	return http_send(t->inner, rq, rs, e);
}

static void timed_close(struct http *h)
{
	http_close(((struct timed *)h)->inner);
	free(h);
}

struct http *fleet_record_client(const struct env *env)
{
	struct timed *t = mem_new(sizeof(*t));

	*t = (struct timed){ .base = { .send = timed_send, .close = timed_close },
		             .inner = emulator_http_client(&storage->net),
		             .env = env };
	return &t->base;
}
