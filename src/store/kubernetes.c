/* SPDX-License-Identifier: MIT */
/*
 * Records in a namespace of a Kubernetes cluster: a ConfigMap for each, acrotate-NAME, whose
 * resourceVersion is the record's version. There are no locks. No secret is in a record.
 *
 * The first record is read by itself; whoever reads a second one gets all of them in one list,
 * where the cluster lets us list, and each of those serves one load: what a job reads again it
 * reads anew.
 */
#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "kube/kube.h"
#include "kube/spec.h"
#include "store/store.h"

#define PREFIX   "acrotate-"
#define LABEL    "app.kubernetes.io/managed-by"
#define JOB      "acrotate/job" /* annotation: the record's own name */
#define BODY_MAX (4 * STORE_RECORD_MAX)
#define HASH_LEN 8 /* hexadecimal digits, where a name loses something */

/* A record of a list that nobody has loaded yet; or a text to be kept beside by the next save. */
struct kept {
	char *name, *text, *version;
};
struct kept_list {
	struct kept *item;
	size_t n, cap;
};

struct kubernetes_store {
	struct store base;
	struct kube *kube;
	char *namespace;
	pthread_mutex_t mutex; /* guards what follows */
	bool known;            /* identity */
	struct fingerprint identity;
	char *first; /* the name that was loaded first; NULL: none was */
	bool listed;
	struct kept_list ahead, aside;
};

static struct kubernetes_store *of(const struct store *s)
{
	struct kubernetes_store *k;

	memcpy(&k, &s, sizeof(k)); /* what is remembered is not what callers see */
	return k;
}

/* ---- what is kept in memory ------------------------------------------------------------------ */

static void kept_clear(struct kept *k)
{
	free(k->name);
	free(k->text);
	free(k->version);
	*k = (struct kept){ .name = NULL };
}

static void keep(struct kept_list *l, const char *name, const char *text, const char *version)
{
	l->item = mem_grow(l->item, &l->cap, l->n + 1, sizeof(*l->item));
	l->item[l->n++] = (struct kept){ mem_dup(name), mem_dup(text), mem_dup(version) };
}

/* Out of the list. */
static bool take_kept(struct kept_list *l, const char *name, struct kept *out)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->item[i].name == NULL || strcmp(l->item[i].name, name) != 0)
			continue;
		*out = l->item[i];
		l->item[i] = (struct kept){ .name = NULL };
		return true;
	}
	return false;
}

