/* SPDX-License-Identifier: MIT */
/*
 * Text with a password in it, that can be written and read back.
 *
 *   {password}  the password                        {username}  the token's name
 *   {auth}      base64 of "username:password"       {server}    the login server
 *   {expires}   2026-01-31T23:59:59Z, or "never"    {slot}      password1, password2, or "unknown"
 *
 * {password} and {auth} also as {password:url}, percent-encoded, and {password:json}, for inside
 * the quotes of a JSON string. Any other brace is literal.
 *
 * Reading back is a walk along the template: {username} and {server} must be the current ones,
 * {expires} and {slot} anything of their form, and {password} and {auth} take all bytes of their
 * alphabet. So a template can be read back exactly when no byte
 * that may follow {password} or {auth} is of that alphabet: template_readable() tells.
 */
#ifndef SINK_TEMPLATE_H
#define SINK_TEMPLATE_H

#include "base/base.h"

struct buf;
struct credential;
struct err;
struct secret;
struct template;

#define TEMPLATE_MAX (256u * 1024)
/* What a template may grow to: every variable at its longest is far below that. */
#define TEMPLATE_TEXT_MAX (4u * TEMPLATE_MAX)

/* ERR_CONFIG for text over TEMPLATE_MAX or with a NUL in it. */
MUST_USE bool template_parse(const char *text, size_t n, struct template **out, struct err *e);
/* ERR_CONFIG with the reason, when there is neither {password} nor {auth}, or one that cannot be
 * told from what follows. */
MUST_USE bool template_readable(const struct template *t, struct err *e);
/* ERR_CONFIG for a password with bytes that could not be read back. */
MUST_USE bool template_render(const struct template *t, const struct credential *c, struct buf *out,
                              struct err *e);
/* False when the text is not of this template, or the password in it not the same everywhere;
 * *out is then untouched. */
MUST_USE bool template_match(const struct template *t, const char *text, size_t n,
                             const struct credential *who, struct secret **out);

/*
 * The password of `who` that `known` recognises, wherever and in whatever form it stands in a text
 * of another template, which may be our own of before a change; NULL: none.
 */
struct sink_known;
struct secret *template_search(const char *text, size_t n, const struct credential *who,
                               const struct sink_known *known);
size_t template_size(const struct template *t); /* of its own text */
void template_free(struct template *t);
void template_free_ptr(struct template **t);
#define AUTO_TEMPLATE AUTO(template_free_ptr)

#endif
