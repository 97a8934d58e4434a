/* SPDX-License-Identifier: MIT */
/* The hosts that must accept a new password before it is delivered: the login server, `verify_at`,
 * and the hosts in the keys of sinks. Each may be a replica or a connected registry, which learns
 * of the password later than the others, or may have a firewall of its own. */
#ifndef ROTATE_HOSTS_H
#define ROTATE_HOSTS_H

#include "base/base.h"

struct job;
struct login;
struct observation;

struct hosts {
	struct hosts_one {
		char *name;
		struct login *login; /* NULL: not asked yet */
	} * list;
	size_t n;
};

/* Requires a known login server (o->who.server). The first host is the one that consumers use. */
void hosts_find(const struct job *job, const struct observation *o, struct hosts *out);
/* The login client of host i, created at its first use and freed by hosts_clear(). */
struct login *hosts_login(struct hosts *h, size_t i);
void hosts_clear(struct hosts *h);
#define AUTO_HOSTS AUTO(hosts_clear)

#endif
