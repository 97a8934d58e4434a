/* SPDX-License-Identifier: MIT */
/* What `az configure` has set for good: registry, group, output format and no colours, in az's
 * own file. */

#include "token/defaults.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/ini.h"
#include "base/log.h"
#include "base/mem.h"

#define CONFIG_MAX ((size_t)64 * 1024)

static const struct {
	const char *section, *key, *variable;
	size_t offset;
} rows[] = {
	{ "defaults", "acr", "AZURE_DEFAULTS_ACR", offsetof(struct token_defaults, registry) },
	{ "defaults", "group", "AZURE_DEFAULTS_GROUP", offsetof(struct token_defaults, group) },
	{ "core", "output", "AZURE_CORE_OUTPUT", offsetof(struct token_defaults, output) },
	{ "core", "no_color", "AZURE_CORE_NO_COLOR", offsetof(struct token_defaults, no_color) },
};

static char **place_of(struct token_defaults *d, size_t offset)
{
	return (char **)(void *)((char *)d + offset);
}

static bool keep(void *ctx, const char *section, const char *key, const char *value, int line,
                 struct err *e)
{
	(void)line;
	(void)e;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char **place = place_of(ctx, rows[i].offset);
		if (*place == NULL && *value != '\0' && strcmp(rows[i].section, section) == 0 &&
		    strcmp(rows[i].key, key) == 0)
			*place = mem_dup(value);
	}
	return true;
}

char *token_az_file(const char *name)
{
	const char *dir = getenv("AZURE_CONFIG_DIR"), *home = getenv("HOME");

	return dir != NULL && *dir != '\0'
	               ? mem_fmt("%s/%s", dir, name)
	               : mem_fmt("%s/.azure/%s", home == NULL ? "" : home, name);
}

void token_defaults_load(struct token_defaults *d)
{
	AUTO_FREE char *path = token_az_file("config");
	AUTO_BUF struct buf text = BUF_INIT(CONFIG_MAX);
	const struct ini_reader reader = { .pair = keep, .ctx = d };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *value = getenv(rows[i].variable);
		if (value != NULL && *value != '\0')
			*place_of(d, rows[i].offset) = mem_dup(value);
	}
	/* The file is az's: whatever else may be wrong with it is not for us to refuse. */
	if (fs_read(path, CONFIG_MAX, &text, NULL, &e) &&
	    !ini_parse_text(path, buf_cstr(&text), text.len, &reader, &e))
		log_msg(LEVEL_INFO, NULL, "%s; the rest of the file is left out", e.text);
}

bool token_defaults_no_color(const struct token_defaults *d)
{
	static const char *const yes[] = { "1", "yes", "true", "on" };

	for (size_t i = 0; d->no_color != NULL && i < COUNT(yes); i++)
		if (strcasecmp(yes[i], d->no_color) == 0)
			return true;
	return false;
}

void token_defaults_clear(struct token_defaults *d)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		free(*place_of(d, rows[i].offset));
	*d = (struct token_defaults){ 0 };
}
