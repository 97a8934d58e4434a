/* SPDX-License-Identifier: MIT */
/* A container's blobs, page by page. */
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/str.h"
#include "storage_deed.h"

#define MARKER_MAX 8192

/* What continues a list is nobody's business, and has characters that a URL must escape. */
static char *marker_of(const char *name)
{
	AUTO_BUF struct buf b = BUF_INIT(MARKER_MAX);

	buf_str(&b, "2!92!");
	crypto_base64(name, strlen(name), false, &b);
	return mem_dup(buf_cstr(&b));
}

struct page {
	const char *container, *prefix, *delimiter, *from;
	size_t at;
	int64_t most, shown;
	char *folder; /* the last one that was shown, or NULL */
};

static const struct storage_blob *next_blob(const struct storage *s, struct page *p)
{
	for (; p->at < s->n; p->at++) {
		const struct storage_blob *b = s->blob[p->at];
		AUTO_FREE char *marker = *p->from != '\0' ? marker_of(b->name) : NULL;

		if (strcmp(b->container, p->container) != 0 ||
		    strncmp(b->name, p->prefix, strlen(p->prefix)) != 0 ||
		    (marker != NULL && strcmp(marker, p->from) != 0))
			continue;
		p->from = "";
		return b;
	}
	return NULL;
}

static bool in_folder(const struct page *p, const struct storage_blob *b, size_t *len)
{
	const char *below = b->name + strlen(p->prefix),
		   *end = *p->delimiter != '\0' ? strstr(below, p->delimiter) : NULL;

	if (end == NULL)
		return false;
	*len = (size_t)(end - b->name) + strlen(p->delimiter);
	return true;
}

static void put_folder(struct page *p, const struct storage_blob *b, size_t len, struct buf *out)
{
	AUTO_FREE char *folder = mem_dup_n(b->name, len);

	if (p->folder != NULL && strcmp(p->folder, folder) == 0)
		return;
	buf_str(out, "<BlobPrefix><Name>");
	storage_xml(folder, out);
	buf_str(out, "</Name></BlobPrefix>");
	p->shown++;
	mem_free_ptr(&p->folder);
	p->folder = take(&folder);
}

static void put_blob(struct page *p, const struct storage_blob *b, struct buf *out)
{
	char date[CLOCK_TEXT_MAX];

	clock_http_date(b->changed / STR_TICKS_PER_S, date);
	buf_str(out, "<Blob><Name>");
	storage_xml(b->name, out);
	buf_fmt(out,
	        "</Name><Properties><Last-Modified>%s</Last-Modified><Etag>0x%llX</Etag>"
	        "<Content-Length>%zu</Content-Length><Content-Type>text/plain; "
	        "charset=utf-8</Content-Type><Content-Encoding /><Content-MD5 />"
	        "<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
	        "<LeaseStatus>%s</LeaseStatus></Properties><OrMetadata /></Blob>",
	        date, (unsigned long long)b->version, b->text.len,
	        b->lease[0] != '\0' ? "locked" : "unlocked");
	p->shown++;
}

static void put_page(const struct storage *s, struct page *p, struct buf *out)
{
	const struct storage_blob *b;
	size_t len;

	for (; (b = next_blob(s, p)) != NULL && p->shown < p->most; p->at++) {
		if (in_folder(p, b, &len))
			put_folder(p, b, len, out);
		else
			put_blob(p, b, out);
	}
	buf_str(out, "</Blobs>");
	AUTO_FREE char *next = b != NULL ? marker_of(b->name) : NULL;
	buf_fmt(out, next != NULL ? "<NextMarker>%s</NextMarker>" : "<NextMarker />", next);
	buf_str(out, "</EnumerationResults>");
	mem_free_ptr(&p->folder);
}

void storage_list(struct storage_deed *d)
{
	const char *most = pairs_get(&d->rq->query, "maxresults");
	struct page p = { .container = d->container,
		          .prefix = pairs_text(&d->rq->query, "prefix"),
		          .delimiter = pairs_text(&d->rq->query, "delimiter"),
		          .from = pairs_text(&d->rq->query, "marker"),
		          .most = d->emu->set.page };

	if (!storage_has(d->storage, d->container)) {
		storage_refuse(d, 404, "ContainerNotFound",
		               "The specified container does not exist.");
		return;
	}
	if (most != NULL && !str_int(most, 1, 5000, &p.most)) {
		storage_refuse(d, 400, "OutOfRangeQueryParameterValue",
		               "One of the query parameters specified in the request URI is "
		               "outside the permissible range.");
		return;
	}
	d->rs->status = 200;
	d->rs->content_type = "application/xml";
	buf_fmt(&d->rs->body,
	        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults "
	        "ServiceEndpoint=\"https://localhost:%lld/" STORAGE_ACCOUNT
	        "/\" ContainerName=\"%s\"><Blobs>",
	        (long long)d->emu->set.port, d->container);
	put_page(d->storage, &p, &d->rs->body);
}
