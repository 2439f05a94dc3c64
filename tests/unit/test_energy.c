/* SPDX-License-Identifier: GPL-3.0-or-later
 * Energy: the zones over tests/fixtures/powercap, how their counters go on, and what of it is the tree's. */
#include "base/file.h"
#include "common.h"
#include "sources/linux/energy.h"
#include "sources/linux/energy_zones.h"
#include "sources/linux/parse_busy.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"
#include "sources/probe.h"

#include <ftw.h>

#define FIXTURES "tests/fixtures/powercap/"

static const uint64_t joule = 1000000;

/* ------------------------------------------------------------------------------------------------------- zones */

static struct dn_energy_zones opened(const char *machine) {
        char path[64];
        dn_autoclose int sys = -1;
        struct dn_energy_zones zones;

        snprintf(path, sizeof(path), FIXTURES "%s", machine);
        sys = dn_file_directory(AT_FDCWD, path);
        assert_true(sys >= 0);
        assert_int_equal(dn_energy_zones_open(&zones, sys), 0);
        return zones;
}

static void assert_zones(const char *machine, const char *names) {
        struct dn_energy_zones zones = opened(machine);
        dn_autotext struct dn_text list = {0};

        dn_energy_zones_list(&zones, &list);
        assert_text_is(&list, names);
        dn_energy_zones_close(&zones);
}

static void a_package_that_is_there_twice_counts_once_and_uncore_is_in_it(void **state) {
        assert_zones("intel-client", "package-0 package-0/core psys");
}

static void two_sockets_have_a_package_and_memory_each(void **state) {
        assert_zones("xeon-2-socket", "package-0 package-0/dram package-1 package-1/dram");
}

static void amd_has_the_same_zones(void **state) {
        assert_zones("amd", "package-0 package-0/core");
}

static void without_zones_there_is_none(void **state) {
        struct dn_energy_zones zones;
        dn_autoclose int sys = dn_file_directory(AT_FDCWD, "tests/fixtures/pmu/amd");

        assert_int_equal(dn_energy_zones_open(&zones, sys), -ENOENT);
        assert_int_equal(dn_energy_zones_open(&zones, -1), -ENOENT);
}

static void the_first_reading_is_what_is_counted_from(void **state) {
        struct dn_energy_zones zones = opened("xeon-2-socket");

        assert_int_equal(dn_energy_zones_read(&zones, false), 4);
        assert_int_equal(zones.sum_uj[DN_ENERGY_PACKAGE], 0);
        assert_int_equal(zones.of[1].last_uj, 9120044123);
        assert_int_equal(zones.of[1].range_uj, 65712999613);
        dn_energy_zones_close(&zones);
}

static void a_counter_that_fell_went_round(void **state) {
        assert_int_equal(dn_energy_step(5, 9, 100, false), 4);
        assert_int_equal(dn_energy_step(90, 10, 100, false), 20);
        assert_int_equal(dn_energy_step(100, 0, 100, false), 0);
        assert_int_equal(dn_energy_step(262143000000, 1000000, 262143328850, false), 1328850);
}

static void one_that_fell_in_the_machines_sleep_began_anew(void **state) {
        assert_int_equal(dn_energy_step(90, 10, 100, true), 0);
        assert_int_equal(dn_energy_step(5, 9, 100, true), 4);
}

static void of_one_that_does_not_say_where_it_ends_nothing_is_made_up(void **state) {
        assert_int_equal(dn_energy_step(90, 10, 0, false), 0);
        assert_int_equal(dn_energy_step(90, 10, 80, false), 0);
}

/* ------------------------------------------------------------------------------------------------------- share */

static void the_share_is_of_the_time_at_work(void **state) {
        assert_int_equal(dn_energy_share(100 * joule, 250, 1000), 25 * joule);
        assert_int_equal(dn_energy_share(100 * joule, 0, 1000), 0);
        assert_int_equal(dn_energy_share(3, 1, 2), 2);
        assert_true(dn_energy_share(UINT64_MAX / 2, INT64_MAX / 2, INT64_MAX) > UINT64_MAX / 5);
}

static void nobody_has_more_than_all_of_it(void **state) {
        assert_int_equal(dn_energy_share(100 * joule, 1010, 1000), 100 * joule);
        assert_int_equal(dn_energy_share(100 * joule, 5, 0), 100 * joule);
        assert_int_equal(dn_energy_share(100 * joule, -5, 1000), 0);
}

static void time_at_work_is_neither_idle_nor_stolen(void **state) {
        struct dn_busy busy;

        assert_int_equal(dn_busy_parse(DN_STR("cpu  100 20 3 50000 6000 700 800 9000 10 11\ncpu0 1 2 3\n"), &busy), 0);
        assert_int_equal(busy.busy_ticks, 100 + 20 + 3 + 700 + 800);
}

