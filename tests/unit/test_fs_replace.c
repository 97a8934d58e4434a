/* SPDX-License-Identifier: MIT */
/* Replacing: what stays with the file, where links lead, what is left. */
#include "fs_dir.h"

#include <acl/libacl.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/acl.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "base/buf.h"

static void the_mode_stays(void **state)
{
	static const struct {
		int have, ask, want;
	} modes[] = {
		{ -1, -1, 0600 },   { -1, 0640, 0640 }, { 0640, -1, 0640 },
		{ 0604, -1, 0604 }, { 0400, -1, 0400 }, { 0640, 0600, 0600 },
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
		CHECK(mode_of(in("f")) == (mode_t)modes[i].want, "row %zu: %o", i,
		      mode_of(in("f")));
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
	if (acl_set_file(in("f"), ACL_TYPE_ACCESS, acl) != 0 ||
	    setxattr(in("f"), "user.tag", "blue", 4, 0) != 0) {
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
	/* relative: docker 26 fails on it */
	assert_int_equal(symlink("real/f", in("one")), 0);
	assert_int_equal(symlink(in("one"), in("real/two")), 0); /* absolute, to a link */
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
	assert_non_null(strstr(e.text, "a different place"));
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
	assert_true(before.st_ino == after.st_ino &&
	            before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
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
	assert_true(reserve_at(in("f"), FS_WAY_GUARDED, 100000, &e));
	check_text(in("f"), "a longer old content");
	assert_true(write_at(in("f"), FS_WAY_GUARDED, &text, &old, &e));
	check_text(in("g"), "short");
	assert_int_equal(stat(in("f"), &after), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_false(write_at(in("none"), FS_WAY_GUARDED, &text, &old, &e));
	assert_int_equal(e.kind, ERR_MISSING);
}

/* A FIFO with a reader can be opened to write, and what goes into it is gone. */
static void in_place_it_is_a_file(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mkfifo(in("p"), 0600), 0);
	int reader = open(in("p"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	bool ok = reserve_at(in("p"), FS_WAY_GUARDED, 10, &e);
	(void)close(reader);
	assert_false(ok);
	assert_non_null(strstr(e.text, "is not a regular file"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_mode_stays),
		T(an_acl_and_attributes_stay),
		T(a_default_acl_is_not_taken_on),
		T(the_owner_stays),
		T(links_are_followed),
		T(no_file_can_be_there),
		T(an_uncommitted_stage_leaves_nothing),
		T(a_parked_stage_finds_only_its_own_directory),
		T(a_probe_changes_nothing),
		T(replaces_in_one_call),
		T(in_place_the_file_is_the_same),
		T(in_place_it_is_a_file),
		T(an_immutable_file),
		T(directories_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
