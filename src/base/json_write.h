/* SPDX-License-Identifier: GPL-3.0-or-later
 * JSON into a text. The caller nests correctly; commas come by themselves. */
#pragma once
#include "base/text.h"

struct dn_json {
        struct dn_text *text;
        bool comma; /* the next key or element wants one before it */
};

void dn_json_object(struct dn_json *json);
void dn_json_object_end(struct dn_json *json);
void dn_json_array(struct dn_json *json);
void dn_json_array_end(struct dn_json *json);
void dn_json_key(struct dn_json *json, struct dn_str key);  /* the key is ours: not escaped */
void dn_json_string(struct dn_json *json, struct dn_str s); /* escaped; bytes that are no UTF-8 become U+FFFD */
void dn_json_u64(struct dn_json *json, uint64_t value);
void dn_json_i64(struct dn_json *json, int64_t value);
void dn_json_fixed(struct dn_json *json, int64_t steps, int decimals);
void dn_json_bool(struct dn_json *json, bool value);
void dn_json_null(struct dn_json *json);
void dn_json_raw(struct dn_json *json, struct dn_str s); /* a value that is JSON already */

/* `"key":value` in one call, the most frequent uses. */
static inline void dn_json_key_i64(struct dn_json *json, struct dn_str key, int64_t value) {
        dn_json_key(json, key);
        dn_json_i64(json, value);
}
static inline void dn_json_key_string(struct dn_json *json, struct dn_str key, struct dn_str value) {
        dn_json_key(json, key);
        dn_json_string(json, value);
}
static inline void dn_json_key_bool(struct dn_json *json, struct dn_str key, bool value) {
        dn_json_key(json, key);
        dn_json_bool(json, value);
}
static inline void dn_json_key_fixed(struct dn_json *json, struct dn_str key, int64_t steps, int decimals) {
        dn_json_key(json, key);
        dn_json_fixed(json, steps, decimals);
}
