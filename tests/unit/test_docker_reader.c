/* SPDX-License-Identifier: MIT */
/*
 * The rules for readers, a row each. For docker, podman, skopeo and docker-py tests/e2e/readers.t
 * asks the programs themselves; kubelet cannot be asked without a cluster, so its rows say what its
 * source does (Kubernetes 1.20 to 1.34, pkg/credentialprovider/keyring.go and config.go).
 */
#include "check.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sink/docker_doc.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"

#define BUF_OF(s)                                                                                  \
	{                                                                                          \
		.data = (char *)(uintptr_t)(s), .len = strlen(s), .max = DOCKER_CONFIG_MAX         \
	}
#define ONE(key) "{\"auths\":{\"" key "\":{\"auth\":\"dTpw\"}}}"

static const struct ask_row {
	enum docker_reader reader;
	const char *name, *text, *image;
	const char *wants; /* the key of the entry, or how else it ends */
} asks[] = {
	{ DOCKER_READER_KUBELET, "the host", ONE("r.io"), "r.io/a", "r.io" },
	{ DOCKER_READER_KUBELET, "a URL", ONE("https://r.io"), "r.io/a", "https://r.io" },
	{ DOCKER_READER_KUBELET, "a URL with the API's version", ONE("https://r.io/v1/"),
	  "r.io/a/b", "https://r.io/v1/" },
	{ DOCKER_READER_KUBELET, "the other version", ONE("http://r.io/v2/"), "r.io/a",
	  "http://r.io/v2/" },
	{ DOCKER_READER_KUBELET, "the version without its slash is a path", ONE("r.io/v2"),
	  "r.io/a", "nothing" },
	{ DOCKER_READER_KUBELET, "a slash at the end", ONE("r.io/"), "r.io/a", "r.io/" },
	{ DOCKER_READER_KUBELET, "a namespace", ONE("r.io/team"), "r.io/team/a", "r.io/team" },
	{ DOCKER_READER_KUBELET, "its name is a beginning", ONE("r.io/team"), "r.io/teamster/a",
	  "r.io/team" },
	{ DOCKER_READER_KUBELET, "another namespace", ONE("r.io/team"), "r.io/other/a", "nothing" },
	{ DOCKER_READER_KUBELET, "a version and a namespace", ONE("https://r.io/v1/team"),
	  "r.io/team/a", "https://r.io/v1/team" },
	{ DOCKER_READER_KUBELET, "a port", ONE("r.io:5000"), "r.io:5000/a", "r.io:5000" },
	{ DOCKER_READER_KUBELET, "another port", ONE("r.io:5000"), "r.io/a", "nothing" },
	{ DOCKER_READER_KUBELET, "the port left out", ONE("r.io"), "r.io:443/a", "nothing" },
	{ DOCKER_READER_KUBELET, "a glob", ONE("*.azurecr.io"), "web.azurecr.io/a",
	  "*.azurecr.io" },
	{ DOCKER_READER_KUBELET, "a glob has as many dots", ONE("*.io"), "web.azurecr.io/a",
	  "nothing" },
	{ DOCKER_READER_KUBELET, "a glob is no more than its part", ONE("*.azurecr.io"),
	  "azurecr.io/a", "nothing" },
	{ DOCKER_READER_KUBELET, "a glob within a part", ONE("w*b?.io"), "web1.io/a", "w*b?.io" },
	{ DOCKER_READER_KUBELET, "a glob and a namespace", ONE("*.io/team"), "r.io/team/a",
	  "*.io/team" },
	{ DOCKER_READER_KUBELET, "no glob in a path", ONE("r.io/*"), "r.io/team/a", "nothing" },
	{ DOCKER_READER_KUBELET, "other letters", ONE("R.io"), "r.io/a", "nothing" },
	{ DOCKER_READER_KUBELET, "no store, no helper",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}},\"credsStore\":\"x\",\"credHelpers\":{\"r."
	  "io\":\"x\"}}",
	  "r.io/a", "r.io" },
	{ DOCKER_READER_KUBELET, "helpers of any type",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}},\"credHelpers\":5,\"experimental\":true}",
	  "r.io/a", "r.io" },
	{ DOCKER_READER_KUBELET, "somebody's broken entry",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"},\"o\":{\"auth\":\"!\"}}}", "r.io/a",
	  "dropped" },
	{ DOCKER_READER_KUBELET, "somebody's without a colon",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"},\"o\":{\"auth\":\"dXU=\"}}}", "r.io/a",
	  "dropped" },
	{ DOCKER_READER_KUBELET, "unpadded is read", "{\"auths\":{\"r.io\":{\"auth\":\"dTpwcA\"}}}",
	  "r.io/a", "r.io" },
	{ DOCKER_READER_KUBELET, "an entry that is a string",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"},\"o\":\"x\"}}", "r.io/a", "dropped" },
	{ DOCKER_READER_KUBELET, "a header that is a number",
	  "{\"auths\":{},\"HttpHeaders\":{\"A\":1}}", "r.io/a", "dropped" },
	{ DOCKER_READER_KUBELET, "names in any letters",
	  "{\"AUTHS\":{\"r.io\":{\"AUTH\":\"dTpw\"}}}", "r.io/a", "r.io" },
	{ DOCKER_READER_DOCKER, "any scheme", ONE("oci://r.io/x"), "r.io/a", "oci://r.io/x" },
	{ DOCKER_READER_DOCKER, "the name beats a URL",
	  "{\"auths\":{\"https://r.io\":{},\"r.io\":{}}}", "r.io/a", "r.io" },
	{ DOCKER_READER_DOCKER, "two URLs", "{\"auths\":{\"https://r.io\":{},\"r.io/\":{}}}",
	  "r.io/a", "chance" },
	{ DOCKER_READER_DOCKER, "features came with 23.0",
	  "{\"auths\":{},\"features\":{\"a\":true}}", "r.io/a", "dropped" },
	{ DOCKER_READER_CONTAINERS, "the longest first",
	  "{\"auths\":{\"r.io\":{},\"r.io/t\":{},\"r.io/t/a\":{}}}", "r.io/t/a", "r.io/t/a" },
	{ DOCKER_READER_CONTAINERS, "then the namespace", "{\"auths\":{\"r.io\":{},\"r.io/t\":{}}}",
	  "r.io/t/a", "r.io/t" },
	{ DOCKER_READER_CONTAINERS, "a namespace is no beginning", "{\"auths\":{\"r.io/t\":{}}}",
	  "r.io/tt/a", "nothing" },
	{ DOCKER_READER_CONTAINERS, "a helper without a name",
	  "{\"auths\":{\"r.io\":{}},\"credHelpers\":{\"r.io\":\"\"}}", "r.io/a", "helper" },
	{ DOCKER_READER_PYTHON, "the first of two URLs",
	  "{\"auths\":{\"https://r.io\":{},\"r.io/x\":{}}}", "r.io/a", "https://r.io" },
	{ DOCKER_READER_PYTHON, "an unnamed helper falls to the store",
	  "{\"credHelpers\":{\"r.io\":\"\"},\"credsStore\":\"x\"}", "r.io/a", "helper" },
	{ DOCKER_READER_PYTHON, "an entry that is null", "{\"auths\":{\"o\":null}}", "r.io/a",
	  "dropped" },
	{ DOCKER_READER_PYTHON, "an auth that is a number",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"},\"o\":{\"auth\":5}}}", "r.io/a", "dropped" },
	{ DOCKER_READER_PYTHON, "hosts at the top", "{\"r.io\":{\"auth\":\"dTpw\"}}", "r.io/a",
	  "r.io" },
	{ DOCKER_READER_PYTHON, "hosts at the top beside helpers",
	  "{\"credHelpers\":{\"o\":\"x\"},\"r.io\":{\"auth\":\"dTpw\"}}", "r.io/a", "nothing" },
	{ DOCKER_READER_PYTHON, "hosts at the top beside an unnamed store",
	  "{\"credsStore\":\"\",\"r.io\":{\"auth\":\"dTpw\"}}", "r.io/a", "nothing" },
	{ DOCKER_READER_DOCKER, "a directory that is a number",
	  "{\"auths\":{\"r.io\":{}},\"cliPluginsExtraDirs\":[\"/x\",5]}", "r.io/a", "dropped" },
	{ DOCKER_READER_PYTHON, "auths that are false count as none", "{\"auths\":{}}", "r.io/a",
	  "nothing" },
};

