/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_status.h"

#include <errno.h>

/* The number at the front of the value ("1234 kB"). */
static int64_t number(struct dn_str *rest, struct dn_str key) {
        struct dn_str value;
        uint64_t n;

        return dn_str_value(rest, key, &value) && dn_str_take_u64(&value, &n) && n <= INT64_MAX ? (int64_t)n : -1;
}

int dn_status_parse(struct dn_str file, struct dn_status *ret_status) {
        struct dn_str rest = file, value;
        struct dn_status s = {0};

        /* The name is escaped by the kernel, so a line is a line here. Keys in the order of the file. */
        if (!dn_str_value(&rest, DN_STR("Pid"), &value))
                return -EBADMSG;
        s.hwm_kb = number(&rest, DN_STR("VmHWM"));
        s.swap_kb = number(&rest, DN_STR("VmSwap"));
        s.voluntary = number(&rest, DN_STR("voluntary_ctxt_switches"));
        s.nonvoluntary = number(&rest, DN_STR("nonvoluntary_ctxt_switches"));
        *ret_status = s;
        return 0;
}
