/* SPDX-License-Identifier: MIT */
/*
 * Inside src/config only: files that nobody else may write. A job can name a program to run, so
 * whoever can write one could run any program as us. `me` is who we are; root is trusted too.
 */
#ifndef SRC_CONFIG_TRUSTED_H
#define SRC_CONFIG_TRUSTED_H

#include <sys/stat.h>

#include "base/base.h"

struct err;

/* May only root and we write this open file or directory? ERR_CONFIG says who else may, and what
 * fixes it. `shown` is its name in messages. */
MUST_USE bool trusted_check(uid_t me, int fd, const struct stat *st, const char *shown,
                            struct err *e);
/* Reads a trusted file of the directory `dir` into `text`, of INI_FILE_MAX + 1 bytes: the last one
 * shows that the file is too large. */
MUST_USE bool trusted_read(uid_t me, int dir, const char *name, const char *shown, char *text,
                           size_t *len, struct err *e);
/* err_sys() "WHAT 'PATH'", of kind ERR_CONFIG. Returns false. */
bool config_sys(struct err *e, int errnum, const char *what, const char *path);

#endif
