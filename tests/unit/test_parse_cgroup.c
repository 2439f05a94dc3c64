/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "common.h"
#include "sources/linux/parse_cgroup.h"

/* A file of the scene's cgroup, as this kernel had it. */
static struct dn_str recorded(struct dn_text *text, const char *path) {
        const char *fixtures = getenv("DENET_FIXTURES");
        dn_autotext struct dn_text whole = {0};

        dn_text_printf(&whole, "%s/proc/%s", fixtures ? fixtures : "tests/fixtures", path);
        dn_text_reset(text);
        assert_int_equal(dn_file_append(AT_FDCWD, dn_text_cstr(&whole), 65536, text), 0);
        return dn_text_str(text);
}

static void cpu_time_is_that_of_user_and_system_mode(void **state) {
        static const char *const files[] = {"6.12/sys/fs/cgroup/scene/cpu.stat", "7.3/sys/fs/cgroup/scene/cpu.stat"};
        dn_autotext struct dn_text text = {0};

        for (size_t i = 0; i < DN_COUNT(files); i++) {
                struct dn_cgroup_cpu cpu;

                assert_int_equal(dn_cgroup_cpu_parse(recorded(&text, files[i]), &cpu), 0);
                assert_true(cpu.usage_usec > 10000000);
                assert_int_equal(cpu.user_usec + cpu.system_usec, cpu.usage_usec);
                assert_true(cpu.limited);
                assert_int_equal(cpu.nr_throttled, 0);
        }
}

static void without_the_controller_there_is_no_throttling(void **state) {
        struct dn_cgroup_cpu cpu;

        assert_int_equal(dn_cgroup_cpu_parse(DN_STR("usage_usec 7\nuser_usec 4\nsystem_usec 3\nnice_usec 0\n"), &cpu),
                         0);
        assert_int_equal(cpu.usage_usec, 7);
        assert_int_equal(cpu.user_usec, 4);
        assert_int_equal(cpu.system_usec, 3);
        assert_false(cpu.limited);
}

static void throttling_is_taken_in_microseconds(void **state) {
        dn_autotext struct dn_text text = {0};
        struct dn_cgroup_cpu cpu;
        uint64_t count, usec;

        assert_int_equal(dn_cgroup_cpu_parse(DN_STR("usage_usec 7\nuser_usec 4\nsystem_usec 3\nnr_periods 9\n"
                                                    "nr_throttled 2\nthrottled_usec 41200000\n"),
                                             &cpu),
                         0);
        assert_true(cpu.limited);
        assert_int_equal(cpu.nr_throttled, 2);
        assert_int_equal(cpu.throttled_usec, 41200000);
        assert_int_equal(
                dn_cgroup_throttled_parse(DN_STR("nr_periods 1\nnr_throttled 3\nthrottled_time 1999\n"), &count, &usec),
                0);
        assert_int_equal(count, 3);
        assert_int_equal(usec, 1);
        assert_int_equal(
                dn_cgroup_throttled_parse(recorded(&text, "6.18/sys/fs/cgroup/cpu/scene/cpu.stat"), &count, &usec), 0);
        assert_int_equal(count, 0);
}

static void what_is_missing_or_no_number_is_refused(void **state) {
        struct dn_cgroup_cpu cpu = {.usage_usec = 5};
        uint64_t a = 5, b = 6;

        assert_int_equal(dn_cgroup_cpu_parse(DN_STR(""), &cpu), -EBADMSG);
        assert_int_equal(dn_cgroup_cpu_parse(DN_STR("usage_usec 7\nuser_usec 4\n"), &cpu), -EBADMSG);
        assert_int_equal(dn_cgroup_cpu_parse(DN_STR("usage_usec -7\nuser_usec 4\nsystem_usec 3\n"), &cpu), -EBADMSG);
        assert_int_equal(
                dn_cgroup_cpu_parse(DN_STR("usage_usec 4611686018427387904\nuser_usec 4\nsystem_usec 3\n"), &cpu),
                -EBADMSG);
        assert_int_equal(cpu.usage_usec, 5);
        assert_int_equal(dn_cgroup_throttled_parse(DN_STR("nr_throttled 3\n"), &a, &b), -EBADMSG);
        assert_int_equal(dn_cgroup_cpuacct_parse(DN_STR("user 3\n"), &a, &b), -EBADMSG);
        assert_int_equal(dn_cgroup_number_parse(DN_STR("max\n"), &a), -EBADMSG);
        assert_int_equal(dn_cgroup_number_parse(DN_STR(""), &a), -EBADMSG);
        assert_int_equal(dn_cgroup_oom_kills_parse(DN_STR("oom 3\noom_killed 4\n"), &a), -EBADMSG);
        assert_int_equal(a, 5);
        assert_int_equal(b, 6);
}

static void old_files_are_of_ticks_and_of_one_number(void **state) {
        dn_autotext struct dn_text text = {0};
        uint64_t user, system, number;

        assert_int_equal(dn_cgroup_cpuacct_parse(recorded(&text, "5.10/sys/fs/cgroup/cpuacct/scene/cpuacct.stat"),
                                                 &user, &system),
                         0);
        assert_int_equal(user, 1165);
        assert_int_equal(system, 100);
        assert_int_equal(
                dn_cgroup_number_parse(recorded(&text, "5.10/sys/fs/cgroup/cpuacct/scene/cpuacct.usage"), &number), 0);
        assert_true(number > 12000000000);
        assert_int_equal(dn_cgroup_number_parse(
                                 recorded(&text, "6.18/sys/fs/cgroup/memory/scene/memory.max_usage_in_bytes"), &number),
                         0);
        assert_true(number > 1000000);
}

