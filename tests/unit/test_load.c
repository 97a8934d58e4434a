/* SPDX-License-Identifier: MIT */
/* acrotate.conf and jobs.d as files: where they are found, who may write them, which jobs
 * arguments mean, who claims what. */
#include <fcntl.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs_acl.h"
#include "base/mem.h"
#include "check.h"
#include "config/job.h"
#include "scratch.h"

/* Fresh for each test: dir/acrotate.conf, dir/jobs.d. */

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static void make_dir(const char *name)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", dir, name);

	assert_int_equal(mkdir(path, 0755), 0);
}

static void put_job(const char *name, const char *token, const char *path)
{
	AUTO_FREE char *file = mem_fmt("jobs.d/%s.conf", name);
	AUTO_FREE char *text = mem_fmt(
		"[job]\nregistry = contoso\ntoken = %s\n[sink x]\ntype = docker\npath = %s\n",
		token, path);

	put(file, text);
}

static int before(void **state)
{
	(void)state;
	static const char *const unset[] = { "ACROTATE_CONFIG", "STATE_DIRECTORY",
		                             "XDG_CONFIG_HOME", "XDG_STATE_HOME",
		                             "CREDENTIALS_DIRECTORY" };

	for (size_t i = 0; i < COUNT(unset); i++)
		(void)unsetenv(unset[i]);
	dir = scratch_make();
	(void)chmod(dir, 0755);
	return 0;
}

static void close_config(struct config **c)
{
	config_close(*c);
}
#define AUTO_CONFIG AUTO(close_config)

static struct config *open_here(struct err *e)
{
	AUTO_FREE char *path = mem_fmt("%s/acrotate.conf", dir);
	struct config *c = NULL;

	return config_open(path, &c, e) ? c : NULL;
}

static void three_jobs(void)
{
	put("acrotate.conf", "[defaults]\nlifetime = 30d\n");
	make_dir("jobs.d");
	put_job("web", "web-pull", "/web");
	put_job("api", "api-pull", "/api");
	put_job("web-2", "web2-pull", "/web2");
	put("jobs.d/README", "not a job");
	put("jobs.d/.hidden.conf", "not a job");
	put("jobs.d/web.conf~", "not a job");
	put("jobs.d/.conf", "not a job");
}

static void jobs_are_listed_and_read(void **state)
{
	(void)state;
	struct err e = ERR_INIT;

	three_jobs();
	AUTO_CONFIG struct config *c = open_here(&e);
	CHECK(c != NULL, "%s", e.text);
	assert_int_equal(config_count(c), 3);
	assert_string_equal(config_name(c, 0), "api");
	assert_string_equal(config_name(c, 1), "web");
	assert_string_equal(config_name(c, 2), "web-2");
	for (size_t i = 0; i < 3; i++) {
		AUTO_JOB struct job *j = NULL;
		CHECK(config_job(c, i, &j, &e), "%s", e.text);
		assert_string_equal(j->name, config_name(c, i));
		assert_int_equal(j->policy.lifetime, 30 * 86400);
	}
	assert_int_equal(config_run(c)->workers, 16);
	assert_int_equal(config_http(c)->timeout, 60);
	assert_string_equal(config_azure(c)->auth, "default");
	assert_true(strncmp(config_path(c), dir, strlen(dir)) == 0 &&
	            strncmp(config_jobs_dir(c), dir, strlen(dir)) == 0);
	assert_ptr_equal(config_machine(c), config_machine(c));
}

