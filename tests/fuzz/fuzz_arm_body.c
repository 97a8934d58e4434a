/* SPDX-License-Identifier: MIT */
/* Bodies of Azure Resource Manager, read as everything they may be: whatever is in them, reading
 * ends, and nothing of them drives a terminal. */
#include <stdlib.h>

#include "azure/acr.h"
#include "azure/arm_refusal.h"
#include "base/err.h"
#include "base/json.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"
#include "http/http.h"

static void check_err(const struct err *e)
{
	must(e->kind != ERR_NONE && e->text[0] != '\0' && strlen(e->text) < ERR_TEXT_MAX);
	for (const char *s = e->text; *s != '\0'; s++)
		must((unsigned char)*s >= 0x20 && *s != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 302, 400, 401, 403, 404, 408, 409, 429, 500 };
	AUTO_RESPONSE struct http_response rs = { .retry_after_ms = -1, .body.max = size + 1 };
	AUTO_JSON struct json *j = NULL;
	struct acr_token token = { 0 };
	struct err e = ERR_INIT;

	buf_add(&rs.body, data, size);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		rs.status = statuses[i];
		must(!arm_refused(&rs, 3600, NULL, &e));
		check_err(&e);
		must((e.kind == ERR_TRANSIENT) ==
		     (rs.status == 408 || rs.status == 429 || rs.status >= 500));
	}
	for (int slot = 0; slot < ACR_SLOT__COUNT; slot++) {
		struct acr_generated g = { 0 };

		if (acr_generated_read(&rs.body, (enum acr_slot)slot, &g, &e))
			must(g.value != NULL && secret_len(g.value) > 0 && g.is.present);
		else
			check_err(&e);
		acr_generated_clear(&g);
	}
	if (!json_parse(buf_cstr(&rs.body), rs.body.len, &j, &e))
		return 0;
	if (!acr_token_read(j, &token, &e))
		check_err(&e);
	must(!arm_failed(j, &rs, "Failed", &e));
	check_err(&e);
	return 0;
}
