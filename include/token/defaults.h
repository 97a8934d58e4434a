/* SPDX-License-Identifier: MIT */
/* What `az configure` says. */
#ifndef TOKEN_DEFAULTS_H
#define TOKEN_DEFAULTS_H

#include "base/base.h"

/* The environment's, else those of `az configure`; NULL where neither says anything. */
struct token_defaults {
	char *registry, *group, *output, *no_color;
};
void token_defaults_load(struct token_defaults *d);
bool token_defaults_no_color(const struct token_defaults *d);
void token_defaults_clear(struct token_defaults *d);
/* in the directory where az keeps its things; caller frees */
char *token_az_file(const char *name);

#endif
