/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_cgroup.h"

#include <errno.h>

/* Of the lines "key number". Beyond 2^61 it is none: sums and units then fit. */
static bool take(struct dn_str file, struct dn_str key, uint64_t *ret_value) {
        struct dn_str line, word;
        uint64_t value;

        while (dn_str_cut(&file, '\n', &line))
                if (dn_str_word(&line, &word) && dn_str_equal(word, key)) {
                        if (!dn_str_u64(dn_str_trim(line), &value) || value >> 61)
                                return false;
                        *ret_value = value;
                        return true;
                }
        return false;
}

int dn_cgroup_cpu_parse(struct dn_str file, struct dn_cgroup_cpu *ret_cpu) {
        struct dn_cgroup_cpu cpu = {0};

        if (!take(file, DN_STR("usage_usec"), &cpu.usage_usec) || !take(file, DN_STR("user_usec"), &cpu.user_usec) ||
            !take(file, DN_STR("system_usec"), &cpu.system_usec))
                return -EBADMSG;
        cpu.limited = take(file, DN_STR("nr_throttled"), &cpu.nr_throttled) &&
                      take(file, DN_STR("throttled_usec"), &cpu.throttled_usec);
        *ret_cpu = cpu;
        return 0;
}

int dn_cgroup_throttled_parse(struct dn_str file, uint64_t *ret_count, uint64_t *ret_usec) {
        uint64_t count, ns;

        if (!take(file, DN_STR("nr_throttled"), &count) || !take(file, DN_STR("throttled_time"), &ns))
                return -EBADMSG;
        *ret_count = count;
        *ret_usec = ns / 1000;
        return 0;
}

int dn_cgroup_cpuacct_parse(struct dn_str file, uint64_t *ret_user_ticks, uint64_t *ret_system_ticks) {
        uint64_t user, system;

        if (!take(file, DN_STR("user"), &user) || !take(file, DN_STR("system"), &system))
                return -EBADMSG;
        *ret_user_ticks = user;
        *ret_system_ticks = system;
        return 0;
}

int dn_cgroup_number_parse(struct dn_str file, uint64_t *ret_number) {
        uint64_t number;

        if (!dn_str_u64(dn_str_trim(file), &number) || number >> 61)
                return -EBADMSG;
        *ret_number = number;
        return 0;
}

int dn_cgroup_oom_kills_parse(struct dn_str file, uint64_t *ret_kills) {
        return take(file, DN_STR("oom_kill"), ret_kills) ? 0 : -EBADMSG;
}

int dn_cgroup_refused_parse(struct dn_str file, uint64_t *ret_refused) {
        return take(file, DN_STR("max"), ret_refused) ? 0 : -EBADMSG;
}

int dn_cgroup_page_cache_parse(struct dn_str file, uint64_t *ret_bytes) {
        uint64_t cache, shared;

        if (!(take(file, DN_STR("total_cache"), &cache) && take(file, DN_STR("total_shmem"), &shared)) &&
            !(take(file, DN_STR("file"), &cache) && take(file, DN_STR("shmem"), &shared)))
                return -EBADMSG;
        *ret_bytes = cache > shared ? cache - shared : 0;
        return 0;
}

static bool take_device(struct dn_str word, uint64_t *ret_major, uint64_t *ret_minor) {
        struct dn_str major;

        return dn_str_cut(&word, ':', &major) && dn_str_u64(major, ret_major) && dn_str_u64(word, ret_minor);
}

static bool take_blkio(struct dn_str line, struct dn_cgroup_blkio *ret_blkio) {
        struct dn_cgroup_blkio b = {0};
        struct dn_str device, what;

        if (!dn_str_word(&line, &device) || !take_device(device, &b.major, &b.minor) || !dn_str_word(&line, &what))
                return false;
        b.write = dn_str_equal(what, DN_STR("Write"));
        if (!b.write && !dn_str_equal(what, DN_STR("Read")))
                return false;
        if (!dn_str_u64(dn_str_trim(line), &b.value) || b.value >> 58)
                return false;
        *ret_blkio = b;
        return true;
}

bool dn_cgroup_blkio_next(struct dn_str *rest, struct dn_cgroup_blkio *ret_blkio) {
        struct dn_str line;

        while (dn_str_cut(rest, '\n', &line))
                if (take_blkio(line, ret_blkio))
                        return true;
        return false;
}

static bool take_io(struct dn_str line, struct dn_cgroup_io *ret_io) {
        struct dn_cgroup_io io = {0};
        struct {
                struct dn_str key;
                uint64_t *value;
                bool met;
        } numbers[] = {
                {DN_STR("rbytes"), &io.rbytes, false},
                {DN_STR("wbytes"), &io.wbytes, false},
                {DN_STR("rios"), &io.rios, false},
                {DN_STR("wios"), &io.wios, false},
        };
        struct dn_str word, key;

        if (!dn_str_word(&line, &word) || !take_device(word, &io.major, &io.minor))
                return false;
        while (dn_str_word(&line, &word)) {
                if (!dn_str_cut(&word, '=', &key))
                        return false;
                for (size_t i = 0; i < DN_COUNT(numbers); i++)
                        if (dn_str_equal(key, numbers[i].key))
                                numbers[i].met = dn_str_u64(word, numbers[i].value) && !(*numbers[i].value >> 58);
        }
        for (size_t i = 0; i < DN_COUNT(numbers); i++)
                if (!numbers[i].met)
                        return false;
        *ret_io = io;
        return true;
}

bool dn_cgroup_io_next(struct dn_str *rest, struct dn_cgroup_io *ret_io) {
        struct dn_str line;

        while (dn_str_cut(rest, '\n', &line))
                if (take_io(line, ret_io))
                        return true;
        return false;
}
