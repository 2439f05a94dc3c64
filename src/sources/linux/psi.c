/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pressure: how long tasks stood still for want of memory, I/O or a CPU; of the job's cgroup where there is one, else
 * of the whole machine. Once a second, since the kernel settles its averages every two. */
#include "base/file.h"
#include "host/cgroup.h"
#include "sources/linux/parse_psi.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"

#include <errno.h>
#include <stdlib.h>

/* The rows of the three blocks have the same fields in the same places: the names of one stand for all. */
#define SAME_PLACE(part, name) (DN_##part##_##name - DN_FIRST_##part == DN_PSI_MEM_##name - DN_FIRST_PSI_MEM)
#define SAME_PLACES(part) \
        _Static_assert(SAME_PLACE(part, scope) && SAME_PLACE(part, some_avg10) && SAME_PLACE(part, full_avg10) && \
                               SAME_PLACE(part, some_stalled_secs) && SAME_PLACE(part, full_stalled_secs), \
                       "")
SAME_PLACES(PSI_IO);
SAME_PLACES(PSI_CPU);

static const struct {
        const char *of_cgroup, *of_system;
        int part;
} files[] = {
        {"memory.pressure", "pressure/memory", DN_PSI_MEM},
        {"io.pressure", "pressure/io", DN_PSI_IO},
        {"cpu.pressure", "pressure/cpu", DN_PSI_CPU},
};

/* No descriptor is held: the files are read seldom, and the directories are others'. */
struct pressure {
        int directory;
        bool cgroup;
        int64_t due_ns;
};

static int read_psi(const struct pressure *p, size_t i, struct dn_psi *ret_psi) {
        const char *name = p->cgroup ? files[i].of_cgroup : files[i].of_system;
        char buffer[512];
        int n = p->directory < 0 ? -EBADF : dn_file_read(p->directory, name, buffer, sizeof(buffer));

        return n < 0 ? n : dn_psi_parse((struct dn_str){buffer, (size_t)n}, ret_psi);
}

/* A kernel may have the files and refuse to read them (psi=0, cgroup.pressure). */
static bool is_kept_in(struct pressure *p, int directory, bool cgroup) {
        struct dn_psi psi;

        p->directory = directory;
        p->cgroup = cgroup;
        for (size_t i = 0; i < DN_COUNT(files); i++)
                if (read_psi(p, i, &psi) == 0)
                        return true;
        return false;
}

static int psi_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct pressure *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        if (!is_kept_in(p, t->cgroup ? t->cgroup->at[DN_UNIFIED] : -1, true) &&
            !is_kept_in(p, t->procfs->root, false)) {
                dn_text_put(why, DN_STR("the kernel keeps no account of it; boot with psi=1"));
                free(p);
                return -ENOTSUP;
        }
        *ret_state = p;
        return 0;
}

static void take(struct dn_row *row, const struct dn_psi *psi, const char *scope, uint32_t number) {
        dn_row_set_text(row, DN_PSI_MEM_scope, scope, number);
        dn_row_set(row, DN_PSI_MEM_some_avg10, (int64_t)psi->some_avg10_centi, number);
        dn_row_set(row, DN_PSI_MEM_some_stalled_secs, (int64_t)psi->some_total_usec, number);
        if (!psi->has_full)
                return;
        dn_row_set(row, DN_PSI_MEM_full_avg10, (int64_t)psi->full_avg10_centi, number);
        dn_row_set(row, DN_PSI_MEM_full_stalled_secs, (int64_t)psi->full_total_usec, number);
}

static int psi_read(void *state, struct dn_pass *pass) {
        struct pressure *p = state;
        struct dn_psi psi;

        if (pass->mono_ns < p->due_ns && !pass->final)
                return 0;
        p->due_ns = pass->mono_ns + dn_pass_pace_ns(pass);
        for (size_t i = 0; i < DN_COUNT(files); i++) {
                struct dn_row *row;

                if (read_psi(p, i, &psi) < 0)
                        continue;
                row = dn_block_row(pass->now->part, files[i].part);
                if (!row)
                        return -ENOMEM;
                row->read_ns = pass->mono_ns;
                take(row, &psi, p->cgroup ? "cgroup" : "system", pass->now->number);
        }
        return 0;
}

const struct dn_source dn_source_psi = {
        .name = "psi",
        .open = psi_open,
        .read = psi_read,
        .close = free,
};
