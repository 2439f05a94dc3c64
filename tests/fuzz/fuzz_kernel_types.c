/* SPDX-License-Identifier: GPL-3.0-or-later
 * A description of types, of any bytes: refused, or an extract that has all that it speaks of, so that an extract of it
 * is the same. */
#include "modules/ebpf/kernel_types.h"
#include "must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct dn_str names[] = {DN_STR("task_struct"), DN_STR("pid"), DN_STR("upid"), DN_STR("req_flag_bits"),
                                       DN_STR("u32")};
        struct dn_kernel_number hooks[] = {{.name = DN_STR("btf_trace_sched_switch")},
                                           {.name = DN_STR("bpf_iter_task")}};
        char *exact = malloc(size ? size : 1);
        struct dn_text first = {0}, second = {0};
        int r;

        MUST(exact);
        if (size)
                memcpy(exact, data, size);
        r = dn_kernel_types_extract((struct dn_str){exact, size}, names, DN_COUNT(names), hooks, DN_COUNT(hooks),
                                    &first);
        MUST(r == 0 || r == -EBADMSG);
        if (r == 0)
                MUST(dn_kernel_types_extract(dn_text_str(&first), names, DN_COUNT(names), hooks, DN_COUNT(hooks),
                                             &second) == 0 &&
                     second.n == first.n);
        dn_text_free(&first);
        dn_text_free(&second);
        free(exact);
        return 0;
}
