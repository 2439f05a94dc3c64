/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/cli.h"
#include "cli/closing.h"

#include <sys/ioctl.h>
#include <time.h>

enum { BROKEN_SAID = 10 }; /* by line; all are counted */

/* Folds the file into the report. 0, or an exit status after a line that says why. */
static int read_file(struct dn_cli *cli, const char *path, struct dn_report *report) {
        const denet_record *record;
        denet_error error;
        denet *d;
        int r;

        if (denet_read(&d, &cli->o, path, &error) < 0) {
                dn_say("%s", error.text);
                return DN_STATUS_OWN_ERROR;
        }
        for (;;) {
                r = denet_next(d, -1, &record);
                if (r == 1)
                        dn_report_add(report, record);
                else if (r == -EBADMSG) {
                        if (report->records == 0 && report->broken == 0 && denet_line(d) == 1) {
                                dn_say("%s: line 1 is no denet record; stats reads what denet -o FILE run wrote", path);
                                break;
                        }
                        if (report->broken++ < BROKEN_SAID)
                                dn_say("%s: line %llu is no denet record; left out", path,
                                       (unsigned long long)denet_line(d));
                } else if (r != -EINTR)
                        break;
        }
        denet_free(d);
        if (r < 0 && r != -EBADMSG)
                dn_say("%s: %s", path, dn_reading_error(r));
        else if (r == 0 && report->records == 0) {
                dn_say("%s: no records in it; stats reads what denet -o FILE run wrote", path);
                r = -ENODATA;
        }
        return r < 0 ? DN_STATUS_OWN_ERROR : 0;
}

/* run.jsonl: ./align.sh on node17, 2 March 2026 14:05, 742 samples */
static void put_origin(struct dn_text *text, const char *path, const struct dn_report *r) {
        static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                             "July",    "August",   "September", "October", "November", "December"};
        time_t t = (time_t)(r->t0_ms / 1000);
        double samples = 0;
        struct tm tm;

        dn_closing_put_name(text, dn_str_of(path));
        dn_text_put(text, DN_STR(": "));
        if (r->command.n) {
                dn_closing_put_name(text, dn_text_str(&r->command));
                if (r->host.n) {
                        dn_text_put(text, DN_STR(" on "));
                        dn_closing_put_name(text, dn_text_str(&r->host));
                }
                dn_text_put(text, DN_STR(", "));
        }
        if (r->t0_ms && localtime_r(&t, &tm))
                dn_text_printf(text, "%d %s %d %02d:%02d, ", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                               tm.tm_hour, tm.tm_min);
        dn_report_number(r, "sample_count", &samples);
        dn_text_printf(text, "%.0f sample%s\n\n", samples, samples == 1 ? "" : "s");
}

static int show(struct dn_cli *cli, const char *path, struct dn_report *report, bool more) {
        struct dn_closing how = {
                .colour = dn_colour(STDOUT_FILENO), .terminal = isatty(STDOUT_FILENO), .records_bytes = -1};
        dn_autotext struct dn_text text = {0};
        struct winsize size;
        size_t n;

        if (cli->json) {
                const char *json = denet_summary_json(report->summary, &n);

                if (json)
                        dn_text_put(&text, (struct dn_str){json, n});
                dn_text_put_char(&text, '\n');
        } else {
                if (how.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
                        how.columns = size.ws_col;
                put_origin(&text, path, report);
                dn_closing_write(&text, report, &how);
                if (more)
                        dn_text_put_char(&text, '\n');
        }
        return text.failed || dn_write_all(STDOUT_FILENO, dn_text_str(&text)) < 0 ? DN_STATUS_OWN_ERROR : 0;
}

int dn_stats_command(struct dn_cli *cli) {
        int worst = 0;

        if (cli->n_arguments == 0)
                return dn_say_usage(cli->command, "no file given; as in: denet stats run.jsonl");
        for (int i = 0; i < cli->n_arguments; i++) {
                struct dn_report report;
                int status = dn_report_open(&report) < 0 ? DN_STATUS_OWN_ERROR : 0;

                if (status == 0)
                        status = read_file(cli, cli->arguments[i], &report);
                if (status == 0)
                        status = show(cli, cli->arguments[i], &report, i + 1 < cli->n_arguments);
                dn_report_close(&report);
                worst = status ? status : worst;
        }
        return worst;
}
