/* SPDX-License-Identifier: MIT */
/*
 * What the rules say, for readers.t: lines "FILE <tab> IMAGE <tab> KEY <tab> USER <tab> PASSWORD"
 * on stdin. For each a line with, between tabs and for every reader, what it would send for the
 * image ("entry USER:PASSWORD", "token", "nothing", "helper NAME", "dropped", "chance"), the
 * verdict on the entry KEY ("yes", "no WHY", or "-" when there is none of this user and password),
 * and last what became of writing that entry: "put", with the result in FILE.put, or "refused WHY".
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/secret.h"
#include "sink/docker_doc.h"
#include "sink/docker_edit.h"
#include "sink/docker_reader.h"

static void read_file(const char *path, struct buf *out)
{
	char block[65536];
	size_t n;
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		exit(2);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, n);
	(void)fclose(f);
}

static void say_answer(const struct docker_doc *d, enum docker_reader reader,
                       const struct docker_answer *a)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	AUTO_BUF struct buf name = BUF_INIT(1024);

	switch (a->sends) {
	case DOCKER_SENDS_NOTHING:
		(void)printf("nothing");
		break;
	case DOCKER_DROPS_FILE:
		(void)printf("dropped");
		break;
	case DOCKER_SENDS_BY_CHANCE:
		(void)printf("chance");
		break;
	case DOCKER_SENDS_HELPERS:
		if (d->text[a->helper.start] == '"')
			json_span_string(d->text, a->helper, &name);
		(void)printf("helper %s", buf_cstr(&name));
		break;
	case DOCKER_SENDS_ENTRY:
		docker_reader_credential(d, reader, a->entry, &entry);
		if (entry.username != NULL && entry.password != NULL)
			(void)printf("entry %s:%s", entry.username, secret_peek(entry.password));
		else
			(void)printf(entry.token ? "token" : "nothing");
		break;
	}
}

static bool is_ours(const struct buf *text, const struct credential *c)
{
	AUTO(docker_entry_clear) struct docker_entry entry = { .found = false };
	struct err e = ERR_INIT;

	return docker_look(text, c->server, &entry, &e) && entry.username != NULL &&
	       entry.password != NULL && strcmp(entry.username, c->username) == 0 &&
	       secret_equal(entry.password, c->password);
}

static void say_reader(const struct buf *text, const struct docker_doc *d,
                       enum docker_reader reader, const char *image, const struct credential *c)
{
	AUTO_BUF struct buf note = BUF_INIT(ERR_TEXT_MAX);
	struct docker_answer a;
	struct err e = ERR_INIT;

	docker_reader_ask(d, reader, image, &a);
	if (reader == DOCKER_READER_DOCKER && a.sends == DOCKER_SENDS_ENTRY &&
	    docker_reader_undecodable(d, reader) != NULL)
		a.sends = DOCKER_SENDS_BY_CHANCE;
	say_answer(d, reader, &a);
	if (!is_ours(text, c))
		(void)printf("\t-\t");
	else if (docker_shadow(text, c->server, DOCKER_READER_BIT(reader), &note, &e))
		(void)printf("\tyes\t");
	else
		(void)printf("\tno %s\t", e.text);
}

static void put(const struct buf *text, const char *path, const struct credential *c)
{
	AUTO_BUF struct buf out = BUF_INIT(DOCKER_CONFIG_MAX), name = BUF_INIT(4096);
	struct err e = ERR_INIT;

	buf_fmt(&name, "%s.put", path);
	if (!docker_put(text, c->server, c, &out, &e)) {
		(void)printf("refused %s\n", e.text);
		return;
	}
	FILE *f = fopen(buf_cstr(&name), "wb");
	if (f == NULL || fwrite(buf_cstr(&out), 1, out.len, f) != out.len || fclose(f) != 0)
		exit(2);
	(void)printf("put\n");
}

static void ask(const char *path, const char *image, const struct credential *c)
{
	AUTO_BUF struct buf text = BUF_INIT(DOCKER_CONFIG_MAX);
	AUTO_DOCKER_DOC struct docker_doc d;
	struct err e = ERR_INIT;

	read_file(path, &text);
	bool parsed = docker_doc_parse(&text, c->server, &d, &e);
	for (int i = 0; i < DOCKER_READER__COUNT; i++) {
		if (parsed)
			say_reader(&text, &d, (enum docker_reader)i, image, c);
		else
			(void)printf("unread\t-\t");
	}
	put(&text, path, c);
}

int main(void)
{
	char line[8192], *field[5];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *rest = line;
		for (size_t i = 0; i < COUNT(field); i++)
			field[i] = strsep(&rest, "\t\n");
		struct credential c = { .server = field[2],
			                .username = field[3],
			                .password = secret_new(field[4], strlen(field[4])) };
		ask(field[0], field[1], &c);
		secret_free(c.password);
	}
	return 0;
}
