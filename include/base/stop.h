/* SPDX-License-Identifier: MIT */
/*
 * That this process shall end: said once, by a signal handler, to every thread that waits for
 * something outside. Whoever waits polls stop_fd() too. One of the few globals of this program.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/base.h"

/* Before there are other threads. Without it nothing is ever stopped. */
void stop_setup(void);
/* For a signal handler. */
void stop_now(void);
bool stop_wanted(void);
/* Readable from then on, for ever; -1 without stop_setup(). */
int stop_fd(void);

#endif
