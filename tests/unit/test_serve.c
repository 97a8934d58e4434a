/* SPDX-License-Identifier: MIT */
/* What the kubelet asks, and whose copies are handed out. The programs themselves: tests/e2e/serve.t. */
#include "check.h"

#include <sys/stat.h>

#include "../../src/cli/serve.h"
#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "cli/serve.h"
#include "fakes/sinks.h"

#define V    "credentialprovider.kubelet.k8s.io/"
#define KIND "\"kind\":\"CredentialProviderRequest\","

static const struct {
	const char *text, *version, *image; /* NULL: refused, */
	const char *says;                   /* with this */
} requests[] = {
	{ "{" KIND "\"apiVersion\":\"" V "v1\",\"image\":\"r.io/a:1\"}", V "v1", "r.io/a:1", NULL },
	{ "{" KIND "\"apiVersion\":\"" V "v1beta1\",\"image\":\"a\"}", V "v1beta1", "a", NULL },
	{ "{" KIND "\"apiVersion\":\"" V "v1alpha1\",\"image\":\"a\"}", V "v1alpha1", "a", NULL },
	{ " {" KIND "\"apiVersion\":\"" V "v1\",\"image\":\"a\",\"serviceAccountToken\":\"t\"} ",
	  V "v1", "a", NULL },
	{ "{" KIND "\"apiVersion\":\"" V "v2\",\"image\":\"a\"}", NULL, NULL, "version '" V "v2'" },
	{ "{" KIND "\"apiVersion\":\"v1\",\"image\":\"a\"}", NULL, NULL, "version 'v1'" },
	{ "{" KIND "\"image\":\"a\"}", NULL, NULL, "version ''" },
	{ "{" KIND "\"apiVersion\":\"" V "v1\"}", NULL, NULL, "names no image" },
	{ "{" KIND "\"apiVersion\":\"" V "v1\",\"image\":\"\"}", NULL, NULL, "names no image" },
	{ "{" KIND "\"apiVersion\":\"" V "v1\",\"image\":7}", NULL, NULL, "names no image" },
	{ "{\"kind\":\"Pod\",\"apiVersion\":\"" V "v1\",\"image\":\"a\"}", NULL, NULL,
	  "not a CredentialProviderRequest" },
	{ "[]", NULL, NULL, "not a CredentialProviderRequest" },
	{ "{" KIND, NULL, NULL, "the request: " },
	{ "", NULL, NULL, "the request: " },
};

static void what_is_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct serve_request r = { .image = NULL };
		struct err e = ERR_INIT;
		bool ok = serve_request_parse(requests[i].text, strlen(requests[i].text), &r, &e);
		CHECK(ok == (requests[i].says == NULL), "row %zu: %s", i, e.text);
		if (ok) {
			CHECK_TEXT(r.version, requests[i].version, "row %zu", i);
			CHECK_TEXT(r.image, requests[i].image, "row %zu", i);
		} else {
			CHECK(e.kind == ERR_REMOTE && strstr(e.text, requests[i].says) != NULL,
			      "row %zu: %s", i, e.text);
		}
		serve_request_clear(&r);
	}
}

static const struct {
	const char *image, *host;
} images[] = {
	{ "r.io/a", "r.io" },
	{ "R.IO/a:1", "r.io" },
	{ "r.io:5000/a@sha256:0", "r.io:5000" },
	{ "localhost/a", "localhost" },
	{ "localhost:1/a", "localhost:1" },
	{ "r.io/", "r.io" },
	{ "a", NULL },
	{ "a:1", NULL },
	{ "library/a", NULL },
	{ "r.io", NULL },
	{ "", NULL },
};

static void whose_image_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(images); i++) {
		AUTO_FREE char *host = serve_image_host(images[i].image);
		if (images[i].host == NULL)
			CHECK(host == NULL, "'%s': '%s'", images[i].image, host);
		else
			CHECK_TEXT(host, images[i].host, "'%s'", images[i].image);
	}
}

static char *dir;

