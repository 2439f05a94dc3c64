/* SPDX-License-Identifier: GPL-3.0-or-later
 * Values that the programs keep by process, as long as each lives. */
#include "modules/ebpf/ebpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

/* What its pages hold is written by the kernel alone: those that are not needed take no memory. */
int dn_ebpf_by_process_open(struct dn_by_process *p, size_t size) {
        *p = (struct dn_by_process){.size = size};
        p->keys = malloc(DN_BPF_PROCESSES * sizeof(*p->keys));
        p->values = malloc(DN_BPF_PROCESSES * size);
        return p->keys && p->values ? 0 : -ENOMEM;
}

void dn_ebpf_by_process_close(struct dn_by_process *p) {
        free(p->keys);
        free(p->values);
        *p = (struct dn_by_process){0};
}

static int by_pid(const void *a, const void *b) {
        uint64_t i = *(const uint64_t *)a, j = *(const uint64_t *)b;

        return i < j ? -1 : i > j;
}

void dn_ebpf_by_process_read(struct dn_by_process *p, int map) {
        uint32_t n = DN_BPF_PROCESSES, at;
        int r = bpf_map_lookup_batch(map, NULL, &at, p->keys, p->values, &n, NULL);

        p->n = r == 0 || r == -ENOENT ? n : 0; /* -ENOENT: that was all */
        qsort(p->values, p->n, p->size, by_pid);
}
