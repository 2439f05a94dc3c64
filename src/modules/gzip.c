/* SPDX-License-Identifier: GPL-3.0-or-later
 * gzip, by zlib. */
#include "base/guard.h"
#include "modules/module.h"

#include <limits.h>
#include <zlib.h>

struct gzip {
        z_stream z;
        bool write;
        bool between; /* reading: a member has ended, and nothing else has begun */
};

enum { GZIP = 15 + 16 }; /* zlib's way to say: the largest window, and gzip's head and foot */

static void gzip_close(void *state) {
        struct gzip *g = state;

        if (g->write)
                deflateEnd(&g->z);
        else
                inflateEnd(&g->z);
        free(g);
}

static int gzip_open(void **ret_state, bool write) {
        struct gzip *g = calloc(1, sizeof(*g));
        int r = Z_MEM_ERROR;

        if (g)
                r = write ? deflateInit2(&g->z, 1, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) : inflateInit2(&g->z, GZIP);
        if (r != Z_OK) {
                free(g);
                return -ENOMEM;
        }
        g->write = write;
        *ret_state = g;
        return 0;
}

/* As gzip(1), zeros behind the last member are let through: tapes and disks pad with them. */
static int past_padding(struct gzip *g) {
        while (g->z.avail_in > 0 && *g->z.next_in == 0) {
                g->z.next_in++;
                g->z.avail_in--;
        }
        if (g->z.avail_in == 0)
                return 0;
        g->between = false;
        return inflateReset(&g->z) == Z_OK ? 1 : -EUCLEAN;
}

static int unpack(struct gzip *g) {
        int r = g->between ? past_padding(g) : 1;

        if (r <= 0)
                return r;
        r = inflate(&g->z, Z_NO_FLUSH);
        if (r == Z_STREAM_END)
                g->between = true;
        if (r == Z_MEM_ERROR)
                return -ENOMEM;
        if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
                return -EUCLEAN;
        return g->z.avail_in > 0 || g->z.avail_out == 0;
}

static int pack(struct gzip *g, int how) {
        static const int flushes[] = {
                [DN_CODEC_MORE] = Z_NO_FLUSH, [DN_CODEC_FLUSH] = Z_SYNC_FLUSH, [DN_CODEC_END] = Z_FINISH};
        int r = deflate(&g->z, flushes[how]);

        return how == DN_CODEC_END ? r != Z_STREAM_END : g->z.avail_in > 0 || g->z.avail_out == 0;
}

static int gzip_step(void *state, struct dn_str *in, int how, char *out, size_t room, size_t *ret_n) {
        struct gzip *g = state;
        uInt given = in->n < UINT_MAX ? (uInt)in->n : UINT_MAX, space = room < UINT_MAX ? (uInt)room : UINT_MAX;
        int r;

        g->z.next_in = (Bytef *)(uintptr_t)in->p; /* zlib only reads it */
        g->z.avail_in = given;
        g->z.next_out = (Bytef *)out;
        g->z.avail_out = space;
        r = g->write ? pack(g, how) : unpack(g);
        *ret_n = space - g->z.avail_out;
        given -= g->z.avail_in;
        *in = (struct dn_str){in->p + given, in->n - given};
        return r == 0 && in->n > 0 ? 1 : r;
}

static const struct dn_codec codec = {gzip_open, gzip_step, gzip_close};

DN_MODULE(gzip) = {.layout = DN_MODULE_LAYOUT, .name = "gzip", .codec = &codec};
