/* SPDX-License-Identifier: MIT */
/* What the sinks show, and what else they may hold. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"
#include "config/job.h"
#include "observe_parts.h"
#include "sink/sink.h"

#define PLACE_MAX 8192

static void break_sink(struct seen *s, const struct err *why)
{
	s->broken = true;
	s->why = *why;
}

void observe_open_sinks(struct observation *o)
{
	const struct job *job = o->job;

	o->n_seen = job->n_sinks;
	o->seen = mem_array(o->n_seen, sizeof(*o->seen));
	for (size_t i = 0; i < o->n_seen; i++) {
		struct seen *s = &o->seen[i];
		struct err why = ERR_INIT;
		s->spec = &job->sinks[i];
		if (!s->spec->ops->open(s->spec->spec, job->lent, &s->sink, &why)) {
			(void)err_in(&why, "sink '%s'", s->spec->name);
			break_sink(s, &why);
		}
		s->unread = s->broken;
	}
}

void observe_name_places(struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++) {
		AUTO_BUF struct buf place = BUF_INIT(PLACE_MAX);
		o->seen[i].spec->ops->identity(o->seen[i].spec->spec, o->who.server, &place);
		free(o->seen[i].place);
		o->seen[i].place = mem_dup(buf_cstr(&place));
	}
}

/* A print that is not known is all zero, which no password's is. */
static enum acr_slot match(const struct observation *o, const struct secret *held)
{
	struct fingerprint print;

	if (held == NULL)
		return ACR_NO_SLOT;
	crypto_fingerprint(held, &print);
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (fingerprint_equal(&print, &o->state.slot[i].print))
			return (enum acr_slot)i;
	return ACR_NO_SLOT;
}

/* Of a generation that is still the one in the ledger. */
static bool may_hold(const struct observation *o, const struct sink_memory *m, enum acr_slot slot)
{
	return m->may_hold[slot] != 0 && m->may_hold[slot] == o->state.slot[slot].created;
}

bool observe_counts(const struct observation *o, const struct sink_memory *m)
{
	return may_hold(o, m, ACR_SLOT_1) || may_hold(o, m, ACR_SLOT_2);
}

/* Which sink of the job `m` is the memory of; n_seen: of none. The record has them in the job's
 * order, unless the job was changed: where it stands there it is looked for first. */
static size_t sink_of(const struct observation *o, const struct sink_memory *m)
{
	size_t guess = ((uintptr_t)m - (uintptr_t)o->state.sinks) / sizeof(*m);

	for (size_t i = 0; i < o->n_seen; i++) {
		size_t at = (guess + i) % o->n_seen;
		if (strcmp(o->seen[at].spec->name, m->name) == 0 &&
		    strcmp(o->seen[at].place, m->place) == 0)
			return at;
	}
	return o->n_seen;
}

bool observe_hidden(const struct observation *o, const struct sink_memory *m, enum acr_slot slot)
{
	size_t i = sink_of(o, m);

	return i < o->n_seen && !o->seen[i].unread && o->views[i].holds != slot &&
	       may_hold(o, m, slot);
}

static void add_view(struct observation *o, enum acr_slot holds)
{
	o->views[o->n_views++] = (struct sink_view){ .holds = holds, .readable = false };
}

static void set_may_hold(struct observation *o, struct sink_memory *m, enum acr_slot slot,
                         int64_t created)
{
	if (m->may_hold[slot] == created)
		return;
	m->may_hold[slot] = created;
	o->dirty = true;
}

static void set_unseen(struct observation *o, struct sink_memory *m, enum acr_slot slot,
                       int64_t created)
{
	if (m->unseen[slot] == created)
		return;
	m->unseen[slot] = created;
	o->dirty = true;
}

static bool is_unseen(const struct observation *o, const struct sink_memory *m, enum acr_slot slot)
{
	return m->unseen[slot] != 0 && m->unseen[slot] == o->state.slot[slot].created;
}

/* Nothing of ours is to be seen where something was: another environment, perhaps another store. */
static void notice_unseen(struct observation *o, const struct seen *s, struct sink_memory *m,
                          enum acr_slot holds)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		enum acr_slot slot = (enum acr_slot)i;
		bool again = slot == holds && !m->given_again;
		if (!s->spec->ops->evidence && holds == ACR_NO_SLOT && may_hold(o, m, slot))
			set_unseen(o, m, slot, o->state.slot[slot].created);
		else if (again || !is_unseen(o, m, slot))
			set_unseen(o, m, slot, 0);
	}
	m->given_again = m->given_again && (m->unseen[0] != 0 || m->unseen[1] != 0);
}

