/* SPDX-License-Identifier: MIT */
/* Between the files that implement rotate/state.h. */
#ifndef SRC_ROTATE_STATE_TEXT_H
#define SRC_ROTATE_STATE_TEXT_H

struct buf;
struct fingerprint;
struct sink_memory;
struct state;

/* What state_parse() reads, of the store `whose`. What did not fit, buf_ok() tells. */
void state_write(const struct state *s, const struct fingerprint *whose, struct buf *out);
/* Another one, empty; valid until the next. */
struct sink_memory *state_add_sink(struct state *s);

#endif
