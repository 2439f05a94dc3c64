/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

static const char attach_help[] = "Usage: denet [OPTIONS] attach [OPTIONS] PID\n"
                                  "\n"
                                  "Measures a running process and what it starts, from now until it ends, or\n"
                                  "until you stop denet. The process is not stopped or changed.\n"
                                  "\n"
                                  "Examples:\n"
                                  "  denet attach 4242                      summary at the end\n"
                                  "  denet -d 60 -o db.jsonl attach 4242    a minute of it, kept\n"
                                  "\n"
                                  "Exit status: 0; 125 denet itself failed; 2 wrong usage.\n";

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

static const char stats_help[] = "Usage: denet [OPTIONS] stats FILE...\n"
                                 "\n"
                                 "Prints the summary of records that denet -o FILE saved; - is standard input.\n"
                                 "With --json, one JSON object a file.\n"
                                 "\n"
                                 "Examples:\n"
                                 "  denet stats run.jsonl\n"
                                 "  denet --json stats run.jsonl | jq .peak_mem_rss_kb\n"
                                 "\n"
                                 "Exit status: 0; 125 a file could not be read; 2 wrong usage.\n";

static const char help_help[] = "Usage: denet help [COMMAND]\n";

const struct dn_command dn_commands[] = {
        {"attach", dn_attach_command, false, attach_help},
        {"help", dn_help_command, false, help_help},
        {"run", dn_run_command, true, run_help},
        {"stats", dn_stats_command, false, stats_help},
};
const int dn_n_commands = DN_COUNT(dn_commands);

const struct dn_command *dn_command_find(const char *name) {
        for (int i = 0; i < dn_n_commands; i++)
                if (strcmp(dn_commands[i].name, name) == 0)
                        return &dn_commands[i];
        return NULL;
}
