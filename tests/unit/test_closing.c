/* SPDX-License-Identifier: GPL-3.0-or-later
 * The summaries of the design, from made-up records. */
#include "cli/closing.h"
#include "common.h"

#include <inttypes.h>

static const double gib = 1073741824, mib = 1048576;
enum { SAMPLES = 742, PEAK_SAMPLE = 500, SMALL = 207, SMALL_AT_PEAK = 11, END_SECS = 723, PEAK_SECS = 581 };

/* A process as it was seen last. */
struct used {
        int pid;
        const char *cmd;
        double user, system, read, written, from_disk, to_disk, rss, peak;
        int threads, faults;
};

static void put_metrics(struct dn_text *text, const struct used *u) {
        dn_text_printf(
                text,
                "{\"cpu_user_secs\":%.2f,\"cpu_system_secs\":%.2f,\"syscall_read_bytes\":%.0f,\"syscall_write_bytes\":%"
                ".0f,"
                "\"disk_read_bytes\":%.0f,\"disk_write_bytes\":%.0f,\"mem_rss_kb\":%.0f,\"mem_rss_peak_kb\":%.0f,"
                "\"thread_count\":%d,\"page_faults_cached\":%d,\"page_faults_disk\":0}",
                u->user, u->system, u->read, u->written, u->from_disk, u->to_disk, u->rss / 1024, u->peak / 1024,
                u->threads, u->faults);
}

static void put_name(struct dn_text *text, const struct used *u) {
        dn_text_printf(text, "{\"kind\":\"child\",\"ts_ms\":1,\"pid\":%d,\"ppid\":0,\"cmd\":[%s],\"exe\":\"/x\"}\n",
                       u->pid, u->cmd);
}

static void put_children(struct dn_text *text, const struct used *used, size_t n) {
        dn_text_put(text, DN_STR("\"children\":["));
        for (size_t i = 0; i < n; i++) {
                dn_text_printf(text, "%s{\"pid\":%d,\"command\":\"x\",\"metrics\":", i ? "," : "", used[i].pid);
                put_metrics(text, &used[i]);
                dn_text_put_char(text, '}');
        }
        dn_text_put(text, DN_STR("]"));
}

static void put_whole(struct dn_text *text, double rss, bool busiest) {
        dn_text_printf(
                text,
                ",\"aggregated\":{\"cpu_usage\":%s,\"mem_rss_kb\":%.0f,\"cpu_user_secs\":9683.7,\"cpu_system_secs\":"
                "395.0,"
                "\"syscall_read_bytes\":%.0f,\"syscall_write_bytes\":%.0f,\"disk_read_bytes\":%.0f,"
                "\"disk_write_bytes\":%.0f,\"sys_net_rx_bytes\":%.0f,\"sys_net_tx_bytes\":%.0f,\"thread_count\":%d,"
                "\"process_count\":%d,\"cgroup\":{\"cpu_throttled_secs\":41.2}}}\n",
                busiest ? "1580.0" : "1390.0", rss / 1024, 212 * gib, 96.2 * gib, 41 * gib, 96 * gib, 1.21 * gib,
                33 * mib, busiest ? 141 : 100, busiest ? 17 : 10);
}

