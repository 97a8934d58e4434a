/* SPDX-License-Identifier: MIT */
#include "sink/copy.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#define SELF      "_" /* the copy of what is a directory's name */
#define FLAT      ',' /* in place of the slashes of one that has a file in its way */
#define PART_MAX  200 /* of a name: a temporary's is longer, and both are at most 255 */
#define DEPTH_MAX 16  /* names one below the other */

/* ---- names ----------------------------------------------------------------------------------- */

static bool part_ok(const char *part, size_t n, const char *others)
{
	if (n == 0 || n > PART_MAX || !isalnum((unsigned char)part[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)part[i]) && strchr(others, part[i]) == NULL)
			return false;
	return true;
}

bool copy_key_ok(const char *key)
{
	size_t n = strcspn(key, "/"), depth = 1;

	if (strlen(key) > COPY_KEY_MAX || !part_ok(key, n, ".-:"))
		return false;
	for (const char *p = key + n; *p != '\0'; p += 1 + n, depth++) {
		n = strcspn(p + 1, "/");
		if (!part_ok(p + 1, n, "._-"))
			return false;
	}
	return depth <= DEPTH_MAX;
}

/* The end of what names an entry: clients write a slash behind it, or the version of the API. */
static size_t end_of(const char *p)
{
	size_t host = strcspn(p, "/"), end = strlen(p);

	while (end > host && p[end - 1] == '/')
		end--;
	bool version = end == host + 3 &&
	               (memcmp(p + host, "/v1", 3) == 0 || memcmp(p + host, "/v2", 3) == 0);
	return version ? host : end;
}

bool copy_key(const char *text, char **out, struct err *e)
{
	const char *scheme = strstr(text, "://"), *p = scheme != NULL ? scheme + 3 : text;
	AUTO_FREE char *key = mem_dup_n(p, end_of(p));

	for (size_t i = 0; key[i] != '\0' && key[i] != '/'; i++)
		key[i] = (char)tolower((unsigned char)key[i]);
	if (!copy_key_ok(key))
		return err_set(e, ERR_CONFIG,
		               "'%s' is not the name of a registry, or of a "
		               "namespace in one",
		               text);
	*out = take(&key);
	return true;
}

/* ---- where ----------------------------------------------------------------------------------- */

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Does the copy of a shorter name stand where this one needs a directory? */
static bool is_blocked(const char *path, size_t from)
{
	AUTO_FREE char *part = mem_dup(path);

	for (char *p = part + from; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		if (is_there(part) && !is_directory(part))
			return true;
	}
	return false;
}

char *copy_path(const char *state, const char *key)
{
	AUTO_FREE char *path = mem_fmt("%s/" COPY_DIR "/%s", state, key);
	AUTO_FREE char *flat = mem_dup(path);
	size_t from = strlen(path) - strlen(key);

	if (is_directory(path))
		return mem_fmt("%s/" SELF, path);
	if (strchr(key, '/') == NULL || is_there(path))
		return take(&path);
	for (char *p = flat + from; (p = strchr(p, '/')) != NULL;)
		*p = FLAT;
	return is_blocked(path, from) || is_there(flat) ? take(&flat) : take(&path);
}

/* ---- what it says ---------------------------------------------------------------------------- */

/* What JSON text says unchanged, whatever reads it. */
static bool is_plain(const struct secret *s)
{
	const char *p = secret_peek(s);

	for (size_t i = 0; i < secret_len(s); i++)
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	return secret_len(s) > 0;
}

static void add_time(struct buf *out, const char *name, bool known, const char *text)
{
	buf_fmt(out, ",\n\t\"%s\": ", name);
	buf_json(out, known ? text : NULL);
}

void copy_put_password(const struct credential *c, struct buf *out)
{
	buf_json(out, secret_peek(c->password));
}

bool copy_render(const struct credential *c, struct buf *out, struct err *e)
{
	char created[STR_TIME_MAX], expires[STR_TIME_MAX];

	if (!is_plain(c->password))
		return err_set(e, ERR_CONFIG,
		               "the password has a character that a copy cannot carry");
	str_from_ticks(c->created, created);
	str_from_micros(c->expires_us, expires);
	buf_str(out, "{\n\t\"server\": ");
	buf_json(out, c->server);
	buf_str(out, ",\n\t\"username\": ");
	buf_json(out, c->username);
	buf_str(out, ",\n\t\"password\": ");
	copy_put_password(c, out);
	buf_str(out, ",\n\t\"slot\": ");
	buf_json(out, credential_slot_name(c->slot));
	add_time(out, "created", c->created != 0, created);
	add_time(out, "expires", c->expires_us != 0, expires);
	buf_str(out, "\n}\n");
	return (buf_ok(out) && out->len <= COPY_MAX) ||
	       err_set(e, ERR_LOCAL, "the copy would be larger than %d bytes", COPY_MAX);
}

