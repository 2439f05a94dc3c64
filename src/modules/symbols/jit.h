/* SPDX-License-Identifier: GPL-3.0-or-later
 * The names of code that a process made at run time, as it wrote them to /tmp/perf-PID.map: `START SIZE NAME` a line,
 * the numbers in hexadecimal. Anybody may put such a file there, so that one is believed of the process's own user
 * alone, and is bounded. */
#pragma once
#include "base/text.h"

#include <sys/types.h>

struct dn_jit;

enum {
        DN_JIT_ENTRIES = 1 << 20,    /* of one process; further ones are not read */
        DN_JIT_FILE_MAX = 128 << 20, /* bytes of it */
        DN_JIT_NAME_MAX = 1024,      /* bytes; longer names are cut */
};

/* One line without its newline. 0, or -EBADMSG; the results are then untouched. */
int dn_jit_parse(struct dn_str line, uint64_t *ret_start, uint64_t *ret_size, struct dn_str *ret_name);

int dn_jit_new(struct dn_jit **ret_jit);
struct dn_jit *dn_jit_free(struct dn_jit *jit);

/* More of the file; whole lines. What is no such line is passed over. 0 or -ENOMEM. */
int dn_jit_add(struct dn_jit *jit, struct dn_str lines);

/* What the file has that was not read yet; a file that is another one by now, from its start. `root` is the root
 * directory of the process. 0; -ENOENT: there is none; -EPERM: it is not the process's; -EFBIG; -errno. */
int dn_jit_read(struct dn_jit *jit, int root, pid_t inner_pid, uid_t uid);

/* The name of what was made last at the address; it is the jit's, until it changes. False where there is none. */
bool dn_jit_find(struct dn_jit *jit, uint64_t address, struct dn_str *ret_name, uint64_t *ret_start);

size_t dn_jit_bytes(const struct dn_jit *jit);
