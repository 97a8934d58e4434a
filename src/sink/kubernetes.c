/* SPDX-License-Identifier: MIT */
/*
 * A Secret of a Kubernetes cluster: our entry of .dockerconfigjson, or one key by a template.
 * Everything else in it is other people's and stays. Each write is a merge-patch on the version
 * that was read. The annotation acrotate/epoch is the fence between rotators: whoever sees another
 * one than it left there stops; a change of somebody else's, a label, say, is read again and
 * written upon.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "kube/kube.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"
#include "sink/remote.h"
#include "sink/sink.h"
#include "sink/template.h"

/* the API server's own limit for all of its data */
#define SECRET_SIZE_MAX (1024u * 1024)
#define BODY_MAX        (2u * SECRET_SIZE_MAX) /* in base64, with what surrounds it */
/* writers that come in between, one after the other, before we give up */
#define ROUNDS_MAX 20
/* as long as Azure's */
#define DUMMY "acrotate-dry-run-0000000000000000000000000000000000000000000000000000000000000000000"
#define EPOCH "acrotate/epoch"

struct kubernetes {
	struct sink sink;
	const struct kubernetes_spec *spec;
	struct kube *kube;
	struct template *template; /* with content */
	/* As last read, touched or written: */
	bool known, exists;
	struct kube_object now;
	char *epoch;            /* what the annotation says then; NULL: nothing */
	struct credential next; /* between prepare and commit */
	/* what our entry held when it was prepared; NULL: nothing */
	struct secret *before;
};

/* ---- life ------------------------------------------------------------------------------------ */

static void kubernetes_host(const void *spec, struct buf *out)
{
	docker_key_host(((const struct kubernetes_spec *)spec)->key, out);
}

static bool kubernetes_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                            struct err *e)
{
	const struct kubernetes_spec *s = spec;
	AUTO_TEMPLATE struct template *t = NULL;

	if (lent == NULL || lent->kube == NULL)
		return err_set(e, ERR_CONFIG, "this program has no client of Kubernetes");
	if (s->content != NULL && !template_parse(s->content, strlen(s->content), &t, e))
		return false;
	struct kubernetes *k = mem_new(sizeof(*k));
	k->sink.ops = &sink_kubernetes;
	k->spec = s;
	k->kube = lent->kube;
	k->template = take(&t);
	*out = &k->sink;
	return true;
}

static void kubernetes_describe(const struct sink *s, struct buf *out)
{
	const struct kubernetes_spec *spec = ((const struct kubernetes *)s)->spec;

	buf_fmt(out, "secret %s%s%s", spec->namespace != NULL ? spec->namespace : "",
	        spec->namespace != NULL ? "/" : "", spec->secret);
}

static void kubernetes_abort(struct sink *s)
{
	struct kubernetes *k = (struct kubernetes *)s;

	credential_clear(&k->next);
	secret_free(take(&k->before));
}

static void kubernetes_close(struct sink *s)
{
	struct kubernetes *k = (struct kubernetes *)s;

	kubernetes_abort(s);
	kube_object_clear(&k->now);
	template_free(k->template);
	free(k->epoch);
	free(k);
}

static struct kube_ref ref_of(const struct kubernetes *k)
{
	return (struct kube_ref){ .kind = KUBE_SECRET,
		                  .namespace = k->spec->namespace,
		                  .name = k->spec->secret };
}

