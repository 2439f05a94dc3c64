/* SPDX-License-Identifier: GPL-3.0-or-later
 * The cgroup of the job: its files are held open, and read once a second and at both ends. The kernel adds up all cores
 * and all that is below for each reading. */
#include "host/cgroup.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/cgroup_limits.h"
#include "sources/linux/parse_cgroup.h"
#include "sources/linux/sources.h"

#include <fcntl.h>
#include <stdio.h>

enum { DEVICES_MAX = 64 };

/* A block device, and whether what goes to it goes on to another, which counts it too. */
struct device {
        uint64_t major, minor;
        bool stacked;
};

struct reading {
        struct cgroup *cgroup;
        struct dn_row *row;
        uint32_t number;
        int field;
};

struct cgroup {
        int *fds; /* by file of the table; -1: there is none */
        struct device devices[DEVICES_MAX];
        uint32_t n_devices;
        struct dn_limits *limits;
        int64_t due_ns;
};

static void set(const struct reading *r, int field, uint64_t value) {
        dn_row_set(r->row, field, (int64_t)value, r->number);
}

/* ---------------------------------------------------------------------------------------------- one kind of file */

static void take_cpu(const struct reading *r, struct dn_str file) {
        struct dn_cgroup_cpu cpu;

        if (dn_cgroup_cpu_parse(file, &cpu) < 0)
                return;
        set(r, DN_CGROUP_cpu_secs, cpu.usage_usec);
        set(r, DN_CGROUP_user_secs, cpu.user_usec);
        set(r, DN_CGROUP_system_secs, cpu.system_usec);
        if (!cpu.limited)
                return;
        set(r, DN_CGROUP_cpu_throttled_secs, cpu.throttled_usec);
        set(r, DN_CGROUP_cpu_throttled_count, cpu.nr_throttled);
}

static void take_throttled(const struct reading *r, struct dn_str file) {
        uint64_t count, usec;

        if (dn_cgroup_throttled_parse(file, &count, &usec) < 0)
                return;
        set(r, DN_CGROUP_cpu_throttled_secs, usec);
        set(r, DN_CGROUP_cpu_throttled_count, count);
}

static void take_usage(const struct reading *r, struct dn_str file) {
        uint64_t ns;

        if (dn_cgroup_number_parse(file, &ns) == 0)
                set(r, DN_CGROUP_cpu_secs, ns / 1000);
}

static void take_cpuacct(const struct reading *r, struct dn_str file) {
        uint64_t user, system, tick_us = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);

        if (dn_cgroup_cpuacct_parse(file, &user, &system) < 0 || (user | system) >> 40)
                return;
        set(r, DN_CGROUP_user_secs, user * tick_us);
        set(r, DN_CGROUP_system_secs, system * tick_us);
}

static void take_number(const struct reading *r, struct dn_str file) {
        uint64_t number;

        if (dn_cgroup_number_parse(file, &number) == 0)
                set(r, r->field, dn_fields[r->field].unit == DN_KIB ? number / 1024 : number);
}

static void take_oom_kills(const struct reading *r, struct dn_str file) {
        uint64_t kills;

        if (dn_cgroup_oom_kills_parse(file, &kills) == 0)
                set(r, DN_CGROUP_memory_oom_kills, kills);
}

static void take_refused(const struct reading *r, struct dn_str file) {
        uint64_t refused;

        if (dn_cgroup_refused_parse(file, &refused) == 0)
                set(r, DN_CGROUP_pids_refused, refused);
}

