/* SPDX-License-Identifier: MIT */
/* A value from the text of a JSON document, for tests of what is printed and of queries. */
#ifndef FAKES_VALUES_H
#define FAKES_VALUES_H

#include "output/value.h"

/* Fails the test if the text is no JSON. */
const struct value *value_parse(struct arena *a, const char *text);

#endif
