/* SPDX-License-Identifier: MIT */
/* Who else can write there, and another user's rights: most of it for root only. */
#include "fs_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/acl.h>
#include <sys/syscall.h>

#define OTHER 12345

static const struct guard_row {
	const char *name;
	uid_t d_owner;
	gid_t d_group;
	mode_t d_mode; /* of the directory d that the file is in */
	bool file;
	uid_t f_owner;
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
	attr.way = FS_WAY_GUARDED;
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
	attr.way = FS_WAY_GUARDED;
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
	assert_true(fs_stage_open(in("./real/./f"), &attr, &s, &e));
	fs_stage_free(s);
}

/* Where the group bits are an ACL's mask. */
static const struct acl_row {
	const char *name, *acl;
	bool ok;
	const char *why;
} acls[] = {
	{ "a named user writes there", "u::rwx,u:12345:rwx,g::r-x,m::rwx,o::r-x", false,
	  "user 12345 (by its ACL) can write it" },
	{ "one whom the mask binds", "u::rwx,u:12345:rwx,g::r-x,m::r-x,o::r-x", true, "" },
	{ "a named group", "u::rwx,g::r-x,g:12345:rwx,m::rwx,o::r-x", false,
	  "group 12345 (by its ACL) can write it" },
	{ "one who reads, behind a wide mask", "u::rwx,u:12345:r-x,g::r-x,m::rwx,o::r-x", true,
	  "" },
};

static void guards_against_acls(void **state)
{
	struct fs_attr attr = keep;

	(void)state;
	if (geteuid() != 0)
		skip();
	attr.way = FS_WAY_GUARDED;
	for (size_t i = 0; i < COUNT(acls); i++) {
		AUTO_STAGE struct fs_stage *s = NULL;
		struct err e = ERR_INIT;
		acl_t acl = acl_from_text(acls[i].acl);
		(void)rmdir(in("d"));
		assert_int_equal(mkdir(in("d"), 0700), 0);
		int set = acl_set_file(in("d"), ACL_TYPE_ACCESS, acl);
		(void)acl_free(acl);
		if (set != 0)
			skip(); /* a file system without ACLs */
		bool ok = fs_stage_open(in("d/f"), &attr, &s, &e);
		CHECK(ok == acls[i].ok, "%s: %s", acls[i].name, e.text);
		CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, acls[i].why) != NULL), "%s: %s",
		      acls[i].name, e.text);
	}
}

/* What a user's path leads to: `to` is where the link d/link leads, "" none; d is his. */
static const struct owned_row {
	const char *name, *path, *to;
	bool ok;
	const char *why;
} owned[] = {
	{ "his own directory", "d/f", "", true, "" },
	{ "a link in it to another of his", "d/link", "../d2/f", true, "" },
	{ "a dangling one to the root", "d/link", "/no-such-file-of-acrotate", false,
	  "belongs to root, not to user 12345" },
	{ "one to a file of root's", "d/link", "/etc/passwd", false,
	  "belongs to root, not to user 12345" },
	{ "one through a directory to root's", "d/link/passwd", "/etc", false,
	  "belongs to root, not to user 12345" },
	{ "a directory of root's where he can write", "open/f", "", false,
	  "belongs to root, not to user 12345" },
};

static void a_user_gives_what_is_his(void **state)
{
	struct fs_user user = { .uid = OTHER, .gid = OTHER };

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(chmod(dir, 0755) == 0 && mkdir(in("d"), 0755) == 0 &&
	            mkdir(in("d2"), 0755) == 0 && mkdir(in("open"), 0755) == 0);
	assert_true(chown(in("d"), OTHER, OTHER) == 0 && chown(in("d2"), OTHER, OTHER) == 0 &&
	            chmod(in("open"), 01777) == 0);
	for (size_t i = 0; i < COUNT(owned); i++) {
		struct fs_rights rights = { .taken = false };
		struct err e = ERR_INIT;
		AUTO_TARGET struct fs_target at = { .dir = -1 };
		(void)unlink(in("d/link"));
		if (owned[i].to[0] != '\0')
			assert_true(symlink(owned[i].to, in("d/link")) == 0 &&
			            lchown(in("d/link"), OTHER, OTHER) == 0);
		assert_true(fs_rights_take(&user, &rights, &e));
		bool ok = fs_target_open(in(owned[i].path), FS_WAY_OWNED, &at, &e);
		fs_rights_drop(&rights);
		CHECK(ok == owned[i].ok, "%s: %s", owned[i].name, e.text);
		CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, owned[i].why) != NULL),
		      "%s: %s", owned[i].name, e.text);
	}
}