static bool has_slaves(uint64_t major, uint64_t minor) {
        char path[96];
        dn_autodir DIR *dir = NULL;
        const struct dirent *entry;

        snprintf(path, sizeof(path), "/sys/dev/block/%llu:%llu/slaves", (unsigned long long)major,
                 (unsigned long long)minor);
        dir = opendir(path);
        while (dir && (entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        return true;
        return false;
}

/* What goes to a volume of several disks, or to an encrypted one, is counted there and once more at the disk. */
static bool is_stacked(struct cgroup *c, uint64_t major, uint64_t minor) {
        bool stacked;

        for (uint32_t i = 0; i < c->n_devices; i++)
                if (c->devices[i].major == major && c->devices[i].minor == minor)
                        return c->devices[i].stacked;
        stacked = has_slaves(major, minor);
        if (c->n_devices < DEVICES_MAX)
                c->devices[c->n_devices++] = (struct device){major, minor, stacked};
        return stacked;
}

static void take_io(const struct reading *r, struct dn_str file) {
        struct dn_cgroup_io io, sum = {0};

        while (dn_cgroup_io_next(&file, &io)) {
                if (is_stacked(r->cgroup, io.major, io.minor))
                        continue;
                sum.rbytes += io.rbytes;
                sum.wbytes += io.wbytes;
                sum.rios += io.rios;
                sum.wios += io.wios;
        }
        if ((sum.rbytes | sum.wbytes | sum.rios | sum.wios) >> 61)
                return;
        set(r, DN_CGROUP_io_read_bytes, sum.rbytes);
        set(r, DN_CGROUP_io_write_bytes, sum.wbytes);
        set(r, DN_CGROUP_io_read_ops, sum.rios);
        set(r, DN_CGROUP_io_write_ops, sum.wios);
}

/* Bytes or requests, by which of the two fields the table names first. */
static void take_blkio(const struct reading *r, struct dn_str file) {
        struct dn_cgroup_blkio b;
        uint64_t sum[2] = {0};

        while (dn_cgroup_blkio_next(&file, &b))
                if (!is_stacked(r->cgroup, b.major, b.minor))
                        sum[b.write] += b.value;
        if ((sum[0] | sum[1]) >> 61)
                return;
        set(r, r->field, sum[0]);
        set(r, r->field == DN_CGROUP_io_read_bytes ? DN_CGROUP_io_write_bytes : DN_CGROUP_io_write_ops, sum[1]);
}

/* Of several lines for the same field of one hierarchy, the first file that there is. */
static const struct {
        int hierarchy;
        const char *name;
        void (*take)(const struct reading *r, struct dn_str file);
        int field;
} files[] = {
        {DN_UNIFIED, "cpu.stat", take_cpu, DN_NOTHING},
        {DN_UNIFIED, "memory.current", take_number, DN_CGROUP_memory_current_kb},
        {DN_UNIFIED, "memory.peak", take_number, DN_CGROUP_memory_peak_kb},
        {DN_UNIFIED, "memory.events", take_oom_kills, DN_NOTHING},
        {DN_UNIFIED, "io.stat", take_io, DN_NOTHING},
        {DN_UNIFIED, "pids.current", take_number, DN_CGROUP_pids_current},
        {DN_UNIFIED, "pids.peak", take_number, DN_CGROUP_pids_peak},
        {DN_UNIFIED, "pids.events", take_refused, DN_NOTHING},
        {DN_CPUACCT, "cpuacct.usage", take_usage, DN_NOTHING},
        {DN_CPUACCT, "cpuacct.stat", take_cpuacct, DN_NOTHING},
        {DN_CPUACCT, "cpu.stat", take_throttled, DN_NOTHING}, /* where cpu is mounted with it */
        {DN_MEMORY, "memory.usage_in_bytes", take_number, DN_CGROUP_memory_current_kb},
        {DN_MEMORY, "memory.max_usage_in_bytes", take_number, DN_CGROUP_memory_peak_kb},
        {DN_MEMORY, "memory.oom_control", take_oom_kills, DN_NOTHING},
        {DN_PIDS, "pids.current", take_number, DN_CGROUP_pids_current},
        {DN_PIDS, "pids.peak", take_number, DN_CGROUP_pids_peak},
        {DN_PIDS, "pids.events", take_refused, DN_NOTHING},
        {DN_BLKIO, "blkio.throttle.io_service_bytes_recursive", take_blkio, DN_CGROUP_io_read_bytes},
        {DN_BLKIO, "blkio.throttle.io_service_bytes", take_blkio, DN_CGROUP_io_read_bytes},
        {DN_BLKIO, "blkio.throttle.io_serviced_recursive", take_blkio, DN_CGROUP_io_read_ops},
        {DN_BLKIO, "blkio.throttle.io_serviced", take_blkio, DN_CGROUP_io_read_ops},
};

/* ------------------------------------------------------------------------------------------------------- limits */

static const char *scope_of(const struct dn_limit *limit) {
        return limit->above ? "above" : "cgroup";
}

static void take_limits(const struct reading *r) {
        struct dn_limit limit;

        if (dn_limits_memory(r->cgroup->limits, &limit)) {
                set(r, DN_CGROUP_memory_limit_kb, limit.limit / 1024);
                set(r, DN_CGROUP_memory_limit_used_kb, limit.used / 1024);
                dn_row_set_text(r->row, DN_CGROUP_memory_limit_scope, scope_of(&limit), r->number);
        }
        if (dn_limits_pids(r->cgroup->limits, &limit)) {
                set(r, DN_CGROUP_pids_limit, limit.limit);
                set(r, DN_CGROUP_pids_limit_used, limit.used);
                dn_row_set_text(r->row, DN_CGROUP_pids_limit_scope, scope_of(&limit), r->number);
        }
}

/* ------------------------------------------------------------------------------------------------- the source */

static void cgroup_close(void *state) {
        struct cgroup *c = state;

        for (size_t i = 0; i < DN_COUNT(files) && c->fds; i++)
                dn_guard_close(&c->fds[i]);
        dn_limits_close(c->limits);
        free(c->fds);
        free(c);
}

/* Of "memory.peak" it is memory; cpu.stat is in every cgroup. */
static bool has_controller(const struct dn_cgroup *cgroup, const char *file) {
        struct dn_str rest = dn_text_str(&cgroup->controllers), name = dn_str_of(file), word;

        name.n = strcspn(file, ".");
        if (dn_str_equal(name, DN_STR("cpu")))
                return true;
        while (dn_str_word(&rest, &word))
                if (dn_str_equal(word, name))
                        return true;
        return false;
}

/* The unified hierarchy has the CPU time to the microsecond, in every cgroup: then cpuacct is not asked. */
static int open_file(const struct dn_cgroup *cgroup, const struct cgroup *c, size_t i) {
        int h = files[i].hierarchy;

        if (i > 0 && files[i].field != DN_NOTHING && files[i].field == files[i - 1].field &&
            files[i].hierarchy == files[i - 1].hierarchy && c->fds[i - 1] >= 0)
                return -1;
        if (cgroup->at[h] < 0 || (h == DN_CPUACCT && cgroup->at[DN_UNIFIED] >= 0 && files[i].take != take_throttled))
                return -1;
        if (h == DN_UNIFIED && !has_controller(cgroup, files[i].name))
                return -1;
        return openat(cgroup->at[h], files[i].name, O_RDONLY | O_CLOEXEC);
}

static int cgroup_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct cgroup *c;

        if (!t->cgroup) {
                dn_text_put(why, DN_STR("there is none to read"));
                return -ENOENT;
        }
        c = calloc(1, sizeof(*c));
        if (c)
                c->fds = malloc(DN_COUNT(files) * sizeof(*c->fds));
        if (!c || !c->fds || dn_limits_open(&c->limits, t->cgroup) < 0) {
                if (c)
                        free(c->fds);
                free(c);
                return -ENOMEM;
        }
        for (size_t i = 0; i < DN_COUNT(files); i++)
                c->fds[i] = open_file(t->cgroup, c, i);
        *ret_state = c;
        return 0;
}

static int cgroup_read(void *state, struct dn_pass *pass) {
        struct cgroup *c = state;
        struct reading r = {c, dn_block_row(pass->now->part, DN_CGROUP), pass->now->number, DN_NOTHING};
        char buffer[16384];

        if (!r.row)
                return -ENOMEM;
        if (pass->mono_ns < c->due_ns && !pass->final)
                return 0;
        c->due_ns = pass->mono_ns + dn_pass_pace_ns(pass);
        r.row->read_ns = pass->mono_ns;
        for (size_t i = 0; i < DN_COUNT(files); i++) {
                int n = c->fds[i] < 0 ? -1 : dn_file_reread(c->fds[i], buffer, sizeof(buffer));

                r.field = files[i].field;
                if (n >= 0)
                        files[i].take(&r, (struct dn_str){buffer, (size_t)n});
        }
        take_limits(&r);
        return 0;
}

const struct dn_source dn_source_cgroup = {
        .name = "cgroup",
        .open = cgroup_open,
        .read = cgroup_read,
        .close = cgroup_close,
};
