/* SPDX-License-Identifier: MIT */
/* Who the readers are, and what each understands of an entry. */
#include "sink/docker_reader.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/docker_doc.h"
#include "sink/docker_edit.h"

/* ---- who there is -------------------------------------------------------------------------------
 * ------------------------------- */

static const struct {
	const char *name;
	enum docker_base64 base64;
	bool any_case;        /* of a field's name */
	bool plain;           /* `username` and `password` where there is no `auth` */
	const char *token[2]; /* fields that count instead of the password */
} readers[DOCKER_READER__COUNT] = {
	[DOCKER_READER_DOCKER] = { "docker",
	                           DOCKER_BASE64_GO,
	                           true,
	                           true,
	                           { "identitytoken", "registrytoken" } },
	[DOCKER_READER_CONTAINERS] = { "containers",
	                               DOCKER_BASE64_GO,
	                               true,
	                               false,
	                               { "identitytoken" } },
	[DOCKER_READER_KUBELET] = { "kubelet", DOCKER_BASE64_RAW, true, true, { NULL } },
	[DOCKER_READER_PYTHON] = { "docker-py",
	                           DOCKER_BASE64_PYTHON,
	                           false,
	                           false,
	                           { "identitytoken" } },
};

const char *docker_reader_name(enum docker_reader reader)
{
	return readers[reader].name;
}

static bool find_reader(const char *name, size_t n, unsigned *bits)
{
	for (int i = 0; i < DOCKER_READER__COUNT; i++) {
		if (strlen(readers[i].name) != n || memcmp(readers[i].name, name, n) != 0)
			continue;
		*bits |= DOCKER_READER_BIT(i);
		return true;
	}
	return false;
}

bool docker_readers_parse(const char *names, unsigned *out, struct err *e)
{
	unsigned bits = 0;

	for (const char *p = names; *p != '\0';) {
		size_t n = strcspn(p, " \t");
		if (n > 0 && !find_reader(p, n, &bits))
			return err_set(e, ERR_CONFIG,
			               "key 'readers': '%.*s' is none of: docker containers "
			               "kubelet docker-py",
			               (int)n, p);
		p += n + strspn(p + n, " \t");
	}
	if (bits == 0)
		return err_set(e, ERR_CONFIG, "key 'readers': names nobody");
	*out = bits;
	return true;
}

unsigned docker_readers_default(const char *path, const char *key)
{
	const char *slash = strrchr(path, '/');
	bool auth_json = strcmp(slash != NULL ? slash + 1 : path, "auth.json") == 0;

	/* docker looks for config.json only, and knows no namespaces. */
	if (auth_json || (key != NULL && strstr(key, "://") == NULL && strchr(key, '/') != NULL))
		return DOCKER_READER_BIT(DOCKER_READER_CONTAINERS);
	return DOCKER_READER_BIT(DOCKER_READER_DOCKER) |
	       DOCKER_READER_BIT(DOCKER_READER_CONTAINERS);
}

/* ---- what an entry says -------------------------------------------------------------------------
 * ------------------------------- */

/* The last field of that name, as the reader spells it. */
static const struct json_member *field(const struct docker_doc *d, enum docker_reader reader,
                                       const struct json_members *all, const char *name)
{
	const struct json_member *hit = NULL;

	for (size_t i = 0; i < all->n; i++)
		if (readers[reader].any_case ? docker_same_but_case(d, all->m[i].key, name)
		                             : json_span_is(d->text, all->m[i].key, name))
			hit = &all->m[i];
	return hit;
}

/* False when it is absent, empty or no string. */
static bool text_of(const struct docker_doc *d, const struct json_member *m, struct buf *out)
{
	if (m == NULL || d->text[m->value.start] != '"')
		return false;
	json_span_string(d->text, m->value, out);
	return out->len > 0;
}

static bool has_token(const struct docker_doc *d, enum docker_reader reader,
                      const struct json_members *all)
{
	for (size_t i = 0; i < COUNT(readers[reader].token) && readers[reader].token[i] != NULL;
	     i++) {
		AUTO_BUF struct buf text = BUF_INIT(SECRET_MAX);
		const struct json_member *m = field(d, reader, all, readers[reader].token[i]);
		/* docker-py asks only whether there is such a field. */
		if (reader == DOCKER_READER_PYTHON ? m != NULL : text_of(d, m, &text))
			return true;
	}
	return false;
}

/* What it decodes of `auth`, or, where it knows these, says in two fields. */
static void read_pair(const struct docker_doc *d, enum docker_reader reader,
                      const struct json_members *all, struct docker_entry *out)
{
	AUTO_BUF struct buf auth = BUF_INIT(SECRET_MAX), user = BUF_INIT(SECRET_MAX),
			    password = BUF_INIT(SECRET_MAX);

	if (text_of(d, field(d, reader, all, "auth"), &auth)) {
		out->found = true;
		(void)docker_auth_split(readers[reader].base64, &auth, &out->username,
		                        &out->password); /* else without a name */
		return;
	}
	if (!readers[reader].plain)
		return;
	bool has_user = text_of(d, field(d, reader, all, "username"), &user);
	bool has_password = text_of(d, field(d, reader, all, "password"), &password);
	out->found = has_user || has_password;
	if (!has_user || !buf_ok(&user) || !buf_ok(&password))
		return;
	out->username = mem_dup(buf_cstr(&user));
	out->password = secret_new(buf_cstr(&password), password.len);
}

void docker_reader_credential(const struct docker_doc *d, enum docker_reader reader,
                              const struct json_member *entry, struct docker_entry *out)
{
	AUTO(json_span_clear) struct json_members all = { .n = 0 };

	*out = (struct docker_entry){ .found = false };
	if (!docker_is_object(d, entry->value))
		return;
	json_span_members(d->text, entry->value, &all);
	read_pair(d, reader, &all, out);
	/* containers/image reads a token only behind a pair. */
	if ((out->username != NULL || reader != DOCKER_READER_CONTAINERS) &&
	    has_token(d, reader, &all)) {
		out->found = out->token = true;
		secret_free(take(&out->password));
	}
	/* An empty password is none. */
	if (out->password != NULL && secret_len(out->password) == 0)
		secret_free(take(&out->password));
}

bool docker_reader_decodes(const struct docker_doc *d, enum docker_reader reader,
                           const struct json_member *m)
{
	AUTO(json_span_clear) struct json_members all = { .n = 0 };
	AUTO_BUF struct buf auth = BUF_INIT(SECRET_MAX);
	AUTO_FREE char *user = NULL;
	AUTO_SECRET struct secret *password = NULL;

	if (!docker_is_object(d, m->value))
		return true;
	json_span_members(d->text, m->value, &all);
	const struct json_member *f = field(d, reader, &all, "auth");
	if (reader == DOCKER_READER_PYTHON) {
		if (has_token(d, reader, &all) || f == NULL)
			return true;
		if (!text_of(d, f, &auth))
			return false;
	} else if (!text_of(d, f, &auth)) {
		return true;
	}
	return docker_auth_split(readers[reader].base64, &auth, &user, &password) ==
	       DOCKER_AUTH_PAIR;
}
