/* SPDX-License-Identifier: MIT */
/* The record's text: what is written, and read again. */
#include "state_text.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"
#include "rotate/state.h"

#define END           "[end]\n"
#define HISTORY       "[history]\n"
#define STATE_VERSION 2
#define STATE_OLD     1 /* read, and written as the newer one */
#define SINKS_MAX     1000

/* One row per remembered value; reader and writer walk the same tables. Zero is not written and
 * is what an absent line means. */
enum field_type {
	FIELD_INT,
	FIELD_SECONDS,
	FIELD_TICKS,
	FIELD_MICROS,
	FIELD_BOOL,
	FIELD_PRINT,
	FIELD_TEXT
};
struct state_field {
	const char *name;
	enum field_type type;
	size_t offset;
};

static const struct state_field state_fields[] = {
	{ "job", FIELD_TEXT, offsetof(struct state, job) },
	{ "token", FIELD_TEXT, offsetof(struct state, token) },
	{ "registry", FIELD_TEXT, offsetof(struct state, registry) },
	{ "follows", FIELD_TEXT, offsetof(struct state, follows) },
	{ "login_server", FIELD_TEXT, offsetof(struct state, login_server) },
	{ "resource_group", FIELD_TEXT, offsetof(struct state, group) },
	{ "last_success", FIELD_SECONDS, offsetof(struct state, last_success) },
	{ "last_verified", FIELD_SECONDS, offsetof(struct state, last_verified) },
	{ "last_inspected", FIELD_SECONDS, offsetof(struct state, last_inspected) },
	{ "failing_since", FIELD_SECONDS, offsetof(struct state, failing_since) },
	{ "next_generate", FIELD_SECONDS, offsetof(struct state, next_generate) },
	{ "failures", FIELD_INT, offsetof(struct state, failures) },
	{ "failed_runs", FIELD_INT, offsetof(struct state, failed_runs) },
	{ "last_error", FIELD_TEXT, offsetof(struct state, last_error) },
	{ "last_warned", FIELD_SECONDS, offsetof(struct state, last_warned) },
	{ "rejected_at", FIELD_SECONDS, offsetof(struct state, rejected_at) },
	{ "disabled", FIELD_BOOL, offsetof(struct state, disabled) },
	{ "revoke_now", FIELD_BOOL, offsetof(struct state, revoke_now) },
	{ "hook_owed", FIELD_BOOL, offsetof(struct state, job_hook_owed) },
	{ "unfinished", FIELD_BOOL, offsetof(struct state, unfinished) },
	{ "busy_since", FIELD_SECONDS, offsetof(struct state, busy_since) },
	{ "busy_until", FIELD_SECONDS, offsetof(struct state, busy_until) },
	{ "accepted_after_ms", FIELD_INT, offsetof(struct state, accepted_after_ms) },
};

static const struct state_field slot_fields[] = {
	{ "created", FIELD_TICKS, offsetof(struct slot_memory, created) },
	{ "expires", FIELD_MICROS, offsetof(struct slot_memory, expires_us) },
	{ "print", FIELD_PRINT, offsetof(struct slot_memory, print) },
	{ "delivered", FIELD_BOOL, offsetof(struct slot_memory, delivered) },
	{ "gone", FIELD_BOOL, offsetof(struct slot_memory, gone) },
	{ "absent_since", FIELD_SECONDS, offsetof(struct slot_memory, absent_since) },
	{ "left", FIELD_SECONDS, offsetof(struct slot_memory, left) },
	{ "intent", FIELD_BOOL, offsetof(struct slot_memory, intent) },
	{ "intent_since", FIELD_SECONDS, offsetof(struct slot_memory, intent_since) },
	{ "dead_at", FIELD_SECONDS, offsetof(struct slot_memory, dead_at) },
	{ "abandoned", FIELD_SECONDS, offsetof(struct slot_memory, abandoned) },
	{ "operation", FIELD_TEXT, offsetof(struct slot_memory, operation) },
	{ "operation_by_status", FIELD_BOOL, offsetof(struct slot_memory, operation_by_status) },
	{ "said", FIELD_INT, offsetof(struct slot_memory, said) },
	{ "asked", FIELD_MICROS, offsetof(struct slot_memory, asked_us) },
	{ "asked_before", FIELD_MICROS, offsetof(struct slot_memory, asked_before_us) },
	{ "revoke", FIELD_TICKS, offsetof(struct slot_memory, revoke) },
	{ "foreign_created", FIELD_TICKS, offsetof(struct slot_memory, foreign_created) },
	{ "foreign_expires", FIELD_MICROS, offsetof(struct slot_memory, foreign_expires_us) },
};