static void another_file_has_no_time_at_work(void **state) {
        static const char *const wrong[] = {"",
                                            "cpu",
                                            "cpu0 1 2 3 4 5 6 7",
                                            "cpu  1 2 3 4 5 6",
                                            "cpu  1 2 x",
                                            "cpu  72057594037927936 2 3 4 5 6 7",
                                            "intr 1 2 3 4 5 6 7"};
        struct dn_busy busy = {7};

        for (size_t i = 0; i < DN_COUNT(wrong); i++)
                assert_int_equal(dn_busy_parse(dn_str_of(wrong[i]), &busy), -EBADMSG);
        assert_int_equal(busy.busy_ticks, 7);
}

/* ---------------------------------------------------------------------------------------------------- the source */

static char base[32];
static int directory;
static struct dn_target target;
static struct dn_snapshot snapshot;
static void *source;
static int64_t now_ns;

static void put(const char *path, const char *content) {
        write_file_below(directory, path, content);
}

static void put_number(const char *path, uint64_t number) {
        char text[32];

        snprintf(text, sizeof(text), "%llu\n", (unsigned long long)number);
        put(path, text);
}

static void put_zone(const char *entry, const char *name, uint64_t uj) {
        char path[96];

        snprintf(path, sizeof(path), "sys/class/powercap/%s/name", entry);
        put(path, name);
        snprintf(path, sizeof(path), "sys/class/powercap/%s/max_energy_range_uj", entry);
        put_number(path, 1000 * joule);
        snprintf(path, sizeof(path), "sys/class/powercap/%s/energy_uj", entry);
        put_number(path, uj);
}

static void put_busy(uint64_t ticks) {
        char line[96];

        snprintf(line, sizeof(line), "cpu  %llu 0 0 999999 0 0 0 0 0 0\ncpu0 1 0 0 9 0 0 0 0 0 0\n",
                 (unsigned long long)ticks);
        put("proc/stat", line);
}

static int begin(void **state) {
        char proc[64];

        directory = make_directory(base);
        put_zone("intel-rapl:0", "package-0\n", 990 * joule);
        put_zone("intel-rapl:0:0", "core\n", 10 * joule);
        put_busy(1000);
        put("proc/loadavg", "0.00 0.00 0.00 1/1 1\n");
        snprintf(proc, sizeof(proc), "%s/proc", base);
        target = (struct dn_target){.children = true};
        assert_int_equal(dn_platform_open(&target.procfs, proc), 0);
        assert_int_equal(dn_snapshot_begin(&snapshot, NULL, 0, 0), 0);
        now_ns = 1;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
        return remove(path);
}

