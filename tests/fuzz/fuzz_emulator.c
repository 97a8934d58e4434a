/* SPDX-License-Identifier: MIT */
/* What the emulator parses of what others send: forms, tokens, faults, the replies of a
 * registry. The first byte says which. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "emulator/effects.h"
#include "emulator/fault.h"
#include "emulator/pki.h"
#include "emulator/proxy.h"
#include "fuzz/fuzz.h"

#define TEXT_MAX (1 << 20)

static void fuzz_form(const char *text, size_t n)
{
	AUTO(pairs_clear) struct pairs form = { 0 };

	if (pairs_form(&form, text, n) && form.n > n + 1)
		abort(); /* more fields than bytes */
}

static void fuzz_base64(const char *text, size_t n)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX);

	if (crypto_unbase64_lax(text, n, &out) && out.len > n)
		abort();
}

static void fuzz_proxy(const char *text, size_t n)
{
	struct reply rs;

	exchange_reply_init(&rs);
	if (proxy_read(text, n, false, &rs) &&
	    (rs.status < 100 || rs.status > 599 || rs.body.len > n))
		abort();
	exchange_reply_clear(&rs);
}

static void fuzz_fault(const char *text, size_t n)
{
	AUTO_BUF struct buf ids = BUF_INIT(TEXT_MAX), twisted = BUF_INIT(TEXT_MAX);
	AUTO_JSON struct json *j = NULL, *again = NULL;
	struct fault_list *l = fault_list_new();
	struct err e = ERR_INIT;

	if (json_parse(text, n, &j, &e)) {
		(void)(fault_add(l, j, &ids, &e) || e.kind == ERR_USAGE || (abort(), 0));
		effects_write_json(j, true, &twisted);
		if (buf_ok(&twisted) && !json_parse(buf_cstr(&twisted), twisted.len, &again, &e))
			abort(); /* twisted, but still JSON */
	}
	fault_list_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parser[])(const char *text, size_t n) = { fuzz_form, fuzz_base64,
		                                                      fuzz_proxy, fuzz_fault };
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);

	if (size == 0)
		return 0;
	buf_add(&text, data + 1, size - 1);
	if (!buf_ok(&text))
		return 0;
	parser[data[0] % COUNT(parser)](buf_cstr(&text), size - 1);
	return 0;
}
