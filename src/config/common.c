/* SPDX-License-Identifier: MIT */
#include "config/common.h"

#include <stdlib.h>

#include "azure/blob_place.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/str.h"
#include "config/argv.h"
#include "config/expand.h"
#include "sink/sink.h"

/* Which table a section of acrotate.conf fills, and where. */
struct common_part {
	const char *section;
	const struct key *rows;
	size_t n;
	void *spec;
	bool *seen; /* what was said, for whoever builds on it; or NULL */
};

static bool fill_part(struct common *c, const struct common_part *part, struct err *e)
{
	static const struct section absent = { .name = "", .line = 1 };
	const struct section *s = document_section(&c->doc, part->section);
	const struct expand x = { .host = &c->host };
	struct fill table = { .rows = part->rows, .n = part->n, .spec = part->spec };

	if (s != NULL && !fill_section(&table, 1, &c->doc, s, &x, e))
		return false;
	if (part->seen != NULL)
		memcpy(part->seen, table.seen, sizeof(table.seen));
	return fill_finish(&table, 1, &c->doc, s != NULL ? s : &absent, e);
}

static bool check_command(const struct common *c, struct err *e)
{
	AUTO_ARGV char **argv = NULL;
	const struct section *s = document_section(&c->doc, "run");

	if (c->run.on_failure == NULL || argv_split(c->run.on_failure, &argv, e))
		return true;
	(void)err_in(e, "'on_failure'");
	return document_err(&c->doc, document_section_entry(s, "on_failure")->line, e);
}

#define STATE_KUBERNETES "kubernetes:"
#define STATE_BLOB       "https://"

const char *config_state_namespace(const struct run_spec *run)
{
	const size_t n = sizeof(STATE_KUBERNETES) - 1;

	return run->state != NULL && strncmp(run->state, STATE_KUBERNETES, n) == 0 ? run->state + n
	                                                                           : NULL;
}

bool config_state_shared(const struct run_spec *run)
{
	return run->state != NULL;
}

bool config_state_blob(const struct run_spec *run, struct blob_place *out)
{
	struct err ignored = ERR_INIT; /* checked when it was read */

	return run->state != NULL && str_starts(run->state, STATE_BLOB) &&
	       blob_place_parse(run->state, out, &ignored);
}

static bool check_place(const char *url, const struct azure_spec *azure, struct err *e)
{
	AUTO_BLOB_PLACE struct blob_place place = { .url = NULL };

	return (blob_place_parse(url, &place, e) && blob_place_in_cloud(&place, azure, e)) ||
	       err_in(e, "'state'");
}

/* One that is a directory is the same as state_dir. */
static bool take_state(struct run_spec *run, const struct azure_spec *azure, struct err *e)
{
	const char *namespace = config_state_namespace(run);

	if (run->state_dir != NULL)
		return err_set(e, ERR_CONFIG, "'state' and 'state_dir' are mutually exclusive");
	if (run->state[0] == '/') {
		run->state_dir = take(&run->state);
		return true;
	}
	if (str_starts(run->state, STATE_BLOB))
		return check_place(run->state, azure, e);
	return (namespace != NULL && kube_label_ok(namespace)) ||
	       err_set(e, ERR_CONFIG,
	               "'state' takes a directory, kubernetes:NAMESPACE or the URL of a container, "
	               "not '%s'",
	               run->state);
}

static bool check_state(struct common *c, struct err *e)
{
	const struct section *s = document_section(&c->doc, "run");

	if (c->run.state == NULL || take_state(&c->run, &c->azure, e))
		return true;
	return document_err(&c->doc, document_section_entry(s, "state")->line, e);
}

static bool fill_parts(struct common *c, struct err *e)
{
	const struct common_part parts[] = {
		{ "azure", azure_keys, azure_keys_count, &c->azure, c->azure_seen },
		{ "http", config_http_keys, config_http_keys_count, &c->http, NULL },
		{ "kubernetes", kube_keys, kube_keys_count, &c->kube, NULL },
		{ "run", config_run_keys, config_run_keys_count, &c->run, NULL },
	};

	for (size_t i = 0; i < COUNT(parts); i++)
		if (!fill_part(c, &parts[i], e))
			return false;
	if (!check_state(c, e))
		return false;
	if (c->http.ca_only && c->http.ca_file == NULL) {
		const struct section *s = document_section(&c->doc, "http");
		(void)err_set(e, ERR_CONFIG, "'ca_only = yes' needs a 'ca_file'");
		return document_err(&c->doc, document_section_entry(s, "ca_only")->line, e);
	}
	return check_command(c, e);
}

