/* SPDX-License-Identifier: MIT */
#include "runs.h"

#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#define TIMER         "acrotate.timer"
#define WANTS         "timers.target.wants"
#define FILE_MAX      (256 * 1024)
#define MINUTE_S      60
#define DAY_MINUTES   (24 * 60)
#define WEEKS_MINUTES (5 * 7 * DAY_MINUTES) /* a line for one day of the month comes once in it */
/* Of systemd.unit(5). */
#define SYSTEM_UNITS                                                                               \
	"/etc/systemd/system:/run/systemd/system:/usr/local/lib/systemd/system:/usr/lib/systemd/"  \
	"system:/lib/systemd/system"
#define USER_UNITS                                                                                 \
	"/etc/systemd/user:/run/systemd/user:/usr/local/lib/systemd/user:/usr/lib/systemd/user"

static bool read_text(const char *path, struct buf *out)
{
	struct err ignored =
		ERR_INIT; /* what cannot be read starts nothing that we would know of */

	buf_reset(out);
	return fs_read(path, FILE_MAX, out, NULL, &ignored);
}

/* Calls `each` for every file of a directory until it says true. */
static bool any_file(const char *dir, bool (*each)(void *ctx, const char *dir, const char *name),
                     void *ctx)
{
	DIR *d = opendir(dir);
	bool found = false;

	for (struct dirent *f; d != NULL && !found && (f = readdir(d)) != NULL;)
		found = f->d_name[0] != '.' && each(ctx, dir, f->d_name);
	if (d != NULL)
		(void)closedir(d); /* opened to read */
	return found;
}

/* ---- how often ------------------------------------------------------------------------------- */

struct schedule {
	bool minute[60], hour[24], day[32], month[13], weekday[8];
	bool any_day, any_weekday, any_month;
};

/* "*", "5", "1-5", with "/3"; several by commas. Names of months and days are not understood. */
static bool read_field(const char *text, int from, int to, bool *set)
{
	AUTO_FREE char *copy = mem_dup(text);
	char *rest = copy, *part;

	while (rest != NULL && (part = strsep(&rest, ",")) != NULL) {
		char *step = part, *range = strsep(&step, "/"), *high = range,
		     *low = strsep(&high, "-");
		bool all = strcmp(low, "*") == 0;
		int64_t a = from, b = to, by = 1;
		if ((!all && !str_int(low, from, to, &a)) ||
		    (high != NULL && !str_int(high, from, to, &b)) ||
		    (step != NULL && !str_int(step, 1, to, &by)))
			return false;
		if (!all && high == NULL && step == NULL)
			b = a;
		for (int64_t i = a; i <= b; i += by)
			set[i] = true;
	}
	return true;
}

/* By cron's rule: of day and weekday either is enough, where both are given. */
static bool comes(const struct schedule *s, int minute)
{
	int day = minute / DAY_MINUTES, of_day = minute % DAY_MINUTES;
	bool by_day = s->day[day % 31 + 1],
	     by_weekday = s->weekday[day % 7] || (day % 7 == 0 && s->weekday[7]);
	bool on = s->any_day ? by_weekday : s->any_weekday ? by_day : by_day || by_weekday;

	return on && s->hour[of_day / 60] && s->minute[of_day % 60];
}

static int64_t longest_gap(const struct schedule *s)
{
	int last = -1, most = 0;

	for (int minute = 0; minute < 2 * WEEKS_MINUTES; minute++) {
		if (!comes(s, minute))
			continue;
		most = last >= 0 && minute - last > most ? minute - last : most;
		last = minute;
	}
	return (int64_t)most * MINUTE_S;
}

static const struct {
	const char *word;
	int64_t every;
} words[] = {
	{ "minutely", 60 },          { "hourly", 3600 },
	{ "daily", 86400 },          { "midnight", 86400 },
	{ "weekly", 7 * 86400 },     { "monthly", 31 * 86400 },
	{ "quarterly", 92 * 86400 }, { "semiannually", 184 * 86400 },
	{ "yearly", 366 * 86400 },   { "annually", 366 * 86400 },
};

static int64_t by_word(const char *text, size_t n)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i].word) == n && strncmp(words[i].word, text, n) == 0)
			return words[i].every;
	return 0;
}

