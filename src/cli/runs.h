/* SPDX-License-Identifier: MIT */
/*
 * Does anything start acrotate? Looked for where systemd, cron and Kubernetes have it: files only,
 * no daemon is asked, so that it works in a container, too, and as any user.
 */
#ifndef SRC_CLI_RUNS_H
#define SRC_CLI_RUNS_H

#include "base/base.h"

enum runs_kind {
	RUNS_NONE,
	RUNS_TIMER,          /* a timer that is enabled */
	RUNS_TIMER_DISABLED, /* one that is there, and not enabled: nothing starts it */
	RUNS_CRON,
	RUNS_CRON_YIELDS, /* a line of cron that does nothing where systemd runs, and it does */
	RUNS_CRON_DEAD,   /* a line of cron, and no cron daemon */
	RUNS_CRONJOB,     /* this is a pod that a CronJob of Kubernetes has started */
	RUNS_POD          /* a pod of another kind */
};

/* Where to look; for tests, too. */
struct runs_where {
	const char *root;  /* before every path: "" */
	const char *units; /* directories of units, separated by ':' */
	const char *user;  /* whose crontab; NULL: none */
	bool systemd;      /* it runs as process 1 */
	bool cron;         /* a cron daemon runs */
	const char *pod;   /* host name, where this is a pod; else NULL */
	const char *
		/* another acrotate.conf than the usual one: only what names it counts; or NULL */
		config;
};
struct runs {
	enum runs_kind kind;
	char *how;     /* a unit's name or a file; NULL: nothing was found */
	int64_t every; /* seconds between two runs at most; 0: not known */
};
void runs_look(const struct runs_where *where, struct runs *out);
/* This machine, this user. */
void runs_look_here(const char *config, struct runs *out);
void runs_clear(struct runs *r);

/* Seconds between two runs at most, by the first words of a line of cron ("17 * * * *",
 * "@daily"); 0: not understood, or never. */
int64_t runs_cron_every(const char *line);
/* The same of OnCalendar=. */
int64_t runs_calendar_every(const char *text);

#endif