static void one_broken_job_is_one_broken_job(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	AUTO_JOB struct job *j = NULL;

	three_jobs();
	put("jobs.d/api.conf", "[job]\ntokn = x\n");
	make_dir("jobs.d/dir.conf");
	put("jobs.d/sp ace.conf", "");
	AUTO_CONFIG struct config *c = open_here(&e);
	CHECK(c != NULL, "%s", e.text);
	assert_int_equal(config_count(c), 5);
	assert_false(config_job(c, 0, &j, &e));
	assert_non_null(strstr(
		e.text, "/jobs.d/api.conf:2: unknown key 'tokn' in [job]; did you mean 'token'?"));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_false(config_job(c, 1, &j, &e));
	assert_non_null(strstr(e.text, "is not a regular file"));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_false(config_job(c, 2, &j, &e));
	assert_non_null(strstr(e.text, "a job's name has"));
	CHECK(config_job(c, 3, &j, &e), "%s", e.text);
	/* Gone since it was listed. */
	AUTO_FREE char *path = mem_fmt("%s/jobs.d/web-2.conf", dir);
	assert_int_equal(unlink(path), 0);
	AUTO_JOB struct job *gone = NULL;
	assert_false(config_job(c, 4, &gone, &e));
	assert_non_null(strstr(e.text, "cannot open"));
	assert_int_equal(e.kind, ERR_CONFIG);
}

static void a_file_too_large(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	AUTO_JOB struct job *j = NULL;

	three_jobs();
	char *big = malloc(70000);
	memset(big, '\n', 69999);
	big[69999] = '\0';
	put("jobs.d/api.conf", big);
	free(big);
	AUTO_CONFIG struct config *c = open_here(&e);
	assert_non_null(c);
	assert_false(config_job(c, 0, &j, &e));
	assert_non_null(strstr(e.text, "api.conf:1: the file is larger than 65536 bytes"));
}

static void a_broken_acrotate_conf_fails_all(void **state)
{
	(void)state;
	struct err e = ERR_INIT;

	put("acrotate.conf", "[run]\n\nwokers = 1\n");
	assert_null(open_here(&e));
	assert_non_null(
		strstr(e.text,
	               "/acrotate.conf:3: unknown key 'wokers' in [run]; did you mean 'workers'?"));
	assert_int_equal(e.kind, ERR_CONFIG);
}

static void a_named_file_must_exist(void **state)
{
	(void)state;
	struct err e = ERR_INIT;

	assert_null(open_here(&e));
	assert_non_null(strstr(e.text, "cannot open"));
	assert_int_equal(e.kind, ERR_CONFIG);
	AUTO_FREE char *path = mem_fmt("%s/acrotate.conf", dir);
	assert_int_equal(setenv("ACROTATE_CONFIG", path, 1), 0);
	struct config *c = NULL;
	assert_false(config_open(NULL, &c, &e));
	put("acrotate.conf", "");
	CHECK(config_open(NULL, &c, &e), "%s", e.text);
	assert_int_equal(config_count(c), 0);
	assert_string_equal(config_path(c), path);
	config_close(c);
	config_close(NULL);
}

static void a_relative_path(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	char here[4096];
	struct config *c = NULL;

	three_jobs();
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(dir), 0);
	bool ok = config_open("acrotate.conf", &c, &e);
	assert_int_equal(chdir(here), 0);
	CHECK(ok, "%s", e.text);
	AUTO_FREE char *want = mem_fmt("%s/acrotate.conf", dir);
	assert_string_equal(config_path(c), want);
	assert_int_equal(config_count(c), 3);
	config_close(c);
}

