/* SPDX-License-Identifier: GPL-3.0-or-later
 * The block of the job's cgroup, and how near its limits are, over the recorded machines. */
#include "common.h"
#include "host/cgroup.h"
#include "sources/linux/cgroup_limits.h"
#include "sources/linux/sources.h"

/* A directory of tests/fixtures/machines/MACHINE/sys/fs/cgroup; -1: there is none. */
static int open_cgroup(const char *machine, const char *path) {
        const char *fixtures = getenv("DENET_FIXTURES");
        char whole[4096];

        snprintf(whole, sizeof(whole), "%s/machines/%s/sys/fs/cgroup/%s", fixtures ? fixtures : "tests/fixtures",
                 machine, path);
        return open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct dn_cgroup cgroup_at(const char *machine, const char *path) {
        struct dn_cgroup c;

        dn_cgroup_init(&c);
        c.at[DN_UNIFIED] = open_cgroup(machine, path);
        assert_true(c.at[DN_UNIFIED] >= 0);
        dn_cgroup_describe(&c);
        return c;
}

#define JOB_V1 "pbspro.slice/pbspro-42.server.slice"

static struct dn_cgroup cgroup_of_version_1(void) {
        struct dn_cgroup c;

        dn_cgroup_init(&c);
        c.at[DN_CPUACCT] = open_cgroup("cgroup-v1", "cpu,cpuacct/" JOB_V1);
        c.at[DN_MEMORY] = open_cgroup("cgroup-v1", "memory/" JOB_V1);
        c.at[DN_PIDS] = open_cgroup("cgroup-v1", "pids");
        c.at[DN_BLKIO] = open_cgroup("cgroup-v1", "blkio/" JOB_V1);
        assert_true(c.at[DN_CPUACCT] >= 0 && c.at[DN_MEMORY] >= 0 && c.at[DN_PIDS] >= 0 && c.at[DN_BLKIO] >= 0);
        dn_cgroup_describe(&c);
        return c;
}

/* ------------------------------------------------------------------------------------------------------- limits */

static void assert_limit(bool found, const struct dn_limit *l, uint64_t limit, uint64_t used, bool above) {
        assert_true(found);
        assert_int_equal(l->limit, limit);
        assert_int_equal(l->used, used);
        assert_int_equal(l->above, above);
}

static const uint64_t gib = UINT64_C(1) << 30;

static void the_limit_that_is_nearest_may_be_that_of_a_cgroup_above(void **state) {
        struct dn_cgroup c = cgroup_at("two-socket", "system.slice/slurmstepd.scope/job_42/step_0/user/task_0");
        struct dn_limits *limits;
        struct dn_limit l;

        assert_int_equal(dn_limits_open(&limits, &c), 0);
        assert_limit(dn_limits_memory(limits, &l), &l, 16 * gib, 14 * gib, true);
        assert_limit(dn_limits_pids(limits, &l), &l, 9000, 800, true);
        dn_limits_close(limits);
        dn_cgroup_close(&c);
}

static void page_cache_does_not_count_against_a_limit_but_shared_memory_does(void **state) {
        struct dn_cgroup c = cgroup_at("container", ".");
        struct dn_limits *limits;
        struct dn_limit l;

        assert_int_equal(dn_limits_open(&limits, &c), 0);
        assert_limit(dn_limits_memory(limits, &l), &l, 2 * gib, 2100000000 - 140000000, false);
        assert_limit(dn_limits_pids(limits, &l), &l, 100, 12, false);
        dn_limits_close(limits);
        dn_cgroup_close(&c);
}

static void version_1_says_no_limit_by_the_greatest_number(void **state) {
        struct dn_cgroup c = cgroup_of_version_1();
        struct dn_limits *limits;
        struct dn_limit l;

        assert_int_equal(dn_limits_open(&limits, &c), 0);
        assert_limit(dn_limits_memory(limits, &l), &l, 8 * gib, UINT64_C(8200000000) - 2000000000, false);
        assert_false(dn_limits_pids(limits, &l));
        dn_limits_close(limits);
        dn_cgroup_close(&c);
}

static void where_nothing_is_limited_there_is_no_limit(void **state) {
        static const struct {
                const char *machine, *path;
        } places[] = {
                {"hybrid-laptop", "user.slice/user-1000.slice/user@1000.service/app.slice/app-terminal.scope"},
                {"vm", "unified"},
        };

        for (size_t i = 0; i < DN_COUNT(places); i++) {
                struct dn_cgroup c = cgroup_at(places[i].machine, places[i].path);
                struct dn_limits *limits;
                struct dn_limit l;

                assert_int_equal(dn_limits_open(&limits, &c), 0);
                assert_false(dn_limits_memory(limits, &l));
                assert_false(dn_limits_pids(limits, &l));
                dn_limits_close(limits);
                dn_cgroup_close(&c);
        }
}

static void without_a_cgroup_there_is_no_limit(void **state) {
        struct dn_limits *limits;
        struct dn_cgroup c;
        struct dn_limit l;

        dn_cgroup_init(&c);
        assert_int_equal(dn_limits_open(&limits, &c), 0);
        assert_false(dn_limits_memory(limits, &l));
        assert_false(dn_limits_pids(limits, &l));
        dn_limits_close(limits);
        dn_limits_close(NULL);
}

/* -------------------------------------------------------------------------------------------------------- block */

struct block {
        struct dn_snapshot now;
        const struct dn_row *row;
};

static void read_block(struct block *b, struct dn_cgroup *c) {
        struct dn_target target = {.cgroup = c};
        struct dn_pass pass = {.now = &b->now, .mono_ns = 1, .first = true};
        dn_autotext struct dn_text why = {0};
        void *source = NULL;

        *b = (struct block){0};
        assert_int_equal(dn_snapshot_begin(&b->now, NULL, 1, 1), 0);
        assert_int_equal(dn_source_cgroup.open(&source, &target, &why), 0);
        assert_int_equal(dn_source_cgroup.read(source, &pass), 0);
        dn_source_cgroup.close(source);
        assert_int_equal(b->now.part[DN_CGROUP].n, 1);
        b->row = dn_table_row(&b->now.part[DN_CGROUP], 0);
}

static void assert_value(const struct block *b, int field, int64_t expected) {
        int64_t value = 0;

        if (!dn_row_get(b->row, field, &value))
                fail_msg("%.*s is not there", (int)dn_fields[field].name.n, dn_fields[field].name.p);
        assert_int_equal(value, expected);
}

static void a_container_of_version_2_gives_the_whole_block(void **state) {
        struct dn_cgroup c = cgroup_at("container", ".");
        struct block b;

        read_block(&b, &c);
        assert_value(&b, DN_CGROUP_cpu_secs, 93000000);
        assert_value(&b, DN_CGROUP_cpu_throttled_secs, 21000000);
        assert_value(&b, DN_CGROUP_cpu_throttled_count, 310);
        assert_value(&b, DN_CGROUP_memory_current_kb, 2100000000 / 1024);
        assert_value(&b, DN_CGROUP_memory_peak_kb, 2 << 20);
        assert_value(&b, DN_CGROUP_memory_oom_kills, 1);
        assert_value(&b, DN_CGROUP_memory_limit_kb, 2 << 20);
        assert_value(&b, DN_CGROUP_memory_limit_used_kb, 1960000000 / 1024);
        assert_string_equal(dn_row_text(b.row, DN_CGROUP_memory_limit_scope), "cgroup");
        assert_value(&b, DN_CGROUP_io_read_bytes, 4096000);
        assert_value(&b, DN_CGROUP_io_write_ops, 2);
        assert_value(&b, DN_CGROUP_pids_current, 12);
        assert_value(&b, DN_CGROUP_pids_peak, 95);
        assert_value(&b, DN_CGROUP_pids_refused, 4);
        assert_value(&b, DN_CGROUP_pids_limit, 100);
        dn_snapshot_free(&b.now);
        dn_cgroup_close(&c);
}

static void version_1_gives_the_same_from_its_own_files(void **state) {
        struct dn_cgroup c = cgroup_of_version_1();
        struct block b;

        read_block(&b, &c);
        assert_value(&b, DN_CGROUP_cpu_secs, 93000000);
        assert_value(&b, DN_CGROUP_user_secs, 8000 * (1000000 / sysconf(_SC_CLK_TCK)));
        assert_value(&b, DN_CGROUP_cpu_throttled_secs, 0);
        assert_value(&b, DN_CGROUP_memory_current_kb, 8200000000 / 1024);
        assert_value(&b, DN_CGROUP_memory_peak_kb, 8 << 20);
        assert_false(dn_row_has(b.row, DN_CGROUP_memory_oom_kills)); /* Linux 3.10 does not count them */
        assert_value(&b, DN_CGROUP_memory_limit_kb, 8 << 20);
        assert_value(&b, DN_CGROUP_io_read_bytes, 4096000);
        assert_value(&b, DN_CGROUP_io_write_bytes, 8192);
        assert_value(&b, DN_CGROUP_io_read_ops, 100);
        assert_value(&b, DN_CGROUP_io_write_ops, 2);
        assert_value(&b, DN_CGROUP_pids_current, 300);
        assert_false(dn_row_has(b.row, DN_CGROUP_pids_limit));
        dn_snapshot_free(&b.now);
        dn_cgroup_close(&c);
}

/* The unified hierarchy has no controllers there, and its CPU time is the better one. */
static void of_both_versions_each_gives_what_it_has(void **state) {
        struct dn_cgroup c = cgroup_of_version_1();
        char path[32];
        struct block b;

        c.at[DN_UNIFIED] = make_directory(path);
        write_file(c.at[DN_UNIFIED], "cpu.stat", "usage_usec 7\nuser_usec 4\nsystem_usec 3\n");
        write_file(c.at[DN_UNIFIED], "cgroup.controllers", "\n");
        dn_cgroup_describe(&c);
        read_block(&b, &c);
        assert_value(&b, DN_CGROUP_cpu_secs, 7);
        assert_value(&b, DN_CGROUP_memory_peak_kb, 8 << 20);
        assert_value(&b, DN_CGROUP_io_read_bytes, 4096000);
        dn_snapshot_free(&b.now);
        remove_directory(c.at[DN_UNIFIED], path);
        c.at[DN_UNIFIED] = -1;
        dn_cgroup_close(&c);
}

static void the_recorded_machine_has_its_cpu_time_alone_under_version_2(void **state) {
        struct dn_cgroup c = cgroup_at("vm", "unified");
        struct block b;

        read_block(&b, &c);
        assert_true(dn_row_has(b.row, DN_CGROUP_cpu_secs));
        assert_false(dn_row_has(b.row, DN_CGROUP_memory_current_kb));
        assert_false(dn_row_has(b.row, DN_CGROUP_io_read_bytes));
        assert_false(dn_row_has(b.row, DN_CGROUP_pids_current));
        dn_snapshot_free(&b.now);
        dn_cgroup_close(&c);
}

RUN_TESTS(cmocka_unit_test(the_limit_that_is_nearest_may_be_that_of_a_cgroup_above),
          cmocka_unit_test(page_cache_does_not_count_against_a_limit_but_shared_memory_does),
          cmocka_unit_test(version_1_says_no_limit_by_the_greatest_number),
          cmocka_unit_test(where_nothing_is_limited_there_is_no_limit),
          cmocka_unit_test(without_a_cgroup_there_is_no_limit),
          cmocka_unit_test(the_recorded_machine_has_its_cpu_time_alone_under_version_2),
          cmocka_unit_test(a_container_of_version_2_gives_the_whole_block),
          cmocka_unit_test(version_1_gives_the_same_from_its_own_files),
          cmocka_unit_test(of_both_versions_each_gives_what_it_has))