/* What a sink shows was delivered, also where an older record does not say so. */
static void set_delivered(struct observation *o, enum acr_slot slot)
{
	if (slot == ACR_NO_SLOT || o->state.slot[slot].delivered)
		return;
	o->state.slot[slot].delivered = true;
	o->dirty = true;
}

/* What was read settles what a killed delivery had left open, where what is not seen is not
 * there. */
static void remember(struct observation *o, const struct seen *s, const struct sink_view *v)
{
	struct sink_memory *m = state_sink(&o->state, s->spec->name, s->place);
	enum acr_slot holds = v->holds;
	bool shows = holds != ACR_NO_SLOT || v->other;
	/* What is not seen is not gone: of another store, or none, its readers know nothing. */
	bool held_foreign =
		shows || s->spec->ops->evidence ? v->other && !v->rejected : m->held_foreign;

	set_delivered(o, holds);
	o->dirty = o->dirty || m->held_foreign != held_foreign;
	m->held_foreign = held_foreign;

	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		enum acr_slot slot = (enum acr_slot)i;
		if (slot == holds)
			set_may_hold(o, m, slot, o->state.slot[slot].created);
		else if (!may_hold(o, m, slot) ||
		         plan_lets_go(s->spec->ops->evidence, holds, ACR_NO_SLOT, ACR_NO_SLOT,
		                      false, slot))
			set_may_hold(o, m, slot, 0);
	}
	notice_unseen(o, s, m, holds);
}

static void view_foreign(struct observation *o)
{
	o->views[o->n_views++] = (struct sink_view){ .holds = ACR_NO_SLOT, .held_foreign = true };
}

/* What it may hold beside what is known of view i. */
static void view_more(struct observation *o, const struct sink_memory *m, enum acr_slot known)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if ((enum acr_slot)i != known && may_hold(o, m, (enum acr_slot)i))
			add_view(o, (enum acr_slot)i);
}

bool observe_in_job(const struct observation *o, const struct sink_memory *m)
{
	return sink_of(o, m) < o->n_seen;
}

/* A sink that is no longer in the job still has its readers, until what it last got has expired
 * or somebody says `forget`. */
static void view_removed(struct observation *o)
{
	for (size_t i = 0; i < o->state.n_sinks; i++) {
		const struct sink_memory *m = &o->state.sinks[i];
		if (observe_in_job(o, m))
			continue;
		view_more(o, m, ACR_NO_SLOT);
		if (m->held_foreign)
			view_foreign(o);
		if (!observe_counts(o, m) && !m->held_foreign) {
			state_drop_sink(&o->state, i--);
			o->dirty = true;
		}
	}
}

/* A sink that cannot be read: what it last got counts, and what it was being given. Nothing
 * remembered is no proof that it is empty. */
static void view_unread(struct observation *o, size_t i)
{
	const struct sink_memory *m =
		state_sink(&o->state, o->seen[i].spec->name, o->seen[i].place);
	struct sink_view *v = &o->views[i];

	v->holds = may_hold(o, m, ACR_SLOT_1)   ? ACR_SLOT_1
	           : may_hold(o, m, ACR_SLOT_2) ? ACR_SLOT_2
	                                        : ACR_NO_SLOT;
	v->other = v->holds == ACR_NO_SLOT || m->held_foreign;
	v->unread = true;
	view_more(o, m, v->holds);
}

void observe_build_views(struct observation *o)
{
	free(o->views);
	/* Two for a sink that may hold either, and one for what nobody knows, beside those of the
	 * job. */
	o->views = mem_array(o->n_seen + 3 * (o->state.n_sinks + o->n_seen) + 1, sizeof(*o->views));
	o->n_views = o->n_seen;
	for (size_t i = 0; i < o->n_seen; i++) {
		const struct seen *s = &o->seen[i];
		struct sink_view *v = &o->views[i];
		v->readable = !s->broken;
		if (s->unread) {
			view_unread(o, i);
			continue;
		}
		v->holds = match(o, s->held);
		v->other = s->held != NULL && v->holds == ACR_NO_SLOT;
		v->rejected = s->refused >= 2;
		remember(o, s, v);
		const struct sink_memory *m = state_sink(&o->state, s->spec->name, s->place);
		view_more(o, m, v->holds);
		if (m->held_foreign && !v->other)
			view_foreign(o);
	}
	view_removed(o);
}

