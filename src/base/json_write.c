/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json_write.h"
#include "base/utf8.h"

/* A value begins: a comma before it where one is due. */
static void begin(struct dn_json *json) {
        if (json->comma)
                dn_text_put_char(json->text, ',');
        json->comma = true;
}

static void open_with(struct dn_json *json, char bracket) {
        begin(json);
        dn_text_put_char(json->text, bracket);
        json->comma = false;
}

static void close_with(struct dn_json *json, char bracket) {
        dn_text_put_char(json->text, bracket);
        json->comma = true;
}

void dn_json_object(struct dn_json *json) {
        open_with(json, '{');
}

void dn_json_object_end(struct dn_json *json) {
        close_with(json, '}');
}

void dn_json_array(struct dn_json *json) {
        open_with(json, '[');
}

void dn_json_array_end(struct dn_json *json) {
        close_with(json, ']');
}

void dn_json_key(struct dn_json *json, struct dn_str key) {
        struct dn_text *text = json->text;
        size_t comma = json->comma;
        char *p = dn_text_reserve(text, key.n + 3 + comma);

        json->comma = false;
        if (!p)
                return;
        if (comma)
                *p++ = ',';
        *p++ = '"';
        memcpy(p, key.p, key.n);
        p[key.n] = '"';
        p[key.n + 1] = ':';
        text->n += key.n + 3 + comma;
}

static bool is_plain(unsigned char c) {
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_escape(struct dn_text *text, unsigned char c) {
        static const char hex[] = "0123456789abcdef";
        static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
        char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

        for (const char *n = named; *n; n += 2)
                if (*n == (char)c) {
                        dn_text_put_char(text, '\\');
                        dn_text_put_char(text, n[1]);
                        return;
                }
        dn_text_put(text, (struct dn_str){u, sizeof(u)});
}

void dn_json_string(struct dn_json *json, struct dn_str s) {
        struct dn_text *text = json->text;
        size_t from = 0, i = 0;

        begin(json);
        dn_text_put_char(text, '"');
        while (i < s.n) {
                unsigned char c = (unsigned char)s.p[i];

                if (is_plain(c) || c >= 0x80) {
                        i++;
                        continue;
                }
                dn_utf8_put(text, (struct dn_str){s.p + from, i - from});
                put_escape(text, c);
                from = ++i;
        }
        if (from < s.n)
                dn_utf8_put(text, (struct dn_str){s.p + from, s.n - from});
        dn_text_put_char(text, '"');
}

void dn_json_u64(struct dn_json *json, uint64_t value) {
        begin(json);
        dn_text_put_u64(json->text, value);
}

void dn_json_i64(struct dn_json *json, int64_t value) {
        begin(json);
        dn_text_put_i64(json->text, value);
}

void dn_json_fixed(struct dn_json *json, int64_t steps, int decimals) {
        begin(json);
        dn_text_put_fixed(json->text, steps, decimals);
}

void dn_json_bool(struct dn_json *json, bool value) {
        dn_json_raw(json, value ? DN_STR("true") : DN_STR("false"));
}

void dn_json_null(struct dn_json *json) {
        dn_json_raw(json, DN_STR("null"));
}

void dn_json_raw(struct dn_json *json, struct dn_str s) {
        begin(json);
        dn_text_put(json->text, s);
}
