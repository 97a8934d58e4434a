/* SPDX-License-Identifier: MIT */
/*
 * Runs a program and stops it, or makes one call fail, at exactly its Nth system call, counted
 * over all its threads and processes:
 *
 *   stop-at count CMD...            counts; says on stderr at the end: "calls C files F looks L
 *                                   transfers T (W in the whole program, H in threads, K in
 *                                   children)"
 *   stop-at kill N CMD...           SIGKILL on entry of call N: the call does not happen
 *   stop-at ERRNO N CMD...          call N of those that open, read or change files fails with
 *                                   ERRNO (a name of the table below), undone
 *   stop-at look-ERRNO N CMD...     the same for those that look at files, map them or let them
 *                                   go; a close is done all the same, as the kernel does
 *   stop-at hold N FILE CMD...      stands still before call N, and says so by making FILE, until
 *                                   that is removed
 *   stop-at short N CMD...          transfer N, a read or write of more than one byte, is done
 *                                   by half
 *
 * Exit status: the program's, or 128 + signal. When the run ended before call N: "stop-at: call
 * N never came" on stderr. Counts begin with the program's own exec. x86-64 only where a call is
 * changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define LEN(a)      (sizeof(a) / sizeof((a)[0]))
#define THREADS_MAX 256

static const struct {
	const char *name;
	int number;
} errors[] = {
	{ "ENOSPC", ENOSPC }, { "EIO", EIO },       { "EDQUOT", EDQUOT }, { "EACCES", EACCES },
	{ "EROFS", EROFS },   { "EMFILE", EMFILE }, { "EINTR", EINTR },   { "EPERM", EPERM },
};

static const long file_calls[] = {
	SYS_openat,    SYS_write,        SYS_pwrite64,  SYS_writev,          SYS_fsync,
	SYS_fdatasync, SYS_renameat,     SYS_renameat2, SYS_unlinkat,        SYS_fchmod,
	SYS_fchown,    SYS_ftruncate,    SYS_fallocate, SYS_mkdirat,         SYS_flock,
	SYS_read,      SYS_fsetxattr,    SYS_fgetxattr, SYS_flistxattr,      SYS_getdents64,
	SYS_pread64,   SYS_readv,        SYS_linkat,    SYS_symlinkat,       SYS_fchmodat,
	SYS_fchownat,  SYS_fremovexattr, SYS_utimensat, SYS_copy_file_range,
#ifdef SYS_rename
	SYS_open,      SYS_rename,       SYS_unlink,    SYS_mkdir,           SYS_link,
	SYS_chmod,     SYS_chown,
#endif
};

static const long look_calls[] = {
	SYS_newfstatat, SYS_fstat,      SYS_statx,  SYS_statfs,       SYS_fstatfs,    SYS_lseek,
	SYS_readlink,   SYS_readlinkat, SYS_access, SYS_faccessat,    SYS_faccessat2, SYS_close,
	SYS_mmap,       SYS_fcntl,      SYS_dup,    SYS_memfd_create, SYS_getxattr,   SYS_listxattr,
};

struct tracer {
	pid_t main;
	enum { COUNT, KILL, FAIL, LOOK, SHORT, HOLD } mode;
	const char *file; /* of HOLD */
	long at;
	int error;
	long calls, files, looks, transfers;
	/* started by the main process: the first, and what it replaced itself by */
	long programs;
	long in_whole, in_threads, in_children;
	pid_t failing; /* its call was taken away; it gets the error on exit */
	bool begun, hit;
};

static bool is_one_of(const long *calls, size_t n, unsigned long long nr)
{
	for (size_t i = 0; i < n; i++)
		if ((long)nr == calls[i])
			return true;
	return false;
}

static bool is_transfer(const struct ptrace_syscall_info *info)
{
	long nr = (long)info->entry.nr;

	return (nr == SYS_read || nr == SYS_write || nr == SYS_pwrite64) && info->entry.args[2] > 1;
}

/* A thread's group is the process it belongs to. */
static bool is_thread_of(pid_t main_pid, pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)main_pid, (int)pid);
	return access(path, F_OK) == 0;
}

/* Where the call was made: for the table of what is covered. */
static void attribute(struct tracer *t, pid_t pid)
{
	if (pid != t->main && !is_thread_of(t->main, pid)) {
		t->in_children++;
		return;
	}
	t->in_whole += t->programs > 1;
	t->in_threads += pid != t->main;
}

#ifdef __x86_64__
static void set_register(pid_t pid, size_t offset, unsigned long value)
{
	if (ptrace(PTRACE_POKEUSER, pid, (void *)offset, (void *)value) != 0)
		perror("stop-at: PTRACE_POKEUSER");
}

static void take_away(pid_t pid)
{
	set_register(pid, offsetof(struct user_regs_struct, orig_rax), (unsigned long)-1);
}

static void set_result(pid_t pid, long value)
{
	set_register(pid, offsetof(struct user_regs_struct, rax), (unsigned long)value);
}

static void set_length(pid_t pid, unsigned long value)
{
	set_register(pid, offsetof(struct user_regs_struct, rdx), value);
}
#else
#error "write take_away(), set_result() and set_length() for this machine"
#endif

