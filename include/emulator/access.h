/* SPDX-License-Identifier: MIT */
/* What a token's scope map allows of what a client asks for. */
#ifndef EMULATOR_ACCESS_H
#define EMULATOR_ACCESS_H

struct buf;
struct pairs;
struct scope_map;

/* The claim `access` for the scopes in `asked`: a JSON array. NULL as map allows everything. */
void access_write(const struct scope_map *map, const struct pairs *asked, struct buf *out);

#endif
