/* SPDX-License-Identifier: MIT */
#include "rotate/plan.h"

/* The service's clock and those of the registry's replicas differ a little: only past the margin is an expired password surely dead. */
static bool is_gone(const struct plan_input *in, const struct slot_view *v)
{
	return !v->present || (v->expires != 0 && v->expires <= in->now - in->margin);
}

/* A password of ours that consumers can pull with now. */
static bool is_living(const struct plan_input *in, const struct slot_view *v)
{
	return v->present && v->ours && !v->dead && (v->expires == 0 || v->expires > in->now);
}

static enum holding holding_of(enum acr_slot slot)
{
	return slot == ACR_SLOT_1 ? HOLD_SLOT_1 : HOLD_SLOT_2;
}

static bool is_held(const struct plan_input *in, enum acr_slot slot)
{
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].holds == holding_of(slot))
			return true;
	return false;
}

/* By a sink that could be read: only then is it known, and can be copied from. */
static bool is_deployed(const struct plan_input *in, enum acr_slot slot)
{
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].readable && in->sinks[i].holds == holding_of(slot))
			return is_living(in, &in->slot[slot]);
	return false;
}

/* Does any sink hold a password that may work? One that is none of ours may, until the registry has refused it. */
static bool anything_works(const struct plan_input *in)
{
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].holds == HOLD_OTHER && !in->sinks[i].rejected)
			return true;
	return (is_held(in, ACR_SLOT_1) && is_living(in, &in->slot[ACR_SLOT_1])) ||
	       (is_held(in, ACR_SLOT_2) && is_living(in, &in->slot[ACR_SLOT_2]));
}

/* Until when a request of a standing intent may still act. Waiting must not outlast what is deployed, nor is there a reason to
 * wait when nothing that is deployed works. */
static int64_t request_dies(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot], *other = &in->slot[acr_other(slot)];
	int64_t life = PLAN_REQUEST_LIFE;

	if (!v->intent || !anything_works(in))
		return 0;
	if (is_held(in, acr_other(slot)) && is_living(in, other) && other->expires != 0 && (other->expires - in->now) / 4 < life)
		life = (other->expires - in->now) / 4;
	return v->intent_since + life;
}

static bool grace_is_over(const struct plan_input *in, const struct slot_view *v)
{
	return !in->hook_owed && v->left != 0 && v->left <= in->now && in->now - v->left >= in->grace;
}

bool slot_is_free(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	if (in->now < request_dies(in, slot))
		return false;
	if (is_gone(in, v))
		return true;
	if (!v->ours)
		return v->permitted || (in->exclusive && !anything_works(in));
	if (v->dead)
		return true;
	if (is_held(in, slot))
		return false;
	if (!v->delivered || grace_is_over(in, v))
		return true;
	return in->exclusive && !anything_works(in);
}

/* Why a slot that is not free is not, and from when on it may be. A slot of ours frees itself at the latest when it expires. */
static struct plan blocked(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];
	struct plan p = { .action = PLAN_WAIT, .why = WHY_GRACE, .slot = slot };

	if (in->now < request_dies(in, slot)) {
		p.why = WHY_INTENT;
		p.when = request_dies(in, slot);
		return p;
	}
	if (!v->ours) {
		p.action = PLAN_REFUSE;
		p.why = WHY_FOREIGN;
		return p;
	}
	if (v->expires != 0)
		p.when = v->expires + in->margin;
	if (is_held(in, slot))
		p.why = WHY_SINK_UNREADABLE;
	else if (in->hook_owed)
		p.why = WHY_HOOK_OWED;
	else if (v->left == 0 || v->left > in->now)
		p.why = WHY_SINK_UNREADABLE;    /* no run could see all sinks without it */
	else if (p.when == 0 || v->left + in->grace < p.when)
		p.when = v->left + in->grace;
	return p;
}

static struct plan rotate(const struct plan_input *in, enum acr_slot slot, enum plan_reason why)
{
	if (in->next_generate > in->now && !in->force)
		return (struct plan){ .action = PLAN_WAIT, .why = WHY_BACKOFF, .slot = slot, .when = in->next_generate };
	return (struct plan){ .action = PLAN_ROTATE, .why = why, .slot = slot };
}

/* Which of two free slots to generate when nothing is deployed: the one that surely hurts nobody first. A standing intent comes before
 * all, and what it becomes once the token shows that the request acted: after a lost reply the same slot is generated again, never the
 * other. */
