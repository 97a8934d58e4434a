/* SPDX-License-Identifier: MIT */
/*
 * One password slot of a token, as in the service. Only fingerprints are kept. A first password
 * works everywhere at once; a regenerated one works only on replicas that know it, while the one
 * that it replaces stops working everywhere at once.
 */
#ifndef EMULATOR_SLOT_H
#define EMULATOR_SLOT_H

#include "base/base.h"
#include "base/crypto.h"

struct slot {
	bool present;
	int64_t created, expires; /* ticks; expires 0: never */
	bool regenerated;         /* replaced an earlier one, so replicas lag */
	unsigned generations;     /* how many there have been, including wiped ones */
	/* the replica that answers the next connection with this password */
	unsigned turn;
	struct fingerprint print;
};

enum slot_answer { SLOT_OTHER, SLOT_ACCEPTED, SLOT_LAGGING, SLOT_EXPIRED };

void slot_generate(struct slot *s, int64_t now, int64_t expires, const struct fingerprint *print);
void slot_remove(struct slot *s);
/* Is this the slot's newest password, and does a replica that lags by `lag` ticks know it? */
enum slot_answer slot_answer(const struct slot *s, const struct fingerprint *print, int64_t now,
                             int64_t lag);
/* The lag of replica i of n, if the slowest one takes `propagation`. */
int64_t slot_lag(int64_t propagation, unsigned replica, unsigned replicas);

/* 52 characters of the base64 alphabet with the marker "+ACR" at 42, as the service has generated
 * them since 2023. */
#define SLOT_PASSWORD_LEN 52
void slot_password(char out[static SLOT_PASSWORD_LEN + 1]);

#endif
