/* SPDX-License-Identifier: MIT */
/* "@FILE" stands for what is in the file, and so does what is behind the first "=" of a word, as
 * for every word of az. */

#include "token/words.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "token/options.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* NULL when there is nothing that can be read, or no text: the word then stands for itself.
 * Caller frees. */
static char *text_of(const char *name)
{
	const char *home = getenv("HOME");
	bool at_home = strncmp(name, "~/", 2) == 0 && home != NULL && *home != '\0';
	AUTO_FREE char *path = mem_fmt("%s%s", at_home ? home : "", at_home ? name + 1 : name);
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	struct err ignored = ERR_INIT;

	if (!fs_read(path, FILE_MAX, &text, NULL, &ignored))
		return NULL;
	const char *s = buf_cstr(&text);
	if (strlen(s) != text.len)
		return NULL;
	size_t mark = str_mark(s, text.len), n = text.len;
	while (n > mark && s[n - 1] == '\n')
		n--;
	return mem_dup_n(s + mark, n - mark);
}

void token_words_load(int argc, char **argv, struct token_args *a)
{
	size_t cap = 0;

	for (int i = 0; i < argc; i++) {
		const char *equals = strchr(argv[i], '='),
			   *at = equals == NULL ? argv[i] : equals + 1;
		AUTO_FREE char *text = at[0] == '@' && at[1] != '\0' ? text_of(at + 1) : NULL;
		if (text == NULL)
			continue;
		a->loaded = mem_grow(a->loaded, &cap, a->n_loaded + 1, sizeof(*a->loaded));
		argv[i] = a->loaded[a->n_loaded++] =
			mem_fmt("%.*s%s", (int)(at - argv[i]), argv[i], text);
	}
}