static bool failed(const struct kubernetes *k, enum err_kind kind, const char *what, struct err *e)
{
	return err_set(e, kind, "secret '%s' %s", k->spec->secret, what);
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *data_key(const struct kubernetes *k)
{
	return k->template != NULL ? k->spec->data : ".dockerconfigjson";
}

static const char *type_of(const struct kubernetes *k)
{
	return k->template != NULL ? "Opaque" : "kubernetes.io/dockerconfigjson";
}

static bool is_our_type(const struct kubernetes *k)
{
	const char *type = json_str(k->now.j, "type");

	return type != NULL && strcmp(type, type_of(k)) == 0;
}

static const char *key_of(const struct kubernetes *k, const struct credential *who)
{
	return k->spec->key != NULL ? k->spec->key : who->server;
}

static void remember(struct kubernetes *k, bool exists)
{
	const char *epoch = exists ? kube_annotation(&k->now, EPOCH) : NULL;
	char *copy = mem_dup(epoch);

	free(k->epoch);
	k->epoch = copy;
	k->known = true;
	k->exists = exists;
}

static bool look(struct kubernetes *k, struct err *e)
{
	struct kube_ref ref = ref_of(k);
	enum kube_answer answer;

	if (!kube_get(k->kube, &ref, &answer, &k->now, e))
		return false;
	remember(k, answer == KUBE_DONE);
	return true;
}

/* What our key of it says; "" when it says nothing, is not there, or the Secret is of another
 * type: nobody reads it then. */
static bool text_of(const struct kubernetes *k, struct buf *out, struct err *e)
{
	const char *value = k->exists && is_our_type(k) ? kube_data(&k->now, data_key(k)) : NULL;

	buf_reset(out);
	if (value == NULL || crypto_unbase64_lax(value, strlen(value), out))
		return true;
	return failed(k, ERR_REMOTE, "has data that is no base64", e);
}

/* The password in our entry, NULL when none is ours. */
static bool held_in(const struct kubernetes *k, const struct buf *text,
                    const struct credential *who, struct secret **out, struct err *e)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	struct secret *password = NULL;

	if (k->template != NULL) {
		if (!template_match(k->template, buf_cstr(text), text->len, who, &password))
			password = NULL;
	} else if (!docker_look(text, key_of(k, who), &entry, e)) {
		return err_in(e, "secret '%s'", k->spec->secret);
	} else if (entry.username != NULL && strcmp(entry.username, who->username) == 0) {
		password = take(&entry.password);
	}
	*out = password;
	return true;
}

static bool held_now(const struct kubernetes *k, const struct credential *who, struct secret **out,
                     struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(SECRET_SIZE_MAX);

	return text_of(k, &text, e) && held_in(k, &text, who, out, e);
}

static bool kubernetes_read_current(struct sink *s, const struct credential *who,
                                    struct secret **out, struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;

	return look(k, e) && held_now(k, who, out, e);
}

/* ---- may we write? --------------------------------------------------------------------------- */

static bool entry_is_ours(const struct kubernetes *k, const struct buf *text,
                          const struct credential *who, struct err *e)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	const char *key = key_of(k, who);

	if (!docker_look(text, key, &entry, e))
		return err_in(e, "secret '%s'", k->spec->secret);
	if (!entry.found || k->spec->take_entry ||
	    (entry.username != NULL && strcmp(entry.username, who->username) == 0))
		return true;
	return err_set(e, ERR_DECISION,
	               "secret '%s' has an entry '%s' of another user ('%s'): remove it, or say "
	               "'take_entry = yes'",
	               k->spec->secret, key, entry.username != NULL ? entry.username : "");
}

static bool content_is_ours(const struct kubernetes *k, const struct buf *text,
                            const struct credential *who, struct err *e)
{
	AUTO_SECRET struct secret *held = NULL;

	if (text->len == 0 || k->spec->take_entry ||
	    template_match(k->template, buf_cstr(text), text->len, who, &held))
		return true;
	return err_set(e, ERR_DECISION,
	               "key '%s' of secret '%s' has other content than the template (or another "
	               "registry or user in it): remove "
	               "it, or say 'take_entry = yes'",
	               k->spec->data, k->spec->secret);
}

/* Of the usual length. The password is borrowed from its owner. */
static struct credential dummy_of(const struct credential *who, struct secret *password)
{
	return (struct credential){ .server = who->server,
		                    .username = who->username,
		                    .password = password,
		                    .slot = 1,
		                    .expires_us = 1 };
}

/* As the Secret will be, but for the password: would kubelet take our entry from it? */
static bool would_be_taken(const struct kubernetes *k, const struct buf *text,
                           const struct credential *who, struct buf *note, struct err *e)
{
	AUTO_BUF struct buf next = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO_SECRET struct secret *password = secret_new(DUMMY, sizeof(DUMMY) - 1);
	const struct credential c = dummy_of(who, password);
	const char *key = key_of(k, who);

	return (docker_put(text, key, &c, &next, e) &&
	        docker_shadow(&next, key, DOCKER_READER_BIT(DOCKER_READER_KUBELET), note, e)) ||
	       err_in(e, "secret '%s'", k->spec->secret);
}

