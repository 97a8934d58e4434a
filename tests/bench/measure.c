/* SPDX-License-Identifier: MIT */
/* measure FILE COMMAND...: runs COMMAND once and writes to FILE: CPU and wall time in
 * milliseconds, peak memory in MiB. Its exit status. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
	FILE *out = argc > 2 ? fopen(argv[1], "we") : NULL;
	struct rusage use;
	int status = 0;
	if (out == NULL)
		return 64;
	double start = now_ms();
	pid_t pid = fork();
	if (pid == 0) {
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid)
		return 71;
	double wall = now_ms() - start;
	(void)fprintf(out, "%.3f %.3f %.2f\n", ms(use.ru_utime) + ms(use.ru_stime), wall,
	              (double)use.ru_maxrss / 1024);
	if (fclose(out) != 0)
		return 74;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
