/* SPDX-License-Identifier: GPL-3.0-or-later
 * Parts beside those of processes and of the whole: their fields, their rows, their text and back. */
#include "format/csv_write.h"
#include "format/reader.h"
#include "records.h"

static void a_block_counts_its_fields_from_0(void **state) {
        int first = dn_part_first(DN_CGROUP);

        assert_int_equal(first, DN_CGROUP_cpu_secs);
        assert_int_equal(dn_field_index(DN_CGROUP_cpu_secs), 0);
        for (int id = 0; id < DN_ALL_FIELDS; id++) {
                assert_int_equal(dn_fields[id].index, id - dn_part_first(dn_fields[id].part));
                assert_int_equal(dn_field_index(id), dn_fields[id].index);
        }
}

static void a_field_of_a_block_is_found_by_both_names(void **state) {
        assert_int_equal(dn_field_find(DN_STR("cgroup.io_read_ops")), DN_CGROUP_io_read_ops);
        assert_int_equal(dn_field_find(DN_STR("io_read_ops")), DN_io_read_ops);
        assert_int_equal(dn_field_find_in(DN_CGROUP, DN_STR("io_read_ops")), DN_CGROUP_io_read_ops);
        assert_int_equal(dn_field_find(DN_STR("cgroup.mem_rss_kb")), -ENOENT);
        assert_int_equal(dn_field_find(DN_STR("cgroup.")), -ENOENT);
        assert_int_equal(dn_field_find(DN_STR("cgroup")), -ENOENT);
        assert_int_equal(dn_field_find(DN_STR(".mem_rss_kb")), -ENOENT);
        assert_int_equal(dn_field_find(DN_STR("memory_peak_kb")), -ENOENT);
        for (int id = DN_FIELDS; id < DN_ALL_FIELDS; id++) {
                assert_true(dn_field_is_written(id, dn_fields[id].part));
                assert_false(dn_field_is_written(id, DN_WHOLE));
        }
}

static void rows_of_a_block_keep_what_they_are_given(void **state) {
        struct dn_table parts[DN_PARTS] = {0};
        struct dn_row *row = dn_block_row(parts, DN_CGROUP);
        int64_t value = 0;

        assert_non_null(row);
        assert_int_equal(row->block, DN_CGROUP);
        for (int id = DN_CGROUP_cpu_secs; id < DN_ALL_FIELDS && dn_fields[id].part == DN_CGROUP; id++)
                dn_row_set(row, id, id, 1);
        for (int id = DN_CGROUP_cpu_secs; id < DN_ALL_FIELDS && dn_fields[id].part == DN_CGROUP; id++) {
                assert_true(dn_row_get(row, id, &value));
                assert_int_equal(value, id);
        }
        dn_row_unset(row, DN_CGROUP_pids_peak, 2);
        assert_false(dn_row_has(row, DN_CGROUP_pids_peak));
        assert_true(dn_row_has(row, DN_CGROUP_pids_current));
        assert_ptr_equal(dn_block_row(parts, DN_CGROUP), row);
        dn_table_free(&parts[DN_CGROUP]);
}

static void counters_of_a_block_are_counted_from_the_first_snapshot(void **state) {
        struct dn_baseline first = {.at.number = 1};
        struct dn_snapshot now = {.number = 2, .mono_ns = 1000000};
        struct dn_sample sample = {0};
        const struct dn_row *row;
        struct dn_row *from;

        assert_non_null(dn_table_add(&first.at.part[DN_WHOLE]));
        assert_non_null(dn_table_add(&now.part[DN_WHOLE]));
        from = dn_block_row(first.at.part, DN_CGROUP);
        dn_row_set(from, DN_CGROUP_cpu_secs, 100, 1);
        dn_row_set(from, DN_CGROUP_memory_peak_kb, 7, 1);
        dn_row_set(dn_block_row(now.part, DN_CGROUP), DN_CGROUP_cpu_secs, 160, 2);
        dn_row_set(dn_block_row(now.part, DN_CGROUP), DN_CGROUP_memory_peak_kb, 9, 2);
        dn_row_set(dn_block_row(now.part, DN_CGROUP), DN_CGROUP_memory_oom_kills, 2, 2);
        assert_int_equal(dn_derive(&first, 0, &first.at, &now, (struct dn_key){1, 1}, &sample), 0);
        row = dn_table_row(&sample.part[DN_CGROUP], 0);
        assert_int_equal(dn_row_or_zero(row, DN_CGROUP_cpu_secs), 60);
        assert_int_equal(dn_row_or_zero(row, DN_CGROUP_memory_peak_kb), 9);
        assert_int_equal(dn_row_or_zero(row, DN_CGROUP_memory_oom_kills), 2);
        first.at.part[DN_CGROUP].n = 0; /* one of the job's own: counted from its making */
        assert_int_equal(dn_derive(&first, 0, &first.at, &now, (struct dn_key){1, 1}, &sample), 0);
        assert_int_equal(dn_row_or_zero(dn_table_row(&sample.part[DN_CGROUP], 0), DN_CGROUP_cpu_secs), 160);
        now.part[DN_CGROUP].n = 0;
        assert_int_equal(dn_derive(&first, 0, &first.at, &now, (struct dn_key){1, 1}, &sample), 0);
        assert_int_equal(sample.part[DN_CGROUP].n, 0);
        dn_baseline_free(&first);
        dn_snapshot_free(&now);
        dn_sample_free(&sample);
}

