/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a stream ends: with the command, by its duration, or when it is told to stop. */
#include "base/guard.h"
#include "host/clock.h"
#include "host/kill.h"
#include "stream/stream.h"

#include <signal.h>
#include <sys/wait.h>

static const int64_t grace_ns = 5000000000, again_ns = 100000000;

static int64_t count_living(const struct denet *d) {
        const struct dn_table *rows = &d->last->part[DN_PROCESS];
        int64_t n = 0;

        for (uint32_t i = 0; i < rows->n; i++)
                n += !dn_row_ended(dn_table_row(rows, i));
        return n;
}

bool dn_ending_anyone(const struct denet *d) {
        return count_living(d) > 0;
}

/* The tree has started processes: seen, or handed on to the main one since the beginning. */
static bool has_forked(const struct denet *d) {
        const struct dn_table *last = &d->last->part[DN_PROCESS];

        if (d->seen > 1 || d->target.has_waited)
                return true;
        return last->n > 0 && dn_row_or_zero(dn_table_row(last, 0), DN_reaped_page_faults_cached) > d->reaped_before;
}

/* A cgroup of the command's own holds those too who left the tree, and those whose totals nobody was handed; the kernel
 * counts both from the same clock. */
static bool cgroup_used_more(const struct denet *d, int64_t than_us) {
        const struct dn_table *cgroup = &d->last->part[DN_CGROUP];
        const struct dn_row *whole = dn_sample_whole(&d->sample);
        int64_t all_us;

        return d->cgroup.own && cgroup->n > 0 && dn_row_get(dn_table_row(cgroup, 0), DN_CGROUP_cpu_secs, &all_us) &&
               all_us - dn_row_or_zero(whole, DN_cpu_user_secs) - dn_row_or_zero(whole, DN_cpu_system_secs) > than_us;
}

/* Where everybody was waited for, what was handed on lacks only what each thread does after it was counted: some 2 us,
 * and of a process's first one nothing. More is that of children whom the kernel did not let anybody wait for. */
static bool was_handed_less(const struct denet *d) {
        enum { FEW_US = 2000, A_THREAD_US = 10 };

        return d->target.numbers_given >= 0 && count_living(d) == 0 &&
               cgroup_used_more(d, FEW_US + A_THREAD_US * d->target.numbers_given);
}

static const char *lower_bound_of_subreaper(const struct denet *d) {
        if (d->ledger.reaped_why || !was_handed_less(d))
                return d->ledger.reaped_why;
        return "the cgroup used more CPU time than parents were handed, as when SIGCHLD is ignored";
}

/* Where the caller is no subreaper, orphans go to somebody else, unseen if they are short. */
static const char *lower_bound(const struct denet *d) {
        const int64_t tick_us = 10000;
        bool attached = d->mode == DN_MODE_ATTACH;

        if (d->target.counted)
                return NULL;
        if (d->ledger.lower_bound)
                return d->ledger.lower_bound;
        if (d->target.subreaper)
                return lower_bound_of_subreaper(d);
        if (attached && d->last->part[DN_PROCESS].n > 0 && dn_table_row(&d->last->part[DN_PROCESS], 0)->gone)
                return "attached, and the process was waited for by its parent before its last reading";
        if (!d->target.children || !(has_forked(d) || cgroup_used_more(d, tick_us)))
                return NULL;
        if (!attached)
                return "the caller is no subreaper, so an orphan that ended between two samples is not counted";
        return "attached, so an orphan that ended between two samples is not counted";
}

void dn_ending_status(const struct denet *d, int *ret_code, int *ret_signal) {
        int status = d->target.wait_status;

        *ret_code = d->target.ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        *ret_signal = d->target.ended && WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

/* What its file will give back: what is so at the last moment is no total. */
static int take_totals(struct denet *d) {
        struct dn_row *whole;

        if (dn_table_copy(&d->totals.part[DN_WHOLE], &d->sample.part[DN_WHOLE]) < 0 ||
            dn_derive_blocks(&d->first.at, &d->first.at, d->last, &d->totals) < 0)
                return -ENOMEM;
        whole = dn_table_row(&d->totals.part[DN_WHOLE], 0);
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].nature != DN_COUNTER)
                        dn_row_unset(whole, id, whole->changed);
        d->totals.number = d->sample.number;
        d->totals.unix_ms = d->sample.unix_ms;
        d->totals.elapsed_us = d->sample.elapsed_us;
        return 0;
}

