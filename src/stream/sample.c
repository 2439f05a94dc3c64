/* SPDX-License-Identifier: GPL-3.0-or-later
 * One pass: from the sources to a record. */
#include "base/guard.h"
#include "host/clock.h"
#include "stream/stream.h"

static void say(struct denet *d, const char *name, int can, struct dn_str why) {
        struct dn_said *said = &d->said[d->n_said];

        if (!name || d->n_said == DN_SOURCES_MAX)
                return;
        *said = (struct dn_said){.name = name, .can = can};
        if (can == DN_CAN_NOT)
                dn_text_put(&said->why, why);
        d->n_said++;
}

/* What keeps it from opening goes to `why_not`; NULL: to the metadata, which say of it whether it works. */
static int open_source(struct denet *d, const struct dn_source *source, struct dn_text *why_not) {
        dn_autotext struct dn_text why = {0};
        void *state = NULL;
        int r = source->open(&state, &d->target, &why);

        if (r == -ENOMEM)
                return r;
        if (why_not)
                dn_text_put(why_not, dn_text_str(&why));
        else
                say(d, source->name, r < 0 ? DN_CAN_NOT : DN_CAN, dn_text_str(&why));
        if (r < 0) {
                dn_stream_debug(d, "%s: off: %.*s", source->name ? source->name : "a source",
                                (int)strcspn(why.n ? dn_text_cstr(&why) : "", "\n"), why.n ? why.p : "");
                return 0;
        }
        d->sources[d->n_sources].source = source;
        d->sources[d->n_sources++].state = state;
        return 0;
}

static int open_all(struct denet *d, const struct dn_source *const *sources, struct dn_text *why_not) {
        int r = 0;

        for (; sources && *sources && d->n_sources < DN_SOURCES_MAX && r == 0; sources++)
                r = open_source(d, *sources, why_not);
        return r;
}

/* The module with its sources, which are read after the others. */
static int open_ebpf(struct denet *d) {
        dn_autotext struct dn_text why = {0};

        if (d->o.ebpf == 0)
                say(d, "ebpf", DN_CAN_NOT, DN_STR("not asked for"));
        else if (dn_module_open(&d->ebpf, "ebpf", &why) < 0)
                say(d, "ebpf", DN_CAN_NOT, dn_text_str(&why));
        else if (d->ebpf.module->shape != DN_SOURCE_SHAPE)
                say(d, "ebpf", DN_CAN_NOT, DN_STR("denet-ebpf.so is not of this denet\ninstall both from one build"));
        else
                return open_all(d, d->ebpf.module->sources, NULL);
        return why.failed ? -ENOMEM : 0;
}

int dn_sample_open_sources(struct denet *d) {
        int r = open_all(d, dn_sources, NULL);

        d->target.wants_sampler = d->o.sampler == DENET_SAMPLER_BPF;
        return r < 0 ? r : open_ebpf(d);
}

int dn_sample_open_sampler(struct denet *d) {
        int r = 0;

        if (dn_sampler_source && dn_platform_may_fork(d->target.procfs, d->target.main.pid))
                r = open_source(d, dn_sampler_source, &d->sampler.why);
        else if (dn_module_open(&d->ebpf, "ebpf", &d->sampler.why) == 0 && d->ebpf.module->shape == DN_SOURCE_SHAPE)
                r = open_all(d, d->ebpf.module->sources, &d->sampler.why);
        return d->sampler.why.failed ? -ENOMEM : r;
}

struct dn_said *dn_sample_said(struct denet *d, const char *name) {
        for (uint32_t i = 0; i < d->n_said; i++)
                if (strcmp(d->said[i].name, name) == 0)
                        return &d->said[i];
        return NULL;
}

void dn_sample_list(struct denet *d, const char *name, struct dn_text *names) {
        for (uint32_t i = 0; i < d->n_sources; i++) {
                const struct dn_source *source = d->sources[i].source;

                if (source->list && source->name && strcmp(source->name, name) == 0)
                        source->list(d->sources[i].state, names);
        }
}

