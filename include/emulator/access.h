/* SPDX-License-Identifier: MIT */
/* The part of the requested access that a token's scope map allows. */
#ifndef EMULATOR_ACCESS_H
#define EMULATOR_ACCESS_H

struct buf;
struct pairs;
struct scope_map;

/* Writes the claim `access` for the scopes in `asked`, a JSON array. map NULL: everything is
 * allowed. */
void access_write(const struct scope_map *map, const struct pairs *asked, struct buf *out);

#endif
