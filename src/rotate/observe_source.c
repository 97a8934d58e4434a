/* SPDX-License-Identifier: MIT */
/* A follower: what its source has, and how its ledger of two places is kept. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "config/job.h"
#include "observe_parts.h"
#include "rotate/plan_follow.h"
#include "sink/sink.h"

#define WORDS_MAX 8192

/* ---- reading --------------------------------------------------------------------------------- */

static void fail(struct followed *f, const struct err *why)
{
	f->seen.broken = f->seen.unread = true;
	f->seen.why = *why;
	(void)err_in(&f->seen.why, "source");
}

/* "keyvault contoso-kv/web-pull" */
static void name_it(struct observation *o)
{
	const struct seen *s = &o->followed->seen;
	AUTO_BUF struct buf words = BUF_INIT(WORDS_MAX);

	buf_fmt(&words, "%s ", s->spec->ops->type);
	if (s->sink != NULL)
		(s->spec->ops->brief != NULL ? s->spec->ops->brief
		                             : s->spec->ops->describe)(s->sink, &words);
	if (o->state.follows != NULL && strcmp(o->state.follows, buf_cstr(&words)) == 0)
		return;
	free(o->state.follows);
	o->state.follows = mem_dup(buf_cstr(&words));
	o->dirty = true;
}

void observe_open_source(struct observation *o)
{
	struct err why = ERR_INIT;

	if (o->job->source == NULL)
		return;
	o->followed = mem_new(sizeof(*o->followed));
	o->followed->seen.spec = o->job->source;
	o->followed->place = ACR_NO_SLOT;
	if (!o->job->source->ops->open(o->job->source->spec, o->job->lent, &o->followed->seen.sink,
	                               &why))
		fail(o->followed, &why);
	name_it(o);
}

void observe_close_source(struct observation *o)
{
	struct followed *f = o->followed;

	if (f == NULL)
		return;
	if (f->seen.sink != NULL)
		f->seen.spec->ops->close(f->seen.sink);
	secret_free(f->seen.held);
	free(f);
	o->followed = NULL;
}

static void read_source(struct observation *o)
{
	struct followed *f = o->followed;
	const struct sink_ops *ops = f->seen.spec->ops;
	struct sink_says says = { 0 };
	struct err why = ERR_INIT;

	if (f->seen.sink == NULL)
		return;
	secret_free(take(&f->seen.held));
	f->seen.broken = f->seen.unread = false;
	if (!ops->read_current(f->seen.sink, &o->who, &f->seen.held, &why)) {
		f->seen.held = NULL;
		fail(f, &why);
		return;
	}
	if (f->seen.held != NULL && ops->says != NULL)
		ops->says(f->seen.sink, &says);
	f->expires_us = says.expires_us;
	f->said = says.slot;
}

/* ---- the ledger ------------------------------------------------------------------------------ */

static enum acr_slot place_of(const struct observation *o, const struct secret *s)
{
	struct fingerprint print;

	crypto_fingerprint(s, &print);
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (o->state.slot[i].created != 0 &&
		    fingerprint_equal(&print, &o->state.slot[i].print))
			return (enum acr_slot)i;
	return ACR_NO_SLOT;
}

/* Not that of the newest password in use; of two that nobody uses the older one's. */
static enum acr_slot free_place(const struct observation *o)
{
	struct follow_input in = observe_follow_input(o, 0, false);
	struct plan p = plan_follow_decide(&in);

	if (p.active)
		return acr_other(p.slot);
	return o->state.slot[0].created <= o->state.slot[1].created ? ACR_SLOT_1 : ACR_SLOT_2;
}

/* When it was seen first; later than all others were. */
static int64_t newest_yet(const struct observation *o, int64_t now)
{
	int64_t t = now * STR_TICKS_PER_S;

	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (o->state.slot[i].created >= t)
			t = o->state.slot[i].created + 1;
	return t;
}

static enum acr_slot enter(struct observation *o, const struct secret *s,
                           const struct sink_says *says, int64_t now)
{
	enum acr_slot place = free_place(o);
	struct slot_memory *m = &o->state.slot[place];

	*m = (struct slot_memory){ .created = newest_yet(o, now),
		                   .expires_us = says->expires_us,
		                   .said = says->slot,
		                   .delivered = true,
		                   .shared = m->shared };
	crypto_fingerprint(s, &m->print);
	o->dirty = true;
	return place;
}

