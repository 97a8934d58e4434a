/* SPDX-License-Identifier: MIT */
#include "flow/model.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "flow/model_run.h"

/* ---- time and the others --------------------------------------------------------------------- */

static void late(struct search *s, const struct world *w, int k)
{
	const char *how = k ? "a request acts late on 2" : "a request acts late on 1";
	struct world next = *w;

	if (w->slot[k].flying == 0)
		return;
	run_act(s, &next, k, w->slot[k].stray ? FOREIGN : UNSEEN, true, how);
	if (next.slot[k].flying == 2)
		search_reach(s, next, how); /* two or more: as many are left */
	next.slot[k].flying--;
	next.slot[k].stray = next.slot[k].stray && next.slot[k].flying > 0;
	search_reach(s, next, how);
}

static void late_put(struct search *s, const struct world *w)
{
	static const char how[] = "a PUT acts late";
	struct world next = *w;

	if (w->puts == 0)
		return;
	run_put(s, &next, true, how);
	if (next.puts == 2)
		search_reach(s, next, how);
	next.puts--;
	next.put_left = next.put_left && next.puts > 0;
	search_reach(s, next, how);
}

static void at_any_time(struct search *s, const struct world *w, int k)
{
	const struct model *m = s->m;
	struct world next = *w;

	if ((m->others & MODEL_FOREIGN) && !w->missing) {
		world_begin_generation(m, &next, k, FOREIGN, NEVER);
		search_disturb(s, next, k ? "foreign generate of 2" : "foreign generate of 1");
		next.slot[k].life = 1;
		if (m->others & MODEL_EXPIRES)
			search_disturb(s, next,
			               k ? "foreign generate of 2, to expire"
			                 : "foreign generate of 1, to expire");
		next = *w;
	}
	if ((m->others & MODEL_PERMIT) && (w->slot[k].tag == FOREIGN || w->slot[k].tag == ORPHAN)) {
		next.slot[k].permitted = true;
		search_disturb(s, next, k ? "may_replace 2" : "may_replace 1");
		next = *w;
	}
	if ((m->others & MODEL_REJECTS) && w->slot[k].tag == OURS) {
		next.slot[k].rejected = true;
		search_disturb(s, next, k ? "the registry rejects 2" : "the registry rejects 1");
	}
	late(s, w, k);
}

static bool in_flight(const struct world *w)
{
	return w->slot[0].flying > 0 || w->slot[1].flying > 0 || w->puts > 0;
}

static void lose_state(const struct model *m, struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		if (s->tag != ABSENT)
			s->tag = FOREIGN;
		s->intent = s->abandoned = s->young = s->hooked = false;
	}
	for (int i = 0; i < m->n_sinks; i++) {
		w->sink[i].last = w->sink[i].hides = 0;
		w->sink[i].held_foreign = false;
	}
	w->owed = false;
}

/* A request of it may be under way. */
static void spoil_state(const struct model *m, struct world *w)
{
	const struct world was = *w;

	lose_state(m, w);
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		s->stray = s->flying > 0;
		if (m->without == WITHOUT_FORMER)
			continue;
		s->intent = was.slot[k].intent;
		s->abandoned = was.slot[k].abandoned;
		s->young = was.slot[k].young;
	}
}

/* The sink alone tells what an older state that was put back does not know. */
static bool is_forgotten(const struct model *m, const struct world *w, const struct sink *s)
{
	for (int k = 0; k < ACR_SLOT__COUNT && (m->others & MODEL_RESTORED); k++)
		if (s->holds == bit(k) && slot_is_ours(&w->slot[k]) &&
		    (w->slot[k].tag != OURS || !(s->last & bit(k))))
			return true;
	return false;
}

enum older { WITH_ASKED, WITH_PRINT, WITH_MARK, OLDER__COUNT };

/* Of a consumer that reads a sink which was removed, nobody knows any more; nor of one that lags,
 * where the record does not know the delivery: a generate whose run was killed looks the same. */
static bool can_restore(const struct model *m, const struct world *w, enum older older)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		const struct slot *s = &w->slot[k];
		bool lags = !world_holds(m, w, k) && (s->ago < m->grace || s->hooked);
		if (lags && (older != WITH_MARK || s->tag != OURS))
			return false;
	}
	for (int i = 0; i < m->n_sinks; i++)
		if ((w->sink[i].removed && w->sink[i].holds != 0) || w->sink[i].hidden != 0)
			return false;
	return !in_flight(w);
}

