/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_io.h"

#include <errno.h>

/* The lines stand in the order in which they are asked for, as the kernel writes them; others between are passed over.
 */
static bool take(struct dn_str *rest, struct dn_str key, uint64_t *ret_value) {
        struct dn_str value, line = *rest;

        if (line.n > key.n + 2 && memcmp(line.p, key.p, key.n) == 0 && line.p[key.n] == ':' &&
            line.p[key.n + 1] == ' ' && (unsigned char)(line.p[key.n + 2] - '0') < 10) {
                line.p += key.n + 2;
                line.n -= key.n + 2;
                if (dn_str_take_u64(&line, ret_value) && line.n > 0 && line.p[0] == '\n') {
                        *rest = (struct dn_str){line.p + 1, line.n - 1};
                        return true;
                }
        }
        return dn_str_value(rest, key, &value) && dn_str_u64(value, ret_value);
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
