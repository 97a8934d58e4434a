/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "azure/arm.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/job.h"
#include "rotate/rotation.h"
#include "sink/sink.h"
#include "stage.h"

#define FILE_MAX_B 8192

/* ---- the stage: a service, a directory, a job ------------------------------------------------ */

struct stage stage;

static const char *const names[] = { "config.json", "registry.env", "state/web.state", "told",
	                             "trial" };

struct file {
	bool there;
	size_t n;
	char text[FILE_MAX_B];
};
struct snapshot {
	struct fake_service service;
	struct file file[COUNT(names)];
};

char *stage_path(const char *name)
{
	return mem_fmt("%s/%s", stage.dir, name);
}

static void read_file(const char *name, struct file *f)
{
	AUTO_FREE char *path = stage_path(name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*f = (struct file){ .there = fd >= 0 };
	if (fd < 0)
		return;
	ssize_t n = read(fd, f->text, sizeof(f->text) - 1);
	(void)close(fd);
	f->n = n > 0 ? (size_t)n : 0;
}

static void put_file(const char *name, const char *text, size_t n)
{
	AUTO_FREE char *path = stage_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n || close(fd) != 0)
		abort();
}

static void put_text(const char *name, const char *text)
{
	put_file(name, text, strlen(text));
}

static bool is_temporary(const char *name)
{
	return strncmp(name, ".acrotate", 9) == 0;
}

/* Counts temporary files, and removes them if asked to. */
static int temporaries(const char *below, bool clean)
{
	AUTO_FREE char *path = stage_path(below);
	DIR *d = opendir(path);
	int n = 0;

	for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
		if (!is_temporary(entry->d_name))
			continue;
		n++;
		if (clean)
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

struct snapshot *stage_snapshot(void)
{
	struct snapshot *s = mem_new(sizeof(*s));

	s->service = *stage.service;
	for (size_t i = 0; i < COUNT(names); i++)
		read_file(names[i], &s->file[i]);
	return s;
}

void stage_put_back(const struct snapshot *s)
{
	*stage.service = s->service;
	(void)temporaries(".", true);
	(void)temporaries("state", true);
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *path = stage_path(names[i]);
		if (s->file[i].there)
			put_file(names[i], s->file[i].text, s->file[i].n);
		else
			(void)unlink(path);
	}
}

int stage_temporaries(void)
{
	return temporaries(".", false) + temporaries("state", false);
}

bool stage_has(const char *name)
{
	struct file f;

	read_file(name, &f);
	return f.there;
}

const char *stage_file(int i)
{
	return (size_t)i < COUNT(names) ? names[i] : NULL;
}

/* ---- what a sink's file holds as a password, by our own reading of it ------------------------ */

static bool unbase64(const char *text, size_t n, char *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;
	size_t len = 0;

	for (size_t i = 0; i < n && text[i] != '='; i++) {
		const char *at = strchr(letters, text[i]);
		if (at == NULL)
			return false;
		bits = bits << 6 | (unsigned)(at - letters);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[len++] = (char)(bits >> have & 0xff);
		}
	}
	out[len] = '\0';
	return true;
}

void stage_password(int sink, char out[static FAKE_PASSWORD_MAX])
{
	static const char *const before[SINKS] = { "\"contoso.azurecr.io\"", "REGISTRY_PASSWORD=" };
	struct file f;
	char plain[FILE_MAX_B];

	out[0] = '\0';
	read_file(names[sink], &f);
	const char *at = strstr(f.text, before[sink]);
	if (at == NULL)
		return;
	at += strlen(before[sink]);
	if (sink == 1) {
		(void)snprintf(out, FAKE_PASSWORD_MAX, "%.*s", (int)strcspn(at, "\n"), at);
		return;
	}
	at = strstr(at, "\"auth\"");
	at = at != NULL ? strchr(at + 6, '"') : NULL;
	if (at == NULL || !unbase64(at + 1, strcspn(at + 1, "\""), plain) ||
	    strncmp(plain, "web-pull:", 9) != 0)
		return;
	(void)snprintf(out, FAKE_PASSWORD_MAX, "%.*s", FAKE_PASSWORD_MAX - 1, plain + 9);
}

