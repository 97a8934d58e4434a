/* SPDX-License-Identifier: MIT */
/* Words of the command line that are read from files: @FILE. */
#ifndef TOKEN_WORDS_H
#define TOKEN_WORDS_H

struct token_args;

/* Replaces words that are "@FILE" or end in "=@FILE" with the content of the file. `a` owns the new
 * words. */
void token_words_load(int argc, char **argv, struct token_args *a);

#endif
