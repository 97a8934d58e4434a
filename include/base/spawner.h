/* SPDX-License-Identifier: MIT */
/*
 * A child of this process that starts programs for it, forked before the sandbox is entered:
 * what it starts is bound by no sandbox. While it runs, process_run() goes through it. It starts
 * only what it was told when it was forked, so that whoever takes over the process in the
 * sandbox gets no further by it. Pipes are passed to it as descriptors; no byte of input or
 * output goes through it, and no secret is in it. It ends with its parent, however that ends.
 */
#ifndef BASE_SPAWNER_H
#define BASE_SPAWNER_H

#include "base/base.h"

struct err;
struct spawn;

/* What may be started: exactly these words, or with further ones behind them. The path of the
 * program comes first. */
struct spawner_rules {
	struct spawner_rule *rule;
	size_t n, cap;
};
void spawner_allow(struct spawner_rules *r, char *const *words, bool more);
void spawner_rules_clear(struct spawner_rules *r);

/* Before there are other threads. One at a time. */
MUST_USE bool spawner_start(const struct spawner_rules *r, struct err *e);
/* What it started goes on. Nothing happens when there is none. */
void spawner_stop(void);

/* ---- for process.c --------------------------------------------------------------------------- */
bool spawner_runs(void);
/* 0, or an error number: EACCES for what is not allowed. Thread-safe. *word tells the end once;
 * caller closes. */
MUST_USE int spawner_spawn(const struct spawn *s, int *pid, int *word);
/* True when it has ended, with its status (as waitpid()), or when nobody will ever know (*lost). */
MUST_USE bool spawner_ended(int word, int *status, bool *lost);

#endif
