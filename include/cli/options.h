/* SPDX-License-Identifier: MIT */
/*
 * The command line of acrotate, defined by two tables: the options in options.c, the commands in
 * commands.c. Parsing, --help, the test of the man page and the completion use them.
 *
 * `acrotate token` has az's syntax and a parser of its own: everything after that word is passed on
 * unchanged.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/base.h"
#include "base/log.h"

struct buf;
struct err;

/* The options of a command in addition to those of all commands. */
enum option_bits {
	OPTION_DRY_RUN = 1 << 0,
	OPTION_FORCE = 1 << 1,
	OPTION_WAIT = 1 << 2,
	OPTION_DETAILED = 1 << 3,
	OPTION_DROPIN = 1 << 4,
	OPTION_HORIZON = 1 << 5,
	OPTION_ONLINE = 1 << 6,
	OPTION_WARN_CRIT = 1 << 7,
	OPTION_FORMAT = 1 << 8,
	OPTION_NOW = 1 << 9,
	OPTION_SLOTS = 1 << 10,
	OPTION_SINKS = 1 << 11, /* --docker --file --libsecret --follow */
	OPTION_SINCE = 1 << 12,
	OPTION_PROBLEMS = 1 << 13,
	OPTION_FORCE_FORGET = 1 << 14, /* --force of forget */
	OPTION_METRICS = 1 << 15,      /* --output metrics */
	OPTION_SHARD = 1 << 16,
};

/* The parsed command line. Texts are borrowed from argv. */
struct options {
	/* as main() got it, for a program that executes another one; or NULL */
	char *const *argv;
	const char *config; /* NULL: the usual place */
	bool json, metrics;
	bool verbose, debug, help, version;
	enum log_format log_format;
	bool dry_run, force, detailed_exitcode, systemd_dropin, online, now;
	bool slot[2];              /* --password1, --password2 */
	int64_t wait_s, horizon_s; /* 0: not given */
	int64_t since_s;           /* 0: not given */
	struct option_shard {
		int64_t part, of; /* `of` is 0: not given */
	} shard;
	bool problems;
	int64_t warn_s, crit_s; /* 0: not given */
	const char *format;
	const char *docker, *file; /* of init: paths */
	const char *follow;
	bool libsecret;
	/* operands in order; for `token`, everything after the word. Freed by options_clear() */
	char **args;
	size_t n_args;
};
void options_clear(struct options *o);
#define AUTO_OPTIONS AUTO(options_clear)

struct command {
	const char *name;
	const char *operands; /* for help: "[JOB...]"; "" for none */
	const char *summary;  /* one line */
	unsigned options;     /* of enum option_bits */
	size_t min_args, max_args;
	bool passes_on;                      /* `token`: nothing after the name is parsed */
	int (*run)(const struct options *o); /* returns the exit status */
};
#define ARGS_MANY SIZE_MAX

/* The commands of this program, ending with a row without a name: src/cli/commands.c. */
extern const struct command commands[];

/* ERR_USAGE suggests a name for a mistyped one. *cmd is NULL if no command was given, which is an
 * error unless --help or --version was given; then only these two count. */
MUST_USE bool options_parse(const struct command *list, int argc, char **argv, struct options *out,
                            const struct command **cmd, struct err *e);
/* The output of --help, for one command or for the program (cmd == NULL). */
void options_help(const struct command *list, const struct command *cmd, struct buf *out);

/* One row, for the tests of the man page and the completion. NULL after the last. */
struct option {
	const char *name;  /* without dashes */
	char letter;       /* or 0 */
	const char *value; /* name of its value: "TIME"; NULL: none */
	unsigned bit;      /* 0: of all commands */
	enum option_kind {
		OPTION_FLAG,
		OPTION_TEXT,
		OPTION_TIME,
		OPTION_SHARD_OF,
		OPTION_OUTPUT,
		OPTION_LOG_FORMAT
	} kind;
	size_t offset; /* into struct options */
	const char *help;
};
const struct option *options_at(size_t i);
bool options_has(const struct command *cmd, const struct option *row);

#endif
