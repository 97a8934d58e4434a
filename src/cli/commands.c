/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"

#include "cli/cmd_init.h"
#include "cli/cmd_keys.h"
#include "cli/options.h"

const struct command commands[] = {
	{ .name = "run", .operands = "[JOB...]", .summary = "rotate, heal or bootstrap what is due: the cron line",
	  .options = OPTION_DRY_RUN | OPTION_FORCE | OPTION_WAIT | OPTION_DETAILED, .max_args = ARGS_MANY, .run = cmd_run },
	{ .name = "plan", .operands = "[JOB...]", .summary = "what run would do and why; changes nothing",
	  .options = OPTION_FORCE | OPTION_DETAILED | OPTION_HORIZON, .max_args = ARGS_MANY, .run = cmd_plan },
	{ .name = "init", .operands = "REGISTRY TOKEN", .summary = "write a job file, then check and plan it", .options = OPTION_SINKS,
	  .min_args = 2, .max_args = 2, .run = cmd_init },
	{ .name = "token", .operands = "COMMAND [OPTION...]", .summary = "az acr token, without Python", .passes_on = true, .max_args = ARGS_MANY,
	  .run = cmd_token },
	{ .name = "status", .operands = "[JOB...]", .summary = "how every job stands, from local state and sinks only",
	  .options = OPTION_ONLINE | OPTION_WARN_CRIT, .max_args = ARGS_MANY, .run = cmd_status },
	{ .name = "check", .operands = "[JOB...]", .summary = "configuration, identity, permissions, sinks: every finding, and what mends it",
	  .options = OPTION_DROPIN, .max_args = ARGS_MANY, .run = cmd_check },
	{ .name = "get", .operands = "JOB", .summary = "print the active password", .options = OPTION_FORMAT, .min_args = 1, .max_args = 1,
	  .run = cmd_get },
	{ .name = "revoke", .operands = "JOB", .summary = "a password leaked: new password to every sink, then every earlier one is dead",
	  .options = OPTION_NOW | OPTION_SLOTS, .min_args = 1, .max_args = 1, .run = cmd_revoke },
	{ .name = "forget", .operands = "JOB [SINK]", .summary = "a sink or a job is gone for good: its slot need not be kept for it",
	  .options = OPTION_FORCE, .min_args = 1, .max_args = 2, .run = cmd_forget },
	{ .name = "keys", .operands = "", .summary = "every configuration key", .run = cmd_keys },
	{ 0 },
};