static void assert_comes_back(int kind, const char *expected) {
        struct dn_reader reader = {.children = true};
        made_cleanup struct made m;
        struct denet_record back;
        struct dn_row *row;
        struct dn_str line;

        make(&m, kind, false);
        row = dn_block_row(m.sample.part, DN_CGROUP);
        dn_row_set(row, DN_CGROUP_cpu_secs, 1500000, 1);
        dn_row_set(row, DN_CGROUP_memory_peak_kb, 12, 1);
        line = dn_writer_text(m.writer, &m.record);
        assert_str_is(line, expected);
        assert_int_equal(dn_reader_line(&reader, line, &back), 0);
        assert_int_equal(back.sample->part[DN_CGROUP].n, 1);
        row = dn_table_row(&back.sample->part[DN_CGROUP], 0);
        assert_int_equal(row->block, DN_CGROUP);
        assert_int_equal(dn_row_or_zero(row, DN_CGROUP_cpu_secs), 1500000);
        assert_int_equal(dn_row_or_zero(row, DN_CGROUP_memory_peak_kb), 12);
        assert_false(dn_row_has(row, DN_CGROUP_pids_peak));
        dn_reader_free(&reader);
}

static void a_block_stands_in_the_aggregate_of_a_tree(void **state) {
        assert_comes_back(DN_TREE,
                          "{\"kind\":\"tree\",\"ts_ms\":1000,\"elapsed_us\":250,\"parent\":null,\"children\":[],"
                          "\"aggregated\":{\"ts_ms\":1000,\"cgroup\":{\"cpu_secs\":1.5,\"memory_peak_kb\":12}}}");
}

static void a_block_stands_at_the_top_of_a_sample_and_of_an_exit(void **state) {
        assert_comes_back(DN_SAMPLE, "{\"kind\":\"sample\",\"ts_ms\":1000,\"elapsed_us\":250,"
                                     "\"cgroup\":{\"cpu_secs\":1.5,\"memory_peak_kb\":12}}");
        assert_comes_back(DN_EXIT, "{\"kind\":\"exit\",\"ts_ms\":1000,"
                                   "\"cgroup\":{\"cpu_secs\":1.5,\"memory_peak_kb\":12},\"totals\":{}}");
}

static void what_is_no_block_is_passed_over(void **state) {
        static const char *const lines[] = {
                "{\"kind\":\"sample\",\"ts_ms\":1,\"cgroup\":null,\"mem_rss_kb\":5}",
                "{\"kind\":\"sample\",\"ts_ms\":1,\"cgroup\":\"/x\",\"mem_rss_kb\":5}",
                "{\"kind\":\"sample\",\"ts_ms\":1,\"cgroup\":[{\"cpu_secs\":1}],\"mem_rss_kb\":5}",
                "{\"kind\":\"sample\",\"ts_ms\":1,\"cgroup\":{\"cpu_secs\":-1,\"a\":[{}]},\"mem_rss_kb\":5}",
        };
        struct dn_reader reader = {.children = true};
        struct denet_record r;

        for (size_t i = 0; i < DN_COUNT(lines); i++) {
                const struct dn_table *block;

                assert_int_equal(dn_reader_line(&reader, dn_str_of(lines[i]), &r), 0);
                assert_int_equal(dn_row_or_zero(dn_sample_whole(r.sample), DN_mem_rss_kb), 5);
                block = &r.sample->part[DN_CGROUP];
                assert_int_equal(block->n, i == 3);
                if (block->n)
                        assert_int_equal(dn_table_row(block, 0)->has, 0);
        }
        dn_reader_free(&reader);
}