static const struct state_field sink_fields[] = {
	{ "name", FIELD_TEXT, offsetof(struct sink_memory, name) },
	{ "place", FIELD_TEXT, offsetof(struct sink_memory, place) },
	{ "may_hold_1", FIELD_TICKS, offsetof(struct sink_memory, may_hold[ACR_SLOT_1]) },
	{ "may_hold_2", FIELD_TICKS, offsetof(struct sink_memory, may_hold[ACR_SLOT_2]) },
	{ "unseen_1", FIELD_TICKS, offsetof(struct sink_memory, unseen[ACR_SLOT_1]) },
	{ "unseen_2", FIELD_TICKS, offsetof(struct sink_memory, unseen[ACR_SLOT_2]) },
	{ "given_again", FIELD_BOOL, offsetof(struct sink_memory, given_again) },
	{ "held_foreign", FIELD_BOOL, offsetof(struct sink_memory, held_foreign) },
	{ "hook_owed", FIELD_BOOL, offsetof(struct sink_memory, hook_owed) },
	{ "tried", FIELD_BOOL, offsetof(struct sink_memory, tried) },
};

/* Of format 1: by the slot's number what it last got, and what it was being given. */
struct old_holding {
	int64_t slot, created, pending_slot, pending_created;
};
static const struct state_field old_fields[] = {
	{ "slot", FIELD_INT, offsetof(struct old_holding, slot) },
	{ "created", FIELD_TICKS, offsetof(struct old_holding, created) },
	{ "pending_slot", FIELD_INT, offsetof(struct old_holding, pending_slot) },
	{ "pending_created", FIELD_TICKS, offsetof(struct old_holding, pending_created) },
};

/* ---- writing --------------------------------------------------------------------------------- */

static void write_time(struct buf *out, const char *name, void (*print)(int64_t, char *),
                       int64_t value)
{
	char text[STR_TIME_MAX];

	if (value == 0)
		return;
	print(value, text);
	buf_fmt(out, "%s = %s\n", name, text);
}

static void write_field(struct buf *out, const struct state_field *f, const void *base)
{
	const char *at = (const char *)base + f->offset;
	const int64_t *number = (const void *)at;
	char hex[FINGERPRINT_HEX_MAX];

	switch (f->type) {
	case FIELD_INT:
		if (*number != 0)
			buf_fmt(out, "%s = %lld\n", f->name, (long long)*number);
		break;
	case FIELD_SECONDS:
		write_time(out, f->name, str_from_time, *number);
		break;
	case FIELD_TICKS:
		write_time(out, f->name, str_from_ticks, *number);
		break;
	case FIELD_MICROS:
		write_time(out, f->name, str_from_micros, *number);
		break;
	case FIELD_BOOL:
		if (*(const bool *)at)
			buf_fmt(out, "%s = yes\n", f->name);
		break;
	case FIELD_PRINT:
		if (!fingerprint_is_set((const void *)at))
			break;
		fingerprint_to_hex((const void *)at, hex);
		buf_fmt(out, "%s = %s\n", f->name, hex);
		break;
	case FIELD_TEXT:
		if (*(char *const *)(const void *)at != NULL)
			buf_fmt(out, "%s = %s\n", f->name, *(char *const *)(const void *)at);
		break;
	}
}

static void write_fields(struct buf *out, const struct state_field *fields, size_t n,
                         const void *base)
{
	for (size_t i = 0; i < n; i++)
		write_field(out, &fields[i], base);
}

/* Where the sinks of a job leave no room for it, it goes. */
static void write_history(const struct state *s, struct buf *out)
{
	if (s->history != NULL &&
	    out->len + strlen(s->history) + sizeof(HISTORY) < STORE_RECORD_MAX)
		buf_fmt(out, HISTORY "%s", s->history);
}

