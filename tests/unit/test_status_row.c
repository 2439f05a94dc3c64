/* SPDX-License-Identifier: GPL-3.0-or-later
 * The examples of the design, to the letter. */
#include "cli/status_row.h"
#include "common.h"

static const double kib = 1024, mib = 1048576, gib = 1073741824;

static void set(struct dn_figures *f, int figure, double value) {
        f->v[figure] = value;
        f->has |= 1U << figure;
}

static void clear(struct dn_figures *f, int figure) {
        f->has &= ~(1U << figure);
}

/* What the examples stand for. */
static struct dn_figures example(void) {
        struct dn_figures f = {.elapsed_secs = 723, .cores = 16, .memory_limit = 64 * gib};

        set(&f, DN_FIGURE_CORES_BUSY, 14.9);
        set(&f, DN_FIGURE_MEMORY, 12.4 * gib);
        set(&f, DN_FIGURE_MEMORY_PEAK, 14.1 * gib);
        set(&f, DN_FIGURE_READ, 301 * mib);
        set(&f, DN_FIGURE_WRITTEN, 137 * mib);
        set(&f, DN_FIGURE_PROCESSES, 17);
        set(&f, DN_FIGURE_THREADS, 141);
        set(&f, DN_FIGURE_FROM_DISK, 58 * mib);
        set(&f, DN_FIGURE_TO_DISK, 136 * mib);
        return f;
}

static void add_gpu(struct dn_figures *f) {
        set(f, DN_FIGURE_GPU_BUSY, 87);
        set(f, DN_FIGURE_GPU_MEMORY, 31.2 * gib);
}

/* "▁▂▃▅▆▇█████████▇███████████████▇": eighths of the 16 cores, by the cell; the last 8 cells of `few` are those of 80
 * columns. */
static struct dn_spark sparks(const char *levels) {
        struct dn_spark s = {0};

        for (int i = 0; levels[i]; i++)
                dn_spark_add(&s, 2 * i, 2 * i + 2, (levels[i] - '0') * 2 + 1);
        return s;
}
static const char many[] = "01245677777777767777777777777776", few[] = "14677776";

static void assert_row(const struct dn_figures *f, const char *levels, int columns, bool utf8, const char *expected) {
        const struct dn_status_look look = {.columns = columns, .utf8 = utf8};
        struct dn_spark spark = sparks(levels);
        struct dn_status_row row = {0};
        dn_autotext struct dn_text text = {0};

        dn_status_row_put(&row, &text, f, &spark, &look);
        assert_text_is(&text, expected);
}

static void at_80_columns_it_is_as_designed(void **state) {
        struct dn_figures f = example();

        assert_row(&f, few, 80, true, "denet 12:03  cpu 14.9/16 ▂▅▇████▇  mem 12.4 GiB peak 14.1  r 301 w 137 MiB/s");
        assert_row(&f, few, 80, false, "denet 12:03  cpu 14.9/16 .=*####*  mem 12.4 GiB peak 14.1  r 301 w 137 MiB/s");
        add_gpu(&f);
        assert_row(&f, few, 80, true, "denet 12:03  cpu 14.9/16 ▂▅▇████▇  mem 12.4 GiB peak 14.1  gpu 87% 31.2 GiB");
}

static void at_40_columns_it_is_as_designed(void **state) {
        struct dn_figures f = example();

        assert_row(&f, few, 40, true, "denet 12:03  cpu 14.9  mem 12.4 GiB");
        assert_row(&f, few, 40, false, "denet 12:03  cpu 14.9  mem 12.4 GiB");
}

static void below_60_columns_the_sparkline_goes_first(void **state) {
        struct dn_figures f = example();

        assert_row(&f, few, 59, false, "denet 12:03  cpu 14.9  mem 12.4 GiB peak 14.1  17 procs");
        assert_row(&f, few, 60, false, "denet 12:03  cpu 14.9/16 .=*####*  mem 12.4 GiB peak 14.1");
}

