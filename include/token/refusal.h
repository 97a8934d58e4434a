/* SPDX-License-Identifier: MIT */
/* What az says of a refusal. */
#ifndef TOKEN_REFUSAL_H
#define TOKEN_REFUSAL_H

struct buf;
struct http_response;

/* az's words for a refusal: "(Code) Message", one line each for its parts. */
void token_refusal_text(const struct http_response *rs, struct buf *out);

#endif
