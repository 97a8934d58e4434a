/* SPDX-License-Identifier: MIT */
/* JSON text as values, in one walk: a list of 50,000 tokens is 50 MB of it. */
#include "output/value.h"

#include "base/buf.h"
#include "base/json_span.h"
#include "base/mem.h"

/* What an object or array has so far; those at the same depth, one after the other, share one. */
struct level {
	struct value_members members;
	struct values items;
};
/* `at` is in a text that json_span_value() has accepted: nothing is checked again. */
struct reader {
	struct arena *arena;
	const char *at, *end;
	struct buf scratch;
	size_t depth;
	struct level level[JSON_SPAN_DEPTH_MAX];
};

static const struct value *read_value(struct reader *r);

static void skip_space(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')
		r->at++;
}

/* Is there another one? What stands before it is passed over. */
static bool next(struct reader *r, char close)
{
	skip_space(r);
	if (*r->at == ',') {
		r->at++;
		skip_space(r);
	}
	if (*r->at != close)
		return true;
	r->at++;
	return false;
}

/* Past a string; nearly none has an escape in it. */
static const struct value *read_string(struct reader *r)
{
	const char *from = r->at++;
	bool escaped = false;

	while (r->at += json_plain(r->at, (size_t)(r->end - r->at)), *r->at != '"') {
		escaped = escaped || *r->at == '\\';
		r->at += *r->at == '\\' ? 2 : 1;
	}
	r->at++;
	if (!escaped)
		return value_text_n(r->arena, from + 1, (size_t)(r->at - from) - 2);
	buf_reset(&r->scratch);
	json_span_string(from, (struct span){ .end = (size_t)(r->at - from) }, &r->scratch);
	return value_text_n(r->arena, buf_cstr(&r->scratch), r->scratch.len);
}

static const struct value *read_number(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at != '\0' && strchr("+-.eE0123456789", *r->at) != NULL)
		r->at++;
	buf_reset(&r->scratch);
	buf_add(&r->scratch, from, (size_t)(r->at - from));
	return value_digits(r->arena, buf_cstr(&r->scratch));
}

static const struct value *read_object(struct reader *r)
{
	struct value_members *m = &r->level[r->depth++].members;

	value_members_clear(m);
	for (r->at++; next(r, '}');) {
		const char *key = read_string(r)->text;
		skip_space(r);
		r->at++; /* the colon */
		skip_space(r);
		value_members_put(m, key, read_value(r));
	}
	r->depth--;
	return value_members_object(r->arena, m, false);
}

static const struct value *read_array(struct reader *r)
{
	struct values *l = &r->level[r->depth++].items;

	l->n = 0;
	for (r->at++; next(r, ']');)
		value_list_add(l, read_value(r));
	r->depth--;
	return value_list_array(r->arena, l);
}

static const struct value *read_word(struct reader *r, const char *word, const struct value *v)
{
	r->at += strlen(word);
	return v;
}

/* Recursion is bounded by JSON_SPAN_DEPTH_MAX. */
static const struct value *read_value(struct reader *r)
{
	switch (*r->at) {
	case '{':
		return read_object(r);
	case '[':
		return read_array(r);
	case '"':
		return read_string(r);
	case 't':
		return read_word(r, "true", &value_true);
	case 'f':
		return read_word(r, "false", &value_false);
	case 'n':
		return read_word(r, "null", &value_null);
	default:
		return read_number(r);
	}
}

static void close_reader(struct reader *r)
{
	for (size_t i = 0; i < COUNT(r->level); i++) {
		value_members_free(&r->level[i].members);
		value_list_free(&r->level[i].items);
	}
	buf_free(&r->scratch);
}

bool value_from_json(struct arena *a, const char *text, size_t len, const struct value **out,
                     struct err *e)
{
	AUTO(close_reader) struct reader r = { .arena = a, .scratch = BUF_INIT(len) };
	struct span whole;
	bool cut;

	if (!json_span_value(text, len, &whole, &cut, e) || !json_span_strings_ok(text, len, e))
		return false;
	r.at = text + whole.start;
	r.end = text + whole.end;
	*out = read_value(&r);
	return true;
}
