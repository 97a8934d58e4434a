/* SPDX-License-Identifier: MIT */
/*
 * One job: the sequence of a rotation, as a table of steps. After a stop at any step, by an error,
 * kill -9 or a power cut, every consumer still holds a working password, and the next run goes on
 * from there.
 */
#ifndef ROTATE_ROTATION_H
#define ROTATE_ROTATION_H

#include "rotate/plan.h"
#include "rotate/state.h"

struct arm;
struct env;
struct err;
struct former;
struct http;
struct job;
struct registry_book;
struct registry_gates;
struct rotation;

/* Shared by all jobs of a run. Thread-safe. */
struct world {
	const struct env *env;
	const struct store *store;
	/* The client of the job's identity; valid until the end of the run. */
	struct arm *(*arm)(void *ctx, const struct job *job);
	void *ctx;
	struct registry_gates *registries; /* NULL: registries do not throttle */
	struct registry_book *book;        /* NULL: each job looks its registry up */
	struct former *former;             /* NULL: a job knows only what is under its own name */
};

enum rotate_flags {
	ROTATE_DRY_RUN = 1 << 0,
	ROTATE_FORCE = 1 << 1,
	/* Deliver a new password to every sink, then kill all earlier ones. Once begun, it is
	 * finished by the next run, whatever its flags. */
	ROTATE_REVOKE = 1 << 3,
	ROTATE_REVOKE_NOW = 1 << 4, /* with REVOKE: kill first, then deliver */
	/* with REVOKE: also password1 if it is foreign; REVOKE_2: password2 */
	ROTATE_REVOKE_1 = 1 << 5,
	ROTATE_REVOKE_2 = 1 << 6,
	/* with DRY_RUN: read the token and log in with what is deployed even if nothing is due */
	ROTATE_ASK = 1 << 2
};

/* The result, for output and metrics. Times in seconds since 1970, 0: not known. */
struct outcome {
	/* KEEP, VERIFY, ROTATE, HEAL, CREATE, WAIT, REFUSE; of several, the last one that changed
	 * something */
	enum plan_action did;
	enum plan_reason why;
	bool changed; /* a sink or the token was changed */
	/* ROTATE: sinks got a new password; false if a slot was only generated to kill what was in
	 * it */
	bool delivered;
	bool created; /* the token was created first */
	bool revoked; /* a revoke was completed */
	bool active;  /* a living password is deployed: */
	/* its slot; in a dry run that would rotate, the slot to generate */
	enum acr_slot slot;
	int64_t expires, next_due;
	int64_t when; /* WAIT: not before */
	/* ROTATE: how long the registry took to accept it; -1: not asked (verify = wait) */
	int64_t accepted_after_ms;
	size_t sinks, in_step; /* sinks of the job; sinks that hold the active password */
	bool foreign_ahead;
	/* the slot to name in may_replace */
	struct may_replace_hint {
		bool known;
		enum acr_slot slot;
		int64_t created, expires_us;
	} foreign;
	bool warn_foreign;   /* today's warning is due */
	const char *follows; /* of a follower: what it follows; NULL: it rotates. Borrowed */
	bool paused;         /* enabled = no: nothing was observed */
	bool told;           /* the error was logged already, sink by sink */
	/* a transient failure has lasted for `patience`, or the expiry is near */
	bool loud;
};

/* `job` is borrowed. */
struct rotation *rotation_new(const struct world *w, const struct job *job, unsigned flags,
                              int64_t patience);
/*
 * Runs steps until one has to wait (true, *again_ms >= 0: call again after that time, from any
 * thread), the job is done (true, *again_ms == -1), or it failed (false). After a failure *e says
 * why, and every sink that could be written was. The outcome is valid in all three cases.
 */
MUST_USE bool rotation_step(struct rotation *r, struct http *h, int64_t *again_ms, struct err *e);
/* The job's current status; false: it was never observed (another run holds its lock). */
struct job_status;
MUST_USE bool rotation_status(const struct rotation *r, struct job_status *out);
/* What the run has observed so far, or NULL. Valid until its next step. */
struct observation;
const struct observation *rotation_observation(const struct rotation *r);
const struct outcome *rotation_outcome(const struct rotation *r);
/* The line in which the job stands, as an opaque key; NULL: in none. Of those that stand in one
 * only the first is to be stepped, and only when it is its turn, which is cheap to ask. */
const void *rotation_line(const struct rotation *r);
MUST_USE bool rotation_turn(struct rotation *r, int64_t *wait_ms);
/* Does it wait because Azure limits the rate of requests? */
bool rotation_throttled(const struct rotation *r);
/* Does it wait for the registry to accept the new password? */
bool rotation_replicating(const struct rotation *r);
/* The name of the next step, for messages and tests. */
const char *rotation_at(const struct rotation *r);
void rotation_free(struct rotation *r);

/* The reason of a decision as text: "rotate password2: due since 2026-01-02T03:04:05Z". Several
 * lines for a foreign slot. */
struct buf;
void rotation_outcome_text(const struct outcome *o, bool dry_run, int64_t now, struct buf *out);

#endif
