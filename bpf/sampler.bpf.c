/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * The sampler: a look at all tasks that says of each process of the tree what /proc/PID/stat, io and its CPU clock
 * would, if it is new or has run since the last look. Of one that has slept it notes that it is there.
 *
 * For each load of a pointer, on each path to it, the kernel's verifier goes through the names of all types, up to a
 * millisecond each time: so pointers are loaded once, or by a helper that it does not look into. */
#include "thread.bpf.h"

#include "kfuncs.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct dn_bpf_sampling sampling;

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(map_flags, BPF_F_MMAPABLE);
        __uint(max_entries, DN_BPF_PLACES);
        __type(key, __u32);
        __type(value, struct dn_bpf_place);
} places SEC(".maps");

/* What was said of a process last, by its number in the kernel, modulo. An array, since a look passes by all processes,
 * and most of them have slept: there its neighbours' are read along. */
struct said {
        __u32 pid;    /* the kernel's */
        __u32 tgid;   /* the caller's */
        __u32 parent; /* the kernel's number of it */
        __u32 alone;  /* it had one thread: without that one's running it has no other now */
        __u64 runtime_ns;
};

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, DN_BPF_PLACES);
        __type(key, __u32);
        __type(value, struct said);
} last SEC(".maps");

/* One thread after the other, by the list that a process has of them. */
struct walk {
        __u64 at, head;
        __u64 runtime_ns;
        __u32 parent; /* the kernel's number of it */
        __u32 runs;   /* one of them does, or could */
        __u32 broken, unused;
        struct dn_bpf_process process;
};

enum { THREADS_MOST = 1 << 20, SECOND_NS = 1000000000 };

/* A thread's own, added. READ takes a member of it. */
#define ADD_THREAD(to, READ) \
        do { \
                (to)->runtime_ns += READ(se.sum_exec_runtime); \
                (to)->user_ns += READ(utime); \
                (to)->system_ns += READ(stime); \
                (to)->minor_faults += READ(min_flt); \
                (to)->major_faults += READ(maj_flt); \
                if (bpf_core_field_exists(((struct task_struct *)0)->ioac.rchar)) { \
                        (to)->read_chars += READ(ioac.rchar); \
                        (to)->written_chars += READ(ioac.wchar); \
                        (to)->read_calls += READ(ioac.syscr); \
                        (to)->write_calls += READ(ioac.syscw); \
                } \
                if (bpf_core_field_exists(((struct task_struct *)0)->ioac.read_bytes)) { \
                        (to)->read_bytes += READ(ioac.read_bytes); \
                        (to)->written_bytes += READ(ioac.write_bytes); \
                        (to)->cancelled_bytes += READ(ioac.cancelled_write_bytes); \
                } \
        } while (0)

static __always_inline struct task_struct *thread_at(struct walk *walk) {
        return (struct task_struct *)(walk->at - bpf_core_field_offset(struct task_struct, thread_node));
}

/* Not to be followed further: the end, or what could not be read. */
static __always_inline long go_on(struct walk *walk) {
        struct list_head *node = (struct list_head *)walk->at;

        walk->at = (__u64)BPF_CORE_READ(node, next);
        walk->broken = walk->at == 0;
        return walk->at == 0 || walk->at == walk->head;
}

static long look_at_thread(__u32 i, struct walk *walk) {
        struct task_struct *task = thread_at(walk);

        walk->runtime_ns += BPF_CORE_READ(task, se.sum_exec_runtime);
        walk->runs |= BPF_CORE_READ(task, __state) == 0;
        return go_on(walk);
}

static long add_thread(__u32 i, struct walk *walk) {
        struct task_struct *task = thread_at(walk);
#define PROBED(member) BPF_CORE_READ(task, member)

        ADD_THREAD(&walk->process, PROBED);
        return go_on(walk);
}

