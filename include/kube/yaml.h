/* SPDX-License-Identifier: MIT */
/* The only user of libyaml: a YAML text as JSON, as the Kubernetes tools read it themselves. */
#ifndef KUBE_YAML_H
#define KUBE_YAML_H

#include "base/base.h"

struct buf;
struct err;

#define YAML_DEPTH_MAX 64

/*
 * Appends to *out. Plain `true`, `false` and `null` are such, every other scalar is a string,
 * numbers too. Aliases are written out; what that makes of a text is bounded by out's limit and
 * YAML_DEPTH_MAX. ERR_CONFIG with the line, never with the text.
 */
MUST_USE bool yaml_to_json(const char *text, size_t n, struct buf *out, struct err *e);

#endif
