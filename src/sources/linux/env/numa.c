/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/numa.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/env/cpus.h"

#include <stdio.h>

static int append_node_file(int sys, int node, const char *name, struct dn_text *text) {
        char path[64];

        snprintf(path, sizeof(path), "devices/system/node/node%d/%s", node, name);
        return dn_file_append(sys, path, 65536, text);
}

/* One row: the node's distance to each node online, in their order. */
static bool put_distances(struct dn_json *json, int sys, int node, int nodes) {
        dn_autotext struct dn_text file = {0};
        struct dn_str rest;
        uint64_t distance;
        int n = 0;

        if (append_node_file(sys, node, "distance", &file) < 0)
                return false;
        rest = dn_text_str(&file);
        dn_json_array(json);
        for (; dn_str_take_u64(&rest, &distance); n++)
                dn_json_u64(json, distance);
        dn_json_array_end(json);
        return n == nodes;
}

/* Of its meminfo, "Node 0 MemTotal:  6123456 kB". */
static bool put_size(struct dn_json *json, int sys, int node, int nodes) {
        dn_autotext struct dn_text file = {0};
        struct dn_str rest, word;
        uint64_t kb;

        (void)nodes;
        if (append_node_file(sys, node, "meminfo", &file) < 0)
                return false;
        rest = dn_text_str(&file);
        while (dn_str_word(&rest, &word))
                if (dn_str_equal(word, DN_STR("MemTotal:"))) {
                        if (!dn_str_take_u64(&rest, &kb))
                                return false;
                        dn_json_u64(json, kb / 1024);
                        return true;
                }
        return false;
}

/* An element for each node, or no such key. */
static void put_each(struct dn_json *json, struct dn_str key, int sys, const struct dn_cpus *online,
                     bool (*put)(struct dn_json *json, int sys, int node, int nodes)) {
        size_t before = json->text->n;
        bool comma = json->comma;
        int nodes = dn_cpus_count(online);

        dn_json_key(json, key);
        dn_json_array(json);
        for (int node = dn_cpus_next(online, 0); node >= 0; node = dn_cpus_next(online, node + 1))
                if (!put(json, sys, node, nodes)) {
                        json->text->n = before;
                        json->comma = comma;
                        return;
                }
        dn_json_array_end(json);
}

void dn_env_numa(struct dn_json *json, int sys) {
        struct dn_cpus online;

        if (dn_cpus_read(sys, "devices/system/node/online", &online) < 0 || dn_cpus_next(&online, 0) < 0)
                return;
        dn_json_key(json, DN_STR("numa"));
        dn_json_object(json);
        dn_json_key_i64(json, DN_STR("nodes"), dn_cpus_count(&online));
        put_each(json, DN_STR("distances"), sys, &online, put_distances);
        put_each(json, DN_STR("node_sizes_mb"), sys, &online, put_size);
        dn_json_object_end(json);
}