static void restore_state(const struct model *m, struct world *w, enum older older)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		if (s->tag == OURS && older == WITH_ASKED)
			s->tag = UNSEEN;
		s->delivered = s->tag == OURS && older == WITH_MARK;
		s->intent = s->abandoned = s->young = false;
		s->left = 0;
	}
	for (int i = 0; i < m->n_sinks; i++) {
		w->sink[i].last = older == WITH_MARK ? ~w->sink[i].holds & 3 : 0;
		w->sink[i].hides = 0;
		w->sink[i].held_foreign = false;
	}
	/* With the delivery it says that the hook is owed. */
	w->owed = older == WITH_MARK && (m->others & MODEL_HOOKS);
}

/* A record of another subject is lost. */
static void estrange(const struct model *m, struct world *w)
{
	lose_state(m, w);
	for (int k = 0; k < ACR_SLOT__COUNT && m->without == WITHOUT_SUBJECT; k++) {
		struct slot *s = &w->slot[k];
		if (s->tag == ABSENT)
			continue;
		s->tag = OURS;
		s->delivered = true;
		s->left = 1 + m->grace;
	}
}

/* The job goes on, on a fresh machine with a copy of the state; what the first one delivered is
 * still in use there. */
static void move(const struct model *m, struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		w->slot[k].away = world_holds(m, w, k) || w->slot[k].ago < m->grace;
	for (int i = 0; i < m->n_sinks; i++)
		w->sink[i] = (struct sink){ 0 };
	if (m->without != WITHOUT_MACHINE)
		lose_state(m, w);
}

/* Is there anybody who could put this password into a sink: who generated it, or an older
 * content of some sink? Not of one that was lost, whatever is recorded of it out of caution. */
static bool is_known(const struct model *m, const struct world *w, int k)
{
	const struct slot *s = &w->slot[k];

	return s->tag == FOREIGN || (s->delivered && s->tag != CLAIMED) || s->ago < m->grace;
}

static void edit(struct search *s, const struct world *w, int i)
{
	static const char *const how[] = { "a hand empties a sink", "a hand puts 1 into a sink",
		                           "a hand puts 2 into a sink" };

	if (w->sink[i].touched || w->sink[i].unread || w->sink[i].removed || in_flight(w))
		return;
	for (int holds = 0; holds <= 2; holds++) {
		struct world next = *w;
		if (holds == w->sink[i].holds || (holds > 0 && !is_known(s->m, w, holds - 1)))
			continue;
		next.sink[i].holds = holds;
		next.sink[i].ruin = false;
		next.sink[i].touched = true;
		search_disturb(s, next, how[holds]);
	}
}

static bool last_one(const struct model *m, const struct world *w, int i)
{
	for (int j = 0; j < m->n_sinks; j++)
		if (j != i && !w->sink[j].removed)
			return false;
	return true;
}

