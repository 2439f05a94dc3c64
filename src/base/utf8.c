/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/utf8.h"

/* Bytes of the sequence at the front that belong together, at least 1: all of a valid one, else the longest piece that
 * could have become one. `*ret_valid` says which. Unicode 15, table 3-7. */
static size_t sequence(struct dn_str s, bool *ret_valid) {
        unsigned char lead = (unsigned char)s.p[0], low = 0x80, high = 0xbf;
        size_t n = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;

        *ret_valid = false;
        if (n == 0)
                return 1;
        if (lead == 0xe0)
                low = 0xa0; /* else overlong */
        else if (lead == 0xed)
                high = 0x9f; /* else a surrogate */
        else if (lead == 0xf0)
                low = 0x90;
        else if (lead == 0xf4)
                high = 0x8f; /* else above U+10FFFF */
        for (size_t i = 1; i < n; i++) {
                unsigned char c = i < s.n ? (unsigned char)s.p[i] : 0;

                if (c < low || c > high)
                        return i;
                low = 0x80;
                high = 0xbf;
        }
        *ret_valid = true;
        return n;
}

size_t dn_utf8_length(struct dn_str s) {
        bool valid;
        size_t n = s.n ? sequence(s, &valid) : 0;

        return n && valid ? n : 0;
}

/* How many bytes from i on are ASCII. */
static size_t ascii_run(struct dn_str s, size_t i) {
        size_t from = i;
        uint64_t word;

        for (; s.n - i >= sizeof(word); i += sizeof(word)) {
                memcpy(&word, s.p + i, sizeof(word));
                if (word & UINT64_C(0x8080808080808080))
                        break;
        }
        while (i < s.n && (unsigned char)s.p[i] < 0x80)
                i++;
        return i - from;
}

void dn_utf8_put(struct dn_text *text, struct dn_str s) {
        size_t from = 0, i = ascii_run(s, 0);

        while (i < s.n) {
                bool valid;
                size_t n = sequence((struct dn_str){s.p + i, s.n - i}, &valid);

                if (!valid) {
                        dn_text_put(text, (struct dn_str){s.p + from, i - from});
                        dn_text_put(text, DN_STR("\xef\xbf\xbd"));
                        from = i + n;
                }
                i += n;
                i += ascii_run(s, i);
        }
        if (from < s.n)
                dn_text_put(text, (struct dn_str){s.p + from, s.n - from});
}
