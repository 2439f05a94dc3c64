/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a machine lets one measure, over trees made for the test and over recorded ones. */
#include "base/file.h"
#include "common.h"
#include "sources/env.h"
#include "sources/probe.h"

#include <ftw.h>

#define ALL "000001ffffffffff"
#define NONE "0000000000000000"
#define OF_A_USER "CapPrm:\t" NONE "\nCapEff:\t" NONE "\nCapBnd:\t" ALL "\n"
#define OF_ROOT "CapPrm:\t" ALL "\nCapEff:\t" ALL "\nCapBnd:\t" ALL "\n"
#define OF_A_CONTAINER "CapPrm:\t" NONE "\nCapEff:\t" NONE "\nCapBnd:\t00000000a80425fb\n"
/* BPF and PERFMON alone. */
#define OF_SETCAP "CapPrm:\t000000c000000000\nCapEff:\t" NONE "\nCapBnd:\t" ALL "\n"

static char base[32];
static int directory;
static struct dn_ability found[DN_ABILITIES];

static void put(const char *path, const char *content) {
        write_file_below(directory, path, content);
}

/* A machine of a user's: /proc as everybody has it, nothing special in /sys. */
static int begin(void **state) {
        directory = make_directory(base);
        put("proc/self/stat", "1 (x) R\n");
        put("proc/self/io", "rchar: 1\n");
        put("proc/self/status", OF_A_USER);
        put("proc/self/mountinfo", "23 1 0:21 / /proc rw,relatime - proc proc rw\n");
        put("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
        put("proc/sys/kernel/perf_event_paranoid", "2\n");
        put("sys/kernel/btf/vmlinux", "");
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
        return remove(path);
}

static int end(void **state) {
        dn_abilities_free(found);
        close(directory);
        return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void look_with_both(int counter, int bpf) {
        dn_autoclose int proc = dn_file_directory(directory, "proc"), sys = dn_file_directory(directory, "sys");

        dn_abilities_free(found);
        memset(found, 0, sizeof(found));
        dn_abilities_look(found, &(struct dn_probe_roots){proc, sys, directory, counter, bpf});
}

static void look_with(int counter) {
        look_with_both(counter, 0);
}

static void look(void) {
        look_with(0);
}

static void assert_ability(int id, int can, const char *reason, const char *hint) {
        assert_int_equal(found[id].can, can);
        assert_string_equal(dn_text_cstr(&found[id].reason) ? found[id].reason.p : "", reason);
        assert_string_equal(dn_text_cstr(&found[id].hint) ? found[id].hint.p : "", hint);
}

static void a_user_measures_his_own(void **state) {
        look();
        assert_ability(DN_ABILITY_PROCESSES, DN_CAN, "", "");
        assert_ability(DN_ABILITY_IO, DN_CAN_PARTLY, "your own processes; others'", "sudo denet attach PID");
        assert_ability(DN_ABILITY_PSI, DN_CAN, "", "");
        assert_ability(DN_ABILITY_COUNTERS, DN_CAN, "", "");
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT, "lacks CAP_BPF, CAP_PERFMON",
                       "sudo setcap cap_bpf,cap_perfmon=ep \"$(command -v denet)\"");
}

static void root_measures_all(void **state) {
        put("proc/self/status", OF_ROOT);
        put("proc/self/mountinfo", "23 1 0:21 / /proc rw,relatime - proc proc rw,hidepid=2\n");
        look();
        assert_ability(DN_ABILITY_PROCESSES, DN_CAN, "", "");
        assert_ability(DN_ABILITY_IO, DN_CAN, "", "");
        assert_ability(DN_ABILITY_EBPF, DN_CAN, "", "");
}

static void rights_of_the_file_are_enough_for_ebpf_and_not_for_others_io(void **state) {
        put("proc/self/status", OF_SETCAP);
        look();
        assert_ability(DN_ABILITY_EBPF, DN_CAN, "", "");
        assert_int_equal(found[DN_ABILITY_IO].can, DN_CAN_PARTLY);
}

static void one_right_of_two_is_named_alone(void **state) {
        put("proc/self/status", "CapPrm:\t0000004000000000\nCapEff:\t" NONE "\nCapBnd:\t" ALL "\n");
        look();
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT, "lacks CAP_BPF",
                       "sudo setcap cap_bpf,cap_perfmon=ep \"$(command -v denet)\"");
}

