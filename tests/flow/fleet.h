/* SPDX-License-Identifier: MIT */
/*
 * Several rotators of one job, in one process: a registry in memory, the emulator's cluster with
 * two Secrets, or two secrets of a key vault, the record in that cluster or in the emulator's
 * storage account, and rotators in threads of which only one ever runs. A rotator stops
 * before its Nth request, whatever that is, and goes on when it is told to: it was paused, or the
 * request was late, or it dies there.
 *
 * Behind each Secret stand consumers: whoever read it within grace. At every request it is seen
 * whether one of them, or a Secret, loses a password that works.
 */
#ifndef FLOW_FLEET_H
#define FLOW_FLEET_H

#include "base/err.h"
#include "fakes/fake_service.h"
#include "sink/sink.h"

#define FLEET_SECRETS 2
#define FLEET_HOUR    3600
#define FLEET_DAY     86400

/* What a build that leaves out a part of the rule would do. */
enum fleet_without {
	FLEET_WHOLE,
	FLEET_NO_TOUCH,
	FLEET_NO_TAINT,      /* the slot of somebody's intent is generated at once */
	FLEET_OTHER_SLOT,    /* ... or the other one is taken in its place */
	FLEET_NOT_BUSY,      /* ... others go on while what cannot be touched is being written */
	FLEET_RENEWS_TOKENS, /* ... and an access token that has expired is renewed */
};

extern struct fleet {
	struct fake_service service;
	enum fleet_without without;
	bool vaults;     /* the sinks are a key vault's secrets, which have no compare-and-swap */
	int kills;       /* passwords that worked, and were held */
	char first[400]; /* of them */
	const char *at;  /* what the test is trying, for that */
} fleet;

int fleet_set(void **state); /* cmocka's group fixtures */
int fleet_strike(void **state);
/* Nothing was delivered yet. */
void fleet_empty(void);
void fleet_pass(int64_t seconds);
/* What a Secret holds as a password; "": nothing. */
void fleet_password(int secret, char out[static FAKE_PASSWORD_MAX]);
void fleet_put(int secret, const char *password);
/* Both Secrets hold one password that works. */
bool fleet_in_step(void);

/* The record, as text; NULL: there is none. Of all that were seen since fleet_put_back() the first
 * that has an open intent. */
const char *fleet_record_of_intent(void);
void fleet_record_restore(const char *text);
/* The record is in the container from now on, or in the cluster. */
void fleet_record_move(bool container);

struct fleet_moment;
struct fleet_moment *fleet_snapshot(void);
void fleet_put_back(const struct fleet_moment *m);
void fleet_moment_free(struct fleet_moment *m);

struct rotator;
enum fleet_next {
	FLEET_GOES_ON,
	FLEET_ACTS_AND_DIES, /* the request comes in, its sender is no more */
	FLEET_DIES,
};
/* Runs until it has ended, or before its Nth request; 0: to its end. */
struct rotator *rotator_start(unsigned flags, int stop_before);
bool rotator_paused(const struct rotator *r);
void rotator_next(struct rotator *r, enum fleet_next how);
/* What it is paused before: "PATCH https://..." */
const char *rotator_at(const struct rotator *r);
/* Of one that has ended: did it well? Frees it. */
bool rotator_end(struct rotator *r, struct err *e);
/* All of it at once. */
bool fleet_run(unsigned flags, struct err *e);

#endif