static void between_runs(struct search *s, const struct world *w)
{
	static const char *const older[] = {
		"an older state is put back, before the print",
		"an older state is put back, before the delivery",
		"an older state is put back, before a sink was healed"
	};
	const struct model *m = s->m;
	struct world next = *w;

	if ((m->others & MODEL_LOSS) && !in_flight(w)) {
		lose_state(m, &next);
		search_disturb(s, next, "the state is lost");
		next = *w;
	}
	if (m->others & MODEL_UNUSABLE) {
		spoil_state(m, &next);
		search_disturb(s, next, "the record cannot be used");
		next = *w;
	}
	for (int o = 0; o < OLDER__COUNT && (m->others & MODEL_RESTORED); o++) {
		if (!can_restore(m, w, (enum older)o))
			continue;
		restore_state(m, &next, (enum older)o);
		search_disturb(s, next, older[o]);
		next = *w;
	}
	if ((m->others & MODEL_STRANGE) && !in_flight(w)) {
		estrange(m, &next);
		search_disturb(s, next, "another job's record is here");
		next = *w;
	}
	if ((m->others & MODEL_MOVED) && !in_flight(w) && !w->slot[0].away && !w->slot[1].away) {
		move(m, &next);
		search_disturb(s, next, "the state is copied");
	}
	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *sink = &w->sink[i];
		next = *w;
		if ((m->others & MODEL_HANDS) && !is_forgotten(m, w, sink))
			edit(s, w, i);
		if (sink->touched || sink->removed)
			continue;
		if ((m->others & MODEL_BLINDED) && !is_forgotten(m, w, sink)) {
			next.sink[i].holds = sink->hidden;
			next.sink[i].hidden = sink->holds;
			next.sink[i].ruin = false;
			next.sink[i].touched = true;
			search_disturb(s, next, "a sink shows another store");
			next = *w;
		}
		if (m->others & MODEL_UNREAD) {
			next.sink[i].unread = !sink->unread;
			search_disturb(s, next,
			               sink->unread ? "a sink can be read again"
			                            : "a sink cannot be read");
			next = *w;
		}
		if ((m->others & MODEL_REMOVED) && !in_flight(w) && !last_one(m, w, i) &&
		    !is_forgotten(m, w, sink)) {
			next.sink[i].removed = true;
			next.sink[i].unread = false;
			search_disturb(s, next, "a sink is removed");
		}
	}
}

static void expand(struct search *s, size_t at)
{
	const struct model *m = s->m;
	struct world w = world_unpack(&s->states[at]), next = w;

	s->expanding = at;
	world_tick(m, &next);
	search_reach(s, next, "a tick");
	for (int r = 0; r < 2; r++) {
		next = w;
		next.run[r].alive = false;
		if (w.run[r].alive) {
			run_step(s, &w, r, false);
			search_reach(s, next, "crash");
		} else if (r == 0 ? world_idle(&w) : m->without == WITHOUT_LOCK) {
			run_start(s, &w, r);
		}
	}
	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		at_any_time(s, &w, k);
	late_put(s, &w);
	if (w.missing) {
		next = w;
		next.missing = false;
		search_disturb(s, next, "somebody makes the token");
	}
	for (int i = 0; i < m->n_sinks && (m->others & MODEL_MEDDLED); i++)
		if (run_has_password(m, &w.run[0]))
			edit(s, &w, i);
	next = w;
	world_wipe(m, &next);
	if ((m->others & MODEL_WIPE) && !w.missing)
		search_disturb(s, next, "a redeployment wipes both");
	if (world_idle(&w))
		between_runs(s, &w);
}
/* ---- liveness -------------------------------------------------------------------------------- */

/* All sinks of the job that can be read hold one password of ours that works. */
static bool in_step(const struct model *m, const struct world *w)
{
	int held = 0;

	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		if (s->removed || s->unread)
			continue;
		if (s->holds == 0 || (held != 0 && s->holds != held))
			return false;
		held = s->holds;
	}
	return held != 0 && slot_works(&w->slot[held - 1]) && w->slot[held - 1].tag == OURS;
}

static bool all_unread(const struct model *m, const struct world *w)
{
	for (int i = 0; i < m->n_sinks; i++)
		if (!w->sink[i].unread && !w->sink[i].removed)
			return false;
	return true;
}

static bool truly_foreign(const struct slot *s)
{
	return s->tag == FOREIGN && !s->permitted;
}

/* A person has to act, and only a person can. After a refusal the active password expires at
 * last, and for the margin it is waited for. */
static bool rightly_refused(const struct model *m, const struct world *w, const struct plan *p)
{
	const struct slot *this = &w->slot[p->slot], *other = &w->slot[acr_other(p->slot)];

	if (p->action == PLAN_REFUSE && p->why == WHY_NO_SINK)
		return all_unread(m, w);
	if (p->action == PLAN_REFUSE && p->why == WHY_FOREIGN)
		return truly_foreign(this) && other->tag != ORPHAN;
	return p->action == PLAN_WAIT && this->tag == OURS && this->life == 0 &&
	       truly_foreign(other);
}

