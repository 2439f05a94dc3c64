/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the processes of a chaos say of themselves, in a file that all of them have mapped: telling the truth is no
 * system call. A number grows when what it counts has come back; what is under way, and may never come back because the
 * process is killed, stands beside it. So the truth is between the two, whoever is killed when. */
#pragma once
#include "../truth/truth.h"

enum { ACCOUNTS = 4096, MAIN = 0, KEEPER = 1 };
enum phase { PHASE_HEAD, PHASE_CHAOS, PHASE_TAIL }; /* at the head and at the tail the main process is alone */

/* run.py reads this: native numbers in this order, of 64 bits each. */
struct account {
        uint64_t pid, start_ticks;
        uint64_t cpu_ns; /* as it said last: at least that */
        uint64_t wrote, may_write;
        uint64_t read, may_read;
        uint64_t execs, may_exec;
        uint64_t parent;  /* 1 more than the number of its account; 0: the main one's */
        uint64_t ignores; /* SIGCHLD, and so do those that it starts from then on */
};

struct ledger {
        uint64_t most, seed, tidy, ms;   /* what was asked for */
        uint64_t phase;                  /* of enum phase */
        uint64_t go;                     /* set by run.py: 1 ends the head, 2 the tail */
        uint64_t end_ns;                 /* CLOCK_MONOTONIC: nobody lives longer, but for the last two */
        uint64_t made;                   /* accounts that were given out; a fork that failed leaves one empty */
        uint64_t ignorers;               /* SIGCHLD was ignored somewhere, so the kernel hands on nothing there */
        uint64_t subreapers;             /* others than denet that orphans went to */
        uint64_t main_code, main_signal; /* 1 more than what the main process is about to end by; 0: it did not say */
        uint64_t exec_bytes;             /* calibrate: what an exec of this program reads */
        struct account accounts[ACCOUNTS];
};

/* A process of the chaos: what it needs to go on after an exec. */
struct life {
        struct ledger *ledger;
        struct account *account;
        const char *path; /* of the ledger; its folder has the names to be executed */
        uint64_t random;
        uint64_t steps; /* left */
        char **argv;
};

/* What has to be counted. */
long counted_write(struct account *a, int fd, const void *bytes, size_t size);
long counted_read(struct account *a, int fd, void *bytes, size_t size);
void note_cpu(struct account *a);
void burn_counted(struct account *a, uint64_t us);

uint64_t chance(struct life *l, uint64_t n); /* 0 to n - 1 */
void live(struct life *l) __attribute__((noreturn));
void finish(struct life *l) __attribute__((noreturn));
struct account *take_account(struct ledger *ledger, const struct account *parent); /* NULL: there are enough */
bool fork_life(struct life *l, struct life *ret_child); /* true in the child, which has an account of its own */
void act(struct life *l);                               /* one step, at random */
void execute_self(struct life *l);                      /* comes back where it failed */

/* A descriptor of the account's process, if that is still the one that has it; -1: it is gone. */
int hold(struct account *own, const struct account *who);
void send(int pidfd, int number);
bool has_ended(int pidfd);
bool read_start(struct account *own, int64_t pid, uint64_t *ret_ticks);