int64_t runs_cron_every(const char *line)
{
	static const struct {
		int from, to;
		size_t offset;
	} fields[] = {
		{ 0, 59, offsetof(struct schedule, minute) },
		{ 0, 23, offsetof(struct schedule, hour) },
		{ 1, 31, offsetof(struct schedule, day) },
		{ 1, 12, offsetof(struct schedule, month) },
		{ 0, 7, offsetof(struct schedule, weekday) },
	};
	struct schedule s = { .any_day = false };
	AUTO_FREE char *copy = mem_dup(line);
	char *rest = copy + strspn(copy, " \t");

	if (*rest == '@')
		return by_word(rest + 1, strcspn(rest + 1, " \t\n"));
	for (size_t i = 0; i < COUNT(fields); i++) {
		char *word = strsep(&rest, " \t");
		if (word == NULL || rest == NULL ||
		    !read_field(word, fields[i].from, fields[i].to,
		                (bool *)((char *)&s + fields[i].offset)))
			return 0;
		s.any_day = s.any_day || (i == 2 && strcmp(word, "*") == 0);
		s.any_weekday = s.any_weekday || (i == 4 && strcmp(word, "*") == 0);
		s.any_month = s.any_month || (i == 3 && strcmp(word, "*") == 0);
		rest += strspn(rest, " \t");
	}
	return s.any_month ? longest_gap(&s) : 0;
}

/* A word, or "[DATE] HOUR:MINUTE[:SECOND]" with any date: the time of day is one field after the
 * other of cron's. */
int64_t runs_calendar_every(const char *text)
{
	size_t n = strcspn(text, "\n");
	int64_t known = by_word(text, n);
	AUTO_FREE char *copy = mem_dup_n(text, n);
	char *time = strrchr(copy, ' ');

	if (known != 0)
		return known;
	if (time != NULL && strncmp(copy, "*-*-* ", 6) != 0)
		return 0;
	time = time == NULL ? copy : time + 1;
	char *hour = strsep(&time, ":"), *minute = time == NULL ? NULL : strsep(&time, ":");
	if (minute == NULL)
		return 0;
	bool steps = strncmp(minute, "0/", 2) == 0; /* "0/15" is cron's "*" and a step */
	AUTO_FREE char *line =
		mem_fmt("%s%s %s * * * x", steps ? "*" : "", steps ? minute + 1 : minute, hour);
	return runs_cron_every(line);
}

/* ---- timers ---------------------------------------------------------------------------------- */

static bool find_unit(const struct runs_where *w, const char *name, struct buf *text)
{
	AUTO_FREE char *path = mem_dup(w->units);
	char *rest = path, *dir;

	while ((dir = strsep(&rest, ":")) != NULL) {
		AUTO_FREE char *file = mem_fmt("%s%s/%s", w->root, dir, name);
		if (read_text(file, text))
			return true;
	}
	return false;
}

/* The value of the last KEY= of a unit; caller frees. */
static char *setting(const char *text, const char *key)
{
	size_t n = strlen(key);
	char *value = NULL;

	for (const char *line = text; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, key, n) != 0 || line[n] != '=')
			continue;
		free(value);
		value = mem_dup_n(line + n + 1, strcspn(line + n + 1, "\n"));
	}
	return value;
}

/* With the configuration that is asked about: a unit or crontab may name another one. */
static bool is_ours(const struct runs_where *w, const char *line, const char *text)
{
	const char *us = strstr(line, "acrotate");

	if (us == NULL || strstr(us, " run") == NULL)
		return false;
	if (w->config != NULL)
		return strstr(text, w->config) != NULL;
	return strstr(us, " -c") == NULL && strstr(us, " --config") == NULL &&
	       strstr(text, "ACROTATE_CONFIG=") == NULL;
}

/* A service of any name: who wants another schedule may have written own units. */
static bool starts_us(const struct runs_where *w, const char *text)
{
	for (const char *line = text; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		AUTO_FREE char *copy = mem_dup_n(line, strcspn(line, "\n"));
		if (strncmp(copy, "ExecStart", 9) == 0 && is_ours(w, copy, text))
			return true;
	}
	return false;
}

