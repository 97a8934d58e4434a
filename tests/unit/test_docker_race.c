/* SPDX-License-Identifier: MIT */
/*
 * Our deliveries against programs that rewrite config.json as docker does: read, change, write a
 * temporary, rename, no lock. None of their updates may be lost through us. Each competitor owns
 * some entries and looks after each write, and once more at the end, whether its own newest
 * values are there. Two competitors also overwrite one another: so there is one of them.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fakes/sinks.h"
#include "sink/docker_edit.h"

#define ENTRIES 20
#define RACE_MS 2500

struct shared {
	volatile bool stop;
	volatile int writes, lost, torn;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap(long us)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static bool read_config(const char *path, struct buf *text)
{
	struct err e = ERR_INIT;

	return fs_read(path, DOCKER_CONFIG_MAX, text, NULL, &e);
}

/* The entry `key` with the number as password. */
static bool has(const struct buf *text, const char *key, int value)
{
	struct docker_entry entry;
	struct err e = ERR_INIT;
	char want[16];

	if (!docker_look(text, key, &entry, &e))
		return false;
	(void)snprintf(want, sizeof(want), "%d", value);
	bool same = entry.password != NULL && strcmp(secret_peek(entry.password), want) == 0;
	docker_entry_clear(&entry);
	return same;
}

static struct credential numbered(int value)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", value);
	return test_credential(text);
}

/* The way of docker's own saving. */
static void competitor(const char *path, const char *temp, struct shared *sh)
{
	int newest[ENTRIES] = { 0 };
	char key[32];

	for (int n = 1; !sh->stop; n++) {
		AUTO_BUF struct buf before = BUF_INIT(DOCKER_CONFIG_MAX),
				    after = BUF_INIT(DOCKER_CONFIG_MAX);
		AUTO_CREDENTIAL struct credential c = numbered(n);
		struct err e = ERR_INIT;
		(void)snprintf(key, sizeof(key), "c%d", n % ENTRIES);
		if (!read_config(path, &before) || !docker_put(&before, key, &c, &after, &e)) {
			sh->torn++;
			continue;
		}
		nap(n * 37 % 400);
		file_put(temp, buf_cstr(&after));
		if (rename(temp, path) != 0)
			abort();
		newest[n % ENTRIES] = n;
		sh->writes++;
		nap(3000);
		if (!read_config(path, &after))
			abort();
		/* It reads before its next write, so what was lost once stays lost. */
		for (int i = 0; i < ENTRIES; i++) {
			(void)snprintf(key, sizeof(key), "c%d", i);
			if (newest[i] != 0 && !has(&after, key, newest[i])) {
				sh->lost++;
				newest[i] = 0;
			}
		}
	}
}

static void nothing_of_theirs_is_lost(void **state)
{
	char *dir = scratch_make(), path[4200], temp[4200];
	struct shared *sh =
		mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ours = 0, failed = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/config.json", dir);
	(void)snprintf(temp, sizeof(temp), "%s/config.json1234", dir);
	file_put(path, "{\n\t\"auths\": {}\n}");
	pid_t pid = fork();
	if (pid == 0) {
		competitor(path, temp, sh);
		_exit(0);
	}
	for (int64_t end = now_ms() + RACE_MS; now_ms() < end; ours++) {
		AUTO_TEST_SINK struct test_sink t = test_sink_open("docker", "path", path, NULL);
		AUTO_CREDENTIAL struct credential c = numbered(ours);
		struct err e = ERR_INIT;
		if (!t.ops->prepare(t.s, &c, &e))
			abort();
		nap(ours * 53 % 500);
		/* Overwritten five times in a row by a stale version is possible, and said. */
		if (!t.ops->commit(t.s, &e)) {
			CHECK(e.kind == ERR_TRANSIENT, "%s", e.text);
			failed++;
		}
	}
	sh->stop = true;
	(void)waitpid(pid, NULL, 0);
	print_message("          %d deliveries (%d given up), %d writes of the competitor, %d "
	              "lost, %d unreadable\n",
	              ours, failed, sh->writes, sh->lost, sh->torn);
	assert_true(ours > 20 && sh->writes > 50);
	assert_int_equal(sh->lost, 0);
	assert_int_equal(sh->torn, 0);
	assert_true(failed * 10 <= ours);
	assert_int_equal(temporaries_in(dir), 0);
	(void)munmap(sh, sizeof(*sh));
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_of_theirs_is_lost) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
