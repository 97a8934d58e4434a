/* SPDX-License-Identifier: MIT */
/* Long-running operations, as azcore's pollers tell them apart. */
#include <stdlib.h>
#include <strings.h>

#include "azure/arm.h"
#include "azure/arm_refusal.h"
#include "azure/arm_url.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

/* what the registry service asks for, where a proxy has stripped its header */
#define DELAY_DEFAULT_MS 10000
#define DELAY_MIN_MS     100

void arm_operation_clear(struct arm_operation *op)
{
	free(op->poll_url);
	free(op->final_url);
	*op = (struct arm_operation){ 0 };
}

static int64_t delay_of(const struct http_response *rs)
{
	if (rs->retry_after_ms < 0)
		return DELAY_DEFAULT_MS;
	return rs->retry_after_ms > DELAY_MIN_MS ? rs->retry_after_ms : DELAY_MIN_MS;
}

enum progress { RUNNING, SUCCEEDED, FAILED };

static enum progress progress_of(const char *state)
{
	static const struct {
		const char *word;
		enum progress is;
	} words[] = {
		{ "Succeeded", SUCCEEDED }, { "Completed", SUCCEEDED }, { "Failed", FAILED },
		{ "Canceled", FAILED },     { "Cancelled", FAILED },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcasecmp(words[i].word, state) == 0)
			return words[i].is;
	return RUNNING;
}

static bool has_url(const struct http_response *rs)
{
	return rs->operation != NULL || rs->location != NULL;
}

/*
 * The resource itself says that it is not finished:
 * {"properties":{"provisioningState":"Creating"}}. One that was just created and says nothing of
 * it is not taken for finished either.
 */
static bool is_unfinished(const struct http_response *rs)
{
	AUTO_JSON struct json *j = NULL;
	struct err unread;
	const char *state = NULL;

	if (rs->body.len > 0 && json_parse(buf_cstr(&rs->body), rs->body.len, &j, &unread))
		state = json_str(j, "properties.provisioningState");
	return state != NULL ? progress_of(state) == RUNNING : rs->status == 201;
}

bool arm_operation_start(struct arm *a, const struct arm_request *rq, const char *original,
                         const struct http_response *rs, struct arm_operation *out, struct err *e)
{
	bool writes = rq->method == HTTP_PUT || rq->method == HTTP_PATCH;
	struct arm_operation op = { .method = rq->method,
		                    .by_status = rs->operation != NULL,
		                    .delay_ms = delay_of(rs) };
	const char *poll = NULL, *final = NULL;

	if (rs->operation != NULL) {
		poll = rs->operation;
		final = writes ? original : rq->method == HTTP_POST ? rs->location : NULL;
	} else if (rs->location != NULL && rs->status != 200 && rs->status != 204) {
		poll = rs->location;
	} else if (writes && (rs->status == 202 || is_unfinished(rs))) {
		poll = original;
	} else if (rs->status == 202) {
		return err_set(e, ERR_REMOTE,
		               "the operation continues, but the service does not say where to "
		               "poll for its result");
	}
	/* Refused here rather than at the first poll: a URL that points elsewhere is a reason to
	 * stop at once. */
	AUTO_FREE char *poll_url = NULL, *final_url = NULL;
	if ((poll != NULL && !arm_pin(a, poll, &poll_url, e)) ||
	    (final != NULL && !arm_pin(a, final, &final_url, e)))
		return false;
	op.poll_url = take(&poll_url);
	op.final_url = take(&final_url);
	*out = op;
	return true;
}

/* Each answer may carry a new signed URL; the old one may die. */
static bool follow(struct arm *a, struct arm_operation *op, const struct http_response *rs,
                   struct err *e)
{
	const char *newer = op->by_status ? rs->operation : rs->location;
	char *pinned;

	if (newer != NULL) {
		if (!arm_pin(a, newer, &pinned, e))
			return false;
		free(op->poll_url);
		op->poll_url = pinned;
	}
	op->delay_ms = delay_of(rs);
	return true;
}

static bool read_status(const struct http_response *rs, enum progress *out, struct err *e)
{
	AUTO_JSON struct json *j = NULL;

	if (rs->body.len == 0 && rs->status == 202) {
		*out = RUNNING;
		return true;
	}
	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &j, e))
		return err_in(e, "the state of the operation");
	const char *state = json_str(j, "status");
	if (state == NULL)
		return err_set(e, ERR_REMOTE,
		               "the service does not report the status of the operation");
	if (progress_of(state) == FAILED)
		return arm_failed(j, rs, state, e);
	*out = progress_of(state);
	return true;
}

/* Polled at its Location: 202 while it runs, whatever the answer then is, is the result. */
static bool read_location(const struct http_response *rs, enum progress *out, struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	struct err unread;
	const char *state = NULL;

	if (rs->status != 202 && rs->body.len > 0 &&
	    json_parse(buf_cstr(&rs->body), rs->body.len, &j, &unread))
		state = json_str(j, "properties.provisioningState");
	if (state != NULL && progress_of(state) == FAILED)
		return arm_failed(j, rs, state, e);
	*out = rs->status == 202 || (state != NULL && progress_of(state) == RUNNING) ? RUNNING
	                                                                             : SUCCEEDED;
	return true;
}

bool arm_operation_poll(struct arm *a, struct http *h, struct arm_operation *op, bool *done,
                        struct http_response *result, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 }, end = { 0 };
	enum progress progress = RUNNING;

	if (!arm_send(a, h, &(struct arm_request){ .method = HTTP_GET, .path = op->poll_url }, &rs,
	              e))
		return false;
	if (!(op->by_status ? read_status(&rs, &progress, e) : read_location(&rs, &progress, e)))
		return false;
	if (progress == RUNNING) {
		if (has_url(&rs) || rs.retry_after_ms >= 0) {
			if (!follow(a, op, &rs, e))
				return false;
		}
		*done = false;
		return true;
	}
	/* When this fails, the next poll finds the operation ended again, and comes back here. */
	if (op->final_url != NULL &&
	    !arm_send(a, h, &(struct arm_request){ .method = HTTP_GET, .path = op->final_url },
	              &end, e))
		return false;
	*result = op->final_url != NULL ? end : rs;
	if (op->final_url != NULL)
		end = (struct http_response){ 0 };
	else
		rs = (struct http_response){ 0 };
	free(op->poll_url);
	op->poll_url = NULL;
	*done = true;
	return true;
}