/* The run of the design: 16 cores, 64 GiB, 12 minutes. */
static void put_run(struct dn_text *text) {
        static const char *const small[] = {"\"cut\",\"-f1\"", "\"head\"", "\"tail\""};
        const double others_rss = 61 * mib / 15;
        struct used parent = {100, NULL, 1, 0.5, 96 * mib, 8 * mib, 0, 0, others_rss, 8.8 * mib, 1, 10};
        struct used used[6 + SMALL] = {
                {101, "\"bwa\",\"mem\",\"-t\",\"16\",\"ref.fa\",\"reads_1.fq.gz\",\"reads_2.fq.gz\"", 8300, 170,
                 41.6 * gib, 61 * gib, 20.8 * gib, 60.9 * gib, 2.84 * gib, 2.84 * gib, 121, 204000},
                {102, "\"samtools\",\"sort\"", 1000, 200, 100 * gib, 20 * gib, 0, 0, 11.2 * gib, 11.2 * gib, 1, 1},
                {103, "\"pigz\"", 200, 1, 33.1 * gib, 7.9 * gib, 0, 0, others_rss, 21.3 * mib, 1, 1},
                {104, "\"python3\",\"qc.py\"", 60, 0.3, 317 * mib, 102 * mib, 0, 0, others_rss, 96 * mib, 1, 1},
                {105, "\"awk\"", 20, 0.1, 12 * mib, 1 * mib, 0, 0, others_rss, 4.1 * mib, 1, 1},
        };
        const struct used second = {106, "\"samtools\",\"sort\"", 100, 7, 37 * gib, 7.2 * gib, 0, 0, mib, mib, 1, 1};
        size_t n = 5;

        for (int i = 0; i < SMALL; i++)
                used[n++] = (struct used){200 + i, small[i % 3], 0.01, 0, 0, 0, 0, 0, others_rss, mib, 1, 1};
        used[n++] = second;
        dn_text_put(
                text,
                DN_STR("{\"kind\":\"metadata\",\"pid\":100,\"cmd\":[\"sh\",\"./align.sh\"],\"executable\":\"/bin/sh\","
                       "\"t0_ms\":1000,\"cores\":16,\"memory_limit_kb\":67108864,\"capabilities\":{\"rapl\":"
                       "{\"available\":false,\"reason\":\"only root may read it\",\"hint\":\"sudo denet run\"},"
                       "\"gpu\":{\"available\":false,\"reason\":\"not asked for\"}}}\n"));
        for (int i = 0; i < SAMPLES; i++) {
                bool peak = i == PEAK_SAMPLE, late = i == PEAK_SAMPLE + 1;
                size_t from = late ? 5 + SMALL_AT_PEAK : 0, to = peak ? 5 + SMALL_AT_PEAK : late ? n : 0;
                int64_t ms = i <= PEAK_SAMPLE ? PEAK_SECS * 1000LL * i / PEAK_SAMPLE
                                              : PEAK_SECS * 1000 + (END_SECS - PEAK_SECS) * 1000LL * (i - PEAK_SAMPLE) /
                                                                           (SAMPLES - 1 - PEAK_SAMPLE);

                for (size_t k = from; k < to; k++)
                        put_name(text, &used[k]);
                dn_text_printf(text, "{\"kind\":\"tree\",\"ts_ms\":%" PRId64 ",\"elapsed_us\":%" PRId64 ",\"parent\":",
                               1000 + ms, ms * 1000);
                put_metrics(text, &parent);
                dn_text_put_char(text, ',');
                put_children(text, used + from, to - from);
                put_whole(text, peak ? 14.1 * gib : gib, peak);
        }
        dn_text_printf(text,
                       "{\"kind\":\"exit\",\"ts_ms\":724000,\"exit_code\":0,\"totals\":{\"wall_secs\":723.0,"
                       "\"cpu_user_secs\":9683.7,\"cpu_system_secs\":395.0,\"peak_mem_rss_kb\":%.0f,\"processes_seen\":"
                       "214}}\n",
                       14.1 * gib / 1024);
}

/* What is said of these records. */
static void put_closing(struct dn_text *text, const struct dn_text *records, const struct dn_closing *how) {
        const denet_record *record;
        struct dn_report report;
        denet *d;

        assert_false(records->failed);
        assert_int_equal(dn_report_open(&report), 0);
        assert_int_equal(denet_parse(&d, NULL, records->p, records->n, NULL), 0);
        while (denet_next(d, -1, &record) == 1)
                dn_report_add(&report, record);
        denet_free(d);
        dn_closing_write(text, &report, how);
        dn_report_close(&report);
}

static void assert_closing(const struct dn_text *records, const struct dn_closing *how, const char *expected) {
        dn_autotext struct dn_text text = {0};

        put_closing(&text, records, how);
        assert_text_is(&text, expected);
}

