/* SPDX-License-Identifier: MIT */
/* The output formats of az, byte for byte. */
#ifndef OUTPUT_FORMAT_H
#define OUTPUT_FORMAT_H

#include "output/value.h"

struct buf;
struct err;

struct format_request {
	const struct value *value;
	/* --query chose what is shown: tables show that, not the command's own columns */
	bool queried;
	/* stdout is a terminal: jsonc and yamlc differ from json and yaml */
	bool color;
	/* The command's own columns for one object, as an object of strings; may be NULL. */
	const struct value *(*row)(struct arena *a, const struct value *object);
};

/* A list whose items come one by one: what is written is what write() makes of the array of them,
 * but no item has to live until the end. `a` is for what does; out and a outlive the list. */
struct format_stream {
	void *(*open)(const struct format_request *rq, struct arena *a, struct buf *out);
	void (*add)(void *list, struct arena *scratch, const struct value *item);
	/* Ends it; false when it cannot be written. */
	bool (*close)(void *list, struct err *e);
};

struct format {
	const char *name;
	bool (*write)(const struct format_request *rq, struct arena *a, struct buf *out,
	              struct err *e);
	const struct format_stream *stream; /* for what is not coloured */
	bool colors; /* with colours each ESC is one of theirs: those of a text are escaped */
};
extern const struct format format_list[]; /* in the order of az's help */
extern const size_t format_count;
const struct format *format_find(const char *name); /* any case; NULL when unknown */

/* The parts. */
/* sorted, indented by two, without a final newline */
void json_pretty(const struct value *v, struct buf *out);
/* json.dumps(v, indent=4): unsorted, ASCII */
void json_dumps(const struct value *v, struct buf *out);
/* unsorted, for to_string(): `ascii` escapes the rest */
void json_compact(const struct value *v, bool ascii, struct buf *out);
void yaml_write(const struct value *v, struct buf *out);
void tsv_write(const struct value *v, struct buf *out);
MUST_USE bool table_write(const struct format_request *rq, struct arena *a, struct buf *out,
                          struct err *e);
/* Of a stream that keeps nothing between items: the list is `out` itself. */
void *format_open_plain(const struct format_request *rq, struct arena *a, struct buf *out);
bool format_close_plain(void *list, struct err *e);
extern const struct format_stream json_stream, yaml_stream, tsv_stream, table_stream;
/* The same text with the colours az's highlighter gives it. */
void color_json(const char *text, struct buf *out);
void color_yaml(const char *text, struct buf *out);

/* Members by name, for formats that sort. Caller frees with mem_free_ptr. */
const struct value_member **json_members_sorted(const struct value *object);
/* str() of Python, for cells: None, True, text as it is, and what repr() makes of lists and
 * dicts. */
void cell_write(const struct value *v, struct buf *out);

/* Text as code points: widths, and what PyYAML decides by character. Caller wipes with
 * mem_wiping_free. */
/* bytes of the code point at p, at least 1 */
size_t points_length(const char *p, size_t left);
uint32_t points_read(const char *p, size_t len); /* a malformed byte stands for itself */
uint32_t *points_of(const char *s, size_t bytes, size_t *n);
void upper_write(uint32_t c, struct buf *out); /* str.upper(): up to three characters */
/* of the line break at s, as Python's splitlines() has them, or 0 */
size_t points_break_length(const char *s);
/* of the character at s if Python's isspace() says it is one, or 0 */
size_t points_space_length(const char *s);

#endif
