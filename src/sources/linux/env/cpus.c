/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/cpus.h"
#include "base/file.h"
#include "base/guard.h"

#include <sched.h>

int dn_cpus_next(const struct dn_cpus *cpus, int from) {
        for (int i = from / DN_CPUS_WORD; i < (int)DN_COUNT(cpus->words); i++) {
                unsigned long word = cpus->words[i];

                if (i == from / DN_CPUS_WORD)
                        word &= ~0UL << from % DN_CPUS_WORD;
                if (word)
                        return i * DN_CPUS_WORD + __builtin_ctzl(word);
        }
        return -1;
}

int dn_cpus_count(const struct dn_cpus *cpus) {
        int n = 0;

        for (size_t i = 0; i < DN_COUNT(cpus->words); i++)
                n += __builtin_popcountl(cpus->words[i]);
        return n;
}

void dn_cpus_add(struct dn_cpus *cpus, int cpu) {
        cpus->words[cpu / DN_CPUS_WORD] |= 1UL << cpu % DN_CPUS_WORD;
}

void dn_cpus_remove(struct dn_cpus *cpus, const struct dn_cpus *which) {
        for (size_t i = 0; i < DN_COUNT(cpus->words); i++)
                cpus->words[i] &= ~which->words[i];
}

void dn_cpus_keep(struct dn_cpus *cpus, const struct dn_cpus *which) {
        for (size_t i = 0; i < DN_COUNT(cpus->words); i++)
                cpus->words[i] &= which->words[i];
}

static bool parse_range(struct dn_str piece, struct dn_cpus *cpus) {
        uint64_t first, last;

        if (!dn_str_take_u64(&piece, &first))
                return false;
        last = first;
        if (piece.n > 0 && piece.p[0] == '-') {
                piece = (struct dn_str){piece.p + 1, piece.n - 1};
                if (!dn_str_take_u64(&piece, &last))
                        return false;
        }
        if (piece.n > 0 || first > last || last >= DN_CPUS_MAX)
                return false;
        for (uint64_t cpu = first; cpu <= last; cpu++)
                dn_cpus_add(cpus, (int)cpu);
        return true;
}

int dn_cpus_parse(struct dn_str list, struct dn_cpus *ret_cpus) {
        struct dn_cpus cpus = {0};
        struct dn_str piece;

        list = dn_str_trim(list);
        while (dn_str_cut(&list, ',', &piece))
                if (!parse_range(piece, &cpus))
                        return -EBADMSG;
        *ret_cpus = cpus;
        return 0;
}

int dn_cpus_read(int directory, const char *path, struct dn_cpus *ret_cpus) {
        dn_autotext struct dn_text list = {0};
        int r = dn_file_append(directory, path, DN_CPUS_MAX * sizeof("65535"), &list);

        return r < 0 ? r : dn_cpus_parse(dn_text_str(&list), ret_cpus);
}

void dn_cpus_write(const struct dn_cpus *cpus, struct dn_text *text) {
        bool comma = false;
        int last;

        for (int cpu = dn_cpus_next(cpus, 0); cpu >= 0; cpu = dn_cpus_next(cpus, last + 1)) {
                for (last = cpu; last + 1 < DN_CPUS_MAX && dn_cpus_has(cpus, last + 1);)
                        last++;
                if (comma)
                        dn_text_put_char(text, ',');
                comma = true;
                dn_text_put_i64(text, cpu);
                if (last > cpu) {
                        dn_text_put_char(text, '-');
                        dn_text_put_i64(text, last);
                }
        }
}

int dn_cpus_affinity(struct dn_cpus *ret_cpus) {
        struct dn_cpus cpus = {0};

        /* Refused for a set smaller than the kernel's own, which is why ours is larger than any. */
        if (sched_getaffinity(0, sizeof(cpus), (cpu_set_t *)(void *)cpus.words) < 0)
                return -errno;
        *ret_cpus = cpus;
        return 0;
}