static void say(const struct docker_doc *d, const struct docker_answer *a, struct buf *out)
{
	static const char *const ends[] = { [DOCKER_SENDS_NOTHING] = "nothing",
		                            [DOCKER_SENDS_HELPERS] = "helper",
		                            [DOCKER_SENDS_BY_CHANCE] = "chance",
		                            [DOCKER_DROPS_FILE] = "dropped" };

	if (a->sends == DOCKER_SENDS_ENTRY)
		json_span_string(d->text, a->entry->key, out);
	else
		buf_str(out, ends[a->sends]);
}

static void each_by_its_own_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(asks); i++) {
		const struct ask_row *r = &asks[i];
		const struct buf text = BUF_OF(r->text);
		AUTO_DOCKER_DOC struct docker_doc d;
		AUTO_BUF struct buf got = BUF_INIT(1024);
		struct docker_answer a;
		struct err e = ERR_INIT;
		CHECK(docker_doc_parse(&text, "r.io", &d, &e), "%s: %s", r->name, e.text);
		docker_reader_ask(&d, r->reader, r->image, &a);
		say(&d, &a, &got);
		CHECK_TEXT(buf_cstr(&got), r->wants, "%s: %s", docker_reader_name(r->reader),
		           r->name);
	}
}

/* kubelet tries every entry that fits: ours counts wherever it stands among them. */
static void kubelet_tries_ours(void **state)
{
	const struct buf text = BUF_OF("{\"auths\":{\"*.io\":{},\"r.io\":{},\"r.io/t\":{}}}");
	AUTO_DOCKER_DOC struct docker_doc d;
	struct docker_answer a;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(docker_doc_parse(&text, "r.io", &d, &e));
	docker_reader_ask(&d, DOCKER_READER_KUBELET, "r.io/t/a", &a);
	assert_int_equal(a.sends, DOCKER_SENDS_ENTRY);
	assert_ptr_equal(a.entry, d.entry);
}