int dn_sample_look_at_abilities(struct denet *d) {
        int changed = 0;

        for (uint32_t i = 0; i < d->n_sources; i++) {
                const struct dn_source *source = d->sources[i].source;
                struct dn_said *said = source->can ? dn_sample_said(d, source->name) : NULL;
                dn_autotext struct dn_text why = {0};
                int can;

                if (!said)
                        continue;
                can = source->can(d->sources[i].state, &why);
                if (why.failed)
                        return -ENOMEM;
                if (can == said->can && dn_str_equal(dn_text_str(&why), dn_text_str(&said->why)))
                        continue;
                said->can = can;
                dn_text_reset(&said->why);
                dn_text_put(&said->why, dn_text_str(&why));
                changed = 1;
        }
        return changed;
}

void dn_sample_close_sources(struct denet *d) {
        for (uint32_t i = 0; i < d->n_said; i++)
                dn_text_free(&d->said[i].why);
        d->n_said = 0;
        dn_text_free(&d->sampler.why);
        while (d->n_sources > 0) {
                d->n_sources--;
                if (d->sources[d->n_sources].source->close)
                        d->sources[d->n_sources].source->close(d->sources[d->n_sources].state);
        }
}

/* Orphans may end faster than they can be waited for, and without an end. */
int dn_sample_drain(struct denet *d) {
        const int64_t longest_ns = 1000000000;
        int64_t until_ns = dn_clock_mono_ns() + longest_ns;

        if (!d->stopping && d->stop_at_ns < until_ns)
                until_ns = d->stop_at_ns;
        d->behind = false;
        for (uint32_t i = 0; i < d->n_sources; i++) {
                const struct dn_source *source = d->sources[i].source;
                int r = source->drain ? source->drain(d->sources[i].state, &d->ledger, until_ns) : 0;

                if (r < 0)
                        return r;
                d->behind |= r > 0;
        }
        return 0;
}

/* Those that left give up all that is kept for them, and their slots. */
static void forget_gone(struct denet *d) {
        const struct dn_table *rows = &d->last->part[DN_PROCESS];

        dn_snapshot_leave(d->last, &d->ledger);
        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                if (!row->gone)
                        continue;
                for (uint32_t j = 0; j < d->n_sources; j++)
                        if (d->sources[j].source->forget)
                                d->sources[j].source->forget(d->sources[j].state, row->slot);
                dn_writer_forget(d->writer, row->slot);
                dn_facts_forget(d, row->slot);
                dn_members_remove(&d->members, row->slot);
        }
}

static uint32_t cores_online(void) {
        long n = sysconf(_SC_NPROCESSORS_ONLN);

        return n > 0 ? (uint32_t)n : 0;
}

/* Reads all sources into `now`, and settles the whole. */
static int take_snapshot(struct denet *d, const struct dn_snapshot *last, struct dn_pass *pass) {
        uint32_t kept;
        int r;

        pass->mono_ns = dn_clock_mono_ns();
        pass->age_ns = last ? pass->mono_ns - d->first.at.mono_ns : 0;
        pass->now = d->now;
        r = dn_snapshot_begin(d->now, last, pass->mono_ns, dn_clock_boot_ns());
        kept = d->now->part[DN_PROCESS].n;
        d->now->cores = pass->final ? 0 : d->cores;
        for (uint32_t i = 0; r >= 0 && i < d->n_sources; i++)
                if (d->sources[i].source->read)
                        r = d->sources[i].source->read(d->sources[i].state, pass);
        if (r >= 0 && last)
                r = dn_lost_look(&d->lost, d->now, last, &d->members, d->target.subreaper ? getpid() : 0, &d->ledger);
        if (r < 0)
                return r;
        d->seen += d->now->part[DN_PROCESS].n - kept;
        dn_accounts_settle(d->now, last, &d->ledger);
        dn_ledger_settled(&d->ledger);
        r = 0;
        for (uint32_t i = 0; r == 0 && i < d->n_sources; i++)
                if (d->sources[i].source->settled)
                        r = d->sources[i].source->settled(d->sources[i].state, pass);
        return r;
}

static void turn(struct denet *d) {
        struct dn_snapshot *last = d->last;

        d->last = d->now;
        d->now = last;
}

