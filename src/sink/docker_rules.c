/* SPDX-License-Identifier: MIT */
/* What each reader takes for an image: a table of rules, tried in order. The first that decides is
 * the reader's answer. */
#include "sink/docker_reader.h"

#include <fnmatch.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/docker_doc.h"
#include "sink/docker_edit.h"

/* ---- names --------------------------------------------------------------------------------------
 * ------------------------------- */

struct question {
	const struct docker_doc *d;
	enum docker_reader reader;
	const char *host, *image; /* image: host/repository */
};

/* The host of a key: what is between a scheme and a path. */
static struct span host_in(const char *key)
{
	const char *scheme = strstr(key, "://");
	size_t skip = scheme != NULL ? (size_t)(scheme - key) + 3 : 0;

	return (struct span){ .start = skip, .end = skip + strcspn(key + skip, "/") };
}

static bool is_of_host(const struct question *q, const char *key)
{
	struct span h = host_in(key);
	/* containers/image converts nothing but URLs: "host/" is a namespace that no image has. */
	if (q->reader == DOCKER_READER_CONTAINERS && !str_starts(key, "https://") &&
	    !str_starts(key, "http://"))
		return false;
	return strlen(q->host) == h.end - h.start &&
	       memcmp(key + h.start, q->host, h.end - h.start) == 0;
}

static const struct json_member *entry_named(const struct docker_doc *d, const char *name, size_t n)
{
	AUTO_FREE char *want = mem_dup_n(name, n);

	return docker_doc_named(d, want);
}

/* ---- the rules: true when they decide
 * ------------------------------------------------------------------------------------------ */

static bool sends_entry(struct docker_answer *a, const struct json_member *entry)
{
	if (entry == NULL)
		return false;
	a->sends = DOCKER_SENDS_ENTRY;
	a->entry = entry;
	return true;
}

static bool drops(struct docker_answer *a)
{
	a->sends = DOCKER_DROPS_FILE;
	return true;
}

static bool wrong_type(const struct question *q, struct docker_answer *a)
{
	return !docker_index_shape(q->d, q->reader, a->why) && drops(a);
}

/* Python's own letters: the section is not there in any other. */
static bool auths_in_other_letters(const struct question *q, struct docker_answer *a)
{
	a->sends = DOCKER_SENDS_NOTHING;
	return q->d->known[AUTHS] != NULL &&
	       !json_span_is(q->d->text, q->d->known[AUTHS]->key, "auths");
}

static bool one_cannot_be_decoded(const struct question *q, struct docker_answer *a)
{
	const struct json_member *m = docker_index_undecodable(q->d, q->reader);
	AUTO_BUF struct buf name = BUF_INIT(DOCKER_WHY_MAX);

	if (m == NULL)
		return false;
	json_span_string(q->d->text, m->key, &name);
	(void)snprintf(a->why, sizeof(a->why), "the entry '%s' in 'auths' cannot be decoded",
	               buf_cstr(&name));
	return drops(a);
}

/* A section that Python finds only under its own letters. */
static const struct json_member *section(const struct question *q, enum docker_known which,
                                         const char *name)
{
	const struct json_member *m = q->d->known[which];

	return m == NULL || q->reader != DOCKER_READER_PYTHON ||
	                       json_span_is(q->d->text, m->key, name)
	               ? m
	               : NULL;
}

static bool helper_of_host(const struct question *q, struct span *out)
{
	const struct json_member *all = section(q, CRED_HELPERS, "credHelpers");
	struct json_member m;
	size_t at = 0;
	bool hit = false;

	while (all != NULL && json_span_next(q->d->text, all->value, &at, &m)) {
		if (!json_span_is(q->d->text, m.key, q->host))
			continue;
		*out = m.value;
		hit = true;
	}
	return hit;
}

static bool is_name(const struct question *q, struct span v)
{
	return q->d->text[v.start] == '"' && !json_span_is(q->d->text, v, "");
}

