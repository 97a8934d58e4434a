/* SPDX-License-Identifier: MIT */
/* Inside src/emulator/entra*.c only. */
#ifndef SRC_EMULATOR_ENTRA_REFUSAL_H
#define SRC_EMULATOR_ENTRA_REFUSAL_H

struct emulator;
struct reply;
struct request;

enum entra_refused {
	ENTRA_BAD_TENANT,
	ENTRA_NO_PARAMETER,
	ENTRA_BAD_GRANT,
	ENTRA_BAD_APP,
	ENTRA_APP_DISABLED,
	ENTRA_BAD_SECRET,
	ENTRA_SECRET_EXPIRED,
	ENTRA_NO_PROOF,
	ENTRA_BAD_ASSERTION_TYPE,
	ENTRA_BAD_ASSERTION,
	ENTRA_UNKNOWN_CERTIFICATE,
	ENTRA_BAD_SIGNATURE,
	ENTRA_ASSERTION_EXPIRED,
	ENTRA_ASSERTION_AUDIENCE,
	ENTRA_BAD_ISSUER,
	ENTRA_BAD_SUBJECT,
	ENTRA_BAD_AUDIENCE,
	ENTRA_BAD_SCOPE,
	ENTRA_BAD_RESOURCE
}; /* `what` goes into the text of the refusal. */
void entra_refuse(struct emulator *emu, struct request *rq, struct reply *rs,
                  enum entra_refused why, const char *what);

#endif
