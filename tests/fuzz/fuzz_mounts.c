/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/mountinfo: whoever may make a mount in a name space of their own chooses names in
 * it. A path, a byte 0x01, the mounts. What is found covers the path, or is a mount of the very
 * file.
 */
#include <stdlib.h>

#include "base/fs_reach.h"
#include "fuzz/fuzz.h"

#include "../../src/base/fs_mount.c"

/* Its names are in the path, in this order, and none of them is "." or "..". */
static bool leads_into(const char *path, const char *point)
{
	for (size_t n; *point != '\0'; point += n) {
		const char *name = point + 1;
		n = strcspn(name, "/") + 1;
		if (*point != '/' || n == 1 || strncmp(point, "/./", n + 1) == 0 ||
		    strncmp(point, "/../", n + 1) == 0)
			return false;
		while (strncmp(path, point, n) != 0 || (path[n] != '/' && path[n] != '\0')) {
			if (*path == '\0')
				return false;
			path++;
		}
		path += n;
	}
	return true;
}

/* What fs_reach.c makes of the same text. */
static void way(const char *path, const char *text)
{
	AUTO_FREE char *copy = mem_dup(text);
	AUTO_BUF struct buf point = BUF_INIT(65536);

	if (fs_reach_find(copy, path, false, &point))
		must(strcmp(buf_cstr(&point), "/") == 0 || leads_into(path, buf_cstr(&point)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *stop = size > 0 ? memchr(data, 1, size) : NULL;
	AUTO_FREE char *path = NULL, *text = NULL;
	struct mounts ms = { .n = 0 };

	if (stop == NULL || data[0] != '/')
		return 0;
	path = mem_dup_n((const char *)data, (size_t)(stop - data));
	text = mem_dup_n((const char *)stop + 1, size - (size_t)(stop + 1 - data));
	way(path, text);
	parse(text, &ms);
	must(ms.n <= size);
	const struct mount *in = mount_of(&ms, path);
	if (in != NULL) {
		const char *rest = below(path, in->point);

		must(rest != NULL &&
		     (*rest == '\0' || strcmp(path + strlen(path) - strlen(rest), rest) == 0));
		AUTO(spot_clear) struct spot file = spot_in(in, rest);
		const struct mount *on = mount_on(&ms, &file);
		must(on == NULL || strcmp(on->dev, file.dev) == 0 ||
		     mount_by_id(&ms, on->parent) != NULL);
	}
	free(ms.m);
	return 0;
}
