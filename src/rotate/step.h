/* SPDX-License-Identifier: MIT */
/* The inside of a rotation, shared by the files that implement its steps. See rotation.h for
 * what it promises. */
#ifndef SRC_ROTATE_STEP_H
#define SRC_ROTATE_STEP_H

#include "azure/acr.h"
#include "azure/login.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/lock.h"
#include "config/job.h"
#include "rotate/hosts.h"
#include "rotate/observe.h"
#include "rotate/rotation.h"

enum step {
	STEP_LOCK,
	STEP_LOOK,
	STEP_FIND,
	STEP_READ,
	STEP_RESUME,
	STEP_DECIDE,
	STEP_VERIFY,
	STEP_TRY_OTHERS,
	STEP_TRY_LACKING,
	STEP_CREATE,
	STEP_PUT,
	STEP_CREATED,
	STEP_CHECK,
	STEP_TRY_SINKS,
	STEP_DOORS,
	STEP_TOKENS,
	STEP_TRY_HELD,
	STEP_READ_AGAIN,
	STEP_INTEND,
	STEP_TOUCH,
	STEP_GENERATE,
	STEP_AWAIT,
	STEP_RECORD,
	STEP_PREPARE,
	STEP_PROBE,
	STEP_CONFIRM,
	STEP_MARK,
	STEP_COMMIT,
	STEP_FINISH,
	STEP_HOOKS,
	STEP_END,
	STEP__COUNT
};

/* is it still our generation that is being waited for? */
#define ROTATION_READ_EVERY_MS 30000

enum progress { FAILED, NEXT /* go to r->next */, AGAIN /* after r->again_ms, go to r->next */ };

struct rotation {
	const struct world *w;
	const struct job *job;
	unsigned flags;
	int64_t patience;

	enum step next;
	int64_t again_ms;
	int tries; /* of the current step */
	/* The place among all that ask Azure Resource Manager. */
	struct {
		enum errand { ERRAND_NONE, ERRAND_LOOK, ERRAND_ROTATE } errand; /* lined up for */
		/* mono ms: since when the current step is throttled; 0: it is not */
		int64_t throttled_since;
	} line;

	struct lock lock;
	bool opened;
	bool saved_for_now; /* by the last save */
	/* a temporary may have stayed beside a sink: the next run sweeps */
	bool littered;
	struct observation o;
	struct arm *arm;
	struct acr_ref ref;
	struct login *login;
	struct plan plan;
	struct outcome out;
	struct err worst; /* of sinks and hooks that failed while the job goes on */

	/* What was asked before anything changed. */
	struct {
		bool refound, verified, login_tried, others_tried;
		/* the token was made a moment ago, and others may be making it too */
		bool young;
		bool tainted;            /* an intent stood when this run read the token */
		struct acr_token answer; /* the last one about the token */
		int64_t read_at;         /* mono ms: when it was asked for; 0: it counts no more */
		size_t source;           /* the sink whose password is being verified */
		int refusals;            /* by the registry, of what is verified, in this run */
		/* mono ms: so long this run waits for a request that may still act; 0: it does
		 * not yet */
		int64_t intent_until;
	} ask;

	struct {
		bool marked /* the generations to kill are recorded */, under_way;
	} revoke;

	/* Beside other rotators, where a sink has no compare-and-swap. */
	struct {
		bool ours;     /* the record is marked as busy by this run */
		bool fenced;   /* the sinks have the one access token that they use */
		int64_t until; /* when nothing that the sinks send can act any more */
	} busy;

	/* The token that is to be made. */
	struct {
		char *scope_map;  /* its id */
		int64_t asked_at; /* mono ms: when Azure was asked last whether it exists */
	} create;

