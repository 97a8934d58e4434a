/* SPDX-License-Identifier: MIT */
/* Sink "docker": replacing the file while other programs write it, and losing nothing of theirs. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "docker.h"

#define ROUNDS_MAX 500 /* writers that come in between, one after the other, before we give up */
#define SEEN_MAX   64
/* times that somebody wrote a version without ours over ours before we leave it to the next run */
#define OVERWRITTEN_MAX 5

/* ---- versions and files kept while others write ---------------------------------------------- */

static void seen_clear(struct docker_seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		buf_free(&s->text[i]);
	free(s->text);
	*s = (struct docker_seen){ .n = 0 };
}

static void seen_add(struct docker_seen *s, const struct buf *text)
{
	if (s->n == SEEN_MAX || (s->n > 0 && buf_equal(&s->text[s->n - 1], text)))
		return;
	s->text = mem_grow(s->text, &s->cap, s->n + 1, sizeof(*s->text));
	s->text[s->n] = (struct buf)BUF_INIT(DOCKER_CONFIG_MAX);
	buf_set(&s->text[s->n++], text);
}

static void held_add(struct docker_held *h, struct fs_stage *stage)
{
	h->stage = mem_grow(h->stage, &h->cap, h->n + 1, sizeof(struct fs_stage *));
	h->stage[h->n++] = stage;
}

static void held_clear(struct docker_held *h)
{
	for (size_t i = 0; i < h->n; i++)
		fs_stage_free(h->stage[i]);
	free(h->stage);
	*h = (struct docker_held){ .n = 0 };
}

/* ---- what other programs write meanwhile ----------------------------------------------------- */

/* What is held is in the file now. */
static bool held_settle(struct docker_held *h, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; i < h->n; i++)
		ok = fs_stage_settle(h->stage[i], e) && ok;
	held_clear(h);
	return ok;
}

/* The file as read, with what only displaced files have. */
static bool bring_pending(struct docker *d, struct buf *out, struct err *e)
{
	if (d->pending.len == 0) {
		buf_set(out, &d->base);
		return true;
	}
	return docker_merge(&d->base, &d->pending, d->seen.text, d->seen.n,
	                    docker_key_of(d, &d->who), out, e) ||
	       err_in(e, "'%s', as another program has just written it", docker_path_of(d));
}

/*
 * Somebody wrote a version between our last look and the exchange, which we displaced, and
 * before we could put it back somebody wrote another one, which may know nothing of it. The
 * displaced one is merged into whatever is there from now on.
 */
static bool hold(struct docker *d, const struct buf *displaced, struct err *e)
{
	AUTO_BUF struct buf both = BUF_INIT(DOCKER_CONFIG_MAX);

	seen_add(&d->seen, &d->base);
	seen_add(&d->seen, &d->next);
	if (d->pending.len == 0)
		buf_set(&both, displaced);
	else if (!docker_merge(displaced, &d->pending, d->seen.text, d->seen.n,
	                       docker_key_of(d, &d->who), &both, e))
		return err_in(e, "'%s', as another program has just written it", docker_path_of(d));
	buf_set(&d->pending, &both);
	held_add(&d->held, take(&d->stage));
	return true;
}

/* ---- preparing ------------------------------------------------------------------------------- */

static void forget(struct docker *d)
{
	credential_clear(&d->who);
	buf_reset(&d->base);
	buf_reset(&d->next);
	buf_reset(&d->pending);
	seen_clear(&d->seen);
	held_clear(&d->held);
	place_leave(&d->place);
	d->ready = false;
}

void docker_abort(struct sink *s)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct err ignored = ERR_INIT;

	/* Without the rights the temporary stays, for a later run to sweep. */
	if (d->stage != NULL && place_enter(&d->place, &rights, &ignored))
		fs_stage_free(take(&d->stage));
	fs_stage_leave(take(&d->stage));
	forget(d);
}

/* Puts our entry into `text`; without a password (a sweep that found no entry of ours) the text
 * stays as it is. */
static bool put(struct docker *d, const struct buf *text, struct buf *out, struct err *e)
{
	if (d->who.password == NULL) {
		buf_reset(out);
		buf_add(out, buf_cstr(text), text->len);
		return true;
	}
	return docker_put_into(d, text, &d->who, docker_key_of(d, &d->who), out, e);
}

/* Reads the file anew, and makes `next` and its stage from it. */
static bool build(struct docker *d, struct err *e)
{
	AUTO_BUF struct buf note = BUF_INIT(ERR_TEXT_MAX), merged = BUF_INIT(DOCKER_CONFIG_MAX);

	if (!place_read(&d->place, DOCKER_CONFIG_MAX, &d->base, &d->base_id, &d->base_found, e) ||
	    (d->who.password != NULL && !docker_acceptable(d, &d->base, &d->who, &note, e)) ||
	    !bring_pending(d, &merged, e) || !put(d, &merged, &d->next, e))
		return false;
	fs_stage_free(take(&d->stage));
	if (place_in_place(&d->place, d->base_found))
		return place_reserve(&d->place, d->next.len, e);
	return place_stage(&d->place, &d->next, &d->stage, e);
}

bool docker_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };

	docker_abort(s);
	docker_set_tag(d, c);
	d->who = credential_dup(c);
	if (place_enter(&d->place, &rights, e) && build(d, e)) {
		place_leave(&d->place); /* in place the commit reads it again */
		d->ready = true;
		return true;
	}
	fs_rights_drop(&rights);
	docker_abort(s);
	return false;
}

/* ---- making it visible ----------------------------------------------------------------------- */

