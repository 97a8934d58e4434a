/* SPDX-License-Identifier: MIT */
#include "rotate/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "azure/login.h"
#include "base/buf.h"
#include "base/mem.h"
#include "config/job.h"
#include "rotate/observe.h"
#include "sink/sink.h"

#define HOST_MAX 512 /* a name has at most 253 bytes */

static void add(struct hosts *h, const char *name, size_t n)
{
	for (size_t i = 0; i < h->n; i++)
		if (strlen(h->list[i].name) == n && strncasecmp(h->list[i].name, name, n) == 0)
			return;
	if (n > 0)
		h->list[h->n++].name = mem_dup_n(name, n);
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

void hosts_find(const struct job *job, const struct observation *o, struct hosts *out)
{
	struct hosts h = { .list = mem_array(2 + words(job->verify_at) + job->n_sinks,
		                             sizeof(*h.list)) };
	const char *remembered = o->state.login_server;

	add(&h, o->who.server, strlen(o->who.server));
	if (remembered != NULL)
		add(&h, remembered, strlen(remembered));
	for (const char *p = job->verify_at; p != NULL && *p != '\0'; p += strspn(p, " ")) {
		add(&h, p, strcspn(p, " "));
		p += strcspn(p, " ");
	}
	for (size_t i = 0; i < job->n_sinks; i++) {
		AUTO_BUF struct buf host = BUF_INIT(HOST_MAX);
		if (job->sinks[i].ops->host != NULL)
			job->sinks[i].ops->host(job->sinks[i].spec, &host);
		if (buf_ok(&host))
			add(&h, buf_cstr(&host), host.len);
	}
	*out = h;
}

struct login *hosts_login(struct hosts *h, size_t i)
{
	if (h->list[i].login == NULL)
		h->list[i].login = login_new(h->list[i].name);
	return h->list[i].login;
}

void hosts_clear(struct hosts *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->list[i].name);
		login_free(h->list[i].login);
	}
	free(h->list);
	*h = (struct hosts){ .list = NULL };
}
