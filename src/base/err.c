/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/show.h"

/* One row per kind: its exit status, and its place among several failures of one run (1 wins). */
static const struct {
	int exit_code, rank;
} kinds[ERR__COUNT] = {
	[ERR_NONE] = { 0, 99 },     [ERR_USAGE] = { 64, 1 },     [ERR_CONFIG] = { 78, 2 },
	[ERR_AUTH] = { 77, 3 },     [ERR_DENIED] = { 77, 3 },    [ERR_MISSING] = { 69, 4 },
	[ERR_DECISION] = { 65, 5 }, [ERR_REMOTE] = { 76, 6 },    [ERR_LOCAL] = { 74, 7 },
	[ERR_HOOK] = { 70, 8 },     [ERR_TRANSIENT] = { 75, 9 }, [ERR_BUSY] = { 75, 9 },
	[ERR_CONFLICT] = { 75, 9 },
};

/* Puts ": " and `more` behind what stands in text; what does not fit is cut. */
static void append(char text[static ERR_TEXT_MAX], const char *more)
{
	size_t at = strlen(text), room = ERR_TEXT_MAX - 1 - at;
	size_t n = strnlen(more, room > 2 ? room - 2 : 0);

	if (n == 0)
		return;
	memcpy(text + at, ": ", 2);
	memcpy(text + at + 2, more, n);
	text[at + 2 + n] = '\0';
}

PRINTF(4, 0)
static void set_text(struct err *e, enum err_kind k, int errnum, const char *fmt, va_list ap)
{
	char text[ERR_TEXT_MAX]; /* the arguments may point into *e */

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	if (errnum != 0) {
		const char *words = strerrordesc_np(errnum);
		append(text, words != NULL ? words : "unknown error");
	}
	show_line(text);
	*e = (struct err){ .kind = k };
	memcpy(e->text, text, sizeof(text));
}

bool(err_set)(struct err *e, enum err_kind k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(e, k, 0, fmt, ap);
	va_end(ap);
	return false;
}

bool(err_sys)(struct err *e, int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(e, ERR_LOCAL, errnum, fmt, ap);
	va_end(ap);
	return false;
}

bool(err_in)(struct err *e, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	append(text, e->text);
	show_line(text);
	memcpy(e->text, text, sizeof(text));
	return false;
}

int err_exit_code(enum err_kind k)
{
	return kinds[k].exit_code;
}

bool err_is_transient(enum err_kind k)
{
	return kinds[k].exit_code == kinds[ERR_TRANSIENT].exit_code;
}

enum err_kind err_worse(enum err_kind a, enum err_kind b)
{
	return kinds[b].rank < kinds[a].rank ? b : a;
}
