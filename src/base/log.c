/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <paths.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"

#define LINE_MAX_BYTES 4096
#define LOG_WAIT_MS    1000 /* for a log that is busy */

static struct {
	enum log_level max;
	enum log_format format;
	bool journal; /* stderr goes to journald */
	bool (*news)(void *ctx, const char *job, const char *text);
	void *ctx;
} setup = { .max = LEVEL_WARN };

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LEVEL_ERROR] = { "error", LOG_ERR },      [LEVEL_WARN] = { "warning", LOG_WARNING },
	[LEVEL_NOTICE] = { "notice", LOG_NOTICE }, [LEVEL_INFO] = { "info", LOG_INFO },
	[LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

/* $JOURNAL_STREAM holds device:inode of the stream that systemd made; it is ours only if stderr
 * is still that one. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char mine[64];

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	(void)snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(mine, stream) == 0;
}

void log_setup(enum log_level max, enum log_format format)
{
	setup.max = max;
	setup.format = format;
	setup.journal = stderr_is_journal();
}

void log_news(bool (*news)(void *ctx, const char *job, const char *text), void *ctx)
{
	setup.news = news;
	setup.ctx = ctx;
}

enum log_level log_max(void)
{
	return setup.max;
}

/* A job's name is a file's, and was not judged yet where that is what is wrong. */
static void put_line(struct buf *out, const char *job, const char *text)
{
	AUTO_FREE char *name = mem_dup(job);

	if (job != NULL) {
		show_line(name);
		buf_fmt(out, "%s: ", name);
	}
	buf_str(out, text);
}

static void write_line(enum log_level l, const char *job, const char *text)
{
	AUTO_BUF struct buf line = BUF_INIT((size_t)6 * LINE_MAX_BYTES + 256);
	char when[STR_TIME_MAX];

	if (setup.format == LOG_JSON) {
		str_from_time(env_now(&env_system), when);
		buf_fmt(&line, "{\"time\":\"%s\",\"level\":\"%s\"", when, levels[l].name);
		if (job != NULL) {
			buf_str(&line, ",\"job\":");
			buf_json(&line, job);
		}
		buf_str(&line, ",\"message\":");
		buf_json(&line, text);
		buf_str(&line, "}\n");
	} else {
		if (setup.journal)
			buf_fmt(&line, "<%d>", levels[l].priority);
		buf_fmt(&line, "acrotate: %s", l == LEVEL_WARN ? "warning: " : "");
		put_line(&line, job, text);
		buf_char(&line, '\n');
	}
	if (write(STDERR_FILENO, buf_cstr(&line), line.len) < 0)
		return; /* nobody listens: the exit status still tells */
}

void log_msg(enum log_level l, const char *job, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	if (l > setup.max)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	show_line(text);
	if (l <= LEVEL_WARN && setup.news != NULL && !setup.news(setup.ctx, job, text)) {
		if (!setup.journal)
			return;
		l = LEVEL_INFO;
	}
	write_line(l, job, text);
}

void log_err(const char *job, const struct err *e)
{
	log_msg(LEVEL_ERROR, job, "%s", e->text);
}

/* A datagram, or nothing: the log is full, and nobody reads it. */
static void send_in_time(int fd, const struct buf *line)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (send(fd, buf_cstr(line), line->len, MSG_NOSIGNAL) < 0 && errno == EAGAIN &&
	    poll(&p, 1, LOG_WAIT_MS) > 0)
		(void)send(fd, buf_cstr(line), line->len, MSG_NOSIGNAL); /* lost then */
}

/* As syslog(3) says it, which waits for ever for a log that nobody reads, with the lock of a
 * job. */
static void tell_syslog(int priority, const char *text)
{
	const struct sockaddr_un where = { .sun_family = AF_UNIX, .sun_path = _PATH_LOG };
	AUTO_BUF struct buf line = BUF_INIT((size_t)2 * LINE_MAX_BYTES);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	time_t now = (time_t)env_now(&env_system);
	char when[64] = "";
	struct tm tm;

	if (fd < 0)
		return;
	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%b %e %T", &tm);
	buf_fmt(&line, "<%d>%s acrotate[%d]: %s", LOG_DAEMON | priority, when, (int)getpid(), text);
	if (connect(fd, (const struct sockaddr *)&where, sizeof(where)) == 0)
		send_in_time(fd, &line);
	else if (errno == EPROTOTYPE)
		/* a stream, of a log daemon of another kind */
		syslog(LOG_DAEMON | priority, "%s", text);
	(void)close(fd); /* sent, or lost */
}

void log_journal(enum log_level l, const char *job, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	show_line(text);
	if (setup.journal) {
		write_line(l, job, text);
		return;
	}
	AUTO_BUF struct buf line = BUF_INIT((size_t)2 * LINE_MAX_BYTES);
	put_line(&line, job, text);
	tell_syslog(levels[l].priority, buf_cstr(&line));
}
