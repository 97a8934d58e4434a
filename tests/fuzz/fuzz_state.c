/* SPDX-License-Identifier: MIT */
/* A state file that anything happened to: it is lost, or it is one that the rest of the program
 * can index without a look. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "rotate/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fingerprint whose = { { 0x8d, 0x41 } };
	AUTO_STATE struct state s = { 0 };

	state_salvage((const char *)data, size, &s);
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		must(s.slot[i].dead_at >= 0 && s.slot[i].intent_since >= 0);
	state_clear(&s);
	state_parse(&whose, (const char *)data, size, &s);
	for (size_t i = 0; i < s.n_sinks; i++) {
		must(s.sinks[i].name != NULL && s.sinks[i].place != NULL);
		must(s.sinks[i].may_hold[0] >= 0 && s.sinks[i].may_hold[1] >= 0);
	}
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		must((s.slot[i].created != 0) == (s.slot[i].expires_us != 0));
	must(s.lost == LOST_NOT ||
	     (s.n_sinks == 0 && s.login_server == NULL && s.slot[0].created == 0));
	return 0;
}
