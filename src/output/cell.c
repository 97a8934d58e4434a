/* SPDX-License-Identifier: MIT */
/* str() and repr() of Python: what az shows where a cell holds more than text. */
#include "output/format.h"

#include <math.h>

#include "base/buf.h"
#include "base/mem.h"

/* Not what Python thinks printable: controls, formats, separators, private use. What is not
 * assigned yet depends on its age: it stays. */
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} rows[] = {
		{ 0, 0x1f },          { 0x7f, 0xa0 },        { 0xad, 0xad },
		{ 0x600, 0x605 },     { 0x61c, 0x61c },      { 0x6dd, 0x6dd },
		{ 0x70f, 0x70f },     { 0x890, 0x891 },      { 0x8e2, 0x8e2 },
		{ 0x1680, 0x1680 },   { 0x180e, 0x180e },    { 0x2000, 0x200f },
		{ 0x2028, 0x202f },   { 0x205f, 0x206f },    { 0x3000, 0x3000 },
		{ 0xe000, 0xf8ff },   { 0xfeff, 0xfeff },    { 0xfff9, 0xfffb },
		{ 0xfffe, 0xffff },   { 0x110bd, 0x110bd },  { 0x110cd, 0x110cd },
		{ 0x13430, 0x13438 }, { 0x1bca0, 0x1bca3 },  { 0x1d173, 0x1d17a },
		{ 0x40000, 0xe00ff }, { 0xe01f0, 0x10ffff },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (c >= rows[i].first && c <= rows[i].last)
			return true;
	return false;
}

/* Single quotes, unless only double ones need no escape. */
static void repr_text(const char *s, size_t bytes, struct buf *out)
{
	static const char special[] = "\\\n\r\t", letter[] = "\\nrt";
	char quote = strchr(s, '\'') != NULL && strchr(s, '"') == NULL ? '"' : '\'';

	buf_char(out, quote);
	for (size_t i = 0; i < bytes;) {
		size_t len = points_length(s + i, bytes - i);
		uint32_t c = points_read(s + i, len);
		const char *named = strchr(special, s[i]);
		if (named != NULL || s[i] == quote)
			buf_fmt(out, "\\%c", named != NULL ? letter[named - special] : quote);
		else if (is_hidden(c))
			buf_fmt(out,
			        c <= 0xff     ? "\\x%02x"
			        : c <= 0xffff ? "\\u%04x"
			                      : "\\U%08x",
			        c);
		else
			buf_add(out, s + i, len);
		i += len;
	}
	buf_char(out, quote);
}

static void repr(const struct value *v, struct buf *out)
{
	if (v->type == VALUE_STRING) {
		repr_text(v->text, v->n, out);
	} else if (v->type == VALUE_ARRAY) {
		for (size_t i = 0; i < v->n && buf_ok(out); i++) {
			buf_str(out, i == 0 ? "[" : ", ");
			repr(v->item[i], out);
		}
		buf_str(out, v->n == 0 ? "[]" : "]");
	} else if (v->type == VALUE_OBJECT) {
		buf_str(out, v->chosen ? v->n == 0 ? "OrderedDict(" : "OrderedDict([" : "{");
		for (size_t i = 0; i < v->n && buf_ok(out); i++) {
			buf_str(out, i == 0 ? "" : ", ");
			buf_str(out, v->chosen ? "(" : "");
			repr_text(v->member[i].key, strlen(v->member[i].key), out);
			buf_str(out, v->chosen ? ", " : ": ");
			repr(v->member[i].value, out);
			buf_str(out, v->chosen ? ")" : "");
		}
		buf_str(out, v->chosen ? v->n == 0 ? ")" : "])" : "}");
	} else {
		cell_write(v, out);
	}
}

static void write_number(const struct value *v, struct buf *out)
{
	double d = v->number.real;

	if (v->number.kind == NUMBER_REAL && !isfinite(d))
		buf_str(out, isnan(d) ? "nan" : d > 0 ? "inf" : "-inf");
	else
		value_write_number(v, out);
}

void cell_write(const struct value *v, struct buf *out)
{
	switch (v->type) {
	case VALUE_STRING:
		buf_add(out, v->text, v->n);
		break;
	case VALUE_NUMBER:
		write_number(v, out);
		break;
	case VALUE_TRUE:
		buf_str(out, "True");
		break;
	case VALUE_FALSE:
		buf_str(out, "False");
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		repr(v, out);
		break;
	default:
		buf_str(out, "None");
	}
}
