/* SPDX-License-Identifier: GPL-3.0-or-later
 * chaos LEDGER SEED PROCESSES MILLISECONDS tidy|untidy: a tree of processes that does at random what processes do, the
 * same for the same seed but for what the scheduler adds. It keeps its own accounts in LEDGER (ledger.h) and ends by
 * itself: a keeper, whom nobody kills, lets go on who was stopped, and at the end of the time ends everybody.
 *
 *     tidy    the main process waits for the end of all the others, and ends last
 *     untidy  it ends, or is killed, at any time
 *
 * chaos LEDGER calibrate: what an exec of this program reads, which the kernel counts too. */
#include "ledger.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

extern char **environ;

/* ------------------------------------------------------------------------------------------------------- accounts */

static void add(uint64_t *number, uint64_t n) {
        __atomic_add_fetch(number, n, __ATOMIC_SEQ_CST);
}

static uint64_t look(const uint64_t *number) {
        return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

long counted_write(struct account *a, int fd, const void *bytes, size_t size) {
        ssize_t n;

        add(&a->may_write, size);
        n = write(fd, bytes, size);
        add(&a->wrote, n > 0 ? (uint64_t)n : 0);
        add(&a->may_write, -size);
        return n;
}

long counted_read(struct account *a, int fd, void *bytes, size_t size) {
        ssize_t n;

        add(&a->may_read, size);
        n = read(fd, bytes, size);
        add(&a->read, n > 0 ? (uint64_t)n : 0);
        add(&a->may_read, -size);
        return n;
}

void note_cpu(struct account *a) {
        __atomic_store_n(&a->cpu_ns, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID), __ATOMIC_SEQ_CST);
}

void burn_counted(struct account *a, uint64_t us) {
        for (uint64_t i = 0; i < us; i += 200) {
                burn_us(200);
                note_cpu(a);
        }
}

static struct ledger *map_ledger(const char *path, bool make) {
        int fd = open(path, O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0666);
        struct ledger *ledger;

        if (fd < 0 || (make && ftruncate(fd, sizeof(*ledger)) < 0))
                die(path);
        ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (ledger == MAP_FAILED)
                die("mmap");
        close(fd);
        return ledger;
}

/* ------------------------------------------------------------------------------------------------------ who is who */

bool read_start(struct account *own, int64_t pid, uint64_t *ret_ticks) {
        char path[64], line[1024], *at;
        long n;
        int fd;

        snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        n = counted_read(own, fd, line, sizeof(line) - 1);
        close(fd);
        if (n <= 0)
                return false;
        line[n] = '\0';
        at = strrchr(line, ')');
        for (int field = 2; at && field < 22; field++)
                at = strchr(at + 1, ' ');
        *ret_ticks = at ? strtoull(at, NULL, 10) : 0;
        return at;
}

int hold(struct account *own, const struct account *who) {
        int64_t pid = (int64_t)look(&who->pid);
        int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;
        uint64_t ticks;

        /* A number that somebody else has by now must not be hurt. */
        if (fd >= 0 && (!read_start(own, pid, &ticks) || ticks != look(&who->start_ticks))) {
                close(fd);
                return -1;
        }
        return fd;
}

