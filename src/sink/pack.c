/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/pack.h"
#include "host/clock.h"

#include <errno.h>

static const int64_t second_ns = 1000000000;
enum { STEP = 64 * 1024 };

const char *dn_pack_codec(struct dn_str *path) {
        static const struct {
                struct dn_str ending;
                const char *codec;
        } codecs[] = {{DN_STR(".zst"), "zstd"}, {DN_STR(".gz"), "gzip"}};

        for (size_t i = 0; i < DN_COUNT(codecs); i++)
                if (dn_str_ends(*path, codecs[i].ending)) {
                        path->n -= codecs[i].ending.n;
                        return codecs[i].codec;
                }
        return NULL;
}

int dn_pack_open(struct dn_pack *pack, const char *codec, struct dn_text *why) {
        int r = dn_module_open(&pack->loaded, codec, why);

        if (r < 0)
                return r;
        r = pack->loaded.module->codec->open(&pack->state, true);
        if (r < 0)
                dn_module_close(&pack->loaded);
        return r;
}

/* Bytes into the codec, and what comes out of it to what is to be written. */
static int step(struct dn_pack *pack, struct dn_str bytes, int how) {
        int r = 1;

        while (r > 0) {
                char *room = dn_text_reserve(&pack->made, STEP);
                size_t n;

                if (!room) {
                        r = -ENOMEM;
                        break;
                }
                r = pack->loaded.module->codec->step(pack->state, &bytes, how, room, STEP, &n);
                pack->made.n += n;
        }
        pack->broken |= r < 0;
        return r;
}

static int send(struct dn_pack *pack, struct dn_output *out) {
        struct dn_str rest = {pack->made.p + pack->sent, pack->made.n - pack->sent};
        size_t done = 0;
        int r = rest.n ? dn_output_push(out, rest, &done) : 0;

        pack->sent += done;
        if (pack->sent == pack->made.n) {
                pack->sent = 0;
                dn_text_reset(&pack->made);
        }
        return r;
}

int dn_pack_put(struct dn_pack *pack, struct dn_output *out, struct dn_str bytes, bool last) {
        int64_t now_ns = dn_clock_mono_ns();
        int r = pack->broken ? -ENOMEM : send(pack, out);

        if (r == 0)
                r = step(pack, bytes, DN_CODEC_MORE);
        if (r == 0 && (last || now_ns - pack->flushed_ns >= second_ns)) {
                r = step(pack, (struct dn_str){"", 0}, DN_CODEC_FLUSH);
                pack->flushed_ns = now_ns;
        }
        if (r == 0)
                (void)send(pack, out); /* it was taken; the next one, or the end, says what is wrong */
        return r;
}

int dn_pack_close(struct dn_pack *pack, struct dn_output *out, bool begun) {
        int r = 0;

        if (begun && !pack->broken)
                r = step(pack, (struct dn_str){"", 0}, DN_CODEC_END);
        if (r == 0 && out)
                r = pack->broken ? -ENOMEM : send(pack, out);
        pack->loaded.module->codec->close(pack->state);
        dn_module_close(&pack->loaded);
        dn_text_free(&pack->made);
        return r;
}
