/* SPDX-License-Identifier: MIT */
/*
 * acrotate-lean is linked without libsecret, whose libraries take as long to load as the
 * requests of a rotation. Where a job has such a sink, it makes way for acrotate-net, which has
 * everything.
 */
#ifndef CLI_WHOLE_H
#define CLI_WHOLE_H

#include "base/base.h"

struct job;

/* Has the job a sink that this program was linked without? */
bool whole_is_needed(const struct job *job);
/* Begins again as the program that has all sinks; returns where this is that program, or there
 * is none. argv: main's. */
void whole_become(char *const *argv);

#endif
