/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/cli.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

int dn_write_all(int fd, struct dn_str bytes) {
        while (bytes.n > 0) {
                ssize_t n = write(fd, bytes.p, bytes.n);

                if (n < 0 && errno == EAGAIN) {
                        struct pollfd room = {.fd = fd, .events = POLLOUT};

                        poll(&room, 1, -1);
                        continue;
                }
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes.p += n;
                bytes.n -= (size_t)n;
        }
        return 0;
}

bool dn_colour(int fd) {
        const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

        return isatty(fd) && !(none && *none) && term && *term && strcmp(term, "dumb") != 0 &&
               strcmp(term, "unknown") != 0;
}

void dn_say(const char *format, ...) {
        dn_autotext struct dn_text text = {0};
        char line[4096];
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        if (n < 0)
                return;
        dn_text_put(&text, dn_colour(STDERR_FILENO) ? DN_STR("\033[31mdenet\033[0m: ") : DN_STR("denet: "));
        for (const char *p = line; *p; p++)
                dn_text_put_char(&text, (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p);
        dn_text_put_char(&text, '\n');
        dn_write_all(STDERR_FILENO, dn_text_str(&text));
}

const char *dn_reading_error(int error) {
        switch (error) {
        case -EUCLEAN: return "what is compressed in it is damaged; zstd -dc, or gzip -dc, saves what can be saved";
        case -EFBIG: return "a line in it does not end; is it a file that denet wrote?";
        default: return strerror(-error);
        }
}

int dn_say_usage(const struct dn_command *command, const char *text) {
        struct dn_str page = dn_str_of(command->help), line;

        dn_say("%s: %s", command->name, text);
        if (dn_str_cut(&page, '\n', &line)) {
                dn_write_all(STDERR_FILENO, line);
                dn_write_all(STDERR_FILENO, DN_STR("\n"));
        }
        return DN_STATUS_USAGE;
}

void dn_debug(void *user, const char *line) {
        (void)user;
        dn_say("%s", line);
}
