/* SPDX-License-Identifier: GPL-3.0-or-later
 * For tests of what opens descriptors and starts processes: LEAVES_NOTHING(test) in place of cmocka_unit_test(test)
 * fails it where one of either is left behind. */
#pragma once
#include "common.h"

#include <sys/wait.h>

#define ARGV(...) ((char *const[]){__VA_ARGS__, NULL})
#define SHELL(script) ARGV((char *)"/bin/sh", (char *)"-c", (char *)(script))

static inline int count_descriptors(void) {
        dn_autodir DIR *dir = opendir("/proc/self/fd");
        const struct dirent *entry;
        int n = 0;

        assert_non_null(dir);
        while ((entry = readdir(dir)))
                n += entry->d_name[0] != '.';
        return n - 1; /* the directory's own */
}

static inline int note_descriptors(void **state) {
        static int before;

        before = count_descriptors();
        *state = &before;
        return 0;
}

static inline int same_descriptors(void **state) {
        const int *before = *state;
        int after = count_descriptors();

        if (after != *before || waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD) {
                print_error("%d descriptors before, %d after; or a child is left\n", *before, after);
                while (waitpid(-1, NULL, WNOHANG) > 0)
                        ;
                return -1;
        }
        return 0;
}

#define LEAVES_NOTHING(test) cmocka_unit_test_setup_teardown(test, note_descriptors, same_descriptors)
