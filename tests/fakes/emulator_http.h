/* SPDX-License-Identifier: MIT */
/* A network whose only host is an emulator in this process: what a client is tried against without
 * a port. */
#ifndef FAKES_EMULATOR_HTTP_H
#define FAKES_EMULATOR_HTTP_H

#include "emulator/emulator.h"

struct err;
struct http;

struct emulator_http {
	struct emulator emu; /* the test fills it */
	size_t count;        /* requests so far */
	/* the next requests answer with this status (0: not at all), acted on or not */
	size_t failing;
	size_t skipping; /* ... but so many before them, which are well */
	int status;
	/* x-ms-error-code and body of these answers, or NULL; code "foreign": not of the service */
	const char *code, *text;
	int64_t retry_after_ms; /* of these answers; 0: none */
	bool acts;
	const char *only; /* fail only these: a part of the URL, or NULL */
	int64_t date;     /* Date of all answers; 0: none */
};
struct http *emulator_http_client(struct emulator_http *to);
/* For a lender; ctx is the struct emulator_http. */
bool emulator_http_open(void *ctx, struct http **out, struct err *e);
/* One request of the test's own; header lines end with NULL. Returns the status; *text is what it
 * answered, caller frees. */
int emulator_http_do(struct emulator_http *to, const char *method, const char *target,
                     const char *const *header, const char *body, char **text);

#endif
