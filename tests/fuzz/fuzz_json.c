/* SPDX-License-Identifier: MIT */
/* Any answer of a service, parsed, walked to its leaves beside the same read as values, asked by
 * path, and robbed of its secrets. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_span.h"
#include "base/secret.h"
#include "base/show.h"
#include "fuzz/fuzz.h"
#include "output/value.h"

static bool is_utf8(const char *s)
{
	uint32_t code = 0;
	bool shown;

	for (size_t n; *s != '\0'; s += n) {
		n = show_next(s, &code, &shown);
		if (n == 1 && code == SHOW_INVALID)
			return false;
	}
	return true;
}

static void walk(const struct json *j, int depth)
{
	size_t n = 0;

	must(depth <= JSON_SPAN_DEPTH_MAX);
	for (const struct json *k = json_child(j); k != NULL; k = json_next(k), n++) {
		must(json_at(j, "", n) == k);
		walk(k, depth + 1);
	}
	must(n == json_len(j, ""));
	if (json_type(j) == JSON_STRING) {
		/* What buf_json writes is JSON again, and means the same where it was text. */
		AUTO_BUF struct buf text = BUF_INIT((size_t)1 << 24);
		AUTO_JSON struct json *again = NULL;
		struct err e = ERR_INIT;
		buf_json(&text, json_text(j));
		must(buf_ok(&text) && json_parse(buf_cstr(&text), text.len, &again, &e));
		must(!is_utf8(json_text(j)) || strcmp(json_text(again), json_text(j)) == 0);
	}
}

/* Does a value say what the tree says? Of a repeated name only values have the last. */
static void compare(const struct json *j, const struct value *v)
{
	static const enum value_type type[] = { VALUE_NULL,   VALUE_FALSE,  VALUE_TRUE,
		                                VALUE_NUMBER, VALUE_STRING, VALUE_ARRAY,
		                                VALUE_OBJECT };
	size_t n = 0, members = json_len(j, "");

	must(v->type == type[json_type(j)]);
	must(v->type != VALUE_STRING || strcmp(v->text, json_text(j)) == 0);
	must(v->type != VALUE_NUMBER || v->number.real == json_number(j));
	must(v->type != VALUE_ARRAY || v->n == members);
	must(v->type != VALUE_OBJECT || v->n <= members);
	for (const struct json *k = json_child(j); k != NULL; k = json_next(k), n++) {
		if (v->type == VALUE_ARRAY)
			compare(k, v->item[n]);
		else if (v->n == members)
			compare(k, v->member[n].value);
		else
			must(value_get(v, json_key(k)) != NULL);
	}
}

static void as_values(const struct json *j, const char *text, size_t size)
{
	AUTO_ARENA struct arena *a = arena_new((size_t)1 << 28);
	const struct value *v = NULL;
	struct err e = ERR_INIT;

	must(value_from_json(a, text, size, &v, &e));
	compare(j, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "error.code", "properties.credentials.passwords",
		                             "value",      "a.b.c",
		                             "nextLink",   "" };
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;

	if (!json_parse((const char *)data, size, &j, &e)) {
		must(j == NULL && e.kind == ERR_REMOTE && e.text[0] != '\0');
		return 0;
	}
	walk(j, 0);
	as_values(j, (const char *)data, size);
	for (size_t i = 0; i < COUNT(paths); i++) {
		int64_t n;
		if (json_int(j, paths[i], &n))
			must(json_str(j, paths[i]) == NULL && !json_true(j, paths[i]));
		AUTO_SECRET struct secret *in_list = json_take_secret_at(j, paths[i], 0, "value");
		/* taken before the list itself is; freed at the end of the block */
		(void)in_list;
		AUTO_SECRET struct secret *s = json_take_secret(j, paths[i]);
		if (s != NULL)
			must(json_str(j, paths[i])[0] == '\0');
	}
	return 0;
}
