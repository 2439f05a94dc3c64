/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every process of the tree, in every pass: its CPU clock first, and nothing else of one that has not run since. Where
 * there is a sampler, it has looked at all of them already. */
#include "sources/linux/process.h"
#include "base/slots.h"
#include "host/clock.h"
#include "sources/linux/sampler.h"
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
        uint32_t reaped_in;   /* the last snapshot in which `reaped` grew */
        int64_t reaped;       /* the sum of all that it has of those that it has reaped */
        uint64_t startstack;  /* of the exec at which it was asked … */
        uint8_t may_read;     /* … for what only who may trace it is told; of enum may_read */
        bool memory;          /* statm was read when stat said this of its memory */
        bool ended;           /* a zombie, or gone */
};

enum { NO_SLOT = UINT32_MAX };
enum may_read { NOT_ASKED, MAY_READ, MAY_NOT_READ };

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

static int64_t reaped_by(const struct dn_row *row) {
        return dn_row_or_zero(row, DN_reaped_cpu_user_secs) + dn_row_or_zero(row, DN_reaped_cpu_system_secs) +
               dn_row_or_zero(row, DN_reaped_page_faults_cached) + dn_row_or_zero(row, DN_reaped_page_faults_disk);
}

static void note_seen(struct process *process, struct seen *seen, const struct dn_row *row, const struct dn_stat *st,
                      int64_t clock_ns, uint32_t number) {
        const struct dn_member *parent;
        int64_t reaped = reaped_by(row);

        if (reaped != seen->reaped)
                seen->reaped_in = number;
        seen->reaped = reaped;
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

/* The memory that stat tells of is that of its program, unless it is held before its exec: then it is this process's
 * own. */
static void take_memory(struct process *process, struct dn_row *row, struct seen *seen, const struct dn_stat *st,
                        const struct dn_pass *pass) {
        if (!(pass->first && process->target->own_child))
                look_at_memory(process, row, seen, st, pass);
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
                note_seen(process, seen, row, &st, clock_ns, pass->now->number);
        }
        if (row->gone)
                return;
        if (!t->children)
                forget_reaped(row, pass->now->number);
        dn_process_read_io(t->procfs, row, pass->now->number);
        if (r == 0)
                take_memory(process, row, seen, &st, pass);
}

/* A sampler with rights of its own tells no more than /proc would: asked once for each program that a process runs. */
static bool may_read(struct process *process, const struct dn_row *row, struct seen *seen, uint64_t startstack) {
        char file[512];

        if (seen->may_read == NOT_ASKED || seen->startstack != startstack) {
                int n = dn_procfs_read_at(process->target->procfs, row->slot, "io", file, sizeof(file));

                seen->may_read = n == -EACCES || n == -EPERM ? MAY_NOT_READ : MAY_READ;
                seen->startstack = startstack;
        }
        return seen->may_read == MAY_READ;
}

/* As it stood when the sampler looked. False: it has gone, it seems. */
static bool take_row(struct process *process, struct dn_row *row, struct seen *seen, uint32_t i, bool are_close,
                     const struct dn_pass *pass) {
        struct dn_target *t = process->target;
        uint32_t number = pass->now->number;
        struct dn_process_seen now;
        bool allowed;

        t->sampler->get(t->sampler, i, &now);
        allowed = may_read(process, row, seen, now.stat.startstack);
        if (!allowed)
                now.stat.startstack = 0;
        if (dn_process_set_stat(t->procfs, t->members->by_slot[row->slot], row, &now.stat, now.clock_ns,
                                are_close ? &process->clocks : NULL, number) < 0)
                return false;
        row->read_ns = now.read_ns;
        note_seen(process, seen, row, &now.stat, now.clock_ns, number);
        if (!t->children)
                forget_reaped(row, number);
        if (allowed)
                dn_process_set_io(row, &now.io, number);
        take_memory(process, row, seen, &now.stat, pass);
        return true;
}

/* The sampler may have found it asleep before it looked at its parent. Had it run and been reaped between the two, it
 * would be counted in both. */
static bool stands(const struct process *process, const struct dn_row *row, const struct seen *seen, uint32_t number) {
        const struct seen *parent = seen->parent_slot == NO_SLOT ? NULL : &process->by_slot[seen->parent_slot];

        return !parent || (parent_lives(process, seen) && parent->reaped_in != number) ||
               dn_process_clock_ns(process->target->procfs, row->key.pid) == seen->clock_ns;
}

/* By the sampler. False: it knows nothing of this one, or nothing that stands, or there is none. */
static bool was_sampled(struct process *process, struct dn_row *row, struct seen *seen, int64_t stamp_ns,
                        bool are_close, const struct dn_pass *pass) {
        const struct dn_sampler *sampler = process->target->sampler;
        enum dn_seen how;
        uint32_t i = 0;

        how = sampler && sampler->looked ? sampler->find(sampler, row->key.pid, &i) : DN_NOT_SEEN;
        if (how == DN_HAS_RUN)
                return take_row(process, row, seen, i, are_close, pass);
        if (how == DN_NOT_SEEN || !stands(process, row, seen, pass->now->number))
                return false;
        row->read_ns = sampler->sleepers_first ? sampler->looked_ns : stamp_ns;
        return true;
}

/* When the first of them was looked at. */
static int64_t first_stamp_ns(const struct process *process) {
        const struct dn_sampler *sampler = process->target->sampler;

        return sampler && sampler->looked ? sampler->looked_ns : dn_clock_mono_ns();
}

static int process_read(void *state, struct dn_pass *pass) {
        enum { A_STAMP_FOR = 16 }; /* that slept: reading the time costs as much as looking at one */
        struct process *process = state;
        struct dn_procfs *p = process->target->procfs;
        const struct dn_table *rows = &pass->now->part[DN_PROCESS];
        bool all = pass->first || pass->final;
        bool are_close = process->last_ns && pass->mono_ns - process->last_ns < close_ns && !pass->final;
        int64_t stamp_ns = first_stamp_ns(process); /* the sources before this one have taken their time */
        uint32_t slept = 0, strangers = 0;

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
                if (was_sampled(process, row, seen, stamp_ns, are_close, pass)) {
                        stamp_ns = row->read_ns > stamp_ns ? row->read_ns : stamp_ns;
                        continue;
                }
                clock_ns = dn_process_clock_ns(p, row->key.pid);
                if (!all && has_slept(process, row, seen, clock_ns, are_close)) {
                        if (++slept % A_STAMP_FOR == 0)
                                stamp_ns = dn_clock_mono_ns();
                        row->read_ns = stamp_ns;
                        strangers++;
                        continue;
                }
                read_row(process, row, seen, clock_ns, are_close, pass);
                stamp_ns = row->read_ns;
                strangers += !row->gone;
        }
        if (process->target->sampler)
                process->target->sampler->strangers = strangers;
        process->last_ns = pass->mono_ns;
        return 0;
}

const struct dn_source dn_source_process = {
        .open = process_open,
        .read = process_read,
        .forget = process_forget,
        .close = process_close,
};
