/* SPDX-License-Identifier: MIT */
/* Tables as knack and tabulate ("simple") make them. */
#include "output/format.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define HEADER_PADDING 2
/* With its lines filled. */
#define HEADER_MAX ((size_t)16 * 1024 * 1024)
/* One table in memory: rows times columns; a result of a few MB has no more. */
#define CELLS_MAX ((size_t)4 * 1000 * 1000)

struct column {
	const char *key;
	size_t width;
};

/* What stands in the columns there were when it came, in their order; NULL: nothing. */
struct row {
	size_t n;
	const char *const *cell;
};

struct table {
	const struct format_request *rq;
	struct arena *a; /* of what is kept */
	struct buf *out;
	struct value_members names; /* of the columns, in their order */
	struct column *column;
	size_t n, cap;
	struct row *row;
	size_t rows, cap_rows;
	bool multiline; /* some cell has more than one line */
	bool too_large;
};

static void table_free(struct table *t)
{
	value_members_free(&t->names);
	mem_free_ptr(&t->row);
	mem_free_ptr(&t->column);
}

static bool left_out(const struct value_member *m)
{
	return m->value->type == VALUE_NULL || m->value->type == VALUE_ARRAY ||
	       m->value->type == VALUE_OBJECT || strcmp(m->key, "id") == 0 ||
	       strcmp(m->key, "type") == 0 || strcmp(m->key, "etag") == 0;
}

/* The first character in upper case, which for some is up to three. */
static const char *capital(struct arena *a, const char *key)
{
	AUTO_BUF struct buf out = BUF_INIT(strlen(key) + 8);
	size_t n = *key == '\0' ? 0 : points_length(key, strlen(key));

	if (n > 0)
		upper_write(points_read(key, n), &out);
	buf_str(&out, key + n);
	return value_text_n(a, buf_cstr(&out), out.len)->text;
}

static void row_of(struct arena *a, const struct value *v, struct value_members *row)
{
	if (v->type == VALUE_OBJECT) {
		for (size_t i = 0; i < v->n; i++)
			if (!left_out(&v->member[i]))
				value_members_put(row, capital(a, v->member[i].key),
				                  v->member[i].value);
	} else if (v->type == VALUE_ARRAY) {
		for (size_t i = 0; i < v->n; i++) {
			char name[32];
			int len = snprintf(name, sizeof(name), "Column%zu", i + 1);
			value_members_put(row, value_text_n(a, name, (size_t)len)->text,
			                  v->item[i]);
		}
	} else {
		value_members_put(row, "Result", v);
	}
}

/* Neither space nor a part of something longer than a byte. */
static bool is_graphic(char c)
{
	return c > ' ' && c <= '~';
}

/* How much is left of n bytes without the space at their end, as rstrip() leaves it. */
static size_t trimmed(const char *s, size_t n)
{
	size_t end = 0;

	while (n > 0 && s[n - 1] == ' ')
		n--;
	if (n == 0 || is_graphic(s[n - 1]))
		return n;

	for (size_t i = 0; i < n;) {
		size_t space = points_space_length(s + i);
		i += space > 0 ? space : points_length(s + i, n - i);
		end = space > 0 ? end : i;
	}
	return end;
}

/* A cell's text without the space around it; null is empty. */
static const struct value *cell_text(struct arena *a, const struct value *v)
{
	AUTO_BUF struct buf text = BUF_INIT((size_t)16 * 1024 * 1024);

	if (v->type == VALUE_STRING && v->n > 0 && v->n == strlen(v->text) &&
	    is_graphic(v->text[0]) && is_graphic(v->text[v->n - 1]))
		return v;
	if (v->type != VALUE_NULL)
		cell_write(v, &text);
	const char *s = buf_cstr(&text);
	while (points_space_length(s) > 0)
		s += points_space_length(s);
	return value_text_n(a, s, trimmed(s, strlen(s)));
}

static size_t point_count(const char *s, size_t bytes)
{
	size_t n = 0;

	while (n < bytes && ((unsigned char)s[n] & 0x80) == 0)
		n++;
	for (size_t i = n; i < bytes; i += points_length(s + i, bytes - i))
		n++;
	return n;
}

