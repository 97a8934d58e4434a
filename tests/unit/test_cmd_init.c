/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/cmd_init.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "config/common.h"
#include "sink/sink.h"

static void names(void **state)
{
	(void)state;
	static const struct {
		const char *registry, *token, *want;
	} row[] = {
		{ "contoso", "web-pull", "web-pull" },
		{ "contoso", "%H-pull", "pull" },
		{ "contoso", "web-%H", "web-" },
		{ "contoso", "%H", "contoso" },
		{ "contoso", "%H%", "%" },
		{ "contoso", "", "contoso" },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *got = cmd_init_job_name(row[i].registry, row[i].token);
		CHECK_TEXT(got, row[i].want, "%s", row[i].token);
	}
}

/* Every file it writes is one that it reads. */
static void texts(void **state)
{
	(void)state;
	static char registry[] = "contoso", token[] = "web-pull";
	/* clang-format off */
	static const struct { const char *docker, *file; size_t n_sinks; const char *path; } row[] = {
		{ NULL, NULL, 1, "path = %h/.docker/config.json\n" },
		{ "/d/config.json", NULL, 1, "path = /d/config.json\n" },
		{ NULL, "/f", 1, "path = /f\n" },
		{ "/d/config.json", "/f", 2, "path = /f\n" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		char *args[] = { registry, token };
		struct options o = { .args = args, .n_args = 2 };
		AUTO_BUF struct buf text = BUF_INIT(1 << 16);
		AUTO_COMMON struct common c = { 0 };
		AUTO_JOB struct job *j = NULL;
		struct err e = ERR_INIT;
		cmd_init_text(&o, row[i].docker, row[i].file, NULL, &text);
		assert_true(common_parse("/c", "", 0, &c, &e));
		CHECK(job_parse(&c, "web-pull", "/j", buf_cstr(&text), text.len, &j, &e),
		      "row %zu: %s", i, e.text);
		CHECK(j->n_sinks == row[i].n_sinks && strstr(buf_cstr(&text), row[i].path) != NULL,
		      "row %zu: %s", i, buf_cstr(&text));
	}
	char *args[] = { registry, token };
	struct options o = { .args = args, .n_args = 2, .libsecret = true };
	AUTO_BUF struct buf text = BUF_INIT(1 << 16);
	cmd_init_text(&o, NULL, NULL, NULL, &text);
	assert_non_null(strstr(buf_cstr(&text), "\ntype = libsecret\n"));
	assert_null(strstr(buf_cstr(&text), "type = docker"));
}

struct ran {
	int status;
	char *text;
};

/* In dir, with a configuration that has no tenant and no subscription: checking and planning end
 * before the network. */
static struct ran run(const char *dir, char *registry, char *token, const char *file)
{
	AUTO_FREE char *config = mem_fmt("%s/acrotate.conf", dir);
	AUTO_FREE char *name = cmd_init_job_name(registry, token);
	AUTO_FREE char *path = mem_fmt("%s/jobs.d/%s.conf", dir, name);
	AUTO_BUF struct buf text = BUF_INIT(1 << 16);
	char *args[] = { registry, token };
	const struct options o = {
		.config = config, .args = args, .n_args = 2, .file = file, .json = true
	};
	struct err e = ERR_INIT;
	int status = cmd_init(&o);

	return (struct ran){ status, fs_read(path, 1 << 16, &text, NULL, &e)
		                             ? mem_dup(buf_cstr(&text))
		                             : NULL };
}

static void files(void **state)
{
	(void)state;
	static char registry[] = "contoso", url[] = "https://contoso", token[] = "web-pull",
		    same[] = "Web-Pull", other[] = "other-pull", bad[] = "a b c d";
	char *dir = scratch_make();
	AUTO_FREE char *config = mem_fmt("%s/acrotate.conf", dir);
	AUTO_FREE char *jobs = mem_fmt("%s/jobs.d", dir);
	struct stat st;
	FILE *f = fopen(config, "w");

	assert_non_null(f);
	assert_true(fputs("[azure]\nauth = client-secret\n[run]\nstate_dir = /nowhere\n", f) >= 0 &&
	            fchmod(fileno(f), 0644) == 0 && fclose(f) == 0);
	assert_int_equal(unsetenv("AZURE_SUBSCRIPTION_ID"), 0);

	/* What cannot be a job leaves nothing behind, not even a directory. */
	struct ran refused = run(dir, url, token, "/f");
	assert_int_equal(refused.status, 78);
	assert_null(refused.text);
	refused = run(dir, registry, bad, "/f");
	assert_int_equal(refused.status, 78);
	assert_int_equal(stat(jobs, &st), -1);

	struct ran first = run(dir, registry, token, "x%y");
	assert_int_equal(first.status, 78); /* of the plan: no subscription */
	assert_non_null(first.text);
	char here[4096];
	assert_non_null(getcwd(here, sizeof(here)));
	AUTO_FREE char *absolute = mem_fmt("path = %s/x%%%%y\n", here);
	CHECK(strstr(first.text, absolute) != NULL, "%s", first.text);
	AUTO_FREE char *written = mem_fmt("%s/web-pull.conf", jobs);
	assert_int_equal(stat(written, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);

	/* Never over a file that is there, never a second job for a token or a file. */
	struct ran again = run(dir, registry, token, "/f");
	assert_int_equal(again.status, 65);
	CHECK_TEXT(again.text, first.text, "the first file");
	struct ran twin = run(dir, registry, same, "/f");
	assert_int_equal(twin.status, 78);
	assert_null(twin.text);
	struct ran neighbour = run(dir, registry, other, "x%y");
	assert_int_equal(neighbour.status, 78);
	assert_null(neighbour.text);
	struct ran fine = run(dir, registry, other, "/f");
	assert_non_null(fine.text);
	free(first.text);
	free(again.text);
	free(fine.text);
	scratch_remove(dir);
}

static void sources(void **state)
{
	(void)state;
	static char registry[] = "contoso.azurecr.io", token[] = "web-pull";
	/* want: what [source] says, or the error */
	static const struct {
		const char *follow, *want;
		bool ok;
	} row[] = {
		{ "file:/run/pull.env", "type = file\npath = /run/pull.env\n", true },
		{ "docker:/d/config.json", "type = docker\npath = /d/config.json\n", true },
		{ "store", "type = store\n", true },
		{ "helper:/bin/vault", "type = helper\nprogram = /bin/vault\n", true },
		{ "kubernetes:web/regcred",
		  "type = kubernetes\nnamespace = web\nsecret = regcred\n", true },
		{ "keyvault:contoso-kv/web-pull",
		  "type = keyvault\nvault = contoso-kv\nsecret = web-pull\n", true },
		{ "keyvault:https://kv.vault.azure.net/web-pull",
		  "type = keyvault\nvault = https://kv.vault.azure.net\nsecret = web-pull\n",
		  true },
		{ "", "'--follow' takes TYPE:PLACE", false },
		{ "vault:x", "'--follow' takes TYPE:PLACE", false },
		{ "file", "'--follow' takes file:PATH, not 'file'", false },
		{ "store:x", "'--follow' takes store, not 'store:x'", false },
		{ "kubernetes:regcred", "'--follow' takes kubernetes:NAMESPACE/SECRET", false },
		{ "kubernetes", "'--follow' takes kubernetes:NAMESPACE/SECRET", false },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		char *args[] = { registry, token };
		struct options o = { .args = args, .n_args = 2 };
		AUTO_BUF struct buf text = BUF_INIT(1 << 16), source = BUF_INIT(1 << 16);
		AUTO_COMMON struct common c = { 0 };
		AUTO_JOB struct job *j = NULL;
		struct err e = ERR_INIT;
		bool ok = cmd_init_source(row[i].follow, &source, &e);
		CHECK(ok == row[i].ok, "row %zu: %s", i, e.text);
		CHECK(strstr(ok ? buf_cstr(&source) : e.text, row[i].want) != NULL, "row %zu: %s",
		      i, ok ? buf_cstr(&source) : e.text);
		if (!ok)
			continue;
		cmd_init_text(&o, NULL, NULL, buf_cstr(&source), &text);
		assert_true(common_parse("/c", "", 0, &c, &e));
		CHECK(job_parse(&c, "web-pull", "/j", buf_cstr(&text), text.len, &j, &e),
		      "row %zu: %s", i, e.text);
		CHECK(j->source != NULL && j->n_sinks == 1, "row %zu: no follower", i);
	}
}

/* What can be delivered to can be followed. */
static void every_type_can_be_followed(void **state)
{
	(void)state;
	for (size_t i = 0; sink_list[i] != NULL; i++) {
		AUTO_BUF struct buf source = BUF_INIT(1 << 16);
		struct err e = ERR_INIT;
		bool ok = cmd_init_source(sink_list[i]->type, &source, &e);
		CHECK(ok || strstr(e.text, "takes TYPE:PLACE") == NULL, "--follow knows no '%s'",
		      sink_list[i]->type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),   cmocka_unit_test(texts),
		cmocka_unit_test(sources), cmocka_unit_test(every_type_can_be_followed),
		cmocka_unit_test(files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
