/* SPDX-License-Identifier: MIT */
/* Shared by the files that write YAML like PyYAML's safe_dump, and only included there. */
#ifndef OUTPUT_YAML_H
#define OUTPUT_YAML_H

#include "base/base.h"

struct buf;
struct value;

struct yaml_look {
	bool plain, single, empty, multiline;
}; /* which styles a text may have */
struct yaml_look yaml_look(const uint32_t *p, size_t n);

/* Compiled once for a document. */
struct yaml_types;
struct yaml_types *yaml_types_new(void);
void yaml_types_free(struct yaml_types *t);
/* Would it be read back as another type if it were plain? */
bool yaml_typed(const struct yaml_types *t, const char *s);
/* Can it be in double quotes without an escape? */
bool yaml_printable(uint32_t c);
static inline bool yaml_is_break(uint32_t c)
{
	return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/* ---- yaml_text.c: lines, indention, and text in the three styles --------------------------- */

struct yaml_seen {
	const struct value *value;
	int id;
}; /* id 0: seen once */

struct yaml_emitter {
	struct buf *out;
	size_t column;
	int indent; /* -1: outside of everything */
	bool whitespace, indention, open_ended;
	/* a hash of collections, for aliases; NULL if there are none */
	struct yaml_seen *seen;
	size_t n_seen, cap_seen;
	int ids;
	struct yaml_types *types;
};

enum yaml_place { YAML_IN_ROOT, YAML_IN_SEQUENCE, YAML_IN_VALUE, YAML_IN_KEY /* on one line */ };

void yaml_indicator(struct yaml_emitter *y, const char *s, bool need_whitespace, bool whitespace,
                    bool indention);
void yaml_new_line(struct yaml_emitter *y);
int yaml_deeper(const struct yaml_emitter *y, bool flow, bool indentless);
/* Is it visible ASCII without blanks? Such text is never folded, and few of its characters are
 * special. */
bool yaml_is_word(const char *s, size_t bytes);
/* as_text: it must be read back as text, whatever it looks like. */
void yaml_text(struct yaml_emitter *y, const char *s, size_t bytes, bool as_text,
               enum yaml_place place);

#endif
