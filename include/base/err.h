/* SPDX-License-Identifier: MIT */
/*
 * One error, owned by the caller, usually on the stack. A function that can
 * fail returns bool and takes `struct err *e` last; on false, *e is filled
 * and no out-parameter has been touched. `kind` says what to do about it
 * (and is the process exit code); `text` says what happened, outermost
 * context first. Never put secret bytes or response bodies in `text`.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

enum err_kind {
	ERR_NONE,
	ERR_USAGE,   /* bad command line */
	ERR_CONFIG,  /* bad or unreadable configuration */
	ERR_AUTH,    /* our identity was refused (401) */
	ERR_DENIED,  /* identity fine, permission missing (403) */
	ERR_MISSING, /* registry, token or file does not exist */
	/* a person has to decide: foreign slot, disabled token, foreign entry */
	ERR_DECISION,
	ERR_HOOK,      /* delivered, but a hook failed */
	ERR_TRANSIENT, /* network, throttling, 5xx, locked keyring: the next run may succeed */
	ERR_REMOTE,    /* the service answered something we do not understand */
	ERR_LOCAL,     /* local file, permission, disk */
	ERR_BUSY,      /* another acrotate holds the lock */
	ERR_CONFLICT,  /* what was read has changed meanwhile: another rotator is at work */
	ERR__COUNT
};

#define ERR_TEXT_MAX 768 /* a path, a service's message cut to a line, and the advice */
#define ERR_CODE_MAX 64

struct err {
	enum err_kind kind;
	/* Facts for whoever decides what comes next; all zero unless the failure came from a
	 * service. */
	/* the request provably had no effect: never sent, or a definite refusal */
	bool not_acted;
	/* it was not tried at all: the throttle gate lets others pass first */
	bool queued;
	bool retry_after_known;
	int64_t retry_after_ms; /* what the service asked for, when retry_after_known */
	int status;             /* HTTP status, 0 when no response arrived */
	/* the service's own: "TokenNotActive", "AADSTS7000215"; "" when none */
	char code[ERR_CODE_MAX];
	char text[ERR_TEXT_MAX];
};
#define ERR_INIT                                                                                   \
	{                                                                                          \
		.kind = ERR_NONE                                                                   \
	}

/* All three return false, so that `return err_set(...)` is the whole idiom. Text: lower case, no
 * full stop, what failed first, names in single quotes. A text that does not fit is cut. What a
 * service's message or a file's name may carry to break the line or drive a terminal is taken
 * out, see show.h. */
bool err_set(struct err *e, enum err_kind k, const char *fmt, ...) PRINTF(3, 4);
/* Appends ": " and the system's words for errnum. */
bool err_sys(struct err *e, int errnum, const char *fmt, ...) PRINTF(3, 4); /* ERR_LOCAL */
/* Prepends context and ": "; kind and facts stay. */
bool err_in(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* An analyzer looks at one file at a time and would not know that they return false. gcc's has no
 * macro of its own: for it tests/lint/run.sh defines ANALYZER. */
#if defined(__clang_analyzer__) || defined(ANALYZER)
#define err_set(...) ((void)err_set(__VA_ARGS__), false)
#define err_sys(...) ((void)err_sys(__VA_ARGS__), false)
#define err_in(...)  ((void)err_in(__VA_ARGS__), false)
#endif

int err_exit_code(enum err_kind k);
/* Exit status 75: the next run may succeed, nobody has to do anything. */
bool err_is_transient(enum err_kind k);
/* Which of two failures decides the exit status of a run over many jobs: 78 77 69 65 76 74 70
 * 75. */
enum err_kind err_worse(enum err_kind a, enum err_kind b);

#endif
