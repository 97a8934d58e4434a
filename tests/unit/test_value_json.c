/* SPDX-License-Identifier: MIT */
#include "output/value.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "check.h"
#include "output/format.h"

#define ODD "unsupported JSON: "

static void texts(void **state)
{
	static const struct {
		const char *text, *want, *error; /* want: what is written of it, without blanks */
	} row[] = {
		{ "null", "null", NULL },
		{ " true\n", "true", NULL },
		{ "[ ]", "[]", NULL },
		{ "{\t}", "{}", NULL },
		{ "[[],{},[false]]", "[[],{},[false]]", NULL },
		{ " [ 1 , 2 ] ", "[1,2]", NULL },
		{ " { \"a\" : 1 , \"b\" : { \"c\" : [ null ] } } ",
		  "{\"a\":1,\"b\":{\"c\":[null]}}", NULL },
		{ "[{\"a\":[1]},{\"b\":[2]},{\"c\":[]}]", "[{\"a\":[1]},{\"b\":[2]},{\"c\":[]}]",
		  NULL },
		/* digits stay */
		{ "12345678901234567890", "12345678901234567890", NULL },
		{ "[-0,-1,1.0,1.50,2e3,1E+2,-7e-1]", "[0,-1,1.0,1.5,2000.0,100.0,-0.7]", NULL },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890",
		  "1234567890123456789012345678901234567890123456789012345678901234567890", NULL },
		/* a repeated name has its last value, in the place of its first */
		{ "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}", NULL },
		{ "{\"a\":1,\"\\u0061\":2}", "{\"a\":2}", NULL },
		/* so many that they are found by their hash, and another object at the same depth */
		{ "[{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"j\":"
		  "0,\"k\":0,"
		  "\"l\":0,\"m\":0,\"n\":0,\"o\":0,\"p\":0,\"q\":0,\"r\":0,\"a\":1},{\"b\":2,\"a\":"
		  "3}]",
		  "[{\"a\":1,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"j\":"
		  "0,\"k\":0,"
		  "\"l\":0,\"m\":0,\"n\":0,\"o\":0,\"p\":0,\"q\":0,\"r\":0},{\"b\":2,\"a\":3}]",
		  NULL },
		{ "\"\"", "\"\"", NULL },
		{ "\"a text that is longer than eight bytes\"",
		  "\"a text that is longer than eight bytes\"", NULL },
		{ "\"]},:\\\" \\\\\"", "\"]},:\\\" \\\\\"", NULL },
		{ "\"\\\\\\\"\\/\\b\\f\\n\\r\\t\"", "\"\\\\\\\"/\\b\\f\\n\\r\\t\"", NULL },
		{ "\"\\u00e4\\u20ac\\ud83d\\ude00x\"", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80x\"",
		  NULL },
		{ "\"\xc3\xa4 \\u000a\"", "\"\xc3\xa4 \\n\"", NULL },
		{ "\"\\\\u0000 \\\\ud800\"", "\"\\\\u0000 \\\\ud800\"", NULL },
		/* what is no text of ours */
		{ "[\"\\u0000\"]", NULL, ODD "a NUL character" },
		{ "{\"a\\u0000\":1}", NULL, ODD "a NUL character" },
		{ "\"\\ud83d\"", NULL, ODD "half a surrogate" },
		{ "\"\\ude00\"", NULL, ODD "half a surrogate" },
		{ "\"\\ud83dx\\ude00\"", NULL, ODD "half a surrogate" },
		{ "\"\\ud83d\\ud83d\\ude00\"", NULL, ODD "half a surrogate" },
		{ "\"\\ud83d\\ude00\\ude00\"", NULL, ODD "half a surrogate" },
		{ "", NULL, "not JSON at byte 0" },
		{ "[1,]", NULL, "not JSON at byte 3" },
		{ "{\"a\":1", NULL, "not JSON at byte 6" },
		{ "1 2", NULL, "not JSON at byte 2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_ARENA struct arena *a = arena_new((size_t)1024 * 1024);
		AUTO_BUF struct buf out = BUF_INIT(4096);
		/* Nothing stands behind it that would hide a look too far. */
		AUTO_FREE char *exact = mem_dup_n(row[i].text, strlen(row[i].text));
		const struct value *v = NULL;
		struct err e = ERR_INIT;
		bool ok = value_from_json(a, exact, strlen(exact), &v, &e);

		CHECK(ok == (row[i].error == NULL), "%s: %s", row[i].text, e.text);
		if (!ok) {
			CHECK(strstr(e.text, row[i].error) == e.text, "%s: %s", row[i].text,
			      e.text);
			assert_int_equal(e.kind, ERR_REMOTE);
			assert_null(v);
			continue;
		}
		json_compact(v, false, &out);
		CHECK(strcmp(buf_cstr(&out), row[i].want) == 0, "%s: %s", row[i].text,
		      buf_cstr(&out));
	}
}

/* Brackets as deep as they may be, and one deeper. */
static void deep(void **state)
{
	(void)state;
	for (size_t depth = 127; depth < 130; depth++) {
		AUTO_ARENA struct arena *a = arena_new((size_t)1024 * 1024);
		AUTO_BUF struct buf text = BUF_INIT(4096), out = BUF_INIT(4096);
		const struct value *v = NULL;
		struct err e = ERR_INIT;

		for (size_t i = 0; i < depth; i++)
			buf_str(&text, i % 2 == 0 ? "[" : "{\"a\":");
		buf_str(&text, "null");
		for (size_t i = depth; i-- > 0;)
			buf_char(&text, i % 2 == 0 ? ']' : '}');
		assert_int_equal(value_from_json(a, buf_cstr(&text), text.len, &v, &e),
		                 depth <= 128);
		if (depth > 128)
			break;
		assert_int_equal(v->depth, depth);
		json_compact(v, false, &out);
		assert_string_equal(buf_cstr(&out), buf_cstr(&text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(deep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
