/* SPDX-License-Identifier: MIT */
/*
 * acrotate-credential-provider: a plugin of the kubelet. A CredentialProviderRequest comes on
 * standard input, a CredentialProviderResponse of the same version goes to standard output; errors
 * go to standard error, and the kubelet then pulls without credentials.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve.h"
#include "sink/copy.h"

#define GROUP        "credentialprovider.kubelet.k8s.io/"
#define CACHE        "5m"
#define RESPONSE_MAX (16u * 1024 * 1024)

/* ---- what is asked --------------------------------------------------------------------------- */

static bool is_known(const char *version)
{
	static const char *const versions[] = { GROUP "v1", GROUP "v1beta1", GROUP "v1alpha1" };

	for (size_t i = 0; i < COUNT(versions); i++)
		if (strcmp(version, versions[i]) == 0)
			return true;
	return false;
}

bool serve_request_parse(const char *text, size_t n, struct serve_request *out, struct err *e)
{
	AUTO_JSON struct json *j = NULL;

	if (!json_parse(text, n, &j, e))
		return err_in(e, "the request");
	const char *kind = json_str(j, "kind"), *version = json_str(j, "apiVersion");
	const char *image = json_str(j, "image");
	if (kind == NULL || strcmp(kind, "CredentialProviderRequest") != 0)
		return err_set(e, ERR_REMOTE, "the request is not a CredentialProviderRequest");
	if (version == NULL || !is_known(version))
		return err_set(e, ERR_REMOTE,
		               "the request is of version '%s'; known are v1, v1beta1 and v1alpha1 "
		               "of " GROUP,
		               version != NULL ? version : "");
	if (image == NULL || image[0] == '\0')
		return err_set(e, ERR_REMOTE, "the request names no image");
	*out = (struct serve_request){ .version = mem_dup(version), .image = mem_dup(image) };
	return true;
}

void serve_request_clear(struct serve_request *r)
{
	free(r->version);
	free(r->image);
	*r = (struct serve_request){ .image = NULL };
}

/* "web" and "library/web" are docker's own; "localhost/web" is not. */
char *serve_image_host(const char *image)
{
	size_t n = strcspn(image, "/");
	AUTO_FREE char *host = mem_dup_n(image, n);

	str_lower(host);
	if (image[n] != '/' || (strpbrk(host, ".:") == NULL && strcmp(host, "localhost") != 0))
		return NULL;
	return take(&host);
}

/* ---- what is answered ------------------------------------------------------------------------ */

/* Of the whole registry, because that is what the kubelet remembers it for: which entry is for an
 * image it finds by itself. */
static void put_auth(const struct serve_entries *l, struct buf *out)
{
	buf_str(out, ",\"auth\":{");
	for (size_t i = 0; i < l->n; i++) {
		buf_str(out, i > 0 ? "," : "");
		buf_json(out, l->item[i].key);
		buf_str(out, ":{\"username\":");
		buf_json(out, l->item[i].is.username);
		buf_str(out, ",\"password\":");
		copy_put_password(&l->item[i].is, out);
		buf_char(out, '}');
	}
	buf_char(out, '}');
}

/* That there is none is remembered for no time: a job may deliver the first one any moment. */
static bool respond(const struct serve_request *r, const struct serve_entries *l, int64_t cache_s,
                    struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(RESPONSE_MAX);

	buf_str(&out, "{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":");
	buf_json(&out, r->version);
	buf_fmt(&out, ",\"cacheKeyType\":\"Registry\",\"cacheDuration\":\"%llds\"",
	        (long long)(l->n > 0 ? cache_s : 0));
	if (l->n > 0)
		put_auth(l, &out);
	buf_str(&out, "}\n");
	if (!buf_ok(&out))
		return err_set(e, ERR_LOCAL, "there are too many copies for one registry");
	return fd_write(STDOUT_FILENO, "standard output", buf_cstr(&out), out.len, e);
}

/* ---- the command line ------------------------------------------------------------------------ */

struct arguments {
	int64_t cache_s;
	const char *config;
};

static bool serve(const struct arguments *a, struct err *e)
{
	AUTO(serve_request_clear) struct serve_request r = { .image = NULL };
	AUTO(serve_states_clear) struct serve_states states = { .n = 0 };
	AUTO(serve_entries_clear) struct serve_entries all = { .n = 0 };
	AUTO_BUF struct buf asked = BUF_INIT(SERVE_ASKED_MAX);
	AUTO_FREE char *host = NULL;

	if (!fd_read_all(STDIN_FILENO, "standard input", SERVE_ASKED_MS, &asked, e) ||
	    !serve_request_parse(buf_cstr(&asked), asked.len, &r, e))
		return false;
	host = serve_image_host(r.image);
	if (host != NULL) {
		serve_states_find(a->config, &states);
		serve_list(&states, host, &all);
	}
	if (all.n == 0 && all.why.kind != ERR_NONE) {
		*e = all.why;
		return false;
	}
	return respond(&r, &all, a->cache_s, e);
}

static bool set_cache(struct arguments *a, const char *value, struct err *e)
{
	return str_duration(value, &a->cache_s) ||
	       err_set(e, ERR_USAGE, "--cache takes a time like '5m', or '0s', not '%s'", value);
}

static bool set_config(struct arguments *a, const char *value, struct err *e)
{
	(void)e;
	a->config = value;
	return true;
}

static const struct serve_option {
	const char *name;
	bool (*set)(struct arguments *a, const char *value, struct err *e);
} options[] = { { "--cache", set_cache }, { "--config", set_config } };

/* "--cache 5m" or "--cache=5m": *i is behind it then. */
static bool parse_one(int argc, char **argv, int *i, struct arguments *a, struct err *e)
{
	const char *word = argv[(*i)++];

	for (size_t k = 0; k < COUNT(options); k++) {
		size_t n = strlen(options[k].name);
		if (strncmp(word, options[k].name, n) != 0)
			continue;
		if (word[n] == '=')
			return options[k].set(a, word + n + 1, e);
		if (word[n] == '\0' && *i < argc)
			return options[k].set(a, argv[(*i)++], e);
	}
	return err_set(e, ERR_USAGE,
	               "unknown argument '%s'; known are --cache TIME, --config FILE and --version",
	               word);
}

static bool parse(int argc, char **argv, struct arguments *a, struct err *e)
{
	*a = (struct arguments){ .config = NULL };
	if (!set_cache(a, CACHE, e))
		return false;
	for (int i = 1; i < argc;)
		if (!parse_one(argc, argv, &i, a, e))
			return false;
	return true;
}

int serve_kubelet(int argc, char **argv)
{
	struct arguments a;
	struct err e = ERR_INIT;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts(SERVE_KUBELET " (acrotate) " VERSION) < 0;
	if (parse(argc, argv, &a, &e) && serve(&a, &e))
		return 0;
	(void)fprintf(stderr, SERVE_KUBELET ": %s\n", e.text);
	return e.kind == ERR_USAGE ? err_exit_code(ERR_USAGE) : 1;
}
