/* SPDX-License-Identifier: MIT */
/*
 * The parsers carry contracts in ACSL (comments that begin with an at sign), which `make proof`
 * has proven for all inputs: any text that ends with a NUL is read without leaving it, nothing
 * overflows, every loop ends, what is accepted is in its range, and on false nothing was
 * touched.
 */
#include "base/str.h"

#include <stdio.h>

#define YEARS_100_S (36525LL * 86400)

/* ---- numbers --------------------------------------------------------------------------------- */

/* Digits from *s on, at most `most` of them; moves *s behind them. */
/*@ requires \valid(s) && valid_read_string(*s) && \valid(out) && 0 <= most && 9 <= max;
  @ assigns *s, *out;
  @ ensures valid_read_string(*s);
  @ ensures \exists integer n; 0 <= n <= most && n <= strlen(\old(*s)) && *s == \old(*s) + n;
  @ ensures \result != 0 ==> 0 <= *out <= max; */
static bool digits(const char **s, int most, int64_t max, int64_t *out)
{
	int64_t v = 0;
	int n = 0;

	/*@ loop invariant 0 <= n <= most && 0 <= v <= max;
	  @ loop invariant *s == \at(*s, Pre) + n && n <= strlen(\at(*s, Pre)) &&
	  @ valid_read_string(*s);
	  @ loop assigns n, v, *s;
	  @ loop variant most - n; */
	for (; str_is_digit(**s) && n < most; (*s)++, n++) {
		int64_t d = **s - '0';
		if (v > (max - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return n > 0;
}

/*@ requires valid_read_string(s) && \valid(out);
  @ assigns *out;
  @ ensures \result != 0 ==> min <= *out <= max && 0 <= *out;
  @ ensures \result == 0 ==> *out == \old(*out); */
bool str_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
	int64_t v;

	if (!digits(&s, 19, INT64_MAX, &v) || *s != '\0' || v < min || v > max)
		return false;
	*out = v;
	return true;
}

/* ---- durations ------------------------------------------------------------------------------- */

static const struct {
	char unit;
	int64_t seconds;
} units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

/*@ assigns \nothing;
  @ ensures \result \in { 0, 1, 60, 3600, 86400, 604800 };
  @ ensures unit == 0 ==> \result == 0; */
static int64_t unit_seconds(char unit)
{
	/*@ loop invariant 0 <= i <= 5;
	  @ loop assigns i;
	  @ loop variant 5 - i; */
	for (size_t i = 0; i < COUNT(units); i++)
		if (units[i].unit == unit)
			return units[i].seconds;
	return 0;
}

/*@ requires valid_read_string(s) && \valid(seconds);
  @ assigns *seconds;
  @ ensures \result != 0 ==> 0 <= *seconds <= YEARS_100_S;
  @ ensures \result == 0 ==> *seconds == \old(*seconds); */
bool str_duration(const char *s, int64_t *seconds)
{
	int64_t sum = 0;

	/*@ loop invariant 0 <= sum <= YEARS_100_S && valid_read_string(s);
	  @ loop assigns s, sum;
	  @ loop variant strlen(s); */
	for (;;) {
		int64_t n;
		if (!digits(&s, 12, YEARS_100_S, &n))
			return false;
		int64_t unit = unit_seconds(*s);
		if (unit == 0 || n > (YEARS_100_S - sum) / unit)
			return false;
		/* By cases, because provers are weak at products. */
		/*@ assert unit == 604800 ==> n * 604800 <= YEARS_100_S - sum; */
		/*@ assert unit == 86400 ==> n * 86400 <= YEARS_100_S - sum; */
		/*@ assert unit == 3600 ==> n * 3600 <= YEARS_100_S - sum; */
		/*@ assert unit == 60 ==> n * 60 <= YEARS_100_S - sum; */
		/*@ assert 0 <= n * unit <= YEARS_100_S - sum; */
		sum += n * unit;
		s++;
		if (*s == '\0')
			break;
		if (*s++ != ' ')
			return false;
	}
	*seconds = sum;
	return true;
}

void str_from_duration(int64_t seconds, int parts, char out[static STR_DURATION_MAX])
{
	size_t at = 0;

	out[0] = '\0';
	/* Weeks are only a way of writing: "90d" reads better than "12w 6d". */
	for (size_t i = 1; i < COUNT(units); i++) {
		int64_t n = seconds / units[i].seconds;
		if (n == 0 || (parts > 0 && at > 0 && --parts == 0))
			continue;
		int k = snprintf(out + at, STR_DURATION_MAX - at, "%s%lld%c", at ? " " : "",
		                 (long long)n, units[i].unit);
		at += (size_t)k;
		seconds -= n * units[i].seconds;
		if (parts == 1)
			break;
	}
	if (at == 0)
		(void)snprintf(out, STR_DURATION_MAX, "0s");
}

/* ---- times ----------------------------------------------------------------------------------- */

/* Days since 1970-01-01 of a date in the Gregorian calendar (H. Hinnant, "chrono-compatible
 * low-level date algorithms"). */
/*@ requires 1970 <= y <= 9999 && 1 <= m <= 12 && 1 <= d <= 31;
  @ assigns \nothing;
  @ ensures 0 <= \result <= 2932896; */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct civil {
	int64_t year, month, day, hour, minute, second;
};

/* 9999-12-31T23:59:59Z: the last one that four digits of a year can say. */
#define LAST_SECOND INT64_C(253402300799)

/*@ requires 0 <= t <= LAST_SECOND;
  @ assigns \nothing;
  @ ensures 1970 <= \result.year;
  @ ensures \result.year <= 9999;
  @ ensures 1 <= \result.month <= 12;
  @ ensures 1 <= \result.day <= 31;
  @ ensures 0 <= \result.hour <= 23 && 0 <= \result.minute <= 59 && 0 <= \result.second <= 59; */
static struct civil civil_from_seconds(int64_t t)
{
	int64_t days = t / 86400, rest = t % 86400, z = days + 719468;
	int64_t era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t month = mp + (mp < 10 ? 3 : -9);

	return (struct civil){ .year = yoe + era * 400 + (month <= 2),
		               .month = month,
		               .day = doy - (153 * mp + 2) / 5 + 1,
		               .hour = rest / 3600,
		               .minute = rest / 60 % 60,
		               .second = rest % 60 };
}

/*@ requires \valid_read(c) && \valid(out);
  @ requires 0 <= c->hour && 0 <= c->minute && 0 <= c->second;
  @ assigns *out;
  @ ensures \result != 0 ==> 0 <= *out <= LAST_SECOND;
  @ ensures \result == 0 ==> *out == \old(*out); */
static bool civil_to_seconds(const struct civil *c, int64_t *out)
{
	static const int64_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;

	if (c->year < 1970 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
	    c->day > length[c->month - 1] + (leap && c->month == 2) || c->hour > 23 ||
	    c->minute > 59 || c->second > 59)
		return false;
	*out = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
	       c->minute * 60 + c->second;
	return true;
}

/* Exactly n digits, then the character `then` (0: nothing is asked). */
/*@ requires \valid(s) && valid_read_string(*s) && \valid(out) && 0 < n <= 4;
  @ assigns *s, *out;
  @ ensures \result != 0 ==> 0 <= *out <= 9999 && valid_read_string(*s);
  @ ensures \result != 0 ==> *s == \old(*s) + n + (then == 0 ? 0 : 1);
  @ ensures \result != 0 ==> strlen(*s) == strlen(\old(*s)) - n - (then == 0 ? 0 : 1); */
static bool field(const char **s, int n, char then, int64_t *out)
{
	const char *from = *s;

	if (!digits(s, n, 9999, out) || *s - from != n)
		return false;
	if (then == '\0')
		return true;
	return *(*s)++ == then;
}

/* A fraction of a second, in ticks; what lies below a tick is dropped. */
/*@ requires \valid(s) && valid_read_string(*s) && \valid(ticks);
  @ assigns *s, *ticks;
  @ ensures valid_read_string(*s) && 0 <= *ticks < STR_TICKS_PER_S; */
static bool fraction(const char **s, int64_t *ticks)
{
	int64_t unit = STR_TICKS_PER_S / 10;

	*ticks = 0;
	if (**s != '.')
		return true;
	(*s)++;
	if (!str_is_digit(**s))
		return false;
	/*@ loop invariant valid_read_string(*s);
	  @ loop invariant unit \in { 1000000, 100000, 10000, 1000, 100, 10, 1, 0 };
	  @ loop invariant 0 <= *ticks <= STR_TICKS_PER_S - 10 * unit && *ticks < STR_TICKS_PER_S;
	  @ loop assigns *s, *ticks, unit;
	  @ loop variant strlen(*s); */
	for (; str_is_digit(**s); (*s)++, unit /= 10)
		*ticks += (**s - '0') * unit;
	return true;
}

/*@ requires \valid(s) && valid_read_string(*s) && \valid(offset_s);
  @ assigns *s, *offset_s;
  @ ensures \result != 0 ==> valid_read_string(*s) && -86400 < *offset_s < 86400; */
static bool zone(const char **s, int64_t *offset_s)
{
	int64_t h, m;

	*offset_s = 0;
	char sign = *(*s)++;
	if (sign == 'Z')
		return true;
	if ((sign != '+' && sign != '-') || !field(s, 2, ':', &h) || !field(s, 2, '\0', &m) ||
	    h > 23 || m > 59)
		return false;
	*offset_s = (sign == '-' ? -1 : 1) * (h * 3600 + m * 60);
	return true;
}

/*@ requires valid_read_string(s) && \valid(ticks);
  @ assigns *ticks;
  @ ensures \result != 0 ==> 0 <= *ticks < (LAST_SECOND + 1) * STR_TICKS_PER_S;
  @ ensures \result == 0 ==> *ticks == \old(*ticks); */
bool str_ticks(const char *s, int64_t *ticks)
{
	struct civil c;
	int64_t seconds, part, offset;

	if (!field(&s, 4, '-', &c.year) || !field(&s, 2, '-', &c.month) ||
	    !field(&s, 2, 'T', &c.day) || !field(&s, 2, ':', &c.hour) ||
	    !field(&s, 2, ':', &c.minute) || !field(&s, 2, '\0', &c.second) ||
	    !civil_to_seconds(&c, &seconds) || !fraction(&s, &part) || !zone(&s, &offset) ||
	    *s != '\0' || seconds < offset || seconds - offset > LAST_SECOND)
		return false;
	*ticks = (seconds - offset) * STR_TICKS_PER_S + part;
	return true;
}

/*@ requires valid_read_string(s) && \valid(unix_seconds);
  @ assigns *unix_seconds;
  @ ensures \result != 0 ==> 0 <= *unix_seconds <= LAST_SECOND;
  @ ensures \result == 0 ==> *unix_seconds == \old(*unix_seconds); */
bool str_time(const char *s, int64_t *unix_seconds)
{
	int64_t ticks;

	if (!str_ticks(s, &ticks))
		return false;
	*unix_seconds = ticks / STR_TICKS_PER_S;
	return true;
}

/* `fraction_digits` digits of `part`, or none. */
static void print_time(int64_t seconds, int64_t part, int fraction_digits, const char *zone_text,
                       char *out)
{
	struct civil c = civil_from_seconds(seconds < 0 ? 0 : seconds);
	char tail[12] = "";

	if (fraction_digits > 0)
		(void)snprintf(tail, sizeof(tail), ".%0*u", fraction_digits, (unsigned)part);
	(void)snprintf(out, STR_TIME_MAX, "%04u-%02u-%02uT%02u:%02u:%02u%s%s",
	               (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
	               (unsigned)c.hour % 100, (unsigned)c.minute % 100, (unsigned)c.second % 100,
	               tail, zone_text);
}

void str_from_time(int64_t unix_seconds, char out[static STR_TIME_MAX])
{
	print_time(unix_seconds, 0, 0, "Z", out);
}

void str_from_micros(int64_t unix_micros, char out[static STR_TIME_MAX])
{
	print_time(unix_micros / 1000000, unix_micros % 1000000, 6, "Z", out);
}

void str_from_ticks(int64_t ticks, char out[static STR_TIME_MAX])
{
	print_time(ticks / STR_TICKS_PER_S, ticks % STR_TICKS_PER_S, 7, "+00:00", out);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT"; the day of the week is not checked. */
/*@ requires valid_read_string(s) && \valid(unix_seconds);
  @ assigns *unix_seconds;
  @ ensures \result != 0 ==> 0 <= *unix_seconds <= LAST_SECOND;
  @ ensures \result == 0 ==> *unix_seconds == \old(*unix_seconds); */
bool str_http_date(const char *s, int64_t *unix_seconds)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c = { 0 };

	if (strlen(s) != 29 || s[3] != ',' || s[4] != ' ')
		return false;
	s += 5;
	if (!field(&s, 2, ' ', &c.day))
		return false;
	/*@ loop invariant 0 <= m <= 12 && 0 <= c.month <= 12;
	  @ loop assigns m, c.month;
	  @ loop variant 12 - m; */
	for (int64_t m = 0; m < 12; m++)
		if (strncmp(s, months + 3 * m, 3) == 0)
			c.month = m + 1;
	s += 3;
	if (*s++ != ' ' || !field(&s, 4, ' ', &c.year) || !field(&s, 2, ':', &c.hour) ||
	    !field(&s, 2, ':', &c.minute) || !field(&s, 2, ' ', &c.second) || s[0] != 'G' ||
	    s[1] != 'M' || s[2] != 'T' || s[3] != '\0')
		return false;
	return civil_to_seconds(&c, unix_seconds);
}

/* ---- names ----------------------------------------------------------------------------------- */

bool str_token_name_ok(const char *s)
{
	size_t n = strlen(s);

	if (n < 5 || n > 50 || !((s[0] >= 'a' && s[0] <= 'z') || (s[0] >= 'A' && s[0] <= 'Z')))
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

#define TOKEN_NAME_MAX 100 /* twice the longest that Azure is known to have made */

bool str_token_name_usable(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= TOKEN_NAME_MAX && s[0] != '.' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

/* ---- ASCII ----------------------------------------------------------------------------------- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

void str_lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = lower(*s);
}

/* Each '*' takes as little as it can, and one byte more whenever the rest does not fit: linear
 * in both for patterns that people write. */
bool str_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (lower(*pattern) == lower(*text)) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

size_t str_mark(const char *text, size_t n)
{
	return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int str_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}
