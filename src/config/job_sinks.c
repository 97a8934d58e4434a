/* SPDX-License-Identifier: MIT */
/* The sinks of a job: their sections, brought into what each type takes. */
#include <stdlib.h>

#include "azure/clouds.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "config/argv.h"
#include "config/loading.h"
#include "sink/sink.h"

static bool sink_name_ok(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return name[0] != '\0' && strchr("._-", name[0]) == NULL &&
	       strspn(name, letters) == strlen(name);
}

static bool unknown_type(const char *type, struct err *e)
{
	struct nearest near = nearest_to(type);
	AUTO_BUF struct buf known = BUF_INIT(256);

	for (size_t i = 0; sink_list[i] != NULL; i++)
		nearest_try(&near, sink_list[i]->type);
	if (near.best != NULL)
		return err_set(e, ERR_CONFIG, "unknown sink type '%s'; did you mean '%s'?", type,
		               near.best);
	for (size_t i = 0; sink_list[i] != NULL; i++)
		buf_fmt(&known, "%s%s", i > 0 ? ", " : "", sink_list[i]->type);
	return err_set(e, ERR_CONFIG, "unknown sink type '%s'; known are %s", type,
	               buf_cstr(&known));
}

static bool sink_type(const struct loading *l, const struct section *s, const struct sink_ops **out,
                      struct err *e)
{
	const struct document_entry *type = document_section_entry(s, "type");

	if (type == NULL) {
		(void)err_set(e, ERR_CONFIG, "[%s] needs 'type'", s->name);
		return document_err(l->doc, s->line, e);
	}
	const struct sink_ops *ops = sink_find(type->value);
	if (ops == NULL) {
		(void)unknown_type(type->value, e);
		return document_err(l->doc, type->line, e);
	}
	*out = ops;
	return true;
}

static const struct section *defaults_of(const struct loading *l, const struct sink_ops *ops)
{
	for (size_t i = 0; i < l->common->doc.n_sections; i++) {
		const struct section *s = &l->common->doc.section[i];
		const char *type = document_section_of_kind(s, "defaults");
		if (type != NULL && strcmp(type, ops->type) == 0)
			return s;
	}
	return NULL;
}

static void sink_common_clear(struct sink_common *c)
{
	keys_release(config_sink_keys, config_sink_keys_count, c);
}

static bool check_hook(const struct loading *l, const struct section *s,
                       const struct sink_spec *sink, struct err *e)
{
	const struct document_entry *hook = document_section_entry(s, "on_change");
	AUTO_ARGV char **argv = NULL;

	if (sink->on_change == NULL || argv_split(sink->on_change, &argv, e))
		return true;
	(void)err_in(e, "'on_change'");
	return document_err(l->doc, hook != NULL ? hook->line : s->line, e);
}

/* What cannot be seen from one value. */
static bool check_spec(const struct loading *l, const struct section *s,
                       const struct sink_spec *sink, struct err *e)
{
	if (config_state_shared(&l->common->run) && !sink->ops->shared) {
		(void)err_set(e, ERR_CONFIG,
		              "[%s]: type %s is on one host, and 'state = %s' is for several "
		              "rotators",
		              s->name, sink->ops->type, l->common->run.state);
		return document_err(l->doc, s->line, e);
	}
	if (sink->ops->validate != NULL && !sink->ops->validate(sink->spec, e)) {
		(void)err_in(e, "[%s]", s->name);
		return document_err(l->doc, s->line, e);
	}
	if (sink->ops->fits != NULL && !sink->ops->fits(sink->spec, &l->spec->job.azure, e)) {
		(void)err_in(e, "[%s]", s->name);
		return document_err(l->doc, s->line, e);
	}
	return true;
}

bool job_sink_spec(struct loading *l, const struct section *s, const struct fill *common,
                   struct sink_spec *out, struct err *e)
{
	if (!sink_type(l, s, &out->ops, e))
		return false;
	out->line = s->line;
	out->spec = mem_new(out->ops->spec_size);

	struct fill tables[] = {
		*common,
		{ .rows = out->ops->keys, .n = out->ops->n_keys, .spec = out->spec },
	};
	const struct section *defaults = defaults_of(l, out->ops);
	if (!fill_section(tables, COUNT(tables), l->doc, s, &l->expand, e) ||
	    (defaults != NULL &&
	     !fill_defaults(tables, COUNT(tables), &l->common->doc, defaults, &l->expand, e)) ||
	    !fill_finish(tables, COUNT(tables), l->doc, s, e))
		return false;
	if (out->ops->settle != NULL)
		out->ops->settle(out->spec, l->common->run.state_dir);
	return check_spec(l, s, out, e);
}

static bool one_sink(struct loading *l, const struct section *s, struct sink_spec *sink,
                     struct err *e)
{
	AUTO(sink_common_clear) struct sink_common common = { 0 };
	const char *name = document_section_of_kind(s, "sink");

	if (!sink_name_ok(name)) {
		(void)err_set(e, ERR_CONFIG,
		              "a sink's name has letters, digits and '.', '_', '-', a letter or "
		              "digit first, not '%s'",
		              name);
		return document_err(l->doc, s->line, e);
	}
	sink->name = mem_dup(name);
	const struct fill table = { .rows = config_sink_keys,
		                    .n = config_sink_keys_count,
		                    .spec = &common };
	if (!job_sink_spec(l, s, &table, sink, e))
		return false;
	sink->optional = common.optional;
	sink->on_change = take(&common.on_change);
	return check_hook(l, s, sink, e);
}

