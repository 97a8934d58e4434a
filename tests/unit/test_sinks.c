/* SPDX-License-Identifier: MIT */
/* The file-like sinks as a job uses them: check, read back, prepare, commit, abort, sweep. */
#include "check.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "scratch.h"

static char path[4200];

static int make(void **state)
{
	(void)state;
	return scratch_path(path, sizeof(path), "target");
}

enum step { VALIDATE, CHECK_, PREPARE, COMMIT, DONE };

/* How far a delivery comes; the password that is read back then. */
static enum step deliver(struct test_sink *t, const char *password, char *back, size_t size,
                         struct err *e)
{
	AUTO_CREDENTIAL struct credential c = test_credential(password),
					  who = test_credential(NULL);
	AUTO_SECRET struct secret *now = NULL;

	if (!t->ops->check(t->s, &who, e))
		return CHECK_;
	if (!t->ops->prepare(t->s, &c, e))
		return PREPARE;
	if (!t->ops->commit(t->s, e))
		return COMMIT;
	CHECK(t->ops->read_current(t->s, &who, &now, e), "%s", e->text);
	(void)snprintf(back, size, "%s", now != NULL ? secret_peek(now) : "(none)");
	return DONE;
}

static const struct row {
	const char *name, *type;
	const char *pairs[4]; /* keys beside path */
	const char *before;   /* NULL: no file */
	const char *after;    /* what is there then; NULL: as before */
	enum step fails;      /* or DONE */
	enum err_kind kind;
	const char *says;
} rows[] = {
	{ "a new file",
	  "file",
	  { "content", "X={password}" },
	  NULL,
	  "X=new\n",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "the password alone", "file", { 0 }, NULL, "new\n", DONE, ERR_NONE, "" },
	{ "it was ours",
	  "file",
	  { "content", "X={password}" },
	  "X=old\n",
	  "X=new\n",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "it is empty", "file", { "content", "X={password}" }, "", "X=new\n", DONE, ERR_NONE, "" },
	{ "it is something else",
	  "file",
	  { "content", "X={password}" },
	  "X=old\nY=1\n",
	  NULL,
	  CHECK_,
	  ERR_DECISION,
	  "overwrite = yes" },
	{ "no line end",
	  "file",
	  { "content", "X={password}" },
	  "X=old",
	  NULL,
	  CHECK_,
	  ERR_DECISION,
	  "overwrite = yes" },
	{ "another registry",
	  "file",
	  { "content", "{server} {password}" },
	  "q.io old\n",
	  NULL,
	  CHECK_,
	  ERR_DECISION,
	  "overwrite" },
	{ "overwrite",
	  "file",
	  { "content", "X={password}", "overwrite", "yes" },
	  "Y=1\n",
	  "X=new\n",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "in place",
	  "file",
	  { "content", "X={password}", "in_place", "yes" },
	  "X=old\n",
	  "X=new\n",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "in place, a new file",
	  "file",
	  { "content", "X={password}", "in_place", "yes" },
	  NULL,
	  "X=new\n",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "an unknown owner",
	  "file",
	  { "content", "X={password}", "owner", "no-such-user" },
	  NULL,
	  NULL,
	  CHECK_,
	  ERR_CONFIG,
	  "key 'owner'" },
	{ "an unknown user",
	  "file",
	  { "content", "X={password}", "user", "no-such-user" },
	  NULL,
	  NULL,
	  CHECK_,
	  ERR_CONFIG,
	  "key 'user'" },
	{ "no template file",
	  "file",
	  { "template_file", "/nonexistent/t" },
	  NULL,
	  NULL,
	  CHECK_,
	  ERR_CONFIG,
	  "'template_file'" },
	{ "a new config",
	  "docker",
	  { 0 },
	  NULL,
	  "{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"dTpuZXc=\"\n\t\t}\n\t}\n}\n",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "an entry beside others",
	  "docker",
	  { 0 },
	  "{\"auths\":{\"o\":{}}}",
	  "{\"auths\":{\"o\":{},\"r.io\":{\"auth\":\"dTpuZXc=\"}}}",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "a namespace",
	  "docker",
	  { "key", "r.io/team" },
	  "{\"auths\":{}}",
	  "{\"auths\":{\"r.io/team\":{\"auth\":\"dTpuZXc=\"}}}",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "another user's entry",
	  "docker",
	  { 0 },
	  "{\"auths\":{\"r.io\":{\"auth\":\"djpx\"}}}",
	  NULL,
	  CHECK_,
	  ERR_DECISION,
	  "another user ('v')" },
	{ "an entry without a user",
	  "docker",
	  { 0 },
	  "{\"auths\":{\"r.io\":{\"identitytoken\":\"x\"}}}",
	  NULL,
	  CHECK_,
	  ERR_DECISION,
	  "another user ('')" },
	{ "another user's entry is taken",
	  "docker",
	  { "take_entry", "yes" },
	  "{\"auths\":{\"r.io\":{\"auth\":\"djpx\"}}}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpuZXc=\"}}}",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "docker's bookkeeping is nobody's",
	  "docker",
	  { 0 },
	  "{\"auths\":{\"r.io\":{}},\"credsStore\":\"\"}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpuZXc=\"}},\"credsStore\":\"\"}",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "a store",
	  "docker",
	  { 0 },
	  "{\"credsStore\":\"x\"}",
	  NULL,
	  CHECK_,
	  ERR_CONFIG,
	  "credsStore" },
	{ "a broken file", "docker", { 0 }, "{\"auths\":", NULL, CHECK_, ERR_LOCAL, "cut off" },
	{ "an empty config",
	  "docker",
	  { 0 },
	  "",
	  "{\n\t\"auths\": {\n\t\t\"r.io\": {\n\t\t\t\"auth\": \"dTpuZXc=\"\n\t\t}\n\t}\n}\n",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "a config in place",
	  "docker",
	  { "in_place", "yes" },
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpvbGQ=\"}}}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpuZXc=\"}}}",
	  DONE,
	  ERR_NONE,
	  "" },
	{ "our name, with a token",
	  "docker",
	  { 0 },
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpv\",\"identitytoken\":\"t\"}}}",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpuZXc=\"}}}",
	  DONE,
	  ERR_NONE,
	  "" },
};

