/* SPDX-License-Identifier: MIT */
/* Beside other rotators: what a shared record says of them. */
#ifndef ROTATE_OTHERS_H
#define ROTATE_OTHERS_H

#include "base/base.h"

struct err;
struct observation;

/* Somebody writes sinks that have no compare-and-swap: nobody else does anything. Fills e:
 * ERR_CONFLICT. now: by the service's clock, as far as that is known. */
bool others_write(const struct observation *o, int64_t now, struct err *e);
/* Somebody is in the middle of a rotation. */
bool others_rotate(const struct observation *o, int64_t now, struct err *e);

#endif
