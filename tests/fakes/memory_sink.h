/* SPDX-License-Identifier: MIT */
/* A sink in memory. The test says what it holds and what fails; it borrows what it is told, so a
 * struct memory may lie on the stack. */
#ifndef FAKES_MEMORY_SINK_H
#define FAKES_MEMORY_SINK_H

#include "base/err.h"
#include "sink/sink.h"

struct memory {
	const char *place; /* what identity() says */
	char held[64];     /* "": nothing */
	char next[64];     /* prepared */
	bool unreadable, no_open, no_check, no_prepare, no_commit, no_sweep, no_trial;
	const char *remark; /* of a trial that goes well, or NULL */
	bool refuses;       /* a commit that fails says that nothing was written */
	bool deaf;          /* commit says that it went well, and nothing was written */
	int opens, checks, reads, prepares, commits, aborts, sweeps, trials;
	void (*committing)(struct memory *m); /* just before it changes, or NULL */
	void (*checking)(struct memory *m);
	struct sink_says says;
	enum err_kind no_touch; /* how a touch fails */
	int touches;
	char epoch[64]; /* of the last one */
	enum err_kind no_fence;
	int64_t fenced_until; /* what a fence says */
	int fences, unfences;
	void (*touching)(struct memory *m);
};
/* Its spec is the struct memory itself. One that other sinks are ordered behind: not atomic. */
/* The third: behind another program, as it were. What it does not show may be there all the
 * same. The next has to be tried before it is given anything, the next can be touched, and the
 * writes of the last one end with an access token. */
extern const struct sink_ops sink_memory, sink_memory_first, sink_memory_behind, sink_memory_tried,
	sink_memory_touched, sink_memory_fenced;

#endif
