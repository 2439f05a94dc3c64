/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "format/reader.h"

/* A reader that has met trees before, and one that has not, say the same of any line. */
static struct dn_reader knowing, new;
static struct denet_record a, b;

static int set_up(void **state) {
        knowing.children = new.children = true;
        return 0;
}

static int tear_down(void **state) {
        dn_reader_free(&knowing);
        dn_reader_free(&new);
        return 0;
}

static void same_rows(int part) {
        const struct dn_table *x = &a.sample->part[part], *y = &b.sample->part[part];

        assert_int_equal(x->n, y->n);
        for (uint32_t i = 0; i < x->n; i++) {
                const struct dn_row *p = dn_table_row(x, i), *q = dn_table_row(y, i);

                assert_int_equal(p->has, q->has);
                assert_int_equal(p->key.pid, q->key.pid);
                assert_int_equal(p->read_ns, q->read_ns);
                assert_true(dn_str_equal(p->name, q->name));
                for (uint64_t has = p->has; has; has &= has - 1)
                        assert_int_equal(p->v[__builtin_ctzll(has)], q->v[__builtin_ctzll(has)]);
        }
}

/* The same result by both; 0 or -EBADMSG. */
static int read_both(struct dn_str line) {
        int r = dn_reader_line(&knowing, line, &a), s;

        dn_reader_free(&new);
        new.parent = new.child = new.whole = new.top = (struct dn_known){0};
        s = dn_reader_line(&new, line, &b);
        assert_int_equal(r, s);
        if (r == 0)
                assert_int_equal(a.kind, b.kind);
        if (r == 0 && a.sample) {
                same_rows(DN_PROCESS);
                same_rows(DN_WHOLE);
        }
        return r;
}

static const char tree[] =
        "{\"kind\":\"tree\",\"ts_ms\":1795425304713,\"elapsed_us\":12345,"
        "\"parent\":{\"ts_ms\":1795425304712,\"cpu_usage\":12.34,\"mem_rss_kb\":4096,\"cpu_core\":2,\"uptime_secs\":9},"
        "\"children\":[{\"pid\":11,\"command\":\"crowd\",\"metrics\":{\"ts_ms\":1795425304717,\"cpu_usage\":0.5,"
        "\"mem_rss_kb\":532,\"thread_count\":1,\"cpu_user_secs\":1.5,\"uptime_secs\":4}},"
        "{\"pid\":12,\"command\":\"crowd\",\"metrics\":{\"ts_ms\":1795425304717,\"cpu_usage\":0.25,\"mem_rss_kb\":533,"
        "\"thread_count\":1,\"cpu_user_secs\":0.000001,\"uptime_secs\":4}}],"
        "\"aggregated\":{\"ts_ms\":1795425304713,\"cpu_usage\":13.0,\"mem_rss_kb\":5161,\"process_count\":3,"
        "\"uptime_secs\":9}}";

/* One process's line, of no kind: whether process_count is in it says what it is. */
static const char flat[] = "{\"ts_ms\":1795425304713,\"cpu_usage\":12.34,\"mem_rss_kb\":4096,\"thread_count\":1,"
                           "\"process_count\":2,\"fd_count\":3,\"io_read_ops\":5,\"io_write_ops\":6,"
                           "\"disk_cancelled_write_bytes\":0,\"uptime_secs\":9}";

static struct dn_str whole_tree(void) {
        return dn_str_of(tree);
}

static void learn(void) {
        assert_int_equal(read_both(whole_tree()), 0);
        assert_int_equal(read_both(whole_tree()), 0);
        assert_int_equal(a.sample->part[DN_PROCESS].n, 3);
}

static void what_comes_in_its_order_is_read_the_same(void **state) {
        const struct dn_row *child;

        learn();
        child = dn_table_row(&a.sample->part[DN_PROCESS], 2);
        assert_string_equal(child->name.p, "crowd");
        assert_int_equal(child->key.pid, 12);
        assert_int_equal(child->v[DN_cpu_user_secs], 1);
        assert_int_equal(child->v[DN_mem_rss_kb], 533);
        assert_int_equal(child->read_ns, 4000000);
}

/* Each piece of the line in turn is replaced. */
static void replace_each_in(const char *whole, const char *from, const char *to) {
        for (const char *at = strstr(whole, from); at; at = strstr(at + 1, from)) {
                dn_autotext struct dn_text line = {0};

                dn_text_put(&line, (struct dn_str){whole, (size_t)(at - whole)});
                dn_text_put(&line, dn_str_of(to));
                dn_text_put(&line, dn_str_of(at + strlen(from)));
                read_both(dn_str_of(whole));
                read_both(dn_text_str(&line));
        }
}

