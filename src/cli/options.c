/* SPDX-License-Identifier: GPL-3.0-or-later
 * The command line: options stand before the subcommand and after it, of `run` up to the program. */
#include "base/guard.h"
#include "cli/help.h"
#include "cli/option_table.h"

struct parser {
        struct dn_cli *cli;
        char **argv;
        int argc, at;
};

enum { NAME_MAX_LENGTH = 32, FAR = 99 };

static int smaller(int a, int b) {
        return a < b ? a : b;
}

/* How many letters must be put in, taken out, changed or swapped with the next to make b of a. */
static int distance(const char *a, const char *b) {
        int d[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];
        size_t n = strlen(a), m = strlen(b);

        if (n > NAME_MAX_LENGTH || m > NAME_MAX_LENGTH)
                return FAR;
        for (size_t i = 0; i <= n; i++)
                for (size_t j = 0; j <= m; j++) {
                        if (i == 0 || j == 0) {
                                d[i][j] = (int)(i + j);
                                continue;
                        }
                        d[i][j] = smaller(smaller(d[i - 1][j], d[i][j - 1]) + 1,
                                          d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                d[i][j] = smaller(d[i][j], d[i - 2][j - 2] + 1);
                }
        return d[n][m];
}

/* What somebody who typed `typed` may have meant: 0 is nearest. The beginning of a name is as near as can be. */
static int nearness(const char *typed, const char *name) {
        size_t n = strlen(typed);

        return n >= 3 && strncmp(typed, name, n) == 0 ? 0 : distance(typed, name);
}

static const struct dn_option *by_name(struct dn_str name) {
        for (int i = 0; i < dn_n_options; i++)
                if (dn_str_equal(dn_str_of(dn_option_table[i].name), name))
                        return &dn_option_table[i];
        return NULL;
}

static const struct dn_option *by_letter(char letter) {
        for (int i = 0; i < dn_n_options; i++)
                if (dn_option_table[i].letter == letter)
                        return &dn_option_table[i];
        return NULL;
}

static int unknown_option(const char *name) {
        const struct dn_option *nearest = NULL;
        /* A long name may be further off. */
        int least = strlen(name) < 8 ? 3 : 4;

        for (int i = 0; i < dn_n_options; i++) {
                int d = nearness(name, dn_option_table[i].name);

                if (d < least) {
                        least = d;
                        nearest = &dn_option_table[i];
                }
        }
        if (nearest)
                dn_say("no option --%s; did you mean --%s? Put -- before PROGRAM", name, nearest->name);
        else
                dn_say("no option --%s; see: denet --help. Put -- before PROGRAM", name);
        return DN_STATUS_USAGE;
}

static int take(struct parser *p, const struct dn_option *option, const char *value) {
        const char *wrong;

        if (option->argument && !value) {
                if (p->at + 1 >= p->argc) {
                        dn_say("--%s: nothing after it; give %s", option->name, option->argument);
                        return DN_STATUS_USAGE;
                }
                value = p->argv[++p->at];
        }
        wrong = option->take(p->cli, value);
        if (wrong)
                dn_say("--%s '%s': %s", option->name, value, wrong);
        return wrong ? DN_STATUS_USAGE : 0;
}

static int take_long(struct parser *p, const char *word) {
        const char *equals = strchr(word, '=');
        struct dn_str name = {word, equals ? (size_t)(equals - word) : strlen(word)};
        const struct dn_option *option = by_name(name);

        if (!option) {
                dn_autofree char *whole = strndup(name.p, name.n);

                return unknown_option(whole ? whole : "?");
        }
        if (equals && !option->argument) {
                dn_say("--%s takes no value; leave out what follows the =", option->name);
                return DN_STATUS_USAGE;
        }
        return take(p, option, equals ? equals + 1 : NULL);
}

/* `-i50`, `-jn`, `-i 50` */
static int take_letters(struct parser *p, const char *letters) {
        for (; *letters; letters++) {
                const struct dn_option *option = by_letter(*letters);
                const char *value = option && option->argument && letters[1] ? letters + 1 : NULL;
                int r;

                if (!option) {
                        dn_say("no option -%c; see: denet --help. Put -- before PROGRAM", *letters);
                        return DN_STATUS_USAGE;
                }
                r = take(p, option, value);
                if (r != 0 || value)
                        return r;
        }
        return 0;
}

const char *dn_command_nearest(const char *typed) {
        const char *nearest = NULL;
        int least = 3;

        for (int i = 0; i < dn_n_commands; i++) {
                const char *name = dn_commands[i].name;
                /* Of a short name two letters are too much. */
                int d = strlen(name) > 4 || strlen(typed) > 5 ? nearness(typed, name) : 2 * distance(typed, name);

                if (d < least) {
                        least = d;
                        nearest = name;
                }
        }
        return nearest;
}

static int unknown_command(char **words) {
        const char *name = words[0], *nearest = dn_command_nearest(name);
        dn_autotext struct dn_text line = {0};

        for (char **word = words; *word; word++) {
                dn_text_put_char(&line, ' ');
                dn_text_put(&line, dn_str_of(*word));
        }
        if (!dn_text_cstr(&line))
                dn_text_reset(&line);
        if (nearest)
                dn_say("'%s' is no denet command; did you mean %s? To measure it: denet run%s", name, nearest,
                       dn_text_cstr(&line));
        else
                dn_say("'%s' is no denet command; to measure it: denet run%s", name, dn_text_cstr(&line));
        return DN_STATUS_USAGE;
}

static void keep(struct dn_cli *cli, char *argument) {
        /* Arguments move up over the options between them; they never outrun what was read. */
        cli->arguments[cli->n_arguments++] = argument;
}

static int parse_words(struct parser *p) {
        struct dn_cli *cli = p->cli;
        bool options = true;
        int r = 0;

        for (p->at = 1; p->at < p->argc && r == 0; p->at++) {
                char *word = p->argv[p->at];

                if (options && strcmp(word, "--") == 0)
                        options = false;
                else if (options && word[0] == '-' && word[1] == '-')
                        r = take_long(p, word + 2);
                else if (options && word[0] == '-' && word[1])
                        r = take_letters(p, word + 1);
                else if (!cli->command) {
                        cli->command = dn_command_find(word);
                        r = cli->command ? 0 : unknown_command(p->argv + p->at);
                } else {
                        keep(cli, word);
                        options = options && !cli->command->options_end;
                        if (cli->command->options_end)
                                while (++p->at < p->argc)
                                        keep(cli, p->argv[p->at]);
                }
        }
        return r;
}

/* What only run and attach write would be missed without a word elsewhere. */
static int check_command(const struct dn_cli *cli) {
        bool measures = cli->command->run == dn_run_command || cli->command->run == dn_attach_command;
        const char *option = cli->out ? "out" : "stats", *name = cli->command->name;

        if (measures || (!cli->out && !cli->stats))
                return 0;
        dn_say("--%s is for run and attach, and %s writes none; leave it out, or: denet %s ... >%s", option, name, name,
               cli->out ? cli->out : cli->stats);
        return DN_STATUS_USAGE;
}

int dn_options_parse(struct dn_cli *cli, int argc, char **argv) {
        struct parser p = {cli, argv, argc, 0};
        int r;

        cli->o.struct_size = sizeof(cli->o);
        cli->arguments = argv;
        r = parse_words(&p);
        cli->arguments[cli->n_arguments] = NULL;
        if (r != 0 || cli->help || cli->version)
                return r;
        if (!cli->command) {
                dn_say("no command given; see: denet --help");
                dn_write_all(STDERR_FILENO, dn_str_of(dn_usage_line));
                return DN_STATUS_USAGE;
        }
        if (cli->o.max_interval_ms && cli->o.max_interval_ms < (cli->o.interval_ms ? cli->o.interval_ms : 100)) {
                dn_say("--max-interval %u is below --interval %u; raise it or leave it out", cli->o.max_interval_ms,
                       cli->o.interval_ms ? cli->o.interval_ms : 100);
                return DN_STATUS_USAGE;
        }
        return check_command(cli);
}
