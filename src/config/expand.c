/* SPDX-License-Identifier: MIT */
/* The comments that begin with an at sign are contracts, which `make proof` has proven for all
 * values. */
#include "config/expand.h"

#include "base/buf.h"
#include "base/err.h"
#include "config/host.h"

/* The next '%', or the end of the value. */
/*@ requires valid_read_string(value);
  @ assigns \nothing;
  @ ensures value <= \result <= value + strlen(value) &&
  @     \base_addr(\result) == \base_addr(value) && valid_read_string(\result);
  @ ensures strlen(\result) <= strlen(value);
  @ ensures \forall integer i; 0 <= i < \result - value ==> value[i] != '%';
  @ ensures *\result == '%' || *\result == 0; */
static const char *next_percent(const char *value)
{
	const char *p = value;

	/*@ loop invariant value <= p <= value + strlen(value) &&
	    \base_addr(p) == \base_addr(value) && valid_read_string(p);
	  @ loop invariant strlen(p) <= strlen(value);
	  @ loop invariant \forall integer i; 0 <= i < p - value ==> value[i] != '%';
	  @ loop assigns p;
	  @ loop variant strlen(p); */
	while (*p != '\0' && *p != '%')
		p++;
	return p;
}

/* What comes behind a '%' and its letter. */
/*@ requires valid_read_string(percent) && *percent == '%';
  @ assigns \nothing;
  @ ensures \result == percent + (percent[1] == 0 ? 1 : 2);
  @ ensures valid_read_string(\result) && strlen(\result) < strlen(percent); */
static const char *behind(const char *percent)
{
	return percent[1] == '\0' ? percent + 1 : percent + 2;
}

/*@ requires valid_read_string(value);
  @ assigns \nothing; */
bool expand_uses(const char *value, char letter)
{
	/*@ loop invariant valid_read_string(p);
	  @ loop assigns p;
	  @ loop variant strlen(p); */
	for (const char *p = next_percent(value); *p == '%'; p = next_percent(behind(p)))
		if (p[1] == letter)
			return true;
	return false;
}

/* `what` names it where it is missing. NULL for a letter that means nothing. */
/*@ assigns *what; // taken for granted, as for functions of other files: what the host remembers
                   // is not looked at here
*/
static const char *lookup(const struct expand *x, char letter, const char **what)
{
	switch (letter) {
	case 'j':
		*what = "a job";
		return x->job;
	case 't':
		*what = "a token";
		return x->token;
	case 'r':
		*what = "a registry";
		return x->registry;
	case 'H':
		*what = "a host name";
		return host_name(x->host);
	case 'm':
		*what = "a machine id in /etc/machine-id";
		return host_machine_id(x->host);
	case 'h':
		*what = "a home directory";
		return host_home(x->host);
	case '%':
		return "%";
	default:
		*what = NULL;
		return NULL;
	}
}

/*@ requires valid_read_string(value) && \valid(scratch) && \valid(out); */
bool expand_value(const struct expand *x, const char *value, struct buf *scratch, const char **out,
                  struct err *e)
{
	const char *rest = value, *percent = next_percent(value);

	if (*percent == '\0') {
		*out = value;
		return true;
	}
	buf_reset(scratch);
	/*@ loop invariant valid_read_string(rest) && valid_read_string(percent) &&
	    rest <= percent && \base_addr(rest) == \base_addr(percent);
	  @ loop invariant *percent == '%' || *percent == 0;
	  @ loop assigns rest, percent, *scratch;
	  @ loop variant strlen(percent); */
	for (; *percent == '%'; percent = next_percent(rest)) {
		const char *what = NULL;
		const char *text = lookup(x, percent[1], &what);

		if (text == NULL && what != NULL)
			return err_set(e, ERR_CONFIG,
			               "'%%%c' stands for %s, and there is none here", percent[1],
			               what);
		if (text == NULL)
			return err_set(e, ERR_CONFIG,
			               "unknown '%.2s'; known are %%j %%t %%r %%H %%m %%h, and "
			               "'%%%%' is a percent sign",
			               percent);
		buf_add(scratch, rest, (size_t)(percent - rest));
		buf_str(scratch, text);
		rest = behind(percent);
	}
	buf_str(scratch, rest);
	if (!buf_ok(scratch))
		return err_set(e, ERR_CONFIG, "the value becomes longer than %zu bytes",
		               scratch->max);
	*out = buf_cstr(scratch);
	return true;
}
