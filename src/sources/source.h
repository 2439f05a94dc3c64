/* SPDX-License-Identifier: GPL-3.0-or-later
 * A source: a kernel interface or a device library, read into a snapshot. Reaping is one too. */
#pragma once
#include "base/text.h"
#include "model/ledger.h"

struct dn_cgroup;
struct dn_loader;
struct dn_procfs;
struct dn_sampler;

/* What is watched, and by whom; the session's, as long as its sources are open. */
struct dn_target {
        struct dn_key main;
        struct dn_members *members;
        bool children;                  /* the main process's children belong to it */
        bool own_child;                 /* the main process is ours to wait for */
        bool subreaper;                 /* so is every other child of this process (DENET_REAP_ORPHANS) */
        bool gpu;                       /* GPUs were asked for */
        bool counters;                  /* hardware counters were */
        unsigned ebpf;                  /* parts of eBPF that were, of enum denet_ebpf */
        const char *stacks;             /* file for folded stacks; NULL: none are taken */
        bool attached;                  /* it ran before */
        bool late;                      /* it is watched already: what is opened now comes late */
        bool wants_sampler;             /* eBPF is to offer one, now or in the next pass */
        int pidfd;                      /* of the main process */
        int64_t memory_floor_kb;        /* ru_maxrss up to this is this process's own, from before the exec */
        struct dn_procfs *procfs;       /* the platform's own: shared by its sources */
        const struct dn_cgroup *cgroup; /* that the main process is in, its own or not; NULL: none to read */
        /* Written by the reaping source: */
        bool ended;          /* the main process was waited for */
        bool taken;          /* … by somebody else in this process: how it ended is not known */
        int wait_status;     /* … and this is what waitpid said */
        bool usage_known;    /* its greatest memory is known, in peak_kb */
        int64_t peak_kb;     /* largest ru_maxrss of any process waited for, descendants included */
        uint64_t never_seen; /* ended before a pass could see them */
        bool has_waited;     /* the main process had waited for children of its own: it has started some */
        /* Written by the one that looks for members: */
        int64_t numbers_given; /* processes and threads that have begun on this machine, at most; -1: not known */
        /* Written by a source that counts every member by itself (eBPF): */
        bool counted;              /* it has missed none: no total is a lower bound */
        int64_t processes_counted; /* members that there were in all; 0: not known */
        /* Offered by a sampler's source or eBPF's; NULL: /proc alone. */
        struct dn_sampler *sampler;
        int sampler_error; /* -errno: it was to be offered, and cannot be had */
        bool by_sampler;   /* the session's choice: processes are read by it */
        /* Who loads it, and is none of the tree's; the reaping source waits for it. NULL: there is nobody. */
        struct dn_loader *loader;
};

struct dn_pass {
        int64_t mono_ns;
        int64_t age_ns; /* since monitoring began */
        bool first;     /* everything is to be read, slow or not: it is what later values are counted from */
        bool final;
        struct dn_snapshot *now;
};

/* How long a source stands that need not be read in each pass: a second, and less of a young run, since of a short
 * command a second is much. */
static inline int64_t dn_pass_pace_ns(const struct dn_pass *pass) {
        enum { PART_OF_AGE = 10 };
        const int64_t most_ns = 1000000000;

        return pass->age_ns / PART_OF_AGE < most_ns ? pass->age_ns / PART_OF_AGE : most_ns;
}

struct dn_source {
        const char *name; /* as in metadata.capabilities; NULL: none of its own */
        /* 0; -errno: it is off, and `why` says why; what would change that, in a line of its own behind it. From here
         * on each may be NULL. A command that is run is held while its sources are opened: it waits as long as they
         * take, so what may take long is to be begun here and gone on with later, in a thread (host/worker.h) or in
         * the first reading. Nothing that is opened may reach the command: close-on-exec, and no signal, no stop. */
        int (*open)(void **ret_state, struct dn_target *t, struct dn_text *why);
        /* Who has ended since the last pass. Others may end faster than they are looked at: past this moment it is left
         * at that, with one at the least. 1: somebody may be left; 0; -ENOMEM. */
        int (*drain)(void *state, struct dn_ledger *l, int64_t until_ns);
        int (*read)(void *state,
                    struct dn_pass *pass); /* what is so now. 0 or -ENOMEM: what cannot be read is absent */
        int (*settled)(void *state, struct dn_pass *pass); /* all are read, and the whole is added up. 0 or -ENOMEM */
        void (*forget)(void *state, uint32_t slot);        /* the process of this slot has left */
        /* How far it works now, of enum dn_can, and `why` (empty before) not further. Asked when monitoring begins and
         * after each pass. NULL: all that it can, as long as it is open. */
        int (*can)(void *state, struct dn_text *why);
        /* What it has, by name, a blank between two. Asked when that goes into a record. */
        void (*list)(void *state, struct dn_text *names);
        void (*close)(void *state);
};

/* What a module's sources and the program must have alike. Another version of either, or a build of another day, has
 * another one. */
#define DN_SOURCE_SHAPE \
        ((uint64_t)sizeof(struct dn_target) << 48 ^ (uint64_t)sizeof(struct dn_snapshot) << 32 ^ \
         (uint64_t)sizeof(struct dn_source) << 24 ^ (uint64_t)DN_ALL_FIELDS << 8 ^ (uint64_t)DN_PARTS)

/* The platform's, in order of reading; NULL at the end. */
extern const struct dn_source *const dn_sources[];
/* The sampler by BPF, loaded by a process of its own: opened when it is wanted, instead of the module. NULL: there is
 * none on this platform. */
extern const struct dn_source *const dn_sampler_source;

enum { DN_SOURCES_MAX = 16 };

/* What the sources of this platform share. `root`: where /proc is, tests say otherwise; NULL: /proc. 0 or -errno;
 * -ENODEV: there is none, or it is of another PID namespace. */
int dn_platform_open(struct dn_procfs **ret_procfs, const char *root);
void dn_platform_close(struct dn_procfs *procfs);

/* Its key, from its pid. 0; -ESRCH, also for a number that is a thread's. */
int dn_platform_identify(struct dn_procfs *procfs, int64_t pid, struct dn_key *ret_key);

enum dn_platform_text { DN_TEXT_CMDLINE /* each argument ends in NUL */, DN_TEXT_EXE };
/* Appends it. 0 or -errno; of a process that may not be looked at -EACCES. */
int dn_platform_text(struct dn_procfs *procfs, int64_t pid, int which, struct dn_text *text);

/* To fork this process costs little, and is safe: it has no other thread, and not much memory; and it does not watch
 * itself, whose children's usage would be its own. */
bool dn_platform_may_fork(struct dn_procfs *procfs, int64_t watched);

/* Processes and threads on this machine; 0: not known. */
int64_t dn_platform_tasks(struct dn_procfs *procfs);

/* This process has the capabilities for it, or may take them up: CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN. */
bool dn_platform_may_load_bpf(struct dn_procfs *procfs);

/* It is the kernel's own and runs no program. */
bool dn_platform_is_kernel_thread(struct dn_procfs *procfs, int64_t pid);

/* The most memory that this process has had since its exec: ru_maxrss has that of the one that started it too. */
int64_t dn_platform_own_peak_kb(struct dn_procfs *procfs);
