/* SPDX-License-Identifier: MIT */
/* From the text of a section to the members of a spec. */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "config/document.h"
#include "config/expand.h"

/* A relative file of the configuration: systemd's credential of that name, else beside the file
 * that names it. */
static char *find_file(const char *config_path, const char *value)
{
	const char *credentials = secure_getenv("CREDENTIALS_DIRECTORY");
	const char *slash = strrchr(config_path, '/');
	AUTO_FREE char *candidate = NULL;

	if (value[0] == '/')
		return NULL;
	if (credentials != NULL && credentials[0] == '/') {
		candidate = mem_fmt("%s/%s", credentials, value);
		if (access(candidate, F_OK) == 0)
			return take(&candidate);
	}
	return mem_fmt("%.*s/%s", slash != NULL ? (int)(slash - config_path) : 1,
	               slash != NULL ? config_path : ".", value);
}

static struct fill *table_of(struct fill *tables, size_t n, const char *key, const struct key **row)
{
	for (size_t i = 0; i < n; i++)
		if ((*row = keys_find(tables[i].rows, tables[i].n, key)) != NULL)
			return &tables[i];
	return NULL;
}

static bool unknown(const struct fill *tables, size_t n, const struct section *s, const char *key,
                    struct err *e)
{
	struct nearest near = nearest_to(key);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < tables[i].n; k++)
			nearest_try(&near, tables[i].rows[k].name);
	return near.best != NULL
	               ? err_set(e, ERR_CONFIG, "unknown key '%s' in [%s]; did you mean '%s'?", key,
	                         s->name, near.best)
	               : err_set(e, ERR_CONFIG, "unknown key '%s' in [%s]", key, s->name);
}

static bool set_entry(struct fill *table, const struct key *row, const struct document *d,
                      const struct document_entry *entry, const struct expand *x, struct err *e)
{
	AUTO_BUF struct buf scratch = BUF_INIT(EXPAND_MAX);
	AUTO_FREE char *found = NULL;
	const char *value;

	if (!expand_value(x, entry->value, &scratch, &value, e))
		return err_in(e, "'%s'", entry->key);
	if (row->type == KEY_FILE && (found = find_file(d->path, value)) != NULL)
		value = found;
	return keys_set(table->rows, table->n, table->seen, table->spec, entry->key, value, e);
}

bool fill_section(struct fill *tables, size_t n_tables, const struct document *d,
                  const struct section *s, const struct expand *x, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct document_entry *entry = &s->entry[i];
		const struct key *row;
		struct fill *table = table_of(tables, n_tables, entry->key, &row);

		if (table == NULL ? !unknown(tables, n_tables, s, entry->key, e)
		                  : !set_entry(table, row, d, entry, x, e))
			return document_err(d, entry->line, e);
	}
	return true;
}

#define TABLES_MAX 2

bool fill_defaults(struct fill *tables, size_t n_tables, const struct document *d,
                   const struct section *s, const struct expand *x, struct err *e)
{
	bool said[TABLES_MAX][KEYS_MAX];

	/* A repeatable key may come several times here, but not at all when the job has its own. */
	for (size_t i = 0; i < n_tables; i++)
		memcpy(said[i], tables[i].seen, sizeof(said[i]));
	for (size_t i = 0; i < s->n; i++) {
		const struct document_entry *entry = &s->entry[i];
		const struct key *row;
		struct fill *table = table_of(tables, n_tables, entry->key, &row);

		if (table != NULL && said[table - tables][row - table->rows])
			continue;
		if (table == NULL ? !unknown(tables, n_tables, s, entry->key, e)
		                  : !set_entry(table, row, d, entry, x, e))
			return document_err(d, entry->line, e);
	}
	return true;
}

bool fill_finish(struct fill *tables, size_t n_tables, const struct document *d,
                 const struct section *s, struct err *e)
{
	for (size_t i = 0; i < n_tables; i++)
		if (!keys_finish(tables[i].rows, tables[i].n, tables[i].seen, tables[i].spec, e)) {
			(void)err_in(e, "[%s]", s->name);
			return document_err(d, s->line, e);
		}
	return true;
}
