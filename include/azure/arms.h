/* SPDX-License-Identifier: MIT */
/*
 * One struct arm per identity, for all jobs, sinks and stores of a program: those with the same
 * [azure] share tokens and the throttle gate. Thread-safe.
 */
#ifndef AZURE_ARMS_H
#define AZURE_ARMS_H

#include "base/base.h"

struct arm;
struct arms;
struct azure_spec;
struct env;

struct arms *arms_new(const struct env *env);
void arms_free(struct arms *a); /* NULL is fine */
/* The client of this identity; valid as long as `a`. The spec is copied. Makes no request. */
struct arm *arms_get(struct arms *a, const struct azure_spec *spec);

#endif
