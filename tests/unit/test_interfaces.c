/* SPDX-License-Identifier: GPL-3.0-or-later
 * Over readings of /proc/net/dev one after another, recorded (tests/fixtures/netdev) and made up. */
#include "base/file.h"
#include "common.h"
#include "sources/linux/interfaces.h"

#define HEAD "Inter-|   Receive |  Transmit\n face |bytes\n"
#define LINE(name, rx, tx) name ": " rx " 6 0 0 0 0 0 0 " tx " 6 0\n"

static void take(struct dn_interfaces *i, const char *file, uint64_t rx, uint64_t tx) {
        assert_int_equal(dn_interfaces_take(i, dn_str_of(file)), 0);
        assert_int_equal(i->rx_bytes, rx);
        assert_int_equal(i->tx_bytes, tx);
}

/* The pair's two ends both count: of each packet one has sent what the other received. */
static void a_recorded_pair_comes_goes_comes_again_and_is_renamed(void **state) {
        static const uint64_t sums[] = {0, 104646, 156832, 156832, 167694, 188890};
        const char *fixtures = getenv("DENET_FIXTURES");
        struct dn_interfaces i = {0};

        for (size_t n = 0; n < DN_COUNT(sums); n++) {
                dn_autotext struct dn_text file = {0};
                char path[4096];

                snprintf(path, sizeof(path), "%s/netdev/veth/%zu", fixtures ? fixtures : "tests/fixtures", n + 1);
                assert_int_equal(dn_file_append(AT_FDCWD, path, 65536, &file), 0);
                take(&i, dn_text_cstr(&file), sums[n], sums[n]);
        }
        dn_interfaces_free(&i);
}

static void every_machine_has_its_sum_without_the_loopback(void **state) {
        static const struct {
                const char *name;
                uint64_t rx_bytes, tx_bytes;
        } machines[] = {
                {"two-socket", 905000000000, 800070000000},
                {"hybrid-laptop", 912345678, 81234567},
                {"arm-server", 123456, 65432},
                {"container", 8012, 7100},
                {"cgroup-v1", 103294960000, 98000000100},
                {"vm", 1029084358, 1213670},
        };
        const char *fixtures = getenv("DENET_FIXTURES");

        for (size_t n = 0; n < DN_COUNT(machines); n++) {
                dn_autotext struct dn_text file = {0};
                struct dn_interfaces i = {0};
                char path[4096];

                snprintf(path, sizeof(path), "%s/machines/%s/proc/net/dev", fixtures ? fixtures : "tests/fixtures",
                         machines[n].name);
                assert_int_equal(dn_file_append(AT_FDCWD, path, 65536, &file), 0);
                take(&i, dn_text_cstr(&file), machines[n].rx_bytes, machines[n].tx_bytes);
                dn_interfaces_free(&i);
        }
}

static void what_was_carried_before_the_first_reading_is_in_the_sum(void **state) {
        struct dn_interfaces i = {0};

        take(&i, HEAD LINE("lo", "5", "5") LINE("eth0", "1000", "20") LINE("wlan0", "3", "4"), 1003, 24);
        take(&i, HEAD LINE("lo", "9", "9") LINE("eth0", "1001", "20") LINE("wlan0", "3", "9"), 1004, 29);
        dn_interfaces_free(&i);
}

static void the_order_of_the_lines_does_not_matter(void **state) {
        struct dn_interfaces i = {0};

        take(&i, HEAD LINE("a", "10", "1") LINE("b", "20", "2") LINE("c", "30", "3"), 60, 6);
        take(&i, HEAD LINE("c", "31", "3") LINE("a", "12", "1") LINE("b", "20", "2"), 63, 6);
        take(&i, HEAD LINE("b", "20", "2") LINE("c", "31", "3"), 63, 6);
        take(&i, HEAD LINE("c", "31", "3") LINE("d", "4", "4") LINE("b", "20", "2"), 67, 10);
        dn_interfaces_free(&i);
}

static void a_counter_of_32_bits_comes_round(void **state) {
        struct dn_interfaces i = {0};

        take(&i, HEAD LINE("eth0", "4294967000", "100"), 4294967000, 100);
        take(&i, HEAD LINE("eth0", "4", "150"), 4294967300, 150);
        dn_interfaces_free(&i);
}