/* Of one that exists. */
static bool acceptable(const struct kubernetes *k, const struct buf *text,
                       const struct credential *who, struct buf *note, struct err *e)
{
	const char *name = k->spec->secret, *type = json_str(k->now.j, "type");

	if (!is_our_type(k))
		return err_set(e, ERR_DECISION,
		               "secret '%s' is of type '%.100s', not '%s', and a type cannot be "
		               "changed: 'kubectl delete secret %s', or "
		               "name another one",
		               name, type != NULL ? type : "", type_of(k), name);
	if (json_true(k->now.j, "immutable"))
		return err_set(e, ERR_DECISION,
		               "secret '%s' is immutable: 'kubectl delete secret %s', then it is "
		               "made anew",
		               name, name);
	if (k->template != NULL)
		return content_is_ours(k, text, who, e);
	return entry_is_ours(k, text, who, e) && would_be_taken(k, text, who, note, e);
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static bool next_text(const struct kubernetes *k, const struct buf *text,
                      const struct credential *c, struct buf *out, struct err *e)
{
	if (k->template != NULL)
		return template_render(k->template, c, out, e);
	return docker_put(text, key_of(k, c), c, out, e) ||
	       err_in(e, "secret '%s'", k->spec->secret);
}

static void add_annotations(const struct credential *c, struct buf *out)
{
	char time[STR_TIME_MAX];

	str_from_time(c->expires_us / 1000000, time);
	buf_fmt(out, "\"acrotate/slot\":\"%s\",\"acrotate/expires\":\"%s\"",
	        c->slot == 1   ? "password1"
	        : c->slot == 2 ? "password2"
	                       : "unknown",
	        c->expires_us > 0 ? time : "never");
}

static void add_data(const struct kubernetes *k, const struct buf *text, struct buf *out)
{
	buf_str(out, "\"data\":{");
	buf_json(out, data_key(k));
	buf_str(out, ":\"");
	crypto_base64(buf_cstr(text), text->len, false, out);
	buf_str(out, "\"}");
}

static void add_object(const struct kubernetes *k, const struct credential *c,
                       const struct buf *text, struct buf *out)
{
	buf_str(out, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":");
	buf_json(out, k->spec->secret);
	buf_str(out,
	        ",\"labels\":{\"app.kubernetes.io/managed-by\":\"acrotate\"},\"annotations\":{");
	if (k->epoch != NULL) {
		buf_fmt(out, "\"%s\":", EPOCH);
		buf_json(out, k->epoch);
		buf_char(out, ',');
	}
	add_annotations(c, out);
	buf_fmt(out, "}},\"type\":\"%s\",", type_of(k));
	add_data(k, text, out);
	buf_char(out, '}');
}

static void add_patch(const struct kubernetes *k, const struct credential *c,
                      const struct buf *text, struct buf *out)
{
	buf_str(out, "{\"metadata\":{\"resourceVersion\":");
	buf_json(out, k->now.version);
	buf_str(out, ",\"annotations\":{");
	add_annotations(c, out);
	buf_str(out, "}},");
	add_data(k, text, out);
	buf_char(out, '}');
}

/* Creates it, or patches what was read. *done: it is there; else it has to be read again. */
static bool write(struct kubernetes *k, const struct credential *c, bool dry_run, bool *done,
                  struct err *e)
{
	AUTO_BUF struct buf old = BUF_INIT(SECRET_SIZE_MAX), text = BUF_INIT(DOCKER_CONFIG_MAX),
			    body = BUF_INIT(BODY_MAX);
	AUTO_KUBE_OBJECT struct kube_object out = { .j = NULL };
	struct kube_ref ref = ref_of(k);
	enum kube_answer answer;

	if (!text_of(k, &old, e) || !next_text(k, &old, c, &text, e))
		return false;
	if (k->exists)
		add_patch(k, c, &text, &body);
	else
		add_object(k, c, &text, &body);
	if (!buf_ok(&body) || text.len > SECRET_SIZE_MAX)
		return failed(k, ERR_LOCAL, "would be larger than a cluster keeps (1 MiB)", e);
	if (!(k->exists ? kube_patch(k->kube, &ref, &body, dry_run, &answer, &out, e)
	                : kube_create(k->kube, &ref, &body, dry_run, &answer, &out, e)))
		return false;
	*done = answer == KUBE_DONE;
	if (*done && !dry_run) {
		kube_object_clear(&k->now);
		k->now = out;
		out = (struct kube_object){ .j = NULL };
		remember(k, true);
	}
	return true;
}

/* ---- check ----------------------------------------------------------------------------------- */

/* With a password of the usual length in it: what the real one would meet, an admission policy
 * or the size, this meets now. */
static bool try_dry(struct kubernetes *k, const struct credential *who, struct err *e)
{
	AUTO_SECRET struct secret *password = secret_new(DUMMY, sizeof(DUMMY) - 1);
	const struct credential dummy = dummy_of(who, password);
	bool done;

	/* Not done: somebody writes right now, which is no failure. */
	return write(k, &dummy, true, &done, e);
}

static bool kubernetes_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;
	AUTO_BUF struct buf text = BUF_INIT(SECRET_SIZE_MAX), note = BUF_INIT(ERR_TEXT_MAX);
	struct kube_ref ref = ref_of(k);

	if (!look(k, e) || !text_of(k, &text, e))
		return false;
	if (k->exists && !acceptable(k, &text, who, &note, e))
		return false;
	if (!k->exists && !k->spec->create)
		return failed(
			k, ERR_MISSING,
			"does not exist: 'kubectl create secret' makes it, or say 'create = yes'",
			e);
	if (!kube_may(k->kube, &ref, k->exists ? "patch" : "create patch", e) ||
	    !try_dry(k, who, e))
		return false;
	if (note.len > 0)
		/* a remark, no failure */
		(void)err_set(e, ERR_NONE, "secret '%s': %s", k->spec->secret, buf_cstr(&note));
	return true;
}