static struct test_sink open_row(const struct row *r)
{
	const char *const *p = r->pairs;

	if (p[0] == NULL)
		return test_sink_open(r->type, "path", path, NULL);
	if (p[2] == NULL)
		return test_sink_open(r->type, "path", path, p[0], p[1], NULL);
	return test_sink_open(r->type, "path", path, p[0], p[1], p[2], p[3], NULL);
}

static void deliveries(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct err e = ERR_INIT;
		char back[100] = "";
		(void)unlink(path);
		if (r->before != NULL)
			file_put(path, r->before);
		AUTO_TEST_SINK struct test_sink t = open_row(r);
		enum step got = deliver(&t, "new", back, sizeof(back), &e);
		CHECK(got == r->fails, "%s: step %d: %s", r->name, (int)got, e.text);
		CHECK(e.kind == r->kind && strstr(e.text, r->says) != NULL, "%s: %s", r->name,
		      e.text);
		CHECK(got != DONE || strcmp(back, "new") == 0, "%s: read back '%s'", r->name, back);
		char *text = file_get(path);
		const char *want = r->after != NULL ? r->after : r->before;
		if (want == NULL)
			CHECK(text == NULL, "%s: '%s'", r->name, text);
		else
			CHECK_TEXT(text, want, "%s", r->name);
		free(text);
		CHECK(temporaries_in(dir) == 0, "%s", r->name);
		/* Prepare finds by itself what check would have found. */
		if (got == CHECK_) {
			AUTO_CREDENTIAL struct credential c = test_credential("new");
			CHECK(!t.ops->prepare(t.s, &c, &e) && e.kind == r->kind, "%s: prepared",
			      r->name);
			CHECK(!t.ops->commit(t.s, &e), "%s: committed", r->name);
		}
	}
}

/* clang-format off */
static const struct read_row { const char *name, *type, *text, *want; enum err_kind kind; } reads[] = {
	{ "no file", "file", NULL, NULL, ERR_NONE },
	{ "ours", "file", "X=old\n", "old", ERR_NONE },
	{ "other content", "file", "X=old\nq", NULL, ERR_NONE },
	{ "no config", "docker", NULL, NULL, ERR_NONE },
	{ "our entry", "docker", "{\"auths\":{\"r.io\":{\"auth\":\"dTpvbGQ=\"}}}", "old",
	  ERR_NONE },
	{ "another user's", "docker", "{\"auths\":{\"r.io\":{\"auth\":\"djpvbGQ=\"}}}", NULL,
	  ERR_NONE },
	{ "another entry", "docker", "{\"auths\":{\"q.io\":{\"auth\":\"dTpvbGQ=\"}}}", NULL,
	  ERR_NONE },
	{ "shadowed, but held", "docker",
	  "{\"auths\":{\"r.io\":{\"auth\":\"dTpvbGQ=\"}},\"credsStore\":\"x\"}", "old", ERR_NONE },
	{ "broken", "docker", "{", NULL, ERR_LOCAL },
};
/* clang-format on */

