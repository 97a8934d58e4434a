/* SPDX-License-Identifier: MIT */
/*
 * The yardstick: one rotation as a page of libcurl, with nothing of what makes it safe. It asks for an access token, reads the token,
 * generates a slot, logs in three times on fresh connections, reads the token again, and replaces a file by fsync and rename.
 *
 *   bare CA AUTHORITY/TENANT CLIENT_ID SECRET_FILE AUDIENCE TOKEN_URL GENERATE_URL TOKEN_ID SLOT LOGIN_SERVER TOKEN_NAME EXPIRY FILE
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct answer { char text[65536]; size_t len; };

static size_t keep(char *p, size_t size, size_t n, void *ctx)
{
	struct answer *a = ctx;
	if (a->len + n >= sizeof(a->text))
		return 0;
	memcpy(a->text + a->len, p, size * n);
	a->len += n;
	a->text[a->len] = '\0';
	return n;
}

/* The answer's status; `post` may be NULL, `bearer` and `user` too. */
static long ask(CURL *c, const char *url, const char *post, const char *type, const char *bearer, const char *user, long fresh,
                struct answer *a)
{
	struct curl_slist *headers = type != NULL ? curl_slist_append(NULL, type) : NULL;
	long status = 0;
	a->len = 0;
	a->text[0] = '\0';
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_HTTPAUTH, bearer != NULL ? (long)CURLAUTH_BEARER : (long)CURLAUTH_BASIC);
	curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, bearer);
	curl_easy_setopt(c, CURLOPT_USERPWD, user);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, fresh);
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, fresh);
	if (post != NULL)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, post);
	else
		curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	return status;
}

/* The text of a member whose name is unique enough, good for nothing but this program; `from` may be NULL. */
static char *member(const char *from, const char *name)
{
	const char *at = from != NULL ? strstr(from, name) : NULL;
	const char *end = at != NULL ? strchr(at += strlen(name), '"') : NULL;
	return end != NULL ? strndup(at, (size_t)(end - at)) : NULL;
}

static int fail(const char *what, long status, const struct answer *a)
{
	fprintf(stderr, "bare: %s: %ld %s\n", what, status, a->text);
	return 1;
}

static int replace(const char *path, const char *text)
{
	char tmp[4096], dir[4096];
	snprintf(tmp, sizeof(tmp), "%s.new", path);
	snprintf(dir, sizeof(dir), "%s", path);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC, 0600), d = open(dirname(dir), O_RDONLY);
	return fd < 0 || d < 0 || write(fd, text, strlen(text)) < 0 || fsync(fd) != 0 || close(fd) != 0 ||
	       rename(tmp, path) != 0 || fsync(d) != 0 || close(d) != 0;
}

int main(int argc, char **v)
{
	static struct answer a;
	char secret[512] = "", url[4096], body[8192];
	if (argc != 14)
		return 64;
	FILE *f = fopen(v[4], "r");
	if (f == NULL || fgets(secret, sizeof(secret), f) == NULL)
		return fail(v[4], 0, &a);
	secret[strcspn(secret, "\n")] = '\0';
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURL *c = curl_easy_init();
	curl_easy_setopt(c, CURLOPT_CAINFO, v[1]);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);

	char *s = curl_easy_escape(c, secret, 0), *scope = curl_easy_escape(c, v[5], 0);
	snprintf(url, sizeof(url), "%s/oauth2/v2.0/token", v[2]);
	snprintf(body, sizeof(body), "grant_type=client_credentials&client_id=%s&client_secret=%s&scope=%s%%2F.default", v[3], s, scope);
	long status = ask(c, url, body, NULL, NULL, NULL, 0, &a);
	char *bearer = member(a.text, "\"access_token\":\"");
	if (status != 200 || bearer == NULL)
		return fail("access token", status, &a);
	if ((status = ask(c, v[6], NULL, NULL, bearer, NULL, 0, &a)) != 200)
		return fail("token", status, &a);
	snprintf(body, sizeof(body), "{\"tokenId\":\"%s\",\"name\":\"%s\",\"expiry\":\"%s\"}", v[8], v[9], v[12]);
	status = ask(c, v[7], body, "Content-Type: application/json", bearer, NULL, 1, &a);
	char *password = member(a.text, "\"value\":\"");
	if (status != 200 || password == NULL)
		return fail("generate", status, &a);

	snprintf(url, sizeof(url), "https://%s/v2/", v[10]);
	if ((status = ask(c, url, NULL, NULL, NULL, NULL, 0, &a)) != 401)
		return fail("challenge", status, &a);
	snprintf(url, sizeof(url), "https://%s/oauth2/token?service=%s", v[10], v[10]);
	snprintf(body, sizeof(body), "%s:%s", v[11], password);
	for (int i = 0; i < 3; i++)
		if ((status = ask(c, url, NULL, NULL, NULL, body, 1, &a)) != 200)
			return fail("login", status, &a);
	if ((status = ask(c, v[6], NULL, NULL, bearer, NULL, 0, &a)) != 200)
		return fail("token", status, &a);
	if (replace(v[13], password) != 0)
		return fail(v[13], 0, &a);
	curl_easy_cleanup(c);
	return 0;
}
