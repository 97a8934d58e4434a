/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"

/*
 * The arena is a list of chunks: a guard page, 16 KiB of cells, a guard page. A secret takes as
 * many neighbouring cells as it needs; one that is larger than a chunk gets a chunk of its own
 * size. What is known of a chunk stands in ordinary memory.
 */
#define CELL       256
#define CELLS      64
#define CHUNK_SIZE ((size_t)CELL * CELLS)

struct chunk {
	struct chunk *next;
	char *data;
	size_t size;
	uint64_t used; /* a bit per cell; all ones for a chunk with one large secret */
};

struct secret {
	struct chunk *chunk;
	uint64_t cells; /* the bits it holds */
	char *data;
	size_t len;
};

static struct {
	pthread_mutex_t mutex;
	struct chunk *chunks;
	bool lock_failed;
} arena = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static struct chunk *chunk_new(size_t size)
{
	size_t page = page_size();
	size_t whole = (size + page - 1) / page * page;
	char *region = mmap(NULL, whole + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (region == MAP_FAILED || mprotect(region + page, whole, PROT_READ | PROT_WRITE) != 0)
		mem_exhausted();
	char *data = region + page;
	/* Locking fails where RLIMIT_MEMLOCK is small: the program still works, and says so
	 * once. */
	if (mlock(data, whole) != 0)
		arena.lock_failed = true;
	(void)madvise(data, whole, MADV_DONTDUMP);
	(void)madvise(data, whole, MADV_WIPEONFORK);
	struct chunk *c = mem_new(sizeof(*c));
	*c = (struct chunk){ .next = arena.chunks, .data = data, .size = whole };
	arena.chunks = c;
	return c;
}

static void chunk_free(struct chunk *c)
{
	size_t page = page_size();
	struct chunk **at = &arena.chunks;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	(void)munmap(c->data - page, c->size + 2 * page);
	free(c);
}

/* Finds n neighbouring free cells of a chunk; 0 when there are none. */
static uint64_t find_cells(const struct chunk *c, unsigned n)
{
	uint64_t run = n == CELLS ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;

	for (unsigned at = 0; at + n <= CELLS; at++)
		if ((c->used & (run << at)) == 0)
			return run << at;
	return 0;
}

static void place_small(struct secret *s, unsigned n)
{
	struct chunk *c = arena.chunks;

	while (c != NULL && (s->cells = find_cells(c, n)) == 0)
		c = c->next;
	if (c == NULL) {
		c = chunk_new(CHUNK_SIZE);
		s->cells = find_cells(c, n);
	}
	c->used |= s->cells;
	s->chunk = c;
	s->data = c->data + (size_t)__builtin_ctzll(s->cells) * CELL;
}

static void place_large(struct secret *s, size_t bytes)
{
	s->chunk = chunk_new(bytes);
	s->cells = s->chunk->used = ~UINT64_C(0);
	s->data = s->chunk->data;
}

struct secret *secret_new(const void *p, size_t n)
{
	assert(n <= SECRET_MAX);
	struct secret *s = mem_new(sizeof(*s));
	size_t bytes = n + 1;

	(void)pthread_mutex_lock(&arena.mutex);
	if (bytes <= CHUNK_SIZE)
		place_small(s, (unsigned)((bytes + CELL - 1) / CELL));
	else
		place_large(s, bytes);
	(void)pthread_mutex_unlock(&arena.mutex);
	if (n > 0)
		memcpy(s->data, p, n);
	s->data[n] = '\0';
	s->len = n;
	return s;
}

struct secret *secret_move(char *p, size_t n)
{
	struct secret *s = secret_new(p, n);

	explicit_bzero(p, n);
	return s;
}

struct secret *secret_dup(const struct secret *s)
{
	return s == NULL ? NULL : secret_new(s->data, s->len);
}

size_t secret_len(const struct secret *s)
{
	return s->len;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	unsigned char differs = 0;

	if (a == NULL || b == NULL || a->len != b->len)
		return a == b;
	for (size_t i = 0; i < a->len; i++)
		differs |= (unsigned char)(a->data[i] ^ b->data[i]);
	return differs == 0;
}

const char *secret_peek(const struct secret *s)
{
	return s->data;
}

void secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s->data, s->len + 1);
	(void)pthread_mutex_lock(&arena.mutex);
	s->chunk->used &= ~s->cells;
	/* The first chunk stays: most runs need one, over and over. */
	if (s->chunk->used == 0 &&
	    (s->chunk->size != CHUNK_SIZE || s->chunk->next != NULL || arena.chunks != s->chunk))
		chunk_free(s->chunk);
	(void)pthread_mutex_unlock(&arena.mutex);
	free(s);
}

void secret_free_ptr(struct secret **s)
{
	secret_free(*s);
	*s = NULL;
}

bool secret_locked(void)
{
	(void)pthread_mutex_lock(&arena.mutex);
	bool locked = !arena.lock_failed;
	(void)pthread_mutex_unlock(&arena.mutex);
	return locked;
}

/* A descriptor 0, 1 or 2 that is closed would be given to the next file opened, and our messages
 * written into it. */
static void open_standard_descriptors(void)
{
	struct pollfd p[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	(void)poll(p, COUNT(p), 0);
	for (int fd = 0; fd <= 2; fd++)
		if ((p[fd].revents & POLLNVAL) != 0 &&
		    open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
			_exit(71);
}

void secret_setup(void)
{
	struct rlimit none = { 0, 0 };

	open_standard_descriptors();
	(void)close_range(3, ~0U, 0);
	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
	/* libcurl would write the keys of every TLS session into that file. */
	(void)unsetenv("SSLKEYLOGFILE");
	json_setup();
}
