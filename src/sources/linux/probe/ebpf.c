/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether BPF programs may be loaded, and if not, by what they are kept out. Nothing is loaded to find that out. */
#include "base/file.h"
#include "base/guard.h"
#include "host/raised.h"
#include "sources/linux/probe/rights.h"
#include "sources/probe.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

static void say(struct dn_ability *a, const char *reason, const char *hint) {
        dn_text_put(&a->reason, dn_str_of(reason));
        dn_text_put(&a->hint, dn_str_of(hint));
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

/* The first one has all numbers: 0 0 4294967295. */
static bool is_in_user_namespace(int proc) {
        char buffer[256];
        int n = dn_file_read(proc, "self/uid_map", buffer, sizeof(buffer));
        struct dn_str rest = {buffer, n > 0 ? (size_t)n : 0}, word;
        static const struct dn_str whole[] = {DN_STR("0"), DN_STR("0"), DN_STR("4294967295")};

        for (size_t i = 0; i < DN_COUNT(whole); i++)
                if (!dn_str_word(&rest, &word) || !dn_str_equal(word, whole[i]))
                        return n > 0;
        return false;
}

static void lacks(struct dn_ability *a, const struct dn_rights *rights, bool bpf, bool perfmon) {
        dn_text_printf(&a->reason, "lacks %s%s%s", bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : ", ",
                       perfmon ? "" : "CAP_PERFMON");
        if (rights->no_new)
                say(a, ", and no_new_privs is set: no file can give them",
                    "run denet outside of what set it (systemd: NoNewPrivileges=no)");
        else
                say(a, "",
                    dn_rights_load_bpf(rights->bound) ? "sudo setcap cap_bpf,cap_perfmon=ep \"$(command -v denet)\""
                                                      : "start the container with --cap-add BPF --cap-add PERFMON");
}

void dn_ability_ebpf(struct dn_ability *a, const struct dn_probe_roots *roots, const struct dn_rights *rights) {
        bool all = dn_rights_have(rights, DN_CAP_SYS_ADMIN), bpf = all || dn_rights_have(rights, DN_CAP_BPF),
             perfmon = all || dn_rights_have(rights, DN_CAP_PERFMON);

        if (faccessat(roots->sys, "kernel/btf/vmlinux", F_OK, 0) < 0)
                say(a, "the kernel does not describe its types (/sys/kernel/btf/vmlinux)",
                    "a kernel with CONFIG_DEBUG_INFO_BTF");
        else if (is_locked_down(roots->sys))
                say(a, "the kernel is locked down (confidentiality)", "boot with lockdown=integrity");
        else if (is_in_user_namespace(roots->proc))
                say(a, "no BPF program may be loaded from a user namespace",
                    "run denet outside of it; a container: one that is not rootless");
        else if (!bpf || !perfmon)
                lacks(a, rights, bpf, perfmon);
        else if (roots->bpf < 0 && rights->filtered)
                say(a, "a seccomp filter forbids bpf(2)",
                    "allow bpf there (docker run --security-opt seccomp=unconfined)");
        else if (roots->bpf < 0)
                dn_text_printf(&a->reason, "the kernel refuses bpf(2): %s", strerror(-roots->bpf));
        else
                a->can = DN_CAN;
}

/* Of a descriptor that nobody has: where it is allowed, that is what is wrong with it. */
int dn_probe_bpf(void) {
        union bpf_attr attr = {.info.bpf_fd = UINT32_MAX};
        struct dn_raised before = dn_raise();
        long r = syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr.info));
        int error = r < 0 ? errno : 0;

        dn_lower(&before);
        return error == EPERM || error == EACCES || error == ENOSYS ? -error : 0;
}
