/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/rights.h"
#include "base/guard.h"
#include "cli/process.h"

/* The reasons are whole sentences of the records: WHY is what they say, and WHAT TO DO their hint. */
static void say_off(const char *option, const struct dn_capability *c) {
        const char *hint = c->hint.n ? c->hint.p : "all else is measured";

        dn_say("%s: %.*s; %.*s", option, (int)c->reason.n, c->reason.n ? c->reason.p : "",
               (int)(c->hint.n ? c->hint.n : strlen(hint)), hint);
}

static bool lacks(const struct dn_capability *c) {
        return c->known && !c->available;
}

static void say_io(int64_t pid) {
        dn_autotext struct dn_text who = {0};

        dn_process_who(pid, &who);
        dn_say("%lld%s%.*s%s: no i/o, PSS, files: needs CAP_SYS_PTRACE; sudo denet attach %lld", (long long)pid,
               who.n ? " (" : "", (int)who.n, who.n ? who.p : "", who.n ? ")" : "", (long long)pid);
}

void dn_rights_say(const struct dn_cli *cli, const struct dn_report *r, int64_t pid, bool attached) {
        bool untraceable = attached && lacks(&r->io), ebpf = cli->o.ebpf && lacks(&r->ebpf),
             gpu = cli->o.flags & DENET_WITH_GPU && lacks(&r->gpu),
             counters = cli->o.flags & DENET_WITH_COUNTERS && lacks(&r->counters);

        if (cli->quiet)
                return;
        if (untraceable)
                say_io(pid);
        if (ebpf && untraceable)
                dn_say("%lld: no eBPF for a process you may not trace; sudo denet --enable-ebpf attach %lld",
                       (long long)pid, (long long)pid);
        else if (ebpf)
                say_off("--enable-ebpf", &r->ebpf);
        if (gpu)
                say_off("--gpu", &r->gpu);
        if (counters)
                say_off("--counters", &r->counters);
}
