/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report.h"

#include <errno.h>

int dn_report_open(struct dn_report *r) {
        *r = (struct dn_report){.exit_code = -1, .signal = -1};
        r->throttled_field = denet_field_id("cgroup.cpu_throttled_secs");
        r->oom_field = denet_field_id("cgroup.memory_oom_kills");
        r->refused_field = denet_field_id("cgroup.pids_refused");
        r->memory_fields = (struct dn_near_fields){denet_field_id("cgroup.memory_limit_used_kb"),
                                                   denet_field_id("cgroup.memory_limit_kb"),
                                                   denet_field_id("cgroup.memory_limit_scope")};
        r->pids_fields =
                (struct dn_near_fields){denet_field_id("cgroup.pids_limit_used"), denet_field_id("cgroup.pids_limit"),
                                        denet_field_id("cgroup.pids_limit_scope")};
        r->gpu_name_field = denet_field_id("gpu.devices.name");
        dn_costliest_open(&r->costliest);
        r->summary = denet_summary_new();
        return r->summary ? 0 : -ENOMEM;
}

void dn_report_close(struct dn_report *r) {
        r->summary = denet_summary_free(r->summary);
        dn_costliest_close(&r->costliest);
        dn_text_free(&r->command);
        dn_text_free(&r->host);
        dn_text_free(&r->lower_bound);
        dn_text_free(&r->gpu_name);
        dn_capability_free(&r->io);
        dn_capability_free(&r->gpu);
        dn_capability_free(&r->ebpf);
        dn_capability_free(&r->counters);
        dn_missing_free(&r->missing);
}

bool dn_report_number(const struct dn_report *r, const char *name, double *ret_number) {
        return denet_summary_number(r->summary, name, ret_number) == 0;
}

bool dn_report_failed(const struct dn_report *r) {
        const struct dn_text *const texts[] = {&r->command,     &r->host,      &r->lower_bound,     &r->gpu_name,
                                               &r->io.reason,   &r->io.hint,   &r->gpu.reason,      &r->gpu.hint,
                                               &r->ebpf.reason, &r->ebpf.hint, &r->missing.reasons, &r->missing.names};

        for (size_t i = 0; i < DN_COUNT(texts); i++)
                if (texts[i]->failed)
                        return true;
        return r->failed || r->costliest.groups.failed;
}

static void add_capabilities(struct dn_report *r, struct dn_scan *scan) {
        struct dn_scan again = *scan;
        struct dn_str key;

        dn_missing_take(&r->missing, &again);
        if (!dn_scan_object(scan))
                return;
        while (dn_scan_member(scan, &key)) {
                if (dn_str_equal(key, DN_STR("io")))
                        dn_take_capability(scan, &r->io);
                else if (dn_str_equal(key, DN_STR("gpu")))
                        dn_take_capability(scan, &r->gpu);
                else if (dn_str_equal(key, DN_STR("ebpf")))
                        dn_take_capability(scan, &r->ebpf);
                else if (dn_str_equal(key, DN_STR("perf_hw")))
                        dn_take_capability(scan, &r->counters);
                else
                        dn_scan_skip(scan);
        }
}

static void add_metadata(struct dn_report *r, struct dn_str line) {
        struct dn_scan scan = dn_scan_of(line);
        struct dn_str key;
        int64_t total_kb = 0, limit_kb = 0;

        if (!dn_scan_object(&scan))
                return;
        while (dn_scan_member(&scan, &key)) {
                if (dn_str_equal(key, DN_STR("cmd")))
                        dn_take_words(&scan, &r->command);
                else if (dn_str_equal(key, DN_STR("host")))
                        dn_take_text(&scan, &r->host);
                else if (dn_str_equal(key, DN_STR("t0_ms")))
                        dn_scan_i64(&scan, &r->t0_ms);
                else if (dn_str_equal(key, DN_STR("cores")))
                        dn_scan_i64(&scan, &r->cores);
                else if (dn_str_equal(key, DN_STR("memory_total_kb")))
                        dn_scan_i64(&scan, &total_kb);
                else if (dn_str_equal(key, DN_STR("memory_limit_kb")))
                        dn_scan_i64(&scan, &limit_kb);
                else if (dn_str_equal(key, DN_STR("capabilities")))
                        add_capabilities(r, &scan);
                else
                        dn_scan_skip(&scan);
        }
        r->memory_kb = limit_kb ? limit_kb : total_kb;
}

