/* SPDX-License-Identifier: MIT */
/*
 * The yardstick: rotations as a page of libcurl, with nothing of what makes them safe. For each
 * token it sends the requests that acrotate sends for a job it knows: reads the token, asks the
 * registry where to log in, logs in with what the file has, generates a slot, logs in three times on
 * fresh connections, reads the token again; then it replaces the file by fsync and rename. One
 * access token for all.
 *
 *   bare CA AUTHORITY/TENANT CLIENT_ID SECRET_FILE AUDIENCE ARM REGISTRY_ID LOGIN_SERVER EXPIRY
 *     SLOT DIR THREADS TOKEN...
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct answer {
	char text[65536];
	size_t len;
};

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

/* The connection: any, a new one that others may use, one for this request alone. */
enum where { ANY, NEW, ALONE };

/* The answer's status; `post` may be NULL, `bearer` and `user` too. */
static long ask(CURL *c, const char *url, const char *post, const char *type, const char *bearer,
                const char *user, enum where where, struct answer *a)
{
	struct curl_slist *headers = type != NULL ? curl_slist_append(NULL, type) : NULL;
	long status = 0;
	a->len = 0;
	a->text[0] = '\0';
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_HTTPAUTH,
	                 bearer != NULL ? (long)CURLAUTH_BEARER : (long)CURLAUTH_BASIC);
	curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, bearer);
	curl_easy_setopt(c, CURLOPT_USERPWD, user);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, where != ANY ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, where == ALONE ? 1L : 0L);
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

/* The text of a member whose name is unique enough, good for nothing but this program; `from`
 * may be NULL. */
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

/* NULL: there is none */
static char *read_file(const char *dir, const char *name)
{
	char path[4096], text[512];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "r");
	bool ok = f != NULL && fgets(text, sizeof(text), f) != NULL;
	if (f != NULL)
		fclose(f);
	return ok ? strdup(text) : NULL;
}

static int replace(const char *dir, const char *name, const char *text)
{
	char tmp[4096], path[4096];
	snprintf(tmp, sizeof(tmp), "%s/%s.new", dir, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC, 0600), d = open(dir, O_RDONLY);
	return fd < 0 || d < 0 || write(fd, text, strlen(text)) < 0 || fsync(fd) != 0 ||
	       close(fd) != 0 || rename(tmp, path) != 0 || fsync(d) != 0 || close(d) != 0;
}

enum {
	CA = 1,
	AUTHORITY,
	CLIENT,
	SECRET,
	AUDIENCE,
	ARM,
	REGISTRY,
	SERVER,
	EXPIRY,
	SLOT,
	DIR,
	THREADS,
	TOKENS
};
static char **v, *bearer;
static int n_tokens;
static atomic_int next, failures;

static CURL *open_curl(void)
{
	CURL *c = curl_easy_init();
	curl_easy_setopt(c, CURLOPT_CAINFO, v[CA]);
	/* or libcurl reads the bundle for each connection */
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	return c;
}

static int get_bearer(CURL *c)
{
	static struct answer a;
	char secret[512] = "", url[4096], body[8192];
	FILE *f = fopen(v[SECRET], "r");
	if (f == NULL || fgets(secret, sizeof(secret), f) == NULL || fclose(f) != 0)
		return fail(v[SECRET], 0, &a);
	secret[strcspn(secret, "\n")] = '\0';
	char *s = curl_easy_escape(c, secret, 0), *scope = curl_easy_escape(c, v[AUDIENCE], 0);
	snprintf(url, sizeof(url), "%s/oauth2/v2.0/token", v[AUTHORITY]);
	snprintf(body, sizeof(body),
	         "grant_type=client_credentials&client_id=%s&client_secret=%s&scope=%s%%2F.default",
	         v[CLIENT], s, scope);
	long status = ask(c, url, body, NULL, NULL, NULL, ANY, &a);
	bearer = member(a.text, "\"access_token\":\"");
	curl_free(s);
	curl_free(scope);
	return status == 200 && bearer != NULL ? 0 : fail("access token", status, &a);
}

static int rotate(CURL *c, const char *token, struct answer *a)
{
	char token_url[4096], url[4096], body[8192];
	char url_of_login[4096], user[512];
	char *held = read_file(v[DIR], token), *password = NULL;
	long status;
	snprintf(token_url, sizeof(token_url), "%s%s/tokens/%s?api-version=2023-07-01", v[ARM],
	         v[REGISTRY], token);
	if ((status = ask(c, token_url, NULL, NULL, bearer, NULL, ANY, a)) != 200)
		return fail("token", status, a);
	snprintf(url, sizeof(url), "https://%s/v2/", v[SERVER]);
	if ((status = ask(c, url, NULL, NULL, NULL, NULL, NEW, a)) != 401)
		return fail("challenge", status, a);
	snprintf(url_of_login, sizeof(url_of_login),
	         "https://%s/oauth2/token?account=%s&service=%s", v[SERVER], token, v[SERVER]);
	if (held != NULL) {
		snprintf(user, sizeof(user), "%s:%s", token, held);
		free(held);
		if ((status = ask(c, url_of_login, NULL, NULL, NULL, user, ANY, a)) != 200)
			return fail("login with what is held", status, a);
	}
	snprintf(url, sizeof(url), "%s%s/generateCredentials?api-version=2023-07-01", v[ARM],
	         v[REGISTRY]);
	snprintf(body, sizeof(body),
	         "{\"tokenId\":\"%s/tokens/%s\",\"name\":\"%s\",\"expiry\":\"%s\"}", v[REGISTRY],
	         token, v[SLOT], v[EXPIRY]);
	status = ask(c, url, body, "Content-Type: application/json", bearer, NULL, ALONE, a);
	password = member(a->text, "\"value\":\"");
	if (status != 200 || password == NULL)
		return fail("generate", status, a);
	snprintf(user, sizeof(user), "%s:%s", token, password);
	for (int i = 0; i < 3; i++)
		if ((status = ask(c, url_of_login, NULL, NULL, NULL, user, ALONE, a)) != 200)
			return fail("login", status, a);
	if ((status = ask(c, token_url, NULL, NULL, bearer, NULL, ANY, a)) != 200)
		return fail("token", status, a);
	int bad = replace(v[DIR], token, password);
	free(password);
	return bad ? fail(token, 0, a) : 0;
}

static void *work(void *first)
{
	CURL *c = first != NULL ? first : open_curl();
	struct answer *a = calloc(1, sizeof(*a));
	for (int i; (i = atomic_fetch_add(&next, 1)) < n_tokens;)
		failures += rotate(c, v[TOKENS + i], a);
	curl_easy_cleanup(c);
	free(a);
	return NULL;
}

int main(int argc, char **argv)
{
	v = argv;
	n_tokens = argc - TOKENS;
	int threads = argc > TOKENS ? atoi(v[THREADS]) : 0;
	pthread_t ids[64];
	if (threads < 1 || threads > 64)
		return 64;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURL *c = open_curl();
	if (get_bearer(c) != 0)
		return 1;
	for (int i = 1; i < threads; i++)
		pthread_create(&ids[i], NULL, work, NULL);
	work(c);
	for (int i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	return failures != 0;
}
