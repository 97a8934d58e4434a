/* SPDX-License-Identifier: MIT */
/* One line of text as each of the small languages that values are written in: expansions,
 * command lines, durations, token names. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/argv.h"
#include "config/expand.h"
#include "config/host.h"
#include "fuzz/fuzz.h"

static void expansion(const char *text)
{
	static char name[] = "h";
	struct host host = {
		.name = name, .asked_name = true, .asked_machine_id = true, .asked_home = true
	};
	const struct expand x = { .job = "j", .token = "t", .registry = "r", .host = &host };
	AUTO_BUF struct buf scratch = BUF_INIT(4096);
	struct err e = ERR_INIT;
	const char *out;

	if (expand_value(&x, text, &scratch, &out, &e)) {
		/* Each %x becomes one character here. */
		must(strlen(out) <= strlen(text) && (out == text) == (strchr(text, '%') == NULL));
		must(!expand_uses(text, 'm') && !expand_uses(text, 'h'));
	} else {
		must(e.kind == ERR_CONFIG && (strchr(text, '%') != NULL));
	}
}

static void command(const char *text)
{
	AUTO_ARGV char **argv = NULL;
	AUTO_BUF struct buf quoted = BUF_INIT(1 << 20);
	AUTO_ARGV char **again = NULL;
	struct err e = ERR_INIT;

	if (!argv_split(text, &argv, &e))
		return;
	must(argv[0][0] == '/');
	/* Written with every character escaped it is the same command. */
	for (size_t i = 0; argv[i] != NULL; i++) {
		buf_str(&quoted, "''");
		for (const char *c = argv[i]; *c != '\0'; c++)
			buf_fmt(&quoted, "\\%c", *c);
		buf_char(&quoted, ' ');
	}
	must(argv_split(buf_cstr(&quoted), &again, &e));
	for (size_t i = 0; argv[i] != NULL || again[i] != NULL; i++)
		must(argv[i] != NULL && again[i] != NULL && strcmp(argv[i], again[i]) == 0);
}

static void duration(const char *text)
{
	char said[STR_DURATION_MAX];
	int64_t seconds, again;

	if (!str_duration(text, &seconds))
		return;
	must(seconds >= 0);
	str_from_duration(seconds, 0, said);
	must(str_duration(said, &again) && again == seconds);
}

static void token_name(const char *text)
{
	char name[HOST_TOKEN_MAX], again[HOST_TOKEN_MAX];

	host_token_name(text, name);
	must(str_token_name_ok(name));
	host_token_name(name, again);
	must(strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = mem_dup_n((const char *)data, size < 2000 ? size : 2000);

	expansion(text);
	command(text);
	duration(text);
	token_name(text);
	return 0;
}
