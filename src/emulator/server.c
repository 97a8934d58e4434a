/* SPDX-License-Identifier: MIT */
#include "emulator/server.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/emulator.h"
#include "emulator/fault.h"
#include "emulator/journal.h"
#include "emulator/operation.h"

/* request and reply headers, a polling URL of 3 kB among them */
#define CONNECTION_MEMORY (128 * 1024)
#define CONNECTIONS_MAX   4096
#define STACK_BYTES       (1 << 20)
#define LATE_LOOK_MS      20 /* somebody may move the clock */
#define HANG_MS           (600 * 1000)
#define LINE_BYTES        4096
#define ALL_AT_ONCE       (64 * 1024)

struct server {
	struct emulator *emu;
	struct MHD_Daemon *daemon;
	bool plain;
	gnutls_datum_t ticket_key; /* of this server, for as long as it runs */
	_Atomic uint64_t connections;
};

struct connection {
	uint64_t number;
	int replica;
};

/* One exchange on its way through the library. */
struct server_exchange {
	struct request rq;
	bool ready; /* method and headers were taken over */
	int64_t began_ms;
};

struct drip {
	struct emulator *emu;
	struct buf body;
	int64_t interval_ms;
	size_t stop_at;
};

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *key,
                               const char *value)
{
	(void)kind;
	pairs_add(cls, key, value);
	return MHD_YES;
}

/* Percent escapes of a path, but for %2F, which must stay inside its segment. */
static char *decode_path(const char *target, size_t n)
{
	AUTO_BUF struct buf path = BUF_INIT(CONNECTION_MEMORY);

	for (size_t i = 0; i < n; i++) {
		unsigned code;

		if (target[i] == '%' && n - i >= 3 && sscanf(target + i + 1, "%2x", &code) == 1 &&
		    code != '/' && code != 0) {
			buf_char(&path, (char)code);
			i += 2;
		} else {
			buf_char(&path, target[i]);
		}
	}
	return mem_dup(buf_cstr(&path));
}

static void *on_target(void *cls, const char *target, struct MHD_Connection *c)
{
	struct server_exchange *x = mem_new(sizeof(*x));
	size_t n = strcspn(target, "?");

	(void)cls;
	(void)c;
	exchange_request_init(&x->rq);
	x->rq.target = mem_dup(target);
	x->rq.path = decode_path(target, n);
	if (target[n] == '?' && !pairs_form(&x->rq.query, target + n + 1, strlen(target + n + 1)))
		pairs_clear(&x->rq.query);
	x->began_ms = clock_mono_ms();
	return x;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **ctx,
                         enum MHD_RequestTerminationCode why)
{
	struct server_exchange *x = *ctx;

	(void)cls;
	(void)c;
	(void)why;
	if (x == NULL)
		return;
	exchange_request_clear(&x->rq);
	mem_free_ptr(ctx);
}

/* Entra ID, Resource Manager and registries all give out session tickets: a client that comes
 * again saves most of a handshake. The library has no option for it, but tells of a connection
 * before its handshake begins. */
static void offer_tickets(struct server *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		s->plain ? NULL : MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (info != NULL && info->tls_session != NULL)
		(void)gnutls_session_ticket_enable_server(
			info->tls_session,
			&s->ticket_key); /* without, every handshake is a full one */
}

static void on_connection(void *cls, struct MHD_Connection *c, void **ctx,
                          enum MHD_ConnectionNotificationCode what)
{
	struct server *s = cls;
	struct connection *own;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		mem_free_ptr(ctx);
		return;
	}
	offer_tickets(s, c);
	own = mem_new(sizeof(*own));
	own->number = atomic_fetch_add(&s->connections, 1) + 1;
	own->replica = -1;
	*ctx = own;
}

/* ---- log ------------------------------------------------------------------------------------- */

