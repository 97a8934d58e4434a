/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/str.h"

#define AT(member) offsetof(struct options, member)

static const struct option rows[] = {
	{ "config", 'c', "FILE", 0, OPTION_TEXT, AT(config),
	  "read this acrotate.conf, and jobs.d in the same directory" },
	{ "output", 'o', "text|json", 0, OPTION_OUTPUT, AT(json),
	  "format of standard output; of status, metrics too" },
	{ "verbose", 0, NULL, 0, OPTION_FLAG, AT(verbose), "report what is done" },
	{ "debug", 0, NULL, 0, OPTION_FLAG, AT(debug),
	  "report every exchange too, never a secret" },
	{ "log-format", 0, "text|json", 0, OPTION_LOG_FORMAT, AT(log_format),
	  "format of standard error" },
	{ "help", 'h', NULL, 0, OPTION_FLAG, AT(help), "this text" },
	{ "version", 0, NULL, 0, OPTION_FLAG, AT(version), "name and version" },
	{ "dry-run", 0, NULL, OPTION_DRY_RUN, OPTION_FLAG, AT(dry_run),
	  "say what would be done and why, change nothing" },
	{ "force", 0, NULL, OPTION_FORCE, OPTION_FLAG, AT(force),
	  "rotate even if nothing is due; a slot in use is still never touched" },
	{ "wait", 0, "TIME", OPTION_WAIT, OPTION_TIME, AT(wait_s),
	  "retry for up to this long what would exit 75; at first 77 and 69 too" },
	{ "shard", 0, "I/N", OPTION_SHARD, OPTION_SHARD_OF, AT(shard),
	  "only the jobs whose names fall to part I (0 to N-1) of N" },
	{ "detailed-exitcode", 0, NULL, OPTION_DETAILED, OPTION_FLAG, AT(detailed_exitcode),
	  "exit 2 instead of 0 when something changed" },
	{ "systemd-dropin", 0, NULL, OPTION_DROPIN, OPTION_FLAG, AT(systemd_dropin),
	  "print the ReadWritePaths= that the jobs need" },
	{ "horizon", 0, "TIME", OPTION_HORIZON, OPTION_TIME, AT(horizon_s),
	  "simulate all jobs over this time, 10 years at most, and sum up" },
	{ "online", 0, NULL, OPTION_ONLINE, OPTION_FLAG, AT(online), "ask Azure too" },
	{ "warn", 0, "TIME", OPTION_WARN_CRIT, OPTION_TIME, AT(warn_s),
	  "exit 1 when a password in use expires within this time" },
	{ "crit", 0, "TIME", OPTION_WARN_CRIT, OPTION_TIME, AT(crit_s),
	  "exit 2 when a password in use expires within this time" },
	{ "format", 0, "TEMPLATE", OPTION_FORMAT, OPTION_TEXT, AT(format),
	  "print this instead, with {password} {username} {server} ..." },
	{ "now", 0, NULL, OPTION_NOW, OPTION_FLAG, AT(now),
	  "kill first, then deliver: consumers are cut off in between" },
	{ "password1", 0, NULL, OPTION_SLOTS, OPTION_FLAG, AT(slot[0]),
	  "this slot too, even if it is foreign" },
	{ "password2", 0, NULL, OPTION_SLOTS, OPTION_FLAG, AT(slot[1]),
	  "this slot too, even if it is foreign" },
	{ "force", 0, NULL, OPTION_FORCE_FORGET, OPTION_FLAG, AT(force),
	  "forget even if a consumer may still hold a password that works" },
	{ "since", 0, "TIME", OPTION_SINCE, OPTION_TIME, AT(since_s),
	  "only what happened within this time" },
	{ "problems", 0, NULL, OPTION_PROBLEMS, OPTION_FLAG, AT(problems),
	  "only jobs that need attention" },
	{ "docker", 0, "PATH", OPTION_SINKS, OPTION_TEXT, AT(docker),
	  "deliver to this Docker config file" },
	{ "file", 0, "PATH", OPTION_SINKS, OPTION_TEXT, AT(file), "deliver to this file" },
	{ "follow", 0, "TYPE:PLACE", OPTION_SINKS, OPTION_TEXT, AT(follow),
	  "init: do not rotate, follow what a rotator delivers there" },
	{ "libsecret", 0, NULL, OPTION_SINKS, OPTION_FLAG, AT(libsecret),
	  "deliver to the Secret Service" },
};

