/* SPDX-License-Identifier: MIT */
/* The options of `acrotate token`, read by the rules of Python's argparse, which az's
 * users know by heart. */

#include "token/options.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "output/format.h"
#include "output/jmespath.h"
#include "table.h"
#include "token/defaults.h"
#include "token/words.h"

/* ---- reading --------------------------------------------------------------------------------- */

struct option_reader {
	enum token_verb verb;
	int argc, at;
	char **argv;
	struct token_args *args;
	unsigned long long seen; /* rows of the table */
	struct buf extra;        /* what nobody takes */
	struct err *e;
};

static bool is_of(const struct option_reader *r, const struct token_option *o)
{
	return (o->verbs & TOKEN_BIT(r->verb)) != 0;
}

/* "--name/-n", as argparse calls it. Caller frees. */
static char *called(const struct token_option *o, enum token_verb verb)
{
	if (o->kind == TOKEN_NUMBER)
		return mem_dup(verb == TOKEN_CREDENTIAL_GENERATE ? "--expiration-in-days/--days"
		                                                 : "--expiration-in-days");
	return o->letter == 0 ? mem_fmt("--%s", o->name) : mem_fmt("--%s/-%c", o->name, o->letter);
}

/* By the whole name of `len` bytes, or else by the only one that begins so. False when several
 * do. */
static bool find_long(const struct option_reader *r, const char *name, size_t len,
                      const struct token_option **out)
{
	AUTO_BUF struct buf several = BUF_INIT(1000);
	const struct token_option *found = NULL;

	for (size_t i = 0; i < token_options_count; i++) {
		if (!is_of(r, &token_options[i]) || strncmp(token_options[i].name, name, len) != 0)
			continue;
		if (token_options[i].name[len] == '\0') {
			*out = &token_options[i];
			return true;
		}
		buf_fmt(&several, "%s--%s", found == NULL ? "" : ", ", token_options[i].name);
		if (found != NULL)
			*out = NULL;
		else
			*out = found = &token_options[i];
	}
	if (found == NULL)
		*out = NULL;
	if (found == NULL || *out != NULL)
		return true;
	return err_set(r->e, ERR_USAGE, "ambiguous option: --%.*s could match %s", (int)len, name,
	               buf_cstr(&several));
}

static const struct token_option *find_letter(const struct option_reader *r, char letter)
{
	for (size_t i = 0; letter != '\0' && i < token_options_count; i++)
		if (is_of(r, &token_options[i]) && token_options[i].letter == letter)
			return &token_options[i];
	return NULL;
}

static bool is_number(const char *s)
{
	static const char digits[] = "0123456789";

	if (*s++ != '-')
		return false;
	size_t n = strspn(s, digits);
	if (s[n] == '.') {
		size_t more = strspn(s + n + 1, digits);
		return more > 0 && s[n + 1 + more] == '\0';
	}
	return n > 0 && s[n] == '\0';
}

/* Does argparse take this word for a value, or for an option nobody knows? */
static bool is_value(const struct option_reader *r, const char *s)
{
	if (s[0] != '-' || s[1] == '\0' || is_number(s))
		return true;
	if (strchr(s, ' ') == NULL || find_letter(r, s[1]) != NULL)
		return false;
	return strchr(s, '=') == NULL || strchr(s, '=') > strchr(s, ' ');
}

static bool has_value(const struct option_reader *r)
{
	return r->at < r->argc && is_value(r, r->argv[r->at]);
}

/* Python's int(): space around, a sign, single underscores between digits; what does not fit
 * saturates. */
