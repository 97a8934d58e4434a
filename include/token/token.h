/* SPDX-License-Identifier: MIT */
/*
 * `acrotate token`: az acr token, without Python. Its own options, output formats and exit
 * statuses are az's (0, 1 failure, 2 usage, 3 not found); where it differs on purpose stands in
 * acrotate-token(1).
 *
 *   token_options.c   the table of commands and options, and argparse's rules for reading them
 *   token_defaults.c  az configure
 *   token_time.c      --expiration and --expiration-in-days
 *   token_context.c   configuration, subscription, identity, where the registry is
 *   token_http.c      az's retries, on one connection
 *   token_ask.c       one request, and waiting for what takes longer
 *   token_model.c     answers of the service in the shape az gives them
 *   token_guard.c     what would cut off a job of this machine
 *   token_create.c token_credential.c token_plain.c   the commands
 *   token.c           puts them together, prints the result
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "azure/auth.h"
#include "base/base.h"
#include "base/err.h"
#include "http/http.h"

struct acr_place;
struct arena;
struct arm;
struct config;
struct env;
struct format;
struct job;
struct jmespath;
struct value;

/* ---- the world outside, so that tests can be it */

enum token_stream { TOKEN_IN, TOKEN_OUT, TOKEN_ERR };
struct token_outside {
	const struct env *env;
	struct http *http;  /* NULL: curl, as configured; else borrowed */
	const char *config; /* acrotate.conf, when --config does not name one; or NULL */
	bool tty[3];        /* of enum token_stream */
	/* false: it could not be written */
	bool (*put)(void *ctx, enum token_stream to, const char *p, size_t n);
	/* a line of standard input; false at its end */
	bool (*answer)(void *ctx, char *line, size_t size);
	/* becomes the program that has all sinks, and begins again; returns when there is none.
	 * May be NULL */
	void (*whole)(void *ctx);
	void *ctx;
};
/* argv[0] is the first word after "token". The exit status. */
int token_main(const struct token_outside *w, int argc, char **argv);

/* ---- options */

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

/* The environment's, else those of `az configure`; NULL where neither says anything. */
struct token_defaults {
	char *registry, *group, *output, *no_color;
};
void token_defaults_load(struct token_defaults *d);
bool token_defaults_no_color(const struct token_defaults *d);
void token_defaults_clear(struct token_defaults *d);
/* in the directory where az keeps its things; caller frees */
char *token_az_file(const char *name);

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
	struct token_defaults defaults; /* what `registry` and `group` may point into */
	char **loaded;                  /* words that came from files */
	size_t n_loaded;
};
/* Puts the content of files in the place of words that are "@FILE" or end in "=@FILE". `a` owns
 * the new words. */
void token_words_load(int argc, char **argv, struct token_args *a);
void token_args_clear(struct token_args *a);

/* One row of a table; NULL behind the last. For help, completion and the tests of both. */
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
		TOKEN_QUERY
	} kind;
	size_t offset;     /* into struct token_args */
	unsigned required; /* bits of enum token_verb */
	bool hidden;       /* --days: accepted, not offered */
	const char *value, *help;
};
const struct token_command *token_command_at(size_t i);
const struct token_option *token_option_at(size_t i);

enum token_parsed { TOKEN_RUN, TOKEN_HELPED, TOKEN_WRONG };
/* TOKEN_HELPED: `out` has the help text. TOKEN_WRONG: *e says what; the exit status is 2. */
enum token_parsed token_parse(int argc, char **argv, struct token_args *a,
                              const struct token_command **cmd, struct buf *out, struct err *e);

/* ---- times */

#define TOKEN_EXPIRY_MAX 40
/* strptime's "%Y-%m-%dT%H:%M:%SZ" as Python reads it, brought into the form az sends. */
MUST_USE bool token_expiration(const char *text, char out[static TOKEN_EXPIRY_MAX]);
/* So many days from now; past the year 9999 the last moment there is. */
void token_expires_in(const struct env *env, int64_t days, char out[static TOKEN_EXPIRY_MAX]);
/* A time of the service as az prints it; false for what its parser refuses. */
MUST_USE bool token_isoformat(const char *text, struct buf *out);

/* ---- a command at work */

/* What is taken over from az: its cloud, by az's name and by ours. `wanted`: what it takes to do
 * so, where nobody said who to be; or NULL. */
struct token_login {
	char *auth, *cloud, *ours, *resource_manager, *authority, *audience;
	const char *wanted;
};