void send(int pidfd, int number) {
        syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

bool has_ended(int pidfd) {
        struct pollfd p = {.fd = pidfd, .events = POLLIN};

        return poll(&p, 1, 0) == 1;
}

/* --------------------------------------------------------------------------------------------------------- a life */

/* xorshift64*. Each process has a sequence of its own, so that who runs first changes nothing in it. */
uint64_t chance(struct life *l, uint64_t n) {
        l->random ^= l->random >> 12;
        l->random ^= l->random << 25;
        l->random ^= l->random >> 27;
        return n ? (l->random * UINT64_C(2685821657736338717) >> 32) % n : 0;
}

static void begin(struct life *l) {
        uint64_t ticks = 0;

        __atomic_store_n(&l->account->pid, (uint64_t)getpid(), __ATOMIC_SEQ_CST);
        if (read_start(l->account, getpid(), &ticks))
                __atomic_store_n(&l->account->start_ticks, ticks, __ATOMIC_SEQ_CST);
        alarm(30 + (unsigned)(l->ledger->ms / 1000)); /* should even the keeper be gone; nobody blocks or ignores it */
        note_cpu(l->account);
}

struct account *take_account(struct ledger *ledger, const struct account *parent) {
        uint64_t n = __atomic_fetch_add(&ledger->made, 1, __ATOMIC_SEQ_CST);

        if (n < ledger->most) {
                ledger->accounts[n].parent = parent ? (uint64_t)(parent - ledger->accounts) + 1 : 0;
                return &ledger->accounts[n];
        }
        __atomic_sub_fetch(&ledger->made, 1, __ATOMIC_SEQ_CST);
        return NULL;
}

bool fork_life(struct life *l, struct life *ret_child) {
        struct account *account = take_account(l->ledger, l->account);
        uint64_t random = chance(l, UINT64_MAX) | 1, steps = 2 + chance(l, 25);
        pid_t pid;

        if (!account)
                return false;
        pid = fork();
        if (pid != 0)
                return false;
        *ret_child = *l;
        ret_child->account = account;
        ret_child->random = random;
        ret_child->steps = steps;
        begin(ret_child);
        return true;
}

static void wait_for_all(struct life *l) {
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
                note_cpu(l->account);
}

/* Not by a signal that dumps core: whoever that is piped to would have work with it. */
static void end_self(struct life *l) {
        static const int numbers[] = {SIGKILL, SIGTERM, SIGHUP, SIGUSR2, SIGPIPE};
        int number = numbers[chance(l, 5)];
        sigset_t set;

        if (l->account == &l->ledger->accounts[MAIN])
                l->ledger->main_signal = (uint64_t)number + 1;
        signal(number, SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, number);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        note_cpu(l->account);
        kill(getpid(), number);
        sleep_ms(1000);
}

void finish(struct life *l) {
        bool main = l->account == &l->ledger->accounts[MAIN];
        int code = (int)chance(l, 200);

        note_cpu(l->account);
        if (main && l->ledger->tidy) {
                wait_for_all(l);
                note_cpu(l->account);
                __atomic_store_n(&l->ledger->phase, PHASE_TAIL, __ATOMIC_SEQ_CST);
                for (int i = 0; i < 1000 && look(&l->ledger->go) < 2; i++)
                        sleep_ms(10);
        } else if (!main && chance(l, 3) == 0)
                wait_for_all(l);
        if (chance(l, 4) == 0)
                end_self(l);
        if (main)
                l->ledger->main_code = (uint64_t)code + 1;
        note_cpu(l->account);
        _exit(code);
}

void live(struct life *l) {
        while (l->steps-- > 0 && clock_now_ns(CLOCK_MONOTONIC) < l->ledger->end_ns) {
                act(l);
                note_cpu(l->account);
        }
        /* The main one and an exec's heir end as the others do: without a word to whom they leave behind. */
        finish(l);
}

/* ------------------------------------------------------------------------------------------------------- the keeper */

/* Sends each that lives the signal; how many there are. Nobody stays stopped for long. */
static int for_each(struct life *l, uint64_t from, int number) {
        uint64_t made = look(&l->ledger->made);
        int living = 0;

        for (uint64_t i = from; i < made && i < ACCOUNTS; i++) {
                int fd = i == KEEPER ? -1 : hold(l->account, &l->ledger->accounts[i]);

                if (fd < 0)
                        continue;
                if (!has_ended(fd)) {
                        living++;
                        send(fd, number);
                }
                close(fd);
        }
        return living;
}

static void keep(struct life *l) {
        struct ledger *ledger = l->ledger;
        uint64_t first = ledger->tidy ? KEEPER + 1 : MAIN;

        while (clock_now_ns(CLOCK_MONOTONIC) < ledger->end_ns) {
                sleep_ms(40);
                for_each(l, MAIN, SIGCONT);
                note_cpu(l->account);
        }
        sleep_ms(100); /* for those who end by themselves */
        /* Twice nobody: one that was forked just now has had the time to say who it is. */
        for (int quiet = 0; quiet < 2; sleep_ms(20)) {
                quiet = for_each(l, first, SIGKILL) == 0 ? quiet + 1 : 0;
                for_each(l, MAIN, SIGCONT);
                note_cpu(l->account);
        }
        note_cpu(l->account);
        _exit(0);
}

static void start_keeper(struct life *l) {
        struct life child = *l;
        pid_t pid;

        child.account = take_account(l->ledger, l->account);
        pid = fork();
        if (pid < 0)
                die("fork");
        if (pid > 0)
                return;
        setsid();
        begin(&child);
        keep(&child);
}

/* ---------------------------------------------------------------------------------------------------- how it begins */

static void calibrate(struct ledger *ledger, const char *path, char *argv[]) {
        const char *before = getenv("CHAOS_BEFORE");
        char io[512] = "", text[32];
        int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, io, sizeof(io) - 1);
        uint64_t rchar = strtoull(io + strlen("rchar: "), NULL, 10);

        (void)path;
        if (before) {
                ledger->exec_bytes = rchar - number_of(before);
                exit(0);
        }
        snprintf(text, sizeof(text), "%llu", (unsigned long long)rchar + (uint64_t)n);
        setenv("CHAOS_BEFORE", text, 1);
        execv("/proc/self/exe", argv);
        die("execv");
}

