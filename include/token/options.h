/* SPDX-License-Identifier: MIT */
/* The commands and options of az, parsed by the rules of argparse. */
#ifndef TOKEN_OPTIONS_H
#define TOKEN_OPTIONS_H

#include "base/base.h"
#include "token/defaults.h"

struct buf;
struct err;
struct format;
struct jmespath;

enum token_verb {
	TOKEN_CREATE,
	TOKEN_DELETE,
	TOKEN_LIST,
	TOKEN_SHOW,
	TOKEN_UPDATE,
	TOKEN_CREDENTIAL_GENERATE,
	TOKEN_CREDENTIAL_DELETE,
	TOKEN_VERB__COUNT
};

/* --repository REPO ACTION...: words of argv */
struct token_rule {
	const char *const *word;
	size_t n;
};
struct token_args {
	const char *name, *registry, *group, *subscription, *scope_map, *status, *expiration,
		*config;
	struct token_rule *repository, *gateway;
	size_t n_repository, n_gateway;
	bool days_given, status_given, days_alias;
	int64_t days;
	bool no_passwords, password1, password2, yes, overwrite, force;
	bool help, debug, verbose, only_errors;
	const struct format *format;
	struct jmespath *query;
	struct token_defaults defaults; /* `registry` and `group` may point into it */
	char **loaded;                  /* words that were read from files */
	size_t n_loaded;
};
void token_args_clear(struct token_args *a);

/* One row of a table; NULL after the last. For help, completion and the tests of both. */
struct token_command {
	const char *group, *name; /* "credential" "generate"; group "" for the others */
	enum token_verb verb;
	const char *summary;
};
struct token_option {
	const char *name; /* without dashes */
	char letter;      /* or 0 */
	unsigned verbs;   /* bits of enum token_verb */
	enum token_kind {
		TOKEN_FLAG,
		TOKEN_TEXT,
		TOKEN_NUMBER,
		TOKEN_STATUS,
		TOKEN_RULES,
		TOKEN_THREE_STATE,
		TOKEN_FORMAT,
		TOKEN_QUERY,
		TOKEN_REFUSED /* an option of az that is not supported; `help` says why */
	} kind;
	size_t offset;     /* into struct token_args */
	unsigned required; /* bits of enum token_verb */
	/* --days, which is accepted but not documented, and TOKEN_REFUSED */
	bool hidden;
	const char *value, *help;
};
const struct token_command *token_command_at(size_t i);
const struct token_option *token_option_at(size_t i);

enum token_parsed { TOKEN_RUN, TOKEN_HELPED, TOKEN_WRONG };
/* TOKEN_HELPED: `out` has the help text. TOKEN_WRONG: *e says why; the exit status is 2. */
enum token_parsed token_parse(int argc, char **argv, struct token_args *a,
                              const struct token_command **cmd, struct buf *out, struct err *e);

#endif
