/* SPDX-License-Identifier: MIT */
/*
 * acrotate-keyring: the Secret Service for acrotate, which has no GLib and waits for nobody. One
 * call a process, as with docker's helpers: `acrotate-keyring get|check|put` reads a request from 0
 * and writes an answer to 1, each one JSON object.
 *
 *   request  {"ServerURL": "...", "Username": "...", "Secret": "..." (put), "TakeEntry": true}
 *   answer   {"Secret": "..."} to get, {} when there is none, and to check and put
 *   failure  {"Error": "locked", "Message": "..."}, and the exit status that acrotate has for it
 *
 * Whatever the service does, the process ends at its deadline: by a signal, which needs nothing of
 * the libraries that hang.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/keyring.h"
#include "base/mem.h"
#include "base/secret.h"
#include "keyring/keyring.h"

#define SAY_(x) #x
#define SAY(x)  SAY_(x)

struct keyring_request {
	struct credential c;
	bool take_entry;
};

static void request_clear(struct keyring_request *r)
{
	credential_clear(&r->c);
}

/* ---- the deadline ---------------------------------------------------------------------------- */

static void late(int signal)
{
	static const char text[] =
		"{\"Error\": \"deadline\", \"Message\": \"the Secret Service did not answer "
		"within " SAY(KEYRING_DEADLINE_S) " seconds; it hangs or was stopped, or waits for "
						  "its user\"}\n";

	(void)signal;
	ssize_t n = write(STDOUT_FILENO, text, sizeof(text) - 1);
	_exit(n > 0 ? 75 : 74);
}

static void die_in_time(void)
{
	struct sigaction sa = { .sa_handler = late };
	sigset_t it;

	(void)sigaction(SIGALRM, &sa, NULL);
	(void)sigemptyset(&it);
	(void)sigaddset(&it, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &it, NULL);
	(void)alarm(KEYRING_DEADLINE_S);
}

/* ---- in and out ------------------------------------------------------------------------------ */

static bool read_all(struct buf *in, struct err *e)
{
	char piece[1024];
	ssize_t n;

	do {
		n = read(STDIN_FILENO, piece, sizeof(piece));
		buf_add(in, piece, n > 0 ? (size_t)n : 0);
	} while (n > 0 || (n < 0 && errno == EINTR));
	explicit_bzero(piece, sizeof(piece));
	return (n == 0 && buf_ok(in)) || err_set(e, ERR_USAGE, "the request cannot be read");
}

static bool understand(const struct buf *in, struct keyring_request *out, struct err *e)
{
	AUTO_JSON struct json *j = NULL;

	if (!json_parse(buf_cstr(in), in->len, &j, e))
		return false;
	if (json_str(j, "ServerURL") == NULL || json_str(j, "Username") == NULL)
		return err_set(e, ERR_USAGE, "no ServerURL or no Username in the request");
	out->c.server = mem_dup(json_str(j, "ServerURL"));
	out->c.username = mem_dup(json_str(j, "Username"));
	out->c.password = json_take_secret(j, "Secret");
	out->take_entry = json_true(j, "TakeEntry");
	return true;
}

static void answer_failure(const struct err *e, struct buf *out)
{
	buf_str(out, "{\"Error\": ");
	buf_json(out, e->code);
	buf_str(out, ", \"Message\": ");
	buf_json(out, e->text);
	buf_str(out, "}\n");
}

static bool put_out(const struct buf *out)
{
	struct err ignored = ERR_INIT; /* nobody is left to be told */

	(void)alarm(0); /* one answer, not two */
	return fd_write(STDOUT_FILENO, "standard output", out->data, out->len, &ignored);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static bool get(const struct keyring_request *r, struct buf *out, struct err *e)
{
	AUTO_SECRET struct secret *password = NULL;

	if (!keyring_get(&r->c, &password, e))
		return false;
	buf_str(out, "{");
	if (password != NULL) {
		buf_str(out, "\"Secret\": ");
		buf_json(out, secret_peek(password));
	}
	buf_str(out, "}\n");
	return true;
}

static bool check(const struct keyring_request *r, struct buf *out, struct err *e)
{
	buf_str(out, "{}\n");
	return keyring_check(&r->c, r->take_entry, e);
}

static bool put(const struct keyring_request *r, struct buf *out, struct err *e)
{
	buf_str(out, "{}\n");
	return r->c.password != NULL ? keyring_put(&r->c, r->take_entry, e)
	                             : err_set(e, ERR_USAGE, "no Secret in the request");
}

static const struct verb {
	const char *name;
	bool (*run)(const struct keyring_request *r, struct buf *out, struct err *e);
} verbs[] = {
	{ "get", get },
	{ "check", check },
	{ "put", put },
};

static const struct verb *find(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < COUNT(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

static bool work(const struct verb *v, struct buf *out, struct err *e)
{
	AUTO_BUF struct buf in = BUF_INIT(KEYRING_REQUEST_MAX);
	AUTO(request_clear) struct keyring_request r = { .take_entry = false };

	if (v == NULL)
		return err_set(e, ERR_USAGE,
		               "acrotate-keyring is started by acrotate: get, check or put");
	return read_all(&in, e) && understand(&in, &r, e) && v->run(&r, out, e);
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf out = BUF_INIT(KEYRING_ANSWER_MAX);
	struct err e = ERR_INIT;

	die_in_time();
	secret_setup();
	keyring_setup();
	bool ok = work(find(argc, argv), &out, &e);
	if (ok && !buf_ok(&out))
		ok = err_set(&e, ERR_LOCAL, "the item is larger than %d bytes", KEYRING_ANSWER_MAX);
	if (!ok) {
		buf_reset(&out);
		answer_failure(&e, &out);
	}
	return put_out(&out) ? err_exit_code(e.kind) : err_exit_code(ERR_LOCAL);
}