static void a_csv_row_has_the_blocks_behind_the_whole(void **state) {
        dn_autotext struct dn_text text = {0};
        int last = DN_ALL_FIELDS - 1;
        made_cleanup struct made m;

        while (!dn_csv_has(last))
                last--;
        make(&m, DN_TREE, false);
        assert_true(dn_csv_row(&text, &m.record));
        assert_true(dn_str_ends(dn_text_str(&text), DN_STR(",,\n")));
        dn_row_set(dn_block_row(m.sample.part, dn_fields[last].part), last, 3, 1);
        dn_text_reset(&text);
        assert_true(dn_csv_row(&text, &m.record));
        assert_true(dn_str_ends(dn_text_str(&text), DN_STR("3\n")));
        assert_false(dn_csv_has(DN_NETWORK_PROCESS_rx_bytes));
        assert_true(dn_csv_has(DN_NETWORK_RETIRED_rx_bytes));
}

static void texts_of_a_list_and_flags_come_back(void **state) {
        const char line[] =
                "{\"kind\":\"tree\",\"ts_ms\":1,\"parent\":null,\"children\":[],\"aggregated\":{\"ts_ms\":1,\"ebpf\":{"
                "\"offcpu\":{\"stacks\":[{\"pid\":7,\"whole\":true,\"frames\":[\"a\\\"b\",\"\",\"main\"]},{\"pid\":8,"
                "\"whole\":\"no\",\"frames\":[1,\"x\"]},{\"pid\":9,\"whole\":false,\"frames\":[]}]}}}}";
        struct dn_reader reader = {.children = true};
        const struct dn_table *stacks;
        struct denet_record record;

        assert_int_equal(dn_reader_line(&reader, dn_str_of(line), &record), 0);
        stacks = &record.sample->part[DN_STACK];
        assert_int_equal(stacks->n, 3);
        assert_string_equal(dn_row_text(dn_table_row(stacks, 0), DN_STACK_frames), "a\"b\n\nmain");
        assert_int_equal(dn_row_or_zero(dn_table_row(stacks, 0), DN_STACK_whole), 1);
        assert_string_equal(dn_row_text(dn_table_row(stacks, 1), DN_STACK_frames), "x");
        assert_false(dn_row_has(dn_table_row(stacks, 1), DN_STACK_whole));
        assert_string_equal(dn_row_text(dn_table_row(stacks, 2), DN_STACK_frames), "");
        dn_reader_free(&reader);
}

/* Two devices, of the first a part: each comes back with its texts, words and number. */
static void rows_within_a_block_come_back(void **state) {
        static const char expected[] =
                "{\"kind\":\"sample\",\"ts_ms\":1000,\"elapsed_us\":250,\"gpu\":{\"max_gpu_utilization\":40.25,"
                "\"gpu_energy\":{\"package_joules\":1.5},\"devices\":["
                "{\"device_index\":0,\"name\":\"A \\\"100\",\"power_usage\":250.5,\"throttle_reasons\":[\"power_cap\","
                "\"sw_thermal\"]},"
                "{\"device_index\":0,\"mig_index\":1},"
                "{\"device_index\":3,\"name\":\"B\",\"throttle_reasons\":[]}]}}";
        struct dn_reader reader = {.children = true};
        made_cleanup struct made m;
        struct denet_record back;
        const struct dn_table *rows;
        struct dn_row *row;
        struct dn_str line;

        make(&m, DN_SAMPLE, false);
        dn_row_set(dn_block_row(m.sample.part, DN_GPU), DN_GPU_max_gpu_utilization, 4025, 1);
        dn_row_set(dn_block_row(m.sample.part, DN_GPU_ENERGY), DN_GPU_ENERGY_package_joules, 1500000, 1);
        for (int i = 0; i < 3; i++) {
                row = dn_table_add(&m.sample.part[DN_GPU_DEVICE]);
                row->block = DN_GPU_DEVICE;
                row->key.pid = i == 2 ? 3 : 0;
                if (i == 1)
                        dn_row_set(row, DN_GPU_DEVICE_mig_index, 1, 1);
                else {
                        dn_row_set_text(row, DN_GPU_DEVICE_name, i ? "B" : "A \"100", 1);
                        dn_row_set(row, DN_GPU_DEVICE_throttle_reasons, i ? 0 : 0x24, 1);
                }
                if (i == 0)
                        dn_row_set(row, DN_GPU_DEVICE_power_usage, 250500, 1);
        }
        line = dn_writer_text(m.writer, &m.record);
        assert_str_is(line, expected);
        assert_int_equal(dn_reader_line(&reader, line, &back), 0);
        rows = &back.sample->part[DN_GPU_DEVICE];
        assert_int_equal(rows->n, 3);
        row = dn_table_row(rows, 0);
        assert_string_equal(dn_row_text(row, DN_GPU_DEVICE_name), "A \"100");
        assert_int_equal(dn_row_or_zero(row, DN_GPU_DEVICE_throttle_reasons), 0x24);
        assert_int_equal(dn_row_or_zero(row, DN_GPU_DEVICE_power_usage), 250500);
        assert_int_equal(dn_row_or_zero(dn_table_row(rows, 1), DN_GPU_DEVICE_mig_index), 1);
        assert_null(dn_row_text(dn_table_row(rows, 1), DN_GPU_DEVICE_name));
        assert_int_equal(dn_table_row(rows, 2)->key.pid, 3);
        row = dn_table_row(&back.sample->part[DN_GPU_ENERGY], 0);
        assert_int_equal(dn_row_or_zero(row, DN_GPU_ENERGY_package_joules), 1500000);
        dn_reader_free(&reader);
}

