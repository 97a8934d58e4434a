/* SPDX-License-Identifier: MIT */
/*
 * Tells all threads that this process is to end: a signal handler calls stop_now(), and every
 * thread that waits for the outside world also polls stop_fd(). One of the few globals of this
 * program.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/base.h"

/* Must be called before other threads exist. Without it, waiting threads are not woken. */
void stop_setup(void);
/* Async-signal-safe. */
void stop_now(void);
bool stop_wanted(void);
/* Readable for ever after stop_now(); -1 without stop_setup(). */
int stop_fd(void);

#endif
