/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/costliest.h"

#include <stdlib.h>

/* One process as it was seen last. All of it is in steps. */
struct dn_used {
        int64_t pid, ppid;
        size_t group;
        size_t behind;  /* where the one behind it in the last record stands */
        uint64_t round; /* the last record that it was in */
        int64_t now[DN_USED_FIELDS];
        int64_t before[DN_SUMS]; /* what of its counters was under another name, before an exec … */
        int64_t folded[DN_SUMS]; /* … and what its children's that have ended */
        int64_t peak_kb, threads;
        bool seen; /* under its name */
};

static bool is_folded(int sum) {
        return sum == DN_SUM_READ || sum == DN_SUM_WRITTEN || sum == DN_SUM_FROM_DISK || sum == DN_SUM_TO_DISK;
}

void dn_costliest_open(struct dn_costliest *c) {
        static const char *const names[DN_USED_FIELDS] = {
                [DN_SUM_USER] = "cpu_user_secs",
                [DN_SUM_SYSTEM] = "cpu_system_secs",
                [DN_SUM_READ] = "syscall_read_bytes",
                [DN_SUM_WRITTEN] = "syscall_write_bytes",
                [DN_SUM_FROM_DISK] = "disk_read_bytes",
                [DN_SUM_TO_DISK] = "disk_write_bytes",
                [DN_SUM_FAULTS_CACHED] = "page_faults_cached",
                [DN_SUM_FAULTS_DISK] = "page_faults_disk",
                [DN_USED_RSS] = "mem_rss_kb",
                [DN_USED_RSS_PEAK] = "mem_rss_peak_kb",
                [DN_USED_THREADS] = "thread_count",
        };

        *c = (struct dn_costliest){
                .swap = denet_field_id("mem_swap_kb"),
                .kills = denet_field_id("cgroup.memory_oom_kills"),
        };
        for (int i = 0; i < DN_USED_FIELDS; i++)
                c->field[i] = denet_field_id(names[i]);
}

void dn_costliest_close(struct dn_costliest *c) {
        dn_groups_free(&c->groups);
        free(c->processes);
        dn_hash_free(&c->by_pid);
}

/* A file may say anything: sums and differences of that need not fit. */
static int64_t plus(int64_t a, int64_t b) {
        int64_t sum;

        return !__builtin_add_overflow(a, b, &sum) ? sum : b > 0 ? INT64_MAX : INT64_MIN;
}

static int64_t minus(int64_t a, int64_t b) {
        int64_t difference;

        return !__builtin_sub_overflow(a, b, &difference) ? difference : b < 0 ? INT64_MAX : INT64_MIN;
}

static int64_t larger(int64_t a, int64_t b) {
        return a > b ? a : b;
}

/* ---------------------------------------------------------------------------------------------------------- names */

static struct dn_used *process_add(struct dn_costliest *c, int64_t pid) {
        struct dn_used *p;

        if (c->n_processes == c->room_processes) {
                size_t room = c->room_processes ? c->room_processes * 2 : 64;

                p = realloc(c->processes, room * sizeof(*p));
                if (!p)
                        return NULL;
                c->processes = p;
                c->room_processes = room;
        }
        if (dn_hash_set(&c->by_pid, (uint64_t)pid, (uint32_t)c->n_processes) < 0)
                return NULL;
        p = &c->processes[c->n_processes++];
        *p = (struct dn_used){.pid = pid, .group = SIZE_MAX};
        return p;
}

static struct dn_used *process_find(const struct dn_costliest *c, int64_t pid) {
        uint32_t i;

        return dn_hash_get(&c->by_pid, (uint64_t)pid, &i) ? &c->processes[i] : NULL;
}

static struct dn_group *group_of(const struct dn_costliest *c, const struct dn_used *p) {
        return p->group < c->groups.n ? &c->groups.list[p->group] : NULL;
}