static bool python_int(const char *s, int64_t *out)
{
	static const char space[] = " \t\n\r\v\f";
	bool negative = false, digit = false;
	int64_t value = 0;

	s += strspn(s, space);
	if (*s == '+' || *s == '-')
		negative = *s++ == '-';
	for (; (*s >= '0' && *s <= '9') || (*s == '_' && digit && s[1] >= '0' && s[1] <= '9');
	     s++) {
		digit = digit || *s != '_';
		if (*s != '_' && (__builtin_mul_overflow(value, 10, &value) ||
		                  __builtin_add_overflow(value, *s - '0', &value)))
			value = INT64_MAX / 20;
	}
	if (!digit || s[strspn(s, space)] != '\0')
		return false;
	*out = negative ? -value : value;
	return true;
}

static const char *verb_name(enum token_verb verb, const char **group)
{
	for (size_t i = 0; i < token_commands_count; i++) {
		if (token_commands[i].verb == verb) {
			*group = token_commands[i].group;
			return token_commands[i].name;
		}
	}
	return NULL;
}

static bool wrong_choice(const struct option_reader *r, const struct token_option *o,
                         const char *value, const char *allowed)
{
	const char *group = "", *verb = verb_name(r->verb, &group);

	return err_set(
		r->e, ERR_USAGE,
		"acrotate token %s%s%s: '%s' is not a valid value for '--%s'. Allowed values: %s.",
		group, *group == '\0' ? "" : " ", verb, value, o->name, allowed);
}

/* `value` in any case as one of the two words, which is what is kept. */
static const char *either(const char *value, const char *a, const char *b)
{
	return strcasecmp(value, a) == 0 ? a : strcasecmp(value, b) == 0 ? b : NULL;
}

static bool keep_query(struct option_reader *r, const char *value)
{
	struct err why = ERR_INIT;

	jmespath_free(r->args->query);
	r->args->query = NULL;
	if (jmespath_compile(value, &r->args->query, &why))
		return true;
	/* Az notices these only once the command has done its work, and then with 1. */
	bool late =
		strcmp(why.code, "unknown-function") == 0 || strcmp(why.code, "invalid-arity") == 0;
	return err_set(r->e, late ? ERR_REMOTE : ERR_USAGE,
	               "argument --query: invalid jmespath_type value: '%s': %s", value, why.text);
}

static bool keep(struct option_reader *r, const struct token_option *o, const char *value)
{
	char *place = (char *)r->args + o->offset;
	const char *word = value;
	AUTO_FREE char *name = called(o, r->verb);

	switch (o->kind) {
	case TOKEN_STATUS:
		word = either(value, "enabled", "disabled");
		if (word == NULL)
			return wrong_choice(r, o, value, "enabled, disabled");
		r->args->status_given = true;
		break;
	case TOKEN_FORMAT:
		r->args->format = format_find(value);
		return r->args->format != NULL ||
		       wrong_choice(r, o, value, "json, jsonc, yaml, yamlc, table, tsv, none");
	case TOKEN_QUERY:
		return keep_query(r, value);
	case TOKEN_NUMBER:
		r->args->days_given = true;
		r->args->days_alias = r->args->days_alias || o->hidden;
		return python_int(value, &r->args->days) ||
		       err_set(r->e, ERR_USAGE, "argument %s: invalid int value: '%s'", name,
		               value);
	default:
		break;
	}
	memcpy(place, &word, sizeof(word));
	return true;
}

static void keep_rule(struct option_reader *r, const struct token_option *o,
                      const char *const *word, size_t n)
{
	bool repository = o->offset == offsetof(struct token_args, repository);
	struct token_rule **list = repository ? &r->args->repository : &r->args->gateway;
	size_t *count = repository ? &r->args->n_repository : &r->args->n_gateway;
	size_t cap = *count;

	/* A handful at most: grown one by one. */
	*list = mem_grow(*list, &cap, *count + 1, sizeof(**list));
	(*list)[(*count)++] = (struct token_rule){ word, n };
}

static const char *const *words(char **argv)
{
	return (const char *const *)(void *)argv;
}