static bool asks(struct docker_answer *a, struct span helper)
{
	a->sends = DOCKER_SENDS_HELPERS;
	a->helper = helper;
	return true;
}

/* An empty name says: this very file. */
static bool named_helper(const struct question *q, struct docker_answer *a)
{
	struct span helper;

	return helper_of_host(q, &helper) && is_name(q, helper) && asks(a, helper);
}

/* With an empty name there is no such program, and no other place is looked at. */
static bool helper_even_unnamed(const struct question *q, struct docker_answer *a)
{
	struct span helper;

	return helper_of_host(q, &helper) && asks(a, helper);
}

static bool store(const struct question *q, struct docker_answer *a)
{
	const struct json_member *m = section(q, CREDS_STORE, "credsStore");

	return m != NULL && is_name(q, m->value) && asks(a, m->value);
}

static bool store_unless_named(const struct question *q, struct docker_answer *a)
{
	struct span ignored;

	return !helper_of_host(q, &ignored) && store(q, a);
}

static bool entry_of_host(const struct question *q, struct docker_answer *a)
{
	return sends_entry(a, entry_named(q->d, q->host, strlen(q->host)));
}

/* The image's own name, then each longer namespace, then the host. */
static bool entry_of_namespace(const struct question *q, struct docker_answer *a)
{
	size_t n = strlen(q->image);

	while (n > 0) {
		if (sends_entry(a, entry_named(q->d, q->image, n)))
			return true;
		while (n > 0 && q->image[n - 1] != '/')
			n--;
		n -= n > 0;
	}
	return false;
}

/* Any key that is of the host once scheme and path are cut off; of several one by chance, for maps
 * have no order. */
static bool entry_by_hostname(const struct question *q, struct docker_answer *a)
{
	size_t hits = 0;

	for (size_t i = 0; i < q->d->auths.n; i++) {
		AUTO_BUF struct buf key = BUF_INIT(DOCKER_CONFIG_MAX);
		json_span_string(q->d->text, q->d->auths.m[i].key, &key);
		if (!is_of_host(q, buf_cstr(&key)) ||
		    (q->reader == DOCKER_READER_PYTHON && hits > 0))
			continue;
		hits++;
		(void)sends_entry(a, &q->d->auths.m[i]);
	}
	if (hits > 1)
		a->sends = DOCKER_SENDS_BY_CHANCE;
	return hits > 0;
}

/* kubelet's: without scheme and API version, each part of the host a glob, the path the beginning
 * of the image's. */
static bool is_matched(const char *key, const char *image)
{
	const char *k = str_starts(key, "https://")  ? key + 8
	                : str_starts(key, "http://") ? key + 7
	                                             : key;
	size_t nk = strcspn(k, "/"), ni = strcspn(image, "/");
	AUTO_FREE char *glob = mem_dup_n(k, nk), *host = mem_dup_n(image, ni);
	const char *path = k + nk;

	if (str_starts(path, "/v1/") || str_starts(path, "/v2/"))
		path += 3;
	if (strcmp(path, "/") == 0)
		path = "";
	const char *port = strrchr(glob, ':'), *asked = strrchr(host, ':');
	if (strcmp(port != NULL ? port : "", asked != NULL ? asked : "") != 0)
		return false;
	/* No star stands for a slash: part by part, and as many. */
	for (char *p = glob; *p != '\0'; p++)
		*p = *p == '.' ? '/' : *p;
	for (char *p = host; *p != '\0'; p++)
		*p = *p == '.' ? '/' : *p;
	return str_starts(image + ni, path) && fnmatch(glob, host, FNM_PATHNAME) == 0;
}

/* It tries every one that fits; ours, if that is among them. */
static bool every_entry_that_fits(const struct question *q, struct docker_answer *a)
{
	const struct json_member *hit = NULL;

	for (size_t i = 0; i < q->d->auths.n; i++) {
		const struct json_member *m = &q->d->auths.m[i];
		AUTO_BUF struct buf key = BUF_INIT(DOCKER_CONFIG_MAX);
		json_span_string(q->d->text, m->key, &key);
		if (is_matched(buf_cstr(&key), q->image) && (hit == NULL || m == q->d->entry))
			hit = m;
	}
	return sends_entry(a, hit);
}