/* As the kernel's fs.protected_symlinks, which has no say where the link is read by us. */
static void links_in_a_common_directory(void **state)
{
	static const struct {
		uid_t owner;
		enum fs_way way;
		bool ok;
	} rows[] = {
		{ 0, FS_WAY_PLAIN, true },
		{ OTHER, FS_WAY_PLAIN, false },
		{ OTHER, FS_WAY_GUARDED, false },
		{ OTHER, FS_WAY_HERE, true },
	};
	char *link = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(mkdir(in("real"), 0700) == 0 && mkdir(in("tmp"), 0700) == 0 &&
	            chmod(in("tmp"), 01777) == 0);
	assert_true(symlink("../real/f", in("tmp/l")) == 0 && asprintf(&link, "%s/tmp/l", dir) > 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = ERR_INIT;
		AUTO_TARGET struct fs_target at = { .dir = -1 };
		assert_int_equal(lchown(link, rows[i].owner, rows[i].owner), 0);
		bool ok = fs_target_open(link, rows[i].way, &at, &e);
		CHECK(ok == rows[i].ok, "row %zu: %s", i, e.text);
		CHECK(!ok || strcmp(at.name, rows[i].way == FS_WAY_HERE ? "l" : "f") == 0,
		      "row %zu: %s", i, at.name);
	}
	/* One on the way, for a file that root writes in a foreign directory. */
	AUTO_TARGET struct fs_target at = { .dir = -1 };
	struct err e = ERR_INIT;
	assert_true(mkdir(in("theirs"), 0755) == 0 && symlink("/etc", in("theirs/l")) == 0 &&
	            chown(in("theirs"), OTHER, OTHER) == 0 &&
	            lchown(in("theirs/l"), OTHER, OTHER) == 0);
	assert_false(fs_target_open(in("theirs/l/passwd"), FS_WAY_HERE, &at, &e));
	assert_non_null(strstr(e.text, "could point it anywhere"));
	assert_true(lchown(in("theirs/l"), 0, 0) == 0 &&
	            fs_target_open(in("theirs/l/passwd"), FS_WAY_HERE, &at, &e));
	free(link);
}

/* The state's: whoever can write there can make a password in use look free. */
static const struct ours_row {
	const char *name;
	uid_t owner;
	gid_t group;
	mode_t mode;
	const char *why;
} ours_rows[] = {
	{ "ours", 0, 0, 0700, NULL },
	{ "that all can read", 0, 0, 0755, NULL },
	{ "of another user", OTHER, 0, 0700, "others can change directory" },
	{ "that all can write", 0, 0, 0777, "others can change directory" },
	{ "like /tmp", 0, 0, 01777, "others can write in" },
	{ "that its group can write", 0, OTHER, 0770, "others can change directory" },
};

static void directories_of_ours(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < COUNT(ours_rows); i++) {
		const struct ours_row *r = &ours_rows[i];
		AUTO_TARGET struct fs_target at = { .dir = -1 };
		struct err e = ERR_INIT;
		(void)rmdir(in("d"));
		assert_true(mkdir(in("d"), 0700) == 0 && chown(in("d"), r->owner, r->group) == 0 &&
		            chmod(in("d"), r->mode) == 0);
		bool ok = fs_directory_ours(in("d"), &at, &e);
		CHECK(ok == (r->why == NULL), "%s: %s", r->name, e.text);
		CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, r->why) != NULL), "%s: %s",
		      r->name, e.text);
	}
}

static int look_at_ours(void *arg)
{
	static const struct {
		mode_t mode;
		bool ok;
	} rows[] = {
		{ 0700, true }, { 0750, true }, { 0770, false }, { 0707, false }, { 01777, false }
	};

	(void)arg;
	if (setgroups(0, NULL) != 0 || setgid(54321) != 0 || setuid(OTHER) != 0)
		return 100;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_TARGET struct fs_target at = { .dir = -1 };
		struct err e = ERR_INIT;
		if (chmod(in("d"), rows[i].mode) != 0 ||
		    fs_directory_ours(in("d"), &at, &e) != rows[i].ok)
			return (int)i + 1;
	}
	AUTO_TARGET struct fs_target at = { .dir = -1 };
	struct err e = ERR_INIT;
	return fs_directory_ours(in("theirs"), &at, &e) ||
	                       strstr(e.text, "belongs to another user") == NULL
	               ? 101
	               : 0;
}

