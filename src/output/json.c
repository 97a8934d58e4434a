/* SPDX-License-Identifier: MIT */
/* JSON as Python's json.dumps writes it. */
#include "output/format.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/json_span.h"
#include "base/mem.h"

/* Members that are sorted without a function to compare them. */
#define FEW 16

static int by_name(const void *a, const void *b)
{
	const struct value_member *x, *y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return strcmp(x->key, y->key);
}

/* By insertion, which is the quickest for an object of the service's. */
static void sort_few(const struct value_member **m, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct value_member *one = m[i];
		size_t k = i;
		for (; k > 0 && strcmp(m[k - 1]->key, one->key) > 0; k--)
			m[k] = m[k - 1];
		m[k] = one;
	}
}

const struct value_member **json_members_sorted(const struct value *object)
{
	const struct value_member **m = mem_array(object->n, sizeof(*m));

	for (size_t i = 0; i < object->n; i++)
		m[i] = &object->member[i];
	if (object->n > FEW)
		qsort(m, object->n, sizeof(*m), by_name);
	else
		sort_few(m, object->n);
	return m;
}

static void write_escaped(uint32_t c, struct buf *out)
{
	if (c >= 0x10000) {
		buf_fmt(out, "\\u%04x", 0xd800u + ((c - 0x10000) >> 10));
		c = 0xdc00u + ((c - 0x10000) & 0x3ffu);
	}
	buf_fmt(out, "\\u%04x", c);
}

static void write_string(const char *s, size_t bytes, bool ascii, struct buf *out)
{
	static const char special[] = "\"\\\n\r\t\b\f", letter[] = "\"\\nrtbf";

	buf_char(out, '"');
	for (size_t i = 0; i < bytes;) {
		size_t plain = json_plain(s + i, bytes - i);
		buf_add(out, s + i, plain);
		i += plain;
		if (i == bytes)
			break;
		size_t len = points_length(s + i, bytes - i);
		const char *named = s[i] == '\0' ? NULL : strchr(special, s[i]);
		uint32_t c = points_read(s + i, len);
		if (named != NULL)
			buf_fmt(out, "\\%c", letter[named - special]);
		else if (c < 0x20 || (c > 0x7e && ascii))
			write_escaped(c, out);
		else
			buf_add(out, s + i, len);
		i += len;
	}
	buf_char(out, '"');
}

static void write_scalar(const struct value *v, bool ascii, struct buf *out)
{
	switch (v->type) {
	case VALUE_TRUE:
		buf_str(out, "true");
		break;
	case VALUE_FALSE:
		buf_str(out, "false");
		break;
	case VALUE_NUMBER:
		value_write_number(v, out);
		break;
	case VALUE_STRING:
		write_string(v->text, v->n, ascii, out);
		break;
	default:
		buf_str(out, "null");
	}
}

/* json.dumps(indent=..., sort_keys=..., ensure_ascii=...) */
struct json_style {
	size_t indent;
	bool sorted, ascii;
};

static void new_line(const struct json_style *s, size_t level, struct buf *out)
{
	buf_char(out, '\n');
	buf_blanks(out, s->indent * level);
}

static void pretty(const struct value *v, const struct json_style *s, size_t level,
                   struct buf *out);

static void pretty_object(const struct value *v, const struct json_style *s, size_t level,
                          struct buf *out)
{
	AUTO_FREE const struct value_member **sorted = s->sorted ? json_members_sorted(v) : NULL;

	for (size_t i = 0; i < v->n && buf_ok(out); i++) {
		const struct value_member *m = sorted == NULL ? &v->member[i] : sorted[i];
		buf_char(out, i == 0 ? '{' : ',');
		new_line(s, level + 1, out);
		write_string(m->key, strlen(m->key), s->ascii, out);
		buf_str(out, ": ");
		pretty(m->value, s, level + 1, out);
	}
	new_line(s, level, out);
	buf_char(out, '}');
}

static void pretty(const struct value *v, const struct json_style *s, size_t level, struct buf *out)
{
	if (v->n == 0 && v->type == VALUE_ARRAY) {
		buf_str(out, "[]");
	} else if (v->n == 0 && v->type == VALUE_OBJECT) {
		buf_str(out, "{}");
	} else if (v->type == VALUE_ARRAY) {
		for (size_t i = 0; i < v->n && buf_ok(out); i++) {
			buf_char(out, i == 0 ? '[' : ',');
			new_line(s, level + 1, out);
			pretty(v->item[i], s, level + 1, out);
		}
		new_line(s, level, out);
		buf_char(out, ']');
	} else if (v->type == VALUE_OBJECT) {
		pretty_object(v, s, level, out);
	} else {
		write_scalar(v, s->ascii, out);
	}
}

void json_pretty(const struct value *v, struct buf *out)
{
	pretty(v, &(struct json_style){ .indent = 2, .sorted = true }, 0, out);
}

/* ---- a list whose items come one by one ------------------------------------------------------ */

static const struct json_style streamed = { .indent = 2, .sorted = true };

struct json_list {
	struct buf *out;
	size_t n;
};

static void *open_list(const struct format_request *rq, struct arena *a, struct buf *out)
{
	struct json_list *l = mem_new(sizeof(*l));

	(void)rq;
	(void)a;
	l->out = out;
	return l;
}

static void add_item(void *list, struct arena *scratch, const struct value *item)
{
	struct json_list *l = list;

	(void)scratch;
	buf_char(l->out, l->n++ == 0 ? '[' : ',');
	new_line(&streamed, 1, l->out);
	pretty(item, &streamed, 1, l->out);
}

static bool close_list(void *list, struct err *e)
{
	struct json_list *l = list;

	(void)e;
	if (l->n > 0)
		new_line(&streamed, 0, l->out);
	buf_str(l->out, l->n > 0 ? "]\n" : "[]\n");
	mem_free_ptr(&l);
	return true;
}

const struct format_stream json_stream = { open_list, add_item, close_list };

void json_dumps(const struct value *v, struct buf *out)
{
	pretty(v, &(struct json_style){ .indent = 4, .ascii = true }, 0, out);
}

void json_compact(const struct value *v, bool ascii, struct buf *out)
{
	if (v->type == VALUE_ARRAY) {
		buf_char(out, '[');
		for (size_t i = 0; i < v->n && buf_ok(out); i++) {
			buf_str(out, i == 0 ? "" : ",");
			json_compact(v->item[i], ascii, out);
		}
		buf_char(out, ']');
	} else if (v->type == VALUE_OBJECT) {
		buf_char(out, '{');
		for (size_t i = 0; i < v->n && buf_ok(out); i++) {
			buf_str(out, i == 0 ? "" : ",");
			write_string(v->member[i].key, strlen(v->member[i].key), ascii, out);
			buf_char(out, ':');
			json_compact(v->member[i].value, ascii, out);
		}
		buf_char(out, '}');
	} else {
		write_scalar(v, ascii, out);
	}
}
