/* SPDX-License-Identifier: MIT */
/* What Azure and the registry say of the slots is taken into the ledger. */
#include <assert.h>

#include "base/mem.h"
#include "observe_parts.h"

bool observe_wants_stamp(const struct observation *o, int slot)
{
	const struct slot_memory *m = &o->state.slot[slot];

	return m->delivered && (!m->gone || m->absent_since != 0) && m->left == 0 &&
	       !observe_held(o, slot);
}

void observe_stamp(struct observation *o, int64_t now)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		if (!observe_wants_stamp(o, i) || !observe_all_read(o))
			continue;
		o->state.slot[i].left = now;
		o->dirty = true;
	}
}

static bool asked_by_us(const struct slot_memory *m, int64_t expires_us)
{
	return expires_us != 0 && (expires_us == m->asked_us || expires_us == m->asked_before_us);
}

/* An answer of before, which tells of the generation that the recorded one has replaced. */
static bool is_of_before(const struct slot_memory *m, const struct acr_password *seen)
{
	return m->created != 0 && seen->created < m->created && seen->expires_us != m->asked_us;
}

/* The service may say the times of one generation more or less precisely from one answer to the
 * next. */
static bool is_recorded(const struct slot_memory *m, const struct acr_password *seen)
{
	const struct acr_password known = { .present = m->created != 0,
		                            .created = m->created,
		                            .expires_us = m->expires_us };

	return known.present && (seen->created == m->created || acr_same_generation(&known, seen));
}

static void take_slot(struct slot_memory *m, const struct acr_password *seen, int64_t now)
{
	m->foreign_created = m->foreign_expires_us = 0;
	if (!seen->present) {
		/* Of what is gone already, another generation was there since, or it is known. */
		if (m->created != 0 && !m->gone)
			m->absent_since = now;
		m->gone = m->created != 0;
		return;
	}
	m->absent_since = 0;
	if (is_recorded(m, seen)) {
		m->gone = false;
		return;
	}
	if (asked_by_us(m, seen->expires_us)) {
		if (is_of_before(m, seen))
			return;
		/* A generate of ours whose answer never came: nobody has that password. */
		m->created = seen->created;
		m->expires_us = seen->expires_us;
		m->print = (struct fingerprint){ 0 };
		m->delivered = m->gone = false;
		m->left = 0;
		if (seen->expires_us == m->asked_us)
			state_settle_intent(m);
		return;
	}
	m->gone = m->created != 0;
	m->foreign_created = seen->created;
	m->foreign_expires_us = seen->expires_us;
}

void observe_alive(struct observation *o, enum acr_slot slot)
{
	struct slot_memory *m = &o->state.slot[slot];

	o->alive[slot] = true;
	o->dead[slot] = o->doubted[slot] = false;
	m->gone = false;
	m->absent_since = m->foreign_created = m->foreign_expires_us = 0;
	/* One of the two is wrong: the very next run looks again. */
	o->state.last_inspected = o->state.last_verified = 0;
	o->dirty = true;
}

void observe_token(struct observation *o, const struct acr_token *token, int64_t now)
{
	struct slot_memory before[ACR_SLOT__COUNT];

	memcpy(before, o->state.slot, sizeof(before));
	o->asked = token == NULL ? TOKEN_MISSING : TOKEN_READ;
	o->read_at = now;
	for (int i = 0; token != NULL && i < ACR_SLOT__COUNT; i++) {
		take_slot(&o->state.slot[i], &token->slot[i], now);
		/* The registry has contradicted this in this run. */
		if (o->alive[i])
			observe_alive(o, (enum acr_slot)i);
		if (!token->slot[i].present ||
		    !acr_same_time(token->slot[i].created, o->state.slot[i].revoke))
			o->state.slot[i].revoke = 0;
	}
	/* With the token everything that was generated for it went. */
	for (int i = 0; token == NULL && i < ACR_SLOT__COUNT; i++) {
		o->state.slot[i].revoke = 0;
		o->state.slot[i].gone = o->state.slot[i].created != 0;
		o->state.slot[i].absent_since = 0;
	}
	if (token != NULL && o->state.disabled == token->enabled) {
		o->state.disabled = !token->enabled;
		o->state.rejected_at = 0; /* a disabled token is refused for that reason */
		o->dirty = true;
	}
	o->dirty = o->dirty || memcmp(before, o->state.slot, sizeof(before)) != 0;
	observe_build_views(o);
	observe_stamp(o, now);
}

struct acr_password observe_slot(const struct observation *o, enum acr_slot slot, bool *ours)
{
	const struct slot_memory *m = &o->state.slot[slot];

	*ours = m->foreign_created == 0;
	if (!*ours)
		return (struct acr_password){ .present = true,
			                      .created = m->foreign_created,
			                      .expires_us = m->foreign_expires_us };
	return (struct acr_password){ .present = m->created != 0 && !m->gone,
		                      .created = m->created,
		                      .expires_us = m->expires_us };
}

void observe_learn(struct observation *o, enum acr_slot slot, const struct secret *held)
{
	struct slot_memory *m = &o->state.slot[slot];

	assert(m->foreign_created == 0 && m->created != 0 && !m->gone &&
	       !fingerprint_is_set(&m->print)); /* see plan_judge_accepted */
	crypto_fingerprint(held, &m->print);
	m->delivered = true;
	m->left = 0;
	o->dirty = true;
	observe_sinks(o);
}
