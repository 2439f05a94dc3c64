/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/costliest.h"
#include "base/json_scan.h"

#include <stdlib.h>

/* One process as it was seen last. */
struct dn_used {
        int64_t pid, ppid;
        size_t group;
        int64_t cpu_us, read_bytes, written_bytes; /* its own counters */
        int64_t cpu_before;                        /* what of them was under another name, before an exec */
        /* Sums and differences of what a file may say: as integers they need not fit. */
        double read_before, written_before;
        double folded_read, folded_written; /* of its counters: its children's that have ended */
        int64_t peak_kb;
        bool seen;
        uint64_t round; /* the last record that it was in */
};

static const double few_secs = 0.1;
enum { GROUPS_MAX = 512 }; /* further names share one */

void dn_costliest_open(struct dn_costliest *c) {
        *c = (struct dn_costliest){
                .cpu_user = denet_field_id("cpu_user_secs"),
                .cpu_system = denet_field_id("cpu_system_secs"),
                .read = denet_field_id("syscall_read_bytes"),
                .written = denet_field_id("syscall_write_bytes"),
                .rss = denet_field_id("mem_rss_kb"),
                .rss_peak = denet_field_id("mem_rss_peak_kb"),
        };
}

void dn_costliest_close(struct dn_costliest *c) {
        for (size_t i = 0; i < c->n_groups; i++)
                free(c->groups[i].label);
        free(c->groups);
        free(c->processes);
        dn_hash_free(&c->by_pid);
}

/* Takes over the label. The index of its group, or SIZE_MAX without memory. */
static size_t group_of(struct dn_costliest *c, char *label) {
        if (!label)
                return SIZE_MAX;
        for (size_t i = 0; i < c->n_groups; i++)
                if (strcmp(c->groups[i].label, label) == 0) {
                        free(label);
                        return i;
                }
        if (c->n_groups == GROUPS_MAX) {
                free(label);
                return GROUPS_MAX - 1;
        }
        if (c->n_groups == c->room_groups) {
                size_t room = c->room_groups ? c->room_groups * 2 : 16;
                struct dn_group *groups = realloc(c->groups, room * sizeof(*groups));

                if (!groups) {
                        free(label);
                        return SIZE_MAX;
                }
                c->groups = groups;
                c->room_groups = room;
        }
        c->groups[c->n_groups] = (struct dn_group){.label = label};
        return c->n_groups++;
}

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

static struct dn_str base_name(struct dn_str path) {
        const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

        return slash ? (struct dn_str){slash + 1, path.n - (size_t)(slash - path.p) - 1} : path;
}

/* Programs whose first argument that is no option says what they do. */
static bool interprets(struct dn_str program) {
        static const char *const names[] = {"python",  "perl", "ruby", "node", "java",
                                            "Rscript", "bash", "dash", "sh",   "zsh"};

        for (size_t i = 0; i < DN_COUNT(names); i++)
                if (dn_str_starts(program, dn_str_of(names[i])))
                        return true;
        return false;
}

/* "samtools sort", "python3 qc.py", "cc": an option, a path of data or a whole script says nothing of a kind. */
static bool is_telling(struct dn_str argument) {
        enum { LONGEST = 24 };

        return argument.n > 0 && argument.n <= LONGEST && argument.p[0] != '-' && argument.p[0] > '9' &&
               !memchr(argument.p, ' ', argument.n) && !memchr(argument.p, '\n', argument.n) &&
               !memchr(argument.p, '=', argument.n);
}

/* Takes the cmd array. */
static char *take_label(struct dn_scan *scan) {
        struct dn_text label = {0}, argument = {0};
        bool done = false, script = false;
        size_t n = 0;

        if (!dn_scan_array(scan))
                return NULL;
        while (dn_scan_element(scan)) {
                struct dn_str raw, word;

                if (done || !dn_scan_string(scan, &raw)) {
                        if (done)
                                dn_scan_skip(scan);
                        continue;
                }
                dn_text_reset(&argument);
                dn_scan_unescape(raw, &argument);
                word = dn_text_str(&argument);
                if (n++ == 0) {
                        dn_text_put(&label, base_name(word));
                        script = interprets(dn_text_str(&label));
                        continue;
                }
                if (script && word.n > 1 && word.p[0] == '-' && !dn_str_equal(word, DN_STR("-c")))
                        continue;
                done = true;
                word = script ? base_name(word) : word;
                if (is_telling(word) && !memchr(word.p, '/', word.n)) {
                        dn_text_put_char(&label, ' ');
                        dn_text_put(&label, word);
                }
        }
        dn_text_free(&argument);
        if (n == 0)
                dn_text_put(&label, DN_STR("(ended before it was read)"));
        return dn_text_take(&label);
}

/* What was used under the name so far goes to that name's group. */
static void settle(struct dn_costliest *c, struct dn_used *p) {
        struct dn_group *g;

        if (!p->seen || p->group == SIZE_MAX)
                return;
        g = &c->groups[p->group];
        g->runs++;
        g->cpu_secs += ((double)p->cpu_us - (double)p->cpu_before) / 1e6;
        g->read_bytes += (double)p->read_bytes - p->read_before - p->folded_read;
        g->written_bytes += (double)p->written_bytes - p->written_before - p->folded_written;
        if ((double)p->peak_kb > g->peak_kb)
                g->peak_kb = (double)p->peak_kb;
}