static void a_counter_that_falls_otherwise_has_begun_anew(void **state) {
        struct dn_interfaces i = {0};

        take(&i, HEAD LINE("eth0", "5000", "9000000000000"), 5000, 9000000000000);
        take(&i, HEAD LINE("eth0", "7", "8"), 5007, 9000000000008);
        dn_interfaces_free(&i);
}

static void one_that_has_gone_keeps_what_it_had(void **state) {
        struct dn_interfaces i = {0};

        take(&i, HEAD LINE("eth0", "1000", "1000") LINE("tun0", "500", "500"), 1500, 1500);
        take(&i, HEAD LINE("eth0", "1001", "1000"), 1501, 1500);
        take(&i, HEAD, 1501, 1500);
        take(&i, HEAD LINE("eth0", "1", "1"), 1502, 1501);
        dn_interfaces_free(&i);
}

static void a_new_name_is_no_new_traffic(void **state) {
        struct dn_interfaces i = {0};

        take(&i, HEAD LINE("eth0", "1000000", "1000000"), 1000000, 1000000);
        take(&i, HEAD LINE("lan0", "1000005", "1000000"), 1000005, 1000000);
        dn_interfaces_free(&i);
}

static void a_broken_reading_changes_nothing(void **state) {
        static const char *const bad[] = {
                "",
                HEAD LINE("eth0", "2000", "20") "eth1: 1 2\n",
                HEAD LINE("eth0", "18446744073709551615", "20"),
                HEAD LINE("a-name-of-sixteen", "1", "1"),
        };
        struct dn_interfaces i = {0};

        take(&i, HEAD LINE("eth0", "1000", "20"), 1000, 20);
        for (size_t n = 0; n < DN_COUNT(bad); n++)
                assert_int_equal(dn_interfaces_take(&i, dn_str_of(bad[n])), -EBADMSG);
        take(&i, HEAD LINE("eth0", "1001", "20"), 1001, 20);
        dn_interfaces_free(&i);
}

static void put_line(struct dn_text *text, int number, uint64_t bytes) {
        dn_text_printf(text, "veth%d: %llu 0 0 0 0 0 0 0 %llu\n", number, (unsigned long long)bytes,
                       (unsigned long long)bytes);
}

/* As on a machine of many containers: some go and others come in each reading, each with little behind it. */
static void the_sum_never_falls_among_a_thousand_that_come_and_go(void **state) {
        struct dn_interfaces i = {0};
        uint64_t random = 7, before = 0, bytes[1000] = {0};

        for (int reading = 0; reading < 30; reading++) {
                dn_autotext struct dn_text file = {0};

                dn_text_put(&file, DN_STR(HEAD));
                for (int n = 0; n < 1000; n++) {
                        bytes[n] = random_below(&random, 10) == 0 ? 0 : bytes[n] + random_below(&random, 1000);
                        if (bytes[n] > 0)
                                put_line(&file, n, bytes[n]);
                }
                assert_int_equal(dn_interfaces_take(&i, dn_text_str(&file)), 0);
                assert_true(i.rx_bytes >= before);
                assert_int_equal(i.rx_bytes, i.tx_bytes);
                before = i.rx_bytes;
        }
        dn_interfaces_free(&i);
}

RUN_TESTS(cmocka_unit_test(a_recorded_pair_comes_goes_comes_again_and_is_renamed),
          cmocka_unit_test(every_machine_has_its_sum_without_the_loopback),
          cmocka_unit_test(what_was_carried_before_the_first_reading_is_in_the_sum),
          cmocka_unit_test(the_order_of_the_lines_does_not_matter), cmocka_unit_test(a_counter_of_32_bits_comes_round),
          cmocka_unit_test(a_counter_that_falls_otherwise_has_begun_anew),
          cmocka_unit_test(one_that_has_gone_keeps_what_it_had), cmocka_unit_test(a_new_name_is_no_new_traffic),
          cmocka_unit_test(a_broken_reading_changes_nothing),
          cmocka_unit_test(the_sum_never_falls_among_a_thousand_that_come_and_go))
