/* SPDX-License-Identifier: MIT */
/* The only user of libyaml: converts YAML to JSON, as the Kubernetes tools do. */
#ifndef KUBE_YAML_H
#define KUBE_YAML_H

#include "base/base.h"

struct buf;
struct err;

#define YAML_DEPTH_MAX 64

/*
 * Appends to *out. Plain `true`, `false` and `null` keep their type; every other scalar becomes a
 * string, also a number. Aliases are expanded, within the limit of `out` and YAML_DEPTH_MAX.
 * ERR_CONFIG with the line number, never with the text.
 */
MUST_USE bool yaml_to_json(const char *text, size_t n, struct buf *out, struct err *e);

#endif
