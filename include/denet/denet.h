/* SPDX-License-Identifier: GPL-3.0-or-later
 * denet.h: run a command, attach to a process or read a saved file. Each is a stream of records:
 *
 *         if (denet_run(&d, NULL, argv, &error) < 0) …
 *         while (denet_next(d, -1, &record) > 0)
 *                 puts(denet_record_json(record, NULL));
 *         d = denet_free(d);
 *
 * An int result is 0 or more, or a negative errno value; ret_… is written on success only. Text is UTF-8, ends in NUL
 * and stays with the object that gave it. One thread at a time may use an object; different objects share nothing. The
 * library prints nothing, installs no signal handler and waits for no child but the tree's, and one that it may fork by
 * itself where the sampler by BPF is loaded: by clone(2) without a signal at its end, so that no wait for any child
 * finds it, but one with __WALL or __WCLONE; no handlers of pthread_atfork(3) run. Only what loads BPF programs raises
 * permitted capabilities, for as long, of the one thread that does it. */
#ifndef DENET_H
#define DENET_H
#include <stddef.h>
#include <stdint.h>
#ifndef DENET_API
#define DENET_API /* the build sets it: exported, or imported on Windows */
#endif
#ifdef __cplusplus
extern "C" {
#endif

typedef struct denet denet;               /* a stream of records */
typedef struct denet_record denet_record; /* a line of output; the stream's, until its next denet_next or denet_free */
typedef struct denet_row denet_row;       /* a thing measured: a process, the tree, a GPU, a syscall; the record's */
typedef struct denet_sink denet_sink;     /* where records are written */
typedef struct denet_summary denet_summary; /* records folded into one result */

/* The caller's: what is wrong, and what to do. Filled in when a call that takes one fails. */
typedef struct denet_error {
        int code; /* the negative errno value that the call gave */
        char text[252];
} denet_error;

/* ---------------------------------------------------------------------------------------------------- options */

enum denet_flags {
        DENET_EXCLUDE_CHILDREN = 1,    /* the main process alone: records are samples, not trees */
        DENET_SINCE_PROCESS_START = 2, /* I/O counts from the process's start, not from when monitoring began */
        DENET_NO_POLLING = 4,          /* no periodic samples: totals at the end */
        DENET_WRITE_ENV = 8,           /* the env record first */
        DENET_WITH_GPU = 16,           /* GPUs too */
        DENET_WAIT_ALL = 32,           /* stay until the last descendant has ended */
        DENET_REAP_ORPHANS = 64,       /* the caller is a subreaper and starts nothing but through this stream */
        DENET_WITH_COUNTERS = 128      /* hardware counters too */
};

/* Parts of eBPF's work. */
enum denet_ebpf {
        DENET_EBPF_SYSCALLS = 1,
        DENET_EBPF_OFFCPU = 2,
        DENET_EBPF_NET = 4,
        DENET_EBPF_DISK = 8,
        DENET_EBPF_EXITS = 16,
        DENET_EBPF_ONCPU = 32
};

/* Which children a tree record lists: all; those that changed since the last one; none. */
enum denet_children { DENET_CHILDREN_ALL, DENET_CHILDREN_ACTIVE, DENET_CHILDREN_NONE };
enum denet_choice { DENET_AUTO, DENET_OFF, DENET_REQUIRE };
enum denet_sampler { DENET_SAMPLER_AUTO, DENET_SAMPLER_PROCFS, DENET_SAMPLER_BPF };

/* All but struct_size may stay 0, which is the default. Texts and arrays are borrowed during the call that takes them;
 * debug and user as long as the stream lives. */
typedef struct denet_options {
        size_t struct_size; /* sizeof(denet_options): how old callers and new libraries agree */
        unsigned flags;     /* of denet_flags */
        unsigned ebpf;      /* of denet_ebpf */
        int children;       /* of denet_children; of a file: NONE reads the aggregates alone */
        int cgroup;         /* of denet_choice: a cgroup of the job's own */
        int sampler;        /* of denet_sampler */

        /* Milliseconds between two samples: the base for the first second, then more, up to the longest at ten seconds.
         * 0: 100, and 1000 or the base where that is longer. The longest below the base: -EINVAL. */
        unsigned interval_ms;
        unsigned max_interval_ms;
        uint64_t duration_ms; /* then denet_stop; 0: no limit */

        /* Of the command alone; NULL or 0: as the caller's own. */
        const char *cwd;  /* its working directory */
        char *const *env; /* its whole environment; PATH in it is where the command is looked for */
        const int *stdio; /* its three descriptors, -1: /dev/null */
        uint64_t nofile;  /* its soft descriptor limit, for a caller that has raised its own */
        uint64_t ignored; /* signals that it is to ignore, for a caller that was to and catches them: bit N-1 is N */

        const char *stacks;                          /* file for folded stacks; NULL: none */
        const char *output;                          /* where records will go, for the env record alone */
        void (*debug)(void *user, const char *line); /* what the library does, line by line */
        void *user;

        /* Of the command alone: signals that are at their default for it, though the caller ignores them. */
        uint64_t defaulted; /* bit N-1 is N */
} denet_options;

/* ---------------------------------------------------------------------------------------------------- streams
 * Six ways to open one. o and error may be NULL; *ret_d is the caller's, to be given to denet_free. */

/* Starts argv[0] (looked for in PATH) held, begins to watch it, lets it go. -ENOENT: not found; -EACCES, -ENOEXEC …:
 * not executable; others: denet itself could not begin. Then nothing runs. */
DENET_API int denet_run(denet **ret_d, const denet_options *o, char *const argv[], denet_error *error);

/* A child that the caller has started itself, up to where it waits: until a byte comes at its end of `release` (a
 * socket pair), when it execs the command, or that is closed, when it ends. What keeps it from executing it, it writes
 * as an errno value, an int, to its end of `report` (a pipe), which an exec closes. Here are the caller's ends. */
typedef struct denet_held {
        int64_t pid;
        int release;
        int report;
} denet_held;

/* As denet_run, of such a child; of the options, those for the command alone are then the caller's. argv is what it
 * execs, for the metadata. The child, to be waited for by nobody else, and both descriptors are the stream's in any
 * case: on failure the child was ended and waited for. A cgroup of its own is made only with DENET_REQUIRE. */
DENET_API int denet_adopt(denet **ret_d, const denet_options *o, const denet_held *held, char *const argv[],
                          denet_error *error);

/* Watches a process that runs, and its descendants, from now on; the caller itself too. -ESRCH: there is none, or it
 * may not be seen; -EINVAL: a thread of the kernel. What may not be read is absent from the records. */
DENET_API int denet_attach(denet **ret_d, const denet_options *o, int64_t pid, denet_error *error);

/* Reads saved records: JSON lines, an array of them, or denet's CSV, each perhaps compressed by zstd or gzip; what it
 * is, the file itself says. "-" is standard input. -ENOENT, -EACCES, -EISDIR …; -ELIBACC: compressed, and the codec is
 * not installed. */
DENET_API int denet_read(denet **ret_d, const denet_options *o, const char *path, denet_error *error);

/* The same from memory, which is borrowed as long as the stream lives. */
DENET_API int denet_parse(denet **ret_d, const denet_options *o, const char *lines, size_t size, denet_error *error);

/* This machine, without watching anything: an env record, and a metadata record of no process. Each of its capabilities
 * says `available`; with `partial` for some processes alone, and else why not, as `reason` and `hint`. What this
 * version does not read has under `machine` what it could. */
DENET_API int denet_probe(denet **ret_d, const denet_options *o, denet_error *error);

/* Closes it and returns NULL; d may be NULL. A command that runs goes on, and is then the caller's to wait for. */
DENET_API denet *denet_free(denet *d);

/* Does what is due, waiting at most timeout_ms for it (-1: as long as it takes); to wait for orphans that end without
 * an end takes a second at most each time. 1: *ret_record is the next record. 0: the end. -EAGAIN: nothing yet. -EINTR:
 * a signal. -EBADMSG: a broken line of a file, left out; call again. -EUCLEAN: a compressed file is damaged; -EFBIG: a
 * line does not end; nothing comes after these. */
DENET_API int denet_next(denet *d, int timeout_ms, const denet_record **ret_record);

/* Readable when denet_next has something to do, for one's own poll. -ENOTSUP for a file. */
DENET_API intptr_t denet_fd(const denet *d);

/* A sample is due now. 0; -ESRCH when the stream is at its end. */
DENET_API int denet_sample(denet *d);

/* Sends a signal to the command. 0; -ESRCH when it has ended; -EPERM. */
DENET_API int denet_signal(denet *d, int number);

/* run: TERM to the command, KILL to the whole tree five seconds later; a second call does not wait for that, and lets
 * who is left live. attach: lets go. The stream then goes on to its end. 0; -ESRCH when it is there. */
DENET_API int denet_stop(denet *d);

/* KILL to every process of the tree, now and to who is born meanwhile, also to one attached to. The stream goes on
 * until they have ended, or to denet_stop. 0; -ESRCH when it is at its end. */
DENET_API int denet_kill(denet *d);

/* The main process's pid; -ESRCH for a file. */
DENET_API int64_t denet_pid(const denet *d);

/* How the command ended, as wait(2) has it: what did not end it is -1, both where nobody could know. -EAGAIN: it runs.
 * -ESRCH for a file. */
DENET_API int denet_status(const denet *d, int *ret_code, int *ret_signal);

/* Of a file: the number of the line read last, from 1; 0 for others. */
DENET_API uint64_t denet_line(const denet *d);

/* Of a file: bytes read, and its size. -ENODATA: a pipe, or no file. */
DENET_API int denet_progress(const denet *d, uint64_t *ret_done, uint64_t *ret_total);

/* ---------------------------------------------------------------------------------------------------- records */

enum denet_kind {
        DENET_ENV = 1,
        DENET_METADATA,
        DENET_CHILD,
        DENET_SAMPLE,
        DENET_TREE,
        DENET_AGGREGATED, /* of older files: a tree's aggregate alone */
        DENET_EXIT
};

/* Which rows of a record. What this version does not measure has none. */
enum denet_part {
        DENET_MAIN,     /* the main process; none once it has ended */
        DENET_CHILDREN, /* its descendants, a parent before its child */
        DENET_WHOLE,    /* the tree, the dead included; of an exit record its totals */
        DENET_PSI,      /* pressure on memory */
        DENET_PERF,
        DENET_ENERGY,
        DENET_CGROUP,
        DENET_GPU,      /* a row a device */
        DENET_OFFCPU,   /* time off the processors, of all threads together */
        DENET_THREADS,  /* … a row a thread */
        DENET_SYSCALLS, /* a row a system call */
        DENET_NETWORK,
        DENET_DISK,
        DENET_STACKS, /* a row a stack */
        DENET_PSI_IO,
        DENET_PSI_CPU,
        DENET_GPU_ALL, /* the devices together */
        DENET_GPU_ENERGY,
        DENET_OFFCPU_REASONS, /* … of all threads, by what they waited for */
        DENET_SYSCALLS_ALL,   /* the system calls together … */
        DENET_SYSCALL_CATEGORIES,
        DENET_SYSCALL_ERRORS,   /* … and those that failed, a row a call and error */
        DENET_NETWORK_PROCESSES /* a row a process */
};

DENET_API int denet_record_kind(const denet_record *r);      /* of denet_kind */
DENET_API int64_t denet_record_ts_ms(const denet_record *r); /* Unix milliseconds; 0: the line has none */
/* Of a tree or sample: microseconds since monitoring began, by the monotonic clock; -1: the record does not say. */
DENET_API int64_t denet_record_elapsed_us(const denet_record *r);

/* One line, without its newline. It is made at the first call and kept: no call, no formatting. NULL: no memory. */
DENET_API const char *denet_record_json(const denet_record *r, size_t *ret_size);

/* Row i of a part; NULL past the last. */
DENET_API const denet_row *denet_record_row(const denet_record *r, int part, size_t i);
DENET_API int64_t denet_row_pid(const denet_row *row);      /* or thread, device, number; 0: the record does not say */
DENET_API const char *denet_row_name(const denet_row *row); /* of a process its comm (proc_pid_comm(5)), as UTF-8 */

/* A value, in the unit of its field. -ENODATA: not known, or no such field. */
DENET_API int denet_row_number(const denet_row *row, int field, double *ret_number);
/* The same, exact: in steps of 10^-decimals of the unit. */
DENET_API int denet_row_steps(const denet_row *row, int field, int64_t *ret_steps);
/* Of a field whose unit is "text". NULL: not known, or no such field. One of "words" is a number, a bit a word. */
DENET_API const char *denet_row_text(const denet_row *row, int field);

/* ----------------------------------------------------------------------------------------------------- fields */

/* A name holds for ever, an id for this process: look it up once. */
typedef struct denet_field {
        const char *name;    /* "mem_rss_kb" */
        const char *block;   /* the object that it stands in: "gpu", "gpu.devices"; "" for a metric itself */
        const char *unit;    /* "KiB", "seconds", "percent" … */
        const char *origin;  /* the kernel interface that it comes from */
        const char *meaning; /* a sentence */
        int decimals;        /* how finely it is printed, and kept */
        int counter;         /* 1: it grows from the start of monitoring on */
        int part;            /* of denet_part: whose rows have it; a metric itself DENET_WHOLE's, and a process's too */
        int many;            /* 1: of that part there may be many rows; 0: one */
} denet_field;

DENET_API int denet_field_id(const char *name);      /* "mem_rss_kb", "gpu.devices.temperature"; -ENOENT */
DENET_API const denet_field *denet_field_at(int id); /* 0, 1, 2 …; NULL past the last */

/* ------------------------------------------------------------------------------------------------------ sinks */

/* format is "jsonl", "json" or "csv"; NULL: by the path's ending. A last .zst or .gz compresses in any case (-ELIBACC:
 * the codec is not installed). What the file held stands until the first record is written; a file that was made for
 * nothing is removed. 0, -EINVAL (no such format), or why it cannot be written. */
DENET_API int denet_sink_open(denet_sink **ret_s, const char *path, const char *format, denet_error *error);
/* To a descriptor, which stays the caller's. */
DENET_API int denet_sink_open_fd(denet_sink **ret_s, int fd, const char *format);

/* Writes it whole, or leaves it out whole and counts it as lost: -ENOSPC, -EPIPE … The next one is tried again. */
DENET_API int denet_sink_write(denet_sink *s, const denet_record *r);
DENET_API uint64_t denet_sink_lost(const denet_sink *s);
/* Closes in any case, s may be NULL; an error is of what was written last. */
DENET_API int denet_sink_close(denet_sink *s);

/* ---------------------------------------------------------------------------------------------------- summary */

/* The same from a live stream and from its file. */
DENET_API denet_summary *denet_summary_new(void); /* NULL: no memory */
DENET_API int denet_summary_add(denet_summary *s, const denet_record *r);
/* "avg_cpu_usage", in the unit that its name says. -ENODATA: not known, or no such number. */
DENET_API int denet_summary_number(const denet_summary *s, const char *name, double *ret_number);
/* One line; the summary's, until the next record is added. NULL: no memory. */
DENET_API const char *denet_summary_json(denet_summary *s, size_t *ret_size);
DENET_API denet_summary *denet_summary_free(denet_summary *s); /* returns NULL; s may be NULL */

DENET_API const char *denet_version(void);

#ifdef __cplusplus
}
#endif
#endif
