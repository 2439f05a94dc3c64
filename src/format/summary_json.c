/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/summary_json.h"
#include "base/json_write.h"

static void write_block(struct dn_json *json, const struct denet_summary *s, const struct dn_summary_block *block) {
        struct dn_summary_value value;

        dn_json_key(json, block->name);
        dn_json_object(json);
        if (block->enabled)
                dn_json_key_bool(json, DN_STR("enabled"), true);
        for (int i = 0; block->at(s, i, &value); i++)
                if (value.known)
                        dn_json_key_fixed(json, value.name, value.steps, value.decimals);
        if (block->text)
                dn_json_key_string(json, block->text_name, block->text(s));
        dn_json_object_end(json);
}

void dn_summary_write(struct dn_text *text, const struct denet_summary *s) {
        struct dn_json json = {.text = text};
        struct dn_str behaviour = dn_summary_behaves(s);

        dn_json_object(&json);
        for (int i = 0; i < dn_summary_n_entries; i++) {
                const struct dn_summary_entry *e = &dn_summary_entries[i];
                int64_t steps;

                if (e->get(s, e->field, &steps))
                        dn_json_key_fixed(&json, e->name, steps, e->decimals);
        }
        if (behaviour.n > 0)
                dn_json_key_string(&json, DN_STR("behaviour"), behaviour);
        for (int i = 0; i < dn_summary_n_blocks; i++)
                if (dn_summary_blocks[i].is_there(s))
                        write_block(&json, s, &dn_summary_blocks[i]);
        dn_json_object_end(&json);
}
