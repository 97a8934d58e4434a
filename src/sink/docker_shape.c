/* SPDX-License-Identifier: MIT */
/*
 * Types. A client that meets a value of another type than its source says there gives up the whole
 * file, and with it every entry: docker says "WARNING: Error loading config file" and pulls as
 * nobody, podman and skopeo fail, kubelet passes over the file, docker-py throws. A field that a
 * client does not know may be anything.
 */
#include "sink/docker_reader.h"

#include <stdio.h>
#include <strings.h>

#include "base/buf.h"
#include "sink/docker_doc.h"

#define D DOCKER_READER_BIT(DOCKER_READER_DOCKER)
#define C DOCKER_READER_BIT(DOCKER_READER_CONTAINERS)
#define K DOCKER_READER_BIT(DOCKER_READER_KUBELET)
#define P DOCKER_READER_BIT(DOCKER_READER_PYTHON)

enum type { STRING, OBJECT, ARRAY };

/* name "*": every member (of an array: every item). by 0: those whom the row above it concerns. */
struct shape {
	const char *name;
	enum type type;
	unsigned by;
	const struct shape *inner;
	size_t n_inner;
};
#define INNER(rows) (rows), COUNT(rows)

static const struct shape helpers[] = { { "*", STRING, D | C, NULL, 0 } };
static const struct shape strings[] = { { "*", STRING, 0, NULL, 0 } };
static const struct shape plugin[] = { { "*", OBJECT, D, INNER(strings) } };
static const struct shape proxy_fields[] = {
	{ "httpProxy", STRING, D, NULL, 0 }, { "httpsProxy", STRING, D, NULL, 0 },
	{ "noProxy", STRING, D, NULL, 0 },   { "ftpProxy", STRING, D, NULL, 0 },
	{ "allProxy", STRING, D, NULL, 0 },
};
static const struct shape proxy[] = { { "*", OBJECT, D, INNER(proxy_fields) } };
static const struct shape entry_fields[] = {
	{ "auth", STRING, D | C | K, NULL, 0 }, /* docker-py: where it decodes it */
	{ "username", STRING, D | K, NULL, 0 },      { "password", STRING, D | K, NULL, 0 },
	{ "email", STRING, D | K, NULL, 0 },         { "serveraddress", STRING, D, NULL, 0 },
	{ "identitytoken", STRING, D | C, NULL, 0 }, { "registrytoken", STRING, D, NULL, 0 },
};
static const struct shape entry[] = { { "*", OBJECT, D | C | K | P, INNER(entry_fields) } };

/* docker 28.2 knows these; 20.10 has `kubernetes` and `stackOrchestrator` besides, and lacks
 * `features`. */
static const struct shape whole[] = {
	{ "auths", OBJECT, D | C | K | P, INNER(entry) },
	{ "credHelpers", OBJECT, D | C | P, INNER(helpers) },
	{ "credsStore", STRING, D | P, NULL, 0 },
	{ "HttpHeaders", OBJECT, D | K, INNER(strings) },
	{ "experimental", STRING, D, NULL, 0 },
	{ "detachKeys", STRING, D, NULL, 0 },
	{ "currentContext", STRING, D, NULL, 0 },
	{ "psFormat", STRING, D, NULL, 0 },
	{ "imagesFormat", STRING, D, NULL, 0 },
	{ "networksFormat", STRING, D, NULL, 0 },
	{ "pluginsFormat", STRING, D, NULL, 0 },
	{ "volumesFormat", STRING, D, NULL, 0 },
	{ "statsFormat", STRING, D, NULL, 0 },
	{ "serviceInspectFormat", STRING, D, NULL, 0 },
	{ "servicesFormat", STRING, D, NULL, 0 },
	{ "tasksFormat", STRING, D, NULL, 0 },
	{ "secretFormat", STRING, D, NULL, 0 },
	{ "configFormat", STRING, D, NULL, 0 },
	{ "nodesFormat", STRING, D, NULL, 0 },
	{ "pruneFilters", ARRAY, D, INNER(strings) },
	{ "cliPluginsExtraDirs", ARRAY, D, INNER(strings) },
	{ "plugins", OBJECT, D, INNER(plugin) },
	{ "aliases", OBJECT, D, INNER(strings) },
	{ "features", OBJECT, D, INNER(strings) },
	{ "proxies", OBJECT, D, INNER(proxy) },
};

