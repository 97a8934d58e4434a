/* SPDX-License-Identifier: MIT */
/*
 * A whole INI file as text, in order, with line numbers, so that a section can refer to a later one
 * (%t), and each job can use the defaults without reading their file again.
 */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include "base/keys.h"

struct err;
struct expand;

struct document_entry {
	const char *key, *value;
	int line;
};
struct section {
	const char *name;
	int line;
	const struct document_entry *entry;
	size_t n;
};
struct document {
	char *path; /* as errors name it */
	struct section *section;
	size_t n_sections;
	struct document_entry *entries;
	char *strings; /* all names and values */
};
MUST_USE bool document_parse(const char *path, const char *text, size_t len, struct document *out,
                             struct err *e);
void document_clear(struct document *d);
#define AUTO_DOCUMENT AUTO(document_clear)
/* NULL if there is none */
const struct section *document_section(const struct document *d, const char *name);
/* The first one of that name, or NULL. */
const struct document_entry *document_section_entry(const struct section *s, const char *key);
/* The name after the kind: "env" in [sink env]; NULL if the section is of another kind. */
const char *document_section_of_kind(const struct section *s, const char *kind);

/* Prepends "path:line: "; returns false. */
bool document_err(const struct document *d, int line, struct err *e);

/* A table of keys and the spec that it fills. A section may fill several: the keys of all sinks and
 * those of its type. */
struct fill {
	const struct key *rows;
	size_t n;
	void *spec;
	bool seen[KEYS_MAX];
};
/* Sets every entry of the section, expanded. Unknown and repeated keys are refused. */
MUST_USE bool fill_section(struct fill *tables, size_t n_tables, const struct document *d,
                           const struct section *s, const struct expand *x, struct err *e);
/* The same for the keys that are not set yet. */
MUST_USE bool fill_defaults(struct fill *tables, size_t n_tables, const struct document *d,
                            const struct section *s, const struct expand *x, struct err *e);
/* Applies fallbacks and checks required keys; an error names the section's line. */
MUST_USE bool fill_finish(struct fill *tables, size_t n_tables, const struct document *d,
                          const struct section *s, struct err *e);

#endif
