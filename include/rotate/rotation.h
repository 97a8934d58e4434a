/* SPDX-License-Identifier: MIT */
/*
 * One job: the sequence of a rotation, a table of steps. Stop after any of them, by error, kill
 * -9 or power cut, and every consumer still holds a password that works; the next run carries on
 * from there.
 */
#ifndef ROTATE_ROTATION_H
#define ROTATE_ROTATION_H

#include "rotate/plan.h"
#include "rotate/state.h"

struct arm;
struct env;
struct err;
struct http;
struct job;
struct rotation;

/* What all jobs of a run share. Thread-safe. */
struct world {
	const struct env *env;
	const struct store *store;
	/* One struct arm per identity; valid until the end of the run. */
	struct arm *(*arm)(void *ctx, const struct job *job);
	void *ctx;
};

enum rotate_flags {
	ROTATE_DRY_RUN = 1 << 0,
	ROTATE_FORCE = 1 << 1,
	/* New password to every sink, then every earlier one is dead. Once begun it is finished
	 * by the next run, whatever its flags. */
	ROTATE_REVOKE = 1 << 3,
	ROTATE_REVOKE_NOW = 1 << 4, /* with REVOKE: kill first, deliver then */
	/* with REVOKE: password1 too, though it is foreign */
	ROTATE_REVOKE_1 = 1 << 5,
	ROTATE_REVOKE_2 = 1 << 6,
	/* with DRY_RUN: read the token and log in with what is deployed, though nothing is due */
	ROTATE_ASK = 1 << 2
};

/* What became of it, for output and metrics. Times in seconds since 1970, 0 when not known. */
struct outcome {
	/* KEEP, VERIFY, ROTATE, HEAL, CREATE, WAIT, REFUSE; of several the last that changed
	 * something */
	enum plan_action did;
	enum plan_reason why;
	bool changed; /* a sink or the token was changed */
	/* of a ROTATE: a new password was given to sinks, not just a slot generated to kill what
	 * was in it */
	bool delivered;
	bool created; /* the token was, first of all */
	bool revoked; /* a revoke was brought to its end */
	bool active;  /* a living password is deployed: */
	/* its slot; in a dry run that would rotate: the slot to generate */
	enum acr_slot slot;
	int64_t expires, next_due;
	int64_t when; /* WAIT: not before */
	/* ROTATE: how long the registry took; -1: it was not asked (verify = wait) */
	int64_t accepted_after_ms;
	size_t sinks, in_step; /* sinks of the job; those that hold the active password */
	bool foreign_ahead;
	/* the slot to name in may_replace */
	struct may_replace_hint {
		bool known;
		enum acr_slot slot;
		int64_t created, expires_us;
	} foreign;
	bool warn_foreign; /* today's warning is due */
	bool paused;       /* enabled = no: nothing was looked at */
	bool told;         /* the error was logged already, sink by sink */
	/* a transient failure has lasted `patience`, or the expiry is near */
	bool loud;
};

/* `job` is borrowed. */
struct rotation *rotation_new(const struct world *w, const struct job *job, unsigned flags,
                              int64_t patience);
/*
 * Runs steps until one has to wait (true, *again_ms >= 0: call again then, from any thread), or
 * the job is done (true, *again_ms == -1), or it failed (false): then *e says why, and sinks
 * that could be served were. `outcome` is valid in all three cases.
 */
MUST_USE bool rotation_step(struct rotation *r, struct http *h, int64_t *again_ms, struct err *e);
/* How the job stands now; false: it was never looked at (another run holds its lock). */
struct job_status;
MUST_USE bool rotation_status(const struct rotation *r, struct job_status *out);
/* What the run has seen so far, or NULL. Valid until its next step. */
struct observation;
const struct observation *rotation_observation(const struct rotation *r);
const struct outcome *rotation_outcome(const struct rotation *r);
/* Is it put aside because Azure limits the rate of requests? */
bool rotation_throttled(const struct rotation *r);
/* Is it waiting for the registry to accept the new password? */
bool rotation_replicating(const struct rotation *r);
/* The name of the step that comes next, for messages and tests; rotation_steps() counts them. */
const char *rotation_at(const struct rotation *r);
void rotation_free(struct rotation *r);

/* "rotate password2: due since 2026-01-02T03:04:05Z". Readable reason of a decision; several
 * lines for a foreign slot. */
struct buf;
void rotation_outcome_text(const struct outcome *o, bool dry_run, int64_t now, struct buf *out);

#endif
