/* SPDX-License-Identifier: MIT */
/* A file in the place of a copy: what is understood renders to what says the same, and no error
 * tells a word of it. Behind a byte 0x01, what somebody asks for: a name that is one leads to no
 * other place than below the store. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "fuzz/fuzz.h"
#include "sink/copy.h"

static void reads_the_same(const struct credential *c)
{
	AUTO_CREDENTIAL struct credential back = { .server = NULL };
	AUTO_BUF struct buf text = BUF_INIT(COPY_MAX);
	struct err e = ERR_INIT;

	if (!copy_render(c, &text, &e))
		return; /* escapes may make it longer than fits */
	must(copy_parse(buf_cstr(&text), text.len, &back, &e));
	must(secret_equal(back.password, c->password));
	must(strcmp(back.server, c->server) == 0 && strcmp(back.username, c->username) == 0);
	must(back.slot == c->slot && back.expires_us == c->expires_us &&
	     back.created == c->created);
}

static void leads_below(const char *asked)
{
	AUTO_FREE char *key = NULL, *again = NULL, *path = NULL;
	struct err e = ERR_INIT;

	if (!copy_key(asked, &key, &e)) {
		must(e.kind == ERR_CONFIG);
		return;
	}
	must(copy_key_ok(key) && copy_key(key, &again, &e) && strcmp(again, key) == 0);
	path = copy_path("/nonexistent", key);
	must(strncmp(path, "/nonexistent/store/", 19) == 0 && strstr(path, "/.") == NULL &&
	     strstr(path, "//") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CREDENTIAL struct credential c = { .server = NULL };
	const uint8_t *stop = size > 0 ? memchr(data, 1, size) : NULL;
	size_t n = stop != NULL ? (size_t)(stop - data) : size;
	struct err e = ERR_INIT;

	secret_setup();
	if (copy_parse((const char *)data, n, &c, &e))
		reads_the_same(&c);
	else
		must(e.kind == ERR_LOCAL &&
		     strstr(e.text, "not a copy that acrotate wrote") != NULL);
	if (stop != NULL) {
		AUTO_FREE char *asked = mem_dup_n((const char *)stop + 1, size - n - 1);
		leads_below(asked);
	}
	return 0;
}
