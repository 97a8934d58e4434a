/* SPDX-License-Identifier: MIT */
/* Does each host that would have to accept a new password of a job answer this one? */
#include <stdlib.h>
#include <strings.h>

#include "azure/acr.h"
#include "azure/login.h"
#include "base/mem.h"
#include "check.h"
#include "config/job.h"
#include "rotate/hosts.h"
#include "rotate/observe.h"

/* Many jobs have one registry. */
struct check_door {
	struct check_door *next;
	char *name;
	struct err e; /* ERR_NONE: it answers */
};

void check_doors_clear(struct check_doors *d)
{
	for (struct check_door *p = d->first, *next; p != NULL; p = next) {
		next = p->next;
		free(p->name);
		free(p);
	}
	d->first = NULL;
}

static const struct err *ask(struct check_doors *d, const char *name, struct login *login,
                             struct http *h)
{
	for (const struct check_door *p = d->first; p != NULL; p = p->next)
		if (strcasecmp(p->name, name) == 0)
			return &p->e;
	struct check_door *p = mem_new(sizeof(*p));
	*p = (struct check_door){ .next = d->first, .name = mem_dup(name), .e = ERR_INIT };
	if (login_knock(login, h, &p->e))
		p->e = (struct err)ERR_INIT;
	d->first = p;
	return &p->e;
}

static void fix(const struct job *job, const struct err *e, bool first, struct finding *at)
{
	AUTO_FREE char *registry = acr_registry_name(job->registry);

	if (e->kind == ERR_DENIED)
		findings_fix(at,
		             "az acr network-rule add --name %s --ip-address ADDRESS    # this "
		             "host's as the registry sees it, or a private endpoint",
		             registry);
	if (!first)
		findings_fix(at,
		             "# it is in 'verify_at' or a sink's 'key' of %s: without its "
		             "answer no password is generated",
		             job->file);
	else if (e->kind == ERR_TRANSIENT)
		findings_fix(at,
		             "verify = wait 5m    # into [job] of %s, where this host never "
		             "reaches it: a weaker promise",
		             job->file);
}

bool check_doors(struct check_doors *d, const struct job *job, const struct observation *o,
                 struct http *h, struct findings *f)
{
	AUTO_HOSTS struct hosts hosts = { .list = NULL };
	bool open = true;

	if (job->policy.verify_wait != 0 || o->who.server == NULL)
		return true;
	hosts_find(job, o, &hosts);
	for (size_t i = 0; i < hosts.n; i++) {
		AUTO_FREE char *subject = mem_fmt("host '%s'", hosts.list[i].name);
		const struct err *e = ask(d, hosts.list[i].name, hosts_login(&hosts, i), h);
		if (e->kind == ERR_NONE)
			(void)findings_ok(f, subject, "answers this host as a registry");
		else
			fix(job, e, i == 0, findings_problem(f, subject, e));
		open = open && e->kind == ERR_NONE;
	}
	return open;
}
