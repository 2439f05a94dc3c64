/* SPDX-License-Identifier: GPL-3.0-or-later
 * Capabilities (capabilities(7)) of this process, as /proc/self/status has them. */
#pragma once
#include "sources/probe.h"

enum dn_capability { DN_CAP_SYS_PTRACE = 19, DN_CAP_SYS_ADMIN = 21, DN_CAP_PERFMON = 38, DN_CAP_BPF = 39 };

/* `has`: effective, or permitted, which is to be had by asking. `bound`: that nobody here can get beyond. */
struct dn_rights {
        uint64_t has, bound;
        bool no_new;   /* no_new_privs is set: no file gives any */
        bool filtered; /* a seccomp filter looks at each system call */
};

/* Of a hidepid option (proc(5)) on /proc, 1, 2 or 4; 0: none that holds for this process. */
int dn_rights_hidepid(int proc, const struct dn_rights *r);

/* None where it cannot be read. */
struct dn_rights dn_rights_read(int proc);

/* Of eBPF, by roots->bpf. */
void dn_ability_ebpf(struct dn_ability *a, const struct dn_probe_roots *roots, const struct dn_rights *rights);

/* Of hardware counters, by roots->counter. */
void dn_ability_counters(struct dn_ability *a, const struct dn_probe_roots *roots, const struct dn_rights *rights);

static inline bool dn_rights_have(const struct dn_rights *r, int capability) {
        return r->has >> capability & 1;
}

/* These, `has` or `bound`, are enough to load BPF programs that look into the kernel. */
static inline bool dn_rights_load_bpf(uint64_t capabilities) {
        const uint64_t both = UINT64_C(1) << DN_CAP_BPF | UINT64_C(1) << DN_CAP_PERFMON;

        return capabilities >> DN_CAP_SYS_ADMIN & 1 || (capabilities & both) == both;
}
