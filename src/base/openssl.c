/* SPDX-License-Identifier: MIT */
#include "base/openssl.h"

#include <openssl/crypto.h>

#include "base/mem.h"

static void *wiping_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return mem_wiping_malloc(n);
}

static void *wiping_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return mem_wiping_realloc(p, n);
}

static void wiping_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	mem_wiping_free(p);
}

void openssl_setup(void)
{
	/* Fails only after OpenSSL's first allocation, that is when called too late. */
	(void)CRYPTO_set_mem_functions(wiping_malloc, wiping_realloc, wiping_free);
	/* Taking everything apart before the process ends takes longer than a handshake. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}
