/* SPDX-License-Identifier: MIT */
/* A network whose only host is the emulator's storage account and its Entra ID, in this process:
 * what the client of Blob Storage and those who use it are tried against, without a port. */
#ifndef FAKES_STORAGE_HTTP_H
#define FAKES_STORAGE_HTTP_H

#include "azure/arm.h"
#include "azure/blob_place.h"
#include "fakes/emulator_http.h"
#include "fakes/fake_env.h"

struct http_lender;
struct pki;

struct storage_http {
	char *dir;
	struct fake_env env;
	struct azure_spec spec;
	struct emulator_http net;
	struct identity *app; /* what the tests take rights from */
	struct http_lender *lender;
	struct arm *arm;
	char *jwt; /* for storage_http_do() */
	int64_t jwt_at;
};
/* An account with container `records`, and an application that may do everything there. */
struct storage_http *storage_http_new(void);
void storage_http_free(struct storage_http *s);
/* The container, with prefix `prod`. */
struct blob_place storage_http_place(void);
/* A request of the application's own below "/emulatedstore/records"; `header`: one more line, or
 * NULL. *text as for emulator_http_do(). */
int storage_http_do(struct storage_http *s, const char *method, const char *below,
                    const char *header, const char *body, char **text);
/* Wipes what the process keeps for all of them. */
void storage_http_end(void);

#endif
