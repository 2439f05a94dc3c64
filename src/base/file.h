/* SPDX-License-Identifier: GPL-3.0-or-later
 * Small files, read whole, below a held directory. */
#pragma once
#include "base/text.h"

/* A descriptor of a directory, close-on-exec; or -errno. */
int dn_file_directory(int below, const char *path);

/* Reads at most room bytes. Returns their number, or -errno; a file that is longer is cut, without an error. */
int dn_file_read(int directory, const char *path, char *buffer, size_t room);

/* The same from a held descriptor, from its start. */
int dn_file_reread(int fd, char *buffer, size_t room);

/* All of it, appended to the text, at most limit bytes. 0 or -errno. */
int dn_file_append(int directory, const char *path, size_t limit, struct dn_text *text);

/* The same from a held descriptor, from where it stands. */
int dn_file_append_fd(int fd, size_t limit, struct dn_text *text);

/* The whole file is one number (blanks around it). 0, -errno, or -EBADMSG. */
int dn_file_u64(int directory, const char *path, uint64_t *ret_value);
