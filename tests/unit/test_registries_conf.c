/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/keys.h"
#include "fakes/sinks.h"
#include "sink/registries_conf.h"

#define TEN "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","

/* clang-format off */
static const struct parse_row { const char *name, *text, *want; /* NULL: says nothing */ } parses[] = {
	{ "nothing", "", NULL },
	{ "Debian's", "# comment\nunqualified-search-registries = [\"example.com\"]\n\n[[registry]]\nprefix = \"x\"\n", NULL },
	{ "one", "credential-helpers = [\"secretservice\"]\n", "secretservice" },
	{ "two", "credential-helpers = [ \"containers-auth.json\" , 'ecr-login' ]", "containers-auth.json ecr-login" },
	{ "over lines", "credential-helpers = [ # those\n\t\"a\", # first ]\n\t\"b\",\n]\n", "a b" },
	{ "empty", "credential-helpers = []\n", NULL },
	{ "its key in quotes", "\"credential-helpers\" = [\"a\"]\n", "a" },
	{ "no space", "credential-helpers=['a']", "a" },
	{ "behind another array", "unqualified-search-registries = [\n\"a]b\", # ]\n'c'\n]\ncredential-helpers = [\"x\"]\n", "x" },
	{ "behind strings with hashes", "short-name-mode = \"a # b\"\ncredential-helpers = [\"x\"]\n", "x" },
	{ "in a table it is another key", "[aliases]\ncredential-helpers = [\"x\"]\n", NULL },
	{ "in a comment", "#credential-helpers = [\"x\"]\n", NULL },
	{ "another key", "credential-helpers-2 = [\"x\"]\n", NULL },
	{ "a string", "credential-helpers = \"x\"\n", NULL },
	{ "cut off", "credential-helpers = [\"x\"", NULL },
	{ "cut off in a string", "credential-helpers = [\"x", NULL },
	{ "no comma", "credential-helpers = [\"x\" \"y\"]", NULL },
	{ "an escape", "credential-helpers = [\"a\\\"b\"]", "a\"b" },
	{ "several words without a value", "no sense here\ncredential-helpers = [\"x\"]", "x" },
	{ "more than anybody has", "credential-helpers = [" TEN TEN TEN TEN TEN TEN TEN "]", NULL },
	{ "a line without a value", "nonsense\ncredential-helpers = [\"x\"]", "x" },
};
/* clang-format on */

static void join(const struct key_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->n; i++)
		buf_fmt(out, "%s%s", i > 0 ? " " : "", list->item[i]);
}

static void reads_one_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(parses); i++) {
		const struct parse_row *r = &parses[i];
		AUTO_KEY_LIST struct key_list list = { .n = 0 };
		AUTO_BUF struct buf got = BUF_INIT(1024);
		bool said = registries_conf_parse(r->text, strlen(r->text), &list);
		CHECK(said == (r->want != NULL), "%s", r->name);
		join(&list, &got);
		CHECK_TEXT(buf_cstr(&got), r->want != NULL ? r->want : "", "%s", r->name);
	}
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[9000];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file_put(path, text);
}

/* The user's own, then the directory, of which the last counts. */
static void the_last_one_counts(void **state)
{
	char *home = scratch_make(), dir[8192];
	AUTO_KEY_LIST struct key_list list = { .n = 0 };
	AUTO_BUF struct buf got = BUF_INIT(1024);

	(void)state;
	(void)unsetenv("CONTAINERS_REGISTRIES_CONF");
	(void)snprintf(dir, sizeof(dir), "%s/.config", home);
	assert_int_equal(mkdir(dir, 0700), 0);
	(void)snprintf(dir, sizeof(dir), "%s/.config/containers", home);
	assert_int_equal(mkdir(dir, 0700), 0);
	put(dir, "registries.conf", "credential-helpers = [\"own\"]\n");
	registries_conf_read(home, &list);
	join(&list, &got);
	assert_string_equal(buf_cstr(&got), "own");
	(void)snprintf(dir, sizeof(dir), "%s/.config/containers/registries.conf.d", home);
	assert_int_equal(mkdir(dir, 0700), 0);
	put(dir, "10-a.conf", "credential-helpers = [\"a\"]\n");
	put(dir, "20-b.conf", "credential-helpers = [\"b\", \"c\"]\n");
	put(dir, "30-c.conf", "[[registry]]\n");
	put(dir, "99-d", "credential-helpers = [\"d\"]\n");
	keys_list_clear(&list);
	buf_reset(&got);
	registries_conf_read(home, &list);
	join(&list, &got);
	assert_string_equal(buf_cstr(&got), "b c");
	scratch_remove(home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_one_key),
		cmocka_unit_test(the_last_one_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
