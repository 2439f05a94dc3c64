/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the parts of the env record are written with: files of one short line, as most of /sys are, and objects that are
 * only there where something is in them. */
#pragma once
#include "base/json_write.h"

enum { DN_ENV_LINE = 256 };

/* What it holds, trimmed, in the buffer; empty where it cannot be read. */
struct dn_str dn_env_line(int directory, const char *path, char buffer[DN_ENV_LINE]);

/* The same as a key, text or whole number; none where it is empty, or no number. */
void dn_env_put_line(struct dn_json *json, struct dn_str key, int directory, const char *path);
void dn_env_put_number(struct dn_json *json, struct dn_str key, int directory, const char *path);

struct dn_env_object {
        size_t before, begun;
        bool comma;
};
struct dn_env_object dn_env_begin(struct dn_json *json, struct dn_str key);
void dn_env_end(struct dn_json *json, struct dn_env_object object); /* an empty one is taken back, its key too */
