/* SPDX-License-Identifier: MIT */
/* `acrotate token` in the real world: standard streams, a terminal or none. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/env.h"
#include "cli/options.h"
#include "token/outside.h"
#include "token/token.h"

static bool put(void *ctx, enum token_stream to, const char *p, size_t n)
{
	int fd = to == TOKEN_OUT ? STDOUT_FILENO : STDERR_FILENO;

	(void)ctx;
	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static bool answer(void *ctx, char *line, size_t size)
{
	(void)ctx;
	if (fgets(line, (int)size, stdin) == NULL)
		return false;
	size_t n = strcspn(line, "\n");
	bool whole = line[n] == '\n';
	line[n] = '\0';
	/* The rest is no further answer. */
	for (int c = 0; !whole && c != '\n' && c != EOF;)
		c = getchar();
	return true;
}

int cmd_token(const struct options *o)
{
	struct options mine = *o;
	const struct token_outside w = {
		.env = &env_system,
		.config = o->config,
		.put = put,
		.answer = answer,
		.ctx = &mine,
		.tty = { isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1,
		         isatty(STDERR_FILENO) == 1 },
	};

	return token_main(&w, (int)o->n_args, o->args);
}
