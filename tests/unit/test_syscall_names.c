/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpf/abi.h"
#include "modules/ebpf/syscall_names.h"

#include "common.h"

static void every_number_that_has_a_name_has_a_category(void **state) {
        int n = 0;

        (void)state;
        for (uint32_t number = 0; number < DN_BPF_NUMBERS; number++) {
                const char *name = dn_syscall_name(number);

                /* Never built into Linux, or gone before 2.6. */
                if (!name || strstr(" afs_syscall afs_syscall (32-bit) tuxcall vserver vserver (32-bit) prof (32-bit) "
                                    "profil (32-bit) lock (32-bit) mpx (32-bit) gtty (32-bit) stty (32-bit) "
                                    "break (32-bit) idle (32-bit) ",
                                    name))
                        continue;
                n++;
                if (dn_syscall_category(number) == DN_SYSCALL_OTHER)
                        fail_msg("%u, %s, has no category", number, name);
        }
        assert_true(n > 300);
}

static void names_are_under_the_headings_of_the_man_pages(void **state) {
        (void)state;
#define OF(name) dn_syscall_category_of(DN_STR(name))
        assert_int_equal(OF("openat"), DN_SYSCALL_FILE_IO);
        assert_int_equal(OF("mmap"), DN_SYSCALL_MEMORY);
        assert_int_equal(OF("execve"), DN_SYSCALL_PROCESS);
        assert_int_equal(OF("recvmsg"), DN_SYSCALL_NETWORK);
        assert_int_equal(OF("clock_nanosleep"), DN_SYSCALL_TIME);
        assert_int_equal(OF("futex"), DN_SYSCALL_IPC);
        assert_int_equal(OF("seccomp"), DN_SYSCALL_SECURITY);
        assert_int_equal(OF("rt_sigaction"), DN_SYSCALL_SIGNAL);
        assert_int_equal(OF("bpf"), DN_SYSCALL_SYSTEM);
        assert_int_equal(OF("no_such_call"), DN_SYSCALL_OTHER);
        assert_int_equal(OF(""), DN_SYSCALL_OTHER);
        assert_int_equal(OF("ope"), DN_SYSCALL_OTHER);
}

static void a_32_bit_name_is_found_without_its_ending(void **state) {
        (void)state;
        assert_int_equal(OF("getuid32"), DN_SYSCALL_PROCESS);
        assert_int_equal(OF("clock_gettime64"), DN_SYSCALL_TIME);
        assert_int_equal(OF("recvmmsg_time64"), DN_SYSCALL_NETWORK);
        assert_int_equal(OF("read (32-bit)"), DN_SYSCALL_FILE_IO);
        assert_int_equal(OF("fcntl64 (32-bit)"), DN_SYSCALL_FILE_IO);
}

static void numbers_of_the_architecture_have_their_names(void **state) {
        (void)state;
#if defined(__x86_64__)
        assert_string_equal(dn_syscall_name(0), "read");
        assert_string_equal(dn_syscall_name(59), "execve");
        assert_string_equal(dn_syscall_name(DN_BPF_COMPAT + 3), "read (32-bit)");
#elif defined(__aarch64__)
        assert_string_equal(dn_syscall_name(63), "read");
        assert_string_equal(dn_syscall_name(221), "execve");
#endif
        assert_string_equal(dn_syscall_name(451), "cachestat");
        assert_null(dn_syscall_name(511));
        assert_null(dn_syscall_name(DN_BPF_NUMBERS));
        assert_int_equal(dn_syscall_category(511), DN_SYSCALL_OTHER);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_number_that_has_a_name_has_a_category),
                cmocka_unit_test(names_are_under_the_headings_of_the_man_pages),
                cmocka_unit_test(a_32_bit_name_is_found_without_its_ending),
                cmocka_unit_test(numbers_of_the_architecture_have_their_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
