/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/container.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/env/cpu_model.h"
#include "sources/linux/env/put.h"
#include "sources/linux/env/variable.h"

#include <fcntl.h>

/* What is found, and what it is called here. */
struct sign {
        struct dn_str found, kind;
};

static const struct sign signatures[] = {
        {DN_STR("KVMKVMKVM"), DN_STR("kvm")},          {DN_STR("Linux KVM Hv"), DN_STR("kvm")},
        {DN_STR("TCGTCGTCGTCG"), DN_STR("qemu")},      {DN_STR("VMwareVMware"), DN_STR("vmware")},
        {DN_STR("Microsoft Hv"), DN_STR("hyper-v")},   {DN_STR("XenVMMXenVMM"), DN_STR("xen")},
        {DN_STR("VBoxVBoxVBox"), DN_STR("oracle")},    {DN_STR("bhyve bhyve "), DN_STR("bhyve")},
        {DN_STR(" lrpepyh  vr"), DN_STR("parallels")}, {DN_STR("ACRNACRNACRN"), DN_STR("acrn")},
};

/* How the maker, or the name, of a machine begins that is none. */
static const struct sign makers[] = {
        {DN_STR("KVM"), DN_STR("kvm")},
        {DN_STR("OpenStack"), DN_STR("kvm")},
        {DN_STR("Google Compute Engine"), DN_STR("kvm")},
        {DN_STR("QEMU"), DN_STR("qemu")},
        {DN_STR("VMware"), DN_STR("vmware")},
        {DN_STR("VMW"), DN_STR("vmware")},
        {DN_STR("innotek GmbH"), DN_STR("oracle")},
        {DN_STR("VirtualBox"), DN_STR("oracle")},
        {DN_STR("Xen"), DN_STR("xen")},
        {DN_STR("Bochs"), DN_STR("bochs")},
        {DN_STR("Parallels"), DN_STR("parallels")},
        {DN_STR("BHYVE"), DN_STR("bhyve")},
        {DN_STR("Virtual Machine"), DN_STR("hyper-v")}, /* the product of Microsoft Corporation */
        {DN_STR("Apple Virtualization"), DN_STR("apple")},
};

static const struct sign device_trees[] = {
        {DN_STR("linux,kvm"), DN_STR("kvm")},
        {DN_STR("xen"), DN_STR("xen")},
        {DN_STR("vmware"), DN_STR("vmware")},
};

/* The path of a cgroup in which somebody keeps a container. */
static const struct sign cgroups[] = {
        {DN_STR("/docker/"), DN_STR("docker")},
        {DN_STR("/docker-"), DN_STR("docker")},
        {DN_STR("/libpod-"), DN_STR("podman")},
        {DN_STR("/kubepods"), DN_STR("kubernetes")},
        {DN_STR("/lxc/"), DN_STR("lxc")},
        {DN_STR("/lxc.payload"), DN_STR("lxc")},
        {DN_STR("/cri-containerd-"), DN_STR("containerd")},
};

/* What runs it names itself so, in `container` or in /run/systemd/container; no other word is taken over. */
static const struct sign names[] = {
        {DN_STR("docker"), DN_STR("docker")},
        {DN_STR("podman"), DN_STR("podman")},
        {DN_STR("lxc"), DN_STR("lxc")},
        {DN_STR("lxc-libvirt"), DN_STR("lxc")},
        {DN_STR("systemd-nspawn"), DN_STR("systemd-nspawn")},
        {DN_STR("oci"), DN_STR("oci")},
        {DN_STR("flatpak"), DN_STR("flatpak")},
        {DN_STR("rkt"), DN_STR("rkt")},
        {DN_STR("wsl"), DN_STR("wsl")},
};

/* Those of high-performance computing are told by a variable alone. */
static const struct sign variables[] = {
        {DN_STR("APPTAINER_CONTAINER"), DN_STR("apptainer")},
        {DN_STR("SINGULARITY_CONTAINER"), DN_STR("singularity")},
        {DN_STR("SHIFTER_RUNTIME"), DN_STR("shifter")},
        {DN_STR("CH_RUNNING"), DN_STR("charliecloud")},
};

static bool is_same(struct dn_str text, struct dn_str found) {
        return dn_str_equal(text, found);
}

static bool begins(struct dn_str text, struct dn_str found) {
        return dn_str_starts(text, found);
}

static bool holds(struct dn_str text, struct dn_str found) {
        return memmem(text.p, text.n, found.p, found.n) != NULL;
}