enum acr_slot observe_take_source(struct observation *o, int64_t now)
{
	struct followed *f = o->followed;
	const struct sink_says says = { .expires_us = f->expires_us, .slot = f->said };

	if (f->place == ACR_NO_SLOT)
		f->place = enter(o, f->seen.held, &says, now);
	o->state.slot[f->place].delivered = true;
	return f->place;
}

bool observe_has_source(const struct observation *o, size_t i)
{
	const struct secret *s = o->followed->seen.held;

	return s != NULL && o->seen[i].held != NULL && secret_equal(s, o->seen[i].held);
}

/* Of what is known already, the source may say now what it did not before. */
static void learn_more(struct observation *o)
{
	const struct followed *f = o->followed;
	struct slot_memory *m = &o->state.slot[f->place];

	if (m->expires_us == 0 && f->expires_us != 0) {
		m->expires_us = f->expires_us;
		o->dirty = true;
	}
	if (m->said == 0 && f->said != 0) {
		m->said = f->said;
		o->dirty = true;
	}
}

/* A password of which the medium says when it ends counts, though nobody has entered it; where
 * there is no place left but that of the source's, it does not. */
static void learn_other(struct observation *o, const struct seen *s, int64_t now)
{
	struct sink_says says = { 0 };

	if (s->spec->ops->says != NULL)
		s->spec->ops->says(s->sink, &says);
	if (says.expires_us != 0 && free_place(o) != o->followed->place)
		(void)enter(o, s->held, &says, now);
}

/* After the loss of the record, and in the first run: what the sinks have is to be followed by
 * nothing that is older. */
static void learn_from_sinks(struct observation *o, int64_t now)
{
	for (size_t i = 0; i < o->n_seen; i++) {
		const struct seen *s = &o->seen[i];
		if (s->unread || s->held == NULL || place_of(o, s->held) != ACR_NO_SLOT)
			continue;
		if (observe_has_source(o, i))
			(void)observe_take_source(o, now);
		else
			learn_other(o, s, now);
		observe_build_views(o);
	}
}

static void match_source(struct observation *o)
{
	struct followed *f = o->followed;

	f->place = f->seen.held == NULL ? ACR_NO_SLOT : place_of(o, f->seen.held);
	if (f->place != ACR_NO_SLOT)
		learn_more(o);
	learn_from_sinks(o, env_now(&env_system));
}

void observe_source(struct observation *o)
{
	read_source(o);
	match_source(o);
}

enum acr_slot observe_slot_of(const struct observation *o, enum acr_slot place)
{
	int64_t said;

	if (o->followed == NULL || place == ACR_NO_SLOT)
		return place;
	said = o->state.slot[place].said;
	return said == 1 ? ACR_SLOT_1 : said == 2 ? ACR_SLOT_2 : ACR_NO_SLOT;
}

/* ---- for the rule ---------------------------------------------------------------------------- */

struct follow_input observe_follow_input(const struct observation *o, int64_t now, bool force)
{
	const struct policy *p = &o->job->policy;
	const struct followed *f = o->followed;
	struct follow_input in = {
		.now = now,
		.renew_before = p->renew_before,
		.source = f->seen.unread         ? FOLLOW_UNREAD
		          : f->seen.held == NULL ? FOLLOW_EMPTY
		                                 : FOLLOW_READ,
		.source_is = f->place,
		.source_expires = f->expires_us / 1000000,
		.force = force,
		.verify_due = p->verify_every != 0 && p->verify_wait == 0 &&
		              (o->state.last_verified > now ||
		               now - o->state.last_verified >= p->verify_every),
		.sinks = o->views,
		.n_sinks = o->n_seen,
	};

	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		in.known[i] = (struct follow_known){
			.known = o->state.slot[i].created != 0,
			.dead = o->dead[i],
			.created = o->state.slot[i].created,
			.expires = o->state.slot[i].expires_us / 1000000,
		};
	return in;
}
