/* SPDX-License-Identifier: MIT */
/* The hosts that must accept a new password before anybody gets it: each may be a replica, or a
 * connected registry, that learns of it later than the others. */
#include <stdlib.h>
#include <strings.h>

#include "azure/login.h"
#include "base/buf.h"
#include "base/mem.h"
#include "sink/sink.h"
#include "step.h"

#define HOST_MAX 512 /* a name has at most 253 bytes */

static void add(struct rotation *r, const char *name, size_t n)
{
	for (size_t i = 0; i < r->give.n_hosts; i++)
		if (strlen(r->give.hosts[i].name) == n &&
		    strncasecmp(r->give.hosts[i].name, name, n) == 0)
			return;
	if (n > 0)
		r->give.hosts[r->give.n_hosts++].name = mem_dup_n(name, n);
}

static size_t words(const char *p)
{
	size_t n = 0;

	for (; p != NULL && *p != '\0'; p += strspn(p, " ")) {
		n++;
		p += strcspn(p, " ");
	}
	return n;
}

void rotation_find_hosts(struct rotation *r)
{
	const struct job *job = r->job;

	if (r->give.hosts != NULL)
		return;
	r->give.hosts = mem_array(2 + words(job->verify_at) + job->n_sinks, sizeof(*r->give.hosts));
	add(r, r->o.who.server, strlen(r->o.who.server));
	add(r, r->o.state.login_server, strlen(r->o.state.login_server));
	for (const char *p = job->verify_at; p != NULL && *p != '\0'; p += strspn(p, " ")) {
		add(r, p, strcspn(p, " "));
		p += strcspn(p, " ");
	}
	for (size_t i = 0; i < job->n_sinks; i++) {
		AUTO_BUF struct buf host = BUF_INIT(HOST_MAX);
		if (job->sinks[i].ops->host != NULL)
			job->sinks[i].ops->host(job->sinks[i].spec, &host);
		if (buf_ok(&host))
			add(r, buf_cstr(&host), host.len);
	}
}

struct login *rotation_host_login(struct rotation *r)
{
	struct probe_host *at = &r->give.hosts[r->give.host];

	if (r->give.host == 0)
		return rotation_login(r);
	if (at->login == NULL)
		at->login = login_new(at->name);
	return at->login;
}

void rotation_forget_hosts(struct rotation *r)
{
	for (size_t i = 0; i < r->give.n_hosts; i++) {
		free(r->give.hosts[i].name);
		login_free(r->give.hosts[i].login);
	}
	free(r->give.hosts);
}
