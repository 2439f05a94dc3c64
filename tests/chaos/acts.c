/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a process of the chaos may do next. */
#include "ledger.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

extern char **environ;

/* Names that have hurt parsers and terminals: 15 bytes and the end. The ones of hostile files are made by run.py. */
static const char *const names[] = {
        ") R 1 1 1 0",
        "a) Z 0 (b",
        "((((((((((((((",
        "))))))))))))))",
        "new\nline\tx",
        "\033[2J\033[H",
        "\033]0;owned\a",
        "\"},{\"kind\":\"x",
        "\\u0000\\\"\\",
        "\xff\xfe\x80",
        "\xe2\x82",
        "\xed\xa0\x80",
        " ",
        "",
        "denet",
        "kworker/0:0",
        "Name:\t1\nPPid",
        "\x01\x02\x7f",
        "\xc2\x9b"
        "31m",
        "-rf",
        "%s%n%s%n%s%n",
        "$(reboot)",
        "\xf0\x9f\x92\xa3",
        ",\r\n\"\"",
};
static const char *const programs[] = {"/proc/self/exe", "odd name)", "new\nline", "\033[31mred",
                                       "\xff\xfe",       "gone",      "-o"};

static void burn(struct life *l) {
        burn_counted(l->account, 200 + chance(l, 6000));
}

static void rest(struct life *l) {
        sleep_ms(1 + chance(l, 25));
}

/* ------------------------------------------------------------------------------------------------ others are started
 */

static void start(struct life *l) {
        struct life child;

        if (fork_life(l, &child))
                live(&child);
}

static void start_and_wait(struct life *l) {
        struct life child;

        if (fork_life(l, &child)) {
                child.steps = chance(&child, 4);
                live(&child);
        }
        waitpid(-1, NULL, chance(l, 2) ? 0 : WNOHANG);
}

static void start_many(struct life *l) {
        for (uint64_t n = 2 + chance(l, 12); n > 0; n--) {
                struct life child;

                if (fork_life(l, &child)) {
                        child.steps = chance(&child, 3);
                        live(&child);
                }
        }
}

static void daemonize(struct life *l) {
        struct life child, grandchild;

        if (!fork_life(l, &child)) {
                waitpid(-1, NULL, WNOHANG);
                return;
        }
        setsid();
        if (fork_life(&child, &grandchild))
                live(&grandchild);
        note_cpu(child.account);
        _exit(0);
}

/* Nobody waits for it, or not before long. */
static void leave_zombie(struct life *l) {
        struct life child;

        if (fork_life(l, &child)) {
                burn(&child);
                note_cpu(child.account);
                _exit(1);
        }
}

/* ---------------------------------------------------------------------------------------------------------- exec */

void execute_self(struct life *l) {
        const char *program = programs[chance(l, sizeof(programs) / sizeof(*programs))];
        char life[96], path[4096], big[8192];
        char *argv[64] = {"", NULL};
        int n = 0;

        snprintf(life, sizeof(life), "%llu:%llu:%llu", (unsigned long long)(l->account - l->ledger->accounts),
                 (unsigned long long)chance(l, UINT64_MAX) | 1, (unsigned long long)l->steps);
        setenv("CHAOS_LIFE", life, 1);
        setenv("CHAOS_LEDGER", l->path, 1);
        snprintf(path, sizeof(path), "%s.names/%s", l->path, program);
        memset(big, 'x', sizeof(big) - 1);
        big[sizeof(big) - 1] = '\0';
        for (uint64_t words = chance(l, 20); words > 0; words--)
                argv[n++] = (char *)(chance(l, 4) ? names[chance(l, sizeof(names) / sizeof(*names))] : big);
        if (chance(l, 8) == 0 && *program != '/')
                unlink(path); /* "(deleted)", for whoever runs it */
        note_cpu(l->account);
        l->account->may_exec = 1;
        execv(*program == '/' ? program : path, argv);
        l->account->may_exec = 0;
}

static void vfork_exec(struct life *l) {
        struct life child = *l;

        child.account = take_account(l->ledger, l->account);
        if (!child.account)
                return;
        child.random = chance(l, UINT64_MAX) | 1;
        child.steps = chance(l, 10);
        if (vfork() == 0) {
                execute_self(&child);
                _exit(1);
        }
}

/* -------------------------------------------------------------------------------------------------------- threads */

struct work {
        struct life *life;
        uint64_t us;
        bool executes;
};

static void *work(void *argument) {
        struct work *w = argument;

        burn_counted(w->life->account, w->us);
        if (w->executes)
                execute_self(w->life);
        return NULL;
}

static void start_threads(struct life *l, bool executes) {
        struct work w = {l, 500 + chance(l, 4000), false}, last = {l, w.us, executes};
        pthread_t threads[8];
        uint64_t n = 1 + chance(l, 7), made = 0;

        for (; made < n; made++)
                if (pthread_create(&threads[made], NULL, work, made + 1 == n ? &last : &w) != 0)
                        break;
        while (made > 0)
                pthread_join(threads[--made], NULL);
}

static void use_threads(struct life *l) {
        start_threads(l, false);
}

static void execute_from_thread(struct life *l) {
        start_threads(l, true);
}

static void *go_on(void *life) {
        live(life);
}

/* The first thread ends alone, and the process lives in another: /proc/PID/stat calls it a zombie. */
static void leader_ends(struct life *l) {
        static struct life heir;
        pthread_t thread;

        heir = *l;
        if (pthread_create(&thread, NULL, go_on, &heir) != 0)
                return;
        syscall(SYS_exit, 0);
}

/* ------------------------------------------------------------------------------------------------ what it looks like
 */

