/* SPDX-License-Identifier: MIT */
/* A refusal in az's words. */
#ifndef TOKEN_REFUSAL_H
#define TOKEN_REFUSAL_H

struct buf;
struct http_response;

/* "(Code) Message", then a line for each part. */
void token_refusal_text(const struct http_response *rs, struct buf *out);

#endif