struct token_http;
struct token_run {
	const struct token_outside *w;
	const struct token_args *args;
	enum token_verb verb;
	struct config *config;
	/* as configured, or az's login; borrows from config and login */
	struct azure_spec azure;
	struct token_login login;
	struct token_http *http;
	struct arm *arm;
	struct arena *arena;
	char *registry; /* without the suffix of a login server */
	char *subscription, *subscription_name;
	struct acr_place *place;
	bool made_password; /* a password was made that is shown once only */
	/* what to add to a failure, in a line of its own; or NULL. In the arena */
	const char *note;
};
MUST_USE bool token_names_ok(struct token_run *r, struct err *e); /* before any request */
/* configuration, client, subscription */
MUST_USE bool token_open(struct token_run *r, struct err *e);
/* The subscription, as told or az's own; with neither configuration nor environment to say who
 * we are, azure-cli for r->azure. */
MUST_USE bool token_login_find(struct token_run *r, struct err *e);
void token_login_clear(struct token_run *r);
MUST_USE bool token_find_registry(struct token_run *r, struct err *e);
void token_close(struct token_run *r);

/* One request and, where the service works on, its result. `statuses` ends with 0: any other is
 * a failure. `body` may be NULL. */
struct token_request {
	enum http_method method;
	const char *path;
	const struct buf *body;
	const int *statuses;
};
MUST_USE bool token_ask(struct token_run *r, const struct token_request *rq,
                        struct http_response *out, struct err *e);

/* Az's retries around `inner`: any refusal that names a time, and what may be repeated without
 * harm. Remembers the last refusal. */
struct token_http *token_http_open(struct http *inner, const struct env *env); /* owns inner */
struct http *token_http_base(struct token_http *t);
/* the last answer that was no 2xx or said "Failed", or NULL */
const struct http_response *token_http_refusal(const struct token_http *t);
void token_http_close(struct token_http *t);

/* ---- answers */

enum token_shape { TOKEN_SHAPE_TOKEN, TOKEN_SHAPE_GENERATED };
/* *out is NULL for an empty body or null. `keep`: a time that cannot be read is shown as it is,
 * for what must not be lost. */
MUST_USE bool token_model(struct arena *a, enum token_shape shape, const char *body, size_t len,
                          bool keep, const struct value **out, struct err *e);
MUST_USE bool token_model_value(struct arena *a, enum token_shape shape, const struct value *v,
                                bool keep, const struct value **out, struct err *e);
/* of tables */
const struct value *token_row(struct arena *a, const struct value *token);
const struct value *token_generated_row(struct arena *a, const struct value *generated);
/* az's words for a refusal: "(Code) Message", one line each for its parts. */
void token_refusal_text(const struct http_response *rs, struct buf *out);

/* ---- a job of this machine */

enum { TOKEN_KILLS_1 = 1, TOKEN_KILLS_2 = 2 };
struct token_guard;
/* Takes the locks of the jobs on this token, and refuses what would cut them off: ERR_DECISION,
 * ERR_BUSY. */
MUST_USE bool token_guard_open(struct token_run *r, unsigned kills, struct token_guard **out,
                               struct err *e);
void token_guard_close(struct token_guard **g);
#define AUTO_GUARD AUTO(token_guard_close)

/* ---- the commands: *out is what to print, NULL for nothing; may be set although the command
 * failed */

bool token_create(struct token_run *r, const struct value **out, struct err *e);
bool token_delete(struct token_run *r, const struct value **out, struct err *e);
bool token_list(struct token_run *r, const struct value **out, struct err *e);
bool token_show(struct token_run *r, const struct value **out, struct err *e);
bool token_update(struct token_run *r, const struct value **out, struct err *e);
bool token_credential_generate(struct token_run *r, const struct value **out, struct err *e);
bool token_credential_delete(struct token_run *r, const struct value **out, struct err *e);
/* What a command line says wrongly in itself, before anything else; az's texts, and ERR_USAGE
 * where az exits with 2. */
bool token_create_check(const struct token_args *a, struct err *e);
bool token_create_check_times(const struct token_args *a, struct err *e);
bool token_update_check(const struct token_args *a, struct err *e);
bool token_generate_check(const struct token_args *a, struct err *e);
bool token_credential_delete_check(const struct token_args *a, struct err *e);
/* New passwords with the expiry asked for: one slot, or both for NULL. False with *out set: they
 * were made, but the answer is an odd one. */
bool token_generate(struct token_run *r, const char *slot, const struct value **out, struct err *e);

#endif
