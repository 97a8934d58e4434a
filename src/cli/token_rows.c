/* SPDX-License-Identifier: MIT */
/* Columns of tables, and the words of refusals: what az itself puts together as text. */
#include "cli/token.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "output/format.h"

#define CELL_MAX ((size_t)64 * 1024)

/* Text of a member; a blank where there is none, or nothing in it. */
static const struct value *cell(struct arena *a, const struct value *v, const char *name)
{
	AUTO_BUF struct buf text = BUF_INIT(CELL_MAX);
	const struct value *m = value_get(v, name);

	if (m != NULL && m->type != VALUE_NULL && m->type != VALUE_FALSE)
		write_cell(m, &text);
	return value_text(a, text.len == 0 ? " " : buf_cstr(&text));
}

/* "Enabled" of "enabled": every word, as Python's title(). */
static const struct value *title(struct arena *a, const struct value *v)
{
	AUTO_FREE char *copy = mem_dup(v->text);
	bool inside = false;

	for (char *c = copy; *c != '\0'; c++) {
		bool upper = *c >= 'A' && *c <= 'Z', lower = *c >= 'a' && *c <= 'z';
		if (upper && inside)
			*c = (char)(*c - 'A' + 'a');
		else if (lower && !inside)
			*c = (char)(*c - 'a' + 'A');
		inside = upper || lower;
	}
	return value_text(a, copy);
}

/* The local fields of a time, to the second, and a Z that az puts there whatever the zone. */
static const struct value *date(struct arena *a, const struct value *v)
{
	AUTO_BUF struct buf whole = BUF_INIT(100);

	if (!token_isoformat(v->text, &whole))
		return v;
	AUTO_FREE char *text = mem_fmt("%.19sZ", buf_cstr(&whole));
	return value_text(a, text);
}

static const struct value *expiry(struct arena *a, const struct value *password)
{
	const struct value *v = cell(a, password, "expiry");

	return strcmp(v->text, " ") == 0 ? value_text(a, "Never") : date(a, v);
}

/* "PASSWORD1" and, with a tail, "PASSWORD1 EXPIRY". */
static const char *column(struct arena *a, const struct value *password, const char *tail)
{
	AUTO_FREE char *name = mem_fmt("%s%s", cell(a, password, "name")->text, tail);

	for (char *c = name; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return value_text(a, name)->text;
}

static const struct value *passwords_of(const struct value *v)
{
	const struct value *list = v == NULL ? NULL : value_get(v, "passwords");

	return list != NULL && list->type == VALUE_ARRAY ? list : NULL;
}

static bool has_member(const struct members *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->item[i].key, key) == 0)
			return true;
	return false;
}

const struct value *token_row(struct arena *a, const struct value *token)
{
	AUTO_MEMBERS struct members m = { 0 };
	const char *map = cell(a, token, "scopeMapId")->text, *slash = strrchr(map, '/');
	const struct value *list = passwords_of(value_get(token, "credentials"));

	members_put(&m, "NAME", cell(a, token, "name"));
	members_put(&m, "SCOPE MAP", value_text(a, slash == NULL ? map : slash + 1));
	members_put(&m, "PASSWORD1 EXPIRY", value_text(a, ""));
	members_put(&m, "PASSWORD2 EXPIRY", value_text(a, ""));
	members_put(&m, "STATUS", title(a, cell(a, token, "status")));
	members_put(&m, "PROVISIONING STATE", cell(a, token, "provisioningState"));
	members_put(&m, "CREATION DATE", date(a, cell(a, token, "creationDate")));
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const char *name = column(a, list->item[i], " EXPIRY");
		if (has_member(&m, name))
			members_put(&m, name, expiry(a, list->item[i]));
	}
	return members_object(a, &m, true);
}

const struct value *token_generated_row(struct arena *a, const struct value *generated)
{
	AUTO_MEMBERS struct members m = { 0 };
	const struct value *list = passwords_of(generated);

	members_put(&m, "USERNAME", cell(a, generated, "username"));
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		members_put(&m, column(a, list->item[i], ""), cell(a, list->item[i], "value"));
		members_put(&m, column(a, list->item[i], " EXPIRY"), expiry(a, list->item[i]));
	}
	return members_object(a, &m, true);
}

/* ---- refusals -------------------------------------------------------------------------------------------------------------------- */

static const char *reason(int status)
{
	static const struct { int status; const char *words; } rows[] = {
		{ 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" }, { 301, "Moved Permanently" }, { 302, "Found" },
		{ 307, "Temporary Redirect" }, { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
		{ 412, "Precondition Failed" }, { 413, "Payload Too Large" }, { 429, "Too Many Requests" }, { 500, "Internal Server Error" },
		{ 502, "Bad Gateway" }, { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
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

static const char *or_none(const char *s)
{
	return s == NULL ? "None" : s;
}

static void add_details(struct buf *out, const struct json *details)
{
	for (size_t i = 0; i < json_len(details, ""); i++) {
		const struct json *d = json_at(details, "", i);
		add_line(out, i == 0 ? "\nException Details:\t(" : "\n\t(", or_none(json_str(d, "code")));
		add_line(out, ") ", or_none(json_str(d, "message")));
		add_line(out, "\n\tCode: ", or_none(json_str(d, "code")));
		add_line(out, "\n\tMessage: ", or_none(json_str(d, "message")));
		if (json_str(d, "target") != NULL)
			add_line(out, "\n\tTarget: ", json_str(d, "target"));
	}
}

void token_refusal_text(const struct http_response *rs, struct buf *out)
{
	AUTO_JSON struct json *body = NULL;
	struct err unread = ERR_INIT;

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &body, &unread)) {
		buf_fmt(out, "Operation returned an invalid status '%s'", reason(rs->status));
		if (rs->body.len > 0)
			buf_str(out, ", and an answer that is not JSON");
		return;
	}
	const struct json *error = json_get(body, "error");
	error = error == NULL || json_type(error) != JSON_OBJECT ? body : error;
	const char *code = json_str(error, "code"), *message = json_str(error, "message");
	if (code == NULL && message == NULL) {
		buf_fmt(out, "Operation returned an invalid status '%s'", rs->status < 300 ? "OK" : reason(rs->status));
		return;
	}
	add_line(out, "(", or_none(code));
	add_line(out, ") ", or_none(message));
	add_line(out, "\nCode: ", or_none(code));
	add_line(out, "\nMessage: ", or_none(message));
	if (json_str(error, "target") != NULL)
		add_line(out, "\nTarget: ", json_str(error, "target"));
	if (json_get(error, "details") != NULL)
		add_details(out, json_get(error, "details"));
}
