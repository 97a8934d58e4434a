/* SPDX-License-Identifier: MIT */
#include "sink/sink.h"

const struct sink_ops *const sink_list[] = { &sink_docker,     &sink_file,
	                                     &sink_libsecret,  &sink_helper,
	                                     &sink_kubernetes, &sink_keyvault,
	                                     &sink_store,      NULL };

const struct sink_ops *sink_find(const char *type)
{
	for (size_t i = 0; sink_list[i] != NULL; i++)
		if (strcmp(sink_list[i]->type, type) == 0)
			return sink_list[i];
	return NULL;
}
