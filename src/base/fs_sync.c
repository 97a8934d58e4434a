/* SPDX-License-Identifier: MIT */
/* Syncing directories, once for all threads that wait for the same one. */
#include "base/fs_target.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* directories in which threads wait at the same time; in more than that each thread syncs for
 * itself */
#define LINES_MAX 8

/*
 * Many jobs keep their states in one directory, and often their sinks too. Whoever comes while
 * its sync is under way waits for the next one, which one of those that wait does for all of
 * them. One of the few globals of this program.
 */
struct sync_line {
	dev_t dev;
	ino_t ino;
	int waiting;             /* 0: free for another directory */
	bool busy;               /* a sync is under way: */
	uint64_t started, ended; /* the number of the last one */
	uint64_t good;           /* of the last one that went well */
	int why;                 /* errno of the last one that did not */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct sync_line line[LINES_MAX];
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static int sync_it(int dir)
{
	while (fsync(dir) != 0) {
		/* Some file systems sync no directories; there it is all one can ask for. */
		if (errno == EINVAL || errno == ENOTSUP)
			return 0;
		if (errno != EINTR)
			return errno;
	}
	return 0;
}

static struct sync_line *line_of(const struct stat *st)
{
	struct sync_line *free = NULL;

	for (size_t i = 0; i < LINES_MAX; i++) {
		struct sync_line *l = &queue.line[i];
		if (l->waiting > 0 && l->dev == st->st_dev && l->ino == st->st_ino)
			return l;
		if (l->waiting == 0)
			free = l;
	}
	if (free != NULL)
		*free = (struct sync_line){ .dev = st->st_dev, .ino = st->st_ino };
	return free;
}

/* Under the lock, but for the sync itself. */
static int sync_in_line(struct sync_line *l, int dir)
{
	uint64_t mine = l->started + 1; /* one that has begun may have missed what we changed */

	while (l->ended < mine) {
		if (l->busy) {
			(void)pthread_cond_wait(&queue.changed, &queue.lock);
			continue;
		}
		l->busy = true;
		l->started++;
		(void)pthread_mutex_unlock(&queue.lock);
		int why = sync_it(dir);
		(void)pthread_mutex_lock(&queue.lock);
		l->busy = false;
		l->ended = l->started;
		if (why == 0)
			l->good = l->ended;
		else
			l->why = why;
		(void)pthread_cond_broadcast(&queue.changed);
	}
	return l->good >= mine ? 0 : l->why;
}

int fs_sync_dir(int dir)
{
	struct stat st;

	if (fstat(dir, &st) != 0)
		return sync_it(dir);
	(void)pthread_mutex_lock(&queue.lock);
	struct sync_line *l = line_of(&st);
	if (l == NULL) {
		(void)pthread_mutex_unlock(&queue.lock);
		return sync_it(dir);
	}
	l->waiting++;
	int why = sync_in_line(l, dir);
	l->waiting--;
	(void)pthread_mutex_unlock(&queue.lock);
	return why;
}
