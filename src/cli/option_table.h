/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every option of the program. */
#pragma once
#include "cli/cli.h"

struct dn_option {
        const char *name;     /* without its dashes */
        char letter;          /* 0: none */
        const char *argument; /* what the help calls it; NULL: it takes none */
        /* Takes the value. NULL, or what is wrong with it: WHY; WHAT TO DO. */
        const char *(*take)(struct dn_cli *cli, const char *value);
};
extern const struct dn_option dn_option_table[];
extern const int dn_n_options;
