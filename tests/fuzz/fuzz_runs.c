/* SPDX-License-Identifier: MIT */
/* What tells of runs: schedules of cron and systemd, and the record of what was told, which is the
 * same when it is written and read again. */
#include <stdlib.h>

#include "../../src/cli/runs.h"
#include "../../src/cli/told.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"

#define NOW    1800000000
#define REPEAT 86400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = mem_dup_n((const char *)data, size);

	must(runs_cron_every(text) >= 0 && runs_cron_every(text) <= 366 * 86400);
	must(runs_calendar_every(text) >= 0 && runs_calendar_every(text) <= 366 * 86400);
	struct told *t = told_parse(text, strlen(text), REPEAT, NOW);
	AUTO_FREE char *once = told_text(t, true);
	told_free(t);
	t = told_parse(once, strlen(once), REPEAT, NOW);
	must(told_is_news(t, "web", text, 0) || strlen(once) > 0);
	AUTO_FREE char *twice = told_text(t, false);
	must(strcmp(once, twice) == 0);
	told_free(t);
	return 0;
}