bool observe_held(const struct observation *o, int slot)
{
	for (size_t i = 0; i < o->n_views; i++)
		if ((int)o->views[i].holds == slot)
			return true;
	return false;
}

static void clear_left(struct observation *o)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		if (o->state.slot[i].left == 0 || !observe_held(o, i))
			continue;
		o->state.slot[i].left = 0;
		o->dirty = true;
	}
}

static bool is_known(void *ctx, const struct secret *s)
{
	return match(ctx, s) != ACR_NO_SLOT;
}

/* Not in the form that it is to have: perhaps in that of before. What cannot be searched holds
 * nothing, as was read. */
static void search(struct observation *o, struct seen *s)
{
	const struct sink_known known = { .is = is_known, .ctx = o };
	struct err ignored = ERR_INIT;

	s->stale = false;
	if (s->held == NULL && s->spec->ops->find != NULL &&
	    s->spec->ops->find(s->sink, &o->who, &known, &s->held, &ignored))
		s->stale = s->held != NULL;
}

/* What is in a sink counts as held, whoever reads it: a client that was not named may. */
static void judge(struct seen *s)
{
	s->shadow = (struct err)ERR_INIT;
	s->shadowed = s->held != NULL && s->spec->ops->taken != NULL &&
	              !s->spec->ops->taken(s->sink, &s->shadow);
	if (s->shadowed)
		(void)err_in(&s->shadow, "sink '%s'", s->spec->name);
}

void observe_sinks(struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++) {
		struct seen *s = &o->seen[i];
		struct secret *held = NULL;
		struct err why = ERR_INIT;
		if (s->sink == NULL)
			continue;
		if (!s->spec->ops->read_current(s->sink, &o->who, &held, &why)) {
			(void)err_in(&why, "sink '%s'", s->spec->name);
			break_sink(s, &why);
			s->unread = true;
			secret_free(take(&s->held));
		} else {
			secret_free(s->held);
			s->held = held;
			search(o, s);
		}
		judge(s);
	}
	observe_build_views(o);
	clear_left(o);
}

void observe_note_unseen(struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++) {
		const struct seen *s = &o->seen[i];
		if (s->unread || s->spec->ops->evidence || o->views[i].holds == ACR_NO_SLOT)
			continue;
		struct sink_memory *m = state_sink(&o->state, s->spec->name, s->place);
		enum acr_slot other = acr_other(o->views[i].holds);
		if (may_hold(o, m, other))
			set_unseen(o, m, other, o->state.slot[other].created);
	}
}

/* The password that a lost answer held, where it was delivered after all and the record is an older
 * one, can be none but such a foreign one. */
static void give_up_foreign(struct observation *o)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		struct slot_memory *m = &o->state.slot[i];
		if (m->created == 0 || fingerprint_is_set(&m->print) || m->foreign_created != 0)
			continue;
		m->delivered = true;
		m->left = 0;
		o->dirty = true;
	}
}

void observe_giving(struct observation *o, size_t i, enum acr_slot slot)
{
	struct seen *s = &o->seen[i];
	struct sink_memory *m = state_sink(&o->state, s->spec->name, s->place);

	if (o->views[i].other && !o->views[i].rejected)
		give_up_foreign(o);
	s->before = match(o, s->held);
	s->again_before = m->given_again;
	s->counted_before = may_hold(o, m, slot);
	m->given_again = m->given_again || is_unseen(o, m, slot);
	set_may_hold(o, m, slot, o->state.slot[slot].created);
}

void observe_given(struct observation *o, size_t i, enum acr_slot slot, bool kept)
{
	const struct seen *s = &o->seen[i];
	struct sink_memory *m = state_sink(&o->state, s->spec->name, s->place);

	/* What it failed to take is no reason to try it again with the next slot. */
	if (s->spec->ops->trial != NULL && m->tried != kept) {
		m->tried = kept;
		o->dirty = true;
	}
	if (!kept)
		m->given_again = s->again_before;
	/* What failed has delivered nothing, but let go of nothing either. */
	if (!kept && s->before != slot && !s->counted_before)
		set_may_hold(o, m, slot, 0);
	else if (s->before != ACR_NO_SLOT && !is_unseen(o, m, s->before) &&
	         plan_lets_go(false, ACR_NO_SLOT, s->before, slot, kept, s->before))
		set_may_hold(o, m, s->before, 0);
}

bool observe_all_read(const struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (o->seen[i].unread)
			return false;
	return true;
}
