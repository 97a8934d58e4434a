/* SPDX-License-Identifier: MIT */
/* Rows of a table about `acrotate token`: words, what the network has to be asked and answers,
 * and what is printed then. */
#ifndef FAKES_TOKEN_PLAY_H
#define FAKES_TOKEN_PLAY_H

#include "fakes/fake_http.h"
#include "fakes/token_rig.h"

/* clang-format off */
#define HOST     "https://management.azure.com"
#define REGISTRY HOST "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/g1/providers/Microsoft.ContainerRegistry/registries/myregistry"
#define IDENTITY { HTTP_POST, "https://login.microsoftonline.com/", "client_secret", .status = 200, \
	\
                   .answer = "{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"T1\"}" }
#define TOKEN(state) \
	"{\"id\":\"/subscriptions/s/resourceGroups/g1/providers/Microsoft.ContainerRegistry/registries/myregistry/tokens/mytoken\"," \
	"\"name\":\"mytoken\",\"properties\":{\"provisioningState\":\"" state "\",\"status\":\"enabled\",\"credentials\":{\"passwords\":[]}}}"
#define MADE "{\"username\":\"mytoken\",\"passwords\":[{\"name\":\"password1\",\"value\":\"SECRET-ONE\"},{\"name\":\"password2\"}]}"
#define MADE_SECOND "{\"username\":\"mytoken\",\"passwords\":[{\"name\":\"password1\"}," \
	"{\"name\":\"password2\",\"value\":\"SECRET-TWO\"}]}"
#define MADE_BOTH "{\"username\":\"mytoken\",\"passwords\":[{\"name\":\"password1\"," \
	"\"value\":\"SECRET-ONE\"},{\"name\":\"password2\",\"value\":\"SECRET-TWO\"}]}"
#define MADE_JSON \
	"{\n  \"passwords\": [\n    {\n      \"creationTime\": null,\n      \"expiry\": null,\n  " \
	"    \"name\": \"password1\",\n" \
	"      \"value\": \"SECRET-ONE\"\n    },\n    {\n      \"creationTime\": null,\n      " \
	"\"expiry\": null,\n" \
	"      \"name\": \"password2\",\n      \"value\": null\n    }\n  ],\n  \"username\": " \
	"\"mytoken\"\n}\n"
#define MISSING "{\"error\":{\"code\":\"ResourceNotFound\",\"message\":\"The resource mytoken " \
	"could not be found.\"}}"
/* clang-format on */

#define GENERATE "credential", "generate", "-r", "myregistry", "-n", "mytoken", "-g", "g1"
#define CREATE                                                                                     \
	"create", "-r", "myregistry", "-n", "mytoken", "-g", "g1", "--scope-map", "MyScopeMap"
#define WORDS_MAX 24

/* clang-format off */
#define SHOWN_ONLY { HTTP_GET, "/tokens/mytoken", .status = 200, .answer = TOKEN("Succeeded") }
#define SHOWN { IDENTITY, SHOWN_ONLY }
/* What is asked first if a job is on the token: Azure's clock, which is the rig's, and the login
 * server of its sinks, unless its record says that. */
#define NOW   "Date: Tue, 14 Nov 2023 22:13:20 GMT"
#define DATED { HTTP_GET, "/tokens/mytoken", .status = 200, .headers = { NOW }, .answer = TOKEN("Succeeded") }
#define BOTH  { HTTP_GET, "/tokens/", .status = 200, .headers = { NOW }, \
	.answer = "{\"properties\":{\"credentials\":{\"passwords\":[{\"name\":\"password1\"},{\"name\":\"password2\"}]}}}" }
#define FOUND { HTTP_GET, "egistry?api-version", .status = 200, .headers = { NOW }, \
	.answer = "{\"id\":\"/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/g1/providers/Microsoft.ContainerRegistry/registries/myregistry\",\"name\":\"myregistry\",\"properties\":{\"loginServer\":\"myregistry.azurecr.io\"}}" }
/* Whose login server has the hash of a label. */
#define LABELLED \
	IDENTITY, { HTTP_GET, REGISTRY "?", .status = 200, \
	.answer = "{\"properties\":{\"loginServer\":\"myregistry-a1b2c3.azurecr.io\"}}" }
/* clang-format on */
/* A job with one sink, a file in this directory. */
#define JOB                                                                                        \
	"[job]\nregistry = myregistry.azurecr.io\ntoken = mytoken\n[sink f]\ntype = file\npath = " \
	"%s/secret\n"

/* token_rig_open(), with that job. */
void token_rig_with_job(struct token_rig *rig);

struct row {
	const char *name;
	const char *words[WORDS_MAX];
	/* the network; ends with a row of status 0 and FAKE_ANSWER */
	struct fake_step step[8];
	int exit;
	const char *out; /* the whole of standard output; NULL: anything */
	/* a part of standard error, "=" first: the whole of it; NULL: nothing stands there */
	const char *err;
};

/* Fails the test, naming the row, unless all of it was so, and no secret on standard error. */
void play(struct token_rig *rig, const struct row *row);
void play_all(const struct row *rows, size_t n); /* each in a world of its own */

#endif
