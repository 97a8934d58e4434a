/* SPDX-License-Identifier: MIT */
/* How far a run is: a live line on a terminal, a line every minute in a verbose log.
 * Thread-safe. */
#ifndef SRC_CLI_PROGRESS_H
#define SRC_CLI_PROGRESS_H

#include "base/base.h"

struct progress;
struct report;

enum progress_state {
	PROGRESS_NEW,
	PROGRESS_DONE,
	PROGRESS_WORKING,
	PROGRESS_REPLICATION,
	PROGRESS_WAITING,
	PROGRESS_THROTTLED,
	PROGRESS_FAILED,
	PROGRESS__COUNT
};

struct progress *progress_new(size_t total, struct report *report);
void progress_free(struct progress *p);
/* Moves a job from *state. job and step say what a waiting one waits for; with a single job they
 * are shown. */
void progress_move(struct progress *p, enum progress_state *state, enum progress_state to,
                   const char *job, const char *step);
void progress_show(struct progress *p);

#endif
