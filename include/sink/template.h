/* SPDX-License-Identifier: MIT */
/*
 * Templates: text with a password in it that can be written and read back.
 *
 *   {password}  the password                        {username}  the token's name
 *   {auth}      base64 of "username:password"       {server}    the login server
 *   {expires}   2026-01-31T23:59:59Z, or "never"    {slot}      password1, password2, or "unknown"
 *
 * {password} and {auth} also exist as {password:url}, percent-encoded, and {password:json}, for use
 * within the quotes of a JSON string. All other braces are literal.
 *
 * Reading back walks along the template: {username} and {server} must match the current ones,
 * {expires} and {slot} may be anything of their form, and {password} and {auth} take all bytes of
 * their alphabet. So a template can be read back only if {password} and {auth} are at the end or
 * followed by a literal byte that is not in their alphabet: template_readable() checks that.
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
/* The limit of the resulting text: far more than with every variable at its longest. */
#define TEMPLATE_TEXT_MAX (4u * TEMPLATE_MAX)

/* ERR_CONFIG for text larger than TEMPLATE_MAX or with a NUL in it. */
MUST_USE bool template_parse(const char *text, size_t n, struct template **out, struct err *e);
/* ERR_CONFIG with the reason if there is neither {password} nor {auth}, or one that cannot be
 * separated from what follows. */
MUST_USE bool template_readable(const struct template *t, struct err *e);
/* ERR_CONFIG for a password with bytes that could not be read back. */
MUST_USE bool template_render(const struct template *t, const struct credential *c, struct buf *out,
                              struct err *e);
/* False if the text does not match the template, or has different passwords in it; *out is then
 * untouched. */
MUST_USE bool template_match(const struct template *t, const char *text, size_t n,
                             const struct credential *who, struct secret **out);
/* The same, and what {expires} and {slot} say: 0 if the template has none, or for "never" and
 * "unknown". */
struct sink_says;
MUST_USE bool template_read(const struct template *t, const char *text, size_t n,
                            const struct credential *who, struct secret **out,
                            struct sink_says *says);

/*
 * The password of `who` that `known` recognises, anywhere and in any form, in a text of another
 * template, such as ours before it was changed; NULL if none.
 */
struct sink_known;
struct secret *template_search(const char *text, size_t n, const struct credential *who,
                               const struct sink_known *known);
/* Is this password in it, so that template_search() would find it? */
bool template_has(const char *text, size_t n, const struct credential *who,
                  const struct secret *password);
size_t template_size(const struct template *t); /* of the template's own text */
void template_free(struct template *t);
void template_free_ptr(struct template **t);
#define AUTO_TEMPLATE AUTO(template_free_ptr)

#endif
