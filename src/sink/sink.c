/* SPDX-License-Identifier: MIT */
#include "sink/sink.h"

const struct sink_ops *sink_find(const char *type)
{
	for (size_t i = 0; sink_list[i] != NULL; i++)
		if (strcmp(sink_list[i]->type, type) == 0)
			return sink_list[i];
	return NULL;
}

void sink_setup(void)
{
	for (size_t i = 0; sink_list[i] != NULL; i++)
		if (sink_list[i]->setup != NULL)
			sink_list[i]->setup();
}
