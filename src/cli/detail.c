/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/detail.h"
#include "base/guard.h"
#include "cli/costliest.h"
#include "cli/take.h"

/* One process as it was seen last. Its disk I/O holds that of the children that it waited for: `folded`, as in
 * dn_costliest. */
struct dn_detail_process {
        int64_t pid, ppid;
        size_t group;
        double now[DN_DETAIL_SUMS], before[DN_DETAIL_SUMS], folded[DN_DETAIL_SUMS];
        double threads, rss_kb;
        uint64_t round;
        bool seen;
};

static bool is_folded(int sum) {
        return sum == DN_DETAIL_FROM_DISK || sum == DN_DETAIL_TO_DISK;
}

void dn_detail_open(struct dn_detail *d) {
        *d = (struct dn_detail){
                .field = {denet_field_id("cpu_user_secs"), denet_field_id("cpu_system_secs"),
                          denet_field_id("disk_read_bytes"), denet_field_id("disk_write_bytes"),
                          denet_field_id("page_faults_cached"), denet_field_id("page_faults_disk")},
                .rss = denet_field_id("mem_rss_kb"),
                .threads = denet_field_id("thread_count"),
                .swap = denet_field_id("mem_swap_kb"),
                .oom = denet_field_id("cgroup.memory_oom_kills"),
                .oom_group = SIZE_MAX,
        };
}

void dn_detail_close(struct dn_detail *d) {
        for (size_t i = 0; i < d->n_groups; i++) {
                free(d->groups[i].label);
                free(d->groups[i].command);
        }
        free(d->groups);
        free(d->processes);
        dn_hash_free(&d->by_pid);
        dn_missing_free(&d->missing);
}

/* ---------------------------------------------------------------------------------------------------------- names */

const struct dn_detail_group *dn_detail_find(const struct dn_detail *d, const char *label) {
        for (size_t i = 0; i < d->n_groups; i++)
                if (strcmp(d->groups[i].label, label) == 0)
                        return &d->groups[i];
        return NULL;
}

/* The label that dn_costliest gives to the process of this record. */
static char *label_of(struct dn_str line) {
        struct dn_costliest one;
        char *label = NULL;

        dn_costliest_open(&one);
        dn_costliest_name(&one, line);
        if (one.n_groups > 0)
                label = dn_steal(&one.groups[0].label);
        dn_costliest_close(&one);
        return label;
}

/* Takes over both. */
static size_t group_of(struct dn_detail *d, char *label, char *command) {
        const struct dn_detail_group *known = label ? dn_detail_find(d, label) : NULL;
        struct dn_detail_group *g;

        if (known) {
                g = &d->groups[known - d->groups];
                free(label);
                if (g->command && command && strcmp(g->command, command) != 0)
                        free(dn_steal(&g->command));
                free(command);
                return (size_t)(known - d->groups);
        }
        if (label && d->n_groups == d->room_groups) {
                size_t room = d->room_groups ? d->room_groups * 2 : 16;

                g = realloc(d->groups, room * sizeof(*g));
                d->groups = g ? g : d->groups;
                d->room_groups = g ? room : d->room_groups;
        }
        if (!label || d->n_groups == d->room_groups) {
                free(label);
                free(command);
                return SIZE_MAX;
        }
        d->groups[d->n_groups] = (struct dn_detail_group){.label = label, .command = command};
        return d->n_groups++;
}

static struct dn_detail_process *find(const struct dn_detail *d, int64_t pid) {
        uint32_t i;

        return dn_hash_get(&d->by_pid, (uint64_t)pid, &i) ? &d->processes[i] : NULL;
}

static struct dn_detail_process *add_process(struct dn_detail *d, int64_t pid) {
        struct dn_detail_process *p;

        if (d->n_processes == d->room_processes) {
                size_t room = d->room_processes ? d->room_processes * 2 : 64;

                p = realloc(d->processes, room * sizeof(*p));
                if (!p)
                        return NULL;
                d->processes = p;
                d->room_processes = room;
        }
        if (dn_hash_set(&d->by_pid, (uint64_t)pid, (uint32_t)d->n_processes) < 0)
                return NULL;
        p = &d->processes[d->n_processes++];
        *p = (struct dn_detail_process){.pid = pid, .group = SIZE_MAX};
        return p;
}

/* What it used under its name goes to that name's group. */
static void settle(struct dn_detail *d, const struct dn_detail_process *p) {
        struct dn_detail_group *g = p->group < d->n_groups ? &d->groups[p->group] : NULL;

        if (!g || !p->seen)
                return;
        for (int i = 0; i < DN_DETAIL_SUMS; i++)
                g->sum[i] += p->now[i] - p->before[i] - p->folded[i];
        g->threads = p->threads > g->threads ? p->threads : g->threads;
}

static void rename_process(struct dn_detail *d, struct dn_detail_process *p, size_t group) {
        if (p->group == group)
                return;
        settle(d, p);
        for (int i = 0; i < DN_DETAIL_SUMS; i++)
                p->before[i] = p->now[i] - p->folded[i];
        p->threads = 0;
        p->seen = false;
        p->group = group;
}

