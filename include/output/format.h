/* SPDX-License-Identifier: MIT */
/* The output formats of az, byte for byte. */
#ifndef OUTPUT_FORMAT_H
#define OUTPUT_FORMAT_H

#include "output/value.h"

struct buf;
struct err;

/* What a table of one kind of object shows: a row per object, made by the command that knows the object. */
struct table_row { struct members cell; };   /* values are strings */

struct format_request {
	const struct value *value;
	bool queried;              /* --query chose what is shown: tables show that, not the command's own columns */
	bool color;                /* stdout is a terminal: jsonc and yamlc differ from json and yaml */
	/* The command's own columns for one object, as an object of strings; may be NULL. */
	const struct value *(*row)(struct arena *a, const struct value *object);
};

struct format {
	const char *name;
	bool (*write)(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e);
};
extern const struct format formats[];           /* in the order of az's help */
extern const size_t formats_count;
const struct format *format_find(const char *name);   /* any case; NULL when unknown */

/* The parts. */
void json_pretty(const struct value *v, struct buf *out);            /* sorted, indented by two, without a final newline */
void json_compact(const struct value *v, bool ascii, struct buf *out);   /* unsorted, for to_string(): `ascii` escapes the rest */
MUST_USE bool format_json(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e);
MUST_USE bool format_jsonc(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e);
MUST_USE bool format_yaml(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e);
MUST_USE bool format_yamlc(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e);
MUST_USE bool format_tsv(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e);
MUST_USE bool format_table(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e);

/* Members by name, for formats that sort. Caller frees with mem_free_ptr. */
const struct member **members_sorted(const struct value *object);
/* str() of Python, for cells: None, True, text as it is. */
void write_cell(const struct value *v, struct buf *out);

#endif