/* The login server, as far as it is known without asking. */
static void login_server(const struct job *j, struct buf *out)
{
	buf_lower(out, j->registry, strlen(j->registry));
	if (strchr(j->registry, '.') != NULL)
		return;
	buf_str(out, azure_cloud_or_public(j->azure.cloud)->registry_suffix);
}

void job_sink_entry(const struct job *j, size_t i, struct buf *out)
{
	AUTO_BUF struct buf server = BUF_INIT(1024);

	login_server(j, &server);
	j->sinks[i].ops->identity(j->sinks[i].spec, buf_cstr(&server), out);
}

void job_source_entry(const struct job *j, struct buf *out)
{
	AUTO_BUF struct buf server = BUF_INIT(1024);

	login_server(j, &server);
	j->source->ops->identity(j->source->spec, buf_cstr(&server), out);
}

/* One that answers who asks: the others may stand in a file that sends its readers to ask. */
static void tell_beside(struct job *j)
{
	AUTO_BUF struct buf server = BUF_INIT(1024);

	login_server(j, &server);
	for (size_t i = 0; i < j->n_sinks; i++) {
		AUTO_BUF struct buf served = BUF_INIT(EXPAND_MAX);
		if (j->sinks[i].ops->serves == NULL)
			continue;
		j->sinks[i].ops->serves(j->sinks[i].spec, buf_cstr(&server), &served);
		for (size_t k = 0; k < j->n_sinks; k++)
			if (j->sinks[k].ops->beside != NULL)
				j->sinks[k].ops->beside(j->sinks[k].spec, buf_cstr(&served),
				                        buf_cstr(&server));
	}
}

struct entry {
	char *text;
	size_t sink;
};
struct entries {
	struct entry *list;
	size_t n;
};

static void entries_clear(struct entries *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->list[i].text);
	free(all->list);
}

/* Equal ones side by side, in the order of the file. */
static int by_text(const void *one, const void *other)
{
	const struct entry *a = one, *b = other;
	int order = strcmp(a->text, b->text);

	return order != 0 ? order : (a->sink > b->sink) - (a->sink < b->sink);
}

static void list_entries(const struct job *j, struct entries *out)
{
	*out = (struct entries){ .list = mem_array(j->n_sinks, sizeof(*out->list)),
		                 .n = j->n_sinks };
	for (size_t i = 0; i < j->n_sinks; i++) {
		AUTO_BUF struct buf text = BUF_INIT(EXPAND_MAX);
		job_sink_entry(j, i, &text);
		out->list[i] = (struct entry){ .text = mem_dup(buf_cstr(&text)), .sink = i };
	}
	qsort(out->list, out->n, sizeof(*out->list), by_text);
}

/* "docker:/x" twice in one job: the second would replace what the first wrote. Of several the
 * first in the file is told. */
static bool check_entries(const struct loading *l, struct err *e)
{
	const struct job *j = &l->spec->job;
	AUTO(entries_clear) struct entries all;
	size_t second = j->n_sinks, first = 0;

	list_entries(j, &all);
	for (size_t i = 1; i < all.n; i++) {
		if (all.list[i].sink < second &&
		    strcmp(all.list[i - 1].text, all.list[i].text) == 0) {
			first = all.list[i - 1].sink;
			second = all.list[i].sink;
		}
	}
	if (second == j->n_sinks)
		return true;
	(void)err_set(e, ERR_CONFIG, "[sink %s] writes the same entry as [sink %s]",
	              j->sinks[second].name, j->sinks[first].name);
	return document_err(l->doc, j->sinks[second].line, e);
}

bool job_sinks(struct loading *l, struct err *e)
{
	struct job *j = &l->spec->job;

	j->sinks = mem_array(l->doc->n_sections, sizeof(*j->sinks));
	for (size_t i = 0; i < l->doc->n_sections; i++)
		if (document_section_of_kind(&l->doc->section[i], "sink") != NULL &&
		    !one_sink(l, &l->doc->section[i], &j->sinks[j->n_sinks++], e))
			return false;
	if (j->n_sinks == 0) {
		(void)err_set(e, ERR_CONFIG,
		              "the job has no sink: add a section like [sink docker], or nobody "
		              "gets the password");
		return document_err(l->doc, l->job_section->line, e);
	}
	tell_beside(j);
	return check_entries(l, e);
}

static void add_token(const struct job *j, const char *kind, const char *registry, size_t n,
                      struct buf *out)
{
	const char *cloud =
		j->azure.resource_manager != NULL ? j->azure.resource_manager : j->azure.cloud;
	const char *said = j->azure.subscription != NULL ? j->azure.subscription
	                                                 : getenv("AZURE_SUBSCRIPTION_ID");
	const char *subscription = said != NULL ? said : "";

	buf_str(out, kind);
	buf_char(out, ':');
	buf_str(out, cloud != NULL ? cloud : "");
	buf_char(out, ':');
	buf_lower(out, subscription, strlen(subscription));
	buf_char(out, ':');
	buf_lower(out, registry, n);
	buf_char(out, '/');
	buf_lower(out, j->token, strlen(j->token));
}

void job_token_entry(const struct job *j, struct buf *out)
{
	add_token(j, "token", j->registry, strcspn(j->registry, "."), out);
}

bool job_token_ways(const struct job *j, struct buf *named, struct buf *labelled)
{
	size_t name = strcspn(j->registry, ".-"), label = strcspn(j->registry, ".");

	add_token(j, "token", j->registry, name, named);
	add_token(j, "labelled", j->registry, name, labelled);
	return name < label;
}
