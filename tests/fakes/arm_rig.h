/* SPDX-License-Identifier: MIT */
/* An arm of a cloud at https://arm.example that has a managed identity, over a scripted network. */
#ifndef FAKES_ARM_RIG_H
#define FAKES_ARM_RIG_H

#include "azure/arm.h"
#include "fakes/fake_env.h"
#include "fakes/fake_http.h"

#define ARM_RIG_TOKEN(t)                                                                           \
	{                                                                                          \
		HTTP_GET, "http://169.254.169.254/",                                               \
			.status = 200,                                                             \
			.answer = "{\"expires_in\":3600,\"access_token\":\"" t "\"}"               \
	}

struct arm_rig {
	struct fake_env env;
	struct fake_http *script;
	struct http *http;
	struct azure_spec spec;
	struct arm *arm;
};
void arm_rig_open(struct arm_rig *r, const struct fake_step *steps, size_t n);
/* False when the script was not followed to its end. */
MUST_USE bool arm_rig_close(struct arm_rig *r);

#endif