static int64_t timer_every(const char *text)
{
	AUTO_FREE char *calendar = setting(text, "OnCalendar");
	AUTO_FREE char *delay = setting(text, "RandomizedDelaySec");
	int64_t every = calendar == NULL ? 0 : runs_calendar_every(calendar), most = 0;
	size_t n = delay == NULL ? 0 : strlen(delay);

	/* "10min" is systemd's; ours is "10m". */
	if (n > 3 && strcmp(delay + n - 2, "in") == 0)
		delay[n - 2] = '\0';
	return every == 0 || delay == NULL || !str_duration(delay, &most) ? every : every + most;
}

struct looking {
	const struct runs_where *w;
	struct runs *out;
};

static bool timer(void *ctx, const char *dir, const char *name)
{
	struct looking *l = ctx;
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX), service = BUF_INIT(FILE_MAX);
	size_t n = strlen(name);

	(void)dir;
	if (n < 7 || strcmp(name + n - 6, ".timer") != 0 || !find_unit(l->w, name, &text))
		return false;
	AUTO_FREE char *unit = setting(buf_cstr(&text), "Unit");
	AUTO_FREE char *same = mem_fmt("%.*s.service", (int)n - 6, name);
	if (!find_unit(l->w, unit != NULL ? unit : same, &service) ||
	    !starts_us(l->w, buf_cstr(&service)))
		return false;
	*l->out = (struct runs){ .kind = RUNS_TIMER,
		                 .how = mem_dup(name),
		                 .every = timer_every(buf_cstr(&text)) };
	return true;
}

static bool by_timer(const struct runs_where *w, struct runs *out)
{
	AUTO_FREE char *path = mem_dup(w->units);
	char *rest = path, *dir;
	struct looking l = { .w = w, .out = out };

	while (w->systemd && (dir = strsep(&rest, ":")) != NULL) {
		AUTO_FREE char *wants = mem_fmt("%s%s/" WANTS, w->root, dir);
		if (any_file(wants, timer, &l))
			return true;
	}
	return false;
}

/* ---- cron ------------------------------------------------------------------------------------ */

/* The better one of two lines: one that really runs, and more often. */
static void take_line(const struct runs_where *w, const char *line, const char *file,
                      struct runs *out)
{
	bool yields = strstr(line, "test -d /run/systemd/system ||") != NULL && w->systemd;
	enum runs_kind kind = yields ? RUNS_CRON_YIELDS : w->cron ? RUNS_CRON : RUNS_CRON_DEAD;
	int64_t every = runs_cron_every(line);
	bool better = out->kind == RUNS_NONE ||
	              (kind == RUNS_CRON && (out->kind != RUNS_CRON || out->every == 0 ||
	                                     (every != 0 && every < out->every)));

	if (!better)
		return;
	runs_clear(out);
	*out = (struct runs){ .kind = kind, .how = mem_dup(file), .every = every };
}

static void read_crontab(const struct runs_where *w, const char *file, struct runs *out)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);

	if (!read_text(file, &text))
		return;
	for (const char *line = buf_cstr(&text); *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		AUTO_FREE char *copy = mem_dup_n(line, strcspn(line, "\n"));
		const char *start = copy + strspn(copy, " \t");
		if (*start != '#' && is_ours(w, start, buf_cstr(&text)))
			take_line(w, start, file + strlen(w->root), out);
	}
}

static bool cron_d(void *ctx, const char *dir, const char *name)
{
	struct looking *l = ctx;
	AUTO_FREE char *file = mem_fmt("%s/%s", dir, name);

	/* cron itself passes over names with a dot: what dpkg or an editor left. */
	if (strchr(name, '.') == NULL)
		read_crontab(l->w, file, l->out);
	return false;
}

/* Scripts that run-parts starts. */
struct parts {
	struct looking l;
	int64_t every;
};

static bool part(void *ctx, const char *dir, const char *name)
{
	struct parts *p = ctx;
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	AUTO_FREE char *file = mem_fmt("%s/%s", dir, name);

	if (p->l.out->kind != RUNS_NONE || !read_text(file, &text) ||
	    !is_ours(p->l.w, buf_cstr(&text), buf_cstr(&text)) || access(file, X_OK) != 0)
		return false;
	*p->l.out = (struct runs){ .kind = p->l.w->cron ? RUNS_CRON : RUNS_CRON_DEAD,
		                   .how = mem_dup(file + strlen(p->l.w->root)),
		                   .every = p->every };
	return true;
}

