/* SPDX-License-Identifier: MIT */
/*
 * Has the sandboxed service what the jobs need? What `check --systemd-dropin` would print is
 * looked for in the unit and in its drop-ins, word by word: who wrote them by hand, in another
 * order or for a whole tree, is right too.
 */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"
#include "config/job.h"

#define UNIT           "acrotate.service"
#define UNIT_MAX       (256 * 1024)        /* a hundred times the unit's size */
#define DROPIN_MAX     (64u * 1024 * 1024) /* ten thousand jobs, each with a long path */
#define DEFAULT_CONFIG SYSCONF "/acrotate/acrotate.conf"
/* Of systemd.unit(5), without what generators make. */
#define UNIT_PATH                                                                                  \
	"/etc/systemd/system:/run/systemd/system:/usr/local/lib/systemd/system:/usr/lib/systemd/"  \
	"system:/lib/systemd/system"
#define WRITTEN "# Written by 'acrotate check --systemd-dropin'"
#define PATHS   "ReadWritePaths"

/* One word of KEY=WORD WORD..., without quotes. */
struct setting {
	char *key, *word;
};
struct unit_settings {
	struct setting *item;
	size_t n, cap;
};

static void settings_clear(struct unit_settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->item[i].key);
		free(s->item[i].word);
	}
	free(s->item);
	*s = (struct unit_settings){ .n = 0 };
}

static void add(struct unit_settings *s, const char *key, size_t n_key, const char *word)
{
	s->item = mem_grow(s->item, &s->cap, s->n + 1, sizeof(*s->item));
	s->item[s->n++] = (struct setting){ .key = mem_dup_n(key, n_key), .word = mem_dup(word) };
}

/* The next word of a line, unquoted; what stands before a path ("-", "+") is none of it. */
static const char *next_word(const char *p, struct buf *out)
{
	bool quoted = false;

	buf_reset(out);
	p += strspn(p, " \t");
	for (; *p != '\0' && *p != '\n' && (quoted || (*p != ' ' && *p != '\t')); p++) {
		if (*p == '"') {
			quoted = !quoted;
			continue;
		}
		if ((*p == '\\' && p[1] != '\0' && p[1] != '\n') || (*p == '%' && p[1] == '%'))
			p++;
		buf_char(out, *p);
	}
	return p;
}

static void read_settings(const char *text, struct unit_settings *out)
{
	AUTO_BUF struct buf word = BUF_INIT(UNIT_MAX);

	for (const char *line = text; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strcspn(line, "=\n");
		if (*line == '#' || *line == ';' || line[n] != '=')
			continue;
		for (const char *p = next_word(line + n + 1, &word); word.len > 0;
		     p = next_word(p, &word)) {
			const char *text_of = buf_cstr(&word);
			bool path = n == strlen(PATHS) && strncmp(line, PATHS, n) == 0;
			add(out, line, n, path ? text_of + strspn(text_of, "-+") : text_of);
		}
	}
}

/* ---- what there is --------------------------------------------------------------------------- */

struct unit {
	struct unit_settings granted, written;
	bool there, dropins, for_us;
};

static void unit_clear(struct unit *u)
{
	settings_clear(&u->granted);
	settings_clear(&u->written);
}

/* The service reads the configuration that its command line names, or else the default one. */
static bool is_for(const char *text, const char *config)
{
	const char *start = strstr(text, "\nExecStart=");

	if (start == NULL)
		return false;
	AUTO_FREE char *line = mem_dup_n(start + 1, strcspn(start + 1, "\n"));
	if (strstr(line, " -c") == NULL && strstr(line, " --config") == NULL)
		return strcmp(config, DEFAULT_CONFIG) == 0;
	return strstr(line, config) != NULL;
}

static bool read_text(const char *path, struct buf *out)
{
	struct err ignored = ERR_INIT; /* systemd would not read it either */

	return fs_read(path, UNIT_MAX, out, NULL, &ignored);
}

