/* SPDX-License-Identifier: GPL-3.0-or-later
 * An unknown system: nothing can be read there. */
#include "sources/source.h"

#include <errno.h>

const struct dn_source *const dn_sources[] = {NULL};
const struct dn_source *const dn_sampler_source = NULL;

int dn_platform_open(struct dn_procfs **ret_procfs, const char *root) {
        (void)ret_procfs;
        (void)root;
        return -ENOTSUP;
}

void dn_platform_close(struct dn_procfs *procfs) {
        (void)procfs;
}

int dn_platform_identify(struct dn_procfs *procfs, int64_t pid, struct dn_key *ret_key) {
        (void)procfs;
        (void)pid;
        (void)ret_key;
        return -ENOTSUP;
}

int dn_platform_text(struct dn_procfs *procfs, int64_t pid, int which, struct dn_text *text) {
        (void)procfs;
        (void)pid;
        (void)which;
        (void)text;
        return -ENOTSUP;
}

bool dn_platform_may_load_bpf(struct dn_procfs *procfs) {
        (void)procfs;
        return false;
}

int64_t dn_platform_tasks(struct dn_procfs *procfs) {
        (void)procfs;
        return 0;
}

bool dn_platform_is_kernel_thread(struct dn_procfs *procfs, int64_t pid) {
        (void)procfs;
        (void)pid;
        return false;
}

int64_t dn_platform_own_peak_kb(struct dn_procfs *procfs) {
        (void)procfs;
        return 0;
}

bool dn_platform_may_fork(struct dn_procfs *procfs, int64_t watched) {
        (void)procfs;
        (void)watched;
        return false;
}
