/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_statm.h"

#include <errno.h>

int dn_statm_parse(struct dn_str line, struct dn_statm *ret_statm) {
        struct dn_statm m;

        if (!dn_str_take_u64(&line, &m.size_pages) || !dn_str_take_u64(&line, &m.resident_pages))
                return -EBADMSG;
        if ((m.size_pages | m.resident_pages) >> 52) /* more than there are addresses */
                return -EBADMSG;
        *ret_statm = m;
        return 0;
}
