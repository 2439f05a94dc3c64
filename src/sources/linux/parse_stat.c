/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_stat.h"

#include <errno.h>

/* Passes over n fields. */
static bool skip(struct dn_str *rest, int n) {
        struct dn_str word;

        while (n-- > 0)
                if (!dn_str_word(rest, &word))
                        return false;
        return true;
}

/* cutime and cstime are signed in the kernel's format, and negative on a few old kernels: then nothing. */
static bool take_ticks(struct dn_str *rest, uint64_t *ret_ticks) {
        int64_t value;

        if (!dn_str_take_i64(rest, &value))
                return false;
        *ret_ticks = value < 0 ? 0 : (uint64_t)value;
        return true;
}

static bool take_state(struct dn_str *rest, char *ret_state) {
        struct dn_str word;

        if (!dn_str_word(rest, &word) || word.n != 1)
                return false;
        *ret_state = word.p[0];
        return true;
}

int dn_stat_parse(struct dn_str line, struct dn_stat *ret_stat) {
        struct dn_stat st = {.processor = -1};
        struct dn_str name, rest;
        int64_t threads;

        /* The name may hold spaces, newlines and ')': only the last ')' ends it. */
        if (!dn_str_between_last(line, '(', ')', &name, &rest))
                return -EBADMSG;
        if (!take_state(&rest, &st.state) || !dn_str_take_i64(&rest, &st.ppid) || !skip(&rest, 4) ||
            !dn_str_take_u64(&rest, &st.flags) || !dn_str_take_u64(&rest, &st.minflt) ||
            !dn_str_take_u64(&rest, &st.cminflt) || !dn_str_take_u64(&rest, &st.majflt) ||
            !dn_str_take_u64(&rest, &st.cmajflt) || !dn_str_take_u64(&rest, &st.utime_ticks) ||
            !dn_str_take_u64(&rest, &st.stime_ticks) || !take_ticks(&rest, &st.cutime_ticks) ||
            !take_ticks(&rest, &st.cstime_ticks) || !skip(&rest, 2) || !dn_str_take_i64(&rest, &threads) ||
            !skip(&rest, 1) || !dn_str_take_u64(&rest, &st.start_ticks))
                return -EBADMSG;
        st.num_threads = threads < 0 ? 0 : (uint64_t)threads;
        /* Beyond any clock, and in microseconds beyond 64 bits; or beyond what can be summed. */
        if ((st.utime_ticks | st.stime_ticks | st.cutime_ticks | st.cstime_ticks | st.start_ticks) >> 44 ||
            (st.minflt | st.cminflt | st.majflt | st.cmajflt | st.num_threads) >> 56)
                return -EBADMSG;
        st.comm_size = (uint8_t)(name.n < DN_COMM_MAX ? name.n : DN_COMM_MAX - 1);
        memcpy(st.comm, name.p, st.comm_size);
        if (skip(&rest, 5) && dn_str_take_u64(&rest, &st.startstack) && skip(&rest, 10) &&
            !dn_str_take_i64(&rest, &st.processor))
                st.processor = -1;
        *ret_stat = st;
        return 0;
}
