/* SPDX-License-Identifier: MIT */
#include "base/fingerprint.h"

#include <stdio.h>

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
	unsigned differ = 0;

	for (size_t i = 0; i < FINGERPRINT_LEN; i++)
		/* takes as long wherever the difference is */
		differ |= (unsigned)(a->b[i] ^ b->b[i]);
	return differ == 0;
}

bool fingerprint_is_set(const struct fingerprint *p)
{
	static const struct fingerprint none;

	return !fingerprint_equal(p, &none);
}

void fingerprint_to_hex(const struct fingerprint *p, char out[static FINGERPRINT_HEX_MAX])
{
	for (size_t i = 0; i < FINGERPRINT_LEN; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", p->b[i]);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool fingerprint_from_hex(const char *hex, struct fingerprint *out)
{
	struct fingerprint p;

	if (strlen(hex) != 2 * FINGERPRINT_LEN)
		return false;
	for (size_t i = 0; i < FINGERPRINT_LEN; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		p.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = p;
	return true;
}
