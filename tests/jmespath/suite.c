/* SPDX-License-Identifier: MIT */
/* Runs every *.json of a directory as files of the JMESPath compliance suite: suite DIR. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "output/format.h"
#include "output/jmespath.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

struct tally { int passed, failed; };

static void report(const char *file, const char *expression, const char *want, const char *got)
{
	printf("%s: %s\n  want %s\n  got  %s\n", file, expression, want, got);
}

/* The class of the error, or NULL and the result. */
static const char *run(const char *expression, const struct value *given, struct arena *a, struct jmespath **q,
                       const struct value **result, struct err *e)
{
	if (!jmespath_compile(expression, q, e) || !jmespath_search(*q, given, a, result, e))
		return e->code;
	return NULL;
}

static bool passes(const char *file, const struct value *given, const struct value *one, struct arena *a)
{
	AUTO_JMESPATH struct jmespath *q = NULL;
	AUTO_BUF struct buf want = BUF_INIT(FILE_MAX), got = BUF_INIT(FILE_MAX);
	struct err e = ERR_INIT;
	const struct value *result = NULL, *expected = value_get(one, "result");
	const char *expression = value_str(one, "expression"), *error = value_str(one, "error");
	const char *failed = run(expression, given, a, &q, &result, &e);

	/* Benchmarks have neither: they only have to run. */
	if (error != NULL ? failed != NULL && strcmp(failed, error) == 0
	                  : failed == NULL && (expected == NULL || value_equal(result, expected)))
		return true;
	if (expected != NULL)
		json_compact(expected, false, &want);
	if (result != NULL)
		json_compact(result, false, &got);
	report(file, expression, error != NULL ? error : buf_cstr(&want), failed != NULL ? e.text : buf_cstr(&got));
	return false;
}

static void run_file(const char *file, struct tally *t)
{
	AUTO_ARENA struct arena *a = arena_new((size_t)256 * 1024 * 1024);
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;
	char piece[4096];
	FILE *f = fopen(file, "rb");

	for (size_t n; f != NULL && (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(&text, piece, n);
	if (f != NULL)
		(void)fclose(f);
	if (!buf_ok(&text) || !json_parse_exact(buf_cstr(&text), text.len, &j, &e)) {
		report(file, "(the file)", "a suite", e.text);
		t->failed++;
		return;
	}
	const struct value *groups = value_from_json(a, j);
	for (size_t i = 0; i < groups->n; i++) {
		const struct value *given = value_get(groups->item[i], "given"), *cases = value_get(groups->item[i], "cases");
		for (size_t k = 0; k < cases->n; k++) {
			bool ok = passes(file, given, cases->item[k], a);
			t->passed += ok;
			t->failed += !ok;
		}
	}
}

int main(int argc, char **argv)
{
	struct tally t = { 0 };
	struct dirent **names;
	int n = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;

	if (n < 0) {
		fprintf(stderr, "usage: suite DIR\n");
		return 64;
	}
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = mem_fmt("%s/%s", argv[1], names[i]->d_name);
		size_t len = strlen(path);
		if (len > 5 && strcmp(path + len - 5, ".json") == 0)
			run_file(path, &t);
		free(names[i]);
	}
	free(names);
	printf("%d passed, %d failed\n", t.passed, t.failed);
	return t.failed > 0 || t.passed == 0;
}
