/* SPDX-License-Identifier: MIT */

#include "token/token.h"

#include <stdlib.h>

#include "azure/arm.h"
#include "azure/arm_refusal.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/show.h"
#include "http/http.h"
#include "output/format.h"
#include "output/jmespath.h"
#include "output/value.h"
#include "token/context.h"
#include "token/create.h"
#include "token/credential.h"
#include "token/defaults.h"
#include "token/http.h"
#include "token/options.h"
#include "token/outside.h"
#include "token/plain.h"
#include "token/refusal.h"
#include "token/rows.h"

#define OUTPUT_MAX ((size_t)256 * 1024 * 1024)
/* 50,000 tokens, the most a registry can have, take a tenth */
#define ARENA_MAX ((size_t)1024 * 1024 * 1024)

enum { EXIT_FAILED = 1, EXIT_USED_WRONGLY = 2, EXIT_NOT_FOUND = 3 };

static const struct {
	bool (*check)(const struct token_args *a, struct err *e);
	bool (*run)(struct token_run *r, const struct value **out, struct err *e);
	const struct value *(*row)(struct arena *a, const struct value *object);
} verbs[TOKEN_VERB__COUNT] = {
	[TOKEN_CREATE] = { token_create_check, token_create, token_row },
	[TOKEN_DELETE] = { NULL, token_delete, NULL },
	[TOKEN_LIST] = { NULL, token_list, token_row },
	[TOKEN_SHOW] = { NULL, token_show, token_row },
	[TOKEN_UPDATE] = { token_update_check, token_update, token_row },
	[TOKEN_CREDENTIAL_GENERATE] = { token_generate_check, token_credential_generate,
	                                token_generated_row },
	[TOKEN_CREDENTIAL_DELETE] = { token_credential_delete_check, token_credential_delete,
	                              token_row },
};

/* ---- standard error -------------------------------------------------------------------------- */

/* As az: only where both streams are terminals. */
static bool may_color(const struct token_outside *w, const struct token_args *a)
{
	return w->tty[TOKEN_OUT] && w->tty[TOKEN_ERR] && getenv("NO_COLOR") == NULL &&
	       !token_defaults_no_color(&a->defaults);
}

/* "ERROR: ..." in a file, red on a terminal, as az. */
static void say(const struct token_outside *w, const struct token_args *a, const char *word,
                const char *color, const char *text)
{
	bool plain = !may_color(w, a);
	AUTO_BUF struct buf shown = BUF_INIT(strlen(text));

	show_lines(text, &shown);
	AUTO_FREE char *line = plain ? mem_fmt("%s: %s\n", word, buf_cstr(&shown))
	                             : mem_fmt("%s%s\x1b[0m\n", color, buf_cstr(&shown));

	(void)w->put(w->ctx, TOKEN_ERR, line, strlen(line));
}

static void say_error(const struct token_outside *w, const struct token_args *a, const char *text)
{
	say(w, a, "ERROR", "\x1b[91m", text);
}

static void say_warning(const struct token_run *r, const char *text)
{
	if (!r->args->only_errors)
		say(r->w, r->args, "WARNING", "\x1b[33m", text);
}

/* A refusal of the service in its own words, and what identifies it; anything else in ours. */
static void say_failure(const struct token_run *r, const struct err *e)
{
	const struct http_response *refusal = r->http == NULL ? NULL : token_http_refusal(r->http);
	AUTO_BUF struct buf text = BUF_INIT((size_t)64 * 1024);

	bool service = e->status != 0 && refusal != NULL && refusal->status == e->status;
	if (service)
		token_refusal_text(refusal, &text);
	else
		buf_str(&text, e->text);
	AUTO_FREE char *advice = service ? arm_claims_advice(refusal, arm_method(r->arm)) : NULL;
	if (advice != NULL)
		buf_fmt(&text, "\n%s", advice);
	if (service && refusal->request_id[0] != '\0')
		buf_fmt(&text, "\nx-ms-request-id: %s", refusal->request_id);
	if (r->login.wanted != NULL && e->kind == ERR_AUTH && !service)
		buf_fmt(&text, ", or %s", r->login.wanted);
	if (r->note != NULL)
		buf_fmt(&text, "\n%s", r->note);
	say_error(r->w, r->args, buf_cstr(&text));
}

