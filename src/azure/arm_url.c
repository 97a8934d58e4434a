/* SPDX-License-Identifier: MIT */
#include "azure/arm_url.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"

#define URL_MAX (16 * 1024)

static void add_encoded(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= 0x20 || c >= 0x7f || strchr("\"<>\\^`{|}", *s) != NULL)
			buf_fmt(out, "%%%02X", c);
		else
			buf_char(out, *s);
	}
}

static bool has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

bool arm_url(const char *base, const char *url, char **out, struct err *e)
{
	AUTO_BUF struct buf whole = BUF_INIT(URL_MAX);
	struct http_origin want, have;

	if (!http_origin(base, &want) || !want.tls)
		return err_set(e, ERR_CONFIG, "resource_manager '%.100s' is not an https URL",
		               base);
	if (url[0] == '/')
		buf_str(&whole, base);
	else if (!http_origin(url, &have) || !http_origin_equal(&want, &have))
		return err_set(e, ERR_REMOTE,
		               "the service points to '%.80s', which is not '%s': not followed",
		               url, want.host);
	add_encoded(&whole, url);
	if (!buf_ok(&whole) || has_control(url))
		return err_set(e, ERR_REMOTE, "the service points to a URL that cannot be used");
	*out = mem_dup(buf_cstr(&whole));
	return true;
}
