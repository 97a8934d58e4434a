/* SPDX-License-Identifier: MIT */
/*
 * `acrotate token`: az acr token, without Python. Options, output formats and exit statuses are
 * az's (0, 1 failure, 2 usage, 3 not found); acrotate-token(1) lists the intended differences.
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

struct token_outside;

/* argv[0] is the first word after "token". Returns the exit status. */
int token_main(const struct token_outside *w, int argc, char **argv);

#endif
