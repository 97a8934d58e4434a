/* SPDX-License-Identifier: MIT */
/* One job = one file in jobs.d. Plain data: no behaviour, no secrets. Durations in seconds. */
#ifndef CONFIG_JOB_H
#define CONFIG_JOB_H

#include "azure/acr.h"
#include "azure/auth.h"
#include "base/base.h"
#include "base/keys.h"
#include "kube/spec.h"

struct buf;
struct err;
struct sink_lent;
struct sink_ops;

struct may_replace {
	enum acr_slot slot;
	int64_t created;
}; /* permits exactly this generation */

struct policy {
	/* grace is never 0 here: its default is worked out at load */
	int64_t lifetime, renew_before, grace;
	int64_t verify_timeout, verify_every, inspect_every;
	/* seconds of `verify = wait 5m`; 0: log in at the registry */
	int64_t verify_wait;
	/* how much earlier than expires - renew_before this job is due on this machine */
	int64_t offset;
	bool exclusive, create;
	struct may_replace *may_replace;
	size_t n_may_replace;
};

struct sink_spec {
	const struct sink_ops *ops;
	char *name; /* [sink NAME] */
	void *spec; /* of ops->spec_size, filled */
	bool optional;
	char *on_change; /* or NULL */
	int line;
};

struct job {
	char *name, *file;       /* file name without .conf; its path */
	struct azure_spec azure; /* [azure] of acrotate.conf, overridden by the job's own */
	char *registry;          /* as configured: name or login server */
	char *resource_group;    /* or NULL: looked up, remembered */
	char *token;
	char *verify_at; /* hosts, with spaces between them; or NULL */
	struct policy policy;
	char *scope_map;
	struct key_list repository, gateway;
	char *on_change;
	int64_t hook_timeout;
	bool enabled; /* no: paused */
	struct sink_spec *sinks;
	size_t n_sinks;
	const struct sink_lent *lent; /* what they are opened with, or NULL; config_lend() */
};
void job_free(struct job *j);
/* Can all of its sinks be read without starting another program? */
bool job_is_local(const struct job *j);
void job_free_ptr(struct job **j);
#define AUTO_JOB AUTO(job_free_ptr)

/* [run] and [http] of acrotate.conf. */
struct run_spec {
	int64_t workers;
	char *state; /* kubernetes:NAMESPACE; NULL: state_dir */
	char *state_dir, *metrics_file;
	int64_t patience, repeat;
	char *on_failure;
	bool sandbox;
};
struct http_spec {
	char *proxy, *no_proxy, *ca_file;
	bool ca_only;
	int64_t timeout;
};

struct config;
/*
 * path: an acrotate.conf, or NULL: $ACROTATE_CONFIG, else /etc/acrotate/acrotate.conf for root,
 * else $XDG_CONFIG_HOME/acrotate/acrotate.conf. A missing acrotate.conf is an empty one unless
 * it was named. Reads it, and the names in jobs.d beside it; jobs are read one at a time, so
 * that ten thousand cost no memory.
 */
MUST_USE bool config_open(const char *path, struct config **out, struct err *e);
void config_close(struct config *c);
/* The state directory alone, for who reads no job: as config_open() would find it, and the one of
 * root's configuration (or the usual one, where only root may read that) for everybody. Caller
 * frees. */
MUST_USE bool config_state_dir(const char *path, char **out, struct err *e);
MUST_USE bool config_system_state_dir(char **out, struct err *e);
const struct run_spec *config_run(const struct config *c);
const struct http_spec *config_http(const struct config *c);
const struct kube_spec *config_kube(const struct config *c); /* [kubernetes] */
/* What the sinks of jobs that are read from now on are opened with; borrowed. */
void config_lend(struct config *c, const struct sink_lent *lent);
const struct sink_lent *config_lent(const struct config *c); /* NULL: nothing */
/* The namespace that all records are in; NULL: they are in state_dir. */
const char *config_state_namespace(const struct run_spec *run);
const struct azure_spec *config_azure(const struct config *c); /* the common [azure] */
size_t config_count(const struct config *c);
const char *config_name(const struct config *c, size_t i); /* sorted */
/* Files of jobs.d that look as if somebody meant them as jobs, by their names; NULL: no more. */
const char *config_ignored(const struct config *c, size_t i);
/* Reads and checks job i. ERR_CONFIG "file:line: ...". */
MUST_USE bool config_job(struct config *c, size_t i, struct job **out, struct err *e);
/* The same from a text that stands in no file yet, as job NAME of jobs.d. *i is its number for
 * config_claim(). */
MUST_USE bool config_try(struct config *c, const char *name, const char *text, size_t *i,
                         struct job **out, struct err *e);
/* Which jobs the arguments mean: names, globs, paths of job files (a path outside jobs.d is
 * added). No argument: all. ERR_USAGE for one that matches nothing. *out is sorted, without
 * repeats; caller frees. */
MUST_USE bool config_select(struct config *c, char *const *args, size_t n, size_t **out,
                            size_t *n_out, struct err *e);
/* Two jobs on one token, or on one entry of a sink. A claim for every job that was read saves that
 * it is read once more for the question. */
void config_claim(struct config *c, size_t i, const struct job *j);
/* Is what job `i` wants wanted by no other job of jobs.d, whichever were named on a command line?
 * ERR_CONFIG names the other one. A job that was there first, and no rival was, goes on: it has
 * done something already, and a file that somebody copied must not stop it. Who was there first
 * config_first() tells; without it nobody was. Not thread-safe. */
MUST_USE bool config_unclaimed(struct config *c, size_t i, struct err *e);
void config_first(struct config *c,
                  bool (*was_there)(const void *ctx, const char *job, const char *token),
                  const void *ctx);
/* No other job wants any of it. */
bool config_alone(struct config *c, size_t i);
/* For one that goes on all the same: a job that is refused for it; NULL: none. */
const char *config_refused_rival(struct config *c, size_t i);
/* Where a key of [azure] that is in force for the job was said; false: in no file. The path is
 * borrowed. */
bool config_azure_line(const struct config *c, const struct job *job, const char *key,
                       const char **path, int *line);
/* of acrotate.conf, whether it exists or not */
const char *config_path(const struct config *c);
const char *config_jobs_dir(const struct config *c);
/* For store_open(): what /etc/machine-id says, NULL where that is no plain id. Read once for jobs
 * and store. */
const char *config_machine(const struct config *c);

#endif
