/* SPDX-License-Identifier: MIT */
/*
 * A Secret of a Kubernetes cluster: our entry of .dockerconfigjson, or one key by a template.
 * Everything else in it is other people's and stays. Each write is a merge-patch on the version
 * that was read. The annotation acrotate/epoch is the fence between rotators: whoever sees another
 * one than it left there stops; a change of somebody else's, a label, say, is read again and
 * written upon.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "kubernetes_secret.h"
#include "sink/docker_edit.h"

/* writers that come in between, one after the other, before we give up */
#define ROUNDS_MAX 20

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

static void kubernetes_brief(const struct sink *s, struct buf *out)
{
	const struct kubernetes_spec *spec = ((const struct kubernetes *)s)->spec;

	buf_fmt(out, "%s%s%s", spec->namespace != NULL ? spec->namespace : "",
	        spec->namespace != NULL ? "/" : "", spec->secret);
}

static void kubernetes_describe(const struct sink *s, struct buf *out)
{
	buf_str(out, "secret ");
	kubernetes_brief(s, out);
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
	free(k->fence);
	free(k);
}

static struct kube_ref ref_of(const struct kubernetes *k)
{
	return (struct kube_ref){ .kind = KUBE_SECRET,
		                  .namespace = k->spec->namespace,
		                  .name = k->spec->secret };
}

/* ---- reading --------------------------------------------------------------------------------- */

