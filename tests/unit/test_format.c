/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "check.h"
#include "fakes/values.h"
#include "output/format.h"
#include "output/jmespath.h"

#define OUT_MAX ((size_t)1024 * 1024)

static void render(const struct value *v, const char *query, const char *format, bool color,
                   struct arena *a, struct buf *out)
{
	AUTO_JMESPATH struct jmespath *q = NULL;
	struct err e = ERR_INIT;

	if (query != NULL &&
	    (!jmespath_compile(query, &q, &e) || !jmespath_search(q, v, a, &v, &e)))
		fail_msg("%s: %s", query, e.text);
	struct format_request rq = { .value = v, .queried = true, .color = color };
	assert_true(format_find(format)->write(&rq, a, out, &e));
}

/* What az's own libraries print: tests/output/README.md. */
static void test_reference(void **state)
{
	FILE *f = fopen("tests/output/reference.jsonl", "r");
	char *line = NULL;
	size_t cap = 0, n = 0;

	(void)state;
	assert_non_null(f);
	while (getline(&line, &cap, f) > 0) {
		AUTO_ARENA struct arena *a = arena_new((size_t)64 * 1024 * 1024);
		AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
		const struct value *row = value_parse(a, line);
		const char *format = value_str(row, "format"), *query = value_str(row, "query");
		render(value_get(row, "doc"), query, format, strcmp(format, "jsonc") == 0, a, &out);
		if (strcmp(buf_cstr(&out), value_str(row, "want")) != 0)
			fail_msg("row %zu, %s, query %s\nwant <%s>\ngot  <%s>", n, format,
			         query == NULL ? "none" : query, value_str(row, "want"),
			         buf_cstr(&out));
		n++;
	}
	free(line);
	(void)fclose(f);
	assert_true(n > 400);
}

/* The items one by one, each from an arena that is gone when the next one comes. */
static void stream(const char *text, const char *format, struct arena *a, struct buf *out)
{
	const struct format_request rq = { .queried = true };
	const struct format_stream *s = format_find(format)->stream;
	void *list = s->open(&rq, a, out);
	struct err e = ERR_INIT;

	for (size_t i = 0;; i++) {
		AUTO_ARENA struct arena *own = arena_new((size_t)64 * 1024 * 1024);
		const struct value *all = value_get(value_parse(own, text), "doc");
		if (i == all->n)
			break;
		s->add(list, own, all->item[i]);
	}
	assert_true(s->close(list, &e));
}

/* A list that comes piece by piece reads as one that was there as a whole. */
static void test_streams(void **state)
{
	FILE *f = fopen("tests/output/reference.jsonl", "r");
	char *line = NULL;
	size_t cap = 0, n = 0;

	(void)state;
	assert_non_null(f);
	while (getline(&line, &cap, f) > 0) {
		AUTO_ARENA struct arena *a = arena_new((size_t)64 * 1024 * 1024);
		const struct value *doc = value_get(value_parse(a, line), "doc");
		for (size_t i = 0; doc->type == VALUE_ARRAY && i < format_count; i++) {
			AUTO_BUF struct buf whole = BUF_INIT(OUT_MAX), pieces = BUF_INIT(OUT_MAX);
			render(doc, NULL, format_list[i].name, false, a, &whole);
			stream(line, format_list[i].name, a, &pieces);
			CHECK_TEXT(buf_cstr(&pieces), buf_cstr(&whole), "row %zu, %s", n,
			           format_list[i].name);
		}
		n += doc->type == VALUE_ARRAY;
	}
	free(line);
	(void)fclose(f);
	assert_true(n > 20);
}

