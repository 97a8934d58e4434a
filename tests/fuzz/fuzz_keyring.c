/* SPDX-License-Identifier: MIT */
/*
 * An acrotate-keyring that answers anything, in the whole life of a sink of type libsecret. An
 * answer is a byte (how it ended) and what it wrote, up to a byte 0x01; the last is repeated. No
 * error of ours tells the password, unless the answer told it first.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/process.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"
#include "fuzz/no_process.h"
#include "sink/remote.h"
#include "sink/sink.h"

#define PASSWORD "a-password-as-long-as-those-of-the-service-with-52-ch"

static const uint8_t *next;
static size_t left;
static bool told;

/* In place of the library's: nothing is started. */
char *own_program(const char *name)
{
	return mem_dup(name);
}

static int status_of(char how)
{
	return how == 's' ? 9 : how >= 'a' && how <= 'z' ? (64 + how - 'a') << 8 : 0;
}

bool process_run(const struct process *p, struct buf *out, struct process_end *end, struct err *e)
{
	const uint8_t *stop = left > 0 ? memchr(next, 1, left) : NULL;
	size_t n = stop != NULL ? (size_t)(stop - next) : left;
	char how = n > 0 ? (char)next[0] : '0';

	must(p->input != NULL && p->argv[1] != NULL && p->argv[2] == NULL);
	if (how == 'E')
		return err_set(e, ERR_LOCAL, "cannot run it");
	if (n > 1)
		buf_add(out, next + 1, n - 1);
	if (stop != NULL) {
		left -= n + 1;
		next = stop + 1;
	}
	*end = (struct process_end){ .in_time = how != 'T', .status = status_of(how) };
	return true;
}

static void must_be_said(const struct err *e)
{
	must(e->kind != ERR_NONE && e->text[0] != '\0');
	must(told || strstr(e->text, PASSWORD) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char server[] = "contoso.azurecr.io", username[] = "web-pull";
	const struct libsecret_spec spec = { .take_entry = false };
	AUTO_SECRET struct secret *password = secret_new(PASSWORD, strlen(PASSWORD)), *held = NULL;
	const struct credential who = { .server = server, .username = username };
	const struct credential c = { .server = server,
		                      .username = username,
		                      .password = password };
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	next = data;
	left = size;
	told = memchr(data, '\\', size) != NULL ||
	       memmem(data, size, PASSWORD, strlen(PASSWORD)) != NULL;
	must(sink_libsecret.open(&spec, NULL, &s, &e));
	if (!sink_libsecret.read_current(s, &who, &held, &e))
		must_be_said(&e);
	e = (struct err)ERR_INIT;
	if (!sink_libsecret.check(s, &who, &e))
		must_be_said(&e);
	e = (struct err)ERR_INIT;
	if (!sink_libsecret.prepare(s, &c, &e) || !sink_libsecret.commit(s, &e))
		must_be_said(&e);
	sink_libsecret.close(s);
	return 0;
}