static void fill_exit(struct denet *d, int64_t since_sample_ns) {
        struct dn_exit *e = &d->exit;
        e->last_sample_to_exit_ms = since_sample_ns / 1000000;
        dn_ending_status(d, &e->code, &e->signal);
        e->wall_us = d->sample.elapsed_us;
        e->peak_rss_sum_kb = d->peak_sum_kb;
        e->peak_rss_process_kb = d->peak_process_kb;
        if (d->target.usage_known && d->target.peak_kb > e->peak_rss_process_kb)
                e->peak_rss_process_kb = d->target.peak_kb;
        e->peak_rss_kb = e->peak_rss_sum_kb > e->peak_rss_process_kb ? e->peak_rss_sum_kb : e->peak_rss_process_kb;
        e->processes_seen = (int64_t)(d->seen + d->target.never_seen);
        if (d->target.processes_counted > e->processes_seen)
                e->processes_seen = d->target.processes_counted;
        e->still_running = count_living(d);
        e->lower_bound = dn_str_of(lower_bound(d));
}

bool dn_ending_waits_for_all(const struct denet *d) {
        return !d->finish_now && (d->o.flags & DENET_WAIT_ALL || d->stopping);
}

/* The last pass may have found somebody who is to be waited for, or who has ended meanwhile. 0, 1, or -ENOMEM. */
static int waits_on(struct denet *d) {
        int r;

        if (!dn_ending_waits_for_all(d) || dn_ending_anyone(d))
                return dn_ending_waits_for_all(d);
        r = dn_sample_drain(d);
        if (r < 0 || d->ledger.n_left == 0)
                return r;
        d->schedule.due_ns = dn_clock_mono_ns();
        return 1;
}

int dn_ending_finish(struct denet *d) {
        int64_t before_ns = d->last_sample_ns ? d->last_sample_ns : d->start_mono_ns;
        struct dn_queued item = {.kind = DN_EXIT, .sample = &d->totals, .exit = &d->exit};
        int r = dn_sample_take(d, true);

        /* Who was there when the time was over does not outlive it, though the main process had ended by then. */
        if (r == 0 && !d->stopping && d->last_sample_ns >= d->stop_at_ns && dn_ending_anyone(d))
                r = dn_ending_stop(d);
        if (r == 0)
                r = waits_on(d);
        if (r != 0)
                return r < 0 ? r : 0;
        fill_exit(d, d->last_sample_ns - before_ns);
        r = take_totals(d);
        if (r < 0)
                return r;
        item.unix_ms = d->sample.unix_ms;
        d->done = true;
        return dn_stream_queue(d, &item);
}

/* By a descriptor of the process, opened before it is looked at whether it is still the one meant. */
static void signal_member(const struct denet *d, struct dn_key key, int number) {
        dn_autoclose int pidfd = dn_pidfd_open(key.pid);
        struct dn_key found;

        if (pidfd >= 0 && dn_platform_identify(d->target.procfs, key.pid, &found) == 0 && dn_key_equal(key, found))
                dn_kill(pidfd, number);
}

static void signal_living(const struct denet *d, int number) {
        const struct dn_table *rows = &d->last->part[DN_PROCESS];

        for (uint32_t i = 0; i < rows->n; i++)
                if (!dn_row_ended(dn_table_row(rows, i)))
                        signal_member(d, dn_table_row(rows, i)->key, number);
}

/* The main process, which may have a way of its own to end the others; where it has ended, them. */
static void ask_to_end(const struct denet *d) {
        static const int numbers[] = {SIGTERM, SIGCONT /* a stopped one would not see it */};

        for (size_t i = 0; i < DN_COUNT(numbers); i++) {
                if (d->target.ended)
                        signal_living(d, numbers[i]);
                else
                        dn_kill(d->held.pidfd, numbers[i]);
        }
}

int dn_ending_stop(struct denet *d) {
        /* Not here: a record that was given out, or waits, is of the last sample still. */
        if (d->stopping || d->mode == DN_MODE_ATTACH) {
                d->stopping = d->finish_now = true;
                return dn_loop_arm(&d->loop, 0);
        }
        d->stopping = true;
        dn_stream_debug(d, "stopping: TERM to %lld", (long long)d->target.main.pid);
        d->kill_at_ns = dn_clock_mono_ns() + grace_ns;
        ask_to_end(d);
        return 0;
}

void dn_ending_kill(struct denet *d) {
        dn_own_cgroup_kill(&d->cgroup);
        signal_living(d, SIGKILL);
        /* Who was born since the last pass is seen by the next. */
        d->sample_now = true;
        d->kill_at_ns = dn_clock_mono_ns() + again_ns;
}
