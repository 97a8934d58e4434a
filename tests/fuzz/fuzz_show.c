/* SPDX-License-Identifier: MIT */
/*
 * Any text on its way out: whatever it was, what a terminal, a label, a unit and JSON get can break
 * no line, end no quote and drive nothing; what was fit to be seen stays as it is; and a unit's
 * path, read as systemd reads it, is the path.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/show.h"
#include "fuzz/fuzz.h"

static void no_control(const char *s, const char *but)
{
	for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++) {
		must((*p >= 0x20 && *p != 0x7f) || strchr(but, *p) != NULL);
		must(p[0] != 0xc2 || p[1] >= 0xa0);
	}
}

static void as_line(const char *text)
{
	AUTO_FREE char *line = mem_dup(text);

	show_line(line);
	must(strlen(line) <= strlen(text) && show_is_line(line));
	no_control(line, "");
	must(!show_is_line(text) || strcmp(line, text) == 0);
}

static void as_lines(const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT(strlen(text));

	show_lines(text, &out);
	must(buf_ok(&out));
	no_control(buf_cstr(&out), "\n\t");
}

static void as_label(const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT(2 * strlen(text));

	show_label(text, &out);
	must(buf_ok(&out));
	no_control(buf_cstr(&out), "");
	for (const char *p = buf_cstr(&out); *p != '\0'; p++) {
		must(*p != '"');
		if (*p == '\\') {
			p++;
			must(*p == '\\' || *p == '"' || *p == 'n');
		}
	}
}

/* As systemd reads a quoted word: a backslash takes the next one as it is, "%%" is one. */
static void as_unit_path(const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT(2 * strlen(text)), back = BUF_INIT(strlen(text));
	struct err e = ERR_INIT;

	if (!show_unit_path(text, &out, &e)) {
		must(e.kind == ERR_CONFIG && (text[0] != '/' || !show_is_line(text)));
		return;
	}
	no_control(buf_cstr(&out), "");
	for (const char *p = buf_cstr(&out); *p != '\0'; p++) {
		must(*p != '"' && (*p != '%' || p[1] == '%'));
		if (*p == '\\' || *p == '%')
			p++;
		buf_char(&back, *p);
	}
	must(strcmp(buf_cstr(&back), text) == 0);
}

static void as_json(const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT(6 * strlen(text) + 2);
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;

	buf_json(&out, text);
	must(buf_ok(&out) && json_parse(buf_cstr(&out), out.len, &j, &e));
	no_control(buf_cstr(&out), "");
	must(!show_is_line(text) || strcmp(json_text(j), text) == 0);
}

static void cut(const char *text, size_t max)
{
	AUTO_FREE char *shorter = mem_dup(text);

	show_cut(shorter, max);
	must(strlen(shorter) <= max || strcmp(shorter, text) == 0);
	must(!show_is_line(text) || show_is_line(shorter));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	AUTO_FREE char *text =
		mem_dup_n((const char *)data + 1, strnlen((const char *)data + 1, size - 1));
	as_line(text);
	as_lines(text);
	as_label(text);
	as_unit_path(text);
	as_json(text);
	cut(text, data[0]);
	return 0;
}