static int end(void **state) {
        if (source)
                dn_source_energy.close(source);
        source = NULL;
        dn_snapshot_free(&snapshot);
        snapshot = (struct dn_snapshot){0};
        dn_platform_close(target.procfs);
        close(directory);
        return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int open_source(struct dn_text *why) {
        dn_autoclose int sys = dn_file_directory(directory, "sys");

        return dn_energy_begin(&source, &target, sys, why);
}

/* A pass, a second after the last, in which the tree has used this much CPU time in all. */
static const struct dn_row *pass(double tree_secs, bool final) {
        struct dn_pass p = {.mono_ns = now_ns, .age_ns = now_ns, .now = &snapshot, .final = final};

        now_ns += 1000000000;
        snapshot.number++;
        snapshot.mono_ns = p.mono_ns;
        snapshot.boot_ns = p.mono_ns;
        assert_int_equal(dn_source_energy.read(source, &p), 0);
        dn_row_set(dn_snapshot_whole(&snapshot), DN_cpu_user_secs, (int64_t)(tree_secs * 1e6), snapshot.number);
        assert_int_equal(dn_source_energy.settled(source, &p), 0);
        return snapshot.part[DN_RAPL].n > 0 ? dn_table_row(&snapshot.part[DN_RAPL], 0) : NULL;
}

static int64_t joules(const struct dn_row *row, int field) {
        assert_true(dn_row_has(row, field));
        return dn_row_or_zero(row, field) / (int64_t)joule;
}

static void the_tree_has_its_share_of_the_packages_and_cores_stand_apart(void **state) {
        const struct dn_row *row;

        assert_int_equal(open_source(NULL), 0);
        row = pass(1.0, false);
        assert_int_equal(joules(row, DN_RAPL_package_joules), 0);
        assert_int_equal(joules(row, DN_RAPL_process_joules), 0);
        put_zone("intel-rapl:0", "package-0\n", 30 * joule); /* round, past 1000 */
        put_zone("intel-rapl:0:0", "core\n", 15 * joule);
        put_busy(1000 + 100);
        row = pass(1.5, false);
        assert_int_equal(joules(row, DN_RAPL_package_joules), 40);
        assert_int_equal(joules(row, DN_RAPL_core_joules), 5);
        assert_int_equal(joules(row, DN_RAPL_process_joules), 20); /* half a second of one */
        assert_false(dn_row_has(row, DN_RAPL_dram_joules));
        assert_false(dn_row_has(row, DN_RAPL_psys_joules));
}

static void a_share_of_few_ticks_waits_for_more_but_at_the_end(void **state) {
        const struct dn_row *row;

        assert_int_equal(open_source(NULL), 0);
        (void)pass(0, false);
        put_zone("intel-rapl:0", "package-0\n", 998 * joule);
        put_busy(1000 + 4);
        row = pass(0.04, false);
        assert_int_equal(joules(row, DN_RAPL_package_joules), 8);
        assert_int_equal(joules(row, DN_RAPL_process_joules), 0);
        row = pass(0.04, true);
        assert_int_equal(joules(row, DN_RAPL_process_joules), 8);
}

static void it_is_read_once_a_second_and_at_the_end(void **state) {
        struct dn_pass p = {.mono_ns = now_ns, .age_ns = INT64_C(100000000000), .now = &snapshot};

        assert_int_equal(open_source(NULL), 0);
        assert_int_equal(dn_source_energy.read(source, &p), 0);
        put_zone("intel-rapl:0", "package-0\n", 995 * joule);
        p.mono_ns += 900000000;
        assert_int_equal(dn_source_energy.read(source, &p), 0);
        assert_int_equal(joules(dn_table_row(&snapshot.part[DN_RAPL], 0), DN_RAPL_package_joules), 0);
        p.final = true;
        assert_int_equal(dn_source_energy.read(source, &p), 0);
        assert_int_equal(joules(dn_table_row(&snapshot.part[DN_RAPL], 0), DN_RAPL_package_joules), 5);
}

static void counters_that_are_read_no_more_are_said_and_the_sum_stands(void **state) {
        dn_autotext struct dn_text why = {0};
        const struct dn_row *row;

        assert_int_equal(open_source(NULL), 0);
        (void)pass(0, false);
        put_zone("intel-rapl:0", "package-0\n", 998 * joule);
        (void)pass(0, false);
        assert_int_equal(dn_source_energy.can(source, &why), DN_CAN);
        put("sys/class/powercap/intel-rapl:0:0/energy_uj", "x\n");
        (void)pass(0, false);
        assert_int_equal(dn_source_energy.can(source, &why), DN_CAN_PARTLY);
        assert_text_is(&why, "some of the counters are read no more: what they would add is missing");
        dn_text_reset(&why);
        put("sys/class/powercap/intel-rapl:0/energy_uj", "");
        row = pass(0, false);
        assert_int_equal(joules(row, DN_RAPL_package_joules), 8);
        assert_int_equal(dn_source_energy.can(source, &why), DN_CAN_NOT);
        assert_text_is(&why, "the counters are read no more: the driver has gone");
}

static void who_may_not_read_them_is_told_so_with_a_hint(void **state) {
        static const char *const zones[] = {"intel-rapl:0", "intel-rapl:0:0"};
        dn_autotext struct dn_text why = {0};
        uid_t before = geteuid();
        int r;

        if (before != 0)
                skip();
        assert_int_equal(chmod(base, 0755), 0);
        for (size_t i = 0; i < DN_COUNT(zones); i++) {
                char path[128];

                snprintf(path, sizeof(path), "%s/sys/class/powercap/%s/energy_uj", base, zones[i]);
                assert_int_equal(chmod(path, 0400), 0);
        }
        assert_int_equal(seteuid(65534), 0);
        r = open_source(&why);
        assert_int_equal(seteuid(before), 0);
        assert_int_equal(r, -EACCES);
        assert_text_is(&why, "only root may read it\nsudo denet run PROGRAM");
}

#define LIVE(name) cmocka_unit_test_setup_teardown(name, begin, end)

RUN_TESTS(cmocka_unit_test(a_package_that_is_there_twice_counts_once_and_uncore_is_in_it),
          cmocka_unit_test(two_sockets_have_a_package_and_memory_each), cmocka_unit_test(amd_has_the_same_zones),
          cmocka_unit_test(without_zones_there_is_none), cmocka_unit_test(the_first_reading_is_what_is_counted_from),
          cmocka_unit_test(a_counter_that_fell_went_round),
          cmocka_unit_test(one_that_fell_in_the_machines_sleep_began_anew),
          cmocka_unit_test(of_one_that_does_not_say_where_it_ends_nothing_is_made_up),
          cmocka_unit_test(the_share_is_of_the_time_at_work), cmocka_unit_test(nobody_has_more_than_all_of_it),
          cmocka_unit_test(time_at_work_is_neither_idle_nor_stolen), cmocka_unit_test(another_file_has_no_time_at_work),
          LIVE(the_tree_has_its_share_of_the_packages_and_cores_stand_apart),
          LIVE(a_share_of_few_ticks_waits_for_more_but_at_the_end), LIVE(it_is_read_once_a_second_and_at_the_end),
          LIVE(counters_that_are_read_no_more_are_said_and_the_sum_stands),
          LIVE(who_may_not_read_them_is_told_so_with_a_hint))