static void test_rows(void **state)
{
	/* clang-format off */
	static const struct { const char *doc, *query, *format; bool color; const char *want; } rows[] = {
		{ "[{\"b\":1,\"a\":null}]", NULL, "none", false, "" },
		{ "[]", NULL, "table", false, "\n" },
		{ "[]", NULL, "tsv", false, "" },
		{ "{\"b\":1.0,\"a\":12345678901234567890}", NULL, "JSON", false,
		  "{\n  \"a\": 12345678901234567890,\n  \"b\": 1.0\n}\n" },
		{ "{\"a\":1,\"a\":2}", NULL, "json", false, "{\n  \"a\": 2\n}\n" },
		/* The query's own order is kept by tsv and tables, and sorted by json. */
		{ "{\"a\":1,\"b\":2}", "{z:a,y:b}", "tsv", false, "1\t2\n" },
		{ "{\"b\":2,\"a\":1}", NULL, "tsv", false, "1\t2\n" },
		{ "{\"a\":true}", "a", "tsv", false, "true\n" },
		{ "{\"a\":true}", "[a]", "tsv", false, "true\n" },
		{ "{\"a\":true}", "[[a]]", "tsv", false, "True\n" },
		{ "{\"a\":null}", "[[a]]", "tsv", false, "None\n" },
		/* A shared part is an alias, unless the query made an object. */
		{ "{\"a\":{\"b\":1}}", "[a,a]", "yaml", false, "- &id001\n  b: 1\n- *id001\n" },
		{ "{\"a\":{\"b\":1}}", "{x:a,y:a}", "yaml", false, "x:\n  b: 1\ny:\n  b: 1\n" },
		{ "\"text\"", NULL, "yaml", false, "text\n...\n" },
		{ "\"12\"", NULL, "yaml", false, "'12'\n" },
		{ "{\"a b\":\"it's x: y\",\"l\":[\"q\"]}", NULL, "yamlc", true,
		  "\x1b[94ma b\x1b[39;49;00m:\x1b[37m "
		    "\x1b[39;49;00m\x1b[33m'\x1b[39;49;00m\x1b[33mit\x1b[39;49;00m"
		  "\x1b[33m''\x1b[39;49;00m\x1b[33ms\x1b[39;49;00m\x1b[31m "
		    "\x1b[39;49;00m\x1b[33mx:\x1b[39;49;00m"
		  "\x1b[31m \x1b[39;49;00m\x1b[33my\x1b[39;49;00m\x1b[33m'\x1b[39;49;00m\x1b[37m\x1b[39;49;00m\n"
		  "\x1b[94ml\x1b[39;49;00m:\x1b[37m\x1b[39;49;00m\n-\x1b[37m "
		    "\x1b[39;49;00mq\x1b[37m\x1b[39;49;00m\n" },
		{ "{\"a\":1}", NULL, "yamlc", false, "a: 1\n" },
		/* Names of columns begin with a capital, in every script az's users write. */
		{ "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5}",
		  "{\"\\u00e9tat\":a,\"\\u00df\":b,\"\\u017eiv\":c,\"\\u03c9\":d,\"\\u0436\":e}",
		  "table",
		  false,
		    "\u00c9tat    SS    \u017div    \u03a9    \u0416\n------  ----  -----  ---  "
		    "---\n1       2     3      4    5\n" },
		{ "\"\u00a0x\u3000\"", NULL, "table", false, "Result\n--------\nx\n" },
		{ "\"a\\nb\u2028c\"", NULL, "table", false, "Result\n--------\na\nb\nc\n" },
		{ "\"b\u2028c\"", NULL, "table", false, "Result\n--------\nb\u2028c\n" },
		/* Upper case of any script, breaks that tabulate sees late, and what repr() does
		 * not show. */
		{ "{\"\\u0561\": 1}", NULL, "table", false, "\324\261\n---\n1\n" },
		{ "{\"\\u1f80\": 1, \"\\ufb03\": 2}", NULL, "table", false,
		  "\341\274\210\316\231    FFI\n----  -----\n1     2\n" },
		{ "{\"[x\\r\\ny\": 1, \"b\": 2}", NULL, "table", false,
		  "[x    B\n\ny\n----  ---\n1     2\n" },
		{ "{\"a\\u0085bcd\\nefg\": 1, \"h\": 2}", NULL, "table", false,
		  "A  H\nbcd\nefg\n-------  ---\n1        2\n" },
		{ "[[[\"\\u0600\\u200b\\u2066\\u3000\\ue000\\udb40\\udc01\\udbff\\udfff\\u0300\\u4e2d\"]]]", NULL, "table", false,
		  "Column1\n--------------------------------------------------------\n['\\u0600\\u200b\\u2066\\u3000\\ue000\\U000e0001\\U0010ffff\314\200\344\270\255']\n" },
		/* Numbers that only a query can write. */
		{ "1", "[`Infinity`,` -Infinity `,`NaN`]", "json", false,
		  "[\n  Infinity,\n  -Infinity,\n  NaN\n]\n" },
		{ "1", "[`Infinity`,`-Infinity`,`NaN`]", "yaml", false,
		  "- .inf\n- -.inf\n- .nan\n" },
		{ "1", "[`Infinity`,`-Infinity`,`NaN`]", "tsv", false, "inf\n-inf\nnan\n" },
		/* What the highlighter does not take for a key or for a word. */
		{ "{\"it's\":1,\"a,b\":2}", NULL, "yamlc", true,
		  "a,b:\x1b[37m \x1b[39;49;00m2\x1b[37m\x1b[39;49;00m\nit's:\x1b[37m "
		  "\x1b[39;49;00m1"
		  "\x1b[37m\x1b[39;49;00m\n" },
		{ "{\"a\":\"x\u00a0y\"}", NULL, "yamlc", true,
		  "\x1b[94ma\x1b[39;49;00m:\x1b[37m "
		  "\x1b[39;49;00mx\x1b[04m\x1b[91m\u00a0\x1b[39;49;00my"
		  "\x1b[37m\x1b[39;49;00m\n" },
		{ "{\"a\":[1]}", "[a,a]", "yamlc", true,
		  "-\x1b[37m \x1b[39;49;00m&id001\x1b[37m\x1b[39;49;00m\n\x1b[37m  "
		  "\x1b[39;49;00m-\x1b[37m \x1b[39;49;00m1"
		  "\x1b[37m\x1b[39;49;00m\n-\x1b[37m "
		    "\x1b[39;49;00m\x1b[31m*id001\x1b[39;49;00m\x1b[37m\x1b[39;49;00m\n" },
		{ "{\"a\":[]}", "[a,a]", "yamlc", true,
		  "-\x1b[37m \x1b[39;49;00m&id001\x1b[37m \x1b[39;49;00m[]\x1b[37m\x1b[39;49;00m\n"
		  "-\x1b[37m \x1b[39;49;00m\x1b[31m*id001\x1b[39;49;00m\x1b[37m\x1b[39;49;00m\n" },
		{ "{\"a\":\"x\u2028y\"}", NULL, "jsonc", true,
		  "{\x1b[37m\x1b[39;49;00m\n\x1b[37m  "
		  "\x1b[39;49;00m\x1b[94m\"a\"\x1b[39;49;00m:\x1b[37m \x1b[39;49;00m"
		  "\x1b[33m\"x\u2028\x1b[39;49;00m\x1b[33my\"\x1b[39;49;00m\x1b[37m\x1b[39;49;00m\n}\x1b[37m\x1b[39;49;00m\n" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena *a = arena_new((size_t)64 * 1024 * 1024);
		AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
		render(value_parse(a, rows[i].doc), rows[i].query, rows[i].format, rows[i].color, a,
		       &out);
		assert_string_equal(buf_cstr(&out), rows[i].want);
	}
}

static void test_unknown_format(void **state)
{
	(void)state;
	assert_null(format_find("xml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_unknown_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
