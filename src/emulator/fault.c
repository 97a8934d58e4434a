/* SPDX-License-Identifier: MIT */
#include "emulator/fault.h"

#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/effects.h"
#include "emulator/route.h"

#define BODY_MAX   (16 << 20)
#define ANSWER_MAX (1 << 20)

struct fault_list {
	pthread_mutex_t lock;
	struct fault **item;
	size_t n, cap;
	_Atomic int living; /* lets the usual request pass without taking the lock */
};

struct fault_list *fault_list_new(void)
{
	struct fault_list *l = mem_new(sizeof(*l));

	(void)pthread_mutex_init(&l->lock, NULL);
	return l;
}

static void fault_free(struct fault *f)
{
	mem_free_ptr(&f->operation);
	mem_free_ptr(&f->method);
	mem_free_ptr(&f->path);
	mem_free_ptr(&f->token);
	mem_free_ptr(&f->body);
	mem_free_ptr(&f->location);
	mem_free_ptr(&f->host);
	mem_free_ptr(&f->outcome);
	pairs_clear(&f->header);
	mem_free_ptr(&f);
}

void fault_list_free(struct fault_list *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		fault_free(l->item[i]);
	mem_free_ptr(&l->item);
	(void)pthread_mutex_destroy(&l->lock);
	mem_free_ptr(&l);
}

static int64_t milliseconds(const struct json *j, const char *name, double fallback)
{
	const struct json *value = json_get(j, name);
	double seconds =
		value != NULL && json_type(value) == JSON_NUMBER ? json_number(value) : fallback;

	return seconds > 0 && seconds < 1e6 ? (int64_t)(seconds * 1000) : 0;
}

static char *text_of(const struct json *j, const char *name)
{
	return mem_dup(json_str(j, name));
}

static int64_t whole(const struct json *j, const char *name, int64_t fallback)
{
	int64_t value = fallback;

	return json_int(j, name, &value) && value >= 0 ? value : fallback;
}

static const char *const members[] = { "operation",   "method",   "path",   "token",
	                               "skip",        "count",    "effect", "status",
	                               "headers",     "body",     "bytes",  "delay_before",
	                               "delay_after", "interval", "after",  "location",
	                               "host",        "outcome",  "async" };

/* A mistyped member or operation would make a test that proves nothing. */
static bool is_known(const struct json *j, struct err *e)
{
	const char *operation = json_str(j, "operation");

	for (const struct json *m = json_child(j); m != NULL; m = json_next(m)) {
		bool known = false;

		for (size_t i = 0; i < COUNT(members); i++)
			known = known || strcmp(members[i], json_key(m)) == 0;
		if (!known)
			return err_set(e, ERR_USAGE, "fault has no member '%s'", json_key(m));
	}
	if (operation != NULL && !route_has_operation(operation))
		return err_set(e, ERR_USAGE, "there is no operation '%s'", operation);
	return true;
}

static void read_body(const struct json *j, struct fault *f)
{
	const struct json *body = json_get(j, "body");
	AUTO_BUF struct buf text = BUF_INIT(BODY_MAX);

	if (body == NULL)
		return;
	if (json_type(body) == JSON_STRING) {
		f->body = mem_dup(json_text(body));
		return;
	}
	effects_write_json(body, false, &text);
	f->body = mem_dup(buf_cstr(&text));
}

static struct fault *fault_read(const struct json *j, struct err *e)
{
	const char *name = json_str(j, "effect");
	const struct fault_effect *effect = effects_find(name != NULL ? name : "pass");
	const struct json *headers = json_get(j, "headers");
	struct fault *f;

	if (json_type(j) != JSON_OBJECT || effect == NULL) {
		(void)err_set(e, ERR_USAGE, "fault has no effect '%s'", name != NULL ? name : "");
		return NULL;
	}
	if (!is_known(j, e))
		return NULL;
	f = mem_new(sizeof(*f));
	f->effect = effect;
	f->operation = text_of(j, "operation");
	f->method = text_of(j, "method");
	f->path = text_of(j, "path");
	f->token = text_of(j, "token");
	f->skip = whole(j, "skip", 0);
	f->count = whole(j, "count", 1);
	f->status = whole(j, "status", 0);
	f->bytes = whole(j, "bytes", -1);
	f->before_ms = milliseconds(j, "delay_before", 0);
	f->after_ms = milliseconds(j, "delay_after", 0);
	f->interval_ms = milliseconds(j, "interval", 1);
	f->late_ms = milliseconds(j, "after", 1);
	f->location = text_of(j, "location");
	f->host = text_of(j, "host");
	f->outcome = text_of(j, "outcome");
	f->async = json_true(j, "async");
	read_body(j, f);
	for (const struct json *h = headers != NULL ? json_child(headers) : NULL; h != NULL;
	     h = json_next(h))
		if (json_key(h) != NULL && json_text(h) != NULL)
			pairs_add(&f->header, json_key(h), json_text(h));
	return f;
}