static __always_inline bool begin_walk(struct walk *walk, struct signal_struct *signal) {
        walk->head = (__u64)&signal->thread_head;
        walk->at = (__u64)BPF_CORE_READ(signal, thread_head.next);
        walk->broken = 0;
        return walk->at != walk->head;
}

/* Odd while a thread is being added to those that have ended. */
static __always_inline __u32 sequence(struct signal_struct *signal) {
        __u32 n = signal->stats_lock.seqcount.seqcount.sequence;

        barrier();
        return n;
}

/* What it has used, for a first look. False: it changes just now. */
static __always_inline bool look_at(struct walk *walk, struct task_struct *task, struct signal_struct *signal) {
        __u32 before = sequence(signal);

        walk->runtime_ns = signal->sum_sched_runtime;
        if (signal->nr_threads <= 1) {
                walk->runtime_ns += task->se.sum_exec_runtime;
                walk->runs = task->__state == 0;
        } else if (begin_walk(walk, signal)) {
                bpf_loop(THREADS_MOST, look_at_thread, walk, 0);
        }
        barrier();
        return !(before & 1) && before == sequence(signal) && !walk->broken;
}

static __always_inline void begin_sums(struct dn_bpf_process *p, struct signal_struct *signal) {
        p->runtime_ns = signal->sum_sched_runtime;
        p->user_ns = signal->utime;
        p->system_ns = signal->stime;
        p->reaped_user_ns = signal->cutime;
        p->reaped_system_ns = signal->cstime;
        p->minor_faults = signal->min_flt;
        p->major_faults = signal->maj_flt;
        p->reaped_minor_faults = signal->cmin_flt;
        p->reaped_major_faults = signal->cmaj_flt;
        if (bpf_core_field_exists(signal->ioac.rchar)) {
                p->read_chars = signal->ioac.rchar;
                p->written_chars = signal->ioac.wchar;
                p->read_calls = signal->ioac.syscr;
                p->write_calls = signal->ioac.syscw;
        }
        if (bpf_core_field_exists(signal->ioac.read_bytes)) {
                p->read_bytes = signal->ioac.read_bytes;
                p->written_bytes = signal->ioac.write_bytes;
                p->cancelled_bytes = signal->ioac.cancelled_write_bytes;
        }
}

static __always_inline bool add_up_process(struct walk *walk, struct task_struct *task, struct signal_struct *signal) {
        __u32 before = sequence(signal);
#define DIRECT(member) task->member

        begin_sums(&walk->process, signal);
        walk->process.threads = signal->nr_threads;
        if (signal->nr_threads <= 1)
                ADD_THREAD(&walk->process, DIRECT);
        else if (begin_walk(walk, signal))
                bpf_loop(THREADS_MOST, add_thread, walk, 0);
        barrier();
        return !(before & 1) && before == sequence(signal) && !walk->broken;
}

/* Files, anonymous and shared memory: MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES. */
static __always_inline __u64 resident(struct mm_struct *mm) {
        struct mm_struct___before *before = (void *)mm;

        if (bpf_core_type_exists(struct mm_rss_stat___before))
                return BPF_CORE_READ(before, rss_stat.count[0].counter) +
                       BPF_CORE_READ(before, rss_stat.count[1].counter) +
                       BPF_CORE_READ(before, rss_stat.count[3].counter);
        return BPF_CORE_READ(mm, rss_stat[0].count) + BPF_CORE_READ(mm, rss_stat[1].count) +
               BPF_CORE_READ(mm, rss_stat[3].count);
}

static __always_inline __u32 processor_of(struct task_struct *task) {
        struct task_struct___before *before = (void *)task;

        if (bpf_core_field_exists(task->thread_info.cpu))
                return task->thread_info.cpu;
        return bpf_core_field_exists(before->cpu) ? BPF_CORE_READ(before, cpu) : 0;
}

