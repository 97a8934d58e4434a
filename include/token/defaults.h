/* SPDX-License-Identifier: MIT */
/* The defaults that `az configure` sets. */
#ifndef TOKEN_DEFAULTS_H
#define TOKEN_DEFAULTS_H

#include "base/base.h"

/* From the environment, else from `az configure`; NULL if neither sets it. */
struct token_defaults {
	char *registry, *group, *output, *no_color;
};
void token_defaults_load(struct token_defaults *d);
bool token_defaults_no_color(const struct token_defaults *d);
void token_defaults_clear(struct token_defaults *d);
/* The path of a file in az's directory; caller frees. */
char *token_az_file(const char *name);

#endif
