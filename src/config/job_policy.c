/* SPDX-License-Identifier: MIT */
/* The keys of [job] that mean more than their type says. */
#include "azure/blob_place.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/loading.h"
#include "sink/sink.h"

#define DAY         86400
#define SPREAD_MOST DAY /* so that a fleet installed on one day does not rotate in one minute */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t at_least_1(int64_t n)
{
	return n > 0 ? n : 1;
}

/* However rotators write the same container's URL, their offsets are the same. */
static int64_t spread(struct loading *l, int64_t most)
{
	AUTO_BLOB_PLACE struct blob_place place = { .url = NULL };
	const char *shared =
		config_state_blob(&l->common->run, &place) ? place.url : l->common->run.state;

	return host_spread(&l->common->host, shared, l->spec->job.name, most);
}

/* Only the rotator knows how long its passwords live. */
static void suppose_lifetime(struct policy *p)
{
	if (p->lifetime / 3 < p->renew_before)
		p->lifetime = 3 * p->renew_before;
}

static bool times(struct loading *l, struct err *e)
{
	struct policy *p = &l->spec->job.policy;
	char lifetime[STR_DURATION_MAX];

	if (p->renew_before == 0)
		p->renew_before = at_least_1(p->lifetime / 3);
	if (job_follows(l))
		suppose_lifetime(p);
	if (p->renew_before >= p->lifetime) {
		str_from_duration(p->lifetime, 0, lifetime);
		(void)err_set(e, ERR_CONFIG,
		              "'renew_before' must be below the lifetime of %s: a new password "
		              "would be due at once",
		              lifetime);
		return loading_err(l, "renew_before", e);
	}
	int64_t interval = p->lifetime - p->renew_before;
	p->offset = spread(l, least(SPREAD_MOST, interval / 10));
	return true;
}

/* ---- grace ----------------------------------------------------------------------------------- */

/* Others read it there, whenever they are there again: nobody knows when they have seen a newer
 * one. */
static bool any_shared(const struct job *j)
{
	for (size_t i = 0; i < j->n_sinks; i++)
		if (j->sinks[i].ops->shared)
			return true;
	return false;
}

/* The slot of the replaced password has to be free when the next rotation is due. */
static bool until_expiry(struct loading *l, struct err *e)
{
	struct policy *p = &l->spec->job.policy;
	int64_t most = (p->lifetime - p->offset) / 2;
	char text[STR_DURATION_MAX];

	p->grace = p->lifetime;
	p->grace_expiry = true;
	if (p->renew_before <= most)
		return true;
	str_from_duration(most, 0, text);
	(void)err_set(e, ERR_CONFIG,
	              "'grace = expiry'%s needs a 'renew_before' of at most %s, half of the "
	              "lifetime: the spare slot would not be free in time",
	              l->spec->grace == NULL ? ", the default with a sink that others read," : "",
	              text);
	return loading_err(l, l->spec->grace == NULL ? "renew_before" : "grace", e);
}

static bool for_some_time(struct loading *l, struct err *e)
{
	static const struct key row = { .name = "grace",
		                        .type = KEY_DURATION,
		                        .offset = offsetof(struct policy, grace) };
	struct policy *p = &l->spec->job.policy;
	int64_t most = (p->lifetime - p->renew_before) / 2;
	char text[STR_DURATION_MAX];
	bool seen[1] = { false };

	if (!keys_set(&row, 1, seen, p, "grace", l->spec->grace, e))
		return loading_err(l, "grace", e);
	if (p->grace <= most)
		return true;
	str_from_duration(most, 0, text);
	(void)err_set(e, ERR_CONFIG,
	              "'grace' may be at most %s, half of lifetime - renew_before: the spare slot "
	              "would not be free in time",
	              text);
	return loading_err(l, "grace", e);
}

bool job_grace(struct loading *l, struct err *e)
{
	struct policy *p = &l->spec->job.policy;
	const char *said = l->spec->grace;
	bool rotates = !job_follows(l); /* [defaults] is about those */

	if (rotates && said != NULL && strcmp(said, "expiry") != 0)
		return for_some_time(l, e);
	if (rotates && (said != NULL || any_shared(&l->spec->job)))
		return until_expiry(l, e);
	p->grace = at_least_1(least(DAY, (p->lifetime - p->renew_before) / 2));
	return true;
}

