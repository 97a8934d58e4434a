/* SPDX-License-Identifier: MIT */
/*
 * One token of one registry, in memory: Entra ID, the resource manager and the registry's login
 * behind one struct http, with a clock of its own. Plain data, so that it can lie in memory that
 * a child shares with its parent, and be copied to be put back.
 *
 * Registry "contoso" in group "rg", login server contoso.azurecr.io, token "web-pull". It knows
 * nothing of acrotate: a slot that is generated loses its old password at once, the new one is
 * accepted after `propagation_ms`, an expiry is echoed as it was sent.
 */
#ifndef FAKES_FAKE_SERVICE_H
#define FAKES_FAKE_SERVICE_H

#include "base/env.h"
#include "http/http.h"

#define FAKE_PASSWORD_MAX 53
#define FAKE_EXPIRY_MAX   40

#define FAKE_PUT (-1)

struct fake_slot {
	bool present;
	int64_t created;              /* ticks */
	char expiry[FAKE_EXPIRY_MAX]; /* as sent, trailing zeros dropped; "": never */
	int64_t expires_ms, accepted_ms;
	char password[FAKE_PASSWORD_MAX];
};

/* What becomes of one request, the at-th (from 1) since `requests` was 0; stays: and of all
 * after it. */
enum fake_failure {
	FAKE_WELL,
	FAKE_REFUSED,
	FAKE_CUT,
	FAKE_CUT_ACTED /* it acted */,
	FAKE_STATUS,
	FAKE_GARBAGE /* acted */,
	FAKE_EMPTY /* acted */
};
/* -1: none */
struct fake_fault {
	enum fake_failure what;
	int at;
	bool stays;
	int status;
	const char *code;
	int64_t retry_after_ms;
	const char *only; /* requests with this in "METHOD URL"; others are well. NULL: all */
	int64_t until_ms; /* with `stays`: by the service's clock; 0: for ever */
};

struct fake_service {
	int64_t clock_ms; /* since 1970; the local clock too */
	uint64_t seed;
	struct fake_slot slot[2];
	int64_t propagation_ms;
	int generated, requests;
	/* so many of the next generates act, and their answers are lost */
	int lose_replies;
	int late_requests; /* so many are cut off, and act `late_ms` later */
	/* the same, of the PUTs that make the token */
	int lose_puts, late_puts;
	int64_t late_ms;
	struct fake_late {
		bool on;
		int slot; /* FAKE_PUT: it makes the token */
		int64_t at_ms;
		char expiry[FAKE_EXPIRY_MAX];
	} late[4];
	struct fake_fault fault;
	int64_t skew_ms;      /* its clock minus ours */
	int64_t latency_ms;   /* what each request takes beside its 20 ms */
	bool grants_for_ever; /* passwords never expire, whatever was asked for */
	int disable_at;       /* the token is disabled from this request on; 0: never */
	/* somebody else generates both slots behind the third login in a row that was accepted */
	bool taken_when_proven;
	int logins;
	/* somebody else generates both slots before this request; 0: never */
	int taken_at;
	/* far.azurecr.io, a replica: so much later than the others it accepts a password */
	int64_t far_ms;
	int far_logins;     /* accepted there */
	const char *group;  /* where the registry is now; NULL: rg */
	bool missing;       /* there is no token, until somebody makes it */
	int puts;           /* how often somebody did: each time its passwords are wiped */
	int missing_shown;  /* so many of the next reads say that it is missing */
	int64_t created_ms; /* when somebody did; 0: long ago */
	/* how often one asks until a PUT, or a generate, is done; -1: it never is */
	int creating, generating;
	bool create_fails; /* a PUT that has to be asked about ends so */
	/* one asks about a PUT by the status of its operation, which says no more than that */
	bool create_by_status;
	int pending, pending_slot; /* of those that are left, and what was generated */
	/* what az does when no slot is named: every generate replaces both */
	bool both;
	void (*seam)(void); /* called before and after each request acts, or NULL */
	/* before it acts, with what it asks for, or NULL */
	void (*asked)(struct fake_service *s, const struct http_request *rq);
	/* so many of the next ones are refused, provably without having acted */
	int refuse_generates;
	/* the code of the 404 while it is missing; NULL: ResourceNotFound */
	const char *missing_code;
	int fail_reads; /* so many of the next reads of the token fail in passing */
	/* the expiry that is given instead of what is asked for, or NULL */
	const char *granted;
	/* a generate is answered 202 and carried out so much later; 0: at once */
	int64_t running_ms;
	bool deny_polls; /* whoever asks how it goes may not know */
	struct fake_running {
		bool on;
		int slot;
		int64_t at_ms;
		char expiry[FAKE_EXPIRY_MAX];
	} running;
	int64_t local_ahead_s;   /* so much is the local clock ahead of the service's */
	const char *credentials; /* what a read says in place of the credentials, or NULL */
	bool says_seconds;       /* a read says times in whole seconds */
	int shows_stale;         /* so many of the next reads show `stale` in place of the slots */
	struct fake_slot stale[2];
	bool no_date; /* answers bear no Date */
};

void fake_service_init(struct fake_service *s);
/* Time goes by; what was late acts when it is due. */
void fake_service_pass(struct fake_service *s, int64_t ms);
/* Somebody else generates a slot: 0 or 1. */
void fake_service_generate(struct fake_service *s, int slot, const char *expiry);
void fake_service_wipe(struct fake_service *s);
/* Would the registry accept it now? */
bool fake_service_accepts(const struct fake_service *s, const char *password);
/* A client; an environment whose clock is the service's and whose randomness comes from its
 * seed. */
struct http *fake_service_client(struct fake_service *s);
struct env fake_service_env(struct fake_service *s);

#endif
