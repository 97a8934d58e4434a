/* SPDX-License-Identifier: MIT */
/*
 * Docker's credential-helper protocol: PROGRAM store|get|list, on stdin a JSON object or the
 * server's name, on stdout the answer, and errors too, with exit status 1.
 */
#include <stdlib.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/said.h"
#include "base/secret.h"
#include "sink/remote.h"
#include "sink/sink.h"

/* a vault behind a slow line; nobody is there to type a passphrase */
#define TIMEOUT_MS 30000
#define OUTPUT_MAX (1024 * 1024) /* `list` of a large vault */
#define SAID_MAX   200           /* of a helper's own words in our error */
#define NOT_FOUND  "credentials not found in native keychain"

struct helper_held {
	char *username;
	struct secret *password;
}; /* both NULL: nothing */

static void held_clear(struct helper_held *h)
{
	free(h->username);
	secret_free(h->password);
	*h = (struct helper_held){ .username = NULL };
}

/* Each question starts a program, which may ask a vault far away: none is put twice in a row. */
enum helper_look {
	HELPER_UNSEEN,
	HELPER_SEEN,     /* by read_current: good for the check behind it */
	HELPER_READ_BACK /* by commit: good for the read_current behind it */
};

struct helper {
	struct sink sink;
	const struct helper_spec *spec;
	struct credential next; /* between prepare and commit */
	struct helper_held held;
	enum helper_look look;
};

/* ---- life ------------------------------------------------------------------------------------ */

static bool helper_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                        struct err *e)
{
	struct helper *h = mem_new(sizeof(*h));

	(void)lent;
	(void)e; /* nothing is touched */
	h->sink.ops = &sink_helper;
	h->spec = spec;
	*out = &h->sink;
	return true;
}

static void helper_describe(const struct sink *s, struct buf *out)
{
	buf_str(out, ((const struct helper *)s)->spec->program);
}

static void helper_abort(struct sink *s)
{
	credential_clear(&((struct helper *)s)->next);
}

static void helper_close(struct sink *s)
{
	helper_abort(s);
	held_clear(&((struct helper *)s)->held);
	free(s);
}

/* ---- one call -------------------------------------------------------------------------------- */

struct helper_answer {
	struct buf out;
	bool ok;
};

static void answer_clear(struct helper_answer *a)
{
	buf_free(&a->out);
}

static void add_words(const struct buf *said, const struct secret *password, struct buf *out)
{
	size_t n = strcspn(buf_cstr(said), "\r\n");

	if (n == 0 || said_may_tell(buf_cstr(said), said->len, password))
		return;
	buf_str(out, ": ");
	buf_add(out, buf_cstr(said), n < SAID_MAX ? n : SAID_MAX);
}

static bool call(const struct helper *h, const char *verb, const struct buf *input,
                 struct helper_answer *a, struct err *e)
{
	AUTO_FREE char *program = NULL, *argument = mem_dup(verb);
	struct process_end end;

	if (!process_find(h->spec->program, &program, e))
		return err_in(e, "key 'program'");
	char *argv[] = { program, argument, NULL };
	const struct process p = { .argv = argv, .input = input, .timeout_ms = TIMEOUT_MS };
	if (!process_run(&p, &a->out, &end, e))
		return false;
	if (!end.in_time)
		return err_set(e, ERR_TRANSIENT, "'%s %s' did not answer within %d seconds",
		               program, verb, TIMEOUT_MS / 1000);
	if (!WIFEXITED(end.status))
		return err_set(e, ERR_LOCAL, "'%s %s' died of signal %d", program, verb,
		               WTERMSIG(end.status));
	if (!buf_ok(&a->out))
		return err_set(e, ERR_LOCAL, "'%s %s' answers with more than %d bytes", program,
		               verb, OUTPUT_MAX);
	a->ok = WEXITSTATUS(end.status) == 0;
	return true;
}

