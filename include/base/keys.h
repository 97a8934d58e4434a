/* SPDX-License-Identifier: MIT */
/*
 * A table row for each configuration key. Parser, validator, `acrotate keys` and the test of the
 * manual page all read the same rows. A spec is a plain struct, and a row names its member by
 * offset. Specs must be zeroed first.
 */
#ifndef BASE_KEYS_H
#define BASE_KEYS_H

#include "base/base.h"

struct err;

enum key_type {
	KEY_TEXT, /* char *, owned by the spec */
	KEY_PATH, /* char *, absolute */
	/* char *: absolute, or relative to $CREDENTIALS_DIRECTORY or, if it is not there, to the
	 * directory of the file that names it */
	KEY_FILE,
	KEY_BOOL,     /* bool: yes | no */
	KEY_DURATION, /* int64_t seconds, above zero */
	KEY_MODE,     /* int: octal permission bits; -1 if unset */
	/* char *: user or user:group, names or numbers; resolved by its user (fs_owner_find()) */
	KEY_OWNER,
	KEY_COUNT,  /* int64_t, 1 to 1000 */
	KEY_CHOICE, /* char *: one of `choices` */
	KEY_LIST    /* struct key_list: the key may be repeated */
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
	size_t offset; /* of the member in the spec */
	bool required;
	const char *fallback; /* the text as in the file, or NULL */
	const char *choices;  /* KEY_CHOICE: "text|json" */
	const char *help;     /* one line */
};

#define KEYS_MAX 64 /* rows of one table; bounds callers' `seen` on the stack */

/* NULL if there is none */
const struct key *keys_find(const struct key *rows, size_t n, const char *name);
/* ERR_CONFIG for an unknown key (with a suggestion), a duplicate, or an invalid value. `seen` has n
 * members. */
MUST_USE bool keys_set(const struct key *rows, size_t n, bool *seen, void *spec, const char *name,
                       const char *value, struct err *e);
/* Sets keys that were not seen to their fallbacks; fails if a required one is missing. */
MUST_USE bool keys_finish(const struct key *rows, size_t n, const bool *seen, void *spec,
                          struct err *e);
/* Frees what the members own, and zeroes them. */
void keys_release(const struct key *rows, size_t n, void *spec);
/* Copies the value of one key between specs; the old value in `to` is freed. */
void keys_copy(const struct key *row, void *to, const void *from);
/* For listings: "duration", "yes or no", "text|json". */
const char *keys_type_name(const struct key *row);

#endif