static void assert_says(const struct dn_text *records, const struct dn_closing *how, const char *part) {
        dn_autotext struct dn_text text = {0};

        put_closing(&text, records, how);
        if (!strstr(dn_text_cstr(&text), part))
                fail_msg("\"%s\" is not in:\n%s", part, dn_text_cstr(&text));
}

#define HEAD "denet: exit 0 after 12 min 03 s\n"
#define BODY \
        "cpu       13.9 cores on average, peak 15.8 of 16\n" \
        "          2 h 41 min user, 6 min 35 s system\n" \
        "memory    14.1 GiB peak at 9 min 41 s, 22% of 64.0 GiB\n" \
        "          samtools sort 11.2 GiB, bwa mem 2.84 GiB, 15 others 61.0 MiB\n" \
        "i/o       212 GiB read, 41.0 GiB from disk; 96.2 GiB written, 96.0 GiB to disk\n" \
        "network   1.21 GiB in, 33.0 MiB out (whole machine)\n" \
        "tasks     at least 214 processes, 17 at once; 141 threads at once\n" \
        "note      the cgroup held the cores back for 41.2 s\n" \
        "missing   energy: only root may read it. More: denet doctor\n" \
        "records   run.jsonl, 742 samples, 3.10 MiB\n"
#define TABLE_HEAD "   CPU time  share  peak mem      read   written  runs  command\n"
#define TABLE_TOP \
        " 2 h 21 min    84%  2.84 GiB  41.6 GiB  61.0 GiB     1  bwa mem\n" \
        "21 min 47 s    13%  11.2 GiB   137 GiB  27.2 GiB     2  samtools sort\n"
#define TABLE_REST \
        " 3 min 21 s     2%  21.3 MiB  33.1 GiB  7.90 GiB     1  pigz\n" \
        "     60.3 s   0.6%  96.0 MiB   317 MiB   102 MiB     1  python3 qc.py\n" \
        "     20.1 s   0.2%  4.10 MiB  12.0 MiB  1.00 MiB     1  awk\n" \
        "     20.3 s   0.2%  8.80 MiB  96.0 MiB  8.00 MiB   208  others\n"

static const struct dn_closing saved = {.records = "run.jsonl", .records_bytes = 3250586};

static void at_80_columns_it_is_as_designed(void **state) {
        dn_autotext struct dn_text records = {0};
        struct dn_closing how = saved;

        put_run(&records);
        assert_closing(&records, &how, HEAD "\n" BODY "\n" TABLE_HEAD TABLE_TOP TABLE_REST);
        how.terminal = true;
        how.columns = 80;
        how.rows = 50;
        assert_closing(&records, &how, HEAD "\n" BODY "\n" TABLE_HEAD TABLE_TOP TABLE_REST);
}

