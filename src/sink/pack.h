/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes through a codec to an output. What the codec gives is written when it gives it; a block is ended where a second
 * has passed since the last one, so whoever kills the writer takes a second of records at most. What the output refuses
 * is kept and goes first the next time, and until it is gone nothing more is taken: the compressed stream has no hole.
 */
#pragma once
#include "host/module.h"
#include "sink/output.h"

struct dn_pack {
        struct dn_loaded loaded;
        void *state;         /* NULL: there is no codec */
        struct dn_text made; /* not written yet: from `sent` on */
        size_t sent;
        int64_t flushed_ns;
        bool broken; /* no memory in mid-stream: nothing can follow */
};

/* The codec that a path asks for by its last ending, that being cut off *path; NULL: none. */
const char *dn_pack_codec(struct dn_str *path);

int dn_pack_open(struct dn_pack *pack, const char *codec, struct dn_text *why); /* as dn_module_open; -ENOMEM */
/* 0, or why the bytes were left out, all of them. `last`: the block is ended in any case. */
int dn_pack_put(struct dn_pack *pack, struct dn_output *out, struct dn_str bytes, bool last);
/* Ends the stream, if one was begun (`out` may be NULL if not). An error: not all of it is written. Releases all. */
int dn_pack_close(struct dn_pack *pack, struct dn_output *out, bool begun);
