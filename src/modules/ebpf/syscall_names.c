/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/syscall_names.h"
#include "bpf/abi.h"

#include <string.h>

/* Made by tools/syscall-table, from the kernel's headers. */
static const char *const names[DN_BPF_NUMBERS] = {
#define NATIVE(number, name) [number] = #name,
#define COMPAT(number, name) [DN_BPF_COMPAT + (number)] = #name " (32-bit)",
#include "syscall_names.inc"
};

/* Under the headings of the man pages. Those of 32-bit tables are found without their 64, 32 or _time64. */
static const struct {
        enum dn_syscall_category category;
        const char *names;
} categories[] = {
        {DN_SYSCALL_FILE_IO,
         " read write open close stat fstat lstat poll lseek pread64 pwrite64 readv writev access select dup dup2 dup3 "
         "sendfile fcntl flock fsync fdatasync truncate ftruncate getdents getdents64 getcwd chdir fchdir rename mkdir "
         "rmdir creat link unlink symlink readlink chmod fchmod chown fchown lchown umask ustat statfs fstatfs sync "
         "mknod utime utimes futimesat openat openat2 mkdirat mknodat fchownat newfstatat fstatat unlinkat renameat "
         "renameat2 linkat symlinkat readlinkat fchmodat fchmodat2 faccessat faccessat2 pselect6 ppoll splice tee "
         "vmsplice sync_file_range sync_file_range2 utimensat fallocate preadv pwritev preadv2 pwritev2 "
         "name_to_handle_at open_by_handle_at syncfs copy_file_range statx close_range epoll_create epoll_create1 "
         "epoll_ctl epoll_wait epoll_pwait epoll_pwait2 epoll_ctl_old epoll_wait_old inotify_init inotify_init1 "
         "inotify_add_watch inotify_rm_watch fanotify_init fanotify_mark io_setup io_destroy io_getevents io_submit "
         "io_cancel io_pgetevents io_uring_setup io_uring_enter io_uring_register readahead fadvise64 ioctl setxattr "
         "lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr "
         "fremovexattr setxattrat getxattrat listxattrat removexattrat file_getattr file_setattr cachestat "
         "lookup_dcookie _llseek llseek _newselect readdir oldstat oldlstat oldfstat "},
        {DN_SYSCALL_MEMORY,
         " mmap mmap2 mprotect munmap brk mremap msync mincore madvise mlock munlock mlockall munlockall mlock2 "
         "remap_file_pages mbind set_mempolicy get_mempolicy migrate_pages move_pages memfd_create memfd_secret "
         "membarrier userfaultfd pkey_mprotect pkey_alloc pkey_free process_madvise process_mrelease "
         "set_mempolicy_home_node map_shadow_stack mseal "},
        {DN_SYSCALL_PROCESS,
         " clone clone3 fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgrp "
         "setpgid getpgid setsid getsid getuid geteuid getgid getegid setuid setgid setreuid setregid setresuid "
         "getresuid setresgid getresgid setfsuid setfsgid getgroups setgroups sched_yield sched_setparam "
         "sched_getparam sched_setscheduler sched_getscheduler sched_get_priority_max sched_get_priority_min "
         "sched_rr_get_interval sched_setaffinity sched_getaffinity sched_setattr sched_getattr getpriority "
         "setpriority "
         "nice ioprio_set ioprio_get getrlimit setrlimit ugetrlimit ulimit prlimit64 getrusage prctl arch_prctl "
         "set_tid_address set_robust_list get_robust_list set_thread_area get_thread_area modify_ldt personality "
         "unshare setns kcmp process_vm_readv process_vm_writev ptrace pidfd_open pidfd_getfd rseq getcpu acct vm86 "
         "vm86old uselib chroot "},
        {DN_SYSCALL_NETWORK,
         " socket connect accept accept4 sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown bind listen "
         "getsockname getpeername socketpair setsockopt getsockopt socketcall "},
        {DN_SYSCALL_TIME,
         " nanosleep clock_nanosleep clock_gettime clock_settime clock_getres clock_adjtime gettimeofday settimeofday "
         "time stime times adjtimex alarm getitimer setitimer timer_create timer_settime timer_gettime "
         "timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime ftime "},
        {DN_SYSCALL_IPC,
         " pipe pipe2 futex futex_waitv futex_wake futex_wait futex_requeue eventfd eventfd2 shmget shmat shmctl shmdt "
         "semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive "
         "mq_notify mq_getsetattr ipc getpmsg putpmsg "},
        {DN_SYSCALL_SECURITY,
         " capget capset seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self add_key request_key "
         "keyctl security lsm_get_self_attr lsm_set_self_attr lsm_list_modules getrandom "},
        {DN_SYSCALL_SIGNAL,
         " kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo "
         "rt_tgsigqueueinfo rt_sigsuspend sigaltstack signalfd signalfd4 pause pidfd_send_signal signal sigaction "
         "sgetmask ssetmask sigsuspend sigpending sigreturn sigprocmask restart_syscall "},
        {DN_SYSCALL_SYSTEM,
         " uname sysinfo syslog sethostname setdomainname reboot mount umount umount2 pivot_root swapon swapoff "
         "quotactl "
         "quotactl_fd init_module finit_module delete_module create_module query_module get_kernel_syms kexec_load "
         "kexec_file_load iopl ioperm vhangup sysfs _sysctl nfsservctl bpf perf_event_open fsopen fsconfig fsmount "
         "fspick move_mount open_tree open_tree_attr mount_setattr statmount listmount olduname oldolduname bdflush "
         "uprobe uretprobe "},
};

static bool stands_in(const char *list, struct dn_str name) {
        if (name.n == 0)
                return false;
        for (const char *at = list; (at = memmem(at, strlen(at), name.p, name.n)); at++)
                if (at > list && at[-1] == ' ' && at[name.n] == ' ')
                        return true;
        return false;
}

bool dn_syscall_is_among(const char *list, struct dn_str name) {
        static const struct dn_str endings[] = {DN_STR(" (32-bit)"), DN_STR("_time64"), DN_STR("_64"), DN_STR("64"),
                                                DN_STR("32")};
        bool found = stands_in(list, name);

        for (size_t i = 0; i < DN_COUNT(endings) && !found; i++)
                if (dn_str_ends(name, endings[i])) {
                        name.n -= endings[i].n;
                        found = stands_in(list, name);
                }
        return found;
}

enum dn_syscall_category dn_syscall_category_of(struct dn_str name) {
        for (size_t i = 0; i < DN_COUNT(categories); i++)
                if (dn_syscall_is_among(categories[i].names, name))
                        return categories[i].category;
        return DN_SYSCALL_OTHER;
}

enum dn_syscall_category dn_syscall_category(uint32_t number) {
        return dn_syscall_category_of(dn_str_of(dn_syscall_name(number)));
}

const char *dn_syscall_name(uint32_t number) {
        return number < DN_COUNT(names) ? names[number] : NULL;
}

const char *dn_errno_name(uint32_t number) {
#ifdef __GLIBC__
        return strerrorname_np((int)number);
#else
        (void)number;
        return NULL;
#endif
}
