/* SPDX-License-Identifier: GPL-3.0-or-later
 * The inside of a stream of records. The conductor: the only code that decides when. */
#pragma once
#include "denet/denet.h"
#include "format/reader.h"
#include "format/writer.h"
#include "host/loop.h"
#include "host/module.h"
#include "host/own_cgroup.h"
#include "host/spawn.h"
#include "model/accounts.h"
#include "model/lost.h"
#include "model/schedule.h"
#include "sources/probe.h"
#include "sources/source.h"

enum dn_mode { DN_MODE_RUN, DN_MODE_ATTACH, DN_MODE_SAVED };

/* A record that waits to be pulled. Its text is there, or is made from the sample when asked for. */
struct dn_queued {
        int kind;
        int64_t unix_ms;
        const struct dn_sample *sample;
        const struct dn_exit *exit;
        size_t at, size; /* its text in `texts`; of size 0: by the writer */
};

struct dn_saved;
struct dn_facts;

struct denet {
        int mode;
        bool done;  /* nothing comes any more, but what is queued */
        int broken; /* -errno: the command runs, and nothing can be measured */
        denet_options o;

        struct dn_queued *queue;
        uint32_t queue_at, queue_n, queue_room;
        struct dn_text texts; /* of those in the queue and of the last one given out, each with a NUL behind it … */
        denet_record record;  /* … which is this to the caller */

        struct dn_saved *saved; /* DN_MODE_SAVED; what follows is of the others */

        struct dn_loop loop;
        struct dn_held held; /* the main process's pidfd, when attached too */
        struct dn_cgroup cgroup;
        struct dn_target target;
        struct dn_members members;
        struct dn_ledger ledger;
        struct dn_lost lost;
        struct dn_baseline first;
        int64_t reaped_before; /* page faults of those whom the main process had reaped by then */
        struct dn_snapshot snapshots[2], *last, *now;
        struct dn_sample sample;
        struct dn_sample totals; /* of the exit record: counters alone, and the blocks */
        struct dn_exit exit;
        struct dn_writer *writer;
        struct dn_schedule schedule;
        struct dn_facts *facts;
        struct {
                const struct dn_source *source;
                void *state;
        } sources[DN_SOURCES_MAX];
        uint32_t n_sources;
        struct dn_loaded ebpf; /* the module, where it was asked for and is there */
        struct {
                int64_t asked_ns;   /* when it was looked at last whether it pays */
                bool tried;         /* to have it for its own sake */
                bool offered;       /* it was there after the pass before */
                struct dn_text why; /* there is none; the hint behind a newline */
        } sampler;
        struct dn_said {
                const char *name;
                int can;            /* of dn_can */
                struct dn_text why; /* what metadata.capabilities says of it; the hint behind a newline */
        } said[DN_SOURCES_MAX];     /* of each source with a name, open or not */
        uint32_t n_said;

        int64_t start_unix_ms, start_mono_ns;
        int64_t last_sample_ns; /* 0: none yet */
        int64_t stop_at_ns;     /* the duration's end; INT64_MAX: none */
        int64_t kill_at_ns;     /* the tree is to be killed; INT64_MAX: it is not */
        bool sample_now;        /* asked for by denet_sample */
        bool finish_now;        /* the end is to come with the next dispatch */
        bool stopping;          /* by denet_stop, or the duration */
        bool behind;            /* who has ended is not all looked at: that is due at once … */
        int64_t catch_up_ns;    /* … and up to then before a pass, which would find them all once more */
        bool watching;          /* the pidfd is in the loop */
        int64_t peak_sum_kb, peak_process_kb;
        uint32_t cores; /* online; 0: not known */
        uint64_t seen;  /* processes that were ever members */
};

/* stream.c */
int dn_stream_queue(struct denet *d, const struct dn_queued *item); /* one without a text. 0 or -ENOMEM */
/* One with this text, which is empty after, also when it fails: with -ENOMEM, as where the text itself had failed. The
 * record that was given out last is at its end. */
int dn_stream_queue_text(struct denet *d, int kind, int64_t unix_ms, struct dn_text *text);
void dn_stream_debug(const struct denet *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fills *error, if there is one, and returns the code. */
int dn_fail(denet_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int dn_no_memory(denet_error *error);

/* options.c: a checked copy with the defaults filled in. 0 or -EINVAL. */
int dn_options_take(denet_options *to, const denet_options *from, denet_error *error);

/* session.c */
int dn_session_dispatch(struct denet *d); /* does what is due now. 0 or -errno */
void dn_session_close(struct denet *d);

/* sample.c */
int dn_sample_take(struct denet *d, bool final); /* one pass, and its records queued. 0 or -ENOMEM */
int dn_sample_first(struct denet *d);            /* the snapshot that all is counted from; no record */
int dn_sample_drain(struct denet *d);            /* who has ended, into the ledger, but not for ever: d->behind */
int dn_sample_open_sources(struct denet *d);
/* The sampler alone, by a process that loads it or by the module; where there is none then, d->sampler.why says why. 0
 * or -ENOMEM. */
int dn_sample_open_sampler(struct denet *d);
void dn_sample_close_sources(struct denet *d);
struct dn_said *dn_sample_said(struct denet *d, const char *name);             /* NULL: no source of that name */
void dn_sample_list(struct denet *d, const char *name, struct dn_text *names); /* what that source has */
/* Asks each source how far it works. 1: another answer than before; 0; -ENOMEM. */
int dn_sample_look_at_abilities(struct denet *d);

/* sampler.c */
int dn_sampler_require(struct denet *d, denet_error *error); /* where it was asked for. 0 or -errno */
void dn_sampler_choose(struct denet *d);                     /* after a pass: who samples in the next */

/* ending.c */
int dn_ending_finish(struct denet *d); /* a pass; unless somebody is waited for still, the exit record, and done */
void dn_ending_status(const struct denet *d, int *ret_code,
                      int *ret_signal);       /* what did not end it, or is not known: -1 */
int dn_ending_stop(struct denet *d);          /* TERM now, KILL later; attached: finish */
void dn_ending_kill(struct denet *d);         /* KILL to every member that lives */
bool dn_ending_anyone(const struct denet *d); /* a member lives, by the last pass */
/* The end is the main process's; when the tree is to be waited for, or is being stopped, everybody's. */
bool dn_ending_waits_for_all(const struct denet *d);

/* facts.c: records that are not samples */
int dn_facts_open(struct denet *d);
void dn_facts_close(struct denet *d);
void dn_facts_forget(struct denet *d, uint32_t slot);
int dn_facts_begin(struct denet *d, char *const *argv); /* env, metadata */
int dn_facts_abilities(struct denet *d);                /* metadata once more, if a capability is another now */
int dn_facts_children(struct denet *d); /* a child record for each that is new or another since its exec */

/* saved.c */
int dn_saved_next(struct denet *d); /* 1: d->record is filled; 0: the end; -EBADMSG, -errno */
void dn_saved_close(struct dn_saved *saved);
