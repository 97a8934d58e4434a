/* SPDX-License-Identifier: MIT */
/* Where a key of [azure] was said. Read again from the files: who asks has found a mistake, and
 * nobody else shall pay for it. */
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/ini.h"
#include "config/loading.h"

static bool read_document(const char *path, struct document *out)
{
	AUTO_BUF struct buf text = BUF_INIT(INI_FILE_MAX);
	/* it was read a moment ago: what is gone since is not named */
	struct err ignored = ERR_INIT;

	return fs_read(path, INI_FILE_MAX, &text, NULL, &ignored) &&
	       document_parse(path, buf_cstr(&text), text.len, out, &ignored);
}

static int line_in(const struct document *d, const char *key)
{
	const struct document_entry *at = document_section_entry(document_section(d, "azure"), key);

	return at != NULL ? at->line : 0;
}

bool config_azure_line(const struct config *c, const struct job *job, const char *key,
                       const char **path, int *line)
{
	AUTO_DOCUMENT struct document own = { .path = NULL }, common = { .path = NULL };
	int at = 0;

	if (read_document(job->file, &own) && (at = line_in(&own, key)) != 0) {
		*path = job->file;
		*line = at;
		return true;
	}
	if (job_azure_drops(document_section(&own, "azure"), key) ||
	    !read_document(config_path(c), &common) || (at = line_in(&common, key)) == 0)
		return false;
	*path = config_path(c);
	*line = at;
	return true;
}
