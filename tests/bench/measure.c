/* SPDX-License-Identifier: MIT */
/*
 * measure RUNS LABEL BEFORE COMMAND...: runs COMMAND that often and prints one line: median, and in brackets the quartiles, of CPU and
 * wall time in milliseconds, and the peak of resident memory. BEFORE is a shell command run untimed before each ("" for none).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

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

static void quiet_exec(char **argv)
{
	int null = open("/dev/null", O_RDWR);
	(void)dup2(null, 0);
	(void)dup2(null, 1);
	(void)dup2(null, 2);
	(void)execvp(argv[0], argv);
	_exit(127);
}

static int wait_for(pid_t pid, struct rusage *use)
{
	int status = 0;
	if (pid < 0 || wait4(pid, &status, 0, use) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void print_column(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	(void)printf(" %9.2f [%7.2f %7.2f]", v[n / 2], v[n / 4], v[n - 1 - n / 4]);
}

int main(int argc, char **argv)
{
	int n = argc > 4 ? (int)strtol(argv[1], NULL, 10) : 0;
	if (n < 1)
		return 64;
	double *cpu = calloc((size_t)n, sizeof(double)), *wall = calloc((size_t)n, sizeof(double)), memory = 0;
	if (cpu == NULL || wall == NULL)
		return 71;
	for (int i = 0; i < n; i++) {
		struct rusage use;
		pid_t pid;
		if (argv[3][0] != '\0') {
			char *before[] = { "sh", "-c", argv[3], NULL };
			if ((pid = fork()) == 0)
				quiet_exec(before);
			if (wait_for(pid, &use) != 0)
				return (void)fprintf(stderr, "measure: %s: '%s' failed\n", argv[2], argv[3]), 1;
		}
		double start = now_ms();
		if ((pid = fork()) == 0)
			quiet_exec(argv + 4);
		int status = wait_for(pid, &use);
		wall[i] = now_ms() - start;
		if (status != 0)
			return (void)fprintf(stderr, "measure: %s: run %d ended with status %d\n", argv[2], i + 1, status), 1;
		cpu[i] = ms(use.ru_utime) + ms(use.ru_stime);
		memory = (double)use.ru_maxrss / 1024 > memory ? (double)use.ru_maxrss / 1024 : memory;
	}
	(void)printf("%-34s", argv[2]);
	print_column(cpu, n);
	print_column(wall, n);
	(void)printf(" %8.1f", memory);
	free(cpu);
	free(wall);
	return fflush(stdout) != 0;
}
