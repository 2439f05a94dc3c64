/* SPDX-License-Identifier: GPL-3.0-or-later
 * refuse N TURN REPORT PROGRAM ARGUMENT…: runs the program and lets its Nth system call fail, with the TURNth of the
 * errors that this call may plausibly give (round and round); N 0: none. N eintr: every other call that a signal may
 * interrupt fails with EINTR. Ends as the program does.
 *
 * REPORT gets one line: the pid of the program, how many calls there were, how many errors the one that failed may
 * give, which it was, with what error, and the file of an open or of a descriptor that is its first argument.
 *
 * Counted are the calls of all processes that run the program itself, so a child up to its exec too, from the first
 * open of /dev/null on: before that they are the dynamic linker's and libc's. Each call is asked about by seccomp's
 * user notification, so it makes no difference whether it was made through libc. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The errors that each call may give where it is used here. Not listed is what cannot fail with arguments that are
 * right (getpid, rt_sigaction), brk, whose failing is that of an allocation, and close: whatever it says, the kernel
 * has closed the descriptor, and that cannot be imitated from outside. Nor does a read fail with ESRCH here: that is
 * the kernel's word for a process that has been waited for, and would be a lie of one that lives. */
static const struct call {
        long number;
        const char *name;
        bool interruptible; /* by a signal */
        int errors[8];
} calls[] = {
#define CALL(name, interruptible, ...) \
        { \
                SYS_##name, #name, interruptible, { \
                        __VA_ARGS__ \
                } \
        }
        CALL(read, true, EIO, EINTR, ENOMEM, EBADF),
        CALL(pread64, true, EIO, EINTR, ENOMEM, EACCES),
        CALL(write, true, ENOSPC, EINTR, EPIPE, EIO, EAGAIN),
        CALL(writev, true, ENOSPC, EINTR, EPIPE, EIO, EAGAIN),
        CALL(openat, false, EMFILE, EACCES, ENOENT, ENOMEM, ENFILE, EINTR, EIO),
        CALL(newfstatat, false, EIO, ENOMEM, EACCES),
        CALL(statx, false, EIO, ENOMEM, EACCES),
        CALL(fstat, false, EIO, ENOMEM),
        CALL(faccessat, false, EACCES, EIO),
        CALL(faccessat2, false, EACCES, EIO),
        CALL(readlinkat, false, EACCES, ENOENT, ENOMEM, EIO),
        CALL(lseek, false, ESPIPE, EINVAL),
        CALL(ftruncate, true, EIO, EINTR, EPERM),
        CALL(getdents64, false, EIO, ENOENT, ENOMEM),
        CALL(fcntl, false, EMFILE, EINVAL, EACCES),
        CALL(ioctl, false, EIO, ENOTTY),
        CALL(flock, true, EINTR, EAGAIN, ENOLCK),
        CALL(mkdirat, false, EACCES, ENOSPC, EROFS, ENOMEM),
        CALL(unlinkat, false, EBUSY, EACCES, EIO),
        CALL(pipe2, false, EMFILE, ENFILE, ENOMEM),
        CALL(socketpair, false, EMFILE, ENOBUFS, ENOMEM),
        CALL(sendto, true, EINTR, EPIPE, ENOBUFS),
        CALL(dup3, false, EMFILE, EBUSY, EINTR),
        CALL(chdir, false, EACCES, ENOENT),
        CALL(epoll_create1, false, EMFILE, ENFILE, ENOMEM),
        CALL(epoll_ctl, false, ENOMEM, ENOSPC),
        CALL(epoll_pwait, true, EINTR),
        CALL(timerfd_create, false, EMFILE, ENOMEM, ENODEV),
        CALL(timerfd_settime, false, EINVAL, ENOMEM),
        CALL(ppoll, true, EINTR, ENOMEM),
        CALL(clone, false, EAGAIN, ENOMEM, EPERM),
        CALL(clone3, false, EAGAIN, ENOMEM, ENOSYS, EBUSY, EINVAL),
        CALL(execve, false, EACCES, ENOENT, ENOMEM, E2BIG, EAGAIN),
        CALL(waitid, true, EINTR, ENOMEM),
        CALL(wait4, true, EINTR, ENOMEM),
        CALL(pidfd_open, false, EMFILE, ENFILE, ENOMEM, ENOSYS),
        CALL(pidfd_send_signal, false, EPERM, ESRCH),
        CALL(kill, false, EPERM, ESRCH),
        CALL(prctl, false, EINVAL),
        CALL(prlimit64, false, EPERM, EINVAL),
        CALL(getrusage, false, EINVAL),
        CALL(sched_getaffinity, false, EPERM, ESRCH),
        CALL(clock_gettime, false, EINVAL, EACCES),
        CALL(perf_event_open, false, EACCES, EMFILE, ENOENT, ENODEV),
        CALL(mmap, false, ENOMEM),
        CALL(mremap, false, ENOMEM),
        CALL(munmap, false, ENOMEM),
        CALL(mprotect, false, ENOMEM),
        CALL(getrandom, false, EAGAIN, EINTR),
#ifdef SYS_poll
        CALL(poll, true, EINTR, ENOMEM),
        CALL(epoll_wait, true, EINTR),
        CALL(access, false, EACCES, EIO),
        CALL(readlink, false, EACCES, EIO),
        CALL(open, false, EMFILE, EACCES, EINTR),
        CALL(stat, false, EACCES, EIO),
        CALL(lstat, false, EACCES, EIO),
        CALL(unlink, false, EACCES, EIO),
        CALL(pipe, false, EMFILE, ENFILE),
        CALL(dup2, false, EMFILE, EBUSY),
        CALL(fork, false, EAGAIN, ENOMEM),
        CALL(vfork, false, EAGAIN, ENOMEM),