static void the_state_directory(void **state)
{
	(void)state;
	struct err e = ERR_INIT;

	put("acrotate.conf", "");
	assert_int_equal(setenv("STATE_DIRECTORY", "/sd:/other", 1), 0);
	AUTO_CONFIG struct config *systemd = open_here(&e);
	assert_non_null(systemd);
	assert_string_equal(config_run(systemd)->state_dir, "/sd");
	put("acrotate.conf", "[run]\nstate_dir = /own\n");
	AUTO_CONFIG struct config *own = open_here(&e);
	assert_non_null(own);
	assert_string_equal(config_run(own)->state_dir, "/own");
	put("acrotate.conf", "");
	assert_int_equal(unsetenv("STATE_DIRECTORY"), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", "/xdg", 1), 0);
	AUTO_CONFIG struct config *here = open_here(&e);
	assert_non_null(here);
	assert_string_equal(config_run(here)->state_dir,
	                    geteuid() == 0 ? "/var/lib/acrotate" : "/xdg/acrotate");
}

/* As a user without rights: the places of a user, in a child. */
static int as_user(void *arg)
{
	struct err e = ERR_INIT;
	struct config *c = NULL;

	(void)arg;
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return 9;
	if (setenv("XDG_CONFIG_HOME", dir, 1) != 0 || setenv("HOME", "/nowhere", 1) != 0)
		return 8;
	if (!config_open(NULL, &c, &e))
		return 1;
	AUTO_FREE char *want = mem_fmt("%s/acrotate/acrotate.conf", dir);
	if (strcmp(config_path(c), want) != 0 ||
	    strcmp(config_run(c)->state_dir, "/nowhere/.local/state/acrotate") != 0)
		return 2;
	config_close(c);
	if (unsetenv("XDG_CONFIG_HOME") != 0 || setenv("XDG_STATE_HOME", "relative", 1) != 0 ||
	    !config_open(NULL, &c, &e))
		return 3;
	if (strcmp(config_path(c), "/nowhere/.config/acrotate/acrotate.conf") != 0 ||
	    strcmp(config_run(c)->state_dir, "/nowhere/.local/state/acrotate") != 0)
		return 4;
	config_close(c);
	return 0;
}

static void the_places_of_a_user(void **state)
{
	(void)state;
	assert_int_equal(in_child(as_user, NULL), 0);
}

static void files_others_can_write(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; mode_t mode; const char *why; } row[] = {
		{ "acrotate.conf", 0666, "others can write it" },
		       { "acrotate.conf", 0646, "others can write it" },
		{ ".", 0757, "others can write it" },
		                   { "jobs.d", 0777, "others can write it" },
		{ "acrotate.conf", 0644, NULL },                       { "acrotate.conf", 0600,
		  NULL },
		{ "jobs.d", 01777, NULL /* like /tmp */ },
	};
	/* clang-format on */
	three_jobs();
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *path = mem_fmt("%s/%s", dir, row[i].name);
		struct err e = ERR_INIT;
		struct stat was;
		assert_int_equal(stat(path, &was), 0);
		assert_int_equal(chmod(path, row[i].mode), 0);
		AUTO_CONFIG struct config *c = open_here(&e);
		assert_int_equal(chmod(path, was.st_mode & 07777), 0);
		CHECK((c != NULL) == (row[i].why == NULL), "%s %o: %s", row[i].name,
		      (unsigned)row[i].mode, e.text);
		if (c == NULL)
			CHECK(e.kind == ERR_CONFIG && strstr(e.text, row[i].why) != NULL &&
			              strstr(e.text, "chmod go-w") != NULL,
			      "%s", e.text);
	}
	AUTO_FREE char *job = mem_fmt("%s/jobs.d/api.conf", dir);
	AUTO_JOB struct job *j = NULL;
	struct err e = ERR_INIT;
	AUTO_CONFIG struct config *c = open_here(&e);
	assert_non_null(c);
	assert_int_equal(chmod(job, 0666), 0);
	assert_false(config_job(c, 0, &j, &e));
	assert_non_null(strstr(e.text, "others can write it"));
	if (geteuid() != 0)
		return; /* the rest needs other people */
	assert_int_equal(chmod(job, 0664), 0);
	CHECK(config_job(c, 0, &j, &e), "group root: %s", e.text);
	assert_int_equal(chown(job, 0, 65534), 0);
	AUTO_JOB struct job *k = NULL;
	assert_false(config_job(c, 0, &k, &e));
	assert_non_null(strstr(e.text, "its group can write it"));
	assert_int_equal(chown(job, 65534, 0), 0);
	assert_false(config_job(c, 0, &k, &e));
	assert_non_null(strstr(e.text, "it belongs to another user"));
	assert_non_null(strstr(e.text, "chown root"));
}

