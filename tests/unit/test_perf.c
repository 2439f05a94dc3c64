/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hardware counters: which events, over tests/fixtures/pmu, and what comes of counts, over a kernel made for the test.
 */
#include "base/file.h"
#include "common.h"
#include "sources/linux/parse_pmu.h"
#include "sources/linux/perf.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"
#include "sources/probe.h"

#include <linux/perf_event.h>

/* ------------------------------------------------------------------------------------------------- the PMU's files */

static void a_format_is_bits_of_a_config(void **state) {
        struct dn_pmu_bits bits;

        assert_int_equal(dn_pmu_format_parse(DN_STR("config:0-7,32-35\n"), &bits), 0);
        assert_int_equal(bits.config, 0);
        assert_int_equal(bits.mask, 0xf000000ff);
        assert_int_equal(dn_pmu_format_parse(DN_STR("config1:0"), &bits), 0);
        assert_int_equal(bits.config, 1);
        assert_int_equal(bits.mask, 1);
        assert_int_equal(dn_pmu_format_parse(DN_STR("config2:0-63"), &bits), 0);
        assert_true(bits.mask == UINT64_MAX);
}

static void a_format_that_is_none_is_refused(void **state) {
        static const char *const wrong[] = {"",           "config",      "config:",     "config3:0",
                                            "config:7-0", "config:0-64", "config:0-7x", "config:a-b",
                                            "config:-3",  "config:0,,1", "configs:0",   "config:0-"};
        struct dn_pmu_bits bits = {7, 7};

        for (size_t i = 0; i < DN_COUNT(wrong); i++)
                assert_int_equal(dn_pmu_format_parse(dn_str_of(wrong[i]), &bits), -EBADMSG);
        assert_int_equal(bits.config, 7);
        assert_int_equal(bits.mask, 7);
}

static void an_event_is_terms_of_which_one_without_a_value_is_1(void **state) {
        struct dn_str rest = DN_STR("event=0x3c,umask=10,inv");
        struct dn_pmu_term term;

        assert_int_equal(dn_pmu_term_next(&rest, &term), 1);
        assert_str_is(term.name, "event");
        assert_int_equal(term.value, 0x3c);
        assert_int_equal(dn_pmu_term_next(&rest, &term), 1);
        assert_str_is(term.name, "umask");
        assert_int_equal(term.value, 10);
        assert_int_equal(dn_pmu_term_next(&rest, &term), 1);
        assert_str_is(term.name, "inv");
        assert_int_equal(term.value, 1);
        assert_int_equal(dn_pmu_term_next(&rest, &term), 0);
}

static void a_term_to_be_filled_in_and_one_too_large_are_refused(void **state) {
        static const char *const wrong[] = {"event=?", "event=", "=1", "event=0x", "event=0x10000000000000000",
                                            ",",       "a=-1"};
        struct dn_pmu_term term;

        for (size_t i = 0; i < DN_COUNT(wrong); i++) {
                struct dn_str rest = dn_str_of(wrong[i]);

                assert_int_equal(dn_pmu_term_next(&rest, &term), -EBADMSG);
        }
}

static void a_value_is_laid_into_bits_that_are_apart(void **state) {
        struct dn_pmu_bits bits = {0, 0xf000000ff};
        uint64_t config[DN_PMU_CONFIGS] = {UINT64_C(0x100), 5, 6};

        assert_int_equal(dn_pmu_put(&bits, 0x3c0, config), 0);
        assert_true(config[0] == UINT64_C(0x3000001c0));
        assert_int_equal(dn_pmu_put(&bits, 0x1000, config), -ERANGE);
        assert_true(config[0] == UINT64_C(0x3000001c0));
        assert_int_equal(config[1], 5);
}

/* ------------------------------------------------------------------------------------------------ choice of events */

static struct dn_perf_choices chosen(const char *machine) {
        char path[64];
        dn_autoclose int sys = -1;
        struct dn_perf_choices c;

