/* SPDX-License-Identifier: GPL-3.0-or-later
 * denet.h: run a command, attach to a process or read a saved file. Each is a stream of records:
 *         if (denet_run(&d, NULL, argv, NULL) < 0) …
 *         while (denet_next(d, -1, &record) > 0) puts(denet_record_json(record, NULL));
 *         d = denet_free(d);
 * An int result is 0 or more, or a negative errno value; ret_… is written on success only. Text is UTF-8, ends in NUL and
 * stays with the object that gave it. One thread at a time may use an object; different objects share nothing. The library
 * prints nothing, installs no signal handler and waits for no child but the tree's; only the eBPF module, while loading, raises permitted
 * capabilities, in its own thread. */
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
typedef struct denet denet;                 /* a stream of records */
typedef struct denet_record denet_record;   /* one line of output; the stream's, until its next denet_next or denet_free */
typedef struct denet_row denet_row;         /* one thing measured: a process, the tree, a GPU, a syscall; the record's */
typedef struct denet_sink denet_sink;       /* where records are written */
typedef struct denet_summary denet_summary; /* records folded into one result */
typedef struct denet_error { int code; char text[252]; } denet_error; /* the caller's: what is wrong, and what to do */
enum denet_flags {
        DENET_EXCLUDE_CHILDREN = 1, DENET_SINCE_PROCESS_START = 2, DENET_NO_POLLING = 4, DENET_WRITE_ENV = 8, DENET_WITH_GPU = 16,
        DENET_WAIT_ALL = 32, DENET_REAP_ORPHANS = 64 /* the caller is a subreaper and starts nothing but through this stream */
};
enum denet_ebpf { DENET_EBPF_SYSCALLS = 1, DENET_EBPF_OFFCPU = 2, DENET_EBPF_NET = 4, DENET_EBPF_DISK = 8, DENET_EBPF_EXITS = 16,
                  DENET_EBPF_ONCPU = 32 };
enum denet_children { DENET_CHILDREN_ALL, DENET_CHILDREN_ACTIVE, DENET_CHILDREN_NONE };
enum denet_choice { DENET_AUTO, DENET_OFF, DENET_REQUIRE };
enum denet_sampler { DENET_SAMPLER_AUTO, DENET_SAMPLER_PROCFS, DENET_SAMPLER_BPF };
typedef struct denet_options {              /* all but struct_size may stay 0, which is the default */
        size_t struct_size;                 /* sizeof (denet_options): how old callers and new libraries agree */
        unsigned flags, ebpf;               /* of denet_flags, of denet_ebpf */
        int children, cgroup, sampler;      /* of denet_children (also which to parse of a file), denet_choice, denet_sampler */
        unsigned interval_ms, max_interval_ms; /* 0: 100, and 1000 or the base where that is longer; max below base: -EINVAL */
        uint64_t duration_ms;               /* then denet_stop; 0: no limit */
        const char *cwd;                    /* the command's working directory; here and below NULL or 0: the caller's */
        char *const *env;                   /* its whole environment */
        const int *stdio;                   /* its three descriptors, -1: none */
        uint64_t nofile;                    /* its soft descriptor limit, for a caller that has raised its own */
        const char *stacks;                 /* file for folded stacks; NULL: none */
        const char *output;                 /* where records will go, for the env record alone */
        void (*debug)(void *user, const char *line); /* what the library does, line by line */
        void *user;
} denet_options;
/* Five ways to open a stream. o and error may be NULL. denet_free closes it and returns NULL; a command that runs goes on. */
DENET_API int denet_run(denet **ret_d, const denet_options *o, char *const argv[], denet_error *error);  /* -ENOENT, -EACCES */
DENET_API int denet_attach(denet **ret_d, const denet_options *o, int64_t pid, denet_error *error);      /* -ESRCH, -EPERM */
DENET_API int denet_read(denet **ret_d, const denet_options *o, const char *path, denet_error *error);   /* "-": standard input */
DENET_API int denet_parse(denet **ret_d, const denet_options *o, const char *lines, size_t size, denet_error *error); /* borrowed */
DENET_API int denet_probe(denet **ret_d, const denet_options *o, denet_error *error);    /* this machine's env and capabilities */
DENET_API denet *denet_free(denet *d);

