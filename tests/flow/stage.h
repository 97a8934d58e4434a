/* SPDX-License-Identifier: MIT */
/*
 * The real rotation over a service in memory and real files, in a directory of its own: what the
 * tests that stop it, and the tests that let everything fail, have in common. Scenarios set the
 * stage; a snapshot puts it back as it was; the promise is checked by code that is not
 * acrotate's.
 */
#ifndef FLOW_STAGE_H
#define FLOW_STAGE_H

#include "fakes/fake_service.h"

struct err;

#define DAY_MS (86400 * INT64_C(1000))
#define SINKS  2 /* config.json, registry.env */

/* What a broken build would do. */
enum breaks {
	INTACT,
	COMMIT_BEFORE_PROOF,
	FAILING_SINK,
	FAILING_OPEN,
	FAILING_TRIAL,
	OPTIONAL_PREPARES_FAIL,
	OPTIONAL_COMMITS_FAIL,
	OVERWRITTEN,
	UNREADABLE
};

/* service: shared with children. */
extern struct stage {
	struct fake_service *service;
	char *dir;
	enum breaks broken;
} stage;

/* cmocka's group fixtures. */
int stage_set(void **state);
int stage_strike(void **state);

struct snapshot;
struct snapshot *stage_snapshot(void);
void stage_put_back(const struct snapshot *s);
/* Nothing has run yet: a job with two sinks, and a config.json with a foreign entry. */
void stage_empty(void);

char *stage_path(const char *name); /* below dir; the caller frees */
bool stage_has(const char *name);
/* those beside the sinks and in the state directory */
int stage_temporaries(void);
/* What a sink holds as a password, by our own reading of it; "" for nothing. */
void stage_password(int sink, char out[static FAKE_PASSWORD_MAX]);
/* the sinks' first, then others that runs make; NULL: there are no more */
const char *stage_file(int i);

/* Other lines of [job] (no group: without its resource_group); another [azure]; a file as it is. */
void stage_config(const char *extra);
void stage_config_without_group(const char *extra);
/* A job that follows source.txt, a file of the form "PASSWORD EXPIRES SLOT". */
void stage_follower(const char *extra);
/* What a rotator would leave there now, of this slot (0 or 1). */
void stage_source(int slot);
void stage_put(const char *name, const char *text);
/* One run of the job, flags as rotation_new()'s. */
bool stage_run(unsigned flags, struct err *e);

/* ---- scenarios ------------------------------------------------------------------------------- */

struct scenario {
	const char *name;
	void (*set)(void);
	unsigned flags;
	int due; /* generates that an undisturbed run needs */
	bool hook;
	/* after the stop: nothing of ours may die, but a person may have to decide */
	bool state_lost;
	enum breaks broken; /* in the run that is disturbed */
};
const struct scenario *stage_scenario(size_t i); /* NULL: there are no more */
/* more of them, where something is slow, or to be made, or taken over */
const struct scenario *stage_scenario_of_errors(size_t i);
/* one delivery long ago, one yesterday, and the next is due */
void stage_due(void);

/* ---- the promise ----------------------------------------------------------------------------- */

struct tally {
	int points, violations, stuck, waited, extra, litter;
	char first[400];
};

/* One disturbance. `held`: in the sinks before the run that is disturbed. `read`: by a consumer
 * behind each sink, between that run and the next one. */
struct point {
	const struct scenario *sc;
	const char *kind; /* of disturbance, and where: for the message */
	int at;
	int more; /* generates that the disturbance may cost beside the one */
	struct tally *sum;
	char held[SINKS][FAKE_PASSWORD_MAX], read[SINKS][FAKE_PASSWORD_MAX];
	bool worked[SINKS], read_works[SINKS];
};
void promise_before(struct point *p);
void promise_between(struct point *p);
/* Whatever a sink holds works, unless it is what was there before and did not; and what
 * consumers had read works yet. */
void promise_kept(const struct point *p, const char *when);
/* The run behind the disturbed one ended so: all sinks have one working password, with at most
 * one generate more than was due. */
void promise_converged(const struct point *p, bool ok, const struct err *e);
/* The one after it has nothing to do. */
void promise_quiet(const struct point *p);
void promise_wrong(const struct point *p, int *count, const char *what, const char *why);

#endif
