/* SPDX-License-Identifier: GPL-3.0-or-later
 * run and attach: hold, open the sources, take the first snapshot, let go; and from then on what is due. */
#include "base/guard.h"
#include "host/clock.h"
#include "host/kill.h"
#include "stream/stream.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

static struct denet *session_new(int mode) {
        struct denet *d = calloc(1, sizeof(*d));

        if (!d)
                return NULL;
        d->mode = mode;
        d->held = (struct dn_held){.pid = -1, .pidfd = -1, .release = -1, .report = -1};
        d->loop = (struct dn_loop){.fd = -1, .timer = -1};
        d->last = &d->snapshots[0];
        d->now = &d->snapshots[1];
        d->stop_at_ns = d->kill_at_ns = INT64_MAX;
        d->peak_sum_kb = d->peak_process_kb = -1;
        d->exit = (struct dn_exit){.last_sample_to_exit_ms = -1, .code = -1, .signal = -1};
        d->target.members = &d->members;
        dn_cgroup_init(&d->cgroup);
        return d;
}

static void unwatch(struct denet *d) {
        if (d->watching)
                dn_loop_unwatch(&d->loop, d->held.pidfd);
        d->watching = false;
}

void dn_session_close(struct denet *d) {
        unwatch(d);
        dn_sample_close_sources(d);
        dn_facts_close(d);
        dn_spawn_close(&d->held);
        dn_own_cgroup_remove(&d->cgroup);
        dn_loop_close(&d->loop);
        dn_platform_close(d->target.procfs);
        dn_members_free(&d->members);
        dn_ledger_free(&d->ledger);
        dn_lost_free(&d->lost);
        dn_baseline_free(&d->first);
        dn_snapshot_free(&d->snapshots[0]);
        dn_snapshot_free(&d->snapshots[1]);
        dn_sample_free(&d->sample);
        dn_sample_free(&d->totals);
        dn_writer_free(d->writer);
        dn_module_close(&d->ebpf);
}

/* Of denet_run these codes say that the program is not there, or not to be executed: a failure of ours has another. */
static int ours(int r) {
        return r == -ENOENT || r == -EACCES || r == -EPERM ? -EIO : r;
}

/* What is written at the end must not fail only then. */
static int may_write(const char *path, denet_error *error) {
        dn_autoclose int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;

        return path && fd < 0 ? dn_fail(error, ours(-errno), "%s: %s; choose another file", path, strerror(errno)) : 0;
}

/* All that comes before there is a process to look at. */
static int prepare(struct denet *d, const denet_options *o, denet_error *error) {
        int r = dn_options_take(&d->o, o, error);

        if (r < 0)
                return r;
        r = may_write(d->o.stacks, error);
        if (r < 0)
                return r;
        r = dn_platform_open(&d->target.procfs, NULL);
        if (r == -ENOTSUP)
                return dn_fail(error, r, "nothing can be measured on this system; saved files can be read");
        if (r == -ENODEV)
                return dn_fail(error, r, "/proc: not there, or of another PID namespace; mount -t proc proc /proc");
        if (r < 0)
                return dn_fail(error, ours(r), "/proc: %s; see that it is mounted and may be read: ls /proc",
                               strerror(-r));
        r = dn_loop_open(&d->loop);
        if (r < 0)
                return dn_fail(error, r, "no descriptors to begin with: %s; raise the limit (ulimit -n)", strerror(-r));
        d->writer = dn_writer_new();
        if (!d->writer || dn_facts_open(d) < 0)
                return dn_no_memory(error);
        dn_writer_list(d->writer, d->o.children);
        d->target.children = !(d->o.flags & DENET_EXCLUDE_CHILDREN);
        d->target.gpu = d->o.flags & DENET_WITH_GPU;
        d->target.counters = d->o.flags & DENET_WITH_COUNTERS;
        d->target.ebpf = d->o.ebpf;
        d->target.stacks = d->o.stacks;
        d->target.attached = d->mode == DN_MODE_ATTACH;
        return 0;
}

/* Where it is denet's own lack and not the process's. */
static const char *what_to_do(int error) {
        switch (-error) {
        case EMFILE: return "raise the limit of open files (ulimit -n)";
        case EACCES:
        case EPERM: return "as root it may be allowed (sudo)";
        case ENOSYS: return "it needs Linux 5.3 or later";
        default: return "end other programs, or raise the limits (ulimit -a)";
        }
}

static int no_such_process(denet_error *error, int64_t pid) {
        return dn_fail(error, -ESRCH, "%" PRId64 ": no such process; find it with: pgrep -a NAME", pid);
}