/* A process and a thread of another: each is named by its key. */
static void the_rows_of_a_map_come_back_by_their_names(void **state) {
        static const char expected[] =
                "{\"kind\":\"sample\",\"ts_ms\":1000,\"elapsed_us\":250,\"ebpf\":{\"network\":{\"rx_bytes\":9,\"per_"
                "pid\":{"
                "\"42\":{\"rx_bytes\":2,\"unix_tx_bytes\":0},\"7:0\":{},\"43:44\":{\"tx_bytes\":3}},"
                "\"retired\":{\"rx_bytes\":7}}}}";
        static const struct dn_key keys[] = {{42, 0}, {7, 1}, {43, 45}};
        struct dn_reader reader = {.children = true};
        made_cleanup struct made m;
        struct denet_record back;
        const struct dn_table *rows;
        struct dn_row *row;
        struct dn_str line;

        make(&m, DN_SAMPLE, false);
        dn_row_set(dn_block_row(m.sample.part, DN_NETWORK), DN_NETWORK_rx_bytes, 9, 1);
        dn_row_set(dn_block_row(m.sample.part, DN_NETWORK_RETIRED), DN_NETWORK_RETIRED_rx_bytes, 7, 1);
        for (size_t i = 0; i < DN_COUNT(keys); i++) {
                row = dn_block_add(m.sample.part, DN_NETWORK_PROCESS);
                row->key = keys[i];
                if (i == 0) {
                        dn_row_set(row, DN_NETWORK_PROCESS_rx_bytes, 2, 1);
                        dn_row_set(row, DN_NETWORK_PROCESS_unix_tx_bytes, 0, 1);
                } else if (i == 2)
                        dn_row_set(row, DN_NETWORK_PROCESS_tx_bytes, 3, 1);
        }
        line = dn_writer_text(m.writer, &m.record);
        assert_str_is(line, expected);
        assert_int_equal(dn_reader_line(&reader, line, &back), 0);
        rows = &back.sample->part[DN_NETWORK_PROCESS];
        assert_int_equal(rows->n, DN_COUNT(keys));
        for (uint32_t i = 0; i < rows->n; i++)
                assert_true(dn_key_equal(dn_table_row(rows, i)->key, keys[i]));
        assert_int_equal(dn_row_or_zero(dn_table_row(rows, 0), DN_NETWORK_PROCESS_rx_bytes), 2);
        assert_true(dn_row_has(dn_table_row(rows, 0), DN_NETWORK_PROCESS_unix_tx_bytes));
        assert_int_equal(dn_table_row(rows, 1)->has, 0);
        assert_int_equal(dn_row_or_zero(dn_table_row(rows, 2), DN_NETWORK_PROCESS_tx_bytes), 3);
        row = dn_table_row(&back.sample->part[DN_NETWORK_RETIRED], 0);
        assert_int_equal(dn_row_or_zero(row, DN_NETWORK_RETIRED_rx_bytes), 7);
        dn_reader_free(&reader);
}

