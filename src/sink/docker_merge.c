/* SPDX-License-Identifier: MIT */
/* Our entry put into a newer file of another program. */
#include "sink/docker_edit.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sink/docker_doc.h"

/* A member of the whole file, or of its auths, in one of the versions. */
struct item {
	const char *text;
	struct json_member m;
};

static bool same_name(const struct item *a, const char *text, struct span key)
{
	AUTO_BUF struct buf one = BUF_INIT(DOCKER_CONFIG_MAX), two = BUF_INIT(DOCKER_CONFIG_MAX);

	json_span_string(a->text, a->m.key, &one);
	json_span_string(text, key, &two);
	return one.len == two.len && memcmp(buf_cstr(&one), buf_cstr(&two), one.len) == 0;
}

/* Programs indent anew what they did not change. */
static size_t skip_space(const char *text, size_t at, size_t end)
{
	while (at < end && memchr(" \t\r\n", text[at], 4) != NULL)
		at++;
	return at;
}

static bool same_value(const struct item *a, const char *text, struct span b)
{
	size_t i = a->m.value.start, k = b.start;
	bool quoted = false;

	for (;;) {
		if (!quoted) {
			i = skip_space(a->text, i, a->m.value.end);
			k = skip_space(text, k, b.end);
		}
		if (i >= a->m.value.end || k >= b.end)
			return i >= a->m.value.end && k >= b.end;
		char c = a->text[i];
		if (c != text[k])
			return false;
		/* The byte behind a backslash never ends the string. */
		if (quoted && c == '\\' && i + 1 < a->m.value.end && k + 1 < b.end &&
		    a->text[i + 1] == text[k + 1]) {
			i++;
			k++;
		} else if (c == '"') {
			quoted = !quoted;
		}
		i++;
		k++;
	}
}

static const struct json_members *level(const struct docker_doc *d, bool in_auths)
{
	return in_auths ? &d->auths : &d->members;
}

static const struct json_member *find(const struct docker_doc *d, bool in_auths,
                                      const struct item *what)
{
	const struct json_members *all = level(d, in_auths);

	for (size_t i = 0; i < all->n; i++)
		if (same_name(what, d->text, all->m[i].key))
			return &all->m[i];
	return NULL;
}

/* Must `ours` stand in the result, though `theirs` has something else or nothing? */
static bool unknown_to_them(const struct item *ours, bool in_auths, const struct docker_doc *theirs,
                            const struct docker_doc *seen, size_t n)
{
	const struct json_member *their = find(theirs, in_auths, ours), *before;
	bool always = true;

	if (their != NULL && same_value(ours, theirs->text, their->value))
		return false;
	for (size_t i = 0; i < n; i++) {
		before = find(&seen[i], in_auths, ours);
		always = always && before != NULL;
		/* They only carried on what stood there before. */
		if (their != NULL && before != NULL &&
		    same_value(&(struct item){ .text = theirs->text, .m = *their }, seen[i].text,
		               before->value))
			return true;
	}
	/* Missing: taken away on purpose, if whatever they read had it; else they never saw it. */
	return their == NULL && !always;
}

static bool bring(struct buf *text, const char *key, bool in_auths, const struct item *ours,
                  struct err *e)
{
	AUTO_DOCKER_DOC struct docker_doc now;
	AUTO_BUF struct buf out = BUF_INIT(DOCKER_CONFIG_MAX);

	if (!docker_doc_parse(text, key, &now, e))
		return false;
	docker_set(&now, in_auths, find(&now, in_auths, ours), ours->text, &ours->m, &out);
	if (!buf_ok(&out))
		return err_set(e, ERR_LOCAL,
		               "it would be larger than %u bytes, which is what clients read",
		               DOCKER_CONFIG_MAX);
	buf_free(text);
	*text = out;
	out = (struct buf)BUF_INIT(0);
	return true;
}

static bool bring_level(struct buf *text, const char *key, bool in_auths,
                        const struct docker_doc *ours, const struct docker_doc *theirs,
                        const struct docker_doc *seen, size_t n, struct err *e)
{
	const struct json_members *all = level(ours, in_auths);

	for (size_t i = 0; i < all->n; i++) {
		const struct item item = { .text = ours->text, .m = all->m[i] };
		/* auths are merged entry by entry, unless theirs has none at all. */
		bool skip =
			in_auths ? &all->m[i] == ours->entry
				 : &all->m[i] == ours->known[AUTHS] && theirs->known[AUTHS] != NULL;
		if (!skip && unknown_to_them(&item, in_auths, theirs, seen, n) &&
		    !bring(text, key, in_auths, &item, e))
			return false;
	}
	return true;
}

struct docs {
	struct docker_doc *d;
	size_t n;
};

static void docs_clear(struct docs *all)
{
	for (size_t i = 0; i < all->n; i++)
		docker_doc_clear(&all->d[i]);
	free(all->d);
}

bool docker_merge(const struct buf *theirs, const struct buf *ours, const struct buf *seen,
                  size_t n, const char *key, struct buf *out, struct err *e)
{
	AUTO(docs_clear)
	struct docs before = { .d = mem_array(n + 1, sizeof(struct docker_doc)), .n = n };
	AUTO_DOCKER_DOC struct docker_doc t = { .n = 0 };
	AUTO_DOCKER_DOC struct docker_doc o = { .n = 0 };
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);

	if (!docker_doc_parse(theirs, key, &t, e) || !docker_doc_parse(ours, key, &o, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!docker_doc_parse(&seen[i], key, &before.d[i], e))
			return false;
	buf_add(&text, buf_cstr(theirs), theirs->len);
	if (!bring_level(&text, key, false, &o, &t, before.d, n, e))
		return false;
	if (t.known[AUTHS] != NULL && !bring_level(&text, key, true, &o, &t, before.d, n, e))
		return false;
	buf_free(out);
	*out = text;
	text = (struct buf)BUF_INIT(0);
	return true;
}
