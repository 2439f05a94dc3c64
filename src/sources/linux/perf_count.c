/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/perf_count.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ----------------------------------------------------------------------------------------------------- the kernel */

static int kernel_open(void *user, struct perf_event_attr *attr, pid_t tid, int group) {
        long fd = syscall(SYS_perf_event_open, attr, tid, -1, group, PERF_FLAG_FD_CLOEXEC);

        (void)user;
        return fd < 0 ? -errno : (int)fd;
}

static int kernel_read(void *user, int fd, struct dn_perf_count *ret_count) {
        uint64_t values[3];
        ssize_t n = read(fd, values, sizeof(values));

        (void)user;
        if (n != (ssize_t)sizeof(values))
                return n < 0 ? -errno : -ENODATA;
        *ret_count = (struct dn_perf_count){values[0], values[1], values[2]};
        return 0;
}

static void kernel_close(void *user, int fd) {
        (void)user;
        close(fd);
}

const struct dn_perf_kernel dn_perf_kernel = {kernel_open, kernel_read, kernel_close, NULL};

/* --------------------------------------------------------------------------------------------------------- scaling */

/* Without a moment in which it counted nothing can be said of the time: that is kept for the next reading. */
void dn_perf_sum_add(struct dn_perf_sum *sum, const struct dn_perf_count *now) {
        uint64_t value = now->value - sum->base.value, enabled = now->enabled_ns - sum->base.enabled_ns,
                 running = now->running_ns - sum->base.running_ns;

        if (now->value < sum->base.value || now->running_ns <= sum->base.running_ns ||
            now->enabled_ns < sum->base.enabled_ns)
                return;
        if (enabled > running)
                value = (uint64_t)(((unsigned __int128)value * enabled + running / 2) / running);
        sum->total += value;
        sum->base = *now;
}

void dn_perf_count_join(struct dn_perf_count *to, const struct dn_perf_count *other) {
        to->value += other->value;
        to->running_ns += other->running_ns;
        if (other->enabled_ns > to->enabled_ns)
                to->enabled_ns = other->enabled_ns;
}

/* --------------------------------------------------------------------------------------------------------- opening */

struct opening {
        const struct dn_perf_kernel *k;
        const struct dn_perf_how *how;
        pid_t tid;
        int leader[DN_PERF_GROUPS][DN_PERF_PMUS];
};

static struct perf_event_attr attr_of(const struct dn_perf_how *how, const struct dn_perf_event *event, bool leads) {
        return (struct perf_event_attr){
                .type = event->type,
                .size = sizeof(struct perf_event_attr),
                .config = event->config,
                .config1 = event->config1,
                .config2 = event->config2,
                .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
                /* Members of a group follow the one that leads it. */
                .disabled = how->on_exec && leads,
                .enable_on_exec = how->on_exec && leads,
                .inherit = 1,
                .inherit_thread = !how->children,
                .exclude_kernel = how->user_only,
                .exclude_hv = 1,
        };
}

/* In its group, or where that is full, as more groups may be counted in turn, by itself. */
static int open_one(struct opening *o, const struct dn_perf_choice *choice, uint32_t i) {
        int *leader = choice->group < 0 ? NULL : &o->leader[choice->group][choice->pmu[i]],
            group = leader ? *leader : -1;
        struct perf_event_attr attr = attr_of(o->how, &choice->event[i], group < 0);
        int fd = o->k->open(o->k->user, &attr, o->tid, group);

        if (fd == -EINVAL && group >= 0) {
                attr = attr_of(o->how, &choice->event[i], true);
                return o->k->open(o->k->user, &attr, o->tid, -1);
        }
        if (fd >= 0 && leader && group < 0)
                *leader = fd;
        return fd;
}

/* Not of this event alone. */
static bool ends_all(int r) {
        return r == -EACCES || r == -EPERM || r == -ESRCH || r == -EMFILE || r == -ENFILE || r == -ENOSYS ||
               r == -ENOMEM;
}

/* 1; 0: it is not to be had. */
static int open_choice(struct opening *o, const struct dn_perf_choice *choice, struct dn_perf_counter *counter) {
        *counter = (struct dn_perf_counter){.field = choice->field};
        for (uint32_t i = 0; i < choice->n; i++) {
                int fd = open_one(o, choice, i);

                if (fd < 0 && ends_all(fd)) {
                        dn_perf_close(o->k, counter, 1);
                        return fd;
                }
                if (fd >= 0)
                        counter->fd[counter->n++] = fd;
        }
        return counter->n > 0;
}

/* Switches of context and of cores happen in the kernel, and are 0 for who may not look there. */
static bool is_kernels(int field) {
        return field == DN_PERF_ctx_switches || field == DN_PERF_migrations;
}

int dn_perf_open(const struct dn_perf_kernel *k, const struct dn_perf_choices *choices, struct dn_perf_how *how,
                 pid_t tid, struct dn_perf_counter ret_counters[DN_PERF_FIELDS]) {
        struct opening o = {.k = k, .how = how, .tid = tid};
        uint32_t n = 0;

        memset(o.leader, -1, sizeof(o.leader));
        for (uint32_t i = 0; i < choices->n; i++) {
                const struct dn_perf_choice *choice = &choices->of[i];
                int r = 0;

                if (!(how->refused >> i & 1) && !(how->user_only && is_kernels(choice->field)))
                        r = open_choice(&o, choice, &ret_counters[n]);
                if (r < 0) {
                        dn_perf_close(k, ret_counters, n);
                        return r;
                }
                if (r == 0)
                        how->refused |= 1U << i;
                n += (uint32_t)r;
        }
        return (int)n;
}

void dn_perf_close(const struct dn_perf_kernel *k, struct dn_perf_counter *counters, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                while (counters[i].n > 0)
                        k->close(k->user, counters[i].fd[--counters[i].n]);
}

void dn_perf_read(const struct dn_perf_kernel *k, struct dn_perf_counter *counter) {
        struct dn_perf_count sum = {0}, one;

        for (uint32_t i = 0; i < counter->n; i++) {
                if (k->read(k->user, counter->fd[i], &one) < 0)
                        return;
                dn_perf_count_join(&sum, &one);
        }
        dn_perf_sum_add(&counter->sum, &sum);
}
