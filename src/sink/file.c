/* SPDX-License-Identifier: MIT */
/* Sink "file": a template filled in. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/place.h"
#include "sink/sink.h"
#include "sink/template.h"

/* what a template's variables may take on top of its own text: for the look at the free space */
#define GROWTH 2048

struct file_spec {
	struct place_spec place;
	char *content, *template_file;
	bool overwrite;
};

static const struct key keys[] = {
	PLACE_KEYS(file_spec),
	{ .name = "content",
	  .type = KEY_TEXT,
	  .offset = offsetof(struct file_spec, content),
	  .help = "what the file says, a line: {password} or {auth} (:url, :json), {username} "
	          "{server} "
	          "{expires} {slot}; \\n is a line break, and one is added; default: {password}" },
	{ .name = "template_file",
	  .type = KEY_FILE,
	  .offset = offsetof(struct file_spec, template_file),
	  .help = "a file with the content instead, byte for byte" },
	{ .name = "overwrite",
	  .type = KEY_BOOL,
	  .offset = offsetof(struct file_spec, overwrite),
	  .fallback = "no",
	  .help = "replace a file that does not look like the template" },
};

struct file {
	struct sink sink;
	const struct file_spec *spec;
	struct place place;
	struct template *template; /* NULL until first used */
	struct fs_stage *stage;
	struct buf next, old;  /* in place only: what to write, and what to put back */
	struct secret *ours;   /* what find() found: a file with it in it is ours in any form */
	struct sink_says says; /* of what was read last */
	bool ready;            /* in place: next is what commit writes */
};

/* ---- the template ---------------------------------------------------------------------------- */

/* A value is one line: \n in it is a line break, and \\n these two characters. Any other backslash
 * is itself. */
static void add_content(const char *p, struct buf *out)
{
	while (*p != '\0') {
		bool escaped = strncmp(p, "\\\\n", 3) == 0, line = strncmp(p, "\\n", 2) == 0;
		buf_str(out, escaped ? "\\n" : line ? "\n" : (char[]){ *p, '\0' });
		p += escaped ? 3 : line ? 2 : 1;
	}
}

static bool parse(const struct file_spec *spec, struct template **out, struct err *e)
{
	AUTO_TEMPLATE struct template *t = NULL;
	AUTO_BUF struct buf text = BUF_INIT(TEMPLATE_MAX);
	struct err why = ERR_INIT;

	if (spec->template_file == NULL) {
		add_content(spec->content != NULL ? spec->content : "{password}", &text);
		buf_char(&text, '\n');
	} else if (!fs_read(spec->template_file, TEMPLATE_MAX, &text, NULL, &why)) {
		return err_set(e, ERR_CONFIG, "key 'template_file': %s", why.text);
	}
	if (!template_parse(buf_cstr(&text), text.len, &t, e) || !template_readable(t, e))
		return err_in(e, "key '%s'",
		              spec->template_file == NULL ? "content" : "template_file");
	*out = take(&t);
	return true;
}

static bool need_template(struct file *f, struct err *e)
{
	return f->template != NULL || parse(f->spec, &f->template, e);
}

static bool file_validate(const void *spec, struct err *e)
{
	const struct file_spec *s = spec;
	AUTO_TEMPLATE struct template *t = NULL;

	if (s->content != NULL && s->template_file != NULL)
		return err_set(e, ERR_CONFIG,
		               "'content' and 'template_file' are mutually exclusive");
	/* A template file may come later than the configuration; it is looked at when it is
	 * needed. */
	return s->template_file != NULL || parse(s, &t, e);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void file_identity(const void *spec, const char *server, struct buf *out)
{
	const struct file_spec *s = spec;

	(void)server; /* the whole file is one entry */
	buf_fmt(out, "file:%s", s->place.path);
}

static bool file_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                      struct err *e)
{
	struct file *f = mem_new(sizeof(*f));

	(void)lent;
	(void)e; /* nothing is touched */
	f->sink.ops = &sink_file;
	f->spec = spec;
	f->place.spec = &f->spec->place;
	f->next = f->old = (struct buf)BUF_INIT(TEMPLATE_TEXT_MAX);
	*out = &f->sink;
	return true;
}

static void file_describe(const struct sink *s, struct buf *out)
{
	const struct file *f = (const struct file *)s;

	buf_str(out, f->spec->place.path);
}