static void reads_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reads); i++) {
		const struct read_row *r = &reads[i];
		AUTO_TEST_SINK struct test_sink t =
			strcmp(r->type, "file") == 0
				? test_sink_open("file", "path", path, "content", "X={password}",
		                                 NULL)
				: test_sink_open("docker", "path", path, NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_SECRET struct secret *now = NULL;
		struct err e = ERR_INIT;
		(void)unlink(path);
		if (r->text != NULL)
			file_put(path, r->text);
		bool ok = t.ops->read_current(t.s, &who, &now, &e);
		CHECK(ok == (r->kind == ERR_NONE) && e.kind == r->kind, "%s: %s", r->name, e.text);
		CHECK((now == NULL) == (r->want == NULL), "%s", r->name);
		CHECK(now == NULL || strcmp(secret_peek(now), r->want) == 0, "%s", r->name);
	}
}

static void an_abort_leaves_nothing(void **state)
{
	const char *type;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; (type = test_file_type(i)) != NULL; i++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open(type, "path", path, NULL);
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		t.ops->abort(t.s);
		assert_true(t.ops->prepare(t.s, &c, &e));
		assert_int_equal(temporaries_in(dir), 1);
		/* A second prepare takes the place of the first. */
		assert_true(t.ops->prepare(t.s, &c, &e));
		assert_int_equal(temporaries_in(dir), 1);
		t.ops->abort(t.s);
		t.ops->abort(t.s);
		assert_int_equal(temporaries_in(dir), 0);
		assert_false(t.ops->commit(t.s, &e));
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void what_changed_since_prepare_is_kept(void **state)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", path, NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	struct err e = ERR_INIT;

	(void)state;
	file_put(path, "{\"auths\":{\"a\":{}}}");
	assert_true(t.ops->prepare(t.s, &c, &e));
	file_put(path, "{\"auths\":{\"b\":{}}}");
	assert_true(t.ops->commit(t.s, &e));
	char *text = file_get(path);
	assert_string_equal(text, "{\"auths\":{\"b\":{},\"r.io\":{\"auth\":\"dTpuZXc=\"}}}");
	free(text);
	/* And what would shadow us now is found, with nothing changed. */
	assert_true(t.ops->prepare(t.s, &c, &e));
	file_put(path, "{\"credsStore\":\"x\"}");
	assert_false(t.ops->commit(t.s, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	t.ops->abort(t.s);
	text = file_get(path);
	assert_string_equal(text, "{\"credsStore\":\"x\"}");
	free(text);
	assert_int_equal(temporaries_in(dir), 0);
}

static void two_jobs_share_a_config(void **state)
{
	AUTO_TEST_SINK struct test_sink one = test_sink_open("docker", "path", path, NULL);
	AUTO_TEST_SINK struct test_sink two =
		test_sink_open("docker", "path", path, "key", "r.io/x", NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new");
	struct err e = ERR_INIT;

	(void)state;
	assert_true(two.ops->prepare(two.s, &c, &e));
	/* The sweep of one job leaves the other's temporary alone. */
	assert_true(one.ops->sweep(one.s, &c, &e));
	assert_int_equal(temporaries_in(dir), 1);
	assert_true(one.ops->prepare(one.s, &c, &e));
	assert_true(two.ops->commit(two.s, &e));
	/* A more specific entry has appeared: for what is below it, no fault. */
	CHECK(one.ops->commit(one.s, &e), "%s", e.text);
	assert_true(one.ops->check(one.s, &c, &e));
	assert_non_null(strstr(e.text, "'r.io/x'"));
}

static bool is_old(void *ctx, const struct secret *s)
{
	(void)ctx;
	return strcmp(secret_peek(s), "old") == 0;
}

/* A template that was changed finds its own password again, and the file is replaced; without that
 * it stays somebody's. */
static void a_changed_template_knows_its_file(void **state)
{
	static const struct {
		const char *text, *content;
		bool ours;
	} cases[] = {
		{ "X=old\n", "Y={password}", true },
		{ "X=old\n", "{server} {password:url}", true },
		{ "{\"auth\":\"dTpvbGQ=\"}\n", "{password}", true },
		{ "X=other\n", "Y={password}", false },
		{ "nothing of ours\n", "Y={password}", false },
	};
	const struct sink_known known = { .is = is_old };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open("file", "path", path, "content", cases[i].content, NULL);
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		AUTO_SECRET struct secret *now = NULL;
		AUTO_SECRET struct secret *found = NULL;
		struct err e = ERR_INIT;
		file_put(path, cases[i].text);
		CHECK(t.ops->read_current(t.s, &c, &now, &e) && now == NULL, "row %zu", i);
		CHECK(!t.ops->check(t.s, &c, &e) && e.kind == ERR_DECISION, "row %zu: %s", i,
		      e.text);
		CHECK(t.ops->find(t.s, &c, &known, &found, &e), "row %zu: %s", i, e.text);
		CHECK((found != NULL) == cases[i].ours, "row %zu", i);
		CHECK(t.ops->prepare(t.s, &c, &e) == cases[i].ours, "row %zu: %s", i, e.text);
		CHECK(t.ops->commit(t.s, &e) == cases[i].ours, "row %zu", i);
		if (!cases[i].ours)
			continue;
		/* What somebody put there since is not ours for that. */
		file_put(path, "not ours\n");
		CHECK(!t.ops->prepare(t.s, &c, &e) && e.kind == ERR_DECISION, "row %zu", i);
	}
}

/* What is delivered stays held, whatever hides it; who could not read it is told each time it is read. */
static void what_hides_an_entry_later_is_noticed(void **state)
{
	static const struct {
		const char *readers, *around;
		const char *says; /* NULL: it is read */
	} cases[] = {
		{ NULL, "", NULL },
		{ NULL, ",\"credsStore\":\"x\"", "docker would not read" },
		{ "containers", ",\"credsStore\":\"x\"", NULL },
		{ "kubelet", ",\"credHelpers\":{\"r.io\":\"x\"}", NULL },
		{ "containers", ",\"credHelpers\":{\"r.io\":\"\"}", "containers would not read" },
		{ NULL, ",\"experimental\":true", "docker would ignore the whole file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open(
			"docker", "path", path, cases[i].readers != NULL ? "readers" : NULL,
			cases[i].readers, NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_SECRET struct secret *now = NULL;
		AUTO_BUF struct buf text = BUF_INIT(1024);
		struct err e = ERR_INIT;
		buf_fmt(&text, "{\"auths\":{\"r.io\":{\"auth\":\"dTpvbGQ=\"}}%s}", cases[i].around);
		file_put(path, buf_cstr(&text));
		CHECK(t.ops->read_current(t.s, &who, &now, &e) && now != NULL, "row %zu: %s", i,
		      e.text);
		bool taken = t.ops->taken(t.s, &e);
		CHECK(taken == (cases[i].says == NULL), "row %zu: %s", i, e.text);
		CHECK(taken || (e.kind == ERR_CONFIG && strstr(e.text, cases[i].says) != NULL),
		      "row %zu: %s", i, e.text);
	}
}

static void broken_entries_are_remarked(void **state)
{
	AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", path, NULL);
	AUTO_CREDENTIAL struct credential who = test_credential(NULL);
	struct err e = ERR_INIT;

	(void)state;
	file_put(path, "{\"auths\":{\"o\":{\"auth\":\"!\"}}}");
	assert_true(t.ops->check(t.s, &who, &e));
	assert_int_equal(e.kind, ERR_NONE);
	assert_non_null(strstr(e.text, "docker logout o"));
}

/* A second name keeps what was there, as does a mount of the file; in place all have the new. */
static void other_names_of_the_file(void **state)
{
	const char *type;
	char other[4300], back[100];

	(void)state;
	(void)snprintf(other, sizeof(other), "%s/other", dir);
	for (size_t i = 0; (type = test_file_type(i)) != NULL; i++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open(type, "path", path, NULL);
		AUTO_TEST_SINK struct test_sink over =
			test_sink_open(type, "path", path, "in_place", "yes", NULL);
		struct err e = ERR_INIT;
		file_put(path, "");
		assert_int_equal(link(path, other), 0);
		CHECK(deliver(&t, "new", back, sizeof(back), &e) == CHECK_ && e.kind == ERR_CONFIG,
		      "%s: %s", type, e.text);
		assert_non_null(strstr(e.text, "has 2 names (hard links)"));
		e = (struct err)ERR_INIT;
		CHECK(deliver(&over, "new", back, sizeof(back), &e) == DONE, "%s: %s", type,
		      e.text);
		char *now = file_get(other);
		CHECK(now != NULL && now[0] != '\0', "%s: the other name has nothing", type);
		free(now);
		assert_true(unlink(other) == 0 && unlink(path) == 0);
	}
}

static const struct {
	const char *type, *mode;
	mode_t is;
	bool remarked;
} modes[] = {
	{ "docker", NULL, 0644, true },  { "docker", NULL, 0604, true },
	{ "docker", NULL, 0640, false }, { "docker", "0644", 0644, false },
	{ "file", NULL, 0644, true },    { "file", NULL, 0600, false },
	{ "file", "0600", 0644, false },
};

/* It keeps its mode, which was fit for what stood there before; who asked for one knows. */
static void what_all_can_read_is_remarked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		AUTO_TEST_SINK struct test_sink t =
			test_sink_open(modes[i].type, "path", path,
		                       modes[i].mode != NULL ? "mode" : NULL, modes[i].mode, NULL);
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		struct err e = ERR_INIT;
		file_put(path, "");
		assert_int_equal(chmod(path, modes[i].is), 0);
		CHECK(t.ops->check(t.s, &who, &e) && e.kind == ERR_NONE, "row %zu: %s", i, e.text);
		CHECK((strstr(e.text, "can be read by everybody") != NULL) == modes[i].remarked,
		      "row %zu: '%s'", i, e.text);
		assert_int_equal(unlink(path), 0);
	}
}

static void as_another_user(void **state)
{
	struct err e = ERR_INIT;
	struct stat st;
	char back[100], home[4200], file[4300], closed[4300];

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(home, sizeof(home), "%s/home", dir);
	(void)snprintf(closed, sizeof(closed), "%s/closed/home/target", dir);
	(void)snprintf(file, sizeof(file), "%s/target", home);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(mkdir(home, 0700), 0);
	assert_int_equal(chown(home, 65534, 65534), 0);
	AUTO_TEST_SINK struct test_sink root = test_sink_open("docker", "path", file, NULL);
	assert_int_equal(deliver(&root, "new", back, sizeof(back), &e), CHECK_);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "user = NAME"));
	AUTO_TEST_SINK struct test_sink t =
		test_sink_open("docker", "path", file, "user", "nobody", NULL);
	assert_int_equal(deliver(&t, "new", back, sizeof(back), &e), DONE);
	assert_string_equal(back, "new");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(geteuid(), 0);
	/* A directory that is not that user's is not his to give, though he may write in it. */
	AUTO_TEST_SINK struct test_sink roots = test_sink_open(
		"file", "path", path, "user", "nobody", "content", "{password}", NULL);
	assert_int_equal(chmod(dir, 01777), 0);
	assert_int_equal(deliver(&roots, "new", back, sizeof(back), &e), CHECK_);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "belongs to root, not to user nobody"));
	/* Where that user may not go, neither may we. */
	AUTO_TEST_SINK struct test_sink no = test_sink_open(
		"file", "path", closed, "user", "nobody", "content", "{password}", NULL);
	*strrchr(closed, '/') = '\0';
	*strrchr(closed, '/') = '\0';
	assert_int_equal(mkdir(closed, 0700), 0);
	closed[strlen(closed)] = '/';
	assert_true(mkdir(closed, 0700) == 0 && chown(closed, 65534, 65534) == 0);
	assert_int_equal(deliver(&no, "new", back, sizeof(back), &e), CHECK_);
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_non_null(strstr(e.text, "Permission denied"));
}

