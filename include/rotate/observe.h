/* SPDX-License-Identifier: MIT */
/*
 * What a run knows of one job before it decides: the state, the contents of
 * every sink, and the token, if it was read. Local only: the small front
 * program links this, and ends here if there is nothing to do.
 */
#ifndef ROTATE_OBSERVE_H
#define ROTATE_OBSERVE_H

#include "base/credential.h"
#include "base/err.h"
#include "rotate/plan.h"
#include "rotate/state.h"

/* A registry may need this long to learn a password: a refusal counts only if it lasts longer. */
#define OBSERVE_DOUBT_S 60

struct follow_input;
struct job;
struct secret;
struct sink;
struct sink_spec;

/*
 * One sink of the job. What cannot be seen is not assumed to be gone. A file (sink_ops.evidence)
 * holds exactly what it shows. Any other sink may hold what it shows and everything it ever held.
 * It lets go of a password only if that was read from it right before a newer one was committed,
 * and the newer one was read back; or if the password has expired, or after `acrotate forget`. A
 * password that the sink once failed to show is not let go of by a commit: it may be in another
 * store.
 */
struct seen {
	const struct sink_spec *spec;
	char *place;
	struct sink *sink;   /* open; NULL if that failed */
	struct secret *held; /* what was read from it; NULL: nothing */
	bool broken;         /* unreadable, or its check failed: skipped in this run */
	bool unread;         /* broken because it is unreadable */
	struct err why;      /* when broken */
	bool stale;          /* it holds ours, in another form than a delivery would write */
	bool shadowed;       /* it holds ours, but one of its readers would not use it: */
	struct err shadow;   /* which reader, and what it uses instead */
	bool failed;         /* its commit failed, */
	bool wrote_nothing;  /* and reports that nothing was written */
	/* how often the registry refused a password in it that is not ours */
	int refused;
	/* what it held right before a commit; ACR_NO_SLOT: nothing of ours */
	enum acr_slot before;
	/* and its memory then: given_again, and whether it may hold what it is given now */
	bool again_before, counted_before;
};

struct observation {
	const struct job *job;     /* borrowed */
	const struct store *store; /* borrowed */
	struct state state;
	bool dirty;            /* the state in memory differs from the record */
	struct credential who; /* server (NULL: not known yet) and user name */
	struct seen *seen;     /* the job's sinks, in its order */
	size_t n_seen;
	/* the same, then sinks that were removed from the job but may still be read */
	struct sink_view *views;
	size_t n_views;
	/* What a follower follows, as it was read last; NULL: the job rotates. */
	struct followed {
		struct seen seen; /* `held`, or why it is `unread` */
		int64_t expires_us;
		int said;            /* 1 or 2: the slot that it is in; 0: not known */
		enum acr_slot place; /* in the ledger; ACR_NO_SLOT: it is new */
	} * followed;
	enum plan_asked asked;
	/* seconds: when the token was last read; 0: not in this run */
	int64_t read_at;
	/* the registry refused it twice, at least a minute apart */
	bool doubted[ACR_SLOT__COUNT];
	bool dead[ACR_SLOT__COUNT]; /* and for verify_timeout */
	/* what Azure's answer lacks, the registry refuses, too */
	bool missing[ACR_SLOT__COUNT];
	/* the registry accepts it, whatever Azure says about the slot */
	bool alive[ACR_SLOT__COUNT];
};

/* Loads the state, opens and reads the sinks. False only if the whole job is affected: the state
 * cannot be read (LOCAL). An unreadable sink is `broken`. Without a known login server no sink is
 * read yet: see observe_server(). */
MUST_USE bool observe_open(const struct store *store, const struct job *job, struct observation *o,
                           struct err *e);
void observe_close(struct observation *o);

/* Sets and remembers the login server, resource group and resource id (NULL: not known), and reads
 * the sinks. */
void observe_server(struct observation *o, const char *server, const char *group, const char *id);
/* Reads all sinks again, matches them with the ledger, and clears `left` of slots that are held
 * again. */
