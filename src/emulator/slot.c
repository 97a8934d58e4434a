/* SPDX-License-Identifier: MIT */
#include "emulator/slot.h"

#define MARKER    "+ACR"
#define MARKER_AT 42

void slot_generate(struct slot *s, int64_t now, int64_t expires, const struct fingerprint *print)
{
	/* Two generations are never of the same tick: the creation time is how clients tell them
	 * apart. */
	if (s->present && s->created == now)
		now++;
	s->regenerated = s->present;
	s->present = true;
	s->created = now;
	s->expires = expires;
	s->print = *print;
	s->turn = 0;
	s->generations++;
}

void slot_remove(struct slot *s)
{
	*s = (struct slot){ .generations = s->generations };
}

enum slot_answer slot_answer(const struct slot *s, const struct fingerprint *print, int64_t now,
                             int64_t lag)
{
	if (!s->present || !fingerprint_equal(&s->print, print))
		return SLOT_OTHER;
	if (s->expires && now >= s->expires)
		return SLOT_EXPIRED;
	return s->regenerated && now < s->created + lag ? SLOT_LAGGING : SLOT_ACCEPTED;
}

int64_t slot_lag(int64_t propagation, unsigned replica, unsigned replicas)
{
	return replicas ? propagation / (int64_t)replicas * ((int64_t)replica + 1) : propagation;
}

void slot_password(char out[static SLOT_PASSWORD_LEN + 1])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t random[SLOT_PASSWORD_LEN];

	crypto_random(random, sizeof(random));
	for (size_t i = 0; i < SLOT_PASSWORD_LEN; i++)
		out[i] = alphabet[random[i] % 64];
	memcpy(out + MARKER_AT, MARKER, sizeof(MARKER) - 1);
	out[SLOT_PASSWORD_LEN] = '\0';
	explicit_bzero(random, sizeof(random));
}