/* Two jobs with an entry each in one file: what one sweeps is not what the other has prepared. */
static void entries_of_one_file_are_swept_apart(void **state)
{
	AUTO_TEST_SINK struct test_sink one =
		test_sink_open("docker", "path", path, "key", "r.io/one", NULL);
	AUTO_TEST_SINK struct test_sink two =
		test_sink_open("docker", "path", path, "key", "r.io/two", NULL);
	AUTO_CREDENTIAL struct credential c = test_credential("new"), who = test_credential(NULL);
	struct err e = ERR_INIT;

	(void)state;
	file_put(path, "{\"auths\":{}}");
	assert_true(one.ops->prepare(one.s, &c, &e));
	assert_int_equal(temporaries_in(dir), 1);
	assert_true(two.ops->sweep(two.s, &who, &e));
	assert_int_equal(temporaries_in(dir), 1);
	CHECK(one.ops->commit(one.s, &e), "%s", e.text);
	assert_int_equal(temporaries_in(dir), 0);
	/* Its own it does take: of a run that was killed. */
	assert_true(one.ops->prepare(one.s, &c, &e));
	AUTO_TEST_SINK struct test_sink again =
		test_sink_open("docker", "path", path, "key", "r.io/one", NULL);
	assert_true(again.ops->sweep(again.s, &who, &e));
	assert_int_equal(temporaries_in(dir), 0);
}

