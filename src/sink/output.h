/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whole records to a descriptor: each in one write(2), finished if the kernel takes only a part. A record that does not
 * go out whole leaves no piece in a regular file. */
#pragma once
#include "base/str.h"

struct dn_output {
        int fd;
        bool owned;   /* closed, and a file that was created for nothing removed, by dn_output_close */
        bool created; /* the file was not there before */
        bool regular;
        bool begun; /* something was written: an old content is gone */
        bool torn;  /* a piece of a record stands at the end: the next one begins on a line of its own */
        char *path; /* of what is owned */
};

/* Opens or creates the file for writing; what it held stands until the first write. 0 or -errno. */
int dn_output_open(struct dn_output *out, const char *path);
void dn_output_borrow(struct dn_output *out, int fd);
/* All of it or nothing. 0, or -ENOSPC, -EDQUOT, -EPIPE, -EIO … EINTR and EAGAIN are waited out. */
int dn_output_put(struct dn_output *out, struct dn_str bytes);
/* A line and its newline likewise, without a copy. */
int dn_output_put_line(struct dn_output *out, struct dn_str line);
/* As much of it as goes out, for bytes that are no records: the caller keeps the rest. `*ret_done` counts those that
 * went, also where there is an error. */
int dn_output_push(struct dn_output *out, struct dn_str bytes, size_t *ret_done);
int dn_output_close(struct dn_output *out);
