/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the parts of the program share: the parsed command line, and the exit statuses. */
#pragma once
#include "base/text.h"
#include "cli/screen.h"
#include "denet/denet.h"

enum dn_status {
        DN_STATUS_OK = 0,
        DN_STATUS_USAGE = 2,
        DN_STATUS_TIME_LIMIT = 124,
        DN_STATUS_OWN_ERROR = 125,
        DN_STATUS_NOT_EXECUTABLE = 126,
        DN_STATUS_NOT_FOUND = 127,
        DN_STATUS_SIGNAL = 128
};

enum dn_command_output { DN_OUTPUT_DEFAULT, DN_OUTPUT_INHERIT, DN_OUTPUT_STDERR, DN_OUTPUT_DISCARD };
enum dn_show { DN_SHOW_ROW, DN_SHOW_LINES, DN_SHOW_NOTHING }; /* while it runs */

struct dn_command;

struct dn_cli {
        denet_options o;
        bool json, quiet, debug, help, version;
        const char *out, *stats;
        int command_output;
        int show;                         /* of dn_show */
        const struct dn_command *command; /* NULL: none given */
        char **arguments;                 /* of the command, NULL at the end; the caller's argv */
        int n_arguments;
};

/* A subcommand: run gives the exit status. */
struct dn_command {
        const char *name;
        int (*run)(struct dn_cli *cli);
        bool options_end; /* with its first argument: what follows belongs to that */
        const char *help; /* a page; ends in a newline */
};
extern const struct dn_command dn_commands[]; /* sorted by name */
extern const int dn_n_commands;
const struct dn_command *dn_command_find(const char *name);

int dn_run_command(struct dn_cli *cli);
int dn_attach_command(struct dn_cli *cli);
int dn_stats_command(struct dn_cli *cli);
int dn_convert_command(struct dn_cli *cli);
int dn_doctor_command(struct dn_cli *cli);
int dn_help_command(struct dn_cli *cli);

/* Takes argv apart. 0, or DN_STATUS_USAGE after one clear line on standard error. */
int dn_options_parse(struct dn_cli *cli, int argc, char **argv);

/* What `typed` may have meant for a command; NULL: nothing is near. */
const char *dn_command_nearest(const char *typed);

/* `denet: WHAT: WHY; WHAT TO DO` on standard error, in one write; what is hostile in a name becomes `?`. */
void dn_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and the command's usage line: a wrong use of it. Gives DN_STATUS_USAGE. */
int dn_say_usage(const struct dn_command *command, const char *text);

/* For denet_options.debug: the line on standard error. */
void dn_debug(void *user, const char *line);

/* What could not be written to `path` ("-": standard output) because of `code`, and what would help; `so` is what
 * followed from it (", nothing was started"), or "". Gives DN_STATUS_OWN_ERROR. */
int dn_say_no_place(const char *path, int code, const char *so);

/* All of it, or the reader has gone: 0 or -errno. */
int dn_write_all(int fd, struct dn_str bytes);

/* To standard output: DN_STATUS_OK, or DN_STATUS_OWN_ERROR after a line that says why it is not there. */
int dn_answer(const struct dn_text *text);
