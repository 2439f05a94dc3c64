/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/process.h"
#include "cli/signals.h"
#include "cli/watch.h"

#include <sys/stat.h>

/* Where the command's own output goes: NULL, as it is. An explicit choice beats -q. */
static const int *stdio_of(const struct dn_cli *cli) {
        static const int discard[3] = {STDIN_FILENO, -1, -1},
                         to_stderr[3] = {STDIN_FILENO, STDERR_FILENO, STDERR_FILENO};
        bool shared = cli->json || (cli->out && strcmp(cli->out, "-") == 0);

        switch (cli->command_output) {
        case DN_OUTPUT_INHERIT: return NULL;
        case DN_OUTPUT_STDERR: return to_stderr;
        case DN_OUTPUT_DISCARD: return discard;
        default: return cli->quiet ? discard : shared ? to_stderr : NULL;
        }
}

static int not_found(const struct dn_cli *cli) {
        const char *name = cli->arguments[0];

        if (cli->n_arguments == 1 && strchr(name, ' '))
                dn_say("'%s': not found; without the quotes, or: denet run sh -c '%s'", name, name);
        else if (strchr(name, '/') && access(name, F_OK) == 0)
                dn_say("%s: the interpreter that its first line names is not found; mend that line", name);
        else if (!*name)
                dn_say("'': not found; an empty name is no program's, check what was to stand there");
        else
                dn_say("%s: not found; check its name%s", name, strchr(name, '/') ? "" : ", and PATH");
        return DN_STATUS_NOT_FOUND;
}

/* By what execve(2) says. */
static const char *what_to_do(int error) {
        switch (error) {
        case ENOTDIR: return "what stands before its last / is a file; check its name";
        case E2BIG: return "shorten its arguments, or give them to xargs";
        case ETXTBSY: return "somebody writes to it; wait for that";
        case ENOEXEC:
        case ELIBBAD: return "see what it is: file FILE";
        case EPERM: return "it may ask for rights that this user cannot have; see: ls -l FILE";
        default: return "check its name";
        }
}

/* No right to execute it: which of the reasons. */
static void say_no_right(const char *name) {
        struct stat st;

        if (!strchr(name, '/'))
                dn_say("%s: found in PATH, not executable; chmod +x it, or name another", name);
        else if (stat(name, &st) < 0)
                dn_say("%s: a directory on its way is closed to you; chmod +x that", name);
        else if (st.st_mode & 0111 && access(name, X_OK) == 0)
                dn_say("%s: its file system is mounted noexec; copy it elsewhere", name);
        else
                dn_say("%s: not executable; chmod +x %s, or: denet run sh %s", name, name, name);
}

static int not_executable(const struct dn_cli *cli, int error) {
        const char *name = cli->arguments[0];
        struct stat st;

        if (strchr(name, '/') && stat(name, &st) == 0 && S_ISDIR(st.st_mode))
                dn_say("%s: a directory, no program; name a program in it", name);
        else if (error == -EACCES)
                say_no_right(name);
        else
                dn_say("%s: cannot be executed (%s); %s", name, strerror(-error), what_to_do(-error));
        return DN_STATUS_NOT_EXECUTABLE;
}

static int refuse(const struct dn_cli *cli, const denet_error *error) {
        switch (-error->code) {
        case ENOENT: return not_found(cli);
        case EACCES:
        case EPERM:
        case ENOEXEC:
        case ENOTDIR:
        case ELOOP:
        case ENAMETOOLONG:
        case E2BIG:
        case ETXTBSY:
        case EISDIR:
        case ELIBBAD: return not_executable(cli, error->code);
        default: dn_say("%s", error->text); return DN_STATUS_OWN_ERROR;
        }
}

int dn_run_command(struct dn_cli *cli) {
        dn_autofree char **environment = dn_process_environment();
        struct dn_watch w = {.command = true};
        denet_error error;
        int status;

        if (cli->n_arguments == 0)
                return dn_say_usage(cli->command, "no program given; as in: denet run -- make -j4");
        status = dn_watch_open(&w, cli);
        if (status == 0) {
                cli->o.env = environment;
                cli->o.stdio = stdio_of(cli);
                cli->o.nofile = dn_process_raise_descriptors();
                cli->o.ignored = dn_signals_ignored();
                if (dn_process_become_subreaper() == 0)
                        cli->o.flags |= DENET_REAP_ORPHANS;
                if (cli->debug)
                        cli->o.debug = dn_debug;
                status = denet_run(&w.stream, &cli->o, cli->arguments, &error) < 0 ? refuse(cli, &error)
                                                                                   : dn_watch_to_end(&w);
        }
        dn_watch_close(&w);
        return status;
}