#endif
};

struct state {
        pid_t main;
        struct stat program; /* the file that it runs */
        bool begun, every;
        unsigned long n, turn, count;
        const struct call *failed;
        int error, errors; /* the one given, and of how many */
        char path[256];
        bool last_failed[512]; /* by the call's number */
};

static const struct call *find(long number) {
        for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
                if (calls[i].number == number)
                        return &calls[i];
        return NULL;
}

static void read_path(pid_t pid, uint64_t address, char *path, size_t room) {
        struct iovec to = {path, room - 1}, from = {(void *)(uintptr_t)address, room - 1};
        ssize_t n;

        /* It may stand close to the end of what is mapped. */
        for (n = -1; n < 0 && from.iov_len > 0; from.iov_len /= 2)
                n = process_vm_readv(pid, &to, 1, &from, 1, 0);
        path[n > 0 ? n : 0] = '\0';
}

static bool runs_the_program(const struct state *s, pid_t pid) {
        char link[64];
        struct stat st;

        snprintf(link, sizeof(link), "/proc/%d/exe", pid);
        return stat(link, &st) == 0 && st.st_dev == s->program.st_dev && st.st_ino == s->program.st_ino;
}

static bool is_due(struct state *s, const struct call *call) {
        bool *last = &s->last_failed[call->number & 511];

        if (!s->every)
                return s->count == s->n;
        if (!call->interruptible)
                return false;
        *last = !*last;
        return *last;
}

/* What the descriptor is of that may be the call's first argument. */
static void note_path(const struct seccomp_notif *asked, char *path, size_t room) {
        char link[64];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)asked->pid, (int)asked->data.args[0]);
        n = readlink(link, path, room - 1);
        path[n > 0 ? n : 0] = '\0';
}

/* The error that the call is to give; 0: it is to be made. */
static int judge(struct state *s, const struct seccomp_notif *asked) {
        const struct call *call = find(asked->data.nr);
        char path[256] = "";
        int errors = 0;

        if (!call || !runs_the_program(s, (pid_t)asked->pid))
                return 0;
        if (asked->data.nr == SYS_openat)
                read_path((pid_t)asked->pid, asked->data.args[1], path, sizeof(path));
        s->begun |= strcmp(path, "/dev/null") == 0;
        if (!s->begun)
                return 0;
        s->count++;
        if (!is_due(s, call))
                return 0;
        if (!*path)
                note_path(asked, path, sizeof(path));
        while (errors < 8 && call->errors[errors])
                errors++;
        s->failed = call;
        s->errors = errors;
        s->error = s->every ? EINTR : call->errors[s->turn % (unsigned long)errors];
        memcpy(s->path, path, sizeof(path));
        return s->error;
}

/* Until the program has ended. */
static int supervise(struct state *s, int listener) {
        struct pollfd ready = {.fd = listener, .events = POLLIN};
        int status = 0;

        for (;;) {
                struct seccomp_notif asked = {0};
                struct seccomp_notif_resp answer = {0};

                if (waitpid(s->main, &status, WNOHANG) == s->main)
                        return status;
                if (poll(&ready, 1, 5) <= 0 || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
                        continue;
                answer.id = asked.id;
                answer.error = -judge(s, &asked);
                if (answer.error == 0)
                        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
                (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
        }
}

static int listen_to_all(void) {
        struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
        struct sock_fprog program = {1, all};
        long fd;

        if (geteuid() != 0)
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
        return (int)fd;
}

/* From here on it can make no call that is not answered: the number goes through memory. */
static pid_t start(char **argv, volatile int *shared) {
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        *shared = listen_to_all();
        execv(argv[0], argv);
        _exit(127);
}

static int take_listener(pid_t pid, const volatile int *shared) {
        long pidfd = syscall(SYS_pidfd_open, pid, 0), fd;

        while (*shared == -2 && waitpid(pid, NULL, WNOHANG) == 0)
                usleep(100);
        fd = *shared < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, *shared, 0);
        close((int)pidfd);
        return (int)fd;
}

static void write_report(const struct state *s, const char *path) {
        FILE *report = fopen(path, "we");

        if (!report)
                return;
        fprintf(report, "%d %lu %d %s %s %s\n", s->main, s->count, s->errors, s->failed ? s->failed->name : "-",
                s->failed ? strerrorname_np(s->error) : "-", *s->path ? s->path : "-");
        fclose(report);
}

int main(int argc, char **argv) {
        volatile int *shared = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        struct state s = {0};
        int listener, status;

        if (argc < 5 || shared == MAP_FAILED || stat(argv[4], &s.program) < 0)
                return 99;
        s.every = strcmp(argv[1], "eintr") == 0;
        s.n = strtoul(argv[1], NULL, 10);
        s.turn = strtoul(argv[2], NULL, 10);
        *shared = -2;
        s.main = start(argv + 4, shared);
        listener = take_listener(s.main, shared);
        if (listener < 0) {
                kill(s.main, SIGKILL);
                return 99;
        }
        status = supervise(&s, listener);
        write_report(&s, argv[3]);
        if (WIFEXITED(status))
                return WEXITSTATUS(status);
        signal(WTERMSIG(status), SIG_DFL);
        kill(getpid(), WTERMSIG(status));
        return 99;
}
