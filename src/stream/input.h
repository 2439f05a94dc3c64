/* SPDX-License-Identifier: GPL-3.0-or-later
 * The bytes of a saved file, those of a compressed one unpacked. What it is, its first bytes say, whatever its name. */
#pragma once
#include "host/module.h"

#include <sys/types.h>

struct dn_input {
        int fd; /* -1: closed, or memory */
        bool owned;
        uint64_t size, taken; /* bytes of the file; size 0: not known */
        struct dn_loaded loaded;
        void *codec;        /* NULL: it is not compressed */
        int error;          /* of the codec, to be said when what it made before is given out */
        char *held;         /* bytes of the file … */
        struct dn_str rest; /* … and those of them that are not given out yet */
};

/* "-" is standard input. 0 or -errno; -ELIBACC: compressed, and the codec is missing: `why` says what to do. */
int dn_input_open(struct dn_input *in, const char *path, struct dn_text *why);
/* Up to `room` bytes to `to`: how many; 0: the end, or where a compressed file breaks off; -errno; -EUCLEAN:
 * compressed, and damaged. */
ssize_t dn_input_read(struct dn_input *in, char *to, size_t room);
void dn_input_close(struct dn_input *in);
