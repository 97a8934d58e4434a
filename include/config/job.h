/* SPDX-License-Identifier: MIT */
/* A job is one file in jobs.d. Plain data: no behaviour, no secrets. Durations in seconds. */
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
	/* grace is never 0 here: its default is computed at load */
	int64_t lifetime, renew_before, grace;
	bool grace_expiry; /* grace is as long as a password lives: until it has expired */
	int64_t verify_timeout, verify_every, inspect_every;
	/* seconds in `verify = wait 5m`; 0: log in at the registry */
	int64_t verify_wait;
	/* how much earlier than expires - renew_before the job is due on this machine */
	int64_t offset;
	bool exclusive, create;
	struct may_replace *may_replace;
	size_t n_may_replace;
};

struct sink_spec {
	const struct sink_ops *ops;
	char *name; /* [sink NAME] */
	void *spec; /* filled, ops->spec_size bytes */
	bool optional;
	char *on_change; /* or NULL */
	int line;
};

struct job {
	char *name, *file;       /* file name without .conf; its path */
	struct azure_spec azure; /* [azure] of acrotate.conf, overridden by the job's own */
	char *registry;          /* as configured: name or login server */
	char *resource_group;    /* or NULL: looked up and remembered */
	char *token;
	char *verify_at; /* hosts separated by spaces, or NULL */
	struct policy policy;
	char *scope_map;
	struct key_list repository, gateway;
	char *on_change;
	int64_t hook_timeout;
	bool enabled; /* no: paused */
	struct sink_spec *sinks;
	size_t n_sinks;
	struct sink_spec *source; /* [source]: the job follows it; NULL: it rotates */
	/* what the sinks are opened with, or NULL: config_lend(), and the job's own identity */
	struct sink_lent *lent;
};
void job_free(struct job *j);
/* Can its sinks and its source be read without another program and without the network? */
bool job_is_local(const struct job *j);
void job_free_ptr(struct job **j);
#define AUTO_JOB AUTO(job_free_ptr)

/* [run] and [http] of acrotate.conf. */
struct run_spec {
	int64_t workers;
	char *state; /* of several rotators: kubernetes:NAMESPACE, or a URL; NULL: state_dir */
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

struct blob_place;
struct config;
/*
 * Reads an acrotate.conf and the file names in jobs.d in the same directory. path NULL:
 * $ACROTATE_CONFIG, else /etc/acrotate/acrotate.conf for root, else
 * $XDG_CONFIG_HOME/acrotate/acrotate.conf; if this file does not exist, it counts as empty, unless
 * it was named. Jobs are read one at a time, so that ten thousand need not fit in memory.
 */
MUST_USE bool config_open(const char *path, struct config **out, struct err *e);
void config_close(struct config *c);
/* The state directory alone, without reading jobs: the one that config_open() would find, and the
 * system's, from root's configuration (or the default, if only root may read that). Caller
 * frees. */
MUST_USE bool config_state_dir(const char *path, char **out, struct err *e);
MUST_USE bool config_system_state_dir(char **out, struct err *e);
const struct run_spec *config_run(const struct config *c);
const struct http_spec *config_http(const struct config *c);
const struct kube_spec *config_kube(const struct config *c); /* [kubernetes] */
/* Sets what the sinks of jobs that are read from now on are opened with; borrowed. */
void config_lend(struct config *c, const struct sink_lent *lent);
const struct sink_lent *config_lent(const struct config *c); /* NULL: nothing */
/* Are the records shared by several rotators, not in state_dir? */
bool config_state_shared(const struct run_spec *run);
/* The namespace of all records; NULL: they are not in a cluster. */
const char *config_state_namespace(const struct run_spec *run);
/* The container of all records. False: they are not in one. */
bool config_state_blob(const struct run_spec *run, struct blob_place *out);
const struct azure_spec *config_azure(const struct config *c); /* the common [azure] */
size_t config_count(const struct config *c);
const char *config_name(const struct config *c, size_t i); /* sorted */
/* Is there a job of this name? For callbacks; `config` is a struct config. */
bool config_has(const void *config, const char *name);
/* Names of files in jobs.d that look like misnamed job files; NULL: no more. */
const char *config_ignored(const struct config *c, size_t i);
/* Reads and checks job i. ERR_CONFIG "file:line: ...". */
MUST_USE bool config_job(struct config *c, size_t i, struct job **out, struct err *e);
/* The same for a text that is not in a file yet, as job NAME of jobs.d. *i is its number for
 * config_claim(). */
MUST_USE bool config_try(struct config *c, const char *name, const char *text, size_t *i,
                         struct job **out, struct err *e);
/* Selects jobs by arguments: names, globs, or paths of job files (a path outside jobs.d is added).
 * No argument: all jobs. ERR_USAGE if one matches nothing. *out is sorted and without duplicates;
 * caller frees. */
MUST_USE bool config_select(struct config *c, char *const *args, size_t n, size_t **out,
                            size_t *n_out, struct err *e);
/* Registers the token and entries of a job that was read, so that config_unclaimed() need not read
 * it again to find jobs with the same token or the same entry of a sink. */
void config_claim(struct config *c, size_t i, const struct job *j);
/* ERR_CONFIG, naming the other job, if another job of jobs.d has the token or an entry of job `i`,
 * whichever jobs the command line named. A job that has used it before, unlike its rivals, goes on:
 * a copied job file must not stop it. config_first() tells who has; without it no job has. Not
 * thread-safe. */
MUST_USE bool config_unclaimed(struct config *c, size_t i, struct err *e);
void config_first(struct config *c,
                  bool (*was_there)(const void *ctx, const char *job, const char *token),
                  const void *ctx);
/* Does no other job have its token or entries? */
bool config_alone(struct config *c, size_t i);
/* For a job that goes on although it has rivals: one that is refused because of it; NULL: none. */
const char *config_refused_rival(struct config *c, size_t i);
/* The file and line that set a key of [azure] for the job; false: no file sets it. The path is
 * borrowed. */
bool config_azure_line(const struct config *c, const struct job *job, const char *key,
                       const char **path, int *line);
/* The path of acrotate.conf, even if it does not exist. */
const char *config_path(const struct config *c);
const char *config_jobs_dir(const struct config *c);
/* The content of /etc/machine-id for store_open(), NULL if it is not a plain id. Read once for jobs
 * and store. */
const char *config_machine(const struct config *c);

#endif
