/* SPDX-License-Identifier: MIT */
/* JMESPath: putting items in order by a key. */
#include <stdlib.h>

#include "base/mem.h"
#include "output/jmespath_tree.h"

struct keyed {
	const struct value *key, *item;
	size_t at;
};

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int c = value_compare(x->key, y->key);

	/* qsort is not stable, and sort_by is. */
	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

/* Every item with what the expression makes of it (itself without one): all numbers or all
 * strings. Caller frees; NULL after an error. */
static struct keyed *keyed(struct jmespath_search *s, const struct value *array,
                           const struct value *expref, const char *function)
{
	struct keyed *k = mem_array(array->n, sizeof(*k));

	for (size_t i = 0; i < array->n; i++) {
		const struct value *item = array->item[i];
		const struct value *key =
			expref == NULL ? item : jmespath_visit(s, expref->expref, item);
		if (key != NULL && ((key->type != VALUE_NUMBER && key->type != VALUE_STRING) ||
		                    (i > 0 && key->type != k[0].key->type)))
			key = jmespath_wrong_type(s, function,
			                          "keys that are not all numbers or all strings");
		if (key == NULL) {
			mem_free_ptr(&k);
			return NULL;
		}
		k[i] = (struct keyed){ key, item, i };
	}
	return k;
}

const struct value *jmespath_sorted(struct jmespath_search *s, const struct value *array,
                                    const struct value *expref, const char *function)
{
	AUTO_FREE struct keyed *k = keyed(s, array, expref, function);
	AUTO_VALUES struct values l = { 0 };

	if (k == NULL)
		return NULL;
	qsort(k, array->n, sizeof(*k), by_key);
	for (size_t i = 0; i < array->n; i++)
		value_list_add(&l, k[i].item);
	return value_list_array(s->arena, &l);
}

const struct value *jmespath_extreme(struct jmespath_search *s, const struct value *array,
                                     const struct value *expref, int sign, const char *function)
{
	AUTO_FREE struct keyed *k = keyed(s, array, expref, function);
	size_t best = 0;

	if (k == NULL)
		return NULL;
	for (size_t i = 1; i < array->n; i++) {
		int c = value_compare(k[i].key, k[best].key);
		if (sign > 0 ? c > 0 : c < 0)
			best = i;
	}
	return array->n == 0 ? &value_null : k[best].item;
}
