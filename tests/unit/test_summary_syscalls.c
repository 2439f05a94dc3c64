/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "folded.h"
#include <errno.h>

static void assert_summary(const char *const *lines, size_t n, const char *piece) {
        dn_autotext struct dn_text text = {0};
        struct denet_summary *s = folded(lines, n);

        dn_summary_write(&text, s);
        if (!strstr(dn_text_cstr(&text), piece))
                fail_msg("%s is not in %s", piece, dn_text_cstr(&text));
        dn_summary_free(s);
}

#define TREE(rate, io) \
        "{\"kind\":\"tree\",\"ts_ms\":1000,\"elapsed_us\":1000000,\"aggregated\":{\"cpu_usage\":50.0,\"ebpf\":{" \
        "\"syscalls\":{\"total\":5,\"analysis\":{\"syscall_rate_per_sec\":" rate ",\"io_intensity\":" io "}}}}}"

static void the_last_record_stands(void **state) {
        static const char *const lines[] = {
                TREE("10.5", "0.1"), TREE("20.25", "0.6"),
                "{\"kind\":\"exit\",\"ts_ms\":2000,\"ebpf\":{\"syscalls\":{\"analysis\":{\"syscall_rate_per_sec\":30.5,"
                "\"io_intensity\":0.75,\"memory_intensity\":0.125,\"cpu_intensity\":0.0625,\"network_intensity\":0.0}}}"
                ","
                "\"totals\":{}}"};

        assert_summary(lines, 2, "\"avg_syscall_rate_per_sec\":20.25,\"avg_io_syscall_fraction\":0.6}");
        assert_summary(lines, 3,
                       "\"syscalls\":{\"avg_syscall_rate_per_sec\":30.5,\"avg_io_syscall_fraction\":0.75,"
                       "\"avg_memory_syscall_fraction\":0.125,\"avg_cpu_syscall_fraction\":0.0625,"
                       "\"avg_network_syscall_fraction\":0.0}");
        assert_summary(lines, 3, "\"behaviour\":\"I/O-bound\"");
}

static void behaviour_is_what_half_of_the_calls_are_about(void **state) {
        static const struct {
                int64_t rate, io, memory, network, cpu_usage;
                const char *behaviour;
        } cases[] = {
                {100000, 5000, 0, 0, 100, "I/O-bound"},    {100000, 4999, 0, 0, 100, "mixed"},
                {100000, 0, 5000, 0, 100, "memory-bound"}, {100000, 0, 0, 5000, 100, "network-bound"},
                {99999, 9000, 0, 0, 9000, "CPU-bound"},    {100000, 9000, 0, 0, 9000, "I/O-bound"},
                {99999, 9000, 0, 0, 8999, "I/O-bound"},
        };

        for (size_t i = 0; i < DN_COUNT(cases); i++) {
                struct dn_summary_syscalls s = {31, {cases[i].rate, cases[i].io, cases[i].memory, 0, cases[i].network}};

                assert_true(dn_str_equal(dn_summary_behaviour(&s, cases[i].cpu_usage), dn_str_of(cases[i].behaviour)));
        }
}

static void without_calls_nothing_is_said(void **state) {
        const struct dn_summary_syscalls none = {0};
        int64_t steps;
        int decimals;
        struct denet_summary *s = dn_summary_new();

        assert_int_equal(dn_summary_behaviour(&none, 10000).n, 0);
        assert_int_equal(dn_summary_get(s, DN_STR("syscalls.avg_syscall_rate_per_sec"), &steps, &decimals), -ENODATA);
        assert_int_equal(dn_summary_get(s, DN_STR("syscalls.no_such"), &steps, &decimals), -ENOENT);
        dn_summary_free(s);
}

RUN_TESTS(cmocka_unit_test(the_last_record_stands), cmocka_unit_test(behaviour_is_what_half_of_the_calls_are_about),
          cmocka_unit_test(without_calls_nothing_is_said))
