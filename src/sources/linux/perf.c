/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hardware counters, and the kernel's own beside them, of the whole tree. They are opened on the held command, before
 * its first instruction, and inherited by all that it starts; of what runs already, on each of its threads. Asked for
 * alone: where nobody else counts, the kernel stops all cores to begin with it, which takes some 10 ms. */
#include "sources/linux/perf.h"
#include "base/guard.h"
#include "base/slots.h"
#include "sources/linux/probe/rights.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"

#include <fcntl.h>

enum { COUNTERS_MAX = 65536 };

struct perf {
        const struct dn_perf_kernel *k;
        struct dn_target *target;
        struct dn_perf_choices choices;
        struct dn_perf_how how;
        struct dn_perf_counter *counters;
        uint32_t n, room;
        bool begun;
        int can; /* of dn_can */
        struct dn_text why;
};

static void say(struct perf *p, const char *why, const char *hint) {
        dn_text_put(&p->why, dn_str_of(why));
        if (*hint)
                dn_text_printf(&p->why, "\n%s", hint);
}

static bool may_count_itself(const struct perf *p) {
        struct dn_perf_choices task_clock = {1, {p->choices.of[0]}};
        struct dn_perf_how how = {.user_only = true, .children = true};
        struct dn_perf_counter counter[DN_PERF_FIELDS];
        int n = dn_perf_open(p->k, &task_clock, &how, 0, counter);

        dn_perf_close(p->k, counter, n > 0 ? (uint32_t)n : 0);
        return n > 0;
}

/* Nothing is counted, and why. */
static void give_up(struct perf *p, int error) {
        struct dn_ability a = {0};
        int proc = p->target->procfs->root;
        struct dn_rights rights = dn_rights_read(proc);

        dn_perf_close(p->k, p->counters, p->n);
        p->n = 0;
        p->can = DN_CAN_NOT;
        if (error == -EMFILE || error == -ENFILE)
                say(p, "too many threads for the descriptors that may be held", "ulimit -n 65536");
        else if (error == -ESRCH)
                say(p, "the process had ended", "");
        else if (error == -ENODATA)
                say(p, "before Linux 5.13 a process is not counted without its children",
                    "leave --exclude-children out");
        else if ((error == -EACCES || error == -EPERM) && !p->target->own_child && may_count_itself(p))
                say(p, "it needs CAP_PERFMON for a process that may not be traced", "sudo denet --counters attach PID");
        else {
                dn_ability_counters(&a, &(struct dn_probe_roots){.proc = proc, .counter = error}, &rights);
                say(p, dn_text_cstr(&a.reason), a.hint.n > 0 ? dn_text_cstr(&a.hint) : "");
        }
        dn_text_free(&a.reason);
        dn_text_free(&a.hint);
}

static bool counts_hardware(const struct perf *p) {
        for (uint32_t i = 0; i < p->choices.n; i++)
                if (p->choices.of[i].group >= 0 && !(p->how.refused >> i & 1))
                        return true;
        return false;
}

static void note_ability(struct perf *p) {
        struct dn_probe_roots roots = {.proc = p->target->procfs->root,
                                       .counter = !counts_hardware(p) ? -ENOENT : p->how.user_only};
        struct dn_rights rights = dn_rights_read(roots.proc);
        struct dn_ability a = {0};

        dn_ability_counters(&a, &roots, &rights);
        p->can = a.can;
        say(p, a.reason.n > 0 ? dn_text_cstr(&a.reason) : "", a.hint.n > 0 ? dn_text_cstr(&a.hint) : "");
        dn_text_free(&a.reason);
        dn_text_free(&a.hint);
}

/* ---------------------------------------------------------------------------------------------------- beginning it */

/* 0 or -errno; one that has gone is no error. */
static int count_thread(struct perf *p, pid_t tid) {
        struct dn_perf_counter *counters;
        int n;

        if (p->n + DN_PERF_FIELDS > COUNTERS_MAX)
                return -EMFILE;
        counters = dn_slots_reserve(p->counters, &p->room, p->n + DN_PERF_FIELDS - 1, sizeof(*counters));
        if (!counters)
                return -ENOMEM;
        p->counters = counters;
        n = dn_perf_open(p->k, &p->choices, &p->how, tid, &counters[p->n]);
        if ((n == -EACCES || n == -EPERM) && !p->how.user_only) {
                p->how.user_only = true;
                n = dn_perf_open(p->k, &p->choices, &p->how, tid, &counters[p->n]);
        }
        p->n += n > 0 ? (uint32_t)n : 0;
        return n == -ESRCH ? 0 : n < 0 ? n : 0;
}

struct threads {
        pid_t *tids;
        uint32_t n, room;
};

static void threads_free(struct threads *threads) {
        free(threads->tids);
}

