/* SPDX-License-Identifier: MIT */
/* str() and repr() of Python: what az shows where a cell holds more than text. */
#include "output/format.h"

#include <math.h>

#include "base/buf.h"
#include "base/mem.h"

/* Single quotes, unless only double ones need no escape. Of what Python thinks not printable, the
 * control characters, line separators and no-break space are escaped. */
static void repr_text(const char *s, size_t bytes, struct buf *out)
{
	static const char special[] = "\\\n\r\t", letter[] = "\\nrt";
	char quote = strchr(s, '\'') != NULL && strchr(s, '"') == NULL ? '"' : '\'';

	buf_char(out, quote);
	for (size_t i = 0; i < bytes;) {
		size_t len = point_length(s + i, bytes - i);
		uint32_t c = point_read(s + i, len);
		const char *named = strchr(special, s[i]);
		if (named != NULL || s[i] == quote)
			buf_fmt(out, "\\%c", named != NULL ? letter[named - special] : quote);
		else if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad)
			buf_fmt(out, "\\x%02x", c);
		else if (c == 0x2028 || c == 0x2029 || c == 0xfeff)
			buf_fmt(out, "\\u%04x", c);
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
		write_cell(v, out);
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

void write_cell(const struct value *v, struct buf *out)
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
