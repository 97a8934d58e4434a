/* SPDX-License-Identifier: MIT */
#include "base/ini.h"

#include <ini.h>

#include "base/err.h"
#include "base/json_span.h"
#include "base/str.h"

/* inih (Debian's build of it) cuts lines near 192 bytes unless its run-time limit is raised.
 * Where the library was built without run-time options the symbol is missing, and the reader
 * below refuses what that library would cut. */
extern int ini_max_line __attribute__((weak));

#define LINE_ENDING 3 /* inih wants room for "\r\n" and the NUL */

/* Before main(), so that no thread can be parsing yet. */
__attribute__((constructor)) static void raise_line_limit(void)
{
	if (&ini_max_line != NULL)
		ini_max_line = INI_LINE_MAX + LINE_ENDING;
}

/* A section's name as a piece of the text. */
struct name {
	const char *at;
	size_t len;
};

struct parse {
	const char *path, *next, *end;
	const struct ini_reader *reader;
	struct err *e;
	int line;
	bool failed;
	struct name sections[INI_SECTIONS_MAX];
	size_t n_sections;
};

/* Every refusal of a line passes here, so that every one carries its place. */
static bool refuse(struct parse *p, const char *what)
{
	return err_set(p->e, ERR_CONFIG, "%s", what);
}

static size_t trimmed(const char *line, size_t n)
{
	while (n > 0 && str_is_blank(line[n - 1]))
		n--;
	return n;
}

static bool check_bytes(struct parse *p, const char *line, size_t n)
{
	for (size_t i = 0; (i += json_plain(line + i, n - i)) < n; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c == '\r' && i == n - 1)
			return refuse(p, "the line ends with a carriage return: save the file with "
			                 "Unix line ends");
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return err_set(p->e, ERR_CONFIG, "control character 0x%02x in the line", c);
	}
	return true;
}

static bool check_section(struct parse *p, const char *line, size_t n)
{
	const char *close = memchr(line, ']', n);
	struct name name = { line + 1, close != NULL ? (size_t)(close - line) - 1 : 0 };

	if (close == NULL)
		return refuse(p, "a section's ']' is missing");
	if (close != line + n - 1)
		return refuse(p,
		              "text after ']': a section, like a comment, has its line for itself");
	if (name.len == 0 || str_is_blank(name.at[0]) || str_is_blank(name.at[name.len - 1]) ||
	    memchr(name.at, '[', name.len) != NULL)
		return refuse(p, "a section is written '[name]' or '[kind name]'");
	if (memchr(name.at, ';', name.len) != NULL || memchr(name.at, '#', name.len) != NULL)
		/* inih would see a comment */
		return refuse(p, "a section's name cannot have ';' or '#'");
	if (name.len > INI_NAME_MAX)
		return err_set(p->e, ERR_CONFIG, "the section's name is longer than %d bytes",
		               INI_NAME_MAX);
	for (size_t i = 0; i < p->n_sections; i++)
		if (p->sections[i].len == name.len &&
		    memcmp(p->sections[i].at, name.at, name.len) == 0)
			return err_set(p->e, ERR_CONFIG, "section [%.*s] appears twice",
			               (int)name.len, name.at);
	if (p->n_sections == INI_SECTIONS_MAX)
		return err_set(p->e, ERR_CONFIG, "more than %d sections", INI_SECTIONS_MAX);
	p->sections[p->n_sections++] = name;
	return true;
}

/* What inih would take for a comment, and what people mean as one. */
static bool check_value(struct parse *p, const char *value, size_t n)
{
	bool marked = memchr(value, ';', n) != NULL || memchr(value, '#', n) != NULL;

	for (size_t i = 0; marked && i < n; i++)
		if ((value[i] == ';' || value[i] == '#') && (i == 0 || str_is_blank(value[i - 1])))
			return err_set(p->e, ERR_CONFIG,
			               "' %c' in a value: comments stand on lines of their own, "
			               "and a value cannot have a word that starts with '%c'",
			               value[i], value[i]);
	if (n > 0 && value[n - 1] == '\\')
		return refuse(p, "the line ends with a backslash: a value stands on one line, it "
		                 "cannot be continued");
	return true;
}