/* Whatever is done, is done with that user's rights: once the directory is taken away from it,
 * root could go on, and must not. */
static void every_step_is_taken_as_that_user(void **state)
{
	/* clang-format off */
	static const struct { const char *type, *in_place, *what; } steps[] = {
		{ "file", "no", "check" }, { "file", "no", "prepare" }, { "file", "no", "commit" },
		  { "file", "no", "sweep" },
		{ "file", "yes", "commit" }, { "docker", "no", "check" },
		  { "docker", "no", "prepare" }, { "docker", "no", "commit" },
		{ "docker", "no", "sweep" }, { "docker", "yes", "commit" },
	};
	/* clang-format on */
	char home[4200], file[4300];

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(home, sizeof(home), "%s/home", dir);
	(void)snprintf(file, sizeof(file), "%s/target", home);
	CHECK(chmod(dir, 0755) == 0 && mkdir(home, 0700) == 0, "mkdir");
	for (size_t i = 0; i < COUNT(steps); i++) {
		AUTO_CREDENTIAL struct credential c = test_credential("new");
		AUTO_TEST_SINK struct test_sink t =
			strcmp(steps[i].type, "file") == 0
				? test_sink_open("file", "path", file, "user", "nobody", "content",
		                                 "{password}", "in_place", steps[i].in_place, NULL)
				: test_sink_open("docker", "path", file, "user", "nobody",
		                                 "in_place", steps[i].in_place, NULL);
		struct err e = ERR_INIT;
		bool committing = strcmp(steps[i].what, "commit") == 0, ok;
		file_put(file, strcmp(steps[i].type, "file") == 0 ? "old\n" : "{\"auths\":{}}");
		CHECK(chown(home, 65534, 65534) == 0 && chown(file, 65534, 65534) == 0 &&
		              chmod(home, 0700) == 0,
		      "chown");
		CHECK(!committing || t.ops->prepare(t.s, &c, &e), "row %zu: %s", i, e.text);
		CHECK(chown(home, 0, 0) == 0 && chown(file, 0, 0) == 0, "chown");
		if (committing)
			ok = t.ops->commit(t.s, &e);
		else
			ok = strcmp(steps[i].what, "check") == 0   ? t.ops->check(t.s, &c, &e)
			     : strcmp(steps[i].what, "sweep") == 0 ? t.ops->sweep(t.s, &c, &e)
			                                           : t.ops->prepare(t.s, &c, &e);
		CHECK(!ok && strstr(e.text, "Permission denied") != NULL,
		      "%s, in place %s: %s done as root (%s)", steps[i].type, steps[i].in_place,
		      steps[i].what, e.text);
		assert_int_equal(geteuid(), 0);
		char *text = file_get(file);
		CHECK(text != NULL && strstr(text, "new") == NULL &&
		              strstr(text, "dTpuZXc=") == NULL,
		      "row %zu: '%s'", i, text);
		free(text);
		CHECK(chown(home, 65534, 65534) == 0, "chown");
	}
}