/* Where the line that starts at s ends, and where the next one starts; NULL behind the last. */
static const char *next_line(const char *s, size_t *len)
{
	const char *end = s;

	while (*end != '\0' && points_break_length(end) == 0)
		end += points_length(end, strnlen(end, 4));
	*len = (size_t)(end - s);
	return *end == '\0' ? NULL : end + points_break_length(end);
}

static size_t text_width(const char *s)
{
	size_t width = 0;

	/* tabulate has fewer line breaks here than where it splits. */
	for (const char *line = s; line != NULL;) {
		size_t len = strcspn(line, "\r\n"), n = point_count(line, len);
		width = n > width ? n : width;
		line = line[len] == '\0' ? NULL : line + len + 1;
	}
	return width;
}

static const char *keep(struct table *t, const char *s)
{
	return *s == '\0' ? NULL : value_text(t->a, s)->text;
}

/* Which column it is; `near`: where it was in the row before, and mostly is. */
static size_t column_of(struct table *t, const char *key, size_t near)
{
	if (near < t->n && strcmp(t->column[near].key, key) == 0)
		return near;
	size_t at = 0;
	while (at < t->names.n && value_members_get(&t->names, key) != NULL &&
	       strcmp(t->names.item[at].key, key) != 0)
		at++;
	if (at < t->names.n && strcmp(t->names.item[at].key, key) == 0)
		return at;
	const char *kept = value_text(t->a, key)->text;
	at = value_members_put(&t->names, kept, &value_null);
	t->column = mem_grow(t->column, &t->cap, t->n + 1, sizeof(*t->column));
	t->column[t->n++] = (struct column){ kept, text_width(kept) + HEADER_PADDING };
	return at;
}

static const char *cell(const struct table *t, size_t row, size_t column)
{
	const struct row *r = &t->row[row];

	return column < r->n && r->cell[column] != NULL ? r->cell[column] : "";
}

static bool has_break(const char *s)
{
	return strpbrk(s, "\r\n") != NULL;
}

/* Takes a row in: its texts are kept, the widths and the kinds of the columns follow them. */
static void add_row(struct table *t, struct arena *scratch, const struct value_members *from)
{
	const char **text = arena_alloc(scratch, (t->n + from->n) * sizeof(*text));
	size_t most = t->n;

	for (size_t k = 0; k < from->n; k++) {
		const struct value_member *m = &from->item[k];
		t->multiline = t->multiline || has_break(m->key) ||
		               (m->value->type == VALUE_STRING && has_break(m->value->text));
		const char *s = cell_text(scratch, m->value)->text;
		size_t at = column_of(t, m->key, k), width = text_width(s);
		t->column[at].width = width > t->column[at].width ? width : t->column[at].width;
		text[at] = keep(t, s);
		most = t->n;
		t->too_large = t->too_large || t->rows + 1 > CELLS_MAX / t->n;
	}
	const char **kept = arena_alloc(t->a, most * sizeof(*kept));
	memcpy(kept, text, most * sizeof(*kept));
	t->row = mem_grow(t->row, &t->cap_rows, t->rows + 1, sizeof(*t->row));
	t->row[t->rows++] = (struct row){ most, kept };
}

/* Ends the line that began at `start`: trailing space goes. */
static void end_line(struct buf *out, size_t start)
{
	if (out->len > start) {
		out->len = start + trimmed(out->data + start, out->len - start);
		out->data[out->len] = '\0';
	}
	buf_char(out, '\n');
}

static void put_padded(struct buf *out, const char *s, size_t len, size_t width)
{
	size_t n = point_count(s, len);

	buf_add(out, s, len);
	buf_blanks(out, n < width ? width - n : 0);
}

/* tabulate fills the lines of a header to the column's width, and then finds more breaks in them
 * than before: such parts stay short. NULL when that is too much. */
