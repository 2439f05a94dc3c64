/* SPDX-License-Identifier: GPL-3.0-or-later
 * Zstandard. */
#include "base/guard.h"
#include "modules/module.h"

#include <zstd.h>
#include <zstd_errors.h>

/* One of the two. */
struct zstd {
        ZSTD_DCtx *from;
        ZSTD_CCtx *to;
};

static void zstd_close(void *state) {
        struct zstd *z = state;

        ZSTD_freeDCtx(z->from);
        ZSTD_freeCCtx(z->to);
        free(z);
}

static int zstd_open(void **ret_state, bool write) {
        struct zstd *z = calloc(1, sizeof(*z));

        if (!z)
                return -ENOMEM;
        if (write)
                z->to = ZSTD_createCCtx();
        else
                z->from = ZSTD_createDCtx();
        if (!z->to && !z->from) {
                free(z);
                return -ENOMEM;
        }
        if (write) {
                ZSTD_CCtx_setParameter(z->to, ZSTD_c_compressionLevel, 3); /* as fast as 1, a quarter smaller */
                ZSTD_CCtx_setParameter(z->to, ZSTD_c_checksumFlag, 1);
        }
        *ret_state = z;
        return 0;
}

static int error_of(size_t result) {
        return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? -ENOMEM : -EUCLEAN;
}

static int zstd_step(void *state, struct dn_str *in, int how, char *out, size_t room, size_t *ret_n) {
        static const ZSTD_EndDirective ends[] = {
                [DN_CODEC_MORE] = ZSTD_e_continue, [DN_CODEC_FLUSH] = ZSTD_e_flush, [DN_CODEC_END] = ZSTD_e_end};
        struct zstd *z = state;
        ZSTD_inBuffer from = {.src = in->p, .size = in->n};
        ZSTD_outBuffer to = {.size = room};
        size_t r;

        to.dst = out;
        if (z->to)
                r = ZSTD_compressStream2(z->to, &to, &from, ends[how]);
        else
                r = ZSTD_decompressStream(z->from, &to, &from);
        *in = (struct dn_str){in->p + from.pos, in->n - from.pos};
        *ret_n = to.pos;
        if (ZSTD_isError(r))
                return error_of(r);
        if (z->to)
                return in->n > 0 || (how != DN_CODEC_MORE && r > 0);
        return in->n > 0 || to.pos == room;
}

static const struct dn_codec codec = {zstd_open, zstd_step, zstd_close};

DN_MODULE(zstd) = {.layout = DN_MODULE_LAYOUT, .name = "zstd", .codec = &codec};