#define LOOK_UP(signs, matches, text) look_up(signs, DN_COUNT(signs), matches, text)
static struct dn_str look_up(const struct sign *signs, size_t n, bool (*matches)(struct dn_str, struct dn_str),
                             struct dn_str text) {
        for (size_t i = 0; i < n; i++)
                if (matches(text, signs[i].found))
                        return signs[i].kind;
        return (struct dn_str){0};
}

void dn_env_hardware(struct dn_json *json, int sys) {
        struct dn_env_object object = dn_env_begin(json, DN_STR("hardware"));

        dn_env_put_line(json, DN_STR("vendor"), sys, "class/dmi/id/sys_vendor");
        dn_env_put_line(json, DN_STR("product"), sys, "class/dmi/id/product_name");
        dn_env_end(json, object);
}

static struct dn_str by_maker(int sys) {
        static const char *const files[] = {"class/dmi/id/product_name", "class/dmi/id/sys_vendor"};
        char buffer[DN_ENV_LINE];
        struct dn_str kind = {0};

        for (size_t i = 0; i < DN_COUNT(files) && kind.n == 0; i++)
                kind = LOOK_UP(makers, begins, dn_env_line(sys, files[i], buffer));
        return kind;
}

/* On ARM and POWER, and where Xen shows itself. */
static struct dn_str by_tree(int proc, int sys) {
        char buffer[DN_ENV_LINE];
        struct dn_str kind =
                LOOK_UP(device_trees, begins, dn_env_line(proc, "device-tree/hypervisor/compatible", buffer));

        return kind.n > 0 ? kind : LOOK_UP(device_trees, begins, dn_env_line(sys, "hypervisor/type", buffer));
}

/* The processor's own word comes first; without one, x86 at least says whether there is anybody. */
void dn_env_virtualisation(struct dn_json *json, int proc, int sys, struct dn_str cpuinfo, const char *signature) {
        struct dn_str kind = LOOK_UP(signatures, is_same, dn_str_of(signature)), flags, word;
        bool virtual = false;

        if (kind.n == 0)
                kind = by_maker(sys);
        if (kind.n == 0)
                kind = by_tree(proc, sys);
        if (kind.n == 0 && dn_cpuinfo_find(cpuinfo, DN_STR("flags"), &flags)) {
                while (!virtual && dn_str_word(&flags, &word))
                        virtual = dn_str_equal(word, DN_STR("hypervisor"));
                kind = virtual ? DN_STR("other") : DN_STR("none");
        }
        if (kind.n > 0)
                dn_json_key_string(json, DN_STR("virtualisation"), kind);
}

/* ---------------------------------------------------------------------------------------------------- containers */

static struct dn_str by_variable(char *const *environment) {
        for (size_t i = 0; i < DN_COUNT(variables); i++)
                if (dn_variable(environment, variables[i].found).n > 0)
                        return variables[i].kind;
        return LOOK_UP(names, is_same, dn_variable(environment, DN_STR("container")));
}

static struct dn_str by_file(int root) {
        char buffer[DN_ENV_LINE];

        if (faccessat(root, "run/.containerenv", F_OK, 0) == 0)
                return DN_STR("podman");
        if (faccessat(root, ".dockerenv", F_OK, 0) == 0)
                return DN_STR("docker");
        return LOOK_UP(names, is_same, dn_env_line(root, "run/systemd/container", buffer));
}

static struct dn_str by_cgroup(int proc) {
        dn_autotext struct dn_text file = {0};

        (void)dn_file_append(proc, "self/cgroup", 65536, &file);
        return LOOK_UP(cgroups, holds, dn_text_str(&file));
}

static struct dn_str by_kernel(int proc) {
        char buffer[DN_ENV_LINE];
        struct dn_str release = dn_env_line(proc, "sys/kernel/osrelease", buffer);

        return holds(release, DN_STR("microsoft-")) || holds(release, DN_STR("Microsoft")) ? DN_STR("wsl")
                                                                                           : (struct dn_str){0};
}

void dn_env_container(struct dn_json *json, int proc, int root, char *const *environment) {
        struct dn_str kind = by_variable(environment);

        if (kind.n == 0)
                kind = by_file(root);
        if (kind.n == 0)
                kind = by_cgroup(proc);
        if (kind.n == 0 && dn_variable(environment, DN_STR("KUBERNETES_SERVICE_HOST")).n > 0)
                kind = DN_STR("kubernetes");
        if (kind.n == 0)
                kind = by_kernel(proc);
        if (kind.n > 0)
                dn_json_key_string(json, DN_STR("container"), kind);
}
