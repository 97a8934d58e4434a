/* SPDX-License-Identifier: MIT */
#include "base/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/*
 * The kernel's interface, from its documentation and not from <linux/landlock.h>: that header is
 * missing or older than the running kernel on machines where this is built. The three numbers
 * are the same on every architecture.
 */
enum { CALL_CREATE = 444, CALL_ADD = 445, CALL_RESTRICT = 446 };
enum { CREATE_VERSION = 1, RULE_PATH_BENEATH = 1, MAKE_DIR = 1 << 7 };
struct ruleset_attr {
	uint64_t handled_access_fs;
};
struct path_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

/* In the order in which versions of the interface came to know them. */
static const struct sandbox_right {
	int abi;
	uint64_t bit;
	bool given;
} rights[] = {
	{ 1, 1u << 0, false },  /* execute: programs are started by the spawner */
	{ 1, 1u << 1, true },   /* write_file */
	{ 1, 1u << 4, false },  /* remove_dir */
	{ 1, 1u << 5, true },   /* remove_file */
	{ 1, 1u << 6, false },  /* make_char */
	{ 1, MAKE_DIR, false }, /* but where sandbox_allow_tree() says so */
	{ 1, 1u << 8, true },   /* make_reg */
	{ 1, 1u << 9, false },  /* make_sock */
	{ 1, 1u << 10, false }, /* make_fifo */
	{ 1, 1u << 11, false }, /* make_block */
	{ 1, 1u << 12, false }, /* make_sym */
	{ 2, 1u << 13, false }, /* refer: a rename from one directory to another */
	{ 3, 1u << 14, true },  /* truncate */
	{ 5, 1u << 15, false }, /* ioctl_dev */
};

struct sandbox {
	int abi, ruleset;
	uint64_t given;
	int why; /* the error number that said that there is none */
};

/* The calls themselves are missing, or forbidden by a filter: the kernel's own Landlock answers
 * with neither. */
static bool is_missing(int why)
{
	return why == ENOSYS || why == EPERM;
}

static bool without(struct sandbox *s, int why)
{
	if (s->ruleset >= 0)
		(void)close(s->ruleset); /* nothing is in it that counts */
	s->ruleset = -1;
	s->abi = 0;
	s->why = why;
	return true;
}

static bool failed(struct sandbox *s, const char *what, struct err *e)
{
	int why = errno;

	return is_missing(why) ? without(s, why)
	                       : err_sys(e, why, "cannot enter the sandbox: %s", what);
}

bool sandbox_new(struct sandbox **out, struct err *e)
{
	AUTO_SANDBOX struct sandbox *s = mem_new(sizeof(*s));
	struct ruleset_attr attr = { 0 };

	s->ruleset = -1;
	s->abi = (int)syscall(CALL_CREATE, NULL, (size_t)0, CREATE_VERSION);
	if (s->abi <= 0) {
		(void)without(s, s->abi < 0 ? errno : ENOSYS);
		*out = take(&s);
		return true;
	}
	for (size_t i = 0; i < COUNT(rights); i++) {
		if (rights[i].abi > s->abi)
			continue;
		attr.handled_access_fs |= rights[i].bit;
		s->given |= rights[i].given ? rights[i].bit : 0;
	}
	s->ruleset = (int)syscall(CALL_CREATE, &attr, sizeof(attr), 0);
	if (s->ruleset < 0 && !failed(s, "no set of rules", e))
		return false;
	*out = take(&s);
	return true;
}

static bool allow(struct sandbox *s, int dir, uint64_t access, const char *shown, struct err *e)
{
	const struct path_attr attr = { .allowed_access = access, .parent_fd = dir };

	if (s->abi == 0 || syscall(CALL_ADD, s->ruleset, RULE_PATH_BENEATH, &attr, 0) == 0)
		return true;
	return failed(s, shown, e);
}

bool sandbox_allow(struct sandbox *s, int dir, const char *shown, struct err *e)
{
	return allow(s, dir, s->given, shown, e);
}

bool sandbox_allow_tree(struct sandbox *s, int dir, const char *shown, struct err *e)
{
	return allow(s, dir, s->given | MAKE_DIR, shown, e);
}

bool sandbox_enter(struct sandbox *s, struct err *e)
{
	if (s->abi == 0)
		return true;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0)
		return err_sys(e, errno, "cannot enter the sandbox: no_new_privs");
	return syscall(CALL_RESTRICT, s->ruleset, 0) == 0 || failed(s, "landlock_restrict_self", e);
}

const char *sandbox_missing(const struct sandbox *s)
{
	return s->abi > 0 ? NULL : strerrordesc_np(s->why);
}

int sandbox_abi(const struct sandbox *s)
{
	return s->abi;
}

void sandbox_free(struct sandbox *s)
{
	if (s == NULL)
		return;
	if (s->ruleset >= 0)
		(void)close(s->ruleset); /* what was entered stays */
	free(s);
}

void sandbox_free_ptr(struct sandbox **s)
{
	sandbox_free(*s);
	*s = NULL;
}
