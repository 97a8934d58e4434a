/* SPDX-License-Identifier: MIT */
/*
 * A growable byte string, always NUL-terminated. Its memory is wiped when it grows and when it is
 * freed, because it may hold a request body. Appending never fails visibly: an append that would
 * exceed `max` sets `over`, further appends do nothing, and the caller checks buf_ok() once at the
 * end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"

struct buf {
	char *data;
	size_t len, cap, max;
	bool over;
};
#define BUF_INIT(limit)                                                                            \
	{                                                                                          \
		.max = (limit)                                                                     \
	}

void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_blanks(struct buf *b, size_t n);
void buf_char(struct buf *b, char c);
void buf_lower(struct buf *b, const char *s, size_t n); /* A-Z as a-z */
void buf_utf8(struct buf *b, uint32_t c);               /* c is a code point */
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* A quoted JSON string; null for NULL. Characters that show.h does not show are escaped, bytes that
 * are not UTF-8 become U+FFFD. */
void buf_json(struct buf *b, const char *s);
void buf_json_member(struct buf *b, const char *name, const char *s); /* , "name": s */
void buf_form(struct buf *b, const char *s); /* percent-encodes all but A-Z a-z 0-9 - . _ ~ */
MUST_USE bool buf_ok(const struct buf *b);
const char *buf_cstr(const struct buf *b); /* "" when empty; valid until the next append */
void buf_reset(struct buf *b);             /* empties and wipes it; the limit stays */
void buf_set(struct buf *b, const struct buf *from); /* copies the bytes; b's own limit applies */
bool buf_equal(const struct buf *a, const struct buf *b);
void buf_free(struct buf *b);
#define AUTO_BUF AUTO(buf_free)

#endif
