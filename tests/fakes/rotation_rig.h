/* SPDX-License-Identifier: MIT */
/*
 * A rotation against a service and sinks in memory, with somebody who meddles at one request or
 * at one commit. What is on the disk, in the sinks and at the service just then is what a kill
 * there would leave, and is noted as such.
 */
#ifndef FAKES_ROTATION_RIG_H
#define FAKES_ROTATION_RIG_H

#include "base/err.h"
#include "config/job.h"
#include "fakes/fake_service.h"
#include "fakes/memory_sink.h"
#include "rotate/rotation.h"

#define DAY_MS (86400 * INT64_C(1000))
#define SINKS  2

/* Somebody who does something before the nth request of a kind; `nth` 0: nobody. */
enum rig_moment { AT_READ, AT_GENERATE, AT_LOGIN };

extern struct rotation_rig {
	/* told: where a hook may leave a file */
	char *dir, state_dir[4200], secret_file[4200], told[4200];
	struct fake_service service;
	struct memory memory[SINKS];
	struct sink_spec specs[SINKS];
	struct job job;
	struct store *store;
	struct {
		enum rig_moment kind;
		int nth;
		void (*fn)(void);
	} meddler;
	struct arm *arm; /* while a job runs: the client that it shares with others */
	/* before its first step, and each time it waits; or NULL */
	void (*beginning)(void);
	void (*waiting)(struct rotation *r);
	/* What was met on the way since rig_stage() or rig_clear_met(). */
	struct {
		int reads, generates, logins, polls; /* requests */
		int accepted_in_a_row;
		bool fired;          /* somebody meddled */
		char bodies[4][400]; /* of the first generates */
		/* on the disk then, of the slot that is asked for */
		int64_t asked_us[4], asked_before_us[4];
		/* on the disk, at the first of them */
		int64_t revoke_at_first[2];
		/* generates of a slot whose living password a sink held */
		int held_killed;
		/* while an operation was seen running */
		bool operation_remembered;
		struct state at_commit, at_generate; /* what was on the disk */
		bool works_at_commit;
		int accepted_at_commit, reads_at_last_login, reads_at_commit;
	} met;
	/* passwords: in the sinks, in them before that, somebody else's */
	char deployed[64], before[64], foreign[64];
} rig;

/* For a group of tests. */
int rig_set(void **state);
int rig_strike(void **state);

/* One token of an empty registry, and a job with two sinks, a lifetime of 90 days and a grace of
 * one. */
void rig_stage(void);
void rig_one_slot(void); /* the first password was delivered, the other slot is empty */
/* Both slots are ours, one is deployed, the other was left long ago; the next rotation is due in
 * a few days. */
void rig_due(void);

struct ending {
	struct err e;
	struct outcome out;
};
bool rig_run(unsigned flags, struct ending *end);
/* Well (ERR_NONE), or with an error of this kind that says so. */
bool rig_ended(const struct ending *end, bool ok, enum err_kind kind, const char *says);
void rig_must_run(unsigned flags);
/* Where it is; `end`: behind its name. Caller frees. */
char *rig_state_path(const char *end);
void rig_load(struct state *out); /* the state as it is on the disk */
void rig_clear_met(void);
/* what the sinks do just before a commit: notes what is there */
void rig_committing(struct memory *m);
bool rig_works(size_t sink);           /* does the registry accept what it holds? */
int rig_slot_of(const char *password); /* 0 or 1; -1: it is dead */

/* For the meddler. */
/* somebody generates the slot that is not deployed */
void rig_generate_spare(void);
/* From now on each answer takes so long that a reading of the token is old when a generate is due:
 * it is read again. */
void rig_slow(void);
void rig_disable(void);     /* the token */
void rig_fall_silent(void); /* from here on the token cannot be read */
void rig_pass_hour(void);
/* Another rotator saves this record, which is shared, with accepted_after_ms 4711. */
void rig_record_elsewhere(const struct store *shared);

#endif
