/* SPDX-License-Identifier: MIT */
#include "fakes/sinks.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/place.h"

struct test_sink test_sink_open(const char *type, ...)
{
	struct test_sink t = { .ops = sink_find(type) };
	struct err e = ERR_INIT;
	va_list ap;

	t.spec = mem_new(t.ops->spec_size);
	bool *seen = mem_array(t.ops->n_keys, sizeof(*seen)), ok = true;
	va_start(ap, type);
	if (t.ops->settle != NULL)
		t.ops->settle(t.spec, va_arg(ap, const char *));
	for (const char *name; (name = va_arg(ap, const char *)) != NULL;)
		ok = ok && keys_set(t.ops->keys, t.ops->n_keys, seen, t.spec, name,
		                    va_arg(ap, const char *), &e);
	va_end(ap);
	ok = ok && keys_finish(t.ops->keys, t.ops->n_keys, seen, t.spec, &e) &&
	     (t.ops->validate == NULL || t.ops->validate(t.spec, &e)) &&
	     t.ops->open(t.spec, NULL, &t.s, &e);
	free(seen);
	if (!ok) {
		(void)fprintf(stderr, "test_sink_open: %s\n", e.text);
		abort();
	}
	return t;
}

const char *test_file_type(size_t i)
{
	for (size_t k = 0; sink_list[k] != NULL; k++)
		if (sink_list[k]->directory == place_directory && i-- == 0)
			return sink_list[k]->type;
	return NULL;
}

void test_sink_close(struct test_sink *t)
{
	if (t->ops == NULL)
		return;
	t->ops->close(t->s);
	keys_release(t->ops->keys, t->ops->n_keys, t->spec);
	free(t->spec);
	*t = (struct test_sink){ .ops = NULL };
}

void test_print(const char *password, struct fingerprint *out)
{
	AUTO_SECRET struct secret *s = secret_new(password, strlen(password));

	crypto_fingerprint(s, out);
}

struct credential test_credential(const char *password)
{
	return (struct credential){
		.server = mem_dup("r.io"),
		.username = mem_dup("u"),
		.password = password != NULL ? secret_new(password, strlen(password)) : NULL,
		.expires_us = 1767225600000000,
		.slot = 1,
	};
}

void file_put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

char *file_get(const char *path)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return NULL;
	char *text = mem_array(1, 1 << 20);
	size_t n = fread(text, 1, (1 << 20) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

/* The path of the last one. */
static int count_temporaries(const char *dir, char *last, size_t size)
{
	DIR *d = opendir(dir);
	int n = 0;

	if (d == NULL)
		abort();
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (strncmp(e->d_name, ".acrotate.", 10) != 0)
			continue;
		n++;
		(void)snprintf(last, size, "%s/%s", dir, e->d_name);
	}
	(void)closedir(d);
	return n;
}

int temporaries_in(const char *dir)
{
	char last[1];

	return count_temporaries(dir, last, sizeof(last));
}

bool temporary_in(const char *dir, char *out, size_t size)
{
	return count_temporaries(dir, out, size) > 0;
}

bool reserve_at(const char *path, enum fs_way way, size_t size, struct err *e)
{
	AUTO_TARGET struct fs_target t = { .dir = -1 };

	return fs_target_open(path, way, &t, e) && fs_place_reserve(&t, path, size, e);
}

bool write_at(const char *path, enum fs_way way, const struct buf *text, const struct buf *old,
              struct err *e)
{
	AUTO_TARGET struct fs_target t = { .dir = -1 };

	return fs_target_open(path, way, &t, e) && fs_place_write(&t, path, text, old, e);
}

bool mounts_at(const char *path, struct err *e)
{
	AUTO_TARGET struct fs_target t = { .dir = -1 };

	return fs_target_open(path, FS_WAY_PLAIN, &t, e) && fs_mount_check(&t, path, e);
}

bool directory_at(const char *path, enum fs_way way, int *out, struct err *e)
{
	struct fs_target t;

	if (!fs_target_open(path, way, &t, e))
		return false;
	*out = t.dir;
	return true;
}
