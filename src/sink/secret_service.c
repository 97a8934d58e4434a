/* SPDX-License-Identifier: MIT */
/*
 * The Secret Service, by acrotate-keyring: a program of its own, because libsecret brings GLib, and
 * because a service that hangs, or whose prompt nobody answers, is left to a process that ends at
 * its deadline. What they say to each other: src/keyring/main.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/json.h"
#include "base/keyring.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/process.h"
#include "base/secret.h"
#include "sink/remote.h"
#include "sink/sink.h"

#define TIMEOUT_MS                                                                                 \
	((KEYRING_DEADLINE_S + 3) *                                                                \
	 1000) /* it ends by itself; this is for one that was stopped, too */

struct secret_service {
	struct sink sink;
	const struct libsecret_spec *spec;
	char *program;
	struct credential next; /* between prepare and commit */
};

/* ---- life ------------------------------------------------------------------------------------ */

static bool find_program(const void *spec, char **out, struct err *e)
{
	(void)spec; /* there is one */
	*out = own_program(KEYRING_PROGRAM);
	return *out != NULL ||
	       err_set(e, ERR_CONFIG,
	               "a sink of type libsecret needs the program '" KEYRING_PROGRAM
	               "': install the package " KEYRING_PROGRAM);
}

static bool service_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                         struct err *e)
{
	AUTO_FREE char *program = NULL;

	(void)lent;
	if (!find_program(spec, &program, e))
		return false;
	struct secret_service *s = mem_new(sizeof(*s));
	s->sink.ops = &sink_libsecret;
	s->spec = spec;
	s->program = take(&program);
	*out = &s->sink;
	return true;
}

static void service_describe(const struct sink *s, struct buf *out)
{
	(void)s;
	buf_str(out, "the Secret Service");
}

static void service_abort(struct sink *s)
{
	credential_clear(&((struct secret_service *)s)->next);
}

static void service_close(struct sink *s)
{
	service_abort(s);
	free(((struct secret_service *)s)->program);
	free(s);
}

/* ---- one call -------------------------------------------------------------------------------- */

static void write_request(const struct secret_service *s, const struct credential *c,
                          bool with_password, struct buf *out)
{
	buf_str(out, "{\"ServerURL\": ");
	buf_json(out, c->server);
	buf_str(out, ", \"Username\": ");
	buf_json(out, c->username);
	if (with_password) {
		buf_str(out, ", \"Secret\": ");
		buf_json(out, secret_peek(c->password));
	}
	buf_fmt(out, ", \"TakeEntry\": %s}\n", s->spec->take_entry ? "true" : "false");
}

/* Its exit status is that of acrotate for the same failure. */
static enum err_kind kind_of(int status)
{
	static const enum err_kind kinds[] = { ERR_TRANSIENT, ERR_MISSING, ERR_DECISION, ERR_LOCAL,
		                               ERR_CONFIG };

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (err_exit_code(kinds[i]) == status)
			return kinds[i];
	return ERR_LOCAL;
}

static bool failed(const struct json *j, int status, struct err *e)
{
	const char *code = json_str(j, "Error"), *message = json_str(j, "Message");

	if (message == NULL || *message == '\0')
		return err_set(e, ERR_LOCAL,
		               "'" KEYRING_PROGRAM
		               "' failed with exit status %d and does not say why",
		               status);
	(void)err_set(e, kind_of(status), "%s", message);
	(void)snprintf(e->code, sizeof(e->code), "%s", code != NULL ? code : "");
	return false;
}

static bool call(const struct secret_service *s, const char *verb, const struct buf *input,
                 struct json **out, struct err *e)
{
	AUTO_FREE char *argument = mem_dup(verb);
	AUTO_BUF struct buf text = BUF_INIT(KEYRING_ANSWER_MAX);
	char *argv[] = { s->program, argument, NULL };
	const struct process p = { .argv = argv, .input = input, .timeout_ms = TIMEOUT_MS };
	AUTO_JSON struct json *j = NULL;
	struct process_end end;
	struct err why = ERR_INIT;

	if (!process_run(&p, &text, &end, e))
		return false;
	if (!end.in_time)
		return err_set(e, ERR_TRANSIENT,
		               "'" KEYRING_PROGRAM " %s' did not end within %d seconds", verb,
		               TIMEOUT_MS / 1000);
	if (!WIFEXITED(end.status))
		return err_set(e, ERR_LOCAL, "'" KEYRING_PROGRAM " %s' died of signal %d", verb,
		               WTERMSIG(end.status));
	bool is_json = buf_ok(&text) && json_parse(buf_cstr(&text), text.len, &j, &why) &&
	               json_type(j) == JSON_OBJECT;
	if (WEXITSTATUS(end.status) != 0)
		return failed(is_json ? j : NULL, WEXITSTATUS(end.status), e);
	if (!is_json)
		return err_set(
			e, ERR_LOCAL,
			"'" KEYRING_PROGRAM
			" %s' gives an answer that is not understood: is it of this version?",
			verb);
	*out = take(&j);
	return true;
}

/* c with a password: to put it. */
static bool ask(const struct secret_service *s, const char *verb, const struct credential *c,
                struct json **out, struct err *e)
{
	AUTO_BUF struct buf input = BUF_INIT(KEYRING_REQUEST_MAX);

	write_request(s, c, c->password != NULL, &input);
	return buf_ok(&input) ? call(s, verb, &input, out, e)
	                      : err_set(e, ERR_LOCAL,
	                                "the password is too long for '" KEYRING_PROGRAM "'");
}

static bool ask_about(const struct secret_service *s, const char *verb,
                      const struct credential *who, struct json **out, struct err *e)
{
	const struct credential nameless = { .server = who->server, .username = who->username };

	return ask(s, verb, &nameless, out, e);
}

/* ---- reading and checking -------------------------------------------------------------------- */

static bool service_read_current(struct sink *s, const struct credential *who, struct secret **out,
                                 struct err *e)
{
	AUTO_JSON struct json *j = NULL;

	if (!ask_about((struct secret_service *)s, "get", who, &j, e))
		return false;
	*out = json_take_secret(j, "Secret");
	return true;
}

static bool service_check(struct sink *s, const struct credential *who, struct err *e)
{
	AUTO_JSON struct json *j = NULL;

	return ask_about((struct secret_service *)s, "check", who, &j, e);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The check has seen to it, and `put` looks again. */
static bool service_prepare(struct sink *sink, const struct credential *c, struct err *e)
{
	struct secret_service *s = (struct secret_service *)sink;

	(void)e; /* nothing is touched */
	service_abort(sink);
	s->next = credential_dup(c);
	return true;
}

/* What was put is read back there. */
static bool service_commit(struct sink *sink, struct err *e)
{
	struct secret_service *s = (struct secret_service *)sink;
	AUTO_JSON struct json *j = NULL;

	if (s->next.password == NULL)
		return err_set(e, ERR_LOCAL, "the Secret Service was not prepared");
	return ask(s, "put", &s->next, &j, e);
}

const struct sink_ops sink_libsecret = {
	.type = "libsecret",
	.keys = remote_libsecret_keys,
	.n_keys = COUNT(remote_libsecret_keys),
	.spec_size = sizeof(struct libsecret_spec),
	.identity = remote_libsecret_identity,
	.open = service_open,
	.describe = service_describe,
	.check = service_check,
	.read_current = service_read_current,
	.prepare = service_prepare,
	.commit = service_commit,
	.abort = service_abort,
	.close = service_close,
	.program = find_program,
};
