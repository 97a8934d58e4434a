/* SPDX-License-Identifier: MIT */
/*
 * A config.json, edited: every byte outside our entry stays, the result is JSON, the entry reads
 * back, a second edit changes nothing. With two bytes 0x01 in it: three versions, merged:
 * nothing of the other writer's is missing, and what is added is ours.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/json_span.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"
#include "sink/docker_doc.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"

#define KEY "r.io"

static struct buf copy_of(const uint8_t *p, size_t n)
{
	struct buf b = BUF_INIT(DOCKER_CONFIG_MAX);

	buf_add(&b, p, n);
	return b;
}

static void must_be_json(const struct buf *text)
{
	struct err e = ERR_INIT;
	struct span s;
	bool cut;

	must(json_span_value(buf_cstr(text), text->len, &s, &cut, &e));
}

/* What an edit may take away: our entry, the empty object or null that it is put into, or the
 * white space of a file that has nothing else. */
static size_t may_go(const struct buf *before)
{
	struct docker_doc d;
	struct err e = ERR_INIT;
	struct span s = { .start = 0 };

	must(docker_doc_parse(before, KEY, &d, &e));
	if (d.blank)
		s.end = before->len;
	else if (d.entry != NULL)
		s = d.entry->value;
	else if (d.known[AUTHS] != NULL && d.auths.n == 0)
		s = d.known[AUTHS]->value;
	else if (d.null_auths != NULL)
		s = d.null_auths->value;
	else if (d.members.n == 0)
		s = d.top;
	docker_doc_clear(&d);
	return s.end - s.start;
}

static void must_keep_the_rest(const struct buf *before, const struct buf *after)
{
	size_t head = 0, tail = 0, least = before->len < after->len ? before->len : after->len;

	while (head < least && before->data[head] == after->data[head])
		head++;
	while (tail < least &&
	       before->data[before->len - 1 - tail] == after->data[after->len - 1 - tail])
		tail++;
	must(head + tail + may_go(before) >= before->len);
}

static bool is_legacy(const struct buf *text)
{
	struct docker_doc d;
	struct err e = ERR_INIT;

	must(docker_doc_parse(text, KEY, &d, &e));
	bool legacy = d.legacy;
	docker_doc_clear(&d);
	return legacy;
}

/* The same answers by an index, at once and once more. */
static void must_agree(struct docker_doc *d, enum docker_reader reader,
                       const struct docker_answer *a)
{
	struct docker_answer b[2];

	docker_doc_index(d);
	for (size_t i = 0; i < COUNT(b); i++) {
		docker_reader_ask(d, reader, KEY "/team/app", &b[i]);
		must(b[i].sends == a->sends && b[i].entry == a->entry &&
		     b[i].helper.start == a->helper.start && strcmp(b[i].why, a->why) == 0);
	}
	must(docker_doc_named(d, KEY) == d->entry);
	docker_index_free(d->index);
	d->index = NULL;
}

/* What each of them makes of it: an entry of the text, a helper's name in it, or nothing. */
static void readers(const struct buf *text)
{
	AUTO_DOCKER_DOC struct docker_doc d = { .n = 0 };
	struct err e = ERR_INIT;

	if (!docker_doc_parse(text, KEY, &d, &e))
		return;
	for (int i = 0; i < DOCKER_READER__COUNT; i++) {
		struct docker_answer a;
		struct docker_entry entry;
		docker_reader_ask(&d, (enum docker_reader)i, KEY "/team/app", &a);
		must_agree(&d, (enum docker_reader)i, &a);
		must((a.entry != NULL) ==
		     (a.sends == DOCKER_SENDS_ENTRY || a.sends == DOCKER_SENDS_BY_CHANCE));
		must(a.sends != DOCKER_SENDS_HELPERS ||
		     (a.helper.start < a.helper.end && a.helper.end <= d.n));
		must(a.sends != DOCKER_DROPS_FILE || a.why[0] != '\0');
		if (a.entry == NULL)
			continue;
		docker_reader_credential(&d, (enum docker_reader)i, a.entry, &entry);
		must(entry.password == NULL || entry.username != NULL);
		docker_entry_clear(&entry);
	}
}

