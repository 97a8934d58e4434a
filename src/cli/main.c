/* SPDX-License-Identifier: MIT */
#include "cli/main.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/options.h"

#define HELP_MAX 65536

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? err_exit_code(ERR_LOCAL) : 0;
}

static int print_help(const struct command *cmd)
{
	AUTO_BUF struct buf text = BUF_INIT(HELP_MAX);

	options_help(commands, cmd, &text);
	return print(buf_cstr(&text));
}

int cli_main(int argc, char **argv)
{
	AUTO_OPTIONS struct options o = { 0 };
	const struct command *cmd = NULL;
	struct err e = ERR_INIT;

	log_setup(LEVEL_WARN, LOG_TEXT);
	if (!options_parse(commands, argc, argv, &o, &cmd, &e)) {
		log_err(NULL, &e);
		return err_exit_code(e.kind);
	}
	if (o.help)
		return print_help(cmd);
	if (o.version)
		return print("acrotate " VERSION "\n");
	log_setup(o.debug ? LEVEL_DEBUG : o.verbose ? LEVEL_INFO : LEVEL_WARN, o.log_format);
	return cmd->run(&o);
}
