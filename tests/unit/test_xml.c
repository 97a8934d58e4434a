/* SPDX-License-Identifier: MIT */
/* What is taken from the XML of a storage account, and what is not understood. */
#include "azure/xml.h"
#include "base/buf.h"
#include "base/err.h"
#include "check.h"

static bool add(void *ctx, const char *path, const char *text, struct err *e)
{
	struct buf *out = ctx;

	buf_fmt(out, "%s=%s;", path, text);
	return strcmp(text, "stop") != 0 || err_set(e, ERR_CONFLICT, "stopped");
}

#define DEEP "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"

static const struct {
	const char *xml, *want; /* NULL: not understood */
} rows[] = {
	{ "<a/>", "a=;" },
	{ "<a></a>", "a=;" },
	{ "\xef\xbb\xbf<?xml version=\"1.0\" encoding='utf-8'?>\r\n<a>x</a>\n", "a=x;" },
	{ "<a> x\n</a >", "a= x\n;" },
	{ "<a><b>1</b><b>2</b><c><d/></c></a>", "a/b=1;a/b=2;a/c/d=;" },
	{ "<a>text<b>1</b>text</a>", "a/b=1;" },
	{ "<a x=\"1\" y = '2'/>", NULL },
	{ "<a x=\"1\" y='>/'><b /></a>", "a/b=;" },
	{ "<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x20AC;</a>", "a=<>&\"'AB\xe2\x82\xac;" },
	{ "<a-b.c_d:e>1</a-b.c_d:e>", "a-b.c_d:e=1;" },
	{ "", NULL },
	{ "text", NULL },
	{ "<", NULL },
	{ "<a", NULL },
	{ "<a>", NULL },
	{ "<a></b>", NULL },
	{ "<a></ab>", NULL },
	{ "<ab></a>", NULL },
	{ "<a><b></a></b>", NULL },
	{ "</a>", NULL },
	{ "<a/><b/>", NULL },
	{ "<a/>text", NULL },
	{ "<a x=1/>", NULL },
	{ "<a x=\"1/>", NULL },
	{ "<a x=\"<\"/>", NULL },
	{ "<ax=\"1\"/>", NULL },
	{ "<a x=\"1\"y=\"2\"/>", NULL },
	{ "<a>&nbsp;</a>", NULL },
	{ "<a>&lt</a>", NULL },
	{ "<a>&#0;</a>", NULL },
	{ "<a>&#;</a>", NULL },
	{ "<a>&#x110000;</a>", NULL },
	{ "<a>&#99999999999999999999;</a>", NULL },
	{ "<a>&#xD800;</a>", NULL },
	{ "<a>&#65</a>", NULL },
	{ "<!DOCTYPE a><a/>", NULL },
	{ "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", NULL },
	{ "<a><![CDATA[x]]></a>", NULL },
	{ "<a><!-- x --></a>", NULL },
	{ "<a><?php x?></a>", NULL },
	{ "<?xml <a/>", NULL },
	{ DEEP "<a>", NULL },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf got = BUF_INIT(1000);
		struct err e = ERR_INIT;
		bool ok = xml_read(rows[i].xml, strlen(rows[i].xml), add, &got, &e);
		CHECK(ok == (rows[i].want != NULL), "'%s': %s", rows[i].xml, e.text);
		if (ok)
			CHECK_TEXT(buf_cstr(&got), rows[i].want, "%s", rows[i].xml);
		else
			CHECK(e.kind == ERR_REMOTE && strstr(e.text, "not understood") != NULL,
			      "'%s': %s", rows[i].xml, e.text);
	}
}

static void test_who_reads_may_stop(void **state)
{
	(void)state;
	static const char xml[] = "<a><b>1</b><b>stop</b><b>3</b></a>";
	AUTO_BUF struct buf got = BUF_INIT(1000);
	struct err e = ERR_INIT;

	assert_false(xml_read(xml, strlen(xml), add, &got, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_string_equal(buf_cstr(&got), "a/b=1;a/b=stop;");
}

static void test_limits(void **state)
{
	(void)state;
	static const char nul[] = "<a>x\0y</a>";
	AUTO_BUF struct buf xml = BUF_INIT(100000), got = BUF_INIT(100000);
	struct err e = ERR_INIT;

	assert_false(xml_read(nul, sizeof(nul) - 1, add, &got, &e));
	buf_str(&xml, "<a>");
	buf_blanks(&xml, XML_TEXT_MAX);
	buf_str(&xml, "</a>");
	assert_true(xml_read(buf_cstr(&xml), xml.len, add, &got, &e));
	buf_reset(&xml);
	buf_str(&xml, "<a>");
	buf_blanks(&xml, XML_TEXT_MAX + 1);
	buf_str(&xml, "</a>");
	assert_false(xml_read(buf_cstr(&xml), xml.len, add, &got, &e));
	buf_reset(&xml);
	buf_char(&xml, '<');
	for (int i = 0; i <= XML_PATH_MAX; i++)
		buf_char(&xml, 'n');
	buf_str(&xml, "/>");
	assert_false(xml_read(buf_cstr(&xml), xml.len, add, &got, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_who_reads_may_stop),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