/* With the main process known: who it is, its sources, and what all is counted from. */
static int begin(struct denet *d, int64_t pid, denet_error *error) {
        int r = dn_platform_identify(d->target.procfs, pid, &d->target.main);

        d->target.pidfd = d->held.pidfd;
        if (r == 0)
                r = dn_sample_open_sources(d);
        if (r == 0)
                r = dn_sampler_require(d, error);
        if (r == -ENOTSUP)
                return r;
        d->start_mono_ns = dn_clock_mono_ns();
        d->start_unix_ms = dn_clock_unix_ms();
        if (r == 0)
                r = dn_sample_first(d);
        if (r == 0) {
                r = dn_loop_watch(&d->loop, d->held.pidfd);
                d->watching = r == 0;
                dn_stream_debug(d, "watching %" PRId64 ", %u sources, every %u to %u ms", pid, d->n_sources,
                                d->o.interval_ms, d->o.max_interval_ms);
        }
        if (r == -ESRCH && d->mode == DN_MODE_ATTACH)
                return no_such_process(error, pid);
        if (r == -ESRCH)
                return dn_fail(error, -EIO,
                               "/proc says nothing of the command; see that it may be read: ls /proc/self");
        return r < 0 ? dn_fail(error, d->mode == DN_MODE_RUN ? ours(r) : r, "%" PRId64 ": cannot be watched: %s; %s",
                               pid, strerror(-r), what_to_do(r))
                     : 0;
}

/* From when the command runs, or the process is attached to. */
static int arm(struct denet *d) {
        const int64_t ms = 1000000;

        d->target.late = true;
        d->schedule = (struct dn_schedule){
                .base_ns = d->o.interval_ms * ms,
                .max_ns = d->o.max_interval_ms * ms,
                .start_ns = d->start_mono_ns,
                .due_ns = d->start_mono_ns,
        };
        dn_schedule_next(&d->schedule, d->start_mono_ns);
        if (d->o.flags & DENET_NO_POLLING)
                d->schedule.due_ns = INT64_MAX;
        if (d->o.duration_ms > 0 && d->o.duration_ms < (uint64_t)(INT64_MAX - d->start_mono_ns) / (uint64_t)ms)
                d->stop_at_ns = d->start_mono_ns + (int64_t)d->o.duration_ms * ms;
        return dn_loop_arm(&d->loop, 0); /* the first records are there */
}

/* A command that runs is the caller's to be told of, whatever becomes of the measuring. */
static int opened(denet **ret_d, struct denet *d, int r) {
        if (r < 0) {
                denet_free(d);
                return r;
        }
        if (d->broken == 0)
                d->broken = arm(d);
        *ret_d = d;
        return 0;
}

/* Only reads the one that this process or the one attached to is in. */
static void read_cgroup(struct denet *d, const char *pid) {
        if (dn_cgroup_find(&d->cgroup, NULL, pid) == 0)
                d->target.cgroup = &d->cgroup;
        if (d->cgroup.why.n > 0)
                dn_stream_debug(d, "cgroup: %s", dn_text_cstr(&d->cgroup.why));
}

static int require_cgroup(struct denet *d, denet_error *error) {
        const char *why = dn_text_cstr(&d->cgroup.why), *hint = dn_text_cstr(&d->cgroup.hint);

        return dn_fail(error, -ENOTSUP, "cgroup: %s; %s", why ? why : "no memory",
                       hint && *hint ? hint : "leave --cgroup require out");
}

static int make_cgroup(struct denet *d, denet_error *error) {
        bool require = d->o.cgroup == DENET_REQUIRE;

        if (d->o.cgroup == DENET_OFF)
                return 0;
        if (dn_own_cgroup_make(&d->cgroup, NULL, require) == 0)
                d->target.cgroup = &d->cgroup;
        else if (require)
                return require_cgroup(d, error);
        else
                read_cgroup(d, "self");
        return 0;
}

/* The held command is in it already, where the kernel could do that at once. */
static int enter_cgroup(struct denet *d, denet_error *error) {
        bool require = d->o.cgroup == DENET_REQUIRE, late = d->cgroup.at[DN_UNIFIED] >= 0 && !d->held.in_cgroup;

        if (!d->cgroup.own || (!require && !late))
                return 0;
        if (require)
                return dn_own_cgroup_join(&d->cgroup, d->held.pid, late) < 0 ? require_cgroup(d, error) : 0;
        dn_own_cgroup_remove(&d->cgroup);
        d->target.cgroup = NULL;
        dn_text_put(&d->cgroup.why, DN_STR("the kernel lets no process begin in a cgroup made for it"));
        read_cgroup(d, "self");
        return 0;
}

static int no_program(denet_error *error) {
        return dn_fail(error, -EINVAL, "no program given; give its name and arguments");
}

static void own_child(struct denet *d) {
        d->target.own_child = true;
        d->target.subreaper = d->o.flags & DENET_REAP_ORPHANS && d->target.children;
}