/* ---- touch ----------------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_secret(const struct secret *a, const struct secret *b)
{
	return a == b || (a != NULL && b != NULL && secret_equal(a, b));
}

static bool another_rotator(const struct kubernetes *k, struct err *e)
{
	return failed(k, ERR_BUSY, "was written by another rotator", e);
}

static bool send_touch(struct kubernetes *k, const char *epoch, enum kube_answer *answer,
                       struct err *e)
{
	AUTO_BUF struct buf body = BUF_INIT(BODY_MAX);
	struct kube_ref ref = ref_of(k);

	buf_str(&body, "{\"metadata\":{\"resourceVersion\":");
	buf_json(&body, k->now.version);
	buf_fmt(&body, ",\"annotations\":{\"%s\":", EPOCH);
	buf_json(&body, epoch);
	buf_str(&body, "}}}");
	return kube_patch(k->kube, &ref, &body, false, answer, &k->now, e);
}

/* The version is another one: is it a rotator's doing, or just somebody's who has changed
 * something else in it? */
static bool look_again(struct kubernetes *k, const struct credential *who,
                       const struct secret *before, struct err *e)
{
	AUTO_FREE char *epoch = mem_dup(k->epoch);
	AUTO_SECRET struct secret *after = NULL;
	bool existed = k->exists;

	if (!look(k, e))
		return false;
	if (existed && !k->exists)
		return failed(k, ERR_TRANSIENT,
		              "was deleted while we worked: the next run makes it anew", e);
	if (!held_now(k, who, &after, e))
		return false;
	if (!same(epoch, k->epoch))
		return another_rotator(k, e);
	return same_secret(before, after) ||
	       failed(k, ERR_TRANSIENT,
	              "got another password while we worked: the next run decides anew", e);
}

