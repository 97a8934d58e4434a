/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of a job: the ledger of its two slots, and what the
 * service was last seen to say. What the sinks hold is never remembered for a
 * decision; it is read back every run and matched by fingerprint, so the
 * record cannot drift from the truth. No secret is in it.
 *
 * STATE_DIR/NAME.state, INI, mode 0600, replaced atomically. A file of another
 * machine (a hash of the machine id differs), of an unknown version, or that
 * cannot be parsed counts as lost: state_load says so and returns an empty one.
 */
#ifndef ROTATE_STATE_H
#define ROTATE_STATE_H

#include "azure/acr.h"
#include "base/crypto.h"

struct err;

/* The ledger of a slot. created == 0: we know of no generation of ours. */
struct slot_memory {
	int64_t      created;            /* generation id: ticks of 100 ns since 1970, exactly as the service says it */
	int64_t      expires_us;         /* as asked for and echoed; never 0 for a generation of ours */
	struct print print;              /* all zero: claimed by an intent, its password was never seen */
	bool         delivered;          /* durable before the first sink changed */
	int64_t      left;               /* since when every run saw no sink holding it; 0: held, or not known */
	struct {
		int64_t expires_us;      /* the expiry asked for, its microseconds random; 0: no intent */
		int64_t since;           /* seconds, service clock: when the request may last have been sent */
		int64_t created_before;  /* the slot's generation when it was sent; 0: absent */
	} intent;
	struct { int64_t created, expires_us; } foreign;   /* the last generation seen that is not ours; created 0: none */
};

/* Per sink: what it was last seen holding or given; for one that cannot be read or is no longer in the job. */
struct sink_memory {
	char        *name;
	bool         holds;              /* false: nothing of ours */
	enum acr_slot slot;
	int64_t      created;            /* the generation */
	bool         hook_owed;
};

struct state {
	bool lost;                       /* there was a file, but it could not be used */
	struct slot_memory slot[ACR_SLOT__COUNT];
	char   *login_server, *group;
	int64_t last_success, last_verified, last_inspected, failing_since, next_generate;
	int64_t failures;                /* generates in a row that led nowhere */
	int64_t last_warned;             /* foreign slots: once a day */
	int64_t rejected_at;             /* when the registry first refused what the sinks hold; 0: not */
	bool    disabled;                /* the token, as last seen */
	bool    job_hook_owed;
	int64_t accepted_after_ms;       /* how long the newest password took to be accepted */
	struct sink_memory *sinks;
	size_t  n_sinks;
};

/* True with an empty state when there is no file. False only for a file that exists and cannot be read (LOCAL). */
MUST_USE bool state_load(const char *dir, const char *job, struct state *out, struct err *e);
MUST_USE bool state_save(const char *dir, const char *job, const struct state *s, struct err *e);
void state_clear(struct state *s);
#define AUTO_STATE AUTO(state_clear)
struct sink_memory *state_sink(struct state *s, const char *name);   /* found or added; valid until the next add */

#endif
