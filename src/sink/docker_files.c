/* SPDX-License-Identifier: MIT */
#include "sink/docker_files.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sink/docker_doc.h"
#include "sink/docker_edit.h"
#include "sink/place.h"

#define ROWS 1024 /* at most some thousand are open at once */
/* Files that no open sink has, for the next job to come: of ten thousand jobs with a file each
 * not all are to stay in memory. */
#define KEPT_MAX   32
#define KEPT_BYTES (16u * 1024 * 1024)

struct docker_file {
	struct docker_files *of; /* NULL: nobody else has it */
	char *path;
	size_t users;
	struct docker_file *next;          /* in its row */
	struct docker_file *newer, *older; /* among those that are kept */

	pthread_mutex_t turn, look;
	/* Under `look`: what was parsed last. */
	struct buf text;
	struct docker_doc doc; /* of `text` */
	bool parsed, ok;
	struct err why;            /* when not ok */
	struct fs_version version; /* not settled: of no file that is known */
	size_t asked;
};

struct docker_files {
	pthread_mutex_t lock;
	struct docker_file *row[ROWS];
	struct docker_file *newest, *oldest;
	size_t kept, kept_bytes;
	_Atomic size_t parsed;
};

/* ---- one file -------------------------------------------------------------------------------- */

static struct docker_file *file_new(struct docker_files *of, const char *path)
{
	struct docker_file *f = mem_new(sizeof(*f));

	f->of = of;
	f->path = mem_dup(path);
	f->text = (struct buf)BUF_INIT(DOCKER_CONFIG_MAX);
	(void)pthread_mutex_init(&f->turn, NULL);
	(void)pthread_mutex_init(&f->look, NULL);
	return f;
}

static void file_free(struct docker_file *f)
{
	docker_doc_clear(&f->doc);
	buf_free(&f->text);
	(void)pthread_mutex_destroy(&f->turn);
	(void)pthread_mutex_destroy(&f->look);
	free(f->path);
	free(f);
}

void docker_file_begin_turn(struct docker_file *f)
{
	(void)pthread_mutex_lock(&f->turn);
}

void docker_file_end_turn(struct docker_file *f)
{
	(void)pthread_mutex_unlock(&f->turn);
}

void docker_file_enter(struct docker_file *f)
{
	(void)pthread_mutex_lock(&f->look);
}

void docker_file_leave(struct docker_file *f)
{
	(void)pthread_mutex_unlock(&f->look);
}

/* ---- its document ---------------------------------------------------------------------------- */

static void parse(struct docker_file *f)
{
	f->why = (struct err)ERR_INIT;
	docker_doc_clear(&f->doc);
	f->ok = docker_doc_read(&f->text, &f->doc, &f->why);
	f->parsed = true;
	f->asked = 0;
	if (f->of != NULL)
		f->of->parsed++;
}

/* An index is for those who come second. */
static bool answer(struct docker_file *f, const char *key, struct docker_doc *out, struct err *e)
{
	if (!f->ok) {
		*e = f->why;
		return err_in(e, "'%s'", f->path);
	}
	if (f->asked++ == 1)
		docker_doc_index(&f->doc);
	*out = f->doc;
	return docker_doc_choose(out, key, e) || err_in(e, "'%s'", f->path);
}

static void take_text(struct docker_file *f, const struct buf *text)
{
	if (f->parsed && buf_equal(&f->text, text))
		return;
	buf_set(&f->text, text);
	parse(f);
}

bool docker_file_read(struct docker_file *f, const struct place *p, const char *key,
                      struct docker_doc *out, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);
	struct fs_version version = f->version;
	bool same = false;

	if (!place_peek_again(p, DOCKER_CONFIG_MAX, &text, &version, &same, e))
		return false;
	if (!same)
		take_text(f, &text);
	f->version = version;
	return answer(f, key, out, e);
}

bool docker_file_parse(struct docker_file *f, const struct buf *text, const char *key,
                       struct docker_doc *out, struct err *e)
{
	bool other = !f->parsed || !buf_equal(&f->text, text);

	if (other)
		f->version = (struct fs_version){ .settled = false };
	take_text(f, text);
	return answer(f, key, out, e);
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct docker_files *docker_files_new(void)
{
	struct docker_files *all = mem_new(sizeof(*all));

	(void)pthread_mutex_init(&all->lock, NULL);
	return all;
}

size_t docker_files_parsed(const struct docker_files *all)
{
	return all->parsed;
}

/* FNV-1a */
static struct docker_file **row_of(struct docker_files *all, const char *path)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (const char *p = path; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return &all->row[(h ^ h >> 32) % ROWS];
}

static void unlink_kept(struct docker_files *all, struct docker_file *f)
{
	*(f->newer != NULL ? &f->newer->older : &all->newest) = f->older;
	*(f->older != NULL ? &f->older->newer : &all->oldest) = f->newer;
	f->newer = f->older = NULL;
	all->kept--;
	all->kept_bytes -= f->text.len;
}

static void let_go_oldest(struct docker_files *all)
{
	struct docker_file *f = all->oldest, **at = row_of(all, f->path);

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	all->oldest = f->newer;
	*(f->newer != NULL ? &f->newer->older : &all->newest) = NULL;
	all->kept--;
	all->kept_bytes -= f->text.len;
	file_free(f);
}

static void keep(struct docker_files *all, struct docker_file *f)
{
	f->older = all->newest;
	*(f->older != NULL ? &f->older->newer : &all->oldest) = f;
	all->newest = f;
	all->kept++;
	all->kept_bytes += f->text.len;
	while (all->kept > KEPT_MAX || all->kept_bytes > KEPT_BYTES)
		let_go_oldest(all);
}

static struct docker_file *find_or_add(struct docker_files *all, const char *path)
{
	struct docker_file **row = row_of(all, path), *f = *row;

	while (f != NULL && strcmp(f->path, path) != 0)
		f = f->next;
	if (f == NULL) {
		f = file_new(all, path);
		f->next = *row;
		*row = f;
	} else if (f->users == 0) {
		unlink_kept(all, f);
	}
	f->users++;
	return f;
}

struct docker_file *docker_file_take(struct docker_files *all, const char *path)
{
	if (all == NULL)
		return file_new(NULL, path);
	(void)pthread_mutex_lock(&all->lock);
	struct docker_file *f = find_or_add(all, path);
	(void)pthread_mutex_unlock(&all->lock);
	return f;
}

void docker_file_drop(struct docker_file *f)
{
	struct docker_files *all = f != NULL ? f->of : NULL;

	if (all == NULL) {
		if (f != NULL)
			file_free(f);
		return;
	}
	(void)pthread_mutex_lock(&all->lock);
	if (--f->users == 0)
		keep(all, f);
	(void)pthread_mutex_unlock(&all->lock);
}

void docker_files_free(struct docker_files *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < ROWS; i++)
		for (struct docker_file *f = all->row[i], *next; f != NULL; f = next) {
			next = f->next;
			file_free(f);
		}
	(void)pthread_mutex_destroy(&all->lock);
	free(all);
}
