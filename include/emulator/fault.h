/* SPDX-License-Identifier: MIT */
/*
 * Faults that tests ask for. A fault names requests (by operation, method, path, token), passes
 * over the first `skip` of them, and then meets the next `count` (0: all). What it does is an
 * effect:
 *
 *   pass          nothing but the delays status answers status, headers, body; does not act
 *   drop, reset   closes (FIN, RST), does not act  act-status   acts, then answers as status does
 *   hang          never answers, does not act      act-drop, act-reset, act-hang   act first
 *   truncate      acts; the body ends after `bytes` of it drip acts; one byte every `interval`
 *                 seconds
 *   garbage       acts; the body is `bytes` of noise wrong-types acts; numbers for texts, texts
 *                 for objects
 *   huge          acts; `bytes` more in the body headers acts; `bytes` of further headers
 *   redirect      does not act; `status` (307) to `location` evil-links acts; links in it lead
 *                 to `host`
 *   accepted      202 and a Location (`async`: and an Azure-AsyncOperation) whose `outcome` is
 *                 success, failure, never, or later: it acts and ends `after` seconds later
 *   late          closes, or answers `status`, and acts `after` seconds later
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
/* One object or an array of them. On true, *ids is a JSON array of their numbers. */
MUST_USE bool fault_add(struct fault_list *l, const struct json *wanted, struct buf *ids,
                        struct err *e);
/* Is it an operation that has yet to act? */
bool fault_ends_later(const struct fault *f);
void fault_remove_all(struct fault_list *l);
void fault_dump(struct fault_list *l, struct buf *out);
/* The fault this request meets, or NULL. Lives as long as the list. */
const struct fault *fault_pick(struct fault_list *l, const struct request *rq,
                               const char *operation);

#endif
