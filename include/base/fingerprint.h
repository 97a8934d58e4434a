/* SPDX-License-Identifier: MIT */
/* Identifies a password without keeping it. crypto_fingerprint() makes one. */
#ifndef BASE_FINGERPRINT_H
#define BASE_FINGERPRINT_H

#include "base/base.h"

/* Truncated SHA-256. A machine-generated password has far more than 128 bits of entropy, so its
 * fingerprint tells an attacker nothing. */
#define FINGERPRINT_LEN 16
struct fingerprint {
	uint8_t b[FINGERPRINT_LEN];
};
#define FINGERPRINT_HEX_MAX (2 * FINGERPRINT_LEN + 1)

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b);
bool fingerprint_is_set(const struct fingerprint *p); /* false: all zero, of no password */
void fingerprint_to_hex(const struct fingerprint *p, char out[static FINGERPRINT_HEX_MAX]);
MUST_USE bool fingerprint_from_hex(const char *hex, struct fingerprint *out);

#endif