const struct option *options_at(size_t i)
{
	return i < COUNT(rows) ? &rows[i] : NULL;
}

bool options_has(const struct command *cmd, const struct option *row)
{
	return row->bit == 0 || (cmd->options & row->bit) != 0;
}

void options_clear(struct options *o)
{
	free(o->args);
	*o = (struct options){ 0 };
}

/* ---- suggestions ----------------------------------------------------------------------------- */

/* A horizon is thought of in years; a policy is not, so the configuration knows no such unit. */
static bool whole_years(const char *text, int64_t *seconds)
{
	char digits[4] = "";
	size_t n = strlen(text);
	int64_t years;

	if (n < 2 || n > sizeof(digits) || text[n - 1] != 'y')
		return false;
	memcpy(digits, text, n - 1);
	if (!str_int(digits, 1, 100, &years))
		return false;
	*seconds = years * 365 * 86400;
	return true;
}

static bool unknown_option(const struct command *cmd, const char *name, struct err *e)
{
	struct nearest near = nearest_to(name);

	for (size_t i = 0; i < COUNT(rows); i++)
		if (cmd == NULL || options_has(cmd, &rows[i]))
			nearest_try(&near, rows[i].name);
	return near.best != NULL
	               ? err_set(e, ERR_USAGE, "unknown option '--%s'; did you mean '--%s'?", name,
	                         near.best)
	               : err_set(e, ERR_USAGE, "unknown option '--%s'; see 'acrotate%s%s --help'",
	                         name, cmd != NULL ? " " : "", cmd != NULL ? cmd->name : "");
}

static bool unknown_command(const struct command *list, const char *name, struct err *e)
{
	struct nearest near = nearest_to(name);

	for (const struct command *c = list; c->name != NULL; c++)
		nearest_try(&near, c->name);
	return near.best != NULL
	               ? err_set(e, ERR_USAGE, "unknown command '%s'; did you mean '%s'?", name,
	                         near.best)
	               : err_set(e, ERR_USAGE, "unknown command '%s'; see 'acrotate --help'", name);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* 1 for "json", 0 for "text". */
static bool text_or_json(const struct option *row, const char *value, int *out, struct err *e)
{
	*out = strcmp(value, "json") == 0;
	return *out == 1 || strcmp(value, "text") == 0 ||
	       err_set(e, ERR_USAGE, "'--%s' takes text or json, not '%s'", row->name, value);
}

static bool set_shard(struct option_shard *out, const char *value, struct err *e)
{
	size_t n = strcspn(value, "/");
	AUTO_FREE char *part = mem_dup_n(value, n);
	struct option_shard s;

	if (value[n] != '/' || !str_int(value + n + 1, 1, 100000, &s.of) ||
	    !str_int(part, 0, s.of - 1, &s.part))
		return err_set(e, ERR_USAGE,
		               "'--shard' takes a part and how many there are, like '0/3', '1/3' "
		               "and '2/3', not '%s'",
		               value);
	*out = s;
	return true;
}

static bool set(struct options *o, const struct option *row, const char *value, struct err *e)
{
	void *member = (char *)o + row->offset;
	int64_t seconds;
	int json;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return true;
	case OPTION_TEXT:
		if (value == NULL || value[0] == '\0')
			return err_set(e, ERR_USAGE, "'--%s' takes a %s, not nothing", row->name,
			               row->value);
		*(const char **)member = value;
		return true;
	case OPTION_TIME:
		if ((!str_duration(value, &seconds) && !whole_years(value, &seconds)) ||
		    seconds == 0)
			return err_set(e, ERR_USAGE,
			               "'--%s' takes a time like '10m' or '14d', not '%s'",
			               row->name, value);
		*(int64_t *)member = seconds;
		return true;
	case OPTION_SHARD_OF:
		return set_shard(member, value, e);
	case OPTION_OUTPUT:
		o->metrics = value != NULL && strcmp(value, "metrics") == 0;
		if (o->metrics)
			return true;
		if (!text_or_json(row, value, &json, e))
			return false;
		*(bool *)member = json == 1;
		return true;
	case OPTION_LOG_FORMAT:
		if (!text_or_json(row, value, &json, e))
			return false;
		*(enum log_format *)member = json == 1 ? LOG_JSON : LOG_TEXT;
		return true;
	}
	return false;
}

