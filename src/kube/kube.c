/* SPDX-License-Identifier: MIT */
#include "kube/kube.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "http/http.h"
#include "http/lender.h"
#include "kube/access.h"
#include "refusal.h"

#define TIMEOUT_MS 20000 /* etcd's own elections take ten seconds at the worst */
#define URL_MAX    4096
#define BODY_MAX   4096 /* of what is asked about rights */
#define PAGE       250  /* records a page: a megabyte at most */
#define PAGES_MAX  1000
#define REVIEWS    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

/* A restarting API server is back within seconds; a longer outage is left to the next run. */
static const struct retry_policy policy = { .tries = 5, .first_ms = 300, .cap_ms = 5000 };

static const char *const resources[KUBE__COUNT] = {
	[KUBE_SECRET] = "secrets", [KUBE_CONFIG_MAP] = "configmaps"
};

struct kube {
	const struct kube_spec *spec;
	struct http_lender *lender;
	const struct env *env;
	pthread_mutex_t mutex;
	bool found;
	struct kube_access access; /* once found it does not change */
	char host[256];
};

struct kube *kube_new(const struct kube_spec *spec, struct http_lender *lender,
                      const struct env *env)
{
	struct kube *k = mem_new(sizeof(*k));

	k->spec = spec;
	k->lender = lender;
	k->env = env;
	(void)pthread_mutex_init(&k->mutex, NULL); /* cannot fail without attributes */
	return k;
}

void kube_free(struct kube *k)
{
	if (k == NULL)
		return;
	kube_access_clear(&k->access);
	(void)pthread_mutex_destroy(&k->mutex);
	free(k);
}

static bool find(struct kube *k, struct err *e)
{
	struct http_origin o;

	if (k->found)
		return true;
	if (!kube_access_find(k->spec, &k->access, e))
		return err_in(e, "kubernetes");
	if (http_origin(k->access.server, &o))
		memcpy(k->host, o.host, sizeof(o.host));
	k->found = true;
	return true;
}

static bool find_once(struct kube *k, struct err *e)
{
	(void)pthread_mutex_lock(&k->mutex);
	bool ok = find(k, e);
	(void)pthread_mutex_unlock(&k->mutex);
	return ok;
}

bool kube_namespace(struct kube *k, const char **out, struct err *e)
{
	if (!find_once(k, e))
		return false;
	*out = k->access.namespace;
	return true;
}

/* ---- objects --------------------------------------------------------------------------------- */

void kube_object_clear(struct kube_object *o)
{
	json_free(o->j);
	*o = (struct kube_object){ .j = NULL };
}

/* Names of annotations and data have dots in them. */
static const char *member(const struct json *object, const char *name)
{
	if (object == NULL || json_type(object) != JSON_OBJECT)
		return NULL;
	for (const struct json *m = json_child(object); m != NULL; m = json_next(m))
		if (strcmp(json_key(m), name) == 0)
			return json_type(m) == JSON_STRING ? json_text(m) : NULL;
	return NULL;
}

const char *kube_annotation(const struct kube_object *o, const char *name)
{
	return member(json_get(o->j, "metadata.annotations"), name);
}

const char *kube_data(const struct kube_object *o, const char *key)
{
	return member(json_get(o->j, "data"), key);
}

/* ---- one request ----------------------------------------------------------------------------- */

struct call {
	enum http_method method;
	const char *path; /* below the server, with its query */
	const char *type;
	const struct buf *body;
	struct kube_asked asked;
};

static bool send_with(struct kube *k, struct http *h, const struct call *c,
                      struct http_response *rs, struct err *e)
{
	AUTO_FREE char *url = mem_fmt("%s%s", k->access.server, c->path);
	const struct http_request rq = {
		.method = c->method,
		.url = url,
		.content_type = c->type,
		.body = c->body,
		.bearer = k->access.token,
		.connect_to = k->access.connect_to,
		.trust = k->access.trust.len > 0 ? &k->access.trust : NULL,
		.client_certificate = k->access.certificate,
		.client_key = k->access.key,
		.direct = k->access.direct,
		.timeout_ms = TIMEOUT_MS,
	};

