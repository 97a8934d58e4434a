/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <acl/libacl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <sys/acl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/fs_target.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fakes/sinks.h"

static char *dir;

static int make(void **state)
{
	(void)state;
	dir = scratch_make();
	return 0;
}

static int drop(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

/* DIR/name, in one of a few buffers. */
static const char *in(const char *name)
{
	static char text[4][4200];
	static int next;
	char *p = text[next++ % 4];

	(void)snprintf(p, sizeof(text[0]), "%s/%s", dir, name);
	return p;
}

static void check_text(const char *path, const char *want)
{
	char *text = file_get(path);

	CHECK_TEXT(text, want, "%s", path);
	free(text);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------- */

static bool read_it(const char *path, size_t max, size_t *len, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(max);
	struct fs_id id;
	struct stat st;

	if (!fs_read(path, max, &text, &id, e))
		return false;
	*len = text.len;
	assert_int_equal(stat(path, &st), 0);
	assert_true(id.ino == st.st_ino && id.size == st.st_size && id.dev == st.st_dev);
	return true;
}

static void reads_whole_files(void **state)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, 40000 };
	size_t len;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		FILE *f = fopen(in("f"), "we");
		for (size_t k = 0; k < sizes[i]; k++)
			assert_true(fputc((int)('a' + k % 26), f) != EOF);
		assert_int_equal(fclose(f), 0);
		CHECK(read_it(in("f"), 40000, &len, &e) && len == sizes[i], "size %zu: %s", sizes[i], e.text);
		if (sizes[i] > 0)
			CHECK(!read_it(in("f"), sizes[i] - 1, &len, &e) && e.kind == ERR_LOCAL, "size %zu", sizes[i]);
	}
}