/* With an ACL the group bits are its mask: what they show may be nobody's right, or somebody's
 * whom the mode does not name. */
static void acls_count(void **state)
{
	static const struct {
		const char *name, *acl, *why;
	} row[] = {
		{ "acrotate.conf", "u::rw-,u:65534:rw-,g::r--,m::rw-,o::r--",
		  "user nobody (by its ACL) can write it" },
		{ "acrotate.conf", "u::rw-,u:65534:rw-,g::r--,m::r--,o::r--", NULL },
		{ "acrotate.conf", "u::rw-,u:0:rw-,g::r--,m::rw-,o::r--", NULL },
		{ "acrotate.conf", "u::rw-,g::r--,g:65534:-w-,m::rw-,o::r--",
		  "(by its ACL) can write it" },
		{ "jobs.d/api.conf", "u::rw-,u:65534:rw-,g::---,m::rwx,o::---",
		  "user nobody (by its ACL) can write it" },
		{ "jobs.d/api.conf", "u::rw-,u:65534:r--,g::r--,m::rwx,o::---", NULL },
		{ "jobs.d", "u::rwx,u:65534:rwx,g::r-x,m::rwx,o::r-x",
		  "user nobody (by its ACL) can write it" },
		{ ".", "u::rwx,u:65534:rwx,g::r-x,m::rwx,o::r-x",
		  "user nobody (by its ACL) can write it" },
		{ ".", "u::rwx,u:65534:r-x,g::r-x,m::rwx,o::r-x", NULL },
	};

	(void)state;
	three_jobs();
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *path = mem_fmt("%s/%s", dir, row[i].name);
		struct stat was;
		assert_int_equal(stat(path, &was), 0);
		AUTO_JOB struct job *j = NULL;
		struct err e = ERR_INIT;
		acl_t acl = acl_from_text(row[i].acl);
		int set = acl_set_file(path, ACL_TYPE_ACCESS, acl);
		(void)acl_free(acl);
		if (set != 0)
			skip(); /* a file system without ACLs */
		AUTO_CONFIG struct config *c = open_here(&e);
		bool ok = c != NULL && config_job(c, 0, &j, &e);
		CHECK(ok == (row[i].why == NULL), "%s %s: %s", row[i].name, row[i].acl, e.text);
		CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, row[i].why) != NULL),
		      "%s %s: %s", row[i].name, row[i].acl, e.text);
		assert_true(removexattr(path, FS_ACL_NAME) == 0 &&
		            chmod(path, was.st_mode & 07777) == 0);
	}
}

static void symbolic_links_are_followed(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	AUTO_JOB struct job *j = NULL;

	three_jobs();
	AUTO_FREE char *link_path = mem_fmt("%s/jobs.d/linked.conf", dir);
	put("elsewhere",
	    "[job]\nregistry = contoso\ntoken = linked\n[sink x]\ntype = docker\npath = /l\n");
	assert_int_equal(symlink("../elsewhere", link_path), 0);
	AUTO_CONFIG struct config *c = open_here(&e);
	assert_non_null(c);
	assert_string_equal(config_name(c, 1), "linked");
	CHECK(config_job(c, 1, &j, &e), "%s", e.text);
}

/* "@" stands for the scratch directory. */
static char *expand_arg(const char *arg)
{
	return arg[0] == '@' ? mem_fmt("%s%s", dir, arg + 1) : mem_dup(arg);
}

