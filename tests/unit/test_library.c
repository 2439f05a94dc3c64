/* SPDX-License-Identifier: GPL-3.0-or-later
 * The public interface but for how streams run: fields and their values, a probe, sinks, summaries. */
#include "streams.h"

static void names_and_ids_of_fields_agree(void **state) {
        const denet_field *field;
        int n = 0;

        for (; (field = denet_field_at(n)); n++) {
                assert_true(strlen(field->name) > 0 && strlen(field->unit) > 0);
                assert_true(strlen(field->origin) > 0 && strlen(field->meaning) > 0);
                assert_non_null(field->block);
                if (!*field->block)
                        assert_int_equal(denet_field_id(field->name), n);
                assert_in_range(field->decimals, 0, 9);
                assert_int_equal(field->part == DENET_WHOLE, !*field->block);
        }
        assert_true(n > 25);
        assert_null(denet_field_at(-1));
        assert_null(denet_field_at(n));
        assert_null(denet_field_at(INT32_MAX));
        assert_int_equal(denet_field_id("no_such_field"), -ENOENT);
        assert_int_equal(denet_field_id(""), -ENOENT);
        assert_int_equal(denet_field_id("state"), -ENOENT);
}

static const denet_field *field_of(const char *name) {
        return denet_field_at(denet_field_id(name));
}

static void a_field_says_whose_rows_have_it(void **state) {
        assert_int_equal(field_of("cgroup.memory_peak_kb")->part, DENET_CGROUP);
        assert_int_equal(field_of("psi_mem.some_avg10")->part, DENET_PSI);
        assert_int_equal(field_of("rapl.package_joules")->part, DENET_ENERGY);
        assert_int_equal(field_of("gpu.total_memory_used")->part, DENET_GPU_ALL);
        assert_int_equal(field_of("gpu.total_memory_used")->many, 0);
        assert_int_equal(field_of("gpu.devices.temperature")->part, DENET_GPU);
        assert_int_equal(field_of("gpu.devices.temperature")->many, 1);
}

static void a_value_that_is_not_known_is_enodata(void **state) {
        const denet_row *row;
        double number;
        int64_t steps;
        denet *d = parse("{\"kind\":\"tree\",\"ts_ms\":5,\"parent\":{\"ts_ms\":5,\"cpu_usage\":1.25},\"children\":[],"
                         "\"aggregated\":{\"ts_ms\":5,\"cpu_usage\":1.25}}\n");

        row = denet_record_row(wait_for(d, DENET_TREE), DENET_MAIN, 0);
        assert_int_equal(denet_row_steps(row, denet_field_id("cpu_usage"), &steps), 0);
        assert_int_equal(steps, 125);
        assert_int_equal(denet_row_number(row, denet_field_id("cpu_usage"), &number), 0);
        assert_true(number == 1.25);
        assert_int_equal(denet_row_number(row, denet_field_id("mem_rss_kb"), &number), -ENODATA);
        assert_int_equal(denet_row_number(row, -1, &number), -ENODATA);
        assert_int_equal(denet_row_steps(row, -ENOENT, &steps), -ENODATA);
        assert_int_equal(denet_row_steps(row, INT32_MAX, &steps), -ENODATA);
        assert_int_equal(denet_row_pid(row), 0);
        assert_string_equal(denet_row_name(row), "");
        denet_free(d);
}

static void a_probe_gives_the_machine_and_what_can_be_measured_on_it(void **state) {
        const denet_record *record;
        denet *d = NULL;

        assert_int_equal(denet_probe(&d, NULL, NULL), 0);
        assert_int_equal(denet_next(d, -1, &record), 1);
        assert_int_equal(denet_record_kind(record), DENET_ENV);
        assert_int_equal(denet_next(d, -1, &record), 1);
        assert_int_equal(denet_record_kind(record), DENET_METADATA);
        assert_true(denet_record_ts_ms(record) > 0);
        for (const char **key =
                     (const char *[]){"processes", "io", "psi", "perf_hw", "rapl", "gpu", "ebpf", "cgroup", 0};
             *key; key++) {
                char start[64];

                snprintf(start, sizeof(start), "\"%s\":{\"available\":", *key);
                assert_non_null(strstr(denet_record_json(record, NULL), start));
        }
        assert_int_equal(denet_next(d, -1, &record), 0);
        assert_int_equal(denet_pid(d), -ESRCH);
        assert_int_equal(denet_fd(d), -ENOTSUP);
        denet_free(d);
}

static void a_sink_that_cannot_be_opened_says_why(void **state) {
        denet_error error = {0};
        denet_sink *sink = NULL;

        assert_int_equal(denet_sink_open(&sink, "/tmp/denet-test-none", "xml", &error), -EINVAL);
        assert_int_equal(denet_sink_open(&sink, "/nowhere/at/all", NULL, &error), -ENOENT);
        assert_int_equal(denet_sink_open_fd(&sink, 1, "xml"), -EINVAL);
        assert_int_not_equal(access("/tmp/denet-test-none", F_OK), 0);
        assert_true(strlen(denet_version()) > 0);
        assert_null(sink);
}

static void freeing_nothing_is_nothing(void **state) {
        assert_null(denet_free(NULL));
        assert_null(denet_summary_free(NULL));
        assert_int_equal(denet_sink_close(NULL), 0);
}

static void a_summary_of_nothing_has_no_numbers(void **state) {
        denet_summary *s = denet_summary_new();
        double number;

        assert_int_equal(denet_summary_number(s, "exit_code", &number), -ENODATA);
        assert_int_equal(denet_summary_number(s, "no_such_number", &number), -ENODATA);
        assert_int_equal(denet_summary_number(s, "sample_count", &number), 0);
        assert_true(number == 0);
        assert_non_null(denet_summary_json(s, NULL));
        denet_summary_free(s);
}

RUN_TESTS(LEAVES_NOTHING(names_and_ids_of_fields_agree), LEAVES_NOTHING(a_field_says_whose_rows_have_it),
          LEAVES_NOTHING(a_value_that_is_not_known_is_enodata),
          LEAVES_NOTHING(a_probe_gives_the_machine_and_what_can_be_measured_on_it),
          LEAVES_NOTHING(a_sink_that_cannot_be_opened_says_why), LEAVES_NOTHING(freeing_nothing_is_nothing),
          LEAVES_NOTHING(a_summary_of_nothing_has_no_numbers))