/* A whole run that nobody disturbs, then a tick. */
static size_t calm_run(struct search *s, size_t at, bool *good, bool *wrong)
{
	const struct model *m = s->m;
	struct world w = world_unpack(&s->states[at]);
	struct plan p = look_begin(m, &w, 0, false, NOTHING_ODD);

	while (w.run[0].alive) {
		/* The search knows the state that a step leads to: it is the first that
		 * run_step() reaches. */
		struct packed after;
		struct search one = { .m = m,
			              .states = &after,
			              .from = &(uint32_t){ 0 },
			              .how = &(const char *){ 0 },
			              .table = (uint32_t[2]){ 0 },
			              .max = 1,
			              .mask = 1,
			              .out = &(struct model_result){ 0 } };
		(void)world_pack(m, &w);
		run_step(&one, &w, 0, true);
		w = world_unpack(&after);
	}
	*good = rightly_refused(m, &w, &p);
	*wrong = p.action == PLAN_REFUSE && !*good;
	world_tick(m, &w);
	*good = *good || in_step(m, &w);
	struct packed key = world_pack(m, &w);
	size_t i = search_find(s, &key);
	return s->table[i] == 0 ? SIZE_MAX : s->table[i] - 1;
}

enum { UNTRIED, ON_PATH, GOOD, STUCK };

/* Undisturbed runs lead from each idle state to one other; none may ask a person without need,
 * and the circle they end in has to be good all the way round. */
static void try_liveness(struct search *s, uint32_t *next, uint8_t *verdict, bool *good,
                         uint32_t *path, size_t from)
{
	size_t n = 0, at = from;

	while (verdict[at] == UNTRIED) {
		bool wrong;
		verdict[at] = ON_PATH;
		path[n++] = (uint32_t)at;
		size_t to = calm_run(s, at, &good[at], &wrong);
		if (to == SIZE_MAX)
			abort(); /* the search left out something that can happen */
		if (wrong)
			verdict[at] = STUCK;
		else
			at = next[at] = (uint32_t)to;
	}
	uint8_t end = verdict[at];
	if (end == ON_PATH) {
		size_t turn = at;
		end = GOOD;
		do {
			if (!good[turn])
				end = STUCK;
			turn = next[turn];
		} while (turn != at);
	}
	while (n > 0)
		verdict[path[--n]] = end;
}

static void check_liveness(struct search *s)
{
	uint32_t *next = mem_array(s->n, sizeof(*next)), *path = mem_array(s->n, sizeof(*path));
	uint8_t *verdict = mem_array(s->n, 1);
	bool *good = mem_array(s->n, sizeof(*good));

	for (size_t i = 0; i < s->n; i++) {
		struct world w = world_unpack(&s->states[i]);
		if (!world_idle(&w))
			continue;
		s->out->idle++;
		if (verdict[i] == UNTRIED)
			try_liveness(s, next, verdict, good, path, i);
		if (verdict[i] != STUCK)
			continue;
		if (s->out->stuck++ == 0 && s->out->kills == 0)
			search_tell(s, i, "stuck");
	}
	free(next);
	free(path);
	free(verdict);
	free(good);
}
/* ---- */

static struct world first_world(const struct model *m)
{
	struct world w = { .missing = (m->others & MODEL_CREATE) && !m->by_hand_before };

	w.slot[0].ago = w.slot[1].ago = m->grace;
	if (!m->by_hand_before)
		return w;
	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		w.slot[k] = (struct slot){ .tag = FOREIGN, .life = NEVER, .ago = m->grace };
	for (int i = 0; i < m->n_sinks; i++)
		w.sink[i].holds = bit(1);
	w.newest = 1;
	return w;
}

bool model_search(const struct model *m, size_t max_states, struct model_result *out)
{
	struct search s = { .m = m, .max = max_states, .mask = 1, .out = out };

	*out = (struct model_result){ 0 };
	while (s.mask < 2 * max_states)
		s.mask *= 2;
	s.states = mem_array(max_states, sizeof(*s.states));
	s.from = mem_array(max_states, sizeof(*s.from));
	s.how = mem_array(max_states, sizeof(*s.how));
	s.table = mem_array(s.mask--, sizeof(*s.table));
	search_reach(&s, first_world(m), "");
	for (size_t at = 0; at < s.n && !s.full; at++)
		expand(&s, at);
	if (!s.full)
		check_liveness(&s);
	out->states = s.n;
	free(s.states);
	free(s.from);
	free(s.how);
	free(s.table);
	return !s.full;
}