static int list_threads(struct dn_procfs *procfs, uint32_t slot, struct threads *threads) {
        dn_autodir DIR *dir = dn_entries_of(dn_procfs_open_at(procfs, slot, "task"));
        const struct dirent *entry;
        uint64_t tid;

        while (dir && (entry = readdir(dir))) {
                pid_t *tids = dn_slots_reserve(threads->tids, &threads->room, threads->n, sizeof(*tids));

                if (!tids)
                        return -ENOMEM;
                threads->tids = tids;
                if (dn_str_u64(dn_str_of(entry->d_name), &tid))
                        threads->tids[threads->n++] = (pid_t)tid;
        }
        return 0;
}

/* All of the tree are listed before the first is counted: what a counted one starts is counted with it already. */
static int count_all(struct perf *p, const struct dn_pass *pass) {
        const struct dn_table *rows = &pass->now->part[DN_PROCESS];
        DN_GUARD(threads_free) struct threads threads = {0};
        int r = 0;

        for (uint32_t i = 0; i < rows->n && r == 0; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                if (!dn_row_ended(row) && (p->target->children || dn_key_equal(row->key, p->target->main)))
                        r = list_threads(p->target->procfs, row->slot, &threads);
        }
        for (uint32_t i = 0; i < threads.n && r == 0; i++)
                r = count_thread(p, threads.tids[i]);
        return r == 0 && p->n == 0 ? -ESRCH : r;
}

/* 0 or -ENOMEM. */
static int begun(struct perf *p, int r) {
        p->begun = true;
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                give_up(p, r);
        else
                note_ability(p);
        return p->why.failed ? -ENOMEM : 0;
}

static void perf_close(void *state) {
        struct perf *p = state;

        dn_perf_close(p->k, p->counters, p->n);
        free(p->counters);
        dn_text_free(&p->why);
        free(p);
}

int dn_perf_begin(void **ret_state, struct dn_target *t, const struct dn_perf_kernel *k, int sys) {
        struct perf *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        p->k = k;
        p->target = t;
        p->how = (struct dn_perf_how){.on_exec = t->own_child, .children = t->children};
        dn_perf_choose(sys, &p->choices);
        if (t->own_child) {
                r = count_thread(p, (pid_t)t->main.pid);
                r = begun(p, r == 0 && p->n == 0 ? -ENODATA : r);
                if (r < 0) {
                        perf_close(p);
                        return r;
                }
        }
        *ret_state = p;
        return 0;
}

/* ------------------------------------------------------------------------------------------------------ the source */

static int perf_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        dn_autoclose int sys = t->counters ? open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (!t->counters) {
                dn_text_put(why, DN_STR("not asked for"));
                return -ENOTSUP;
        }
        return dn_perf_begin(ret_state, t, &dn_perf_kernel, sys);
}

static int perf_read(void *state, struct dn_pass *pass) {
        struct perf *p = state;
        struct dn_row *row;
        uint64_t totals[DN_PERF_FIELDS] = {0}, has = 0;
        int r = p->begun ? 0 : begun(p, count_all(p, pass));

        if (r < 0 || p->n == 0)
                return r;
        row = dn_block_row(pass->now->part, DN_PERF);
        if (!row)
                return -ENOMEM;
        for (uint32_t i = 0; i < p->n; i++) {
                int at = dn_field_index(p->counters[i].field);

                dn_perf_read(p->k, &p->counters[i]);
                totals[at] += p->counters[i].sum.total;
                has |= UINT64_C(1) << at;
        }
        row->read_ns = pass->mono_ns;
        for (; has; has &= has - 1) {
                int at = __builtin_ctzll(has), id = DN_FIRST_PERF + at;
                uint64_t total = id == DN_PERF_task_clock_secs ? totals[at] / 1000 : totals[at];

                dn_row_set(row, id, total >> 62 ? INT64_MAX / 2 : (int64_t)total, pass->now->number);
        }
        return 0;
}

static int perf_can(void *state, struct dn_text *why) {
        const struct perf *p = state;

        dn_text_put(why, dn_text_str(&p->why));
        return p->can;
}

/* In the table's order. */
static void perf_list(void *state, struct dn_text *names) {
        const struct perf *p = state;
        uint64_t has = 0;

        for (uint32_t i = 0; i < p->n; i++)
                has |= UINT64_C(1) << dn_field_index(p->counters[i].field);
        for (; has; has &= has - 1) {
                dn_text_put(names, names->n > 0 ? DN_STR(" ") : DN_STR(""));
                dn_text_put(names, dn_fields[DN_FIRST_PERF + __builtin_ctzll(has)].name);
        }
}

const struct dn_source dn_source_perf = {
        .name = "perf_hw",
        .open = perf_open,
        .read = perf_read,
        .can = perf_can,
        .list = perf_list,
        .close = perf_close,
};