static void take_name(struct life *l) {
        char name[16];

        if (chance(l, 3)) {
                prctl(PR_SET_NAME, names[chance(l, sizeof(names) / sizeof(*names))]);
                return;
        }
        for (size_t i = 0; i < sizeof(name) - 1; i++)
                name[i] = (char)(1 + chance(l, 255));
        name[15] = '\0';
        prctl(PR_SET_NAME, name);
}

/* As programs do that show in `ps` what they are at: over the arguments that they were given. */
static void overwrite_arguments(struct life *l) {
        for (char **word = l->argv; *word; word++)
                for (char *at = *word; *at; at++)
                        *at = (char)(1 + chance(l, 255));
}

/* ---------------------------------------------------------------------------------------------------- input, output */

static char bytes[1 << 16];

static void write_some(struct life *l) {
        int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

        for (uint64_t n = chance(l, 20); fd >= 0 && n > 0; n--)
                counted_write(l->account, fd, bytes, 1 + chance(l, sizeof(bytes)));
        if (fd >= 0)
                close(fd);
}

static void read_some(struct life *l) {
        int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

        for (uint64_t n = chance(l, 20); fd >= 0 && n > 0; n--)
                counted_read(l->account, fd, bytes, 1 + chance(l, sizeof(bytes)));
        if (fd >= 0)
                close(fd);
}

/* Full, and blocked until it is killed or the reader takes a part. */
static void fill_pipe(struct life *l) {
        struct life child;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC | (chance(l, 2) ? O_NONBLOCK : 0)) < 0)
                return;
        if (fork_life(l, &child)) {
                close(ends[0]);
                while (counted_write(child.account, ends[1], bytes, sizeof(bytes)) > 0)
                        ;
                live(&child);
        }
        close(ends[1]);
        rest(l);
        for (uint64_t n = chance(l, 5); n > 0; n--)
                counted_read(l->account, ends[0], bytes, sizeof(bytes) / 2);
        close(ends[0]);
}

static void exhaust_descriptors(struct life *l) {
        struct rlimit limit, less;
        int first = -1, fd;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        less = limit;
        less.rlim_cur = 20 + chance(l, 300);
        if (less.rlim_cur > limit.rlim_cur || setrlimit(RLIMIT_NOFILE, &less) < 0)
                return;
        while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
                first = first < 0 ? fd : first;
        rest(l);
        if (first >= 0)
                syscall(SYS_close_range, first, ~0U, 0);
        setrlimit(RLIMIT_NOFILE, &limit);
}

static void touch_memory(struct life *l) {
        size_t size = (1 + chance(l, 4096)) * 4096;
        char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        for (size_t i = 0; at != MAP_FAILED && i < size; i += 4096)
                at[i] = 1;
        if (at != MAP_FAILED && chance(l, 3))
                munmap(at, size);
}

/* -------------------------------------------------------------------------------------------------------- signals */

static void ignore_signals(struct life *l) {
        static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGTSTP};
        sigset_t all;

        signal(numbers[chance(l, 6)], SIG_IGN);
        sigfillset(&all);
        sigdelset(&all, SIGALRM);
        if (chance(l, 4) == 0)
                sigprocmask(SIG_BLOCK, &all, NULL);
        if (chance(l, 12) == 0) {
                l->ledger->ignorers++;
                l->account->ignores = 1;
                signal(SIGCHLD, SIG_IGN);
        }
}

static void stop_self(struct life *l) {
        (void)l;
        raise(SIGSTOP);
}

/* A child, a parent, a cousin: whoever it is. Not the keeper, and not the main one where that waits for all. */
static void hurt(struct life *l, int number) {
        uint64_t made = __atomic_load_n(&l->ledger->made, __ATOMIC_SEQ_CST);
        uint64_t i = chance(l, made < ACCOUNTS ? made : ACCOUNTS);
        int fd;

        if (i == KEEPER || (i == MAIN && l->ledger->tidy && number != SIGSTOP))
                return;
        fd = hold(l->account, &l->ledger->accounts[i]);
        if (fd < 0)
                return;
        send(fd, number);
        close(fd);
}

static void kill_relative(struct life *l) {
        static const int numbers[] = {SIGKILL, SIGTERM, SIGKILL, SIGUSR1, SIGHUP};

        hurt(l, numbers[chance(l, 5)]);
}

static void stop_relative(struct life *l) {
        hurt(l, SIGSTOP);
        rest(l);
}

/* ------------------------------------------------------------------------------------------------------------ rights
 */

static void change_itself(struct life *l) {
        switch (chance(l, 6)) {
        case 0: setsid(); break;
        case 1: setpgid(0, 0); break;
        case 2: setpriority(PRIO_PROCESS, 0, (int)chance(l, 15)); break;
        case 3:
                l->ledger->subreapers++;
                prctl(PR_SET_CHILD_SUBREAPER, 1);
                break;
        case 4:
                if (geteuid() == 0)
                        prctl(PR_SET_DUMPABLE, 0); /* its files in /proc are root's then */
                break;
        default:
                if (chdir("/") < 0)
                        return;
        }
}

void act(struct life *l) {
        static void (*const acts[])(struct life *) = {
                burn,           burn,
                rest,           rest,
                start,          start,
                start_and_wait, start_many,
                daemonize,      leave_zombie,
                execute_self,   vfork_exec,
                use_threads,    execute_from_thread,
                leader_ends,    take_name,
                take_name,      overwrite_arguments,
                write_some,     read_some,
                fill_pipe,      exhaust_descriptors,
                touch_memory,   ignore_signals,
                stop_self,      kill_relative,
                stop_relative,  change_itself,
        };

        acts[chance(l, sizeof(acts) / sizeof(*acts))](l);
}