	/* The call that cannot be undone. */
	struct {
		/* from before the intent to the end of the rotation: one token, never renewed */
		struct arm *fence;
		int64_t fence_until; /* when its token expires */
		/* when nothing that the fence lets through can act any more */
		int64_t dead_at;
		int64_t expires_us; /* asked for */
		struct acr_generated reply;
		struct arm_operation operation;
		int lost_replies, refusals;
		int64_t throttled_since; /* mono ms: a generate that is refused with 429 */
		/* mono ms: a long-running operation has an end */
		int64_t await_until;
		/* passwords that the registry was asked about, none of them the slot's */
		struct fingerprint *tried;
		size_t n_tried, tried_cap;
		enum acr_slot tried_for; /* the slot that was to be generated then */
		int64_t tried_at;        /* mono ms */
		int rounds;              /* how often the sinks had changed meanwhile */
		bool doors_open;         /* every host that must accept it answered, */
		int64_t doors_at;        /* mono ms */
		int64_t knocked_at;      /* mono ms: the first of them, ahead; 0: not */
	} gen;

	/* The password under way: generated, or copied from a sink that is ahead. */
	struct {
		struct credential fresh;
		enum acr_slot slot;
		int64_t created;    /* its generation */
		int64_t granted_us; /* its expiry as Azure says it; 0: never */
		/* and recorded: a failure from here on leads nowhere */
		bool generated;
		bool delivered;                                 /* at least one sink has it */
		bool *prepared;                                 /* per sink of the job */
		int64_t probe_from, probe_until, read_again_at; /* mono ms */
		int accepted, probes;
		struct hosts hosts; /* the first is the one that `login` asks */
		size_t host;        /* being asked */
	} give;

	struct {
		bool healed, rotated, followed;
		bool hook_was_owed;   /* by an earlier run */
		enum plan_reason why; /* of what was delivered last */
	} done;
};

/* ---- rotate.c -------------------------------------------------------------------------------- */

static inline bool is_dry(const struct rotation *r)
{
	return (r->flags & ROTATE_DRY_RUN) != 0;
}

int64_t rotation_now(const struct rotation *r); /* seconds, the service's clock */
enum progress rotation_go_to(struct rotation *r, enum step next);
enum progress rotation_wait_then(struct rotation *r, int64_t ms, enum step next);
bool rotation_save(struct rotation *r, struct err *e); /* when dirty; never in a dry run */
/* where the run saves again, whatever comes of it */
bool rotation_save_for_now(struct rotation *r, struct err *e);
void rotation_note_worst(struct rotation *r, const struct sink_spec *spec /* or NULL */,
                         const struct err *e);
struct login *rotation_login(struct rotation *r);

/* Another poll of a long-running operation, or its end: one that never finishes is left to the
 * next run. */
enum progress rotation_poll_again(struct rotation *r, enum step poll, const char *what,
                                  struct err *e);

/* ---- decide.c: what comes next --------------------------------------------------------------- */
enum progress step_decide(struct rotation *r, struct http *h, struct err *e);
void rotation_fill_outcome(struct rotation *r);
/* What the rule says now. */
struct plan rotation_decide(const struct rotation *r);
/* The arm for what belongs to a rotation under way; else the job's. */
struct arm *rotation_arm(struct rotation *r);
void rotation_drop_fence(struct rotation *r);

/* ---- ask.c: what is asked of the service before anything changes ----------------------------- */
enum progress step_find(struct rotation *r, struct http *h, struct err *e);
enum progress step_resume(struct rotation *r, struct http *h, struct err *e);
enum progress step_read(struct rotation *r, struct http *h, struct err *e);
enum progress step_verify(struct rotation *r, struct http *h, struct err *e);
/* The registry is asked about the password of a slot; false: no sink shows it. */
bool rotation_ask_about(struct rotation *r, enum acr_slot slot);
enum progress step_try_others(struct rotation *r, struct http *h, struct err *e);
enum progress step_try_lacking(struct rotation *r, struct http *h, struct err *e);
/* Does the registry accept what sink i holds? */
MUST_USE bool rotation_probe(struct rotation *r, struct http *h, size_t i,
                             enum login_answer *answer, struct err *e);