/* ---- the line -------------------------------------------------------------------------------- */

struct option_line {
	int argc, at; /* at: the next word */
	char **argv;
	const struct command *list, *cmd;
	/* Options may stand before the command they belong to: they are judged when it is known. */
	const struct option *seen[COUNT(rows)];
	size_t n_seen;
	struct options *o;
};

static bool take_option(struct option_line *l, const struct option *row, const char *attached,
                        struct err *e)
{
	const char *value = attached;

	if (row->value == NULL && attached != NULL)
		return err_set(e, ERR_USAGE, "'--%s' takes no value", row->name);
	if (row->value != NULL && attached == NULL) {
		if (l->at == l->argc)
			return err_set(e, ERR_USAGE, "'--%s' takes a value: %s", row->name,
			               row->value);
		value = l->argv[l->at++];
	}
	if (!set(l->o, row, value, e))
		return false;
	for (size_t i = 0; i < l->n_seen; i++)
		if (l->seen[i] == row)
			return true;
	l->seen[l->n_seen++] = row;
	return true;
}

/* An option may mean one thing to one command and another to the next. */
static const struct option *row_of(const struct command *cmd, const struct option *row)
{
	for (size_t i = 0; cmd != NULL && i < COUNT(rows); i++)
		if (strcmp(rows[i].name, row->name) == 0 && options_has(cmd, &rows[i]))
			return &rows[i];
	return row;
}

static bool long_option(struct option_line *l, const char *word, struct err *e)
{
	size_t n = strcspn(word, "=");
	AUTO_FREE char *name = mem_dup_n(word, n);

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return take_option(l, row_of(l->cmd, &rows[i]),
			                   word[n] == '=' ? word + n + 1 : NULL, e);
	return unknown_option(l->cmd, name, e);
}

/* -c FILE, -cFILE, -ojson, -h. */
static bool short_option(struct option_line *l, const char *word, struct err *e)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].letter != '\0' && rows[i].letter == word[0])
			return take_option(l, &rows[i], word[1] != '\0' ? word + 1 : NULL, e);
	return err_set(e, ERR_USAGE, "unknown option '-%c'; see 'acrotate --help'", word[0]);
}

static bool take_command(struct option_line *l, const char *word, struct err *e)
{
	for (const struct command *c = l->list; c->name != NULL; c++)
		if (strcmp(c->name, word) == 0) {
			l->cmd = c;
			return true;
		}
	return unknown_command(l->list, word, e);
}

static void take_operand(struct option_line *l, char *word)
{
	l->o->args[l->o->n_args++] = word;
}

static bool take_words(struct option_line *l, struct err *e)
{
	bool options = true;

	while (l->at < l->argc) {
		char *word = l->argv[l->at++];
		bool ok = true;

		if (l->cmd != NULL && l->cmd->passes_on)
			take_operand(l, word);
		else if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && strncmp(word, "--", 2) == 0)
			ok = long_option(l, word + 2, e);
		else if (options && word[0] == '-' && word[1] != '\0')
			ok = short_option(l, word + 1, e);
		else if (l->cmd == NULL)
			ok = take_command(l, word, e);
		else
			take_operand(l, word);
		if (!ok)
			return false;
	}
	return true;
}

