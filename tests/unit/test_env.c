/* SPDX-License-Identifier: GPL-3.0-or-later
 * The env record over recorded /proc and /sys trees: below DENET_FIXTURES, or tests/fixtures of the directory it runs
 * in. */
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/env/cpu_model.h"
#include "sources/linux/env/env.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct dn_env_roots recorded(const char *name) {
        const char *fixtures = getenv("DENET_FIXTURES");
        struct dn_env_roots roots;
        char path[4096];

        snprintf(path, sizeof(path), "%s/env/%s/proc", fixtures ? fixtures : "tests/fixtures", name);
        roots.proc = dn_file_directory(AT_FDCWD, path);
        memcpy(path + strlen(path) - 4, "sys", 4);
        roots.sys = dn_file_directory(AT_FDCWD, path);
        assert_true(roots.proc >= 0 && roots.sys >= 0);
        return roots;
}

static void done_with(struct dn_env_roots roots) {
        close(roots.proc);
        close(roots.sys);
}

static void assert_env(const char *name, const char *affinity, const char *expected) {
        struct dn_env_roots roots = recorded(name);
        dn_autotext struct dn_text text = {0};
        struct dn_cpus cpus;

        if (affinity)
                assert_int_equal(dn_cpus_parse(dn_str_of(affinity), &cpus), 0);
        dn_env_write_for(&text, &roots, 1795425305850, affinity ? &cpus : NULL);
        assert_string_equal(dn_text_cstr(&text), expected);
        done_with(roots);
}

static void a_machine_of_two_sockets_is_told_in_full(void **state) {
        (void)state;
        assert_env("2-socket-smt", "0-2,6",
                   "{\"kind\":\"env\",\"ts_ms\":1795425305850,\"host\":\"node17\","
                   "\"kernel\":\"5.14.0-427.13.1.el9_4.x86_64\","
                   "\"lscpu\":{\"sockets\":2,\"cores_per_socket\":2,\"threads_per_core\":2,"
                   "\"model\":\"Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz\"},"
                   "\"numa\":{\"nodes\":2,\"distances\":[[10,20],[20,10]],\"node_sizes_mb\":[64000,64511]},"
                   "\"affinity_inherited\":\"0-2,6\",\"cpufreq_cpus\":\"0-2,6\","
                   "\"cpu_governor\":[\"powersave\",\"powersave\",\"performance\",\"powersave\"],"
                   "\"cpu_freq_khz\":[800000,900000,1000000,1400000],"
                   "\"cpu_max_freq_khz\":[3200000,3200000,3200000,3200000],"
                   "\"thp_enabled\":\"always [madvise] never\",\"smt_active\":true,"
                   "\"cgroup\":\"0::/system.slice/slurmstepd.scope/job_42/step_0/user/task_0\"}");
}

/* CPU 3's frequency cannot be read: all would shift, so there is no such array. Node 8 has no memory of its own. */
static void an_arm_processor_is_named_by_its_numbers(void **state) {
        (void)state;
        assert_env("arm64", "0-3",
                   "{\"kind\":\"env\",\"ts_ms\":1795425305850,\"host\":\"gr\u00e4fin\",\"kernel\":\"6.8.0-1013-aws\","
                   "\"lscpu\":{\"sockets\":1,\"cores_per_socket\":4,\"threads_per_core\":1,\"model\":\"Neoverse-N1\"},"
                   "\"numa\":{\"nodes\":2,\"distances\":[[10,80],[80,10]],\"node_sizes_mb\":[7766,0]},"
                   "\"affinity_inherited\":\"0-3\",\"cpufreq_cpus\":\"0-3\","
                   "\"cpu_governor\":[\"schedutil\",\"schedutil\",\"schedutil\",\"schedutil\"],"
                   "\"cpu_max_freq_khz\":[2500000,2500000,2500000,2500000],"
                   "\"thp_enabled\":\"[always] madvise never\",\"smt_active\":false,\"cgroup\":\"0::/\"}");
}