static int preference(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	if (v->intent || (v->lost && !is_gone(in, v)))
		return 6;
	if (!v->present)
		return 5;
	if (is_gone(in, v))
		return 4;
	if (v->ours && !v->delivered)
		return 3;
	if (v->ours && !v->dead)
		return 2;
	return v->dead ? 0 : 1;
}

static struct plan decide_first(const struct plan_input *in)
{
	bool free1 = slot_is_free(in, ACR_SLOT_1), free2 = slot_is_free(in, ACR_SLOT_2);

	if (free1 && free2)
		return rotate(in, preference(in, ACR_SLOT_2) > preference(in, ACR_SLOT_1) ? ACR_SLOT_2 : ACR_SLOT_1, WHY_FIRST);
	if (free1 || free2)
		return rotate(in, free1 ? ACR_SLOT_1 : ACR_SLOT_2, WHY_FIRST);
	/* Waiting for one of ours is better than asking a person, and the sooner one first. */
	struct plan a = blocked(in, ACR_SLOT_1), b = blocked(in, ACR_SLOT_2);
	if (a.action == PLAN_REFUSE || (b.action == PLAN_WAIT && b.when != 0 && (a.when == 0 || b.when < a.when)))
		return b;
	return a;
}

/* The spare slot belongs to somebody else, and will still be there when this job is due. */
static bool foreign_ahead(const struct slot_view *spare, int64_t due)
{
	return spare->present && !spare->ours && !spare->permitted && (spare->expires == 0 || spare->expires > due);
}

static struct plan decide_active(const struct plan_input *in, enum acr_slot active)
{
	enum acr_slot spare = acr_other(active);
	const struct slot_view *v = &in->slot[active];
	int64_t due = v->expires == 0 ? INT64_MAX : v->expires - in->renew_before - in->offset;
	struct plan p = { .action = PLAN_KEEP, .why = WHY_NOT_DUE, .slot = active, .when = due };
	size_t source = 0;
	bool lagging = false;

	while (!in->sinks[source].readable || in->sinks[source].holds != holding_of(active))
		source++;
	for (size_t i = 0; i < in->n_sinks; i++)
		lagging = lagging || (in->sinks[i].readable && in->sinks[i].holds != holding_of(active));
	if (lagging) {
		p.action = PLAN_HEAL;
		p.why = WHY_LAGGING;
	} else if (in->now >= due || in->force) {
		p = slot_is_free(in, spare) ? rotate(in, spare, in->now >= due ? WHY_DUE : WHY_FORCED) : blocked(in, spare);
	} else if (in->verify_due) {
		p.action = PLAN_VERIFY;
		p.why = WHY_VERIFY;
	}
	p.active = true;
	p.source = source;
	p.foreign_ahead = foreign_ahead(&in->slot[spare], due);
	return p;
}

struct plan plan_decide(const struct plan_input *in)
{
	bool one = is_deployed(in, ACR_SLOT_1), two = is_deployed(in, ACR_SLOT_2), readable = false;

	for (size_t i = 0; i < in->n_sinks; i++)
		readable = readable || in->sinks[i].readable;
	if (in->asked == TOKEN_MISSING) {
		if (in->create && !in->known)
			return (struct plan){ .action = PLAN_CREATE, .why = WHY_NO_TOKEN };
		return (struct plan){ .action = PLAN_REFUSE, .why = WHY_NO_TOKEN };
	}
	if (!readable)
		return (struct plan){ .action = PLAN_REFUSE, .why = WHY_NO_SINK };
	if (in->asked == TOKEN_READ && !in->enabled)
		return (struct plan){ .action = PLAN_REFUSE, .why = WHY_DISABLED };
	if (one && two)
		return decide_active(in, in->slot[ACR_SLOT_2].created > in->slot[ACR_SLOT_1].created ? ACR_SLOT_2 : ACR_SLOT_1);
	if (one || two)
		return decide_active(in, one ? ACR_SLOT_1 : ACR_SLOT_2);
	return decide_first(in);
}

const char *plan_action_name(enum plan_action a)
{
	static const char *const names[] = {
		[PLAN_KEEP] = "keep", [PLAN_VERIFY] = "verify", [PLAN_ROTATE] = "rotate", [PLAN_HEAL] = "heal",
		[PLAN_CREATE] = "create", [PLAN_WAIT] = "wait", [PLAN_REFUSE] = "refuse",
	};

	return names[a];
}
