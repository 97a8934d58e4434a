/* SPDX-License-Identifier: MIT */
#include "config/argv.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define SHELL_ONLY "|&;<>`$"

struct split {
	const char *at;
	char *word; /* room for the whole text */
	size_t len;
};

static bool refuse_shell(char c, struct err *e)
{
	return err_set(e, ERR_CONFIG,
	               "'%c' means nothing without a shell: put it in single quotes, or write "
	               "/bin/sh -c '...'",
	               c);
}

static bool single_quoted(struct split *s, struct err *e)
{
	const char *close = strchr(s->at + 1, '\'');

	if (close == NULL)
		return err_set(e, ERR_CONFIG, "a single quote is not closed");
	size_t n = (size_t)(close - s->at) - 1;
	memcpy(s->word + s->len, s->at + 1, n);
	s->len += n;
	s->at = close + 1;
	return true;
}

static bool double_quoted(struct split *s, struct err *e)
{
	for (s->at++; *s->at != '"'; s->at++) {
		if (*s->at == '\\' && s->at[1] != '\0' && strchr("\"\\$`", s->at[1]) != NULL)
			s->at++;
		else if (*s->at == '$' || *s->at == '`')
			return refuse_shell(*s->at, e);
		if (*s->at == '\0')
			return err_set(e, ERR_CONFIG, "a double quote is not closed");
		s->word[s->len++] = *s->at;
	}
	s->at++;
	return true;
}

static bool plain(struct split *s, struct err *e)
{
	if (strchr(SHELL_ONLY, *s->at) != NULL)
		return refuse_shell(*s->at, e);
	if (*s->at == '\\' && *++s->at == '\0')
		return err_set(e, ERR_CONFIG, "a backslash stands at the end");
	s->word[s->len++] = *s->at++;
	return true;
}

static bool one_word(struct split *s, struct err *e)
{
	s->len = 0;
	while (*s->at != '\0' && !str_is_blank(*s->at)) {
		if (*s->at == '\''  ? !single_quoted(s, e)
		    : *s->at == '"' ? !double_quoted(s, e)
		                    : !plain(s, e))
			return false;
	}
	return true;
}

bool argv_split(const char *text, char ***out, struct err *e)
{
	AUTO_FREE char *room = mem_new(strlen(text) + 1);
	AUTO_ARGV char **argv = mem_array(ARGV_WORDS_MAX + 1, sizeof(*argv));
	struct split s = { .at = text, .word = room };

	for (size_t n = 0;; n++) {
		while (str_is_blank(*s.at))
			s.at++;
		if (*s.at == '\0')
			break;
		if (n == ARGV_WORDS_MAX)
			return err_set(e, ERR_CONFIG, "more than %d words", ARGV_WORDS_MAX);
		if (!one_word(&s, e))
			return false;
		argv[n] = mem_dup_n(room, s.len);
	}
	if (argv[0] == NULL || argv[0][0] != '/')
		return err_set(e, ERR_CONFIG, "the program must be an absolute path, not '%s'",
		               argv[0] != NULL ? argv[0] : "");
	*out = take(&argv);
	return true;
}

void argv_free(char **argv)
{
	if (argv == NULL)
		return;
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

void argv_free_ptr(char ***argv)
{
	argv_free(*argv);
}