static void what_is_unknown_is_absent(void **state) {
        struct dn_env_roots nowhere = {-1, -1};
        dn_autotext struct dn_text text = {0};

        (void)state;
        assert_env("no-numa", "0",
                   "{\"kind\":\"env\",\"ts_ms\":1795425305850,\"host\":\"board\",\"kernel\":\"4.19.0\","
                   "\"lscpu\":{\"sockets\":1,\"cores_per_socket\":1,\"threads_per_core\":1},"
                   "\"affinity_inherited\":\"0\","
                   "\"cgroup\":\"9:name=systemd:/\\n4:cpu,memory:/docker/9a7c/inner\\n0::/\"}");
        dn_env_write_for(&text, &nowhere, 7, NULL);
        assert_string_equal(dn_text_cstr(&text), "{\"kind\":\"env\",\"ts_ms\":7}");
        assert_int_equal(dn_memory_total_kb(-1), -1);
        assert_int_equal(dn_memory_limit_kb(-1, -1), -1);
}

static void this_machine_has_a_record(void **state) {
        dn_autoclose int proc = dn_file_directory(AT_FDCWD, "/proc");
        dn_autoclose int sys = dn_file_directory(AT_FDCWD, "/sys");
        dn_autotext struct dn_text text = {0}, host = {0};

        (void)state;
        dn_env_write(&text, &(struct dn_env_roots){proc, sys}, 1, NULL);
        assert_non_null(strstr(dn_text_cstr(&text), "\"affinity_inherited\":\""));
        assert_true(dn_str_ends(dn_text_str(&text), DN_STR("}")));
        assert_int_equal(dn_hostname(proc, &host), 0);
        assert_true(dn_usable_cores() > 0);
        assert_true(dn_memory_total_kb(proc) > 0);
        assert_true(dn_memory_limit_kb(proc, sys) < dn_memory_total_kb(proc));
}

static void the_least_limit_on_the_way_up_holds(void **state) {
        struct dn_env_roots roots = recorded("2-socket-smt");

        (void)state;
        assert_int_equal(dn_memory_total_kb(roots.proc), 131595372);
        assert_int_equal(dn_memory_limit_kb(roots.proc, roots.sys), 16 << 20);
        done_with(roots);
}

static void a_container_sees_the_limit_at_its_root(void **state) {
        struct dn_env_roots roots = recorded("arm64");

        (void)state;
        assert_int_equal(dn_memory_limit_kb(roots.proc, roots.sys), 2 << 20);
        done_with(roots);
        roots = recorded("no-numa");
        assert_int_equal(dn_memory_limit_kb(roots.proc, roots.sys), 256 << 10);
        done_with(roots);
}