static void add_totals(struct dn_report *r, struct dn_scan *scan) {
        struct dn_str key;

        if (!dn_scan_object(scan))
                return;
        while (dn_scan_member(scan, &key)) {
                if (dn_str_equal(key, DN_STR("processes_seen")))
                        dn_scan_i64(scan, &r->processes_seen);
                else if (dn_str_equal(key, DN_STR("lost_records")))
                        dn_scan_i64(scan, &r->lost_records);
                else
                        dn_scan_skip(scan);
        }
}

static void add_lower_bound(struct dn_report *r, struct dn_scan *scan) {
        struct dn_str key;

        if (!dn_scan_object(scan))
                return;
        while (dn_scan_member(scan, &key)) {
                if (dn_str_equal(key, DN_STR("reason")))
                        dn_take_text(scan, &r->lower_bound);
                else
                        dn_scan_skip(scan);
        }
}

static void add_exit(struct dn_report *r, struct dn_str line) {
        struct dn_scan scan = dn_scan_of(line);
        struct dn_str key;

        r->ended = true;
        if (!dn_scan_object(&scan))
                return;
        while (dn_scan_member(&scan, &key)) {
                if (dn_str_equal(key, DN_STR("exit_code")))
                        dn_scan_i64(&scan, &r->exit_code);
                else if (dn_str_equal(key, DN_STR("signal")))
                        dn_scan_i64(&scan, &r->signal);
                else if (dn_str_equal(key, DN_STR("still_running")))
                        dn_scan_i64(&scan, &r->still_running);
                else if (dn_str_equal(key, DN_STR("lower_bound")))
                        add_lower_bound(r, &scan);
                else if (dn_str_equal(key, DN_STR("totals")))
                        add_totals(r, &scan);
                else
                        dn_scan_skip(&scan);
        }
}

static void add_near(struct dn_near *near, const struct dn_near_fields *fields, const denet_row *row) {
        const char *scope = denet_row_text(row, fields->scope);
        double used, limit;

        if (denet_row_number(row, fields->used, &used) < 0 || denet_row_number(row, fields->limit, &limit) < 0)
                return;
        if (limit > 0 && used * near->limit >= near->used * limit)
                *near = (struct dn_near){used, limit, scope && strcmp(scope, "above") == 0};
}

static void add_cgroup(struct dn_report *r, const denet_record *record) {
        const denet_row *row = denet_record_row(record, DENET_CGROUP, 0);

        if (!row)
                return;
        (void)denet_row_number(row, r->throttled_field, &r->throttled_secs);
        (void)denet_row_number(row, r->oom_field, &r->oom_kills);
        (void)denet_row_number(row, r->refused_field, &r->refused);
        add_near(&r->memory, &r->memory_fields, row);
        add_near(&r->pids, &r->pids_fields, row);
}

/* Devices do not change their names: the first record that has them will do. */
static void add_gpus(struct dn_report *r, const denet_record *record) {
        const denet_row *row;

        for (size_t i = 0; r->gpu_name.n == 0 && (row = denet_record_row(record, DENET_GPU, i)); i++) {
                const char *first = denet_row_text(denet_record_row(record, DENET_GPU, 0), r->gpu_name_field),
                           *name = denet_row_text(row, r->gpu_name_field);
                bool last = !denet_record_row(record, DENET_GPU, i + 1),
                     same = first && name && strcmp(first, name) == 0;

                if (!same || last)
                        dn_text_put(&r->gpu_name, same ? dn_str_of(name) : DN_STR("GPUs"));
        }
}

void dn_report_add(struct dn_report *r, const denet_record *record) {
        int kind = denet_record_kind(record);
        bool names = !r->totals_only && (kind == DENET_METADATA || kind == DENET_CHILD);
        struct dn_str line = {0};

        r->records++;
        r->failed |= denet_summary_add(r->summary, record) < 0;
        add_cgroup(r, record);
        add_gpus(r, record);
        dn_kernel_side_take(&r->kernel, record);
        if (names || kind == DENET_METADATA || kind == DENET_EXIT) {
                line.p = denet_record_json(record, &line.n);
                r->failed |= !line.p;
        }
        if (line.p && kind == DENET_METADATA)
                add_metadata(r, line);
        if (line.p && kind == DENET_EXIT)
                add_exit(r, line);
        if (line.p && names)
                dn_costliest_name(&r->costliest, line);
        if (kind == DENET_TREE && !r->totals_only)
                dn_costliest_add(&r->costliest, record);
}