static void file_abort(struct sink *s)
{
	struct file *f = (struct file *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct err ignored = ERR_INIT;

	/* Without the rights the temporary stays, for a later run to sweep. */
	if (f->stage != NULL && place_enter(&f->place, &rights, &ignored))
		fs_stage_free(take(&f->stage));
	fs_stage_leave(take(&f->stage));
	place_leave(&f->place);
	f->ready = false;
	buf_reset(&f->next);
	buf_reset(&f->old);
}

static void file_close(struct sink *s)
{
	struct file *f = (struct file *)s;

	file_abort(s);
	place_clear(&f->place);
	template_free(f->template);
	secret_free(f->ours);
	buf_free(&f->next);
	buf_free(&f->old);
	free(f);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool file_read_current(struct sink *s, const struct credential *who, struct secret **out,
                              struct err *e)
{
	struct file *f = (struct file *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	AUTO_BUF struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX);
	bool found;

	if (!need_template(f, e) || !place_enter(&f->place, &rights, e) ||
	    !place_peek(&f->place, TEMPLATE_TEXT_MAX, &text, &found, e))
		return false;
	f->says = (struct sink_says){ 0 };
	if (!template_read(f->template, buf_cstr(&text), text.len, who, out, &f->says))
		*out = NULL;
	return true;
}

static void file_says(const struct sink *s, struct sink_says *out)
{
	*out = ((const struct file *)s)->says;
}

/* The template was changed, and the file not yet: it is known by our password in it. */
static bool file_find(struct sink *s, const struct credential *who, const struct sink_known *known,
                      struct secret **out, struct err *e)
{
	struct file *f = (struct file *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	AUTO_BUF struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX);
	bool found;

	if (!place_enter(&f->place, &rights, e) ||
	    !place_peek(&f->place, TEMPLATE_TEXT_MAX, &text, &found, e))
		return false;
	secret_free(f->ours);
	f->ours = template_search(buf_cstr(&text), text.len, who, known);
	*out = f->ours != NULL ? secret_dup(f->ours) : NULL;
	return true;
}

static bool has_ours(const struct file *f, const struct credential *who, const struct buf *there)
{
	return f->ours != NULL && template_has(buf_cstr(there), there->len, who, f->ours);
}

/* Is what stands there ours to replace? An empty file is nobody's: made by hand to give it an owner
 * and a mode. */
static bool replaceable(struct file *f, const struct credential *who, const struct buf *there,
                        struct err *e)
{
	AUTO_SECRET struct secret *now = NULL;

	if (f->spec->overwrite || there->len == 0 ||
	    template_match(f->template, buf_cstr(there), there->len, who, &now) ||
	    has_ours(f, who, there))
		return true;
	return err_set(e, ERR_DECISION,
	               "'%s' has other content than the template (or another registry or user in "
	               "it), and no password of this job: move it away, or say 'overwrite = yes'",
	               f->spec->place.path);
}

static bool check_content(struct file *f, const struct credential *who, struct err *e)
{
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	AUTO_BUF struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX);
	bool found;

	return need_template(f, e) && place_enter(&f->place, &rights, e) &&
	       place_read(&f->place, TEMPLATE_TEXT_MAX, &text, NULL, &found, e) &&
	       replaceable(f, who, &text, e);
}

static bool file_check(struct sink *s, const struct credential *who, struct err *e)
{
	struct file *f = (struct file *)s;
	bool ok = check_content(f, who, e) &&
	          place_check(&f->place, template_size(f->template) + GROWTH, e);

	place_leave(&f->place);
	return ok;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool file_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	struct file *f = (struct file *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	AUTO_BUF struct buf next = BUF_INIT(TEMPLATE_TEXT_MAX);
	AUTO_BUF struct buf old = BUF_INIT(TEMPLATE_TEXT_MAX);
	bool found;

	file_abort(s);
	if (!need_template(f, e) || !template_render(f->template, c, &next, e) ||
	    !place_enter(&f->place, &rights, e) ||
	    !place_read(&f->place, TEMPLATE_TEXT_MAX, &old, NULL, &found, e) ||
	    !replaceable(f, c, &old, e))
		return false;
	if (!place_in_place(&f->place, found))
		return place_stage(&f->place, &next, &f->stage, e);
	if (!place_reserve(&f->place, next.len, e))
		return false;
	place_leave(&f->place);
	buf_add(&f->next, buf_cstr(&next), next.len);
	buf_add(&f->old, buf_cstr(&old), old.len);
	f->ready = true;
	return true;
}

static bool file_commit(struct sink *s, struct err *e)
{
	struct file *f = (struct file *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };

	if (f->stage == NULL && !f->ready)
		return err_set(e, ERR_LOCAL, "'%s' was not prepared", f->spec->place.path);
	if (!place_enter(&f->place, &rights, e))
		return false;
	if (f->stage != NULL)
		return fs_stage_commit(f->stage, e);
	return place_write(&f->place, &f->next, &f->old, e);
}

static bool file_sweep(struct sink *s, const struct credential *who, struct err *e)
{
	struct file *f = (struct file *)s;
	AUTO_RIGHTS struct fs_rights rights = { .taken = false };
	struct fs_attr attr;

	(void)who; /* nothing in a leftover is anybody else's */
	return place_enter(&f->place, &rights, e) && place_attr(&f->place, &attr, e) &&
	       fs_sweep(f->spec->place.path, &attr, TEMPLATE_TEXT_MAX, NULL, NULL, e);
}

const struct sink_ops sink_file = {
	.type = "file",
	.keys = keys,
	.n_keys = COUNT(keys),
	.spec_size = sizeof(struct file_spec),
	.local = true,
	.atomic = true,
	.evidence = true,
	.validate = file_validate,
	.identity = file_identity,
	.open = file_open,
	.describe = file_describe,
	.check = file_check,
	.read_current = file_read_current,
	.says = file_says,
	.find = file_find,
	.prepare = file_prepare,
	.commit = file_commit,
	.abort = file_abort,
	.close = file_close,
	.sweep = file_sweep,
	.directory = place_directory,
};