static void from_140_columns_on_lines_join_and_the_table_has_more_columns(void **state) {
        struct dn_closing how = {.records_bytes = -1, .terminal = true, .columns = 200, .utf8 = true};
        dn_autotext struct dn_text records = {0};

        put_run(&records);
        assert_closing(
                &records, &how,
                HEAD
                "\n"
                "cpu       13.9 cores on average, peak 15.8 of 16; 2 h 41 min user, 6 min 35 s system\n"
                "memory    14.1 GiB peak at 9 min 41 s, 22% of 64.0 GiB; samtools sort 11.2 GiB, bwa mem 2.84 GiB, 15 "
                "others 61.0 MiB\n"
                "i/o       212 GiB read, 41.0 GiB from disk; 96.2 GiB written, 96.0 GiB to disk\n"
                "network   1.21 GiB in, 33.0 MiB out (whole machine)\n"
                "tasks     at least 214 processes, 17 at once; 141 threads at once\n"
                "note      the cgroup held the cores back for 41.2 s\n"
                "missing   energy: only root may read it. More: denet doctor\n"
                "\n"
                "   CPU time  share         user       system  peak mem      read   written  from disk   to disk  "
                "threads  faults  runs  command\n"
                " 2 h 21 min    84%   2 h 18 min   2 min 50 s  2.84 GiB  41.6 GiB  61.0 GiB   20.8 GiB  60.9 GiB  "
                "    121   204 k     1  bwa mem -t 16 ref.fa reads_1.fq.gz reads_2.fq.gz\n"
                "21 min 47 s    13%  18 min 20 s   3 min 27 s  11.2 GiB   137 GiB  27.2 GiB        0 B       0 B  "
                "      1       2     2  samtools sort\n"
                " 3 min 21 s     2%   3 min 20 s       1.00 s  21.3 MiB  33.1 GiB  7.90 GiB        0 B       0 B  "
                "      1       1     1  pigz\n"
                "     60.3 s   0.6%       60.0 s       0.30 s  96.0 MiB   317 MiB   102 MiB        0 B       0 B  "
                "      1       1     1  python3 qc.py\n"
                "     20.1 s   0.2%       20.0 s       0.10 s  4.10 MiB  12.0 MiB  1.00 MiB        0 B       0 B  "
                "      1       1     1  awk\n"
                "     20.3 s   0.2%       3.70 s       16.6 s  8.80 MiB  96.0 MiB  8.00 MiB        0 B       0 B  "
                "      1     217   208  others\n");
}

static void on_a_narrow_terminal_no_number_leaves_its_unit(void **state) {
        struct dn_closing how = saved;
        dn_autotext struct dn_text records = {0};

        put_run(&records);
        how.terminal = how.colour = true;
        how.columns = 40;
        how.rows = 10; /* too low for a table */
        assert_closing(&records, &how,
                       "denet: exit 0 after \033[1m12 min 03 s\033[0m\n"
                       "cpu       \033[1m13.9 cores\033[0m on average,\n"
                       "          peak 15.8 of 16\n"
                       "          2 h 41 min user,\n"
                       "          6 min 35 s system\n"
                       "memory    \033[1m14.1 GiB\033[0m peak at 9 min 41 s,\n"
                       "          22% of 64.0 GiB\n"
                       "          samtools sort 11.2 GiB,\n"
                       "          bwa mem 2.84 GiB,\n"
                       "          15 others 61.0 MiB\n"
                       "i/o       212 GiB read,\n"
                       "          41.0 GiB from disk;\n"
                       "          96.2 GiB written,\n"
                       "          96.0 GiB to disk\n"
                       "network   1.21 GiB in,\n"
                       "          33.0 MiB out (whole machine)\n"
                       "tasks     at least 214 processes,\n"
                       "          17 at once;\n"
                       "          141 threads at once\n"
                       "note      \033[33mthe cgroup held the cores back for 41.2 s\033[0m\n"
                       "missing   energy. More: denet doctor\n"
                       "records   run.jsonl, 742 samples,\n"
                       "          3.10 MiB\n");
}

/* A tree with a process that has this much memory and that many kills behind it; none of both in the last. */
static void put_kill(struct dn_text *text, int at_ms, bool child, int kills) {
        static const char metrics[] = "{\"cpu_user_secs\":1.0,\"cpu_system_secs\":1.0,\"mem_rss_kb\":1000}";

        dn_text_printf(text, "{\"kind\":\"tree\",\"ts_ms\":%d,\"elapsed_us\":%d000,\"parent\":%s,\"children\":[",
                       1000 + at_ms, at_ms, metrics);
        if (child)
                dn_text_printf(text, "{\"pid\":2,\"command\":\"sort\",\"metrics\":%s}", metrics);
        dn_text_printf(
                text,
                "],\"aggregated\":{\"cpu_usage\":1.0,\"mem_rss_kb\":2000,\"mem_swap_kb\":831488,\"process_count\":2,"
                "\"thread_count\":2,\"cgroup\":{\"memory_oom_kills\":%d}}}\n",
                kills);
}