static __always_inline void describe(struct dn_bpf_process *p, struct task_struct *task) {
        struct mm_struct *mm = BPF_CORE_READ(task, mm);

        p->read_ns = bpf_ktime_get_ns() + sampling.mono_ns;
        p->state = task->__state;
        p->exit_state = task->exit_state;
        p->flags = task->flags;
        p->processor = processor_of(task);
        p->start_ns = task->start_boottime + sampling.boot_ns;
        if (mm) {
                p->total_pages = BPF_CORE_READ(mm, total_vm);
                p->resident_pages = resident(mm);
                p->start_stack = BPF_CORE_READ(mm, start_stack);
        }
        BPF_CORE_READ_INTO(&p->comm, task, comm);
}

static __always_inline void note_place(__u32 tgid, __u32 record) {
        __u32 key = tgid % DN_BPF_PLACES;
        struct dn_bpf_place *place = bpf_map_lookup_elem(&places, &key);

        if (place)
                *place = (struct dn_bpf_place){.look = sampling.look, .record = record, .turn = tgid / DN_BPF_PLACES};
}

static __always_inline struct said *last_of(struct task_struct *task) {
        __u32 key = (__u32)task->pid % DN_BPF_PLACES;

        return bpf_map_lookup_elem(&last, &key);
}

/* How many threads there are is read once more, after the time that they have run: a thread is made by one that runs.
 */
static __always_inline bool is_alone(struct signal_struct *signal) {
        __sync_fetch_and_add(&sampling.order, 1);
        return signal->nr_threads <= 1;
}

static __always_inline void note_last(const struct walk *walk, __u32 tgid, struct task_struct *task,
                                      struct signal_struct *signal) {
        struct said *said = last_of(task);

        if (said)
                *said = (struct said){.pid = task->pid,
                                      .tgid = tgid,
                                      .parent = walk->parent,
                                      .alone = is_alone(signal),
                                      .runtime_ns = walk->process.runtime_ns};
}

/* Of the one who reads. */
static __always_inline void find_time_namespace(void) {
        struct task_struct *reader = (struct task_struct *)bpf_get_current_task_btf();

        sampling.ready = 1;
        if (!bpf_core_field_exists(((struct time_namespace *)0)->offsets.boottime.tv_sec))
                return;
        sampling.boot_ns = BPF_CORE_READ(reader, nsproxy, time_ns, offsets.boottime.tv_sec) * SECOND_NS +
                           BPF_CORE_READ(reader, nsproxy, time_ns, offsets.boottime.tv_nsec);
        sampling.mono_ns = BPF_CORE_READ(reader, nsproxy, time_ns, offsets.monotonic.tv_sec) * SECOND_NS +
                           BPF_CORE_READ(reader, nsproxy, time_ns, offsets.monotonic.tv_nsec);
}

/* A look that has no room for what it would say comes back to the same process. */
static __always_inline int say(struct seq_file *seq, struct walk *walk, struct dn_bpf_thread *thread,
                               struct task_struct *task, struct signal_struct *signal) {
        walk->process.pid = thread->tgid;
        walk->process.fresh = !thread->sampled;
        walk->process.parent =
                sampling.level == 0
                        ? walk->parent
                        : number_in(BPF_CORE_READ(task, real_parent, group_leader, thread_pid), sampling.level);
        describe(&walk->process, task);
        /* Where a thread of it ends just now, nothing is said, and it is read from /proc in this pass. */
        if (!add_up_process(walk, task, signal) || bpf_seq_write(seq, &walk->process, sizeof(walk->process)) < 0)
                return 0;
        thread->sampled = 1;
        note_last(walk, thread->tgid, task, signal);
        note_place(thread->tgid, ++sampling.records);
        return 0;
}

/* It has used no more than what was said of it last, to the nanosecond, and so has done nothing since. */
static __always_inline bool is_last(const struct said *said, struct task_struct *task, __u64 runtime_ns, __u32 parent) {
        return said && runtime_ns > 0 && said->runtime_ns == runtime_ns && said->pid == (__u32)task->pid &&
               said->parent == parent;
}

