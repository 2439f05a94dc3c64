/* SPDX-License-Identifier: GPL-3.0-or-later
 * A list of CPUs: what is refused leaves the set as it was, what is taken is written as the kernel would, and reads
 * back as the same set. */
#include "must.h"
#include "sources/linux/env/cpus.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct dn_cpus cpus, again, untouched;
        struct dn_text text = {0};
        int n = 0, r;

        memset(&untouched, 0xa5, sizeof(untouched));
        cpus = untouched;
        r = dn_cpus_parse((struct dn_str){(const char *)data, size}, &cpus);
        MUST(r == 0 || r == -EBADMSG);
        if (r < 0) {
                MUST(memcmp(&cpus, &untouched, sizeof(cpus)) == 0);
                return 0;
        }
        for (int c = dn_cpus_next(&cpus, 0); c >= 0; c = dn_cpus_next(&cpus, c + 1), n++)
                MUST(c < DN_CPUS_MAX && dn_cpus_has(&cpus, c));
        MUST(n == dn_cpus_count(&cpus));
        dn_cpus_write(&cpus, &text);
        MUST(!text.failed && dn_cpus_parse(dn_text_str(&text), &again) == 0 &&
             memcmp(&cpus, &again, sizeof(cpus)) == 0);
        dn_text_free(&text);
        return 0;
}
