/* SPDX-License-Identifier: GPL-3.0-or-later
 * The files of a cgroup, each parser on the same bytes: what it refuses leaves the result as it was, what it takes is
 * within what can be summed. */
#include "must.h"
#include "sources/linux/parse_cgroup.h"

#include <errno.h>

static const uint64_t limit = UINT64_C(1) << 61, untouched = UINT64_C(0xa5a5a5a5a5a5a5a5);

static void check(int r, uint64_t value) {
        MUST(r == 0 || r == -EBADMSG);
        MUST(r == 0 ? value < limit : value == untouched);
}

static void check_cpu(struct dn_str text) {
        struct dn_cgroup_cpu cpu = {untouched, untouched, untouched, false, untouched, untouched};
        int r = dn_cgroup_cpu_parse(text, &cpu);

        check(r, cpu.usage_usec);
        check(r, cpu.user_usec);
        check(r, cpu.system_usec);
        check(r, cpu.nr_throttled);
        check(r, cpu.throttled_usec);
}

static void check_io(struct dn_str text) {
        struct dn_cgroup_io io;
        size_t lines = 0;

        while (dn_cgroup_io_next(&text, &io)) {
                MUST(io.rbytes < limit && io.wbytes < limit && io.rios < limit && io.wios < limit);
                lines++;
        }
        MUST(text.n == 0 && lines <= SIZE_MAX / 2);
}

static void check_blkio(struct dn_str text) {
        struct dn_cgroup_blkio b;
        size_t before = text.n;

        while (dn_cgroup_blkio_next(&text, &b)) {
                MUST(b.value < limit && text.n < before);
                before = text.n;
        }
        MUST(text.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_str text = {(const char *)data, size};
        uint64_t a = untouched, b = untouched;
        int r = dn_cgroup_throttled_parse(text, &a, &b);

        check(r, a);
        check(r, b);
        a = b = untouched;
        r = dn_cgroup_cpuacct_parse(text, &a, &b);
        check(r, a);
        check(r, b);
        a = b = untouched;
        check(dn_cgroup_number_parse(text, &a), a);
        check(dn_cgroup_oom_kills_parse(text, &b), b);
        a = b = untouched;
        check(dn_cgroup_refused_parse(text, &a), a);
        check(dn_cgroup_page_cache_parse(text, &b), b);
        check_cpu(text);
        check_blkio(text);
        check_io(text);
        return 0;
}