	return http_send_retrying(h, &policy, k->env, &rq, rs, e) ||
	       err_in(e, "the cluster of %s", k->access.who);
}

/* c->asked gets its namespace, and all that is the same for every call. */
static bool send(struct kube *k, struct call *c, struct http_response *rs, struct err *e)
{
	struct http *h = NULL;

	c->asked.who = k->access.who;
	c->asked.host = k->host;
	if (!http_lend(k->lender, &h, e))
		return false;
	bool ok = send_with(k, h, c, rs, e);
	http_give_back(k->lender, h);
	return ok;
}

static bool read_object(const struct call *c, const struct http_response *rs,
                        struct kube_object *out, struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	AUTO_BUF struct buf what = BUF_INIT(URL_MAX);
	struct err ignored = ERR_INIT; /* its words are about bytes */

	kube_describe(&c->asked, &what);
	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &j, &ignored) ||
	    json_str(j, "metadata.resourceVersion") == NULL)
		return err_set(
			e, ERR_REMOTE,
			"the answer of '%s' for %s is not understood: no object with a version",
			c->asked.host, buf_cstr(&what));
	kube_object_clear(out);
	*out = (struct kube_object){ .version = json_str(j, "metadata.resourceVersion"), .j = j };
	j = NULL;
	return true;
}

/* Is it the object that is not there, and not its namespace? */
static bool is_absent(const struct call *c, const struct http_response *rs)
{
	AUTO_JSON struct json *status = NULL;
	struct err ignored = ERR_INIT;

	if (rs->status != 404 || !json_parse(buf_cstr(&rs->body), rs->body.len, &status, &ignored))
		return false;
	const char *kind = json_str(status, "details.kind"), *reason = json_str(status, "reason");
	return reason != NULL && strcmp(reason, "NotFound") == 0 && kind != NULL &&
	       strcmp(kind, c->asked.resource) == 0;
}

/* out NULL: what comes back is not looked at. */
static bool ask(struct kube *k, struct call *c, enum kube_answer *answer, struct kube_object *out,
                struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (!send(k, c, &rs, e))
		return false;
	if (rs.status == 200 || rs.status == 201) {
		*answer = KUBE_DONE;
		return out == NULL || read_object(c, &rs, out, e);
	}
	if (is_absent(c, &rs))
		*answer = KUBE_ABSENT;
	else if (rs.status == 409)
		*answer = KUBE_STALE;
	else
		return kube_refused(&c->asked, &rs, e);
	return true;
}

/* ---- verbs ----------------------------------------------------------------------------------- */

struct target {
	struct kube_ref ref;
	char *path;
};

static void target_clear(struct target *t)
{
	free(t->path);
}

/* Names are checked here once more: they are a part of the path. */
static bool aim(struct kube *k, const struct kube_ref *ref, bool named, const char *query,
                struct target *out, struct err *e)
{
	if (!find_once(k, e))
		return false;
	out->ref = *ref;
	if (ref->namespace == NULL)
		out->ref.namespace = k->access.namespace;
	if (!kube_label_ok(out->ref.namespace) || (ref->name != NULL && !kube_name_ok(ref->name)))
		return err_set(e, ERR_CONFIG, "'%.63s/%.253s' is not a name that Kubernetes takes",
		               out->ref.namespace, ref->name != NULL ? ref->name : "");
	out->path = mem_fmt("/api/v1/namespaces/%s/%s%s%s%s", out->ref.namespace,
	                    resources[ref->kind], named ? "/" : "", named ? ref->name : "", query);
	return true;
}

static struct call call_of(enum http_method method, const struct target *t, const char *verb)
{
	return (struct call){
		.method = method,
		.path = t->path,
		.asked = { .ref = &t->ref, .resource = resources[t->ref.kind], .verb = verb }
	};
}

