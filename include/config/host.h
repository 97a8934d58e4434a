/* SPDX-License-Identifier: MIT */
/*
 * The names of this machine and user. Read once, at the first use, so that ten
 * thousand jobs cost no more than one. Not thread-safe: only used while one
 * thread loads the jobs.
 */
#ifndef CONFIG_HOST_H
#define CONFIG_HOST_H

#include "base/base.h"

struct host {
	char *name, *machine_id, *home;
	/* the text of /etc/machine-id, if it contains only the id: identifies the machine to a
	 * store */
	char *machine_text;
	bool asked_name, asked_machine_id, asked_home;
};
void host_clear(struct host *h);

/* Each is NULL if there is none. Valid until host_clear(). */
const char *host_name(struct host *h);       /* as the kernel reports it */
const char *host_machine_id(struct host *h); /* /etc/machine-id: 32 hexadecimal digits */
const char *host_home(struct host *h);       /* $HOME, else the user's entry in passwd */
/* Is it a meaningless name: empty, "(none)", or "localhost" with or without a domain? */
bool host_is_nameless(const char *name);

/* How much earlier than its time a job is due on this machine: from 0 to `most` seconds, the
 * same in every run. `shared`: the store of several rotators, used instead of the machine; or
 * NULL. */
int64_t host_spread(struct host *h, const char *shared, const char *job, int64_t most);

/* Turns any text into a valid name of a token: all characters except letters, digits and hyphens
 * become hyphens; "h-" is prepended if the first is not a letter, "-host" is appended to a short
 * text, and a long one is cut and ends with a hash of the whole. */
#define HOST_TOKEN_MAX 51
void host_token_name(const char *text, char out[static HOST_TOKEN_MAX]);

#endif
