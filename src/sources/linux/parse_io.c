/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_io.h"

#include <errno.h>

static bool take_anywhere(struct dn_str *rest, struct dn_str key, uint64_t *ret_value) {
        struct dn_str value;

        return dn_str_value(rest, key, &value) && dn_str_u64(value, ret_value);
}

/* The lines stand in the order in which they are asked for, as the kernel writes them; where they do not, they are
 * looked for. 18 digits fit. */
static inline bool take(struct dn_str *rest, struct dn_str key, uint64_t *ret_value) {
        enum { ALWAYS_FIT = 18 };
        const char *p = rest->p + key.n + 2, *end = rest->p + rest->n, *digits = p;
        uint64_t value = 0;

        if (rest->n < key.n + 4 || memcmp(rest->p, key.p, key.n) != 0 || p[-2] != ':' || p[-1] != ' ')
                return take_anywhere(rest, key, ret_value);
        for (; p < end && (unsigned char)(*p - '0') < 10; p++)
                value = value * 10 + (uint64_t)(*p - '0');
        if (p == digits || p - digits > ALWAYS_FIT || p == end || *p != '\n')
                return take_anywhere(rest, key, ret_value);
        *ret_value = value;
        *rest = (struct dn_str){p + 1, (size_t)(end - p) - 1};
        return true;
}

int dn_io_parse(struct dn_str file, struct dn_io *ret_io) {
        struct dn_io io;

        if (!take(&file, DN_STR("rchar"), &io.rchar) || !take(&file, DN_STR("wchar"), &io.wchar) ||
            !take(&file, DN_STR("syscr"), &io.syscr) || !take(&file, DN_STR("syscw"), &io.syscw) ||
            !take(&file, DN_STR("read_bytes"), &io.read_bytes) ||
            !take(&file, DN_STR("write_bytes"), &io.write_bytes) ||
            !take(&file, DN_STR("cancelled_write_bytes"), &io.cancelled_write_bytes))
                return -EBADMSG;
        if ((io.rchar | io.wchar | io.syscr | io.syscw | io.read_bytes | io.write_bytes | io.cancelled_write_bytes) >>
            61)
                return -EBADMSG;
        *ret_io = io;
        return 0;
}