static const char *filled_header(const struct column *c, struct arena *a)
{
	AUTO_BUF struct buf out = BUF_INIT(HEADER_MAX);

	for (const char *line = c->key; line != NULL && buf_ok(&out);) {
		size_t len = strcspn(line, "\r\n");
		put_padded(&out, line, len, c->width);
		line = line[len] == '\0' ? NULL : line + len + 1;
		buf_str(&out, line == NULL ? "" : "\n");
	}
	return buf_ok(&out) ? value_text_n(a, buf_cstr(&out), out.len)->text : NULL;
}

/* As many lines as the tallest of the texts. `text` is used up; `filled`: what there is of it
 * needs no more space behind. */
static void put_row(const struct table *t, const char **text, bool filled, struct buf *out)
{
	bool more = true;

	while (more) {
		size_t start = out->len, len = 0;
		more = false;
		for (size_t k = 0; k < t->n; k++) {
			const char *line = text[k] == NULL ? "" : text[k];
			size_t width = filled && text[k] != NULL ? 0 : t->column[k].width;
			if (t->multiline) {
				text[k] = next_line(line, &len);
			} else {
				len = strlen(line);
				text[k] = NULL;
			}
			more = more || text[k] != NULL;
			buf_str(out, k == 0 ? "" : "  ");
			put_padded(out, line, len, width);
		}
		end_line(out, start);
	}
}

static bool put_header(const struct table *t, const char **text, struct arena *a, struct buf *out)
{
	for (size_t k = 0; k < t->n; k++) {
		text[k] = filled_header(&t->column[k], a);
		if (text[k] == NULL)
			return false;
	}
	put_row(t, text, true, out);
	size_t start = out->len;
	for (size_t k = 0; k < t->n; k++) {
		buf_str(out, k == 0 ? "" : "  ");
		for (size_t i = 0; i < t->column[k].width; i++)
			buf_char(out, '-');
	}
	end_line(out, start);
	return true;
}

static bool put_table(const struct table *t, struct arena *a, struct buf *out)
{
	AUTO_FREE const char **text = mem_array(t->n, sizeof(*text));

	if (!put_header(t, text, a, out))
		return false;
	for (size_t i = 0; i < t->rows && buf_ok(out); i++) {
		bool empty = true;
		for (size_t k = 0; k < t->n; k++) {
			text[k] = cell(t, i, k);
			empty = empty && *text[k] == '\0';
		}
		/* Where rows may have more than one line, an empty one has none. */
		if (!empty || !t->multiline)
			put_row(t, text, false, out);
	}
	return true;
}

static void add_item(void *list, struct arena *scratch, const struct value *item)
{
	AUTO_MEMBERS struct value_members row = { 0 };
	struct table *t = list;

	if (t->rq->row != NULL && !t->rq->queried)
		item = t->rq->row(scratch, item);
	row_of(scratch, item, &row);
	if (!t->too_large)
		add_row(t, scratch, &row);
}

static bool finish(struct table *t, struct err *e)
{
	if (t->n == 0)
		buf_char(t->out, '\n');
	else if (t->too_large || !put_table(t, t->a, t->out))
		return err_set(e, ERR_USAGE,
		               "table output unavailable: the result is too large for a table");
	return true;
}

bool table_write(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e)
{
	AUTO(table_free) struct table t = { .rq = rq, .a = a, .out = out };
	bool list = rq->value->type == VALUE_ARRAY;

	for (size_t i = 0; i < (list ? rq->value->n : 1); i++)
		add_item(&t, a, list ? rq->value->item[i] : rq->value);
	return finish(&t, e);
}

/* ---- a list whose items come one by one ------------------------------------------------------ */

static void *open_list(const struct format_request *rq, struct arena *a, struct buf *out)
{
	struct table *t = mem_new(sizeof(*t));

	*t = (struct table){ .rq = rq, .a = a, .out = out };
	return t;
}

static bool close_list(void *list, struct err *e)
{
	struct table *t = list;
	bool ok = finish(t, e);

	table_free(t);
	mem_free_ptr(&t);
	return ok;
}

const struct format_stream table_stream = { open_list, add_item, close_list };
