/* SPDX-License-Identifier: MIT */
/* Exchanging where others write, and sweeping behind runs that were killed. */
#include "fs_dir.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/buf.h"

static void a_sweep_takes_only_its_own(void **state)
{
	struct err e = ERR_INIT;
	struct fs_attr one = keep, two = keep;
	struct fs_stage *s = NULL, *t = NULL, *u = NULL;

	(void)state;
	one.tag = "one";
	two.tag = "two";
	file_put(in("f"), "old");
	assert_true(fs_stage_open(in("f"), &one, &s, &e));
	assert_true(fs_stage_open(in("f"), &two, &t, &e));
	assert_true(fs_stage_open(in("g"), &one, &u, &e));
	assert_int_equal(temporaries_in(dir), 3);
	assert_true(fs_sweep(in("f"), &one, 100, NULL, NULL, &e));
	assert_int_equal(temporaries_in(dir), 2);
	assert_true(fs_sweep(in("f"), &one, 100, NULL, NULL, &e));
	fs_stage_free(s);
	fs_stage_free(t);
	fs_stage_free(u);
	assert_int_equal(temporaries_in(dir), 0);
	check_text(in("f"), "old");
	/* Names that only look like ours. */
	file_put(in(".acrotate.x"), "");
	assert_true(fs_sweep(in("f"), &one, 100, NULL, NULL, &e));
	assert_int_equal(temporaries_in(dir), 1);
}

static struct fs_stage *sealed(const char *path, const char *text)
{
	struct fs_stage *s = NULL;
	struct err e = ERR_INIT;

	assert_true(fs_stage_open(path, &keep, &s, &e));
	assert_true(fs_stage_write(s, text, strlen(text), &e));
	assert_true(fs_stage_seal(s, &e));
	return s;
}

static void exchanges_and_swaps_back(void **state)
{
	AUTO_BUF struct buf base = BUF_INIT(100), displaced = BUF_INIT(100);
	struct err e = ERR_INIT;
	enum fs_exchange how;
	struct fs_id id, other;
	bool back;

	(void)state;
	file_put(in("f"), "old");
	assert_true(fs_read(in("f"), 100, &base, &id, &e));
	struct fs_stage *s = sealed(in("f"), "new");
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	if (how == FS_EXCHANGE_COMMITTED) {
		fs_stage_free(s);
		skip(); /* no exchange here */
	}
	assert_int_equal(how, FS_EXCHANGE_DONE);
	check_text(in("f"), "new");
	assert_true(fs_stage_displaced(s, 100, &displaced, &other, &e));
	assert_string_equal(buf_cstr(&displaced), "old");
	assert_true(fs_id_equal(&id, &other));
	assert_true(fs_stage_swap_back(s, &back, &e));
	assert_true(back);
	check_text(in("f"), "old");
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	assert_true(fs_stage_settle(s, &e));
	check_text(in("f"), "new");
	assert_int_equal(temporaries_in(dir), 0);
	fs_stage_free(s);
	/* It is no longer what was read. */
	s = sealed(in("f"), "newer");
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	assert_int_equal(how, FS_EXCHANGE_CHANGED);
	assert_true(fs_stage_exchange(s, NULL, &base, &how, &e));
	assert_int_equal(how, FS_EXCHANGE_CHANGED);
	fs_stage_free(s);
	check_text(in("f"), "new");
	/* There was none, and is none. */
	s = sealed(in("g"), "first");
	assert_true(fs_stage_exchange(s, NULL, &base, &how, &e));
	assert_int_equal(how, FS_EXCHANGE_COMMITTED);
	fs_stage_free(s);
	check_text(in("g"), "first");
	assert_int_equal(temporaries_in(dir), 0);
}

struct home {
	int calls;
	char text[100];
	bool ours, fail;
};

static bool note_it(void *ctx, const struct buf *displaced, bool target_is_ours, struct err *e)
{
	struct home *h = ctx;

	h->calls++;
	(void)snprintf(h->text, sizeof(h->text), "%s", buf_cstr(displaced));
	h->ours = target_is_ours;
	return !h->fail || err_set(e, ERR_LOCAL, "no");
}