/* The signed part of a polling URL is no secret, but three kilobytes of noise. */
static void put_query(const struct request *rq, struct buf *out)
{
	static const char *const hidden[] = { "t", "c", "s", "h" };

	buf_char(out, '{');
	for (size_t i = 0, n = 0; i < rq->query.n; i++) {
		bool skip = false;

		for (size_t k = 0; k < COUNT(hidden); k++)
			skip = skip || strcmp(rq->query.item[i].name, hidden[k]) == 0;
		if (skip)
			continue;
		if (n++ > 0)
			buf_char(out, ',');
		buf_json(out, rq->query.item[i].name);
		buf_char(out, ':');
		buf_json(out, rq->query.item[i].value);
	}
	buf_char(out, '}');
}

static void put_member(struct buf *out, const char *name, const char *value)
{
	if (value == NULL || !*value)
		return;
	buf_fmt(out, ",\"%s\":", name);
	buf_json(out, value);
}

static void write_line(struct server *s, const struct server_exchange *x, const char *operation,
                       const struct fault *f, int status, bool acted)
{
	AUTO_BUF struct buf line = BUF_INIT(LINE_BYTES);
	char time[CLOCK_TEXT_MAX];

	clock_text(clock_ticks(&s->emu->clock), time);
	buf_fmt(&line, "{\"time\":\"%s\",\"operation\":\"%s\",\"method\":\"%s\",\"path\":", time,
	        operation, x->rq.method);
	buf_json(&line, x->rq.path);
	buf_str(&line, ",\"query\":");
	put_query(&x->rq, &line);
	buf_fmt(&line, ",\"status\":%d,\"acted\":%s,\"ms\":%lld,\"connection\":%llu", status,
	        acted ? "true" : "false", (long long)(clock_mono_ms() - x->began_ms),
	        (unsigned long long)x->rq.connection);
	if (x->rq.replica != NULL && *x->rq.replica >= 0)
		buf_fmt(&line, ",\"replica\":%d", *x->rq.replica);
	put_member(&line, "subject", x->rq.subject);
	put_member(&line, "note", x->rq.note);
	put_member(&line, "fault", f != NULL ? f->effect->name : NULL);
	put_member(&line, "client_request_id", pairs_get(&x->rq.header, "x-ms-client-request-id"));
	put_member(&line, "host", pairs_get(&x->rq.header, "Host"));
	put_member(&line, "user_agent", pairs_get(&x->rq.header, "User-Agent"));
	buf_char(&line, '}');
	if (buf_ok(&line))
		journal_add(s->emu->journal, buf_cstr(&line));
}

/* ---- replies --------------------------------------------------------------------------------- */

static ssize_t drip_read(void *cls, uint64_t at, char *out, size_t max)
{
	struct drip *d = cls;
	size_t left = d->body.len - (size_t)at;

	if (at >= d->stop_at || at >= d->body.len)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (d->interval_ms > 0) {
		if (!emulator_sleep(d->emu, d->interval_ms))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		left = 1;
	} else if (left > d->stop_at - (size_t)at) {
		left = d->stop_at - (size_t)at;
	}
	if (left > max)
		left = max;
	memcpy(out, d->body.data + at, left);
	return (ssize_t)left;
}