/* Is there a sink that shows what Azure's answer lacks, and step_try_lacking() asks about? */
bool rotation_can_try_lacking(const struct rotation *r);
/* Reads the token into r->ask.answer. */
MUST_USE bool rotation_read_token(struct rotation *r, struct arm *arm, struct http *h,
                                  struct err *e);
/* Was the token read so lately that it need not be read again before the call? */
bool rotation_read_lately(const struct rotation *r);
/* Was the registry asked about every password that a sink shows now? */
bool rotation_all_tried(const struct rotation *r);
enum progress step_try_held(struct rotation *r, struct http *h, struct err *e);

/* ---- line.c: how fast Azure may be asked ----------------------------------------------------- */
/* a service that asks for more is left to the next run */
#define ROTATION_RETRY_AFTER_MAX_MS (15 * 60 * 1000)
/* Takes the job's place, once, for what it is about to do. NEXT: it is its turn. AGAIN: `at` comes
 * again then. FAILED: nothing has been served for too long. */
enum progress rotation_line_up(struct rotation *r, enum errand errand, enum step at, struct err *e);
/* What the job has to expect of what is known of it locally. */
enum errand rotation_errand(const struct rotation *r);
/* It waits for something: others may use what it was promised. */
void rotation_put_aside(struct rotation *r);
/* Throttling is no failure, but it has an end. *since (mono ms; 0: not yet): when it began. */
bool rotation_may_wait(const struct rotation *r, int64_t *since, const struct err *e,
                       int64_t *again_ms);
/* For how long the access token of this rotation lives, in milliseconds. */
int64_t rotation_fence_left_ms(const struct rotation *r);
/* The job's own client of Azure Resource Manager. */
struct arm *rotation_job_arm(struct rotation *r);

/* ---- create.c: a token that does not exist yet ----------------------------------------------- */
enum progress step_create(struct rotation *r, struct http *h, struct err *e);
enum progress step_put(struct rotation *r, struct http *h, struct err *e);
enum progress step_created(struct rotation *r, struct http *h, struct err *e);

/* ---- before.c: what has to work behind the call, tried before it ----------------------------- */
enum progress step_try_sinks(struct rotation *r, struct http *h, struct err *e);
enum progress step_doors(struct rotation *r, struct http *h, struct err *e);
/* At the registry's door, beside the request in between. */
void rotation_knock_ahead(struct rotation *r, struct http *h);
void rotation_knocked(struct rotation *r);
/* Once the server is known. */
void rotation_find_hosts(struct rotation *r);
/* At the host being asked. */
struct login *rotation_host_login(struct rotation *r);

/* ---- generate.c: the call that cannot be undone ---------------------------------------------- */
enum progress step_tokens(struct rotation *r, struct http *h, struct err *e);
/* The one access token for what cannot be undone; and what the record needs to be saved. */
MUST_USE bool rotation_fence(struct rotation *r, struct http *h, struct err *e);
enum progress step_intend(struct rotation *r, struct http *h, struct err *e);
enum progress step_read_again(struct rotation *r, struct http *h, struct err *e);
enum progress step_generate(struct rotation *r, struct http *h, struct err *e);
enum progress step_await(struct rotation *r, struct http *h, struct err *e);
enum progress step_record(struct rotation *r, struct http *h, struct err *e);

/* The request was not sent, or provably did not act: the intent is taken back. */
bool rotation_withdraw_intent(struct rotation *r, struct err *e);

/* ---- touch.c: beside other rotators ---------------------------------------------------------- */
/* Another one is in the middle of a rotation, as the record has it. Fills e. */
bool rotation_gives_way(const struct rotation *r, struct err *e);
enum progress step_touch(struct rotation *r, struct http *h, struct err *e);

/* ---- busy.c: beside other rotators, with sinks that have no compare-and-swap ----------------- */
/* Whose record is busy by somebody else, as it was loaded; fills e. */
bool rotation_is_busy(const struct rotation *r, struct err *e);
/* One access token for each sink that has such, until rotation_open_sinks(). False if one was left
 * out. */