/* How near the cgroup's limits came in a tree. */
static void put_limits(struct dn_text *text, int at_ms, const char *cgroup) {
        dn_text_printf(text,
                       "{\"kind\":\"tree\",\"ts_ms\":%d,\"elapsed_us\":%d000,\"parent\":null,\"children\":[],"
                       "\"aggregated\":{\"mem_rss_kb\":1,\"process_count\":1,\"cgroup\":{%s}}}\n",
                       1000 + at_ms, at_ms, cgroup);
}

static void a_limit_that_was_nearly_reached_is_told_by_its_nearest_moment(void **state) {
        const struct dn_closing how = {.records_bytes = -1, .columns = 80};
        dn_autotext struct dn_text records = {0};

        put_limits(&records, 100,
                   "\"memory_limit_kb\":1048576,\"memory_limit_used_kb\":1038090,"
                   "\"memory_limit_scope\":\"above\",\"pids_limit\":100,\"pids_limit_used\":95,"
                   "\"pids_limit_scope\":\"cgroup\"");
        put_limits(&records, 200,
                   "\"memory_limit_kb\":1048576,\"memory_limit_used_kb\":5,\"pids_limit\":100,"
                   "\"pids_limit_used\":5");
        assert_says(&records, &how, "note      memory came to 99% of the limit of a cgroup above, 1.00 GiB\n");
        assert_says(&records, &how, "note      95 processes and threads, of 100 that the cgroup may have\n");
        put_limits(&records, 300, "\"pids_refused\":2,\"pids_limit\":100,\"pids_limit_used\":5");
        assert_says(&records, &how, "note      2 processes or threads could not be started: the cgroup may have 100\n");
}

static void a_limit_that_is_far_is_not_told(void **state) {
        const struct dn_closing how = {.records_bytes = -1, .columns = 80};
        dn_autotext struct dn_text records = {0};

        put_limits(&records, 100,
                   "\"memory_limit_kb\":1000,\"memory_limit_used_kb\":899,\"pids_limit\":100,"
                   "\"pids_limit_used\":89,\"pids_refused\":0");
        assert_closing(&records, &how,
                       "denet: no end was recorded after 0.10 s\n"
                       "\n"
                       "cpu       0.00 cores on average\n"
                       "memory    1.00 KiB peak\n");
}

static void a_command_is_cut_on_a_terminal_only(void **state) {
        static const char metadata[] = "{\"kind\":\"metadata\",\"pid\":1,\"cmd\":[\"a-program-with-a-long-name\"],"
                                       "\"t0_ms\":1000}\n"
                                       "{\"kind\":\"child\",\"ts_ms\":1000,\"pid\":2,\"ppid\":1,\"cmd\":[\"y\"]}\n";
        struct dn_closing how = {.records_bytes = -1, .columns = 80};
        dn_autotext struct dn_text records = {0};

        dn_text_put(&records, dn_str_of(metadata));
        put_kill(&records, 100, true, 0);
        assert_says(&records, &how, "  a-program-with-a-long-name\n");
        how.terminal = true;
        assert_says(&records, &how, "  a-program-with-a-lon...\n");
        how.utf8 = true;
        assert_says(&records, &how, "  a-program-with-a-long-…\n");
}

static void a_low_terminal_loses_blank_lines_and_then_the_last_rows(void **state) {
        struct dn_closing how = saved;
        dn_autotext struct dn_text records = {0};

        put_run(&records);
        how.terminal = true;
        how.columns = 80;
        how.rows = 22; /* the empty line before, the head, 10 lines, the table's 7, and one to spare */
        assert_closing(&records, &how, HEAD BODY TABLE_HEAD TABLE_TOP TABLE_REST);
        how.rows = 18;
        assert_closing(&records, &how,
                       HEAD BODY TABLE_HEAD TABLE_TOP
                       " 5 min 02 s     3%  96.0 MiB  33.5 GiB  8.01 GiB   211  others\n");
        how.rows = 15;
        assert_closing(&records, &how, HEAD BODY);
}