bool kube_get(struct kube *k, const struct kube_ref *ref, enum kube_answer *answer,
              struct kube_object *out, struct err *e)
{
	AUTO(target_clear) struct target t = { .path = NULL };

	if (!aim(k, ref, true, "", &t, e))
		return false;
	struct call c = call_of(HTTP_GET, &t, "get");
	return ask(k, &c, answer, out, e);
}

bool kube_patch(struct kube *k, const struct kube_ref *ref, const struct buf *patch, bool dry_run,
                enum kube_answer *answer, struct kube_object *out, struct err *e)
{
	AUTO(target_clear) struct target t = { .path = NULL };

	if (!aim(k, ref, true,
	         dry_run ? "?fieldManager=acrotate&dryRun=All" : "?fieldManager=acrotate", &t, e))
		return false;
	struct call c = call_of(HTTP_PATCH, &t, "patch");
	c.type = "application/merge-patch+json";
	c.body = patch;
	return ask(k, &c, answer, dry_run ? NULL : out, e);
}

bool kube_create(struct kube *k, const struct kube_ref *ref, const struct buf *object, bool dry_run,
                 enum kube_answer *answer, struct kube_object *out, struct err *e)
{
	AUTO(target_clear) struct target t = { .path = NULL };

	if (!aim(k, ref, false,
	         dry_run ? "?fieldManager=acrotate&dryRun=All" : "?fieldManager=acrotate", &t, e))
		return false;
	struct call c = call_of(HTTP_POST, &t, "create");
	c.type = "application/json";
	c.body = object;
	return ask(k, &c, answer, dry_run ? NULL : out, e);
}

