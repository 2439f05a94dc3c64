/* SPDX-License-Identifier: GPL-3.0-or-later
 * sources ROUNDS: what one reading of each source takes, and a plain sample of the same process, in which nothing slow
 * is due: a line each, its name and the median in ns, a tab between. The process sleeps; the whole sample of it is its
 * reading, the sums and the record as text. */
#include "sources/linux/sources.h"
#include "base/file.h"
#include "base/guard.h"
#include "denet/denet.h"
#include "host/cgroup.h"
#include "host/clock.h"
#include "host/kill.h"
#include "sources/env.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOURCES = 32, ROUNDS_MAX = 100000, SLEEP_MS = 300 };

static const struct {
        const struct dn_source *source;
        const char *name;
} named[] = {
        {&dn_source_process_slow, "process, slow part"},
        {&dn_source_network, "network"},
        {&dn_source_cgroup, "cgroup"},
        {&dn_source_psi, "psi"},
        {&dn_source_perf, "counters"},
        {&dn_source_energy, "energy"},
        {&dn_source_gpu, "gpu, as published"},
};

static int64_t times_ns[SOURCES][ROUNDS_MAX];

static int compare(const void *a, const void *b) {
        int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

        return (first > second) - (first < second);
}

static void say(const char *name, int64_t *ns, int n) {
        qsort(ns, (size_t)n, sizeof(*ns), compare);
        printf("%s\t%lld\n", name, (long long)ns[n / 2]);
}

static void must(bool well, const char *what) {
        if (!well) {
                fprintf(stderr, "sources: %s\n", what);
                exit(1);
        }
}

/* -------------------------------------------------------------------------------------------------- a whole sample */

static void take_plain(denet *d, int64_t *ns) {
        int64_t began_ns = dn_clock_mono_ns();
        const denet_record *record;

        must(denet_sample(d) == 0, "no sample");
        while (denet_next(d, 0, &record) > 0)
                must(denet_record_json(record, NULL) != NULL, "no text");
        *ns = dn_clock_mono_ns() - began_ns;
}

static void measure_plain(int rounds) {
        char *const command[] = {(char[]){"sleep"}, (char[]){"1000"}, NULL};
        const denet_options o = {.struct_size = sizeof(o), .interval_ms = 100000, .max_interval_ms = 100000};
        denet *d;

        must(denet_run(&d, &o, command, NULL) == 0, "sleep cannot be run");
        usleep(SLEEP_MS * 1000);
        for (int i = 0; i < rounds; i++)
                take_plain(d, &times_ns[0][i]);
        denet_kill(d);
        denet_free(d);
        say("plain sample", times_ns[0], rounds);
}

/* --------------------------------------------------------------------------------------------------- each source */

struct bench {
        struct dn_target target;
        struct dn_members members;
        struct dn_cgroup cgroup;
        struct dn_snapshot snapshots[2];
        void *states[SOURCES];
        bool open[SOURCES];
};

static void open_all(struct bench *b, pid_t pid) {
        char name[24];

        must(dn_platform_open(&b->target.procfs, NULL) == 0, "no /proc");
        must(dn_platform_identify(b->target.procfs, pid, &b->target.main) == 0, "the process has gone");
        b->target.members = &b->members;
        b->target.children = b->target.gpu = b->target.attached = true;
        b->target.pidfd = dn_pidfd_open(pid);
        dn_cgroup_init(&b->cgroup);
        snprintf(name, sizeof(name), "%d", pid);
        if (dn_cgroup_find(&b->cgroup, NULL, name) == 0)
                b->target.cgroup = &b->cgroup;
        for (int i = 0; dn_sources[i]; i++) {
                dn_autotext struct dn_text why = {0};

                b->open[i] = dn_sources[i]->open(&b->states[i], &b->target, &why) == 0;
        }
}

/* As if two seconds had gone by since the last: everything is due. */
static void read_all(struct bench *b, int round) {
        struct dn_snapshot *now = &b->snapshots[round & 1], *last = round > 0 ? &b->snapshots[~round & 1] : NULL;
        const int64_t step_ns = 2000000000;
        struct dn_pass pass = {.first = round == 0, .age_ns = round * step_ns, .now = now};

        pass.mono_ns = dn_clock_mono_ns() + round * step_ns;
        must(dn_snapshot_begin(now, last, pass.mono_ns, pass.mono_ns) == 0, "no memory");
        for (int i = 0; dn_sources[i]; i++) {
                int64_t began_ns = dn_clock_mono_ns();

                if (b->open[i] && dn_sources[i]->read)
                        must(dn_sources[i]->read(b->states[i], &pass) >= 0, "no memory");
                times_ns[i][round] = dn_clock_mono_ns() - began_ns;
        }
}

static void measure_sources(struct bench *b, int rounds) {
        for (int round = 0; round < rounds; round++)
                read_all(b, round);
        for (int i = 0; dn_sources[i]; i++)
                for (size_t k = 0; k < DN_COUNT(named); k++)
                        if (dn_sources[i] == named[k].source && b->open[i])
                                say(named[k].name, times_ns[i], rounds);
        for (int i = 0; dn_sources[i]; i++)
                if (b->open[i] && dn_sources[i]->close)
                        dn_sources[i]->close(b->states[i]);
}

static void measure_env(int rounds) {
        struct dn_env_roots roots = {dn_file_directory(AT_FDCWD, "/proc"), dn_file_directory(AT_FDCWD, "/sys"),
                                     dn_file_directory(AT_FDCWD, "/")};

        for (int i = 0; i < rounds; i++) {
                dn_autotext struct dn_text text = {0};
                int64_t began_ns = dn_clock_mono_ns();

                dn_env_write(&text, &roots, 1, NULL, "/tmp/x");
                times_ns[0][i] = dn_clock_mono_ns() - began_ns;
        }
        say("env record, once", times_ns[0], rounds);
}

int main(int argc, char **argv) {
        int rounds = argc == 2 ? atoi(argv[1]) : 0;
        static struct bench bench;
        pid_t pid;

        must(rounds > 0 && rounds <= ROUNDS_MAX, "give the number of rounds");
        pid = fork();
        if (pid == 0) {
                for (;;)
                        pause();
        }
        must(pid > 0, "no process");
        measure_plain(rounds);
        open_all(&bench, pid);
        measure_sources(&bench, rounds);
        measure_env(rounds);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return 0;
}
