/* SPDX-License-Identifier: MIT */
#include "emulator/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define LINE_BYTES 4096

struct journal {
	pthread_mutex_t lock;
	int fd; /* -1: no file */
	char *line[JOURNAL_LINES];
	size_t first, n;
};

bool journal_open(const char *path, struct journal **out, struct err *e)
{
	int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	struct journal *j;

	if (path != NULL && fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	j = mem_new(sizeof(*j));
	j->fd = fd;
	(void)pthread_mutex_init(&j->lock, NULL);
	*out = j;
	return true;
}

void journal_add(struct journal *j, const char *line)
{
	AUTO_BUF struct buf text = BUF_INIT(LINE_BYTES);
	size_t at;

	buf_str(&text, line);
	buf_char(&text, '\n');
	if (!buf_ok(&text))
		return;
	(void)pthread_mutex_lock(&j->lock);
	at = (j->first + j->n) % JOURNAL_LINES;
	if (j->n == JOURNAL_LINES) {
		mem_free_ptr(&j->line[at]);
		j->first = (j->first + 1) % JOURNAL_LINES;
	} else {
		j->n++;
	}
	j->line[at] = mem_dup(line);
	/* One write, so that lines stay whole; a full disk must not stop the service. */
	if (j->fd >= 0 && write(j->fd, text.data, text.len) < 0)
		j->fd = -1;
	(void)pthread_mutex_unlock(&j->lock);
}

void journal_dump(struct journal *j, struct buf *out)
{
	(void)pthread_mutex_lock(&j->lock);
	for (size_t i = 0; i < j->n; i++) {
		buf_str(out, j->line[(j->first + i) % JOURNAL_LINES]);
		buf_char(out, '\n');
	}
	(void)pthread_mutex_unlock(&j->lock);
}

void journal_clear(struct journal *j)
{
	(void)pthread_mutex_lock(&j->lock);
	for (size_t i = 0; i < JOURNAL_LINES; i++)
		mem_free_ptr(&j->line[i]);
	j->first = j->n = 0;
	(void)pthread_mutex_unlock(&j->lock);
}

void journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	journal_clear(j);
	if (j->fd >= 0)
		(void)close(j->fd); /* every line was its own write */
	(void)pthread_mutex_destroy(&j->lock);
	mem_free_ptr(&j);
}
