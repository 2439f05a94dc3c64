/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/process_state.h"

/* linux/sched.h. That of a lock of PREEMPT_RT and that of the freezer, from 5.15 and 6.1 on, are nothing else before.
 */
enum {
        UNINTERRUPTIBLE = 0x2,
        REPORTED = 0x7f,
        IDLE_REPORTED = 0x80,
        NO_LOAD = 0x400,
        IDLE = UNINTERRUPTIBLE | NO_LOAD,
        LOCK_WAIT = 0x1000,
        FROZEN = 0x8000,
};

char dn_process_state(uint32_t state, uint32_t exit_state) {
        static const char letters[] = "RSDTtXZPI";
        uint32_t reported = (state | exit_state) & REPORTED;
        int highest = 0;

        if ((state & IDLE) == IDLE)
                reported = IDLE_REPORTED;
        if ((state & (LOCK_WAIT | FROZEN)) && !exit_state)
                reported = UNINTERRUPTIBLE;
        while (reported >> highest)
                highest++;
        return letters[highest];
}