static void short_run(struct dn_text *text, const char *end) {
        dn_text_printf(text,
                       "{\"kind\":\"metadata\",\"pid\":1,\"cmd\":[\"x\"],\"t0_ms\":1000,\"cores\":16,"
                       "\"memory_limit_kb\":67108864}\n"
                       "{\"kind\":\"tree\",\"ts_ms\":1100,\"elapsed_us\":100000,\"parent\":null,\"children\":[],"
                       "\"aggregated\":"
                       "{\"cpu_usage\":95.0,\"mem_rss_kb\":3174,\"process_count\":1,\"thread_count\":1}}\n"
                       "{\"kind\":\"tree\",\"ts_ms\":1210,\"elapsed_us\":210000,\"parent\":null,\"children\":[],"
                       "\"aggregated\":"
                       "{\"cpu_usage\":95.0,\"mem_rss_kb\":0,\"process_count\":0,\"thread_count\":0}}\n"
                       "{\"kind\":\"exit\",\"ts_ms\":1210,%s,\"totals\":{\"wall_secs\":0.21,\"cpu_user_secs\":0.19,"
                       "\"cpu_system_secs\":0.01,\"peak_mem_rss_kb\":3174,\"processes_seen\":1}}\n",
                       end);
}

#define SMALL_BODY \
        "\n" \
        "cpu       0.95 cores on average; 0.19 s user, 0.01 s system\n" \
        "memory    3.10 MiB peak\n"

static void a_small_run_has_the_small_form(void **state) {
        const struct dn_closing how = {0};
        dn_autotext struct dn_text records = {0};

        short_run(&records, "\"exit_code\":0");
        assert_closing(&records, &how, "denet: exit 0 after 0.21 s\n" SMALL_BODY);
}

static void the_first_line_says_how_it_ended(void **state) {
        dn_autotext struct dn_text failed = {0}, killed = {0};
        struct dn_closing how = {0};

        short_run(&failed, "\"exit_code\":3");
        assert_closing(&failed, &how, "denet: exit 3 after 0.21 s\n" SMALL_BODY);
        short_run(&killed, "\"signal\":9");
        assert_closing(&killed, &how, "denet: killed by signal 9 (KILL) after 0.21 s\n" SMALL_BODY);
        how.time_limit = true;
        assert_closing(&killed, &how, "denet: time limit 0.21 s, exit 124\n" SMALL_BODY);
}

static void styles_are_those_of_the_design(void **state) {
        const struct dn_closing how = {.colour = true, .terminal = true, .columns = 80};
        dn_autotext struct dn_text records = {0};

        short_run(&records, "\"exit_code\":3");
        assert_closing(&records, &how,
                       "denet: \033[31mexit 3\033[0m after \033[1m0.21 s\033[0m\n"
                       "\n"
                       "cpu       \033[1m0.95 cores\033[0m on average; 0.19 s user, 0.01 s system\n"
                       "memory    \033[1m3.10 MiB\033[0m peak\n");
}

static void notes_are_those_of_the_design(void **state) {
        struct dn_closing how = {.lost_error = ENOSPC, .records_bytes = -1};
        dn_autotext struct dn_text records = {0};

        dn_text_put(
                &records,
                DN_STR("{\"kind\":\"metadata\",\"pid\":1,\"cmd\":[\"x\"],\"t0_ms\":1000}\n"
                       "{\"kind\":\"child\",\"ts_ms\":1000,\"pid\":2,\"ppid\":1,\"cmd\":[\"samtools\",\"sort\"]}\n"));
        put_kill(&records, 100, true, 0);
        put_kill(&records, 592000, true, 1);
        put_kill(&records, 593000, false, 1);
        dn_text_put(&records,
                    DN_STR("{\"kind\":\"exit\",\"ts_ms\":594000,\"exit_code\":1,\"totals\":{\"wall_secs\":593.0,"
                           "\"cpu_user_secs\":1.0,\"cpu_system_secs\":1.0,\"lost_records\":14}}\n"));
        assert_closing(&records, &how,
                       "denet: exit 1 after 9 min 53 s\n"
                       "\n"
                       "cpu       0.00 cores on average, peak 0.01\n"
                       "          1.00 s user, 1.00 s system\n"
                       "memory    1.95 MiB peak at 0.10 s\n"
                       "          x 0.98 MiB, samtools sort 0.98 MiB\n"
                       "tasks     2 at once; 2 threads at once\n"
                       "note      killed for memory: samtools sort at 9 min 52 s\n"
                       "note      812 MiB swapped\n"
                       "note      14 records lost: disk full\n"
                       "\n" TABLE_HEAD "     2.00 s   100%  0.98 MiB       0 B       0 B     1  x\n"
                       "     2.00 s   100%  0.98 MiB       0 B       0 B     1  samtools sort\n");
}