/* What was used under the name so far goes to that name's group. */
static void settle(struct dn_costliest *c, const struct dn_used *p) {
        struct dn_group *g = group_of(c, p);

        if (!g || !p->seen)
                return;
        g->runs++;
        for (int i = 0; i < DN_SUMS; i++)
                g->sum[i] += (double)p->now[i] - (double)p->before[i] - (double)p->folded[i];
        if ((double)p->peak_kb > g->peak_kb)
                g->peak_kb = (double)p->peak_kb;
        if ((double)p->threads > g->threads)
                g->threads = (double)p->threads;
}

/* A record for a pid that is known is an exec; or another process, whose counters then begin anew. */
static void renamed(struct dn_costliest *c, struct dn_used *p, size_t group) {
        if (p->group == group)
                return;
        settle(c, p);
        for (int i = 0; i < DN_SUMS; i++)
                p->before[i] = minus(p->now[i], p->folded[i]);
        p->peak_kb = p->threads = 0;
        p->seen = false;
        p->group = group;
}

void dn_costliest_name(struct dn_costliest *c, struct dn_str line) {
        struct dn_scan scan = dn_scan_of(line);
        int64_t pid = 0, ppid = 0;
        size_t group = SIZE_MAX;
        struct dn_str key;
        struct dn_used *p;

        if (!dn_scan_object(&scan))
                return;
        while (dn_scan_member(&scan, &key)) {
                if (dn_str_equal(key, DN_STR("pid")))
                        dn_scan_i64(&scan, &pid);
                else if (dn_str_equal(key, DN_STR("ppid")))
                        dn_scan_i64(&scan, &ppid);
                else if (dn_str_equal(key, DN_STR("cmd")) && group == SIZE_MAX)
                        group = dn_groups_take(&c->groups, &scan);
                else
                        dn_scan_skip(&scan);
        }
        p = process_find(c, pid);
        p = p ? p : process_add(c, pid);
        if (!p)
                c->groups.failed = true;
        if (!p)
                return;
        if (c->main_pid == 0)
                c->main_pid = pid; /* metadata comes first; a saved tree record does not name its parent */
        renamed(c, p, group);
        p->ppid = ppid;
}

/* -------------------------------------------------------------------------------------------------------- samples */

static int64_t steps(const denet_row *row, int field) {
        int64_t value;

        return denet_row_steps(row, field, &value) == 0 ? value : 0;
}

/* Most likely it stands behind the same one as in the last record. */
static struct dn_used *process_behind(struct dn_costliest *c, struct dn_used *before, int64_t pid) {
        size_t *behind = before ? &before->behind : &c->first;
        struct dn_used *p = *behind < c->n_processes ? &c->processes[*behind] : NULL;

        if (p && p->pid == pid)
                return p;
        p = process_find(c, pid);
        if (p)
                *behind = (size_t)(p - c->processes);
        return p;
}

static void take_values(struct dn_used *p, const int64_t now[static DN_USED_FIELDS]) {
        if (plus(now[DN_SUM_USER], now[DN_SUM_SYSTEM]) < plus(p->before[DN_SUM_USER], p->before[DN_SUM_SYSTEM])) {
                memset(p->before, 0, sizeof(p->before)); /* another process of the same pid */
                memset(p->folded, 0, sizeof(p->folded));
        }
        memcpy(p->now, now, sizeof(p->now));
        p->peak_kb = larger(p->peak_kb, larger(now[DN_USED_RSS_PEAK], now[DN_USED_RSS]));
        p->threads = larger(p->threads, now[DN_USED_THREADS]);
        p->seen = true;
}

/* The process of the row, or the one before where it has none. */
static struct dn_used *add_row(struct dn_costliest *c, struct dn_used *before, const denet_row *row, int64_t pid) {
        struct dn_used *p = process_behind(c, before, pid);
        int64_t now[DN_USED_FIELDS] = {0};