/* ---- standard output ------------------------------------------------------------------------- */

/* What stands between our colours. */
static void show_colored(const char *s, struct buf *out)
{
	while (*s != '\0') {
		size_t text = strcspn(s, "\x1b"), color = strcspn(s + text, "m");
		AUTO_FREE char *part = mem_dup_n(s, text);

		show_lines(part, out);
		s += text;
		color += s[color] != '\0';
		buf_add(out, s, *s != '\0' ? color : 0);
		s += *s != '\0' ? color : 0;
	}
}

/* What goes to a file or a program is az's to the byte; on a terminal it drives nothing. */
static bool put_output(const struct token_run *r, const struct buf *out, bool colored)
{
	AUTO_BUF struct buf shown = BUF_INIT(out->len);

	if (!r->w->tty[TOKEN_OUT])
		return r->w->put(r->w->ctx, TOKEN_OUT, buf_cstr(out), out->len);
	if (colored)
		show_colored(buf_cstr(out), &shown);
	else
		show_lines(buf_cstr(out), &shown);
	return r->w->put(r->w->ctx, TOKEN_OUT, buf_cstr(&shown), shown.len);
}

static bool print_value(struct token_run *r, const struct format *format, const struct value *v,
                        bool queried, struct buf *out, struct err *e)
{
	const struct format_request rq = { .value = v,
		                           .queried = queried,
		                           .row = verbs[r->verb].row,
		                           .color = may_color(r->w, r->args) };

	if (v->type == VALUE_NULL)
		return true;
	if (!format->write(&rq, r->arena, out, e))
		return false;
	if (!buf_ok(out))
		return err_set(e, ERR_REMOTE, "the output is larger than %zu bytes", OUTPUT_MAX);
	if (!put_output(r, out, rq.color && format->colors))
		return err_set(e, ERR_LOCAL, "cannot write to standard output%s",
		               r->made_password ? ": the new password was made, and has been lost"
		                                : "");
	return true;
}

/* Is it in the output, as it is or as JSON and YAML would quote it? */
static bool is_shown(const struct buf *out, const char *secret)
{
	AUTO_BUF struct buf quoted = BUF_INIT(OUTPUT_MAX);

	buf_json(&quoted, secret);
	return strstr(buf_cstr(out), secret) != NULL ||
	       (quoted.len > 2 &&
	        memmem(buf_cstr(out), out->len, buf_cstr(&quoted) + 1, quoted.len - 2) != NULL);
}

static const struct value *new_passwords(const struct value *v)
{
	const struct value *credentials = value_get(v, "credentials"),
			   *list = value_get(credentials == NULL ? v : credentials, "passwords");

	return list != NULL && list->type == VALUE_ARRAY ? list : NULL;
}

/* A query or a format that leaves a new password away loses it, for nothing shows it a second
 * time. az says nothing of that. */
static void warn_of_lost(struct token_run *r, const struct value *result, const struct buf *out)
{
	const struct value *list = r->made_password ? new_passwords(result) : NULL;

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const char *name = value_str(list->item[i], "name"),
			   *secret = value_str(list->item[i], "value");
		if (secret == NULL || *secret == '\0' || is_shown(out, secret))
			continue;
		AUTO_FREE char *text =
			mem_fmt("The new %s is not in the output, and is shown nowhere else: it is "
		                "lost. Generate it again if it is needed.",
		                name == NULL ? "password" : name);
		say_warning(r, text);
	}
}

static bool print_result(struct token_run *r, const struct value *v, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const struct value *chosen = v;

	if (r->args->query != NULL && !jmespath_search(r->args->query, v, r->arena, &chosen, e))
		return err_in(e, "Invalid jmespath query supplied for '--query'");
	if (!print_value(r, r->args->format, chosen, r->args->query != NULL, &out, e))
		return false;
	warn_of_lost(r, v, &out);
	return true;
}

/* Nothing would show a new password a second time: all of it goes out, in a format that leaves
 * nothing away. *e is the failure to tell. */
