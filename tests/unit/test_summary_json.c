/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/reader.h"
#include "format/summary_json.h"
#include "records.h"

static void what_is_not_known_is_left_out(void **state) {
        dn_autotext struct dn_text text = {0};
        struct denet_summary *s = dn_summary_new();

        dn_summary_write(&text, s);
        assert_text_is(&text, "{\"total_time_secs\":0.0,\"sample_count\":0,\"max_processes\":0}");
        dn_summary_free(s);
}

static void fill(struct made *m, uint64_t *seed, int nth) {
        struct dn_row *whole;

        make(m, DN_TREE, true);
        m->record.unix_ms = m->sample.unix_ms = 1000 + nth * 100;
        m->sample.elapsed_us = nth * 100123 + 7;
        whole = dn_table_row(&m->sample.part[DN_WHOLE], 0);
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_field_is_written(id, DN_WHOLE) && random_below(seed, 10))
                        dn_row_set(whole, id, random_below(seed, 1000000), 1);
}

/* Each record into one summary as it was made, into another as it was read from its own line. */
static void a_run_and_its_file_give_the_same_summary(void **state) {
        dn_autotext struct dn_text live = {0}, read = {0};
        struct denet_summary *of_run = dn_summary_new(), *of_file = dn_summary_new();
        struct dn_reader reader = {0};
        uint64_t seed = 4;

        for (int i = 0; i < 50; i++) {
                made_cleanup struct made m;
                struct denet_record back;

                fill(&m, &seed, i);
                if (i == 49) {
                        m.record.kind = DN_EXIT;
                        m.exit.code = 7;
                        m.exit.wall_us = 5000001;
                        m.exit.peak_rss_kb = 12;
                }
                assert_int_equal(dn_summary_add(of_run, &m.record), 0);
                assert_int_equal(dn_reader_line(&reader, dn_writer_text(m.writer, &m.record), &back), 0);
                assert_int_equal(dn_summary_add(of_file, &back), 0);
        }
        dn_summary_write(&live, of_run);
        dn_summary_write(&read, of_file);
        assert_non_null(strstr(dn_text_cstr(&live), "\"exit_code\":7"));
        assert_text_is(&live, dn_text_cstr(&read));
        dn_summary_free(of_run);
        dn_summary_free(of_file);
        dn_reader_free(&reader);
}

RUN_TESTS(cmocka_unit_test(what_is_not_known_is_left_out), cmocka_unit_test(a_run_and_its_file_give_the_same_summary))
