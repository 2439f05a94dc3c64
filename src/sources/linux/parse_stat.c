/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_stat.h"

#include <errno.h>
#include <signal.h>

/* This line is parsed more often than all else: a walk over it by two pointers, each field looked at once. */
struct cursor {
        const char *p, *end;
};

static inline bool is_blank(char c) {
        const uint64_t blanks = UINT64_C(1) << ' ' | UINT64_C(1) << '\t' | UINT64_C(1) << '\n' | UINT64_C(1) << '\r';

        return (unsigned char)c <= ' ' && (blanks >> (unsigned char)c & 1);
}

static inline void skip_blanks(struct cursor *c) {
        while (c->p < c->end && is_blank(*c->p))
                c->p++;
}

/* Passes over n fields. */
static inline bool skip(struct cursor *c, int n) {
        while (n-- > 0) {
                const char *from;

                skip_blanks(c);
                from = c->p;
                while (c->p < c->end && !is_blank(*c->p))
                        c->p++;
                if (c->p == from)
                        return false;
        }
        return true;
}

static inline bool take(struct cursor *c, uint64_t *ret_value) {
        enum { ALWAYS_FIT = 19 }; /* so many digits are below 2^64 */
        const char *p, *end;
        uint64_t value = 0;

        skip_blanks(c);
        end = c->end - c->p < ALWAYS_FIT ? c->end : c->p + ALWAYS_FIT;
        for (p = c->p; p < end && (unsigned char)(*p - '0') < 10; p++)
                value = value * 10 + (uint64_t)(*p - '0');
        if (p == c->p)
                return false;
        for (; p < c->end && (unsigned char)(*p - '0') < 10; p++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
                        return false;
        c->p = p;
        *ret_value = value;
        return true;
}

static inline bool take_signed(struct cursor *c, int64_t *ret_value) {
        bool negative;
        uint64_t value;

        skip_blanks(c);
        negative = c->p < c->end && *c->p == '-';
        c->p += negative;
        if (c->p == c->end || is_blank(*c->p) || !take(c, &value) || value > (uint64_t)INT64_MAX + negative)
                return false;
        *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
        return true;
}

/* cutime and cstime are signed in the kernel's format, and negative on a few old kernels: then nothing. */
static bool take_ticks(struct cursor *c, uint64_t *ret_ticks) {
        int64_t value;

        if (!take_signed(c, &value))
                return false;
        *ret_ticks = value < 0 ? 0 : (uint64_t)value;
        return true;
}

static bool take_state(struct cursor *c, char *ret_state) {
        skip_blanks(c);
        if (c->p == c->end || (c->p + 1 < c->end && !is_blank(c->p[1])))
                return false;
        *ret_state = *c->p++;
        return true;
}

/* Up to starttime, without which it is no such line. */
static bool take_needed(struct cursor *c, struct dn_stat *st) {
        int64_t threads;

        if (!take_state(c, &st->state) || !take_signed(c, &st->ppid) || !skip(c, 4) || !take(c, &st->flags) ||
            !take(c, &st->minflt) || !take(c, &st->cminflt) || !take(c, &st->majflt) || !take(c, &st->cmajflt) ||
            !take(c, &st->utime_ticks) || !take(c, &st->stime_ticks) || !take_ticks(c, &st->cutime_ticks) ||
            !take_ticks(c, &st->cstime_ticks) || !skip(c, 2) || !take_signed(c, &threads) || !skip(c, 1) ||
            !take(c, &st->start_ticks))
                return false;
        st->num_threads = threads < 0 ? 0 : (uint64_t)threads;
        return true;
}

int dn_stat_parse(struct dn_str line, struct dn_stat *ret_stat) {
        struct dn_stat st = {.processor = -1};
        struct dn_str name, rest;
        uint64_t ignored = 0;
        struct cursor c;

        /* The name may hold spaces, newlines and ')': only the last ')' ends it. */
        if (!dn_str_between_last(line, '(', ')', &name, &rest))
                return -EBADMSG;
        c = (struct cursor){rest.p, rest.p + rest.n};
        if (!take_needed(&c, &st))
                return -EBADMSG;
        /* Beyond any clock, and in microseconds beyond 64 bits; or beyond what can be summed. */
        if ((st.utime_ticks | st.stime_ticks | st.cutime_ticks | st.cstime_ticks | st.start_ticks) >> 44 ||
            (st.minflt | st.cminflt | st.majflt | st.cmajflt | st.num_threads) >> 56)
                return -EBADMSG;
        st.comm_size = (uint8_t)(name.n < DN_COMM_MAX ? name.n : DN_COMM_MAX - 1);
        memcpy(st.comm, name.p, st.comm_size);
        if (take(&c, &st.vsize_bytes) && take(&c, &st.rss_pages) && skip(&c, 3) && take(&c, &st.startstack) &&
            skip(&c, 4) && take(&c, &ignored) && skip(&c, 5) && !take_signed(&c, &st.processor))
                st.processor = -1;
        st.ignores_sigchld = ignored >> (SIGCHLD - 1) & 1;
        *ret_stat = st;
        return 0;
}
