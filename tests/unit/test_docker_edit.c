/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/secret.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"

/* clang-format off */
#define KEY "r.io"
#define AUTH "dTpw"                     /* u:p */
#define BUF_OF(s) { .data = (char *)(uintptr_t)(s), .len = strlen(s), .max = DOCKER_CONFIG_MAX }
/* clang-format on */

/* clang-format off */
static const struct put_row { const char *name, *before, *after; } puts_[] = {
	{ "no file", "",
	  "{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n" },
	{ "empty object", "{}",
	  "{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}" },
	{ "no auths, compact", "{\"a\":1}", "{\"a\":1,\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "no auths, two spaces", "{\n  \"a\": 1\n}\n",
	  "{\n  \"a\": 1,\n  \"auths\": {\n    \"r.io\": {\n      \"auth\": \"dTpw\"\n    }\n  "
	    "}\n}\n" },
	{ "line ends of Windows", "{\r\n \"a\": 1\r\n}",
	  "{\r\n \"a\": 1,\r\n \"auths\": {\r\n  \"r.io\": {\r\n   \"auth\": \"dTpw\"\r\n  }\r\n "
	    "}\r\n}" },
	{ "null auths", "{\n\t\"auths\": null\n}",
	  "{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}" },
	{ "empty auths", "{\n\t\"auths\": {},\n\t\"x\": 1.50\n}",
	  "{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t},\n\t\"x\": "
	    "1.50\n}" },
	{ "empty auths, compact", "{\"auths\":{}}", "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "another entry, docker's way",
	  "{\n\t\"auths\": {\n\t\t\"o\": {\n\t\t\t\"auth\": \"YTpi\"\n\t\t}\n\t}\n}",
	  "{\n\t\"auths\": {\n\t\t\"o\": {\n\t\t\t\"auth\": \"YTpi\"\n\t\t},\n\t\t\"r.io\": "
	    "{\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}" },
	{ "another entry, compact", "{\"auths\":{\"o\":{\"auth\":\"YTpi\"}}}",
	  "{\"auths\":{\"o\":{\"auth\":\"YTpi\"},\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "two entries with their own separator", "{ \"auths\": { \"a\": {} ,  \"b\": {} } }",
	  "{ \"auths\": { \"a\": {} ,  \"b\": {} ,  \"r.io\": {\"auth\": \"dTpw\"} } }" },
	{ "ours is replaced", "{\"auths\":{\"r.io\":{\"auth\":\"b2xkOm9sZA==\"},\"z\":{}}}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"},\"z\":{}}}" },
	{ "its key is escaped", "{\"auths\":{\"\\u0072.io\":{\"auth\":\"x\"}}}",
	  "{\"auths\":{\"\\u0072.io\":{\"auth\":\"dTpw\"}}}" },
	{ "ours is empty", "{\n \"auths\": {\n  \"r.io\": {}\n }\n}",
	  "{\n \"auths\": {\n  \"r.io\": {\n   \"auth\": \"dTpw\"\n  }\n }\n}" },
	{ "ours is null", "{\"auths\":{\"r.io\":null}}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "other fields stay, tokens go",
	  "{\"auths\":{\"r.io\":{\"email\":\"e@x\",\"identitytoken\":\"t\",\"auth\":\"eDp5\",\"q\":[1, 2],\"registrytoken\":\"t\"}}}",
	  "{\"auths\":{\"r.io\":{\"email\":\"e@x\",\"auth\":\"dTpw\",\"q\":[1, 2]}}}" },
	{ "user and password become auth",
	  "{\"auths\":{\"r.io\":{\"username\":\"u\",\"password\":\"old\"}}}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "user, a field, password",
	  "{\"auths\":{\"r.io\":{\"username\":\"u\", \"x\":1, \"password\":\"old\"}}}",
	  "{\"auths\":{\"r.io\":{\"x\":1,\"auth\":\"dTpw\"}}}" },
	{ "auth in other letters, and twice",
	  "{\"auths\":{\"r.io\":{\"Auth\":\"x\",\"auth\":\"y\",\"auth\":\"z\",\"n\":0}}}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\",\"n\":0}}}" },
	{ "numbers and escapes of others stay",
	  "{\"n\":1e400,\"s\":\"\\u00e9\\/\",\"auths\":{\"r.io\":{\"auth\":\"\"}}}",
	  "{\"n\":1e400,\"s\":\"\\u00e9\\/\",\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "white space alone is an empty file", " \t\r\n",
	  "{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n" },
	{ "line breaks in the base64 go", "{\"auths\":{\"r.io\":{\"auth\":\"eDp\\n5\\r\\n\"}}}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "ours twice: the last counts", "{\"auths\":{\"r.io\":{\"a\":1},\"r.io\":{}}}",
	  "{\"auths\":{\"r.io\":{\"a\":1},\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "in other letters, as Go takes it", "{\"Auths\":{}}",
	  "{\"Auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "a dot in an unknown name is no host", "{\"x.y\":{\"z\":1}}",
	  "{\"x.y\":{\"z\":1},\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
	{ "auths elsewhere is not ours", "{\"x\":{\"auths\":{\"r.io\":{}}},\"auths\":{}}",
	  "{\"x\":{\"auths\":{\"r.io\":{}}},\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}" },
};
/* clang-format on */

static struct credential credential(struct secret *password)
{
	return (struct credential){ .server = (char *)(uintptr_t)KEY,
		                    .username = (char *)(uintptr_t) "u",
		                    .password = password };
}

static void puts_the_entry(void **state)
{
	AUTO_SECRET struct secret *p = secret_new("p", 1);
	const struct credential c = credential(p);

	(void)state;
	for (size_t i = 0; i < COUNT(puts_); i++) {
		const struct put_row *r = &puts_[i];
		const struct buf before = BUF_OF(r->before);
		AUTO_BUF struct buf after = BUF_INIT(DOCKER_CONFIG_MAX),
				    again = BUF_INIT(DOCKER_CONFIG_MAX);
		struct docker_entry entry;
		struct err e = ERR_INIT;
		CHECK(docker_put(&before, KEY, &c, &after, &e), "%s: %s", r->name, e.text);
		CHECK_TEXT(buf_cstr(&after), r->after, "%s", r->name);
		CHECK(docker_put(&after, KEY, &c, &again, &e), "%s: %s", r->name, e.text);
		CHECK_TEXT(buf_cstr(&again), r->after, "%s, a second time", r->name);
		CHECK(docker_look(&after, KEY, &entry, &e), "%s: %s", r->name, e.text);
		CHECK(entry.found && strcmp(entry.username, "u") == 0 &&
		              secret_equal(entry.password, p),
		      "%s", r->name);
		docker_entry_clear(&entry);
	}
}

/* clang-format off */
static const struct look_row { const char *name, *text, *user, *password; bool found; } looks[] = {
	{ "no file", "", NULL, NULL, false },
	{ "absent", "{\"auths\":{\"o\":{\"auth\":\"dTpw\"}}}", NULL, NULL, false },
	{ "empty entry", "{\"auths\":{\"r.io\":{}}}", NULL, NULL, false },
	{ "auth", "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}}}", "u", "p", true },
	{ "a colon in the password", "{\"auths\":{\"r.io\":{\"auth\":\"dTpwOnE=\"}}}", "u", "p:q",
	  true },
	{ "a line end in the base64, as skopeo accepts",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\\n\"}}}", "u", "p", true },
	{ "line breaks within", "{\"auths\":{\"r.io\":{\"auth\":\"d\\nTp\\r\\nw\"}}}", "u", "p",
	  true },
	{ "a space in the base64, which only Python accepts",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw \"}}}", NULL, NULL, true },
	{ "twice", "{\"auths\":{\"r.io\":{\"auth\":\"eDp5\"},\"r.io\":{\"auth\":\"dTpw\"}}}", "u",
	  "p", true },
	{ "fields", "{\"auths\":{\"r.io\":{\"username\":\"u\",\"password\":\"p\"}}}", "u", "p",
	  true },
	{ "auth wins over fields",
	  "{\"auths\":{\"r.io\":{\"username\":\"x\",\"password\":\"y\",\"auth\":\"dTpw\"}}}", "u",
	  "p", true },
	{ "an identity token wins over auth",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpw\",\"identitytoken\":\"t\"}}}", "u", NULL, true },
	{ "a registry token alone", "{\"auths\":{\"r.io\":{\"registrytoken\":\"t\"}}}", NULL, NULL,
	  true },
	{ "az acr login", "{\"auths\":{\"r.io\":{\"auth\":\"MDAwOg==\",\"identitytoken\":\"t\"}}}",
	  "000", NULL, true },
	{ "no padding", "{\"auths\":{\"r.io\":{\"auth\":\"dTpwcA\"}}}", NULL, NULL, true },
	{ "no colon", "{\"auths\":{\"r.io\":{\"auth\":\"dXU=\"}}}", NULL, NULL, true },
	{ "auth is a number", "{\"auths\":{\"r.io\":{\"auth\":1}}}", NULL, NULL, false },
};
/* clang-format on */

static void looks_at_the_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(looks); i++) {
		const struct look_row *r = &looks[i];
		const struct buf text = BUF_OF(r->text);
		struct docker_entry entry;
		struct err e = ERR_INIT;
		CHECK(docker_look(&text, KEY, &entry, &e), "%s: %s", r->name, e.text);
		CHECK(entry.found == r->found, "%s", r->name);
		CHECK((entry.username == NULL) == (r->user == NULL), "%s", r->name);
		CHECK(r->user == NULL || strcmp(entry.username, r->user) == 0, "%s", r->name);
		CHECK((entry.password == NULL) == (r->password == NULL), "%s", r->name);
		CHECK(r->password == NULL || strcmp(secret_peek(entry.password), r->password) == 0,
		      "%s", r->name);
		docker_entry_clear(&entry);
	}
}

static const struct refuse_row {
	const char *name, *text;
	enum err_kind kind;
	const char *says;
} refused[] = {
	{ "cut off", "{\"auths\":{\"r.io\":{\"au", ERR_LOCAL, "cut off" },
	{ "BOM", "\xef\xbb\xbf{}", ERR_LOCAL, "byte order mark" },
	{ "no object", "[]", ERR_LOCAL, "not a JSON object" },
	{ "more behind it", "{} {}", ERR_LOCAL, "not JSON" },
	{ "auths is a list", "{\"auths\":[]}", ERR_CONFIG, "'auths' is not an object" },
	{ "our entry is a string", "{\"auths\":{\"r.io\":\"x\"}}", ERR_CONFIG,
	  "'r.io' is not an object" },
	{ "auths twice", "{\"auths\":{},\"auths\":{}}", ERR_CONFIG, "twice" },
	{ "auths and AUTHS", "{\"auths\":{},\"AUTHS\":{}}", ERR_CONFIG, "twice" },
	{ "credHelpers twice", "{\"credHelpers\":{},\"credHelpers\":{}}", ERR_CONFIG, "twice" },
};
/* clang-format on */

static void refuses_what_clients_would_not_agree_on(void **state)
{
	AUTO_SECRET struct secret *p = secret_new("p", 1);
	const struct credential c = credential(p);

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct refuse_row *r = &refused[i];
		const struct buf text = BUF_OF(r->text);
		AUTO_BUF struct buf after = BUF_INIT(DOCKER_CONFIG_MAX);
		struct docker_entry entry;
		struct err e = ERR_INIT;
		CHECK(!docker_put(&text, KEY, &c, &after, &e), "%s", r->name);
		CHECK(e.kind == r->kind && strstr(e.text, r->says) != NULL, "%s: %d %s", r->name,
		      e.kind, e.text);
		CHECK(after.len == 0, "%s", r->name);
		CHECK(!docker_look(&text, KEY, &entry, &e), "%s", r->name);
	}
}

/* An old .dockercfg can be read, but an entry put into it would make it another format. */
static void leaves_the_old_format_alone(void **state)
{
	static const char *const texts[] = {
		"{\"r.io\":{\"auth\":\"dTpw\"}}",
		"{\"https://ghcr.io/v1/\":{\"email\":\"e\",\"auth\":\"dTpw\"}}",
		"{\"ghcr.io\":{\"auth\":\"dTpw\"},\"auths\":{}}",
		"{\"auths\":null,\"host:5000\":{\"auth\":\"dTpw\"}}",
	};
	AUTO_SECRET struct secret *p = secret_new("p", 1);
	const struct credential c = credential(p);

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct buf text = BUF_OF(texts[i]);
		AUTO_BUF struct buf after = BUF_INIT(DOCKER_CONFIG_MAX);
		struct docker_entry entry;
		struct err e = ERR_INIT;
		CHECK(docker_look(&text, KEY, &entry, &e) && !entry.found, "%s", texts[i]);
		CHECK(!docker_put(&text, KEY, &c, &after, &e), "%s", texts[i]);
		CHECK(e.kind == ERR_CONFIG && strstr(e.text, ".dockercfg") != NULL, "%s: %s",
		      texts[i], e.text);
	}
}

#define D   DOCKER_READER_BIT(DOCKER_READER_DOCKER)
#define C   DOCKER_READER_BIT(DOCKER_READER_CONTAINERS)
#define K   DOCKER_READER_BIT(DOCKER_READER_KUBELET)
#define P   DOCKER_READER_BIT(DOCKER_READER_PYTHON)
#define ALL DOCKER_READERS_ALL

static const struct shadow_row {
	const char *name, *key, *text;
	unsigned readers, stopped; /* which of these would not take what is put there */
	const char *says, *note;
} shadows[] = {
	{ "nothing", KEY, "{}", ALL, 0, "", "" },
	{ "no file", KEY, "", ALL, 0, "", "" },
	{ "a helper for our host", KEY, "{\"credHelpers\":{\"r.io\":\"pass\"}}", ALL, D | C | P,
	  "'credHelpers' sends 'r.io' to a helper", "" },
	{ "our own helper, and no store", KEY, "{\"credHelpers\":{\"r.io\":\"acrotate\"}}", ALL,
	  D | C | P, "add a sink of type store", "" },
	{ "our own helper, which has the same", KEY, "{\"credHelpers\":{\"r.io\":\"acrotate\"}}",
	  ALL | DOCKER_READERS_SERVED, 0, "", "" },
	{ "another helper beside a store", KEY, "{\"credHelpers\":{\"r.io\":\"pass\"}}",
	  ALL | DOCKER_READERS_SERVED, D | C | P, "to a helper", "" },
	{ "our own as the store of all", KEY, "{\"credsStore\":\"acrotate\"}",
	  ALL | DOCKER_READERS_SERVED, D | P, "'credsStore' is asked instead", "" },
	{ "a helper for another host", KEY, "{\"credHelpers\":{\"o.io\":\"pass\"}}", ALL, 0, "",
	  "" },
	{ "the file store for our host, as docker says it", KEY,
	  "{\"credHelpers\":{\"r.io\":\"\"}}", ALL, C, "credHelpers", "" },
	{ "a store", KEY, "{\"credsStore\":\"secretservice\"}", ALL, D | P,
	  "'credsStore' is asked instead", "" },
	{ "an empty store", KEY, "{\"credsStore\":\"\"}", ALL, 0, "", "" },
	{ "a store, but not for us", KEY,
	  "{\"credsStore\":\"pass\",\"credHelpers\":{\"r.io\":\"\"}}", ALL, C | P, "", "" },
	{ "a namespace's host has a helper", "r.io/team", "{\"credHelpers\":{\"r.io\":\"pass\"}}",
	  C, C, "credHelpers", "" },
	{ "a URL's host has a helper", "https://r.io/v1/", "{\"credHelpers\":{\"r.io\":\"pass\"}}",
	  D | C, D | C, "credHelpers", "" },
	{ "a namespace has a helper, which nobody asks", "r.io/team",
	  "{\"credHelpers\":{\"r.io/team\":\"pass\"}}", ALL, 0, "", "" },
	{ "a more specific entry is on purpose", KEY,
	  "{\"auths\":{\"r.io/team\":{\"auth\":\"djpx\"}}}", ALL, 0, "", "'r.io/team'" },
	{ "a less specific entry", "r.io/team", "{\"auths\":{\"r.io\":{\"auth\":\"djpx\"}}}", C | K,
	  0, "", "" },
	{ "docker knows no namespaces", "r.io/team", "{\"auths\":{\"r.io\":{\"auth\":\"djpx\"}}}",
	  D | P, D | P, "entry 'r.io' instead of", "" },
	{ "nor can it choose among two", "r.io/a", "{\"auths\":{\"r.io/b\":{\"auth\":\"djpx\"}}}",
	  D, D, "by chance", "" },
	{ "a longer host", KEY, "{\"auths\":{\"r.io.example.org\":{},\"r.io:5000\":{}}}", ALL, 0,
	  "", "" },
	{ "somebody's broken entry", KEY, "{\"auths\":{\"o\":{\"auth\":\"!!\"}}}", ALL, K | P,
	  "'o' in 'auths' cannot be decoded", "'docker logout o'" },
	{ "our own broken entry", KEY, "{\"auths\":{\"r.io\":{\"auth\":\"!!\"}}}", ALL, 0, "", "" },
	{ "somebody's entry is a string", KEY, "{\"auths\":{\"ghcr.io\":\"x\"}}", ALL, ALL,
	  "whole file: 'ghcr.io' in 'auths' is not an object", "" },
	{ "experimental is a bool", KEY, "{\"experimental\":true}", ALL, D,
	  "whole file: 'experimental' is not a string", "" },
	{ "a helper that is a number", KEY, "{\"credHelpers\":{\"x\":5}}", ALL, D | C,
	  "whole file: 'x' in 'credHelpers' is not", "" },
	{ "headers that kubelet reads too", KEY, "{\"HttpHeaders\":{\"x\":5}}", ALL, D | K, "",
	  "" },
	{ "deep in a plugin", KEY, "{\"plugins\":{\"a\":{\"b\":5}}}", ALL, D,
	  "'b' in 'a' in 'plugins' is not a string", "" },
	{ "auths in other letters", KEY, "{\"Auths\":{}}", ALL, P, "docker-py never asks", "" },
	{ "a slash at the end", "r.io/", "{}", ALL, C, "never asks for", "it is 'r.io'" },
	{ "a tag", "r.io/a:v1", "{}", D, 0, "", "it is 'r.io/a'" },
	{ "large letters", "R.io", "{}", C | K, C | K, "never asks for", "" },
	{ "another API's URL", "https://r.io/v2/", "{}", ALL, 0, "", "" },
	{ "kubelet tries what fits", KEY,
	  "{\"auths\":{\"*.io\":{\"auth\":\"djpx\"},\"r.io/any\":{\"auth\":\"djpx\"}}}", K, 0, "",
	  "" },
};
/* clang-format on */

static void finds_who_stands_in_the_way(void **state)
{
	AUTO_SECRET struct secret *p = secret_new("p", 1);
	const struct credential c = credential(p);

	(void)state;
	for (size_t i = 0; i < COUNT(shadows); i++) {
		const struct shadow_row *r = &shadows[i];
		const struct buf text = BUF_OF(r->text);
		AUTO_BUF struct buf put = BUF_INIT(DOCKER_CONFIG_MAX),
				    notes = BUF_INIT(4 * ERR_TEXT_MAX);
		struct err e = ERR_INIT, last = ERR_INIT;
		unsigned stopped = 0;
		CHECK(docker_put(&text, r->key, &c, &put, &e), "%s: %s", r->name, e.text);
		for (unsigned bit = 1; bit <= ALL; bit <<= 1) {
			AUTO_BUF struct buf note = BUF_INIT(ERR_TEXT_MAX);
			e = (struct err)ERR_INIT;
			if ((r->readers & bit) == 0)
				continue;
			if (docker_shadow(&put, r->key, bit | (r->readers & DOCKER_READERS_SERVED),
			                  &note, &e))
				buf_str(&notes, buf_cstr(&note));
			else
				last = e;
			stopped |= e.kind != ERR_NONE ? bit : 0;
			CHECK(e.kind == ERR_NONE || e.kind == ERR_CONFIG, "%s: %s", r->name,
			      e.text);
		}
		CHECK(stopped == r->stopped, "%s: %x, %s", r->name, stopped, last.text);
		CHECK(strstr(last.text, r->says) != NULL, "%s: %s", r->name, last.text);
		CHECK((notes.len == 0) == (*r->note == '\0') &&
		              strstr(buf_cstr(&notes), r->note) != NULL,
		      "%s: %s", r->name, buf_cstr(&notes));
	}
}

/* Nothing that we say to do for one reader stops another: docker's "credHelpers": {HOST: ""} stops all the others. */
static void advises_nothing_that_stops_another(void **state)
{
	const struct buf text =
		BUF_OF("{\"auths\":{\"r.io\":{\"auth\":\"dTpw\"}},\"credsStore\":\"x\"}");
	AUTO_BUF struct buf note = BUF_INIT(ERR_TEXT_MAX);
	struct err e = ERR_INIT;

	(void)state;
	assert_false(docker_shadow(&text, KEY, D | C, &note, &e));
	assert_null(strstr(e.text, "credHelpers"));
	assert_non_null(strstr(e.text, "out of 'readers'"));
}

/* B: as we read it; O: ours over it; then what others wrote. */
/* clang-format off */
#define B "{\"auths\":{\"a\":{\"v\":1}}}"
#define O "{\"auths\":{\"a\":{\"v\":1},\"r.io\":{\"auth\":\"dTpw\"}}}"
/* clang-format on */
/* clang-format off */
static const struct merge_row { const char *name, *theirs, *ours, *seen[4], *want; } merges[] = {
	{ "they added", "{\"auths\":{\"a\":{\"v\":1},\"b\":{}}}", O, { B },
	  "{\"auths\":{\"a\":{\"v\":1},\"b\":{}}}" },
	{ "they changed", "{\"auths\":{\"a\":{\"v\":2}}}", O, { B },
	  "{\"auths\":{\"a\":{\"v\":2}}}" },
	{ "they logged out", "{\"auths\":{}}", O, { B }, "{\"auths\":{}}" },
	{ "they added a helper", "{\"auths\":{\"a\":{\"v\":1}},\"credHelpers\":{\"h\":\"x\"}}", O,
	  { B },
	  "{\"auths\":{\"a\":{\"v\":1}},\"credHelpers\":{\"h\":\"x\"}}" },
	/* A second writer read B or O, and so did not know of b, which the first one had added
	 * and we put back. */
	{ "the second did not know of the first", "{\"auths\":{\"a\":{\"v\":1},\"c\":{}}}",
	  "{\"auths\":{\"a\":{\"v\":1},\"b\":{},\"r.io\":{}}}",
	    { B, O, "{\"auths\":{\"a\":{\"v\":1},\"b\":{}}}" },
	  "{\"auths\":{\"a\":{\"v\":1},\"c\":{},\"b\":{}}}" },
	{ "the second carries an old value on", "{\"auths\":{\"a\":{\"v\": 1},\"c\":{}}}",
	  "{\"auths\":{\"a\":{\"v\":2},\"r.io\":{}}}",
	  { B, O, "{\"auths\":{\"a\":{\"v\":2}}}" }, "{\"auths\":{\"a\":{\"v\":2},\"c\":{}}}" },
	{ "the second changed it again", "{\"auths\":{\"a\":{\"v\":3}}}",
	  "{\"auths\":{\"a\":{\"v\":2},\"r.io\":{}}}",
	  { B, O, "{\"auths\":{\"a\":{\"v\":2}}}" }, "{\"auths\":{\"a\":{\"v\":3}}}" },
	{ "a top-level key the second did not know of", "{\"auths\":{\"a\":{\"v\":1}}}",
	  "{\"auths\":{\"a\":{\"v\":1}},\"proxies\":{\"x\":1}}",
	    { B, O, "{\"auths\":{\"a\":{\"v\":1}},\"proxies\":{\"x\":1}}" },
	  "{\"auths\":{\"a\":{\"v\":1}},\"proxies\":{\"x\":1}}" },
	{ "only spaces differ", "{\"auths\":{\"a\":{ \"v\" : 1 }}}", O, { B },
	  "{\"auths\":{\"a\":{ \"v\" : 1 }}}" },
	{ "spaces in a string do count", "{\"auths\":{\"a\":{\"v\":\"x \"}}}",
	  "{\"auths\":{\"a\":{\"v\":\"x\"}}}",
	  { "{\"auths\":{\"a\":{\"v\":\"x \"}}}" }, "{\"auths\":{\"a\":{\"v\":\"x\"}}}" },
	{ "escapes in a string", "{\"auths\":{\"a\":{\"v\":\"x\\\"y\\\\\"}}}",
	  "{\"auths\":{\"a\":{\"v\":\"z\"}}}",
	  { "{\"auths\":{\"a\":{\"v\":\"x\\\"y\\\\\"}}}" }, "{\"auths\":{\"a\":{\"v\":\"z\"}}}" },
	{ "an empty file that did not know of a key", "", "{\"x\":1}", { "{\"x\":1}", "" },
	  "{\n\t\"x\": 1\n}" },
	{ "they made the file empty", "", O, { B }, "" },
};
/* clang-format on */

static void merges_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(merges); i++) {
		const struct merge_row *r = &merges[i];
		const struct buf theirs = BUF_OF(r->theirs), ours = BUF_OF(r->ours);
		AUTO_BUF struct buf out = BUF_INIT(DOCKER_CONFIG_MAX);
		struct buf seen[4];
		size_t n = 0;
		struct err e = ERR_INIT;
		for (; n < COUNT(seen) && r->seen[n] != NULL; n++)
			seen[n] = (struct buf)BUF_OF(r->seen[n]);
		CHECK(docker_merge(&theirs, &ours, seen, n, KEY, &out, &e), "%s: %s", r->name,
		      e.text);
		CHECK_TEXT(buf_cstr(&out), r->want, "%s", r->name);
	}
}

