/* SPDX-License-Identifier: GPL-3.0-or-later
 * A system that nobody has told denet about. */
#include "sources/env.h"
#include "base/json_write.h"

#include <errno.h>

void dn_env_write(struct dn_text *text, const struct dn_env_roots *roots, int64_t unix_ms, const char *directory,
                  const char *output) {
        struct dn_json json = {.text = text};

        (void)roots;
        (void)directory;
        (void)output;
        dn_json_object(&json);
        dn_json_key_string(&json, DN_STR("kind"), DN_STR("env"));
        dn_json_key_i64(&json, DN_STR("ts_ms"), unix_ms);
        dn_json_object_end(&json);
}

int dn_hostname(int proc, struct dn_text *text) {
        (void)proc;
        (void)text;
        return -ENOSYS;
}

int64_t dn_memory_total_kb(int proc) {
        (void)proc;
        return -1;
}

int64_t dn_memory_limit_kb(int proc, int sys) {
        (void)proc;
        (void)sys;
        return -1;
}

int64_t dn_cores_limit_milli(int proc, int sys) {
        (void)proc;
        (void)sys;
        return -1;
}

int64_t dn_usable_cores(void) {
        return 0;
}