static void arguments(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *args[4]; const char *want; } row[] = {
		{ { NULL }, "api web web-2 " },
		{ { "web" }, "web " },
		{ { "web-2", "api", "web-2" }, "api web-2 " },
		{ { "web*" }, "web web-2 " },
		{ { "web?2", "ap[a-i]" }, "api web-2 " },
		{ { "api.conf" }, "api " },
		{ { "@/jobs.d/web.conf" }, "web " },
		{ { "@/jobs.d/../jobs.d/web.conf", "web" }, "web " },
		{ { "@/other.conf", "web" }, "web other " },
		{ { "@/other.conf", "@/other.conf", "ot*" }, "other " },
		{ { "wbe" }, "!no job 'wbe' in '" },
		{ { "webb" }, "!no job 'webb' in '" },
		{ { "x*" }, "!no job 'x*' in '" },
		{ { "web", "nothing-like-it" }, "!no job 'nothing-like-it' in '" },
		{ { "@/jobs.d/absent.conf" }, "!'" },
		{ { "@/jobs.d/README" }, "!'" },
		{ { "@/web.conf" }, "!'" },
	};
	/* clang-format on */
	three_jobs();
	put("other.conf",
	    "[job]\nregistry = contoso\ntoken = other\n[sink x]\ntype = docker\npath = /o\n");
	put("web.conf", "");
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = ERR_INIT;
		AUTO_CONFIG struct config *c = open_here(&e);
		AUTO_BUF struct buf got = BUF_INIT(4096);
		char *args[4] = { NULL };
		size_t n = 0, *list = NULL, n_list = 0;
		for (; n < 4 && row[i].args[n] != NULL; n++)
			args[n] = expand_arg(row[i].args[n]);
		bool ok = config_select(c, args, n, &list, &n_list, &e);
		for (size_t k = 0; ok && k < n_list; k++)
			buf_fmt(&got, "%s ", config_name(c, list[k]));
		if (row[i].want[0] == '!')
			CHECK(!ok && e.kind == ERR_USAGE &&
			              strncmp(e.text, row[i].want + 1, strlen(row[i].want) - 1) ==
			                      0,
			      "row %zu: %s", i, e.text);
		else
			CHECK(ok && strcmp(buf_cstr(&got), row[i].want) == 0, "row %zu: %s%s", i,
			      buf_cstr(&got), e.text);
		for (size_t k = 0; k < n; k++)
			free(args[k]);
		free(list);
	}
}

static void what_arguments_are_told(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	size_t *list = NULL, n = 0;
	char near[] = "wbe", far[] = "nothing-like-it";
	char *one[] = { near }, *other[] = { far };

	three_jobs();
	AUTO_FREE char *shadow = mem_fmt("%s/web.conf", dir);
	AUTO_FREE char *absent = mem_fmt("%s/jobs.d/absent.conf", dir);
	AUTO_FREE char *no_job = mem_fmt("%s/jobs.d/README", dir);
	put("web.conf", "");
	AUTO_CONFIG struct config *c = open_here(&e);
	assert_false(config_select(c, one, 1, &list, &n, &e));
	assert_non_null(strstr(e.text, "did you mean 'web'?"));
	assert_false(config_select(c, other, 1, &list, &n, &e));
	assert_null(strstr(e.text, "did you mean"));
	assert_false(config_select(c, &shadow, 1, &list, &n, &e));
	assert_non_null(strstr(e.text, "there is another job called 'web'"));
	assert_false(config_select(c, &absent, 1, &list, &n, &e));
	assert_non_null(strstr(e.text, "does not exist"));
	assert_false(config_select(c, &no_job, 1, &list, &n, &e));
	assert_non_null(strstr(e.text, "is not a job"));
}

