/* SPDX-License-Identifier: MIT */
#include "base/own.h"

#include <unistd.h>

#include "base/mem.h"

char *own_program(const char *name)
{
	static const char *const places[] = { "", "../libexec/acrotate/" };
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	*(strrchr(self, '/') + 1) = '\0'; /* the kernel's path: it has one */
	for (size_t i = 0; i < COUNT(places); i++) {
		char *path = mem_fmt("%s%s%s", self, places[i], name);
		if (access(path, X_OK) == 0)
			return path;
		mem_free_ptr(&path);
	}
	return NULL;
}
