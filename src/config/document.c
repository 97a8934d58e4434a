/* SPDX-License-Identifier: MIT */
#include "config/document.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/ini.h"
#include "base/mem.h"

struct building {
	struct document *doc;
	char *free; /* next byte of doc->strings */
	size_t n_entries;
};

static const char *keep(struct building *b, const char *s)
{
	size_t n = strlen(s) + 1;
	char *at = b->free;

	memcpy(at, s, n);
	b->free += n;
	return at;
}

static bool on_section(void *ctx, const char *name, int line, struct err *e)
{
	struct building *b = ctx;

	(void)e;
	b->doc->section[b->doc->n_sections++] = (struct section){
		.name = keep(b, name), .line = line, .entry = b->doc->entries + b->n_entries
	};
	return true;
}

static bool on_pair(void *ctx, const char *section, const char *key, const char *value, int line,
                    struct err *e)
{
	struct building *b = ctx;

	(void)section; /* the last one told: inih keeps the order */
	(void)e;
	b->doc->entries[b->n_entries++] = (struct document_entry){ .key = keep(b, key),
		                                                   .value = keep(b, value),
		                                                   .line = line };
	b->doc->section[b->doc->n_sections - 1].n++;
	return true;
}

/* Lines that can be a section or a key: no more than there are ends of lines, and one. */
static size_t count_lines(const char *text, size_t len)
{
	size_t n = 1;

	for (const char *p = text, *end = text + len;
	     p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		n++;
	return n;
}

bool document_parse(const char *path, const char *text, size_t len, struct document *out,
                    struct err *e)
{
	size_t lines = count_lines(text, len < INI_FILE_MAX ? len : INI_FILE_MAX);
	AUTO_DOCUMENT struct document d = { .path = mem_dup(path) };
	struct building b = { .doc = &d };
	const struct ini_reader reader = { .section = on_section, .pair = on_pair, .ctx = &b };

	d.section =
		mem_array(lines < INI_SECTIONS_MAX ? lines : INI_SECTIONS_MAX, sizeof(*d.section));
	d.entries = mem_array(lines, sizeof(*d.entries));
	/* "[name]" and "key=value" with their end of line are never shorter than the strings in
	 * them with their NULs; the last line of a file may have no end. */
	d.strings = b.free = mem_new(len + 2);
	if (!ini_parse_text(path, text, len, &reader, e))
		return false;
	*out = d;
	d = (struct document){ 0 };
	return true;
}

void document_clear(struct document *d)
{
	free(d->path);
	free(d->section);
	free(d->entries);
	free(d->strings);
	*d = (struct document){ 0 };
}

const struct section *document_section(const struct document *d, const char *name)
{
	for (size_t i = 0; i < d->n_sections; i++)
		if (strcmp(d->section[i].name, name) == 0)
			return &d->section[i];
	return NULL;
}

const struct document_entry *document_section_entry(const struct section *s, const char *key)
{
	for (size_t i = 0; s != NULL && i < s->n; i++)
		if (strcmp(s->entry[i].key, key) == 0)
			return &s->entry[i];
	return NULL;
}

const char *document_section_of_kind(const struct section *s, const char *kind)
{
	size_t n = strlen(kind);

	return strncmp(s->name, kind, n) == 0 && s->name[n] == ' ' ? s->name + n + 1 : NULL;
}

bool document_err(const struct document *d, int line, struct err *e)
{
	return err_in(e, "%s:%d", d->path, line);
}
