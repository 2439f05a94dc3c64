/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signals to denet, as things to read: none is lost, none ends it. The command gets the dispositions that denet was
 * started with, for exec resets what is caught. */
#pragma once
#include <stdbool.h>

struct dn_signal {
        int number;
        bool from_process; /* sent to denet by one; else by the terminal or the kernel, to the command as well */
};

int dn_signals_open(void);                          /* a descriptor to poll, or -errno */
bool dn_signals_next(struct dn_signal *ret_signal); /* false: no more now */
/* Stops denet itself, as the default of TSTP would. */
void dn_signals_stop_self(void);
