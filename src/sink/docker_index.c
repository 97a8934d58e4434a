/* SPDX-License-Identifier: MIT */
/* What many jobs ask the same file: found once. */
#include "sink/docker_doc.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"

struct docker_index {
	uint32_t *slot; /* the number of an entry, and one, by its name; 0: free */
	size_t size;    /* a power of two, at most half full */
	struct {
		bool known, ok;
		char why[DOCKER_WHY_MAX];
	} shape[DOCKER_READER__COUNT];
	struct {
		bool known;
		const struct json_member *entry;
	} undecodable[DOCKER_READER__COUNT];
};

/* FNV-1a: who chooses the names writes the file, and slows down nobody but itself. */
static size_t hash(const char *name, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* Where the name is, or where it would go. */
static uint32_t *place(const struct docker_doc *d, const char *name, size_t n)
{
	const struct docker_index *x = d->index;
	size_t i = hash(name, n) & (x->size - 1);

	while (x->slot[i] != 0 && !json_span_is(d->text, d->auths.m[x->slot[i] - 1].key, name))
		i = (i + 1) & (x->size - 1);
	return &x->slot[i];
}

/* One with a NUL in its name is nobody's, as for every reader of ours. */
static void add(const struct docker_doc *d, size_t i)
{
	AUTO_BUF struct buf name = BUF_INIT(DOCKER_CONFIG_MAX);

	json_span_string(d->text, d->auths.m[i].key, &name);
	if (memchr(buf_cstr(&name), '\0', name.len) == NULL)
		*place(d, buf_cstr(&name), name.len) = (uint32_t)i + 1;
}

void docker_doc_index(struct docker_doc *d)
{
	struct docker_index *x = mem_new(sizeof(*x));

	for (x->size = 16; x->size < 2 * d->auths.n;)
		x->size *= 2;
	x->slot = mem_array(x->size, sizeof(*x->slot));
	d->index = x;
	for (size_t i = 0; i < d->auths.n; i++)
		add(d, i);
}

void docker_index_free(struct docker_index *x)
{
	if (x == NULL)
		return;
	free(x->slot);
	free(x);
}

const struct json_member *docker_doc_named(const struct docker_doc *d, const char *name)
{
	const struct json_member *hit = NULL;

	if (d->index != NULL) {
		uint32_t at = *place(d, name, strlen(name));
		return at != 0 ? &d->auths.m[at - 1] : NULL;
	}
	for (size_t i = 0; i < d->auths.n; i++)
		if (json_span_is(d->text, d->auths.m[i].key, name))
			hit = &d->auths.m[i];
	return hit;
}

/* ---- of the whole document ------------------------------------------------------------------- */

bool docker_index_shape(const struct docker_doc *d, enum docker_reader reader,
                        char why[static DOCKER_WHY_MAX])
{
	struct docker_index *x = d->index;
	unsigned by;

	if (x == NULL)
		return docker_shape_ok(d, DOCKER_READER_BIT(reader), &by, why);
	if (!x->shape[reader].known)
		x->shape[reader].ok =
			docker_shape_ok(d, DOCKER_READER_BIT(reader), &by, x->shape[reader].why);
	x->shape[reader].known = true;
	if (!x->shape[reader].ok)
		(void)snprintf(why, DOCKER_WHY_MAX, "%s", x->shape[reader].why);
	return x->shape[reader].ok;
}

const struct json_member *docker_index_undecodable(const struct docker_doc *d,
                                                   enum docker_reader reader)
{
	struct docker_index *x = d->index;

	if (x == NULL)
		return docker_reader_undecodable(d, reader);
	if (!x->undecodable[reader].known)
		x->undecodable[reader].entry = docker_reader_undecodable(d, reader);
	x->undecodable[reader].known = true;
	return x->undecodable[reader].entry;
}
