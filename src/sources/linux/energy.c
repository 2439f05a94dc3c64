/* SPDX-License-Identifier: GPL-3.0-or-later
 * Energy of the machine (RAPL), and the tree's part of it: what the packages used, by the tree's share of the time in
 * which CPUs were at work. Once a second, since the kernel has to ask a core of each package. */
#include "sources/linux/energy.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/energy_zones.h"
#include "sources/linux/parse_busy.h"
#include "sources/linux/probe/devices.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"

#include <fcntl.h>

/* Time at work is counted in ticks: of fewer no share is taken. */
enum { TICKS_LEAST = 20 };

struct at {
        uint64_t package_uj, busy_ticks;
        int64_t tree_us;
};

struct energy {
        struct dn_target *target;
        struct dn_energy_zones zones;
        int stat;                 /* /proc/stat, held; -1: there is none */
        int64_t due_ns, ahead_ns; /* of the boot's clock before the monotonic one: it grows while the machine sleeps */
        bool lost;                /* no zone could be read … */
        bool partly;              /* … or not all */
        bool fresh;               /* this pass has read them */
        bool shared;              /* the tree's part is known up to `base` */
        struct at base;
        uint64_t tree_uj;
};

/* ----------------------------------------------------------------------------------------------- the tree's part */

uint64_t dn_energy_share(uint64_t energy_uj, int64_t tree_us, int64_t busy_us) {
        if (tree_us <= 0)
                return 0;
        if (busy_us <= tree_us)
                return energy_uj;
        return (uint64_t)(((unsigned __int128)energy_uj * (uint64_t)tree_us + (uint64_t)busy_us / 2) /
                          (uint64_t)busy_us);
}

static bool read_busy(const struct energy *e, uint64_t *ret_ticks) {
        char buffer[512];
        int n = e->stat < 0 ? -1 : dn_file_reread(e->stat, buffer, sizeof(buffer));
        struct dn_busy busy;

        if (n <= 0 || dn_busy_parse((struct dn_str){buffer, (size_t)n}, &busy) < 0)
                return false;
        *ret_ticks = busy.busy_ticks;
        return true;
}

static int64_t whole_us(const struct dn_snapshot *s) {
        const struct dn_row *whole = dn_snapshot_whole(s);

        return whole ? dn_row_or_zero(whole, DN_cpu_user_secs) + dn_row_or_zero(whole, DN_cpu_system_secs) : 0;
}

/* What the whole has used is known once all is read. */
static int energy_settled(void *state, struct dn_pass *pass) {
        struct energy *e = state;
        struct at now = {.package_uj = e->zones.sum_uj[DN_ENERGY_PACKAGE], .tree_us = whole_us(pass->now)};
        struct dn_row *row;

        if (!e->fresh || !e->zones.has[DN_ENERGY_PACKAGE] || !read_busy(e, &now.busy_ticks))
                return 0;
        e->fresh = false;
        if (!e->shared || now.busy_ticks < e->base.busy_ticks) {
                e->base = now;
                e->shared = true;
        } else if (now.busy_ticks - e->base.busy_ticks >= TICKS_LEAST || pass->final) {
                int64_t busy_us = (int64_t)(now.busy_ticks - e->base.busy_ticks) * e->target->procfs->tick_us;

                e->tree_uj +=
                        dn_energy_share(now.package_uj - e->base.package_uj, now.tree_us - e->base.tree_us, busy_us);
                e->base = now;
        }
        row = dn_block_row(pass->now->part, DN_RAPL);
        if (!row)
                return -ENOMEM;
        dn_row_set(row, DN_RAPL_process_joules, (int64_t)e->tree_uj, pass->now->number);
        return 0;
}

/* ------------------------------------------------------------------------------------------------------ the source */

static void energy_close(void *state) {
        struct energy *e = state;

        dn_energy_zones_close(&e->zones);
        dn_guard_close(&e->stat);
        free(e);
}

static int energy_read(void *state, struct dn_pass *pass) {
        static const int fields[DN_ENERGY_KINDS] = {
                [DN_ENERGY_PACKAGE] = DN_RAPL_package_joules,
                [DN_ENERGY_CORE] = DN_RAPL_core_joules,
                [DN_ENERGY_DRAM] = DN_RAPL_dram_joules,
                [DN_ENERGY_PLATFORM] = DN_RAPL_psys_joules,
        };
        const int64_t jump_ns = 100000000;
        struct energy *e = state;
        int64_t ahead_ns = pass->now->boot_ns - pass->now->mono_ns;
        struct dn_row *row;
        uint32_t n;

        if (pass->mono_ns < e->due_ns && !pass->final)
                return 0;
        e->due_ns = pass->mono_ns + dn_pass_pace_ns(pass);
        n = dn_energy_zones_read(&e->zones, ahead_ns > e->ahead_ns + jump_ns);
        e->lost = n == 0;
        e->partly = n < e->zones.n;
        e->ahead_ns = ahead_ns;
        e->fresh = !e->lost;
        row = e->lost ? NULL : dn_block_row(pass->now->part, DN_RAPL);
        if (!row)
                return e->lost ? 0 : -ENOMEM;
        row->read_ns = pass->mono_ns;
        for (int kind = 0; kind < DN_ENERGY_KINDS; kind++)
                if (e->zones.has[kind])
                        dn_row_set(row, fields[kind], (int64_t)e->zones.sum_uj[kind], pass->now->number);
        return 0;
}

static int energy_can(void *state, struct dn_text *why) {
        const struct energy *e = state;

        if (e->lost)
                dn_text_put(why, DN_STR("the counters are read no more: the driver has gone"));
        else if (e->partly)
                dn_text_put(why, DN_STR("some of the counters are read no more: what they would add is missing"));
        return e->lost ? DN_CAN_NOT : e->partly ? DN_CAN_PARTLY : DN_CAN;
}

static void energy_list(void *state, struct dn_text *names) {
        const struct energy *e = state;

        dn_energy_zones_list(&e->zones, names);
}

static void say_why(int sys, struct dn_text *why) {
        struct dn_ability a = {0};

        dn_ability_energy(&a, &(struct dn_probe_roots){.sys = sys});
        dn_text_put(why, a.reason.n > 0 ? dn_text_str(&a.reason) : DN_STR("no counter of a package or of memory"));
        if (a.hint.n > 0)
                dn_text_put_char(why, '\n');
        dn_text_put(why, dn_text_str(&a.hint));
        dn_text_free(&a.reason);
        dn_text_free(&a.hint);
}

int dn_energy_begin(void **ret_state, struct dn_target *t, int sys, struct dn_text *why) {
        struct energy *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        r = dn_energy_zones_open(&e->zones, sys);
        if (r < 0) {
                say_why(sys, why);
                free(e);
                return r;
        }
        e->target = t;
        e->stat = openat(t->procfs->root, "stat", O_RDONLY | O_CLOEXEC);
        *ret_state = e;
        return 0;
}

static int energy_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        dn_autoclose int sys = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return dn_energy_begin(ret_state, t, sys, why);
}

const struct dn_source dn_source_energy = {
        .name = "rapl",
        .open = energy_open,
        .read = energy_read,
        .settled = energy_settled,
        .can = energy_can,
        .list = energy_list,
        .close = energy_close,
};
