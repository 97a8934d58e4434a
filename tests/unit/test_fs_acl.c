/* SPDX-License-Identifier: MIT */
/* Rights of others: from the mode, and from an ACL, whose mask the group bits then are. */
#include "fs_dir.h"

#include <fcntl.h>
#include <sys/xattr.h>

#include "base/fs_acl.h"

#define US    1000u
#define GROUP 2000u

#define NO_ID       0xffffffffu
#define ENTRIES_MAX 8

/* Bytes of an attribute, from a text like setfacl(1)'s: "u::6 u:99:4 g::0 m::6 o::0"; rights as in
 * a mode. */
static size_t make_acl(const char *text, unsigned char out[static 4 + ENTRIES_MAX * 8])
{
	size_t n = 4;

	memcpy(out, "\x02\x00\x00\x00", 4);
	for (const char *p = text; *p != '\0'; n += 8) {
		bool named = p[2] != ':';
		unsigned tag = *p == 'm' ? 0x10 : *p == 'o' ? 0x20 : *p == 'u' ? 0x01 : 0x04;
		char *end;
		uint32_t id = named ? (uint32_t)strtoul(p + 2, &end, 10) : NO_ID;
		unsigned rights = (unsigned)strtoul(named ? end + 1 : p + 3, &end, 8);
		unsigned pair[2] = { named ? tag << 1 : tag, rights };
		for (size_t i = 0; i < 8; i++)
			out[n + i] = (unsigned char)(i < 4 ? pair[i / 2] >> (i % 2 * 8)
			                                   : id >> ((i - 4) * 8));
		p = *end == ' ' ? end + 1 : end;
	}
	return n;
}

static const struct acl_row {
	const char *name;
	const char *acl;
	unsigned rights;
	enum fs_other_kind want;
	unsigned id;
} rows[] = {
	{ "no more than a mode", "u::6 g::0 o::0", FS_WRITE, FS_OTHER_NONE, 0 },
	{ "a named user writes", "u::6 u:99:6 g::4 m::6 o::4", FS_WRITE, FS_OTHER_NAMED_USER, 99 },
	{ "the mask takes it", "u::6 u:99:6 g::4 m::4 o::4", FS_WRITE, FS_OTHER_NONE, 0 },
	{ "the named user is us", "u::6 u:1000:7 g::0 m::7 o::0", FS_WRITE, FS_OTHER_NONE, 0 },
	{ "or root", "u::6 u:0:7 g::0 m::7 o::0", FS_WRITE, FS_OTHER_NONE, 0 },
	{ "one who reads does not write", "u::6 u:99:4 g::0 m::7 o::0", FS_WRITE, FS_OTHER_NONE,
	  0 },
	{ "but reads", "u::6 u:99:4 g::0 m::7 o::0", FS_READ, FS_OTHER_NAMED_USER, 99 },
	{ "the second of two named", "u::6 u:98:4 u:99:2 g::0 m::7 o::0", FS_WRITE,
	  FS_OTHER_NAMED_USER, 99 },
	{ "its group writes", "u::6 g::6 m::6 o::0", FS_WRITE, FS_OTHER_GROUP, 3000 },
	{ "a named group writes", "u::6 g::0 g:3001:2 m::6 o::0", FS_WRITE, FS_OTHER_NAMED_GROUP,
	  3001 },
	{ "a named group of ours writes", "u::6 g::0 g:2000:2 m::6 o::0", FS_WRITE, FS_OTHER_NONE,
	  0 },
	{ "others, whom no mask binds", "u::6 g::0 m::0 o::2", FS_WRITE, FS_OTHER_ALL, 0 },
};

