/* SPDX-License-Identifier: MIT */
/*
 * acrotate.conf, parsed and checked: what all jobs share. Two functions only turn text into specs,
 * so that they can be tested and fuzzed without files; load.c reads the files.
 */
#ifndef CONFIG_COMMON_H
#define CONFIG_COMMON_H

#include "config/document.h"
#include "config/host.h"
#include "config/job.h"

struct common {
	struct document doc;
	struct azure_spec azure;
	bool azure_seen[KEYS_MAX];
	struct run_spec run;
	struct http_spec http;
	struct kube_spec kube;
	const struct sink_lent *lent; /* for the sinks of the jobs */
	struct host host;
};
/* Also checks every [defaults], so that a mistake there is reported once, at its own line, and not
 * by every job. */
MUST_USE bool common_parse(const char *path, const char *text, size_t len, struct common *out,
                           struct err *e);
void common_clear(struct common *c);
#define AUTO_COMMON AUTO(common_clear)

/* `name` is the job's name, `path` the name of its file in errors. */
MUST_USE bool job_parse(struct common *c, const char *name, const char *path, const char *text,
                        size_t len, struct job **out, struct err *e);
/* A job's name has 1 to 100 letters, digits and ". _ - @", and starts with a letter or digit. */
#define JOB_NAME_MAX 100
MUST_USE bool job_name_ok(const char *name, struct err *e);
/* The entry that a sink writes, for comparison: two jobs with the same one would overwrite each
 * other. */
void job_sink_entry(const struct job *j, size_t i, struct buf *out);
/* The registry and token, for comparison: independent of letter case and of the way the registry is
 * written. */
void job_token_entry(const struct job *j, struct buf *out);
/* The same of a follower's source: the entry that it reads. */
void job_source_entry(const struct job *j, struct buf *out);
/* The entry of jobs that give the registry by name only, and one of all jobs that give it with the
 * hash of a domain name label. True: this job gives the hash. */
bool job_token_ways(const struct job *j, struct buf *named, struct buf *labelled);

/* Every section with its keys, for the parser, `acrotate keys`, and the tests of the man page and
 * the samples. */
struct key_section {
	const char *section; /* "azure", "sink NAME" */
	const char *type;    /* of a sink; NULL: all types, or not a sink */
	const char *where;   /* the file it belongs to */
	const struct key *rows;
	size_t n;
};
/* Returns how many there are; fills at most `max`. */
size_t config_key_sections(struct key_section *out, size_t max);

/* What job.c fills from [job], with the values that need further parsing. */
struct job_spec {
	struct job job;
	char *verify, *grace;
	struct key_list may_replace;
};
/* The keys of every sink, whatever its type. */
struct sink_common {
	char *type;
	bool optional;
	char *on_change;
};

extern const struct key config_run_keys[], config_http_keys[], config_job_keys[],
	config_sink_keys[], config_source_keys[];
extern const size_t config_run_keys_count, config_http_keys_count, config_job_keys_count,
	config_sink_keys_count, config_source_keys_count;

#endif
