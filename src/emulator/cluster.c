/* SPDX-License-Identifier: MIT */
#include "emulator/cluster.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cluster_deed.h"

#define TEXT_MAX   4096
#define BODY_MAX   (3 << 20) /* kube-apiserver's own */
#define TOKEN_LIFE 3600

/* ---- one request ----------------------------------------------------------------------------- */

static bool kind_of(const struct request *rq, size_t *out)
{
	const char *at = strstr(rq->path, "/namespaces/");
	const char *resource = at != NULL ? strchr(at + strlen("/namespaces/"), '/') : NULL;
	size_t n = resource != NULL ? strcspn(resource + 1, "/") : 0;

	*out = 0;
	if (resource == NULL)
		return true;
	for (size_t i = 0; i < CLUSTER_KINDS; i++) {
		if (strlen(cluster_kinds[i].resource) == n &&
		    strncmp(cluster_kinds[i].resource, resource + 1, n) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* Who it is, and whether they may; else the refusal. */
static bool admit(struct deed *d, const char *verb)
{
	AUTO_FREE char *user = cluster_user(d->emu, d->rq);
	const struct cluster_deed deed = { .verb = verb,
		                           .group = cluster_kinds[d->kind].group,
		                           .resource = cluster_kinds[d->kind].resource,
		                           .namespace = d->kind == 0 && d->name != NULL
		                                                ? d->name
		                                                : d->namespace,
		                           .name = d->name };

	if (user == NULL) {
		cluster_status(d->rs, 401, "Unauthorized", NULL, NULL, "Unauthorized");
		return false;
	}
	(void)snprintf(d->rq->subject, sizeof(d->rq->subject), "%s", user);
	if (cluster_may(d->emu->cluster, user, &deed))
		return true;
	cluster_status(
		d->rs, 403, "Forbidden", deed.resource, d->name,
		"%s%s%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\" "
		"in the "
		"namespace \"%s\"",
		deed.resource, d->name != NULL ? " \"" : "", d->name != NULL ? d->name : "",
		d->name != NULL ? "\"" : "", user, verb, deed.resource, deed.group, deed.namespace);
	return false;
}

static bool read_body(struct deed *d, struct json **out)
{
	struct err e = ERR_INIT;

	if (d->rq->body.len > BODY_MAX) {
		cluster_status(d->rs, 413, "RequestEntityTooLarge", NULL, NULL,
		               "Request entity too large: limit is %d", BODY_MAX);
		return false;
	}
	if (json_parse(buf_cstr(&d->rq->body), d->rq->body.len, out, &e) &&
	    json_type(*out) == JSON_OBJECT)
		return true;
	/* The real one quotes the text. */
	cluster_status(d->rs, 400, "BadRequest", NULL, NULL,
	               "the object provided is unrecognized: json parse error: %s|%.60s|", e.text,
	               buf_cstr(&d->rq->body));
	return false;
}

static void answer(struct deed *d, int code, const char *text)
{
	exchange_reply_json(d->rs, code);
	d->rs->content_type = "application/json";
	buf_str(&d->rs->body, text);
}

/* ---- storing --------------------------------------------------------------------------------- */

/* `text` with what the server says of it, stored unless it is a dry run, and answered. */
static void store(struct deed *d, int code, const char *name, const struct json *j, const char *uid,
                  const char *created)
{
	struct cluster *c = d->emu->cluster;
	AUTO_BUF struct buf meta = BUF_INIT(TEXT_MAX), text = BUF_INIT(CLUSTER_OBJECT_MAX);
	AUTO_JSON struct json *patch = NULL;
	struct err ignored = ERR_INIT;
	char version[32] = "null";

	if (!d->dry_run)
		c->version++;
	/* What was made by a dry run alone has no version. */
	if (!d->dry_run || code != 201)
		(void)snprintf(version, sizeof(version), "\"%lld\"", (long long)c->version);
	buf_fmt(&meta,
	        "{%s\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"name\":\"%s\",%s%s%"
	        "s\"uid\":\"%s\",\"resourceVersion\":%s,"
	        "\"creationTimestamp\":\"%s\",\"managedFields\":null}}",
	        cluster_is_secret(d) && json_str(j, "type") == NULL ? "\"type\":\"Opaque\"," : "",
	        cluster_kinds[d->kind].kind, cluster_kinds[d->kind].api, name,
	        d->kind == 0 ? "" : "\"namespace\":\"", d->kind == 0 ? "" : d->namespace,
	        d->kind == 0 ? "" : "\",", uid, version, created);
	if (!json_parse(buf_cstr(&meta), meta.len, &patch, &ignored))
		return;
	cluster_merge(j, patch, &text);
	if (!d->dry_run)
		cluster_put(c, cluster_kinds[d->kind].resource, d->namespace, name,
		            buf_cstr(&text));
	answer(d, code, buf_cstr(&text));
}

static void create(struct deed *d)
{
	struct cluster *c = d->emu->cluster;
	AUTO_JSON struct json *j = NULL;
	char uid[37], now[STR_TIME_MAX];

	if (!admit(d, "create") || !read_body(d, &j))
		return;
	const char *name = json_str(j, "metadata.name"), *of = json_str(j, "metadata.namespace");

	if (name == NULL || !*name || (of != NULL && d->kind != 0 && strcmp(of, d->namespace) != 0))
		cluster_status(
			d->rs, 400, "BadRequest", NULL, NULL,
			"the namespace of the provided object does not match the namespace sent on "
			"the request");
	else if (d->kind != 0 && cluster_find(c, "namespaces", "", d->namespace) == NULL)
		cluster_not_found(d->rs, "namespaces", d->namespace);
	else if (cluster_find(c, cluster_kinds[d->kind].resource, d->namespace, name) != NULL)
		cluster_status(d->rs, 409, "AlreadyExists", cluster_kinds[d->kind].resource, name,
		               "%s \"%s\" already exists", cluster_kinds[d->kind].resource, name);
	else if (cluster_data_ok(d, name, j)) {
		crypto_uuid(uid);
		str_from_time(clock_seconds(&d->emu->clock), now);
		store(d, 201, name, j, uid, now);
	}
}

/* A PUT whose object has no version overwrites, and so does such a patch: as the real one does. */
static void replace(struct deed *d, const struct json *old, const struct json *new)
{
	const char *version = json_str(new, "metadata.resourceVersion"),
		   *current = json_str(old, "metadata.resourceVersion");
	AUTO_BUF struct buf before = BUF_INIT(CLUSTER_OBJECT_MAX),
			    after = BUF_INIT(CLUSTER_OBJECT_MAX);

	if (version != NULL && strcmp(version, current) != 0) {
		cluster_stale(d->rs, cluster_kinds[d->kind].resource, d->name);
		return;
	}
	if (!cluster_data_ok(d, d->name, new) || !cluster_change_ok(d, old, new))
		return;
	cluster_merge(NULL, old, &before);
	cluster_merge(NULL, new, &after);
	/* What changes nothing makes no new version. */
	if (strcmp(buf_cstr(&before), buf_cstr(&after)) == 0)
		answer(d, 200, buf_cstr(&before));
	else
		store(d, 200, d->name, new, json_str(old, "metadata.uid"),
		      json_str(old, "metadata.creationTimestamp"));
}

static void change(struct deed *d, bool patch)
{
	AUTO_JSON struct json *old = NULL, *sent = NULL, *new = NULL;
	AUTO_BUF struct buf merged = BUF_INIT(CLUSTER_OBJECT_MAX);
	struct err ignored = ERR_INIT;

	if (!admit(d, patch ? "patch" : "update") || !read_body(d, &sent))
		return;
	const struct cluster_item *item = cluster_find(
		d->emu->cluster, cluster_kinds[d->kind].resource, d->namespace, d->name);
	const char *type = pairs_get(&d->rq->header, "Content-Type");

	if (patch && (type == NULL || strcmp(type, "application/merge-patch+json") != 0)) {
		cluster_status(d->rs, 415, "UnsupportedMediaType", NULL, NULL,
		               "the body of the request was in an unknown format");
		return;
	}
	if (item == NULL) {
		cluster_not_found(d->rs, cluster_kinds[d->kind].resource, d->name);
		return;
	}
	if (!json_parse(item->text, strlen(item->text), &old, &ignored))
		return;
	cluster_merge(patch ? old : NULL, sent, &merged);
	if (json_parse(buf_cstr(&merged), merged.len, &new, &ignored))
		replace(d, old, new);
}

static void get(struct deed *d)
{
	const struct cluster_item *item =
		d->kind == 0 ? cluster_find(d->emu->cluster, "namespaces", "", d->name)
			     : cluster_find(d->emu->cluster, cluster_kinds[d->kind].resource,
	                                    d->namespace, d->name);

	if (!admit(d, "get"))
		return;
	if (item != NULL)
		answer(d, 200, item->text);
	else
		cluster_not_found(d->rs, cluster_kinds[d->kind].resource, d->name);
}

static void delete (struct deed *d)
{
	struct cluster_item *item = cluster_find(d->emu->cluster, cluster_kinds[d->kind].resource,
	                                         d->namespace, d->name);
	AUTO_JSON struct json *options = NULL;
	struct err ignored = ERR_INIT;

	if (!admit(d, "delete"))
		return;
	if (item == NULL) {
		cluster_not_found(d->rs, cluster_kinds[d->kind].resource, d->name);
		return;
	}
	if (d->rq->body.len > 0 &&
	    !json_parse(buf_cstr(&d->rq->body), d->rq->body.len, &options, &ignored))
		options = NULL;
	const char *version = json_str(options, "preconditions.resourceVersion");
	AUTO_FREE char *current = mem_fmt("%lld", (long long)item->version);

	if (version != NULL && strcmp(version, current) != 0) {
		cluster_stale(d->rs, cluster_kinds[d->kind].resource, d->name);
		return;
	}
	cluster_remove(d->emu->cluster, item);
	answer(d, 200,
	       "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
	       "\"Success\"}");
}

/* "a=b", one pair. */
static bool has_label(const struct cluster_item *item, const char *selector)
{
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;
	size_t n = selector != NULL ? strcspn(selector, "=") : 0;

	if (selector == NULL || !*selector)
		return true;
	if (!json_parse(item->text, strlen(item->text), &j, &ignored))
		return false;
	for (const struct json *m = json_child(json_get(j, "metadata.labels")); m != NULL;
	     m = json_next(m))
		if (strlen(json_key(m)) == n && strncmp(json_key(m), selector, n) == 0 &&
		    json_type(m) == JSON_STRING && strcmp(json_text(m), selector + n + 1) == 0)
			return true;
	return false;
}

static void list(struct deed *d)
{
	const struct cluster *c = d->emu->cluster;
	const char *selector = pairs_get(&d->rq->query, "labelSelector"),
		   *limit = pairs_get(&d->rq->query, "limit");
	const char *from = pairs_get(&d->rq->query, "continue");
	int64_t most = INT32_MAX, at = 0, shown = 0;

	if (!admit(d, "list"))
		return;
	if ((limit != NULL && !str_int(limit, 1, INT32_MAX, &most)) ||
	    (from != NULL && !str_int(from, 0, INT32_MAX, &at))) {
		cluster_status(d->rs, 400, "BadRequest", NULL, NULL,
		               "limit or continue is not understood");
		return;
	}
	exchange_reply_json(d->rs, 200);
	buf_fmt(&d->rs->body, "{\"kind\":\"%sList\",\"apiVersion\":\"v1\",\"items\":[",
	        cluster_kinds[d->kind].kind);
	for (; (size_t)at < c->n && shown < most; at++) {
		const struct cluster_item *item = c->item[at];

		if (strcmp(item->resource, cluster_kinds[d->kind].resource) != 0 ||
		    strcmp(item->namespace, d->namespace) != 0 || !has_label(item, selector))
			continue;
		buf_fmt(&d->rs->body, "%s%s", shown++ > 0 ? "," : "", item->text);
	}
	buf_fmt(&d->rs->body, "],\"metadata\":{\"resourceVersion\":\"%lld\"",
	        (long long)c->version);
	if ((size_t)at < c->n)
		buf_fmt(&d->rs->body, ",\"continue\":\"%lld\"", (long long)at);
	buf_str(&d->rs->body, "}}");
}

/* ---- accounts and reviews -------------------------------------------------------------------- */

static void token(struct deed *d)
{
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX);
	AUTO_JSON struct json *j = NULL;
	int64_t seconds = TOKEN_LIFE;

	if (!admit(d, "create") || !read_body(d, &j))
		return;
	if (cluster_find(d->emu->cluster, "serviceaccounts", d->namespace, d->name) == NULL) {
		cluster_not_found(d->rs, "serviceaccounts", d->name);
		return;
	}
	if (json_get(j, "spec.expirationSeconds") != NULL &&
	    (!json_int(j, "spec.expirationSeconds", &seconds) || seconds < 600)) {
		cluster_status(
			d->rs, 422, "Invalid", NULL, NULL,
			"spec.expirationSeconds: may not specify a duration less than 10 minutes");
		return;
	}
	const struct json *audience = json_child(json_get(j, "spec.audiences"));

	cluster_token(d->emu, d->namespace, d->name, audience != NULL ? json_text(audience) : NULL,
	              seconds, &jwt);
	exchange_reply_json(d->rs, 201);
	buf_fmt(&d->rs->body,
	        "{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/"
	        "v1\",\"status\":{\"token\":\"%s\"}}",
	        buf_cstr(&jwt));
}

static void review(struct deed *d)
{
	AUTO_FREE char *user = cluster_user(d->emu, d->rq);
	AUTO_JSON struct json *j = NULL;

	if (user == NULL) {
		cluster_status(d->rs, 401, "Unauthorized", NULL, NULL, "Unauthorized");
		return;
	}
	if (!read_body(d, &j))
		return;
	const char *group = json_str(j, "spec.resourceAttributes.group"),
		   *resource = json_str(j, "spec.resourceAttributes.resource");
	const char *verb = json_str(j, "spec.resourceAttributes.verb"),
		   *of = json_str(j, "spec.resourceAttributes.namespace");
	const struct cluster_deed deed = { .verb = verb != NULL ? verb : "",
		                           .group = group != NULL ? group : "",
		                           .resource = resource != NULL ? resource : "",
		                           .namespace = of != NULL ? of : "",
		                           .name = json_str(j, "spec.resourceAttributes.name") };

	exchange_reply_json(d->rs, 201);
	buf_fmt(&d->rs->body,
	        "{\"kind\":\"SelfSubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/"
	        "v1\",\"status\":{\"allowed\":%s}}",
	        cluster_may(d->emu->cluster, user, &deed) ? "true" : "false");
}

/* ---- routes ---------------------------------------------------------------------------------- */

static void patch(struct deed *d)
{
	change(d, true);
}

static void put(struct deed *d)
{
	change(d, false);
}

/* Where the door is closed nothing is there. */
static void play(struct emulator *emu, struct request *rq, struct reply *rs,
                 void (*act)(struct deed *d), bool named)
{
	const char *dry = pairs_get(&rq->query, "dryRun");
	struct deed d = {
		.emu = emu, .rq = rq, .rs = rs, .dry_run = dry != NULL && strcmp(dry, "All") == 0
	};

	(void)pthread_mutex_lock(&emu->lock);
	if (emu->cluster == NULL || !kind_of(rq, &d.kind)) {
		cluster_status(rs, 404, "NotFound", NULL, NULL,
		               "the server could not find the requested resource");
	} else {
		d.namespace = d.kind == 0 ? "" : rq->arg[0];
		d.name = !named ? NULL : d.kind == 0 ? rq->arg[0] : rq->arg[1];
		act(&d);
	}
	(void)pthread_mutex_unlock(&emu->lock);
}

#define HANDLER(name, act, named)                                                                  \
	static void name(struct emulator *emu, struct request *rq, struct reply *rs)               \
	{                                                                                          \
		play(emu, rq, rs, act, named);                                                     \
	}
HANDLER(on_get, get, true)
HANDLER(on_list, list, false)
HANDLER(on_create, create, false)
HANDLER(on_patch, patch, true)
HANDLER(on_put, put, true)
HANDLER(on_delete, delete, true)
HANDLER(on_token, token, true)
HANDLER(on_review, review, false)

static void on_ready(struct emulator *emu, struct request *rq, struct reply *rs)
{
	(void)emu;
	(void)rq;
	rs->status = 200;
	rs->content_type = "text/plain";
	buf_str(&rs->body, "ok");
}

#define KUBE "kube-"
#define CORE "/api/v1/namespaces"
#define RBAC "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/"
/* clang-format off */
#define VERBS(path, name) \
	{ "GET", path "/{}", KUBE name "-get", NULL, on_get }, \
	{ "PATCH", path "/{}", KUBE name "-patch", NULL, on_patch }, \
	{ "PUT", path "/{}", KUBE name "-put", NULL, on_put }, \
	{ "DELETE", path "/{}", KUBE name "-delete", NULL, on_delete }, \
	{ "GET", path, KUBE name "-list", NULL, on_list }, \
	{ "POST", path, KUBE name "-create", NULL, on_create }
/* clang-format on */

static const struct route rows[] = {
	{ "GET", "/readyz", "kube-ready", NULL, on_ready },
	{ "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "kube-review", NULL,
	  on_review },
	{ "POST", CORE "/{}/serviceaccounts/{}/token", "kube-token", NULL, on_token },
	VERBS(CORE "/{}/secrets", "secret"),
	VERBS(CORE "/{}/configmaps", "configmap"),
	VERBS(CORE "/{}/serviceaccounts", "serviceaccount"),
	VERBS(RBAC "roles", "role"),
	VERBS(RBAC "rolebindings", "rolebinding"),
	{ "GET", CORE "/{}", "kube-namespace-get", NULL, on_get },
	{ "POST", CORE, "kube-namespace-create", NULL, on_create },
	{ "DELETE", CORE "/{}", "kube-namespace-delete", NULL, on_delete },
};
const struct routes cluster_routes = { AREA_CLUSTER, rows, COUNT(rows) };
