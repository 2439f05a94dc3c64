/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/write_blocks.h"
#include "format/writer.h"

static void write_kind(struct dn_json *json, struct dn_str kind) {
        dn_json_object(json);
        dn_json_key_string(json, DN_STR("kind"), kind);
}

/* The arguments as an array of strings; those of `argv`, or where that is NULL of a cmdline. */
static void write_command(struct dn_json *json, char *const *argv, struct dn_str cmdline) {
        struct dn_str argument;

        dn_json_key(json, DN_STR("cmd"));
        dn_json_array(json);
        for (; argv && *argv; argv++)
                dn_json_string(json, dn_str_of(*argv));
        while (!argv && dn_str_cut(&cmdline, '\0', &argument))
                dn_json_string(json, argument);
        dn_json_array_end(json);
}

static void write_string_if_known(struct dn_json *json, struct dn_str key, struct dn_str value) {
        if (value.n > 0)
                dn_json_key_string(json, key, value);
}

static void write_from(struct dn_json *json, struct dn_str key, int64_t value, int64_t least) {
        if (value >= least)
                dn_json_key_i64(json, key, value);
}

void dn_write_metadata(struct dn_text *text, const struct dn_metadata *m) {
        struct dn_json json = {.text = text};

        write_kind(&json, DN_STR("metadata"));
        dn_json_key_i64(&json, DN_STR("pid"), m->pid);
        write_command(&json, m->argv, m->cmdline);
        write_string_if_known(&json, DN_STR("executable"), m->executable);
        dn_json_key_i64(&json, DN_STR("t0_ms"), m->t0_ms);
        write_string_if_known(&json, DN_STR("host"), m->host);
        write_from(&json, DN_STR("cores"), m->cores, 1);
        write_from(&json, DN_STR("memory_total_kb"), m->memory_total_kb, 0);
        write_from(&json, DN_STR("memory_limit_kb"), m->memory_limit_kb, 0);
        write_from(&json, DN_STR("interval_ms"), m->interval_ms, 1);
        write_from(&json, DN_STR("max_interval_ms"), m->max_interval_ms, 1);
        write_string_if_known(&json, DN_STR("version"), m->version);
        if (m->capabilities.n > 0) {
                dn_json_key(&json, DN_STR("capabilities"));
                dn_json_raw(&json, m->capabilities);
        }
        dn_json_object_end(&json);
}

void dn_write_child(struct dn_text *text, const struct dn_child *c) {
        struct dn_json json = {.text = text};

        write_kind(&json, DN_STR("child"));
        dn_json_key_i64(&json, DN_STR("ts_ms"), c->unix_ms);
        dn_json_key_i64(&json, DN_STR("pid"), c->pid);
        dn_json_key_i64(&json, DN_STR("ppid"), c->ppid);
        write_command(&json, NULL, c->cmdline);
        write_string_if_known(&json, DN_STR("exe"), c->exe);
        dn_json_object_end(&json);
}

static void write_total(struct dn_json *json, const struct dn_row *totals, int id) {
        int64_t value;

        if (totals && dn_row_get(totals, id, &value))
                dn_json_key_fixed(json, dn_fields[id].name, value, dn_unit_decimals(dn_fields[id].unit));
}

static void write_totals(struct dn_json *json, const struct dn_exit *e, const struct dn_row *totals) {
        dn_json_key(json, DN_STR("totals"));
        dn_json_object(json);
        if (e->wall_us >= 0)
                dn_json_key_fixed(json, DN_STR("wall_secs"), e->wall_us, dn_unit_decimals(DN_SECONDS));
        write_total(json, totals, DN_cpu_user_secs);
        write_total(json, totals, DN_cpu_system_secs);
        write_from(json, DN_STR("peak_mem_rss_kb"), e->peak_rss_kb, 0);
        write_from(json, DN_STR("peak_mem_rss_sum_kb"), e->peak_rss_sum_kb, 0);
        write_from(json, DN_STR("peak_mem_rss_process_kb"), e->peak_rss_process_kb, 0);
        write_from(json, DN_STR("processes_seen"), e->processes_seen, 0);
        write_from(json, DN_STR("lost_records"), e->lost_records, 1);
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].nature == DN_COUNTER && id != DN_cpu_user_secs && id != DN_cpu_system_secs)
                        write_total(json, totals, id);
        dn_json_object_end(json);
}

void dn_write_exit(struct dn_text *text, int64_t unix_ms, const struct dn_exit *e, const struct dn_sample *sample) {
        struct dn_json json = {.text = text};

        write_kind(&json, DN_STR("exit"));
        dn_json_key_i64(&json, DN_STR("ts_ms"), unix_ms);
        write_from(&json, DN_STR("last_sample_to_exit_ms"), e->last_sample_to_exit_ms, 0);
        write_from(&json, DN_STR("exit_code"), e->code, 0);
        write_from(&json, DN_STR("signal"), e->signal, 0);
        if (e->lower_bound.n > 0) {
                dn_json_key(&json, DN_STR("lower_bound"));
                dn_json_object(&json);
                dn_json_key_string(&json, DN_STR("reason"), e->lower_bound);
                dn_json_object_end(&json);
        }
        write_from(&json, DN_STR("still_running"), e->still_running, 1);
        if (sample)
                dn_write_blocks(&json, sample);
        write_totals(&json, e, sample ? dn_sample_whole(sample) : NULL);
        dn_json_object_end(&json);
}
