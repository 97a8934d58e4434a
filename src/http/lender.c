/* SPDX-License-Identifier: MIT */
#include "http/lender.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/http.h"

struct http_lender {
	pthread_mutex_t mutex;
	bool (*open)(void *ctx, struct http **out, struct err *e);
	void *ctx;
	struct http **idle;
	size_t n, cap;
};

struct http_lender *http_lender_new(bool (*open)(void *ctx, struct http **out, struct err *e),
                                    void *ctx)
{
	struct http_lender *l = mem_new(sizeof(*l));

	(void)pthread_mutex_init(&l->mutex, NULL); /* cannot fail without attributes */
	l->open = open;
	l->ctx = ctx;
	return l;
}

/* The newest first: its connections are the likeliest to be open still. */
bool http_lend(struct http_lender *l, struct http **out, struct err *e)
{
	struct http *h = NULL;

	(void)pthread_mutex_lock(&l->mutex);
	if (l->n > 0)
		h = l->idle[--l->n];
	(void)pthread_mutex_unlock(&l->mutex);
	if (h == NULL)
		return l->open(l->ctx, out, e);
	*out = h;
	return true;
}

void http_give_back(struct http_lender *l, struct http *h)
{
	if (h == NULL)
		return;
	(void)pthread_mutex_lock(&l->mutex);
	if (l->n == l->cap)
		l->idle = mem_grow(l->idle, &l->cap, l->n + 1, sizeof(struct http *));
	l->idle[l->n++] = h;
	(void)pthread_mutex_unlock(&l->mutex);
}

void http_lender_free(struct http_lender *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		http_close(l->idle[i]);
	free(l->idle);
	(void)pthread_mutex_destroy(&l->mutex);
	free(l);
}
