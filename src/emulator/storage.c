/* SPDX-License-Identifier: MIT */
#include "emulator/storage.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/str.h"
#include "storage_deed.h"

#define BLOB_MAX (4 << 20)

/* ---- what there is --------------------------------------------------------------------------- */

struct storage *storage_new(void)
{
	struct storage *s = mem_new(sizeof(*s));

	s->version = 0x8DD000000000000;
	return s;
}

static void blob_release(struct storage_blob *b)
{
	mem_free_ptr(&b->container);
	mem_free_ptr(&b->name);
	buf_free(&b->text);
	mem_free_ptr(&b);
}

void storage_free(struct storage *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		blob_release(s->blob[i]);
	mem_free_ptr(&s->blob);
	model_strings_clear(&s->containers);
	mem_free_ptr(&s);
}

bool storage_has(const struct storage *s, const char *container)
{
	for (size_t i = 0; i < s->containers.n; i++)
		if (strcmp(s->containers.item[i], container) == 0)
			return true;
	return false;
}

void storage_add(struct storage *s, const char *name)
{
	if (!storage_has(s, name))
		model_strings_add(&s->containers, name);
}

/* Where it is, or would be. */
static size_t place_of(const struct storage *s, const char *container, const char *name,
                       bool *found)
{
	for (size_t i = 0; i < s->n; i++) {
		int order = strcmp(s->blob[i]->container, container);

		order = order != 0 ? order : strcmp(s->blob[i]->name, name);
		if (order >= 0) {
			*found = order == 0;
			return i;
		}
	}
	*found = false;
	return s->n;
}

static struct storage_blob *find(const struct storage_deed *d)
{
	bool found;
	size_t i = place_of(d->storage, d->container, d->name, &found);

	return found ? d->storage->blob[i] : NULL;
}

static struct storage_blob *find_or_add(const struct storage_deed *d)
{
	struct storage *s = d->storage;
	bool found;
	size_t i = place_of(s, d->container, d->name, &found);

	if (found)
		return s->blob[i];
	if (s->n == s->cap)
		s->blob = mem_grow(s->blob, &s->cap, s->n + 1, sizeof(struct storage_blob *));
	memmove(&s->blob[i + 1], &s->blob[i], (s->n - i) * sizeof(struct storage_blob *));
	s->blob[i] = mem_new(sizeof(**s->blob));
	s->n++;
	s->blob[i]->container = mem_dup(d->container);
	s->blob[i]->name = mem_dup(d->name);
	s->blob[i]->text.max = BLOB_MAX;
	return s->blob[i];
}

static void drop(struct storage *s, size_t i)
{
	blob_release(s->blob[i]);
	memmove(&s->blob[i], &s->blob[i + 1], (--s->n - i) * sizeof(struct storage_blob *));
}

/* ---- conditions ------------------------------------------------------------------------------ */

static bool container_there(struct storage_deed *d)
{
	if (storage_has(d->storage, d->container))
		return true;
	storage_refuse(d, 404, "ContainerNotFound", "The specified container does not exist.");
	return false;
}

static bool blob_there(struct storage_deed *d, const struct storage_blob *b)
{
	if (b == NULL)
		storage_refuse(d, 404, "BlobNotFound", "The specified blob does not exist.");
	return b != NULL;
}

static char *etag_of(const struct storage_blob *b)
{
	return mem_fmt("\"0x%llX\"", (unsigned long long)b->version);
}

/* Only for writing: what is read on a condition is nothing of ours. */
static bool conditions_hold(struct storage_deed *d, const struct storage_blob *b)
{
	const char *match = pairs_get(&d->rq->header, "If-Match"),
		   *none = pairs_get(&d->rq->header, "If-None-Match");
	AUTO_FREE char *etag = b != NULL ? etag_of(b) : NULL;

	if (none != NULL && strcmp(none, "*") == 0 && b != NULL)
		storage_refuse(d, 409, "BlobAlreadyExists", "The specified blob already exists.");
	else if (match != NULL &&
	         (b == NULL || (strcmp(match, "*") != 0 && strcmp(match, etag) != 0)))
		storage_refuse(d, 412, "ConditionNotMet",
		               "The condition specified using HTTP conditional header(s) is not "
		               "met.");
	else if (b != NULL && b->lease[0] != '\0' &&
	         strcmp(pairs_text(&d->rq->header, "x-ms-lease-id"), b->lease) != 0)
		storage_refuse(d, 412, "LeaseIdMissing",
		               "There is currently a lease on the blob and no lease ID was "
		               "specified in the request.");
	else
		return true;
	return false;
}

static void say_version(struct storage_deed *d, int status, const struct storage_blob *b)
{
	AUTO_FREE char *etag = etag_of(b);
	char date[CLOCK_TEXT_MAX];

	d->rs->status = status;
	clock_http_date(b->changed / STR_TICKS_PER_S, date);
	exchange_reply_header(d->rs, "ETag", "%s", etag);
	exchange_reply_header(d->rs, "Last-Modified", "%s", date);
}

/* ---- blobs ----------------------------------------------------------------------------------- */

