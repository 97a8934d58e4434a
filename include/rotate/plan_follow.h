/* SPDX-License-Identifier: MIT */
/*
 * The decision of a follower, as a pure function: a job that does not generate passwords, but
 * copies what a rotator has delivered to its source. Its ledger has two places, for the password in
 * use and the one before or after it; they are not the service's slots.
 */
#ifndef ROTATE_PLAN_FOLLOW_H
#define ROTATE_PLAN_FOLLOW_H

#include "rotate/plan.h"

/* A password in the ledger. */
struct follow_known {
	bool known;
	bool dead;       /* the registry has refused it for verify_timeout */
	int64_t created; /* when it was seen first; orders what has no expiry */
	int64_t expires; /* seconds; 0: not known */
};

struct follow_input {
	int64_t now, renew_before;
	enum follow_source { FOLLOW_UNREAD, FOLLOW_EMPTY, FOLLOW_READ } source;
	enum acr_slot source_is; /* its place in the ledger; ACR_NO_SLOT: it is new */
	int64_t source_expires;  /* as the source says it; 0: it does not */
	bool force;              /* take it though it is not newer */
	bool verified;           /* this run: the registry accepts what is deployed */
	bool verify_due;
	struct follow_known known[ACR_SLOT__COUNT];
	const struct sink_view *sinks; /* those of the job; `holds` is a place in the ledger */
	size_t n_sinks;
};

/*
 * KEEP: every sink has what the source has, or the newer one. VERIFY: ask the registry about
 * `slot`. FOLLOW: prove what the source has, deliver it to every sink that has another. HEAL: copy
 * what sink `source` has to those that lag. WAIT: the source has nothing newer, and that is a
 * failure. REFUSE: no sink can be read.
 */
struct plan plan_follow_decide(const struct follow_input *in);
/* Does a sink that holds `held` go on with that rather than take the source's password? */
bool plan_follow_stays(const struct follow_input *in, enum acr_slot held);

#endif