static bool check_pair(struct parse *p, const char *line, size_t n)
{
	size_t name = 0, equals, value;

	while (name < n && str_is_name(line[name]))
		name++;
	for (equals = name; equals < n && str_is_blank(line[equals]);)
		equals++;
	if (name == 0 || equals == n || line[equals] != '=')
		return refuse(
			p,
			"expected 'key = value', '[section]', or a comment that starts with '#'");
	if (name > INI_NAME_MAX)
		return err_set(p->e, ERR_CONFIG, "the key's name is longer than %d bytes",
		               INI_NAME_MAX);
	if (p->n_sections == 0)
		return err_set(p->e, ERR_CONFIG, "'%.*s' comes before the first [section]",
		               (int)name, line);
	for (value = equals + 1; value < n && str_is_blank(line[value]);)
		value++;
	if (value == n)
		return err_set(p->e, ERR_CONFIG, "'%.*s' has no value", (int)name, line);
	return check_value(p, line + value, n - value);
}

/* `room`: the longest line inih will take whole. */
static bool check_line(struct parse *p, const char *line, size_t n, size_t room)
{
	size_t limit = room < INI_LINE_MAX ? room : INI_LINE_MAX;

	if (n > limit)
		return err_set(p->e, ERR_CONFIG, "the line is longer than %zu bytes", limit);
	if (p->line == 1 && str_mark(line, n) > 0)
		return refuse(p, "the file starts with a byte order mark: save it without");
	if (!check_bytes(p, line, n))
		return false;
	if (str_is_blank(line[0]))
		return refuse(p, "the line is indented: keys, sections and comments start their "
		                 "line, and a value stands on one line");
	return line[0] == '[' ? check_section(p, line, n) : check_pair(p, line, n);
}

/* The name that check_section has just noted, as a string. */
static bool tell_section(struct parse *p)
{
	char text[INI_NAME_MAX + 1];
	const struct name *name = &p->sections[p->n_sections - 1];

	if (p->reader->section == NULL)
		return true;
	memcpy(text, name->at, name->len);
	text[name->len] = '\0';
	return p->reader->section(p->reader->ctx, text, p->line, p->e);
}

static bool fail(struct parse *p)
{
	p->failed = true;
	return err_in(p->e, "%s:%d", p->path, p->line);
}

/* inih's fgets: hands over the next line that says something, in the plainest form there is. */
static char *next_line(char *out, int size, void *stream)
{
	struct parse *p = stream;

	while (!p->failed && p->next < p->end) {
		const char *line = p->next;
		const char *newline = memchr(line, '\n', (size_t)(p->end - line));
		size_t n = newline != NULL ? (size_t)(newline - line) : (size_t)(p->end - line);

		p->next = newline != NULL ? newline + 1 : p->end;
		p->line++;
		if (n > 0 && (line[0] == '#' || line[0] == ';'))
			continue;
		n = trimmed(line, n);
		if (n == 0)
			continue;
		if (!check_line(p, line, n,
		                size > LINE_ENDING ? (size_t)(size - LINE_ENDING) : 0) ||
		    (line[0] == '[' && !tell_section(p))) {
			(void)fail(p);
			return NULL;
		}
		memcpy(out, line, n);
		out[n] = '\n';
		out[n + 1] = '\0';
		return out;
	}
	return NULL;
}

static int on_pair(void *ctx, const char *section, const char *key, const char *value)
{
	struct parse *p = ctx;

	if (p->failed)
		return 0;
	if (!p->reader->pair(p->reader->ctx, section, key, value, p->line, p->e))
		(void)fail(p);
	return !p->failed;
}

bool ini_parse_text(const char *path, const char *text, size_t len, const struct ini_reader *r,
                    struct err *e)
{
	struct parse p = { .path = path, .next = text, .end = text + len, .reader = r, .e = e };

	if (len > INI_FILE_MAX)
		return err_set(e, ERR_CONFIG, "%s:1: the file is larger than %d bytes", path,
		               INI_FILE_MAX);
	int line = ini_parse_stream(next_line, &p, on_pair, &p);
	if (p.failed)
		return false;
	/* Nothing that passed check_line should trouble inih. */
	if (line != 0)
		return err_set(e, ERR_CONFIG, "%s: the INI library refuses the file (%d)", path,
		               line);
	return true;
}
