/* SPDX-License-Identifier: MIT */
#include "azure/registry_book.h"

#include <pthread.h>
#include <stdlib.h>

#include "azure/acr.h"
#include "base/mem.h"

#define ROWS 1024 /* so that ten thousand jobs of as many registries do not search all of them */

struct book_page {
	struct book_page *next;
	char *key;
	bool known, asked; /* asked: somebody is at it */
	struct acr_registry is;
};

struct registry_book {
	pthread_mutex_t mutex; /* of what follows */
	struct book_page *row[ROWS];
};

struct registry_book *registry_book_new(void)
{
	struct registry_book *b = mem_new(sizeof(*b));

	(void)pthread_mutex_init(&b->mutex, NULL);
	return b;
}

void registry_book_free(struct registry_book *b)
{
	for (size_t i = 0; b != NULL && i < ROWS; i++) {
		for (struct book_page *p = b->row[i], *next; p != NULL; p = next) {
			next = p->next;
			acr_registry_clear(&p->is);
			free(p->key);
			free(p);
		}
	}
	if (b != NULL)
		(void)pthread_mutex_destroy(&b->mutex);
	free(b);
}

/* FNV-1a */
static struct book_page **row_of(struct registry_book *b, const char *key)
{
	uint32_t h = 2166136261u;

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 16777619u;
	return &b->row[h % ROWS];
}

static struct book_page *page_of(struct registry_book *b, const char *key)
{
	struct book_page **row = row_of(b, key), *p = *row;

	while (p != NULL && strcmp(p->key, key) != 0)
		p = p->next;
	if (p == NULL) {
		p = mem_new(sizeof(*p));
		*p = (struct book_page){ .next = *row, .key = mem_dup(key) };
		*row = p;
	}
	return p;
}

static struct acr_registry copy(const struct acr_registry *r)
{
	return (struct acr_registry){ .group = mem_dup(r->group),
		                      .name = mem_dup(r->name),
		                      .login_server = mem_dup(r->login_server) };
}

enum book_says registry_book_look(struct registry_book *b, const char *key, bool claim,
                                  struct acr_registry *out)
{
	if (b == NULL)
		return BOOK_ASK;
	(void)pthread_mutex_lock(&b->mutex);
	struct book_page *p = page_of(b, key);
	enum book_says says = p->known ? BOOK_KNOWS : p->asked ? BOOK_WAIT : BOOK_ASK;
	if (says == BOOK_KNOWS)
		*out = copy(&p->is);
	p->asked = p->asked || (says == BOOK_ASK && claim);
	(void)pthread_mutex_unlock(&b->mutex);
	return says;
}

void registry_book_put(struct registry_book *b, const char *key, const struct acr_registry *found)
{
	if (b == NULL)
		return;
	(void)pthread_mutex_lock(&b->mutex);
	struct book_page *p = page_of(b, key);
	p->asked = false;
	if (found != NULL && !p->known) {
		p->is = copy(found);
		p->known = true;
	}
	(void)pthread_mutex_unlock(&b->mutex);
}