/* Which of the options seen the command does not have, and how many operands it takes. */
static bool judge(const struct option_line *l, struct err *e)
{
	const struct command *cmd = l->cmd;
	const struct options *o = l->o;

	if (cmd == NULL)
		return o->help || o->version ||
		       err_set(e, ERR_USAGE, "no command; see 'acrotate --help'");
	for (size_t i = 0; i < l->n_seen; i++)
		if (!options_has(cmd, row_of(cmd, l->seen[i])))
			return err_set(e, ERR_USAGE, "'--%s' is not an option of 'acrotate %s'",
			               l->seen[i]->name, cmd->name);
	if (o->help || o->version)
		return true;
	if (o->metrics && (cmd->options & OPTION_METRICS) == 0)
		return err_set(e, ERR_USAGE, "'--output' takes text or json, not 'metrics'");
	if (o->n_args < cmd->min_args)
		return err_set(e, ERR_USAGE, "'acrotate %s' takes %s", cmd->name, cmd->operands);
	if (o->n_args > cmd->max_args)
		return cmd->max_args == 0
		               ? err_set(e, ERR_USAGE,
		                         "'acrotate %s' takes no operand, and not '%s'", cmd->name,
		                         o->args[0])
		               : err_set(e, ERR_USAGE,
		                         "'acrotate %s' takes %s, and nothing more: '%s'",
		                         cmd->name, cmd->operands, o->args[cmd->max_args]);
	return true;
}

bool options_parse(const struct command *list, int argc, char **argv, struct options *out,
                   const struct command **cmd, struct err *e)
{
	AUTO_OPTIONS struct options o = { .argv = argv };
	struct option_line l = { .argc = argc, .at = 1, .argv = argv, .list = list, .o = &o };

	o.args = mem_array((size_t)argc + 1, sizeof(*o.args));
	if (!take_words(&l, e) || !judge(&l, e))
		return false;
	*out = o;
	o.args = NULL;
	*cmd = l.cmd;
	return true;
}

/* ---- help ------------------------------------------------------------------------------------ */

#define HELP_COLUMN 26

static void help_row(const char *left, const char *right, struct buf *out)
{
	buf_fmt(out, "  %-*s  %s\n", HELP_COLUMN, left, right);
}

static void help_options(const struct command *cmd, bool common, struct buf *out)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct option *row = &rows[i];
		AUTO_BUF struct buf left = BUF_INIT(128);

		if (common ? row->bit != 0 : row->bit == 0 || !options_has(cmd, row))
			continue;
		if (row->letter != '\0')
			buf_fmt(&left, "-%c, ", row->letter);
		buf_fmt(&left, "--%s%s%s", row->name, row->value != NULL ? " " : "",
		        row->value != NULL ? row->value : "");
		help_row(buf_cstr(&left), row->help, out);
	}
}

void options_help(const struct command *list, const struct command *cmd, struct buf *out)
{
	if (cmd != NULL) {
		buf_fmt(out, "usage: acrotate %s%s%s%s\n\n  %s\n\noptions:\n", cmd->name,
		        cmd->passes_on ? "" : " [OPTION...]", cmd->operands[0] != '\0' ? " " : "",
		        cmd->operands, cmd->summary);
		help_options(cmd, false, out);
		help_options(cmd, true, out);
		return;
	}
	buf_str(out, "usage: acrotate COMMAND [OPTION...]\n\n"
	             "  Rotates the passwords of Azure Container Registry tokens without cutting "
	             "anyone off.\n\ncommands:\n");
	for (const struct command *c = list; c->name != NULL; c++) {
		AUTO_FREE char *left = mem_fmt("%s %s", c->name, c->operands);
		help_row(left, c->summary, out);
	}
	buf_str(out, "\noptions of all commands:\n");
	help_options(NULL, true, out);
	buf_str(out, "\nJOB is a job's name, a pattern, or the path of a job file. 'acrotate "
	             "COMMAND --help' says more.\n");
}