/* The path of the only temporary. */
static void temporary(char *out, size_t size)
{
	DIR *d = opendir(dir);

	out[0] = '\0';
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (strncmp(e->d_name, ".acrotate.", 10) == 0)
			(void)snprintf(out, size, "%s/%s", dir, e->d_name);
	(void)closedir(d);
	assert_true(out[0] != '\0');
}

/* An exchange whose run was killed; what was displaced says `displaced`. */
static void leave_displaced(const char *displaced)
{
	AUTO_BUF struct buf base = BUF_INIT(100);
	struct err e = ERR_INIT;
	enum fs_exchange how;
	struct fs_id id;
	char temp[4400];

	file_put(in("f"), "old");
	assert_true(fs_read(in("f"), 100, &base, &id, &e));
	struct fs_stage *s = sealed(in("f"), "new");
	assert_true(fs_stage_exchange(s, &id, &base, &how, &e));
	fs_stage_free(s);
	if (how == FS_EXCHANGE_COMMITTED)
		skip();
	assert_int_equal(temporaries_in(dir), 1);
	temporary(temp, sizeof(temp));
	if (displaced != NULL)
		file_put(temp, displaced);
}

static void a_displaced_file_is_brought_home(void **state)
{
	struct home h = { .calls = 0 };
	struct err e = ERR_INIT;
	char temp[4400];

	(void)state;
	/* What was read before holds nothing new. */
	leave_displaced(NULL);
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 0);
	assert_int_equal(temporaries_in(dir), 0);
	/* Nor does our own content, of a run that was killed before the exchange: it may be
	 * older than what stands there. */
	leave_displaced(NULL);
	temporary(temp, sizeof(temp));
	assert_int_equal(renameat2(AT_FDCWD, temp, AT_FDCWD, in("f"), RENAME_EXCHANGE), 0);
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 0);
	assert_int_equal(temporaries_in(dir), 0);
	check_text(in("f"), "old");
	/* Somebody's update, and ours is still what stands there. */
	leave_displaced("theirs");
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 1);
	assert_string_equal(h.text, "theirs");
	assert_true(h.ours);
	assert_int_equal(temporaries_in(dir), 0);
	/* Emptied is an update, too: an editor may be about to write it. */
	leave_displaced("");
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 2);
	assert_string_equal(h.text, "");
	/* And it is not. */
	leave_displaced("theirs");
	assert_int_equal(unlink(in("f")), 0);
	file_put(in("f"), "another");
	assert_true(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(h.calls, 3);
	assert_false(h.ours);
	/* What cannot be merged stays. */
	h.fail = true;
	leave_displaced("theirs");
	assert_false(fs_sweep(in("f"), &keep, 100, note_it, &h, &e));
	assert_int_equal(temporaries_in(dir), 1);
	assert_false(fs_sweep(in("f"), &keep, 100, NULL, NULL, &e));
	assert_int_equal(temporaries_in(dir), 1);
}

/* Where all can make files anybody can leave one of such a name. */
static void what_somebody_left_is_not_brought_home(void **state)
{
	const struct fs_attr guarded = { .mode = -1, .uid = -1, .gid = -1, .way = FS_WAY_GUARDED };
	struct home h = { .calls = 0 };
	struct err e = ERR_INIT;
	char temp[4400];

	(void)state;
	if (geteuid() != 0)
		skip();
	leave_displaced("theirs");
	temporary(temp, sizeof(temp));
	assert_int_equal(chown(temp, 12345, 12345), 0);
	assert_int_equal(chmod(dir, 01777), 0);
	CHECK(fs_sweep(in("f"), &guarded, 100, note_it, &h, &e), "%s", e.text);
	assert_int_equal(h.calls, 0);
	assert_int_equal(temporaries_in(dir), 0);
	check_text(in("f"), "new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_sweep_takes_only_its_own),
		T(exchanges_and_swaps_back),
		T(a_displaced_file_is_brought_home),
		T(what_somebody_left_is_not_brought_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