bool rotation_fence_sinks(struct rotation *r);
void rotation_open_sinks(struct rotation *r);
/* In the record that is saved next: nobody else is to do anything until `until`, or the end of this
 * run. Does nothing where compare-and-swap keeps others out, or no others are. */
void rotation_mark_busy(struct rotation *r, int64_t until);
/* The run ends: unless something that it sent may still act. */
void rotation_end_busy(struct rotation *r);

/* ---- deliver.c: into the sinks --------------------------------------------------------------- */
enum progress step_check(struct rotation *r, struct http *h, struct err *e);
enum progress step_prepare(struct rotation *r, struct http *h, struct err *e);
enum progress step_probe(struct rotation *r, struct http *h, struct err *e);
enum progress step_confirm(struct rotation *r, struct http *h, struct err *e);
enum progress step_mark(struct rotation *r, struct http *h, struct err *e);
enum progress step_commit(struct rotation *r, struct http *h, struct err *e);
enum progress step_finish(struct rotation *r, struct http *h, struct err *e);
void rotation_abort_sinks(struct rotation *r);
/* Left out of the rest of this run, reported; the others go on. It keeps the slot it holds. */
void rotation_leave_out(struct rotation *r, size_t i, struct err *why);
/* under the lock, once the server is known */
bool rotation_sweep_sinks(struct rotation *r, struct err *e);

/* ---- follow.c: a job that follows another one ------------------------------------------------ */
struct follow_input rotation_follow_input(const struct rotation *r);
/* What comes next, once it is decided. */
enum progress rotation_follow(struct rotation *r, struct err *e);
bool rotation_follow_takes(const struct rotation *r, size_t i);
void rotation_load_followed(struct rotation *r);
bool rotation_follow_ends_before(const struct rotation *r, size_t i);
enum progress rotation_follow_confirm(struct rotation *r, struct err *e);
void rotation_follow_mark(struct rotation *r);
/* fills e; false */
bool rotation_refuse_source(const struct rotation *r, struct err *e);

/* ---- hooks.c --------------------------------------------------------------------------------- */
enum progress step_hooks(struct rotation *r, struct http *h, struct err *e);

/* An operation of an earlier run was last seen running. */
bool rotation_remembers_operation(const struct rotation *r);

/* ---- revoke.c -------------------------------------------------------------------------------- */
bool revoke_pending(const struct observation *o);
/* Records which generations are to die, before anything is done about it. The token was read. */
MUST_USE bool revoke_mark(struct rotation *r, struct err *e);

/* ---- reason.c -------------------------------------------------------------------------------- */
/* fills e for a WAIT or REFUSE; false */
bool rotation_refuse(const struct rotation *r, struct err *e);
/* Does the job allow to replace a generation of this slot, be it one that is gone? */
bool rotation_gave_up(const struct rotation *r, enum acr_slot slot);
/* A sink holds a password that works and may be the one of the slot to generate; fills e. */
void rotation_refuse_unexplained(const struct rotation *r, const struct sink_spec *spec,
                                 struct err *e);
/* Does what is deployed work, as far as is known? If not, the error of this run says so first. */
bool rotation_say_deployed(struct rotation *r, struct err *e);

/* ---- outcome.c ------------------------------------------------------------------------------- */
/* "it is due"; "" where there is nothing to say */
const char *rotation_because(enum plan_reason why);
void rotation_add_time(struct buf *out, int64_t t);
/* "may_replace = password2@..." */
void rotation_add_may_replace(struct buf *out, const struct may_replace_hint *f);
/* "password2 was not generated by this job (but at ..., expires ...)" */
void rotation_add_foreign(struct buf *out, const struct may_replace_hint *f);

/* ---- remember.c ------------------------------------------------------------------------------ */
/* A record that cannot be used: the first save keeps it beside, and the run says so. */
void rotation_tell_lost(struct rotation *r);
/* Into the job's history: what this run has done, and how it failed (NULL: it did not). */
void rotation_remember(struct rotation *r, const struct err *e);

#endif
