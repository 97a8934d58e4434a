/* SPDX-License-Identifier: MIT */
#include "emulator/operation.h"

#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "emulator/acr.h"
#include "emulator/arm.h"
#include "emulator/emulator.h"

#define URL_MAX         (16 * 1024)
#define TICKS_TO_YEAR_1 621355968000000000LL

/* ---- polling URLs ---------------------------------------------------------------------------- */

static void put_mark(const struct emulator *emu, const char *id, const char *t, struct buf *out)
{
	AUTO_FREE char *text = mem_fmt("%s %s %s", emu->nonce, id, t);
	struct fingerprint print;

	crypto_fingerprint_bytes(text, strlen(text), &print);
	crypto_base64(print.b, FINGERPRINT_LEN, true, out);
}

/* Like the real ones: a time, a certificate, a signature, a hash; three kilobytes, and another
 * one at each poll. */
static void put_signed(struct emulator *emu, const char *id, struct buf *url)
{
	AUTO_FREE char *t =
		mem_fmt("%lld", (long long)(clock_ticks(&emu->clock) + TICKS_TO_YEAR_1));
	AUTO_BUF struct buf mark = BUF_INIT(URL_MAX);

	if (emu->set.url_length == 0)
		return;
	put_mark(emu, id, t, &mark);
	buf_fmt(url, "&t=%s&c=MII", t);
	while (url->len + 400 < (size_t)emu->set.url_length)
		buf_str(url, emu->nonce);
	buf_str(url, "&s=");
	for (int i = 0; i < 15; i++)
		buf_str(url, buf_cstr(&mark));
	buf_fmt(url, "&h=%s", buf_cstr(&mark));
}

static bool signature_ok(struct emulator *emu, const struct request *rq, const char *id)
{
	AUTO_BUF struct buf mark = BUF_INIT(URL_MAX);

	if (emu->set.url_length == 0)
		return true;
	put_mark(emu, id, pairs_text(&rq->query, "t"), &mark);
	return strcmp(buf_cstr(&mark), pairs_text(&rq->query, "h")) == 0 &&
	       pairs_get(&rq->query, "c") != NULL && pairs_get(&rq->query, "s") != NULL;
}

static void retry_after(const struct emulator *emu, struct reply *rs)
{
	if (emu->set.retry_after >= 0)
		exchange_reply_header(rs, "Retry-After", "%lld", (long long)emu->set.retry_after);
}

void operation_put_status(struct emulator *emu, const struct request *rq, struct reply *rs,
                          const char *path, const char *id)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	emulator_url(emu, &url);
	buf_fmt(&url, "%s/operationStatuses/%s?api-version=%s", path, id,
	        pairs_text(&rq->query, "api-version"));
	put_signed(emu, id, &url);
	pairs_set(&rs->header, "Azure-AsyncOperation", buf_cstr(&url));
	retry_after(emu, rs);
}

void operation_put_location(struct emulator *emu, const struct request *rq, struct reply *rs,
                            const char *id)
{
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	emulator_url(emu, &url);
	buf_fmt(&url,
	        "/subscriptions/%s/providers/Microsoft.ContainerRegistry/locations/EASTUS/"
	        "operationResults/%s?api-version=%s",
	        emu->set.subscription, id, pairs_text(&rq->query, "api-version"));
	put_signed(emu, id, &url);
	pairs_set(&rs->header, "Location", buf_cstr(&url));
	retry_after(emu, rs);
}

/* The id is the kind and the client's own request id: whoever sends one id twice gets one
 * operation. */
char *operation_begin(struct emulator *emu, const struct request *rq, const char *kind,
                      bool updating)
{
	const char *client = pairs_get(&rq->header, "x-ms-client-request-id");
	struct operation *op;
	char own[37];
	char *id;

	crypto_uuid(own);
	id = mem_fmt("%s-%.64s", kind, client != NULL && *client ? client : own);
	op = model_add_operation(&emu->model, id, clock_ticks(&emu->clock) + emu->set.settle);
	op->updating = updating;
	return id;
}

void operation_answer_deleted(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *id = operation_begin(emu, rq, "token", false);

	rs->status = 202;
	operation_put_location(emu, rq, rs, id);
}

char *operation_named(const char *url)
{
	const char *at = url != NULL ? strstr(url, "/operationResults/") : NULL;

	if (at == NULL)
		return NULL;
	at += strlen("/operationResults/");
	return mem_dup_n(at, strcspn(at, "?"));
}

