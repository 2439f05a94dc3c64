/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stream/stream.h"
#include "host/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int dn_fail(denet_error *error, int code, const char *format, ...) {
        va_list args;

        if (!error)
                return code;
        error->code = code;
        va_start(args, format);
        vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
        return code;
}

int dn_no_memory(denet_error *error) {
        return dn_fail(error, -ENOMEM, "no memory; end other programs, or raise the limit (ulimit -v)");
}

void dn_stream_debug(const struct denet *d, const char *format, ...) {
        char line[512];
        va_list args;

        if (!d->o.debug)
                return;
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        d->o.debug(d->o.user, line);
}

static int make_room(struct denet *d) {
        uint32_t room = d->queue_room ? d->queue_room * 2 : 16;
        struct dn_queued *queue;

        if (d->queue_n < d->queue_room)
                return 0;
        if (d->queue_at > 0) {
                d->queue_n -= d->queue_at;
                memmove(d->queue, d->queue + d->queue_at, d->queue_n * sizeof(*queue));
                d->queue_at = 0;
                return 0;
        }
        queue = realloc(d->queue, room * sizeof(*queue));
        if (!queue)
                return -ENOMEM;
        d->queue = queue;
        d->queue_room = room;
        return 0;
}

int dn_stream_queue(struct denet *d, const struct dn_queued *item) {
        if (make_room(d) < 0)
                return -ENOMEM;
        d->queue[d->queue_n++] = *item;
        return 0;
}

int dn_stream_queue_text(struct denet *d, int kind, int64_t unix_ms, struct dn_text *text) {
        struct dn_queued item = {.kind = kind, .unix_ms = unix_ms, .size = text->n};

        if (d->queue_n == 0)
                dn_text_reset(&d->texts);
        item.at = d->texts.n;
        dn_text_put_text(&d->texts, text);
        dn_text_put_char(&d->texts, '\0');
        dn_text_reset(text);
        if (!d->texts.failed && dn_stream_queue(d, &item) == 0)
                return 0;
        d->texts.n = item.at;
        d->texts.failed = false;
        return -ENOMEM;
}

/* A tree of many processes begins with a record of each. */
static void give_back(struct denet *d) {
        enum { USUAL_RECORDS = 64, USUAL_TEXTS = 65536 };

        if (d->texts.room > USUAL_TEXTS)
                dn_text_free(&d->texts);
        if (d->queue_room <= USUAL_RECORDS)
                return;
        free(d->queue);
        d->queue = NULL;
        d->queue_room = 0;
}

static bool pull(struct denet *d) {
        struct dn_queued item;

        if (d->queue_at == d->queue_n)
                return false;
        item = d->queue[d->queue_at++];
        if (d->queue_at == d->queue_n) {
                d->queue_at = d->queue_n = 0;
                if (item.size == 0)
                        give_back(d);
        }
        d->record = (denet_record){
                .kind = item.kind,
                .unix_ms = item.unix_ms,
                .sample = item.sample,
                .exit = item.exit,
                .text = {item.size ? d->texts.p + item.at : NULL, item.size},
                .writer = d->writer,
        };
        return true;
}

/* What is left of a timeout that began at this moment. */
static int left_ms(int timeout_ms, int64_t began_ns) {
        int64_t gone_ms = (dn_clock_mono_ns() - began_ns) / 1000000;

        return timeout_ms < 0 ? -1 : gone_ms >= timeout_ms ? 0 : timeout_ms - (int)gone_ms;
}

static int next_live(struct denet *d, int timeout_ms) {
        int64_t began_ns = dn_clock_mono_ns();

        for (;;) {
                int r = dn_session_dispatch(d);

                if (r < 0)
                        return r;
                if (pull(d))
                        return 1;
                if (d->done)
                        return 0;
                r = left_ms(timeout_ms, began_ns);
                if (r == 0)
                        return -EAGAIN;
                r = dn_loop_wait(&d->loop, r);
                if (r < 0)
                        return r;
        }
}

int denet_next(denet *d, int timeout_ms, const denet_record **ret_record) {
        int r = pull(d) ? 1 : d->mode == DN_MODE_SAVED ? dn_saved_next(d) : d->done ? 0 : next_live(d, timeout_ms);

        if (d->mode != DN_MODE_SAVED && (d->queue_at < d->queue_n || d->done))
                dn_loop_arm(&d->loop, 0); /* there is more: denet_fd says so at once */
        if (r == 1)
                *ret_record = &d->record;
        return r;
}

intptr_t denet_fd(const denet *d) {
        return d->mode == DN_MODE_SAVED ? -ENOTSUP : d->loop.fd;
}

denet *denet_free(denet *d) {
        if (!d)
                return NULL;
        free(d->queue);
        dn_text_free(&d->texts);
        if (d->mode == DN_MODE_SAVED)
                dn_saved_close(d->saved);
        else
                dn_session_close(d);
        free(d);
        return NULL;
}