static void write_configs(const char *group, const char *extra)
{
	AUTO_FREE char *main =
		mem_fmt("[azure]\nauth = client-secret\ntenant_id = t\nclient_id = "
	                "c\nclient_secret_file = %s/secret\n"
	                "subscription = sub\ncloud = custom\nresource_manager = https://arm.test\n"
	                "authority = https://login.test\n[run]\nstate_dir = %s/state\n",
	                stage.dir, stage.dir);
	AUTO_FREE char *job = mem_fmt("[job]\nregistry = contoso\n%stoken = web-pull\n%s"
	                              "[sink docker]\ntype = docker\npath = %s/config.json\n"
	                              "[sink env]\ntype = file\npath = %s/registry.env\ncontent = "
	                              "REGISTRY_PASSWORD={password}\n",
	                              group, extra, stage.dir, stage.dir);

	put_text("acrotate.conf", main);
	put_text("jobs.d/web.conf", job);
}

static void write_config(const char *extra)
{
	write_configs("resource_group = rg\n", extra);
}

void stage_config(const char *extra)
{
	write_config(extra);
}

void stage_config_without_group(const char *extra)
{
	write_configs("", extra);
}

void stage_follower(const char *extra)
{
	AUTO_FREE char *job = mem_fmt("[job]\nregistry = contoso.azurecr.io\ntoken = web-pull\n%s"
	                              "[source]\ntype = file\npath = %s/source.txt\ncontent = "
	                              "{password} {expires} {slot}\n"
	                              "[sink docker]\ntype = docker\npath = %s/config.json\n"
	                              "[sink env]\ntype = file\npath = %s/registry.env\ncontent = "
	                              "REGISTRY_PASSWORD={password}\n",
	                              extra, stage.dir, stage.dir, stage.dir);

	put_text("jobs.d/web.conf", job);
}

void stage_source(int slot)
{
	const struct fake_slot *s = &stage.service->slot[slot];
	char expires[STR_TIME_MAX];

	str_from_time(s->expires_ms / 1000, expires);
	AUTO_FREE char *text = mem_fmt("%s %s password%d\n", s->password, expires, slot + 1);
	put_text("source.txt", text);
}

void stage_put(const char *name, const char *text)
{
	put_text(name, text);
}

void stage_empty(void)
{
	static const struct snapshot nothing = { .service = { 0 } };

	stage_put_back(&nothing);
	fake_service_init(stage.service);
	put_text("config.json", "{\n\t\"auths\": {\n\t\t\"ghcr.io\": { \"auth\": "
	                        "\"c29tZWJvZHk6ZWxzZQ==\" }\n\t},\n\t\"n\": 1.0e2\n}\n");
	write_config("");
}

/* ---- a run ----------------------------------------------------------------------------------- */

static struct sink_ops ops[SINKS];
static const struct sink_ops *real_ops[SINKS];

static bool prepare_and_commit(struct sink *s, const struct credential *c, struct err *e)
{
	return s->ops->prepare(s, c, e) && s->ops->commit(s, e) && s->ops->prepare(s, c, e);
}

static bool fail_to_commit(struct sink *s, struct err *e)
{
	(void)s;
	return err_set(e, ERR_LOCAL, "this sink is broken");
}

static bool fail_to_open(const void *spec, const struct sink_lent *lent, struct sink **out,
                         struct err *e)
{
	(void)spec;
	(void)lent;
	(void)out;
	return err_set(e, ERR_LOCAL, "this sink cannot be opened");
}

static bool fail_to_prepare(struct sink *s, const struct credential *c, struct err *e)
{
	(void)s;
	(void)c;
	return err_set(e, ERR_LOCAL, "this sink is broken");
}

/* Somebody else is quicker than the look that follows. */
static bool commit_and_lose(struct sink *s, struct err *e)
{
	bool ok = s->ops->commit(s, e);

	put_text("registry.env", "REGISTRY_PASSWORD=somebody-elses\n");
	return ok;
}

/* Something else stands there from now on. */
static bool commit_and_block(struct sink *s, struct err *e)
{
	AUTO_FREE char *path = stage_path("registry.env");

	(void)unlink(path);
	(void)mkdir(path, 0700);
	return fail_to_commit(s, e);
}

