/* SPDX-License-Identifier: GPL-3.0-or-later
 * System calls by number, from the programs' map: added up over the processors, the most frequent ones listed. */
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/syscall_names.h"

#include "denet.skel.h"
#include <bpf/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LISTED = 10 /* in samples; the exit record has all */ };

struct dn_ebpf_syscalls {
        const struct dn_bpf_call *calls; /* mapped: DN_BPF_NUMBERS for each processor */
        size_t size;
        int64_t began_ns;
        struct dn_bpf_call sums[DN_BPF_NUMBERS];
        uint16_t order[DN_BPF_NUMBERS]; /* of those that were called, by count */
        uint32_t n;
};

int dn_ebpf_syscalls_open(struct dn_ebpf *e) {
        struct dn_ebpf_syscalls *s = calloc(1, sizeof(*s));
        void *calls;

        if (!s)
                return -ENOMEM;
        s->size = sizeof(struct dn_bpf_call) * DN_BPF_NUMBERS * e->n_processors;
        calls = mmap(NULL, s->size, PROT_READ, MAP_SHARED, bpf_map__fd(e->programs->maps.calls), 0);
        if (calls == MAP_FAILED) {
                free(s);
                return -ENOMEM;
        }
        s->calls = calls;
        e->syscalls = s;
        return 0;
}

void dn_ebpf_syscalls_close(struct dn_ebpf *e) {
        if (e->syscalls)
                munmap((void *)(uintptr_t)e->syscalls->calls, e->syscalls->size);
        free(e->syscalls);
        e->syscalls = NULL;
}

static void add_up(struct dn_ebpf_syscalls *s, uint32_t n_processors) {
        memset(s->sums, 0, sizeof(s->sums));
        for (uint32_t cpu = 0; cpu < n_processors; cpu++)
                for (uint32_t i = 0; i < DN_BPF_NUMBERS; i++) {
                        const struct dn_bpf_call *call = &s->calls[cpu * DN_BPF_NUMBERS + i];

                        s->sums[i].count += call->count;
                        s->sums[i].errors += call->errors;
                        s->sums[i].total_ns += call->total_ns;
                        if (call->max_ns > s->sums[i].max_ns)
                                s->sums[i].max_ns = call->max_ns;
                }
}

static int by_count(const void *a, const void *b, void *sums) {
        const struct dn_bpf_call *s = sums;
        uint16_t i = *(const uint16_t *)a, j = *(const uint16_t *)b;

        if (s[i].count != s[j].count)
                return s[i].count < s[j].count ? 1 : -1;
        return i < j ? -1 : 1;
}

static void sort(struct dn_ebpf_syscalls *s) {
        s->n = 0;
        for (uint32_t i = 0; i < DN_BPF_NUMBERS; i++)
                if (s->sums[i].count > 0)
                        s->order[s->n++] = (uint16_t)i;
        qsort_r(s->order, s->n, sizeof(*s->order), by_count, s->sums);
}

static int put_calls(const struct dn_ebpf_syscalls *s, struct dn_pass *pass) {
        uint32_t n = pass->final || s->n < LISTED ? s->n : LISTED, number = pass->now->number;

        pass->now->part[DN_SYSCALL].n = 0;
        for (uint32_t i = 0; i < n; i++) {
                const struct dn_bpf_call *call = &s->sums[s->order[i]];
                struct dn_row *row = dn_block_add(pass->now->part, DN_SYSCALL);

                if (!row)
                        return -ENOMEM;
                row->key.pid = s->order[i];
                dn_row_set_text(row, DN_SYSCALL_name, dn_syscall_name(s->order[i]), number);
                dn_row_set(row, DN_SYSCALL_count, (int64_t)call->count, number);
                dn_row_set(row, DN_SYSCALL_total_ns, (int64_t)call->total_ns, number);
                dn_row_set(row, DN_SYSCALL_max_ns, (int64_t)call->max_ns, number);
                dn_row_set(row, DN_SYSCALL_errors, (int64_t)call->errors, number);
        }
        return 0;
}

static int put_error(struct dn_pass *pass, uint32_t key, uint64_t count) {
        struct dn_row *row = dn_block_add(pass->now->part, DN_SYSCALL_ERROR);
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        row->key = (struct dn_key){key >> 16, key & 0xffff};
        dn_row_set_text(row, DN_SYSCALL_ERROR_name, dn_syscall_name(key >> 16), number);
        dn_row_set(row, DN_SYSCALL_ERROR_code, key & 0xffff, number);
        dn_row_set_text(row, DN_SYSCALL_ERROR_error, dn_errno_name(key & 0xffff), number);
        dn_row_set(row, DN_SYSCALL_ERROR_count, (int64_t)count, number);
        return 0;
}

