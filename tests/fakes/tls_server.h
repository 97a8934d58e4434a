/* SPDX-License-Identifier: MIT */
/*
 * A server on loopback that answers byte by byte as a test wants it, closes
 * connections when it likes, and counts. One thread per connection; requests
 * take the script's lines in the order they arrive.
 */
#ifndef FAKES_TLS_SERVER_H
#define FAKES_TLS_SERVER_H

#include "base/base.h"

struct tls_line {
	const char *reply; /* NULL: the connection is closed without one */
	bool close;        /* after the reply */
	const char *fill;  /* repeated `times` after the reply */
	size_t times;
	int wait_ms; /* before the reply */
	bool tunnel; /* after the reply speak TLS (a proxy that answered a CONNECT) */
};

struct tls_server;
/* certificate, key: PEM; NULL: without TLS. `lines` is borrowed; requests past its end are
 * closed unanswered. */
struct tls_server *tls_server_start(const char *certificate, const char *key,
                                    const struct tls_line *lines, size_t n);
void tls_server_stop(struct tls_server *s);
int tls_server_port(const struct tls_server *s);
size_t tls_server_connections(struct tls_server *s); /* that finished their handshake */
size_t tls_server_requests(struct tls_server *s);    /* whole ones */
/* The text of request i, headers and body; "" when there was none. Valid until the server stops. */
const char *tls_server_request(struct tls_server *s, size_t i);

#endif
