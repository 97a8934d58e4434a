/* SPDX-License-Identifier: MIT */
/*
 * What a run sees of one job before it decides: the state, every sink read
 * back, and, once it was asked, the token. Local only: the small front program
 * links this, and stops here when nothing is to be done.
 */
#ifndef ROTATE_OBSERVE_H
#define ROTATE_OBSERVE_H

#include "base/credential.h"
#include "base/err.h"
#include "rotate/plan.h"
#include "rotate/state.h"

/* A registry may need as long to learn a password: a refusal counts for something only when it
 * lasts longer. */
#define OBSERVE_DOUBT_S 60

struct job;
struct secret;
struct sink;
struct sink_spec;

/*
 * One sink of the job. What is not seen is not gone: a slot is let go by a sink only through a
 * chain that was seen. A file (sink_ops.evidence) has just what it shows. Another sink has what
 * it shows and what it ever had, until that was read in it right before something newer was
 * committed, and the newer was read back; or it has expired, or somebody says `acrotate forget`.
 * What it once failed to show no chain lets go: that may be one of another store.
 */
struct seen {
	const struct sink_spec *spec;
	char *place;
	struct sink *sink;   /* open; NULL when that failed */
	struct secret *held; /* what it was read to hold; NULL: nothing */
	bool broken;         /* cannot be read, or its check failed: left out of this run */
	bool unread;         /* broken because it cannot be read */
	struct err why;      /* when broken */
	bool stale;          /* it holds ours, in another form than a delivery would give it */
	bool shadowed; /* what it holds is ours, and one of those who read it would not take it: */
	struct err shadow;  /* who, and what is in the way */
	bool failed;        /* its commit did, */
	bool wrote_nothing; /* as it says itself */
	/* how often the registry refused a password in it that is none of ours */
	int refused;
	/* what it was read to hold right before a commit; ACR_NO_SLOT: nothing of ours */
	enum acr_slot before;
	/* and what its memory said then: given_again, and that it may hold what it is given now */
	bool again_before, counted_before;
};

struct observation {
	const struct job *job;     /* borrowed */
	const struct store *store; /* borrowed */
	struct state state;
	bool dirty;            /* the state in memory differs from the file */
	struct credential who; /* server (NULL: not known yet) and user name */
	struct seen *seen;     /* the job's sinks, in its order */
	size_t n_seen;
	/* the same, then what was removed from the job but may still be read */
	struct sink_view *views;
	size_t n_views;
	enum plan_asked asked;
	/* seconds: when the token was read last; 0: not in this run */
	int64_t read_at;
	/* the registry refused it twice, a minute apart */
	bool doubted[ACR_SLOT__COUNT];
	bool dead[ACR_SLOT__COUNT]; /* ... and for verify_timeout */
	/* the registry accepts it, whatever Azure says of the slot */
	bool alive[ACR_SLOT__COUNT];
};

/* Loads the state, opens and reads the sinks. False only for what concerns the whole job: the
 * state cannot be read (LOCAL). A sink that cannot be read is `broken`. Without a known login
 * server no sink is read yet: see observe_server(). */
MUST_USE bool observe_open(const struct store *store, const struct job *job, struct observation *o,
                           struct err *e);
void observe_close(struct observation *o);

/* Sets the login server, resource group and resource id (NULL: not known), remembered from now
 * on, and reads the sinks. */
void observe_server(struct observation *o, const char *server, const char *group, const char *id);
/* Reads all sinks again, matches them with the ledger, and clears `left` of a slot that is held
 * again. */
void observe_sinks(struct observation *o);
/* Sink i is about to be given the newest generation of a slot: it may hold that too from now on. */
void observe_giving(struct observation *o, size_t i, enum acr_slot slot);
/* It was given; `kept`: and read back: of what it was read to hold before, and of what is older,
 * it has let go. Else it failed to take it. */
void observe_given(struct observation *o, size_t i, enum acr_slot slot, bool kept);
/* The registry accepts `held`, which can be of this slot alone. If that is ours, and its password
 * was thought to be lost, it is known from now on, and was delivered. */
bool observe_learn(struct observation *o, enum acr_slot slot, const struct secret *held);
/* The registry accepts what a sink holds of this slot: it is there, whatever Azure has just
 * said. */
void observe_alive(struct observation *o, enum acr_slot slot);
/* Takes what the service said into the ledger: what is ours, gone, foreign, claimed by the
 * expiry it bears. token NULL: missing. Stamps `left` of slots that no sink holds, if every sink
 * could be read. */
void observe_token(struct observation *o, const struct acr_token *token, int64_t now);
/* Stamps `left`, as above. For after a commit. */
void observe_stamp(struct observation *o, int64_t now);

/* What the rule is asked; its sinks are borrowed from `o`. For those who play it forward. */
struct plan_input observe_input(const struct observation *o, int64_t now, bool force);
/* The rule's decision; where that is to keep what is deployed, but a sink has it in an old form, a
 * heal of that. */
struct plan observe_plan(const struct observation *o, const struct plan_input *in);
/* The decision for what is known now. now: the service's clock. */
struct plan observe_decide(const struct observation *o, int64_t now, bool force);
bool observe_hook_owed(const struct observation *o);
/* Is the service to be asked although nothing is due: inspect_every has passed, or a slot's
 * `left` is to be stamped by its clock? */
bool observe_wants_service(const struct observation *o, int64_t now);
/* Is what a sink that must not fail holds out of its readers' reach? */
bool observe_shadowed(const struct observation *o);
/* May this run end here, having touched neither network nor state? (plan is observe_decide's.) */
bool observe_quiet(const struct observation *o, const struct plan *p, int64_t now);

/* Does this memory belong to a sink that the job has, where it has it? Else it was removed, or
 * moved. */
struct sink_memory;
/* Of a sink of the job that was read: it may hold this slot, and does not show it. */
bool observe_hidden(const struct observation *o, const struct sink_memory *m, enum acr_slot slot);
/* Does it still count for one of the slots? */
bool observe_counts(const struct observation *o, const struct sink_memory *m);
bool observe_in_job(const struct observation *o, const struct sink_memory *m);

/* The generation a slot was last seen to have, ours or not. present: false when none. */
struct acr_password observe_slot(const struct observation *o, enum acr_slot slot, bool *ours);
/* A foreign generation that no may_replace of the job names. */
bool observe_foreign(const struct observation *o, enum acr_slot slot, struct acr_password *out);

#endif
