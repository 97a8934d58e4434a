/* SPDX-License-Identifier: MIT */
/*
 * `acrotate token`: az acr token, without Python. Its own options, output formats and exit
 * statuses are az's (0, 1 failure, 2 usage, 3 not found); where it differs on purpose stands in
 * acrotate-token(1).
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

struct token_outside;

/* argv[0] is the first word after "token". The exit status. */
int token_main(const struct token_outside *w, int argc, char **argv);

#endif
