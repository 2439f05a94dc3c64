/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/figures.h"
#include "common.h"

enum { START_MS = 1000000 };

/* Gives each record of the text to the meter. */
static void feed(struct dn_meter *m, const char *lines) {
        const denet_record *record;
        denet *d;

        assert_int_equal(denet_parse(&d, NULL, lines, strlen(lines), NULL), 0);
        while (denet_next(d, -1, &record) == 1)
                dn_meter_add(m, record, START_MS);
        denet_free(d);
}

#define TREE(ts, cpu, rss, read, written) \
        "{\"kind\":\"tree\",\"ts_ms\":" #ts ",\"parent\":null,\"children\":[],\"aggregated\":{\"ts_ms\":" #ts \
        ",\"cpu_usage\":" #cpu ",\"mem_rss_kb\":" #rss ",\"syscall_read_bytes\":" #read \
        ",\"syscall_write_bytes\":" #written ",\"process_count\":3}}\n"

static void assert_figure(const struct dn_meter *m, int figure, double expected) {
        assert_true(dn_figures_have(&m->now, figure));
        assert_float_equal(m->now.v[figure], expected, 0.001);
}

static void counters_become_rates_over_the_last_interval(void **state) {
        struct dn_meter m;

        dn_meter_open(&m, false);
        feed(&m, TREE(1000500, 250.0, 2048, 1000, 500) TREE(1002500, 50.0, 1024, 5000, 500));
        assert_figure(&m, DN_FIGURE_READ, 2000);
        assert_figure(&m, DN_FIGURE_WRITTEN, 0);
        assert_figure(&m, DN_FIGURE_CORES_BUSY, 0.5);
        assert_figure(&m, DN_FIGURE_MEMORY, 1048576);
        assert_figure(&m, DN_FIGURE_MEMORY_PEAK, 2097152);
        assert_figure(&m, DN_FIGURE_PROCESSES, 3);
        assert_float_equal(m.now.elapsed_secs, 2.5, 0.0001);
}

static void the_first_interval_begins_with_the_stream(void **state) {
        struct dn_meter m;

        dn_meter_open(&m, false);
        feed(&m, TREE(1000500, 0.0, 1, 1000, 0));
        assert_figure(&m, DN_FIGURE_READ, 2000);
}

static void what_was_before_the_stream_is_no_rate(void **state) {
        struct dn_meter m;

        dn_meter_open(&m, true);
        feed(&m, TREE(1000500, 0.0, 1, 1000000, 0));
        assert_false(dn_figures_have(&m.now, DN_FIGURE_READ));
        feed(&m, TREE(1001500, 0.0, 1, 1000100, 0));
        assert_figure(&m, DN_FIGURE_READ, 100);
}

static void what_a_record_does_not_have_is_not_known(void **state) {
        struct dn_meter m;

        dn_meter_open(&m, false);
        feed(&m, TREE(1000500, 0.0, 1, 1, 1));
        assert_false(dn_figures_have(&m.now, DN_FIGURE_GPU_BUSY));
        assert_false(dn_figures_have(&m.now, DN_FIGURE_THREADS));
        assert_false(dn_figures_have(&m.now, DN_FIGURE_NET_IN));
}

static void a_counter_that_falls_is_no_negative_rate(void **state) {
        struct dn_meter m;

        dn_meter_open(&m, false);
        feed(&m, TREE(1000500, 0.0, 1, 1000, 1) TREE(1001500, 0.0, 1, 10, 1));
        assert_figure(&m, DN_FIGURE_READ, 0);
}

RUN_TESTS(cmocka_unit_test(counters_become_rates_over_the_last_interval),
          cmocka_unit_test(the_first_interval_begins_with_the_stream),
          cmocka_unit_test(what_was_before_the_stream_is_no_rate),
          cmocka_unit_test(what_a_record_does_not_have_is_not_known),
          cmocka_unit_test(a_counter_that_falls_is_no_negative_rate))
