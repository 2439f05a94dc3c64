/* SPDX-License-Identifier: GPL-3.0-or-later
 * The files of a PMU: a format, and the terms of an event. What is refused leaves the result as it was; what is taken
 * lies where the format says. */
#include "must.h"
#include "sources/linux/parse_pmu.h"

#include <errno.h>

static const uint64_t untouched = UINT64_C(0xa5a5a5a5a5a5a5a5);

static void check_format(struct dn_str text, struct dn_pmu_bits *bits) {
        int r = dn_pmu_format_parse(text, bits);

        MUST(r == 0 || r == -EBADMSG);
        if (r == 0)
                MUST(bits->config >= 0 && bits->config < DN_PMU_CONFIGS && bits->mask != 0);
        else
                MUST(bits->config == 0 && bits->mask == untouched);
}

static void check_put(const struct dn_pmu_bits *bits, uint64_t value) {
        uint64_t config[DN_PMU_CONFIGS] = {0, 0, 0};
        int r = dn_pmu_put(bits, value, config);

        MUST(r == 0 || r == -ERANGE);
        for (int i = 0; i < DN_PMU_CONFIGS; i++)
                MUST((config[i] & ~(i == bits->config && r == 0 ? bits->mask : 0)) == 0);
        if (r == 0)
                MUST(__builtin_popcountll(config[bits->config]) == __builtin_popcountll(value));
}

/* Exact room: what stands behind it may not be read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *exact = malloc(size ? size : 1);
        struct dn_pmu_bits bits = {0, untouched};
        struct dn_pmu_term term;
        struct dn_str rest = {exact, size};
        size_t terms = 0;
        int r;

        MUST(exact);
        if (size > 0)
                memcpy(exact, data, size);
        check_format(rest, &bits);
        while ((r = dn_pmu_term_next(&rest, &term)) > 0) {
                MUST(term.name.n > 0 && term.name.p >= exact && term.name.p + term.name.n <= exact + size);
                check_put(&bits, term.value);
                terms++;
        }
        MUST((r == 0 || r == -EBADMSG) && terms <= size);
        free(exact);
        return 0;
}