/* A file that somebody meant as a job, and one that somebody put aside. */
static void files_that_are_no_jobs(void **state)
{
	static const char *const aside[] = { ".api.conf.swp", "api.conf~", "api.conf.bak",
		                             "api.conf.dpkg-dist", "api.conf.disabled" };
	char cron[] = "cron", ini[] = "cron.ini", *args[] = { cron, ini };
	struct err e = ERR_INIT;
	size_t *list = NULL, n = 0;

	(void)state;
	three_jobs();
	put("jobs.d/cron.ini", "");
	for (size_t i = 0; i < COUNT(aside); i++) {
		AUTO_FREE char *name = mem_fmt("jobs.d/%s", aside[i]);
		put(name, "");
	}
	AUTO_CONFIG struct config *c = open_here(&e);
	assert_string_equal(config_ignored(c, 0), "cron.ini");
	assert_null(config_ignored(c, 1));
	for (size_t i = 0; i < COUNT(args); i++) {
		assert_false(config_select(c, &args[i], 1, &list, &n, &e));
		assert_non_null(strstr(e.text, "but 'cron.ini': a job's file ends in '.conf'"));
	}
}

static void a_job_outside_is_read(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	size_t *list = NULL, n = 0;
	AUTO_JOB struct job *j = NULL;

	put("acrotate.conf", "");
	put("other.conf",
	    "[job]\nregistry = contoso\ntoken = other\n[sink x]\ntype = docker\npath = /o\n");
	AUTO_FREE char *path = mem_fmt("%s/other.conf", dir);
	AUTO_CONFIG struct config *c = open_here(&e);
	CHECK(config_select(c, &path, 1, &list, &n, &e), "%s", e.text);
	assert_int_equal(n, 1);
	CHECK(config_job(c, list[0], &j, &e), "%s", e.text);
	assert_string_equal(j->token, "other");
	assert_string_equal(j->file, path);
	free(list);
}

/* Which of the jobs was there first, by its name; NULL: none. */
static bool was_there(const void *ctx, const char *job, const char *token)
{
	const char *first = ctx;

	assert_true(token != NULL && token[0] != '\0');
	return first != NULL && strstr(first, job) != NULL;
}

/* a and c want one token, b and d one entry. */
static const struct {
	const char *name, *first; /* "a": job a was there */
	const char *refused;      /* those that are */
} claim_rows[] = {
	{ "nobody was first", NULL, "abcd" },          { "a had the token", "a", "bcd" },
	{ "the copy alone has a record", "c", "abd" }, { "both have one", "ac", "abcd" },
	{ "each pair has a first", "ad", "bc" },       { "an outsider", "e", "abcd" },
};

static void claims(void **state)
{
	(void)state;
	struct err e = ERR_INIT;

	put("acrotate.conf", "");
	make_dir("jobs.d");
	put_job("a", "token-a", "/a");
	put_job("b", "token-b", "/b");
	put_job("c", "TOKEN-A", "/c"); /* the token of a */
	put_job("d", "token-d", "/b"); /* the entry of b */
	put_job("e", "token-e", "/e");
	for (size_t r = 0; r < COUNT(claim_rows); r++)
		/* Whichever is named, and looked at first. */
		for (size_t from = 0; from < 5; from++) {
			AUTO_CONFIG struct config *c = open_here(&e);
			config_first(c, was_there, claim_rows[r].first);
			for (size_t k = 0; k < 5; k++) {
				size_t i = (from + k) % 5;
				bool ok = config_unclaimed(c, i, &e);
				bool refused =
					strstr(claim_rows[r].refused, config_name(c, i)) != NULL;
				CHECK(ok != refused, "%s, job %zu: %s", claim_rows[r].name, i,
				      e.text);
				CHECK(ok || (e.kind == ERR_CONFIG &&
				             strstr(e.text, ".conf:1: ") != NULL),
				      "%s", e.text);
				CHECK(config_alone(c, i) == (i == 4), "%s, job %zu",
				      claim_rows[r].name, i);
				const char *rival = config_refused_rival(c, i);
				CHECK((rival != NULL) == (ok && i != 4), "%s, job %zu: %s",
				      claim_rows[r].name, i, rival);
			}
		}
	AUTO_CONFIG struct config *c = open_here(&e);
	assert_false(config_unclaimed(c, 2, &e));
	assert_non_null(strstr(e.text, "c.conf:1: token 'contoso/token-a' belongs to job 'a' too"));
	assert_false(config_unclaimed(c, 3, &e));
	assert_non_null(strstr(e.text, "d.conf:1: a sink of job 'b' writes the same entry"));
}

