/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "folded.h"

/* The verdict's bounds are strict: what stands on one is not beyond it. */
static void the_verdict_is_told_by_stalls_and_instructions_a_cycle(void **state) {
        static const struct {
                int64_t ipc, stalled, psi;
                enum dn_verdict verdict;
        } cases[] = {
                {9999, 5001, -1, DN_MEMORY_BOUND},    {10000, 5001, -1, DN_MIXED},
                {9999, 5000, -1, DN_MIXED},           {15001, 1999, -1, DN_CPU_BOUND},
                {15000, 1999, -1, DN_MIXED},          {15001, 2000, -1, DN_MIXED},
                {20000, 1000, 10000, DN_CPU_BOUND},   {12000, 3000, 5001, DN_MEMORY_BOUND},
                {12000, 3000, 5000, DN_MIXED},        {-1, -1, 5001, DN_MEMORY_BOUND},
                {-1, -1, 5000, DN_INSUFFICIENT_DATA}, {-1, -1, -1, DN_INSUFFICIENT_DATA},
                {20000, -1, 0, DN_INSUFFICIENT_DATA},
        };

        for (size_t i = 0; i < DN_COUNT(cases); i++)
                assert_int_equal(dn_verdict(cases[i].ipc, cases[i].stalled, cases[i].psi), cases[i].verdict);
}

static void assert_block(const char *const *lines, size_t n, const char *block) {
        dn_autotext struct dn_text text = {0};
        struct denet_summary *s = folded(lines, n);

        dn_summary_write(&text, s);
        if (!block)
                assert_null(strstr(dn_text_cstr(&text), "memory_characterization"));
        else if (!strstr(dn_text_cstr(&text), block))
                fail_msg("%s is not in %s", block, dn_text_cstr(&text));
        dn_summary_free(s);
}

#define SAMPLE(elapsed, blocks) \
        "{\"kind\":\"sample\",\"ts_ms\":1700000000000,\"elapsed_us\":" #elapsed ",\"cpu_usage\":1" blocks "}"

static void pressure_counts_by_the_time_that_it_lasted(void **state) {
        static const char *const lines[] = {
                SAMPLE(1000000, ",\"psi_mem\":{\"some_avg10\":0.0}"),
                SAMPLE(4000000, ",\"psi_mem\":{\"some_avg10\":0.25}"),
        };

        assert_block(lines, 2, "\"memory_characterization\":{\"psi_some_fraction\":0.75,\"verdict\":\"memory-bound\"}");
}

static void counters_are_added_up_and_divided(void **state) {
        static const char *const lines[] = {
                SAMPLE(1, ",\"perf\":{\"cycles\":1000,\"instructions\":400,\"cache_refs\":10,\"cache_misses\":1,"
                          "\"stalled_backend\":700}"),
                SAMPLE(2, ",\"perf\":{\"cycles\":1000,\"instructions\":600,\"cache_refs\":10,\"cache_misses\":4,"
                          "\"stalled_backend\":500}"),
        };

        assert_block(lines, 2,
                     "\"memory_characterization\":{\"mean_ipc\":0.5,\"llc_miss_rate\":0.25,"
                     "\"backend_stall_ratio\":0.6,\"verdict\":\"memory-bound\"}");
}

static void the_totals_of_the_exit_record_replace_the_sum(void **state) {
        static const char *const lines[] = {
                SAMPLE(1, ",\"perf\":{\"cycles\":1000,\"instructions\":400}"),
                "{\"kind\":\"exit\",\"ts_ms\":1700000000001,\"perf\":{\"cycles\":2000,\"instructions\":4000},"
                "\"totals\":{\"wall_secs\":1}}",
        };

        assert_block(lines, 2, "\"memory_characterization\":{\"mean_ipc\":2.0,\"verdict\":\"insufficient-data\"}");
}

static void without_counters_and_pressure_there_is_no_block(void **state) {
        static const char *const lines[] = {SAMPLE(1, "")};

        assert_block(lines, 1, NULL);
}

RUN_TESTS(cmocka_unit_test(the_verdict_is_told_by_stalls_and_instructions_a_cycle),
          cmocka_unit_test(pressure_counts_by_the_time_that_it_lasted),
          cmocka_unit_test(counters_are_added_up_and_divided),
          cmocka_unit_test(the_totals_of_the_exit_record_replace_the_sum),
          cmocka_unit_test(without_counters_and_pressure_there_is_no_block))
