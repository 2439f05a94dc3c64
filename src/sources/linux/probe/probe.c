/* SPDX-License-Identifier: GPL-3.0-or-later
 * The abilities that hang on the kernel and on rights. */
#include "sources/probe.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/probe/devices.h"
#include "sources/linux/probe/rights.h"

#include <fcntl.h>

static void say(struct dn_ability *a, const char *reason, const char *hint) {
        dn_text_put(&a->reason, dn_str_of(reason));
        dn_text_put(&a->hint, dn_str_of(hint));
}

static void look_at_processes(struct dn_ability *a, const struct dn_probe_roots *roots,
                              const struct dn_rights *rights) {
        if (faccessat(roots->proc, "self/stat", R_OK, 0) < 0)
                say(a, "/proc is not there, or of another PID namespace", "sudo mount -t proc proc /proc");
        else if ((a->hidepid = dn_rights_hidepid(roots->proc, rights)) > 0) {
                a->can = DN_CAN_PARTLY;
                dn_text_printf(&a->reason, "your own (/proc has hidepid=%d); others'", a->hidepid);
                say(a, "", "sudo denet attach PID");
        } else
                a->can = DN_CAN;
}

static void look_at_io(struct dn_ability *a, const struct dn_probe_roots *roots, const struct dn_rights *rights) {
        char buffer[512];

        if (dn_file_read(roots->proc, "self/io", buffer, sizeof(buffer)) <= 0)
                say(a, "the kernel keeps no account of it", "a kernel with CONFIG_TASK_IO_ACCOUNTING");
        else if (dn_rights_have(rights, DN_CAP_SYS_PTRACE))
                a->can = DN_CAN;
        else {
                a->can = DN_CAN_PARTLY;
                say(a, "your own processes; others'", "sudo denet attach PID");
        }
}

static void look_at_pressure(struct dn_ability *a, const struct dn_probe_roots *roots) {
        char buffer[256];

        if (dn_file_read(roots->proc, "pressure/memory", buffer, sizeof(buffer)) > 0)
                a->can = DN_CAN;
        else
                say(a, "the kernel keeps no account of it", "boot with psi=1");
}

/* "none [integrity] confidentiality": the brackets mark what holds. */
static bool is_locked_down(int sys) {
        char buffer[64];
        int n = dn_file_read(sys, "kernel/security/lockdown", buffer, sizeof(buffer));
        struct dn_str rest = {buffer, n > 0 ? (size_t)n : 0}, word;

        while (dn_str_word(&rest, &word))
                if (dn_str_starts(word, DN_STR("[confidentiality]")))
                        return true;
        return false;
}

static void look_at_ebpf(struct dn_ability *a, const struct dn_probe_roots *roots, const struct dn_rights *rights) {
        bool all = dn_rights_have(rights, DN_CAP_SYS_ADMIN), bpf = all || dn_rights_have(rights, DN_CAP_BPF),
             perfmon = all || dn_rights_have(rights, DN_CAP_PERFMON),
             could = dn_rights_could(rights, DN_CAP_SYS_ADMIN) ||
                     (dn_rights_could(rights, DN_CAP_BPF) && dn_rights_could(rights, DN_CAP_PERFMON));

        if (faccessat(roots->sys, "kernel/btf/vmlinux", F_OK, 0) < 0)
                say(a, "the kernel does not describe its types (/sys/kernel/btf/vmlinux)",
                    "a kernel with CONFIG_DEBUG_INFO_BTF");
        else if (is_locked_down(roots->sys))
                say(a, "the kernel is locked down (confidentiality)", "boot with lockdown=integrity");
        else if (bpf && perfmon)
                a->can = DN_CAN;
        else {
                dn_text_printf(&a->reason, "lacks %s%s%s", bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : ", ",
                               perfmon ? "" : "CAP_PERFMON");
                say(a, "",
                    could ? "sudo setcap cap_bpf,cap_perfmon=ep \"$(command -v denet)\""
                          : "start the container with --cap-add BPF --cap-add PERFMON");
        }
}

bool dn_probe_ebpf(void) {
        dn_autoclose int proc = dn_file_directory(AT_FDCWD, "/proc"), sys = dn_file_directory(AT_FDCWD, "/sys");
        struct dn_probe_roots roots = {.proc = proc, .sys = sys, .root = -1};
        struct dn_rights rights = dn_rights_read(proc);
        struct dn_ability ability = {0};

        look_at_ebpf(&ability, &roots, &rights);
        dn_text_free(&ability.reason);
        dn_text_free(&ability.hint);
        return ability.can == DN_CAN;
}

void dn_abilities_look(struct dn_ability abilities[DN_ABILITIES], const struct dn_probe_roots *roots) {
        struct dn_rights rights = dn_rights_read(roots->proc);

        look_at_processes(&abilities[DN_ABILITY_PROCESSES], roots, &rights);
        look_at_io(&abilities[DN_ABILITY_IO], roots, &rights);
        look_at_pressure(&abilities[DN_ABILITY_PSI], roots);
        dn_ability_counters(&abilities[DN_ABILITY_COUNTERS], roots, &rights);
        dn_ability_energy(&abilities[DN_ABILITY_ENERGY], roots);
        dn_ability_gpu(&abilities[DN_ABILITY_GPU], roots);
        look_at_ebpf(&abilities[DN_ABILITY_EBPF], roots, &rights);
}

void dn_abilities_free(struct dn_ability abilities[DN_ABILITIES]) {
        for (int i = 0; i < DN_ABILITIES; i++) {
                dn_text_free(&abilities[i].reason);
                dn_text_free(&abilities[i].hint);
        }
}
