/* SPDX-License-Identifier: MIT */
/* Where those who serve passwords find them. */
#ifndef SRC_CLI_SERVE_H
#define SRC_CLI_SERVE_H

#include "base/err.h"
#include "cli/serve.h"

/* State directories, in the order in which they are looked in. */
#define SERVE_STATES_MAX 2
struct serve_states {
	char *dir[SERVE_STATES_MAX];
	size_t n;
	/* why one could not be told, or read; it counts when nothing is found elsewhere */
	struct err why;
};
/* config: an acrotate.conf, alone, or NULL. */
void serve_states_find(const char *config, struct serve_states *out);
void serve_states_clear(struct serve_states *s);

/* The copy of this entry. ERR_MISSING: there is none. */
MUST_USE bool serve_find(const struct serve_states *s, const char *asked, struct credential *out,
                         struct err *e);
/* All copies of a host, or of all; the first of a name counts. */
struct serve_entry {
	char *key;
	struct credential is;
};
struct serve_entries {
	struct serve_entry *item;
	size_t n, cap;
	struct err why; /* of what could not be read */
};
void serve_list(const struct serve_states *s, const char *host, struct serve_entries *out);
void serve_entries_clear(struct serve_entries *l);

int serve_docker(int argc, char **argv);
int serve_kubelet(int argc, char **argv);

#endif
