/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "scene.h"
#include "sources/linux/parse_netdev.h"

#define HEAD \
        "Inter-|   Receive                                                |  Transmit\n" \
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop\n"
#define LINE(name, rx, tx) \
        "  " name ": " rx "       6    0    0    0     0          0         0      " tx "       6    0\n"

struct sum {
        uint64_t rx_bytes, tx_bytes;
        int interfaces, loopbacks;
};

static int parse(struct dn_str file, struct sum *ret_sum) {
        struct dn_str exact = scene_exact(file), rest = exact;
        struct dn_netdev netdev;
        struct sum sum = {0};
        int r = dn_netdev_begin(&rest);

        while (r == 0 && (r = dn_netdev_next(&rest, &netdev)) > 0) {
                sum.interfaces++;
                sum.loopbacks += dn_netdev_is_loopback(&netdev);
                if (dn_netdev_is_loopback(&netdev)) {
                        r = 0;
                        continue;
                }
                sum.rx_bytes += netdev.rx_bytes;
                sum.tx_bytes += netdev.tx_bytes;
                r = 0;
        }
        free((void *)exact.p);
        if (r == 0)
                *ret_sum = sum;
        return r;
}

static struct sum parsed(struct dn_str file) {
        struct sum sum = {1, 1, 1, 1};

        assert_int_equal(parse(file, &sum), 0);
        return sum;
}

static bool recorded(const struct scene *scene, const char *name, struct sum *ret_net) {
        dn_autotext struct dn_text text = {0};

        if (!scene_read(scene, name, "net/dev", &text))
                return false;
        assert_int_equal(parse(dn_text_str(&text), ret_net), 0);
        return true;
}

/* The recorded machines have no other. */
static void the_loopback_is_told_from_the_others(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct sum net;
                int n = 0;

                scene_load(&scene, scene_kernels[k]);
                for (size_t i = 0; i < scene.n; i++)
                        if (recorded(&scene, scene.processes[i].name, &net)) {
                                assert_int_equal(net.rx_bytes + net.tx_bytes, 0);
                                assert_int_equal(net.loopbacks, 1);
                                n++;
                        }
                assert_true(n > 20);
                assert_false(recorded(&scene, "zombie", &net));
        }
}

static void every_interface_has_a_line(void **state) {
        struct sum net =
                parsed(DN_STR(HEAD LINE("lo", "504", "504") LINE("eth0", "1000", "20") LINE("wlan0", "3", "4")));

        assert_int_equal(net.interfaces, 3);
        assert_int_equal(net.loopbacks, 1);
        assert_int_equal(net.rx_bytes, 1003);
        assert_int_equal(net.tx_bytes, 24);
}

/* Wide numbers touch the colon in old kernels; an alias has a colon of its own in none. */
static void a_number_may_touch_its_name(void **state) {
        struct sum net = parsed(DN_STR(HEAD "eth0:123456789012 1 2 3 4 5 6 7 99 1 2\nlo2:1 0 0 0 0 0 0 0 1\n"));

        assert_int_equal(net.rx_bytes, 123456789013);
        assert_int_equal(net.tx_bytes, 100);
}

static void without_interfaces_there_is_no_traffic(void **state) {
        assert_int_equal(parsed(DN_STR(HEAD)).rx_bytes, 0);
}

static void what_is_no_such_file_is_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),
                DN_STR("\n\n"),
                DN_STR("\0\0\0\n\0\n"),
                DN_STR("Inter-|"),
                DN_STR("Inter-|\n"),
                DN_STR("face|\n face |\n"),
                DN_STR(HEAD "eth0"),
                DN_STR(HEAD "eth0:"),
                DN_STR(HEAD "eth0: 1 2 3 4 5 6 7 8"),
                DN_STR(HEAD "eth0: 1 2 3 4 5 6 7 8 -9\n"),
                DN_STR(HEAD "eth0: 1 2 3 x 5 6 7 8 9\n"),
                DN_STR(HEAD "eth0: 18446744073709551616 2 3 4 5 6 7 8 9\n"),
                DN_STR(HEAD ": 1 2 3 4 5 6 7 8 9\n"),
                DN_STR(HEAD "eth0: 1 2 3 4 5 6 7 8 9\neth1: 1 2\n"),
        };
        struct sum net = {7, 8, 0, 0};

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                if (parse(bad[i], &net) != -EBADMSG)
                        fail_msg("taken: %.*s", (int)bad[i].n, bad[i].p);
        assert_int_equal(net.rx_bytes, 7);
        assert_int_equal(net.tx_bytes, 8);
}

RUN_TESTS(cmocka_unit_test(the_loopback_is_told_from_the_others), cmocka_unit_test(every_interface_has_a_line),
          cmocka_unit_test(a_number_may_touch_its_name), cmocka_unit_test(without_interfaces_there_is_no_traffic),
          cmocka_unit_test(what_is_no_such_file_is_refused))