/* A tree made for one case. */
static void put_file(int directory, const char *path, const char *content) {
        dn_autoclose int fd = openat(directory, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
}

static void assert_limit(int directory, const char *meminfo, const char *limit, int64_t expected_kb) {
        put_file(directory, "meminfo", meminfo);
        put_file(directory, "fs/cgroup/memory.max", limit);
        assert_int_equal(dn_memory_limit_kb(directory, directory), expected_kb);
}

static void a_limit_above_the_memory_is_none(void **state) {
        char root[] = "/tmp/denet-test-env-XXXXXX", remove[64];
        dn_autoclose int directory = mkdtemp(root) ? dn_file_directory(AT_FDCWD, root) : -1;

        (void)state;
        assert_int_equal(mkdirat(directory, "self", 0700) | mkdirat(directory, "fs", 0700), 0);
        assert_int_equal(mkdirat(directory, "fs/cgroup", 0700), 0);
        put_file(directory, "self/cgroup", "0::/../elsewhere\n");
        assert_limit(directory, "MemTotal: 1000 kB\n", "1023999\n", 999);
        assert_limit(directory, "MemTotal: 1000 kB\n", "1024000\n", -1);
        assert_limit(directory, "MemTotal: 1000 kB\n", "max\n", -1);
        assert_limit(directory, "", "1024000\n", 1000);
        assert_limit(directory, "", "9223372036854771712\n", -1);
        put_file(directory, "self/cgroup", "");
        assert_limit(directory, "", "1024000\n", -1);
        snprintf(remove, sizeof(remove), "rm -r %s", root);
        assert_int_equal(system(remove), 0);
}

static void assert_model(int directory, const char *cpuinfo, const char *expected) {
        dn_autotext struct dn_text text = {0};

        put_file(directory, "cpuinfo", cpuinfo);
        assert_int_equal(dn_cpu_model(directory, &text), expected ? 0 : -ENODATA);
        if (expected)
                assert_string_equal(dn_text_cstr(&text), expected);
}

static void a_processor_is_called_what_its_kernel_calls_it(void **state) {
        char root[] = "/tmp/denet-test-env-XXXXXX";
        dn_autoclose int directory = mkdtemp(root) ? dn_file_directory(AT_FDCWD, root) : -1;

        (void)state;
        assert_model(directory, "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n", "POWER9, altivec supported");
        assert_model(directory, "CPU implementer\t: 0x61\nCPU part\t: 0x022\n", "ARM implementer 0x61 part 0x022");
        assert_model(directory, "model name:X\nmodel name : Y", "X");
        assert_model(directory, "model name\t:\nCPU implementer\t: 0x41\n", NULL);
        assert_model(directory, "", NULL);
        unlinkat(directory, "cpuinfo", 0);
        rmdir(root);
}

static void assert_list(const char *list, int count, const char *again) {
        dn_autotext struct dn_text text = {0};
        struct dn_cpus cpus;

        assert_int_equal(dn_cpus_parse(dn_str_of(list), &cpus), 0);
        assert_int_equal(dn_cpus_count(&cpus), count);
        dn_cpus_write(&cpus, &text);
        assert_string_equal(dn_text_cstr(&text), again);
}

static void a_list_of_cpus_reads_back(void **state) {
        (void)state;
        assert_list("0-3,7\n", 5, "0-3,7");
        assert_list("7,0-3,2,4", 6, "0-4,7");
        assert_list(" \n", 0, "");
        assert_list("63-64,1023-1025,8191", 6, "63-64,1023-1025,8191");
        assert_list("0-65535", 65536, "0-65535");
}

static void what_is_no_list_is_refused(void **state) {
        static const char *const bad[] = {"x",  ",1", "-1", "3-1", "1-", "1--2", "0-65536", "99999999999999999999",
                                          "1 2"};
        struct dn_cpus cpus;

        (void)state;
        for (size_t i = 0; i < DN_COUNT(bad); i++) {
                int r = dn_cpus_parse(dn_str_of(bad[i]), &cpus);

                if (r != -EBADMSG)
                        fail_msg("\"%s\" gives %d", bad[i], r);
        }
}

static void cpus_are_found_across_words(void **state) {
        struct dn_cpus a = {0}, b = {0};

        (void)state;
        assert_int_equal(dn_cpus_next(&a, 0), -1);
        dn_cpus_add(&a, 64);
        dn_cpus_add(&a, 65535);
        dn_cpus_add(&b, 64);
        assert_int_equal(dn_cpus_next(&a, 0), 64);
        assert_int_equal(dn_cpus_next(&a, 65), 65535);
        assert_int_equal(dn_cpus_next(&a, 65536), -1);
        dn_cpus_remove(&a, &b);
        assert_int_equal(dn_cpus_next(&a, 0), 65535);
        dn_cpus_keep(&a, &b);
        assert_int_equal(dn_cpus_count(&a), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_machine_of_two_sockets_is_told_in_full),
                cmocka_unit_test(an_arm_processor_is_named_by_its_numbers),
                cmocka_unit_test(what_is_unknown_is_absent),
                cmocka_unit_test(this_machine_has_a_record),
                cmocka_unit_test(the_least_limit_on_the_way_up_holds),
                cmocka_unit_test(a_container_sees_the_limit_at_its_root),
                cmocka_unit_test(a_limit_above_the_memory_is_none),
                cmocka_unit_test(a_processor_is_called_what_its_kernel_calls_it),
                cmocka_unit_test(a_list_of_cpus_reads_back),
                cmocka_unit_test(what_is_no_list_is_refused),
                cmocka_unit_test(cpus_are_found_across_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
