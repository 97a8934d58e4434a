/* SPDX-License-Identifier: MIT */
/* Code points of a UTF-8 text, and how wide they are shown. */
#include "output/format.h"

#include "base/buf.h"
#include "base/mem.h"

size_t points_length(const char *p, size_t left)
{
	size_t n = 1;

	while (n < left && n < 4 && ((unsigned char)*p & 0x80) != 0 &&
	       ((unsigned char)p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

uint32_t points_read(const char *p, size_t len)
{
	static const unsigned char first[] = { 0, 0xff, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)*p & first[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3fu);
	return c;
}

uint32_t *points_of(const char *s, size_t bytes, size_t *n)
{
	uint32_t *point = mem_array(bytes + 1, sizeof(*point));
	size_t count = 0;

	for (size_t i = 0, len; i < bytes; i += len) {
		len = points_length(s + i, bytes - i);
		point[count++] = points_read(s + i, len);
	}
	*n = count;
	return point;
}

static size_t listed(const char *s, const uint32_t *list, size_t n)
{
	size_t len = *s == '\0' ? 0 : points_length(s, strnlen(s, 4));
	uint32_t c = len == 0 ? 0 : points_read(s, len);

	for (size_t i = 0; i < n && c != 0; i++)
		if (list[i] == c)
			return len;
	return 0;
}

size_t points_break_length(const char *s)
{
	static const uint32_t breaks[] = { '\n', '\r', '\v', '\f',   0x1c,
		                           0x1d, 0x1e, 0x85, 0x2028, 0x2029 };

	return s[0] == '\r' && s[1] == '\n' ? 2 : listed(s, breaks, COUNT(breaks));
}

size_t points_space_length(const char *s)
{
	static const uint32_t spaces[] = {
		' ',    '\t',   '\n',   '\r',   '\v',   '\f',   0x1c,   0x1d,   0x1e,   0x1f,
		0x85,   0xa0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
		0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
	};

	return listed(s, spaces, COUNT(spaces));
}