/* From when it is held: it is begun with, and let go. */
static int let_go(struct denet *d, char *const argv[], denet_error *error) {
        int r = begin(d, d->held.pid, error);

        if (r < 0)
                return r;
        r = dn_spawn_release(&d->held);
        /* Up to its exec it had our memory, or a copy. */
        d->target.memory_floor_kb = dn_platform_own_peak_kb(d->target.procfs);
        if (r < 0) {
                unwatch(d);
                return dn_fail(error, r, "%s: %s; check its name, and that it may be executed", argv[0], strerror(-r));
        }
        /* It runs now, whatever becomes of the measuring. */
        d->broken = dn_facts_begin(d, argv);
        dn_own_cgroup_tidy(&d->cgroup); /* while the command begins */
        return 0;
}

static int start(struct denet *d, char *const argv[], denet_error *error) {
        struct dn_spawn spawn = {
                .argv = argv,
                .cwd = d->o.cwd,
                .env = d->o.env,
                .stdio = d->o.stdio,
                .nofile = d->o.nofile,
                .ignored = d->o.ignored,
                .defaulted = d->o.defaulted,
        };
        int r;

        own_child(d);
        r = make_cgroup(d, error);
        if (r < 0)
                return r;
        spawn.cgroup = d->cgroup.own && d->cgroup.at[DN_UNIFIED] >= 0 ? &d->cgroup.at[DN_UNIFIED] : NULL;
        r = dn_spawn_hold(&spawn, &d->held);
        if (r < 0)
                return dn_fail(error, ours(r), "%s: cannot be started: %s; %s", argv[0], strerror(-r), what_to_do(r));
        r = enter_cgroup(d, error);
        return r < 0 ? r : let_go(d, argv, error);
}

int denet_run(denet **ret_d, const denet_options *o, char *const argv[], denet_error *error) {
        struct denet *d = argv && argv[0] ? session_new(DN_MODE_RUN) : NULL;
        int r;

        if (!argv || !argv[0])
                return no_program(error);
        if (!d)
                return dn_no_memory(error);
        r = prepare(d, o, error);
        if (r == 0)
                r = start(d, argv, error);
        return opened(ret_d, d, r);
}

/* Its cgroup is the caller's choice: one of its own is made only when it must be. */
static int adopt(struct denet *d, char *const argv[], denet_error *error) {
        char name[24];
        int r = 0;

        own_child(d);
        d->held.pidfd = dn_pidfd_open(d->held.pid);
        if (d->held.pidfd < 0)
                return dn_fail(error, ours(d->held.pidfd), "%lld: %s; give a child that is held",
                               (long long)d->held.pid, strerror(-d->held.pidfd));
        snprintf(name, sizeof(name), "%lld", (long long)d->held.pid);
        if (d->o.cgroup == DENET_AUTO)
                read_cgroup(d, name);
        else if (d->o.cgroup == DENET_REQUIRE)
                r = make_cgroup(d, error);
        if (r == 0 && d->o.cgroup == DENET_REQUIRE)
                r = enter_cgroup(d, error);
        return r < 0 ? r : let_go(d, argv, error);
}

int denet_adopt(denet **ret_d, const denet_options *o, const denet_held *held, char *const argv[], denet_error *error) {
        struct dn_held mine = {(pid_t)held->pid, -1, false, held->release, held->report, NULL};
        struct denet *d = argv && argv[0] ? session_new(DN_MODE_RUN) : NULL;
        int r;

        if (!d) {
                dn_spawn_close(&mine);
                return argv && argv[0] ? dn_no_memory(error) : no_program(error);
        }
        d->held = mine;
        r = prepare(d, o, error);
        if (r == 0)
                r = adopt(d, argv, error);
        return opened(ret_d, d, r);
}

static int attach(struct denet *d, int64_t pid, denet_error *error) {
        char name[24];

        d->held.pidfd = dn_pidfd_open(pid);
        if (d->held.pidfd == -ESRCH || d->held.pidfd == -EINVAL)
                return no_such_process(error, pid);
        if (d->held.pidfd < 0)
                return dn_fail(error, d->held.pidfd, "%" PRId64 ": %s; %s", pid, strerror(-d->held.pidfd),
                               what_to_do(d->held.pidfd));
        d->held.pid = (pid_t)pid;
        if (dn_platform_is_kernel_thread(d->target.procfs, pid))
                return dn_fail(error, -EINVAL, "%" PRId64 ": a thread of the kernel; it runs no program to measure",
                               pid);
        if (d->o.cgroup == DENET_REQUIRE)
                return dn_fail(error, -EINVAL,
                               "cgroup: what runs already is not moved to one of its own; leave "
                               "--cgroup require out, to read the one that it is in");
        snprintf(name, sizeof(name), "%" PRId64, pid);
        if (d->o.cgroup == DENET_AUTO)
                read_cgroup(d, name);
        return begin(d, pid, error);
}

