/* SPDX-License-Identifier: MIT */
#include "base/said.h"

#include "base/secret.h"
#include "base/str.h"

#define WORD_MAX 40 /* a path may be that long; Azure's passwords have 52 characters */

bool said_may_tell(const char *text, size_t n, const struct secret *password)
{
	size_t len = password != NULL ? secret_len(password) : 0, word = 0;

	if (n > 0 && memchr(text, '{', n) != NULL)
		return true;
	if (len > 0 && n > 0 && memmem(text, n, secret_peek(password), len) != NULL)
		return true;
	for (size_t i = 0; i < n; i++) {
		word = str_is_space(text[i]) ? 0 : word + 1;
		if (word > WORD_MAX)
			return true;
	}
	return false;
}

bool said_has_key(const char *text)
{
	size_t run = 0;

	for (; *text != '\0'; text++) {
		run = str_is_letter(*text) || str_is_digit(*text) || *text == '+' || *text == '/' ||
		                      *text == '='
		              ? run + 1
		              : 0;
		if (run > WORD_MAX)
			return true;
	}
	return false;
}
