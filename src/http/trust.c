/* SPDX-License-Identifier: MIT */
#include "http/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "http/http.h"

#define CA_FILE_MAX ((size_t)4 * 1024 * 1024) /* Debian's bundle is 220 kB */

static bool read_own(const char *path, struct buf *out, struct err *e)
{
	if (!fs_read(path, CA_FILE_MAX, out, NULL, e)) {
		e->kind = ERR_CONFIG;
		return err_in(e, "[http] ca_file");
	}
	if (strstr(buf_cstr(out), "-----BEGIN CERTIFICATE-----") == NULL)
		return err_set(e, ERR_CONFIG,
		               "[http] ca_file '%s' has no certificate in it (PEM is expected)",
		               path);
	return true;
}

/* libcurl knows one file: ours, behind the system's when that is given, in memory that has a
 * path. */
static bool hold(struct trust *t, const char *system, struct err *e)
{
	AUTO_BUF struct buf both = BUF_INIT(2 * CA_FILE_MAX + 2);

	if (system != NULL && !fs_read(system, CA_FILE_MAX, &both, NULL, e))
		return false;
	buf_char(&both, '\n');
	buf_add(&both, t->own.data, t->own.len);
	int fd = memfd_create("ca", MFD_CLOEXEC);
	if (fd < 0 || write(fd, both.data, both.len) != (ssize_t)both.len) {
		int why = errno;
		if (fd >= 0)
			(void)close(fd);
		return err_sys(e, why, "cannot hold the trusted certificates in memory");
	}
	if (t->fd >= 0)
		(void)close(t->fd);
	t->fd = fd;
	mem_free_ptr(&t->file);
	t->file = mem_fmt("/proc/self/fd/%d", fd);
	return true;
}

static bool there(const char *path)
{
	return path != NULL && access(path, R_OK) == 0;
}

bool trust_open(const struct http_options *o, const char *system_file, const char *system_dir,
                struct trust *out, struct err *e)
{
	struct trust t = { .own = BUF_INIT(CA_FILE_MAX), .fd = -1 };
	bool ok = o->ca_file == NULL || read_own(o->ca_file, &t.own, e);

	if (o->ca_file == NULL || !o->ca_only) {
		t.dir = there(system_dir) ? mem_dup(system_dir) : NULL;
		t.bundle = there(system_file) ? mem_dup(system_file) : NULL;
	}
	if (ok && t.dir == NULL && t.bundle != NULL)
		ok = trust_widen(&t, e);
	else if (ok && o->ca_file != NULL)
		ok = hold(&t, NULL, e);
	if (!ok) {
		trust_close(&t);
		return false;
	}
	*out = t;
	return true;
}

bool trust_widen(struct trust *t, struct err *e)
{
	AUTO_FREE char *bundle = t->bundle;

	t->bundle = NULL;
	if (bundle == NULL || (t->own.len > 0 && !hold(t, bundle, e)))
		return false;
	if (t->own.len == 0) {
		free(t->file);
		t->file = take(&bundle);
	}
	/* libcurl keeps a parsed file from one connection to the next only if there is no
	 * directory beside it. */
	mem_free_ptr(&t->dir);
	return true;
}

void trust_close(struct trust *t)
{
	free(t->dir);
	free(t->file);
	free(t->bundle);
	buf_free(&t->own);
	if (t->fd >= 0)
		(void)close(t->fd);
}
