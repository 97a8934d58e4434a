/* SPDX-License-Identifier: MIT */
/* Asks Azure about many jobs side by side, without effect: what `status --online` and `check`
 * build on. */
#ifndef SRC_CLI_ASK_JOBS_H
#define SRC_CLI_ASK_JOBS_H

#include "base/base.h"

struct cli_world;
struct config;
struct err;
struct http;
struct job;
struct rotation;

struct ask_jobs {
	struct config *config;
	const size_t *jobs; /* indices */
	size_t n_jobs;
	struct cli_world *world;
	/*
	 * A job was asked about, or failed: e->kind is ERR_NONE or says why. job and r are NULL
	 * when its file could not be read, and r when no request could be made at all. `h` is a
	 * client for further questions. Called by several threads.
	 */
	void (*done)(void *ctx, size_t at, const struct job *job, const struct rotation *r,
	             struct http *h, const struct err *e);
	void *ctx;
};
void ask_jobs(const struct ask_jobs *a);

#endif
