/* SPDX-License-Identifier: MIT */
/* `acrotate keys`: every configuration key, from the tables the parser uses. */
#include "cli/cmd_keys.h"

#include <stdio.h>

#include "base/buf.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "config/common.h"

#define SECTIONS_MAX 32
#define OUTPUT_MAX   (1024 * 1024)

static void section_title(const struct key_section *s, struct buf *out)
{
	buf_fmt(out, "[%s]%s%s    # %s\n", s->section, s->type != NULL ? " type = " : "",
	        s->type != NULL ? s->type : "", s->where);
}

static void text_row(const struct key *row, struct buf *out)
{
	AUTO_BUF struct buf left = BUF_INIT(256);

	buf_fmt(&left, "%s (%s%s%s%s)", row->name, keys_type_name(row),
	        row->required ? ", required" : "", row->fallback != NULL ? ", default " : "",
	        row->fallback != NULL ? row->fallback : "");
	buf_fmt(out, "  %s\n      %s\n", buf_cstr(&left), row->help);
}

static void json_row(const struct key_section *s, const struct key *row, struct buf *out)
{
	buf_str(out, "  {\"section\": ");
	buf_json(out, s->section);
	buf_json_member(out, "sink", s->type);
	buf_json_member(out, "file", s->where);
	buf_json_member(out, "key", row->name);
	buf_json_member(out, "type", keys_type_name(row));
	buf_json_member(out, "default", row->fallback);
	buf_fmt(out, ", \"required\": %s, \"repeatable\": %s", row->required ? "true" : "false",
	        row->type == KEY_LIST ? "true" : "false");
	buf_json_member(out, "help", row->help);
	buf_char(out, '}');
}

void cmd_keys_print(bool json, struct buf *out)
{
	struct key_section s[SECTIONS_MAX];
	size_t n = config_key_sections(s, SECTIONS_MAX), rows = 0;

	if (json)
		buf_str(out, "[\n");
	for (size_t i = 0; i < n && i < SECTIONS_MAX; i++) {
		if (!json)
			buf_str(out, i > 0 ? "\n" : "");
		if (!json)
			section_title(&s[i], out);
		for (size_t k = 0; k < s[i].n; k++) {
			if (json && rows++ > 0)
				buf_str(out, ",\n");
			if (json)
				json_row(&s[i], &s[i].rows[k], out);
			else
				text_row(&s[i].rows[k], out);
		}
	}
	if (json)
		buf_str(out, "\n]\n");
	else
		buf_str(out, "\n[defaults]    # acrotate.conf\n  any key of [job] but 'token'\n\n"
		             "[defaults TYPE]    # acrotate.conf\n  any key of a sink of that "
		             "type, 'optional' and 'on_change'\n");
}

int cmd_keys(const struct options *o)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);

	cmd_keys_print(o->json, &out);
	return fwrite(buf_cstr(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0
	                                                                                    : 74;
}
