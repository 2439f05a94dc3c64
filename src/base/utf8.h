/* SPDX-License-Identifier: GPL-3.0-or-later
 * UTF-8 (RFC 3629). What the kernel gives as a name is bytes; what denet writes is UTF-8. */
#pragma once
#include "base/text.h"

/* Length of the valid sequence at the front, 1 to 4; 0 where the bytes there are none. Surrogates, overlong forms and
 * what is above U+10FFFF are none. */
size_t dn_utf8_length(struct dn_str s);

/* Appends s, each maximal run of bad bytes that a decoder would replace as one (WHATWG) turned into U+FFFD. */
void dn_utf8_put(struct dn_text *text, struct dn_str s);