static void read_dropins(const char *dir, struct unit *u)
{
	AUTO_FREE char *path = mem_fmt("%s/" UNIT ".d", dir);
	DIR *d = opendir(path);

	for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;) {
		AUTO_FREE char *name = mem_fmt("%s/%s", path, f->d_name);
		AUTO_BUF struct buf text = BUF_INIT(UNIT_MAX);
		const char *dot = strrchr(f->d_name, '.');
		if (dot == NULL || strcmp(dot, ".conf") != 0 || !read_text(name, &text))
			continue;
		u->dropins = true;
		read_settings(buf_cstr(&text), &u->granted);
		if (strncmp(buf_cstr(&text), WRITTEN, strlen(WRITTEN)) == 0)
			read_settings(buf_cstr(&text), &u->written);
	}
	if (d != NULL)
		(void)closedir(d); /* opened to read */
}

static void read_unit(const char *config, struct unit *u)
{
	const char *given = getenv("SYSTEMD_UNIT_PATH");
	AUTO_FREE char *path = mem_dup(given != NULL && *given != '\0' ? given : UNIT_PATH);
	char *rest = path, *dir;

	while ((dir = strsep(&rest, ":")) != NULL) {
		AUTO_FREE char *name = mem_fmt("%s/" UNIT, dir);
		AUTO_BUF struct buf text = BUF_INIT(UNIT_MAX);
		if (!u->there && read_text(name, &text)) {
			u->there = true;
			u->for_us = is_for(buf_cstr(&text), config);
			read_settings(buf_cstr(&text), &u->granted);
		}
		read_dropins(dir, u);
	}
}

/* ---- what it lacks --------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0' || (n == 1 && dir[0] == '/'));
}

static bool grants(const struct setting *have, const struct setting *need)
{
	if (strcmp(need->key, PATHS) == 0 && strcmp(have->key, "StateDirectory") == 0) {
		AUTO_FREE char *dir = mem_fmt("/var/lib/%s", have->word);
		return is_below(need->word, dir);
	}
	if (strcmp(have->key, need->key) != 0)
		return false;
	return strcmp(need->key, PATHS) == 0 ? is_below(need->word, have->word)
	                                     : strcmp(need->word, have->word) == 0;
}

static bool granted(const struct unit_settings *have, const struct setting *need)
{
	for (size_t i = 0; i < have->n; i++)
		if (grants(&have->item[i], need))
			return true;
	return false;
}

/* The first of `those` that `by` does not grant, and how many there are. */
static const struct setting *first_beside(const struct unit_settings *those,
                                          const struct unit_settings *by, size_t *n)
{
	const struct setting *first = NULL;

	*n = 0;
	for (size_t i = 0; i < those->n; i++) {
		if (granted(by, &those->item[i]))
			continue;
		first = first == NULL ? &those->item[i] : first;
		++*n;
	}
	return first;
}

static void fix(struct finding *at)
{
	findings_fix(at, "mkdir -p /etc/systemd/system/" UNIT ".d");
	findings_fix(at, "acrotate check --systemd-dropin >/etc/systemd/system/" UNIT
	                 ".d/paths.conf && systemctl daemon-reload");
}

void check_systemd(struct config *c, const size_t *jobs, size_t n, struct findings *f)
{
	AUTO(unit_clear) struct unit u = { .there = false };
	AUTO(settings_clear) struct unit_settings needs = { .n = 0 };
	AUTO_BUF struct buf text = BUF_INIT(DROPIN_MAX);
	size_t lacking, beside;
	struct err e = ERR_INIT;

	/* The units of users have no such sandbox. */
	if (geteuid() != 0 || n == 0)
		return;
	read_unit(config_path(c), &u);
	if (!u.there || !u.for_us)
		return;
	if (!dropin_text(c, jobs, n, &text, &e))
		findings_fix(findings_problem(f, "systemd", &e),
		             "# another path, into that job: a unit is a list of lines");
	read_settings(buf_cstr(&text), &needs);
	const struct setting *lack = first_beside(&needs, &u.granted, &lacking),
			     *more = first_beside(&u.written, &needs, &beside);
	if (lack != NULL)
		fix(findings_warning(f, "systemd",
		                     "the drop-in of " UNIT " is %s: the service lacks %s=%s%s",
		                     u.dropins ? "stale" : "missing", lack->key, lack->word,
		                     lacking > 1 ? ", and more" : ""));
	else if (more != NULL && n == config_count(c))
		fix(findings_warning(f, "systemd",
		                     "the drop-in of " UNIT " is stale: no job needs %s=%s%s",
		                     more->key, more->word, beside > 1 ? ", and more" : ""));
	else
		(void)findings_ok(f, "systemd", UNIT " may write what the jobs need");
}
