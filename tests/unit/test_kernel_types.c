/* SPDX-License-Identifier: GPL-3.0-or-later
 * Descriptions of types, put together and read again by libbpf. */
#include "modules/ebpf/kernel_types.h"

#include "common.h"
#include <bpf/btf.h>
#include <errno.h>

static struct btf *kernel;

/* struct inner { int n:3; }; struct outer { struct inner in[4]; struct outer *next; const word flags; union { … }; };
 * enum mode { … }; int some_hook(void); typedef … btf_trace_hook; and many that nobody asks for. */
static uint32_t hook, traced;

static int make_kernel(void **state) {
        enum { MANY = 300 };
        int integer, word, inner, array, outer, pointer, constant, nameless, prototype;
        char name[32];

        kernel = btf__new_empty();
        for (int i = 0; i < MANY; i++) {
                snprintf(name, sizeof(name), "nobody%d", i);
                btf__add_struct(kernel, name, 0);
        }
        integer = btf__add_int(kernel, "int", 4, BTF_INT_SIGNED);
        word = btf__add_typedef(kernel, "word", integer);
        inner = btf__add_struct(kernel, "inner", 4);
        btf__add_field(kernel, "n", integer, 0, 3);
        array = btf__add_array(kernel, integer, inner, 4);
        nameless = btf__add_union(kernel, NULL, 8);
        btf__add_field(kernel, "id", integer, 0, 0);
        constant = btf__add_const(kernel, word);
        pointer = btf__add_ptr(kernel, btf__type_cnt(kernel) + 1);
        outer = btf__add_struct(kernel, "outer", 48);
        assert_int_equal(outer, pointer + 1);
        btf__add_field(kernel, "in", array, 0, 0);
        btf__add_field(kernel, "next", pointer, 128, 0);
        btf__add_field(kernel, "flags", constant, 192, 0);
        btf__add_field(kernel, "", nameless, 256, 0);
        btf__add_enum(kernel, "mode", 4);
        btf__add_enum_value(kernel, "SLOW", 1);
        btf__add_enum_value(kernel, "FAST", 18);
        btf__add_enum64(kernel, "wide", 8, false);
        btf__add_enum64_value(kernel, "WIDE", 1ULL << 40);
        prototype = btf__add_func_proto(kernel, 0);
        hook = (uint32_t)btf__add_func(kernel, "some_hook", BTF_FUNC_STATIC, prototype);
        traced = (uint32_t)btf__add_typedef(kernel, "btf_trace_hook", btf__add_ptr(kernel, prototype));
        return 0;
}

static int free_kernel(void **state) {
        btf__free(kernel);
        return 0;
}

static struct dn_str whole(void) {
        uint32_t size;
        const void *raw = btf__raw_data(kernel, &size);

        return (struct dn_str){raw, size};
}

static struct btf *extract(const char *const *names, size_t n, struct dn_kernel_number *hooks, size_t n_numbers) {
        dn_autotext struct dn_text text = {0};
        struct dn_str wanted[8];
        struct btf *btf;

        for (size_t i = 0; i < n; i++)
                wanted[i] = dn_str_of(names[i]);
        assert_int_equal(dn_kernel_types_extract(whole(), wanted, n, hooks, n_numbers, &text), 0);
        btf = btf__new(text.p, (uint32_t)text.n);
        assert_non_null(btf);
        return btf;
}

static const struct btf_type *named(const struct btf *btf, const char *name, uint32_t kind) {
        int id = btf__find_by_name_kind(btf, name, kind);

        assert_true(id > 0);
        return btf__type_by_id(btf, (uint32_t)id);
}

static void a_structure_has_its_members_where_they_were(void **state) {
        struct btf *btf = extract((const char *const[]){"outer"}, 1, NULL, 0);
        const struct btf_type *outer = named(btf, "outer", BTF_KIND_STRUCT);
        const struct btf_member *m = btf_members(outer);

        assert_int_equal(outer->size, 48);
        assert_int_equal(btf_vlen(outer), 4);
        assert_string_equal(btf__name_by_offset(btf, m[0].name_off), "in");
        assert_int_equal(btf__resolve_size(btf, m[0].type), 16);
        assert_string_equal(btf__name_by_offset(btf, m[2].name_off), "flags");
        assert_int_equal(btf_member_bit_offset(outer, 2), 192);
        btf__free(btf);
}

