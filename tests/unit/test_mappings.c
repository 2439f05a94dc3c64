/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records of perf's ring, as the kernel lays them out: linux/perf_event.h. */
#include "modules/ebpf/mappings.h"

#include "common.h"
#include <errno.h>
#include <linux/perf_event.h>

static char buffer[512];
static size_t size;

static void put(const void *bytes, size_t n) {
        memcpy(buffer + size, bytes, n);
        size += n;
}

static void put_u32(uint32_t n) {
        put(&n, sizeof(n));
}

static void put_u64(uint64_t n) {
        put(&n, sizeof(n));
}

static void begin(uint32_t type, uint16_t misc) {
        struct perf_event_header header = {.type = type, .misc = misc};

        size = 0;
        put(&header, sizeof(header));
}

static struct dn_str end(uint64_t time_ns) {
        struct perf_event_header header;

        put_u32(7);
        put_u32(8);
        put_u64(time_ns);
        memcpy(&header, buffer, sizeof(header));
        header.size = (uint16_t)size;
        memcpy(buffer, &header, sizeof(header));
        return (struct dn_str){buffer, size};
}

static struct dn_str map(uint64_t start, uint64_t length, uint32_t prot, const char name[16]) {
        begin(PERF_RECORD_MMAP2, 0);
        put_u32(7);
        put_u32(8);
        put_u64(start);
        put_u64(length);
        put_u64(0x2000);
        put_u32(8);
        put_u32(1);
        put_u64(1234);
        put_u64(0);
        put_u32(prot);
        put_u32(2);
        put(name, 16);
        return end(55);
}

static void a_mapping_has_its_place_and_its_file(void **state) {
        struct dn_mapping_news news;

        assert_int_equal(dn_mapping_parse(map(0x400000, 0x1000, 5, "/bin/x y\0\0\0\0\0\0\0"), &news), 1);
        assert_int_equal(news.event, DN_MAPPING_MAP);
        assert_int_equal(news.time_ns, 55);
        assert_int_equal(news.pid, 7);
        assert_int_equal(news.mapping.start, 0x400000);
        assert_int_equal(news.mapping.end, 0x401000);
        assert_int_equal(news.mapping.offset, 0x2000);
        assert_int_equal(news.mapping.inode, 1234);
        assert_true(news.mapping.executable);
        assert_true(dn_str_equal(news.name, DN_STR("/bin/x y")));
}

static void a_name_without_an_end_ends_with_the_record(void **state) {
        struct dn_mapping_news news;

        assert_int_equal(dn_mapping_parse(map(0x400000, 0x1000, 1, "0123456789abcdef"), &news), 1);
        assert_true(dn_str_equal(news.name, DN_STR("0123456789abcdef")));
        assert_false(news.mapping.executable);
}

static void a_mapping_around_the_end_of_memory_is_none(void **state) {
        struct dn_mapping_news news = {.pid = 99};

        assert_int_equal(dn_mapping_parse(map(UINT64_MAX - 10, 0x1000, 5, "x\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), &news),
                         -EBADMSG);
        assert_int_equal(dn_mapping_parse(map(0x1000, 0, 5, "x\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), &news), -EBADMSG);
        assert_int_equal(news.pid, 99);
}

static struct dn_str comm(uint16_t misc) {
        begin(PERF_RECORD_COMM, misc);
        put_u32(7);
        put_u32(8);
        put("ls\0\0\0\0\0", 8);
        return end(56);
}

static void a_new_name_is_news_where_it_is_an_execs(void **state) {
        struct dn_mapping_news news;

        assert_int_equal(dn_mapping_parse(comm(0), &news), 0);
        assert_int_equal(dn_mapping_parse(comm(PERF_RECORD_MISC_COMM_EXEC), &news), 1);
        assert_int_equal(news.event, DN_MAPPING_EXEC);
        assert_int_equal(news.pid, 7);
}

static struct dn_str fork_of(uint32_t pid, uint32_t parent) {
        begin(PERF_RECORD_FORK, 0);
        put_u32(pid);
        put_u32(parent);
        put_u32(pid);
        put_u32(parent);
        put_u64(57);
        return end(57);
}

static void a_thread_is_no_process(void **state) {
        struct dn_mapping_news news;

        assert_int_equal(dn_mapping_parse(fork_of(7, 7), &news), 0);
        assert_int_equal(dn_mapping_parse(fork_of(9, 7), &news), 1);
        assert_int_equal(news.event, DN_MAPPING_FORK);
        assert_int_equal(news.pid, 9);
        assert_int_equal(news.parent, 7);
}

static void what_is_cut_is_refused(void **state) {
        struct dn_str whole = map(0x400000, 0x1000, 5, "0123456789abcde");
        struct dn_mapping_news news = {.pid = 99};

        for (size_t n = 0; n < whole.n; n++)
                assert_int_equal(dn_mapping_parse((struct dn_str){whole.p, n}, &news), -EBADMSG);
        assert_int_equal(news.pid, 99);
}

static void what_was_not_asked_for_is_passed_over(void **state) {
        struct dn_mapping_news news;

        begin(PERF_RECORD_LOST, 0);
        put_u64(1);
        put_u64(5);
        assert_int_equal(dn_mapping_parse(end(1), &news), 0);
}

RUN_TESTS(cmocka_unit_test(a_mapping_has_its_place_and_its_file),
          cmocka_unit_test(a_name_without_an_end_ends_with_the_record),
          cmocka_unit_test(a_mapping_around_the_end_of_memory_is_none),
          cmocka_unit_test(a_new_name_is_news_where_it_is_an_execs), cmocka_unit_test(a_thread_is_no_process),
          cmocka_unit_test(what_is_cut_is_refused), cmocka_unit_test(what_was_not_asked_for_is_passed_over))