static void identities(void **state)
{
	static const char *const want[] = { "docker:/a:r.io", "docker:/a:r.io/x", "file:/a" };
	AUTO_TEST_SINK struct test_sink a = test_sink_open("docker", "path", "/a", NULL);
	AUTO_TEST_SINK struct test_sink b =
		test_sink_open("docker", "path", "/a", "key", "r.io/x", NULL);
	AUTO_TEST_SINK struct test_sink c =
		test_sink_open("file", "path", "/a", "content", "{password}", NULL);
	const struct test_sink *all[] = { &a, &b, &c };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		AUTO_BUF struct buf id = BUF_INIT(100), text = BUF_INIT(100);
		all[i]->ops->identity(all[i]->spec, "r.io", &id);
		assert_string_equal(buf_cstr(&id), want[i]);
		all[i]->ops->describe(all[i]->s, &text);
		assert_string_equal(buf_cstr(&text), "/a");
	}
}

/* clang-format off */
static const struct invalid_row { const char *type, *name, *value, *says; } invalid[] = {
	{ "file", "template_file", "/t", "are mutually exclusive" },
	{ "file", "content", "X={password}Y", "key 'content'" },
	{ "file", "content", "X", "neither {password} nor {auth}" },
	{ "docker", "key", "a b", "not the name of a registry" },
	{ "docker", "key", "a\"b", "not the name of a registry" },
	{ "docker", "key", "a\\b", "not the name of a registry" },
	{ "docker", "key", "a\177b", "not the name of a registry" },
	{ "helper", "program", "bin/helper", "neither an absolute path" },
};
/* clang-format on */