static void save_password(struct token_run *r, const struct value *v, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	struct err unprinted = ERR_INIT;
	bool nothing = strcmp(r->args->format->name, "none") == 0;

	if (!nothing && !print_value(r, format_find("json"), v, false, &out, &unprinted))
		(void)err_in(e, "%s", unprinted.text);
	else
		warn_of_lost(r, v, &out);
}

static bool put_text(struct token_run *r, const struct buf *out, struct err *e)
{
	if (!buf_ok(out))
		return err_set(e, ERR_REMOTE, "the output is larger than %zu bytes", OUTPUT_MAX);
	return r->w->put(r->w->ctx, TOKEN_OUT, buf_cstr(out), out->len) ||
	       err_set(e, ERR_LOCAL, "cannot write to standard output");
}

/* Tokens are written as they come, page by page, and printed when all have come: a list that breaks
 * off is none. */
static bool run_list(struct token_run *r, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const struct format_request rq = { .row = verbs[r->verb].row };
	const struct value *unused = NULL;
	struct err unwritten = ERR_INIT;

	if (!token_open(r, e))
		return false;
	r->stream = r->args->format->stream;
	r->list = r->stream->open(&rq, r->arena, &out);
	bool ok = verbs[r->verb].run(r, &unused, e);
	if (!r->stream->close(r->list, ok ? e : &unwritten))
		return false;
	return ok && put_text(r, &out, e);
}

static bool run(struct token_run *r, struct err *e)
{
	const struct value *result = NULL;

	if (r->verb == TOKEN_LIST && r->args->query == NULL && !may_color(r->w, r->args))
		return run_list(r, e);
	if (!token_open(r, e))
		return false;
	bool ok = verbs[r->verb].run(r, &result, e);
	if (ok && result == NULL && r->made_password)
		say_warning(r,
		            "Azure has accepted the request, but does not show the new password");
	if (ok && (result == NULL || print_result(r, result, e)))
		return true;
	if (result != NULL && r->made_password && e->kind != ERR_LOCAL)
		save_password(r, result, e);
	return false;
}

static int work(const struct token_outside *w, const struct token_args *a, enum token_verb verb)
{
	AUTO_ARENA struct arena *arena = arena_new(ARENA_MAX);
	struct token_run r = { .w = w, .args = a, .verb = verb, .arena = arena };
	struct err e = ERR_INIT;

	if ((verbs[verb].check != NULL && !verbs[verb].check(a, &e)) || !token_names_ok(&r, &e)) {
		say_error(w, a, e.text);
		token_close(&r);
		return e.kind == ERR_USAGE ? EXIT_USED_WRONGLY : EXIT_FAILED;
	}
	if (a->days_alias)
		say_warning(&r, "Option '--days' has been deprecated and will be removed in a "
		                "future release. Use '--expiration-in-days' instead.");
	bool ok = run(&r, &e);
	if (!ok)
		say_failure(&r, &e);
	if (r.remark != NULL)
		say_warning(&r, r.remark);
	token_close(&r);
	return ok ? 0 : e.status == 404 ? EXIT_NOT_FOUND : EXIT_FAILED;
}

int token_main(const struct token_outside *w, int argc, char **argv)
{
	AUTO(token_args_clear) struct token_args a = { 0 };
	AUTO_BUF struct buf help = BUF_INIT((size_t)64 * 1024);
	const struct token_command *cmd = NULL;
	struct err e = ERR_INIT;

	switch (token_parse(argc, argv, &a, &cmd, &help, &e)) {
	case TOKEN_HELPED:
		return w->put(w->ctx, TOKEN_OUT, buf_cstr(&help), help.len) ? 0 : EXIT_FAILED;
	case TOKEN_WRONG:
		say_error(w, &a, e.text);
		return e.kind == ERR_USAGE ? EXIT_USED_WRONGLY : EXIT_FAILED;
	case TOKEN_RUN:
		break;
	}
	if (a.debug || a.verbose)
		log_setup(a.debug ? LEVEL_DEBUG : LEVEL_INFO, LOG_TEXT);
	return work(w, &a, cmd->verb);
}
