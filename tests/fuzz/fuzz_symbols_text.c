/* SPDX-License-Identifier: GPL-3.0-or-later
 * The texts that say where code lies and what it is called: maps, perf maps, kallsyms, ELF notes. What is refused
 * leaves the result as it was; what is kept is in order, and within what was asked. */
#include "modules/symbols/jit.h"
#include "modules/symbols/kallsyms.h"
#include "modules/symbols/maps.h"

#include <errno.h>
#include <stdlib.h>

#define MUST(condition) \
        do { \
                if (!(condition)) \
                        abort(); \
        } while (0)

static const uint64_t untouched = UINT64_C(0xa5a5a5a5a5a5a5a5);

static bool is_within(struct dn_str piece, struct dn_str whole) {
        return piece.n == 0 || (piece.p >= whole.p && piece.p + piece.n <= whole.p + whole.n);
}

static void check_maps(struct dn_str text) {
        struct dn_maps maps = {0};
        struct dn_mapping m = {.start = untouched};
        struct dn_str name = {0};
        int r = dn_maps_parse(text, &m, &name);

        MUST(r == 0 ? m.start < m.end && is_within(name, text) : r == -EBADMSG && m.start == untouched);
        r = dn_maps_read(&maps, text);
        MUST(r == 0 || (r == -EBADMSG && maps.n == 0));
        for (uint32_t i = 0; i < maps.n; i++) {
                MUST(maps.list[i].start < maps.list[i].end && maps.list[i].executable);
                MUST(i == 0 || maps.list[i - 1].end <= maps.list[i].start);
                MUST(maps.list[i].name < maps.names.n);
                MUST(dn_maps_find(&maps, maps.list[i].end - 1) == &maps.list[i]);
                dn_mapping_is_file(&maps, &maps.list[i]);
        }
        /* Once more over itself: nothing changes. */
        for (uint32_t i = 0, n = maps.n; i < n; i++) {
                struct dn_mapping again = maps.list[i];

                MUST(dn_maps_add(&maps, &again, DN_STR("again")) == 0 && maps.n == n);
        }
        dn_maps_free(&maps);
}

static void check_jit(struct dn_str text) {
        uint64_t start = untouched, size = untouched, found;
        struct dn_str name = {0}, rest = text, line;
        struct dn_jit *jit;
        int r = dn_jit_parse(text, &start, &size, &name);

        MUST(r == 0 ? size > 0 && size <= UINT32_MAX && name.n > 0 && name.n <= DN_JIT_NAME_MAX && is_within(name, text)
                    : r == -EBADMSG && start == untouched && size == untouched);
        if (dn_jit_new(&jit) < 0)
                return;
        MUST(dn_jit_add(jit, text) == 0);
        while (dn_str_cut(&rest, '\n', &line))
                if (dn_jit_parse(line, &start, &size, &name) == 0 && dn_jit_find(jit, start, &name, &found))
                        MUST(found <= start && name.n > 0);
        dn_jit_free(jit);
}

static void check_kallsyms(struct dn_str text) {
        uint64_t start = untouched;
        struct dn_str name = {0};
        int r = dn_kallsyms_parse(text, &start, &name);

        MUST(r < 0 ? r == -EBADMSG && start == untouched : r <= 1 && name.n > 0 && is_within(name, text));
}

static void check_notes(struct dn_str text) {
        struct dn_build_id id = {.n = 77};

        MUST(dn_build_id_find(text, 4, &id) ? id.n > 0 && id.n <= DN_BUILD_ID_MAX : id.n == 77);
        id.n = 77;
        MUST(dn_build_id_find(text, 8, &id) ? id.n > 0 && id.n <= DN_BUILD_ID_MAX : id.n == 77);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *exact = malloc(size ? size : 1);
        struct dn_str text = {exact, size};

        MUST(exact);
        if (size > 0)
                memcpy(exact, data, size);
        check_maps(text);
        check_jit(text);
        check_kallsyms(text);
        check_notes(text);
        free(exact);
        return 0;
}
