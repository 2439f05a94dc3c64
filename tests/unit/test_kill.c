/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "descriptors.h"
#include "host/kill.h"
#include "sleeper.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

static void a_signal_reaches_the_process(void **state) {
        pid_t pid = start_sleeper();
        int pidfd = dn_pidfd_open(pid), status;

        assert_true(pidfd >= 0);
        assert_int_equal(dn_kill(pidfd, 0), 0);
        assert_int_equal(dn_kill(pidfd, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
        close(pidfd);
}

/* Its number may be somebody else's by then; the descriptor is nobody's. */
static void who_has_ended_is_reached_no_more(void **state) {
        pid_t pid = start_sleeper();
        int pidfd = dn_pidfd_open(pid);
        struct pollfd end = {.fd = pidfd, .events = POLLIN};

        assert_int_equal(poll(&end, 1, 0), 0);
        assert_int_equal(dn_kill(pidfd, SIGKILL), 0);
        assert_int_equal(poll(&end, 1, 5000), 1);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(dn_kill(pidfd, SIGKILL), -ESRCH);
        assert_int_equal(dn_kill(pidfd, 0), -ESRCH);
        assert_int_equal(dn_pidfd_open(pid), -ESRCH);
        close(pidfd);
}

static void no_process_has_such_a_number(void **state) {
        static const int64_t numbers[] = {
                0, -1, INT32_MIN, INT64_MIN, INT32_MAX, (int64_t)INT32_MAX + 1, INT64_MAX, (INT64_C(1) << 32) + 1};

        for (size_t i = 0; i < DN_COUNT(numbers); i++)
                assert_int_equal(dn_pidfd_open(numbers[i]), -ESRCH);
}

static void *wait_for_byte(void *user) {
        const int *fds = user;
        pid_t self = (pid_t)syscall(SYS_gettid);
        char byte;

        if (write(fds[3], &self, sizeof(self)) < 0 || read(fds[0], &byte, 1) < 0)
                return NULL;
        return NULL;
}

static void the_number_of_a_thread_is_no_process(void **state) {
        pthread_t thread;
        int fds[4];
        pid_t tid;

        assert_int_equal(pipe2(fds, O_CLOEXEC) | pipe2(fds + 2, O_CLOEXEC), 0);
        assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, fds), 0);
        assert_int_equal(read(fds[2], &tid, sizeof(tid)), sizeof(tid));
        assert_int_equal(dn_pidfd_open(tid), -ESRCH);
        assert_int_equal(write(fds[1], "", 1), 1);
        pthread_join(thread, NULL);
        for (int i = 0; i < 4; i++)
                close(fds[i]);
}

static void a_descriptor_of_a_process_is_not_inherited(void **state) {
        int pidfd = dn_pidfd_open(getpid());

        assert_true(pidfd >= 0);
        assert_true(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(dn_kill(pidfd, 999), -EINVAL);
        close(pidfd);
        assert_int_equal(dn_kill(pidfd, 0), -EBADF);
}

static void a_process_of_another_user_may_not_be_signalled(void **state) {
        int pidfd, status;
        pid_t pid;

        if (geteuid() != 0)
                skip();
        pidfd = dn_pidfd_open(getpid());
        pid = fork();
        if (pid == 0)
                _exit(setresuid(65534, 65534, 65534) < 0 || dn_kill(pidfd, SIGTERM) != -EPERM);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        close(pidfd);
}

RUN_TESTS(LEAVES_NOTHING(a_signal_reaches_the_process), LEAVES_NOTHING(who_has_ended_is_reached_no_more),
          LEAVES_NOTHING(no_process_has_such_a_number), LEAVES_NOTHING(the_number_of_a_thread_is_no_process),
          LEAVES_NOTHING(a_descriptor_of_a_process_is_not_inherited),
          LEAVES_NOTHING(a_process_of_another_user_may_not_be_signalled))
