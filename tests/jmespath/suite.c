/* SPDX-License-Identifier: MIT */
/* Runs every *.json below a directory as files of the JMESPath compliance suite: suite DIR. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "output/format.h"
#include "output/jmespath.h"

#define FILE_MAX  ((size_t)16 * 1024 * 1024)
#define ARENA_MAX ((size_t)256 * 1024 * 1024) /* of a file, and of one result */

struct tally {
	int passed, failed;
};

static void report(const char *file, const char *expression, const char *want, const char *got)
{
	printf("%s: %s\n  want %s\n  got  %s\n", file, expression, want, got);
}

/* The class of the error, or NULL and the result. */
static const char *run(const char *expression, const struct value *given, struct arena *a,
                       struct jmespath **q, const struct value **result, struct err *e)
{
	if (!jmespath_compile(expression, q, e) || !jmespath_search(*q, given, a, result, e))
		return e->code;
	return NULL;
}

/* One class, or a list of those that will do. */
static bool names_class(const struct value *error, const char *code)
{
	if (error->type == VALUE_STRING)
		return strcmp(error->text, code) == 0;
	for (size_t i = 0; error->type == VALUE_ARRAY && i < error->n; i++)
		if (names_class(error->item[i], code))
			return true;
	return false;
}

static bool passes(const char *file, const struct value *given, const struct value *one)
{
	AUTO_ARENA struct arena *a = arena_new(ARENA_MAX);
	AUTO_JMESPATH struct jmespath *q = NULL;
	AUTO_BUF struct buf want = BUF_INIT(FILE_MAX), got = BUF_INIT(FILE_MAX);
	struct err e = ERR_INIT;
	const struct value *result = NULL, *expected = value_get(one, "result"),
			   *error = value_get(one, "error");
	const char *expression = value_str(one, "expression");

	if (expression == NULL) {
		report(file, "(a case)", "an expression", "none");
		return false;
	}
	const char *failed = run(expression, given, a, &q, &result, &e);
	/* Benchmarks have neither: they only have to run. */
	if (error != NULL ? failed != NULL && names_class(error, failed)
	                  : failed == NULL && (expected == NULL || value_equal(result, expected)))
		return true;
	if (error != NULL || expected != NULL)
		json_compact(error != NULL ? error : expected, false, &want);
	if (result != NULL)
		json_compact(result, false, &got);
	report(file, expression, buf_cstr(&want), failed != NULL ? e.text : buf_cstr(&got));
	return false;
}

static void run_group(const char *file, const struct value *group, struct tally *t)
{
	const struct value *given = value_get(group, "given"), *cases = value_get(group, "cases");

	if (given == NULL || cases == NULL || cases->type != VALUE_ARRAY) {
		report(file, "(a group)", "'given' and a list of 'cases'", "something else");
		t->failed++;
		return;
	}
	for (size_t i = 0; i < cases->n; i++) {
		bool ok = passes(file, given, cases->item[i]);
		t->passed += ok;
		t->failed += !ok;
	}
}

static bool read_file(const char *file, struct buf *text, struct err *e)
{
	char piece[4096];
	FILE *f = fopen(file, "rb");

	if (f == NULL)
		return err_sys(e, errno, "cannot open");
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(text, piece, n);
	bool whole = feof(f) != 0;
	(void)fclose(f);
	return (whole && buf_ok(text)) ||
	       err_set(e, ERR_LOCAL, "cannot be read, or larger than %zu bytes", FILE_MAX);
}

static void run_file(const char *file, struct tally *t)
{
	AUTO_ARENA struct arena *a = arena_new(ARENA_MAX);
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	const struct value *groups = NULL;
	struct err e = ERR_INIT;

	if (!read_file(file, &text, &e) ||
	    !value_from_json(a, buf_cstr(&text), text.len, &groups, &e)) {
		report(file, "(the file)", "a suite", e.text);
		t->failed++;
		return;
	}
	if (groups->type != VALUE_ARRAY)
		run_group(file, groups, t);
	for (size_t i = 0; groups->type == VALUE_ARRAY && i < groups->n; i++)
		run_group(file, groups->item[i], t);
}

static bool is_suite(const char *path)
{
	size_t len = strlen(path);

	return len > 5 && strcmp(path + len - 5, ".json") == 0;
}

/* Every *.json below, in the order of their names. */
static bool run_directory(const char *directory, struct tally *t)
{
	struct dirent **names;
	int n = scandir(directory, &names, NULL, alphasort);

	if (n < 0)
		return false;
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = mem_fmt("%s/%s", directory, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && !run_directory(path, t) && is_suite(path))
			run_file(path, t);
		free(names[i]);
	}
	free(names);
	return true;
}

int main(int argc, char **argv)
{
	struct tally t = { 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: suite DIR\n");
		return 64;
	}
	if (!run_directory(argv[1], &t))
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
	else if (t.passed + t.failed == 0)
		fprintf(stderr, "%s: no *.json with cases in it\n", argv[1]);
	printf("%d passed, %d failed\n", t.passed, t.failed);
	return t.failed > 0 || t.passed == 0;
}
