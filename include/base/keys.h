/* SPDX-License-Identifier: MIT */
/*
 * A table row per configuration key: parser, validator, `acrotate keys` and
 * the man-page test all read the same rows. A spec is a plain struct; a row
 * names its member by offset. Specs start zeroed.
 */
#ifndef BASE_KEYS_H
#define BASE_KEYS_H

#include "base/base.h"

struct err;

enum key_type {
	KEY_TEXT, /* char *, owned by the spec */
	KEY_PATH, /* char *, absolute */
	/* char *: absolute, or relative and then looked for in $CREDENTIALS_DIRECTORY first,
	 * beside the file naming it next */
	KEY_FILE,
	KEY_BOOL,     /* bool: yes | no */
	KEY_DURATION, /* int64_t seconds, above zero */
	KEY_MODE,     /* int: octal permission bits; -1 unset */
	/* char *: user or user:group, names or numbers; resolved by whoever uses it */
	KEY_OWNER,
	KEY_COUNT,  /* int64_t, 1 to 1000 */
	KEY_CHOICE, /* char *: one of `choices` */
	KEY_LIST    /* struct key_list: repeatable */
};
struct key_list {
	char **item;
	size_t n;
};
void keys_list_clear(struct key_list *list);
#define AUTO_KEY_LIST AUTO(keys_list_clear)

struct key {
	const char *name;
	enum key_type type;
	size_t offset; /* into the spec structure being filled */
	bool required;
	const char *fallback; /* text as it would stand in the file, or NULL */
	const char *choices;  /* KEY_CHOICE: "text|json" */
	const char *help;     /* one line */
};

#define KEYS_MAX 64 /* rows of one table, so that `seen` can stand on the stack */

/* NULL when there is none */
const struct key *keys_find(const struct key *rows, size_t n, const char *name);
/* ERR_CONFIG for an unknown key (with a suggestion), a duplicate, or a value of the wrong form.
 * `seen` has n members. */
MUST_USE bool keys_set(const struct key *rows, size_t n, bool *seen, void *spec, const char *name,
                       const char *value, struct err *e);
/* Fills what was not seen: fallbacks; fails for a required key. */
MUST_USE bool keys_finish(const struct key *rows, size_t n, const bool *seen, void *spec,
                          struct err *e);
/* frees what the members own and zeroes them */
void keys_release(const struct key *rows, size_t n, void *spec);
/* Copies the value of one row from one spec to another; what the target held is released. */
void keys_copy(const struct key *row, void *to, const void *from);
/* For listings: "duration", "yes or no", "text|json". */
const char *keys_type_name(const struct key *row);

#endif