void operation_end(struct emulator *emu, const char *id, const struct reply *rs)
{
	(void)pthread_mutex_lock(&emu->lock);
	struct operation *op = map_get(&emu->model.operations, id);
	if (op != NULL) {
		op->fails = rs->status >= 300;
		op->result = op->fails ? NULL : mem_dup(buf_cstr(&rs->body));
		op->done = clock_ticks(&emu->clock);
	}
	(void)pthread_mutex_unlock(&emu->lock);
}

/* ---- operations ------------------------------------------------------------------------------ */

static struct operation *operation_of(struct emulator *emu, const struct request *rq,
                                      struct reply *rs, const char *id)
{
	struct operation *op = map_get(&emu->model.operations, id);

	if (op == NULL)
		acr_not_found(rs, id);
	else if (op->result == NULL && !op->fails && op->done != INT64_MAX &&
	         !signature_ok(emu, rq, id))
		emulator_acr_error(rs, 400, "InvalidOperationUrl",
		                   "The URL of the operation %s is not the one that was given.",
		                   id);
	else
		return op;
	return NULL;
}

static void poll_status(struct emulator *emu, struct request *rq, struct reply *rs, const char *id,
                        const char *path)
{
	struct operation *op = operation_of(emu, rq, rs, id);

	if (op == NULL)
		return;
	exchange_reply_json(rs, 200);
	if (clock_ticks(&emu->clock) < op->done)
		buf_fmt(&rs->body, "{\"status\":\"%s\"}", op->updating ? "Updating" : "Creating");
	else if (op->fails)
		buf_str(&rs->body, "{\"status\":\"Failed\",\"error\":{\"code\":\"OperationFailed\","
		                   "\"message\":\"The operation failed.\"}}");
	else
		buf_str(&rs->body, "{\"status\":\"Succeeded\"}");
	operation_put_status(emu, rq, rs, path, id);
}

static char *path_before(const char *path)
{
	const char *end = strcasestr(path, "/operationStatuses/");

	return mem_dup_n(path, end != NULL ? (size_t)(end - path) : strlen(path));
}

static void nested_status(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *path = path_before(rq->path);

	if (arm_registry(emu, rq, rs, true) != NULL)
		poll_status(emu, rq, rs, rq->arg[4], path);
}

static void registry_status(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *path = path_before(rq->path);

	if (arm_registry(emu, rq, rs, true) != NULL)
		poll_status(emu, rq, rs, rq->arg[3], path);
}

static void location_status(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_FREE char *path = path_before(rq->path);

	poll_status(emu, rq, rs, rq->arg[2], path);
}

static void location_result(struct emulator *emu, struct request *rq, struct reply *rs)
{
	struct operation *op = operation_of(emu, rq, rs, rq->arg[2]);

	if (op == NULL)
		return;
	if (clock_ticks(&emu->clock) < op->done) {
		rs->status = 202;
		operation_put_location(emu, rq, rs, op->id);
	} else if (op->fails) {
		emulator_acr_error(rs, 409, "OperationFailed", "The operation failed.");
	} else if (op->result != NULL) {
		exchange_reply_json(rs, 200);
		buf_str(&rs->body, op->result);
	} else {
		rs->status = 200;
	}
}

#define SUB            "/subscriptions/{}"
#define REGISTRY       SUB "/resourceGroups/{}/providers/" ACR_TYPE "/{}"
#define LOCATION       SUB "/providers/Microsoft.ContainerRegistry/locations/{}"
#define LOCATION_RIGHT "Microsoft.ContainerRegistry/locations/operationResults/read"

static const struct route rows[] = {
	{ "GET", REGISTRY "/operationStatuses/{}", "operation", ACR_TYPE "/operationStatuses/read",
	  registry_status },
	{ "GET", REGISTRY "/tokens/{}/operationStatuses/{}", "operation",
	  ACR_TYPE "/tokens/operationStatuses/read", nested_status },
	{ "GET", REGISTRY "/scopeMaps/{}/operationStatuses/{}", "operation",
	  ACR_TYPE "/scopeMaps/operationStatuses/read", nested_status },
	{ "GET", LOCATION "/operationResults/{}", "operation", LOCATION_RIGHT, location_result },
	{ "GET", LOCATION "/operationStatuses/{}", "operation", LOCATION_RIGHT, location_status },
};
const struct routes operation_routes = { AREA_ARM, rows, COUNT(rows) };
