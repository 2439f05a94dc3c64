/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lines of /proc/PID/mountinfo, proc_pid_mountinfo(5). Names are the kernel's own bytes: a blank in one is \040. */
#pragma once
#include "base/text.h"

struct dn_mount {
        uint64_t major, minor;     /* of the device, 0:N where there is none */
        struct dn_str root, point; /* what of the file system is to be seen where */
        struct dn_str options;     /* of this mount: rw,noatime … */
        struct dn_str type, source;
        struct dn_str super_options; /* of the file system; of a cgroup hierarchy its controllers too */
};

/* 0, or -EBADMSG; *ret_mount is then untouched. */
int dn_mount_parse(struct dn_str line, struct dn_mount *ret_mount);

/* The mount that a path (absolute, without links) lies in: of those whose point is the longest the last, which hides
 * the others. False where there is none. */
bool dn_mount_of(struct dn_str mountinfo, struct dn_str path, struct dn_mount *ret_mount);

/* Appends a name as it is, its escapes undone. */
void dn_mount_put_name(struct dn_text *text, struct dn_str name);
