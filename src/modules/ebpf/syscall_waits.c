/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/syscall_waits.h"
#include "modules/ebpf/syscall_names.h"

#include <stddef.h>

static const struct {
        enum dn_wait reason;
        const char *names;
} waits[] = {
        {DN_WAIT_BY_DESCRIPTOR,
         " read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 recvfrom recvmsg recvmmsg recv "
         "sendto "
         "sendmsg sendmmsg send accept accept4 connect sendfile splice tee vmsplice fsync fdatasync ftruncate flock "
         "fcntl "
         "fallocate sync_file_range copy_file_range getdents getdents64 close ioctl fadvise64 readahead "},
        {DN_WAIT_FILE,
         " open openat openat2 creat stat lstat newfstatat statx access faccessat faccessat2 rename renameat renameat2 "
         "unlink unlinkat mkdir mkdirat rmdir link linkat symlink symlinkat readlink readlinkat truncate sync syncfs "
         "chdir "
         "execve execveat "},
        {DN_WAIT_NETWORK, " socketcall "},
        {DN_WAIT_POLL,
         " poll ppoll select pselect6 _newselect epoll_wait epoll_pwait epoll_pwait2 epoll_wait_old io_getevents "
         "io_pgetevents "},
        {DN_WAIT_LOCK, " futex futex_waitv futex_wait futex_requeue "},
        {DN_WAIT_SLEEP, " nanosleep clock_nanosleep "},
        {DN_WAIT_CHILD, " wait4 waitid waitpid vfork clone clone3 "},
        {DN_WAIT_SIGNAL, " pause rt_sigsuspend sigsuspend rt_sigtimedwait "},
        {DN_WAIT_IPC, " msgrcv msgsnd semop semtimedop ipc mq_timedsend mq_timedreceive "},
        {DN_WAIT_IO_URING, " io_uring_enter "},
        {DN_WAIT_AS_BEFORE, " restart_syscall "},
};

enum dn_wait dn_syscall_wait(uint32_t number) {
        const char *name = dn_syscall_name(number);

        for (size_t i = 0; name && i < DN_COUNT(waits); i++)
                if (dn_syscall_is_among(waits[i].names, dn_str_of(name)))
                        return waits[i].reason;
        return DN_WAIT_OTHER;
}

const char *dn_wait_name(uint32_t reason) {
        static const char *const names[DN_WAIT_REASONS] = {
                [DN_WAIT_RUN_QUEUE] = "run_queue",
                [DN_WAIT_DISK] = "disk",
                [DN_WAIT_NETWORK] = "network",
                [DN_WAIT_UNIX_SOCKET] = "unix_socket",
                [DN_WAIT_PIPE] = "pipe",
                [DN_WAIT_TTY] = "tty",
                [DN_WAIT_FILE] = "file",
                [DN_WAIT_POLL] = "poll",
                [DN_WAIT_LOCK] = "lock",
                [DN_WAIT_SLEEP] = "sleep",
                [DN_WAIT_CHILD] = "child",
                [DN_WAIT_SIGNAL] = "signal",
                [DN_WAIT_IPC] = "ipc",
                [DN_WAIT_IO_URING] = "io_uring",
                [DN_WAIT_PAGE_FAULT] = "page_fault",
                [DN_WAIT_STOPPED] = "stopped",
                [DN_WAIT_KERNEL_LOCK] = "kernel_lock",
                [DN_WAIT_OTHER] = "other",
        };

        return reason < DN_WAIT_REASONS ? names[reason] : "on_cpu";
}
