/* SPDX-License-Identifier: MIT */
#include "output/format.h"

#include <strings.h>

#include "base/buf.h"
#include "base/err.h"

static bool as_json(const struct format_request *rq, struct arena *a, struct buf *out,
                    struct err *e)
{
	(void)a;
	(void)e;
	json_pretty(rq->value, out);
	buf_char(out, '\n');
	return true;
}

static bool as_yaml(const struct format_request *rq, struct arena *a, struct buf *out,
                    struct err *e)
{
	(void)a;
	(void)e;
	yaml_write(rq->value, out);
	return true;
}

static bool as_jsonc(const struct format_request *rq, struct arena *a, struct buf *out,
                     struct err *e)
{
	AUTO_BUF struct buf plain = BUF_INIT(out->max);

	if (!rq->color)
		return as_json(rq, a, out, e);
	(void)as_json(rq, a, &plain, e);
	color_json(buf_cstr(&plain), out);
	return true;
}

static bool as_yamlc(const struct format_request *rq, struct arena *a, struct buf *out,
                     struct err *e)
{
	AUTO_BUF struct buf plain = BUF_INIT(out->max);

	if (!rq->color)
		return as_yaml(rq, a, out, e);
	(void)as_yaml(rq, a, &plain, e);
	color_yaml(buf_cstr(&plain), out);
	return true;
}

static bool as_tsv(const struct format_request *rq, struct arena *a, struct buf *out, struct err *e)
{
	(void)a;
	(void)e;
	tsv_write(rq->value, out);
	return true;
}

static bool as_none(const struct format_request *rq, struct arena *a, struct buf *out,
                    struct err *e)
{
	(void)rq;
	(void)a;
	(void)out;
	(void)e;
	return true;
}

void *format_open_plain(const struct format_request *rq, struct arena *a, struct buf *out)
{
	(void)rq;
	(void)a;
	return out;
}

static void add_none(void *list, struct arena *scratch, const struct value *item)
{
	(void)list;
	(void)scratch;
	(void)item;
}

bool format_close_plain(void *list, struct err *e)
{
	(void)list;
	(void)e;
	return true;
}

static const struct format_stream none_stream = { format_open_plain, add_none, format_close_plain };

const struct format format_list[] = {
	{ "json", as_json, &json_stream, false },       { "jsonc", as_jsonc, &json_stream, true },
	{ "yaml", as_yaml, &yaml_stream, false },       { "yamlc", as_yamlc, &yaml_stream, true },
	{ "table", table_write, &table_stream, false }, { "tsv", as_tsv, &tsv_stream, false },
	{ "none", as_none, &none_stream, false },
};
const size_t format_count = COUNT(format_list);

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < COUNT(format_list); i++)
		if (strcasecmp(format_list[i].name, name) == 0)
			return &format_list[i];
	return NULL;
}
