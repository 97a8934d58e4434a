/* SPDX-License-Identifier: MIT */
/* Rights of others: from the mode, and from an ACL, whose mask the group bits then are. */
#include "fs_dir.h"

#include <fcntl.h>
#include <sys/xattr.h>

#include "base/fs_acl.h"

#define US    1000u
#define GROUP 2000u

/* Entries as setfacl(1) takes them, for short: a tag, an id and rights each. */
struct entry {
	uint16_t tag, rights;
	uint32_t id;
};
#define NO_ID 0xffffffffu
enum {
	OWNER = 0x01,
	USER = 0x02,
	ITS_GROUP = 0x04,
	NAMED_GROUP = 0x08,
	MASK = 0x10,
	OTHERS = 0x20
};
#define ENTRIES_MAX 8

static size_t make_acl(const struct entry *entries, unsigned char out[static 4 + ENTRIES_MAX * 8])
{
	size_t n = 4;

	memcpy(out, "\x02\x00\x00\x00", 4);
	for (const struct entry *a = entries; a->tag != 0; a++, n += 8)
		for (size_t i = 0; i < 8; i++)
			out[n + i] = (unsigned char)((i < 2   ? a->tag
			                              : i < 4 ? a->rights
			                                      : a->id) >>
			                             (i < 4 ? i % 2 * 8 : (i - 4) * 8));
	return n;
}

static const struct acl_row {
	const char *name;
	struct entry entries[ENTRIES_MAX];
	unsigned rights;
	enum fs_other_kind want;
	unsigned id;
} rows[] = {
	{ "no more than a mode",
	  { { OWNER, 6, NO_ID }, { ITS_GROUP, 0, NO_ID }, { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NONE,
	  0 },
	{ "a named user writes",
	  { { OWNER, 6, NO_ID },
	    { USER, 6, 99 },
	    { ITS_GROUP, 4, NO_ID },
	    { MASK, 6, NO_ID },
	    { OTHERS, 4, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NAMED_USER,
	  99 },
	{ "the mask takes it",
	  { { OWNER, 6, NO_ID },
	    { USER, 6, 99 },
	    { ITS_GROUP, 4, NO_ID },
	    { MASK, 4, NO_ID },
	    { OTHERS, 4, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NONE,
	  0 },
	{ "the named user is us",
	  { { OWNER, 6, NO_ID },
	    { USER, 7, US },
	    { ITS_GROUP, 0, NO_ID },
	    { MASK, 7, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NONE,
	  0 },
	{ "or root",
	  { { OWNER, 6, NO_ID },
	    { USER, 7, 0 },
	    { ITS_GROUP, 0, NO_ID },
	    { MASK, 7, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NONE,
	  0 },
	{ "one who reads does not write",
	  { { OWNER, 6, NO_ID },
	    { USER, 4, 99 },
	    { ITS_GROUP, 0, NO_ID },
	    { MASK, 7, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NONE,
	  0 },
	{ "but reads",
	  { { OWNER, 6, NO_ID },
	    { USER, 4, 99 },
	    { ITS_GROUP, 0, NO_ID },
	    { MASK, 7, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_READ,
	  FS_OTHER_NAMED_USER,
	  99 },
	{ "the second of two named",
	  { { OWNER, 6, NO_ID },
	    { USER, 4, 98 },
	    { USER, 2, 99 },
	    { ITS_GROUP, 0, NO_ID },
	    { MASK, 7, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NAMED_USER,
	  99 },
	{ "its group writes",
	  { { OWNER, 6, NO_ID },
	    { ITS_GROUP, 6, NO_ID },
	    { MASK, 6, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_GROUP,
	  3000 },
	{ "a named group writes",
	  { { OWNER, 6, NO_ID },
	    { ITS_GROUP, 0, NO_ID },
	    { NAMED_GROUP, 2, 3001 },
	    { MASK, 6, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NAMED_GROUP,
	  3001 },
	{ "a named group of ours writes",
	  { { OWNER, 6, NO_ID },
	    { ITS_GROUP, 0, NO_ID },
	    { NAMED_GROUP, 2, GROUP },
	    { MASK, 6, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_NONE,
	  0 },
	{ "others, whom no mask binds",
	  { { OWNER, 6, NO_ID },
	    { ITS_GROUP, 0, NO_ID },
	    { MASK, 0, NO_ID },
	    { OTHERS, 2, NO_ID } },
	  FS_WRITE,
	  FS_OTHER_ALL,
	  0 },
};

static void entries_are_read(void **state)
{
	const struct fs_ours ours = { .uid = US, .groups = { 0, GROUP }, .n_groups = 2 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned char bytes[4 + ENTRIES_MAX * 8];
		struct fs_other who = { .kind = FS_OTHER_ALL, .id = 77 };
		size_t n = make_acl(rows[i].entries, bytes);
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
	struct entry entries[ENTRIES_MAX]; /* none: no ACL */
	unsigned rights;
	const char *want;
} files[] = {
	{ "a mode alone", 0600, { { 0 } }, FS_WRITE, "nobody else" },
	{ "others", 0602, { { 0 } }, FS_WRITE, "others" },
	{ "its group", 0620, { { 0 } }, FS_WRITE, "its group" },
	{ "another right", 0640, { { 0 } }, FS_WRITE, "nobody else" },
	{ "a named user behind a mask",
	  0600,
	  { { OWNER, 6, NO_ID },
	    { USER, 6, 4294 },
	    { ITS_GROUP, 0, NO_ID },
	    { MASK, 6, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  "user 4294 (by its ACL)" },
	{ "a group named",
	  0600,
	  { { OWNER, 6, NO_ID },
	    { ITS_GROUP, 0, NO_ID },
	    { NAMED_GROUP, 6, 4294 },
	    { MASK, 6, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  "group 4294 (by its ACL)" },
	{ "the mask of nobody",
	  0600,
	  { { OWNER, 6, NO_ID },
	    { ITS_GROUP, 0, NO_ID },
	    { MASK, 7, NO_ID },
	    { OTHERS, 0, NO_ID } },
	  FS_WRITE,
	  "nobody else" },
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
		size_t n = make_acl(files[i].entries, bytes);
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
