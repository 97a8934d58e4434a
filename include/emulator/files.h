/* SPDX-License-Identifier: MIT */
/* Files in the emulator's directory. */
#ifndef EMULATOR_FILES_H
#define EMULATOR_FILES_H

#include "base/base.h"

struct buf;
struct err;

MUST_USE bool files_write(const char *dir, const char *name, const char *text, int mode,
                          struct err *e);
/* ERR_MISSING if there is none. */
MUST_USE bool files_read(const char *dir, const char *name, struct buf *out, struct err *e);

#endif
