/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_pmu.h"

#include <errno.h>

static void skip(struct dn_str *s, size_t n) {
        s->p += n;
        s->n -= n;
}

static bool parse_range(struct dn_str piece, uint64_t *mask) {
        uint64_t first, last;

        if (!dn_str_take_u64(&piece, &first))
                return false;
        last = first;
        if (piece.n > 0 && piece.p[0] == '-') {
                skip(&piece, 1);
                if (!dn_str_take_u64(&piece, &last))
                        return false;
        }
        if (piece.n > 0 || first > last || last > 63)
                return false;
        *mask |= ~UINT64_C(0) >> (63 - (last - first)) << first;
        return true;
}

int dn_pmu_format_parse(struct dn_str line, struct dn_pmu_bits *ret_bits) {
        static const struct dn_str configs[DN_PMU_CONFIGS] = {{"config", 6}, {"config1", 7}, {"config2", 7}};
        struct dn_pmu_bits bits = {0};
        struct dn_str rest = dn_str_trim(line), piece;

        if (!dn_str_cut(&rest, ':', &piece))
                return -EBADMSG;
        while (bits.config < DN_PMU_CONFIGS && !dn_str_equal(piece, configs[bits.config]))
                bits.config++;
        while (dn_str_cut(&rest, ',', &piece))
                if (!parse_range(piece, &bits.mask))
                        return -EBADMSG;
        if (bits.config == DN_PMU_CONFIGS || bits.mask == 0)
                return -EBADMSG;
        *ret_bits = bits;
        return 0;
}

static int digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_number(struct dn_str s, uint64_t *ret_value) {
        uint64_t value = 0;

        if (!dn_str_starts(s, DN_STR("0x")) && !dn_str_starts(s, DN_STR("0X")))
                return dn_str_u64(s, ret_value);
        skip(&s, 2);
        if (s.n == 0 || s.n > 16)
                return false;
        for (size_t i = 0; i < s.n; i++) {
                if (digit(s.p[i]) < 0)
                        return false;
                value = value << 4 | (uint64_t)digit(s.p[i]);
        }
        *ret_value = value;
        return true;
}

int dn_pmu_term_next(struct dn_str *rest, struct dn_pmu_term *ret_term) {
        struct dn_pmu_term term = {.value = 1};
        struct dn_str piece;

        if (!dn_str_cut(rest, ',', &piece))
                return 0;
        piece = dn_str_trim(piece);
        if (!dn_str_cut(&piece, '=', &term.name) || term.name.n == 0)
                return -EBADMSG;
        if (piece.p == term.name.p + term.name.n + 1 && !parse_number(piece, &term.value))
                return -EBADMSG;
        *ret_term = term;
        return 1;
}

int dn_pmu_put(const struct dn_pmu_bits *bits, uint64_t value, uint64_t config[DN_PMU_CONFIGS]) {
        uint64_t laid = 0;

        for (uint64_t mask = bits->mask; mask; mask &= mask - 1, value >>= 1)
                if (value & 1)
                        laid |= mask & -mask;
        if (value)
                return -ERANGE;
        config[bits->config] = (config[bits->config] & ~bits->mask) | laid;
        return 0;
}