static void get(struct storage_deed *d)
{
	if (!container_there(d))
		return;
	const struct storage_blob *b = find(d);
	if (!blob_there(d, b))
		return;
	say_version(d, 200, b);
	d->rs->content_type = "text/plain; charset=utf-8";
	exchange_reply_header(d->rs, "x-ms-blob-type", "BlockBlob");
	buf_add(&d->rs->body, buf_cstr(&b->text), b->text.len);
}

static void change_lease(struct storage_deed *d)
{
	struct storage_blob *b = find(d);
	const char *action = pairs_text(&d->rq->header, "x-ms-lease-action");

	if (!blob_there(d, b))
		return;
	bool acquire = strcmp(action, "acquire") == 0;
	if (acquire)
		crypto_uuid(b->lease);
	else
		b->lease[0] = '\0';
	say_version(d, acquire ? 201 : 202, b);
	if (acquire)
		exchange_reply_header(d->rs, "x-ms-lease-id", "%s", b->lease);
}

static void put(struct storage_deed *d)
{
	if (!container_there(d))
		return;
	if (strcmp(pairs_text(&d->rq->query, "comp"), "lease") == 0) {
		change_lease(d);
		return;
	}
	if (strcmp(pairs_text(&d->rq->header, "x-ms-blob-type"), "BlockBlob") != 0) {
		storage_refuse(d, 400, "MissingRequiredHeader",
		               "An HTTP header that's mandatory for this request is not "
		               "specified.");
		return;
	}
	if (!conditions_hold(d, find(d)))
		return;
	struct storage_blob *b = find_or_add(d);
	buf_reset(&b->text);
	buf_add(&b->text, buf_cstr(&d->rq->body), d->rq->body.len);
	b->version = ++d->storage->version;
	b->changed = clock_ticks(&d->emu->clock);
	say_version(d, 201, b);
}

static void delete_blob(struct storage_deed *d)
{
	bool found;

	if (!container_there(d) || !conditions_hold(d, find(d)) || !blob_there(d, find(d)))
		return;
	drop(d->storage, place_of(d->storage, d->container, d->name, &found));
	d->rs->status = 202;
}

/* ---- containers ------------------------------------------------------------------------------ */

static void put_container(struct storage_deed *d)
{
	if (storage_has(d->storage, d->container)) {
		storage_refuse(d, 409, "ContainerAlreadyExists",
		               "The specified container already exists.");
		return;
	}
	storage_add(d->storage, d->container);
	d->rs->status = 201;
}

static void delete_container(struct storage_deed *d)
{
	struct storage *s = d->storage;
	struct strings *c = &s->containers;

	if (!container_there(d))
		return;
	for (size_t i = s->n; i-- > 0;)
		if (strcmp(s->blob[i]->container, d->container) == 0)
			drop(s, i);
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->item[i], d->container) == 0) {
			mem_free_ptr(&c->item[i]);
			memmove(&c->item[i], &c->item[i + 1], (--c->n - i) * sizeof(c->item[0]));
		}
	d->rs->status = 202;
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* Where the door is closed nothing is there. */
static void play(struct emulator *emu, struct request *rq, struct reply *rs, const char *action,
                 void (*act)(struct storage_deed *d))
{
	struct storage_deed d = { .emu = emu,
		                  .storage = emu->storage,
		                  .rq = rq,
		                  .rs = rs,
		                  .container = rq->arg[0],
		                  .name = rq->arg[1] };
	char id[37];

	crypto_uuid(id);
	exchange_reply_header(rs, "x-ms-version", "2021-12-02");
	exchange_reply_header(rs, "x-ms-request-id", "%s", id);
	if (d.storage == NULL) {
		storage_refuse(&d, 404, "ResourceNotFound", "The emulator has no --blob.");
		return;
	}
	if (!storage_admit(&d, action))
		return;
	(void)pthread_mutex_lock(&emu->lock);
	act(&d);
	(void)pthread_mutex_unlock(&emu->lock);
}

#define STORAGE_HANDLER(name, action, act)                                                         \
	static void name(struct emulator *emu, struct request *rq, struct reply *rs)               \
	{                                                                                          \
		play(emu, rq, rs, action, act);                                                    \
	}
STORAGE_HANDLER(on_get, "blobs/read", get)
STORAGE_HANDLER(on_put, "blobs/write", put)
STORAGE_HANDLER(on_delete, "blobs/delete", delete_blob)
STORAGE_HANDLER(on_list, "blobs/read", storage_list)
STORAGE_HANDLER(on_put_container, "write", put_container)
STORAGE_HANDLER(on_delete_container, "delete", delete_container)

static const struct route rows[] = {
	{ "GET", "/" STORAGE_ACCOUNT "/{}", "blob-list", NULL, on_list },
	{ "PUT", "/" STORAGE_ACCOUNT "/{}", "blob-container-create", NULL, on_put_container },
	{ "DELETE", "/" STORAGE_ACCOUNT "/{}", "blob-container-delete", NULL, on_delete_container },
	{ "GET", "/" STORAGE_ACCOUNT "/{}/{*}", "blob-get", NULL, on_get },
	{ "PUT", "/" STORAGE_ACCOUNT "/{}/{*}", "blob-put", NULL, on_put },
	{ "DELETE", "/" STORAGE_ACCOUNT "/{}/{*}", "blob-delete", NULL, on_delete },
};
const struct routes storage_routes = { AREA_STORAGE, rows, COUNT(rows) };
