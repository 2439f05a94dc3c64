/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every process of the tree, in every pass: its CPU clock first, and nothing else of one that has not run since. */
#include "sources/linux/process.h"
#include "base/slots.h"
#include "host/clock.h"
#include "sources/linux/sources.h"

#include <errno.h>
#include <stdlib.h>

/* What the last reading of a process saw, by its slot: what tells whether there is anything new to read. */
struct seen {
        struct dn_key key;
        int64_t clock_ns; /* its CPU clock; -1: not known */
        uint64_t vsize_bytes, rss_pages;
        struct dn_key parent;
        uint32_t parent_slot; /* NO_SLOT: the parent is no member */
        bool memory;          /* statm was read when stat said this of its memory */
        bool ended;           /* a zombie, or gone */
};

enum { NO_SLOT = UINT32_MAX };

struct process {
        struct dn_target *target;
        struct dn_task_clocks clocks;
        struct seen *by_slot;
        uint32_t room;
        int64_t last_ns; /* the pass before; 0: there was none */
};

/* Where samples are closer than this, a tick is too much of an interval. */
static const int64_t close_ns = 25000000;

static int process_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct process *process = calloc(1, sizeof(*process));

        (void)why;
        if (!process)
                return -ENOMEM;
        process->target = t;
        *ret_state = process;
        return 0;
}

static void process_close(void *state) {
        struct process *process = state;

        dn_task_clock_close(&process->clocks);
        free(process->by_slot);
        free(process);
}

static void process_forget(void *state, uint32_t slot) {
        struct process *process = state;

        dn_task_clock_forget(&process->clocks, slot);
}

static struct seen *seen_of(struct process *process, const struct dn_row *row) {
        struct seen *by_slot = dn_slots_reserve(process->by_slot, &process->room, row->slot, sizeof(*by_slot)), *seen;

        if (!by_slot)
                return NULL;
        process->by_slot = by_slot;
        seen = &by_slot[row->slot];
        if (!dn_key_equal(seen->key, row->key))
                *seen = (struct seen){.key = row->key, .clock_ns = -1, .parent_slot = NO_SLOT};
        return seen;
}

/* The main process alone is wanted: not what it has reaped. */
static void forget_reaped(struct dn_row *row, uint32_t number) {
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].of != DN_NOTHING)
                        dn_row_unset(row, id, number);
}

/* Who its parent is, it learns without running. */
static bool parent_lives(const struct process *process, const struct seen *seen) {
        const struct dn_members *members = process->target->members;
        const struct dn_member *parent;

        if (seen->parent_slot == NO_SLOT)
                return true;
        parent = members->by_slot[seen->parent_slot];
        return parent->used && dn_key_equal(parent->key, seen->parent) && !process->by_slot[seen->parent_slot].ended;
}

/* It has not run since its last reading, so nothing that it does has changed: CPU time, I/O, faults, threads, name. Not
 * to be told of one that was running then, whose clock lags by up to a tick, nor of a zombie; nor within a tick of one
 * with several threads, since the state is the first one's alone. */
static bool has_slept(const struct process *process, const struct dn_row *row, const struct seen *seen,
                      int64_t clock_ns, bool are_close) {
        char state = (char)dn_row_or_zero(row, DN_state);

        return clock_ns >= 0 && clock_ns == seen->clock_ns && state != 'R' && state != 'Z' &&
               !(are_close && dn_row_or_zero(row, DN_thread_count) > 1) && parent_lives(process, seen);
}

static void note_seen(struct process *process, struct seen *seen, const struct dn_stat *st, int64_t clock_ns) {
        const struct dn_member *parent;

        seen->clock_ns = clock_ns;
        seen->ended = st->state == 'Z' && st->num_threads <= 1;
        if (st->ppid == seen->parent.pid && seen->parent_slot != NO_SLOT && parent_lives(process, seen))
                return;
        parent = dn_members_find(process->target->members, st->ppid);
        seen->parent = parent ? parent->key : (struct dn_key){0};
        seen->parent_slot = parent ? parent->slot : NO_SLOT;
}