/* One name may be several registries: by subscription, and by the hash of a label. */
static void claims_by_registry(void **state)
{
	/* clang-format off */
	static const struct { const char *one, *two; bool same; } cases[] = {
		{ "contoso", "CONTOSO.azurecr.io", true },
		{ "contoso", "contoso.eastus.geo.azurecr.io", true },
		{ "contoso", "contoso-h4sh.azurecr.io", true },
		{ "contoso-h4sh.azurecr.io", "contoso", true },
		{ "contoso-h4sh.azurecr.io", "contoso-H4SH.azurecr.io", true },
		{ "contoso-h4sh.azurecr.io", "contoso-other.azurecr.io", false },
		{ "contoso", "fabrikam", false },
		{ "contoso\n[azure]\nsubscription = A\n", "contoso\n[azure]\nsubscription = B\n", false },
		{ "contoso\n[azure]\nsubscription = A\n", "contoso\n[azure]\nsubscription = a\n", true },
	};
	/* clang-format on */

	(void)state;
	(void)unsetenv("AZURE_SUBSCRIPTION_ID");
	put("acrotate.conf", "");
	make_dir("jobs.d");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		for (int k = 0; k < 2; k++) {
			AUTO_FREE char *name = mem_fmt("jobs.d/%c.conf", 'a' + k);
			AUTO_FREE char *text =
				mem_fmt("[sink x]\ntype = docker\npath = /%d\n[job]\n"
			                "token = token-a\nregistry = %s\n",
			                k, k == 0 ? cases[i].one : cases[i].two);
			put(name, text);
		}
		AUTO_CONFIG struct config *c = open_here(&e);
		for (size_t k = 0; k < 2; k++)
			CHECK(config_unclaimed(c, k, &e) == !cases[i].same, "row %zu: %s", i,
			      e.text);
	}
}

static void many_jobs(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	enum { JOBS = 500 };

	put("acrotate.conf", "");
	make_dir("jobs.d");
	for (int i = 0; i < JOBS; i++) {
		char name[24], token[24], path[24];
		(void)snprintf(name, sizeof(name), "job%04d", i);
		(void)snprintf(token, sizeof(token), "token-%d", i);
		(void)snprintf(path, sizeof(path), "/p%d", i % (JOBS - 1));
		put_job(name, token, path);
	}
	AUTO_CONFIG struct config *c = open_here(&e);
	assert_int_equal(config_count(c), JOBS);
	for (size_t i = 0; i < JOBS; i++) {
		AUTO_JOB struct job *j = NULL;
		CHECK(config_job(c, i, &j, &e), "%s", e.text);
		config_claim(c, i, j);
	}
	for (size_t i = 0; i < JOBS; i++)
		CHECK(config_unclaimed(c, i, &e) == (i != 0 && i != JOBS - 1), "%zu: %s", i,
		      e.text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, before, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jobs_are_listed_and_read),
		TEST(one_broken_job_is_one_broken_job),
		TEST(a_file_too_large),
		TEST(a_broken_acrotate_conf_fails_all),
		TEST(a_named_file_must_exist),
		TEST(a_relative_path),
		TEST(the_state_directory),
		TEST(the_places_of_a_user),
		TEST(files_others_can_write),
		TEST(acls_count),
		TEST(symbolic_links_are_followed),
		TEST(arguments),
		TEST(what_arguments_are_told),
		TEST(files_that_are_no_jobs),
		TEST(a_job_outside_is_read),
		TEST(claims),
		TEST(claims_by_registry),
		TEST(many_jobs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