static void peaks_and_kills_are_the_kernels(void **state) {
        dn_autotext struct dn_text text = {0};
        uint64_t number;

        assert_int_equal(dn_cgroup_number_parse(recorded(&text, "6.12/sys/fs/cgroup/scene/memory.peak"), &number), 0);
        assert_int_equal(number, 33849344);
        assert_int_equal(dn_cgroup_number_parse(recorded(&text, "7.3/sys/fs/cgroup/scene/pids.peak"), &number), 0);
        assert_int_equal(number, 31);
        assert_int_equal(dn_cgroup_oom_kills_parse(recorded(&text, "7.3/sys/fs/cgroup/scene/memory.events"), &number),
                         0);
        assert_int_equal(number, 0);
        assert_int_equal(dn_cgroup_oom_kills_parse(DN_STR("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), &number),
                         0);
        assert_int_equal(number, 3);
}

static void each_device_has_a_line(void **state) {
        struct dn_str file = DN_STR("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
                                    "8:16 \n"
                                    "nonsense rbytes=1 wbytes=2 rios=3 wios=4\n"
                                    "254:1 rbytes=x wbytes=2 rios=3 wios=4\n"
                                    "253:0 cost.usage=9 wios=40 rios=30 wbytes=20 rbytes=10\n");
        struct dn_cgroup_io io;

        assert_true(dn_cgroup_io_next(&file, &io));
        assert_int_equal(io.major, 8);
        assert_int_equal(io.minor, 0);
        assert_int_equal(io.rbytes, 1);
        assert_int_equal(io.wbytes, 2);
        assert_int_equal(io.rios, 3);
        assert_int_equal(io.wios, 4);
        assert_true(dn_cgroup_io_next(&file, &io));
        assert_int_equal(io.major, 253);
        assert_int_equal(io.rbytes, 10);
        assert_int_equal(io.wios, 40);
        assert_false(dn_cgroup_io_next(&file, &io));
}

static void page_cache_is_files_but_for_shared_memory(void **state) {
        uint64_t bytes = 7;

        assert_int_equal(dn_cgroup_page_cache_parse(DN_STR("anon 9\nfile 50\nfile_mapped 3\nshmem 20\n"), &bytes), 0);
        assert_int_equal(bytes, 30);
        assert_int_equal(dn_cgroup_page_cache_parse(
                                 DN_STR("cache 1\nshmem 1\ntotal_cache 50\ntotal_shmem 60\nfile 9\n"), &bytes),
                         0);
        assert_int_equal(bytes, 0);
        bytes = 7;
        assert_int_equal(dn_cgroup_page_cache_parse(DN_STR("anon 9\nfile 50\n"), &bytes), -EBADMSG);
        assert_int_equal(bytes, 7);
}

static void a_refused_fork_is_an_event_of_pids(void **state) {
        uint64_t refused = 7;

        assert_int_equal(dn_cgroup_refused_parse(DN_STR("max 3\nmax.imposed 2\n"), &refused), 0);
        assert_int_equal(refused, 3);
        assert_int_equal(dn_cgroup_refused_parse(DN_STR("maximum 3\n"), &refused), -EBADMSG);
        assert_int_equal(refused, 3);
}

static void of_version_1_a_device_has_a_line_for_each_kind_of_request(void **state) {
        struct dn_str file = DN_STR("8:0 Read 10\n8:0 Write 20\n8:0 Sync 30\n8:0 Total 30\n8:16 Read x\n"
                                    "8:16 Read 288230376151711744\n253:0 Write 5\nTotal 35\n");
        struct dn_cgroup_blkio b;

        assert_true(dn_cgroup_blkio_next(&file, &b));
        assert_false(b.write);
        assert_int_equal(b.value, 10);
        assert_true(dn_cgroup_blkio_next(&file, &b));
        assert_true(b.write);
        assert_int_equal(b.value, 20);
        assert_true(dn_cgroup_blkio_next(&file, &b));
        assert_int_equal(b.major, 253);
        assert_true(b.write);
        assert_int_equal(b.value, 5);
        assert_false(dn_cgroup_blkio_next(&file, &b));
}

RUN_TESTS(cmocka_unit_test(cpu_time_is_that_of_user_and_system_mode),
          cmocka_unit_test(without_the_controller_there_is_no_throttling),
          cmocka_unit_test(throttling_is_taken_in_microseconds),
          cmocka_unit_test(what_is_missing_or_no_number_is_refused),
          cmocka_unit_test(old_files_are_of_ticks_and_of_one_number), cmocka_unit_test(peaks_and_kills_are_the_kernels),
          cmocka_unit_test(each_device_has_a_line), cmocka_unit_test(page_cache_is_files_but_for_shared_memory),
          cmocka_unit_test(a_refused_fork_is_an_event_of_pids),
          cmocka_unit_test(of_version_1_a_device_has_a_line_for_each_kind_of_request))
