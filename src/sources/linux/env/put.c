/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/put.h"
#include "base/file.h"

struct dn_str dn_env_line(int directory, const char *path, char buffer[DN_ENV_LINE]) {
        int n = dn_file_read(directory, path, buffer, DN_ENV_LINE);

        return dn_str_trim((struct dn_str){buffer, n > 0 ? (size_t)n : 0});
}

void dn_env_put_line(struct dn_json *json, struct dn_str key, int directory, const char *path) {
        char buffer[DN_ENV_LINE];
        struct dn_str line = dn_env_line(directory, path, buffer);

        if (line.n > 0)
                dn_json_key_string(json, key, line);
}

void dn_env_put_number(struct dn_json *json, struct dn_str key, int directory, const char *path) {
        char buffer[DN_ENV_LINE];
        struct dn_str line = dn_env_line(directory, path, buffer);
        int64_t number;

        if (dn_str_take_i64(&line, &number) && line.n == 0)
                dn_json_key_i64(json, key, number);
}

struct dn_env_object dn_env_begin(struct dn_json *json, struct dn_str key) {
        struct dn_env_object object = {.before = json->text->n, .comma = json->comma};

        dn_json_key(json, key);
        dn_json_object(json);
        object.begun = json->text->n;
        return object;
}

void dn_env_end(struct dn_json *json, struct dn_env_object object) {
        if (json->text->n > object.begun) {
                dn_json_object_end(json);
                return;
        }
        json->text->n = object.before;
        json->comma = object.comma;
}