static const struct base64_row {
	const char *text;
	enum docker_auth want[3];
} base64s[] = {
	{ "dTpw", { DOCKER_AUTH_PAIR, DOCKER_AUTH_PAIR, DOCKER_AUTH_PAIR } },
	{ "dTpwcA==", { DOCKER_AUTH_PAIR, DOCKER_AUTH_PAIR, DOCKER_AUTH_PAIR } },
	{ "dTpwcA", { DOCKER_AUTH_BROKEN, DOCKER_AUTH_PAIR, DOCKER_AUTH_BROKEN } },
	{ "dT\r\npw\n", { DOCKER_AUTH_PAIR, DOCKER_AUTH_PAIR, DOCKER_AUTH_PAIR } },
	{ "dT pw", { DOCKER_AUTH_BROKEN, DOCKER_AUTH_BROKEN, DOCKER_AUTH_PAIR } },
	{ "dTpw ", { DOCKER_AUTH_BROKEN, DOCKER_AUTH_BROKEN, DOCKER_AUTH_PAIR } },
	{ "dTpwcA==junk", { DOCKER_AUTH_BROKEN, DOCKER_AUTH_BROKEN, DOCKER_AUTH_PAIR } },
	{ "dXU=", { DOCKER_AUTH_NO_PAIR, DOCKER_AUTH_NO_PAIR, DOCKER_AUTH_NO_PAIR } },
	{ "\xc3\xa9"
	  "dTpw",
	  { DOCKER_AUTH_BROKEN, DOCKER_AUTH_BROKEN, DOCKER_AUTH_BROKEN } },
	{ "d", { DOCKER_AUTH_BROKEN, DOCKER_AUTH_BROKEN, DOCKER_AUTH_BROKEN } },
	{ "", { DOCKER_AUTH_NO_PAIR, DOCKER_AUTH_NO_PAIR, DOCKER_AUTH_NO_PAIR } },
};

