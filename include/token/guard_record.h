/* SPDX-License-Identifier: MIT */
/* The record of a job whose token a command changes: what the command has asked of Azure is an
 * intent in it, as a run's would be (rotate/state.h). */
#ifndef TOKEN_GUARD_RECORD_H
#define TOKEN_GUARD_RECORD_H

#include "rotate/observe.h"

struct arm_operation;
struct err;
struct former;
struct job;
struct store;

struct guard_record {
	const struct store *store; /* borrowed, as are the job and `former` */
	struct former *former;
	const struct job *job;
	bool open;
	/* The job remembers nothing of its sinks, and goes on so: of two jobs with one token that
	 * is what tells which had it first (config_first()). */
	bool never_ran;
	struct observation o;
	/* of the intents that the command has added */
	unsigned tainted, running; /* TOKEN_KILLS_...; these with an operation */
	int64_t since;
	struct guard_before {
		bool intent;
		int64_t since, dead_at, abandoned, asked_us, asked_before_us;
	} before[ACR_SLOT__COUNT];
};
/* Loads the record, with what others tell of requests if it is missing or lost, as a run does, and
 * reads the sinks. */
MUST_USE bool guard_record_open(struct guard_record *g, struct err *e);
void guard_record_close(struct guard_record *g);
/* Saves, before a request is sent, that it may replace or remove the passwords of these slots;
 * dead_at as in struct slot_memory. Nothing is changed if that fails. ERR_CONFLICT: another rotator
 * was here. */
MUST_USE bool guard_record_intend(struct guard_record *g, unsigned slots, int64_t now,
                                  int64_t dead_at, struct err *e);
/* It has acted, or will not: the intents are what they were before. */
MUST_USE bool guard_record_withdraw(struct guard_record *g, struct err *e);
/* Nobody waits for it any more, but it may act. Unsaved it is as if the command had been killed:
 * the next run counts from there. */
void guard_record_abandon(struct guard_record *g, int64_t now);
/* Behind the answer an operation goes on, which a run can ask about. */
void guard_record_running(struct guard_record *g, const struct arm_operation *op);
/* Whoever sent what is recorded as under way does not hold the lock any more: its life is counted
 * from now. */
MUST_USE bool guard_record_take_over(struct guard_record *g, int64_t now, struct err *e);
/* Until when requests may still act on one of these slots, by the record; 0: none may. INT64_MAX:
 * it is not known. */
int64_t guard_record_standing(const struct guard_record *g, unsigned slots, int64_t now);

#endif