static void kept_list_clear(struct kept_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		kept_clear(&l->item[i]);
	free(l->item);
	*l = (struct kept_list){ .n = 0 };
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Small letters, digits and hyphens. A name that loses something gets a hash of the whole. */
static char *object_name(const char *name)
{
	char label[KUBE_LABEL_MAX + 1] = PREFIX, hex[FINGERPRINT_HEX_MAX];
	size_t n = sizeof(PREFIX) - 1;
	struct fingerprint f;

	for (const char *p = name; *p != '\0' && n < KUBE_LABEL_MAX - HASH_LEN - 1; p++) {
		char c = (char)tolower((unsigned char)*p);
		label[n++] = (char)((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-');
	}
	label[n] = '\0';
	if (strcmp(label + sizeof(PREFIX) - 1, name) == 0 && kube_label_ok(label))
		return mem_dup(label);
	crypto_fingerprint_bytes(name, strlen(name), &f);
	fingerprint_to_hex(&f, hex);
	return mem_fmt("%s-%.*s", label, HASH_LEN, hex);
}

static struct kube_ref ref_of(const struct kubernetes_store *k, const char *object)
{
	return (struct kube_ref){ KUBE_CONFIG_MAP, k->namespace, object };
}

static void kubernetes_describe(const struct store *s, const char *name, struct buf *out)
{
	AUTO_FREE char *object = object_name(name);

	buf_fmt(out, "configmap %s/%s", of(s)->namespace, object);
}

/* ---- whose ----------------------------------------------------------------------------------- */

static bool kubernetes_identity(const struct store *s, struct fingerprint *out, struct err *e)
{
	struct kubernetes_store *k = of(s);
	AUTO_FREE char *uid = NULL;

	(void)pthread_mutex_lock(&k->mutex);
	if (!k->known && kube_namespace_uid(k->kube, k->namespace, &uid, e)) {
		crypto_fingerprint_bytes(uid, strlen(uid), &k->identity);
		k->known = true;
	}
	bool ok = k->known;
	if (ok)
		*out = k->identity;
	(void)pthread_mutex_unlock(&k->mutex);
	return ok;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *job_of(const struct json *object)
{
	const struct json *all = json_get(object, "metadata.annotations");

	for (const struct json *m = json_child(all); m != NULL; m = json_next(m))
		if (strcmp(json_key(m), JOB) == 0 && json_type(m) == JSON_STRING)
			return json_text(m);
	return NULL;
}

/* The job whose record it is. A copy of one, under another name, says the same and is none. */
static const char *record_of(const struct json *object)
{
	const char *job = job_of(object), *name = json_str(object, "metadata.name");

	if (job == NULL || name == NULL)
		return NULL;
	AUTO_FREE char *own = object_name(job);
	return strcmp(own, name) == 0 ? job : NULL;
}

static bool list_ahead(void *ctx, const struct json *item, struct err *e)
{
	struct kubernetes_store *k = ctx;
	const char *name = record_of(item), *text = json_str(item, "data.record"),
		   *version = json_str(item, "metadata.resourceVersion");

	(void)e;
	if (name != NULL && text != NULL && version != NULL)
		keep(&k->ahead, name, text, version);
	return true;
}

/* A cluster that does not let us list is asked for each. What was loaded already is not taken from
 * the list. */
static void list_all_ahead(struct kubernetes_store *k, const char *name)
{
	AUTO(kept_clear) struct kept loaded = { .name = NULL };
	struct kube_ref all = ref_of(k, NULL);
	struct err ignored = ERR_INIT;

	k->listed = true;
	if (!kube_list(k->kube, &all, LABEL "=acrotate", list_ahead, k, &ignored))
		kept_list_clear(&k->ahead);
	else if (strcmp(k->first, name) != 0)
		(void)take_kept(&k->ahead, k->first, &loaded);
}

static bool find_ahead(struct kubernetes_store *k, const char *name, struct kept *out)
{
	(void)pthread_mutex_lock(&k->mutex);
	if (k->first == NULL)
		k->first = mem_dup(name);
	else if (!k->listed)
		list_all_ahead(k, name);
	bool found = take_kept(&k->ahead, name, out);
	(void)pthread_mutex_unlock(&k->mutex);
	return found;
}

static bool set_record(const char *object, const char *text, const char *version,
                       struct store_record *out, struct err *e)
{
	AUTO_RECORD struct store_record r = { .exists = true, .text = BUF_INIT(STORE_RECORD_MAX) };

	buf_str(&r.text, text);
	if (!buf_ok(&r.text))
		return err_set(e, ERR_LOCAL, "configmap '%s' is larger than %zu bytes", object,
		               STORE_RECORD_MAX);
	r.version = mem_dup(version);
	*out = r;
	r = (struct store_record){ 0 };
	return true;
}

/* One that is there must be this job's: hashes are short, and names are free to take. */
static bool get(struct kubernetes_store *k, const char *name, bool *found, struct kube_object *out,
                struct err *e)
{
	AUTO_FREE char *object = object_name(name);
	struct kube_ref ref = ref_of(k, object);
	enum kube_answer answer;

	if (!kube_get(k->kube, &ref, &answer, out, e))
		return false;
	*found = answer == KUBE_DONE;
	if (!*found)
		return true;
	const char *job = job_of(out->j);
	return (job != NULL && strcmp(job, name) == 0) ||
	       err_set(e, ERR_DECISION,
	               "configmap '%s/%s' is not this job's record: 'kubectl -n %s delete "
	               "configmap %s' "
	               "if nobody needs it",
	               k->namespace, object, k->namespace, object);
}

static bool kubernetes_load(const struct store *s, const char *name, struct store_record *out,
                            struct err *e)
{
	struct kubernetes_store *k = of(s);
	AUTO(kept_clear) struct kept ahead = { .name = NULL };
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	bool found;

	if (find_ahead(k, name, &ahead))
		return set_record(name, ahead.text, ahead.version, out, e);
	if (!get(k, name, &found, &o, e))
		return false;
	if (!found) {
		*out = (struct store_record){ .exists = false };
		return true;
	}
	const char *text = json_str(o.j, "data.record");
	return set_record(name, text != NULL ? text : "", o.version, out, e);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_data(const struct buf *text, const struct kept *lost, struct buf *out)
{
	buf_str(out, "\"data\":{\"record\":");
	buf_json(out, buf_cstr(text));
	if (lost->text != NULL) {
		buf_str(out, ",\"lost\":");
		buf_json(out, lost->text);
	}
	buf_char(out, '}');
}

static void add_object(const char *object, const char *name, const struct buf *text,
                       const struct kept *lost, struct buf *out)
{
	buf_fmt(out,
	        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s\","
	        "\"labels\":{\"" LABEL "\":\"acrotate\"},\"annotations\":{\"" JOB "\":",
	        object);
	buf_json(out, name);
	buf_str(out, "}},");
	add_data(text, lost, out);
	buf_char(out, '}');
}

static void add_patch(const char *version, const struct buf *text, const struct kept *lost,
                      struct buf *out)
{
	buf_str(out, "{\"metadata\":{\"resourceVersion\":");
	buf_json(out, version);
	buf_str(out, "},");
	add_data(text, lost, out);
	buf_char(out, '}');
}

/* Another version is there: that of a try of ours whose reply was lost, or another rotator's. */
static bool is_ours(struct kubernetes_store *k, const char *name, const struct buf *text,
                    struct kube_object *out, struct err *e)
{
	bool found;

	if (!get(k, name, &found, out, e))
		return false;
	const char *there = found ? json_str(out->j, "data.record") : NULL;
	return (there != NULL && strcmp(there, buf_cstr(text)) == 0) ||
	       err_set(e, ERR_CONFLICT, "another rotator is at work on it");
}

static bool send(struct kubernetes_store *k, const char *name, const struct buf *text,
                 const struct kept *lost, const char *version, struct kube_object *out,
                 struct err *e)
{
	AUTO_FREE char *object = object_name(name);
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	struct kube_ref ref = ref_of(k, object);
	enum kube_answer answer;

	if (version == NULL)
		add_object(object, name, text, lost, &body);
	else
		add_patch(version, text, lost, &body);
	if (!buf_ok(&body))
		return err_set(e, ERR_LOCAL, "configmap '%s' would be too large", object);
	if (!(version == NULL ? kube_create(k->kube, &ref, &body, false, &answer, out, e)
	                      : kube_patch(k->kube, &ref, &body, false, &answer, out, e)))
		return false;
	return answer == KUBE_DONE || is_ours(k, name, text, out, e);
}

/* The text that the next save of this record keeps; NULL: as it is. */
static void set_kept(struct kubernetes_store *k, const char *name, const char *text)
{
	AUTO(kept_clear) struct kept before = { .name = NULL };

	if (text == NULL)
		return;
	(void)pthread_mutex_lock(&k->mutex);
	(void)take_kept(&k->aside, name, &before);
	keep(&k->aside, name, text, NULL);
	(void)pthread_mutex_unlock(&k->mutex);
}

static bool kubernetes_save(const struct store *s, const char *name, const struct buf *text,
                            enum store_safety safety, char **version, struct err *e)
{
	struct kubernetes_store *k = of(s);
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	AUTO(kept_clear) struct kept lost = { .name = NULL };

	(void)safety; /* what the cluster has taken, it has */
	(void)pthread_mutex_lock(&k->mutex);
	(void)take_kept(&k->aside, name, &lost);
	(void)pthread_mutex_unlock(&k->mutex);
	if (!send(k, name, text, &lost, *version, &o, e)) {
		/* Written nowhere yet: it goes with the next save. */
		set_kept(k, name, lost.text);
		return false;
	}
	free(*version);
	*version = mem_dup(o.version);
	return true;
}

/* Kept in the record itself, by the save that goes over it: one write, on one version. */
static bool kubernetes_set_aside(const struct store *s, const char *name, struct err *e)
{
	struct kubernetes_store *k = of(s);
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	bool found;

	if (!get(k, name, &found, &o, e))
		return false;
	set_kept(k, name, found ? json_str(o.j, "data.record") : NULL);
	return true;
}

/* One is kept. */
static bool kubernetes_load_lost(const struct store *s, const char *name, int before,
                                 struct store_record *out, struct err *e)
{
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	bool found;

	if (!get(of(s), name, &found, &o, e))
		return false;
	const char *text = found && before == 0 ? json_str(o.j, "data.lost") : NULL;
	if (text != NULL)
		return set_record(name, text, o.version, out, e);
	*out = (struct store_record){ .exists = false };
	return true;
}

static bool kubernetes_remove(const struct store *s, const char *name, struct err *e)
{
	struct kubernetes_store *k = of(s);
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	AUTO_FREE char *object = object_name(name);
	struct kube_ref ref = ref_of(k, object);
	enum kube_answer answer = KUBE_DONE;
	bool found;

	if (!get(k, name, &found, &o, e) ||
	    (found && !kube_delete(k->kube, &ref, o.version, &answer, e)))
		return false;
	if (!found)
		return err_set(e, ERR_MISSING, "there is no configmap '%s/%s'", k->namespace,
		               object);
	/* Gone: the reply to an earlier try may have been lost. */
	return answer != KUBE_STALE || err_set(e, ERR_CONFLICT, "another rotator is at work on it");
}

/* ---- rights ---------------------------------------------------------------------------------- */

/* Making one cannot be allowed by name: of one that is there it is not needed. */
static bool kubernetes_may(const struct store *s, const char *name, struct err *e)
{
	struct kubernetes_store *k = of(s);
	AUTO_KUBE_OBJECT struct kube_object o = { .j = NULL };
	AUTO_FREE char *object = object_name(name);
	struct kube_ref ref = ref_of(k, object);
	bool found;

	return get(k, name, &found, &o, e) &&
	       kube_may(k->kube, &ref, found ? "get patch" : "get create patch", e);
}

/* What exists is written before anything is generated: then a missing right is met in time. */
static bool kubernetes_ready(const struct store *s, const char *name, bool exists, int64_t life_s,
                             struct err *e)
{
	AUTO_FREE char *object = object_name(name);
	struct kube_ref ref = ref_of(of(s), object);

	(void)life_s;
	return exists || kube_may(of(s)->kube, &ref, "create patch", e);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool add_name(void *ctx, const struct json *item, struct err *e)
{
	const char *name = record_of(item);

	(void)e;
	if (name != NULL)
		store_names_add(ctx, name, strlen(name));
	return true;
}

static bool kubernetes_list(const struct store *s, struct store_names *out, struct err *e)
{
	struct kubernetes_store *k = of(s);
	struct kube_ref all = ref_of(k, NULL);

	return kube_list(k->kube, &all, LABEL "=acrotate", add_name, out, e);
}

static void kubernetes_close(struct store *s)
{
	struct kubernetes_store *k = of(s);

	kept_list_clear(&k->ahead);
	kept_list_clear(&k->aside);
	free(k->first);
	(void)pthread_mutex_destroy(&k->mutex);
	free(k->namespace);
	free(k);
}

static const struct store_ops kubernetes_ops = {
	.shared = true,
	.identity = kubernetes_identity,
	.describe = kubernetes_describe,
	.load = kubernetes_load,
	.save = kubernetes_save,
	.set_aside = kubernetes_set_aside,
	.load_lost = kubernetes_load_lost,
	.remove = kubernetes_remove,
	.list = kubernetes_list,
	.may = kubernetes_may,
	.ready = kubernetes_ready,
	.close = kubernetes_close,
};

struct store *store_kubernetes_open(struct kube *kube, const char *namespace)
{
	struct kubernetes_store *k = mem_new(sizeof(*k));

	k->base.ops = &kubernetes_ops;
	k->kube = kube;
	k->namespace = mem_dup(namespace);
	(void)pthread_mutex_init(&k->mutex, NULL); /* cannot fail without attributes */
	return &k->base;
}
