/* SPDX-License-Identifier: MIT */
/* The lines of a history, however they were damaged: what is read is the same when it is written and
 * read again, and there are never more than fifty. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/show.h"
#include "fuzz/fuzz.h"
#include "rotate/history.h"

static void again(const struct history_event *e)
{
	AUTO_FREE char *lines = NULL;
	struct history_event same;

	history_add(&lines, e);
	must(history_parse(lines, &same));
	must(same.what == e->what && same.slot == e->slot && same.status == e->status &&
	     same.first == e->first);
	history_event_clear(&same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *lines = mem_dup_n((const char *)data, size);
	size_t n = 0;

	for (const char *at = lines; at != NULL && *at != '\0'; at = history_next(at)) {
		struct history_event e;
		if (!history_parse(at, &e))
			continue;
		must(show_is_line(e.text));
		again(&e);
		history_event_clear(&e);
	}
	history_add(&lines, &(struct history_event){
				    .what = HISTORY_ROTATE, .first = 1, .slot = 1, .text = "x" });
	for (const char *at = lines; at != NULL && *at != '\0'; at = history_next(at))
		n++;
	must(n <= HISTORY_MAX);
	return 0;
}
