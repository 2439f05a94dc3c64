/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/cli.h"
#include "cli/names.h"

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

/* Without memory: cut where it is long, and plain, since a name in it cannot be looked at as text. */
static void say_plainly(const char *format, va_list args) {
        char line[512] = "denet: ";
        size_t n = strlen(line), room = sizeof(line) - n - 1;
        int wanted = vsnprintf(line + n, room, format, args);

        for (const size_t end = n + (wanted < 0 ? 0 : (size_t)wanted < room ? (size_t)wanted : room - 1); n < end; n++)
                if (line[n] < ' ' || line[n] > '~')
                        line[n] = '?';
        line[n++] = '\n';
        dn_write_all(STDERR_FILENO, (struct dn_str){line, n});
}

void dn_say(const char *format, ...) {
        dn_autotext struct dn_text text = {0};
        dn_autofree char *line = NULL;
        va_list args, again;
        int n;

        va_start(args, format);
        va_copy(again, args);
        n = vasprintf(&line, format, args);
        if (n < 0)
                line = NULL;
        dn_text_put(&text, dn_colour(STDERR_FILENO) ? DN_STR("\033[31mdenet\033[0m: ") : DN_STR("denet: "));
        if (line)
                dn_put_name(&text, (struct dn_str){line, (size_t)n});
        dn_text_put_char(&text, '\n');
        if (line && !text.failed)
                dn_write_all(STDERR_FILENO, dn_text_str(&text));
        else
                say_plainly(format, again);
        va_end(again);
        va_end(args);
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

int dn_say_no_place(const char *path, int code, const char *so) {
        const char *slash = strrchr(path, '/');
        dn_autofree char *directory = slash && slash != path ? strndup(path, (size_t)(slash - path)) : NULL;

        if (strcmp(path, "-") == 0)
                dn_say("standard output: %s%s; give it another place", strerror(-code), so);
        else if (code == -ENOENT && directory && access(directory, F_OK) < 0)
                dn_say("%s: no such directory%s; mkdir -p %s", path, so, directory);
        else if (code == -EISDIR)
                dn_say("%s: a directory%s; name a file in it", path, so);
        else
                dn_say("%s: %s%s; give another file", path, strerror(-code), so);
        return DN_STATUS_OWN_ERROR;
}

int dn_answer(const struct dn_text *text) {
        int r = text->failed ? -ENOMEM : dn_write_all(STDOUT_FILENO, dn_text_str(text));

        return r < 0 ? dn_say_no_place("-", r, "") : DN_STATUS_OK;
}

void dn_debug(void *user, const char *line) {
        (void)user;
        dn_say("%s", line);
}
