/* SPDX-License-Identifier: MIT */
/* The emulated service's clock: the machine's, with an offset that tests can set. Ticks are 100 ns
 * since 1970. Thread-safe. */
#ifndef EMULATOR_CLOCK_H
#define EMULATOR_CLOCK_H

#include "base/base.h"
#include <stdatomic.h>

struct clock {
	_Atomic int64_t shift;
}; /* ticks */

int64_t clock_ticks(struct clock *c);
int64_t clock_seconds(struct clock *c);
int64_t clock_mono_ms(void); /* without the offset: for delays and rate limits */

#define CLOCK_TEXT_MAX 36
/* In the service's format: up to seven decimal places without trailing zeros, +00:00. */
void clock_text(int64_t ticks, char out[static CLOCK_TEXT_MAX]);
/* For Date headers: "Tue, 09 Sep 2025 08:21:24 GMT". */
void clock_http_date(int64_t seconds, char out[static CLOCK_TEXT_MAX]);

#endif
