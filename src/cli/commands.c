/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

static const char attach_help[] = "Usage: denet [OPTIONS] attach [OPTIONS] PID\n"
                                  "\n"
                                  "Measures a running process and what it starts, from now on until it ends or\n"
                                  "you stop denet (Ctrl-C). The process is not stopped, changed or signalled.\n"
                                  "Of somebody else's process less may be read: denet says what, and goes on.\n"
                                  "\n"
                                  "Examples:\n"
                                  "  denet attach 4242                      summary at the end\n"
                                  "  denet attach \"$(pgrep -o postgres)\"    the oldest of that name\n"
                                  "  denet -d 60 -o db.jsonl attach 4242    a minute of it, kept\n"
                                  "  denet -n -i 1000 attach 4242           a line a second\n"
                                  "  sudo denet attach 4242                 all that can be read of it\n"
                                  "\n"
                                  "Exit status: 0, also at the time limit and after Ctrl-C; 125 denet itself\n"
                                  "failed: no such process, or nothing of it may be read; 2 wrong usage.\n";

static const char run_help[] = "Usage: denet [OPTIONS] run [OPTIONS] [--] PROGRAM [ARG...]\n"
                               "\n"
                               "Starts PROGRAM and measures it and every process it starts. It has the same\n"
                               "terminal, files and signals as without denet, whose options end at PROGRAM.\n"
                               "\n"
                               "Examples:\n"
                               "  denet run make -j4                     summary at the end\n"
                               "  denet run sh -c 'zcat a.gz | sort'     a pipeline, quoted as one\n"
                               "  denet -o run.jsonl run ./align.sh      keep it; later: denet stats run.jsonl\n"
                               "  denet -j run ./align.sh | jq .kind     its own output goes to standard error\n"
                               "  denet -d 3600 run ./train.py           end it after an hour\n"
                               "\n"
                               "Exit status: PROGRAM's; 128+N if signal N killed it; 124 time limit,\n"
                               "125 denet itself failed, 126 not executable, 127 not found; 2 wrong usage.\n";

static const char stats_help[] = "Usage: denet [OPTIONS] stats [OPTIONS] FILE...\n"
                                 "\n"
                                 "Prints the summary of records that denet -o FILE or -j wrote, also of older\n"
                                 "releases. Two files stand side by side, more than two one after another;\n"
                                 "- is standard input. With --json: the summary as JSON, an object a file.\n"
                                 "\n"
                                 "Examples:\n"
                                 "  denet stats run.jsonl                          as at the end of the run\n"
                                 "  denet stats before.jsonl after.jsonl           what has changed\n"
                                 "  denet --json stats run.jsonl | jq .peak_mem_rss_kb\n"
                                 "  denet -j run ./align.sh | denet stats -        on the way\n"
                                 "\n"
                                 "Exit status: 0; 125 a file could not be read; 2 wrong usage.\n";

static const char convert_help[] = "Usage: denet [OPTIONS] convert [OPTIONS] IN OUT\n"
                                   "\n"
                                   "Writes the records of IN to OUT, in the format that OUT's name ends in:\n"
                                   ".jsonl, .json (one array) or .csv, each also with .zst or .gz behind it.\n"
                                   "- is standard input or standard output, as JSON lines. What is in IN is seen\n"
                                   "from its content; files of older releases are read too. CSV has a row a\n"
                                   "sample, of the whole tree: the children, the command and the end are left out.\n"
                                   "\n"
                                   "Examples:\n"
                                   "  denet convert run.jsonl run.csv        for a spreadsheet\n"
                                   "  denet convert run.jsonl run.jsonl.zst  compressed\n"
                                   "  denet convert old.jsonl - | jq .kind   as lines, into a pipe\n"
                                   "\n"
                                   "Exit status: 0; 125 IN could not be read or OUT written; 2 wrong usage.\n";

static const char doctor_help[] = "Usage: denet [OPTIONS] doctor [OPTIONS]\n"
                                  "\n"
                                  "Prints what can be measured on this machine by this user: yes, part or no,\n"
                                  "and for the latter two why, and the command that would change it. Nothing is\n"
                                  "changed by looking. With --json: the same as records.\n"
                                  "\n"
                                  "Examples:\n"
                                  "  denet doctor\n"
                                  "  sudo denet doctor                      what root could measure\n"
                                  "  denet --json doctor | jq .capabilities\n"
                                  "\n"
                                  "Exit status: 0, whatever it finds; 125 denet itself failed; 2 wrong usage.\n";

static const char help_help[] = "Usage: denet help [COMMAND]\n"
                                "\n"
                                "Prints the page of a command, with examples; without one, all commands and\n"
                                "options.\n"
                                "\n"
                                "Examples:\n"
                                "  denet help run\n"
                                "  denet help options                     the rarer options\n";

const struct dn_command dn_commands[] = {
        {"attach", dn_attach_command, false, attach_help}, {"convert", dn_convert_command, false, convert_help},
        {"doctor", dn_doctor_command, false, doctor_help}, {"help", dn_help_command, false, help_help},
        {"run", dn_run_command, true, run_help},           {"stats", dn_stats_command, false, stats_help},
};
const int dn_n_commands = DN_COUNT(dn_commands);

const struct dn_command *dn_command_find(const char *name) {
        for (int i = 0; i < dn_n_commands; i++)
                if (strcmp(dn_commands[i].name, name) == 0)
                        return &dn_commands[i];
        return NULL;
}