void state_write(const struct state *s, const struct fingerprint *whose, struct buf *out)
{
	char machine[FINGERPRINT_HEX_MAX];

	fingerprint_to_hex(whose, machine);
	buf_fmt(out,
	        "# Written by acrotate. No secret is in it; a print is a truncated "
	        "SHA-256.\n[state]\nversion = %d\nmachine = %s\n",
	        STATE_VERSION, machine);
	write_fields(out, state_fields, COUNT(state_fields), s);
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		buf_fmt(out, "[password%d]\n", i + 1);
		write_fields(out, slot_fields, COUNT(slot_fields), &s->slot[i]);
	}
	for (size_t i = 0; i < s->n_sinks; i++) {
		buf_fmt(out, "[sink %zu]\n", i + 1);
		write_fields(out, sink_fields, COUNT(sink_fields), &s->sinks[i]);
	}
	buf_str(out, END);
	write_history(s, out);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
	const struct fingerprint *whose;
	struct state *s;
	int64_t version;                  /* 0: not said yet */
	bool machine;                     /* that line was there and right */
	bool end;                         /* so was the last section */
	const struct state_field *fields; /* of the section being read */
	size_t n_fields;
	void *base;
	struct old_holding old; /* of the sink being read */
	enum state_lost why;    /* it cannot be used; LOST_NOT: what is wrong has no name */
};

static bool read_time(bool (*parse)(const char *, int64_t *), const char *value, int64_t *out)
{
	return parse(value, out) && *out > 0;
}

static bool micros(const char *value, int64_t *out)
{
	int64_t ticks;

	if (!str_ticks(value, &ticks))
		return false;
	*out = ticks / 10;
	return true;
}

static bool read_field(const struct state_field *f, void *base, const char *value)
{
	char *at = (char *)base + f->offset;
	int64_t *number = (void *)at;

	switch (f->type) {
	case FIELD_INT:
		return str_int(value, 0, INT64_MAX, number);
	case FIELD_SECONDS:
		return read_time(str_time, value, number);
	case FIELD_TICKS:
		return read_time(str_ticks, value, number);
	case FIELD_MICROS:
		return read_time(micros, value, number);
	case FIELD_BOOL:
		*(bool *)at = strcmp(value, "yes") == 0;
		return *(bool *)at;
	case FIELD_PRINT:
		return fingerprint_from_hex(value, (void *)at);
	case FIELD_TEXT:
		free(*(char **)(void *)at);
		*(char **)(void *)at = mem_dup(value);
		return true;
	}
	return false;
}

static bool take_old(int64_t slot, int64_t created, struct sink_memory *m)
{
	if (slot > ACR_SLOT__COUNT)
		return false;
	if (slot > 0)
		m->may_hold[slot - 1] = created;
	return true;
}

/* A sink of format 1 is whole: what it was being given is the newer one, should both be of one
 * slot. */
static bool end_old_sink(struct reading *r)
{
	const struct old_holding old = r->old;
	struct sink_memory *m = r->s->n_sinks > 0 ? &r->s->sinks[r->s->n_sinks - 1] : NULL;

	r->old = (struct old_holding){ 0 };
	return m == NULL || (take_old(old.slot, old.created, m) &&
	                     take_old(old.pending_slot, old.pending_created, m));
}

static bool read_section(void *ctx, const char *section, int line, struct err *e)
{
	struct reading *r = ctx;

	(void)line;
	r->fields = NULL;
	if (!end_old_sink(r))
		return err_set(e, ERR_LOCAL, "no such slot");
	if (strcmp(section, "state") == 0) {
		r->fields = state_fields;
		r->n_fields = COUNT(state_fields);
		r->base = r->s;
	} else if (strcmp(section, "password1") == 0 || strcmp(section, "password2") == 0) {
		r->fields = slot_fields;
		r->n_fields = COUNT(slot_fields);
		r->base = &r->s->slot[section[8] - '1'];
	} else if (strcmp(section, "end") == 0) {
		/* A file that was cut off must not pass for a whole one: without its last lines
		 * a slot in use looks like one never delivered. */
		r->end = true;
		r->fields = sink_fields;
		r->n_fields = 0;
	} else if (r->end) {
		return err_set(e, ERR_LOCAL, "section behind the end");
	} else if (strncmp(section, "sink ", 5) == 0 && r->s->n_sinks < SINKS_MAX) {
		r->fields = sink_fields;
		r->n_fields = COUNT(sink_fields);
		r->base = state_add_sink(r->s);
	}
	return r->fields != NULL || err_set(e, ERR_LOCAL, "unknown section");
}

static bool lost_because(struct reading *r, enum state_lost why, struct err *e)
{
	r->why = why;
	return err_set(e, ERR_LOCAL, "%s", state_lost_text(why));
}