static void directories_of_a_users_own(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(chmod(dir, 0755) == 0 && mkdir(in("d"), 0700) == 0 &&
	            chown(in("d"), OTHER, 54321) == 0 && mkdir(in("theirs"), 0755) == 0 &&
	            chown(in("theirs"), 777, 777) == 0);
	assert_int_equal(in_child(look_at_ours, NULL), 0);
}

/* Each link adds 4 KiB to the way. */
static void guards_against_ways_without_end(void **state)
{
	struct fs_attr attr = keep;
	struct fs_stage *s = NULL;
	struct err e = ERR_INIT;
	char to[4000] = "";

	(void)state;
	if (geteuid() != 0)
		skip();
	attr.way = FS_WAY_GUARDED;
	assert_true(symlink("b", in("a")) == 0 && symlink("a", in("b")) == 0);
	assert_false(fs_stage_open(in("a"), &attr, &s, &e));
	assert_non_null(strstr(e.text, "too many symbolic links"));
	for (size_t i = 0; i < sizeof(to) - 10; i += 2)
		(void)memcpy(to + i, "./", 3);
	for (int i = 0; i < 5; i++) {
		char link[20], next[4020];
		(void)snprintf(link, sizeof(link), "l%d", i);
		(void)snprintf(next, sizeof(next), "l%d/%s", i + 1, to);
		assert_int_equal(symlink(next, in(link)), 0);
	}
	assert_false(fs_stage_open(in("l0"), &attr, &s, &e));
	assert_non_null(strstr(e.text, "too long"));
}

static void a_file_in_the_root(void **state)
{
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	assert_true(directory_at("/no-such-file-of-acrotate", FS_WAY_PLAIN, &fd, &e));
	assert_int_equal(close(fd), 0);
}

/* ---- another user's rights (root only) ------------------------------------------------------- */

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
	static const unsigned long long lost[] = { 1ull << CAP_SETGID, 1ull << CAP_SETUID,
		                                   1ull << CAP_SETGID | 1ull << CAP_SETUID };
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
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "row %zu ended with %d", i,
		      status);
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

	if (setgroups(COUNT(ours), ours) != 0 || open(in("grouped"), O_RDONLY | O_CLOEXEC) < 0 ||
	    !fs_rights_take(arg, &r, &e))
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
	assert_int_equal(
		chown(in("grouped"), 0, 54321) + chmod(in("grouped"), 0640) + chmod(dir, 0755), 0);
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

/* clang-format off */
static const struct owner_row { const char *text; int64_t uid, gid; bool ok; } owners[] = {
	{ "root", 0, -1, true },       { "root:root", 0, 0, true }, { ":root", -1, 0, true },
	    { "0:0", 0, 0, true },
	{ "12345", 12345, -1, true },  { "1:2", 1, 2, true },       { "nosuch", 0, 0, false },
	   { "root:nosuch", 0, 0, false },
	{ "4294967295", 0, 0, false }, { "-1", 0, 0, false },       { "root:", 0, -1, true },
};
/* clang-format on */

static void owners_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(owners); i++) {
		int64_t uid = -7, gid = -7;
		struct err e = ERR_INIT;
		bool ok = fs_owner_find(owners[i].text, &uid, &gid, &e);
		CHECK(ok == owners[i].ok, "'%s': %s", owners[i].text, e.text);
		CHECK(!ok || (uid == owners[i].uid && gid == owners[i].gid), "'%s'",
		      owners[i].text);
		CHECK(ok || (e.kind == ERR_CONFIG && uid == -7 && gid == -7), "'%s'",
		      owners[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guards_the_way),
		T(guards_links_on_the_way),
		T(guards_against_ways_without_end),
		T(a_file_in_the_root),
		T(guards_against_acls),
		T(a_user_gives_what_is_his),
		T(links_in_a_common_directory),
		T(directories_of_ours),
		T(directories_of_a_users_own),
		T(without_the_capabilities_it_is_an_error),
		T(a_thread_takes_a_users_rights),
		T(our_groups_are_laid_down),
		T(other_threads_keep_theirs),
		T(owners_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