static ssize_t read_nothing(void *cls, uint64_t at, char *out, size_t max)
{
	(void)cls;
	(void)at;
	(void)out;
	(void)max;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void drip_free(void *cls)
{
	struct drip *d = cls;

	buf_free(&d->body);
	mem_free_ptr(&d);
}

static struct MHD_Response *make_slow(struct server *s, const struct fault *f, struct reply *rs)
{
	struct drip *d = mem_new(sizeof(*d));

	d->emu = s->emu;
	d->body = rs->body;
	rs->body = (struct buf)BUF_INIT(1);
	d->stop_at = d->body.len;
	if (f->effect->delivery == DELIVER_DRIP)
		d->interval_ms = f->interval_ms;
	else
		d->stop_at = f->bytes >= 0 ? (size_t)f->bytes : d->body.len / 2;
	return MHD_create_response_from_callback(d->body.len, d->interval_ms ? 1 : ALL_AT_ONCE,
	                                         drip_read, d, drip_free);
}

static enum MHD_Result send_reply(struct server *s, struct MHD_Connection *c, const struct fault *f,
                                  struct reply *rs)
{
	enum delivery how = f != NULL ? f->effect->delivery : DELIVER;
	char date[CLOCK_TEXT_MAX];
	struct MHD_Response *r;
	enum MHD_Result queued;

	if (rs->head_length >= 0)
		r = MHD_create_response_from_callback((uint64_t)rs->head_length, 1, read_nothing,
		                                      NULL, NULL);
	else if ((how == DELIVER_TRUNCATED || how == DELIVER_DRIP) && rs->body.len > 0)
		r = make_slow(s, f, rs);
	else
		r = MHD_create_response_from_buffer(rs->body.len, rs->body.data,
		                                    MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	clock_http_date(clock_seconds(&s->emu->clock), date);
	if (!s->emu->set.no_date)
		(void)MHD_add_response_header(r, "Date", date);
	if (rs->content_type != NULL)
		(void)MHD_add_response_header(r, "Content-Type", rs->content_type);
	for (size_t i = 0; i < rs->header.n; i++)
		(void)MHD_add_response_header(r, rs->header.item[i].name, rs->header.item[i].value);
	queued = MHD_queue_response(c, (unsigned)rs->status, r);
	MHD_destroy_response(r);
	return queued;
}

/* The next close sends RST instead of FIN. */
static void arm_reset(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	if (info != NULL)
		/* else a FIN, as good */
		(void)setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &at_once,
		                 sizeof(at_once));
}

struct late {
	struct emulator *emu;
	struct request rq;
	int64_t at;      /* ticks */
	char *operation; /* whose result the answer is; NULL: nobody gets it */
};

/* By the emulator's own clock: who moves that need not wait. */
static bool wait_until(struct emulator *emu, int64_t at)
{
	while (clock_ticks(&emu->clock) < at)
		if (!emulator_sleep(emu, LATE_LOOK_MS))
			return false;
	return true;
}

static void *act_late(void *cls)
{
	struct late *late = cls;
	struct emulator *emu = late->emu;
	struct reply rs;

	exchange_reply_init(&rs);
	if (wait_until(emu, late->at)) {
		emulator_act(emu, &late->rq, &rs, NULL);
		if (late->operation != NULL)
			operation_end(emu, late->operation, &rs);
	}
	exchange_reply_clear(&rs);
	exchange_request_clear(&late->rq);
	mem_free_ptr(&late->operation);
	mem_free_ptr(&late);
	emulator_late_end(emu);
	return NULL;
}

static void plan_late(struct emulator *emu, const struct request *rq, const struct fault *f,
                      const struct reply *rs)
{
	struct late *late = mem_new(sizeof(*late));
	pthread_t thread;

	late->emu = emu;
	late->at = clock_ticks(&emu->clock) + f->late_ms * (STR_TICKS_PER_S / 1000);
	late->operation = operation_named(pairs_get(&rs->header, "Location"));
	exchange_request_copy(&late->rq, rq);
	emulator_late_begin(emu);
	if (pthread_create(&thread, NULL, act_late, late) != 0)
		mem_exhausted();
	(void)pthread_detach(thread); /* cannot fail for a thread just made */
}

static const char *operation_of(struct server *s, struct request *rq)
{
	enum area area;
	const struct route *row = route_find(rq, &area);

	(void)s;
	for (size_t i = 0; i < EXCHANGE_ARGS_MAX; i++)
		mem_free_ptr(&rq->arg[i]);
	return row != NULL ? row->operation : "none";
}

static enum MHD_Result play(struct server *s, struct MHD_Connection *c, struct server_exchange *x)
{
	const char *operation = operation_of(s, &x->rq);
	bool control = strncmp(operation, "control", 7) == 0;
	const struct fault *f = control ? NULL : fault_pick(s->emu->faults, &x->rq, operation);
	enum delivery how = f != NULL ? f->effect->delivery : DELIVER;
	bool late = how == DELIVER_LATE || (f != NULL && fault_ends_later(f)),
	     closes = how == DELIVER_LATE && f->status == 0;
	enum MHD_Result result = MHD_NO;
	struct reply rs;

	exchange_reply_init(&rs);
	if (f != NULL && f->before_ms)
		/* cut short only at the end of the program */
		(void)emulator_sleep(s->emu, f->before_ms);
	if (f == NULL || f->effect->acts)
		emulator_act(s->emu, &x->rq, &rs, NULL);
	if (f != NULL && f->effect->shape != NULL)
		f->effect->shape(f, s->emu, &x->rq, &rs);
	if (f != NULL && f->after_ms)
		(void)emulator_sleep(s->emu, f->after_ms);
	if (late)
		plan_late(s->emu, &x->rq, f, &rs);
	if (!control)
		write_line(s, x, operation, f,
		           how == DELIVER_DROP || how == DELIVER_RESET || closes ? 0 : rs.status,
		           f == NULL || f->effect->acts);
	if (how == DELIVER_HANG)
		(void)emulator_sleep(s->emu, HANG_MS);
	else if (how == DELIVER_RESET)
		arm_reset(c);
	else if (how != DELIVER_DROP && !closes)
		result = send_reply(s, c, f, &rs);
	exchange_reply_clear(&rs);
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **ctx)
{
	struct server *s = cls;
	struct server_exchange *x = *ctx;

	(void)url;
	(void)version;
	if (!x->ready) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
		struct connection *own = info != NULL ? info->socket_context : NULL;

		x->ready = true;
		x->rq.method = mem_dup(method);
		x->rq.plain = s->plain;
		x->rq.connection = own != NULL ? own->number : 0;
		x->rq.replica = own != NULL ? &own->replica : NULL;
		(void)MHD_get_connection_values(c, MHD_HEADER_KIND, collect, &x->rq.header);
		return MHD_YES;
	}
	if (*n > 0) {
		buf_add(&x->rq.body, data, *n);
		*n = 0;
		return buf_ok(&x->rq.body) ? MHD_YES : MHD_NO;
	}
	return play(s, c, x);
}