        if (!p)
                return before;
        c->n_met += p->round < c->round;
        p->round = c->round;
        for (int i = 0; i < DN_USED_FIELDS; i++)
                (void)denet_row_steps(row, c->field[i], &now[i]); /* 0 where it is not known */
        if (!p->seen || memcmp(now, p->now, sizeof(now)) != 0)
                take_values(p, now);
        return p;
}

/* It ended: its parent's counters have its own from now on. The last one takes its place. */
static void leave(struct dn_costliest *c, struct dn_used *p) {
        struct dn_used *parent = process_find(c, p->ppid), *end = &c->processes[c->n_processes - 1];

        settle(c, p);
        for (int i = 0; parent && i < DN_SUMS; i++)
                if (is_folded(i))
                        parent->folded[i] = plus(parent->folded[i], p->now[i]);
        dn_hash_remove(&c->by_pid, (uint64_t)p->pid);
        if (p != end) {
                *p = *end;
                dn_hash_set(&c->by_pid, (uint64_t)p->pid,
                            (uint32_t)(p - c->processes)); /* it is there: no memory is needed */
        }
        c->n_processes--;
}

/* Who had how much of it. */
static void take_peak(struct dn_costliest *c) {
        for (size_t i = 0; i < c->groups.n; i++) {
                c->groups.list[i].part_kb = 0;
                c->groups.list[i].part_processes = 0;
        }
        for (size_t i = 0; i < c->n_processes; i++) {
                const struct dn_used *p = &c->processes[i];
                struct dn_group *g = p->round == c->round ? group_of(c, p) : NULL;

                if (!g)
                        continue;
                g->part_kb += (double)p->now[DN_USED_RSS];
                g->part_processes++;
        }
}

static void add_whole(struct dn_costliest *c, const denet_row *whole) {
        int64_t rss_kb = steps(whole, c->field[DN_USED_RSS]);

        c->swap_kb = larger(c->swap_kb, steps(whole, c->swap));
        if (rss_kb <= c->peak_kb)
                return;
        c->peak_kb = rss_kb;
        take_peak(c);
}

/* That the kernel killed one is known before it has gone; if two go at once, nobody knows which it was. */
static void look_for_victim(struct dn_costliest *c, const denet_record *record, size_t n_left, const char *label) {
        const denet_row *cgroup = denet_record_row(record, DENET_CGROUP, 0);
        int64_t kills = cgroup ? steps(cgroup, c->kills) : 0;

        if (kills > c->oom_kills) {
                c->victim_stays = c->oom_kills == 0 && kills == 1;
                c->oom_kills = kills;
                c->oom_ms = denet_record_ts_ms(record);
                c->victim = NULL;
        }
        if (!c->victim_stays || n_left == 0)
                return;
        c->victim = n_left == 1 ? label : NULL;
        c->victim_stays = false;
}

void dn_costliest_add(struct dn_costliest *c, const denet_record *record) {
        const denet_row *row = denet_record_row(record, DENET_MAIN, 0);
        const struct dn_group *g = NULL;
        struct dn_used *p = NULL;
        size_t n_left;

        c->round++;
        c->n_met = 0;
        if (row)
                p = add_row(c, p, row, c->main_pid);
        for (size_t i = 0; (row = denet_record_row(record, DENET_CHILDREN, i)); i++)
                p = add_row(c, p, row, denet_row_pid(row));
        row = denet_record_row(record, DENET_WHOLE, 0);
        if (row)
                add_whole(c, row);
        n_left = c->n_processes - c->n_met;
        for (size_t i = c->n_processes; i-- > 0 && c->n_processes > c->n_met;)
                if (c->processes[i].round < c->round) {
                        g = group_of(c, &c->processes[i]);
                        leave(c, &c->processes[i]);
                }
        look_for_victim(c, record, n_left, g && !g->shared ? g->label : NULL);
}

void dn_costliest_finish(struct dn_costliest *c) {
        for (size_t i = 0; i < c->n_processes; i++)
                settle(c, &c->processes[i]);
        c->n_processes = 0;
        dn_groups_finish(&c->groups);
}