static void a_container_is_not_told_to_use_sudo(void **state) {
        put("proc/self/status", OF_A_CONTAINER);
        look_with(-EPERM);
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT, "lacks CAP_BPF, CAP_PERFMON",
                       "start the container with --cap-add BPF --cap-add PERFMON");
        assert_ability(DN_ABILITY_COUNTERS, DN_CAN_NOT, "perf_event_open is refused here, as in many containers",
                       "start the container with --cap-add PERFMON");
}

static void a_kernel_without_types_or_locked_down_has_no_ebpf_for_anybody(void **state) {
        char path[128];

        put("proc/self/status", OF_ROOT);
        put("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
        look();
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT, "the kernel is locked down (confidentiality)",
                       "boot with lockdown=integrity");
        put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        look();
        assert_int_equal(found[DN_ABILITY_EBPF].can, DN_CAN);
        snprintf(path, sizeof(path), "%s/sys/kernel/btf/vmlinux", base);
        assert_int_equal(unlink(path), 0);
        look();
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT, "the kernel does not describe its types (/sys/kernel/btf/vmlinux)",
                       "a kernel with CONFIG_DEBUG_INFO_BTF");
}

static void what_keeps_ebpf_out_though_the_rights_are_there_is_named(void **state) {
        put("proc/self/status", OF_ROOT "NoNewPrivs:\t0\nSeccomp:\t2\n");
        look_with_both(0, -EPERM);
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT, "a seccomp filter forbids bpf(2)",
                       "allow bpf there (docker run --security-opt seccomp=unconfined)");
        look();
        assert_int_equal(found[DN_ABILITY_EBPF].can, DN_CAN);
        put("proc/self/uid_map", "         0       1000          1\n");
        look();
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT, "no BPF program may be loaded from a user namespace",
                       "run denet outside of it; a container: one that is not rootless");
        put("proc/self/uid_map", "         0          0 4294967295\n");
        put("proc/self/status", OF_ROOT);
        look_with_both(0, -ENOSYS);
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT, "the kernel refuses bpf(2): Function not implemented", "");
}

static void where_no_file_gives_rights_setcap_is_not_named(void **state) {
        put("proc/self/status", OF_A_USER "NoNewPrivs:\t1\n");
        look();
        assert_ability(DN_ABILITY_EBPF, DN_CAN_NOT,
                       "lacks CAP_BPF, CAP_PERFMON, and no_new_privs is set: no file can give them",
                       "run denet outside of what set it (systemd: NoNewPrivileges=no)");
}

static void proc_that_hides_is_seen_in_either_spelling_and_in_the_mount_on_top(void **state) {
        static const struct {
                const char *options;
                int hidepid;
        } cases[] = {{"rw", 0},
                     {"rw,gid=4,hidepid=2", 2},
                     {"rw,hidepid=1", 1},
                     {"rw,hidepid=invisible", 2},
                     {"rw,hidepid=noaccess,subset=pid", 1},
                     {"rw,hidepid=ptraceable", 4},
                     {"rw,hidepid=off", 0}};

        for (size_t i = 0; i < DN_COUNT(cases); i++) {
                char mounts[512];

                snprintf(mounts, sizeof(mounts),
                         "23 1 0:21 / /proc rw - proc proc rw,hidepid=4\n24 1 0:22 / /sys rw - sysfs sysfs rw\n"
                         "30 23 0:40 / /proc rw,nosuid shared:3 - proc proc %s\n"
                         "31 1 0:41 / /jail/proc rw - proc proc rw,hidepid=4\n",
                         cases[i].options);
                put("proc/self/mountinfo", mounts);
                look();
                assert_int_equal(found[DN_ABILITY_PROCESSES].hidepid, cases[i].hidepid);
                assert_int_equal(found[DN_ABILITY_PROCESSES].can, cases[i].hidepid ? DN_CAN_PARTLY : DN_CAN);
        }
        put("proc/self/mountinfo", "23 1 0:21 / /proc rw - proc proc rw,hidepid=2\n");
        look();
        assert_ability(DN_ABILITY_PROCESSES, DN_CAN_PARTLY, "your own (/proc has hidepid=2); others'",
                       "sudo denet attach PID");
}