/* statm only where stat says that memory has moved. */
static void look_at_memory(struct process *process, struct dn_row *row, struct seen *seen, const struct dn_stat *st,
                           const struct dn_pass *pass) {
        if (seen->memory && !pass->final && st->vsize_bytes == seen->vsize_bytes && st->rss_pages == seen->rss_pages)
                return;
        seen->vsize_bytes = st->vsize_bytes;
        seen->rss_pages = st->rss_pages;
        seen->memory = dn_process_read_memory(process->target->procfs, row, pass->now->number);
}

/* A thread that executes a program takes over its process's number, and for a moment the kernel finds nobody by it. So
 * that one has gone is believed only when it is said again, of which its clock (-1: not there) is asked anew. */
static int take_stat(struct process *process, struct dn_row *row, int64_t *clock_ns, bool are_close,
                     const struct dn_pass *pass, struct dn_stat *ret_stat) {
        enum { TRIES = 3 };
        struct dn_target *t = process->target;
        int r = -ESRCH;

        for (int tries = 0; tries < TRIES && r == -ESRCH; tries++) {
                if (tries > 0)
                        *clock_ns = dn_process_clock_ns(t->procfs, row->key.pid);
                r = dn_process_take_stat(t->procfs, t->members->by_slot[row->slot], row, *clock_ns,
                                         are_close ? &process->clocks : NULL, pass->now->number, ret_stat);
        }
        return r;
}

static void read_row(struct process *process, struct dn_row *row, struct seen *seen, int64_t clock_ns, bool are_close,
                     const struct dn_pass *pass) {
        struct dn_target *t = process->target;
        int64_t began_ns = dn_clock_mono_ns();
        struct dn_stat st;
        int r;

        r = take_stat(process, row, &clock_ns, are_close, pass, &st);
        /* That it cannot be read says nothing of whether it is there; its clock does, and its parent has its totals. */
        if (r < 0 && clock_ns < 0 && t->procfs->cpu_clock)
                r = -ESRCH;
        if (r == -ESRCH)
                row->gone = seen->ended = true;
        /* Where it could not be read, what it used meanwhile comes with the next reading, over all that time. */
        if (r == 0) {
                row->read_ns = began_ns;
                note_seen(process, seen, &st, clock_ns);
        }
        if (row->gone)
                return;
        if (!t->children)
                forget_reaped(row, pass->now->number);
        dn_process_read_io(t->procfs, row, pass->now->number);
        /* One that is held before its exec has this process's own memory. */
        if (r == 0 && !(pass->first && t->own_child))
                look_at_memory(process, row, seen, &st, pass);
}

static int process_read(void *state, struct dn_pass *pass) {
        enum { A_STAMP_FOR = 16 }; /* that slept: reading the time costs as much as looking at one */
        struct process *process = state;
        struct dn_procfs *p = process->target->procfs;
        const struct dn_table *rows = &pass->now->part[DN_PROCESS];
        bool all = pass->first || pass->final;
        bool are_close = process->last_ns && pass->mono_ns - process->last_ns < close_ns && !pass->final;
        int64_t stamp_ns = dn_clock_mono_ns(); /* the sources before this one have taken their time */
        uint32_t slept = 0;

        dn_procfs_begin(p);
        for (uint32_t i = 0; i < rows->n; i++) {
                struct dn_row *row = dn_table_row(rows, i);
                struct seen *seen = seen_of(process, row);
                int64_t clock_ns;

                if (!seen)
                        return -ENOMEM;
                if (row->gone) {
                        seen->ended = true;
                        continue;
                }
                clock_ns = dn_process_clock_ns(p, row->key.pid);
                if (!all && has_slept(process, row, seen, clock_ns, are_close)) {
                        if (++slept % A_STAMP_FOR == 0)
                                stamp_ns = dn_clock_mono_ns();
                        row->read_ns = stamp_ns;
                        continue;
                }
                read_row(process, row, seen, clock_ns, are_close, pass);
                stamp_ns = row->read_ns;
        }
        process->last_ns = pass->mono_ns;
        return 0;
}

const struct dn_source dn_source_process = {
        .open = process_open,
        .read = process_read,
        .forget = process_forget,
        .close = process_close,
};