/* NULL or absent: not known. */
static bool parse_ticks(const struct json *j, const char *name, int64_t *out)
{
	const struct json *value = json_get(j, name);

	*out = 0;
	if (value == NULL || json_type(value) == JSON_NULL)
		return true;
	return json_type(value) == JSON_STRING && str_ticks(json_text(value), out);
}

static bool parse_slot(const struct json *j, int *out)
{
	const struct json *value = json_get(j, "slot");
	const char *text = json_text(value);

	*out = credential_slot_of(text);
	return *out != 0 || value == NULL || json_type(value) == JSON_NULL;
}

static bool take_all(struct json *j, struct credential *out)
{
	const char *server = json_str(j, "server"), *username = json_str(j, "username");
	int64_t expires;

	if (server == NULL || !copy_key_ok(server) || username == NULL ||
	    !str_token_name_usable(username) || !parse_slot(j, &out->slot) ||
	    !parse_ticks(j, "created", &out->created) || !parse_ticks(j, "expires", &expires))
		return false;
	out->expires_us = expires / 10;
	out->server = mem_dup(server);
	out->username = mem_dup(username);
	out->password = json_take_secret(j, "password");
	return out->password != NULL && is_plain(out->password);
}

bool copy_parse(const char *text, size_t n, struct credential *out, struct err *e)
{
	AUTO_CREDENTIAL struct credential c = { .server = NULL };
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT; /* where it is wrong is of no use to anybody */

	if (n > COPY_MAX || !json_parse(text, n, &j, &ignored) || json_type(j) != JSON_OBJECT ||
	    !take_all(j, &c))
		return err_set(e, ERR_LOCAL, "it is not a copy that acrotate wrote: remove it");
	*out = c;
	c = (struct credential){ .server = NULL };
	return true;
}

bool copy_read(const char *path, struct credential *out, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(COPY_MAX);

	return fs_read(path, COPY_MAX, &text, NULL, e) &&
	       (copy_parse(buf_cstr(&text), text.len, out, e) || err_in(e, "'%s'", path));
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct copy_listing {
	const char *host; /* NULL: all */
	copy_each_fn *each;
	void *ctx;
};

static void tell(const struct copy_listing *l, const char *key, const char *path)
{
	size_t n = strcspn(key, "/");

	if (copy_key_ok(key) &&
	    (l->host == NULL || (strlen(l->host) == n && memcmp(l->host, key, n) == 0)))
		l->each(l->ctx, key, path);
}

static char *below(const char *dir, const char *name)
{
	return mem_fmt("%s%s%s", dir, dir[0] != '\0' ? "/" : "", name);
}

/* key: the directory's own, "" for that of all. */
static void one_file(const struct copy_listing *l, const char *key, const char *file,
                     const char *path)
{
	AUTO_FREE char *name = below(key, file);

	if (strcmp(file, SELF) == 0) {
		tell(l, key, path);
		return;
	}
	for (char *p = name; key[0] == '\0' && (p = strchr(p, FLAT)) != NULL;)
		*p = '/';
	tell(l, name, path);
}

/* It calls itself as deep as a name may be, and no deeper. Hidden files are temporaries. */
static bool list(const struct copy_listing *l, const char *dir, const char *key, int depth,
                 struct err *e)
{
	DIR *d = opendir(dir);
	bool ok = true;

	if (d == NULL)
		return errno == ENOENT || err_sys(e, errno, "cannot read '%s'", dir);
	for (struct dirent *entry; ok && (entry = readdir(d)) != NULL;) {
		AUTO_FREE char *path = below(dir, entry->d_name), *name = NULL;
		if (entry->d_name[0] == '.')
			continue;
		name = below(key, entry->d_name);
		if (!is_directory(path))
			one_file(l, key, entry->d_name, path);
		else if (depth < DEPTH_MAX)
			ok = list(l, path, name, depth + 1, e);
	}
	(void)closedir(d); /* only read */
	return ok;
}

bool copy_each(const char *state, const char *host, copy_each_fn *each, void *ctx, struct err *e)
{
	const struct copy_listing l = { .host = host, .each = each, .ctx = ctx };
	AUTO_FREE char *dir = mem_fmt("%s/" COPY_DIR, state);

	return list(&l, dir, "", 0, e);
}
