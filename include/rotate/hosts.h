/* SPDX-License-Identifier: MIT */
/* The hosts that must accept a new password before anybody gets it: the login server, `verify_at`,
 * and what the keys of sinks name. Each may be a replica, or a connected registry, that learns of
 * it later than the others, or has a firewall of its own. */
#ifndef ROTATE_HOSTS_H
#define ROTATE_HOSTS_H

#include "base/base.h"

struct job;
struct login;
struct observation;

struct hosts {
	struct hosts_one {
		char *name;
		struct login *login; /* NULL: it was not asked yet */
	} * list;
	size_t n;
};

/* The server is known (o->who.server). The first is the one that consumers ask. */
void hosts_find(const struct job *job, const struct observation *o, struct hosts *out);
/* Of host i; made when it is first asked for, freed with the rest. */
struct login *hosts_login(struct hosts *h, size_t i);
void hosts_clear(struct hosts *h);
#define AUTO_HOSTS AUTO(hosts_clear)

#endif
