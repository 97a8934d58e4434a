/* SPDX-License-Identifier: MIT */

#include "token/time.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/str.h"

#define SECONDS_A_DAY 86400
#define LAST_SECOND   253402300799LL /* 9999-12-31T23:59:59Z */
#define ZONE_MAX      16             /* "+14:00", and what a compiler cannot rule out */

static const char *digits(const char *s, int most, int least, int *out)
{
	int n = 0, value = 0;

	while (n < most && s[n] >= '0' && s[n] <= '9')
		value = 10 * value + (s[n++] - '0');
	if (n < least)
		return NULL;
	*out = value;
	return s + n;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool date_ok(int year, int month, int day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && is_leap(year));
}

struct time_part {
	int least, most, max;
	const char *after;
}; /* `after`: one of these follows */

/* Reads the parts of a time in order. NULL when one is missing or its separator is another. */
static const char *read_parts(const char *s, const struct time_part *part, size_t n, int *value)
{
	for (size_t i = 0; i < n && s != NULL; i++) {
		s = digits(s, part[i].most, part[i].least, &value[i]);
		if (s == NULL || value[i] > part[i].max)
			return NULL;
		if (part[i].after != NULL && (*s == '\0' || strchr(part[i].after, *s++) == NULL))
			return NULL;
	}
	return s;
}

bool token_expiration(const char *text, char out[static TOKEN_EXPIRY_MAX])
{
	static const struct time_part parts[] = { { 4, 4, 9999, "-" }, { 1, 2, 12, "-" },
		                                  { 1, 2, 31, "Tt" },  { 1, 2, 23, ":" },
		                                  { 1, 2, 59, ":" },   { 1, 2, 59, "Zz" } };
	int v[COUNT(parts)];
	const char *end = read_parts(text, parts, COUNT(parts), v);

	if (end == NULL || *end != '\0' || !date_ok(v[0], v[1], v[2]))
		return false;
	(void)snprintf(out, TOKEN_EXPIRY_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", v[0], v[1], v[2],
	               v[3], v[4], v[5]);
	return true;
}

void token_expires_in(const struct env *env, int64_t days, char out[static TOKEN_EXPIRY_MAX])
{
	int64_t now = env_now(env), micros = env_random(env, 1000000);

	if (days > (LAST_SECOND - now) / SECONDS_A_DAY) {
		now = LAST_SECOND;
		micros = 999999;
	} else {
		now += days * SECONDS_A_DAY;
	}
	/* Six digits, or none: Python's isoformat(). */
	if (micros == 0)
		str_from_time(now, out);
	else
		str_from_micros(now * 1000000 + micros, out);
}

/* "Z", "+02", "+0230" or "+02:30". What else follows is not looked at, as az does not either: it
 * is no zone. */
static bool read_zone(const char *s, char out[static ZONE_MAX])
{
	int hours = 0, minutes = 0;

	out[0] = '\0';
	/* As the service always says it. */
	if (strcmp(s, "+00:00") == 0) {
		memcpy(out, s, sizeof("+00:00"));
		return true;
	}
	if (*s == 'Z' || *s == 'z') {
		(void)snprintf(out, ZONE_MAX, "+00:00");
		return true;
	}
	if (*s != '+' && *s != '-')
		return true;
	char sign = *s;
	s = digits(s + 1, 2, 2, &hours);
	if (s == NULL)
		return true;
	(void)digits(s + (*s == ':'), 2, 2, &minutes);
	minutes += 60 * hours; /* "+01:60" is "+02:00" */
	if (minutes >= 24 * 60)
		return false;
	(void)snprintf(out, ZONE_MAX, "%c%02d:%02d", minutes == 0 ? '+' : sign, minutes / 60,
	               minutes % 60);
	return true;
}

bool token_isoformat(const char *text, struct buf *out)
{
	static const struct time_part parts[] = { { 4, 4, 9999, "-" }, { 2, 2, 12, "-" },
		                                  { 2, 2, 31, "Tt" },  { 2, 2, 23, ":" },
		                                  { 2, 2, 59, ":" },   { 2, 2, 59, NULL } };
	int v[COUNT(parts)], micros = 0;
	char zone[ZONE_MAX];
	const char *s = read_parts(text, parts, COUNT(parts), v);

	if (s == NULL || !date_ok(v[0], v[1], v[2]) || strpbrk(s, "Tt") != NULL)
		return false;
	if (*s == '.' || *s == ',') {
		int n = 0;
		for (s++; *s >= '0' && *s <= '9'; s++, n++)
			if (n < 6)
				micros = 10 * micros + (*s - '0');
		if (n == 0)
			s += strlen(s); /* a bare point ends the parsing; so says az's */
		for (; n < 6; n++)
			micros *= 10;
	}
	if (!read_zone(s, zone))
		return false;
	/* Each part has its digits already. */
	buf_add(out, text, strlen("2026-01-31"));
	buf_char(out, 'T');
	buf_add(out, text + strlen("2026-01-31T"), strlen("23:59:59"));
	if (micros > 0)
		buf_char(out, '.');
	for (int unit = 100000; micros > 0 && unit > 0; unit /= 10)
		buf_char(out, (char)('0' + micros / unit % 10));
	buf_str(out, zone);
	return true;
}
