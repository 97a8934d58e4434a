/* SPDX-License-Identifier: MIT */
#include "config/job.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/str.h"
#include "config/argv.h"
#include "config/loading.h"
#include "sink/sink.h"

bool loading_err(const struct loading *l, const char *key, struct err *e)
{
	const struct document_entry *own = document_section_entry(l->job_section, key);
	const struct document_entry *common =
		own == NULL ? document_section_entry(l->defaults, key) : NULL;

	if (common != NULL)
		return document_err(&l->common->doc, common->line, e);
	return document_err(l->doc, own != NULL ? own->line : l->job_section->line, e);
}

/* Token and registry, expanded before anything else: other values may name them. */
struct names {
	char *registry, *token;
};

static void names_clear(struct names *n)
{
	free(n->registry);
	free(n->token);
}

static bool is_host_char(char c)
{
	return str_is_letter(c) || str_is_digit(c) || c == '.' || c == '-' || c == ':';
}

static bool check_registry(const char *registry, struct err *e)
{
	if (strstr(registry, "://") != NULL || strchr(registry, '/') != NULL)
		return err_set(e, ERR_CONFIG,
		               "'registry' takes a name or a login server like "
		               "'contoso.azurecr.io', not the URL '%s'",
		               registry);
	if (strpbrk(registry, ".:") == NULL && strchr(registry, '-') != NULL)
		return err_set(e, ERR_CONFIG,
		               "'registry' takes a name, which has letters and digits, or a whole "
		               "login server like 'contoso-a1b2c3.azurecr.io', not '%s'",
		               registry);
	for (const char *c = registry; *c != '\0'; c++)
		if (!is_host_char(*c))
			return err_set(e, ERR_CONFIG,
			               "'registry' takes a name or a login server, not '%s'",
			               registry);
	return true;
}

static bool expand_registry(struct loading *l, const char *value, char **out, struct err *e)
{
	AUTO_BUF struct buf scratch = BUF_INIT(EXPAND_MAX);
	const char *text;

	if (!expand_value(&l->expand, value, &scratch, &text, e))
		return err_in(e, "'registry'");
	if (!check_registry(text, e))
		return false;
	*out = mem_dup(text);
	return true;
}

static bool expand_token(struct loading *l, const char *value, char **out, struct err *e)
{
	AUTO_BUF struct buf scratch = BUF_INIT(EXPAND_MAX);
	char formed[HOST_TOKEN_MAX];
	const char *text;

	if (expand_uses(value, 'H')) {
		const char *host = host_name(&l->common->host);
		if (host_is_nameless(host))
			return err_set(e, ERR_CONFIG,
			               "'token' has '%%H', and this host is called '%s': give it a "
			               "name of its own first",
			               host != NULL ? host : "");
	}
	if (!expand_value(&l->expand, value, &scratch, &text, e))
		return err_in(e, "'token'");
	if (expand_uses(value, 'H')) {
		host_token_name(text, formed);
		text = formed;
	}
	if (!str_token_name_usable(text))
		return err_set(
			e, ERR_CONFIG,
			"'token' takes up to 100 letters, digits, '-', '_' and '.', not '%s'",
			text);
	*out = mem_dup(text);
	return true;
}

static bool resolve_names(struct loading *l, struct names *n, struct err *e)
{
	const struct document_entry *registry = document_section_entry(l->job_section, "registry");
	const struct document_entry *token = document_section_entry(l->job_section, "token");

	if (registry == NULL)
		registry = document_section_entry(l->defaults, "registry");
	if (registry != NULL && !expand_registry(l, registry->value, &n->registry, e))
		return loading_err(l, "registry", e);
	l->expand.registry = n->registry;
	if (token != NULL && !expand_token(l, token->value, &n->token, e))
		return loading_err(l, "token", e);
	l->expand.token = n->token;
	return true;
}

static bool fill_job(struct loading *l, struct names *n, struct err *e)
{
	struct fill table = { .rows = config_job_keys,
		              .n = config_job_keys_count,
		              .spec = l->spec };

	if (!fill_section(&table, 1, l->doc, l->job_section, &l->expand, e) ||
	    (l->defaults != NULL &&
	     !fill_defaults(&table, 1, &l->common->doc, l->defaults, &l->expand, e)) ||
	    !fill_finish(&table, 1, l->doc, l->job_section, e))
		return false;
	/* In the form they were brought into. */
	free(l->spec->job.token);
	l->spec->job.token = take(&n->token);
	l->expand.token = l->spec->job.token;
	return true;
}

static bool check_verify_at(struct loading *l, struct err *e)
{
	for (const char *p = l->spec->job.verify_at; p != NULL && *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr(".-: ", *p) != NULL)
			continue;
		(void)err_set(e, ERR_CONFIG, "'verify_at' takes names of hosts, not '%s'",
		              l->spec->job.verify_at);
		return loading_err(l, "verify_at", e);
	}
	return true;
}

static bool check_hook(struct loading *l, struct err *e)
{
	AUTO_ARGV char **argv = NULL;

	if (l->spec->job.on_change != NULL && !argv_split(l->spec->job.on_change, &argv, e)) {
		(void)err_in(e, "'on_change'");
		return loading_err(l, "on_change", e);
	}
	return true;
}