static void at_200_columns_it_is_as_designed(void **state) {
        struct dn_figures f = example();

        add_gpu(&f);
        set(&f, DN_FIGURE_NET_IN, 1.2 * mib);
        set(&f, DN_FIGURE_NET_OUT, 0.1 * mib);
        assert_row(&f, many, 200, true,
                   "denet 12:03  cpu 14.9/16 ▁▂▃▅▆▇█████████▇███████████████▇  mem 12.4 GiB peak 14.1 of 64.0  gpu 87% "
                   "31.2 GiB  r 301 w 137 MiB/s  17 procs 141 threads  disk r 58.0 w 136 MiB/s  net 1.20 0.10 MiB/s");
        assert_row(&f, many, 200, false,
                   "denet 12:03  cpu 14.9/16 _.:=+*#########*###############*  mem 12.4 GiB peak 14.1 of 64.0  gpu 87% "
                   "31.2 GiB  r 301 w 137 MiB/s  17 procs 141 threads  disk r 58.0 w 136 MiB/s  net 1.20 0.10 MiB/s");
}

static void at_140_columns_what_is_worth_less_gives_way(void **state) {
        struct dn_figures f = example();

        assert_row(&f, many, 140, false,
                   "denet 12:03  cpu 14.9/16 _.:=+*#########*###############*  mem 12.4 GiB peak 14.1 of 64.0  r 301 w "
                   "137 MiB/s  17 procs 141 threads");
}

static void a_field_is_shown_whole_or_not_at_all_and_one_column_stays_free(void **state) {
        const struct dn_figures f = example();
        struct dn_spark spark = sparks(few);

        for (int columns = 40; columns < 250; columns++) {
                const struct dn_status_look look = {.columns = columns};
                struct dn_status_row row = {0};
                dn_autotext struct dn_text text = {0};

                dn_status_row_put(&row, &text, &f, &spark, &look);
                assert_true((int)text.n < columns);
                assert_non_null(strstr(dn_text_cstr(&text), "mem 12.4 GiB"));
                assert_true(text.p[text.n - 1] != ' ');
        }
}

static void a_line_has_all_fields_and_no_sparkline(void **state) {
        const struct dn_status_look look = {0};
        struct dn_figures f = example();
        struct dn_status_row row = {0};
        dn_autotext struct dn_text text = {0};

        dn_status_row_put(&row, &text, &f, NULL, &look);
        assert_text_is(&text,
                       "denet 12:03  cpu 14.9/16  mem 12.4 GiB peak 14.1 of 64.0  r 301 w 137 MiB/s  17 procs 141 "
                       "threads  disk r 58.0 w 136 MiB/s");
}

static void what_is_not_known_is_left_out(void **state) {
        struct dn_figures f = {.elapsed_secs = 5};

        assert_row(&f, "", 200, false, "denet 00:05");
        f = example();
        clear(&f, DN_FIGURE_READ);
        clear(&f, DN_FIGURE_PROCESSES);
        f.cores = f.memory_limit = 0;
        assert_row(&f, few, 200, false,
                   "denet 12:03  cpu 14.9  mem 12.4 GiB peak 14.1  141 threads  disk r 58.0 w 136 MiB/s");
}

static void a_pair_has_the_larger_ones_unit(void **state) {
        struct dn_figures f = example();

        set(&f, DN_FIGURE_MEMORY, 812 * mib);
        set(&f, DN_FIGURE_READ, 900);
        set(&f, DN_FIGURE_WRITTEN, 0);
        assert_row(&f, few, 80, false,
                   "denet 12:03  cpu 14.9/16 .=*####*  mem 0.79 GiB peak 14.1  r 0.88 w 0.00 KiB/s");
        set(&f, DN_FIGURE_MEMORY, 2 * kib);
        set(&f, DN_FIGURE_MEMORY_PEAK, 12.5 * mib);
        assert_row(&f, few, 55, false, "denet 12:03  cpu 14.9  mem 0.00 MiB peak 12.5");
}

