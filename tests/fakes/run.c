/* SPDX-License-Identifier: MIT */
#include "fakes/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define WORDS_MAX 64

static void run(const char *dir, char **words)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || chdir(dir) != 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(null, 2) < 0)
		_exit(126);
	(void)execvp(words[0], words);
	_exit(127);
}

bool run_line(const char *dir, const char *line)
{
	AUTO_FREE char *copy = mem_dup(line);
	char *words[WORDS_MAX] = { NULL };
	size_t n = 0;
	int status = -1;

	for (char *at = copy; *at != '\0' && n + 1 < WORDS_MAX;) {
		words[n++] = at;
		at += strcspn(at, " ");
		if (*at != '\0')
			*at++ = '\0';
	}
	pid_t pid = fork();
	if (pid == 0)
		run(dir, words);
	bool ok = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	          WEXITSTATUS(status) == 0;
	if (!ok)
		fprintf(stderr, "run_line: failed: %s\n", line);
	return ok;
}
