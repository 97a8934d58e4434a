/* SPDX-License-Identifier: MIT */
#include "emulator/effects.h"

#include <stdio.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "emulator/emulator.h"

#define HUGE_BYTES    (10 << 20)
#define GARBAGE_BYTES 2048
/* more would not fit the server's own memory for a connection */
#define FLOOD_BYTES (90 * 1024)
#define FLOOD_LINE  200
#define LINK_MAX    (64 * 1024)
#define NEVER       INT64_MAX

void effects_write_json(const struct json *j, bool twisted, struct buf *out)
{
	bool first = true;

	switch (json_type(j)) {
	case JSON_STRING:
		if (twisted)
			buf_fmt(out, "%zu", strlen(json_text(j)));
		else
			buf_json(out, json_text(j));
		break;
	case JSON_NUMBER:
		buf_fmt(out, twisted ? "\"%.17g\"" : "%.17g", json_number(j));
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		buf_char(out, json_type(j) == JSON_OBJECT ? '{' : '[');
		for (const struct json *m = json_child(j); m != NULL;
		     m = json_next(m), first = false) {
			if (!first)
				buf_char(out, ',');
			if (json_type(j) == JSON_OBJECT) {
				buf_json(out, json_key(m));
				buf_char(out, ':');
			}
			effects_write_json(m, twisted, out);
		}
		buf_char(out, json_type(j) == JSON_OBJECT ? '}' : ']');
		break;
	case JSON_NULL:
		buf_str(out, twisted ? "{}" : "null");
		break;
	default:
		buf_str(out, twisted ? "[]" : json_type(j) == JSON_TRUE ? "true" : "false");
	}
}

static void shape_status(const struct fault *f, struct emulator *emu, struct request *rq,
                         struct reply *rs)
{
	(void)emu;
	(void)rq;
	rs->status = f->status ? (int)f->status : 500;
	rs->content_type = "application/json; charset=utf-8";
	buf_reset(&rs->body);
	if (f->body != NULL)
		buf_str(&rs->body, f->body);
	else
		buf_fmt(&rs->body,
		        "{\"error\":{\"code\":\"EmulatedFault\",\"message\":\"Status %d was asked "
		        "for.\"}}",
		        rs->status);
	for (size_t i = 0; i < f->header.n; i++)
		pairs_set(&rs->header, f->header.item[i].name, f->header.item[i].value);
	if (pairs_get(&f->header, "Content-Type") != NULL)
		rs->content_type = NULL;
}

static void shape_garbage(const struct fault *f, struct emulator *emu, struct request *rq,
                          struct reply *rs)
{
	size_t n = f->bytes >= 0 ? (size_t)f->bytes : GARBAGE_BYTES;

	(void)emu;
	(void)rq;
	buf_reset(&rs->body);
	while (n > 0) {
		uint8_t noise[256];
		size_t piece = n < sizeof(noise) ? n : sizeof(noise);

		crypto_random(noise, piece);
		buf_add(&rs->body, noise, piece);
		n -= piece;
	}
}

static void shape_wrong_types(const struct fault *f, struct emulator *emu, struct request *rq,
                              struct reply *rs)
{
	AUTO_BUF struct buf twisted = BUF_INIT(EXCHANGE_BODY_MAX);
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;

	(void)f;
	(void)emu;
	(void)rq;
	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &j, &ignored))
		return;
	effects_write_json(j, true, &twisted);
	buf_reset(&rs->body);
	buf_add(&rs->body, twisted.data, twisted.len);
}

/* Still one JSON object, with one more member. */
static void shape_huge(const struct fault *f, struct emulator *emu, struct request *rq,
                       struct reply *rs)
{
	size_t n = f->bytes >= 0 ? (size_t)f->bytes : HUGE_BYTES;
	AUTO_BUF struct buf large = BUF_INIT(EXCHANGE_BODY_MAX);
	bool object = rs->body.len > 2 && rs->body.data[rs->body.len - 1] == '}';
	char piece[1024];

	(void)emu;
	(void)rq;
	memset(piece, 'x', sizeof(piece));
	if (object)
		buf_add(&large, rs->body.data, rs->body.len - 1);
	buf_str(&large, object ? ",\"filler\":\"" : "{\"filler\":\"");
	for (size_t done = 0; done < n; done += sizeof(piece))
		buf_add(&large, piece, sizeof(piece));
	buf_str(&large, "\"}");
	buf_reset(&rs->body);
	buf_add(&rs->body, large.data, large.len);
}

static void shape_headers(const struct fault *f, struct emulator *emu, struct request *rq,
                          struct reply *rs)
{
	size_t n = f->bytes >= 0 ? (size_t)f->bytes : FLOOD_BYTES;
	char value[FLOOD_LINE + 1], name[32];

	(void)emu;
	(void)rq;
	if (n > FLOOD_BYTES)
		n = FLOOD_BYTES;
	memset(value, 'y', FLOOD_LINE);
	value[FLOOD_LINE] = '\0';
	for (size_t i = 0; i * FLOOD_LINE < n; i++) {
		(void)snprintf(name, sizeof(name), "X-Filler-%zu", i);
		pairs_add(&rs->header, name, value);
	}
}