static void refused_counters_are_explained_by_the_sysctl_or_by_what_is_not_there(void **state) {
        put("proc/sys/kernel/perf_event_paranoid", "4\n");
        look_with(-EACCES);
        assert_ability(DN_ABILITY_COUNTERS, DN_CAN_NOT, "kernel.perf_event_paranoid is 4",
                       "sudo sysctl kernel.perf_event_paranoid=2");
        look_with(-ENOENT);
        assert_ability(DN_ABILITY_COUNTERS, DN_CAN_NOT, "software counters alone, as in many virtual machines", "");
        put("proc/sys/kernel/perf_event_paranoid", "2\n");
        look_with(1);
        assert_ability(DN_ABILITY_COUNTERS, DN_CAN_PARTLY, "user mode alone: kernel.perf_event_paranoid is 2",
                       "sudo sysctl kernel.perf_event_paranoid=1");
        look_with(-ENOSYS);
        assert_ability(DN_ABILITY_COUNTERS, DN_CAN_NOT, "the kernel has no perf events",
                       "a kernel with CONFIG_PERF_EVENTS");
}

static void a_kernel_without_accounting_says_so(void **state) {
        char path[128];

        snprintf(path, sizeof(path), "%s/proc/self/io", base);
        assert_int_equal(unlink(path), 0);
        snprintf(path, sizeof(path), "%s/proc/pressure/memory", base);
        assert_int_equal(unlink(path), 0);
        look();
        assert_ability(DN_ABILITY_IO, DN_CAN_NOT, "the kernel keeps no account of it",
                       "a kernel with CONFIG_TASK_IO_ACCOUNTING");
        assert_ability(DN_ABILITY_PSI, DN_CAN_NOT, "the kernel keeps no account of it", "boot with psi=1");
}

static void energy_is_roots_where_its_counters_are_closed(void **state) {
        char path[128];
        uid_t before = geteuid();

        look();
        assert_ability(DN_ABILITY_ENERGY, DN_CAN_NOT, "no counters in /sys/class/powercap, as in most virtual machines",
                       "");
        put("sys/class/powercap/intel-rapl/enabled", "1\n");
        put("sys/class/powercap/intel-rapl:0/energy_uj", "262143\n");
        look();
        assert_ability(DN_ABILITY_ENERGY, DN_CAN, "", "");
        snprintf(path, sizeof(path), "%s/sys/class/powercap/intel-rapl:0/energy_uj", base);
        assert_int_equal(chmod(path, 0400), 0);
        assert_int_equal(chmod(base, 0755), 0);
        if (before == 0)
                assert_int_equal(seteuid(65534), 0);
        else
                assert_int_equal(chmod(path, 0), 0);
        look();
        assert_int_equal(seteuid(before), 0);
        assert_ability(DN_ABILITY_ENERGY, DN_CAN_NOT, "only root may read it", "sudo denet run PROGRAM");
}

static void a_gpu_needs_its_library_and_its_driver(void **state) {
        look();
        assert_ability(DN_ABILITY_GPU, DN_CAN_NOT, "no driver library (libnvidia-ml.so.1)", "");
        put("usr/lib64/libnvidia-ml.so.1", "");
        look();
        assert_ability(DN_ABILITY_GPU, DN_CAN_NOT, "the driver is not loaded (no /dev/nvidiactl)", "");
        put("dev/nvidiactl", "");
        look();
        assert_ability(DN_ABILITY_GPU, DN_CAN, "", "");
}

static void of_the_other_gpus_those_count_whose_driver_tells_who_uses_them(void **state) {
        put("sys/class/drm/renderD128/device/uevent", "DRIVER=virtio_gpu\nPCI_ID=1AF4:1050\n");
        put("sys/class/drm/card0/device/uevent", "DRIVER=amdgpu\n");
        look();
        assert_int_equal(found[DN_ABILITY_GPU].can, DN_CAN_NOT);
        put("sys/class/drm/renderD129/device/uevent", "DRIVER=amdgpu\nPCI_ID=1002:73BF\n");
        look();
        assert_int_equal(found[DN_ABILITY_GPU].can, DN_CAN);
}