/* A default that belongs to one job or one sink. */
static bool refuse_default(const struct document *d, const struct section *s, const char *key,
                           const char *why, struct err *e)
{
	const struct document_entry *entry = document_section_entry(s, key);

	if (entry == NULL)
		return true;
	(void)err_set(e, ERR_CONFIG, "'%s' cannot have a default: %s", key, why);
	return document_err(d, entry->line, e);
}

/* Fills a spec that nobody uses, with names that stand for any. */
static bool try_defaults(struct common *c, const struct section *s, struct fill *tables, size_t n,
                         struct err *e)
{
	const struct expand x = {
		.job = "job", .token = "token", .registry = "registry", .host = &c->host
	};
	bool ok = fill_section(tables, n, &c->doc, s, &x, e);

	for (size_t i = 0; i < n; i++)
		keys_release(tables[i].rows, tables[i].n, tables[i].spec);
	return ok;
}

static bool check_job_defaults(struct common *c, const struct section *s, struct err *e)
{
	struct job_spec spec = { 0 };
	struct fill table = { .rows = config_job_keys, .n = config_job_keys_count, .spec = &spec };

	return refuse_default(&c->doc, s, "token", "a token belongs to one job", e) &&
	       try_defaults(c, s, &table, 1, e);
}

static bool check_sink_defaults(struct common *c, const struct section *s, const char *type,
                                struct err *e)
{
	const struct sink_ops *ops = sink_find(type);
	struct sink_common common = { 0 };

	if (ops == NULL) {
		(void)err_set(e, ERR_CONFIG, "[%s]: there is no sink type '%s'", s->name, type);
		return document_err(&c->doc, s->line, e);
	}
	AUTO_FREE void *spec = mem_new(ops->spec_size);
	struct fill tables[] = {
		{ .rows = config_sink_keys, .n = config_sink_keys_count, .spec = &common },
		{ .rows = ops->keys, .n = ops->n_keys, .spec = spec }
	};
	return refuse_default(&c->doc, s, "type", "it stands in the section's name", e) &&
	       try_defaults(c, s, tables, COUNT(tables), e);
}

static bool unknown_section(const struct document *d, const struct section *s, struct err *e)
{
	static const char *const known[] = { "azure", "http", "kubernetes", "run", "defaults" };
	struct nearest near = nearest_to(s->name);

	if (strcmp(s->name, "job") == 0 || document_section_of_kind(s, "sink") != NULL) {
		(void)err_set(e, ERR_CONFIG,
		              "section [%s] belongs into a file of its own in jobs.d", s->name);
		return document_err(d, s->line, e);
	}
	for (size_t i = 0; i < COUNT(known); i++)
		nearest_try(&near, known[i]);
	if (near.best != NULL)
		(void)err_set(e, ERR_CONFIG, "unknown section [%s]; did you mean [%s]?", s->name,
		              near.best);
	else
		(void)err_set(e, ERR_CONFIG,
		              "unknown section [%s]; known are [azure], [http], [kubernetes], "
		              "[run], [defaults] and [defaults TYPE]",
		              s->name);
	return document_err(d, s->line, e);
}

static bool check_sections(struct common *c, struct err *e)
{
	for (size_t i = 0; i < c->doc.n_sections; i++) {
		const struct section *s = &c->doc.section[i];
		const char *type = document_section_of_kind(s, "defaults");

		if (strcmp(s->name, "azure") == 0 || strcmp(s->name, "http") == 0 ||
		    strcmp(s->name, "kubernetes") == 0 || strcmp(s->name, "run") == 0)
			continue;
		if (strcmp(s->name, "defaults") == 0 ? !check_job_defaults(c, s, e)
		    : type != NULL                   ? !check_sink_defaults(c, s, type, e)
		                                     : !unknown_section(&c->doc, s, e))
			return false;
	}
	return true;
}

bool common_parse(const char *path, const char *text, size_t len, struct common *out, struct err *e)
{
	AUTO_COMMON struct common c = { 0 };

	if (!document_parse(path, text, len, &c.doc, e) || !check_sections(&c, e) ||
	    !fill_parts(&c, e))
		return false;
	*out = c;
	c = (struct common){ 0 };
	return true;
}

void common_clear(struct common *c)
{
	keys_release(azure_keys, azure_keys_count, &c->azure);
	keys_release(config_run_keys, config_run_keys_count, &c->run);
	keys_release(config_http_keys, config_http_keys_count, &c->http);
	keys_release(kube_keys, kube_keys_count, &c->kube);
	host_clear(&c->host);
	document_clear(&c->doc);
	*c = (struct common){ 0 };
}
