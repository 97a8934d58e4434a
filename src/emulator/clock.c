/* SPDX-License-Identifier: MIT */
#include "emulator/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/env.h"
#include "base/str.h"

#define NS_PER_TICK 100

int64_t clock_ticks(struct clock *c)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * STR_TICKS_PER_S + now.tv_nsec / NS_PER_TICK +
	       atomic_load(&c->shift);
}

int64_t clock_seconds(struct clock *c)
{
	return clock_ticks(c) / STR_TICKS_PER_S;
}

int64_t clock_mono_ms(void)
{
	return env_mono_ms(&env_system);
}

void clock_text(int64_t ticks, char out[static CLOCK_TEXT_MAX])
{
	char full[STR_TIME_MAX];
	size_t fraction_end;

	str_from_ticks(ticks, full);
	fraction_end = strcspn(full, "+");
	while (fraction_end > 0 && full[fraction_end - 1] == '0')
		fraction_end--;
	if (fraction_end > 0 && full[fraction_end - 1] == '.')
		fraction_end--;
	(void)snprintf(out, CLOCK_TEXT_MAX, "%.*s+00:00", (int)fraction_end, full);
}

void clock_http_date(int64_t seconds, char out[static CLOCK_TEXT_MAX])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t at = (time_t)seconds;
	struct tm t;

	(void)gmtime_r(&at, &t); /* fails only past year 2^31 */
	(void)snprintf(out, CLOCK_TEXT_MAX, "%s, %02u %s %04u %02u:%02u:%02u GMT",
	               days[t.tm_wday % 7], (unsigned)t.tm_mday % 100, months[t.tm_mon % 12],
	               (unsigned)(t.tm_year + 1900) % 10000, (unsigned)t.tm_hour % 100,
	               (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
}
