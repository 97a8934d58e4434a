/* SPDX-License-Identifier: MIT */
/* Between the two files that write YAML as PyYAML's safe_dump does; nobody else includes it. */
#ifndef OUTPUT_YAML_H
#define OUTPUT_YAML_H

#include "base/base.h"

struct yaml_look {
	bool plain, single, empty, multiline;
}; /* which styles a text may have */
struct yaml_look yaml_look(const uint32_t *p, size_t n);

/* Compiled once for a document. */
struct yaml_types;
struct yaml_types *yaml_types_new(void);
void yaml_types_free(struct yaml_types *t);
/* plain, it would read back as no text */
bool yaml_typed(const struct yaml_types *t, const char *s);
/* may stand in double quotes as it is */
bool yaml_printable(uint32_t c);
static inline bool yaml_is_break(uint32_t c)
{
	return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

#endif