/* Does what is due, waiting at most timeout_ms for it (-1: as long as it takes). 1: *ret_record is the next record. 0: the
 * end. -EAGAIN: nothing yet. -EINTR: a signal. -EBADMSG: a broken line of a file, left out; call again. */
DENET_API int denet_next(denet *d, int timeout_ms, const denet_record **ret_record);
DENET_API intptr_t denet_fd(const denet *d);        /* readable when denet_next has something to do, for one's own poll */
DENET_API int denet_sample(denet *d);               /* a sample is due now */
DENET_API int denet_signal(denet *d, int number);   /* to the command */
DENET_API int denet_stop(denet *d);                 /* run: TERM, KILL to the tree 5 s later, and a second call
        does not wait; attach: let go. Go on to the end */
DENET_API int64_t denet_pid(const denet *d);        /* the main process's; -ESRCH for a file */
DENET_API int denet_status(const denet *d, int *ret_code, int *ret_signal); /* what did not end it is -1; -EAGAIN: it runs */
DENET_API uint64_t denet_line(const denet *d);      /* of a file, read last, from 1 */
DENET_API int denet_progress(const denet *d, uint64_t *ret_done, uint64_t *ret_total); /* bytes of a file; -ENODATA: a pipe */

/* Records and their rows. The text is made at the first call and kept; NULL: no memory. No call, no formatting. */
enum denet_kind { DENET_ENV = 1, DENET_METADATA, DENET_CHILD, DENET_SAMPLE, DENET_TREE, DENET_AGGREGATED, DENET_EXIT };
enum denet_part { DENET_MAIN, DENET_CHILDREN, DENET_WHOLE, DENET_PSI, DENET_PERF, DENET_ENERGY, DENET_CGROUP, DENET_GPU,
                  DENET_OFFCPU, DENET_THREADS, DENET_SYSCALLS, DENET_NETWORK, DENET_DISK, DENET_STACKS };
DENET_API int denet_record_kind(const denet_record *r);
DENET_API int64_t denet_record_ts_ms(const denet_record *r);
DENET_API const char *denet_record_json(const denet_record *r, size_t *ret_size);       /* one line, without its newline */
DENET_API const denet_row *denet_record_row(const denet_record *r, int part, size_t i); /* NULL past the last */
DENET_API int64_t denet_row_pid(const denet_row *row);                                  /* or thread, device, number */
DENET_API const char *denet_row_name(const denet_row *row);
DENET_API int denet_row_number(const denet_row *row, int field, double *ret_number);    /* -ENODATA: not known */
DENET_API int denet_row_steps(const denet_row *row, int field, int64_t *ret_steps);     /* exact: of 10^-decimals of the unit */

/* Fields. A name holds for ever, an id for this process: look it up once. */
typedef struct denet_field { const char *name, *block, *unit, *origin, *meaning; int decimals, counter; } denet_field;
DENET_API int denet_field_id(const char *name);      /* "mem_rss_kb", "gpu.temperature"; -ENOENT */
DENET_API const denet_field *denet_field_at(int id); /* 0, 1, 2 …; NULL past the last */

/* Sinks. format is jsonl, json or csv; NULL: by the path's ending, .zst or .gz besides. A refused record is left out whole. */
DENET_API int denet_sink_open(denet_sink **ret_s, const char *path, const char *format, denet_error *error);
DENET_API int denet_sink_open_fd(denet_sink **ret_s, int fd, const char *format); /* fd stays the caller's */
DENET_API int denet_sink_write(denet_sink *s, const denet_record *r);             /* -ENOSPC, -EPIPE …: counted as lost */
DENET_API uint64_t denet_sink_lost(const denet_sink *s);
DENET_API int denet_sink_close(denet_sink *s);       /* closes in any case; an error is of what was written last */

/* The summary: the same from a live stream and from its file. */
DENET_API denet_summary *denet_summary_new(void);    /* NULL: no memory */
DENET_API int denet_summary_add(denet_summary *s, const denet_record *r);
DENET_API int denet_summary_number(const denet_summary *s, const char *name, double *ret_number); /* "avg_cpu_usage"; -ENODATA */
DENET_API const char *denet_summary_json(denet_summary *s, size_t *ret_size);
DENET_API denet_summary *denet_summary_free(denet_summary *s);
DENET_API const char *denet_version(void);
#ifdef __cplusplus
}
#endif
#endif