static void keep(struct fault_list *l, struct fault *f)
{
	(void)pthread_mutex_lock(&l->lock);
	if (l->n == l->cap)
		l->item = mem_grow(l->item, &l->cap, l->n + 1, sizeof(struct fault *));
	l->item[l->n++] = f;
	f->id = (int64_t)l->n;
	atomic_fetch_add(&l->living, 1);
	(void)pthread_mutex_unlock(&l->lock);
}

bool fault_ends_later(const struct fault *f)
{
	return f->outcome != NULL && strcmp(f->outcome, "later") == 0;
}

bool fault_add(struct fault_list *l, const struct json *wanted, struct buf *ids, struct err *e)
{
	bool many = json_type(wanted) == JSON_ARRAY;
	const struct json *j = many ? json_child(wanted) : wanted;

	buf_char(ids, '[');
	for (bool first = true; j != NULL; j = many ? json_next(j) : NULL, first = false) {
		struct fault *f = fault_read(j, e);

		if (f == NULL)
			return false;
		keep(l, f);
		buf_fmt(ids, "%s%lld", first ? "" : ",", (long long)f->id);
	}
	buf_char(ids, ']');
	return true;
}

/* Kept until the end, because a request may be meeting one right now. */
void fault_remove_all(struct fault_list *l)
{
	(void)pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->n; i++)
		l->item[i]->removed = true;
	atomic_store(&l->living, 0);
	(void)pthread_mutex_unlock(&l->lock);
}

void fault_dump(struct fault_list *l, struct buf *out)
{
	bool first = true;

	buf_char(out, '[');
	(void)pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->n; i++) {
		const struct fault *f = l->item[i];

		if (f->removed)
			continue;
		buf_fmt(out, "%s{\"id\":%lld,\"effect\":\"%s\",\"operation\":", first ? "" : ",",
		        (long long)f->id, f->effect->name);
		buf_json(out, f->operation != NULL ? f->operation : "*");
		buf_fmt(out, ",\"seen\":%lld,\"hits\":%lld}", (long long)f->seen,
		        (long long)f->hits);
		first = false;
	}
	(void)pthread_mutex_unlock(&l->lock);
	buf_char(out, ']');
}

static bool glob_or_any(const char *pattern, const char *text)
{
	return pattern == NULL || str_matches(pattern, text);
}

/* The token a request is about: in its path, its body or its credentials. */
static bool about_token(const struct fault *f, const struct request *rq)
{
	AUTO_FREE char *in_path = NULL, *in_body = NULL;

	if (f->token == NULL)
		return true;
	in_path = mem_fmt("*/tokens/%s*", f->token);
	in_body = mem_fmt("*/tokens/%s\"*", f->token);
	return str_matches(in_path, rq->path) || str_matches(in_body, buf_cstr(&rq->body)) ||
	       str_matches(f->token, rq->subject);
}

static bool matches(const struct fault *f, const struct request *rq, const char *operation)
{
	return !f->removed && (f->count == 0 || f->hits < f->count) &&
	       glob_or_any(f->operation, operation) && glob_or_any(f->method, rq->method) &&
	       glob_or_any(f->path, rq->path) && about_token(f, rq);
}

const struct fault *fault_pick(struct fault_list *l, const struct request *rq,
                               const char *operation)
{
	const struct fault *found = NULL;

	if (atomic_load(&l->living) == 0)
		return NULL;
	(void)pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->n; i++) {
		struct fault *f = l->item[i];

		if (matches(f, rq, operation) && f->seen++ >= f->skip) {
			f->hits++;
			found = f;
			break;
		}
	}
	(void)pthread_mutex_unlock(&l->lock);
	return found;
}
