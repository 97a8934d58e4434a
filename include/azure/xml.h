/* SPDX-License-Identifier: MIT */
/*
 * Reads the XML that Azure Storage answers with: lists and errors. These need elements and text
 * only, so that is all it takes. A document type, a CDATA section, a processing instruction or a
 * comment, which the service never sends, is not understood; there is nothing to expand or to load.
 */
#ifndef AZURE_XML_H
#define AZURE_XML_H

#include "base/base.h"

struct err;

#define XML_DEPTH_MAX 16
#define XML_PATH_MAX  512
#define XML_TEXT_MAX  8192 /* a blob's name has at most 1024 characters, six bytes each */

/* Called for each element without child elements, in order. path: "EnumerationResults/Blobs/Blob";
 * text is decoded. False ends the reading, with *e filled. */
typedef bool xml_each_fn(void *ctx, const char *path, const char *text, struct err *e);
/* ERR_REMOTE, without a word of the text, if it is not understood. Attributes are ignored. */
MUST_USE bool xml_read(const char *text, size_t n, xml_each_fn *each, void *ctx, struct err *e);

#endif
