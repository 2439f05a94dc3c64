/* SPDX-License-Identifier: GPL-3.0-or-later
 * The env record over recorded /proc and /sys trees: below DENET_FIXTURES, or tests/fixtures of the directory it runs
 * in. */
#include "base/file.h"
#include "base/json_write.h"
#include "common.h"
#include "sources/linux/env/container.h"
#include "sources/linux/env/cpu_model.h"
#include "sources/linux/env/env.h"

/* Opens tests/fixtures/machines/NAME/FILE. */
static int open_recorded(const char *name, const char *file) {
        const char *fixtures = getenv("DENET_FIXTURES");
        char path[4096];
        int fd;

        snprintf(path, sizeof(path), "%s/machines/%s/%s", fixtures ? fixtures : "tests/fixtures", name, file);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                fail_msg("%s cannot be opened", path);
        return fd;
}

/* root/ is there where something lay in the machine's. */
static struct dn_env_roots recorded(const char *name) {
        struct dn_env_roots roots = {open_recorded(name, "proc"), open_recorded(name, "sys"), -1};
        dn_autoclose int machine = open_recorded(name, ".");

        roots.root = openat(machine, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return roots;
}

static void done_with(struct dn_env_roots roots) {
        close(roots.proc);
        close(roots.sys);
        if (roots.root >= 0)
                close(roots.root);
}

/* env.json beside the tree: the record, perhaps over several lines, of which all but the first begin with a blank. */
static void read_expected(const char *name, struct dn_text *text) {
        dn_autoclose int fd = open_recorded(name, "env.json");
        dn_autotext struct dn_text file = {0};
        struct dn_str rest, line;

        assert_int_equal(dn_file_append_fd(fd, 1 << 20, &file), 0);
        rest = dn_text_str(&file);
        while (dn_str_cut(&rest, '\n', &line))
                dn_text_put(text, dn_str_trim(line));
}

static void assert_env(const char *name, const char *affinity, struct dn_env_here here) {
        struct dn_env_roots roots = recorded(name);
        dn_autotext struct dn_text text = {0}, expected = {0};
        struct dn_cpus cpus;

        assert_int_equal(dn_cpus_parse(dn_str_of(affinity), &cpus), 0);
        here.affinity = &cpus;
        dn_env_write_for(&text, &roots, 1795425305850, &here);
        read_expected(name, &expected);
        assert_string_equal(dn_text_cstr(&text), dn_text_cstr(&expected));
        done_with(roots);
}

static char *const slurm[] = {(char[]){"SLURM_JOB_ID=42"},
                              (char[]){"SLURM_STEP_ID=0"},
                              (char[]){"SLURMD_NODENAME=node17"},
                              (char[]){"SLURM_NODEID=1"},
                              (char[]){"SLURM_PROCID=5"},
                              (char[]){"SLURM_LOCALID=1"},
                              (char[]){"SLURM_NTASKS=8"},
                              (char[]){"SLURM_JOB_NUM_NODES=2"},
                              (char[]){"SLURM_JOB_PARTITION=long"},
                              (char[]){"OMPI_COMM_WORLD_RANK=5"},
                              (char[]){"OMPI_COMM_WORLD_SIZE=8"},
                              (char[]){"OMPI_COMM_WORLD_LOCAL_RANK=1"},
                              (char[]){"OMPI_COMM_WORLD_LOCAL_SIZE=4"},
                              NULL};
static char *const pbs[] = {(char[]){"PBS_JOBID=42[3].server"},
                            (char[]){"PBS_ARRAY_ID=42[].server"},
                            (char[]){"PBS_ARRAY_INDEX=3"},
                            (char[]){"PBS_QUEUE=workq"},
                            (char[]){"PBS_NODENUM=0"},
                            (char[]){"PMI_RANK=0"},
                            (char[]){"PMI_SIZE=2"},
                            NULL};
static char *const pod[] = {(char[]){"KUBERNETES_SERVICE_HOST=10.0.0.1"}, (char[]){"HOSTNAME=bench-0-x7k2p"},
                            (char[]){"POD_NAMESPACE=bench"}, (char[]){"JOB_COMPLETION_INDEX=0"}, NULL};

static void a_server_of_two_sockets_is_told_in_full(void **state) {
        (void)state;
        assert_env(
                "two-socket", "0-2,6",
                (struct dn_env_here){.environment = slurm, .directory = "/scratch local/run", .output = "/lustre/a"});
}

/* CPU 3's frequency cannot be read: all would shift, so there is no such array. Node 8 has no memory of its own. */
static void an_arm_server_is_named_by_its_numbers(void **state) {
        (void)state;
        assert_env("arm-server", "0-3", (struct dn_env_here){.directory = "/"});
}

static void a_laptop_has_cores_of_two_kinds(void **state) {
        (void)state;
        assert_env("hybrid-laptop", "0-7",
                   (struct dn_env_here){.directory = "/home/somebody", .output = "/tmp/x.jsonl"});
}

static void a_pod_is_a_container_in_a_virtual_machine(void **state) {
        (void)state;
        assert_env("container", "0-3",
                   (struct dn_env_here){.environment = pod, .directory = "/", .output = "/data/run.jsonl"});
}

/* The one that was really recorded: the files' bytes are the kernel's. */
static void a_virtual_machine_as_it_was_recorded(void **state) {
        (void)state;
        assert_env("vm", "0-1",
                   (struct dn_env_here){.hypervisor = "KVMKVMKVM", .directory = "/work", .output = "/tmp/x"});
}

static void a_node_of_2018_has_cgroups_of_version_1(void **state) {
        (void)state;
        assert_env("cgroup-v1", "0-1",
                   (struct dn_env_here){.environment = pbs, .directory = "/tmp", .output = "/gpfs/run"});
}

static void what_is_unknown_is_absent(void **state) {
        struct dn_env_roots nowhere = {-1, -1, -1};
        dn_autotext struct dn_text text = {0};

        (void)state;
        assert_env("board", "0", (struct dn_env_here){0});
        dn_env_write_for(&text, &nowhere, 7, &(struct dn_env_here){0});
        assert_string_equal(dn_text_cstr(&text), "{\"kind\":\"env\",\"ts_ms\":7}");
        assert_int_equal(dn_memory_total_kb(-1), -1);
        assert_int_equal(dn_memory_limit_kb(-1, -1), -1);
}

static void this_machine_has_a_record(void **state) {
        dn_autoclose int proc = dn_file_directory(AT_FDCWD, "/proc");
        dn_autoclose int sys = dn_file_directory(AT_FDCWD, "/sys");
        dn_autotext struct dn_text text = {0}, host = {0};

        (void)state;
        dn_env_write(&text, &(struct dn_env_roots){proc, sys, -1}, 1, "/", "/tmp/there-is-no-such-file");
        assert_non_null(strstr(dn_text_cstr(&text), "\"affinity_inherited\":\""));
        assert_non_null(strstr(dn_text_cstr(&text), "\"working_directory\":{\"type\":\""));
        assert_non_null(strstr(dn_text_cstr(&text), "\"output\":{\"type\":\""));
        assert_true(dn_str_ends(dn_text_str(&text), DN_STR("}")));
        assert_int_equal(dn_hostname(proc, &host), 0);
        assert_true(dn_usable_cores() > 0);
        assert_true(dn_memory_total_kb(proc) > 0);
        assert_true(dn_memory_limit_kb(proc, sys) < dn_memory_total_kb(proc));
}

/* ------------------------------------------------------------------------------------------------ what is not told */

static void assert_environment(char *const *environment, const char *expected) {
        dn_autotext struct dn_text text = {0};

        dn_env_write_for(&text, &(struct dn_env_roots){-1, -1, -1}, 7,
                         &(struct dn_env_here){.environment = environment});
        assert_string_equal(dn_text_cstr(&text), expected);
}

/* What looks like a listed variable, comes before one, or hides in the value of one. */
static void no_variable_is_copied_that_is_not_on_the_list(void **state) {
        char *const hostile[] = {(char[]){"AWS_SECRET_ACCESS_KEY=hunter2"},
                                 (char[]){"SLURM_JWT=hunter2"},
                                 (char[]){"SLURM_JOB_ID_SECRET=hunter2"},
                                 (char[]){"SLURM_JOB_I=hunter2"},
                                 (char[]){"XSLURM_JOB_ID=hunter2"},
                                 (char[]){"SLURM_JOB_ID"},
                                 (char[]){"=SLURM_JOB_ID=hunter2"},
                                 (char[]){""},
                                 (char[]){"PASSWORD=SLURM_JOB_ID=hunter2"},
                                 (char[]){"SLURM_JOB_ACCOUNT=hunter2"},
                                 (char[]){"KUBERNETES_SERVICE_HOST=hunter2"},
                                 (char[]){"KUBERNETES_SERVICE_PORT=hunter2"},
                                 (char[]){"container=hunter2"},
                                 (char[]){"APPTAINER_CONTAINER=/home/hunter2/image.sif"},
                                 (char[]){"SLURM_JOB_ID=7"},
                                 NULL};
        char *const none[] = {(char[]){"AWS_SECRET_ACCESS_KEY=hunter2"}, (char[]){"HOSTNAME=hunter2"},
                              (char[]){"POD_NAME=hunter2"}, (char[]){"container=hunter2"}, NULL};

        (void)state;
        assert_environment(hostile, "{\"kind\":\"env\",\"ts_ms\":7,\"container\":\"apptainer\","
                                    "\"batch\":{\"system\":\"slurm\",\"job\":\"7\"},\"kubernetes\":{}}");
        assert_environment(none, "{\"kind\":\"env\",\"ts_ms\":7}");
}

static void a_value_that_is_no_name_or_number_is_left_out(void **state) {
        char longest[64 + 128 + 1] = "PBS_QUEUE=";
        char *const hostile[] = {(char[]){"PBS_JOBID=a b"},
                                 (char[]){"PBS_ARRAY_ID=\"},\"x\":\"\n\xff"},
                                 (char[]){"PBS_ARRAY_INDEX=1e9"},
                                 (char[]){"PBS_NODENUM=-1"},
                                 (char[]){"PBS_NUM_NODES=99999999999999999999"},
                                 (char[]){"PBS_NP=9223372036854775808"},
                                 (char[]){"PBS_VNODENUM="},
                                 longest,
                                 NULL};

        (void)state;
        memset(longest + strlen(longest), 'q', 129);
        assert_environment(hostile, "{\"kind\":\"env\",\"ts_ms\":7,\"batch\":{\"system\":\"pbs\"}}");
        longest[strlen("PBS_QUEUE=")] = '\0';
        assert_environment(hostile, "{\"kind\":\"env\",\"ts_ms\":7,\"batch\":{\"system\":\"pbs\"}}");
}

static void assert_virtual(const char *signature, const char *vendor, const char *cpuinfo, const char *expected) {
        char root[32];
        dn_autoclose int directory = make_directory(root);
        dn_autotext struct dn_text text = {0};
        struct dn_json json = {.text = &text};

        assert_int_equal(mkdirat(directory, "class", 0700) | mkdirat(directory, "class/dmi", 0700) |
                                 mkdirat(directory, "class/dmi/id", 0700),
                         0);
        write_file(directory, "class/dmi/id/sys_vendor", vendor);
        dn_env_virtualisation(&json, -1, directory, dn_str_of(cpuinfo), signature);
        assert_text_is(&text, expected);
        unlinkat(directory, "class/dmi/id/sys_vendor", 0);
        unlinkat(directory, "class/dmi/id", AT_REMOVEDIR);
        unlinkat(directory, "class/dmi", AT_REMOVEDIR);
        unlinkat(directory, "class", AT_REMOVEDIR);
        rmdir(root);
}

static void the_processors_own_word_of_who_runs_it_comes_first(void **state) {
        (void)state;
        assert_virtual("KVMKVMKVM", "VMware, Inc.\n", "", "\"virtualisation\":\"kvm\"");
        assert_virtual("NobodyKnowsMe", "VMware, Inc.\n", "", "\"virtualisation\":\"vmware\"");
        assert_virtual(NULL, "QEMU\n", "flags\t: fpu vme\n", "\"virtualisation\":\"qemu\"");
        assert_virtual(NULL, "Dell Inc.\n", "flags\t: fpu hypervisor vme\n", "\"virtualisation\":\"other\"");
        assert_virtual(NULL, "Dell Inc.\n", "flags\t: fpu vme\n", "\"virtualisation\":\"none\"");
        assert_virtual(NULL, "Dell Inc.\n", "Features\t: fp asimd\n", "");
}

static void assert_container(const char *name, const char *content, char *const *environment, const char *expected) {
        char path[32];
        int root = make_directory(path);
        dn_autotext struct dn_text text = {0};
        struct dn_json json = {.text = &text};

        if (name)
                write_file(root, name, content);
        dn_env_container(&json, -1, root, environment);
        assert_text_is(&text, expected);
        remove_directory(root, path);
}

static void a_container_is_known_by_what_lies_in_it(void **state) {
        char *const named[] = {(char[]){"container=lxc"}, NULL};

        (void)state;
        assert_container(NULL, NULL, NULL, "");
        assert_container(".dockerenv", "", NULL, "\"container\":\"docker\"");
        assert_container(".dockerenv", "", named, "\"container\":\"lxc\"");
        assert_container("dockerenv", "", NULL, "");
}

static void every_launcher_gives_rank_and_size(void **state) {
        char *const lsf[] = {(char[]){"LSB_JOBID=77"},
                             (char[]){"LSB_JOBINDEX=0"},
                             (char[]){"LSB_QUEUE=normal"},
                             (char[]){"LSB_DJOB_NUMPROC=4"},
                             (char[]){"MV2_COMM_WORLD_RANK=3"},
                             (char[]){"MV2_COMM_WORLD_SIZE=4"},
                             NULL};
        char *const pmix[] = {(char[]){"PMIX_RANK=1"}, (char[]){"PMIX_NAMESPACE=prterun-node17-900@1"}, NULL};

        (void)state;
        assert_environment(lsf, "{\"kind\":\"env\",\"ts_ms\":7,\"batch\":{\"system\":\"lsf\",\"job\":\"77\","
                                "\"array_task\":0,\"queue\":\"normal\",\"tasks\":4},"
                                "\"mpi\":{\"launcher\":\"mvapich\",\"rank\":3,\"size\":4}}");
        assert_environment(pmix, "{\"kind\":\"env\",\"ts_ms\":7,\"mpi\":{\"launcher\":\"pmix\",\"rank\":1}}");
}

/* ---------------------------------------------------------------------------------------------------- limits */

/* The least one on the way up holds; of a container, that at the root of what it sees. */
static void every_machine_has_its_memory_and_its_limits(void **state) {
        static const struct {
                const char *name;
                int64_t total_kb, limit_kb, cores_milli;
        } machines[] = {
                {"two-socket", 131595372, 16 << 20, 3500}, {"hybrid-laptop", 16070928, -1, -1},
                {"arm-server", 7952912, 2 << 20, -1},      {"container", 16393216, 2 << 20, 1500},
                {"cgroup-v1", 65808840, 8 << 20, -1},      {"vm", 24684084, -1, -1},
                {"board", 505048, 256 << 10, -1},
        };

        (void)state;
        for (size_t i = 0; i < DN_COUNT(machines); i++) {
                struct dn_env_roots roots = recorded(machines[i].name);

                assert_int_equal(dn_memory_total_kb(roots.proc), machines[i].total_kb);
                assert_int_equal(dn_memory_limit_kb(roots.proc, roots.sys), machines[i].limit_kb);
                assert_int_equal(dn_cores_limit_milli(roots.proc, roots.sys), machines[i].cores_milli);
                done_with(roots);
        }
}

static void assert_limit(int directory, const char *meminfo, const char *limit, int64_t expected_kb) {
        write_file(directory, "meminfo", meminfo);
        write_file(directory, "fs/cgroup/memory.max", limit);
        assert_int_equal(dn_memory_limit_kb(directory, directory), expected_kb);
}

static void a_limit_above_the_memory_is_none(void **state) {
        char root[] = "/tmp/denet-test-env-XXXXXX", remove[64];
        dn_autoclose int directory = mkdtemp(root) ? dn_file_directory(AT_FDCWD, root) : -1;

        (void)state;
        assert_int_equal(mkdirat(directory, "self", 0700) | mkdirat(directory, "fs", 0700), 0);
        assert_int_equal(mkdirat(directory, "fs/cgroup", 0700), 0);
        write_file(directory, "self/cgroup", "0::/../elsewhere\n");
        assert_limit(directory, "MemTotal: 1000 kB\n", "1023999\n", 999);
        assert_limit(directory, "MemTotal: 1000 kB\n", "1024000\n", -1);
        assert_limit(directory, "MemTotal: 1000 kB\n", "max\n", -1);
        assert_limit(directory, "", "1024000\n", 1000);
        assert_limit(directory, "", "9223372036854771712\n", -1);
        write_file(directory, "self/cgroup", "");
        assert_limit(directory, "", "1024000\n", -1);
        snprintf(remove, sizeof(remove), "rm -r %s", root);
        assert_int_equal(system(remove), 0);
}

static void assert_model(const char *cpuinfo, const char *expected) {
        dn_autotext struct dn_text text = {0};

        assert_int_equal(dn_cpu_model(dn_str_of(cpuinfo), &text), expected ? 0 : -ENODATA);
        if (expected)
                assert_string_equal(dn_text_cstr(&text), expected);
}

static void a_processor_is_called_what_its_kernel_calls_it(void **state) {
        (void)state;
        assert_model("processor\t: 0\ncpu\t\t: POWER9, altivec supported\n", "POWER9, altivec supported");
        assert_model("CPU implementer\t: 0x61\nCPU part\t: 0x022\n", "ARM implementer 0x61 part 0x022");
        assert_model("model name:X\nmodel name : Y", "X");
        assert_model("model name\t:\nCPU implementer\t: 0x41\n", NULL);
        assert_model("", NULL);
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
                cmocka_unit_test(a_server_of_two_sockets_is_told_in_full),
                cmocka_unit_test(an_arm_server_is_named_by_its_numbers),
                cmocka_unit_test(a_laptop_has_cores_of_two_kinds),
                cmocka_unit_test(a_pod_is_a_container_in_a_virtual_machine),
                cmocka_unit_test(a_virtual_machine_as_it_was_recorded),
                cmocka_unit_test(a_node_of_2018_has_cgroups_of_version_1),
                cmocka_unit_test(what_is_unknown_is_absent),
                cmocka_unit_test(this_machine_has_a_record),
                cmocka_unit_test(no_variable_is_copied_that_is_not_on_the_list),
                cmocka_unit_test(a_value_that_is_no_name_or_number_is_left_out),
                cmocka_unit_test(the_processors_own_word_of_who_runs_it_comes_first),
                cmocka_unit_test(a_container_is_known_by_what_lies_in_it),
                cmocka_unit_test(every_launcher_gives_rank_and_size),
                cmocka_unit_test(every_machine_has_its_memory_and_its_limits),
                cmocka_unit_test(a_limit_above_the_memory_is_none),
                cmocka_unit_test(a_processor_is_called_what_its_kernel_calls_it),
                cmocka_unit_test(a_list_of_cpus_reads_back),
                cmocka_unit_test(what_is_no_list_is_refused),
                cmocka_unit_test(cpus_are_found_across_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
