/* SPDX-License-Identifier: MIT */
/* Any text as INI. What is accepted, written down again from what the callbacks were told, must
 * be understood the same way: nothing was cut, joined or dropped. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ini.h"
#include "fuzz/fuzz.h"

struct told {
	struct buf text;
	int line;
	size_t sections;
};

static bool on_section(void *ctx, const char *section, int line, struct err *e)
{
	struct told *t = ctx;

	(void)e;
	must(line > t->line && section[0] != '\0' && strlen(section) <= INI_NAME_MAX);
	t->line = line;
	t->sections++;
	buf_fmt(&t->text, "[%s]\n", section);
	return true;
}

static bool on_pair(void *ctx, const char *section, const char *key, const char *value, int line,
                    struct err *e)
{
	struct told *t = ctx;

	(void)e;
	must(line > t->line && section[0] != '\0' && t->sections > 0);
	must(key[0] != '\0' && strlen(key) <= INI_NAME_MAX && value[0] != '\0' &&
	     strlen(value) < INI_LINE_MAX);
	t->line = line;
	buf_fmt(&t->text, "%s = %s\n", key, value);
	return true;
}

static bool parse(const char *text, size_t len, struct told *t)
{
	const struct ini_reader r = { .section = on_section, .pair = on_pair, .ctx = t };
	struct err e = ERR_INIT;

	t->text = (struct buf)BUF_INIT(4 * INI_FILE_MAX);
	if (ini_parse_text("f", text, len, &r, &e))
		return true;
	must(e.kind == ERR_CONFIG && strncmp(e.text, "f:", 2) == 0);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told first = { 0 }, again = { 0 };

	/* Blanks around '=' may take a line of nearly the greatest length over it. */
	if (parse((const char *)data, size, &first) && first.text.len < INI_FILE_MAX &&
	    size < INI_LINE_MAX - 3) {
		must(parse(buf_cstr(&first.text), first.text.len, &again));
		must(strcmp(buf_cstr(&first.text), buf_cstr(&again.text)) == 0);
		buf_free(&again.text);
	}
	buf_free(&first.text);
	return 0;
}