static const char *const type_names[] = {
	[STRING] = "a string", [OBJECT] = "an object", [ARRAY] = "an array"
};

/* What was found wrong, from the inside out: the names on the way to it. */
#define DEPTH_MAX 4
struct wrong {
	struct span name[DEPTH_MAX];
	size_t n;
	enum type want;
	unsigned by;
};

static bool is_type(const struct docker_doc *d, struct span v, enum type want)
{
	static const char first[] = { [STRING] = '"', [OBJECT] = '{', [ARRAY] = '[' };

	return d->text[v.start] == first[want];
}

/* What Python takes for false. */
static bool is_falsy(const struct docker_doc *d, struct span v)
{
	static const char *const falsy[] = { "null", "false", "0", "\"\"", "[]", "{}" };

	for (size_t i = 0; i < COUNT(falsy); i++)
		if (v.end - v.start == strlen(falsy[i]) &&
		    memcmp(d->text + v.start, falsy[i], v.end - v.start) == 0)
			return true;
	return false;
}

/* To whom of `by` this value is of the wrong type? Go takes null for "not there"; docker-py looks
 * at no section that is false. */
static unsigned offended(const struct docker_doc *d, const struct shape *row, struct span v,
                         unsigned by)
{
	if (is_type(d, v, row->type))
		return 0;
	if (docker_is_null(d, v))
		by &= row->name[0] == '*' ? P : 0;
	else if (row->name[0] != '*' && is_falsy(d, v))
		by &= ~P;
	return by;
}

static const struct shape *row_of(const struct docker_doc *d, const struct shape *rows, size_t n,
                                  struct span key, unsigned *by)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].name[0] != '*' && !docker_same_but_case(d, key, rows[i].name))
			continue;
		unsigned readers = rows[i].by != 0 ? rows[i].by : *by;
		/* Python knows nothing of other letters. */
		if (rows[i].name[0] != '*' && !json_span_is(d->text, key, rows[i].name))
			readers &= ~P;
		*by = readers;
		return &rows[i];
	}
	return NULL;
}

static bool walk(const struct docker_doc *d, struct span v, const struct shape *rows, size_t n,
                 unsigned readers, unsigned by, struct wrong *out);

static bool visit(const struct docker_doc *d, const struct json_member *m, const struct shape *row,
                  unsigned readers, unsigned by, struct wrong *out)
{
	unsigned offends = offended(d, row, m->value, by & readers);

	if (offends != 0)
		*out = (struct wrong){ .want = row->type, .by = offends };
	if (offends == 0 && (row->n_inner == 0 || !is_type(d, m->value, row->type) ||
	                     walk(d, m->value, row->inner, row->n_inner, readers, by, out)))
		return true;
	out->name[out->n++] = m->key;
	return false;
}

/* At most DEPTH_MAX levels: as deep as the tables are. */
static bool walk(const struct docker_doc *d, struct span v, const struct shape *rows, size_t n,
                 unsigned readers, unsigned by, struct wrong *out)
{
	struct json_member m = { .key = { .start = 0 } };
	bool array = d->text[v.start] == '[';
	size_t at = 0;

	while (array ? json_span_next_item(d->text, v, &at, &m.value)
	             : json_span_next(d->text, v, &at, &m)) {
		unsigned concerned = by;
		const struct shape *row = array ? rows : row_of(d, rows, n, m.key, &concerned);
		if (row != NULL && !visit(d, &m, row, readers, concerned, out))
			return false;
	}
	return true;
}

static void describe(const struct docker_doc *d, const struct wrong *w,
                     char why[static DOCKER_WHY_MAX])
{
	AUTO_BUF struct buf path = BUF_INIT(DOCKER_WHY_MAX);

	for (size_t i = 0; i < w->n; i++) {
		if (w->name[i].end == 0)
			continue; /* an item of an array */
		if (path.len > 0)
			buf_str(&path, "' in '");
		json_span_string(d->text, w->name[i], &path);
	}
	(void)snprintf(why, DOCKER_WHY_MAX, "'%s' is not %s", buf_cstr(&path), type_names[w->want]);
}

bool docker_shape_ok(const struct docker_doc *d, unsigned readers, unsigned *by,
                     char why[static DOCKER_WHY_MAX])
{
	struct wrong w = { .n = 0 };

	if (d->blank || walk(d, d->top, whole, COUNT(whole), readers, readers, &w))
		return true;
	*by = w.by;
	describe(d, &w, why);
	return false;
}
