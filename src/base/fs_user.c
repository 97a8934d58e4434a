/* SPDX-License-Identifier: MIT */
/* A user's rights on files, taken on for a while. */
#include "base/fs.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* a group with very many members; getgrnam_r says ERANGE until it fits */
#define NAME_SERVICE_MAX (1024 * 1024)
#define GROUPS_MAX       65536 /* NGROUPS_MAX of Linux */

struct account {
	bool found;
	uid_t uid;
	gid_t gid;
};

static int ask_user(const char *name, char *text, size_t size, struct account *out)
{
	struct passwd pw, *found = NULL;
	int why = getpwnam_r(name, &pw, text, size, &found);

	if (found != NULL)
		*out = (struct account){ .found = true, .uid = pw.pw_uid, .gid = pw.pw_gid };
	return why;
}

static int ask_group(const char *name, char *text, size_t size, struct account *out)
{
	struct group gr, *found = NULL;
	int why = getgrnam_r(name, &gr, text, size, &found);

	if (found != NULL)
		*out = (struct account){ .found = true, .gid = gr.gr_gid };
	return why;
}

/* True also when there is none by that name. */
static bool ask(int (*how)(const char *, char *, size_t, struct account *), const char *name,
                struct account *out, struct err *e)
{
	*out = (struct account){ .found = false };
	for (size_t size = 1024; size <= NAME_SERVICE_MAX; size *= 4) {
		AUTO_FREE char *text = mem_array(1, size);
		int why = how(name, text, size, out);
		if (why == 0 || why == ENOENT || why == ESRCH)
			return true;
		if (why != ERANGE && why != EINTR)
			return err_sys(e, why, "cannot look up '%s'", name);
	}
	return err_set(e, ERR_LOCAL, "cannot look up '%s': the answer is too large", name);
}

static bool find_id(int (*how)(const char *, char *, size_t, struct account *), const char *kind,
                    const char *name, struct account *out, struct err *e)
{
	int64_t number;

	if (!ask(how, name, out, e))
		return false;
	if (out->found)
		return true;
	if (!str_int(name, 0, UINT32_MAX - 1, &number))
		return err_set(e, ERR_CONFIG, "there is no %s '%s' on this machine", kind, name);
	*out = (struct account){ .uid = (uid_t)number, .gid = (gid_t)number };
	return true;
}

bool fs_owner_find(const char *text, int64_t *uid, int64_t *gid, struct err *e)
{
	AUTO_FREE char *name = mem_dup(text);
	char *colon = strchr(name, ':');
	struct account user = { .found = false }, group = { .found = false };

	if (colon != NULL)
		*colon = '\0';
	if (*name != '\0' && !find_id(ask_user, "user", name, &user, e))
		return false;
	if (colon != NULL && colon[1] != '\0' && !find_id(ask_group, "group", colon + 1, &group, e))
		return false;
	*uid = *name != '\0' ? (int64_t)user.uid : -1;
	*gid = colon != NULL && colon[1] != '\0' ? (int64_t)group.gid : -1;
	return true;
}

bool fs_user_find(const char *name, struct fs_user *out, struct err *e)
{
	struct account user;
	int n = 32;

	if (!ask(ask_user, name, &user, e))
		return false;
	if (!user.found)
		return err_set(e, ERR_CONFIG, "there is no user '%s' on this machine", name);
	for (int size = n; size <= GROUPS_MAX; size = n > size ? n : size * 2) {
		gid_t *groups = mem_array((size_t)size, sizeof(*groups));
		n = size;
		if (getgrouplist(name, user.gid, groups, &n) >= 0) {
			*out = (struct fs_user){ .uid = user.uid,
				                 .gid = user.gid,
				                 .groups = groups,
				                 .n_groups = (size_t)n };
			return true;
		}
		free(groups);
	}
	return err_set(e, ERR_LOCAL, "user '%s' is in too many groups", name);
}

void fs_user_clear(struct fs_user *u)
{
	free(u->groups);
	*u = (struct fs_user){ .groups = NULL };
}

/* The raw call: glibc's would change every thread of the process. */
static bool set_groups(const gid_t *groups, size_t n)
{
	return syscall(SYS_setgroups, n, groups) == 0;
}

/* Both return the former value whether or not they did anything; asking with -1 tells. */
static bool set_ids(uid_t uid, gid_t gid)
{
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	return (uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid;
}

bool fs_rights_take(const struct fs_user *u, struct fs_rights *r, struct err *e)
{
	if (u == NULL || (geteuid() != 0 && u->uid == geteuid()))
		return true;
	/* Leaving uid 0 is what takes CAP_DAC_OVERRIDE and its like away: from another uid they
	 * would stay. */
	if (geteuid() != 0)
		return err_set(e, ERR_CONFIG, "only root can act as user %u", (unsigned)u->uid);
	int n = getgroups(0, NULL);
	if (n < 0)
		return err_sys(e, errno, "cannot read our groups");
	r->groups = mem_array((size_t)n + 1, sizeof(*r->groups));
	n = getgroups(n, r->groups);
	if (n < 0)
		return err_sys(e, errno, "cannot read our groups");
	r->n_groups = (size_t)n;
	r->uid = geteuid();
	r->gid = getegid();
	/* Becoming what we are shows that the way back is open: without the rights, or where a
	 * filter forbids the calls, nothing is begun. */
	bool way_back = set_ids(r->uid, r->gid) && set_groups(r->groups, r->n_groups);
	r->taken = way_back;
	if (way_back && set_groups(u->groups, u->n_groups) && set_ids(u->uid, u->gid))
		return true;
	fs_rights_drop(r);
	return err_set(
		e, ERR_LOCAL,
		"cannot act as user %u: CAP_SETUID and CAP_SETGID are needed; for acrotate.service "
		"'acrotate check --systemd-dropin' prints them",
		(unsigned)u->uid);
}

void fs_rights_drop(struct fs_rights *r)
{
	/* Going on with half of somebody's rights would be worse than being killed here, which
	 * every step of a rotation survives. */
	if (r->taken && (!set_ids(r->uid, r->gid) || !set_groups(r->groups, r->n_groups)))
		abort();
	free(r->groups);
	*r = (struct fs_rights){ .taken = false };
}
