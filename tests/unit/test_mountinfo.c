/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "host/mountinfo.h"

static const char table[] = "1 0 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro\n"
                            "2 1 0:51 /export/home /home rw,nosuid shared:2 master:3 - nfs4 filer:/export rw,vers=4.2\n"
                            "3 2 0:52 / /home/alice\\040b rw - fuse.sshfs alice@host: rw\n"
                            "4 1 0:60 / /data ro - tmpfs none rw\n"
                            "5 1 8:3 / /data rw,noatime - xfs /dev/sda3 rw\n";

static void a_line_is_taken_apart_whatever_stands_before_the_dash(void **state) {
        struct dn_mount m;

        assert_int_equal(
                dn_mount_parse(DN_STR("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 x - ext3 /dev/root rw,quota"), &m),
                0);
        assert_int_equal(m.major, 98);
        assert_int_equal(m.minor, 0);
        assert_str_is(m.root, "/mnt1");
        assert_str_is(m.point, "/mnt2");
        assert_str_is(m.options, "rw,noatime");
        assert_str_is(m.type, "ext3");
        assert_str_is(m.source, "/dev/root");
        assert_str_is(m.super_options, "rw,quota");
}

static void what_is_no_mount_is_refused(void **state) {
        static const char *const bad[] = {"",
                                          "36 35 98:0 /mnt1 /mnt2 rw",
                                          "36 35 98:0 /mnt1 /mnt2 rw master:1 ext3 /dev/root rw",
                                          "36 35 98 /mnt1 /mnt2 rw - ext3 /dev/root rw",
                                          "36 35 98:x /mnt1 /mnt2 rw - ext3 /dev/root rw",
                                          "36 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root"};
        struct dn_mount m = {.major = 7};

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                assert_int_equal(dn_mount_parse(dn_str_of(bad[i]), &m), -EBADMSG);
        assert_int_equal(m.major, 7);
}

static void assert_lies_on(const char *path, const char *type) {
        struct dn_mount m;

        assert_true(dn_mount_of(dn_str_of(table), dn_str_of(path), &m));
        assert_str_is(m.type, type);
}

static void a_path_lies_where_the_longest_mount_point_has_it(void **state) {
        assert_lies_on("/", "ext4");
        assert_lies_on("/hom", "ext4");
        assert_lies_on("/homes/x", "ext4");
        assert_lies_on("/home", "nfs4");
        assert_lies_on("/home/bob/x", "nfs4");
}

static void a_later_mount_hides_the_one_below_it(void **state) {
        assert_lies_on("/data/x", "xfs");
}

static void a_blank_in_a_name_is_an_escape_in_the_table(void **state) {
        dn_autotext struct dn_text text = {0};

        assert_lies_on("/home/alice b/x", "fuse.sshfs");
        assert_lies_on("/home/alice\\040b", "nfs4");
        dn_mount_put_name(&text, DN_STR("/a\\040b\\134c\\04\\"));
        assert_text_is(&text, "/a b\\c\\04\\");
}

static void a_path_that_is_not_absolute_lies_nowhere(void **state) {
        struct dn_mount m;

        assert_false(dn_mount_of(dn_str_of(table), DN_STR("home"), &m));
        assert_false(dn_mount_of(dn_str_of(table), DN_STR(""), &m));
        assert_false(dn_mount_of(DN_STR(""), DN_STR("/"), &m));
}

RUN_TESTS(cmocka_unit_test(a_line_is_taken_apart_whatever_stands_before_the_dash),
          cmocka_unit_test(what_is_no_mount_is_refused),
          cmocka_unit_test(a_path_lies_where_the_longest_mount_point_has_it),
          cmocka_unit_test(a_later_mount_hides_the_one_below_it),
          cmocka_unit_test(a_blank_in_a_name_is_an_escape_in_the_table),
          cmocka_unit_test(a_path_that_is_not_absolute_lies_nowhere))
