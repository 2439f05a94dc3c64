/* SPDX-License-Identifier: GPL-3.0-or-later
 * The parsers of /proc files, one a target (meson.build sets PARSE and the type that it fills). Whatever the bytes, a
 * parser takes them or refuses them: what it refuses leaves the result as it was, what it takes is within what can be
 * summed, the same again, and the same with a newline behind it. */
#include "must.h"
#include "sources/linux/parse_busy.h"
#include "sources/linux/parse_io.h"
#include "sources/linux/parse_psi.h"
#include "sources/linux/parse_smaps.h"
#include "sources/linux/parse_stat.h"
#include "sources/linux/parse_statm.h"
#include "sources/linux/parse_status.h"

#include <errno.h>

static const uint64_t tick_limit = UINT64_C(1) << 44, fault_limit = UINT64_C(1) << 56, byte_limit = UINT64_C(1) << 61;

__attribute__((unused)) static void check_dn_stat(const struct dn_stat *st) {
        MUST(st->comm_size < DN_COMM_MAX && st->comm[st->comm_size] == '\0');
        MUST(st->utime_ticks < tick_limit && st->stime_ticks < tick_limit && st->start_ticks < tick_limit);
        MUST(st->cutime_ticks < tick_limit && st->cstime_ticks < tick_limit);
        MUST(st->minflt < fault_limit && st->cminflt < fault_limit && st->majflt < fault_limit);
        MUST(st->cmajflt < fault_limit && st->num_threads < fault_limit);
}

__attribute__((unused)) static void check_dn_statm(const struct dn_statm *m) {
        MUST(m->size_pages >> 52 == 0 && m->resident_pages >> 52 == 0);
}

__attribute__((unused)) static void check_dn_io(const struct dn_io *io) {
        MUST(io->rchar < byte_limit && io->wchar < byte_limit && io->syscr < byte_limit && io->syscw < byte_limit);
        MUST(io->read_bytes < byte_limit && io->write_bytes < byte_limit && io->cancelled_write_bytes < byte_limit);
}

__attribute__((unused)) static void check_dn_psi(const struct dn_psi *psi) {
        MUST(psi->some_avg10_centi <= 10099 && psi->full_avg10_centi <= 10099);
        MUST(psi->some_total_usec < byte_limit && psi->full_total_usec < byte_limit);
}

__attribute__((unused)) static void check_dn_status(const struct dn_status *s) {
        MUST(s->hwm_kb >= -1 && s->swap_kb >= -1 && s->voluntary >= -1 && s->nonvoluntary >= -1);
}

__attribute__((unused)) static void check_dn_smaps(const struct dn_smaps *s) {
        MUST(s->pss_kb >= 0 && s->uss_kb >= 0);
}

__attribute__((unused)) static void check_dn_busy(const struct dn_busy *busy) {
        MUST(busy->busy_ticks < byte_limit);
}

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

static int parse(struct dn_str text, struct PARSE *ret_result) {
        struct PARSE untouched;
        int r;

        memset(&untouched, 0xa5, sizeof(untouched));
        *ret_result = untouched;
        r = JOIN(PARSE, _parse)(text, ret_result);
        MUST(r == 0 || r == -EBADMSG);
        if (r < 0)
                MUST(memcmp(ret_result, &untouched, sizeof(untouched)) == 0);
        else
                JOIN(check_, PARSE)(ret_result);
        return r;
}

/* An empty line is a line of its own there, and no line of it. */
static bool may_end_in_newline(void) {
        return strcmp(NAME, "psi") != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_str text = {(const char *)data, size};
        char *longer = malloc(size + 1);
        struct PARSE first, again;
        int r = parse(text, &first);

        MUST(longer);
        memcpy(longer, data, size);
        longer[size] = '\n';
        MUST(parse((struct dn_str){longer, size}, &again) == r);
        if (may_end_in_newline())
                MUST(parse((struct dn_str){longer, size + 1}, &again) == r);
        MUST(r < 0 || memcmp(&first, &again, sizeof(first)) == 0);
        free(longer);
        return 0;
}
