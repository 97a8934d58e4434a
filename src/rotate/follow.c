/* SPDX-License-Identifier: MIT */
/* The steps of a follower, where they differ from those of a job that rotates. What it delivers
 * goes the same way: proven, recorded, committed, read back. */
#include "rotate/plan_follow.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "sink/sink.h"
#include "step.h"

#define ROUNDS_MAX 2 /* sources that change while they are proven */

struct follow_input rotation_follow_input(const struct rotation *r)
{
	bool force = (r->flags & ROTATE_FORCE) != 0 && !r->done.followed;
	struct follow_input in = observe_follow_input(&r->o, rotation_now(r), force);

	/* Where the registry cannot be asked, what is deployed is taken to work. */
	in.verified = r->ask.verified || r->job->policy.verify_wait != 0;
	return in;
}

/* ---- decide ---------------------------------------------------------------------------------- */

static enum progress keep(struct rotation *r)
{
	return rotation_go_to(r, is_dry(r) ? STEP_END : STEP_FINISH);
}

static enum progress ask(struct rotation *r)
{
	bool login = r->plan.active && !r->ask.login_tried && r->job->policy.verify_wait == 0;

	r->ask.login_tried = true;
	if (login)
		return rotation_go_to(r, STEP_VERIFY);
	/* A source that fails is what is asked about. */
	return rotation_go_to(r, STEP_END);
}

static enum progress verify_or(struct rotation *r, enum step next)
{
	bool asked = r->ask.verified || r->job->policy.verify_wait != 0;

	return rotation_go_to(r, asked || is_dry(r) ? next : STEP_VERIFY);
}

static enum progress fail(const struct rotation *r, struct err *e)
{
	rotation_refuse(r, e);
	return FAILED;
}

enum progress rotation_follow(struct rotation *r, struct err *e)
{
	if ((r->flags & ROTATE_ASK) != 0)
		return ask(r);
	switch (r->plan.action) {
	case PLAN_KEEP:
		return keep(r);
	case PLAN_VERIFY:
		return verify_or(r, STEP_END);
	case PLAN_HEAL:
		return r->done.healed ? keep(r) : verify_or(r, STEP_CHECK);
	case PLAN_FOLLOW:
		/* What was overwritten again at once is left to the next run. */
		return r->done.followed ? keep(r) : rotation_go_to(r, STEP_CHECK);
	default:
		return fail(r, e);
	}
}

/* ---- deliver --------------------------------------------------------------------------------- */

bool rotation_follow_takes(const struct rotation *r, size_t i)
{
	return r->o.seen[i].stale || !observe_has_source(&r->o, i);
}

/* Not in the ledger before it is proven: what the registry refuses is not to displace what is known
 * there. */
void rotation_load_followed(struct rotation *r)
{
	const struct followed *f = r->o.followed;
	bool known = f->place != ACR_NO_SLOT;
	const struct slot_memory *m = known ? &r->o.state.slot[f->place] : NULL;

	credential_clear(&r->give.fresh);
	r->give.fresh = (struct credential){
		.server = mem_dup(r->o.who.server),
		.username = mem_dup(r->o.who.username),
		.password = secret_dup(f->seen.held),
		.expires_us = f->expires_us != 0 ? f->expires_us
		              : known            ? m->expires_us
		                                 : 0,
		.slot = f->said != 0 ? f->said
		        : known      ? (int)m->said
		                     : 0,
	};
	r->give.slot = f->place;
	r->give.created = 0;
}

bool rotation_follow_ends_before(const struct rotation *r, size_t i)
{
	struct follow_input in = rotation_follow_input(r);

	return plan_follow_stays(&in, r->o.views[i].holds);
}

/* Is it still what the source has? One that cannot be read now had it a moment ago. */
enum progress rotation_follow_confirm(struct rotation *r, struct err *e)
{
	observe_source(&r->o);
	const struct followed *f = r->o.followed;
	bool same = f->seen.unread ||
	            (f->seen.held != NULL && secret_equal(f->seen.held, r->give.fresh.password));
	bool proven = r->give.host == r->give.hosts.n || r->job->policy.verify_wait != 0;

	if (same) {
		r->give.read_again_at = env_mono_ms(r->w->env) + ROTATION_READ_EVERY_MS;
		return rotation_go_to(r, proven ? STEP_MARK : STEP_PROBE);
	}
	rotation_abort_sinks(r);
	memset(r->give.prepared, 0, r->o.n_seen * sizeof(*r->give.prepared));
	if (++r->gen.lost_replies <= ROUNDS_MAX)
		return rotation_go_to(r, STEP_DECIDE);
	(void)err_set(e, ERR_TRANSIENT, "the source changes faster than its passwords are proven");
	return FAILED;
}

/* The last look before the sinks change. */
void rotation_follow_mark(struct rotation *r)
{
	struct followed *f = r->o.followed;

	if (f->seen.held == NULL) {
		/* It cannot be read now; a moment ago it had what was proven. */
		f->seen.unread = f->seen.broken = false;
		f->seen.held = secret_dup(r->give.fresh.password);
		f->expires_us = r->give.fresh.expires_us;
		f->said = r->give.fresh.slot;
	}
	r->give.slot = observe_take_source(&r->o, rotation_now(r));
	r->give.created = r->o.state.slot[r->give.slot].created;
}

/* ---- in words -------------------------------------------------------------------------------- */

static void add_when(struct buf *out, int64_t expires)
{
	char text[STR_TIME_MAX];

	str_from_time(expires, text);
	buf_str(out, expires == 0 ? "at a time that is not known" : text);
}

static void add_kept(const struct rotation *r, struct buf *out)
{
	buf_str(out, "; what the sinks have is kept");
	if (r->plan.active && r->out.expires != 0) {
		buf_str(out, ", and expires ");
		add_when(out, r->out.expires);
	}
}

bool rotation_refuse_source(const struct rotation *r, struct err *e)
{
	const struct followed *f = r->o.followed;
	AUTO_BUF struct buf text = BUF_INIT(ERR_TEXT_MAX);
	int64_t expires = f->expires_us / 1000000;

	buf_fmt(&text, "%s: ", r->o.state.follows);
	switch (r->plan.why) {
	case WHY_SOURCE:
		buf_str(&text, f->seen.why.text);
		break;
	case WHY_SOURCE_EMPTY:
		buf_fmt(&text, "the source has no password of token '%s' at '%s'", r->job->token,
		        r->o.who.server);
		break;
	case WHY_OLDER:
		buf_str(&text, "the source has an older password, which expires ");
		add_when(&text, expires);
		buf_fmt(&text,
		        ": was it restored? To take it all the same: acrotate run --force %s",
		        r->job->name);
		break;
	case WHY_SOURCE_REFUSED:
		buf_str(&text, "the registry refuses what the source has");
		break;
	default:
		buf_str(&text, "the source has no newer password: does its rotator run?");
		break;
	}
	add_kept(r, &text);
	return err_set(e, ERR_TRANSIENT, "%s", buf_cstr(&text));
}
