/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/kernel_side.h"
#include "cli/quantity.h"

#include <stdio.h>

static const double ns_per_second = 1e9;

/* Among the longest ones, if it is one of them. */
static void keep(struct dn_shown *list, int *n, int room, const struct dn_shown *one) {
        int at = *n;

        while (at > 0 && list[at - 1].seconds < one->seconds)
                at--;
        if (at == room)
                return;
        if (*n < room)
                (*n)++;
        memmove(list + at + 1, list + at, (size_t)(*n - at - 1) * sizeof(*list));
        list[at] = *one;
}

/* The reasons are the fields of their block: run_queue, disk … */
static void take_waits(struct dn_kernel_side *k, const denet_row *row) {
        k->n_waits = 0;
        for (int id = denet_field_id("ebpf.offcpu.by_reason.run_queue"); id >= 0 && denet_field_at(id); id++) {
                const denet_field *field = denet_field_at(id);
                struct dn_shown one = {0};
                double ns;

                if (strcmp(field->block, "ebpf.offcpu.by_reason") != 0)
                        break;
                if (denet_row_number(row, id, &ns) < 0 || ns < 1)
                        continue;
                snprintf(one.name, sizeof(one.name), "%s", field->name);
                for (char *c = one.name; *c; c++)
                        *c = *c == '_' ? ' ' : *c;
                one.seconds = ns / ns_per_second;
                keep(k->waits, &k->n_waits, DN_SHOWN_WAITS, &one);
        }
}

static void take_calls(struct dn_kernel_side *k, const denet_record *record) {
        int name = denet_field_id("ebpf.syscalls.top_syscalls.name"),
            time = denet_field_id("ebpf.syscalls.top_syscalls.total_ns"),
            count = denet_field_id("ebpf.syscalls.top_syscalls.count");
        const denet_row *row;

        k->n_calls = 0;
        for (size_t i = 0; (row = denet_record_row(record, DENET_SYSCALLS, i)); i++) {
                const char *called = denet_row_text(row, name);
                struct dn_shown one = {0};
                double ns;

                if (!called || denet_row_number(row, time, &ns) < 0 || denet_row_number(row, count, &one.count) < 0)
                        continue;
                snprintf(one.name, sizeof(one.name), "%s", called);
                one.seconds = ns / ns_per_second;
                keep(k->calls, &k->n_calls, DN_SHOWN_CALLS, &one);
        }
}

void dn_kernel_side_take(struct dn_kernel_side *k, const denet_record *record) {
        const denet_row *waits = denet_record_row(record, DENET_OFFCPU_REASONS, 0),
                        *network = denet_record_row(record, DENET_NETWORK, 0);

        if (waits)
                take_waits(k, waits);
        if (denet_record_row(record, DENET_SYSCALLS, 0))
                take_calls(k, record);
        if (network)
                k->has_network =
                        denet_row_number(network, denet_field_id("ebpf.network.rx_bytes"), &k->received) == 0 &&
                        denet_row_number(network, denet_field_id("ebpf.network.tx_bytes"), &k->sent) == 0;
}

/* waits     disk 3 min 12 s, pipe 2 min 40 s, run queue 51.2 s, lock 8.10 s */
void dn_kernel_side_put_waits(struct dn_text *text, const struct dn_kernel_side *k) {
        for (int i = 0; i < k->n_waits; i++) {
                dn_text_printf(text, "%s%s ", i == 0 ? "waits     " : ", ", k->waits[i].name);
                dn_put_seconds(text, k->waits[i].seconds);
        }
        if (k->n_waits > 0)
                dn_text_put_char(text, '\n');
}

/* syscalls  read 41.3 s (9.10 M), write 38.0 s (2.20 M), futex 8.00 s (812 k) */
void dn_kernel_side_put_calls(struct dn_text *text, const struct dn_kernel_side *k) {
        for (int i = 0; i < k->n_calls; i++) {
                dn_text_printf(text, "%s%s ", i == 0 ? "syscalls  " : ", ", k->calls[i].name);
                dn_put_seconds(text, k->calls[i].seconds);
                dn_text_put(text, DN_STR(" ("));
                dn_put_count(text, k->calls[i].count);
                dn_text_put_char(text, ')');
        }
        if (k->n_calls > 0)
                dn_text_put_char(text, '\n');
}
