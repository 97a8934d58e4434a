/* SPDX-License-Identifier: MIT */
/*
 * docker-credential-acrotate: docker's protocol of credential helpers. One word says what is
 * asked; what it is about comes on standard input; answers and errors go to standard output, with
 * exit status 1 for an error.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "serve.h"
#include "sink/copy.h"

/* What clients compare with, to the letter: anything else is an error to them. */
#define NOT_FOUND "credentials not found in native keychain"
#define NO_SERVER "no credentials server URL"
#define LIST_MAX  (16u * 1024 * 1024)

static bool write_out(const struct buf *out)
{
	struct err ignored = ERR_INIT; /* where would it be said? */

	return buf_ok(out) &&
	       fd_write(STDOUT_FILENO, "standard output", buf_cstr(out), out->len, &ignored);
}

static bool say(const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT(SERVE_ASKED_MAX);

	buf_fmt(&out, "%s\n", text);
	(void)!write_out(&out);
	return false;
}

static bool read_asked(struct buf *out)
{
	struct err e = ERR_INIT;

	return fd_read_all(STDIN_FILENO, "standard input", SERVE_ASKED_MS, out, &e) || say(e.text);
}

static bool answer(const char *asked, const struct credential *c)
{
	AUTO_BUF struct buf out = BUF_INIT(2 * SERVE_ASKED_MAX);

	buf_str(&out, "{\"ServerURL\":");
	buf_json(&out, asked);
	buf_str(&out, ",\"Username\":");
	buf_json(&out, c->username);
	buf_str(&out, ",\"Secret\":");
	copy_put_password(c, &out);
	buf_str(&out, "}\n");
	return write_out(&out);
}

static bool get(const char *asked)
{
	AUTO(serve_states_clear) struct serve_states states = { .n = 0 };
	AUTO_CREDENTIAL struct credential c = { .server = NULL };
	struct err e = ERR_INIT;

	if (asked[0] == '\0')
		return say(NO_SERVER);
	serve_states_find(NULL, &states);
	if (serve_find(&states, asked, &c, &e))
		return answer(asked, &c);
	/* A name that cannot be one of ours is somebody else's. */
	return say(e.kind == ERR_MISSING || e.kind == ERR_CONFIG ? NOT_FOUND : e.text);
}

/* The names that there are, with whose. */
static bool list(const char *asked)
{
	AUTO(serve_states_clear) struct serve_states states = { .n = 0 };
	AUTO(serve_entries_clear) struct serve_entries all = { .n = 0 };
	AUTO_BUF struct buf out = BUF_INIT(LIST_MAX);

	(void)asked;
	serve_states_find(NULL, &states);
	serve_list(&states, NULL, &all);
	if (all.n == 0 && all.why.kind != ERR_NONE)
		return say(all.why.text);
	buf_char(&out, '{');
	for (size_t i = 0; i < all.n; i++) {
		buf_str(&out, i > 0 ? "," : "");
		buf_json(&out, all.item[i].key);
		buf_char(&out, ':');
		buf_json(&out, all.item[i].is.username);
	}
	buf_str(&out, "}\n");
	return write_out(&out);
}

/* `docker login` and `docker logout` say so, and would fail if these did; acrotate's passwords are
 * not theirs to change. */
static bool nothing(const char *asked)
{
	(void)asked;
	return true;
}

static bool version(const char *asked)
{
	(void)asked;
	(void)say(SERVE_DOCKER " (acrotate) " VERSION);
	return true;
}

static const struct action {
	const char *word;
	bool asks; /* what it is about comes on standard input */
	bool (*act)(const char *asked);
} actions[] = {
	{ "get", true, get },       { "list", false, list },       { "store", true, nothing },
	{ "erase", true, nothing }, { "version", false, version }, { "--version", false, version },
};

static bool act(const struct action *a)
{
	AUTO_BUF struct buf asked = BUF_INIT(SERVE_ASKED_MAX);

	if (a->asks && !read_asked(&asked))
		return false;
	while (asked.len > 0 && str_is_space(asked.data[asked.len - 1]))
		asked.data[--asked.len] = '\0';
	return a->act(buf_cstr(&asked));
}

int serve_docker(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < COUNT(actions); i++)
		if (strcmp(argv[1], actions[i].word) == 0)
			return act(&actions[i]) ? 0 : 1;
	(void)say("usage: " SERVE_DOCKER " get|list|store|erase|version");
	return 1;
}
