/* SPDX-License-Identifier: MIT */
#include "config/host.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define MACHINE_ID_FILE "/etc/machine-id"
#define MACHINE_ID_LEN  32

void host_clear(struct host *h)
{
	free(h->name);
	free(h->machine_id);
	free(h->machine_text);
	free(h->home);
	*h = (struct host){ 0 };
}

const char *host_name(struct host *h)
{
	struct utsname u;

	if (!h->asked_name) {
		h->asked_name = true;
		if (uname(&u) == 0)
			h->name = mem_dup(u.nodename);
	}
	return h->name;
}

bool host_is_nameless(const char *name)
{
	size_t n = name != NULL ? strcspn(name, ".") : 0;

	return n == 0 || strcmp(name, "(none)") == 0 ||
	       (n == strlen("localhost") && memcmp(name, "localhost", n) == 0);
}

/* A file of the system's own: one line, no surprises; anything else counts as having none. */
static void read_machine_id(struct host *h)
{
	char text[MACHINE_ID_LEN + 2]; /* with a byte more than there should be */
	int fd = open(MACHINE_ID_FILE, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return;
	ssize_t n = read(fd, text, sizeof(text));
	(void)close(fd); /* only read */
	if (n < MACHINE_ID_LEN || (n > MACHINE_ID_LEN && text[MACHINE_ID_LEN] != '\n'))
		return;
	AUTO_FREE char *id = mem_dup_n(text, MACHINE_ID_LEN);
	if (strspn(id, "0123456789abcdef") != MACHINE_ID_LEN)
		return;
	h->machine_id = take(&id);
	if (n <= MACHINE_ID_LEN + 1)
		h->machine_text = mem_dup_n(text, (size_t)n);
}

const char *host_machine_id(struct host *h)
{
	if (!h->asked_machine_id) {
		h->asked_machine_id = true;
		read_machine_id(h);
	}
	return h->machine_id;
}

const char *host_home(struct host *h)
{
	if (!h->asked_home) {
		const char *home = secure_getenv("HOME");

		h->asked_home = true;
		if (home == NULL || home[0] != '/') {
			const struct passwd *user = getpwuid(geteuid());
			home = user != NULL ? user->pw_dir : NULL;
		}
		h->home = home != NULL && home[0] == '/' ? mem_dup(home) : NULL;
	}
	return h->home;
}

/* FNV-1a with a finishing mix: spreads well over any small range, and is the same everywhere and
 * for ever. */
static uint64_t hash_text(uint64_t h, const char *s)
{
	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h;
}

static uint64_t hash_finish(uint64_t h)
{
	h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
	h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
	return h ^ (h >> 33);
}

#define HASH_START 0xcbf29ce484222325u

int64_t host_spread(struct host *h, const char *shared, const char *job, int64_t most)
{
	const char *own = host_machine_id(h) != NULL ? host_machine_id(h) : host_name(h);
	const char *machine = shared != NULL ? shared : own;
	uint64_t hash = hash_text(HASH_START, machine != NULL ? machine : "");

	hash = hash_finish(hash_text(hash_text(hash, "/"), job));
	return most > 0 ? (int64_t)(hash % ((uint64_t)most + 1)) : 0;
}

#define TOKEN_LEN_MIN 5
#define TOKEN_LEN_MAX 50
#define HASH_DIGITS   8

void host_token_name(const char *text, char out[static HOST_TOKEN_MAX])
{
	AUTO_FREE char *name = mem_fmt("%s%s", str_is_letter(text[0]) ? "" : "h-", text);
	size_t n = strlen(name);

	for (char *c = name; *c != '\0'; c++)
		if (!str_is_letter(*c) && !str_is_digit(*c))
			*c = '-';
	if (n > TOKEN_LEN_MAX) {
		/* Two long names that differ only at the end must not become one token. */
		unsigned hash = (unsigned)(hash_finish(hash_text(HASH_START, text)) & 0xffffffffu);
		(void)snprintf(out, HOST_TOKEN_MAX, "%.*s-%0*x", TOKEN_LEN_MAX - HASH_DIGITS - 1,
		               name, HASH_DIGITS, hash);
	} else {
		(void)snprintf(out, HOST_TOKEN_MAX, "%s%s", name, n < TOKEN_LEN_MIN ? "-host" : "");
	}
}