static void by_cron(const struct runs_where *w, struct runs *out)
{
	static const struct {
		const char *dir;
		int64_t every;
	} parts[] = {
		{ "/etc/cron.hourly", 3600 },
		{ "/etc/cron.daily", 86400 },
		{ "/etc/cron.weekly", 7 * 86400 },
	};
	static const char *const spools[] = { "/var/spool/cron/crontabs", "/var/spool/cron" };
	struct looking l = { .w = w, .out = out };
	AUTO_FREE char *all = mem_fmt("%s/etc/crontab", w->root);
	AUTO_FREE char *dir = mem_fmt("%s/etc/cron.d", w->root);

	read_crontab(w, all, out);
	(void)any_file(dir, cron_d, &l);
	for (size_t i = 0; w->user != NULL && i < COUNT(spools); i++) {
		AUTO_FREE char *own = mem_fmt("%s%s/%s", w->root, spools[i], w->user);
		read_crontab(w, own, out);
	}
	for (size_t i = 0; i < COUNT(parts); i++) {
		AUTO_FREE char *in = mem_fmt("%s%s", w->root, parts[i].dir);
		struct parts p = { .l = l, .every = parts[i].every };
		(void)any_file(in, part, &p);
	}
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* NAME-MINUTES-xxxxx: what a CronJob calls its pods. */
static bool is_of_cronjob(const char *pod)
{
	const char *last = strrchr(pod, '-');
	size_t digits = 0;

	while (last != NULL && last - digits > pod &&
	       isdigit((unsigned char)last[-1 - (ptrdiff_t)digits]))
		digits++;
	return digits >= 8 && last - digits > pod && last[-1 - (ptrdiff_t)digits] == '-';
}

void runs_look(const struct runs_where *w, struct runs *out)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);

	*out = (struct runs){ .kind = RUNS_NONE };
	if (w->pod != NULL) {
		*out = (struct runs){ .kind = is_of_cronjob(w->pod) ? RUNS_CRONJOB : RUNS_POD,
			              .how = mem_dup(w->pod) };
		return;
	}
	if (by_timer(w, out))
		return;
	by_cron(w, out);
	if (out->kind == RUNS_CRON || !w->systemd || !find_unit(w, TIMER, &text))
		return;
	runs_clear(out);
	*out = (struct runs){ .kind = RUNS_TIMER_DISABLED,
		              .how = mem_dup(TIMER),
		              .every = timer_every(buf_cstr(&text)) };
}

static bool is_cron(void *ctx, const char *dir, const char *name)
{
	static const char *const daemons[] = { "cron\n", "crond\n", "fcron\n", "anacron\n",
		                               "busybox\n" };
	AUTO_FREE char *file = mem_fmt("%s/%s/comm", dir, name);
	AUTO_BUF struct buf text = BUF_INIT(64);
	bool found = false;

	(void)ctx;
	if (!isdigit((unsigned char)name[0]) || !read_text(file, &text))
		return false;
	for (size_t i = 0; i < COUNT(daemons); i++)
		found = found || strcmp(buf_cstr(&text), daemons[i]) == 0;
	return found;
}

void runs_look_here(const char *config, struct runs *out)
{
	const char *given = getenv("SYSTEMD_UNIT_PATH"), *xdg = getenv("XDG_CONFIG_HOME"),
		   *home = getenv("HOME");
	const struct passwd *user = getpwuid(geteuid());
	char host[256] = "";
	AUTO_FREE char *own = xdg != NULL ? mem_fmt("%s/systemd/user:" USER_UNITS, xdg)
	                                  : mem_fmt("%s/.config/systemd/user:" USER_UNITS,
	                                            home != NULL ? home : "");
	struct runs_where w = { .root = "",
		                .units = geteuid() == 0 ? SYSTEM_UNITS : own,
		                .user = user == NULL ? NULL : user->pw_name,
		                .config = config,
		                .systemd = access("/run/systemd/system", F_OK) == 0,
		                .cron = any_file("/proc", is_cron, NULL) };

	if (given != NULL && *given != '\0') {
		w.units = given;
		w.systemd = true;
	}
	(void)gethostname(host, sizeof(host) - 1);
	if (getenv("KUBERNETES_SERVICE_HOST") != NULL)
		w.pod = host;
	runs_look(&w, out);
}

void runs_clear(struct runs *r)
{
	free(r->how);
	*r = (struct runs){ .kind = RUNS_NONE };
}
