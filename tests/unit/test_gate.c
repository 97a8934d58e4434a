/* SPDX-License-Identifier: MIT */
#include "azure/gate.h"
#include "check.h"

enum { ENTER, LEAVE, THROTTLED };

/* A story: what happens when, and what a gate says that knows of no bucket. */
static void stories(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { int what; int64_t at, asks, wait; } step[] = {
		/* open: any number at a time */
		{ ENTER, 0, 0, 0 }, { ENTER, 0, 0, 0 }, { ENTER, 0, 0, 0 },
		/* closed until 5100 */
		{ THROTTLED, 100, 5000, 0 },
		{ ENTER, 100, 0, 5000 }, { ENTER, 5099, 0, 1 },
		/* an older request's success does not open it */
		{ LEAVE, 200, 0, 0 },
		{ ENTER, 300, 0, 4800 },
		/* an older one's shorter wait does not shorten it */
		{ THROTTLED, 400, 1000, 0 },
		{ ENTER, 1500, 0, 3600 },
		{ ENTER, 5100, 0, 0 },                                          /* one may try */
		/* the others wait for what becomes of it */
		{ ENTER, 5100, 0, 1000 }, { ENTER, 9000, 0, 1000 },
		/* again, and no time named */
		{ THROTTLED, 9100, -1, 0 },
		{ ENTER, 9100, 0, 10000 },
		/* the next try succeeds: open */
		{ ENTER, 19100, 0, 0 }, { LEAVE, 19200, 0, 0 },
		{ ENTER, 19200, 0, 0 }, { ENTER, 19200, 0, 0 },
		{ THROTTLED, 20000, INT64_MAX, 0 }, { ENTER, 20000, 0, 3600000 },   /* bounded */
		/* "at once" still lets one try first */
		{ THROTTLED, 4000000, 0, 0 }, { ENTER, 4000000, 0, 1 },
	};
	/* clang-format on */
	struct gate g = { 0 };

	for (size_t i = 0; i < COUNT(step); i++) {
		const struct gate_answer a = { .throttled = step[i].what == THROTTLED,
			                       .retry_after_ms = step[i].asks,
			                       .remaining = -1 };
		struct gate_sent sent;
		int64_t wait = 0;

		if (step[i].what == ENTER) {
			bool in = gate_enter(&g, NULL, GATE_READ, step[i].at, &sent, &wait);
			CHECK(in == (step[i].wait == 0) && wait == step[i].wait,
			      "step %zu: wait %lld", i, (long long)wait);
		} else {
			gate_leave(&g, GATE_READ, step[i].at, &a);
		}
	}
}

