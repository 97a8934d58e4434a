/* SPDX-License-Identifier: MIT */
/*
 * What this machine and user are called. Read once, when first asked for, so
 * that ten thousand jobs cost what one costs. Not thread-safe: it is used
 * while jobs are loaded, by one thread.
 */
#ifndef CONFIG_HOST_H
#define CONFIG_HOST_H

#include "base/base.h"

struct host {
	char *name, *machine_id, *home;
	/* of /etc/machine-id, where that has the id alone: what a store knows its machine by */
	char *machine_text;
	bool asked_name, asked_machine_id, asked_home;
};
void host_clear(struct host *h);

/* All NULL when there is none. Valid until host_clear(). */
const char *host_name(struct host *h);       /* as the kernel has it */
const char *host_machine_id(struct host *h); /* /etc/machine-id: 32 hexadecimal digits */
const char *host_home(struct host *h);       /* $HOME, else the user's entry in passwd */
/* A name that tells nothing: empty, "(none)", "localhost" with or without a domain. */
bool host_is_nameless(const char *name);

/* How much earlier than its time a job is due on this machine: from 0 to `most` seconds, the
 * same in every run. */
/* shared: the store of several rotators, in place of the machine; or NULL */
int64_t host_spread(struct host *h, const char *shared, const char *job, int64_t most);

/* Any text in the form that Azure takes as a token's name: others than letters, digits and
 * hyphens become hyphens, one that starts with no letter gets "h-" before it, a short one
 * "-host" behind it, and a long one is cut and closed with a hash of the whole. */
#define HOST_TOKEN_MAX 51
void host_token_name(const char *text, char out[static HOST_TOKEN_MAX]);

#endif
