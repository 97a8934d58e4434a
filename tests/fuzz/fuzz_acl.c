/* SPDX-License-Identifier: MIT */
/*
 * An ACL as a file system hands it out; on FUSE a program of somebody else's makes it. A byte of
 * rights, a byte that is our group, the ACL. Who may do something may do it also where more is
 * asked for; who is named is in it, and is none of ours.
 */
#include <stdlib.h>

#include "base/fs_acl.h"
#include "fuzz/fuzz.h"

#define FILE_GROUP 7u

static void judge(const struct fs_other *who, const struct fs_ours *ours)
{
	must(who->kind != FS_OTHER_NAMED_USER || (who->id != 0 && who->id != ours->uid));
	must(who->kind != FS_OTHER_NAMED_GROUP || who->id != ours->groups[0]);
	must(who->kind != FS_OTHER_GROUP ||
	     (who->id == FILE_GROUP && ours->groups[0] != FILE_GROUP));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fs_other one, all;

	if (size < 2)
		return 0;
	const unsigned rights = data[0] & 7u, any = FS_READ | FS_WRITE | FS_EXECUTE;
	const struct fs_ours ours = { .uid = 1000, .groups = { data[1] }, .n_groups = 1 };
	bool ok = fs_acl_other(data + 2, size - 2, FILE_GROUP, rights, &ours, &one);
	must(ok == fs_acl_other(data + 2, size - 2, FILE_GROUP, any, &ours, &all));
	must(ok == (size >= 6 && (size - 6) % 8 == 0 && memcmp(data + 2, "\2\0\0\0", 4) == 0));
	if (!ok)
		return 0;
	judge(&one, &ours);
	judge(&all, &ours);
	must(one.kind == FS_OTHER_NONE || all.kind != FS_OTHER_NONE);
	must(rights != 0 || one.kind == FS_OTHER_NONE);
	return 0;
}
