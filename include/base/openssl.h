/* SPDX-License-Identifier: MIT */
/* Apart from crypto.h: who does not need OpenSSL itself is not to link it. */
#ifndef BASE_OPENSSL_H
#define BASE_OPENSSL_H

/* Installs the wiping allocator into OpenSSL, which must not have been used before; http_setup()
 * calls it. */
void openssl_setup(void);

#endif