/* An empty bucket closes one kind; any other limit closes all. */
static void what_a_429_closes(void **state)
{
	static const struct {
		const char *name;
		int64_t remaining;
		bool reads_too;
	} rows[] = {
		{ "the bucket is empty", 0, false },
		{ "it is not", 150, true },
		{ "it does not say", -1, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct gate_answer a = { .throttled = true,
			                       .retry_after_ms = 5000,
			                       .remaining = rows[i].remaining };
		struct gate g;
		struct gate_sent sent;
		int64_t wait, since;

		gate_init_arm(&g, 0);
		assert_true(gate_enter(&g, NULL, GATE_WRITE, 0, &sent, &wait));
		gate_leave(&g, GATE_WRITE, 1000, &a);
		CHECK(!gate_enter(&g, NULL, GATE_WRITE, 1000, &sent, &wait) && wait == 5000, "%s",
		      rows[i].name);
		CHECK(gate_enter(&g, NULL, GATE_READ, 1000, &sent, &wait) != rows[i].reads_too,
		      "%s", rows[i].name);
		CHECK(gate_closed_ms(&g, 3000, &since) == 3000 && since == 2000, "%s",
		      rows[i].name);
	}
}

/* ---- a service that keeps a bucket ----------------------------------------------------------- */

struct service {
	double most, refill, left;
	int64_t at_ms;
	bool says; /* how much is left */
	int refused, served;
};

static struct gate_answer serve(struct service *s, struct gate_sent sent)
{
	struct gate_answer a = { .sent = sent, .retry_after_ms = 1000, .remaining = -1 };
	int64_t now_ms = sent.at_ms;

	s->left += (double)(now_ms - s->at_ms) / 1000 * s->refill;
	s->left = s->left < s->most ? s->left : s->most;
	s->at_ms = now_ms;
	a.throttled = s->left < 1;
	s->left -= a.throttled ? 0 : 1;
	s->refused += a.throttled;
	s->served += !a.throttled;
	a.remaining = s->says ? (int64_t)s->left : -1;
	return a;
}

#define JOBS  2000
#define OPEN  40 /* jobs that have begun, like those in the threads of a run */
#define REPLY 30 /* ms */
#define NEEDS 2  /* requests; it lines up for one more */
#define LONG  10000000

struct job {
	struct gate_place place;
	int64_t next_ms, began_ms;
	struct gate_answer answer;
	int sent;
	bool asked; /* an answer is under way */
};

struct play {
	struct gate gate;
	struct service *service;
	struct job jobs[JOBS];
	size_t first_begun, first_standing, done;
};

static void ask(struct play *p, struct job *j, int64_t now)
{
	struct gate_sent sent;
	int64_t ms = 0;

	if (j->asked) {
		gate_leave(&p->gate, GATE_WRITE, now, &j->answer);
		j->asked = false;
		j->sent += !j->answer.throttled;
		if (j->sent == NEEDS) {
			gate_step_out(&p->gate, &j->place);
			j->next_ms = INT64_MAX;
			p->done++;
			return;
		}
	}
	j->next_ms = now;
	if (!gate_enter(&p->gate, &j->place, GATE_WRITE, now, &sent, &ms)) {
		j->next_ms = now + ms;
		return;
	}
	j->answer = serve(p->service, sent);
	j->asked = true;
	j->next_ms = now + REPLY;
}

/* The first that stands in the line, as a pool asks it. */
static void let_in(struct play *p, int64_t now)
{
	static const int needs[GATE_KIND__COUNT] = { [GATE_WRITE] = NEEDS + 1 };

	while (p->first_standing < JOBS && p->first_standing - p->done < OPEN) {
		struct job *j = &p->jobs[p->first_standing];
		int64_t ms = 0;
		bool turn = j->place.standing ? gate_turn(&p->gate, &j->place, now, &ms)
		                              : gate_line_up(&p->gate, &j->place, needs, now, &ms);
		if (!turn)
			return;
		j->began_ms = j->next_ms = now;
		p->first_standing++;
	}
}

static int64_t run(struct play *p)
{
	int64_t now = 0;

	for (; p->done < JOBS && now < LONG; now += 5) {
		let_in(p, now);
		while (p->first_begun < p->first_standing && p->jobs[p->first_begun].sent == NEEDS)
			p->first_begun++;
		for (size_t i = p->first_begun; i < p->first_standing; i++)
			if (p->jobs[i].next_ms <= now)
				ask(p, &p->jobs[i], now);
	}
	return now;
}

/* Jobs through the gate to a service: few are refused, and hardly any time is lost. */
static void as_fast_as_allowed(void **state)
{
	static const struct row {
		const char *name;
		struct service service;
		double refused, late; /* at most, of what was served, and of what is allowed */
	} rows[] = {
		{ "as documented", { 200, 10, 200, 0, true, 0, 0 }, 0.001, 1.03 },
		/* what is sent before the first answer */
		{ "used before", { 200, 10, 3, 0, true, 0, 0 }, 0.01, 1.03 },
		{ "five times as fast", { 200, 50, 200, 0, true, 0, 0 }, 0.001, 1.05 },
		{ "a quarter of it", { 60, 2.5, 60, 0, true, 0, 0 }, 0.005, 1.03 },
		{ "a small bucket", { 20, 10, 20, 0, true, 0, 0 }, 0.01, 1.03 },
		{ "says nothing", { 200, 10, 200, 0, false, 0, 0 }, 0.01, 1.03 },
		{ "slow, and says nothing", { 200, 5, 200, 0, false, 0, 0 }, 0.03, 1.15 },
		{ "no limit", { 1e9, 1e9, 1e9, 0, true, 0, 0 }, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct service s = r->service;
		static struct play p;

		p = (struct play){ .service = &s };
		gate_init_arm(&p.gate, 0);
		int64_t took = run(&p);
		double allowed = (JOBS * NEEDS - r->service.left) / s.refill * 1000;
		CHECK(p.done == JOBS && s.served == JOBS * NEEDS, "%s: %zu done", r->name, p.done);
		CHECK(s.refused <= s.served * r->refused, "%s: %d refused", r->name, s.refused);
		CHECK((double)took <= allowed * r->late + 4000, "%s: %lld ms for %.0f", r->name,
		      (long long)took, allowed);
		for (int k = 0; k < GATE_KIND__COUNT; k++)
			CHECK(p.gate.bucket[k].promised == 0 && p.gate.bucket[k].in_flight == 0,
			      "%s", r->name);
		CHECK(p.gate.waiting == 0, "%s", r->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stories),
		cmocka_unit_test(what_a_429_closes),
		cmocka_unit_test(as_fast_as_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
