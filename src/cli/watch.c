/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/watch.h"
#include "base/guard.h"
#include "cli/clock.h"
#include "cli/closing.h"
#include "cli/rights.h"
#include "cli/signals.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const long long twice_ms = 2000; /* a second INT within this long of the first means it */

/* ------------------------------------------------------------------------------------------------ where records go */

static int refuse_out(const char *path, int code) {
        return dn_say_no_place(path, code, ", nothing was started");
}

static const char *format_of(const char *path) {
        struct dn_str name = dn_str_of(path);

        name.n -= dn_str_ends(name, DN_STR(".zst")) ? 4 : dn_str_ends(name, DN_STR(".gz")) ? 3 : 0;
        return dn_str_ends(name, DN_STR(".csv")) ? "csv" : "jsonl";
}

/* Not of a device, which may well take both. */
static bool is_one_file(int fd, const char *path) {
        struct stat ours, named;

        return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && S_ISREG(ours.st_mode) &&
               ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* What it held stands until the summary is written. */
static int open_stats(struct dn_watch *w, const char *path) {
        w->stats_made = access(path, F_OK) < 0;
        w->stats_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (w->stats_fd < 0)
                return refuse_out(path, -errno);
        if (!w->file || !is_one_file(w->stats_fd, w->cli->out))
                return 0;
        dn_say("--stats %s: the records go there, nothing was started; give another file", path);
        return DN_STATUS_OWN_ERROR;
}

int dn_watch_open(struct dn_watch *w, struct dn_cli *cli) {
        bool to_stdout = cli->json || (cli->out && strcmp(cli->out, "-") == 0);
        int r;

        w->cli = cli;
        w->stats_fd = -1;
        dn_display_init(&w->display);
        w->signals = dn_signals_open();
        if (w->signals < 0 || dn_report_open(&w->report) < 0) {
                dn_say("cannot begin: %s; end other programs, or raise the limits (ulimit -a)",
                       strerror(w->signals < 0 ? -w->signals : ENOMEM));
                return DN_STATUS_OWN_ERROR;
        }
        w->report.totals_only = cli->quiet || cli->json;
        if (cli->out && strcmp(cli->out, "-") != 0) {
                denet_error error;

                r = denet_sink_open(&w->file, cli->out, format_of(cli->out), &error);
                if (r == -ELIBACC)
                        dn_say("%s, nothing was started", error.text);
                if (r < 0)
                        return r == -ELIBACC ? DN_STATUS_OWN_ERROR : refuse_out(cli->out, r);
                cli->o.output = cli->out;
        }
        r = to_stdout ? denet_sink_open_fd(&w->out, STDOUT_FILENO, "jsonl") : 0;
        if (r < 0)
                return refuse_out("-", r);
        r = cli->stats ? open_stats(w, cli->stats) : 0;
        if (r == 0)
                dn_display_open(&w->display, cli, !w->command || cli->command_output == DN_OUTPUT_DISCARD);
        return r;
}

void dn_watch_close(struct dn_watch *w) {
        int r;

        dn_signals_pass_to(NULL);
        dn_display_close(&w->display);
        if (w->stats_fd >= 0) {
                close(w->stats_fd);
                if (w->stats_made && !w->stream)
                        unlink(w->cli->stats); /* nothing was started */
        }
        dn_text_free(&w->survivors);
        w->stream = denet_free(w->stream);
        r = denet_sink_close(w->file);
        if (r < 0)
                dn_say("%s: %s; what was recorded last is not in it", w->cli->out, strerror(-r));
        denet_sink_close(w->out);
        w->file = w->out = NULL;
        dn_report_close(&w->report);
}

/* What cannot be written is said once, counted, and tried again with the next record; the command goes on. */
static void write_record(struct dn_watch *w, const denet_record *record) {
        int r = w->file ? denet_sink_write(w->file, record) : 0;

        if (r < 0)
                w->lost_error = -r;
        if (r < 0 && !w->file_failed) {
                w->file_failed = true;
                dn_say("%s: %s; records are lost until there is room, the command goes on", w->cli->out, strerror(-r));
        }
        r = w->out ? denet_sink_write(w->out, record) : 0;
        if (r == -EPIPE || r == -EBADF) {
                denet_sink_close(w->out); /* nobody reads any more */
                w->out = NULL;
        } else if (r < 0 && !w->out_failed) {
                w->out_failed = true;
                dn_say("standard output: %s; records are lost until there is room, the command goes on", strerror(-r));
        }
}

/* 4242 (postgres), 4243 (sh) */
static void note_survivors(struct dn_watch *w, const denet_record *record) {
        const denet_row *row = denet_record_row(record, DENET_MAIN, 0);

        dn_text_reset(&w->survivors);
        for (size_t i = 0; row || i == 0; row = denet_record_row(record, DENET_CHILDREN, i++))
                if (row)
                        dn_text_printf(&w->survivors, "%s%lld (%s)", w->survivors.n ? ", " : "",
                                       (long long)denet_row_pid(row), denet_row_name(row));
}

/* Who is there at that time or later is stopped by the stream. */
static bool is_past_limit(const struct dn_watch *w, const denet_record *record) {
        uint64_t limit_ms = w->cli->o.duration_ms;

        return limit_ms > 0 && denet_record_elapsed_us(record) >= (int64_t)limit_ms * 1000;
}

static void take_record(struct dn_watch *w, const denet_record *record) {
        int kind = denet_record_kind(record);

        w->time_limit |= is_past_limit(w, record);
        if (w->interrupted && w->command && kind == DENET_TREE)
                note_survivors(w, record);
        write_record(w, record);
        dn_report_add(&w->report, record);
        if (kind == DENET_METADATA)
                dn_rights_say(w->cli, &w->report, denet_pid(w->stream), !w->command);
        dn_display_record(&w->display, record, &w->report);
}

/* -------------------------------------------------------------------------------------------------------- signals */

static void interrupt(struct dn_watch *w, long long *first_ms) {
        if (*first_ms && dn_clock_ms() - *first_ms < twice_ms) {
                w->interrupted = true;
                denet_stop(w->stream);
                denet_stop(w->stream); /* and does not wait */
        }
        *first_ms = dn_clock_ms();
}

static void stop_self(struct dn_watch *w) {
        dn_display_leave(&w->display);
        dn_signals_stop_self();
        dn_display_continued(&w->display, dn_clock_ms());
}

static void take_signal(struct dn_watch *w, const struct dn_signal *s, long long *first_int_ms) {
        bool ends = s->number == SIGINT || s->number == SIGTERM || s->number == SIGHUP || s->number == SIGQUIT;

        if (s->number == SIGCHLD)
                return; /* denet_next looks for who has ended */
        if (s->number == SIGWINCH)
                dn_display_resized(&w->display, dn_clock_ms());
        if (s->number == SIGCONT)
                dn_display_continued(&w->display, dn_clock_ms());
        if (!w->command) {
                if (ends) {
                        w->interrupted = true;
                        denet_stop(w->stream);
                }
                if (s->number == SIGTSTP)
                        stop_self(w);
                return;
        }
        if (s->from_process && !s->passed)
                denet_signal(w->stream, s->number); /* it came before there was a command */
        if (s->number == SIGINT)
                interrupt(w, first_int_ms);
        if (s->number == SIGTSTP)
                stop_self(w);
}

/* ------------------------------------------------------------------------------------------------------- the loop */

/* The display's turns are taken meanwhile: they are no reason to ask the stream. True: a signal came. */
static bool wait_for_something(struct dn_watch *w) {
        struct pollfd fds[2] = {
                {.fd = (int)denet_fd(w->stream), .events = POLLIN},
                {.fd = w->signals, .events = POLLIN},
        };
        int ready = 0;

        while (ready == 0) {
                long long due_ms = dn_display_due_ms(&w->display), left = due_ms - dn_clock_ms();

                ready = poll(fds, 2, due_ms == LLONG_MAX ? -1 : left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
                dn_display_tick(&w->display, dn_clock_ms());
        }
        return fds[1].revents != 0;
}

/* Until the stream ends; -errno where it breaks. */
static int pull(struct dn_watch *w) {
        long long first_int_ms = 0;
        const denet_record *record;
        struct dn_signal s;

        for (;;) {
                int r = denet_next(w->stream, 0, &record);

                if (r == 1)
                        take_record(w, record);
                else if (r == 0)
                        return 0;
                else if (r != -EAGAIN && r != -EINTR)
                        return r;
                /* After a record too: where there is another, the stream's descriptor says so. */
                if (wait_for_something(w))
                        while (dn_signals_next(&s))
                                take_signal(w, &s, &first_int_ms);
        }
}

/* --------------------------------------------------------------------------------------------------------- the end */

static int empty(int fd) {
        int r;

        do
                r = ftruncate(fd, 0) < 0 && errno != EINVAL ? -errno : 0; /* a device has no size */
        while (r == -EINTR);
        return r;
}

static int save_summary(struct dn_watch *w) {
        dn_autotext struct dn_text text = {0};
        size_t size;
        const char *json = denet_summary_json(w->report.summary, &size);
        int r;

        if (json)
                dn_text_put(&text, (struct dn_str){json, size});
        dn_text_put_char(&text, '\n');
        r = !json || text.failed || dn_report_failed(&w->report) ? -ENOMEM : empty(w->stats_fd);
        if (r == 0)
                r = dn_write_all(w->stats_fd, dn_text_str(&text));
        if (r < 0)
                dn_say("%s: the summary could not be saved: %s; make room, or give another file", w->cli->stats,
                       strerror(-r));
        return r;
}

static void show_summary(struct dn_watch *w) {
        struct dn_closing how = {
                .colour = dn_colour(STDERR_FILENO),
                .terminal = isatty(STDERR_FILENO),
                .utf8 = dn_utf8_locale(),
                .records_bytes = -1,
        };
        dn_autotext struct dn_text text = {0};
        struct winsize size;
        struct stat file;

        if (how.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) {
                how.rows = size.ws_row;
                how.columns = size.ws_col;
        }
        how.interrupted = w->interrupted && w->command;
        how.time_limit = w->time_limit && w->command;
        how.lost_error = w->lost_error;
        how.records = w->file ? w->cli->out : NULL;
        if (how.records && stat(how.records, &file) == 0 && S_ISREG(file.st_mode))
                how.records_bytes = file.st_size;
        if (w->file && denet_sink_lost(w->file) > 0)
                w->report.lost_records = (int64_t)denet_sink_lost(w->file);
        dn_text_put_char(&text, '\n');
        dn_closing_write(&text, &w->report, &how);
        if (text.failed)
                dn_say("no memory for the summary; denet stats shows that of a file of records");
        else
                dn_write_all(STDERR_FILENO, dn_text_str(&text));
}

static int status_of(const struct dn_watch *w) {
        int code, number;

        if (!w->command)
                return DN_STATUS_OK;
        if (w->time_limit)
                return DN_STATUS_TIME_LIMIT;
        if (denet_status(w->stream, &code, &number) == 0 && (code >= 0 || number >= 0))
                return code >= 0 ? code : DN_STATUS_SIGNAL + number;
        return w->interrupted ? DN_STATUS_SIGNAL + SIGINT : DN_STATUS_OWN_ERROR;
}

/* The stream broke: the command is not to suffer for it. */
static int without_stream(struct dn_watch *w, int error) {
        int status = 0, code, number;

        dn_say("measuring ended early: %s; the command goes on", strerror(-error));
        if (!w->command)
                return DN_STATUS_OWN_ERROR;
        if (denet_status(w->stream, &code, &number) == 0 && (code >= 0 || number >= 0))
                return code >= 0 ? code : DN_STATUS_SIGNAL + number;
        while (waitpid((pid_t)denet_pid(w->stream), &status, 0) < 0)
                if (errno != EINTR)
                        return DN_STATUS_OWN_ERROR;
        return WIFEXITED(status) ? WEXITSTATUS(status) : DN_STATUS_SIGNAL + WTERMSIG(status);
}

int dn_watch_to_end(struct dn_watch *w) {
        int r, status;

        if (w->command)
                dn_signals_pass_to(w->stream);
        dn_display_begin(&w->display);
        r = pull(w);
        dn_display_leave(&w->display);
        status = r < 0 ? without_stream(w, r) : status_of(w);
        dn_signals_pass_to(NULL);
        if (w->survivors.n > 0)
                dn_say("interrupted; still running: %s", dn_text_cstr(&w->survivors));

        if (w->cli->stats && save_summary(w) < 0 && status == DN_STATUS_OK)
                status = DN_STATUS_OWN_ERROR;
        if (!w->cli->quiet && !w->cli->json)
                show_summary(w);
        return status;
}
