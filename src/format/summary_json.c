/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/summary_json.h"
#include "base/json_write.h"

static void write_energy(struct dn_json *json, const struct dn_summary_energy *e) {
        dn_json_key(json, DN_STR("energy"));
        dn_json_object(json);
        for (uint64_t has = e->has; has; has &= has - 1) {
                int i = __builtin_ctzll(has);

                dn_json_key_fixed(json, dn_fields[DN_FIRST_RAPL + i].name, e->uj[i], dn_unit_decimals(DN_JOULES));
        }
        dn_json_object_end(json);
}

static void write_gpu(struct dn_json *json, const struct dn_summary_gpu *g) {
        dn_json_key(json, DN_STR("gpu"));
        dn_json_object(json);
        dn_json_key_bool(json, DN_STR("enabled"), true);
        for (int i = 0; i < dn_summary_gpu_n_entries; i++) {
                int64_t steps;

                if (dn_summary_gpu_entries[i].get(g, &steps))
                        dn_json_key_fixed(json, dn_summary_gpu_entries[i].name, steps,
                                          dn_summary_gpu_entries[i].decimals);
        }
        dn_json_object_end(json);
}

static void write_memory(struct dn_json *json, const struct dn_summary_memory *m) {
        dn_json_key(json, DN_STR("memory_characterization"));
        dn_json_object(json);
        for (int i = 0; i < dn_summary_memory_n_entries; i++) {
                int64_t steps;

                if (dn_summary_memory_entries[i].get(m, &steps))
                        dn_json_key_fixed(json, dn_summary_memory_entries[i].name, steps, DN_SUMMARY_MEMORY_DECIMALS);
        }
        dn_json_key_string(json, DN_STR("verdict"), dn_verdict_name(dn_summary_memory_verdict(m)));
        dn_json_object_end(json);
}

void dn_summary_write(struct dn_text *text, const struct denet_summary *s) {
        struct dn_json json = {.text = text};

        dn_json_object(&json);
        for (int i = 0; i < dn_summary_n_entries; i++) {
                const struct dn_summary_entry *e = &dn_summary_entries[i];
                int64_t steps;

                if (e->get(s, e->field, &steps))
                        dn_json_key_fixed(&json, e->name, steps, e->decimals);
        }
        if (s->energy.has)
                write_energy(&json, &s->energy);
        if (s->gpu.any)
                write_gpu(&json, &s->gpu);
        if (s->memory.any)
                write_memory(&json, &s->memory);
        dn_json_object_end(&json);
}