static void replace_each(const char *from, const char *to) {
        learn();
        replace_each_in(tree, from, to);
        replace_each_in(flat, from, to);
}

static void what_comes_otherwise_is_read_by_the_scanner(void **state) {
        replace_each("\"mem_rss_kb\":", "\"mem_rss_kb\": ");
        replace_each("\"mem_rss_kb\":", "\"mem_rss_kb\":null,\"mem_vms_kb\":");
        replace_each("\"mem_rss_kb\":", "\"mem_rss_kb\":-");
        replace_each("\"mem_rss_kb\":", "\"mem_rss_kb\":0");
        replace_each("\"mem_rss_kb\":", "\"mem_rss_xx\":");
        replace_each("\"mem_rss_kb\":", "\"mem_rss_kb\":1e3,\"new\":[{}],\"fd_count\":");
        replace_each("\"mem_rss_kb\":", "\"uptime_secs\":7,\"mem_rss_kb\":");
        replace_each("\"cpu_usage\":", "\"cpu_usage\":1.2345,\"cpu_usage\":");
        replace_each("\"cpu_usage\":", ",\"cpu_usage\":");
        replace_each(",\"cpu_usage\":", "\"cpu_usage\":");
        replace_each("{\"ts_ms\":", "{");
        replace_each("{\"ts_ms\":", "{\"ts_ms\":null,\"x\":");
        replace_each("{\"ts_ms\":", "{\"ts_ms\":123456789012345678");
        replace_each("\"uptime_secs\":4}", "\"uptime_secs\":4]");
        replace_each("\"uptime_secs\":4}", "\"uptime_secs\":4,}");
        replace_each("\"uptime_secs\":4}", "\"uptime_secs\":4.5}");
        replace_each("\"pid\":", "\"pid\":-");
        replace_each("\"pid\":", "\"ppid\":1,\"pid\":");
        replace_each("crowd", "a \\\"b\\\"");
        replace_each("crowd", "ü");
        replace_each("crowd", "\xff");
        replace_each("crowd", "a\tb");
        replace_each("crowd", "");
        replace_each("crowd", "fifteen letters");
        replace_each("crowd", "sixteen letters.");
        replace_each("crowd", "a name of more letters than a kernel's has");
        replace_each("\"process_count\":2", "\"process_count\":null");
        replace_each("\"process_count\":2", "\"process_count\":[2]");
        replace_each("\"process_count\":2,", "");
        replace_each("}}],", "},\"more\":1}],");
        replace_each("}},{", "}}{");
        replace_each("}},{", "},{");
}

static void a_line_cut_anywhere_is_broken(void **state) {
        learn();
        for (size_t n = 1; n + 1 < sizeof(tree); n++)
                assert_int_equal(read_both((struct dn_str){tree, n}), -EBADMSG);
}

static void change_bytes(const char *whole, int rounds) {
        static const char bytes[] = "\"{}[]:,.-+eaZ0123456789 \\\x01\x80\xff";
        size_t n = strlen(whole);
        uint64_t seed = 3;

        for (int i = 0; i < rounds; i++) {
                dn_autotext struct dn_text line = {0};

                dn_text_put(&line, dn_str_of(whole));
                line.p[random_below(&seed, (uint32_t)n)] = bytes[random_below(&seed, sizeof(bytes) - 1)];
                read_both(dn_text_str(&line));
        }
}

static void any_byte_changed_is_read_the_same(void **state) {
        learn();
        change_bytes(tree, 20000);
        change_bytes(flat, 20000);
}

static void without_children_only_the_whole_is_kept(void **state) {
        learn();
        knowing.children = false;
        assert_int_equal(dn_reader_line(&knowing, whole_tree(), &a), 0);
        assert_int_equal(a.sample->part[DN_PROCESS].n, 0);
        assert_int_equal(dn_sample_whole(a.sample)->v[DN_process_count], 3);
        assert_int_equal(dn_reader_line(&knowing, (struct dn_str){tree, 300}, &a), -EBADMSG);
        knowing.children = true;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(what_comes_in_its_order_is_read_the_same), TEST(what_comes_otherwise_is_read_by_the_scanner),
          TEST(a_line_cut_anywhere_is_broken), TEST(any_byte_changed_is_read_the_same),
          TEST(without_children_only_the_whole_is_kept))
