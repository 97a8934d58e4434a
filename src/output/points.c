/* SPDX-License-Identifier: MIT */
#include "output/format.h"

#include "base/buf.h"
#include "base/mem.h"

size_t point_length(const char *p, size_t left)
{
	size_t n = 1;

	while (n < left && n < 4 && ((unsigned char)*p & 0x80) != 0 && ((unsigned char)p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

uint32_t point_read(const char *p, size_t len)
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
		len = point_length(s + i, bytes - i);
		point[count++] = point_read(s + i, len);
	}
	*n = count;
	return point;
}

void point_write(uint32_t c, struct buf *out)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
	} else if (c < 0x800) {
		buf_char(out, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_char(out, (char)(0xe0 | c >> 12));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_char(out, (char)(0xf0 | c >> 18));
		buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	if (c >= 0x80)
		buf_char(out, (char)(0x80 | (c & 0x3f)));
}
