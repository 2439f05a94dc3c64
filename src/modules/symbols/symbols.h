/* SPDX-License-Identifier: GPL-3.0-or-later
 * Addresses of a process to frames, by the symbols of the files that it maps, their debug files, the maps that a JIT
 * writes, and the kernel's names. Whatever is read is bounded, and may be hostile. One thread at a time may use an
 * object; different objects share nothing. Never on the sampling path: reading a large file takes tens of milliseconds.
 */
#pragma once
#include "modules/symbols/space.h"
#include "modules/symbols/stack.h"

struct dn_symbols;
struct dn_elf;

struct dn_symbols_settings {
        int debug_root;      /* where debug files are looked for (/usr/lib/debug), copied; -1: nowhere */
        size_t memory_limit; /* bytes of tables that are kept; what is asked for least recently goes. 0: 128 MiB */
        bool lines;          /* source files and lines too, where there is debug information */
};

int dn_symbols_new(const struct dn_symbols_settings *settings, struct dn_symbols **ret_symbols);
struct dn_symbols *dn_symbols_free(struct dn_symbols *symbols);

enum dn_frame_kind {
        DN_FRAME_UNKNOWN, /* no name: the file and the offset in it stand for it, or the bare address */
        DN_FRAME_USER,
        DN_FRAME_INLINED, /* the frame after it, outwards, holds its code */
        DN_FRAME_JIT,
        DN_FRAME_KERNEL,
};

/* Texts are places in the frames' texts; 0 is the empty one. */
struct dn_frame {
        enum dn_frame_kind kind;
        uint32_t name;   /* demangled */
        uint32_t file;   /* what is mapped there, its path */
        uint32_t source; /* of the line */
        uint32_t line;   /* 0: not known */
        uint64_t address;
        uint64_t offset; /* from where the function begins; without a name, in the file */
        struct dn_build_id build_id;
};

struct dn_frames {
        struct dn_frame *list; /* innermost first */
        uint32_t n, room;
        struct dn_text texts;
};

void dn_frames_free(struct dn_frames *frames);
static inline void dn_frames_reset(struct dn_frames *frames) {
        frames->n = 0;
        dn_text_reset(&frames->texts);
}
static inline const char *dn_frames_text(const struct dn_frames *frames, uint32_t place) {
        return place && frames->texts.p ? frames->texts.p + place : "";
}

/* What stands for the frame in a list: its name, or file+0xoffset, or 0xaddress. */
void dn_frame_put(struct dn_text *text, const struct dn_frames *frames, const struct dn_frame *frame);

/* Appends the frames of a user stack. Where the process still runs and an address lies nowhere, its maps are read once
 * more. 0 or -ENOMEM: what has no name is a frame all the same. */
int dn_symbols_frames(struct dn_symbols *symbols, struct dn_space *space, const struct dn_stack *stack,
                      struct dn_frames *frames);

/* Appends the frames of a kernel stack, by /proc/kallsyms, where that shows addresses. 0 or -ENOMEM. */
int dn_symbols_kernel(struct dn_symbols *symbols, const struct dn_stack *stack, struct dn_frames *frames);

/* Appends one frame; texts are kept first. 0 or -ENOMEM. */
int dn_frames_add(struct dn_frames *frames, const struct dn_frame *frame);

/* Keeps a text, made valid UTF-8; returns its place. */
uint32_t dn_frames_keep(struct dn_frames *frames, struct dn_str text);

/* Appends one frame whose name is known already (the kernel's, as BPF printed it: "name+0x1f/0x40"). 0 or -ENOMEM. */
int dn_frames_add_named(struct dn_frames *frames, enum dn_frame_kind kind, uint64_t address, struct dn_str name);

/* Opens what is mapped, while the process is there, so that its stacks have names after it has gone too. 0 or -ENOMEM;
 * what cannot be opened is left out. */
int dn_symbols_learn(struct dn_symbols *symbols, struct dn_space *space);

/* Where the address lies; a process that still runs is asked once more where nothing is known to be. NULL: nowhere. */
const struct dn_mapping *dn_symbols_mapping(struct dn_space *space, uint64_t address);

/* The name of what the process made at the address at run time, and where it begins; the space's, until the next call.
 * False: it told nobody. */
bool dn_symbols_jit(struct dn_space *space, uint64_t address, struct dn_str *ret_name, uint64_t *ret_start);

/* The file that is mapped there, opened; it is the symbols', until the next call. NULL where there is none. */
struct dn_elf *dn_symbols_elf(struct dn_symbols *symbols, struct dn_space *space, const struct dn_mapping *mapping);
