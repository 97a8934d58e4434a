/* SPDX-License-Identifier: MIT */
/* The whole program: everything but the shortcut of front.c. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/run.h"
#include "config/job.h"
#include "http/http.h"

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "output", required_argument, NULL, 'o' },
		{ "dry-run", no_argument, NULL, 'n' },      { "force", no_argument, NULL, 'f' },
		{ "wait", required_argument, NULL, 'w' },   { "detailed-exitcode", no_argument, NULL, 'x' },
		{ "verbose", no_argument, NULL, 'v' },      { "debug", no_argument, NULL, 'd' },
		{ "log-format", required_argument, NULL, 'l' }, { 0 }
	};
	struct run_request rq = { .chatty = isatty(STDOUT_FILENO) };
	enum log_level level = LEVEL_WARN;
	enum log_format format = LOG_TEXT;
	const char *path = NULL;
	struct err e = ERR_INIT;
	size_t *jobs = NULL;
	int c;

	secret_setup();
	while ((c = getopt_long(argc, argv, "c:o:", options, NULL)) != -1) {
		if (c == 'c')
			path = optarg;
		else if (c == 'o')
			rq.json = strcmp(optarg, "json") == 0;
		else if (c == 'n')
			rq.dry_run = true;
		else if (c == 'f')
			rq.force = true;
		else if (c == 'w' && str_duration(optarg, &rq.wait_s))
			continue;
		else if (c == 'x')
			rq.detailed_exitcode = true;
		else if (c == 'v')
			level = LEVEL_INFO, rq.chatty = true;
		else if (c == 'd')
			level = LEVEL_DEBUG, rq.chatty = true;
		else if (c == 'l')
			format = strcmp(optarg, "json") == 0 ? LOG_JSON : LOG_TEXT;
		else
			return 64;
	}
	if (optind >= argc)
		return 64;
	const char *command = argv[optind++];
	rq.dry_run = rq.dry_run || strcmp(command, "plan") == 0;
	log_setup(level, format);
	http_setup();
	if (!config_open(path, &rq.config, &e) ||
	    !config_select(rq.config, argv + optind, (size_t)(argc - optind), &jobs, &rq.n_jobs, &e)) {
		log_err(NULL, &e);
		return err_exit_code(e.kind);
	}
	rq.jobs = jobs;
	int status = cli_run(&rq);
	free(jobs);
	config_close(rq.config);
	return status;
}
