/* SPDX-License-Identifier: GPL-3.0-or-later
 * A record of perf's ring, of any bytes: taken or refused, its texts within it. */
#include "modules/ebpf/mappings.h"
#include "must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *exact = malloc(size ? size : 1);
        struct dn_mapping_news news = {.pid = 0xa5a5a5a5};
        int r;

        MUST(exact);
        if (size)
                memcpy(exact, data, size);
        r = dn_mapping_parse((struct dn_str){exact, size}, &news);
        MUST(r == 1 || r == 0 || r == -EBADMSG);
        if (r <= 0)
                MUST(news.pid == 0xa5a5a5a5);
        else if (news.event == DN_MAPPING_MAP) {
                MUST(news.mapping.start < news.mapping.end);
                MUST(news.name.n <= size &&
                     (news.name.n == 0 || (news.name.p >= exact && news.name.p + news.name.n <= exact + size)));
        }
        free(exact);
        return 0;
}