/* Touched, or not to be, or to be tried again. */
static bool touch_once(struct kubernetes *k, const struct credential *who,
                       const struct secret *before, const char *epoch, bool *done, struct err *e)
{
	enum kube_answer answer;

	if (!send_touch(k, epoch, &answer, e))
		return false;
	*done = answer == KUBE_DONE;
	if (*done) {
		remember(k, true);
		return true;
	}
	bool ok = look_again(k, who, before, e);
	/* A try whose reply was lost has touched it. */
	*done = k->exists && same(k->epoch, epoch);
	return ok || *done;
}

static bool kubernetes_touch(struct sink *s, const struct credential *who, const char *epoch,
                             struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;
	AUTO_SECRET struct secret *before = NULL;
	bool done = false;

	if (!k->known)
		return failed(k, ERR_LOCAL, "was not read", e);
	/* One that is not there yet needs none: making it is conditional on that. */
	if (!k->exists) {
		free(k->epoch);
		k->epoch = mem_dup(epoch);
		return true;
	}
	if (!held_now(k, who, &before, e))
		return false;
	for (int i = 0; i < ROUNDS_MAX; i++) {
		if (!touch_once(k, who, before, epoch, &done, e))
			return false;
		if (done)
			return true;
	}
	return failed(k, ERR_TRANSIENT, "is being written by other programs all the time", e);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool kubernetes_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;
	AUTO_BUF struct buf text = BUF_INIT(SECRET_SIZE_MAX), next = BUF_INIT(DOCKER_CONFIG_MAX),
			    note = BUF_INIT(ERR_TEXT_MAX);
	AUTO_SECRET struct secret *before = NULL;

	kubernetes_abort(s);
	if ((!k->known && !look(k, e)) || !text_of(k, &text, e) ||
	    (k->exists && !acceptable(k, &text, c, &note, e)) ||
	    !next_text(k, &text, c, &next, e) || !held_in(k, &text, c, &before, e))
		return false;
	k->next = (struct credential){ .server = mem_dup(c->server),
		                       .username = mem_dup(c->username),
		                       .password = secret_dup(c->password),
		                       .expires_us = c->expires_us,
		                       .slot = c->slot };
	k->before = take(&before);
	return true;
}

/* After a write that met another version. *done: it was ours all the same, and its reply was
 * lost. */
static bool settle(struct kubernetes *k, bool *done, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(SECRET_SIZE_MAX), note = BUF_INIT(ERR_TEXT_MAX);
	AUTO_SECRET struct secret *held = NULL;
	bool existed = k->exists;
	struct err why = ERR_INIT;

	/* Somebody else has made it this moment: it may have anything in it but our entry. */
	if (!existed)
		mem_free_ptr(&k->epoch);
	bool ok = look_again(k, &k->next, k->before, &why);
	if (!k->exists || !held_now(k, &k->next, &held, e)) {
		*e = why;
		return ok;
	}
	*done = held != NULL && secret_equal(held, k->next.password);
	if (*done)
		return true;
	if (!ok) {
		*e = why;
		return false;
	}
	return text_of(k, &text, e) && acceptable(k, &text, &k->next, &note, e);
}

static bool kubernetes_commit(struct sink *s, struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;

	if (k->next.password == NULL)
		return failed(k, ERR_LOCAL, "was not prepared", e);
	for (int i = 0; i < ROUNDS_MAX; i++) {
		bool done = false;
		if (!write(k, &k->next, false, &done, e))
			return false;
		if (done)
			return true;
		if (!settle(k, &done, e))
			return false;
		if (done)
			return true;
	}
	return failed(k, ERR_TRANSIENT, "is being written by other programs all the time", e);
}

const struct sink_ops sink_kubernetes = {
	.type = "kubernetes",
	.keys = remote_kubernetes_keys,
	.n_keys = COUNT(remote_kubernetes_keys),
	.spec_size = sizeof(struct kubernetes_spec),
	.shared = true,
	.atomic = true,
	.validate = remote_kubernetes_validate,
	.identity = remote_kubernetes_identity,
	.host = kubernetes_host,
	.open = kubernetes_open,
	.describe = kubernetes_describe,
	.check = kubernetes_check,
	.read_current = kubernetes_read_current,
	.prepare = kubernetes_prepare,
	.commit = kubernetes_commit,
	.touch = kubernetes_touch,
	.abort = kubernetes_abort,
	.close = kubernetes_close,
};
