/* SPDX-License-Identifier: MIT */
#include "kube/yaml.h"

#include <yaml.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/*
 * libyaml has no setting for its allocator, but it calls these by their names: a definition in the
 * program comes before its own. What it keeps of a file with tokens and keys is wiped when it is
 * freed.
 */
void *yaml_malloc(size_t size);
void *yaml_realloc(void *p, size_t size);
void yaml_free(void *p);
yaml_char_t *yaml_strdup(const yaml_char_t *text);

void *yaml_malloc(size_t size)
{
	return mem_wiping_malloc(size != 0 ? size : 1);
}

void *yaml_realloc(void *p, size_t size)
{
	return p != NULL ? mem_wiping_realloc(p, size != 0 ? size : 1) : yaml_malloc(size);
}

void yaml_free(void *p)
{
	mem_wiping_free(p);
}

yaml_char_t *yaml_strdup(const yaml_char_t *text)
{
	return text != NULL ? (yaml_char_t *)mem_wiping_strdup((const char *)text) : NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static void add_scalar(const yaml_node_t *node, struct buf *out)
{
	static const struct {
		const char *said, *means;
	} words[] = {
		{ "", "null" },       { "~", "null" },      { "null", "null" },
		{ "Null", "null" },   { "NULL", "null" },   { "true", "true" },
		{ "True", "true" },   { "TRUE", "true" },   { "false", "false" },
		{ "False", "false" }, { "FALSE", "false" },
	};

	for (size_t i = 0; node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && i < COUNT(words);
	     i++) {
		if (strcmp(text_of(node), words[i].said) == 0) {
			buf_str(out, words[i].means);
			return;
		}
	}
	buf_json(out, text_of(node));
}

static bool refused(const yaml_node_t *node, const char *why, struct err *e)
{
	return err_set(e, ERR_CONFIG, "line %zu: %s", node->start_mark.line + 1, why);
}

static bool is_text(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && strlen(text_of(node)) == node->data.scalar.length;
}

static bool add_node(yaml_document_t *doc, int index, int depth, struct buf *out, struct err *e);

static bool add_mapping(yaml_document_t *doc, const yaml_node_t *node, int depth, struct buf *out,
                        struct err *e)
{
	const yaml_node_pair_t *first = node->data.mapping.pairs.start;

	buf_char(out, '{');
	for (const yaml_node_pair_t *p = first; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(doc, p->key);
		if (!is_text(key))
			return refused(key, "a name that is no text", e);
		if (p > first)
			buf_char(out, ',');
		buf_json(out, text_of(key));
		buf_char(out, ':');
		if (!add_node(doc, p->value, depth, out, e))
			return false;
	}
	buf_char(out, '}');
	return true;
}

static bool add_sequence(yaml_document_t *doc, const yaml_node_t *node, int depth, struct buf *out,
                         struct err *e)
{
	const yaml_node_item_t *first = node->data.sequence.items.start;

	buf_char(out, '[');
	for (const yaml_node_item_t *p = first; p < node->data.sequence.items.top; p++) {
		if (p > first)
			buf_char(out, ',');
		if (!add_node(doc, *p, depth, out, e))
			return false;
	}
	buf_char(out, ']');
	return true;
}

/* An alias to what surrounds it has no end, and aliases to aliases grow without measure: depth
 * and size end both. */
static bool add_node(yaml_document_t *doc, int index, int depth, struct buf *out, struct err *e)
{
	const yaml_node_t *node = yaml_document_get_node(doc, index);

	if (!buf_ok(out))
		return refused(node, "it is too large", e);
	if (depth == YAML_DEPTH_MAX)
		return refused(node, "it is nested too deeply", e);
	if (node->type == YAML_MAPPING_NODE)
		return add_mapping(doc, node, depth + 1, out, e);
	if (node->type == YAML_SEQUENCE_NODE)
		return add_sequence(doc, node, depth + 1, out, e);
	if (!is_text(node))
		return refused(node, "a NUL character", e);
	add_scalar(node, out);
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The library's words never quote the text. */
static bool broken(const yaml_parser_t *p, struct err *e)
{
	if (p->error == YAML_MEMORY_ERROR)
		mem_exhausted();
	return err_set(e, ERR_CONFIG, "line %zu: %s", p->problem_mark.line + 1,
	               p->problem != NULL ? p->problem : "not YAML");
}

static bool load(yaml_parser_t *p, bool first, struct buf *out, bool *any, struct err *e)
{
	AUTO(yaml_document_delete) yaml_document_t doc = { 0 };
	struct err why = ERR_INIT;

	if (yaml_parser_load(p, &doc) == 0)
		return broken(p, e);
	const yaml_node_t *root = yaml_document_get_root_node(&doc);
	*any = root != NULL;
	if (root == NULL)
		return true;
	if (!first)
		return refused(root, "a second document begins; one is expected", e);
	if (add_node(&doc, 1, 0, out, &why) && buf_ok(out))
		return true;
	return why.kind != ERR_NONE ? (*e = why, false) : refused(root, "it is too large", e);
}

bool yaml_to_json(const char *text, size_t n, struct buf *out, struct err *e)
{
	AUTO(yaml_parser_delete) yaml_parser_t p = { 0 };
	bool any = false, more = false;

	if (yaml_parser_initialize(&p) == 0)
		mem_exhausted();
	yaml_parser_set_input_string(&p, (const unsigned char *)text, n);
	if (!load(&p, true, out, &any, e))
		return false;
	if (!any)
		return err_set(e, ERR_CONFIG, "there is nothing in it");
	return load(&p, false, out, &more, e);
}
