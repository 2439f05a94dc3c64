/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signals to denet, as things to read: none is lost, none ends it. The command gets the dispositions that denet was
 * started with, for exec resets what is caught. */
#pragma once
#include "denet/denet.h"

#include <stdbool.h>

struct dn_signal {
        int number;
        bool passed;       /* … and it was passed on already */
        bool from_process; /* sent to denet by one; else by the terminal or the kernel, to the command as well */
};

/* Of those that are caught: what was ignored when denet was started, for denet_options.ignored. */
uint64_t dn_signals_ignored(void);

/* From now on what processes send to denet goes on to this stream's command, in the handler itself: also while denet
 * waits for a reader of its output. NULL: no more. */
void dn_signals_pass_to(denet *stream);

int dn_signals_open(void);                          /* a descriptor to poll, or -errno */
bool dn_signals_next(struct dn_signal *ret_signal); /* false: no more now */
/* Stops denet itself, as TSTP does whom it is not caught by; returns when it is continued. */
void dn_signals_stop_self(void);