bool kube_delete(struct kube *k, const struct kube_ref *ref, const char *version,
                 enum kube_answer *answer, struct err *e)
{
	AUTO(target_clear) struct target t = { .path = NULL };
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);

	if (!aim(k, ref, true, "", &t, e))
		return false;
	buf_str(&body, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{"
	               "\"resourceVersion\":");
	buf_json(&body, version);
	buf_str(&body, "}}");
	struct call c = call_of(HTTP_DELETE, &t, "delete");
	c.type = "application/json";
	c.body = &body;
	return ask(k, &c, answer, NULL, e);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* *next: where it continues, or NULL. */
static bool list_page(struct kube *k, const struct kube_ref *ref, const char *query,
                      kube_each_fn *each, void *ctx, char **next, struct err *e)
{
	AUTO(target_clear) struct target t = { .path = NULL };
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_JSON struct json *j = NULL;

	if (!aim(k, ref, false, query, &t, e))
		return false;
	t.ref.name = NULL;
	struct call c = call_of(HTTP_GET, &t, "list");
	if (!send(k, &c, &rs, e))
		return false;
	if (rs.status != 200)
		return kube_refused(&c.asked, &rs, e);
	if (!json_parse(buf_cstr(&rs.body), rs.body.len, &j, e) || json_get(j, "items") == NULL)
		return err_set(e, ERR_REMOTE,
		               "the answer of '%s' to a list of %s is not understood", k->host,
		               c.asked.resource);
	for (const struct json *m = json_child(json_get(j, "items")); m != NULL; m = json_next(m))
		if (!each(ctx, m, e))
			return false;
	const char *more = json_str(j, "metadata.continue");
	free(*next);
	*next = more != NULL && *more != '\0' ? mem_dup(more) : NULL;
	return true;
}

bool kube_list(struct kube *k, const struct kube_ref *ref, const char *label, kube_each_fn *each,
               void *ctx, struct err *e)
{
	AUTO_FREE char *next = NULL;

	for (int i = 0; i < PAGES_MAX; i++) {
		AUTO_BUF struct buf query = BUF_INIT(URL_MAX);
		buf_fmt(&query, "?limit=%d&labelSelector=", PAGE);
		buf_form(&query, label);
		if (next != NULL) {
			buf_str(&query, "&continue=");
			buf_form(&query, next);
		}
		if (!buf_ok(&query))
			return err_set(e, ERR_REMOTE,
			               "a list of %s continues with more than a URL can hold",
			               resources[ref->kind]);
		if (!list_page(k, ref, buf_cstr(&query), each, ctx, &next, e))
			return false;
		if (next == NULL)
			return true;
	}
	return err_set(e, ERR_REMOTE, "a list of %s does not end", resources[ref->kind]);
}

/* ---- rights ---------------------------------------------------------------------------------- */

static void put_review(const struct target *t, const char *verb, struct buf *out)
{
	buf_str(out, "{\"apiVersion\":\"authorization.k8s.io/"
	             "v1\",\"kind\":\"SelfSubjectAccessReview\",\"spec\":{\"resourceAttributes\":{"
	             "\"namespace\":");
	buf_json(out, t->ref.namespace);
	buf_fmt(out, ",\"verb\":\"%s\",\"resource\":\"%s\"", verb, resources[t->ref.kind]);
	if (t->ref.name != NULL && strcmp(verb, "create") != 0) {
		buf_str(out, ",\"name\":");
		buf_json(out, t->ref.name);
	}
	buf_str(out, "}}}");
}

/* A server that cannot be asked has not refused: the request itself will show. */
static bool is_denied(struct kube *k, const struct target *t, const char *verb)
{
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;
	struct call c = call_of(HTTP_POST, t, verb);

	put_review(t, verb, &body);
	c.path = REVIEWS;
	c.type = "application/json";
	c.body = &body;
	if (!send(k, &c, &rs, &ignored) || rs.status != 201 ||
	    !json_parse(buf_cstr(&rs.body), rs.body.len, &j, &ignored))
		return false;
	return json_get(j, "status.allowed") != NULL && !json_true(j, "status.allowed");
}

bool kube_may(struct kube *k, const struct kube_ref *ref, const char *verbs, struct err *e)
{
	AUTO(target_clear) struct target t = { .path = NULL };
	AUTO_BUF struct buf missing = BUF_INIT(BODY_MAX), grant = BUF_INIT(BODY_MAX),
			    what = BUF_INIT(BODY_MAX);
	AUTO_FREE char *copy = mem_dup(verbs);

	if (!aim(k, ref, false, "", &t, e))
		return false;
	for (char *rest = copy, *verb; (verb = strsep(&rest, " ")) != NULL;)
		if (is_denied(k, &t, verb))
			buf_fmt(&missing, "%s%s", missing.len > 0 ? " " : "", verb);
	if (missing.len == 0)
		return true;
	const struct kube_asked asked = { .ref = &t.ref,
		                          .resource = resources[ref->kind],
		                          .verb = verbs };
	kube_describe(&asked, &what);
	kube_grant(&asked, buf_cstr(&missing), "NAME", &grant);
	return err_set(e, ERR_DENIED, "%s may not %s %s: %s", k->access.who, buf_cstr(&missing),
	               buf_cstr(&what), buf_cstr(&grant));
}

bool kube_namespace_uid(struct kube *k, const char *namespace, char **out, struct err *e)
{
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	enum kube_answer answer = KUBE_ABSENT;

	if (!find_once(k, e))
		return false;
	struct target t = { .ref = { .namespace = namespace, .name = namespace } };
	AUTO_FREE char *path = mem_fmt("/api/v1/namespaces/%s", namespace);
	struct call c = { .method = HTTP_GET,
		          .path = path,
		          .asked = { .ref = &t.ref, .resource = "namespaces", .verb = "get" } };
	if (!kube_label_ok(namespace))
		return err_set(e, ERR_CONFIG, "'%.63s' is not the name of a namespace", namespace);
	if (!ask(k, &c, &answer, &o, e))
		return false;
	if (answer == KUBE_ABSENT)
		return err_set(e, ERR_MISSING,
		               "namespace '%s' does not exist: kubectl create namespace %s",
		               namespace, namespace);
	if (json_str(o.j, "metadata.uid") == NULL)
		return err_set(e, ERR_REMOTE, "namespace '%s' has no uid", namespace);
	*out = mem_dup(json_str(o.j, "metadata.uid"));
	return true;
}
