/* SPDX-License-Identifier: MIT */
#include "fakes/token_play.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"

static size_t steps_of(const struct row *row)
{
	size_t n = 0;

	while (n < COUNT(row->step) &&
	       (row->step[n].status != 0 || row->step[n].outcome != FAKE_ANSWER))
		n++;
	return n;
}

void play(struct token_rig *rig, const struct row *row)
{
	struct fake_http *net = fake_http_new(row->step, steps_of(row));
	struct http *client = fake_http_client(net);
	int exit = token_rig_run(rig, client, row->words);

	CHECK(exit == row->exit, "%s: exit %d, want %d: %s", row->name, exit, row->exit,
	      buf_cstr(&rig->err));
	if (row->out != NULL)
		CHECK_TEXT(buf_cstr(&rig->out), row->out, "%s", row->name);
	if (row->err != NULL && *row->err == '=')
		CHECK_TEXT(buf_cstr(&rig->err), row->err + 1, "%s", row->name);
	else if (row->err != NULL)
		CHECK(strstr(buf_cstr(&rig->err), row->err) != NULL, "%s: want '%s' in '%s'",
		      row->name, row->err, buf_cstr(&rig->err));
	else
		CHECK_TEXT(buf_cstr(&rig->err), "", "%s", row->name);
	CHECK(strstr(buf_cstr(&rig->err), "SECRET") == NULL, "%s: '%s'", row->name,
	      buf_cstr(&rig->err));
	CHECK(fake_http_done(net), "%s", row->name);
	http_close(client);
	fake_http_free(net);
}

void play_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct token_rig rig;
		token_rig_open(&rig);
		play(&rig, &rows[i]);
		token_rig_close(&rig);
	}
}

void token_rig_with_job(struct token_rig *rig)
{
	struct err e = ERR_INIT;

	token_rig_open(rig);
	AUTO_FREE char *jobs = mem_fmt("%s/jobs.d", rig->dir), *job = mem_fmt(JOB, rig->dir);
	CHECK(fs_make_dir(jobs, &e), "%s", e.text);
	token_rig_write(rig, "jobs.d/web.conf", job);
}