static void entries_are_read(void **state)
{
	const struct fs_ours ours = { .uid = US, .groups = { 0, GROUP }, .n_groups = 2 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned char bytes[4 + ENTRIES_MAX * 8];
		struct fs_other who = { .kind = FS_OTHER_ALL, .id = 77 };
		size_t n = make_acl(rows[i].acl, bytes);
		bool ok = fs_acl_other(bytes, n, 3000, rows[i].rights, &ours, &who);
		CHECK(ok && who.kind == rows[i].want, "%s: %d", rows[i].name, (int)who.kind);
		CHECK(who.kind == FS_OTHER_NONE || who.id == rows[i].id, "%s: %u", rows[i].name,
		      who.id);
	}
}

static void what_is_no_acl_is_told(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		{ "", 0 },
		{ "\x02\x00\x00", 3 },
		{ "\x01\x00\x00\x00", 4 },
		{ "\x02\x00\x00\x00\x01\x00\x06\x00", 8 },
	};
	const struct fs_ours ours = { .uid = US };
	struct fs_other who;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!fs_acl_other(bad[i].bytes, bad[i].n, 0, FS_WRITE, &ours, &who), "row %zu",
		      i);
}

/* On a file: what the mode leaves no room for is not asked for, and what it shows is no group's
 * right. */
static const struct file_row {
	const char *name;
	mode_t mode;
	const char *acl; /* "": none */
	unsigned rights;
	const char *want;
} files[] = {
	{ "a mode alone", 0600, "", FS_WRITE, "nobody else" },
	{ "others", 0602, "", FS_WRITE, "others" },
	{ "its group", 0620, "", FS_WRITE, "its group" },
	{ "another right", 0640, "", FS_WRITE, "nobody else" },
	{ "a named user behind a mask", 0600, "u::6 u:4294:6 g::0 m::6 o::0", FS_WRITE,
	  "user 4294 (by its ACL)" },
	{ "a group named", 0600, "u::6 g::0 g:4294:6 m::6 o::0", FS_WRITE,
	  "group 4294 (by its ACL)" },
	{ "the mask of nobody", 0600, "u::6 g::0 m::7 o::0", FS_WRITE, "nobody else" },
};

static void files_are_judged(void **state)
{
	const struct fs_ours ours = { .uid = geteuid() };

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		unsigned char bytes[4 + ENTRIES_MAX * 8];
		struct fs_other who;
		struct stat st;
		struct err e = ERR_INIT;
		char name[FS_OTHER_MAX];
		file_put(in("f"), "x");
		assert_int_equal(chmod(in("f"), files[i].mode), 0);
		int fd = open(in("f"), O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		size_t n = make_acl(files[i].acl, bytes);
		if (n > 4 && fsetxattr(fd, FS_ACL_NAME, bytes, n, 0) != 0)
			skip(); /* a file system without ACLs */
		assert_int_equal(fstat(fd, &st), 0);
		bool ok = fs_other_may(fd, &st, files[i].rights, &ours, &who, &e);
		CHECK(ok, "%s: %s", files[i].name, e.text);
		fs_other_name(&who, name);
		CHECK_TEXT(name, files[i].want, "%s", files[i].name);
		(void)close(fd);
		assert_int_equal(unlink(in("f")), 0);
	}
}

/* Where it cannot be asked for, nobody is cleared. */
static void what_cannot_be_read_is_an_error(void **state)
{
	const struct fs_ours ours = { .uid = geteuid() };
	const struct stat st = { .st_mode = S_IFREG | 0660, .st_gid = 1 };
	struct fs_other who;
	struct err e = ERR_INIT;

	(void)state;
	assert_false(fs_other_may(-1, &st, FS_WRITE, &ours, &who, &e));
	assert_non_null(strstr(e.text, "cannot read the ACL"));
}

static void users_have_names(void **state)
{
	char name[FS_NAME_MAX];

	(void)state;
	fs_user_name(0, name);
	assert_string_equal(name, "root");
	fs_user_name(4294000, name);
	assert_string_equal(name, "4294000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(entries_are_read), T(what_is_no_acl_is_told),
		T(files_are_judged), T(what_cannot_be_read_is_an_error),
		T(users_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
