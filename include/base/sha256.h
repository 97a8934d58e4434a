/* SPDX-License-Identifier: MIT */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/base.h"

#define SHA256_LEN 32
void sha256(const void *p, size_t n, uint8_t digest[static SHA256_LEN]);

#endif