/* As another writer may have it; what stands behind it counts all the same. */
static void a_member_that_is_null_hides_nothing_behind_it(void **state) {
        const struct dn_closing how = {.records_bytes = -1};
        dn_autotext struct dn_text records = {0};

        dn_text_put(&records,
                    DN_STR("{\"kind\":\"metadata\",\"pid\":1,\"cmd\":null,\"capabilities\":null,\"t0_ms\":1000,"
                           "\"memory_total_kb\":4000}\n"));
        put_kill(&records, 100, false, 0);
        put_kill(&records, 2000, false, 0);
        dn_text_put(&records, DN_STR("{\"kind\":\"exit\",\"ts_ms\":3000,\"exit_code\":1,\"lower_bound\":null,"
                                     "\"totals\":{\"wall_secs\":2.0,\"cpu_user_secs\":1.0,\"cpu_system_secs\":1.0,"
                                     "\"lost_records\":14}}\n"));
        assert_closing(&records, &how,
                       "denet: exit 1 after 2.00 s\n"
                       "\n"
                       "cpu       1.00 cores on average, peak 0.01\n"
                       "          1.00 s user, 1.00 s system\n"
                       "memory    1.95 MiB peak at 0.10 s, 50% of 3.91 MiB\n"
                       "tasks     2 at once; 2 threads at once\n"
                       "note      812 MiB swapped\n"
                       "note      14 records lost\n");
}

static void a_hostile_command_is_defused(void **state) {
        const struct dn_closing how = {.records_bytes = -1, .records = "a\033]0;x\007"};
        dn_autotext struct dn_text records = {0};

        dn_text_put(&records, DN_STR("{\"kind\":\"metadata\",\"pid\":1,\"cmd\":[\"x\"],\"t0_ms\":1000}\n"
                                     "{\"kind\":\"child\",\"ts_ms\":1000,\"pid\":2,\"ppid\":1,\"cmd\":[\"e\\u001b["
                                     "2Jvil\\u202e\"]}\n"));
        put_kill(&records, 100, true, 0);
        assert_closing(&records, &how,
                       "denet: no end was recorded after 0.10 s\n"
                       "\n"
                       "cpu       0.01 cores on average\n"
                       "memory    1.95 MiB peak\n"
                       "tasks     2 at once; 2 threads at once\n"
                       "note      812 MiB swapped\n"
                       "records   a?]0;x?, 1 sample\n"
                       "\n" TABLE_HEAD "          -      -  0.98 MiB       0 B       0 B     1  x\n"
                       "          -      -  0.98 MiB       0 B       0 B     1  e?[2Jvil?\n");
}

static void with_ebpf_each_process_is_counted(void **state) {
        const struct dn_closing how = {.records_bytes = -1};
        dn_autotext struct dn_text records = {0};

        dn_text_put(&records,
                    DN_STR("{\"kind\":\"metadata\",\"pid\":1,\"cmd\":[\"x\"],\"t0_ms\":1000,\"capabilities\":{\"ebpf\":"
                           "{\"available\":true}}}\n"
                           "{\"kind\":\"tree\",\"ts_ms\":1100,\"elapsed_us\":100000,\"parent\":null,\"children\":[],"
                           "\"aggregated\":{\"mem_rss_kb\":1,\"process_count\":3,\"thread_count\":4}}\n"
                           "{\"kind\":\"exit\",\"ts_ms\":1100,\"exit_code\":0,\"totals\":{\"wall_secs\":0.1,"
                           "\"processes_seen\":214}}\n"));
        assert_closing(&records, &how,
                       "denet: exit 0 after 0.10 s\n"
                       "\n"
                       "cpu       0.00 cores on average\n"
                       "memory    1.00 KiB peak\n"
                       "tasks     214 processes, 3 at once; 4 threads at once\n");
}