static void what_stands_in_it_comes_with_it(void **state) {
        struct btf *btf = extract((const char *const[]){"outer"}, 1, NULL, 0);
        const struct btf_type *inner = named(btf, "inner", BTF_KIND_STRUCT);
        const struct btf_type *nameless =
                btf__type_by_id(btf, btf_members(named(btf, "outer", BTF_KIND_STRUCT))[3].type);

        assert_int_equal(btf_member_bitfield_size(inner, 0), 3);
        assert_true(btf_is_union(nameless));
        assert_string_equal(btf__name_by_offset(btf, btf_members(nameless)->name_off), "id");
        named(btf, "word", BTF_KIND_TYPEDEF);
        assert_int_equal(btf__find_by_name(btf, "nobody7"), -ENOENT);
        btf__free(btf);
}

static void a_pointer_points_to_nothing(void **state) {
        struct btf *btf = extract((const char *const[]){"outer"}, 1, NULL, 0);
        const struct btf_type *next = btf__type_by_id(btf, btf_members(named(btf, "outer", BTF_KIND_STRUCT))[1].type);

        assert_true(btf_is_ptr(next));
        assert_int_equal(next->type, 0);
        btf__free(btf);
}

static void enumerations_have_their_values(void **state) {
        struct btf *btf = extract((const char *const[]){"mode", "wide"}, 2, NULL, 0);
        const struct btf_type *mode = named(btf, "mode", BTF_KIND_ENUM), *wide = named(btf, "wide", BTF_KIND_ENUM64);

        assert_int_equal(btf_vlen(mode), 2);
        assert_string_equal(btf__name_by_offset(btf, btf_enum(mode)[1].name_off), "FAST");
        assert_int_equal(btf_enum(mode)[1].val, 18);
        assert_int_equal(btf_enum64_value(btf_enum64(wide)), 1ULL << 40);
        assert_int_equal(btf__type_cnt(btf), 3);
        btf__free(btf);
}

static void hooks_are_numbered_as_in_the_kernel(void **state) {
        struct dn_kernel_number hooks[] = {
                {DN_STR("btf_trace_hook"), 77}, {DN_STR("some_hook"), 77}, {DN_STR("no_hook"), 77}};
        struct btf *btf = extract(NULL, 0, hooks, DN_COUNT(hooks));

        assert_int_equal(hooks[0].id, traced);
        assert_int_equal(hooks[1].id, hook);
        assert_int_equal(hooks[2].id, 0);
        assert_int_equal(btf__type_cnt(btf), 1);
        btf__free(btf);
}

static void what_the_kernel_lacks_is_passed_over(void **state) {
        struct btf *btf = extract((const char *const[]){"absent", "inner", ""}, 3, NULL, 0);

        named(btf, "inner", BTF_KIND_STRUCT);
        assert_int_equal(btf__type_cnt(btf), 3);
        btf__free(btf);
}

static void a_kind_of_type_that_is_newer_than_we_is_refused(void **state) {
        dn_autotext struct dn_text text = {0}, copy = {0};
        struct dn_str name = DN_STR("outer");
        struct btf_type *type;

        dn_text_put(&copy, whole());
        type = (struct btf_type *)(void *)(copy.p + sizeof(struct btf_header));
        type->info = 31U << 24;
        assert_int_equal(dn_kernel_types_extract(dn_text_str(&copy), &name, 1, NULL, 0, &text), -EBADMSG);
}

static void what_is_cut_short_is_refused(void **state) {
        struct dn_str btf = whole(), name = DN_STR("outer");

        for (size_t n = 0; n < btf.n; n += 7) {
                dn_autotext struct dn_text text = {0};

                assert_int_equal(dn_kernel_types_extract((struct dn_str){btf.p, n}, &name, 1, NULL, 0, &text),
                                 -EBADMSG);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_structure_has_its_members_where_they_were),
                cmocka_unit_test(what_stands_in_it_comes_with_it),
                cmocka_unit_test(a_pointer_points_to_nothing),
                cmocka_unit_test(enumerations_have_their_values),
                cmocka_unit_test(hooks_are_numbered_as_in_the_kernel),
                cmocka_unit_test(what_the_kernel_lacks_is_passed_over),
                cmocka_unit_test(a_kind_of_type_that_is_newer_than_we_is_refused),
                cmocka_unit_test(what_is_cut_short_is_refused),
        };

        return cmocka_run_group_tests(tests, make_kernel, free_kernel);
}
