/* SPDX-License-Identifier: MIT */
/* The record of a job, as text. */
#ifndef FAKES_RECORDS_H
#define FAKES_RECORDS_H

#include "base/err.h"
#include "store/store.h"

/* As store_save(). */
MUST_USE bool record_put(struct store *s, const char *name, const char *text, char **version,
                         struct err *e);

#endif
