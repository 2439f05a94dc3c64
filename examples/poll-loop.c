/* SPDX-License-Identifier: GPL-3.0-or-later
 * denet inside a program that has a poll() loop of its own.
 *
 *         poll-loop COMMAND [ARGUMENT…]
 *
 * Starts the command and prints a line for each sample: seconds, CPU use, resident memory. Meanwhile it listens to its
 * standard input: a new line asks for a sample at once, a q ends the command.
 *
 *         cc poll-loop.c $(pkg-config --cflags --libs denet) -o poll-loop
 */
#include <denet/denet.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A field's id is looked up once; a value is then an index away. */
struct fields {
        int cpu_usage, mem_rss_kb;
};

static void print_number(const denet_row *row, int field, const char *unit) {
        double number;

        /* Not every system tells everything: what is not known is -ENODATA, never 0. */
        if (row && denet_row_number(row, field, &number) == 0)
                printf("  %10.1f %s", number, unit);
        else
                printf("  %10s %s", "?", unit);
}

static void print_tree(const denet_record *record, const struct fields *fields) {
        static int64_t first_ms = -1;
        int64_t now_ms = denet_record_ts_ms(record);
        const denet_row *whole = denet_record_row(record, DENET_WHOLE, 0);

        if (first_ms < 0)
                first_ms = now_ms;
        printf("%8.3f s", (double)(now_ms - first_ms) / 1000);
        print_number(whole, fields->cpu_usage, "% CPU");
        print_number(whole, fields->mem_rss_kb, "KiB");
        putchar('\n');
        fflush(stdout);
}

/* Takes every record that is there by now. 1: more will come. 0: that was the end. Or a negative errno value. */
static int take_records(denet *d, const struct fields *fields) {
        const denet_record *record;
        int r;

        while ((r = denet_next(d, 0, &record)) > 0)
                if (denet_record_kind(record) == DENET_TREE)
                        print_tree(record, fields);
        return r == -EAGAIN || r == -EINTR ? 1 : r;
}

/* What the user has typed. 1: listen on. 0: nothing more will come. */
static int take_input(denet *d) {
        char typed[256];
        ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));

        if (n <= 0)
                return n < 0 && errno == EINTR;
        for (ssize_t i = 0; i < n; i++)
                if (typed[i] == 'q')
                        denet_stop(d); /* the end comes by way of denet_next, as always */
                else if (typed[i] == '\n')
                        denet_sample(d);
        return 1;
}

static int loop(denet *d, const struct fields *fields) {
        struct pollfd sources[] = {
                {.fd = (int)denet_fd(d), .events = POLLIN},
                {.fd = STDIN_FILENO, .events = POLLIN},
        };
        int r = 1;

        while (r > 0) {
                /* A poll of one's own needs no timeout for denet: its descriptor turns readable when a sample is due.
                 */
                if (poll(sources, 2, -1) < 0 && errno != EINTR)
                        return -errno;
                if (sources[1].revents && !take_input(d))
                        sources[1].fd = -1;
                if (sources[0].revents)
                        r = take_records(d, fields);
        }
        return r;
}

static int report(const denet *d) {
        int code, signal;

        if (denet_status(d, &code, &signal) < 0) {
                fprintf(stderr, "poll-loop: how the command ended is not known\n");
                return 1;
        }
        if (signal >= 0)
                printf("ended by signal %d\n", signal);
        else
                printf("ended with status %d\n", code);
        return signal >= 0 ? 128 + signal : code;
}

int main(int argc, char **argv) {
        /* The standard input is ours: the command gets an empty one. */
        int stdio[] = {open("/dev/null", O_RDONLY | O_CLOEXEC), STDOUT_FILENO, STDERR_FILENO};
        denet_options options = {.struct_size = sizeof(options), .interval_ms = 200, .stdio = stdio};
        struct fields fields = {denet_field_id("cpu_usage"), denet_field_id("mem_rss_kb")};
        denet_error error;
        denet *d;
        int r, status = 125;

        if (argc < 2) {
                fprintf(stderr, "usage: poll-loop COMMAND [ARGUMENT...]\n");
                return 2;
        }
        if (denet_run(&d, &options, argv + 1, &error) < 0) {
                fprintf(stderr, "poll-loop: %s\n", error.text);
                return 125;
        }
        r = loop(d, &fields);
        if (r < 0)
                fprintf(stderr, "poll-loop: %s\n", strerror(-r));
        else
                status = report(d);
        denet_free(d);
        close(stdio[0]);
        return status;
}
