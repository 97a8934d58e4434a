/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of a job: the ledger of its two slots, and what the
 * service said last. No decision relies on what the sinks were remembered to
 * hold, if they can be read: every run reads them back and matches them by
 * fingerprint, so the record cannot drift from the truth. It contains no secret.
 *
 * A record in a store, as INI. It belongs to a subject: a store (by its identity; for a directory,
 * a hash of the machine's id), a registry, a token and the job's name. A record of another subject,
 * of an unknown version, or that cannot be parsed counts as lost: state_load() says why and returns
 * an empty state, and nothing of the record is used. The first save sets it aside.
 */
#ifndef ROTATE_STATE_H
#define ROTATE_STATE_H

#include "azure/acr.h"
#include "base/crypto.h"
#include "base/err.h"
#include "store/store.h"

struct err;

/* Azure takes an expired access token for some 5 minutes, by a clock that may differ from the one
 * we know: so long after its expiry nothing that it signed acts any more. */
#define STATE_TOKEN_GRACE_S 360

/* The ledger of a slot. created == 0: no generation of ours is known. */
struct slot_memory {
	/* generation id: ticks of 100 ns since 1970, exactly as the service reports it */
	int64_t created;
	/* as requested and echoed; never 0 for a generation of ours */
	int64_t expires_us;
	/* all zero: recognized by its expiry only, its password was never seen */
	struct fingerprint print;
	bool delivered; /* saved before the first sink is changed */
	/* the service no longer has this generation */
	bool gone;
	/* seconds: since when no answer has had it, nor another one in its place; 0: one has */
	int64_t absent_since;
	/* seconds: since when no sink has held it, seen by every run; 0: held, or not known */
	int64_t left;
	/* A generate may have been sent whose outcome was never seen. Until it is known to have
	 * acted, or can no longer act, the slot is tainted: no rotator generates it. With asked_us
	 * == 0 it is another request that may replace the slot's password, see state_taint(). */
	bool intent;
	int64_t intent_since; /* seconds: when it was recorded */
	/* seconds: when the access tokens of its rotation have certainly expired; 0: not known */
	int64_t dead_at;
	/* seconds: when its sender had stopped waiting for it; 0: not yet */
	int64_t abandoned;
	/* The record is shared by several rotators; not saved. The sender may just be paused, so
	 * only dead_at ends its request. */
	bool shared;
	/* the URL of the operation that was last seen running; NULL: none */
	char *operation;
	bool operation_by_status; /* its state is in the body of the answer, see azure/arm.h */
	/* of a follower: the number of the service's slot, as its source said it; 0: it did not */
	int64_t said;
	/* The last two expiries that were requested: a generation with one of them is ours, even
	 * if the request acted late. Equal if the request was repeated while the first could still
	 * act. 0: none, or not known. */
	int64_t asked_us, asked_before_us;
	/* the generation that a revoke under way has to kill; 0: none */
	int64_t revoke;
	/* the foreign generation in the slot; 0: none */
	int64_t foreign_created, foreign_expires_us;
};

/* Per sink: what it was last seen to hold, or was given. Counts while the sink cannot be read or
 * is no longer in the job. */
struct sink_memory {
	/* [sink NAME]; where it writes (sink_ops.identity): a sink that moved leaves its old place
	 * behind */
	char *name, *place;
	/* The generation of each slot that it may hold; 0: none. What it is given is entered before
	 * the sink changes; see observe.h for when an entry is removed. */
	int64_t may_hold[ACR_SLOT__COUNT];
	/* The generation of each slot that it may hold, but once failed to show; 0: none. There may
	 * be another store behind it, whose contents prove nothing about the first, so no commit
	 * makes the sink let go of it. Ends when the sink shows it again, unless it was given it
	 * once more, which proves nothing. */
	int64_t unseen[ACR_SLOT__COUNT];
	bool given_again;
	/* it was last read to hold a password that is not ours and may work */
	bool held_foreign;
	bool hook_owed;
	bool tried; /* it has taken a password and given it back: sink_ops.trial */
};

/* Why an existing record cannot be used. */
enum state_lost {
	LOST_NOT,
	LOST_DAMAGED,
	LOST_VERSION,
	LOST_MACHINE,
	LOST_JOB,
	LOST_TOKEN,
	LOST_REGISTRY,
	LOST_ROLE
};

struct state {
	enum state_lost lost; /* there was a record, but it is unusable */
	bool missing;         /* there was none; not saved */
	/* of the record as last loaded or saved, lost or not; the next save replaces this version;
	 * see store/store.h */
	char *version;
	/* The subject. NULL in a record of format 1 until the next save. registry: its resource id;
	 * NULL, too, while it is not known. */
	char *job, *token, *registry;
	/* of a follower: what it follows, in words. Its slots are two places for passwords that its
	 * source had, newest and other, not those of the service: `created` is when they were seen
	 * first, and `expires_us` 0 if the source does not say it. */
	char *follows;
	struct slot_memory slot[ACR_SLOT__COUNT];
	char *login_server, *group;
	int64_t last_success, last_verified, last_inspected, failing_since, next_generate;
	int64_t failures;    /* generates in a row without a delivery */
	int64_t failed_runs; /* in a row */
	/* why the last run failed, see state_set_error(); NULL: it did not */
	char *last_error;
	int64_t last_warned; /* foreign slots: once a day */
	/* when the registry first refused what the sinks hold; 0: it does not */
	int64_t rejected_at;
	bool disabled;   /* the token, as last seen */
	bool revoke_now; /* the revoke under way kills first, then delivers */
	bool job_hook_owed;
	/* A rotator writes sinks that have no compare-and-swap: until it has ended, or this time
	 * has passed, nobody else does anything. 0: none does. Only in a shared record. */
	int64_t busy_since, busy_until;
	/* a delivery is under way: after a kill, temporary files may be left beside the sinks */
	bool unfinished;
	int64_t accepted_after_ms; /* how long the registry took to accept the newest password */
	struct sink_memory *sinks;
	size_t n_sinks, sinks_cap;
	size_t next_sink; /* where state_sink() looks first */
	char *history;    /* lines of rotate/history.h, as read; NULL: none */
};

/* Why the record is unusable: "is of another machine". */
const char *state_lost_text(enum state_lost why);
/* Turns the state in memory into an empty one whose record was lost, so that nothing of another
 * subject is used. */
void state_lose(struct state *s, enum state_lost why);
/* True with an empty state if there is no record. False only if a record exists but cannot be
 * read. */
MUST_USE bool state_load(const struct store *store, const char *job, struct state *out,
                         struct err *e);
/* Replaces the record that was last loaded or saved. */
MUST_USE bool state_save(const struct store *store, const char *job, struct state *s,
                         enum store_safety safety, struct err *e);
/* Parses text as state_load() does from a store with this identity, but does not check the job's
 * name. Reads format 1 as format 2. */
void state_parse(const struct fingerprint *whose, const char *text, size_t len, struct state *out);
/*
 * Is it of this registry, and subscription (NULL: of any)? A registry keeps its name for life,
 * which nobody else can have; its group may change. Of a record that knows only the login server
 * (format 1), the name is the first part of that, if it has parts: an emulator's "localhost:8443"
 * tells nothing, and the answer is yes.
 */
bool state_is_of_registry(const struct state *s, const char *subscription, const char *name);
/* Whatever can be read of a text, whoever wrote it: to be used for caution only, see former.h. */
void state_salvage(const char *text, size_t len, struct state *out);
/* Was anything ever generated or delivered for this job and this token, according to its record?
 * For config_first(); `store` is a struct store. A record of format 1 does not name the token. */
bool state_was_there(const void *store, const char *job, const char *token);
void state_clear(struct state *s);
#define AUTO_STATE AUTO(state_clear)
/* Found or added; valid until the next one is added. */
struct sink_memory *state_sink(struct state *s, const char *name, const char *place);
bool state_hook_owed(const struct state *s); /* of a sink, or the job's */
void state_drop_sink(struct state *s, size_t i);
/* A request for asked_us is certainly over: it was answered, has acted, or was never sent. Of two
 * equal requests, the other one may still act. */
void state_settle_intent(struct slot_memory *m);
/* A request may be sent, or have been sent, that replaces or removes the slot's password and asks
 * for no expiry that is known here. Nothing shows that it has acted, so only time ends this intent.
 * dead_at as in struct slot_memory. An intent that stands goes on until both can no longer act. */
void state_taint(struct slot_memory *m, int64_t now, int64_t dead_at);
/* Its sender has stopped waiting for it: the time that it may still act is counted from now. */
void state_abandon_intent(struct slot_memory *m, int64_t now);
/* When the requests of the intent can no longer act, as far as known; INT64_MAX: an operation was
 * seen running, or the sender may be alive. */
int64_t state_intent_dies(const struct slot_memory *m);
void state_forget_operation(struct slot_memory *m);
/* The intent is over for good. */
void state_end_intent(struct slot_memory *m);
/* Sets last_error, which `status` shows: the text in a form that fits a line of INI, cut. NULL:
 * none. */
void state_set_error(struct state *s, const char *text);

#endif
