/* SPDX-License-Identifier: MIT */
/* A registries.conf: whatever it says, the list is of strings that stand in it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/keys.h"
#include "fuzz/fuzz.h"
#include "sink/registries_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct key_list list = { .n = 0 };

	if (registries_conf_parse((const char *)data, size, &list)) {
		if (list.n == 0)
			abort();
		for (size_t i = 0; i < list.n; i++)
			if (strlen(list.item[i]) > size)
				abort();
		keys_list_clear(&list);
	}
	return 0;
}
