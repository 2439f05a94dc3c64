/* SPDX-License-Identifier: GPL-3.0-or-later
 * How far long reading work has come: a line on the terminal, rewritten in place and erased at the end. Nothing in the
 * first half second, and nothing where standard error is no terminal. */
#pragma once
#include "denet/denet.h"

#include <stdbool.h>

struct dn_progress {
        const char *name;
        bool wanted;
        int shown; /* columns of the line that stands there */
        long long began_ms, due_ms;
};

void dn_progress_begin(struct dn_progress *p, const char *name, bool wanted);
void dn_progress_show(struct dn_progress *p, const denet *d); /* where it is due */
void dn_progress_clear(struct dn_progress *p);                /* before anything else goes to the terminal */