/* Not whether a descriptor waits: the kernel never refuses that, and libcurl does not ask
 * whether it has. */
static bool is_look(const struct ptrace_syscall_info *info)
{
	if (info->entry.nr == SYS_fcntl &&
	    (info->entry.args[1] == F_GETFL || info->entry.args[1] == F_SETFL))
		return false;
	return is_one_of(look_calls, LEN(look_calls), info->entry.nr);
}

/* Nothing else of it runs either: it has one thread, or the others wait for this one. */
static void hold(const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || close(fd) != 0)
		perror(file);
	while (access(file, F_OK) == 0)
		(void)usleep(10000);
}

static void entered(struct tracer *t, pid_t pid, const struct ptrace_syscall_info *info)
{
	bool file = is_one_of(file_calls, LEN(file_calls), info->entry.nr),
	     transfer = is_transfer(info);
	bool look = is_look(info);

	t->calls++;
	t->files += file;
	t->looks += look;
	t->transfers += transfer;
	if (t->mode == COUNT)
		attribute(t, pid);
	if (t->hit)
		return;
	if (t->mode == HOLD && t->calls == t->at) {
		t->hit = true;
		hold(t->file);
	} else if (t->mode == KILL && t->calls == t->at) {
		t->hit = true;
		(void)kill(t->main, SIGKILL);
	} else if ((t->mode == FAIL && file && t->files == t->at) ||
	           (t->mode == LOOK && look && t->looks == t->at)) {
		t->hit = true;
		t->failing = pid;
		if (info->entry.nr != SYS_close)
			take_away(pid);
	} else if (t->mode == SHORT && transfer && t->transfers == t->at) {
		t->hit = true;
		set_length(pid, info->entry.args[2] / 2);
	}
}

/* One stop of one task; the signal to pass on. */
static int handle_stop(struct tracer *t, pid_t pid, int status)
{
	int signal = WSTOPSIG(status);
	struct ptrace_syscall_info info = { 0 };

	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
		t->begun = true;
		t->programs += pid == t->main;
	}
	if (status >> 16 != 0)
		return 0; /* an event of ptrace itself */
	if (signal != (SIGTRAP | 0x80))
		return signal == SIGSTOP ? 0 : signal;
	if (!t->begun || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return 0;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		entered(t, pid, &info);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && pid == t->failing) {
		set_result(pid, -t->error);
		t->failing = 0;
	}
	return 0;
}

static int trace(struct tracer *t)
{
	int status = 0, result = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == t->main)
				result = WIFEXITED(status) ? WEXITSTATUS(status)
				                           : 128 + WTERMSIG(status);
			continue;
		}
		int signal = handle_stop(t, pid, status);
		/* gone if it was just killed */
		(void)ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal);
	}
	return result;
}

static int start(struct tracer *t, char **argv)
{
	int status;

	t->main = fork();
	if (t->main == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		(void)execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (t->main < 0 || waitpid(t->main, &status, 0) != t->main)
		return -1;
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
	               PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	if (ptrace(PTRACE_SETOPTIONS, t->main, NULL, (void *)options) != 0)
		return -1;
	(void)ptrace(PTRACE_SYSCALL, t->main, NULL, NULL);
	return 0;
}

static bool parse_mode(struct tracer *t, const char *word)
{
	if (strcmp(word, "count") == 0)
		return true;
	if (strcmp(word, "kill") == 0 || strcmp(word, "short") == 0) {
		t->mode = word[0] == 'k' ? KILL : SHORT;
		return true;
	}
	if (strcmp(word, "hold") == 0) {
		t->mode = HOLD;
		return true;
	}
	t->mode = strncmp(word, "look-", 5) == 0 ? LOOK : FAIL;
	word += t->mode == LOOK ? 5 : 0;
	for (size_t i = 0; i < LEN(errors); i++)
		if (strcmp(errors[i].name, word) == 0)
			t->error = errors[i].number;
	return t->error != 0;
}

int main(int argc, char **argv)
{
	struct tracer t = { 0 };
	int command = 2;

	if (argc < 3 || !parse_mode(&t, argv[1]) ||
	    (t.mode != COUNT && argc < 4 + (t.mode == HOLD))) {
		(void)fprintf(stderr, "usage: stop-at count|kill N|hold N FILE|short N|ERRNO "
		                      "N|look-ERRNO N CMD...\n");
		return 64;
	}
	if (t.mode != COUNT) {
		t.at = strtol(argv[2], NULL, 10);
		t.file = argv[3];
		command = t.mode == HOLD ? 4 : 3;
	}
	if (start(&t, argv + command) != 0) {
		perror("stop-at");
		return 71;
	}
	int result = trace(&t);
	if (t.mode == COUNT)
		(void)fprintf(stderr,
		              "calls %ld files %ld looks %ld transfers %ld (%ld in the whole "
		              "program, %ld in threads, %ld in children)\n",
		              t.calls, t.files, t.looks, t.transfers, t.in_whole, t.in_threads,
		              t.in_children);
	else if (!t.hit)
		(void)fprintf(stderr, "stop-at: call %ld never came\n", t.at);
	return result;
}