static void edit(const struct buf *before)
{
	static char server[] = KEY, user[] = "u";
	struct credential c = { .server = server,
		                .username = user,
		                .password = secret_new("p:w", 3) };
	struct buf after = BUF_INIT(DOCKER_CONFIG_MAX), again = BUF_INIT(DOCKER_CONFIG_MAX),
		   note = BUF_INIT(ERR_TEXT_MAX);
	struct docker_entry entry = { .found = false };
	struct err e = ERR_INIT;

	bool readable = docker_look(before, KEY, &entry, &e);
	docker_entry_clear(&entry);
	readers(before);
	(void)!docker_shadow(before, KEY, DOCKER_READERS_ALL, &note, &e);
	bool ok = docker_put(before, KEY, &c, &after, &e);
	must(ok || !readable || is_legacy(before));
	if (ok) {
		must_be_json(&after);
		must_keep_the_rest(before, &after);
		must(docker_look(&after, KEY, &entry, &e) && entry.username != NULL &&
		     entry.password != NULL);
		must(strcmp(entry.username, "u") == 0 && secret_equal(entry.password, c.password));
		must(docker_put(&after, KEY, &c, &again, &e));
		must(again.len == after.len && memcmp(again.data, after.data, after.len) == 0);
	}
	docker_entry_clear(&entry);
	buf_free(&note);
	buf_free(&after);
	buf_free(&again);
	secret_free(c.password);
}

static bool has_name(const struct json_members *all, const char *text, const char *other,
                     struct span name)
{
	struct buf want = BUF_INIT(DOCKER_CONFIG_MAX);
	bool hit = false;

	json_span_string(other, name, &want);
	for (size_t i = 0; i < all->n && !hit; i++) {
		struct buf said = BUF_INIT(DOCKER_CONFIG_MAX);
		json_span_string(text, all->m[i].key, &said);
		hit = said.len == want.len &&
		      memcmp(buf_cstr(&said), buf_cstr(&want), want.len) == 0;
		buf_free(&said);
	}
	buf_free(&want);
	return hit;
}

static void merge(const struct buf *theirs, const struct buf *ours, const struct buf *seen)
{
	struct buf out = BUF_INIT(DOCKER_CONFIG_MAX);
	struct docker_doc t, o, r;
	struct err e = ERR_INIT;

	if (docker_merge(theirs, ours, seen, 1, KEY, &out, &e)) {
		must(docker_doc_parse(theirs, KEY, &t, &e) && docker_doc_parse(ours, KEY, &o, &e) &&
		     docker_doc_parse(&out, KEY, &r, &e));
		for (size_t i = 0; i < t.auths.n; i++)
			must(has_name(&r.auths, r.text, t.text, t.auths.m[i].key));
		for (size_t i = 0; i < t.members.n; i++)
			must(has_name(&r.members, r.text, t.text, t.members.m[i].key));
		for (size_t i = 0; i < r.auths.n; i++)
			must(has_name(&t.auths, t.text, r.text, r.auths.m[i].key) ||
			     has_name(&o.auths, o.text, r.text, r.auths.m[i].key));
		docker_doc_clear(&t);
		docker_doc_clear(&o);
		docker_doc_clear(&r);
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	const uint8_t *one = memchr(data, 1, size);
	const uint8_t *two =
		one != NULL ? memchr(one + 1, 1, size - (size_t)(one + 1 - data)) : NULL;
	if (two == NULL) {
		struct buf text = copy_of(data, size);
		edit(&text);
		buf_free(&text);
		return 0;
	}
	struct buf a = copy_of(data, (size_t)(one - data)),
		   b = copy_of(one + 1, (size_t)(two - one - 1));
	struct buf c = copy_of(two + 1, size - (size_t)(two + 1 - data));
	merge(&a, &b, &c);
	buf_free(&a);
	buf_free(&b);
	buf_free(&c);
	return 0;
}
