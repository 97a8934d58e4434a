/* SPDX-License-Identifier: MIT */
/* What a run has done, for the job's history. */
#include "rotate/history.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "step.h"

static void add(struct rotation *r, enum history_what what, bool slot, int status, const char *text)
{
	bool new = what == HISTORY_ROTATE || what == HISTORY_BOOTSTRAP || what == HISTORY_FOLLOW;
	int64_t took = r->out.accepted_after_ms;
	const struct history_event e = { .what = what,
		                         .first = rotation_now(r),
		                         .slot = slot && r->out.slot != ACR_NO_SLOT
		                                         ? (int)r->out.slot + 1
		                                         : 0,
		                         .accepted_after_ms = new &&took > 0 ? took : 0,
		                         .status = status,
		                         .text = text };

	history_add(&r->o.state.history, &e);
	r->o.dirty = true;
}

/* What changed something, also in a run that failed then. */
static void add_done(struct rotation *r)
{
	const struct outcome *o = &r->out;

	if (o->created)
		add(r, HISTORY_CREATE, false, 0, rotation_because(WHY_NO_TOKEN));
	if (o->did == PLAN_ROTATE && o->delivered)
		add(r, r->done.why == WHY_FIRST ? HISTORY_BOOTSTRAP : HISTORY_ROTATE, true, 0,
		    rotation_because(r->done.why));
	else if (o->did == PLAN_FOLLOW)
		add(r, HISTORY_FOLLOW, true, 0, rotation_because(r->done.why));
	else if (o->did == PLAN_HEAL)
		add(r, HISTORY_HEAL, true, 0, rotation_because(r->done.why));
	if (o->revoked)
		add(r, HISTORY_REVOKE, true, 0, "every earlier password is dead");
}

void rotation_remember(struct rotation *r, const struct err *e)
{
	if (r->out.changed)
		add_done(r);
	if (r->done.hook_was_owed && !observe_hook_owed(&r->o))
		add(r, HISTORY_HOOK, false, 0, "the one that was owed has succeeded");
	if (e == NULL)
		return;
	if (e->kind == ERR_HOOK)
		add(r, HISTORY_HOOK, false, err_exit_code(e->kind), e->text);
	else if (e->kind == ERR_DECISION)
		add(r, HISTORY_REFUSE, r->out.foreign.known, err_exit_code(e->kind), e->text);
	else
		add(r, HISTORY_FAIL, false, err_exit_code(e->kind), e->text);
}

void rotation_tell_lost(struct rotation *r)
{
	AUTO_FREE char *where = store_is_shared(r->w->store)
	                                ? mem_dup("beside it")
	                                : mem_fmt("as %s.state.lost", r->job->name);
	AUTO_FREE char *text = mem_fmt(
		"the record %s: nothing of it is used, it is kept %s; if this job's sinks hold its "
		"passwords: acrotate adopt %s",
		state_lost_text(r->o.state.lost), where, r->job->name);

	log_msg(LEVEL_WARN, r->job->name, "%s", text);
	add(r, HISTORY_LOST, false, 0, text);
}
