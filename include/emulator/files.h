/* SPDX-License-Identifier: MIT */
/* The emulator's directory: what it writes there and finds again. */
#ifndef EMULATOR_FILES_H
#define EMULATOR_FILES_H

#include "base/base.h"

struct buf;
struct err;

MUST_USE bool files_write(const char *dir, const char *name, const char *text, int mode,
                          struct err *e);
/* False with ERR_MISSING when there is none. */
MUST_USE bool files_read(const char *dir, const char *name, struct buf *out, struct err *e);

#endif
