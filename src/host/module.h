/* SPDX-License-Identifier: GPL-3.0-or-later
 * Parts of denet that need a library besides libc: linked in, or shared objects of their own (denet-zstd.so), opened
 * when they are asked for. They lie beside the program or the library, as in a build tree, or where denet was
 * installed; for a program with raised rights only there. */
#pragma once
#include "base/text.h"

/* A codec works through what it is given at its own pace. All of its memory is its own; it keeps none of the caller's.
 */
enum dn_codec_how { DN_CODEC_MORE, DN_CODEC_FLUSH /* what is given can be read back now */, DN_CODEC_END };
struct dn_codec {
        int (*open)(void **ret_state, bool write); /* 0 or -ENOMEM */
        /* Cuts off the front of *in what it takes, puts at most `room` bytes to `out`, and says how many: also when it
         * fails. 1: call again before anything else; 0: all of *in was taken, and what `how` asks for is done. -ENOMEM;
         * reading, -EUCLEAN: the bytes are damaged. Reading, `how` says nothing. */
        int (*step)(void *state, struct dn_str *in, int how, char *out, size_t room, size_t *ret_n);
        void (*close)(void *state);
};

struct dn_bpf_loaded;
struct dn_source;
struct dn_target;

/* What a module exports, as dn_module_NAME. */
enum { DN_MODULE_LAYOUT = 3 }; /* moved on with any change of what stands here */
struct dn_module {
        uint32_t layout;
        const char *name;
        const struct dn_source *const *sources; /* NULL at the end, or NULL: none */
        const struct dn_codec *codec;           /* or NULL */
        uint64_t shape;                         /* of modules with sources: DN_SOURCE_SHAPE */
        /* Or NULL. Loads the sampler alone, for a process that gives its descriptors on and ends. 0; -errno, and `why`
         * where it is not the sampler's own programs that the kernel refuses. */
        int (*load_sampler)(struct dn_target *target, struct dn_bpf_loaded *ret_loaded, struct dn_text *why);
};

struct dn_loaded {
        const struct dn_module *module;
        void *handle; /* NULL: linked in */
};

/* 0; -ENOENT: it is not there; -ELIBACC: it cannot be opened; `why` says which file, and the reason. */
int dn_module_open(struct dn_loaded *ret_loaded, const char *name, struct dn_text *why);
void dn_module_close(struct dn_loaded *loaded);
