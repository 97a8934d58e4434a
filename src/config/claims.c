/* SPDX-License-Identifier: MIT */
#include "config/claims.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/common.h"
#include "config/expand.h"
#include "config/job.h"

/* By its print, not its text: of ten thousand jobs the texts would be most of what a run keeps
 * in memory. */
struct claim {
	struct fingerprint entry;
	uint32_t owner;
}; /* the job's number and one; 0: free */
/* Two jobs want one entry. Which of them was there first is not for the order of names to say. */
struct clash {
	size_t one, other;
	char *entry;
};
struct claims {
	struct claim *slot; /* open addressing; size is a power of two, at most half full */
	size_t size, used;
	struct clash *clash;
	size_t n_clashes, capacity;
};

#define FIRST_SIZE 64

struct claims *claims_new(void)
{
	struct claims *c = mem_new(sizeof(*c));

	c->size = FIRST_SIZE;
	c->slot = mem_array(c->size, sizeof(*c->slot));
	return c;
}

void claims_free(struct claims *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_clashes; i++) {
		free(c->clash[i].entry);
	}
	free(c->clash);
	free(c->slot);
	free(c);
}

/* Where the entry is, or where it would go. */
static struct claim *place(struct claim *slot, size_t size, const struct fingerprint *entry)
{
	size_t i;

	memcpy(&i, entry->b, sizeof(i));
	for (i &= size - 1; slot[i].owner != 0 && !fingerprint_equal(&slot[i].entry, entry);
	     i = (i + 1) & (size - 1))
		;
	return &slot[i];
}

static void make_room(struct claims *c)
{
	if (c->used * 2 < c->size)
		return;
	struct claim *bigger = mem_array(c->size * 2, sizeof(*bigger));
	for (size_t i = 0; i < c->size; i++)
		if (c->slot[i].owner != 0)
			*place(bigger, c->size * 2, &c->slot[i].entry) = c->slot[i];
	free(c->slot);
	c->slot = bigger;
	c->size *= 2;
}

/* "token:cloud:registry/name" and "docker:path:key" are for comparing; people want to read less. */
static bool say(struct err *e, const char *entry, const char *other)
{
	static const char token[] = "token:";
	const char *name = strrchr(entry, ':') + 1;

	if (strncmp(entry, token, sizeof(token) - 1) == 0)
		return err_set(e, ERR_CONFIG,
		               "token '%s' belongs to job '%s' too; one job per token, with a sink "
		               "for each place",
		               name, other);
	return err_set(e, ERR_CONFIG, "a sink of job '%s' writes the same entry (%s)", other,
	               entry);
}

/* Where an entry is claimed, or would be: then its owner is 0. */
static struct claim *claim_of(struct claims *c, const char *entry, struct fingerprint *print)
{
	make_room(c);
	crypto_fingerprint_bytes(entry, strlen(entry), print);
	return place(c->slot, c->size, print);
}

static void clash(struct claims *c, size_t first, size_t i, const char *entry)
{
	c->clash = mem_grow(c->clash, &c->capacity, c->n_clashes + 1, sizeof(*c->clash));
	c->clash[c->n_clashes++] =
		(struct clash){ .one = first, .other = i, .entry = mem_dup(entry) };
}

static void claim(struct claims *c, size_t i, struct claim *at, const struct fingerprint *print)
{
	if (at->owner != 0)
		return;
	*at = (struct claim){ .entry = *print, .owner = (uint32_t)i + 1 };
	c->used++;
}

static void add_entry(struct claims *c, size_t i, const char *entry)
{
	struct fingerprint print;
	struct claim *at = claim_of(c, entry, &print);

	claim(c, i, at, &print);
	if (at->owner - 1 != i)
		clash(c, at->owner - 1, i, entry);
}

/* The other way to name the registry: by the name alone, or with the hash of a label. Who does the
 * one may mean the same as anybody who does the other; two hashes are two registries. */
static void meet_others(struct claims *c, size_t i, const struct job *j)
{
	AUTO_BUF struct buf named = BUF_INIT(EXPAND_MAX), labelled = BUF_INIT(EXPAND_MAX);
	bool is_labelled = job_token_ways(j, &named, &labelled);
	struct fingerprint print;
	struct claim *other = claim_of(c, buf_cstr(is_labelled ? &named : &labelled), &print);

	if (other->owner != 0 && other->owner - 1 != i)
		clash(c, other->owner - 1, i, buf_cstr(&named));
	if (!is_labelled)
		return;
	struct claim *own = claim_of(c, buf_cstr(&labelled), &print);
	claim(c, i, own, &print);
}

void claims_add(struct claims *c, size_t i, const struct job *j)
{
	AUTO_BUF struct buf entry = BUF_INIT(EXPAND_MAX);

	/* Any number of jobs may follow one token, beside the one that rotates it. */
	if (j->source == NULL) {
		job_token_entry(j, &entry);
		add_entry(c, i, buf_cstr(&entry));
		meet_others(c, i, j);
	}
	for (size_t k = 0; k < j->n_sinks; k++) {
		buf_reset(&entry);
		job_sink_entry(j, k, &entry);
		add_entry(c, i, buf_cstr(&entry));
	}
}

/* The other one of a clash that `i` is part of, or SIZE_MAX. */
static size_t rival_in(const struct clash *k, size_t i)
{
	return k->one == i ? k->other : k->other == i ? k->one : SIZE_MAX;
}

bool claims_ok(const struct claims *c, size_t i, const struct claims_judge *judge, struct err *e)
{
	for (size_t k = 0; k < c->n_clashes; k++) {
		size_t rival = rival_in(&c->clash[k], i);
		if (rival != SIZE_MAX &&
		    !(judge->was_there(judge->ctx, i) && !judge->was_there(judge->ctx, rival)))
			return say(e, c->clash[k].entry, judge->name(judge->ctx, rival));
	}
	return true;
}

size_t claims_rival(const struct claims *c, size_t i)
{
	for (size_t k = 0; k < c->n_clashes; k++)
		if (rival_in(&c->clash[k], i) != SIZE_MAX)
			return rival_in(&c->clash[k], i);
	return SIZE_MAX;
}