/* Without any section it takes the whole file for one of the old format: hosts at the top. */
static bool entry_at_the_top(const struct question *q, struct docker_answer *a)
{
	const struct json_member *hit = NULL;

	if (q->d->auths.n > 0 || q->d->known[CRED_HELPERS] != NULL ||
	    q->d->known[CREDS_STORE] != NULL)
		return false;
	for (size_t i = 0; i < q->d->members.n; i++) {
		AUTO_BUF struct buf key = BUF_INIT(DOCKER_CONFIG_MAX);
		if (!docker_is_object(q->d, q->d->members.m[i].value))
			return false;
		json_span_string(q->d->text, q->d->members.m[i].key, &key);
		if (is_of_host(q, buf_cstr(&key)))
			hit = &q->d->members.m[i];
	}
	return sends_entry(a, hit);
}

static bool nothing(const struct question *q, struct docker_answer *a)
{
	(void)q;
	a->sends = DOCKER_SENDS_NOTHING;
	return true;
}

static const struct docker_rule {
	enum docker_reader reader;
	bool (*decides)(const struct question *q, struct docker_answer *a);
} rules[] = {
	/* cli/config/configfile, cli/config/credentials */
	{ DOCKER_READER_DOCKER, wrong_type },
	{ DOCKER_READER_DOCKER, named_helper },
	{ DOCKER_READER_DOCKER, store_unless_named },
	{ DOCKER_READER_DOCKER, entry_of_host },
	{ DOCKER_READER_DOCKER, entry_by_hostname },
	{ DOCKER_READER_DOCKER, nothing },
	/* containers/image: pkg/docker/config. `credsStore` is passed over. */
	{ DOCKER_READER_CONTAINERS, wrong_type },
	{ DOCKER_READER_CONTAINERS, helper_even_unnamed },
	{ DOCKER_READER_CONTAINERS, entry_of_namespace },
	{ DOCKER_READER_CONTAINERS, entry_by_hostname },
	{ DOCKER_READER_CONTAINERS, nothing },
	/* kubernetes: pkg/credentialprovider. Helpers are passed over. */
	{ DOCKER_READER_KUBELET, wrong_type },
	{ DOCKER_READER_KUBELET, one_cannot_be_decoded },
	{ DOCKER_READER_KUBELET, every_entry_that_fits },
	{ DOCKER_READER_KUBELET, nothing },
	/* docker/auth.py */
	{ DOCKER_READER_PYTHON, wrong_type },
	{ DOCKER_READER_PYTHON, one_cannot_be_decoded },
	{ DOCKER_READER_PYTHON, named_helper },
	{ DOCKER_READER_PYTHON, store },
	{ DOCKER_READER_PYTHON, entry_at_the_top },
	{ DOCKER_READER_PYTHON, auths_in_other_letters },
	{ DOCKER_READER_PYTHON, entry_of_host },
	{ DOCKER_READER_PYTHON, entry_by_hostname },
	{ DOCKER_READER_PYTHON, nothing },
};

void docker_reader_ask(const struct docker_doc *d, enum docker_reader reader, const char *image,
                       struct docker_answer *out)
{
	AUTO_FREE char *host = mem_dup_n(image, strcspn(image, "/"));
	const struct question q = { .d = d, .reader = reader, .host = host, .image = image };

	for (size_t i = 0; i < COUNT(rules); i++) {
		*out = (struct docker_answer){ .sends = DOCKER_SENDS_NOTHING };
		if (rules[i].reader == reader && rules[i].decides(&q, out))
			break;
	}
}

const struct json_member *docker_reader_undecodable(const struct docker_doc *d,
                                                    enum docker_reader reader)
{
	for (size_t i = 0; i < d->auths.n; i++)
		if (!docker_reader_decodes(d, reader, &d->auths.m[i]))
			return &d->auths.m[i];
	return NULL;
}
