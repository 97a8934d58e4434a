/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"

#define WIDTH_USUAL 80
#define WIDTH_MAX   10000

bool terminal_is_smart(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) != 0 && term != NULL && *term != '\0' &&
	       strcmp(term, "dumb") != 0;
}

bool terminal_color(void)
{
	const char *no_color = getenv("NO_COLOR");

	return terminal_is_smart() && (no_color == NULL || *no_color == '\0');
}

size_t terminal_width(void)
{
	const char *given = getenv("COLUMNS");
	struct winsize size;
	int64_t columns;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	if (given != NULL && str_int(given, 1, WIDTH_MAX, &columns))
		return (size_t)columns;
	return isatty(STDOUT_FILENO) != 0 ? WIDTH_USUAL : 0;
}