static bool verify(struct loading *l, struct err *e)
{
	static const char wait[] = "wait ";
	const char *value = l->spec->verify;
	int64_t seconds;

	if (strcmp(value, "login") == 0)
		return true;
	if (strncmp(value, wait, sizeof(wait) - 1) == 0 &&
	    str_duration(value + sizeof(wait) - 1, &seconds) && seconds > 0) {
		l->spec->job.policy.verify_wait = seconds;
		return true;
	}
	(void)err_set(e, ERR_CONFIG, "'verify' takes 'login' or 'wait 5m', not '%s'", value);
	return loading_err(l, "verify", e);
}

static bool one_may_replace(const char *value, struct may_replace *out)
{
	const char *at = strchr(value, '@');
	AUTO_FREE char *slot = at != NULL ? mem_dup_n(value, (size_t)(at - value)) : NULL;

	return slot != NULL && acr_slot_parse(slot, &out->slot) && str_ticks(at + 1, &out->created);
}

static bool may_replace(struct loading *l, struct err *e)
{
	const struct key_list *lines = &l->spec->may_replace;
	struct policy *p = &l->spec->job.policy;

	p->may_replace = mem_array(lines->n, sizeof(*p->may_replace));
	for (; p->n_may_replace < lines->n; p->n_may_replace++) {
		const char *value = lines->item[p->n_may_replace];
		if (one_may_replace(value, &p->may_replace[p->n_may_replace]))
			continue;
		(void)err_set(
			e, ERR_CONFIG,
			"'may_replace' takes SLOT@CREATIONTIME as `acrotate plan` prints it, like "
			"'password2@2026-01-31T08:00:00.1234567+00:00', not '%s'",
			value);
		return loading_err(l, "may_replace", e);
	}
	return true;
}

bool job_policy(struct loading *l, struct err *e)
{
	return times(l, e) && verify(l, e) && may_replace(l, e);
}

/* ---- what a token to be created may do ------------------------------------------------------- */

struct rights {
	const char *key, *form;
	const char *actions; /* each with a blank before and behind */
};
static const struct rights repository = {
	"repository", "REPOSITORY ACTION...",
	" content/read content/write content/delete metadata/read metadata/write "
};
static const struct rights gateway = { "gateway", "GATEWAY ACTION...",
	                               " config/read config/write message/read message/write " };

static const char *word_end(const char *s)
{
	return s + strcspn(s, " \t");
}

static const char *next_word(const char *s)
{
	return s + strspn(s, " \t");
}

static bool is_action(const struct rights *r, const char *word, size_t n)
{
	AUTO_FREE char *padded = mem_fmt(" %.*s ", (int)n, word);

	return strstr(r->actions, padded) != NULL;
}

static bool check_rights(struct loading *l, const struct rights *r, const char *value,
                         struct err *e)
{
	const char *word = next_word(word_end(value));

	if (*word == '\0') {
		(void)err_set(e, ERR_CONFIG, "'%s' takes %s, and '%s' has no action", r->key,
		              r->form, value);
		return loading_err(l, r->key, e);
	}
	for (; *word != '\0'; word = next_word(word_end(word))) {
		size_t n = (size_t)(word_end(word) - word);
		if (is_action(r, word, n))
			continue;
		(void)err_set(e, ERR_CONFIG, "'%s' does not know the action '%.*s'; known are%.*s",
		              r->key, (int)n, word, (int)strlen(r->actions) - 1, r->actions);
		return loading_err(l, r->key, e);
	}
	return true;
}

static bool check_list(struct loading *l, const struct rights *r, const struct key_list *list,
                       struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (!check_rights(l, r, list->item[i], e))
			return false;
	return true;
}

bool job_bootstrap(struct loading *l, struct err *e)
{
	const struct job *j = &l->spec->job;
	bool listed = j->repository.n > 0 || j->gateway.n > 0;

	if (!check_list(l, &repository, &j->repository, e) ||
	    !check_list(l, &gateway, &j->gateway, e))
		return false;
	if (j->scope_map != NULL && listed) {
		(void)err_set(e, ERR_CONFIG,
		              "'scope_map' and 'repository' or 'gateway' are mutually exclusive");
		return loading_err(l, "scope_map", e);
	}
	if (j->policy.create && j->scope_map == NULL && !listed && !job_follows(l)) {
		(void)err_set(e, ERR_CONFIG,
		              "'create = yes' needs a 'scope_map', or 'repository' or 'gateway' "
		              "lines: what may the token do?");
		return loading_err(l, "create", e);
	}
	return true;
}
