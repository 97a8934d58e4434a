/* SPDX-License-Identifier: MIT */
#include "told.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#define NAME     "told"
#define MODE     0600
#define FILE_MAX (8u * 1024 * 1024) /* ten thousand jobs with several troubles each */
#define KEY_MAX  8192
#define FORGET_S (30 * 86400) /* of jobs that are gone */
#define NOBODY   "-"          /* no job's name begins with it */

/* told: when a person was; seen: when a run last had it. News is told now. */
struct trouble {
	struct fingerprint print;
	int64_t told, seen;
	bool news;
};
struct told {
	struct trouble *
		/* the first n_old of them, read from the file, are sorted; what is new stands
		 * behind them */
		item;
	size_t n, n_old, cap;
	bool dirty;
	int64_t repeat, now;
	pthread_mutex_t mutex;
};

static int by_print(const void *a, const void *b)
{
	return memcmp(&((const struct trouble *)a)->print, &((const struct trouble *)b)->print,
	              sizeof(struct fingerprint));
}

/* "HEX TOLD SEEN" */
static bool read_line(char *line, struct trouble *out)
{
	char *rest = line, *hex = strsep(&rest, " "), *told = strsep(&rest, " ");

	*out = (struct trouble){ 0 };
	return told != NULL && rest != NULL && fingerprint_from_hex(hex, &out->print) &&
	       str_int(told, 1, INT64_MAX, &out->told) && str_int(rest, 1, INT64_MAX, &out->seen);
}

static void add(struct told *t, struct trouble new)
{
	t->item = mem_grow(t->item, &t->cap, t->n + 1, sizeof(*t->item));
	t->item[t->n++] = new;
}

/* A run that met a new trouble twice wrote it twice. */
static void drop_doubles(struct told *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (kept > 0 && fingerprint_equal(&t->item[kept - 1].print, &t->item[i].print))
			continue;
		t->item[kept++] = t->item[i];
	}
	t->n = kept;
}

struct told *told_parse(const char *text, size_t len, int64_t repeat, int64_t now)
{
	struct told *t = mem_new(sizeof(*t));
	AUTO_FREE char *copy = mem_dup_n(text, len);
	char *rest = copy, *line;

	t->repeat = repeat;
	t->now = now;
	(void)pthread_mutex_init(&t->mutex, NULL);
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		struct trouble one;
		if (read_line(line, &one))
			add(t, one);
	}
	if (t->n > 0)
		qsort(t->item, t->n, sizeof(*t->item), by_print);
	drop_doubles(t);
	t->n_old = t->n;
	return t;
}

struct told *told_new(const char *dir, int64_t repeat, int64_t now)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	AUTO_FREE char *path = mem_fmt("%s/" NAME, dir != NULL ? dir : "");
	struct err ignored = ERR_INIT; /* then everything is news */

	if (dir != NULL && !fs_read(path, FILE_MAX, &text, NULL, &ignored))
		buf_reset(&text);
	return told_parse(buf_cstr(&text), text.len, repeat, now);
}

void told_free(struct told *t)
{
	if (t == NULL)
		return;
	(void)pthread_mutex_destroy(&t->mutex);
	free(t->item);
	free(t);
}

/* Words that have a digit differ from run to run; but those of slots are the heart of some
 * messages. */
static bool varies(const char *word, size_t n)
{
	bool digit = false;

	if (n >= 9 && strncmp(word, "password", 8) == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		digit = digit || isdigit((unsigned char)word[i]);
	return digit;
}

static struct fingerprint print_of(const char *job, const char *text)
{
	AUTO_BUF struct buf key = BUF_INIT(KEY_MAX);
	struct fingerprint print;

	buf_fmt(&key, "%s\n", job != NULL ? job : NOBODY);
	while (*text != '\0') {
		size_t n = strcspn(text, " \n");
		if (varies(text, n))
			buf_char(&key, '#');
		else
			buf_add(&key, text, n);
		text += n;
		if (*text != '\0')
			buf_char(&key, *text++);
	}
	crypto_fingerprint_bytes(buf_cstr(&key), key.len, &print);
	return print;
}

/* Only among those of the file: what is new in this run is news, however often it comes. */
static struct trouble *find(const struct told *t, const struct fingerprint *print)
{
	const struct trouble key = { .print = *print };

	return t->n_old == 0 ? NULL : bsearch(&key, t->item, t->n_old, sizeof(key), by_print);
}

bool told_is_news(struct told *t, const char *job, const char *text, int64_t last_run)
{
	struct fingerprint print = print_of(job, text);

	(void)pthread_mutex_lock(&t->mutex);
	struct trouble *at = find(t, &print);
	if (at == NULL) {
		add(t, (struct trouble){ .print = print, .news = true });
		at = &t->item[t->n - 1];
	}
	/* A clock that was set back makes news of everything. */
	bool gone_meanwhile = at->seen < last_run && at->seen != t->now;
	at->news =
		at->news || gone_meanwhile || at->told > t->now || t->now - at->told >= t->repeat;
	at->seen = t->now;
	t->dirty = true;
	bool news = at->news;
	(void)pthread_mutex_unlock(&t->mutex);
	return news;
}

char *told_text(const struct told *t, bool reached)
{
	AUTO_BUF struct buf out = BUF_INIT(FILE_MAX);

	for (size_t i = 0; i < t->n; i++) {
		const struct trouble *at = &t->item[i];
		char hex[FINGERPRINT_HEX_MAX];
		int64_t told = at->news && reached ? t->now : at->told;
		if (told == 0 || (at->news && !reached) || t->now - at->seen > FORGET_S)
			continue;
		fingerprint_to_hex(&at->print, hex);
		buf_fmt(&out, "%s %lld %lld\n", hex, (long long)told, (long long)at->seen);
	}
	return mem_dup(buf_cstr(&out));
}

void told_save(struct told *t, const char *dir, bool reached)
{
	AUTO_FREE char *path = mem_fmt("%s/" NAME, dir);
	AUTO_FREE char *text = told_text(t, reached);
	const struct fs_attr attr = { .mode = MODE, .uid = -1, .gid = -1 };
	struct err ignored = ERR_INIT; /* a person is told twice */

	if (!t->dirty)
		return;
	/* A run that was killed here has left its temporary. */
	(void)!fs_sweep(path, &attr, FILE_MAX, NULL, NULL, &ignored);
	(void)!fs_replace(path, text, strlen(text), MODE, &ignored);
}