/* Whoever was executed goes on as the one that it was. */
static void resume(char *word, char *argv[]) {
        struct life l = {.path = strdup(getenv("CHAOS_LEDGER")), .argv = argv};
        uint64_t number;

        l.ledger = map_ledger(l.path, false);
        number = strtoull(word, &word, 10);
        l.account = &l.ledger->accounts[number % ACCOUNTS];
        l.random = strtoull(word + 1, &word, 10) | 1;
        l.steps = strtoull(word + 1, &word, 10);
        add(&l.account->execs, 1);
        __atomic_store_n(&l.account->may_exec, 0, __ATOMIC_SEQ_CST);
        begin(&l);
        live(&l);
}

int main(int argc, char *argv[]) {
        struct rlimit none = {0};
        struct life l = {.argv = argv};

        signal(SIGPIPE, SIG_IGN);
        if (getenv("CHAOS_LIFE"))
                resume(getenv("CHAOS_LIFE"), argv);
        if (argc < 3)
                return 99;
        setrlimit(RLIMIT_CORE, &none);
        l.path = strdup(argv[1]); /* the arguments may be written over */
        l.ledger = map_ledger(l.path, true);
        if (strcmp(argv[2], "calibrate") == 0)
                calibrate(l.ledger, l.path, argv);
        if (argc < 6 || number_of(argv[3]) > ACCOUNTS || number_of(argv[3]) < 2)
                return 99;
        l.ledger->seed = number_of(argv[2]);
        l.ledger->most = number_of(argv[3]);
        l.ledger->ms = number_of(argv[4]);
        l.ledger->tidy = strcmp(argv[5], "tidy") == 0;
        l.random = (l.ledger->seed + 1) * UINT64_C(0x9E3779B97F4A7C15) | 1;
        l.steps = 40;
        setenv("CHAOS_LEDGER", l.path, 1);
        /* The kernel hangs up on a process group that loses its tie to the session while one of it is stopped. */
        if (l.ledger->tidy)
                signal(SIGHUP, SIG_IGN);
        l.account = take_account(l.ledger, NULL);
        begin(&l);
        for (int i = 0; i < 3000 && look(&l.ledger->go) < 1; i++)
                sleep_ms(10);
        l.ledger->end_ns = clock_now_ns(CLOCK_MONOTONIC) + l.ledger->ms * 1000000;
        __atomic_store_n(&l.ledger->phase, PHASE_CHAOS, __ATOMIC_SEQ_CST);
        start_keeper(&l);
        live(&l);
}
