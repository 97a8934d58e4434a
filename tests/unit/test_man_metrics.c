/* SPDX-License-Identifier: MIT */
/* acrotate(1) has every metric that is written, with its labels, and no other. */
#include "man_page.h"

#include "rotate/metrics.h"
#include "rotate/status.h"

#define PAGE     "packaging/man/acrotate.1"
#define TEXT_MAX (1u << 20)
#define ITEM     "\n.It Li acrotate_"

/* Everything there can be a figure of. */
static const struct job_status full = {
	.state = JOB_OK,
	.active = true,
	.last_run = 1,
	.bears = 1,
	.expires = 2000,
	.next_rotation = 1500,
	.sinks = 1,
	.in_step = 1,
	.accepted_after_ms = 1,
	.follows = FOLLOWS_IN_STEP,
	.slots = { { .present = true, .created = 10, .expires = 2000 },
	           { .present = true, .created = 20, .expires = 3000 } },
};

static void read_text(const char *path, struct buf *out)
{
	struct err e = ERR_INIT;

	CHECK(fs_read(path, TEXT_MAX, out, NULL, &e), "%s (run from the top of the tree)", e.text);
}

static void write_metrics(struct buf *out)
{
	const struct metrics_run run = { .at = 1000 };
	char *dir = scratch_make(), path[4200];
	struct metrics *m = metrics_new(1);
	struct err e = ERR_INIT;

	(void)snprintf(path, sizeof(path), "%s/m.prom", dir);
	metrics_put(m, 0, "a", &full);
	CHECK(metrics_write(m, path, &run, &e), "%s", e.text);
	metrics_free(m);
	read_text(path, out);
	scratch_remove(dir);
}

/* `name{job="a",slot="b"} 1` as the page writes it: `name{job,slot}`. */
static void name_and_labels(const char *line, struct buf *out)
{
	bool quoted = false;

	for (const char *c = line; *c != '\0' && *c != '\n' && (quoted || *c != ' '); c++) {
		if (*c == '"')
			quoted = !quoted;
		else if (!quoted && *c != '=')
			buf_char(out, *c);
	}
}

static void every_metric_and_no_other(void **state)
{
	AUTO_BUF struct buf page = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
	size_t families = 0;

	(void)state;
	read_text(PAGE, &page);
	write_metrics(&text);
	/* The first sample of a family stands behind its TYPE. */
	for (const char *p = buf_cstr(&text); (p = strstr(p, "\n# TYPE ")) != NULL; families++) {
		AUTO_BUF struct buf item = BUF_INIT(256);
		const char *type = p + 1, *sample = strchr(type, '\n') + 1;
		CHECK(strncmp(sample - strlen(" gauge\n"), " gauge\n", strlen(" gauge\n")) == 0,
		      "the page says that all are gauges: %.60s", type);
		CHECK(*sample == 'a', "no sample of %.60s", type);
		buf_str(&item, "\n.It Li ");
		name_and_labels(sample, &item);
		buf_char(&item, '\n');
		CHECK(strstr(buf_cstr(&page), buf_cstr(&item)) != NULL, PAGE " needs the line%s",
		      buf_cstr(&item));
		p = sample;
	}
	CHECK(families > 15, "only %zu metrics were found", families);
	CHECK(page_count(buf_cstr(&page), ITEM) == families,
	      PAGE " has %zu metrics, the program %zu", page_count(buf_cstr(&page), ITEM),
	      families);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_metric_and_no_other) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