static bool unknown_section(const struct document *d, const struct section *s, struct err *e)
{
	static const char *const elsewhere[] = { "run", "http", "kubernetes", "defaults" };
	struct nearest near = nearest_to(s->name);

	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (strcmp(s->name, elsewhere[i]) == 0 ||
		    document_section_of_kind(s, elsewhere[i]) != NULL) {
			(void)err_set(e, ERR_CONFIG, "section [%s] belongs into acrotate.conf",
			              s->name);
			return document_err(d, s->line, e);
		}
	nearest_try(&near, "job");
	nearest_try(&near, "azure");
	nearest_try(&near, "source");
	if (strncmp(s->name, "sin", 3) == 0)
		(void)err_set(e, ERR_CONFIG, "unknown section [%s]; a sink is written [sink NAME]",
		              s->name);
	else if (near.best != NULL)
		(void)err_set(e, ERR_CONFIG, "unknown section [%s]; did you mean [%s]?", s->name,
		              near.best);
	else
		(void)err_set(e, ERR_CONFIG,
		              "unknown section [%s]; a job has [job], [azure], [source] and [sink "
		              "NAME]",
		              s->name);
	return document_err(d, s->line, e);
}

static bool check_sections(const struct document *d, struct err *e)
{
	for (size_t i = 0; i < d->n_sections; i++) {
		const struct section *s = &d->section[i];
		if (strcmp(s->name, "job") != 0 && strcmp(s->name, "azure") != 0 &&
		    strcmp(s->name, "source") != 0 && document_section_of_kind(s, "sink") == NULL)
			return unknown_section(d, s, e);
	}
	if (document_section(d, "job") == NULL)
		return err_set(e, ERR_CONFIG, "%s:1: section [job] is missing", d->path);
	return true;
}

static void sink_spec_clear(struct sink_spec *s)
{
	if (s->spec != NULL)
		keys_release(s->ops->keys, s->ops->n_keys, s->spec);
	free(s->spec);
	free(s->name);
	free(s->on_change);
}

static void job_spec_clear(struct job_spec *s)
{
	struct job *j = &s->job;

	keys_release(config_job_keys, config_job_keys_count, s);
	keys_release(azure_keys, azure_keys_count, &j->azure);
	for (size_t i = 0; i < j->n_sinks; i++)
		sink_spec_clear(&j->sinks[i]);
	free(j->sinks);
	free(j->lent);
	if (j->source != NULL)
		sink_spec_clear(j->source);
	free(j->source);
	free(j->policy.may_replace);
	free(j->name);
	free(j->file);
	*s = (struct job_spec){ 0 };
}

/* A job is the first member of a job_spec, so the same rows release both. */
_Static_assert(offsetof(struct job_spec, job) == 0,
               "a job is released through the rows of its spec");

void job_free(struct job *j)
{
	struct job_spec s = { 0 };

	if (j == NULL)
		return;
	s.job = *j;
	job_spec_clear(&s);
	free(j);
}

void job_free_ptr(struct job **j)
{
	job_free(*j);
}

bool job_is_local(const struct job *j)
{
	for (size_t i = 0; i < j->n_sinks; i++)
		if (!j->sinks[i].ops->local)
			return false;
	return j->source == NULL || j->source->ops->local;
}

bool job_name_ok(const char *name, struct err *e)
{
	size_t n = strlen(name);

	if (n == 0 || n > JOB_NAME_MAX || strchr("._-@", name[0]) != NULL ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") != n)
		return err_set(e, ERR_CONFIG,
		               "a job's name has 1 to %d letters, digits and '.', '_', '-', '@', a "
		               "letter or digit first",
		               JOB_NAME_MAX);
	return true;
}

static struct sink_lent *lend(const struct sink_lent *program, const struct azure_spec *azure)
{
	if (program == NULL)
		return NULL;
	struct sink_lent *l = mem_new(sizeof(*l));
	*l = *program;
	l->azure = azure;
	return l;
}

bool job_parse(struct common *c, const char *name, const char *path, const char *text, size_t len,
               struct job **out, struct err *e)
{
	AUTO_DOCUMENT struct document doc = { 0 };
	AUTO(job_spec_clear)
	struct job_spec spec = { .job = { .name = mem_dup(name), .file = mem_dup(path) } };
	AUTO(names_clear) struct names names = { 0 };
	struct loading l = {
		.common = c, .doc = &doc, .spec = &spec, .expand = { .job = name, .host = &c->host }
	};

	if (!job_name_ok(name, e))
		return err_in(e, "%s", path);
	if (!document_parse(path, text, len, &doc, e) || !check_sections(&doc, e))
		return false;
	l.job_section = document_section(&doc, "job");
	l.defaults = document_section(&c->doc, "defaults");
	if (!resolve_names(&l, &names, e) || !fill_job(&l, &names, e) || !job_policy(&l, e) ||
	    !job_bootstrap(&l, e) || !check_verify_at(&l, e) || !check_hook(&l, e) ||
	    !job_azure(&l, e) || !job_sinks(&l, e) || !job_source(&l, e) || !job_grace(&l, e))
		return false;
	struct job *job = mem_new(sizeof(*job));
	*job = spec.job;
	job->lent = lend(c->lent, &job->azure);
	spec.job = (struct job){ 0 };
	*out = job;
	return true;
}