static void specs_that_cannot_work(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(invalid); i++) {
		const struct invalid_row *r = &invalid[i];
		const struct sink_ops *ops = sink_find(r->type);
		void *spec = calloc(1, ops->spec_size);
		bool seen[32] = { false };
		struct err e = ERR_INIT;
		if (strcmp(r->type, "helper") != 0)
			assert_true(keys_set(ops->keys, ops->n_keys, seen, spec, "path", "/x", &e));
		assert_true(keys_set(ops->keys, ops->n_keys, seen, spec, r->name, r->value, &e));
		if (strcmp(r->name, "template_file") == 0)
			assert_true(keys_set(ops->keys, ops->n_keys, seen, spec, "content",
			                     "{password}", &e));
		assert_true(keys_finish(ops->keys, ops->n_keys, seen, spec, &e));
		CHECK(!ops->validate(spec, &e) && e.kind == ERR_CONFIG &&
		              strstr(e.text, r->says) != NULL,
		      "row %zu: %s", i, e.text);
		keys_release(ops->keys, ops->n_keys, spec);
		free(spec);
	}
	assert_null(sink_find("nosuch"));
}

/* ---- credential helpers: scripts ------------------------------------------------------------- */

/* A vault of one file, TARGET, with the answers of docker's helpers. */
#define VAULT                                                                                      \
	"#!/bin/sh\n"                                                                              \
	"case $1 in\n"                                                                             \
	"store) cat >\"$0.kept\" ;;\n"                                                             \
	"get) read -r server; [ -f \"$0.kept\" ] || { echo credentials not found in native "       \
	"keychain; exit 1; }\n"                                                                    \
	"     cat \"$0.kept\" ;;\n"                                                                \
	"*) exit 2 ;;\n"                                                                           \
	"esac\n"