static bool is_io(int id) {
        return dn_fields[id].nature == DN_COUNTER && dn_fields[id].tree == DN_FOLDED;
}

static bool is_network(int id) {
        return id == DN_sys_net_rx_bytes || id == DN_sys_net_tx_bytes;
}

/* What is counted from 0, a bit a field. Of a command that we start: all, it is ours from its first instruction; but
 * the network was there before. With since_process_start the same goes for a running process's I/O, and the network's
 * too.
 */
static uint64_t counted_from_zero(const struct denet *d) {
        bool since_start = d->o.flags & DENET_SINCE_PROCESS_START;
        uint64_t bits = 0;

        for (int id = 0; id < DN_FIELDS; id++) {
                bool from_zero = is_network(id) ? since_start : d->mode == DN_MODE_RUN || (since_start && is_io(id));

                bits |= (uint64_t)from_zero << id;
        }
        return bits;
}

int dn_sample_first(struct denet *d) {
        struct dn_pass pass = {.first = true};
        const struct dn_row *main;
        int r = take_snapshot(d, NULL, &pass);

        d->cores = cores_online();
        if (r < 0)
                return r;
        turn(d);
        main = d->last->part[DN_PROCESS].n ? dn_table_row(&d->last->part[DN_PROCESS], 0) : NULL;
        if (!main || main->gone)
                return -ESRCH;
        d->start_mono_ns = d->last->mono_ns;
        d->reaped_before = d->mode == DN_MODE_RUN ? 0 : dn_row_or_zero(main, DN_reaped_page_faults_cached);
        if (dn_baseline_take(&d->first, d->last, counted_from_zero(d)) < 0)
                return -ENOMEM;
        if (d->cgroup.own)
                d->first.at.part[DN_CGROUP].n = 0; /* counted from its making */
        return 0;
}

static void note_peaks(struct denet *d) {
        const struct dn_row *whole = dn_sample_whole(&d->sample);
        int64_t value;

        if (dn_row_get(whole, DN_mem_rss_kb, &value) && d->sample.part[DN_PROCESS].n > 0 && value > d->peak_sum_kb)
                d->peak_sum_kb = value;
        if (dn_row_get(whole, DN_mem_rss_peak_kb, &value) && value > d->peak_process_kb)
                d->peak_process_kb = value;
}

static int derive(struct denet *d) {
        int r = dn_derive(&d->first, d->start_unix_ms, d->last, d->now, d->target.main, &d->sample);

        if (r == 0 && !d->target.children)
                dn_row_unset(dn_table_row(&d->sample.part[DN_WHOLE], 0), DN_process_count, d->sample.number);
        return r;
}

int dn_sample_take(struct denet *d, bool final) {
        enum { CATCH_UP = 10 }; /* times as long as a pass takes … */
        const int64_t longest_ns = 1000000000;
        struct dn_pass pass = {.final = final};
        struct dn_queued item = {.kind = d->target.children ? DN_TREE : DN_SAMPLE, .sample = &d->sample};
        int64_t took_ns;
        int r;

        forget_gone(d);
        r = take_snapshot(d, d->last, &pass);
        if (r == 0)
                r = derive(d);
        if (r < 0)
                return r;
        turn(d);
        if (!final)
                dn_sampler_choose(d);
        note_peaks(d);
        took_ns = dn_clock_mono_ns() - pass.mono_ns;
        dn_stream_debug(d, "sample at %.3f s: %u processes, read in %lld us", (double)d->sample.elapsed_us / 1e6,
                        d->last->part[DN_PROCESS].n, (long long)took_ns / 1000);
        d->last_sample_ns = pass.mono_ns;
        d->catch_up_ns = pass.mono_ns + took_ns + (CATCH_UP * took_ns < longest_ns ? CATCH_UP * took_ns : longest_ns);
        r = dn_facts_abilities(d);
        if (r == 0 && d->target.children && d->o.children != DENET_CHILDREN_NONE)
                r = dn_facts_children(d);
        item.unix_ms = d->sample.unix_ms;
        return r < 0 ? r : dn_stream_queue(d, &item);
}
