/* SPDX-License-Identifier: MIT */
/* The parts of `acrotate check`: the host, what Azure says of an identity and a registry, one
 * job. All without effect that stays. */
#ifndef SRC_CLI_CHECK_H
#define SRC_CLI_CHECK_H

#include "azure/permissions.h"
#include "azure/whoami.h"
#include "findings.h"
#include "runs.h"

struct buf;
struct config;
struct job;
struct observation;
struct run_spec;

/* ---- check_host.c ---------------------------------------------------------------------------- */
void check_host(const struct config *c, struct findings *f);
/* Could files be made below it? The directory itself may be missing, and is not made. */
MUST_USE bool check_directory(const char *path, struct err *e);

/* ---- check_azure.c: one identity at one registry --------------------------------------------- */
struct azure_facts {
	bool subscription; /* one is configured */
	bool known;        /* the identity is, and what follows of it */
	struct whoami who;
	struct err who_error;
	bool permissions_known;
	struct permissions permissions;
	struct err permissions_error;
	bool by_repository; /* roles are, so that AcrPull counts for nothing */
	/* the registry's id; with a placeholder for what is not known */
	char *scope; /* of a role, as a word of a command */
};
void check_azure_facts_clear(struct azure_facts *a);
/* Asks. ref may lack its group: then permissions are not asked for. */
void check_azure_ask(struct arm *arm, struct http *h, const struct acr_ref *ref,
                     struct azure_facts *out);
void check_identity(const struct azure_facts *a, const struct config *c, const struct job *job,
                    struct findings *f);
/* What of the registry itself is worth knowing. */
void check_registry(const struct azure_facts *a, struct findings *f);
/* Where `subscription` was said, as a line below the finding. */
void check_fix_subscription(const struct config *c, const struct job *job, struct finding *at);
/* o: what could be read online proves the right to read it. */
void check_permissions(const struct azure_facts *a, const struct job *job,
                       const struct observation *o, struct findings *f);
/* How to get what a refusal says is missing. */
void check_fix_denied(const struct azure_facts *a, struct finding *at);

/* ---- check_doors.c --------------------------------------------------------------------------- */
/* What was asked already. */
struct check_doors {
	struct check_door *first;
};
/* Do all hosts that would have to accept a new password answer? */
bool check_doors(struct check_doors *d, const struct job *job, const struct observation *o,
                 struct http *h, struct findings *f);
void check_doors_clear(struct check_doors *d);

/* ---- check_job.c ----------------------------------------------------------------------------- */
/* e: how asking about the job ended, ERR_NONE when well, or when a sink was the reason. */
void check_token(const struct azure_facts *a, const struct config *c, const struct job *job,
                 const struct observation *o, int64_t now, const struct err *e, struct findings *f);
/* What came of asking the registry about what is deployed; doors that do not open were told. */
void check_login(const struct observation *o, const struct err *e, struct findings *f);
void check_sinks(const struct job *job, const struct observation *o, struct findings *f);
void check_hooks(const struct job *job, struct findings *f);
/* The service's clock minus ours. */
void check_clock(int64_t clock_off, struct findings *f);

/* ---- check_follow.c: a job that follows ------------------------------------------------------ */
/* h NULL: the registry cannot be reached, and nobody is asked. */
void check_follow(const struct job *job, const struct observation *o, int64_t now, struct http *h,
                  struct findings *f);

/* ---- check_runs.c --------------------------------------------------------------------------- */
/* With records that rotators share nothing on this host need start it. */
void check_runs(const struct runs *r, const struct run_spec *run, struct findings *f);
void check_told(const struct config *c, const struct runs *r, struct findings *f);
/* Often enough for this job? now: the local clock. */
void check_runs_of(const struct job *job, const struct runs *r, const struct run_spec *run,
                   int64_t now, struct findings *f);

/* ---- dropin.c -------------------------------------------------------------------------------- */
/* What can be said safely is in *out also when something cannot: ERR_CONFIG names the last such
 * path. */
MUST_USE bool dropin_text(struct config *c, const size_t *jobs, size_t n, struct buf *out,
                          struct err *e);

/* ---- check_systemd.c ------------------------------------------------------------------------- */
/* Where acrotate.service is installed and runs with this configuration: does its drop-in fit
 * these jobs? */
void check_systemd(struct config *c, const size_t *jobs, size_t n, struct findings *f);

#endif