static void too_large_is_refused(void **state)
{
	AUTO_SECRET struct secret *p = secret_new("p", 1);
	const struct credential c = credential(p);
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX), out = BUF_INIT(DOCKER_CONFIG_MAX);
	struct err e = ERR_INIT;

	(void)state;
	buf_str(&text, "{\"x\":\"");
	while (text.len < DOCKER_CONFIG_MAX - 2)
		buf_char(&text, 'x');
	buf_str(&text, "\"}");
	assert_true(buf_ok(&text));
	assert_false(docker_put(&text, KEY, &c, &out, &e));
	assert_non_null(strstr(e.text, "larger than 10485760 bytes"));
}

/* LEVEL: where the large members are. */
static void put_large(struct buf *to, const char *before, char name, const char *after)
{
	buf_fmt(to, "%s\"%c\":{\"v\":\"", before, name);
	while (to->len < DOCKER_CONFIG_MAX / 3 * 2)
		buf_char(to, 'x');
	buf_fmt(to, "\"}%s", after);
}

static void two_versions_may_be_too_large_together(void **state)
{
	static const struct {
		const char *before, *after;
	} levels[] = { { "{\"auths\":{", "}}" }, { "{", ",\"auths\":{}}" } };

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		AUTO_BUF struct buf theirs = BUF_INIT(DOCKER_CONFIG_MAX),
				    ours = BUF_INIT(DOCKER_CONFIG_MAX),
				    out = BUF_INIT(DOCKER_CONFIG_MAX);
		const struct buf nothing = BUF_OF("{}"), garbage = BUF_OF("garbage");
		struct err e = ERR_INIT;
		put_large(&theirs, levels[i].before, 'a', levels[i].after);
		put_large(&ours, levels[i].before, 'b', levels[i].after);
		CHECK(!docker_merge(&theirs, &ours, &nothing, 1, KEY, &out, &e) &&
		              strstr(e.text, "would be larger") != NULL,
		      "row %zu: %s", i, e.text);
		CHECK(!docker_merge(&nothing, &nothing, &garbage, 1, KEY, &out, &e), "row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_the_entry),
		cmocka_unit_test(looks_at_the_entry),
		cmocka_unit_test(refuses_what_clients_would_not_agree_on),
		cmocka_unit_test(leaves_the_old_format_alone),
		cmocka_unit_test(finds_who_stands_in_the_way),
		cmocka_unit_test(advises_nothing_that_stops_another),
		cmocka_unit_test(merges_versions),
		cmocka_unit_test(too_large_is_refused),
		cmocka_unit_test(two_versions_may_be_too_large_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