static void refuses_what_is_no_file(void **state)
{
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	assert_false(read_it(in("missing"), 10, &len, &e));
	assert_int_equal(e.kind, ERR_MISSING);
	assert_false(read_it(in("missing/below"), 10, &len, &e));
	assert_int_equal(e.kind, ERR_MISSING);
	assert_false(read_it(dir, 10, &len, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_false(read_it(in("fifo"), 10, &len, &e));     /* and does not hang */
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_int_equal(symlink("loop", in("loop")), 0);
	assert_false(read_it(in("loop"), 10, &len, &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	/* /proc says 0 bytes and has some. */
	AUTO_BUF struct buf text = BUF_INIT(65536);
	assert_true(fs_read("/proc/self/status", 65536, &text, NULL, &e));
	assert_true(text.len > 0);
}

static const struct secret_row { const char *text; mode_t mode; bool shared_ok; const char *want; enum err_kind kind; } secrets[] = {
	{ "s3\n", 0600, false, "s3", ERR_NONE },
	{ "s3\r\n\n", 0400, false, "s3", ERR_NONE },
	{ " s3 ", 0600, false, " s3 ", ERR_NONE },
	{ "s3", 0640, false, NULL, ERR_CONFIG },
	{ "s3", 0604, false, NULL, ERR_CONFIG },
	{ "s3", 0644, true, "s3", ERR_NONE },
	{ "", 0600, false, NULL, ERR_CONFIG },
	{ "\n\n", 0600, false, NULL, ERR_CONFIG },
};

static void secret_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		const struct secret_row *r = &secrets[i];
		AUTO_SECRET struct secret *s = NULL;
		struct err e = ERR_INIT;
		file_put(in("secret"), r->text);
		assert_int_equal(chmod(in("secret"), r->mode), 0);
		bool ok = fs_read_secret(in("secret"), r->shared_ok, &s, &e);
		CHECK(ok == (r->want != NULL), "row %zu: %s", i, e.text);
		CHECK(!ok || strcmp(secret_peek(s), r->want) == 0, "row %zu", i);
		CHECK(ok || e.kind == r->kind, "row %zu: %d", i, e.kind);
		CHECK(strstr(e.text, "s3") == NULL, "row %zu: a secret in the error", i);
		assert_int_equal(unlink(in("secret")), 0);
	}
	/* Somebody else's: who owns it decides what it says. */
	if (geteuid() != 0)
		return;
	AUTO_SECRET struct secret *theirs = NULL;
	struct err e = ERR_INIT;
	file_put(in("secret"), "s3");
	assert_int_equal(chmod(in("secret"), 0600) + chown(in("secret"), 12345, 0), 0);
	assert_false(fs_read_secret(in("secret"), false, &theirs, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_true(fs_read_secret(in("secret"), true, &theirs, &e));
	assert_int_equal(unlink(in("secret")), 0);
}

static void credentials_of_systemd(void **state)
{
	AUTO_SECRET struct secret *s = NULL;
	struct err e = ERR_INIT;
	char outside[4300];

	(void)state;
	assert_int_equal(mkdir(in("cred"), 0700), 0);
	file_put(in("cred/x"), "s3");
	file_put(in("y"), "s3");
	assert_int_equal(chmod(in("cred/x"), 0440), 0);
	assert_int_equal(chmod(in("y"), 0440), 0);
	assert_false(fs_read_secret(in("cred/x"), false, &s, &e));
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", in("cred/"), 1), 0);
	assert_true(fs_read_secret(in("cred/x"), false, &s, &e));
	secret_free(s);
	s = NULL;
	(void)snprintf(outside, sizeof(outside), "%s/cred/../y", dir);
	assert_false(fs_read_secret(outside, false, &s, &e));
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

/* ---- replacing ----------------------------------------------------------------------------------------------------------------- */

static bool replace(const char *path, struct fs_attr attr, const char *text, struct err *e)
{
	AUTO_STAGE struct fs_stage *s = NULL;

	return fs_stage_open(path, &attr, &s, e) && fs_stage_write(s, text, strlen(text), e) && fs_stage_seal(s, e) &&
	       (fs_stage_park(s), fs_stage_commit(s, e));
}

static const struct fs_attr keep = FS_ATTR_KEEP;

static void the_mode_stays(void **state)
{
	static const struct { int have, ask, want; } modes[] = {
		{ -1, -1, 0600 }, { -1, 0640, 0640 }, { 0640, -1, 0640 }, { 0604, -1, 0604 }, { 0400, -1, 0400 }, { 0640, 0600, 0600 },
	};
	struct err e = ERR_INIT;

	(void)state;
	(void)umask(077);
	for (size_t i = 0; i < COUNT(modes); i++) {
		(void)unlink(in("f"));
		if (modes[i].have >= 0) {
			file_put(in("f"), "old");
			assert_int_equal(chmod(in("f"), (mode_t)modes[i].have), 0);
		}
		struct fs_attr attr = keep;
		attr.mode = modes[i].ask;
		CHECK(replace(in("f"), attr, "new", &e), "row %zu: %s", i, e.text);
		CHECK(mode_of(in("f")) == (mode_t)modes[i].want, "row %zu: %o", i, mode_of(in("f")));
		check_text(in("f"), "new");
	}
	assert_int_equal(temporaries_in(dir), 0);
}

static void an_acl_and_attributes_stay(void **state)
{
	acl_t acl = acl_from_text("u::rw-,u:65534:r--,g::---,m::r--,o::---");
	struct err e = ERR_INIT;
	char value[16], *text;

	(void)state;
	file_put(in("f"), "old");
	if (acl_set_file(in("f"), ACL_TYPE_ACCESS, acl) != 0 || setxattr(in("f"), "user.tag", "blue", 4, 0) != 0) {
		(void)acl_free(acl);
		skip();
	}
	assert_true(replace(in("f"), keep, "new", &e));
	assert_int_equal(getxattr(in("f"), "user.tag", value, sizeof(value)), 4);
	assert_memory_equal(value, "blue", 4);
	acl_t now = acl_get_file(in("f"), ACL_TYPE_ACCESS);
	text = acl_to_any_text(now, NULL, ',', TEXT_NUMERIC_IDS);
	assert_string_equal(text, "user::rw-,user:65534:r--,group::---,mask::r--,other::---");
	assert_int_equal(mode_of(in("f")), 0640);
	(void)acl_free(text);
	(void)acl_free(now);
	/* A mode that is asked for narrows it: the group bits are the mask. */
	struct fs_attr attr = keep;
	attr.mode = 0600;
	assert_true(replace(in("f"), attr, "new", &e));
	now = acl_get_file(in("f"), ACL_TYPE_ACCESS);
	text = acl_to_any_text(now, NULL, ',', TEXT_NUMERIC_IDS);
	assert_string_equal(text, "user::rw-,user:65534:r--,group::---,mask::---,other::---");
	(void)acl_free(text);
	(void)acl_free(now);
	(void)acl_free(acl);
}

static void a_default_acl_is_not_taken_on(void **state)
{
	acl_t acl = acl_from_text("u::rwx,u:65534:rwx,g::r-x,m::rwx,o::---");
	struct err e = ERR_INIT;

	(void)state;
	file_put(in("f"), "old");
	assert_int_equal(chmod(in("f"), 0640), 0);
	int r = acl_set_file(dir, ACL_TYPE_DEFAULT, acl);
	(void)acl_free(acl);
	if (r != 0)
		skip();
	assert_true(replace(in("f"), keep, "new", &e));
	assert_int_equal(getxattr(in("f"), "system.posix_acl_access", NULL, 0), -1);
	assert_int_equal(mode_of(in("f")), 0640);
}

static void the_owner_stays(void **state)
{
	struct err e = ERR_INIT;
	struct fs_attr attr = keep;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	file_put(in("f"), "old");
	assert_int_equal(chown(in("f"), 12345, 23456), 0);
	assert_true(replace(in("f"), keep, "new", &e));
	assert_int_equal(stat(in("f"), &st), 0);
	assert_true(st.st_uid == 12345 && st.st_gid == 23456);
	attr.gid = 7;
	assert_true(replace(in("f"), attr, "new", &e));
	assert_int_equal(stat(in("f"), &st), 0);
	assert_true(st.st_uid == 12345 && st.st_gid == 7);
}

static void links_are_followed(void **state)
{
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(in("real"), 0700), 0);
	file_put(in("real/f"), "old");
	assert_int_equal(symlink("real/f", in("one")), 0);              /* relative: docker 26 fails on it */
	assert_int_equal(symlink(in("one"), in("real/two")), 0);        /* absolute, to a link */
	assert_int_equal(symlink("real", in("alias")), 0);
	assert_int_equal(symlink("real/not-yet", in("three")), 0);
	assert_true(replace(in("one"), keep, "1", &e));
	check_text(in("real/f"), "1");
	assert_true(replace(in("alias/two"), keep, "2", &e));
	check_text(in("real/f"), "2");
	assert_true(replace(in("three"), keep, "3", &e));
	check_text(in("real/not-yet"), "3");
	assert_int_equal(lstat(in("one"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(symlink("b", in("a")), 0);
	assert_int_equal(symlink("a", in("b")), 0);
	assert_false(replace(in("a"), keep, "x", &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_int_equal(temporaries_in(dir) + temporaries_in(in("real")), 0);
}

static void no_file_can_be_there(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir(in("d"), 0700), 0);
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_false(replace(in("d"), keep, "x", &e));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_false(replace(in("fifo"), keep, "x", &e));
	assert_false(replace(in("none/f"), keep, "x", &e));
	assert_false(replace(in("d/"), keep, "x", &e));
	assert_false(replace(in("d/.."), keep, "x", &e));
	assert_int_equal(temporaries_in(dir), 0);
}

static void an_uncommitted_stage_leaves_nothing(void **state)
{
	struct err e = ERR_INIT;
	struct fs_stage *s = NULL;

	(void)state;
	file_put(in("f"), "old");
	assert_true(fs_stage_open(in("f"), &keep, &s, &e));
	assert_int_equal(temporaries_in(dir), 1);
	fs_stage_free(s);
	assert_int_equal(temporaries_in(dir), 0);
	assert_true(fs_stage_open(in("f"), &keep, &s, &e));
	assert_true(fs_stage_write(s, "x", 1, &e));
	assert_true(fs_stage_seal(s, &e));
	fs_stage_park(s);
	fs_stage_free(s);
	assert_int_equal(temporaries_in(dir), 0);
	check_text(in("f"), "old");
	fs_stage_free(NULL);
}

static void a_parked_stage_finds_only_its_own_directory(void **state)
{
	struct err e = ERR_INIT;
	struct fs_stage *s = NULL;

	(void)state;
	assert_int_equal(mkdir(in("a"), 0700), 0);
	assert_int_equal(mkdir(in("b"), 0700), 0);
	assert_int_equal(symlink("a", in("d")), 0);
	assert_true(fs_stage_open(in("d/f"), &keep, &s, &e));
	assert_true(fs_stage_write(s, "x", 1, &e));
	assert_true(fs_stage_seal(s, &e));
	fs_stage_park(s);
	assert_int_equal(unlink(in("d")), 0);
	assert_int_equal(symlink("b", in("d")), 0);
	assert_false(fs_stage_commit(s, &e));
	assert_non_null(strstr(e.text, "another place"));
	assert_int_equal(access(in("b/f"), F_OK), -1);
	fs_stage_free(s);
}

static void a_probe_changes_nothing(void **state)
{
	struct err e = ERR_INIT;
	struct stat before, after;

	(void)state;
	file_put(in("f"), "old");
	assert_int_equal(stat(in("f"), &before), 0);
	assert_true(fs_stage_probe(in("f"), &keep, 100000, &e));
	assert_int_equal(stat(in("f"), &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
	            before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
	check_text(in("f"), "old");
	assert_true(fs_stage_probe(in("new"), &keep, 100000, &e));
	assert_int_equal(access(in("new"), F_OK), -1);
	assert_int_equal(temporaries_in(dir), 0);
	assert_false(fs_stage_probe(in("none/f"), &keep, 1, &e));
}

static void replaces_in_one_call(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_true(fs_replace(in("s"), "one", 3, 0600, &e));
	assert_true(fs_replace(in("s"), "", 0, 0640, &e));
	check_text(in("s"), "");
	assert_int_equal(mode_of(in("s")), 0640);
}

static void in_place_the_file_is_the_same(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(100), old = BUF_INIT(100);
	struct err e = ERR_INIT;
	struct stat before, after;

	(void)state;
	file_put(in("f"), "a longer old content");
	assert_int_equal(link(in("f"), in("g")), 0);
	assert_int_equal(stat(in("f"), &before), 0);
	buf_str(&text, "short");
	buf_str(&old, "a longer old content");
	assert_true(fs_place_reserve(in("f"), true, 100000, &e));
	check_text(in("f"), "a longer old content");
	assert_true(fs_place_write(in("f"), true, &text, &old, &e));
	check_text(in("g"), "short");
	assert_int_equal(stat(in("f"), &after), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_false(fs_place_write(in("none"), true, &text, &old, &e));
	assert_int_equal(e.kind, ERR_MISSING);
}

/* ---- exchange and sweep -------------------------------------------------------------------------------------------------------- */

static void a_sweep_takes_only_its_own(void **state)
{
	struct err e = ERR_INIT;
	struct fs_attr one = keep, two = keep;
	struct fs_stage *s = NULL, *t = NULL, *u = NULL;

	(void)state;
	one.tag = "one";
	two.tag = "two";
	file_put(in("f"), "old");
	assert_true(fs_stage_open(in("f"), &one, &s, &e));
	assert_true(fs_stage_open(in("f"), &two, &t, &e));
	assert_true(fs_stage_open(in("g"), &one, &u, &e));
	assert_int_equal(temporaries_in(dir), 3);
	assert_true(fs_sweep(in("f"), &one, 100, NULL, NULL, &e));
	assert_int_equal(temporaries_in(dir), 2);
	assert_true(fs_sweep(in("f"), &one, 100, NULL, NULL, &e));
	fs_stage_free(s);
	fs_stage_free(t);
	fs_stage_free(u);
	assert_int_equal(temporaries_in(dir), 0);
	check_text(in("f"), "old");
	/* Names that only look like ours. */
	file_put(in(".acrotate.x"), "");
	assert_true(fs_sweep(in("f"), &one, 100, NULL, NULL, &e));
	assert_int_equal(temporaries_in(dir), 1);
}

static struct fs_stage *sealed(const char *path, const char *text)
{
	struct fs_stage *s = NULL;
	struct err e = ERR_INIT;

	assert_true(fs_stage_open(path, &keep, &s, &e));
	assert_true(fs_stage_write(s, text, strlen(text), &e));
	assert_true(fs_stage_seal(s, &e));
	return s;
}

static void exchanges_and_swaps_back(void **state)
{
	AUTO_BUF struct buf base = BUF_INIT(100), displaced = BUF_INIT(100);
	struct err e = ERR_INIT;
	enum fs_exchange how;
	struct fs_id id, other;
	bool back;

	(void)state;
	file_put(in("f"), "old");
	assert_true(fs_read(in("f"), 100, &base, &id, &e));
	struct fs_stage *s = sealed(in("f"), "new");
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	if (how == FS_EXCHANGE_COMMITTED) {
		fs_stage_free(s);
		skip(); /* no exchange here */
	}
	assert_int_equal(how, FS_EXCHANGE_DONE);
	check_text(in("f"), "new");
	assert_true(fs_stage_displaced(s, 100, &displaced, &other, &e));
	assert_string_equal(buf_cstr(&displaced), "old");
	assert_true(fs_id_equal(&id, &other));
	assert_true(fs_stage_swap_back(s, &back, &e));
	assert_true(back);
	check_text(in("f"), "old");
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	assert_true(fs_stage_settle(s, &e));
	check_text(in("f"), "new");
	assert_int_equal(temporaries_in(dir), 0);
	fs_stage_free(s);
	/* It is no longer what was read. */
	s = sealed(in("f"), "newer");
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	assert_int_equal(how, FS_EXCHANGE_CHANGED);
	assert_true(fs_stage_exchange(s, NULL, &base, &how, &e));
	assert_int_equal(how, FS_EXCHANGE_CHANGED);
	fs_stage_free(s);
	check_text(in("f"), "new");
	/* There was none, and is none. */
	s = sealed(in("g"), "first");
	assert_true(fs_stage_exchange(s, NULL, &base, &how, &e));
	assert_int_equal(how, FS_EXCHANGE_COMMITTED);
	fs_stage_free(s);
	check_text(in("g"), "first");
	assert_int_equal(temporaries_in(dir), 0);
}

struct home { int calls; char text[100]; bool ours, fail; };

static bool note_it(void *ctx, const struct buf *displaced, bool target_is_ours, struct err *e)
{
	struct home *h = ctx;

	h->calls++;
	(void)snprintf(h->text, sizeof(h->text), "%s", buf_cstr(displaced));
	h->ours = target_is_ours;
	return !h->fail || err_set(e, ERR_LOCAL, "no");
}

/* The path of the only temporary. */
static void temporary(char *out, size_t size)
{
	DIR *d = opendir(dir);

	out[0] = '\0';
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (strncmp(e->d_name, ".acrotate.", 10) == 0)
			(void)snprintf(out, size, "%s/%s", dir, e->d_name);
	(void)closedir(d);
	assert_true(out[0] != '\0');
}

/* An exchange whose run was killed; what was displaced says `displaced`. */
static void leave_displaced(const char *displaced)
{
	AUTO_BUF struct buf base = BUF_INIT(100);
	struct err e = ERR_INIT;
	enum fs_exchange how;
	struct fs_id id;
	char temp[4400];

	file_put(in("f"), "old");
	assert_true(fs_read(in("f"), 100, &base, &id, &e));
	struct fs_stage *s = sealed(in("f"), "new");
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	fs_stage_free(s);
	if (how == FS_EXCHANGE_COMMITTED)
		skip();
	assert_int_equal(temporaries_in(dir), 1);
	temporary(temp, sizeof(temp));
	if (displaced != NULL)
		file_put(temp, displaced);
}

static void a_displaced_file_is_brought_home(void **state)
{
	struct home h = { .calls = 0 };
	struct err e = ERR_INIT;
	char temp[4400];

	(void)state;
	/* What was read before holds nothing new. */
	leave_displaced(NULL);
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 0);
	assert_int_equal(temporaries_in(dir), 0);
	/* Nor does our own content, of a run that was killed before the exchange: it may be older than what stands there. */
	leave_displaced(NULL);
	temporary(temp, sizeof(temp));
	assert_int_equal(renameat2(AT_FDCWD, temp, AT_FDCWD, in("f"), RENAME_EXCHANGE), 0);
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 0);
	assert_int_equal(temporaries_in(dir), 0);
	check_text(in("f"), "old");
	/* Somebody's update, and ours is still what stands there. */
	leave_displaced("theirs");
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 1);
	assert_string_equal(h.text, "theirs");
	assert_true(h.ours);
	assert_int_equal(temporaries_in(dir), 0);
	/* And it is not. */
	leave_displaced("theirs");
	assert_int_equal(unlink(in("f")), 0);
	file_put(in("f"), "another");
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 2);
	assert_false(h.ours);
	/* What cannot be merged stays. */
	h.fail = true;
	leave_displaced("theirs");
	assert_false(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(temporaries_in(dir), 1);
	assert_false(fs_sweep(in("f"), &keep, 100, NULL, NULL, &e));
	assert_int_equal(temporaries_in(dir), 1);
}

/* ---- who else can write there (root only) -------------------------------------------------------------------------------------- */

#define OTHER 12345

static const struct guard_row {
	const char *name;
	uid_t d_owner; gid_t d_group; mode_t d_mode;    /* of the directory d that the file is in */
	bool file; uid_t f_owner;
	bool ok;
} guards[] = {
	{ "root's own", 0, 0, 0755, true, 0, true },
	{ "root's own, the file is somebody's", 0, 0, 0755, true, OTHER, true },
	{ "a new file", 0, 0, 0755, false, 0, true },
	{ "somebody's directory", OTHER, 0, 0755, true, 0, false },
	{ "all can write", 0, 0, 0777, true, 0, false },
	{ "a group can write", 0, OTHER, 0775, true, 0, false },
	{ "root's group can write", 0, 0, 0775, true, 0, true },
	{ "sticky, the file is ours", 0, 0, 01777, true, 0, true },
	{ "sticky, a new file", 0, 0, 01777, false, 0, true },
	{ "sticky, the file is somebody's", 0, 0, 01777, true, OTHER, false },
};

static void guards_the_way(void **state)
{
	struct fs_attr attr = keep;

	(void)state;
	if (geteuid() != 0)
		skip();
	attr.guarded = true;
	for (size_t i = 0; i < COUNT(guards); i++) {
		const struct guard_row *r = &guards[i];
		AUTO_STAGE struct fs_stage *s = NULL;
		struct err e = ERR_INIT;
		(void)unlink(in("d/f"));
		(void)rmdir(in("d"));
		assert_int_equal(mkdir(in("d"), 0700), 0);
		if (r->file) {
			file_put(in("d/f"), "old");
			assert_int_equal(chown(in("d/f"), r->f_owner, 0), 0);
		}
		assert_int_equal(chown(in("d"), r->d_owner, r->d_group), 0);
		assert_int_equal(chmod(in("d"), r->d_mode), 0);
		bool ok = fs_stage_open(in("d/f"), &attr, &s, &e);
		CHECK(ok == r->ok, "%s: %s", r->name, e.text);
		CHECK(ok || e.kind == ERR_CONFIG, "%s: %s", r->name, e.text);
	}
}

static void guards_links_on_the_way(void **state)
{
	struct fs_attr attr = keep;
	struct fs_stage *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	if (geteuid() != 0)
		skip();
	attr.guarded = true;
	assert_int_equal(mkdir(in("real"), 0700), 0);
	assert_int_equal(mkdir(in("tmp"), 0700), 0);
	assert_int_equal(chmod(in("tmp"), 01777), 0);
	assert_int_equal(symlink("../real/f", in("tmp/mine")), 0);
	assert_int_equal(symlink("../real/f", in("tmp/theirs")), 0);
	assert_int_equal(lchown(in("tmp/theirs"), OTHER, OTHER), 0);
	assert_true(fs_stage_open(in("tmp/mine"), &attr, &s, &e));
	fs_stage_free(s);
	assert_false(fs_stage_open(in("tmp/theirs"), &attr, &s, &e));
	assert_non_null(strstr(e.text, "belongs to somebody else"));
	/* A safe link into an unsafe place. */
	assert_int_equal(mkdir(in("open"), 0700), 0);
	assert_int_equal(chmod(in("open"), 0777), 0);
	assert_int_equal(symlink("open/f", in("way")), 0);
	assert_int_equal(symlink("open", in("waydir")), 0);
	assert_false(fs_stage_open(in("way"), &attr, &s, &e));
	assert_false(fs_stage_open(in("waydir/../open/f"), &attr, &s, &e));
	assert_non_null(strstr(e.text, "user = NAME"));
	assert_false(fs_stage_open("relative", &attr, &s, &e));
}

/* ---- another user's rights (root only) ----------------------------------------------------------------------------------------- */

static int groups_of_all;

static void *look_from_another_thread(void *arg)
{
	const char *path = arg;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool root = fd >= 0 && getgroups(0, NULL) == groups_of_all;

	if (fd >= 0)
		(void)close(fd);
	return root ? arg : NULL;
}

/* Root in a sandbox: a child without these capabilities. Its exit status says how it went. */
static int take_without(unsigned long long lost, const struct fs_user *user)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct fs_rights r = { .taken = false };
	struct err e = ERR_INIT;

	if (syscall(SYS_capget, &head, data) != 0)
		return 1;
	data[0].effective &= ~(unsigned)lost;
	data[0].permitted &= ~(unsigned)lost;
	if (syscall(SYS_capset, &head, data) != 0)
		return 2;
	if (fs_rights_take(user, &r, &e) || r.taken)
		return 3;
	fs_rights_drop(&r);
	return strstr(e.text, "CAP_SETUID and CAP_SETGID are needed") != NULL ? 0 : 4;
}

static void without_the_capabilities_it_is_an_error(void **state)
{
	static const unsigned long long lost[] = { 1ull << CAP_SETGID, 1ull << CAP_SETUID, 1ull << CAP_SETGID | 1ull << CAP_SETUID };
	struct fs_user user;
	struct err e = ERR_INIT;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(fs_user_find("nobody", &user, &e));
	for (size_t i = 0; i < COUNT(lost); i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			_exit(take_without(lost[i], &user));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "row %zu ended with %d", i, status);
	}
	fs_user_clear(&user);
}

static void a_thread_takes_a_users_rights(void **state)
{
	struct fs_user user;
	struct fs_rights r = { .taken = false };
	struct err e = ERR_INIT;
	gid_t before[64], after[64];
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	static char roots[4200];
	(void)snprintf(roots, sizeof(roots), "%s", in("roots"));
	int n = getgroups(64, before);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(mkdir(in("home"), 0700), 0);
	assert_true(fs_user_find("nobody", &user, &e));
	assert_int_equal(chown(in("home"), user.uid, user.gid), 0);
	file_put(roots, "secret");
	assert_int_equal(chmod(roots, 0600), 0);

	assert_true(fs_rights_take(&user, &r, &e));
	assert_true(r.taken);
	int fd = open(roots, O_RDONLY | O_CLOEXEC);
	assert_true(fd < 0 && errno == EACCES);
	assert_false(replace(in("f"), keep, "x", &e));
	assert_true(replace(in("home/f"), keep, "x", &e));
	fs_rights_drop(&r);

	assert_int_equal(stat(in("home/f"), &st), 0);
	assert_int_equal(st.st_uid, user.uid);
	assert_int_equal(st.st_gid, user.gid);
	fd = open(roots, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(getgroups(64, after), n);
	assert_memory_equal(before, after, (size_t)n * sizeof(gid_t));
	assert_true(replace(in("f"), keep, "x", &e));
	fs_user_clear(&user);
	assert_false(fs_user_find("no-such-user", &user, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
}

static int read_with_our_group(void *arg)
{
	static const gid_t ours[] = { 54321 };
	struct fs_rights r = { .taken = false };
	struct err e = ERR_INIT;

	if (setgroups(COUNT(ours), ours) != 0 || open(in("grouped"), O_RDONLY | O_CLOEXEC) < 0 || !fs_rights_take(arg, &r, &e))
		return 2;
	int fd = open(in("grouped"), O_RDONLY | O_CLOEXEC), why = errno;
	fs_rights_drop(&r);
	gid_t now[4];
	return fd < 0 && why == EACCES && getgroups(4, now) == 1 && now[0] == ours[0] ? 0 : 1;
}

/* With another user's rights our groups open nothing. */
static void our_groups_are_laid_down(void **state)
{
	struct fs_user user;
	struct err e = ERR_INIT;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(fs_user_find("nobody", &user, &e));
	file_put(in("grouped"), "secret");
	assert_int_equal(chown(in("grouped"), 0, 54321) + chmod(in("grouped"), 0640) + chmod(dir, 0755), 0);
	assert_int_equal(in_child(read_with_our_group, &user), 0);
	fs_user_clear(&user);
}

static void *wait_then_look(void *arg)
{
	void **a = arg;
	char byte;

	/* Until the main thread has taken the rights. */
	if (read(*(int *)a[0], &byte, 1) != 1)
		return NULL;
	return look_from_another_thread(a[1]);
}

static void other_threads_keep_theirs(void **state)
{
	struct fs_user user;
	struct fs_rights r = { .taken = false };
	struct err e = ERR_INIT;
	static char roots[4200];
	int ends[2];
	pthread_t other;
	void *seen = NULL, *args[2] = { &ends[0], roots };

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(roots, sizeof(roots), "%s", in("roots"));
	file_put(roots, "secret");
	assert_int_equal(chmod(roots, 0600), 0);
	assert_int_equal(pipe(ends), 0);
	assert_true(fs_user_find("nobody", &user, &e));
	/* As many as nobody has would show nothing. */
	const gid_t groups[] = { 0, 4, 5, 6 };
	int before = getgroups(0, NULL);
	gid_t *kept = calloc((size_t)before + 1, sizeof(*kept));
	assert_int_equal(getgroups(before, kept), before);
	assert_int_equal(setgroups(COUNT(groups), groups), 0);
	groups_of_all = COUNT(groups);
	assert_int_equal(pthread_create(&other, NULL, wait_then_look, args), 0);
	assert_true(fs_rights_take(&user, &r, &e));
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(pthread_join(other, &seen), 0);
	fs_rights_drop(&r);
	assert_int_equal(setgroups((size_t)before, kept), 0);
	free(kept);
	assert_non_null(seen);
	fs_user_clear(&user);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static const struct owner_row { const char *text; int64_t uid, gid; bool ok; } owners[] = {
	{ "root", 0, -1, true },       { "root:root", 0, 0, true }, { ":root", -1, 0, true },   { "0:0", 0, 0, true },
	{ "12345", 12345, -1, true },  { "1:2", 1, 2, true },       { "nosuch", 0, 0, false },  { "root:nosuch", 0, 0, false },
	{ "4294967295", 0, 0, false }, { "-1", 0, 0, false },       { "root:", 0, -1, true },
};

static void owners_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(owners); i++) {
		int64_t uid = -7, gid = -7;
		struct err e = ERR_INIT;
		bool ok = fs_owner_find(owners[i].text, &uid, &gid, &e);
		CHECK(ok == owners[i].ok, "'%s': %s", owners[i].text, e.text);
		CHECK(!ok || (uid == owners[i].uid && gid == owners[i].gid), "'%s'", owners[i].text);
		CHECK(ok || (e.kind == ERR_CONFIG && uid == -7 && gid == -7), "'%s'", owners[i].text);
	}
}

/* ---- many threads in one directory ------------------------------------------------------------------------------------------------ */

#define WRITERS 12
#define ROUNDS  20

struct writer { pthread_t id; int number; bool ok; };

static void *write_often(void *arg)
{
	struct writer *w = arg;
	AUTO_FREE char *path = mem_fmt("%s/shared-%d", dir, w->number);
	struct err e = ERR_INIT;

	w->ok = true;
	for (int i = 0; i < ROUNDS && w->ok; i++) {
		AUTO_FREE char *text = mem_fmt("%d of %d", i, w->number);
		w->ok = fs_replace(path, text, strlen(text), 0600, &e);
	}
	return NULL;
}

/* They share its syncs: each of them must come to its end, and none be told of another's. */
static void threads_share_syncs(void **state)
{
	struct writer w[WRITERS];
	int closed = dup(0);

	(void)state;
	assert_true(closed >= 0 && close(closed) == 0);
	assert_int_equal(fs_sync_dir(closed), EBADF);
	for (int i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){ .number = i };
		assert_int_equal(pthread_create(&w[i].id, NULL, write_often, &w[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(w[i].id, NULL), 0);
		AUTO_FREE char *name = mem_fmt("shared-%d", i), *want = mem_fmt("%d of %d", ROUNDS - 1, i);
		AUTO_BUF struct buf text = BUF_INIT(100);
		struct err e = ERR_INIT;
		CHECK(w[i].ok && fs_read(in(name), 100, &text, NULL, &e), "writer %d", i);
		assert_string_equal(buf_cstr(&text), want);
		assert_int_equal(unlink(in(name)), 0);
	}
}

/* ---- full disks, mounts (root only, in a namespace of their own) ------------------------------------------------------------------ */

#define SKIPPED 77

static bool own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

/* In a child, where cmocka's checks cannot report: the line that failed is the exit status. */
#define MUST(cond)                                                                                                     \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			print_error("%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);                                 \
			return 1;                                                                                      \
		}                                                                                                      \
	} while (0)

static int on_a_full_disk(void *arg)
{
	struct err e = ERR_INIT;
	static char junk[1 << 20];

	(void)arg;
	if (!own_mounts() || mount("none", dir, "tmpfs", 0, "size=256k,mode=700") != 0)
		return SKIPPED;
	file_put(in("f"), "old");
	MUST(fs_stage_probe(in("f"), &keep, 10000, &e));
	MUST(!fs_stage_probe(in("f"), &keep, 1000000, &e));
	MUST(e.kind == ERR_LOCAL && strstr(e.text, "No space left") != NULL);
	FILE *f = fopen(in("junk"), "we");
	(void)fwrite(junk, 1, sizeof(junk), f);
	(void)fclose(f);
	MUST(!fs_stage_probe(in("f"), &keep, 10000, &e));
	MUST(!replace(in("f"), keep, "new content", &e));
	MUST(!fs_place_reserve(in("f"), false, 10000, &e));
	char *text = file_get(in("f"));
	MUST(text != NULL && strcmp(text, "old") == 0);
	free(text);
	MUST(temporaries_in(dir) == 0);
	return 0;
}

static int on_a_mount_point(void *arg)
{
	struct err e = ERR_INIT;

	(void)arg;
	if (!own_mounts())
		return SKIPPED;
	file_put(in("f"), "old");
	file_put(in("source"), "old");
	file_put(in("beside"), "old");
	MUST(mkdir(in("d"), 0700) == 0);
	MUST(fs_mount_check(in("f"), &e));
	if (mount(in("source"), in("f"), "none", MS_BIND, NULL) != 0)
		return SKIPPED;
	fs_mount_forget();
	MUST(!fs_mount_check(in("f"), &e));
	MUST(e.kind == ERR_CONFIG && strstr(e.text, "in_place = yes") != NULL);
	/* Its source: whoever reads it at the other place would keep the old content. */
	MUST(!fs_mount_check(in("source"), &e));
	MUST(fs_mount_check(in("beside"), &e));
	MUST(fs_mount_check(in("missing"), &e));
	/* A directory that is mounted is fine. */
	MUST(mount(dir, in("d"), "none", MS_BIND, NULL) == 0);
	fs_mount_forget();
	MUST(fs_mount_check(in("d/beside"), &e));
	MUST(!replace(in("f"), keep, "new", &e));
	MUST(strstr(e.text, "busy") != NULL);
	MUST(temporaries_in(dir) == 0);
	return 0;
}

struct container { int ready[2], stop[2]; const char *from, *to; };

/* A process with mounts of its own: `from` is bound to `to`. */
static int contain(struct container *c)
{
	char byte;

	if (!own_mounts() || mount(c->from, c->to, "none", MS_BIND, NULL) != 0)
		byte = 's';
	else
		byte = 'r';
	return write(c->ready[1], &byte, 1) == 1 && read(c->stop[0], &byte, 1) >= 0 ? 0 : 1;
}

static void check_from_outside(const char *from, const char *to, const char *path, bool ok)
{
	struct container c = { .from = from, .to = to };
	struct err e = ERR_INIT;
	char byte = 0;

	assert_int_equal(pipe(c.ready), 0);
	assert_int_equal(pipe(c.stop), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(c.stop[1]);
		_exit(contain(&c));
	}
	assert_int_equal(read(c.ready[0], &byte, 1), 1);
	fs_mount_forget();
	bool got = fs_mount_check(path, &e);
	(void)close(c.stop[1]);
	(void)waitpid(pid, NULL, 0);
	(void)close(c.stop[0]);
	(void)close(c.ready[0]);
	(void)close(c.ready[1]);
	if (byte == 's')
		skip();
	CHECK(got == ok, "%s on %s, asked for %s: %s", from, to, path, e.text);
	CHECK(ok || strstr(e.text, "for process") != NULL, "%s", e.text);
}

static void mounts_of_other_processes(void **state)
{
	char f[4200], g[4200], h[4200], spaced[4200];

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(f, sizeof(f), "%s/f", dir);
	(void)snprintf(g, sizeof(g), "%s/g", dir);
	(void)snprintf(h, sizeof(h), "%s/h", dir);
	(void)snprintf(spaced, sizeof(spaced), "%s/with space\\", dir);
	file_put(f, "");
	file_put(g, "");
	file_put(h, "");
	file_put(spaced, "");
	check_from_outside(f, g, f, false);     /* its content is read there */
	check_from_outside(f, g, g, false);     /* it is covered there: a rename here would take that away */
	check_from_outside(f, g, h, true);
	check_from_outside(spaced, g, spaced, false);
	check_from_outside(f, spaced, spaced, false);
}

static void in_own_mounts(int (*fn)(void *))
{
	if (geteuid() != 0)
		skip();
	int status = in_child(fn, NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

static void a_full_disk(void **state)
{
	(void)state;
	in_own_mounts(on_a_full_disk);
}

static void mount_points(void **state)
{
	(void)state;
	in_own_mounts(on_a_mount_point);
}

static void an_immutable_file(void **state)
{
	struct err e = ERR_INIT;
	int flags = FS_IMMUTABLE_FL, none = 0;

	(void)state;
	file_put(in("f"), "old");
	int fd = open(in("f"), O_RDONLY | O_CLOEXEC);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) != 0) {
		(void)close(fd);
		skip();
	}
	bool ok = fs_stage_probe(in("f"), &keep, 10, &e);
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &none), 0);
	(void)close(fd);
	assert_false(ok);
	assert_non_null(strstr(e.text, "chattr"));
}

static void directories_are_made(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_true(fs_make_dir(in("a/b//c"), &e));
	assert_int_equal(mode_of(in("a/b/c")), 0700);
	assert_int_equal(mode_of(in("a")), 0700);
	assert_true(fs_make_dir(in("a/b/c"), &e));
	assert_true(fs_make_dir("/", &e));
	file_put(in("f"), "");
	assert_false(fs_make_dir(in("f"), &e));
	assert_false(fs_make_dir(in("f/g"), &e));
	assert_int_equal(e.kind, ERR_LOCAL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(reads_whole_files), T(refuses_what_is_no_file), T(secret_files), T(credentials_of_systemd),
		T(the_mode_stays), T(an_acl_and_attributes_stay), T(a_default_acl_is_not_taken_on), T(the_owner_stays),
		T(links_are_followed), T(no_file_can_be_there), T(an_uncommitted_stage_leaves_nothing),
		T(a_parked_stage_finds_only_its_own_directory), T(a_probe_changes_nothing), T(replaces_in_one_call),
		T(in_place_the_file_is_the_same), T(a_sweep_takes_only_its_own), T(exchanges_and_swaps_back),
		T(a_displaced_file_is_brought_home), T(guards_the_way), T(guards_links_on_the_way),
		T(a_thread_takes_a_users_rights), T(without_the_capabilities_it_is_an_error), T(other_threads_keep_theirs), T(owners_are_found), T(a_full_disk),
		T(our_groups_are_laid_down), T(threads_share_syncs), T(mount_points), T(mounts_of_other_processes), T(an_immutable_file), T(directories_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