/* Ours is in place: *over when what it displaced is what we had built on. */
static bool after_exchange(struct docker *d, bool *over, struct err *e)
{
	AUTO_BUF struct buf displaced = BUF_INIT(DOCKER_CONFIG_MAX);
	struct err ignored = ERR_INIT;
	struct fs_id id;
	bool back;

	if (!fs_stage_displaced(d->stage, DOCKER_CONFIG_MAX, &displaced, &id, e)) {
		/* else it is left for the next run's sweep */
		(void)!fs_stage_swap_back(d->stage, &back, &ignored);
		return false;
	}
	*over = buf_equal(&displaced, &d->base);
	if (*over)
		return fs_stage_settle(d->stage, e) && held_settle(&d->held, e);
	/* At once, so that its writer and those who read it do not miss it; our own next try
	 * takes longer. */
	if (!fs_stage_swap_back(d->stage, &back, e))
		return false;
	if (back)
		return true;
	/* Who was put back in vain may itself have been displaced: what is behind the stage's
	 * name now counts. */
	return fs_stage_displaced(d->stage, DOCKER_CONFIG_MAX, &displaced, &id, e) &&
	       hold(d, &displaced, e);
}

static bool replace(struct docker *d, struct err *e)
{
	for (int i = 0; i < ROUNDS_MAX; i++) {
		enum fs_exchange how;
		bool over = false;
		if (!fs_stage_exchange(d->stage, d->base_found ? &d->base_id : NULL, &d->base, &how,
		                       e))
			return false;
		if (how == FS_EXCHANGE_COMMITTED)
			return held_settle(&d->held, e);
		if (how == FS_EXCHANGE_DONE && !after_exchange(d, &over, e))
			return false;
		if (over)
			return true;
		seen_add(&d->seen, &d->base);
		if (!build(d, e))
			return false;
	}
	return err_set(e, ERR_TRANSIENT, "'%s' is being written by other programs all the time",
	               docker_path_of(d));
}

/* Another program may have written a version without ours over ours: it had read the file
 * before. */
static bool still_ours(struct docker *d, bool *ours, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	bool found;

	if (!place_peek(&d->place, DOCKER_CONFIG_MAX, &text, &found, e) ||
	    !docker_find(d, &text, docker_key_of(d, &d->who), &entry, e))
		return false;
	*ours = docker_is_of(&entry, &d->who) && entry.password != NULL &&
	        secret_equal(entry.password, d->who.password);
	return true;
}

/* The file may have been written since prepare: there it is read again, for what is not kept
 * cannot be merged. */
static bool write_in_place(struct docker *d, struct err *e)
{
	return build(d, e) && place_write(&d->place, &d->next, &d->base, e);
}

static bool deliver(struct docker *d, struct err *e)
{
	bool ours = false;

	for (int i = 0; i < OVERWRITTEN_MAX; i++) {
		/* The stage of the round before has been spent. */
		if (i > 0 && !build(d, e))
			return false;
		if (d->stage != NULL ? !replace(d, e) : !write_in_place(d, e))
			return false;
		if (!still_ours(d, &ours, e))
			return false;
		if (ours)
			return true;
	}
	return err_set(e, ERR_TRANSIENT,
	               "'%s' was overwritten by another program, without our entry",
	               docker_path_of(d));
}

bool docker_commit(struct sink *s, struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };

	if (!d->ready)
		return err_set(e, ERR_LOCAL, "'%s' was not prepared", docker_path_of(d));
	if (!place_enter(&d->place, &rights, e))
		return false;
	docker_file_begin_turn(d->file);
	bool ok = deliver(d, e);
	docker_file_end_turn(d->file);
	return ok;
}

/* ---- what a killed run left ------------------------------------------------------------------ */

/* `displaced` is a version of others that only a file beside ours has. */
static bool bring_home(void *ctx, const struct buf *displaced, bool target_is_ours, struct err *e)
{
	struct docker *d = ctx;
	AUTO_BUF struct buf nothing = BUF_INIT(1), now = BUF_INIT(DOCKER_CONFIG_MAX),
			    merged = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	const char *key = docker_key_of(d, &d->who);

	if (!place_read(&d->place, DOCKER_CONFIG_MAX, &now, &d->base_id, &d->base_found, e) ||
	    !docker_find(d, &now, key, &entry, e))
		return false;
	/* Ours alone has been there since: theirs is newer in everything but our entry. Else
	 * what stands there is, and only gets what it lacks. */
	bool merged_ok = target_is_ours
	                         ? docker_merge(displaced, &now, &now, 1, key, &merged, e)
	                         : docker_merge(&now, displaced, &nothing, 1, key, &merged, e);
	if (!merged_ok)
		return err_in(e, "what another program wrote into '%s'", docker_path_of(d));
	secret_free(take(&d->who.password));
	free(take(&d->who.username));
	d->who.username = take(&entry.username);
	d->who.password = d->who.username != NULL ? take(&entry.password) : NULL;
	buf_set(&d->base, &now);
	if (!put(d, &merged, &d->next, e))
		return false;
	if (buf_equal(&d->next, &now))
		return true;
	/* When that file changes once more before ours is in it. */
	buf_set(&d->pending, displaced);
	fs_stage_free(take(&d->stage));
	return place_stage(&d->place, &d->next, &d->stage, e) && replace(d, e);
}

bool docker_sweep(struct sink *s, const struct credential *who, struct err *e)
{
	struct docker *d = (struct docker *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct fs_attr attr;

	docker_abort(s);
	docker_set_tag(d, who);
	d->who.server = mem_dup(who->server);
	docker_file_begin_turn(d->file);
	bool ok = place_enter(&d->place, &rights, e) && place_attr(&d->place, &attr, e) &&
	          fs_sweep(docker_path_of(d), &attr, DOCKER_CONFIG_MAX, bring_home, d, e);
	docker_file_end_turn(d->file);
	fs_rights_drop(&rights);
	docker_abort(s);
	return ok;
}
