/* SPDX-License-Identifier: MIT */
/* Which of plain, 'single' and "double" PyYAML writes a text in. */
#include "output/yaml.h"

#include <regex.h>

#include "base/mem.h"
#include "base/str.h"
#include "output/format.h"

/* What YAML 1.1 would read as something else than text: bool, float, int, merge, null,
 * timestamp, value. */
static const char *const typed[] = {
	"^(yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$",
	"^([-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|\\.[0-9][0-9_]*([eE][-+][0-9]+)?"
	"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN))$",
	"^([-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]"
	"*(:[0-5]?[0-9])+)$",
	"^(<<|~|null|Null|NULL|=|!|&|\\*)$",
	"^([0-9]{4}-[0-9][0-9]-[0-9][0-9]|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([Tt]|[ "
	"\t]+)[0-9][0-9]?:[0-9][0-9]:[0-9][0-9]"
	"(\\.[0-9]*)?([ \t]*(Z|[-+][0-9][0-9]?(:[0-9][0-9])?))?)$",
};

struct yaml_types {
	regex_t re[COUNT(typed)];
};

struct yaml_types *yaml_types_new(void)
{
	struct yaml_types *t = mem_new(sizeof(*t));

	for (size_t i = 0; i < COUNT(typed); i++)
		if (regcomp(&t->re[i], typed[i], REG_EXTENDED | REG_NOSUB) != 0)
			mem_exhausted();
	return t;
}

void yaml_types_free(struct yaml_types *t)
{
	for (size_t i = 0; i < COUNT(typed); i++)
		regfree(&t->re[i]);
	mem_free_ptr(&t);
}

static const char *digits(const char *s, size_t n)
{
	for (size_t i = 0; s != NULL && i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return NULL;
	return s == NULL ? NULL : s + n;
}

static const char *sign(const char *s, char c)
{
	return s != NULL && *s == c ? s + 1 : NULL;
}

/* "2026-01-31T23:59:59.123456+00:00", as the service's times are: what the patterns below find out
 * last, and at length. */
static bool is_usual_time(const char *s)
{
	static const struct {
		size_t digits;
		char after;
	} parts[] = { { 4, '-' }, { 2, '-' }, { 2, 'T' }, { 2, ':' }, { 2, ':' } };

	for (size_t i = 0; i < COUNT(parts); i++)
		s = sign(digits(s, parts[i].digits), parts[i].after);
	s = digits(s, 2);
	if (s != NULL && *s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	return s != NULL && strcmp(s, "+00:00") == 0;
}

bool yaml_typed(const struct yaml_types *t, const char *s)
{
	if (*s == '\0')
		return true; /* null */
	if (strchr("yYnNtTfFoO-+.<~=!&*0123456789", *s) == NULL)
		return false;
	/* No word among them is longer than "false". */
	if (str_is_letter(*s) && strlen(s) > strlen("false"))
		return false;
	if (is_usual_time(s))
		return true;
	for (size_t i = 0; i < COUNT(typed); i++)
		if (regexec(&t->re[i], s, 0, NULL, 0) == 0)
			return true;
	return false;
}

static bool ends_word(const uint32_t *p, size_t n, size_t i)
{
	return i >= n || p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || yaml_is_break(p[i]);
}

/* ASCII only: strchr would find the NUL. */
static bool one_of(uint32_t c, const char *set)
{
	return c > 0 && c < 0x80 && strchr(set, (int)c) != NULL;
}

bool yaml_printable(uint32_t c)
{
	return (c >= 0x20 && c <= 0x7e) ||
	       (((c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd)) && c != 0xfeff);
}

/* Does the character at i mean something to YAML where it stands? */
static bool indicates(const uint32_t *p, size_t n, size_t i)
{
	bool last = ends_word(p, n, i + 1);

	if (i == 0)
		return one_of(p[0], "#,[]{}&*!|>'\"%@`") || (one_of(p[0], "?:-") && last);
	return (p[i] == ':' && last) || (p[i] == '#' && ends_word(p, n, i - 1));
}

struct yaml_look yaml_look(const uint32_t *p, size_t n)
{
	struct yaml_look a = { .plain = true, .single = true };

	if (n == 0)
		return (struct yaml_look){ .plain = true, .single = true, .empty = true };
	if (n >= 3 && (p[0] == '-' || p[0] == '.') && p[1] == p[0] && p[2] == p[0])
		a.plain = false;
	for (size_t i = 0; i < n; i++) {
		bool breaks = yaml_is_break(p[i]), spaces = p[i] == ' ';
		a.plain = a.plain && !indicates(p, n, i) && !breaks;
		a.multiline = a.multiline || breaks;
		if ((spaces || breaks) && (i == 0 || i == n - 1))
			a.plain = false;
		/* A space after a break cannot be folded, and one before it would be lost. */
		if (i > 0 && ((spaces && yaml_is_break(p[i - 1])) || (breaks && p[i - 1] == ' ')))
			a.plain = a.single = false;
		if (!breaks && !yaml_printable(p[i]) && (p[i] < 0x10000 || p[i] >= 0x10ffff))
			a.plain = a.single = false;
	}
	return a;
}