static void remember(struct kubernetes *k, bool exists)
{
	const char *epoch = exists ? kube_annotation(&k->now, KUBERNETES_EPOCH) : NULL;
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

static bool kubernetes_read_current(struct sink *s, const struct credential *who,
                                    struct secret **out, struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;

	return look(k, e) && kubernetes_held(k, who, out, e);
}

static void kubernetes_says(const struct sink *s, struct sink_says *out)
{
	kubernetes_say((const struct kubernetes *)s, out);
}

/* Creates it, or patches what was read. *done: it is there; else it has to be read again. */
static bool write(struct kubernetes *k, const struct credential *c, bool dry_run, bool *done,
                  struct err *e)
{
	AUTO_BUF struct buf old = BUF_INIT(KUBERNETES_SIZE_MAX), text = BUF_INIT(DOCKER_CONFIG_MAX),
			    body = BUF_INIT(KUBERNETES_BODY_MAX);
	AUTO_KUBE_OBJECT struct kube_object out = { .j = NULL };
	struct kube_ref ref = ref_of(k);
	enum kube_answer answer;

	if (!kubernetes_text(k, &old, e) || !kubernetes_next_text(k, &old, c, &text, e))
		return false;
	if (k->exists)
		kubernetes_add_patch(k, c, &text, &body);
	else
		kubernetes_add_object(k, c, &text, &body);
	if (!buf_ok(&body) || text.len > KUBERNETES_SIZE_MAX)
		return kubernetes_failed(k, ERR_LOCAL,
		                         "would be larger than a cluster keeps (1 MiB)", e);
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
	AUTO_SECRET struct secret *password = kubernetes_dummy();
	const struct credential dummy = kubernetes_dummy_of(who, password);
	bool done;

	/* Not done: somebody writes right now, which is no failure. */
	return write(k, &dummy, true, &done, e);
}

static bool absent(struct kubernetes *k, struct err *e)
{
	const char *namespace = k->spec->namespace;

	return (namespace != NULL || kube_namespace(k->kube, &namespace, e)) &&
	       err_set(e, ERR_MISSING,
	               "secret '%s' does not exist: kubectl -n %s create secret generic %s%s, or "
	               "say 'create = yes'",
	               k->spec->secret, namespace, k->spec->secret,
	               k->template != NULL ? ""
	                                   : " --type=kubernetes.io/dockerconfigjson "
	                                     "--from-literal=.dockerconfigjson='{\"auths\":{}}'");
}

static bool kubernetes_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;
	AUTO_BUF struct buf text = BUF_INIT(KUBERNETES_SIZE_MAX), note = BUF_INIT(ERR_TEXT_MAX);
	struct kube_ref ref = ref_of(k);

	if (!look(k, e) || !kubernetes_text(k, &text, e))
		return false;
	if (k->exists && !kubernetes_acceptable(k, &text, who, &note, e))
		return false;
	if (!k->exists && !k->spec->create)
		return absent(k, e);
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

/* Another rotator has touched it since we did. Of one that we found absent, whoever made it without
 * an epoch is no rotator. */
static bool is_crossed(const struct kubernetes *k)
{
	return k->fence != NULL && k->exists && !same(k->epoch, k->fence) &&
	       !(k->fence_absent && k->epoch == NULL);
}

static bool another_rotator(const struct kubernetes *k, struct err *e)
{
	return kubernetes_failed(k, ERR_BUSY, "was written by another rotator", e);
}

static bool send_touch(struct kubernetes *k, const char *epoch, enum kube_answer *answer,
                       struct err *e)
{
	AUTO_BUF struct buf body = BUF_INIT(KUBERNETES_BODY_MAX);
	struct kube_ref ref = ref_of(k);

	kubernetes_add_touch(k, epoch, &body);
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

	if (!look(k, e)) {
		/* It speaks of this look, and not of what was written before. */
		e->not_acted = false;
		return false;
	}
	if (existed && !k->exists)
		return k->spec->create
		               ? kubernetes_failed(k, ERR_TRANSIENT,
		                                   "was deleted while we worked: the next run "
		                                   "makes it anew",
		                                   e)
		               : absent(k, e);
	if (!kubernetes_held(k, who, &after, e))
		return false;
	if (k->fence != NULL ? is_crossed(k) : !same(epoch, k->epoch))
		return another_rotator(k, e);
	return same_secret(before, after) ||
	       kubernetes_failed(k, ERR_TRANSIENT,
	                         "got another password while we worked: the next run decides anew",
	                         e);
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

static void set_fence(struct kubernetes *k, const char *epoch)
{
	k->fence = mem_dup(epoch);
	k->fence_absent = !k->exists;
}

static bool kubernetes_touch(struct sink *s, const struct credential *who, const char *epoch,
                             struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;
	AUTO_SECRET struct secret *before = NULL;
	bool done = false;

	mem_free_ptr(&k->fence);
	if (!k->known)
		return kubernetes_failed(k, ERR_LOCAL, "was not read", e);
	/* One that is not there yet needs none: making it is conditional on that. An empty one
	 * would let pods start that wait for it. */
	if (!k->exists) {
		set_fence(k, epoch);
		return true;
	}
	if (!kubernetes_held(k, who, &before, e))
		return false;
	for (int i = 0; i < ROUNDS_MAX; i++) {
		if (!touch_once(k, who, before, epoch, &done, e))
			return false;
		if (!done)
			continue;
		set_fence(k, epoch);
		return true;
	}
	return kubernetes_failed(k, ERR_TRANSIENT,
	                         "is being written by other programs all the time", e);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool kubernetes_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;
	AUTO_BUF struct buf text = BUF_INIT(KUBERNETES_SIZE_MAX),
			    next = BUF_INIT(DOCKER_CONFIG_MAX), note = BUF_INIT(ERR_TEXT_MAX);
	AUTO_SECRET struct secret *before = NULL;

	kubernetes_abort(s);
	if ((!k->known && !look(k, e)) || !kubernetes_text(k, &text, e) ||
	    !kubernetes_held_in(k, &text, c, &before, e) ||
	    (k->exists && !kubernetes_acceptable(k, &text, c, &note, e)) ||
	    !kubernetes_next_text(k, &text, c, &next, e))
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
	AUTO_BUF struct buf text = BUF_INIT(KUBERNETES_SIZE_MAX), note = BUF_INIT(ERR_TEXT_MAX);
	AUTO_SECRET struct secret *held = NULL;
	struct err why = ERR_INIT;

	bool ok = look_again(k, &k->next, k->before, &why);
	if (!k->exists || !kubernetes_text(k, &text, e) ||
	    !kubernetes_held_in(k, &text, &k->next, &held, e)) {
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
	return kubernetes_acceptable(k, &text, &k->next, &note, e);
}

static bool kubernetes_commit(struct sink *s, struct err *e)
{
	struct kubernetes *k = (struct kubernetes *)s;

	if (k->next.password == NULL)
		return kubernetes_failed(k, ERR_LOCAL, "was not prepared", e);
	/* Deleted since it was checked. */
	if (!k->exists && !k->spec->create)
		return absent(k, e);
	/* It was read again since it was touched: by then another rotator may have been here. */
	if (is_crossed(k)) {
		e->not_acted = !another_rotator(k, e);
		return false;
	}
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
	return kubernetes_failed(k, ERR_TRANSIENT,
	                         "is being written by other programs all the time", e);
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
	.brief = kubernetes_brief,
	.check = kubernetes_check,
	.read_current = kubernetes_read_current,
	.says = kubernetes_says,
	.prepare = kubernetes_prepare,
	.commit = kubernetes_commit,
	.touch = kubernetes_touch,
	.abort = kubernetes_abort,
	.close = kubernetes_close,
};
