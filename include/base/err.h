/* SPDX-License-Identifier: MIT */
/*
 * One error, owned by the caller, usually on the stack. A function that can fail returns bool and
 * takes `struct err *e` last; on false, *e is filled and no out-parameter was touched. `kind` says
 * what to do about the error and determines the exit status; `text` says what happened, outermost
 * context first. Never put secret bytes or response bodies into `text`.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

enum err_kind {
	ERR_NONE,
	ERR_USAGE,   /* bad command line */
	ERR_CONFIG,  /* bad or unreadable configuration */
	ERR_AUTH,    /* our identity was refused (401) */
	ERR_DENIED,  /* the identity was accepted but lacks a permission (403) */
	ERR_MISSING, /* registry, token or file does not exist */
	/* a person must decide: a foreign slot or entry, a disabled token */
	ERR_DECISION,
	ERR_HOOK,      /* delivered, but a hook failed */
	ERR_TRANSIENT, /* network, throttling, 5xx, locked keyring: the next run may succeed */
	ERR_REMOTE,    /* an answer of the service that cannot be understood */
	ERR_LOCAL,     /* local file, permission, disk */
	ERR_BUSY,      /* another process of acrotate holds the lock */
	ERR_CONFLICT,  /* the data has changed since it was read: another rotator is at work */
	ERR__COUNT
};

#define ERR_TEXT_MAX 768 /* room for a path, one line of a service's message, and advice */
#define ERR_CODE_MAX 64

struct err {
	enum err_kind kind;
	/* Facts on which the caller decides what to do next; all zero unless the failure came from
	 * a service. */
	/* the request provably had no effect: it was never sent, or definitely refused */
	bool not_acted;
	/* the service limits how fast it is asked: 429, or not sent because of one. No try. */
	bool throttled;
	bool retry_after_known;
	int64_t retry_after_ms; /* what the service asked for; valid if retry_after_known */
	int status;             /* HTTP status; 0 if no response arrived */
	/* the service's own code: "TokenNotActive", "AADSTS7000215"; "" if none */
	char code[ERR_CODE_MAX];
	char text[ERR_TEXT_MAX];
};
#define ERR_INIT                                                                                   \
	{                                                                                          \
		.kind = ERR_NONE                                                                   \
	}

/* All three return false, so that `return err_set(...)` is the whole idiom. Text: lower case, no
 * full stop, what failed first, names in single quotes. Text that does not fit is cut. Characters
 * that could break the line or control a terminal are replaced (show.h): a service's message or a
 * file name may contain them. */
bool err_set(struct err *e, enum err_kind k, const char *fmt, ...) PRINTF(3, 4);
/* ERR_LOCAL. Appends ": " and the system's description of errnum. */
bool err_sys(struct err *e, int errnum, const char *fmt, ...) PRINTF(3, 4);
/* Prepends context and ": "; kind and facts are kept. */
bool err_in(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* A static analyzer sees one file at a time and cannot know that they return false. gcc's analyzer
 * defines no macro; tests/lint/run.sh defines ANALYZER for it. */
#if defined(__clang_analyzer__) || defined(ANALYZER)
#define err_set(...) ((void)err_set(__VA_ARGS__), false)
#define err_sys(...) ((void)err_sys(__VA_ARGS__), false)
#define err_in(...)  ((void)err_in(__VA_ARGS__), false)
#endif

int err_exit_code(enum err_kind k);
/* Is it exit status 75? The next run may succeed without anybody doing anything. */
bool err_is_transient(enum err_kind k);
/* Which of two failures determines the exit status of a run over many jobs, in the order 78 77 69
 * 65 76 74 70 75. */
enum err_kind err_worse(enum err_kind a, enum err_kind b);

#endif
