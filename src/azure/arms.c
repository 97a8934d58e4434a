/* SPDX-License-Identifier: MIT */
#include "azure/arms.h"

#include <pthread.h>
#include <stdlib.h>

#include "azure/arm.h"
#include "base/mem.h"

struct arms_identity {
	struct arms_identity *next;
	char *name; /* arm_identity() */
	struct azure_spec spec;
	struct arm *arm;
};

struct arms {
	const struct env *env;
	pthread_mutex_t mutex;
	struct arms_identity *first;
};

struct arms *arms_new(const struct env *env)
{
	struct arms *a = mem_new(sizeof(*a));

	a->env = env;
	(void)pthread_mutex_init(&a->mutex, NULL); /* cannot fail without attributes */
	return a;
}

void arms_free(struct arms *a)
{
	if (a == NULL)
		return;
	for (struct arms_identity *id = a->first, *next; id != NULL; id = next) {
		next = id->next;
		arm_free(id->arm);
		keys_release(azure_keys, azure_keys_count, &id->spec);
		free(id->name);
		free(id);
	}
	(void)pthread_mutex_destroy(&a->mutex);
	free(a);
}

/* Every member of a struct azure_spec is text with a row in azure_keys. */
static void copy_spec(const struct azure_spec *from, struct azure_spec *to)
{
	for (size_t i = 0; i < azure_keys_count; i++) {
		const char *const *a = (const void *)((const char *)from + azure_keys[i].offset);
		char **b = (void *)((char *)to + azure_keys[i].offset);
		*b = mem_dup(*a);
	}
}

static struct arms_identity *find(struct arms *a, const char *name)
{
	struct arms_identity *id = a->first;

	while (id != NULL && strcmp(id->name, name) != 0)
		id = id->next;
	return id;
}

/* The job's own copy of the specification goes with the job; the arm stays for the run, with its
 * cached tokens. */
struct arm *arms_get(struct arms *a, const struct azure_spec *spec)
{
	AUTO_FREE char *name = arm_identity(spec);

	(void)pthread_mutex_lock(&a->mutex);
	struct arms_identity *id = find(a, name);
	if (id == NULL) {
		id = mem_new(sizeof(*id));
		id->next = a->first;
		id->name = take(&name);
		copy_spec(spec, &id->spec);
		id->arm = arm_new(&id->spec, a->env);
		a->first = id;
	}
	(void)pthread_mutex_unlock(&a->mutex);
	return id->arm;
}