/* STATE/store/r.io of the one or the other state; text NULL: none. */
static void put(const char *state, const char *text)
{
	char path[4300];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, state);
	assert_true(mkdir(path, 0700) == 0);
	(void)snprintf(path, sizeof(path), "%s/%s/store", dir, state);
	assert_true(mkdir(path, 0700) == 0);
	(void)snprintf(path, sizeof(path), "%s/%s/store/r.io", dir, state);
	if (text != NULL)
		file_put(path, text);
}

#define COPY(name) "{\"server\":\"r.io\",\"username\":\"" name "\",\"password\":\"p\"}"
static const struct {
	const char *own, *roots;
	const char *name; /* NULL: */
	enum err_kind kind;
} states[] = {
	{ COPY("own"), COPY("roots"), "own", ERR_NONE },
	{ NULL, COPY("roots"), "roots", ERR_NONE },
	{ COPY("own"), NULL, "own", ERR_NONE },
	{ NULL, NULL, NULL, ERR_MISSING },
	/* What cannot be read is said where nothing else is found. */
	{ "{", COPY("roots"), "roots", ERR_NONE },
	{ "{", NULL, NULL, ERR_LOCAL },
	{ NULL, "{", NULL, ERR_LOCAL },
};

static void ones_own_comes_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		AUTO_CREDENTIAL struct credential c = { .server = NULL };
		struct serve_entries all;
		struct err e = ERR_INIT;
		dir = scratch_make();
		put("own", states[i].own);
		put("roots", states[i].roots);
		struct serve_states s = {
			.dir = { mem_fmt("%s/own", dir), mem_fmt("%s/roots", dir) }, .n = 2
		};
		bool ok = serve_find(&s, "https://r.io", &c, &e);
		CHECK(ok == (states[i].name != NULL) && e.kind == states[i].kind, "row %zu: %s", i,
		      e.text);
		serve_list(&s, "r.io", &all);
		CHECK(all.n == (states[i].name != NULL ? 1 : 0), "row %zu", i);
		if (ok) {
			CHECK_TEXT(c.username, states[i].name, "row %zu", i);
			CHECK_TEXT(all.item[0].is.username, states[i].name, "row %zu", i);
		} else {
			CHECK((all.why.kind != ERR_NONE) == (e.kind == ERR_LOCAL), "row %zu", i);
		}
		serve_entries_clear(&all);
		serve_states_clear(&s);
		scratch_remove(dir);
	}
}

/* The state directory of a configuration, and the same for who asks without any. */
static void where_states_are(void **state)
{
	char conf[4300];
	struct serve_states s;

	(void)state;
	dir = scratch_make();
	(void)snprintf(conf, sizeof(conf), "%s/acrotate.conf", dir);
	file_put(conf, "[run]\nstate_dir = /somewhere/else\n");
	assert_int_equal(chmod(conf, 0600), 0);
	serve_states_find(conf, &s);
	assert_true(s.n == 1 && strcmp(s.dir[0], "/somewhere/else") == 0);
	serve_states_clear(&s);
	/* One that cannot be understood is told: an older directory must not be asked instead. */
	file_put(conf, "[run]\nstate_dirr = /x\n");
	serve_states_find(conf, &s);
	assert_true(s.n == 0 && s.why.kind == ERR_CONFIG);
	serve_states_clear(&s);
	scratch_remove(dir);
}

static void the_manual_has_every_word(void **state)
{
	static const struct {
		const char *page, *words[6];
	} pages[] = {
		{ "packaging/man/docker-credential-acrotate.1",
		  { ".It Cm get", ".It Cm list", ".It Cm store , erase", ".It Cm version",
		    "credentials not found in native keychain" } },
		{ "packaging/man/acrotate-credential-provider.8",
		  { ".It Fl -cache", ".It Fl -config", ".It Fl -version", "v1beta1",
		    "5m unless" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pages); i++) {
		char *text = file_get(pages[i].page);
		for (size_t k = 0; k < 6 && pages[i].words[k] != NULL; k++)
			CHECK(text != NULL && strstr(text, pages[i].words[k]) != NULL, "%s: %s",
			      pages[i].page, pages[i].words[k]);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked),
		cmocka_unit_test(whose_image_it_is),
		cmocka_unit_test(ones_own_comes_first),
		cmocka_unit_test(where_states_are),
		cmocka_unit_test(the_manual_has_every_word),
	};

	secret_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