static const struct helper_row {
	const char *name, *script, *kept; /* kept: what the vault has before, or NULL */
	const char *take_entry;
	enum step fails;
	enum err_kind kind;
	const char *says;
} helpers[] = {
	{ "a vault", VAULT, NULL, "no", DONE, ERR_NONE, "" },
	{ "it was ours", VAULT, "{\"ServerURL\":\"r.io\",\"Username\":\"u\",\"Secret\":\"old\"}",
	  "no", DONE, ERR_NONE, "" },
	{ "nothing, as docker-credential-pass says it", VAULT,
	  "{\"ServerURL\":\"r.io\",\"Username\":\"\",\"Secret\":\"\"}", "no", DONE, ERR_NONE, "" },
	{ "another user's", VAULT, "{\"ServerURL\":\"r.io\",\"Username\":\"v\",\"Secret\":\"old\"}",
	  "no", CHECK_, ERR_DECISION, "another user ('v')" },
	{ "another user's is taken", VAULT,
	  "{\"ServerURL\":\"r.io\",\"Username\":\"v\",\"Secret\":\"old\"}", "yes", DONE, ERR_NONE,
	  "" },
	{ "no JSON", VAULT, "hello", "no", CHECK_, ERR_LOCAL,
	  "does not answer as a credential helper" },
	{ "no secret in it", VAULT, "{\"Username\":\"u\"}", "no", CHECK_, ERR_LOCAL,
	  "does not answer as a credential helper" },
	{ "its own words", "#!/bin/sh\necho the vault is sealed; exit 1\n", NULL, "no", CHECK_,
	  ERR_LOCAL, "failed: the vault is sealed" },
	{ "no words", "#!/bin/sh\nexit 1\n", NULL, "no", CHECK_, ERR_LOCAL, "get' failed" },
	{ "it dies", "#!/bin/sh\nkill -SEGV $$\n", NULL, "no", CHECK_, ERR_LOCAL,
	  "died of signal 11" },
	{ "not found, but listed",
	  "#!/bin/sh\n[ $1 = list ] && { echo '{\"r.io\":\"u\"}'; exit 0; }\necho credentials not "
	  "found in native "
	  "keychain; exit 1\n",
	  NULL, "no", CHECK_, ERR_TRANSIENT, "probably locked" },
	{ "not found, and something nameless listed",
	  "#!/bin/sh\n[ $1 = list ] && { echo '{\"\":\"account not defined\"}'; exit 0; }\necho "
	  "credentials not found in native keychain; exit 1\n",
	  NULL, "no", CHECK_, ERR_TRANSIENT, "probably locked" },
	{ "the store fails",
	  "#!/bin/sh\n[ $1 = store ] && { echo disk full; exit 1; }\necho credentials not found in "
	  "native keychain; exit 1\n",
	  NULL, "no", COMMIT, ERR_LOCAL, "store' failed: disk full" },
	{ "it repeats what it was given",
	  "#!/bin/sh\n[ $1 = store ] && { echo no: $(cat); exit 1; }\necho credentials not found "
	  "in native "
	  "keychain; exit 1\n",
	  NULL, "no", COMMIT, ERR_LOCAL, "store' failed" },
	{ "it forgets at once",
	  "#!/bin/sh\n[ $1 = store ] && exit 0\necho credentials not found in native keychain; "
	  "exit 1\n",
	  NULL, "no", COMMIT, ERR_LOCAL, "does not return it" },
	{ "it is no program", NULL, NULL, "no", CHECK_, ERR_CONFIG, "key 'program'" },
};

static void credential_helpers(void **state)
{
	char kept[4300];

	(void)state;
	(void)snprintf(kept, sizeof(kept), "%s.kept", path);
	for (size_t i = 0; i < COUNT(helpers); i++) {
		const struct helper_row *r = &helpers[i];
		struct err e = ERR_INIT;
		char back[100] = "";
		(void)unlink(path);
		(void)unlink(kept);
		if (r->script != NULL) {
			file_put(path, r->script);
			assert_int_equal(chmod(path, 0700), 0);
		}
		if (r->kept != NULL)
			file_put(kept, r->kept);
		AUTO_TEST_SINK struct test_sink t = test_sink_open(
			"helper", "program", path, "take_entry", r->take_entry, NULL);
		enum step got = deliver(&t, "n\"w\\", back, sizeof(back), &e);
		CHECK(got == r->fails, "%s: step %d: %s", r->name, (int)got, e.text);
		CHECK(e.kind == r->kind && strstr(e.text, r->says) != NULL, "%s: %s", r->name,
		      e.text);
		CHECK(got != DONE || strcmp(back, "n\"w\\") == 0, "%s: '%s'", r->name, back);
		/* Somebody else's is not ours to copy to other sinks. */
		AUTO_CREDENTIAL struct credential who = test_credential(NULL);
		AUTO_SECRET struct secret *held = NULL;
		struct err unread = ERR_INIT;
		CHECK(e.kind != ERR_DECISION ||
		              (t.ops->read_current(t.s, &who, &held, &unread) && held == NULL),
		      "%s: read as ours", r->name);
		CHECK(strstr(e.text, "n\\\"w") == NULL && strstr(e.text, "n\"w") == NULL,
		      "%s: the password in '%s'", r->name, e.text);
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, make, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(deliveries),
		T(reads_back),
		T(an_abort_leaves_nothing),
		T(what_changed_since_prepare_is_kept),
		T(two_jobs_share_a_config),
		T(a_changed_template_knows_its_file),
		T(what_hides_an_entry_later_is_noticed),
		T(broken_entries_are_remarked),
		T(other_names_of_the_file),
		T(what_all_can_read_is_remarked),
		T(as_another_user),
		T(every_step_is_taken_as_that_user),
		T(entries_of_one_file_are_swept_apart),
		T(identities),
		T(specs_that_cannot_work),
		T(credential_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