/* Most processes have one thread, and had no other: of those it takes no look at what their threads share. */
static __always_inline bool has_slept_alone(const struct said *said, struct task_struct *task, __u32 parent) {
        return is_last(said, task, task->se.sum_exec_runtime, parent) && said->alone;
}

static __always_inline bool may_have_slept(struct task_struct *task) {
        return !sampling.all && !task->exit_state && task->__state != 0;
}

static __always_inline int look_at_process(struct seq_file *seq, struct task_struct *task) {
        struct task_struct *parent;
        struct signal_struct *signal;
        struct dn_bpf_thread *thread;
        struct walk walk = {0};
        struct said *said;
        bool whole, may_skip;

        if (task->pid != task->tgid)
                return 0;
        /* Loaded here, on the one path that there is so far. */
        parent = task->real_parent;
        signal = task->signal;
        barrier_var(seq);
        barrier_var(parent);
        barrier_var(signal);
        said = last_of(task);
        may_skip = may_have_slept(task);
        walk.parent = parent ? parent->tgid : 0;
        if (may_skip && has_slept_alone(said, task, walk.parent)) {
                note_place(said->tgid, 0);
                return 0;
        }
        thread = thread_of(task);
        if (!thread || !signal || thread->tgid == 0)
                return 0;
        if (!sampling.ready)
                find_time_namespace();
        whole = look_at(&walk, task, signal);
        if (whole && may_skip && !walk.runs && is_last(said, task, walk.runtime_ns, walk.parent)) {
                note_place(thread->tgid, 0);
                return 0;
        }
        return say(seq, &walk, thread, task, signal);
}

/* The kernel goes from task to task, with a reference to each, and calls this. */
SEC("dn_iter/task")
int sample(struct bpf_iter__task *ctx) {
        struct task_struct *task = ctx->task;

        return task ? look_at_process(ctx->meta->seq, task) : 0;
}

/* ---------------------------------------------------------------------------- Where programs may walk (Linux 6.7 on)
 * Here the walk only tells who has slept, and lists the others: what a loop has in it the verifier goes through in all
 * its combinations. */

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, DN_BPF_LISTED);
        __type(key, __u32);
        __type(value, __u32); /* the kernel's pid */
} listed SEC(".maps");

static __always_inline void pass_by(struct task_struct *task) {
        struct task_struct *parent = task->real_parent;
        struct said *said = last_of(task);
        __u32 i, *pid;

        if (may_have_slept(task) && has_slept_alone(said, task, parent ? parent->tgid : 0)) {
                note_place(said->tgid, 0);
                return;
        }
        i = sampling.listed;
        pid = thread_of(task) ? bpf_map_lookup_elem(&listed, &i) : NULL;
        if (pid) {
                *pid = task->pid;
                sampling.listed++;
        }
}

static __always_inline void list_processes(void) {
        struct dn_task_iterator at;
        struct task_struct *task;

        sampling.listed = 0;
        bpf_iter_task_new(&at, NULL, BPF_TASK_ITER_ALL_PROCS);
        while ((task = bpf_iter_task_next(&at)))
                pass_by(task);
        bpf_iter_task_destroy(&at);
}

/* The kernel goes through the list; 1 has it stop. */
SEC("dn_iter/bpf_map_elem")
int sample_listed(struct bpf_iter__bpf_map_elem *ctx) {
        __u32 *i = ctx->key, *pid = ctx->value;
        struct task_struct *task;

        if (!i || !pid)
                return 0;
        if (sampling.listed_look != sampling.look) {
                list_processes();
                sampling.listed_look = sampling.look;
        }
        sampling.done = *i >= sampling.listed;
        if (sampling.done)
                return 1;
        task = bpf_task_from_pid(*pid);
        if (task) {
                look_at_process(ctx->meta->seq, task);
                bpf_task_release(task);
        }
        return 0;
}
