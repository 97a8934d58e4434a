/* SPDX-License-Identifier: MIT */
/* Separate from crypto.h, so that programs that do not need OpenSSL itself do not link it. */
#ifndef BASE_OPENSSL_H
#define BASE_OPENSSL_H

/* Installs the wiping allocator into OpenSSL. Must be called before any use of OpenSSL;
 * http_setup() does. */
void openssl_setup(void);

#endif