/* `attached`: what stood behind "=" or right after a letter, or NULL. */
static bool take_option(struct option_reader *r, const struct token_option *o, char **attached)
{
	AUTO_FREE char *name = called(o, r->verb);
	bool truth = true;

	if (o->kind == TOKEN_REFUSED)
		return err_set(r->e, ERR_USAGE,
		               "%s is not known to acrotate: %s; leave it out, or use az", name,
		               o->help);
	r->seen |= 1ull << (o - token_options);
	if (o->kind == TOKEN_FLAG || o->kind == TOKEN_THREE_STATE) {
		if (attached != NULL && o->kind == TOKEN_FLAG)
			return err_set(r->e, ERR_USAGE,
			               "argument %s: ignored explicit argument '%s'", name,
			               *attached);
		if (o->kind == TOKEN_THREE_STATE && (attached != NULL || has_value(r))) {
			const char *value = attached != NULL ? *attached : r->argv[r->at++],
				   *word = either(value, "true", "false");
			if (word == NULL)
				return wrong_choice(r, o, value, "true, false");
			truth = *word == 't';
		}
		memcpy((char *)r->args + o->offset, &truth, sizeof(truth));
		return true;
	}
	if (attached == NULL && !has_value(r))
		return err_set(r->e, ERR_USAGE, "argument %s: expected %s argument", name,
		               o->kind == TOKEN_RULES ? "at least one" : "one");
	if (o->kind != TOKEN_RULES)
		return keep(r, o, attached != NULL ? *attached : r->argv[r->at++]);
	size_t n = 0;
	while (attached == NULL && r->at + (int)n < r->argc && is_value(r, r->argv[r->at + (int)n]))
		n++;
	keep_rule(r, o, words(attached != NULL ? attached : r->argv + r->at),
	          attached != NULL ? 1 : n);
	r->at += (int)n;
	return true;
}

static bool take_long(struct option_reader *r, char **arg)
{
	char *name = *arg + 2, *equals = strchr(name, '=');
	const struct token_option *o = NULL;

	if (!find_long(r, name, equals == NULL ? strlen(name) : (size_t)(equals - name), &o))
		return false;
	if (o == NULL) {
		buf_fmt(&r->extra, " %s", *arg);
		return true;
	}
	if (equals == NULL)
		return take_option(r, o, NULL);
	/* kept where it stands: the words of a rule are borrowed from argv */
	*arg = equals + 1;
	return take_option(r, o, arg);
}

/* "-n", "-nNAME", "-n=NAME", "-yn NAME". */
static bool take_letters(struct option_reader *r, char **arg)
{
	for (;;) {
		const struct token_option *o = find_letter(r, (*arg)[1]);
		if (o == NULL) {
			buf_fmt(&r->extra, " %s", *arg);
			return true;
		}
		if ((*arg)[2] == '\0')
			return take_option(r, o, NULL);
		if (o->kind != TOKEN_FLAG || (*arg)[2] == '=') {
			*arg += (*arg)[2] == '=' ? 3 : 2;
			return take_option(r, o, arg);
		}
		if (find_letter(r, (*arg)[2]) == NULL) {
			*arg += 2;
			return take_option(r, o, arg);
		}
		if (!take_option(r, o, NULL))
			return false;
		(*arg)++;
		(*arg)[0] = '-';
	}
}

static bool read_all(struct option_reader *r)
{
	while (r->at < r->argc) {
		char **arg = &r->argv[r->at++];
		if (strcmp(*arg, "--") == 0) {
			/* there are no words for it to shield: it is one too many itself */
			for (r->at--; r->at < r->argc; r->at++)
				buf_fmt(&r->extra, " %s", r->argv[r->at]);
		} else if (is_value(r, *arg)) {
			buf_fmt(&r->extra, " %s", *arg);
		} else if (!((*arg)[1] == '-' ? take_long(r, arg) : take_letters(r, arg))) {
			return false;
		}
		if (r->args->help)
			return true; /* argparse stops where it meets it */
	}
	return true;
}

/* ---- defaults -------------------------------------------------------------------------------- */

