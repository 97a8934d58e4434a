/* SPDX-License-Identifier: MIT */
/* What `acrotate check` looks at once for the host: clock, sandbox, memory, state. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "azure/blob_place.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/show.h"
#include "check.h"
#include "cli/lent.h"
#include "config/job.h"
#include "confine.h"
#include "store/store.h"

bool check_directory(const char *path, struct err *e)
{
	AUTO_FREE char *at = mem_dup(path);
	struct stat st;

	for (;;) {
		if (stat(at, &st) == 0)
			break;
		if (errno != ENOENT)
			return err_sys(e, errno, "cannot access '%s'", at);
		char *slash = strrchr(at, '/');
		if (slash == NULL)
			return err_set(e, ERR_LOCAL, "'%s' is not an absolute path", path);
		slash[slash == at] = '\0';
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_LOCAL, "'%s' is not a directory", at);
	return access(at, W_OK | X_OK) == 0 || err_sys(e, errno, "cannot write in '%s'", at);
}

/* Once it is there. */
static bool state_is_ours(const char *dir, struct err *e)
{
	AUTO_TARGET struct fs_target at = { .dir = -1 };

	return access(dir, F_OK) != 0 || fs_directory_ours(dir, &at, e);
}

/* A role in a cluster need not let us list, and a namespace says who it is. */
static bool can_be_read(const struct config *c, const struct store *store, struct buf *what,
                        struct err *e)
{
	AUTO_BLOB_PLACE struct blob_place place = { .url = NULL };
	AUTO_NAMES struct store_names names = { 0 };
	struct fingerprint ignored;

	if (config_state_blob(config_run(c), &place)) {
		buf_fmt(what, "container '%s' of storage account '%s'", place.container,
		        place.account);
		return store_list(store, &names, e);
	}
	buf_fmt(what, "namespace '%s' of the cluster", config_state_namespace(config_run(c)));
	return store_identity(store, &ignored, e);
}

static void state_shared(const struct config *c, struct findings *f)
{
	AUTO_STORE struct store *store = lent_store(c);
	AUTO_BUF struct buf what = BUF_INIT(1024);
	struct err e = ERR_INIT;

	if (!can_be_read(c, store, &what, &e)) {
		(void)findings_problem(f, "state", &e);
		return;
	}
	(void)findings_ok(f, "state", "%s can be read", buf_cstr(&what));
	for (size_t i = 0; i < config_count(c); i++)
		if (!store_may(store, config_name(c, i), &e))
			(void)findings_problem(f, "state", &e);
}

static void state_dir(const struct config *c, struct findings *f)
{
	const char *dir = config_run(c)->state_dir;
	AUTO_FREE char *word = show_word(dir);
	struct err e = ERR_INIT;

	if (!check_directory(dir, &e))
		findings_fix(findings_problem(f, "state", &e), "install -d -m 0700 -o %u %s",
		             (unsigned)geteuid(), word);
	else if (!state_is_ours(dir, &e))
		findings_fix(findings_warning(f, "state", "%s", e.text),
		             "chown %u %s && chmod go-w %s", (unsigned)geteuid(), word, word);
	else
		(void)findings_ok(f, "state", "'%s' can be written", dir);
}

static void metrics_file(const struct config *c, struct findings *f)
{
	const char *file = config_run(c)->metrics_file;
	struct err e = ERR_INIT;

	if (file == NULL)
		return;
	AUTO_FREE char *dir = mem_dup(file);
	*strrchr(dir, '/') = '\0';
	AUTO_FREE char *word = show_word(dir);
	struct stat st;
	bool ok = stat(dir[0] != '\0' ? dir : "/", &st) == 0 ||
	          err_sys(&e, errno, "cannot access '%s'", dir);
	if (ok && check_directory(dir[0] != '\0' ? dir : "/", &e))
		(void)findings_ok(f, "metrics", "'%s' can be written", file);
	else
		findings_fix(findings_problem(f, "metrics", &e), "install -d -m 0755 %s", word);
}

/* Somebody thought that it says what to do, or wonders why it does not. */
static void other_files(const struct config *c, struct findings *f)
{
	for (size_t i = 0; config_ignored(c, i) != NULL; i++) {
		AUTO_FREE char *word = show_word(config_ignored(c, i));
		findings_fix(
			findings_warning(f, "jobs",
		                         "'%s' in '%s' is not read: a job's file ends in '.conf'",
		                         config_ignored(c, i), config_jobs_dir(c)),
			"mv %s NAME.conf    # in '%s'; a job that is not to run has 'enabled = no'",
			word, config_jobs_dir(c));
	}
}

void check_host(const struct config *c, struct findings *f)
{
	if (config_count(c) == 0)
		findings_fix(
			findings_warning(f, "jobs", "there is none in '%s'", config_jobs_dir(c)),
			"acrotate init REGISTRY TOKEN");
	else
		(void)findings_ok(f, "jobs", "%zu in '%s'", config_count(c), config_jobs_dir(c));
	other_files(c, f);
	if (config_state_shared(config_run(c)))
		state_shared(c, f);
	else
		state_dir(c, f);
	metrics_file(c, f);
	confine_check(c, f);
}
