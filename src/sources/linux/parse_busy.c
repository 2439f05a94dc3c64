/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_busy.h"

#include <errno.h>

/* guest and guest_nice are in user and nice already. */
int dn_busy_parse(struct dn_str text, struct dn_busy *ret_busy) {
        enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, FIELDS };
        uint64_t ticks[FIELDS], sum = 0;

        if (!dn_str_starts(text, DN_STR("cpu ")))
                return -EBADMSG;
        text.p += 4;
        text.n -= 4;
        for (int i = 0; i < FIELDS; i++) {
                if (!dn_str_take_u64(&text, &ticks[i]) || ticks[i] >> 56)
                        return -EBADMSG;
                sum += i == IDLE || i == IOWAIT ? 0 : ticks[i];
        }
        *ret_busy = (struct dn_busy){sum};
        return 0;
}
