/* SPDX-License-Identifier: MIT */
/*
 * How a job stands, in figures: what `acrotate status` shows and the metrics say. Pure: from an
 * observation, which is local unless the token was read. The small front program links this.
 */
#ifndef ROTATE_STATUS_H
#define ROTATE_STATUS_H

#include "azure/acr.h"
#include "base/base.h"

struct buf;
struct observation;

enum job_state {
	JOB_OK,
	JOB_DUE,      /* the next run rotates */
	JOB_WAITING,  /* due, but the spare slot has to wait */
	JOB_HEALING,  /* a sink lags behind: the next run copies the newest password to it */
	JOB_REFUSED,  /* a person has to decide: the spare slot is foreign */
	JOB_FAILING,  /* the last run failed, or a sink cannot be read */
	JOB_STUCK,    /* generates led nowhere: backing off */
	JOB_DISABLED, /* the token is */
	JOB_PAUSED,   /* enabled = no */
	/* the password is in its place, and one of those who read it would not take it */
	JOB_SHADOWED,
	JOB_NEW, /* nothing was generated yet, or the state was lost */
	JOB__COUNT
};
const char *status_state_name(enum job_state s);

/* Times in seconds since 1970; 0: none, or not known. */
struct job_status {
	enum job_state state;
	bool active;                    /* a sink holds a living password of ours: */
	enum acr_slot slot;             /* in this slot, */
	int64_t expires, next_rotation; /* which expires, and makes way */
	/* as last seen */
	struct {
		bool present, ours;
		int64_t created, expires;
	} slots[ACR_SLOT__COUNT];
	int64_t not_before; /* of a rotation that has to wait */
	int64_t last_success, failing_since, failed_runs;
	/* when a run last looked, said by status_set_run(); how long the job can go without one */
	int64_t last_run, bears;
	bool overdue;    /* there was none for longer */
	bool pulls_fail; /* nothing works that is deployed, though something should */
	size_t sinks, in_step, unread;
	bool hook_owed, revoking;
	/* the spare slot is foreign: the job will be refused when it is due */
	bool foreign_ahead;
	bool state_lost;
	/* how long the registry took to accept the newest password; 0: not known */
	int64_t accepted_after_ms;
};
/* now: the service's clock. */
void status_of(const struct observation *o, int64_t now, struct job_status *out);
/* last_run: of last_run_of(), which is behind by what older versions have done. */
void status_set_run(struct job_status *s, int64_t last_run, int64_t now);

#endif