static void each_decodes_in_its_own_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(base64s); i++) {
		for (int how = 0; how < 3; how++) {
			const struct buf text = BUF_OF(base64s[i].text);
			AUTO_FREE char *user = NULL;
			AUTO_SECRET struct secret *password = NULL;
			enum docker_auth got =
				docker_auth_split((enum docker_base64)how, &text, &user, &password);
			CHECK(got == base64s[i].want[how], "'%s', %d: %d", base64s[i].text, how,
			      (int)got);
			CHECK(got != DOCKER_AUTH_PAIR ||
			              (strcmp(user, "u") == 0 && secret_peek(password)[0] == 'p'),
			      "'%s', %d", base64s[i].text, how);
		}
	}
}

/* Whoever gives it that much has room for more than a secret. */
static void what_is_longer_than_a_secret(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(2 * SECRET_MAX), full = BUF_INIT(10);
	char *user = NULL;
	struct secret *password = NULL;

	(void)state;
	while (text.len <= SECRET_MAX)
		buf_str(&text, "dTpw");
	buf_str(&full, "dTpwdTpwdTpw");
	assert_int_equal(docker_auth_split(DOCKER_BASE64_GO, &text, &user, &password),
	                 DOCKER_AUTH_BROKEN);
	assert_int_equal(docker_auth_split(DOCKER_BASE64_GO, &full, &user, &password),
	                 DOCKER_AUTH_BROKEN);
}

/* A name alone logs nobody in. */
static void an_empty_password_is_none(void **state)
{
	const struct buf text = BUF_OF("{\"auths\":{\"r.io\":{\"auth\":\"dTo=\"}}}");
	AUTO_DOCKER_DOC struct docker_doc d;
	AUTO(docker_entry_clear) struct docker_entry got = { .found = false };
	struct err e = ERR_INIT;

	(void)state;
	assert_true(docker_doc_parse(&text, "r.io", &d, &e));
	docker_reader_credential(&d, DOCKER_READER_DOCKER, d.entry, &got);
	assert_true(got.found && got.password == NULL);
	assert_string_equal(got.username, "u");
}

#define D DOCKER_READER_BIT(DOCKER_READER_DOCKER)
#define C DOCKER_READER_BIT(DOCKER_READER_CONTAINERS)
#define K DOCKER_READER_BIT(DOCKER_READER_KUBELET)
#define P DOCKER_READER_BIT(DOCKER_READER_PYTHON)
static const struct {
	const char *names;
	unsigned want; /* 0: refused */
} names[] = {
	{ "docker", D },
	{ "containers", C },
	{ "docker containers", D | C },
	{ " kubelet  docker-py ", K | P },
	{ "docker docker", D },
	{ "", 0 },
	{ " ", 0 },
	{ "podman", 0 },
	{ "docker,containers", 0 },
	{ "Docker", 0 },
	{ "docke", 0 },
};
static const struct {
	const char *path, *key;
	unsigned want;
} defaults[] = {
	{ "/root/.docker/config.json", NULL, D | C },
	{ "/root/.docker/config.json", "r.io", D | C },
	{ "/root/.docker/config.json", "https://r.io/v1/", D | C },
	{ "/root/.docker/config.json", "r.io/team", C },
	{ "/run/containers/0/auth.json", NULL, C },
	{ "/etc/pull.json", NULL, D | C },
};

static void who_reads_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		unsigned got = 0;
		struct err e = ERR_INIT;
		bool ok = docker_readers_parse(names[i].names, &got, &e);
		CHECK(ok == (names[i].want != 0) && got == names[i].want, "'%s': %x",
		      names[i].names, got);
		CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, "'readers'") != NULL),
		      "'%s': %s", names[i].names, e.text);
	}
	for (size_t i = 0; i < COUNT(defaults); i++)
		CHECK(docker_readers_default(defaults[i].path, defaults[i].key) == defaults[i].want,
		      "row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_by_its_own_rules),
		cmocka_unit_test(kubelet_tries_ours),
		cmocka_unit_test(each_decodes_in_its_own_way),
		cmocka_unit_test(what_is_longer_than_a_secret),
		cmocka_unit_test(an_empty_password_is_none),
		cmocka_unit_test(who_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
