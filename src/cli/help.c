/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/help.h"
#include "cli/cli.h"

#include <unistd.h>

#define USAGE "Usage: denet [OPTIONS] COMMAND [ARG...]           as in: denet run -- make -j4\n"

const char dn_usage_line[] = USAGE;

const char dn_help_page[] = USAGE "\n"
                                  "Commands:\n"
                                  "  run [--] PROGRAM [ARG...]  start a program, measure it and all it starts\n"
                                  "  attach PID                 measure a running process\n"
                                  "  stats FILE...              summary of saved files\n"
                                  "  help COMMAND               more, with examples\n"
                                  "\n"
                                  "Options:\n"
                                  "  -o, --out FILE        save records (.jsonl, .csv)\n"
                                  "  -j, --json            records to standard output, nothing displayed\n"
                                  "      --stats FILE      save the summary as JSON\n"
                                  "  -i, --interval MS     sampling interval [100]; -m, --max-interval MS [1000]\n"
                                  "  -d, --duration S      stop after S seconds (exit status 124)\n"
                                  "  -n, --no-update       a line a sample;  -q, --quiet  nothing\n"
                                  "      --exclude-children (--no-include-children)   the main process alone\n"
                                  "      --children all|active|none          which ones a record lists\n"
                                  "      --command-output inherit|stderr|discard\n"
                                  "      --cgroup auto|off|require           a cgroup of its own\n"
                                  "      --since-process-start --no-polling --wait-all --write-env --debug\n"
                                  "  -h, --help     -V, --version\n";

int dn_help_command(struct dn_cli *cli) {
        const struct dn_command *command = cli->n_arguments ? dn_command_find(cli->arguments[0]) : NULL;

        if (cli->n_arguments > 1 || (cli->n_arguments && !command)) {
                dn_say("help: no command '%s'; see: denet help", cli->arguments[cli->n_arguments - 1]);
                return DN_STATUS_USAGE;
        }
        return dn_write_all(STDOUT_FILENO, dn_str_of(command ? command->help : dn_help_page)) < 0 ? DN_STATUS_OWN_ERROR
                                                                                                  : DN_STATUS_OK;
}
