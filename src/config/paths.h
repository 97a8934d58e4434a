/* SPDX-License-Identifier: MIT */
/* Inside src/config only: where acrotate.conf, jobs.d and the state are. The caller frees paths. */
#ifndef SRC_CONFIG_PATHS_H
#define SRC_CONFIG_PATHS_H

#include "base/base.h"

struct err;
struct host;
struct run_spec;

/* Root's, if nobody says otherwise. */
#define PATHS_SYSTEM_CONFIG SYSCONF "/acrotate/acrotate.conf"
#define PATHS_SYSTEM_STATE  "/var/lib/acrotate"

/* Of `path` or, when that is NULL, of the environment and the user. *named: somebody asked for this
 * very file, so it must exist. */
MUST_USE bool paths_config(struct host *host, const char *path, char **out, bool *named,
                           struct err *e);
/* Fills run->state_dir where [run] does not say it. `path` is acrotate.conf's. */
MUST_USE bool paths_state_dir(struct host *host, const char *path, struct run_spec *run,
                              struct err *e);
MUST_USE bool paths_absolute(const char *path, char **out, struct err *e);
char *paths_directory(const char *path); /* of an absolute path */

#endif
