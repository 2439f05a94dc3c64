/* SPDX-License-Identifier: GPL-3.0-or-later
 * The command line, a word a line of the input. It is taken, without a word said, and what is left of it are words that
 * were given, in their order; or it is refused with a line that begins with denet's name, in which nothing hostile is
 * left, and at most the usage after it. */
#include "cli/cli.h"
#include "must.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORDS_MAX = 64, SAID_MAX = 1 << 16, DAY_MS = 86400000 };

/* In place of standard error: the fuzzer has its own by then (-close_fd_mask=2). */
static int hear(void) {
        int fd = memfd_create("said", MFD_CLOEXEC);

        MUST(fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
        return fd;
}

static void check_said(int fd, int status) {
        static char said[SAID_MAX];
        ssize_t n = pread(fd, said, sizeof(said), 0);

        MUST(n >= 0);
        if (status == 0) {
                MUST(n == 0);
                return;
        }
        MUST(n > 7 && memcmp(said, "denet: ", 7) == 0 && (n == SAID_MAX || said[n - 1] == '\n'));
        for (ssize_t i = 0; i < n; i++)
                MUST(said[i] == '\n' || ((unsigned char)said[i] >= ' ' && said[i] != 0x7f));
        MUST(memchr(said, '\n', (size_t)n) == said + n - 1 ||
             strncmp((char *)memchr(said, '\n', (size_t)n) + 1, "Usage: ", 7) == 0);
}

/* The caller's, and none twice. */
static void check_arguments(const struct dn_cli *cli, char *const *given, int n) {
        int at = 0;

        MUST(cli->n_arguments >= 0 && cli->n_arguments <= n && !cli->arguments[cli->n_arguments]);
        for (int i = 0; i < cli->n_arguments; i++, at++) {
                while (at < n && given[at] != cli->arguments[i])
                        at++;
                MUST(at < n);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static int fd = -1;
        char name[] = "denet", *text = malloc(size + 1), *argv[WORDS_MAX + 2] = {name}, *given[WORDS_MAX + 2];
        struct dn_cli cli = {0};
        int argc = 1, status;

        MUST(text);
        memcpy(text, data, size);
        text[size] = '\0';
        for (char *rest = text, *word; argc <= WORDS_MAX && (word = strsep(&rest, "\n"));)
                argv[argc++] = word;
        memcpy(given, argv, sizeof(argv));
        if (fd < 0)
                fd = hear();
        MUST(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
        status = dn_options_parse(&cli, argc, argv);
        MUST(status == 0 || status == DN_STATUS_USAGE);
        check_said(fd, status);
        if (status == 0) {
                MUST(cli.command || cli.help || cli.version);
                MUST(cli.o.interval_ms <= DAY_MS && cli.o.max_interval_ms <= DAY_MS && cli.show >= 0);
                check_arguments(&cli, given, argc);
        }
        free(text);
        return 0;
}
