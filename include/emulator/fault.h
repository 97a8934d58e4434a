/* SPDX-License-Identifier: MIT */
/*
 * Faults that tests order. A fault selects requests (by operation, method, path, token), skips the
 * first `skip` of them, and applies to the next `count` (0: all). "Acts" means that the request
 * takes effect. The effects:
 *
 *   pass          acts; only the delays
 *   status        answers status, headers, body; does not act
 *   act-status    acts, then answers like status
 *   drop, reset   closes the connection (FIN, RST); does not act
 *   hang          never answers; does not act
 *   act-drop, act-reset, act-hang    act first
 *   truncate      acts; the body ends after `bytes`
 *   drip          acts; sends one byte every `interval` seconds
 *   garbage       acts; the body is `bytes` random bytes
 *   wrong-types   acts; every value in the body has another type
 *   huge          acts; the body is `bytes` longer
 *   headers       acts; adds `bytes` of headers
 *   redirect      does not act; answers `status` (307) with `location`
 *   evil-links    acts; links in the answer lead to `host`
 *   accepted      answers 202 with a Location (`async`: also an Azure-AsyncOperation); the
 *                 `outcome` is success, failure, never, or later: it acts and ends after `after`
 *                 seconds
 *   late          closes the connection, or answers `status`; acts `after` seconds later
 */
#ifndef EMULATOR_FAULT_H
#define EMULATOR_FAULT_H

#include "emulator/exchange.h"

struct err;
struct json;

enum delivery {
	DELIVER,
	DELIVER_DROP,
	DELIVER_RESET,
	DELIVER_HANG,
	DELIVER_TRUNCATED,
	DELIVER_DRIP,
	DELIVER_LATE
};

struct fault;
struct fault_effect {
	const char *name;
	bool acts;
	enum delivery delivery;
	/* or NULL */
	void (*shape)(const struct fault *f, struct emulator *emu, struct request *rq,
	              struct reply *rs);
};

struct fault {
	int64_t id;
	char *operation, *method, *path, *token; /* patterns, NULL: any */
	int64_t skip, count, seen, hits;
	bool removed;
	const struct fault_effect *effect;
	int64_t status, bytes;
	int64_t before_ms, after_ms, interval_ms, late_ms;
	struct pairs header;
	char *body, *location, *host, *outcome;
	bool async;
};

struct fault_list;
struct fault_list *fault_list_new(void);
void fault_list_free(struct fault_list *l);
/* Adds one object or an array of them. On true, *ids is a JSON array of their ids. */
MUST_USE bool fault_add(struct fault_list *l, const struct json *wanted, struct buf *ids,
                        struct err *e);
/* Is it an accepted operation that acts later? */
bool fault_ends_later(const struct fault *f);
void fault_remove_all(struct fault_list *l);
void fault_dump(struct fault_list *l, struct buf *out);
/* The fault that applies to this request, or NULL. Valid as long as the list. */
const struct fault *fault_pick(struct fault_list *l, const struct request *rq,
                               const char *operation);

#endif
