/* SPDX-License-Identifier: MIT */
/* The output formats of az, byte for byte. */
#ifndef OUTPUT_FORMAT_H
#define OUTPUT_FORMAT_H

#include "output/value.h"

struct buf;
struct err;

struct format_request {
	const struct value *value;
	/* --query selected the value: tables show that, not the command's own columns */
	bool queried;
	/* stdout is a terminal: jsonc and yamlc differ from json and yaml */
	bool color;
	/* The command's own columns for one object, as an object of strings; may be NULL. */
	const struct value *(*row)(struct arena *a, const struct value *object);
};

/* A list whose items arrive one by one: the output is the same as that of write() for an array, but
 * no item has to live until the end. `a` holds what has to; out and a outlive the list. */
struct format_stream {
	void *(*open)(const struct format_request *rq, struct arena *a, struct buf *out);
	void (*add)(void *list, struct arena *scratch, const struct value *item);
	/* Ends the list; false if it cannot be written. */
	bool (*close)(void *list, struct err *e);
};

struct format {
	const char *name;
	bool (*write)(const struct format_request *rq, struct arena *a, struct buf *out,
	              struct err *e);
	const struct format_stream *stream; /* without colours */
	bool colors; /* if coloured, every ESC belongs to a colour; those in texts are escaped */
};
extern const struct format format_list[]; /* in the order of az's help */
extern const size_t format_count;
const struct format *format_find(const char *name); /* in any case; NULL: unknown */

/* The parts. */
/* sorted, indented by two, without a final newline */
void json_pretty(const struct value *v, struct buf *out);
/* json.dumps(v, indent=4): unsorted, ASCII */
void json_dumps(const struct value *v, struct buf *out);
/* unsorted, for to_string(); `ascii`: other characters are escaped */
void json_compact(const struct value *v, bool ascii, struct buf *out);
void yaml_write(const struct value *v, struct buf *out);
void tsv_write(const struct value *v, struct buf *out);
MUST_USE bool table_write(const struct format_request *rq, struct arena *a, struct buf *out,
                          struct err *e);
/* For a stream without state between items: the list is `out` itself. */
void *format_open_plain(const struct format_request *rq, struct arena *a, struct buf *out);
bool format_close_plain(void *list, struct err *e);
extern const struct format_stream json_stream, yaml_stream, tsv_stream, table_stream;
/* The same text with the colours of az's highlighter. */
void color_json(const char *text, struct buf *out);
void color_yaml(const char *text, struct buf *out);

/* Members by name, for formats that sort. Caller frees with mem_free_ptr. */
const struct value_member **json_members_sorted(const struct value *object);
/* Python's str(), for cells: None, True, text unchanged, and repr() of lists and dicts. */
void cell_write(const struct value *v, struct buf *out);

/* Text as code points, for widths and for PyYAML's decisions by character. Caller wipes with
 * mem_wiping_free. */
/* bytes of the code point at p, at least 1 */
size_t points_length(const char *p, size_t left);
uint32_t points_read(const char *p, size_t len); /* a malformed byte is its own code point */
uint32_t *points_of(const char *s, size_t bytes, size_t *n);
void upper_write(uint32_t c, struct buf *out); /* str.upper(): up to three characters */
/* length of the line break at s according to Python's splitlines(), or 0 */
size_t points_break_length(const char *s);
/* length of the character at s if it is a space according to Python's isspace(), or 0 */
size_t points_space_length(const char *s);

#endif
