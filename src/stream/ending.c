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
        const struct dn_table *first = &d->first.part[DN_PROCESS], *last = &d->last->part[DN_PROCESS];

        if (d->seen > 1)
                return true;
        return first->n > 0 && last->n > 0 &&
               dn_row_or_zero(dn_table_row(last, 0), DN_reaped_page_faults_cached) >
                       dn_row_or_zero(dn_table_row(first, 0), DN_reaped_page_faults_cached);
}

/* Of an attached tree orphans go to somebody else, unseen if they are short. */
static const char *lower_bound(const struct denet *d) {
        if (d->ledger.lower_bound || d->mode != DN_MODE_ATTACH || !d->target.children || !has_forked(d))
                return d->ledger.lower_bound;
        return "attached, so an orphan that ended between two samples is not counted";
}

static void fill_exit(struct denet *d, int64_t since_sample_ns) {
        struct dn_exit *e = &d->exit;
        int status = d->target.wait_status;

        e->last_sample_to_exit_ms = since_sample_ns / 1000000;
        if (d->target.ended && WIFEXITED(status))
                e->code = WEXITSTATUS(status);
        if (d->target.ended && WIFSIGNALED(status))
                e->signal = WTERMSIG(status);
        e->wall_us = d->sample.elapsed_us;
        e->peak_rss_sum_kb = d->peak_sum_kb;
        e->peak_rss_process_kb = d->peak_process_kb;
        if (d->target.usage_known && d->target.peak_kb > e->peak_rss_process_kb)
                e->peak_rss_process_kb = d->target.peak_kb;
        e->peak_rss_kb = e->peak_rss_sum_kb > e->peak_rss_process_kb ? e->peak_rss_sum_kb : e->peak_rss_process_kb;
        e->processes_seen = (int64_t)(d->seen + d->target.never_seen);
        e->still_running = count_living(d);
        e->lower_bound = dn_str_of(lower_bound(d));
}

int dn_ending_finish(struct denet *d) {
        int64_t before_ns = d->last_sample_ns ? d->last_sample_ns : d->start_mono_ns;
        struct dn_queued item = {.kind = DN_EXIT, .sample = &d->sample, .exit = &d->exit};
        int r = dn_sample_take(d, true);

        if (r < 0)
                return r;
        fill_exit(d, d->last_sample_ns - before_ns);
        item.unix_ms = d->sample.unix_ms;
        d->done = true;
        return dn_stream_queue(d, &item);
}

int dn_ending_stop(struct denet *d) {
        if (d->stopping)
                return dn_ending_finish(d);
        d->stopping = true;
        if (d->mode == DN_MODE_ATTACH)
                return dn_ending_finish(d);
        dn_stream_debug(d, "stopping: TERM to %lld", (long long)d->target.main.pid);
        d->kill_at_ns = dn_clock_mono_ns() + grace_ns;
        dn_kill(d->held.pidfd, SIGTERM);
        dn_kill(d->held.pidfd, SIGCONT); /* a stopped one would not see it */
        return 0;
}

/* By a descriptor of the process, opened before it is looked at whether it is still the one meant. */
static void kill_member(const struct denet *d, struct dn_key key) {
        dn_autoclose int pidfd = dn_pidfd_open(key.pid);
        struct dn_key found;

        if (pidfd >= 0 && dn_platform_identify(d->target.procfs, key.pid, &found) == 0 && dn_key_equal(key, found))
                dn_kill(pidfd, SIGKILL);
}

void dn_ending_kill(struct denet *d) {
        const struct dn_table *rows = &d->last->part[DN_PROCESS];

        for (uint32_t i = 0; i < rows->n; i++)
                if (!dn_row_ended(dn_table_row(rows, i)))
                        kill_member(d, dn_table_row(rows, i)->key);
        /* Who was born since the last pass is seen by the next. */
        d->sample_now = true;
        d->kill_at_ns = dn_clock_mono_ns() + again_ns;
}
