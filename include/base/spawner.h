/* SPDX-License-Identifier: MIT */
/*
 * A child of this process that starts programs for it. It is forked before the sandbox is entered,
 * so the programs are not bound by the sandbox. While it runs, process_run() uses it. It starts
 * only what was allowed when it was forked, so an attacker who takes over the sandboxed process
 * gains nothing by it. Pipes are passed to it as descriptors: it handles no input, no output and no
 * secret. It ends with its parent, however that ends.
 */
#ifndef BASE_SPAWNER_H
#define BASE_SPAWNER_H

#include "base/base.h"

struct err;
struct spawn;

/* What may be started: exactly these words, or (`more`) these followed by any others. The first
 * word is the path of the program. */
struct spawner_rules {
	struct spawner_rule *rule;
	size_t n, cap;
};
void spawner_allow(struct spawner_rules *r, char *const *words, bool more);
void spawner_rules_clear(struct spawner_rules *r);

/* Must be called before other threads exist; only one spawner at a time. */
MUST_USE bool spawner_start(const struct spawner_rules *r, struct err *e);
/* Programs that it started continue. Does nothing if there is no spawner. */
void spawner_stop(void);

/* ---- for process.c --------------------------------------------------------------------------- */
bool spawner_runs(void);
/* Returns 0 or an error number, EACCES for what is not allowed. Thread-safe. The end of the program
 * is reported once through *word, a descriptor that the caller closes. */
MUST_USE int spawner_spawn(const struct spawn *s, int *pid, int *word);
/* Does not wait. True if the program has ended: *status is as from waitpid(), or *lost is set if it
 * will never be known. */
MUST_USE bool spawner_ended(int word, int *status, bool *lost);

#endif
