/* SPDX-License-Identifier: MIT */
/* The environment of `acrotate token`, which tests replace. */
#ifndef TOKEN_OUTSIDE_H
#define TOKEN_OUTSIDE_H

#include "base/base.h"

struct env;
struct http;

enum token_stream { TOKEN_IN, TOKEN_OUT, TOKEN_ERR };
struct token_outside {
	const struct env *env;
	struct http *http;  /* NULL: curl, as configured; else borrowed */
	const char *config; /* acrotate.conf if --config names none; or NULL */
	bool tty[3];        /* of enum token_stream */
	/* false: cannot be written */
	bool (*put)(void *ctx, enum token_stream to, const char *p, size_t n);
	/* Reads a line of standard input; false at its end. */
	bool (*answer)(void *ctx, char *line, size_t size);
	void *ctx;
};

#endif