static void what_stands_behind_a_number_stays_where_it_is(void **state) {
        const struct dn_status_look look = {.columns = 120};
        struct dn_figures f = example();
        struct dn_status_row row = {0};
        dn_autotext struct dn_text first = {0}, second = {0};

        set(&f, DN_FIGURE_WRITTEN, 58 * mib);
        dn_status_row_put(&row, &first, &f, NULL, &look);
        set(&f, DN_FIGURE_WRITTEN, 137 * mib);
        set(&f, DN_FIGURE_PROCESSES, 9);
        dn_status_row_put(&row, &second, &f, NULL, &look);
        assert_text_is(&first,
                       "denet 12:03  cpu 14.9/16  mem 12.4 GiB peak 14.1 of 64.0  r 301 w 58.0 MiB/s  17 procs 141 "
                       "threads");
        assert_text_is(&second,
                       "denet 12:03  cpu 14.9/16  mem 12.4 GiB peak 14.1 of 64.0  r 301 w  137 MiB/s   9 procs 141 "
                       "threads");
}

static void one_process_is_no_processes(void **state) {
        struct dn_figures f = {0};

        set(&f, DN_FIGURE_PROCESSES, 1);
        set(&f, DN_FIGURE_THREADS, 1);
        assert_row(&f, "", 80, false, "denet 00:00  1 proc 1 thread");
}

static void long_times_have_hours(void **state) {
        struct dn_figures f = {.elapsed_secs = 3599};

        assert_row(&f, "", 80, false, "denet 59:59");
        f.elapsed_secs = 3600;
        assert_row(&f, "", 80, false, "denet 1:00:00");
        f.elapsed_secs = 100 * 3600 + 61;
        assert_row(&f, "", 80, false, "denet 100:01:01");
}

static void styles_are_those_of_the_design(void **state) {
        const struct dn_status_look look = {.columns = 40, .colour = true};
        struct dn_figures f = example();
        struct dn_status_row row = {0};
        dn_autotext struct dn_text text = {0};

        dn_status_row_put(&row, &text, &f, NULL, &look);
        assert_text_is(&text, "\033[1mdenet\033[0m 12:03  \033[2mcpu\033[0m 14.9  \033[2mmem\033[0m 12.4 GiB");
        set(&f, DN_FIGURE_MEMORY, 0.9 * f.memory_limit);
        dn_text_reset(&text);
        dn_status_row_put(&row, &text, &f, NULL, &look);
        assert_text_is(&text,
                       "\033[1mdenet\033[0m 12:03  \033[2mcpu\033[0m 14.9  \033[33mmem\033[0m\033[33m 57.6 GiB\033[0m");
}

static void with_all_that_there_is_it_fits_into_one_write(void **state) {
        enum { WRITE_MAX = 512, SEQUENCES = 48 };
        const struct dn_status_look look = {.columns = 9999, .colour = true, .utf8 = true};
        struct dn_figures f = {.elapsed_secs = 99999999, .cores = 9999, .memory_limit = 999 * gib};
        struct dn_spark spark = sparks(many);
        struct dn_status_row row = {0};
        dn_autotext struct dn_text text = {0};

        for (int i = 0; i < DN_FIGURES; i++)
                set(&f, i, 99.9 * gib);
        set(&f, DN_FIGURE_CORES_BUSY, 1234);
        set(&f, DN_FIGURE_GPU_BUSY, 100);
        set(&f, DN_FIGURE_MEMORY, 998 * gib);
        dn_status_row_put(&row, &text, &f, &spark, &look);
        assert_true(text.n + SEQUENCES < WRITE_MAX);
}

RUN_TESTS(cmocka_unit_test(at_80_columns_it_is_as_designed), cmocka_unit_test(at_40_columns_it_is_as_designed),
          cmocka_unit_test(below_60_columns_the_sparkline_goes_first),
          cmocka_unit_test(at_200_columns_it_is_as_designed),
          cmocka_unit_test(at_140_columns_what_is_worth_less_gives_way),
          cmocka_unit_test(a_field_is_shown_whole_or_not_at_all_and_one_column_stays_free),
          cmocka_unit_test(a_line_has_all_fields_and_no_sparkline), cmocka_unit_test(what_is_not_known_is_left_out),
          cmocka_unit_test(a_pair_has_the_larger_ones_unit),
          cmocka_unit_test(what_stands_behind_a_number_stays_where_it_is),
          cmocka_unit_test(one_process_is_no_processes), cmocka_unit_test(long_times_have_hours),
          cmocka_unit_test(styles_are_those_of_the_design),
          cmocka_unit_test(with_all_that_there_is_it_fits_into_one_write))
