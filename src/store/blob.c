/* SPDX-License-Identifier: MIT */
/*
 * Records in a container of Azure Blob Storage: a block blob for each, PREFIX/NAME.state, whose
 * ETag is the record's version. There are no locks. No secret is in a record.
 *
 * Job names need no escaping in a URL: letters, digits and ". _ - @".
 */
#include "azure/blob.h"

#include <stdlib.h>

#include "azure/blob_place.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/store.h"

#define SUFFIX ".state"
#define LOST   SUFFIX ".lost"
#define BEFORE LOST ".1"

struct blob_store {
	struct store base;
	struct blob *blob;
	struct blob_place place;
};

static const struct blob_store *of(const struct store *s)
{
	return (const struct blob_store *)(const void *)s;
}

static char *blob_name(const char *name, const char *suffix)
{
	return mem_fmt("%s%s", name, suffix);
}

static bool conflict(struct err *e)
{
	return err_set(e, ERR_CONFLICT, "another rotator is at work on it");
}

static void blob_describe(const struct store *s, const char *name, struct buf *out)
{
	buf_fmt(out, "%s/%s%s" SUFFIX, of(s)->place.url, of(s)->place.prefix, name);
}

/* All who write the same container's URL share it, and nobody else has it. */
static bool blob_identity(const struct store *s, struct fingerprint *out, struct err *e)
{
	const char *url = of(s)->place.url;

	(void)e;
	crypto_fingerprint_bytes(url, strlen(url), out);
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_text(const struct store *s, const char *blob, struct store_record *out,
                      struct err *e)
{
	AUTO_RECORD struct store_record r = { .text = BUF_INIT(STORE_RECORD_MAX) };
	enum blob_answer answer;

	if (!blob_get(of(s)->blob, blob, &answer, &r.text, &r.version, e))
		return false;
	r.exists = answer == BLOB_DONE;
	*out = r;
	r = (struct store_record){ 0 };
	return true;
}

static bool blob_load(const struct store *s, const char *name, struct store_record *out,
                      struct err *e)
{
	AUTO_FREE char *blob = blob_name(name, SUFFIX);

	return read_text(s, blob, out, e);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Another version is there: that of a try of ours whose reply was lost, or another rotator's. */
static bool is_ours(const struct store *s, const char *blob, const struct buf *text, char **version,
                    struct err *e)
{
	AUTO_RECORD struct store_record there = { 0 };

	if (!read_text(s, blob, &there, e))
		return false;
	if (!there.exists || !buf_equal(&there.text, text))
		return conflict(e);
	free(*version);
	*version = take(&there.version);
	return true;
}

static bool write_text(const struct store *s, const char *blob, const struct buf *text,
                       char **version, struct err *e)
{
	enum blob_answer answer;

	if (!blob_put(of(s)->blob, blob, text, &answer, version, e))
		return false;
	return answer == BLOB_DONE || is_ours(s, blob, text, version, e);
}

static bool blob_save(const struct store *s, const char *name, const struct buf *text,
                      enum store_safety safety, char **version, struct err *e)
{
	AUTO_FREE char *blob = blob_name(name, SUFFIX);

	(void)safety; /* what the service has taken, it has */
	return write_text(s, blob, text, version, e);
}

/* Over whatever is there: on its version, so that two who keep something each do it. */
static bool keep_as(const struct store *s, const char *name, const char *suffix,
                    const struct buf *text, struct err *e)
{
	AUTO_FREE char *blob = blob_name(name, suffix);
	AUTO_RECORD struct store_record there = { 0 };

	return read_text(s, blob, &there, e) && ((there.exists && buf_equal(&there.text, text)) ||
	                                         write_text(s, blob, text, &there.version, e));
}

/* What was kept already is not moved on by keeping it again: another rotator may do the same. */
static bool blob_set_aside(const struct store *s, const char *name, struct err *e)
{
	AUTO_RECORD struct store_record now = { 0 }, lost = { 0 };
	AUTO_FREE char *blob = blob_name(name, SUFFIX), *kept = blob_name(name, LOST);

	if (!read_text(s, blob, &now, e) || !read_text(s, kept, &lost, e))
		return false;
	if (!now.exists || (lost.exists && buf_equal(&lost.text, &now.text)))
		return true;
	return (!lost.exists || keep_as(s, name, BEFORE, &lost.text, e)) &&
	       write_text(s, kept, &now.text, &lost.version, e);
}

static bool blob_load_lost(const struct store *s, const char *name, int before,
                           struct store_record *out, struct err *e)
{
	AUTO_FREE char *kept = blob_name(name, before > 0 ? BEFORE : LOST);

	return read_text(s, kept, out, e);
}

/* What cannot be read is. */
static bool is_there(const struct store *s, const char *blob)
{
	AUTO_RECORD struct store_record now = { .exists = true };
	struct err ignored = ERR_INIT;

	(void)!read_text(s, blob, &now, &ignored);
	return now.exists;
}

static bool blob_remove(const struct store *s, const char *name, struct err *e)
{
	AUTO_RECORD struct store_record there = { 0 };
	AUTO_FREE char *blob = blob_name(name, SUFFIX);
	enum blob_answer answer = BLOB_DONE;

	if (!read_text(s, blob, &there, e) ||
	    (there.exists && !blob_delete(of(s)->blob, blob, there.version, &answer, e)))
		return false;
	if (!there.exists)
		return err_set(e, ERR_MISSING, "there is no blob '%s%s' in container '%s'",
		               of(s)->place.prefix, blob, of(s)->place.container);
	/* If it is gone, the reply to an earlier try was lost. */
	return answer != BLOB_STALE || !is_there(s, blob) || conflict(e);
}

static bool blob_may_write(const struct store *s, const char *name, struct err *e)
{
	AUTO_FREE char *blob = blob_name(name, SUFFIX);

	return blob_may(of(s)->blob, blob, e);
}

static bool blob_store_ready(const struct store *s, const char *name, bool exists, int64_t life_s,
                             struct err *e)
{
	(void)name;
	(void)exists;
	return blob_ready(of(s)->blob, life_s, e);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool is_job_name(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!str_is_name(name[i]) && name[i] != '@')
			return false;
	return n > 0 && (str_is_letter(name[0]) || str_is_digit(name[0]));
}

static bool add_name(void *ctx, const char *name, struct err *e)
{
	size_t n = strlen(name), suffix = strlen(SUFFIX);

	(void)e;
	if (n > suffix && strcmp(name + n - suffix, SUFFIX) == 0 && is_job_name(name, n - suffix))
		store_names_add(ctx, name, n - suffix);
	return true;
}

static bool blob_list_all(const struct store *s, struct store_names *out, struct err *e)
{
	return blob_list(of(s)->blob, add_name, out, e);
}

static void blob_close(struct store *s)
{
	struct blob_store *b = (struct blob_store *)(void *)s;

	blob_free(b->blob);
	blob_place_clear(&b->place);
	free(b);
}

static const struct store_ops blob_ops = {
	.shared = true,
	.identity = blob_identity,
	.describe = blob_describe,
	.load = blob_load,
	.save = blob_save,
	.set_aside = blob_set_aside,
	.load_lost = blob_load_lost,
	.remove = blob_remove,
	.list = blob_list_all,
	.may = blob_may_write,
	.ready = blob_store_ready,
	.close = blob_close,
};

struct store *store_blob_open(struct blob_place *place, struct arm *arm, struct http_lender *lender,
                              const struct env *env)
{
	struct blob_store *b = mem_new(sizeof(*b));

	b->base.ops = &blob_ops;
	b->place = *place;
	*place = (struct blob_place){ .url = NULL };
	b->blob = blob_new(&b->place, arm, lender, env);
	return &b->base;
}
