/* SPDX-License-Identifier: GPL-3.0-or-later
 * A child that does nothing until it is killed. */
#pragma once
#include "common.h"

#include <unistd.h>

static inline pid_t start_sleeper(void) {
        pid_t pid = fork();

        if (pid == 0)
                for (;;)
                        pause();
        assert_true(pid > 0);
        return pid;
}