void dn_detail_name(struct dn_detail *d, struct dn_str line) {
        struct dn_scan scan = dn_scan_of(line);
        struct dn_text command = {0};
        int64_t pid = 0, ppid = 0, start_ms = 0;
        struct dn_detail_process *p;
        struct dn_str key;

        if (!dn_scan_object(&scan))
                return;
        while (dn_scan_member(&scan, &key)) {
                if (dn_str_equal(key, DN_STR("pid")))
                        dn_scan_i64(&scan, &pid);
                else if (dn_str_equal(key, DN_STR("ppid")))
                        dn_scan_i64(&scan, &ppid);
                else if (dn_str_equal(key, DN_STR("t0_ms")))
                        dn_scan_i64(&scan, &start_ms);
                else if (dn_str_equal(key, DN_STR("cmd")) && command.n == 0)
                        dn_take_words(&scan, &command);
                else if (dn_str_equal(key, DN_STR("capabilities")))
                        dn_missing_take(&d->missing, &scan);
                else
                        dn_scan_skip(&scan);
        }
        p = find(d, pid);
        p = p ? p : add_process(d, pid);
        if (!p) {
                dn_text_free(&command);
                return;
        }
        if (start_ms && d->main_pid == 0) {
                d->main_pid = pid;
                d->start_ms = start_ms;
        }
        p->ppid = ppid;
        rename_process(d, p, group_of(d, label_of(line), dn_text_take(&command)));
}

/* -------------------------------------------------------------------------------------------------------- samples */

static double number(const denet_row *row, int field) {
        double value;

        return denet_row_number(row, field, &value) == 0 ? value : 0;
}

static void add_row(struct dn_detail *d, const denet_row *row, int64_t pid) {
        struct dn_detail_process *p = find(d, pid);
        double now[DN_DETAIL_SUMS], threads = number(row, d->threads);

        if (!p)
                return;
        for (int i = 0; i < DN_DETAIL_SUMS; i++)
                now[i] = number(row, d->field[i]);
        now[DN_DETAIL_FAULTS] += number(row, d->field[DN_DETAIL_SUMS]);
        if (now[DN_DETAIL_USER] + now[DN_DETAIL_SYSTEM] < p->before[DN_DETAIL_USER] + p->before[DN_DETAIL_SYSTEM]) {
                memset(p->before, 0, sizeof(p->before)); /* another process of the same pid */
                memset(p->folded, 0, sizeof(p->folded));
        }
        memcpy(p->now, now, sizeof(now));
        p->rss_kb = number(row, d->rss);
        p->threads = threads > p->threads ? threads : p->threads;
        p->seen = true;
        p->round = d->round;
}

/* Its parent's counters have its own from now on. The last one takes its place. */
static void leave(struct dn_detail *d, struct dn_detail_process *p) {
        struct dn_detail_process *parent = find(d, p->ppid), *end = &d->processes[d->n_processes - 1];

        settle(d, p);
        for (int i = 0; parent && i < DN_DETAIL_SUMS; i++)
                if (is_folded(i))
                        parent->folded[i] += p->now[i];
        dn_hash_remove(&d->by_pid, (uint64_t)p->pid);
        if (p != end) {
                *p = *end;
                dn_hash_set(&d->by_pid, (uint64_t)p->pid, (uint32_t)(p - d->processes)); /* it is there: no memory */
        }
        d->n_processes--;
}

/* Who had how much of it. */
static void take_peak(struct dn_detail *d) {
        for (size_t i = 0; i < d->n_groups; i++) {
                d->groups[i].peak_kb = 0;
                d->groups[i].peak_processes = 0;
        }
        for (size_t i = 0; i < d->n_processes; i++) {
                const struct dn_detail_process *p = &d->processes[i];

                if (p->round != d->round || p->group >= d->n_groups)
                        continue;
                d->groups[p->group].peak_kb += p->rss_kb;
                d->groups[p->group].peak_processes++;
        }
}

/* That the kernel killed one is known before it has gone; if two go at once, nobody knows which it was. */
static void look_for_victim(struct dn_detail *d, const denet_record *record, size_t n_left, size_t group) {
        const denet_row *cgroup = denet_record_row(record, DENET_CGROUP, 0);
        double kills = cgroup ? number(cgroup, d->oom) : 0;

        if (kills > d->oom_kills) {
                d->oom_open = d->oom_kills == 0 && kills == 1;
                d->oom_kills = kills;
                d->oom_group = SIZE_MAX;
                d->oom_secs = (double)(denet_record_ts_ms(record) - d->start_ms) / 1000;
        }
        if (!d->oom_open || n_left == 0)
                return;
        d->oom_group = n_left == 1 ? group : SIZE_MAX;
        d->oom_open = false;
}

void dn_detail_add(struct dn_detail *d, const denet_record *record) {
        const denet_row *whole = denet_record_row(record, DENET_WHOLE, 0), *row;
        size_t n_left = 0, group = SIZE_MAX;

        d->round++;
        row = denet_record_row(record, DENET_MAIN, 0);
        if (row)
                add_row(d, row, d->main_pid);
        for (size_t i = 0; (row = denet_record_row(record, DENET_CHILDREN, i)); i++)
                add_row(d, row, denet_row_pid(row));
        if (whole && number(whole, d->rss) > d->peak_kb) {
                d->peak_kb = number(whole, d->rss);
                take_peak(d);
        }
        if (whole && number(whole, d->swap) > d->swap_kb)
                d->swap_kb = number(whole, d->swap);
        for (size_t i = d->n_processes; i-- > 0;)
                if (d->processes[i].round < d->round) {
                        group = d->processes[i].group;
                        n_left++;
                        leave(d, &d->processes[i]);
                }
        look_for_victim(d, record, n_left, group);
}

void dn_detail_finish(struct dn_detail *d) {
        for (size_t i = 0; i < d->n_processes; i++)
                settle(d, &d->processes[i]);
        d->n_processes = 0;
        for (size_t i = 0; i < d->n_groups; i++)
                for (int sum = 0; sum < DN_DETAIL_SUMS; sum++)
                        if (d->groups[i].sum[sum] < 0)
                                d->groups[i].sum[sum] = 0;
}
