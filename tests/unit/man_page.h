/* SPDX-License-Identifier: MIT */
/* What the tests of the manual pages have in common: reading a page, and what is in it. */
#ifndef TESTS_UNIT_MAN_PAGE_H
#define TESTS_UNIT_MAN_PAGE_H

#include "check.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#define PAGE_MAX (1u << 17)

static inline void page_read(const char *path, struct buf *out)
{
	struct err e = ERR_INIT;

	CHECK(fs_read(path, PAGE_MAX, out, NULL, &e), "%s (run from the top of the tree)", e.text);
}

/* From a heading to the next; the caller frees. */
static inline char *page_part(const char *page, const char *heading)
{
	const char *start = strstr(page, heading);
	CHECK(start != NULL, "no heading%s", heading);
	start += strlen(heading) - 1;
	const char *end = strstr(start, "\n.S");
	return strndup(start, end != NULL ? (size_t)(end - start) + 1 : strlen(start));
}

static inline size_t page_count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
		n++;
	return n;
}

#endif
