/* SPDX-License-Identifier: MIT */
/* Tab-separated values as knack writes them: nothing is escaped, an object is empty, an array is
 * its length. */
#include "output/format.h"

#include "base/buf.h"
#include "base/mem.h"

static void write_field(const struct value *v, struct buf *out)
{
	if (v->type == VALUE_ARRAY)
		buf_fmt(out, "%zu", v->n);
	else if (v->type != VALUE_OBJECT)
		cell_write(v, out);
}

static void write_members(const struct value *v, struct buf *out)
{
	AUTO_FREE const struct value_member **sorted = json_members_sorted(v);

	for (size_t i = 0; i < v->n; i++) {
		buf_str(out, i == 0 ? "" : "\t");
		write_field(v->chosen ? v->member[i].value : sorted[i]->value, out);
	}
}

static void write_row(const struct value *v, struct buf *out)
{
	if (v->type == VALUE_OBJECT) {
		write_members(v, out);
	} else if (v->type == VALUE_ARRAY) {
		for (size_t i = 0; i < v->n; i++) {
			buf_str(out, i == 0 ? "" : "\t");
			write_field(v->item[i], out);
		}
	} else if (v->type == VALUE_TRUE || v->type == VALUE_FALSE) {
		/* in a row it is True or False */
		buf_str(out, v->type == VALUE_TRUE ? "true" : "false");
	} else {
		write_field(v, out);
	}
	buf_char(out, '\n');
}

void tsv_write(const struct value *v, struct buf *out)
{
	if (v->type != VALUE_ARRAY)
		write_row(v, out);
	for (size_t i = 0; v->type == VALUE_ARRAY && i < v->n && buf_ok(out); i++)
		write_row(v->item[i], out);
}

static void add_item(void *list, struct arena *scratch, const struct value *item)
{
	(void)scratch;
	write_row(item, list);
}

const struct format_stream tsv_stream = { format_open_plain, add_item, format_close_plain };