static bool failed(const struct helper *h, const char *verb, const struct helper_answer *a,
                   const struct secret *password, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT(2 * SAID_MAX);

	add_words(&a->out, password, &words);
	(void)err_set(e, ERR_LOCAL, "'%s %s' failed%s", h->spec->program, verb, buf_cstr(&words));
	e->not_acted = true; /* it says so itself: what it refused to store it did not store */
	return false;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool says_not_found(const struct buf *out)
{
	const size_t n = sizeof(NOT_FOUND) - 1;

	/* docker itself compares the trimmed text. */
	return out->len >= n && memcmp(buf_cstr(out), NOT_FOUND, n) == 0 &&
	       strspn(buf_cstr(out) + n, " \r\n") == out->len - n;
}

/*
 * "Not found" is also what docker-credential-secretservice says of a locked keyring. A password
 * that is only out of sight must not count as gone, so the helper's list is asked too, if it has
 * one: for a locked keyring it names the entry, or one without a name.
 */
static bool really_not_there(const struct helper *h, const char *server, struct err *e)
{
	AUTO(answer_clear) struct helper_answer a = { .out = BUF_INIT(OUTPUT_MAX) };
	AUTO_JSON struct json *list = NULL;
	struct err ignored = ERR_INIT;

	if (!call(h, "list", NULL, &a, e))
		return false;
	if (!a.ok || !json_parse(buf_cstr(&a.out), a.out.len, &list, &ignored) ||
	    json_type(list) != JSON_OBJECT)
		return true;
	for (const struct json *m = json_child(list); m != NULL; m = json_next(m))
		if (strcmp(json_key(m), server) == 0 || *json_key(m) == '\0')
			return err_set(e, ERR_TRANSIENT,
			               "'%s' lists '%s' but does not return it: its store is "
			               "probably locked",
			               h->spec->program,
			               *json_key(m) != '\0' ? server : "something without a name");
	return true;
}

static bool get(const struct helper *h, const char *server, struct helper_held *out, struct err *e)
{
	AUTO(answer_clear) struct helper_answer a = { .out = BUF_INIT(OUTPUT_MAX) };
	AUTO_BUF struct buf input = BUF_INIT(PROCESS_INPUT_MAX);
	AUTO_JSON struct json *j = NULL;
	struct err why = ERR_INIT;

	buf_fmt(&input, "%s\n", server);
	if (!call(h, "get", &input, &a, e))
		return false;
	if (!a.ok && says_not_found(&a.out)) {
		*out = (struct helper_held){ .username = NULL };
		return really_not_there(h, server, e);
	}
	if (!a.ok)
		return failed(h, "get", &a, NULL, e);
	if (!json_parse(buf_cstr(&a.out), a.out.len, &j, &why) || json_str(j, "Username") == NULL ||
	    json_str(j, "Secret") == NULL)
		return err_set(e, ERR_LOCAL,
		               "'%s get' does not answer as a credential helper: Username and "
		               "Secret in a JSON object",
		               h->spec->program);
	/* How docker-credential-pass says it. */
	if (*json_str(j, "Username") == '\0' && *json_str(j, "Secret") == '\0') {
		*out = (struct helper_held){ .username = NULL };
		return really_not_there(h, server, e);
	}
	*out = (struct helper_held){ .username = mem_dup(json_str(j, "Username")),
		                     .password = json_take_secret(j, "Secret") };
	return true;
}

static bool look(struct helper *h, const char *server, struct err *e)
{
	held_clear(&h->held);
	h->look = HELPER_UNSEEN;
	if (!get(h, server, &h->held, e))
		return false;
	h->look = HELPER_SEEN;
	return true;
}

static bool is_of(const struct helper_held *held, const struct credential *who)
{
	return held->username != NULL && strcmp(held->username, who->username) == 0;
}

static bool helper_read_current(struct sink *s, const struct credential *who, struct secret **out,
                                struct err *e)
{
	struct helper *h = (struct helper *)s;

	if (h->look != HELPER_READ_BACK && !look(h, who->server, e))
		return false;
	h->look = HELPER_SEEN;
	*out = is_of(&h->held, who) ? take(&h->held.password) : NULL;
	return true;
}

static bool helper_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct helper *h = (struct helper *)s;

	if (h->look == HELPER_UNSEEN && !look(h, who->server, e))
		return false;
	h->look = HELPER_UNSEEN;
	if (h->held.username == NULL || h->spec->take_entry || is_of(&h->held, who))
		return true;
	return err_set(e, ERR_DECISION,
	               "'%s' holds a password of another user ('%s') for '%s': erase it, or say "
	               "'take_entry = yes'",
	               h->spec->program, h->held.username, who->server);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool helper_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	struct helper *h = (struct helper *)s;

	(void)e; /* the check has seen to it */
	helper_abort(s);
	h->next = credential_dup(c);
	return true;
}

static bool store(const struct helper *h, const struct credential *c, struct err *e)
{
	AUTO(answer_clear) struct helper_answer a = { .out = BUF_INIT(OUTPUT_MAX) };
	AUTO_BUF struct buf input = BUF_INIT(PROCESS_INPUT_MAX);

	buf_str(&input, "{\"ServerURL\":");
	buf_json(&input, c->server);
	buf_str(&input, ",\"Username\":");
	buf_json(&input, c->username);
	buf_str(&input, ",\"Secret\":");
	buf_json(&input, secret_peek(c->password));
	buf_str(&input, "}\n");
	if (!buf_ok(&input))
		return err_set(e, ERR_LOCAL, "the password is too long for '%s'", h->spec->program);
	return call(h, "store", &input, &a, e) && (a.ok || failed(h, "store", &a, c->password, e));
}

