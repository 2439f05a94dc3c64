/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/filesystem.h"
#include "base/file.h"
#include "base/guard.h"
#include "host/mountinfo.h"
#include "sources/linux/env/put.h"

#include <stdio.h>

/* A partition has no queue of its own, but its disk's. */
static bool is_rotational(int sys, const struct dn_mount *m, bool *ret_rotational) {
        char path[96];
        uint64_t value;

        for (int of_disk = 0; of_disk < 2; of_disk++) {
                snprintf(path, sizeof(path), "dev/block/%llu:%llu/%squeue/rotational", (unsigned long long)m->major,
                         (unsigned long long)m->minor, of_disk ? "../" : "");
                if (dn_file_u64(sys, path, &value) == 0) {
                        *ret_rotational = value != 0;
                        return true;
                }
        }
        return false;
}

static void put_name(struct dn_json *json, struct dn_str key, struct dn_str name) {
        dn_autotext struct dn_text text = {0};

        dn_mount_put_name(&text, name);
        dn_json_key_string(json, key, dn_text_str(&text));
}

static void put_mount(struct dn_json *json, struct dn_str key, int sys, struct dn_str mountinfo, const char *path) {
        struct dn_mount m;
        bool rotational;

        if (!path || !dn_mount_of(mountinfo, dn_str_of(path), &m))
                return;
        dn_json_key(json, key);
        dn_json_object(json);
        dn_json_key_string(json, DN_STR("type"), m.type);
        put_name(json, DN_STR("mount_point"), m.point);
        dn_json_key_string(json, DN_STR("options"), m.options);
        if (dn_str_starts(m.source, DN_STR("/dev/")))
                put_name(json, DN_STR("device"), m.source);
        if (is_rotational(sys, &m, &rotational))
                dn_json_key_bool(json, DN_STR("rotational"), rotational);
        dn_json_object_end(json);
}

void dn_env_file_systems(struct dn_json *json, int proc, int sys, const char *directory, const char *output) {
        enum { MOUNTS_MAX = 8 << 20 };
        dn_autotext struct dn_text mountinfo = {0};
        struct dn_env_object object = dn_env_begin(json, DN_STR("file_systems"));

        (void)dn_file_append(proc, "self/mountinfo", MOUNTS_MAX, &mountinfo);
        put_mount(json, DN_STR("working_directory"), sys, dn_text_str(&mountinfo), directory);
        put_mount(json, DN_STR("output"), sys, dn_text_str(&mountinfo), output);
        dn_env_end(json, object);
}