void observe_sinks(struct observation *o);
/* Reads the source of a follower again, and finds it in the ledger. */
void observe_source(struct observation *o);
/* Enters the password of the source into the ledger, in place of what is not in use, and returns
 * its place: from now on a sink may hold it. */
enum acr_slot observe_take_source(struct observation *o, int64_t now);
/* Does sink i hold what the source has? */
bool observe_has_source(const struct observation *o, size_t i);
/* Of a follower, for its rule. */
struct follow_input observe_follow_input(const struct observation *o, int64_t now, bool force);
struct plan observe_follow_plan(const struct observation *o, const struct follow_input *in);
/* The slot that a place of the ledger stands for, as far as is known. */
enum acr_slot observe_slot_of(const struct observation *o, enum acr_slot place);
/* Call before sink i gets the newest generation of a slot: from now on it may hold that, too. */
void observe_giving(struct observation *o, size_t i, enum acr_slot slot);
/* Call afterwards. `kept`: the generation was read back, so the sink has let go of what it was read
 * to hold before, and of anything older. Otherwise the sink did not take it. The views follow with
 * observe_build_views(), behind the last sink. */
void observe_given(struct observation *o, size_t i, enum acr_slot slot, bool kept);
/* From what was read of the sinks last, and the ledger as it is now. */
void observe_build_views(struct observation *o);
/* The registry accepts `held`, which can only be the password of this slot, one of ours whose
 * password was thought to be lost: it is now known, and counts as delivered. */
void observe_learn(struct observation *o, enum acr_slot slot, const struct secret *held);
/* The registry accepts the password of this slot that a sink holds: the slot exists, whatever Azure
 * has just said. */
void observe_alive(struct observation *o, enum acr_slot slot);
/* Updates the ledger with the service's answer: which generations are ours, gone, foreign, or
 * claimed as ours by their expiry. token NULL: missing. Stamps `left` of slots that no sink holds,
 * if every sink could be read. */
void observe_token(struct observation *o, const struct acr_token *token, int64_t now);
/* Stamps `left` as above; call after a commit. */
void observe_stamp(struct observation *o, int64_t now);

/* The input of the rule; its sinks are borrowed from `o`. For simulations. */
struct plan_input observe_input(const struct observation *o, int64_t now, bool force);
/* The rule's decision. If that is to keep what is deployed, but a sink has it in an old form, the
 * decision is to heal. */
struct plan observe_plan(const struct observation *o, const struct plan_input *in);
/* The decision on what is known now. now: by the service's clock. */
struct plan observe_decide(const struct observation *o, int64_t now, bool force);
bool observe_hook_owed(const struct observation *o);
/* Is the record of the registry that the job names, and of its subscription, if it names one? */
bool observe_is_of_registry(const struct state *s, const struct job *job);
/* Must the service be asked although nothing is due? True if inspect_every has passed, the token is
 * disabled, or a slot's `left` has to be stamped by the service's clock. */
bool observe_wants_service(const struct observation *o, int64_t now);
/* Is the password in a sink that is not optional shadowed for its readers? */
bool observe_shadowed(const struct observation *o);
/* May this run end here, without using the network or changing the state? `p` is
 * observe_decide()'s. */
bool observe_quiet(const struct observation *o, const struct plan *p, int64_t now);

struct sink_memory;
/* Is this the memory of a sink of the job that was read, may hold this slot, and does not show
 * it? */
bool observe_hidden(const struct observation *o, const struct sink_memory *m, enum acr_slot slot);
/* Does it still count for one of the slots? */
bool observe_counts(const struct observation *o, const struct sink_memory *m);
/* Does the job have this sink, at this place? Otherwise it was removed or moved. */
bool observe_in_job(const struct observation *o, const struct sink_memory *m);

/* The generation that a slot was last seen to have, ours or not; present is false if there is
 * none. */
struct acr_password observe_slot(const struct observation *o, enum acr_slot slot, bool *ours);
/* Has the slot a foreign generation that no may_replace of the job permits? */
bool observe_foreign(const struct observation *o, enum acr_slot slot, struct acr_password *out);

#endif
