/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/kernel_names.h"

#include "denet.skel.h"
#include <bpf/bpf.h>
#include <errno.h>

static bool print(struct dn_ebpf *e, uint64_t address) {
        LIBBPF_OPTS(bpf_test_run_opts, how);

        e->shared->address = address;
        e->shared->name[0] = '\0';
        return bpf_prog_test_run_opts(bpf_program__fd(e->programs->progs.print_name), &how) == 0 && e->shared->name[0];
}

static int name_one(struct dn_ebpf *e, uint64_t address, struct dn_frames *frames) {
        struct dn_frame unknown = {.kind = DN_FRAME_UNKNOWN, .address = address};
        struct dn_str name;

        if (!print(e, address))
                return dn_frames_add(frames, &unknown);
        e->shared->name[sizeof(e->shared->name) - 1] = '\0';
        name = dn_str_of(e->shared->name);
        if (dn_str_starts(name, DN_STR("0x")))
                return dn_frames_add(frames, &unknown);
        return dn_frames_add_named(frames, DN_FRAME_KERNEL, address, name);
}

int dn_ebpf_name_kernel(struct dn_ebpf *e, struct dn_symbols *symbols, const struct dn_stack *stack,
                        struct dn_frames *frames) {
        uint32_t before = frames->n;
        int r = dn_symbols_kernel(symbols, stack, frames);

        if (r < 0 || frames->n == before || frames->list[before].kind == DN_FRAME_KERNEL)
                return r;
        frames->n = before; /* addresses are not shown to us */
        for (uint32_t i = 0; i < stack->n && r == 0; i++)
                r = name_one(e, stack->address[i], frames);
        return r;
}
