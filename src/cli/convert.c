/* SPDX-License-Identifier: GPL-3.0-or-later
 * A file of records as another one: the format is by its name. */
#include "base/guard.h"
#include "cli/reading.h"

#include <stdio.h>
#include <sys/stat.h>

struct conversion {
        const char *in, *out;
        bool to_stdout, csv;
        denet_sink *sink;
        uint64_t rows, left_out; /* in CSV, of records */
};

static bool ends(const char *path, const char *ending) {
        return dn_str_ends(dn_str_of(path), dn_str_of(ending));
}

/* .csv, .csv.zst … */
static bool is_named(const char *path, const char *ending) {
        static const char *const codecs[] = {"", ".zst", ".gz"};
        char whole[32];

        for (size_t i = 0; i < DN_COUNT(codecs); i++) {
                snprintf(whole, sizeof(whole), "%s%s", ending, codecs[i]);
                if (ends(path, whole))
                        return true;
        }
        return false;
}

static int check_names(struct conversion *c, struct dn_cli *cli) {
        const char *wrong = NULL;

        if (cli->n_arguments != 2)
                return dn_say_usage(cli->command,
                                    cli->n_arguments == 0   ? "no files given; as in: denet convert run.jsonl run.csv"
                                    : cli->n_arguments == 1 ? "no OUT given; as in: denet convert run.jsonl run.csv"
                                                            : "more than IN and OUT given; one file at a time");
        c->in = cli->arguments[0];
        c->out = cli->arguments[1];
        c->to_stdout = strcmp(c->out, "-") == 0;
        c->csv = is_named(c->out, ".csv");
        if (!c->to_stdout && !c->csv && !is_named(c->out, ".jsonl") && !is_named(c->out, ".json"))
                wrong = "its ending names no format; end it in .jsonl, .json or .csv";
        if (wrong)
                dn_say("%s: %s", *c->out ? c->out : "OUT", wrong);
        return wrong ? DN_STATUS_USAGE : 0;
}

/* What would be read is what would be written over. */
static bool is_one_file(const struct conversion *c) {
        struct stat in, out;
        bool in_known = strcmp(c->in, "-") == 0 ? fstat(STDIN_FILENO, &in) == 0 : stat(c->in, &in) == 0;
        bool out_known = c->to_stdout ? fstat(STDOUT_FILENO, &out) == 0 : stat(c->out, &out) == 0;

        return in_known && out_known && S_ISREG(in.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

/* Not before there is a first record: what OUT held stands until then. */
static int open_out(struct conversion *c) {
        denet_error error = {0};
        int r = c->to_stdout ? denet_sink_open_fd(&c->sink, STDOUT_FILENO, "jsonl")
                             : denet_sink_open(&c->sink, c->out, NULL, &error);

        if (r == -ELIBACC)
                dn_say("%s", error.text);
        return r == -ELIBACC ? DN_STATUS_OWN_ERROR : r < 0 ? dn_say_no_place(c->out, r, "") : 0;
}

static int put(struct conversion *c, struct dn_reading *in, const denet_record *record) {
        int kind = denet_record_kind(record), r = 0;

        if (!c->sink)
                r = open_out(c);
        if (r != 0)
                return r;
        r = denet_sink_write(c->sink, record);
        if (kind == DENET_TREE || kind == DENET_SAMPLE || kind == DENET_AGGREGATED)
                c->rows++;
        else
                c->left_out++;
        if (r < 0) {
                dn_progress_clear(&in->progress);
                dn_say("%s: %s; it holds the first %llu records, make room and try again",
                       c->to_stdout ? "standard output" : c->out, strerror(-r), (unsigned long long)in->records - 1);
        }
        return r < 0 ? DN_STATUS_OWN_ERROR : 0;
}

static int copy(struct conversion *c, struct dn_cli *cli) {
        const denet_record *record;
        struct dn_reading in;
        int status = dn_reading_open(&in, cli, c->in, !(c->to_stdout && isatty(STDOUT_FILENO))), r;

        while (status == 0 && (r = dn_reading_next(&in, &record)) != 0)
                status = r < 0 ? -r : put(c, &in, record);
        dn_reading_close(&in);
        r = c->sink ? denet_sink_close(c->sink) : 0;
        if (status == 0 && r < 0)
                return dn_say_no_place(c->out, r, "");
        return status;
}

int dn_convert_command(struct dn_cli *cli) {
        struct conversion c = {.in = "", .out = ""};
        int status = check_names(&c, cli);

        if (status != 0)
                return status;
        if (is_one_file(&c)) {
                dn_say("%s: IN and OUT are one file; give OUT another name", c.in);
                return DN_STATUS_OWN_ERROR;
        }
        status = copy(&c, cli);
        if (status == 0 && c.csv && c.rows == 0) {
                dn_say("%s: no samples in it, and CSV holds nothing else; convert it to .jsonl", c.in);
                return DN_STATUS_OWN_ERROR;
        }
        if (status == 0 && c.csv && c.left_out > 0 && !cli->quiet)
                dn_say("%s: CSV has a row a sample, of the whole: the single processes and %llu records of the "
                       "command and its end are left out; .jsonl keeps them",
                       c.out, (unsigned long long)c.left_out);
        return status;
}
