/* SPDX-License-Identifier: MIT */
/* [source]: the job does not rotate, but follows what a rotator delivers. */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/loading.h"
#include "sink/sink.h"

bool job_follows(const struct loading *l)
{
	return document_section(l->doc, "source") != NULL;
}

/* What says how a password is generated, or is asked of the Resource Manager. */
static const char *const of_rotators[] = {
	"lifetime",  "grace",      "may_replace", "exclusive",      "create",
	"scope_map", "repository", "gateway",     "resource_group", "inspect_every",
};

static bool check_keys(const struct loading *l, struct err *e)
{
	for (size_t i = 0; i < COUNT(of_rotators); i++) {
		if (document_section_entry(l->job_section, of_rotators[i]) == NULL)
			continue;
		(void)err_set(e, ERR_CONFIG,
		              "'%s' is for a job that rotates: one with [source] never generates a "
		              "password",
		              of_rotators[i]);
		return loading_err(l, of_rotators[i], e);
	}
	return true;
}

/* Nothing but the Resource Manager knows the login server of a name. */
static bool check_server(const struct loading *l, struct err *e)
{
	if (strpbrk(l->spec->job.registry, ".:") != NULL)
		return true;
	(void)err_set(e, ERR_CONFIG,
	              "with [source] 'registry' takes a login server like '%s.azurecr.io', not the "
	              "name alone: nobody is asked for it",
	              l->spec->job.registry);
	return loading_err(l, "registry", e);
}

/* What it writes is no source of it. */
static bool check_circle(const struct loading *l, const struct section *s, struct err *e)
{
	const struct job *j = &l->spec->job;
	AUTO_BUF struct buf source = BUF_INIT(EXPAND_MAX);

	job_source_entry(j, &source);
	for (size_t i = 0; i < j->n_sinks; i++) {
		AUTO_BUF struct buf sink = BUF_INIT(EXPAND_MAX);
		job_sink_entry(j, i, &sink);
		if (strcmp(buf_cstr(&source), buf_cstr(&sink)) != 0)
			continue;
		(void)err_set(
			e, ERR_CONFIG,
			"[source] and [sink %s] are the same entry (%s): the job would follow "
			"itself",
			j->sinks[i].name, buf_cstr(&sink));
		return document_err(l->doc, s->line, e);
	}
	return true;
}

/* Nobody has asked for it: the source is all that a run with nothing to do asks. */
static void settle_times(const struct loading *l)
{
	struct policy *p = &l->spec->job.policy;

	if (document_section_entry(l->job_section, "verify_every") == NULL)
		p->verify_every = 0;
	p->offset = 0;
	p->create = p->exclusive = false;
}

static void clear_common(struct sink_common *c)
{
	keys_release(config_source_keys, config_source_keys_count, c);
}

bool job_source(struct loading *l, struct err *e)
{
	const struct section *s = document_section(l->doc, "source");
	struct job *j = &l->spec->job;
	AUTO(clear_common) struct sink_common common = { 0 };
	const struct fill table = { .rows = config_source_keys,
		                    .n = config_source_keys_count,
		                    .spec = &common };

	if (s == NULL)
		return true;
	j->source = mem_new(sizeof(*j->source));
	j->source->name = mem_dup("source");
	settle_times(l);
	return check_keys(l, e) && check_server(l, e) &&
	       job_sink_spec(l, s, &table, j->source, e) && check_circle(l, s, e);
}
