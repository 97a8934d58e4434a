/* SPDX-License-Identifier: MIT */
/* Strict parsing of text to values: no sign, space, overflow or trailing junk. On false, *out was
 * not touched. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/base.h"

MUST_USE bool str_int(const char *s, int64_t min, int64_t max, int64_t *out);

/* "45s", "90m", "12h", "30d", "2w", or a sum with single spaces: "1d 12h". At most 100 years. */
MUST_USE bool str_duration(const char *s, int64_t *seconds);
/* The shortest sum: "1d 12h"; "0s". At most `parts` units (0: all), so that a countdown shows
 * "89d". */
#define STR_DURATION_MAX 48
void str_from_duration(int64_t seconds, int parts, char out[static STR_DURATION_MAX]);

/*
 * RFC 3339 with any number of fraction digits (those after the seventh are ignored), `Z` or an
 * offset, years 1970 to 9999. Ticks are 100 ns since 1970: the resolution of Azure's creation
 * times, which identify the generation of a password.
 */
#define STR_TICKS_PER_S 10000000LL
MUST_USE bool str_ticks(const char *s, int64_t *ticks);
MUST_USE bool str_time(const char *s, int64_t *unix_seconds);
#define STR_TIME_MAX 36
/* "2026-01-31T23:59:59Z" */
void str_from_time(int64_t unix_seconds, char out[static STR_TIME_MAX]);
/* "2026-01-31T23:59:59.012345Z": always six digits */
void str_from_micros(int64_t unix_micros, char out[static STR_TIME_MAX]);
/* seven digits, +00:00: as Azure writes it */
void str_from_ticks(int64_t ticks, char out[static STR_TIME_MAX]);
/* An HTTP date (RFC 9110: IMF-fixdate). */
MUST_USE bool str_http_date(const char *s, int64_t *unix_seconds);

/* What Azure accepts as the name of a new token: 5 to 50 of [A-Za-z0-9-], a letter first. */
MUST_USE bool str_token_name_ok(const char *s);
/* What may be the name of an existing token, whatever rule it was created under: a single segment
 * of a path that HTTP Basic authentication can carry. */
MUST_USE bool str_token_name_usable(const char *s);

/* ---- ASCII, whatever the locale -------------------------------------------------------------- */

/*@ assigns \nothing;
  @ ensures \result != 0 <==> '0' <= c <= '9'; */
static inline bool str_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool str_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool str_is_blank(char c)
{
	return c == ' ' || c == '\t';
}
static inline bool str_is_space(char c)
{
	return str_is_blank(c) || c == '\r' || c == '\n';
}
/* In names of sections, settings and hosts: letters, digits and "_-." */
static inline bool str_is_name(char c)
{
	return str_is_letter(c) || str_is_digit(c) || c == '_' || c == '-' || c == '.';
}
bool str_starts(const char *text, const char *with);
void str_lower(char *s);
/* Does the text match the pattern? Case-insensitive; '*' stands for anything. */
bool str_matches(const char *pattern, const char *text);
/* Length of the byte order mark (UTF-8) at the start of the text: 3 or 0. */
size_t str_mark(const char *text, size_t n);
/* For qsort() of an array of strings: compares bytes. */
int str_compare(const void *a, const void *b);

#endif
