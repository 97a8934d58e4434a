/* SPDX-License-Identifier: MIT */
#include "sink/registries_conf.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/keys.h"
#include "base/mem.h"

#define CONF_MAX    (1024u * 1024)
#define HELPERS_MAX 64
#define KEY         "credential-helpers"
#define SYSTEM      "/etc/containers/registries.conf"
#define OF_USER     ".config/containers/registries.conf"

/* ---- one file -------------------------------------------------------------------------------- */

struct toml {
	const char *p, *end;
};

/* Space, line ends and comments. */
static void skip_blank(struct toml *t, bool lines)
{
	while (t->p < t->end) {
		if (*t->p == '#')
			while (t->p < t->end && *t->p != '\n')
				t->p++;
		else if (*t->p == ' ' || *t->p == '\t' || *t->p == '\r' || (lines && *t->p == '\n'))
			t->p++;
		else
			return;
	}
}

static void skip_line(struct toml *t)
{
	while (t->p < t->end && *t->p++ != '\n')
		;
}

static bool eat(struct toml *t, char c)
{
	if (t->p >= t->end || *t->p != c)
		return false;
	t->p++;
	return true;
}

/* A string on one line: "..." with \" and \\, or '...' as it is. Other escapes stand in no name of
 * a helper. */
static bool eat_string(struct toml *t, struct buf *out)
{
	char quote = t->p < t->end ? *t->p : '\0';

	if (quote != '"' && quote != '\'')
		return false;
	for (t->p++; t->p < t->end && *t->p != quote && *t->p != '\n'; t->p++) {
		if (*t->p == '\\' && quote == '"' && t->p + 1 < t->end)
			t->p++;
		buf_char(out, *t->p);
	}
	return eat(t, quote);
}

static void add(struct key_list *list, const char *name)
{
	struct key_list more = { .item = mem_array(list->n + 1, sizeof(*more.item)),
		                 .n = list->n + 1 };

	for (size_t i = 0; i < list->n; i++)
		more.item[i] = list->item[i];
	more.item[list->n] = mem_dup(name);
	free(list->item);
	*list = more;
}

static bool eat_array(struct toml *t, struct key_list *out)
{
	if (!eat(t, '['))
		return false;
	for (;;) {
		AUTO_BUF struct buf name = BUF_INIT(CONF_MAX);
		skip_blank(t, true);
		if (eat(t, ']'))
			return true;
		if (out->n == HELPERS_MAX || !eat_string(t, &name))
			return false;
		add(out, buf_cstr(&name));
		skip_blank(t, true);
		if (!eat(t, ',') && (t->p >= t->end || *t->p != ']'))
			return false;
	}
}

/* A bare key, or one in quotes. */
static void eat_key(struct toml *t, struct buf *out)
{
	if (eat_string(t, out))
		return;
	while (t->p < t->end &&
	       (isalnum((unsigned char)*t->p) || *t->p == '-' || *t->p == '_' || *t->p == '.'))
		buf_char(out, *t->p++);
}

/* A value that is an array may go over several lines, with "]" and "#" in its strings. */
static void skip_value(struct toml *t)
{
	int depth = 0;

	while (t->p < t->end && (depth > 0 || *t->p != '\n')) {
		AUTO_BUF struct buf ignored = BUF_INIT(CONF_MAX);
		const char *at = t->p;
		if (eat_string(t, &ignored))
			continue;
		t->p = at;
		if (*t->p == '#') {
			skip_blank(t, false);
			continue;
		}
		depth += *t->p == '[' ? 1 : *t->p == ']' ? -1 : 0;
		t->p++;
	}
}

bool registries_conf_parse(const char *text, size_t n, struct key_list *out)
{
	struct toml t = { .p = text, .end = text + n };

	/* The first table ends what stands at the top. */
	for (;;) {
		AUTO_BUF struct buf key = BUF_INIT(CONF_MAX);
		struct key_list list = { .n = 0 };
		skip_blank(&t, true);
		if (t.p >= t.end || *t.p == '[')
			return false;
		eat_key(&t, &key);
		skip_blank(&t, false);
		if (!eat(&t, '=')) {
			skip_line(&t);
			continue;
		}
		skip_blank(&t, false);
		if (strcmp(buf_cstr(&key), KEY) != 0) {
			skip_value(&t);
			continue;
		}
		if (eat_array(&t, &list) && list.n > 0) {
			*out = list;
			return true;
		}
		keys_list_clear(&list);
		return false;
	}
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* False when there is no such file. */
static bool read_one(const char *path, struct key_list *out)
{
	AUTO_BUF struct buf text = BUF_INIT(CONF_MAX);
	struct key_list list;
	struct err why = ERR_INIT;

	if (!fs_read(path, CONF_MAX, &text, NULL, &why))
		return why.kind != ERR_MISSING;
	if (!registries_conf_parse(buf_cstr(&text), text.len, &list))
		return true;
	keys_list_clear(out);
	*out = list;
	return true;
}

static int is_conf(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

static void read_all(const char *dir, struct key_list *out)
{
	struct dirent **found = NULL;
	int n = scandir(dir, &found, is_conf, alphasort);

	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = mem_fmt("%s/%s", dir, found[i]->d_name);
		(void)read_one(path, out); /* one that vanished says nothing */
		free(found[i]);
	}
	free(found);
}

void registries_conf_read(const char *home, struct key_list *out)
{
	const char *named = getenv("CONTAINERS_REGISTRIES_CONF");
	AUTO_FREE char *own = home != NULL ? mem_fmt("%s/" OF_USER, home) : NULL;

	*out = (struct key_list){ .n = 0 };
	if (named != NULL && *named != '\0')
		(void)read_one(named, out); /* nothing there: nothing said */
	else if (own == NULL || !read_one(own, out))
		(void)read_one(SYSTEM, out);
	read_all(SYSTEM ".d", out);
	if (own != NULL) {
		AUTO_FREE char *more = mem_fmt("%s.d", own);
		read_all(more, out);
	}
}