/* The numbers of the design. */
static void with_ebpf_waits_calls_and_the_commands_own_network_have_a_line(void **state) {
        const struct dn_closing how = {.records_bytes = -1};
        dn_autotext struct dn_text records = {0};

        dn_text_put(&records,
                    DN_STR("{\"kind\":\"tree\",\"ts_ms\":1100,\"elapsed_us\":100000,\"parent\":null,\"children\":[],"
                           "\"aggregated\":{\"mem_rss_kb\":1,\"process_count\":1,\"thread_count\":1,"
                           "\"sys_net_rx_bytes\":5000000000,\"sys_net_tx_bytes\":1}}\n"
                           "{\"kind\":\"exit\",\"ts_ms\":1100,\"exit_code\":0,\"ebpf\":{"
                           "\"offcpu\":{\"by_reason\":{\"run_queue\":51200000000,\"disk\":192000000000,\"network\":0,"
                           "\"pipe\":160000000000,\"poll\":1,\"lock\":8100000000}},"
                           "\"syscalls\":{\"total\":12112000,\"top_syscalls\":["
                           "{\"number\":0,\"name\":\"read\",\"count\":9100000,\"total_ns\":41300000000},"
                           "{\"number\":500,\"count\":5,\"total_ns\":900000000000},"
                           "{\"number\":39,\"name\":\"getpid\",\"count\":5000000,\"total_ns\":1000},"
                           "{\"number\":202,\"name\":\"futex\",\"count\":812000,\"total_ns\":8000000000},"
                           "{\"number\":1,\"name\":\"write\",\"count\":2200000,\"total_ns\":38000000000}]},"
                           "\"network\":{\"rx_bytes\":1299227607,\"tx_bytes\":34603008}},"
                           "\"totals\":{\"wall_secs\":0.1}}\n"));
        assert_closing(&records, &how,
                       "denet: exit 0 after 0.10 s\n"
                       "\n"
                       "cpu       0.00 cores on average\n"
                       "memory    1.00 KiB peak\n"
                       "network   1.21 GiB in, 33.0 MiB out\n"
                       "waits     disk 3 min 12 s, pipe 2 min 40 s, run queue 51.2 s, lock 8.10 s\n"
                       "syscalls  read 41.3 s (9.10 M), write 38.0 s (2.20 M), futex 8.00 s (812 k)\n");
}

RUN_TESTS(cmocka_unit_test(with_ebpf_waits_calls_and_the_commands_own_network_have_a_line),
          cmocka_unit_test(at_80_columns_it_is_as_designed),
          cmocka_unit_test(from_140_columns_on_lines_join_and_the_table_has_more_columns),
          cmocka_unit_test(on_a_narrow_terminal_no_number_leaves_its_unit),
          cmocka_unit_test(a_command_is_cut_on_a_terminal_only),
          cmocka_unit_test(a_low_terminal_loses_blank_lines_and_then_the_last_rows),
          cmocka_unit_test(a_small_run_has_the_small_form), cmocka_unit_test(the_first_line_says_how_it_ended),
          cmocka_unit_test(styles_are_those_of_the_design), cmocka_unit_test(notes_are_those_of_the_design),
          cmocka_unit_test(a_member_that_is_null_hides_nothing_behind_it),
          cmocka_unit_test(a_hostile_command_is_defused), cmocka_unit_test(with_ebpf_each_process_is_counted),
          cmocka_unit_test(a_limit_that_was_nearly_reached_is_told_by_its_nearest_moment),
          cmocka_unit_test(a_limit_that_is_far_is_not_told))
