/* SPDX-License-Identifier: MIT */
/*
 * Growable byte string, always NUL-terminated, always wiped when it grows or
 * is released (it may carry a request body). Appending never fails visibly:
 * passing `max` sets `over`, further appends are no-ops, and the user checks
 * buf_ok() once at the end.
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
void buf_utf8(struct buf *b, uint32_t c); /* a code point */
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* A quoted JSON string; what show.h does not show is escaped in it, and what is no UTF-8 becomes
 * U+FFFD. null for NULL. */
void buf_json(struct buf *b, const char *s);
void buf_json_member(struct buf *b, const char *name, const char *s); /* , "name": s */
void buf_form(struct buf *b, const char *s); /* percent-encoded: all but A-Z a-z 0-9 - . _ ~ */
MUST_USE bool buf_ok(const struct buf *b);
const char *buf_cstr(const struct buf *b); /* "" when empty; valid until the next append */
void buf_reset(struct buf *b);             /* empty again, wiped, limit kept */
void buf_set(struct buf *b, const struct buf *from); /* the same bytes, within its own limit */
bool buf_equal(const struct buf *a, const struct buf *b);
void buf_free(struct buf *b);
#define AUTO_BUF AUTO(buf_free)

#endif
