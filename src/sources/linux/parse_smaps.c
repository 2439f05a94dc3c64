/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_smaps.h"

#include <errno.h>

static bool take(struct dn_str *rest, struct dn_str key, uint64_t *ret_value) {
        struct dn_str value;

        return dn_str_value(rest, key, &value) && dn_str_take_u64(&value, ret_value);
}

int dn_smaps_parse(struct dn_str file, struct dn_smaps *ret_smaps) {
        uint64_t pss, clean, dirty, huge = 0;

        if (!take(&file, DN_STR("Pss"), &pss) || !take(&file, DN_STR("Private_Clean"), &clean) ||
            !take(&file, DN_STR("Private_Dirty"), &dirty))
                return -EBADMSG;
        take(&file, DN_STR("Private_Hugetlb"), &huge);
        if ((pss | clean | dirty | huge) >> 61)
                return -EBADMSG;
        *ret_smaps = (struct dn_smaps){(int64_t)pss, (int64_t)(clean + dirty + huge)};
        return 0;
}
