/* SPDX-License-Identifier: MIT */
/* The inside of a configuration, shared by load.c and select.c. */
#ifndef SRC_CONFIG_LOAD_H
#define SRC_CONFIG_LOAD_H

#include <sys/types.h>

#include "config/common.h"

#define CONFIG_SUFFIX ".conf"

struct claims;

struct job_file {
	char *name, *path; /* path: NULL for one in jobs.d */
	bool claimed;
	char *token; /* of the claim */
};

struct config {
	struct common common;
	char *path, *jobs_dir;
	int jobs_fd; /* -1: there is no jobs.d */
	struct job_file *jobs;
	size_t n_jobs, capacity;
	char **ignored; /* files of jobs.d whose name says that they are no jobs */
	size_t n_ignored, ignored_capacity;
	uid_t me;
	/* one file at a time; INI_FILE_MAX and a byte that shows it was too small */
	char *text;
	struct claims *claims;
	size_t n_claimed; /* of jobs, from the first on: none is left out */
	/* config_first() */
	bool (*was_there)(const void *ctx, const char *job, const char *token);
	const void *was_there_ctx;
};

void config_add_job(struct config *c, char *name, char *path); /* takes both */
/* "web" of "web.conf". NULL for what is no job: other endings, and the hidden temporaries of
 * editors. The caller frees it. */
char *config_job_name_of(const char *file);

#endif
