/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/kernel.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/env.h"

/* All of a small file, trimmed. */
static int append_trimmed(int directory, const char *path, struct dn_text *text) {
        dn_autotext struct dn_text file = {0};
        int r = dn_file_append(directory, path, 65536, &file);
        struct dn_str s = dn_str_trim(dn_text_str(&file));

        if (r < 0)
                return r;
        if (s.n == 0)
                return -ENODATA;
        dn_text_put(text, s);
        return text->failed ? -ENOMEM : 0;
}

static void put_file(struct dn_json *json, struct dn_str key, int directory, const char *path) {
        dn_autotext struct dn_text value = {0};

        if (append_trimmed(directory, path, &value) == 0)
                dn_json_key_string(json, key, dn_text_str(&value));
}

int dn_hostname(int proc, struct dn_text *text) {
        return append_trimmed(proc, "sys/kernel/hostname", text);
}

void dn_env_host(struct dn_json *json, int proc) {
        put_file(json, DN_STR("host"), proc, "sys/kernel/hostname");
}

void dn_env_kernel(struct dn_json *json, int proc) {
        put_file(json, DN_STR("kernel"), proc, "sys/kernel/osrelease");
}

void dn_env_thp(struct dn_json *json, int sys) {
        put_file(json, DN_STR("thp_enabled"), sys, "kernel/mm/transparent_hugepage/enabled");
}

void dn_env_cgroup(struct dn_json *json, int proc) {
        put_file(json, DN_STR("cgroup"), proc, "self/cgroup");
}