        snprintf(path, sizeof(path), "tests/fixtures/pmu/%s", machine);
        sys = dn_file_directory(AT_FDCWD, path);
        assert_true(sys >= 0);
        dn_perf_choose(sys, &c);
        assert_int_equal(c.n, DN_PERF_FIELDS);
        return c;
}

static const struct dn_perf_choice *choice_of(const struct dn_perf_choices *c, int field) {
        for (uint32_t i = 0; i < c->n; i++)
                if (c->of[i].field == field)
                        return &c->of[i];
        fail_msg("no choice for %d", field);
        return NULL;
}

static void assert_event(const struct dn_perf_choices *c, int field, uint32_t i, uint32_t type, uint64_t config) {
        const struct dn_perf_choice *choice = choice_of(c, field);

        assert_true(i < choice->n);
        assert_int_equal(choice->event[i].type, type);
        assert_true(choice->event[i].config == config);
}

static void a_processor_of_one_kind_is_asked_in_the_kernels_words(void **state) {
        struct dn_perf_choices c = chosen("amd");

        assert_event(&c, DN_PERF_cycles, 0, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
        assert_event(&c, DN_PERF_stalled_backend, 0, PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND);
        assert_event(&c, DN_PERF_cache_misses, 0, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES);
        for (uint32_t i = 0; i < c.n; i++)
                assert_int_equal(c.of[i].n, 1);
}

static void a_hybrid_one_is_asked_of_each_of_its_pmus(void **state) {
        struct dn_perf_choices c = chosen("intel-hybrid");

        assert_int_equal(choice_of(&c, DN_PERF_cycles)->n, 2);
        assert_event(&c, DN_PERF_cycles, 0, 8, 0x3c); /* cpu_atom, cpu_core */
        assert_event(&c, DN_PERF_cycles, 1, 4, 0x3c);
        assert_event(&c, DN_PERF_cache_refs, 1, 4, 0x4f2e);
        assert_event(&c, DN_PERF_cache_misses, 0, 8, 0x412e);
        /* It has no name there: the kernel's own word for it, of that PMU. */
        assert_event(&c, DN_PERF_stalled_backend, 1, PERF_TYPE_HARDWARE,
                     UINT64_C(4) << 32 | PERF_COUNT_HW_STALLED_CYCLES_BACKEND);
}

static void on_arm_the_last_cache_is_taken_by_its_own_events(void **state) {
        struct dn_perf_choices c = chosen("arm-server");

        assert_event(&c, DN_PERF_cycles, 0, 8, 0x11);
        assert_event(&c, DN_PERF_instructions, 0, 8, 0x8);
        assert_event(&c, DN_PERF_stalled_backend, 0, 8, 0x24);
        assert_event(&c, DN_PERF_cache_refs, 0, 8, 0x36);
        assert_event(&c, DN_PERF_cache_misses, 0, 8, 0x37);
        assert_event(&c, DN_PERF_branches, 0, 8, 0x21);
        assert_int_equal(choice_of(&c, DN_PERF_cycles)->n, 1);
}

static void accesses_and_misses_are_of_the_same_cache_or_of_none(void **state) {
        struct dn_perf_choices c = chosen("arm-big-little");

        /* The small cores have the first cache alone, which is not meant; the large ones' L3 has no misses. */
        assert_int_equal(choice_of(&c, DN_PERF_cache_refs)->n, 1);
        assert_int_equal(choice_of(&c, DN_PERF_cache_misses)->n, 1);
        assert_int_equal(choice_of(&c, DN_PERF_cache_refs)->pmu[0], 1);
        assert_event(&c, DN_PERF_cache_refs, 0, 9, 0x16);
        assert_event(&c, DN_PERF_cache_misses, 0, 9, 0x17);
        assert_event(&c, DN_PERF_branches, 0, 8, 0xc);
        assert_event(&c, DN_PERF_branch_misses, 0, 8, 0x10);
        assert_event(&c, DN_PERF_branches, 1, 9, 0x21);
}

static void without_a_sys_the_kernel_is_asked_all_the_same(void **state) {
        struct dn_perf_choices c;

        dn_perf_choose(-1, &c);
        assert_int_equal(c.n, DN_PERF_FIELDS);
        assert_event(&c, DN_PERF_task_clock_secs, 0, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK);
        assert_event(&c, DN_PERF_cycles, 0, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
}

/* ----------------------------------------------------------------------------------------------------------- scaling
 */

static uint64_t after(struct dn_perf_sum *sum, uint64_t value, uint64_t enabled, uint64_t running) {
        dn_perf_sum_add(sum, &(struct dn_perf_count){value, enabled, running});
        return sum->total;
}

static void a_count_of_all_the_time_stands_to_the_last_one(void **state) {
        struct dn_perf_sum sum = {0};
        const uint64_t large = UINT64_C(1) << 62;

        assert_int_equal(after(&sum, 12345, 1000, 1000), 12345);
        assert_true(after(&sum, large + 1, 2000, 2000) == large + 1);
}

static void a_count_of_half_the_time_is_doubled(void **state) {
        struct dn_perf_sum sum = {0};

        assert_int_equal(after(&sum, 500, 1000, 500), 1000);
        assert_int_equal(after(&sum, 500 + 1, 1000 + 3, 500 + 2), 1000 + 2);
}

static void each_stretch_is_scaled_by_its_own_share(void **state) {
        struct dn_perf_sum sum = {0};

        assert_int_equal(after(&sum, 100, 100, 100), 100);
        /* From here on shared out four ways; over all of the time it would be less: 350 of 400 by 175 of 400. */
        assert_int_equal(after(&sum, 175, 400, 175), 100 + 300);
}

static void what_did_not_run_yet_is_made_up_for_by_the_next_reading(void **state) {
        struct dn_perf_sum sum = {0};

        assert_int_equal(after(&sum, 0, 1000, 0), 0);
        assert_int_equal(after(&sum, 100, 2000, 500), 400);
}

static void a_total_never_falls(void **state) {
        struct dn_perf_sum sum = {0};
        uint64_t seed = 1, last = 0, value = 0, enabled = 0, running = 0;

        for (int i = 0; i < 10000; i++) {
                uint64_t step = random_below(&seed, 1000000);

                enabled += step;
                running += random_below(&seed, (uint32_t)step + 1);
                value += random_below(&seed, 1000000);
                assert_true(after(&sum, value, enabled, running) >= last);
                last = sum.total;
        }
        assert_true(after(&sum, 0, 0, 0) == last);
}

static void two_pmus_share_the_time_and_nothing_is_scaled(void **state) {
        struct dn_perf_sum sum = {0};
        struct dn_perf_count whole = {700, 1000, 700};

        dn_perf_count_join(&whole, &(struct dn_perf_count){100, 1000, 300});
        dn_perf_sum_add(&sum, &whole);
        assert_int_equal(sum.total, 800);
        /* Both shared out by half. */
        whole = (struct dn_perf_count){700 + 70, 2000, 700 + 100};
        dn_perf_count_join(&whole, &(struct dn_perf_count){100 + 30, 2000, 300 + 400});
        dn_perf_sum_add(&sum, &whole);
        assert_int_equal(sum.total, 800 + 200);
}

/* ------------------------------------------------------------------------------------------------- a made-up kernel */

enum { OPENED_MAX = 256, FIRST_FD = 1000 };

static struct fake {
        struct {
                struct perf_event_attr attr;
                pid_t tid;
                int group;
                bool open;
                struct dn_perf_count count;
        } opened[OPENED_MAX];
        int n, open;
        bool no_hardware, no_kernel, nothing, narrow;
        int room; /* descriptors */
        pid_t gone;
} fake;

static int fake_open(void *user, struct perf_event_attr *attr, pid_t tid, int group) {
        if (fake.nothing || (fake.no_kernel && !attr->exclude_kernel))
                return -EACCES;
        if (tid == fake.gone)
                return -ESRCH;
        if (fake.no_hardware && attr->type != PERF_TYPE_SOFTWARE)
                return -ENOENT;
        if (fake.narrow && group >= 0)
                return -EINVAL;
        if (fake.room > 0 && fake.open >= fake.room)
                return -EMFILE;
        assert_true(fake.n < OPENED_MAX);
        fake.opened[fake.n].attr = *attr;
        fake.opened[fake.n].tid = tid;
        fake.opened[fake.n].group = group;
        fake.opened[fake.n].open = true;
        fake.open++;
        return FIRST_FD + fake.n++;
}

static int fake_read(void *user, int fd, struct dn_perf_count *ret_count) {
        assert_true(fake.opened[fd - FIRST_FD].open);
        *ret_count = fake.opened[fd - FIRST_FD].count;
        return 0;
}

static void fake_close(void *user, int fd) {
        assert_true(fake.opened[fd - FIRST_FD].open);
        fake.opened[fd - FIRST_FD].open = false;
        fake.open--;
}

static const struct dn_perf_kernel fake_kernel = {fake_open, fake_read, fake_close, NULL};

static struct dn_target target;
static struct dn_snapshot snapshot;
static void *source;

static int begin(void **state) {
        fake = (struct fake){.gone = -1};
        target = (struct dn_target){.main = {getpid(), 1}, .own_child = true, .children = true, .counters = true};
        assert_int_equal(dn_platform_open(&target.procfs, NULL), 0);
        assert_int_equal(dn_snapshot_begin(&snapshot, NULL, 0, 0), 0);
        return 0;
}

static int end(void **state) {
        if (source)
                dn_source_perf.close(source);
        source = NULL;
        assert_int_equal(fake.open, 0);
        dn_snapshot_free(&snapshot);
        snapshot = (struct dn_snapshot){0};
        dn_platform_close(target.procfs);
        return 0;
}

static void open_source(const char *machine) {
        char path[64];
        dn_autoclose int sys = -1;

        snprintf(path, sizeof(path), "tests/fixtures/pmu/%s", machine);
        sys = dn_file_directory(AT_FDCWD, path);
        assert_int_equal(dn_perf_begin(&source, &target, &fake_kernel, sys), 0);
}

static const struct dn_row *reading(void) {
        struct dn_pass pass = {.now = &snapshot, .first = true};

        assert_int_equal(dn_source_perf.read(source, &pass), 0);
        return snapshot.part[DN_PERF].n > 0 ? dn_table_row(&snapshot.part[DN_PERF], 0) : NULL;
}

static void assert_can(int can, const char *said) {
        dn_autotext struct dn_text why = {0};

        assert_int_equal(dn_source_perf.can(source, &why), can);
        assert_text_is(&why, said);
}

static void assert_lists(const char *names) {
        dn_autotext struct dn_text list = {0};

        dn_source_perf.list(source, &list);
        assert_text_is(&list, names);
}

static int count_of(uint32_t type, uint64_t config) {
        for (int i = 0; i < fake.n; i++)
                if (fake.opened[i].open && fake.opened[i].attr.type == type && fake.opened[i].attr.config == config)
                        return i;
        fail_msg("nothing was opened for %u, %llu", type, (unsigned long long)config);
        return -1;
}

static void set_count(uint32_t type, uint64_t config, struct dn_perf_count count) {
        fake.opened[count_of(type, config)].count = count;
}

static void a_held_command_is_counted_from_its_exec_on_with_all_that_it_starts(void **state) {
        open_source("amd");
        assert_int_equal(fake.n, DN_PERF_FIELDS);
        for (int i = 0; i < fake.n; i++) {
                const struct perf_event_attr *attr = &fake.opened[i].attr;

                assert_int_equal(fake.opened[i].tid, getpid());
                assert_true(attr->inherit && !attr->inherit_thread && !attr->exclude_kernel && attr->exclude_hv);
                assert_true(attr->disabled == (fake.opened[i].group < 0));
                assert_true(attr->enable_on_exec == attr->disabled);
        }
        assert_int_equal(fake.opened[count_of(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS)].group,
                         FIRST_FD + count_of(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES));
        assert_int_equal(fake.opened[count_of(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES)].group,
                         FIRST_FD + count_of(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES));
        assert_can(DN_CAN, "");
        assert_lists("cycles instructions cache_refs cache_misses stalled_backend branches branch_misses "
                     "task_clock_secs migrations page_faults ctx_switches");
}

static void without_its_children_its_threads_alone_are_counted(void **state) {
        target.children = false;
        open_source("amd");
        for (int i = 0; i < fake.n; i++)
                assert_true(fake.opened[i].attr.inherit && fake.opened[i].attr.inherit_thread);
}

static void recorded_counts_become_the_block(void **state) {
        const struct dn_row *row;

        open_source("amd");
        set_count(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, (struct dn_perf_count){3000, 100, 50});
        set_count(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, (struct dn_perf_count){4500, 100, 50});
        set_count(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, (struct dn_perf_count){70, 100, 100});
        set_count(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, (struct dn_perf_count){1234567, 1234567, 1234567});
        row = reading();
        assert_int_equal(dn_row_or_zero(row, DN_PERF_cycles), 6000);
        assert_int_equal(dn_row_or_zero(row, DN_PERF_instructions), 9000);
        assert_int_equal(dn_row_or_zero(row, DN_PERF_cache_refs), 70);
        assert_int_equal(dn_row_or_zero(row, DN_PERF_task_clock_secs), 1234);
        assert_true(dn_row_has(row, DN_PERF_branches));
        assert_int_equal(dn_row_or_zero(row, DN_PERF_branches), 0);
}

static void a_hybrid_processors_counts_are_added_up(void **state) {
        open_source("intel-hybrid");
        set_count(4, 0x3c, (struct dn_perf_count){9000, 100, 60});
        set_count(8, 0x3c, (struct dn_perf_count){1000, 100, 40});
        assert_int_equal(dn_row_or_zero(reading(), DN_PERF_cycles), 10000);
        /* Each PMU has groups of its own. */
        assert_int_equal(fake.opened[count_of(8, 0xc0)].group, FIRST_FD + count_of(8, 0x3c));
        assert_int_equal(fake.opened[count_of(4, 0xc0)].group, FIRST_FD + count_of(4, 0x3c));
}

static void without_a_pmu_the_kernels_own_counts_still_come(void **state) {
        const struct dn_row *row;

        fake.no_hardware = true;
        open_source("amd");
        set_count(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, (struct dn_perf_count){33, 5, 5});
        row = reading();
        assert_int_equal(dn_row_or_zero(row, DN_PERF_page_faults), 33);
        assert_false(dn_row_has(row, DN_PERF_cycles));
        assert_can(DN_CAN_NOT, "software counters alone, as in many virtual machines");
        assert_lists("task_clock_secs migrations page_faults ctx_switches");
}

static void who_may_not_look_into_the_kernel_gets_user_mode_and_no_switches_which_would_be_0(void **state) {
        fake.no_kernel = true;
        open_source("amd");
        for (int i = 0; i < fake.n; i++)
                assert_true(fake.opened[i].attr.exclude_kernel);
        assert_lists("cycles instructions cache_refs cache_misses stalled_backend branches branch_misses "
                     "task_clock_secs page_faults");
}

static void one_that_nothing_is_allowed_says_why_and_has_no_block(void **state) {
        dn_autotext struct dn_text why = {0};

        fake.nothing = true;
        open_source("amd");
        assert_null(reading());
        assert_int_equal(dn_source_perf.can(source, &why), DN_CAN_NOT);
        assert_true(why.n > 0);
        assert_non_null(strchr(dn_text_cstr(&why), '\n'));
        assert_lists("");
}

static void a_group_that_is_too_wide_is_counted_in_turn(void **state) {
        fake.narrow = true;
        open_source("amd");
        assert_int_equal(fake.n, DN_PERF_FIELDS);
        for (int i = 0; i < fake.n; i++)
                assert_true(fake.opened[i].group < 0 && fake.opened[i].attr.enable_on_exec);
}

/* This process as one that is attached to. */
static void admit_myself(void) {
        struct dn_member me = {.key = target.main, .slot = 0};
        struct dn_row *row;

        target.own_child = false;
        assert_int_equal(dn_procfs_hold(target.procfs, 0, getpid()), 0);
        assert_int_equal(dn_snapshot_admit(&snapshot, &me, (struct dn_key){0}, &row), 0);
}

static void one_that_runs_already_is_counted_at_once_by_thread(void **state) {
        admit_myself();
        open_source("amd");
        assert_int_equal(fake.n, 0);
        assert_non_null(reading());
        assert_int_equal(fake.n, DN_PERF_FIELDS);
        for (int i = 0; i < fake.n; i++)
                assert_true(!fake.opened[i].attr.disabled && !fake.opened[i].attr.enable_on_exec);
        assert_int_equal(fake.opened[0].tid, getpid());
        assert_non_null(reading());
        assert_int_equal(fake.n, DN_PERF_FIELDS);
        dn_procfs_release(target.procfs, 0);
}

static void too_few_descriptors_count_nothing_and_say_so(void **state) {
        admit_myself();
        fake.room = 5;
        open_source("amd");
        assert_null(reading());
        assert_int_equal(fake.open, 0);
        assert_can(DN_CAN_NOT, "too many threads for the descriptors that may be held\nulimit -n 65536");
        dn_procfs_release(target.procfs, 0);
}

static void one_that_has_ended_meanwhile_is_no_mistake(void **state) {
        admit_myself();
        fake.gone = getpid();
        open_source("amd");
        assert_null(reading());
        assert_can(DN_CAN_NOT, "the process had ended");
        dn_procfs_release(target.procfs, 0);
}

#define LIVE(name) cmocka_unit_test_setup_teardown(name, begin, end)

RUN_TESTS(cmocka_unit_test(a_format_is_bits_of_a_config), cmocka_unit_test(a_format_that_is_none_is_refused),
          cmocka_unit_test(an_event_is_terms_of_which_one_without_a_value_is_1),
          cmocka_unit_test(a_term_to_be_filled_in_and_one_too_large_are_refused),
          cmocka_unit_test(a_value_is_laid_into_bits_that_are_apart),
          cmocka_unit_test(a_processor_of_one_kind_is_asked_in_the_kernels_words),
          cmocka_unit_test(a_hybrid_one_is_asked_of_each_of_its_pmus),
          cmocka_unit_test(on_arm_the_last_cache_is_taken_by_its_own_events),
          cmocka_unit_test(accesses_and_misses_are_of_the_same_cache_or_of_none),
          cmocka_unit_test(without_a_sys_the_kernel_is_asked_all_the_same),
          cmocka_unit_test(a_count_of_all_the_time_stands_to_the_last_one),
          cmocka_unit_test(a_count_of_half_the_time_is_doubled),
          cmocka_unit_test(each_stretch_is_scaled_by_its_own_share),
          cmocka_unit_test(what_did_not_run_yet_is_made_up_for_by_the_next_reading),
          cmocka_unit_test(a_total_never_falls), cmocka_unit_test(two_pmus_share_the_time_and_nothing_is_scaled),
          LIVE(a_held_command_is_counted_from_its_exec_on_with_all_that_it_starts),
          LIVE(without_its_children_its_threads_alone_are_counted), LIVE(recorded_counts_become_the_block),
          LIVE(a_hybrid_processors_counts_are_added_up), LIVE(without_a_pmu_the_kernels_own_counts_still_come),
          LIVE(who_may_not_look_into_the_kernel_gets_user_mode_and_no_switches_which_would_be_0),
          LIVE(one_that_nothing_is_allowed_says_why_and_has_no_block),
          LIVE(a_group_that_is_too_wide_is_counted_in_turn), LIVE(one_that_runs_already_is_counted_at_once_by_thread),
          LIVE(too_few_descriptors_count_nothing_and_say_so), LIVE(one_that_has_ended_meanwhile_is_no_mistake))