static bool finish(struct option_reader *r)
{
	AUTO_BUF struct buf missing = BUF_INIT(1000);
	struct token_defaults *d = &r->args->defaults;
	const char *format = NULL;

	format = d->output;
	if (r->args->registry == NULL)
		r->args->registry = d->registry;
	if (r->args->group == NULL)
		r->args->group = d->group;
	for (size_t i = 0; i < token_options_count; i++) {
		AUTO_FREE char *name = called(&token_options[i], r->verb);
		bool given = (r->seen & 1ull << i) != 0 ||
		             (token_options[i].letter == 'r' && r->args->registry != NULL);
		if ((token_options[i].required & TOKEN_BIT(r->verb)) != 0 && !given)
			buf_fmt(&missing, "%s%s", missing.len > 0 ? ", " : "", name);
	}
	if (missing.len > 0)
		return err_set(r->e, ERR_USAGE, "the following arguments are required: %s",
		               buf_cstr(&missing));
	if (r->extra.len > 0)
		return err_set(r->e, ERR_USAGE, "unrecognized arguments:%s", buf_cstr(&r->extra));
	if (r->args->format == NULL)
		r->args->format = format_find(format == NULL ? "json" : format);
	if (r->args->format == NULL)
		return err_set(r->e, ERR_CONFIG,
		               "the default output is '%s', which is not an output format", format);
	return true;
}

/* ---- the words ------------------------------------------------------------------------------- */

static bool is_help(const char *word)
{
	return strcmp(word, "-h") == 0 ||
	       (strlen(word) > 3 && strncmp("--help", word, strlen(word)) == 0);
}

/* How many words the command is made of, in any case, as az has it; 0 when there is none such. */
static int find_command(int argc, char **argv, const struct token_command **out)
{
	for (size_t i = 0; i < token_commands_count; i++) {
		int n = *token_commands[i].group == '\0' ? 1 : 2;
		if (argc >= n && strcasecmp(argv[n - 1], token_commands[i].name) == 0 &&
		    (n == 1 || strcasecmp(argv[0], token_commands[i].group) == 0)) {
			*out = &token_commands[i];
			return n;
		}
	}
	return 0;
}

static bool wrong_words(int argc, char **argv, struct err *e)
{
	bool group = argc > 0 && strcasecmp(argv[0], "credential") == 0;

	argc -= group;
	argv += group;
	if (argc == 0 || argv[0][0] == '-')
		return err_set(e, ERR_USAGE, "a command is required: %s",
		               group ? "generate or delete"
		                     : "create, delete, list, show, update, credential generate or "
		                       "credential delete");
	return err_set(e, ERR_USAGE,
	               "'%s' is misspelled or not recognized: see 'acrotate token%s --help'",
	               argv[0], group ? " credential" : "");
}

enum token_parsed token_parse(int argc, char **argv, struct token_args *a,
                              const struct token_command **cmd, struct buf *out, struct err *e)
{
	token_defaults_load(&a->defaults);
	token_words_load(argc, argv, a);
	bool group = argc > 0 && strcasecmp(argv[0], "credential") == 0;
	int n = find_command(argc, argv, cmd);

	if (argc > group && is_help(argv[group])) {
		token_help_of_group(group ? "credential" : "", out);
		return TOKEN_HELPED;
	}
	if (n == 0) {
		(void)!wrong_words(argc, argv, e);
		return TOKEN_WRONG;
	}
	struct option_reader r = { .verb = (*cmd)->verb,
		                   .argc = argc,
		                   .at = n,
		                   .argv = argv,
		                   .args = a,
		                   .extra = BUF_INIT(4000),
		                   .e = e };
	bool ok = read_all(&r) && (a->help || finish(&r));
	buf_free(&r.extra);
	if (ok && a->help) {
		token_help_of_command(*cmd, out);
		return TOKEN_HELPED;
	}
	return ok ? TOKEN_RUN : TOKEN_WRONG;
}