static void of_a_map_what_is_no_row_is_passed_over(void **state) {
        static const char line[] =
                "{\"kind\":\"sample\",\"ts_ms\":1,\"ebpf\":{\"network\":{\"per_pid\":{\"1\":5,\"a\":{\"rx_bytes\":1},"
                "\"-1\":{},\"2:\":{},\":3\":{},\"\":{},\"9223372036854775808\":{},\"1:18446744073709551615\":{},"
                "\"4:5:6\":{},\" 7\":{},\"8\":[{}],\"9\":{\"rx_bytes\":6,\"more\":{}}}}},\"mem_rss_kb\":5}";
        struct dn_reader reader = {.children = true};
        const struct dn_table *rows;
        struct denet_record back;

        assert_int_equal(dn_reader_line(&reader, dn_str_of(line), &back), 0);
        rows = &back.sample->part[DN_NETWORK_PROCESS];
        assert_int_equal(rows->n, 1);
        assert_int_equal(dn_table_row(rows, 0)->key.pid, 9);
        assert_int_equal(dn_row_or_zero(dn_table_row(rows, 0), DN_NETWORK_PROCESS_rx_bytes), 6);
        assert_int_equal(dn_row_or_zero(dn_table_row(&back.sample->part[DN_PROCESS], 0), DN_mem_rss_kb), 5);
        dn_reader_free(&reader);
}

static void a_key_and_its_name_are_one(void **state) {
        static const struct dn_key keys[] = {
                {0, 0}, {1, 0}, {1, 1}, {INT64_MAX, 0}, {INT64_MAX, UINT64_MAX}, {4194303, 4194304}};
        char name[DN_KEY_NAME];
        struct dn_key back;

        for (size_t i = 0; i < DN_COUNT(keys); i++) {
                assert_true(dn_key_of(dn_key_name(keys[i], name), &back));
                assert_true(dn_key_equal(keys[i], back));
        }
        assert_str_is(dn_key_name((struct dn_key){12, 14}, name), "12:13");
}

/* Devices of a lost one, and those that came later, are told by their key, not by their place. */
static void a_delta_is_what_came_since_the_last_snapshot_and_in_the_end_all(void **state) {
        struct dn_baseline first = {.at.number = 1};
        struct dn_snapshot last = {.number = 2}, now = {.number = 3};
        struct dn_snapshot *each[] = {&first.at, &last, &now};
        struct dn_sample sample = {0};
        struct dn_row *row;

        for (int i = 0; i < 3; i++) {
                assert_non_null(dn_table_add(&each[i]->part[DN_WHOLE]));
                for (int device = i == 2 ? 1 : 0; device < 2; device++) {
                        row = dn_block_add(each[i]->part, DN_GPU_DEVICE);
                        assert_non_null(row);
                        row->key.pid = device;
                        dn_row_set(row, DN_GPU_DEVICE_pcie_rx_bytes, 100 * (i + 1) + 1000 * device * i, 1);
                }
        }
        assert_int_equal(dn_derive(&first, 0, &last, &now, (struct dn_key){1, 1}, &sample), 0);
        assert_int_equal(sample.part[DN_GPU_DEVICE].n, 1);
        row = dn_table_row(&sample.part[DN_GPU_DEVICE], 0);
        assert_int_equal(row->key.pid, 1);
        assert_int_equal(dn_row_or_zero(row, DN_GPU_DEVICE_pcie_rx_bytes), 1100);
        assert_int_equal(dn_derive_blocks(&first.at, &first.at, &now, &sample), 0);
        assert_int_equal(dn_row_or_zero(dn_table_row(&sample.part[DN_GPU_DEVICE], 0), DN_GPU_DEVICE_pcie_rx_bytes),
                         2200);
        for (int i = 0; i < 3; i++)
                dn_snapshot_free(each[i]);
        dn_sample_free(&sample);
}

RUN_TESTS(cmocka_unit_test(a_block_counts_its_fields_from_0),
          cmocka_unit_test(a_field_of_a_block_is_found_by_both_names),
          cmocka_unit_test(rows_of_a_block_keep_what_they_are_given),
          cmocka_unit_test(counters_of_a_block_are_counted_from_the_first_snapshot),
          cmocka_unit_test(a_block_stands_in_the_aggregate_of_a_tree),
          cmocka_unit_test(a_block_stands_at_the_top_of_a_sample_and_of_an_exit),
          cmocka_unit_test(what_is_no_block_is_passed_over), cmocka_unit_test(rows_within_a_block_come_back),
          cmocka_unit_test(a_delta_is_what_came_since_the_last_snapshot_and_in_the_end_all),
          cmocka_unit_test(texts_of_a_list_and_flags_come_back),
          cmocka_unit_test(the_rows_of_a_map_come_back_by_their_names),
          cmocka_unit_test(of_a_map_what_is_no_row_is_passed_over), cmocka_unit_test(a_key_and_its_name_are_one),
          cmocka_unit_test(a_csv_row_has_the_blocks_behind_the_whole))
