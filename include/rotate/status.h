/* SPDX-License-Identifier: MIT */
/*
 * The status of a job, for `acrotate status` and the metrics. A pure function of an observation,
 * which is local unless the token was read. The small front program links this.
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
	JOB_WAITING,  /* due, but the spare slot may still be in use */
	JOB_HEALING,  /* a sink lags: the next run copies the newest password to it */
	JOB_REFUSED,  /* a person has to decide: the spare slot is foreign */
	JOB_FAILING,  /* the last run failed, or a sink cannot be read */
	JOB_STUCK,    /* passwords could not be delivered: backing off */
	JOB_DISABLED, /* the token is disabled */
	JOB_PAUSED,   /* enabled = no */
	/* a sink holds the password, but one of its readers would not use it */
	JOB_SHADOWED,
	JOB_NEW, /* nothing was generated yet, or the record was lost */
	JOB__COUNT
};
const char *status_state_name(enum job_state s);

/* How a follower stands to its source. */
enum job_follows {
	FOLLOWS_NOTHING, /* the job rotates */
	FOLLOWS_IN_STEP,
	FOLLOWS_BEHIND,     /* the next run takes what the source has */
	FOLLOWS_OLDER,      /* the source has an older password than the sinks */
	FOLLOWS_LATE,       /* the source should have a newer one by now */
	FOLLOWS_EMPTY,      /* the source has none */
	FOLLOWS_UNREADABLE, /* the source cannot be read */
	FOLLOWS_REFUSED,    /* the registry refused what the source has */
	FOLLOWS__COUNT
};
const char *status_follows_name(enum job_follows f); /* "in step" */

/* Times in seconds since 1970; 0: none, or not known. */
struct job_status {
	enum job_state state;
	bool active;        /* a sink holds a living password of ours, */
	enum acr_slot slot; /* of this slot (of a follower ACR_NO_SLOT: not known), */
	/* which expires and is replaced at these times; 0: not known, of a follower */
	int64_t expires, next_rotation;
	enum job_follows follows;
	/* as last seen */
	struct {
		bool present, ours;
		int64_t created, expires;
	} slots[ACR_SLOT__COUNT];
	int64_t not_before; /* of a rotation that has to wait */
	int64_t last_success, failing_since, failed_runs;
	/* time of the last run, set by status_set_run(); how long the job can go without one */
	int64_t last_run, bears;
	bool overdue; /* there was no run for longer than that */
	/* no deployed password works, though one should; one that is not known may */
	bool pulls_fail;
	size_t sinks, in_step, unread;
	bool hook_owed, revoking;
	/* the spare slot is foreign: the rotation will be refused when it is due */
	bool foreign_ahead;
	bool state_lost;
	/* how long the registry took to accept the newest password; 0: not known */
	int64_t accepted_after_ms;
};
/* now: by the service's clock. */
void status_of(const struct observation *o, int64_t now, struct job_status *out);
/* last_run: of last_run_of(). Where that is not known, nobody knows how many runs since the last
 * success had nothing to do; where it is, one on another host counts, too. */
void status_set_run(struct job_status *s, int64_t last_run, int64_t now);

#endif