static void without_a_proc_nothing_is_known_and_nothing_claimed(void **state) {
        dn_abilities_free(found);
        memset(found, 0, sizeof(found));
        dn_abilities_look(found, &(struct dn_probe_roots){-1, -1, -1, -ENOSYS, -ENOSYS});
        for (int i = 0; i < DN_ABILITIES; i++) {
                assert_int_equal(found[i].can, DN_CAN_NOT);
                assert_true(found[i].reason.n > 0);
        }
}

static void recorded_kernels_have_what_they_had(void **state) {
        static const char *const kernels[] = {"5.10", "6.1", "6.12", "6.18", "7.3"};

        for (size_t i = 0; i < DN_COUNT(kernels); i++) {
                char path[256];
                dn_autoclose int root = -1, proc = -1, sys = -1;

                snprintf(path, sizeof(path), "tests/fixtures/proc/%s", kernels[i]);
                root = dn_file_directory(AT_FDCWD, path);
                proc = dn_file_directory(root, "proc");
                sys = dn_file_directory(root, "sys");
                assert_true(proc >= 0 && sys >= 0);
                dn_abilities_free(found);
                memset(found, 0, sizeof(found));
                dn_abilities_look(found, &(struct dn_probe_roots){proc, sys, root, -ENOENT, 0});
                assert_ability(DN_ABILITY_PROCESSES, DN_CAN, "", "");
                assert_ability(DN_ABILITY_IO, DN_CAN, "", "");
                assert_ability(DN_ABILITY_PSI, DN_CAN, "", "");
                assert_int_equal(found[DN_ABILITY_ENERGY].can, DN_CAN_NOT);
        }
}

static void the_least_limit_of_cores_on_the_way_up_holds(void **state) {
        dn_autoclose int proc = dn_file_directory(directory, "proc"), sys = dn_file_directory(directory, "sys");

        put("proc/self/cgroup", "0::/a/b\n");
        put("proc/self/mountinfo", "26 24 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        assert_int_equal(dn_cores_limit_milli(proc, sys), -1);
        put("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
        put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
        assert_int_equal(dn_cores_limit_milli(proc, sys), 1500);
        put("sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
        assert_int_equal(dn_cores_limit_milli(proc, sys), 500);
        put("sys/fs/cgroup/a/b/cpu.max", "50000 0\n");
        assert_int_equal(dn_cores_limit_milli(proc, sys), 1500);
}

static void in_version_1_quota_and_period_are_files_of_their_own(void **state) {
        dn_autoclose int proc = dn_file_directory(directory, "proc"), sys = dn_file_directory(directory, "sys");

        put("proc/self/cgroup", "4:memory:/m\n3:cpu,cpuacct:/job\n");
        put("proc/self/mountinfo", "26 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
        put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
        put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
        assert_int_equal(dn_cores_limit_milli(proc, sys), -1);
        put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
        put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
        assert_int_equal(dn_cores_limit_milli(proc, sys), 2500);
        assert_int_equal(dn_memory_limit_kb(proc, sys), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

RUN_TESTS(TEST(a_user_measures_his_own), TEST(root_measures_all),
          TEST(rights_of_the_file_are_enough_for_ebpf_and_not_for_others_io), TEST(one_right_of_two_is_named_alone),
          TEST(a_container_is_not_told_to_use_sudo),
          TEST(a_kernel_without_types_or_locked_down_has_no_ebpf_for_anybody),
          TEST(what_keeps_ebpf_out_though_the_rights_are_there_is_named),
          TEST(where_no_file_gives_rights_setcap_is_not_named),
          TEST(proc_that_hides_is_seen_in_either_spelling_and_in_the_mount_on_top),
          TEST(refused_counters_are_explained_by_the_sysctl_or_by_what_is_not_there),
          TEST(a_kernel_without_accounting_says_so), TEST(energy_is_roots_where_its_counters_are_closed),
          TEST(a_gpu_needs_its_library_and_its_driver),
          TEST(of_the_other_gpus_those_count_whose_driver_tells_who_uses_them),
          TEST(without_a_proc_nothing_is_known_and_nothing_claimed), TEST(recorded_kernels_have_what_they_had),
          TEST(the_least_limit_of_cores_on_the_way_up_holds),
          TEST(in_version_1_quota_and_period_are_files_of_their_own))
