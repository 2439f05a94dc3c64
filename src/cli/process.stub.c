/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/process.h"

#include <errno.h>

int dn_process_lay_down_rights(void) {
        return 0;
}

char **dn_process_environment(void) {
        return NULL;
}

int dn_process_become_subreaper(void) {
        return -ENOTSUP;
}

uint64_t dn_process_raise_descriptors(void) {
        return 0;
}

void dn_process_fill_stdio(void) {}

void dn_process_who(int64_t pid, struct dn_text *text) {
        (void)pid;
        (void)text;
}

bool dn_process_unseen(int64_t pid) {
        (void)pid;
        return false;
}
