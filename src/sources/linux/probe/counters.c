/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/probe/rights.h"
#include "sources/probe.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>

/* kernel.perf_event_paranoid; -errno or -EBADMSG. */
static int read_paranoid(int proc, int64_t *ret_level) {
        char buffer[32];
        int n = dn_file_read(proc, "sys/kernel/perf_event_paranoid", buffer, sizeof(buffer));
        struct dn_str rest = {buffer, n > 0 ? (size_t)n : 0};

        return n < 0 ? n : dn_str_take_i64(&rest, ret_level) ? 0 : -EBADMSG;
}

static void say(struct dn_ability *a, const char *reason, const char *hint) {
        dn_text_put(&a->reason, dn_str_of(reason));
        dn_text_put(&a->hint, dn_str_of(hint));
}

static void say_sysctl(struct dn_ability *a, const char *what, int64_t level, int enough) {
        dn_text_printf(&a->reason, "%skernel.perf_event_paranoid is %lld", what, (long long)level);
        dn_text_printf(&a->hint, "sudo sysctl kernel.perf_event_paranoid=%d", enough);
}

static void say_user_only(struct dn_ability *a, int proc) {
        int64_t level;

        a->can = DN_CAN_PARTLY;
        if (read_paranoid(proc, &level) == 0 && level > 1)
                say_sysctl(a, "user mode alone: ", level, 1);
        else
                say(a, "user mode alone", "start the container with --cap-add PERFMON");
}

void dn_ability_counters(struct dn_ability *a, const struct dn_probe_roots *roots, const struct dn_rights *rights) {
        bool allowed = dn_rights_have(rights, DN_CAP_PERFMON) || dn_rights_have(rights, DN_CAP_SYS_ADMIN);
        int64_t level;
        int r = read_paranoid(roots->proc, &level);

        if (roots->counter == 0)
                a->can = DN_CAN;
        else if (roots->counter > 0)
                say_user_only(a, roots->proc);
        else if ((r < 0 && r != -EBADMSG) || roots->counter == -ENOSYS)
                say(a, "the kernel has no perf events", "a kernel with CONFIG_PERF_EVENTS");
        else if (roots->counter != -EACCES && roots->counter != -EPERM)
                say(a, "software counters alone, as in many virtual machines", "");
        else if (!allowed && r == 0 && level > 2)
                say_sysctl(a, "", level, 2);
        else
                say(a, "perf_event_open is refused here, as in many containers",
                    "start the container with --cap-add PERFMON");
}

static int open_cycles(bool user_only) {
        struct perf_event_attr attr = {
                .type = PERF_TYPE_HARDWARE,
                .size = sizeof(attr),
                .config = PERF_COUNT_HW_CPU_CYCLES,
                .exclude_kernel = user_only,
                .exclude_hv = 1,
                .disabled = 1,
        };
        dn_autoclose int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

        return fd < 0 ? -errno : 0;
}

int dn_probe_counter(void) {
        int r = open_cycles(false);

        if (r == -EACCES || r == -EPERM)
                r = open_cycles(true) < 0 ? r : 1;
        return r;
}