bool server_start(struct emulator *emu, const char *certificate, const char *key, int64_t *port,
                  struct server **out, struct err *e)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port) };
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
	                 MHD_USE_POLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
	                 (certificate != NULL ? (unsigned)MHD_USE_TLS : 0U);
	struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
		                        { MHD_OPTION_HTTPS_MEM_KEY, 0, NULL },
		                        { MHD_OPTION_END, 0, NULL } };
	AUTO_FREE char *certificate_copy = mem_dup(certificate), *key_copy = mem_dup(key);
	const union MHD_DaemonInfo *info;
	struct server *s = mem_new(sizeof(*s));

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	tls[0].ptr_value = certificate_copy;
	tls[1].ptr_value = key_copy;
	s->emu = emu;
	s->plain = certificate == NULL;
	if (!s->plain && gnutls_session_ticket_key_generate(&s->ticket_key) != 0)
		mem_exhausted();
	s->daemon = MHD_start_daemon(
		flags, (uint16_t)*port, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &at,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
		on_target, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_ARRAY,
		certificate != NULL ? tls : tls + 2, MHD_OPTION_END);
	if (key_copy != NULL)
		explicit_bzero(key_copy, strlen(key_copy));
	if (s->daemon == NULL) {
		gnutls_free(s->ticket_key.data);
		mem_free_ptr(&s);
		return err_set(e, ERR_LOCAL, "cannot listen on 127.0.0.1:%lld", (long long)*port);
	}
	info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
	*port = info != NULL ? info->port : *port;
	*out = s;
	return true;
}

void server_stop(struct server *s)
{
	if (s == NULL)
		return;
	MHD_stop_daemon(s->daemon);
	if (s->ticket_key.data != NULL) {
		explicit_bzero(s->ticket_key.data, s->ticket_key.size);
		gnutls_free(s->ticket_key.data);
	}
	mem_free_ptr(&s);
}