int denet_attach(denet **ret_d, const denet_options *o, int64_t pid, denet_error *error) {
        struct denet *d = session_new(DN_MODE_ATTACH);
        int r;

        if (!d)
                return dn_no_memory(error);
        r = prepare(d, o, error);
        if (r == 0)
                r = attach(d, pid, error);
        if (r == 0 && ((r = dn_facts_begin(d, NULL)) < 0 || (r = arm(d)) < 0))
                (void)dn_fail(error, r, "%" PRId64 ": cannot be watched: %s; %s", pid, strerror(-r), what_to_do(r));
        if (r < 0) {
                denet_free(d);
                return r;
        }
        *ret_d = d;
        return 0;
}

static bool pidfd_says_ended(const struct denet *d) {
        struct pollfd pidfd = {.fd = d->held.pidfd, .events = POLLIN};
        int n;

        do
                n = poll(&pidfd, 1, 0);
        while (n < 0 && errno == EINTR);
        return n > 0 && (pidfd.revents & POLLIN);
}

static int64_t earlier(int64_t a, int64_t b) {
        return a < b ? a : b;
}

static int rearm(struct denet *d) {
        int64_t due_ns = earlier(d->schedule.due_ns, earlier(d->stopping ? INT64_MAX : d->stop_at_ns, d->kill_at_ns));

        return dn_loop_arm(&d->loop, d->behind ? 0 : due_ns);
}

/* Nobody is known to live, but not all who ended are known: they may have left somebody. */
static bool is_end_of_main(const struct denet *d) {
        if (d->behind && dn_ending_waits_for_all(d))
                return false;
        return d->watching || !dn_ending_anyone(d);
}

static bool pass_is_due(const struct denet *d, int64_t now_ns) {
        return (d->sample_now || now_ns >= d->schedule.due_ns) && !(d->behind && now_ns < d->catch_up_ns);
}

static int end_of_main(struct denet *d) {
        int r;

        unwatch(d);
        if (d->schedule.due_ns == INT64_MAX)
                d->schedule.due_ns = dn_clock_mono_ns(); /* who else lives is looked at now and then */
        r = dn_ending_finish(d);
        return r < 0 || d->done ? r : rearm(d);
}

int dn_session_dispatch(struct denet *d) {
        int64_t now_ns;
        bool ended;
        int r;

        if (d->done || d->broken < 0)
                return d->done ? 0 : d->broken;
        r = dn_sample_drain(d);
        if (r < 0)
                return r;
        /* Of one that is ours to wait for, the zombies say it. */
        ended = d->target.ended || d->target.taken || (!d->target.own_child && pidfd_says_ended(d));
        if (d->finish_now)
                return dn_ending_finish(d);
        dn_snapshot_leave(d->last, &d->ledger);
        if (ended && is_end_of_main(d))
                return end_of_main(d);
        now_ns = dn_clock_mono_ns();
        if (now_ns >= d->stop_at_ns && !d->stopping && (r = dn_ending_stop(d)) < 0)
                return r;
        if (now_ns >= d->kill_at_ns)
                dn_ending_kill(d);
        if (d->finish_now)
                return dn_ending_finish(d);
        if (pass_is_due(d, now_ns)) {
                d->sample_now = false;
                r = dn_sample_take(d, false);
                if (r < 0)
                        return r;
                if (now_ns >= d->schedule.due_ns)
                        dn_schedule_next(&d->schedule, dn_clock_mono_ns());
        }
        return rearm(d);
}

int denet_sample(denet *d) {
        if (d->mode == DN_MODE_SAVED || d->done)
                return -ESRCH;
        d->sample_now = true;
        return dn_loop_arm(&d->loop, 0);
}

int denet_signal(denet *d, int number) {
        if (d->mode == DN_MODE_SAVED || d->target.ended)
                return -ESRCH;
        return dn_kill(d->held.pidfd, number);
}

int denet_stop(denet *d) {
        return d->mode == DN_MODE_SAVED || d->done ? -ESRCH : dn_ending_stop(d);
}

int denet_kill(denet *d) {
        if (d->mode == DN_MODE_SAVED || d->done)
                return -ESRCH;
        d->stopping = true;
        dn_ending_kill(d);
        return dn_loop_arm(&d->loop, 0);
}

int64_t denet_pid(const denet *d) {
        return d->mode == DN_MODE_SAVED ? -ESRCH : d->target.main.pid;
}

int denet_status(const denet *d, int *ret_code, int *ret_signal) {
        if (d->mode == DN_MODE_SAVED)
                return -ESRCH;
        if (!d->target.ended && !d->done)
                return -EAGAIN;
        dn_ending_status(d, ret_code, ret_signal);
        return 0;
}
