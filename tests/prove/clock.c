/* SPDX-License-Identifier: MIT */
/* To be preloaded: a program's idea of the time is as many seconds ahead as PROVE_CLOCK_AHEAD says,
 * so that it agrees with an emulator whose clock was moved. CLOCK_MONOTONIC goes on as it does. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

typedef int gettime_fn(clockid_t, struct timespec *);

static time_t ahead(void)
{
	const char *s = getenv("PROVE_CLOCK_AHEAD");

	return s != NULL ? (time_t)strtoll(s, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static _Atomic(gettime_fn *) next;

	if (next == NULL)
		next = __extension__(gettime_fn *) dlsym(RTLD_NEXT, "clock_gettime");
	int rc = next(id, ts);
	if (rc == 0 && id == CLOCK_REALTIME)
		ts->tv_sec += ahead();
	return rc;
}

time_t time(time_t *t)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	if (t != NULL)
		*t = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec now;

	(void)tz;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	tv->tv_sec = now.tv_sec;
	tv->tv_usec = now.tv_nsec / 1000;
	return 0;
}
