/* SPDX-License-Identifier: MIT */
#include "fakes/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define SEEN_MAX    64
#define REQUEST_MAX (1 << 20)

struct tls_server {
	SSL_CTX *ctx;
	int fd, port;
	pthread_t accepter;
	const struct tls_line *lines;
	size_t n;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	size_t at, connections, alive;
	char *seen[SEEN_MAX];
	size_t n_seen;
	int open_fds[SEEN_MAX];
	bool stopping;
};

struct connection {
	struct tls_server *s;
	int fd;
	SSL *ssl;
};

static long receive(struct connection *c, char *to, size_t n)
{
	return c->ssl != NULL ? (long)SSL_read(c->ssl, to, (int)n) : (long)recv(c->fd, to, n, 0);
}

static bool deliver(struct connection *c, const char *from, size_t n)
{
	while (n > 0) {
		long done = c->ssl != NULL ? (long)SSL_write(c->ssl, from, (int)n)
		                           : (long)send(c->fd, from, n, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		from += done;
		n -= (size_t)done;
	}
	return true;
}

/* Where the request ends, or 0 while it is not whole. */
static size_t whole(const struct buf *b)
{
	const char *end = strstr(buf_cstr(b), "\r\n\r\n"),
		   *length = strcasestr(buf_cstr(b), "\r\ncontent-length:");
	size_t body = length != NULL && end != NULL && length < end
	                      ? (size_t)strtoul(length + 17, NULL, 10)
	                      : 0;

	if (end == NULL || b->len < (size_t)(end + 4 - b->data) + body)
		return 0;
	return (size_t)(end + 4 - b->data) + body;
}

static bool read_request(struct connection *c, struct buf *b)
{
	char chunk[4096];

	buf_reset(b);
	while (whole(b) == 0) {
		long n = receive(c, chunk, sizeof(chunk));

		if (n <= 0)
			return false;
		buf_add(b, chunk, (size_t)n);
	}
	return true;
}

static bool start_tls(struct connection *c)
{
	c->ssl = SSL_new(c->s->ctx);
	return SSL_set_fd(c->ssl, c->fd) == 1 && SSL_accept(c->ssl) == 1;
}

static bool answer(struct connection *c, const struct tls_line *line)
{
	struct timespec wait = { .tv_sec = line->wait_ms / 1000,
		                 .tv_nsec = line->wait_ms % 1000 * 1000000L };

	(void)nanosleep(&wait, NULL);
	if (line->reply == NULL || !deliver(c, line->reply, strlen(line->reply)))
		return false;
	for (size_t i = 0; i < line->times; i++)
		if (!deliver(c, line->fill, strlen(line->fill)))
			return false;
	if (line->tunnel && !start_tls(c))
		return false;
	return !line->close;
}

static const struct tls_line *take_line(struct tls_server *s, const struct buf *request)
{
	const struct tls_line *line = NULL;

	(void)pthread_mutex_lock(&s->lock);
	if (s->n_seen < SEEN_MAX)
		s->seen[s->n_seen++] = mem_dup(buf_cstr(request));
	if (s->at < s->n)
		line = &s->lines[s->at++];
	(void)pthread_mutex_unlock(&s->lock);
	return line;
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	struct tls_server *s = c->s;
	struct buf request = BUF_INIT(REQUEST_MAX);
	const struct tls_line *line;

	if (s->ctx == NULL || s->lines[0].tunnel || start_tls(c)) {
		(void)pthread_mutex_lock(&s->lock);
		s->connections++;
		(void)pthread_mutex_unlock(&s->lock);
		while (read_request(c, &request) && (line = take_line(s, &request)) != NULL &&
		       answer(c, line))
			continue;
		if (c->ssl != NULL)
			(void)SSL_shutdown(c->ssl);
	}
	ERR_clear_error();
	SSL_free(c->ssl);
	buf_free(&request);
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SEEN_MAX; i++)
		if (s->open_fds[i] == c->fd)
			s->open_fds[i] = -1;
	(void)close(c->fd);
	s->alive--;
	(void)pthread_cond_signal(&s->idle);
	(void)pthread_mutex_unlock(&s->lock);
	free(c);
	return NULL;
}

static void remember_fd(struct tls_server *s, int fd)
{
	for (size_t i = 0; i < SEEN_MAX; i++) {
		if (s->open_fds[i] == -1) {
			s->open_fds[i] = fd;
			return;
		}
	}
	abort();
}

static void *accept_all(void *arg)
{
	struct tls_server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct connection *c = mem_new(sizeof(*c));
		pthread_t thread;

		*c = (struct connection){ .s = s, .fd = fd };
		(void)pthread_mutex_lock(&s->lock);
		s->alive++;
		remember_fd(s, fd);
		(void)pthread_mutex_unlock(&s->lock);
		if (pthread_create(&thread, NULL, serve, c) != 0 || pthread_detach(thread) != 0)
			abort();
	}
	return NULL;
}

static SSL_CTX *context(const char *certificate, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO *cert_text = BIO_new_mem_buf(certificate, -1), *key_text = BIO_new_mem_buf(key, -1);
	X509 *leaf = PEM_read_bio_X509(cert_text, NULL, NULL, NULL);
	EVP_PKEY *private = PEM_read_bio_PrivateKey(key_text, NULL, NULL, NULL);

	if (ctx == NULL || SSL_CTX_use_certificate(ctx, leaf) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, private) != 1)
		abort();
	X509_free(leaf);
	EVP_PKEY_free(private);
	BIO_free(cert_text);
	BIO_free(key_text);
	return ctx;
}

struct tls_server *tls_server_start(const char *certificate, const char *key,
                                    const struct tls_line *lines, size_t n)
{
	struct tls_server *s = mem_new(sizeof(*s));
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	*s = (struct tls_server){ .lines = lines,
		                  .n = n,
		                  .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < SEEN_MAX; i++)
		s->open_fds[i] = -1;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->idle, NULL);
	if (certificate != NULL)
		s->ctx = context(certificate, key);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, len) != 0 || listen(s->fd, 16) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&at, &len) != 0)
		abort();
	s->port = ntohs(at.sin_port);
	if (pthread_create(&s->accepter, NULL, accept_all, s) != 0)
		abort();
	return s;
}

void tls_server_stop(struct tls_server *s)
{
	(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_join(s->accepter, NULL);
	(void)close(s->fd);
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SEEN_MAX; i++)
		if (s->open_fds[i] >= 0)
			(void)shutdown(s->open_fds[i], SHUT_RDWR);
	while (s->alive > 0)
		(void)pthread_cond_wait(&s->idle, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < s->n_seen; i++)
		free(s->seen[i]);
	SSL_CTX_free(s->ctx);
	(void)pthread_mutex_destroy(&s->lock);
	(void)pthread_cond_destroy(&s->idle);
	free(s);
}

int tls_server_port(const struct tls_server *s)
{
	return s->port;
}

size_t tls_server_connections(struct tls_server *s)
{
	(void)pthread_mutex_lock(&s->lock);
	size_t n = s->connections;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

size_t tls_server_requests(struct tls_server *s)
{
	(void)pthread_mutex_lock(&s->lock);
	size_t n = s->n_seen;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

const char *tls_server_request(struct tls_server *s, size_t i)
{
	(void)pthread_mutex_lock(&s->lock);
	const char *text = i < s->n_seen ? s->seen[i] : "";
	(void)pthread_mutex_unlock(&s->lock);
	return text;
}
