/* SPDX-License-Identifier: MIT */
/*
 * A credential helper that answers anything, in the whole life of its sink. An answer is a byte
 * (how it ended) and what it wrote, up to a byte 0x01; the last is repeated. What the sink then
 * holds is what was answered, and no error tells the password. An error does tell whose
 * credentials a helper holds: it tells the password where the helper gave it as the name of a
 * user, which nobody can know.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"
#include "fuzz/no_process.h"
#include "sink/remote.h"
#include "sink/sink.h"

#define PASSWORD "a-password-as-long-as-those-of-the-service-with-52-ch"

static const uint8_t *next;
static size_t left;
static bool given_as_name;

static bool names_password(const uint8_t *answer, size_t n)
{
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;

	return json_parse((const char *)answer, n, &j, &ignored) &&
	       json_str(j, "Username") != NULL && strstr(json_str(j, "Username"), PASSWORD) != NULL;
}

/* In place of the library's: nothing is started. */
bool process_run(const struct process *p, struct buf *out, struct process_end *end, struct err *e)
{
	const uint8_t *stop = left > 0 ? memchr(next, 1, left) : NULL;
	size_t n = stop != NULL ? (size_t)(stop - next) : left;
	char how = n > 0 ? (char)next[0] : '0';

	(void)p;
	if (how == 'e')
		return err_set(e, ERR_LOCAL, "cannot run it");
	if (n > 1) {
		buf_add(out, next + 1, n - 1);
		given_as_name = given_as_name || names_password(next + 1, n - 1);
	}
	if (stop != NULL) {
		left -= n + 1;
		next = stop + 1;
	}
	*end = (struct process_end){ .in_time = how != 't',
		                     .status = how == 's'   ? 9
		                               : how == '1' ? 0x100
		                                            : 0 };
	return true;
}

static void must_be_said(const struct err *e)
{
	must(e->kind != ERR_NONE && e->text[0] != '\0');
	must(given_as_name || strstr(e->text, PASSWORD) == NULL);
}

/* The same answers to a trial: what passes has been handed back what it stored, which nobody can
 * guess, or answers any name. */
static void try_it(const struct helper_spec *spec, const struct credential *who,
                   const uint8_t *data, size_t size)
{
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	next = data;
	left = size;
	must(sink_helper.open(spec, NULL, &s, &e));
	if (sink_helper.trial(s, who, &e))
		must(e.kind == ERR_NONE && strstr(e.text, "for any name") != NULL);
	else
		must_be_said(&e);
	sink_helper.close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char program[] = "/bin/helper", server[] = "contoso.azurecr.io", username[] = "web-pull";
	const struct helper_spec spec = { .program = program };
	AUTO_SECRET struct secret *password = secret_new(PASSWORD, strlen(PASSWORD)), *held = NULL;
	const struct credential who = { .server = server, .username = username };
	const struct credential c = { .server = server,
		                      .username = username,
		                      .password = password };
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	next = data;
	left = size;
	given_as_name = false;
	must(sink_helper.open(&spec, NULL, &s, &e));
	if (!sink_helper.read_current(s, &who, &held, &e))
		must_be_said(&e);
	e = (struct err)ERR_INIT;
	if (!sink_helper.check(s, &who, &e))
		must_be_said(&e);
	e = (struct err)ERR_INIT;
	if (!sink_helper.prepare(s, &c, &e) || !sink_helper.commit(s, &e))
		must_be_said(&e);
	else
		must(memmem(data, size, PASSWORD, strlen(PASSWORD)) != NULL ||
		     memchr(data, '\\', size) != NULL);
	sink_helper.close(s);
	try_it(&spec, &who, data, size);
	return 0;
}
