/* SPDX-License-Identifier: MIT */
/* One function per command, src/cli/cmd_*.c; each returns the exit status. The table is in
 * src/cli/commands.c. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

struct options;
struct run_request;

int cmd_run(const struct options *o);  /* rotate, heal or bootstrap the jobs that are due */
int cmd_plan(const struct options *o); /* what a run would do, and why */
/* the same if the plan has to ask Azure */
int cmd_plan_asking(const struct options *o, const struct run_request *rq);
int cmd_status(const struct options *o);  /* a line per job */
int cmd_check(const struct options *o);   /* checks everything, online, without effect */
int cmd_get(const struct options *o);     /* the active password */
int cmd_revoke(const struct options *o);  /* replaces leaked passwords */
int cmd_history(const struct options *o); /* what happened to each job */
int cmd_adopt(const struct options *o);   /* takes over the record of another machine or name */
int cmd_forget(const struct options *o);  /* forgets a sink or a job that is gone for good */
int cmd_token(const struct options *o);   /* like az acr token; token/token.h */
int cmd_init(const struct options *o);    /* writes, checks and plans a job file; cli/cmd_init.h */
int cmd_keys(const struct options *o);    /* every configuration key; cli/cmd_keys.h */

#endif
