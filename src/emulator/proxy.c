/* SPDX-License-Identifier: MIT */
#include "emulator/proxy.h"

#include <errno.h>
#include <netdb.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

#define REPLY_MAX (EXCHANGE_BODY_MAX + (1 << 20))
#define HEAD_MAX  (64 * 1024)
#define PIECE     (64 * 1024)

/* What belongs to one connection and not to the message. */
static const char *const own_headers[] = {
	"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Expect", "Upgrade",
	"TE",         "Date",       "Content-Type"
};

static bool is_own(const char *name, bool request)
{
	/* Of the last two only the replies' are made anew. */
	size_t n = COUNT(own_headers) - (request ? 2 : 0);

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(own_headers[i], name) == 0)
			return true;
	return false;
}

static int dial(const char *backend)
{
	const char *colon = strrchr(backend, ':');
	AUTO_FREE char *host = colon != NULL ? mem_dup_n(backend, (size_t)(colon - backend)) : NULL;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_INET }, *found = NULL;
	int fd;

	if (colon == NULL || getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -1;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
		(void)close(fd); /* nothing was sent */
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

/* HTTP/1.0: the reply ends with the connection and is never chunked. */
static bool exchange(int fd, const struct request *rq, struct buf *reply)
{
	struct err ignored = ERR_INIT; /* it is answered with 502 */
	AUTO_BUF struct buf head = BUF_INIT(HEAD_MAX);
	AUTO_FREE char *piece = mem_new(PIECE);
	ssize_t n = 0;

	buf_fmt(&head,
	        "%s %s HTTP/1.0\r\nConnection: close\r\nContent-Length: %zu\r\nX-Forwarded-Proto: "
	        "https\r\n",
	        rq->method, rq->target, rq->body.len);
	for (size_t i = 0; i < rq->header.n; i++)
		if (!is_own(rq->header.item[i].name, true))
			buf_fmt(&head, "%s: %s\r\n", rq->header.item[i].name,
			        rq->header.item[i].value);
	buf_str(&head, "\r\n");
	if (!buf_ok(&head) || !fd_write(fd, "the backend", head.data, head.len, &ignored) ||
	    !fd_write(fd, "the backend", rq->body.data, rq->body.len, &ignored))
		return false;
	while ((n = recv(fd, piece, PIECE, 0)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_add(reply, piece, (size_t)n);
	return n == 0 && buf_ok(reply);
}

static bool read_header(char *line, struct reply *rs, int64_t *length)
{
	char *colon = strchr(line, ':'), *value;

	if (colon == NULL)
		return false;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	if (strcasecmp(line, "Content-Length") == 0)
		return str_int(value, 0, INT64_MAX, length);
	if (strcasecmp(line, "Content-Type") == 0)
		pairs_add(&rs->header, line, value);
	else if (!is_own(line, false))
		pairs_add(&rs->header, line, value);
	return true;
}

bool proxy_read(const char *text, size_t n, bool head, struct reply *rs)
{
	const char *end = memmem(text, n, "\r\n\r\n", 4);
	AUTO_FREE char *lines = end != NULL ? mem_dup_n(text, (size_t)(end - text)) : NULL,
		       *code = NULL;
	int64_t status = 0, length = -1;
	char *line, *rest = lines;

	if (lines == NULL || strncmp(lines, "HTTP/1.", 7) != 0 || strlen(lines) < 12)
		return false;
	line = strsep(&rest, "\n");
	code = mem_dup_n(line + 9, 3);
	if (!str_int(code, 100, 599, &status))
		return false;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		if (!read_header(line, rs, &length))
			return false;
	}
	rs->status = (int)status;
	rs->content_type = NULL;
	buf_reset(&rs->body);
	if (head)
		rs->head_length = length >= 0 ? length : 0;
	else
		buf_add(&rs->body, end + 4, n - (size_t)(end + 4 - text));
	return head || length < 0 || (size_t)length == rs->body.len;
}

void proxy_pass(const char *backend, const struct request *rq, struct reply *rs)
{
	AUTO_BUF struct buf reply = BUF_INIT(REPLY_MAX);
	int fd = dial(backend);
	bool ok = fd >= 0 && exchange(fd, rq, &reply);

	if (fd >= 0)
		(void)close(fd); /* all was read */
	if (ok && proxy_read(buf_cstr(&reply), reply.len, strcmp(rq->method, "HEAD") == 0, rs))
		return;
	pairs_clear(&rs->header);
	rs->head_length = -1;
	exchange_reply_json(rs, 502);
	buf_str(&rs->body, "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"The registry behind "
	                   "the emulator does not answer.\"}]}");
}
