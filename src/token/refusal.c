/* SPDX-License-Identifier: MIT */
/* A refusal of the service in az's words: ARMErrorFormat of azure-mgmt-core. */

#include "token/refusal.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"
#include "output/format.h"
#include "output/value.h"

#define TEXT_MAX  ((size_t)64 * 1024)
#define ARENA_MAX ((size_t)64 * 1024 * 1024)
#define DEPTH_MAX 8 /* details of details */

static const char *reason(int status)
{
	static const struct {
		int status;
		const char *words;
	} rows[] = {
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 300, "Multiple Choices" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Payload Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Entity" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].status == status)
			return rows[i].words;
	return "unknown";
}

/* A service's text may have anything in it: only line breaks stay. */
static void add_line(struct buf *out, const char *before, const char *text)
{
	buf_str(out, before);
	for (; *text != '\0'; text++)
		buf_char(out, (unsigned char)*text < 0x20 && *text != '\n' ? ' ' : *text);
}

static bool is_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

static const char *or_none(const char *s)
{
	return s == NULL ? "None" : s;
}

/* Every line behind a tab. */
static void add_shifted(struct buf *out, const char *text)
{
	for (bool more = true; more;) {
		size_t n = strcspn(text, "\n");
		buf_char(out, '\t');
		buf_add(out, text, n);
		more = text[n] != '\0' && text[n + 1] != '\0';
		text += n + more;
		if (more)
			buf_char(out, '\n');
	}
}

static void add_error(struct buf *out, const struct value *error, int depth);

/* az leaves out a detail without words, and puts the next one on the last line of the one
 * before: here it has its own. */
static void add_details(struct buf *out, const struct value *details, int depth)
{
	const char *before = "\nException Details:";

	for (size_t i = 0; i < details->n; i++) {
		AUTO_BUF struct buf one = BUF_INIT(TEXT_MAX);
		const struct value *d = details->item[i];
		if (value_str(d, "code") == NULL && value_str(d, "message") == NULL)
			continue;
		add_error(&one, d, depth + 1);
		buf_str(out, before);
		add_shifted(out, buf_cstr(&one));
		before = "\n";
	}
}

static bool says_something(const struct value *v)
{
	return v != NULL &&
	       (v->type == VALUE_OBJECT || v->type == VALUE_ARRAY || v->type == VALUE_STRING) &&
	       v->n > 0;
}

static void add_more(struct buf *out, const struct value *list)
{
	const char *before = "\nAdditional Information:";

	for (size_t i = 0; i < list->n; i++) {
		const struct value *info = value_get(list->item[i], "info");
		add_line(out, before, "Type: ");
		add_line(out, "", or_none(value_str(list->item[i], "type")));
		buf_str(out, "\nInfo: ");
		json_dumps(info == NULL ? &value_null : info, out);
		before = "\n";
	}
}

static void add_error(struct buf *out, const struct value *error, int depth)
{
	const char *code = value_str(error, "code"), *message = value_str(error, "message"),
		   *target = value_str(error, "target");
	const struct value *details = value_get(error, "details"),
			   *inner = value_get(error, "innererror"),
			   *more = value_get(error, "additionalInfo");

	add_line(out, "(", or_none(code));
	add_line(out, ") ", or_none(message));
	add_line(out, "\nCode: ", or_none(code));
	add_line(out, "\nMessage: ", or_none(message));
	if (target != NULL && *target != '\0')
		add_line(out, "\nTarget: ", target);
	if (says_something(details) && details->type == VALUE_ARRAY && depth < DEPTH_MAX)
		add_details(out, details, depth);
	if (says_something(inner)) {
		buf_str(out, "\nInner error: ");
		json_dumps(inner, out);
	}
	if (says_something(more) && more->type == VALUE_ARRAY)
		add_more(out, more);
}

void token_refusal_text(const struct http_response *rs, struct buf *out)
{
	AUTO_ARENA struct arena *a = arena_new(ARENA_MAX);
	const struct value *body;
	struct err unread = ERR_INIT;

	if (!value_from_json(a, buf_cstr(&rs->body), rs->body.len, &body, &unread)) {
		buf_fmt(out, "Operation returned an invalid status '%s'", reason(rs->status));
		if (rs->body.len > 0)
			buf_str(out, ", and an answer that is not JSON");
		return;
	}
	const struct value *error = value_get(body, "error");
	error = error == NULL || error->type != VALUE_OBJECT ? body : error;
	if (is_empty(value_str(error, "code")) && is_empty(value_str(error, "message")))
		buf_fmt(out, "Operation returned an invalid status '%s'",
		        rs->status < 300 ? "OK" : reason(rs->status));
	else
		add_error(out, error, 0);
}