static bool read_one(const struct state_field *fields, size_t n, void *base, const char *key,
                     const char *value, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, key) == 0)
			return read_field(&fields[i], base, value) ||
			       err_set(e, ERR_LOCAL, "bad value");
	return err_set(e, ERR_LOCAL, "unknown key");
}

static bool is_old_key(const struct reading *r, const char *key)
{
	for (size_t i = 0; i < COUNT(old_fields) && r->version == STATE_OLD &&
	                   r->fields == sink_fields && r->n_fields > 0;
	     i++)
		if (strcmp(old_fields[i].name, key) == 0)
			return true;
	return false;
}

static bool read_pair(void *ctx, const char *section, const char *key, const char *value, int line,
                      struct err *e)
{
	struct reading *r = ctx;
	struct fingerprint machine;

	(void)section;
	(void)line;
	if (r->base == r->s && strcmp(key, "version") == 0) {
		bool known = str_int(value, 0, 1000, &r->version) &&
		             (r->version == STATE_VERSION || r->version == STATE_OLD);
		return known || lost_because(r, LOST_VERSION, e);
	}
	if (r->base == r->s && strcmp(key, "machine") == 0) {
		r->machine = fingerprint_from_hex(value, &machine) &&
		             fingerprint_equal(&machine, r->whose);
		return r->machine || lost_because(r, LOST_MACHINE, e);
	}
	if (is_old_key(r, key))
		return read_one(old_fields, COUNT(old_fields), &r->old, key, value, e);
	return read_one(r->fields, r->n_fields, r->base, key, value, e);
}

/* What is ours has an expiry; of a follower its source need not say it. */
static bool is_dated(const struct state *s, const struct slot_memory *m)
{
	return (m->created != 0) == (m->expires_us != 0) || (s->follows != NULL && m->created != 0);
}

/* What no save of ours could have written: a ledger that contradicts itself is worth less than
 * none. */
static bool makes_sense(const struct state *s)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		const struct slot_memory *m = &s->slot[i];
		if (!is_dated(s, m) || (m->intent && m->intent_since == 0))
			return false;
	}
	for (size_t i = 0; i < s->n_sinks; i++)
		if (s->sinks[i].name == NULL || s->sinks[i].place == NULL)
			return false;
	return true;
}

/* What stands behind the end is no part of the ledger. What of it was cut off is gone. The length
 * of the rest. */
static size_t take_history(const char *text, size_t len, struct state *s)
{
	const char *at = memmem(text, len, END HISTORY, sizeof(END HISTORY) - 1);

	if (at == NULL)
		return len;
	size_t ledger = (size_t)(at - text) + sizeof(END) - 1, lines = ledger + sizeof(HISTORY) - 1;
	s->history = lines < len ? mem_dup_n(text + lines, len - lines) : NULL;
	return ledger;
}

/* ---- what is left of it ---------------------------------------------------------------------- */

static bool salvage_section(void *ctx, const char *section, int line, struct err *e)
{
	struct reading *r = ctx;

	if (!read_section(ctx, section, line, e))
		r->fields = NULL;
	return true;
}

static bool salvage_pair(void *ctx, const char *section, const char *key, const char *value,
                         int line, struct err *e)
{
	const struct reading *r = ctx;

	(void)section;
	(void)line;
	if (r->fields != NULL)
		(void)!read_one(r->fields, r->n_fields, r->base, key, value, e);
	return true;
}

void state_salvage(const char *text, size_t len, struct state *out)
{
	struct state s = { 0 };
	struct reading r = { .s = &s };
	struct ini_reader reader = { .section = salvage_section, .pair = salvage_pair, .ctx = &r };
	struct err ignored = ERR_INIT;

	len = take_history(text, len, &s);
	(void)!ini_parse_text("state", text, len, &reader, &ignored);
	*out = s;
}

void state_parse(const struct fingerprint *whose, const char *text, size_t len, struct state *out)
{
	struct state s = { 0 };
	struct reading r = { .whose = whose, .s = &s };
	struct ini_reader reader = { .section = read_section, .pair = read_pair, .ctx = &r };
	struct err why = ERR_INIT;

	len = take_history(text, len, &s);
	if (!ini_parse_text("state", text, len, &reader, &why) || r.version == 0 || !r.machine ||
	    !r.end || !makes_sense(&s))
		state_lose(&s, r.why == LOST_NOT ? LOST_DAMAGED : r.why);
	*out = s;
}