/* As a helper's: an entry of its own comes and goes. */
static bool trial(struct sink *s, const struct credential *who, struct err *e)
{
	AUTO_FREE char *path = stage_path("trial");
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)s;
	(void)who;
	bool stored = fd >= 0 && write(fd, "of no use\n", 10) == 10;
	if (fd >= 0)
		(void)close(fd);
	bool erased = unlinkat(AT_FDCWD, path, 0) == 0;
	return (stored && erased) || err_set(e, ERR_LOCAL, "the trial fails");
}

static bool fail_the_trial(struct sink *s, const struct credential *who, struct err *e)
{
	(void)s;
	(void)who;
	return err_set(e, ERR_LOCAL, "this sink stores nothing");
}

static void break_sinks(struct job *job)
{
	for (size_t i = 0; i < SINKS; i++) {
		real_ops[i] = job->sinks[i].ops;
		ops[i] = *real_ops[i];
		ops[i].trial = i == 1 ? trial : NULL;
		if (stage.broken == FAILING_TRIAL && i == 1)
			ops[i].trial = fail_the_trial;
		if (stage.broken == COMMIT_BEFORE_PROOF)
			ops[i].prepare = prepare_and_commit;
		if (stage.broken == FAILING_SINK && i == 1)
			ops[i].commit = fail_to_commit;
		if (stage.broken == FAILING_OPEN && i == 1)
			ops[i].open = fail_to_open;
		if (stage.broken == UNREADABLE && i == 1)
			ops[i].commit = commit_and_block;
		if (stage.broken == OVERWRITTEN && i == 1)
			ops[i].commit = commit_and_lose;
		if (stage.broken == OPTIONAL_PREPARES_FAIL)
			ops[i].prepare = fail_to_prepare;
		if (stage.broken == OPTIONAL_COMMITS_FAIL)
			ops[i].commit = fail_to_commit;
		job->sinks[i].optional = job->sinks[i].optional ||
		                         stage.broken == OPTIONAL_PREPARES_FAIL ||
		                         stage.broken == OPTIONAL_COMMITS_FAIL;
		job->sinks[i].ops = &ops[i];
	}
}

static struct arm *the_arm(void *ctx, const struct job *job)
{
	(void)job;
	return ctx;
}

static bool drive(const struct world *w, const struct job *job, unsigned flags, struct err *e)
{
	struct rotation *r = rotation_new(w, job, flags, 0);
	struct http *http = fake_service_client(stage.service);
	int64_t again = 0;
	bool ok;

	while ((ok = rotation_step(r, http, &again, e)) && again >= 0)
		fake_service_pass(stage.service, again);
	rotation_free(r);
	http_close(http);
	return ok;
}

bool stage_run(unsigned flags, struct err *e)
{
	AUTO_FREE char *conf = stage_path("acrotate.conf");
	struct config *config;
	AUTO_JOB struct job *job = NULL;

	*e = (struct err)ERR_INIT;
	if (!config_open(conf, &config, e))
		return false;
	if (!config_job(config, 0, &job, e)) {
		config_close(config);
		return false;
	}
	break_sinks(job);
	AUTO_STORE struct store *store = store_open(config_run(config)->state_dir, NULL);
	struct env env = fake_service_env(stage.service);
	struct arm *arm = arm_new(&job->azure, &env);
	struct world w = { .env = &env, .store = store, .arm = the_arm, .ctx = arm };
	bool ok = drive(&w, job, flags, e);
	arm_free(arm);
	config_close(config);
	return ok;
}

/* ---- fixtures -------------------------------------------------------------------------------- */

int stage_set(void **state)
{
	(void)state;
	/* Memory is as good as a disk here, and its fsync is quicker. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	stage.service = mmap(NULL, sizeof(*stage.service), PROT_READ | PROT_WRITE,
	                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	stage.dir = scratch_make();
	AUTO_FREE char *jobs = stage_path("jobs.d"), *states = stage_path("state");
	if (stage.service == MAP_FAILED || mkdir(jobs, 0700) != 0 || mkdir(states, 0700) != 0)
		return -1;
	put_text("secret", "client-secret\n");
	log_setup(LEVEL_ERROR, LOG_TEXT);
	return 0;
}

int stage_strike(void **state)
{
	(void)state;
	scratch_remove(stage.dir);
	return 0;
}
