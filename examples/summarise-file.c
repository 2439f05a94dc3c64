/* SPDX-License-Identifier: GPL-3.0-or-later
 * The summary of a saved file, as JSON on standard output.
 *
 *         summarise-file FILE        - is standard input
 *
 *         cc summarise-file.c $(pkg-config --cflags --libs denet) -o summarise-file
 */
#include <denet/denet.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Adds every record of the file. 0, or a negative errno value. */
static int add_all(denet *d, denet_summary *summary) {
        const denet_record *record;
        int r;

        for (;;) {
                r = denet_next(d, -1, &record);
                if (r == -EBADMSG) /* one broken line is no reason to lose the others */
                        fprintf(stderr, "summarise-file: line %" PRIu64 " is left out\n", denet_line(d));
                else if (r <= 0 && r != -EINTR)
                        return r;
                else if (r > 0 && (r = denet_summary_add(summary, record)) < 0)
                        return r;
        }
}

static int summarise(denet *d) {
        denet_summary *summary = denet_summary_new();
        const char *json;
        int r = summary ? add_all(d, summary) : -ENOMEM;

        if (r == 0) {
                json = denet_summary_json(summary, NULL);
                r = json ? 0 : -ENOMEM;
                if (json)
                        puts(json);
        }
        denet_summary_free(summary);
        return r;
}

int main(int argc, char **argv) {
        denet_error error;
        denet *d;
        int r;

        if (argc != 2) {
                fprintf(stderr, "usage: summarise-file FILE\n");
                return 2;
        }
        if (denet_read(&d, NULL, argv[1], &error) < 0) {
                fprintf(stderr, "summarise-file: %s\n", error.text);
                return 1;
        }
        r = summarise(d);
        if (r < 0)
                fprintf(stderr, "summarise-file: %s: %s\n", argv[1], strerror(-r));
        denet_free(d);
        return r < 0;
}