static bool helper_commit(struct sink *s, struct err *e)
{
	struct helper *h = (struct helper *)s;

	if (h->next.password == NULL)
		return err_set(e, ERR_LOCAL, "'%s' was not prepared", h->spec->program);
	if (!store(h, &h->next, e) || !look(h, h->next.server, e))
		return false;
	h->look = HELPER_READ_BACK;
	if (is_of(&h->held, &h->next) && secret_equal(h->held.password, h->next.password))
		return true;
	return err_set(e, ERR_LOCAL, "'%s' took the password for '%s' but does not return it",
	               h->spec->program, h->next.server);
}

/* ---- a trial --------------------------------------------------------------------------------- */

#define TRIAL_IS "acrotate-trial-" /* how the password of a trial begins */

/* A name that is nobody's (RFC 6761), and the same each time: what a killed run left is replaced.
 * Helpers parse it as a URL: a port would have to be a number, and at the end. */
static struct credential for_trial(const struct credential *who)
{
	char random[37];

	crypto_uuid(random);
	AUTO_FREE char *password = mem_fmt(TRIAL_IS "%s", random);
	struct credential c = { .server = mem_fmt("%s.acrotate.invalid", who->server),
		                .username = mem_dup(who->username),
		                .password = secret_new(password, strlen(password)) };
	for (char *p = c.server; *p != '\0'; p++)
		*p = *p == ':' || *p == '/' ? '-' : *p;
	return c;
}

/* Of a trial that was cut off; anything else is an answer to another question. */
static bool is_left_over(const struct helper_held *held)
{
	return strncmp(secret_peek(held->password), TRIAL_IS, sizeof(TRIAL_IS) - 1) == 0;
}

static bool keeps(const struct helper *h, const struct credential *c, struct err *e)
{
	AUTO(held_clear) struct helper_held held = { .username = NULL };

	if (!get(h, c->server, &held, e))
		return false;
	if (is_of(&held, c) && secret_equal(held.password, c->password))
		return true;
	return err_set(e, ERR_LOCAL, "'%s' stored test entry '%s' but does not return it",
	               h->spec->program, c->server);
}

static bool erases(const struct helper *h, const char *server)
{
	AUTO(answer_clear) struct helper_answer a = { .out = BUF_INIT(OUTPUT_MAX) };
	AUTO_BUF struct buf input = BUF_INIT(PROCESS_INPUT_MAX);
	struct err ignored = ERR_INIT; /* nothing that is delivered is ever erased */

	buf_fmt(&input, "%s\n", server);
	return call(h, "erase", &input, &a, &ignored) && a.ok;
}

static bool helper_trial(struct sink *s, const struct credential *who, struct err *e)
{
	struct helper *h = (struct helper *)s;
	AUTO_CREDENTIAL struct credential c = for_trial(who);
	AUTO(held_clear) struct helper_held held = { .username = NULL };

	if (!get(h, c.server, &held, e))
		return false;
	if (held.username != NULL && !is_left_over(&held)) {
		/* Its one entry would be overwritten, whose password may be in use. */
		(void)err_set(e, ERR_NONE,
		              "it returns a password for any name: whether it stores one was "
		              "not tried");
		return true;
	}
	if (!store(h, &c, e))
		return false;
	bool kept = keeps(h, &c, e);
	if (!erases(h, c.server) && kept)
		(void)err_set(e, ERR_NONE, "it does not erase: test entry '%s' stays in it",
		              c.server);
	return kept;
}

static bool helper_program(const void *spec, char **out, struct err *e)
{
	const struct helper_spec *s = spec;

	return process_find(s->program, out, e) || err_in(e, "key 'program'");
}

const struct sink_ops sink_helper = {
	.type = "helper",
	.keys = remote_helper_keys,
	.n_keys = COUNT(remote_helper_keys),
	.spec_size = sizeof(struct helper_spec),
	.validate = remote_helper_validate,
	.identity = remote_helper_identity,
	.open = helper_open,
	.describe = helper_describe,
	.check = helper_check,
	.trial = helper_trial,
	.read_current = helper_read_current,
	.prepare = helper_prepare,
	.commit = helper_commit,
	.abort = helper_abort,
	.close = helper_close,
	.program = helper_program,
};