/* In the exit record alone: it takes a system call each. */
static int put_errors(const struct dn_ebpf *e, struct dn_pass *pass) {
        int map = bpf_map__fd(e->programs->maps.errnos), r = 0;
        uint32_t key, *last = NULL;
        uint64_t count;

        pass->now->part[DN_SYSCALL_ERROR].n = 0;
        for (uint32_t i = 0; i < DN_BPF_ERRNOS && r == 0 && bpf_map_get_next_key(map, last, &key) == 0; i++) {
                last = &key;
                if (bpf_map_lookup_elem(map, &key, &count) == 0)
                        r = put_error(pass, key, count);
        }
        return r;
}

static int put_categories(const struct dn_ebpf_syscalls *s, struct dn_pass *pass, int64_t counts[DN_SYSCALL_KINDS]) {
        static const int fields[DN_SYSCALL_KINDS] = {
                [DN_SYSCALL_FILE_IO] = DN_SYSCALL_CATEGORIES_file_io,
                [DN_SYSCALL_MEMORY] = DN_SYSCALL_CATEGORIES_memory,
                [DN_SYSCALL_PROCESS] = DN_SYSCALL_CATEGORIES_process,
                [DN_SYSCALL_NETWORK] = DN_SYSCALL_CATEGORIES_network,
                [DN_SYSCALL_TIME] = DN_SYSCALL_CATEGORIES_time,
                [DN_SYSCALL_IPC] = DN_SYSCALL_CATEGORIES_ipc,
                [DN_SYSCALL_SECURITY] = DN_SYSCALL_CATEGORIES_security,
                [DN_SYSCALL_SIGNAL] = DN_SYSCALL_CATEGORIES_signal,
                [DN_SYSCALL_SYSTEM] = DN_SYSCALL_CATEGORIES_system,
                [DN_SYSCALL_OTHER] = DN_SYSCALL_CATEGORIES_other,
        };
        struct dn_row *row = dn_block_row(pass->now->part, DN_SYSCALL_CATEGORIES);

        if (!row)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n; i++)
                counts[dn_syscall_category(s->order[i])] += (int64_t)s->sums[s->order[i]].count;
        for (int i = 0; i < DN_SYSCALL_KINDS; i++)
                dn_row_set(row, fields[i], counts[i], pass->now->number);
        return 0;
}

static int64_t share(int64_t part, int64_t whole) {
        const int64_t one = 10000;

        return whole > 0 ? (int64_t)(((__int128)part * one + whole / 2) / whole) : 0;
}

static int put_analysis(const struct dn_ebpf_syscalls *s, struct dn_pass *pass, int64_t total,
                        const int64_t counts[DN_SYSCALL_KINDS]) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_SYSCALL_ANALYSIS);
        int64_t span_us = (pass->mono_ns - s->began_ns) / 1000;
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        if (span_us > 0)
                dn_row_set(row, DN_SYSCALL_ANALYSIS_syscall_rate_per_sec,
                           (int64_t)((__int128)total * 100000000 / span_us), number);
        dn_row_set(row, DN_SYSCALL_ANALYSIS_io_intensity, share(counts[DN_SYSCALL_FILE_IO], total), number);
        dn_row_set(row, DN_SYSCALL_ANALYSIS_memory_intensity, share(counts[DN_SYSCALL_MEMORY], total), number);
        dn_row_set(row, DN_SYSCALL_ANALYSIS_cpu_intensity,
                   share(counts[DN_SYSCALL_PROCESS] + counts[DN_SYSCALL_TIME] + counts[DN_SYSCALL_IPC], total), number);
        dn_row_set(row, DN_SYSCALL_ANALYSIS_network_intensity, share(counts[DN_SYSCALL_NETWORK], total), number);
        return 0;
}

int dn_ebpf_syscalls_read(struct dn_ebpf *e, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_SYSCALLS);
        int64_t counts[DN_SYSCALL_KINDS] = {0}, total = 0;
        struct dn_ebpf_syscalls *s = e->syscalls;
        int r;

        if (!row)
                return -ENOMEM;
        if (s->began_ns == 0)
                s->began_ns = pass->mono_ns;
        add_up(s, e->n_processors);
        sort(s);
        for (uint32_t i = 0; i < s->n; i++)
                total += (int64_t)s->sums[s->order[i]].count;
        dn_row_set(row, DN_SYSCALLS_total, total, pass->now->number);
        r = put_categories(s, pass, counts);
        if (r == 0)
                r = put_calls(s, pass);
        if (r == 0 && pass->final)
                r = put_errors(e, pass);
        return r < 0 ? r : put_analysis(s, pass, total, counts);
}
