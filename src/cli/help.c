/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/help.h"
#include "base/guard.h"
#include "cli/cli.h"

#define USAGE "Usage: denet [OPTIONS] COMMAND [ARG...]           as in: denet run -- make -j4\n"

const char dn_usage_line[] = USAGE;

const char dn_help_page[] = USAGE "\n"
                                  "Commands:\n"
                                  "  run [--] PROGRAM [ARG...]  start a program, measure it and all it starts\n"
                                  "  attach PID                 measure a running process\n"
                                  "  stats FILE [FILE]          summary of a saved file, or two side by side\n"
                                  "  convert IN OUT             between .jsonl, .csv and .jsonl.zst\n"
                                  "  doctor                     what can be measured here; how to get the rest\n"
                                  "  help COMMAND               more, with examples\n"
                                  "\n"
                                  "Options:\n"
                                  "  -o, --out FILE        save records (.jsonl, .csv, .jsonl.zst)\n"
                                  "  -j, --json            records to standard output, nothing displayed\n"
                                  "      --stats FILE      save the summary as JSON\n"
                                  "  -i, --interval MS     sampling interval [100]; -m, --max-interval MS [1000]\n"
                                  "  -d, --duration S      stop after S seconds (exit status 124)\n"
                                  "  -n, --no-update       a line a sample, no status row;  -q, --quiet  nothing\n"
                                  "      --enable-ebpf     waits, syscalls, network, disk by eBPF; needs rights\n"
                                  "      --gpu             GPUs too: use, memory, energy\n"
                                  "      --counters        cycles, instructions, cache misses, switches too\n"
                                  "      --exclude-children (--no-include-children)   the main process alone\n"
                                  "  --children --command-output --since-process-start --no-polling\n"
                                  "  --status --wait-all --cgroup --sampler --ebpf --stacks --nodump\n"
                                  "  --write-env --debug: see denet(1)           -h, --help     -V, --version\n";

static const char options_page[] = "The options that --help names alone; the others stand there.\n"
                                   "\n"
                                   "  --status row|lines|off       a status row where the terminal allows it, a line\n"
                                   "                               a sample (-n), or the summary alone [row]\n"
                                   "  --command-output inherit|stderr|discard\n"
                                   "                               where PROGRAM's own output goes [inherit; with\n"
                                   "                               records on standard output: stderr; -q: discard]\n"
                                   "  --children all|active|none   which ones a record lists: all, those that\n"
                                   "                               changed, none; the sums are always whole [all]\n"
                                   "  --since-process-start        attach: I/O from the process's start on\n"
                                   "  --no-polling                 no samples in between: totals at the end\n"
                                   "  --wait-all                   stay until the last descendant has ended\n"
                                   "  --cgroup auto|off|require    a cgroup of the job's own [auto: where cheap]\n"
                                   "  --sampler auto|procfs        where samples come from [auto]\n"
                                   "  --write-env                  a record of the machine first\n"
                                   "  --debug                      what denet itself does, on standard error\n"
                                   "  --nodump                     an older release's; it does nothing\n"
                                   "  --ebpf PARTS                 of syscalls,offcpu,net,disk,exits,oncpu\n"
                                   "  --stacks FILE                folded stacks of waits; oncpu: FILE.oncpu too\n";

int dn_help_show(const char *page) {
        dn_autotext struct dn_text text = {0};

        dn_text_put(&text, dn_str_of(page));
        return dn_answer(&text);
}

static int no_such_page(const char *name) {
        const char *nearest = dn_command_nearest(name);

        if (nearest)
                dn_say("help: '%s' is no denet command; did you mean %s?", name, nearest);
        else
                dn_say("help: '%s' is no denet command; see: denet help", name);
        return DN_STATUS_USAGE;
}

int dn_help_command(struct dn_cli *cli) {
        const char *name = cli->n_arguments ? cli->arguments[0] : NULL;
        const struct dn_command *command = name ? dn_command_find(name) : NULL;
        const char *page = command ? command->help : dn_help_page;

        if (cli->n_arguments > 1) {
                dn_say("help: more than one command; as in: denet help run");
                return DN_STATUS_USAGE;
        }
        if (name && strcmp(name, "options") == 0)
                page = options_page;
        else if (name && !command)
                return no_such_page(name);
        return dn_help_show(page);
}
