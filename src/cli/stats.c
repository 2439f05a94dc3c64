/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/cli.h"
#include "cli/closing.h"
#include "cli/compare.h"
#include "cli/names.h"
#include "cli/reading.h"

#include <time.h>

enum { NARROW_MAX = 139 }; /* columns: from one more on the summary has a wide form */

static const char *name_of(const char *path) {
        return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* The file folded into a report. 0, or an exit status after a line that says why; the report is to be closed. */
static int read_file(struct dn_cli *cli, const char *path, struct dn_report *report) {
        struct dn_reading reading;
        const denet_record *record;
        int status, r = dn_report_open(report);

        if (r < 0) {
                dn_say("%s: %s; end other programs", name_of(path), strerror(-r));
                return DN_STATUS_OWN_ERROR;
        }
        report->totals_only = cli->json;
        status = dn_reading_open(&reading, cli, path, true);
        while (status == 0 && (r = dn_reading_next(&reading, &record)) > 0)
                dn_report_add(report, record);
        report->broken = reading.broken;
        dn_reading_close(&reading);
        return r < 0 ? -r : status;
}

/* run.jsonl: ./align.sh on node17, 2 March 2026 14:05, 742 samples */
static void put_origin(struct dn_text *text, const char *path, const struct dn_report *r) {
        static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                             "July",    "August",   "September", "October", "November", "December"};
        time_t t = (time_t)(r->t0_ms / 1000);
        double samples = 0;
        struct tm tm;

        dn_put_name(text, dn_str_of(path));
        dn_text_put(text, DN_STR(": "));
        if (r->command.n) {
                dn_put_name(text, dn_text_str(&r->command));
                if (r->host.n) {
                        dn_text_put(text, DN_STR(" on "));
                        dn_put_name(text, dn_text_str(&r->host));
                }
                dn_text_put(text, DN_STR(", "));
        }
        if (r->t0_ms && localtime_r(&t, &tm))
                dn_text_printf(text, "%d %s %d %02d:%02d, ", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                               tm.tm_hour, tm.tm_min);
        dn_report_number(r, "sample_count", &samples);
        dn_text_printf(text, "%.0f sample%s\n\n", samples, samples == 1 ? "" : "s");
}

/* 0: there is nobody to fit it to. */
static int columns(void) {
        int n = dn_columns(STDOUT_FILENO);

        return !isatty(STDOUT_FILENO) ? 0 : n > 0 ? n : 80;
}

static int show(struct dn_cli *cli, const char *path, struct dn_report *report, bool more) {
        struct dn_closing how = {
                .colour = dn_colour(STDOUT_FILENO), .terminal = isatty(STDOUT_FILENO), .records_bytes = -1};
        dn_autotext struct dn_text text = {0};
        size_t n;

        if (cli->json) {
                const char *json = denet_summary_json(report->summary, &n);

                text.failed |= !json || dn_report_failed(report);
                dn_text_put(&text, (struct dn_str){json, n});
                dn_text_put_char(&text, '\n');
        } else {
                how.columns = columns();
                if (how.columns > NARROW_MAX)
                        how.columns = NARROW_MAX; /* an answer looks the same on every terminal */
                put_origin(&text, name_of(path), report);
                dn_closing_write(&text, report, &how);
                if (more)
                        dn_text_put_char(&text, '\n');
        }
        return dn_answer(&text);
}

/* Side by side. One that cannot be read leaves the other alone. */
static int compare(struct dn_cli *cli) {
        struct dn_report reports[2];
        dn_autotext struct dn_text text = {0};
        int status[2], worst = 0;

        for (int i = 0; i < 2; i++) {
                status[i] = read_file(cli, cli->arguments[i], &reports[i]);
                worst = status[i] ? status[i] : worst;
        }
        if (worst == 0) {
                struct dn_compared compared[2] = {{name_of(cli->arguments[0]), &reports[0]},
                                                  {name_of(cli->arguments[1]), &reports[1]}};

                dn_compare_write(&text, compared, dn_colour(STDOUT_FILENO), columns());
                worst = dn_answer(&text);
        } else
                for (int i = 0; i < 2; i++)
                        if (status[i] == 0)
                                (void)show(cli, cli->arguments[i], &reports[i], false);
        dn_report_close(&reports[0]);
        dn_report_close(&reports[1]);
        return worst;
}

int dn_stats_command(struct dn_cli *cli) {
        int worst = 0;

        if (cli->n_arguments == 0)
                return dn_say_usage(cli->command, "no file given; as in: denet stats run.jsonl");
        if (cli->n_arguments == 2 && !cli->json)
                return compare(cli);
        for (int i = 0; i < cli->n_arguments; i++) {
                struct dn_report report;
                int status = read_file(cli, cli->arguments[i], &report);

                if (status == 0)
                        status = show(cli, cli->arguments[i], &report, i + 1 < cli->n_arguments);
                dn_report_close(&report);
                worst = status ? status : worst;
        }
        return worst;
}
