/* SPDX-License-Identifier: MIT */
/* Any text as the answer of a storage account, a list or an error: names are those that stand in
 * it, and no message quotes it. */
#include <stdlib.h>

#include "azure/blob.h"
#include "azure/xml.h"
#include "base/buf.h"
#include "base/err.h"
#include "fuzz/fuzz.h"

static bool check_element(void *ctx, const char *path, const char *text, struct err *e)
{
	size_t depth = 1;

	(void)e;
	for (const char *p = path; *p != '\0'; p++)
		depth += *p == '/';
	must(*path != '\0' && *path != '/' && depth <= XML_DEPTH_MAX);
	must(strlen(path) <= XML_PATH_MAX && strlen(text) <= XML_TEXT_MAX);
	++*(size_t *)ctx;
	return true;
}

static bool check_name(void *ctx, const char *name, struct err *e)
{
	(void)ctx;
	(void)e;
	must(strchr(name, '/') == NULL);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct blob_page page = { .prefix = "p/", .each = check_name };
	size_t elements = 0;
	struct err e = ERR_INIT;

	bool ok = xml_read(text, size, check_element, &elements, &e);
	must(ok ? elements > 0 : e.kind == ERR_REMOTE);
	bool list = blob_page_read(&page, text, size, &e);
	must(ok || !list);
	must(page.next == NULL || *page.next != '\0');
	free(page.next);
	AUTO_BUF struct buf words = BUF_INIT(XML_TEXT_MAX);
	blob_words(text, size, &words);
	must(buf_ok(&words) && strpbrk(buf_cstr(&words), "\r\n") == NULL && (ok || words.len == 0));
	return 0;
}
