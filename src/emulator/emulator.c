/* SPDX-License-Identifier: MIT */
#include "emulator/emulator.h"

#include <errno.h>
#include <time.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "emulator/arm.h"
#include "emulator/registry.h"

void emulator_url(const struct emulator *emu, struct buf *out)
{
	buf_fmt(out, "https://localhost:%lld", (long long)emu->set.port);
}

bool emulator_sleep(struct emulator *emu, int64_t ms)
{
	struct timespec until;
	bool going_on;

	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail for this clock */
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&emu->sleep_lock);
	while (!emu->stopping &&
	       pthread_cond_timedwait(&emu->sleep_wake, &emu->sleep_lock, &until) != ETIMEDOUT)
		;
	going_on = !emu->stopping;
	(void)pthread_mutex_unlock(&emu->sleep_lock);
	return going_on;
}

void emulator_late_begin(struct emulator *emu)
{
	(void)pthread_mutex_lock(&emu->sleep_lock);
	emu->late++;
	(void)pthread_mutex_unlock(&emu->sleep_lock);
}

void emulator_late_end(struct emulator *emu)
{
	(void)pthread_mutex_lock(&emu->sleep_lock);
	emu->late--;
	(void)pthread_cond_broadcast(&emu->sleep_wake);
	(void)pthread_mutex_unlock(&emu->sleep_lock);
}

void emulator_stop(struct emulator *emu)
{
	(void)pthread_mutex_lock(&emu->sleep_lock);
	emu->stopping = true;
	(void)pthread_cond_broadcast(&emu->sleep_wake);
	while (emu->late > 0)
		(void)pthread_cond_wait(&emu->sleep_wake, &emu->sleep_lock);
	(void)pthread_mutex_unlock(&emu->sleep_lock);
}

static void no_such_path(struct request *rq, struct reply *rs)
{
	AUTO_FREE char *text =
		mem_fmt("No part of the emulator answers '%s %s'.", rq->method, rq->path);

	exchange_reply_json(rs, 404);
	buf_str(&rs->body, "{\"error\":{\"code\":\"NotFound\",\"message\":");
	buf_json(&rs->body, text);
	buf_str(&rs->body, "}}");
}

void emulator_act(struct emulator *emu, struct request *rq, struct reply *rs,
                  const char **operation)
{
	enum area area;
	const struct route *row = route_find(rq, &area);
	/* Metadata endpoints and the control endpoint speak plain HTTP, everything else TLS: a
	 * client that mixes them up must notice. */
	bool plain_area = row != NULL && area == AREA_IDENTITY;

	if (operation != NULL)
		*operation = row != NULL ? row->operation : "none";
	if (row == NULL || (area != AREA_CONTROL && rq->plain != plain_area)) {
		no_such_path(rq, rs);
		return;
	}
	if (area == AREA_ARM) {
		if (!arm_admit(emu, rq, rs, row))
			return;
		(void)pthread_mutex_lock(&emu->lock);
		row->handle(emu, rq, rs);
		(void)pthread_mutex_unlock(&emu->lock);
		return;
	}
	if (area != AREA_REGISTRY || registry_admit(emu, rq, rs))
		row->handle(emu, rq, rs);
}
