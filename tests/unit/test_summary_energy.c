/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "folded.h"

static void assert_number(const struct denet_summary *s, const char *name, int64_t uj) {
        int64_t steps;
        int decimals;

        assert_int_equal(dn_summary_get(s, dn_str_of(name), &steps, &decimals), 0);
        assert_int_equal(decimals, 6);
        assert_int_equal(steps, uj);
}

#define SAMPLE(ms, block) "{\"kind\":\"sample\",\"ts_ms\":" #ms ",\"cpu_usage\":1" block "}"
#define FIRST SAMPLE(1000, ",\"rapl\":{\"package_joules\":2.5,\"process_joules\":0.5}")
#define SECOND SAMPLE(2000, ",\"rapl\":{\"package_joules\":4.0,\"process_joules\":1.0,\"dram_joules\":0.25}")
#define EXIT \
        "{\"kind\":\"exit\",\"ts_ms\":3000,\"rapl\":{\"package_joules\":7.0,\"process_joules\":2.0},\"totals\":{" \
        "\"wall_secs\":2.0}}"

static void samples_add_up(void **state) {
        static const char *const lines[] = {FIRST, SECOND};
        struct denet_summary *s = folded(lines, 2);
        dn_autotext struct dn_text text = {0};

        assert_number(s, "energy.package_joules", 6500000);
        assert_number(s, "energy.process_joules", 1500000);
        assert_number(s, "energy.dram_joules", 250000);
        dn_summary_write(&text, s);
        assert_non_null(strstr(dn_text_cstr(&text),
                               "\"energy\":{\"package_joules\":6.5,\"process_joules\":1.5,\"dram_joules\":0.25}"));
        dn_summary_free(s);
}

static void the_exit_record_has_the_total(void **state) {
        static const char *const lines[] = {FIRST, SECOND, EXIT};
        struct denet_summary *s = folded(lines, 3);

        assert_number(s, "energy.package_joules", 7000000);
        assert_number(s, "energy.process_joules", 2000000);
        assert_number(s, "energy.dram_joules", 250000);
        dn_summary_free(s);
}

static void what_no_record_has_is_not_known(void **state) {
        static const char *const lines[] = {SAMPLE(1000, "")};
        struct denet_summary *s = folded(lines, 1);
        dn_autotext struct dn_text text = {0};
        int64_t steps;
        int decimals;

        assert_int_equal(dn_summary_get(s, DN_STR("energy.core_joules"), &steps, &decimals), -ENODATA);
        assert_int_equal(dn_summary_get(s, DN_STR("energy.nothing"), &steps, &decimals), -ENOENT);
        dn_summary_write(&text, s);
        assert_null(strstr(dn_text_cstr(&text), "energy"));
        dn_summary_free(s);
}

RUN_TESTS(cmocka_unit_test(samples_add_up), cmocka_unit_test(the_exit_record_has_the_total),
          cmocka_unit_test(what_no_record_has_is_not_known))
