/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/pages.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/env/put.h"

#include <stdio.h>

enum { SIZES_MAX = 16, MEMINFO_MAX = 8192 };

static void put_total(struct dn_json *json, struct dn_str key, struct dn_str meminfo, struct dn_str name) {
        struct dn_str value;
        uint64_t kb;

        if (dn_str_value(&meminfo, name, &value) && dn_str_take_u64(&value, &kb))
                dn_json_key_i64(json, key, (int64_t)kb);
}

static void put_totals(struct dn_json *json, int proc) {
        dn_autotext struct dn_text meminfo = {0};

        (void)dn_file_append(proc, "meminfo", MEMINFO_MAX, &meminfo);
        put_total(json, DN_STR("total_kb"), dn_text_str(&meminfo), DN_STR("MemTotal"));
        put_total(json, DN_STR("swap_total_kb"), dn_text_str(&meminfo), DN_STR("SwapTotal"));
}

static int by_size(const void *a, const void *b) {
        uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

        return (first > second) - (first < second);
}

/* hugepages-2048kB: a directory for each size that the processor can do. */
static size_t list_sizes(int directory, uint64_t sizes_kb[SIZES_MAX]) {
        dn_autodir DIR *dir = dn_entries_of(dn_file_directory(directory, "."));
        const struct dirent *entry;
        size_t n = 0;

        while (dir && n < SIZES_MAX && (entry = readdir(dir))) {
                struct dn_str name = dn_str_of(entry->d_name), prefix;

                if (dn_str_cut(&name, '-', &prefix) && dn_str_equal(prefix, DN_STR("hugepages")) &&
                    dn_str_take_u64(&name, &sizes_kb[n]) && dn_str_equal(name, DN_STR("kB")))
                        n++;
        }
        qsort(sizes_kb, n, sizeof(*sizes_kb), by_size);
        return n;
}

static void put_size(struct dn_json *json, int directory, uint64_t size_kb) {
        char path[64];

        dn_json_object(json);
        dn_json_key_i64(json, DN_STR("size_kb"), (int64_t)size_kb);
        snprintf(path, sizeof(path), "hugepages-%llukB/nr_hugepages", (unsigned long long)size_kb);
        dn_env_put_number(json, DN_STR("total"), directory, path);
        snprintf(path, sizeof(path), "hugepages-%llukB/free_hugepages", (unsigned long long)size_kb);
        dn_env_put_number(json, DN_STR("free"), directory, path);
        dn_json_object_end(json);
}

static void put_huge_pages(struct dn_json *json, int sys) {
        dn_autoclose int directory = dn_file_directory(sys, "kernel/mm/hugepages");
        uint64_t sizes_kb[SIZES_MAX];
        size_t n = directory < 0 ? 0 : list_sizes(directory, sizes_kb);

        if (n == 0)
                return;
        dn_json_key(json, DN_STR("huge_pages"));
        dn_json_array(json);
        for (size_t i = 0; i < n; i++)
                put_size(json, directory, sizes_kb[i]);
        dn_json_array_end(json);
}

void dn_env_memory(struct dn_json *json, int proc, int sys) {
        struct dn_env_object object = dn_env_begin(json, DN_STR("memory"));

        put_totals(json, proc);
        dn_env_put_number(json, DN_STR("swappiness"), proc, "sys/vm/swappiness");
        dn_env_put_number(json, DN_STR("overcommit_memory"), proc, "sys/vm/overcommit_memory");
        dn_env_put_number(json, DN_STR("zone_reclaim_mode"), proc, "sys/vm/zone_reclaim_mode");
        dn_env_put_number(json, DN_STR("numa_balancing"), proc, "sys/kernel/numa_balancing");
        put_huge_pages(json, sys);
        dn_env_end(json, object);
}