/* A record for a pid that is known is an exec; or another process, whose counters then begin anew. */
static void renamed(struct dn_costliest *c, struct dn_used *p, size_t group) {
        if (p->group == group)
                return;
        settle(c, p);
        p->cpu_before = p->cpu_us;
        p->read_before = (double)p->read_bytes - p->folded_read;
        p->written_before = (double)p->written_bytes - p->folded_written;
        p->peak_kb = 0;
        p->seen = false;
        p->group = group;
}

void dn_costliest_name(struct dn_costliest *c, struct dn_str line) {
        struct dn_scan scan = dn_scan_of(line);
        int64_t pid = 0, ppid = 0;
        char *label = NULL;
        struct dn_str key;
        struct dn_used *p;

        if (!dn_scan_object(&scan))
                return;
        while (dn_scan_member(&scan, &key)) {
                if (dn_str_equal(key, DN_STR("pid")))
                        dn_scan_i64(&scan, &pid);
                else if (dn_str_equal(key, DN_STR("ppid")))
                        dn_scan_i64(&scan, &ppid);
                else if (dn_str_equal(key, DN_STR("cmd")) && !label)
                        label = take_label(&scan);
                else
                        dn_scan_skip(&scan);
        }
        p = process_find(c, pid);
        if (!p)
                p = process_add(c, pid);
        if (!p) {
                free(label);
                return;
        }
        if (c->main_pid == 0)
                c->main_pid = pid; /* metadata comes first; a saved tree record does not name its parent */
        renamed(c, p, group_of(c, label));
        p->ppid = ppid;
}

/* In the record after this one it most likely stands behind the same one. */
static struct dn_used *process_next(struct dn_costliest *c, int64_t pid) {
        struct dn_used *p = c->next < c->n_processes && c->processes[c->next].pid == pid ? &c->processes[c->next]
                                                                                         : process_find(c, pid);

        if (p)
                c->next = (size_t)(p - c->processes) + 1;
        return p;
}

static int64_t steps(const denet_row *row, int field) {
        int64_t value;

        return denet_row_steps(row, field, &value) == 0 ? value : 0;
}

static int64_t larger(int64_t a, int64_t b) {
        return a > b ? a : b;
}

static void add_row(struct dn_costliest *c, const denet_row *row, int64_t pid, uint64_t round) {
        struct dn_used *p = process_next(c, pid);
        int64_t cpu_us;

        if (!p)
                return;
        if (__builtin_add_overflow(steps(row, c->cpu_user), steps(row, c->cpu_system), &cpu_us))
                cpu_us = INT64_MAX;
        if (cpu_us < p->cpu_before) {
                p->cpu_before = 0;
                p->read_before = p->written_before = p->folded_read = p->folded_written = 0;
        }
        p->cpu_us = cpu_us;
        p->read_bytes = steps(row, c->read);
        p->written_bytes = steps(row, c->written);
        p->peak_kb = larger(p->peak_kb, larger(steps(row, c->rss_peak), steps(row, c->rss)));
        p->seen = true;
        p->round = round;
}

/* It ended: its parent's counters have its own from now on. The last one takes its place. */
static void leave(struct dn_costliest *c, struct dn_used *p) {
        struct dn_used *parent = process_find(c, p->ppid), *end = &c->processes[c->n_processes - 1];

        settle(c, p);
        if (parent) {
                parent->folded_read += (double)p->read_bytes;
                parent->folded_written += (double)p->written_bytes;
        }
        dn_hash_remove(&c->by_pid, (uint64_t)p->pid);
        if (p != end) {
                *p = *end;
                dn_hash_set(&c->by_pid, (uint64_t)p->pid,
                            (uint32_t)(p - c->processes)); /* it is there: no memory is needed */
        }
        c->n_processes--;
}

void dn_costliest_add(struct dn_costliest *c, const denet_record *record) {
        const denet_row *row = denet_record_row(record, DENET_MAIN, 0);
        uint64_t round = ++c->round;

        c->next = 0;
        if (row)
                add_row(c, row, c->main_pid, round);
        for (size_t i = 0; (row = denet_record_row(record, DENET_CHILDREN, i)); i++)
                add_row(c, row, denet_row_pid(row), round);
        for (size_t i = c->n_processes; i-- > 0;)
                if (c->processes[i].round < round)
                        leave(c, &c->processes[i]);
}

static int by_cpu(const void *a, const void *b) {
        const struct dn_group *x = a, *y = b;

        return (x->cpu_secs < y->cpu_secs) - (x->cpu_secs > y->cpu_secs);
}

static int by_memory(const void *a, const void *b) {
        const struct dn_group *x = a, *y = b;

        return (x->peak_kb < y->peak_kb) - (x->peak_kb > y->peak_kb);
}

void dn_costliest_finish(struct dn_costliest *c) {
        double cpu_secs = 0;

        for (size_t i = 0; i < c->n_processes; i++)
                settle(c, &c->processes[i]);
        c->n_processes = 0;
        for (size_t i = 0; i < c->n_groups; i++) {
                struct dn_group *g = &c->groups[i];

                g->read_bytes = g->read_bytes > 0 ? g->read_bytes : 0;
                g->written_bytes = g->written_bytes > 0 ? g->written_bytes : 0;
                cpu_secs += g->cpu_secs;
        }
        if (c->n_groups > 1)
                qsort(c->groups, c->n_groups, sizeof(*c->groups), cpu_secs < few_secs ? by_memory : by_cpu);
}
