/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the reference reader refuses, and ours takes: text that is not UTF-8. */
#pragma once
#include "base/utf8.h"

static inline bool is_utf8(struct dn_str s) {
        while (s.n > 0) {
                size_t n = dn_utf8_length(s);

                if (n == 0)
                        return false;
                s = (struct dn_str){s.p + n, s.n - n};
        }
        return true;
}