static void shape_redirect(const struct fault *f, struct emulator *emu, struct request *rq,
                           struct reply *rs)
{
	(void)emu;
	(void)rq;
	rs->status = f->status ? (int)f->status : 307;
	pairs_set(&rs->header, "Location",
	          f->location != NULL ? f->location : "https://evil.example/");
}

static void put_elsewhere(const char *text, const char *ours, const char *host, struct buf *out)
{
	size_t n = strlen(ours);

	while (*text) {
		if (strncmp(text, ours, n) == 0) {
			buf_fmt(out, "https://%s", host);
			text += n;
		} else {
			buf_char(out, *text++);
		}
	}
}

static void shape_evil_links(const struct fault *f, struct emulator *emu, struct request *rq,
                             struct reply *rs)
{
	static const char *const names[] = { "Location", "Azure-AsyncOperation" };
	const char *host = f->host != NULL ? f->host : "evil.example";
	AUTO_BUF struct buf ours = BUF_INIT(LINK_MAX), body = BUF_INIT(EXCHANGE_BODY_MAX);

	(void)rq;
	emulator_url(emu, &ours);
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_BUF struct buf moved = BUF_INIT(LINK_MAX);
		const char *link = pairs_get(&rs->header, names[i]);

		if (link == NULL)
			continue;
		put_elsewhere(link, buf_cstr(&ours), host, &moved);
		pairs_set(&rs->header, names[i], buf_cstr(&moved));
	}
	put_elsewhere(buf_cstr(&rs->body), buf_cstr(&ours), host, &body);
	buf_reset(&rs->body);
	buf_add(&rs->body, body.data, body.len);
}

/* The long form of an operation that usually answers at once. */
static void shape_accepted(const struct fault *f, struct emulator *emu, struct request *rq,
                           struct reply *rs)
{
	const char *outcome = f->outcome != NULL ? f->outcome : "success";
	bool never = strcmp(outcome, "never") == 0 || fault_ends_later(f),
	     fails = strcmp(outcome, "failure") == 0;
	AUTO_BUF struct buf url = BUF_INIT(LINK_MAX);
	AUTO_FREE char *result = NULL;
	struct operation *op;
	char id[37];

	if (!never && !fails) {
		emulator_act(emu, rq, rs, NULL);
		if (rs->status >= 300)
			return;
		result = mem_dup(buf_cstr(&rs->body));
	}
	crypto_uuid(id);
	(void)pthread_mutex_lock(&emu->lock);
	op = model_add_operation(&emu->model, id,
	                         never ? NEVER : clock_ticks(&emu->clock) + emu->set.settle);
	op->fails = fails;
	op->result = take(&result);
	(void)pthread_mutex_unlock(&emu->lock);
	rs->status = 202;
	buf_reset(&rs->body);
	emulator_url(emu, &url);
	buf_fmt(&url, "/subscriptions/%s/providers/Microsoft.ContainerRegistry/locations/EASTUS",
	        emu->set.subscription);
	exchange_reply_header(rs, "Location", "%s/operationResults/%s?api-version=2023-07-01",
	                      buf_cstr(&url), id);
	if (f->async)
		exchange_reply_header(rs, "Azure-AsyncOperation",
		                      "%s/operationStatuses/%s?api-version=2023-07-01",
		                      buf_cstr(&url), id);
	exchange_reply_header(rs, "Retry-After", "%lld", (long long)emu->set.retry_after);
}

static const struct fault_effect effects[] = {
	{ "pass", true, DELIVER, NULL },
	{ "status", false, DELIVER, shape_status },
	{ "act-status", true, DELIVER, shape_status },
	{ "drop", false, DELIVER_DROP, NULL },
	{ "act-drop", true, DELIVER_DROP, NULL },
	{ "reset", false, DELIVER_RESET, NULL },
	{ "act-reset", true, DELIVER_RESET, NULL },
	{ "hang", false, DELIVER_HANG, NULL },
	{ "act-hang", true, DELIVER_HANG, NULL },
	{ "truncate", true, DELIVER_TRUNCATED, NULL },
	{ "drip", true, DELIVER_DRIP, NULL },
	{ "garbage", true, DELIVER, shape_garbage },
	{ "wrong-types", true, DELIVER, shape_wrong_types },
	{ "huge", true, DELIVER, shape_huge },
	{ "headers", true, DELIVER, shape_headers },
	{ "redirect", false, DELIVER, shape_redirect },
	{ "evil-links", true, DELIVER, shape_evil_links },
	{ "accepted", false, DELIVER, shape_accepted },
	{ "late", false, DELIVER_LATE, shape_status },
};

const struct fault_effect *effects_find(const char *name)
{
	for (size_t i = 0; i < COUNT(effects); i++)
		if (strcmp(effects[i].name, name) == 0)
			return &effects[i];
	return NULL;
}
