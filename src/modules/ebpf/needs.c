/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/needs.h"
#include "base/guard.h"
#include "modules/ebpf/stay_loaded.h"

#include "bpf/kfuncs.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A kind of program: its section in the object, and what the kernel's type for the hook is called. */
struct kind {
        struct dn_str section, type;
        enum bpf_attach_type attach;
};
static const struct kind kinds[] = {
        {DN_STR("dn_tp/"), DN_STR("btf_trace_"), BPF_TRACE_RAW_TP},
        {DN_STR("dn_iter/"), DN_STR("bpf_iter_"), BPF_TRACE_ITER},
};

#define NAME(name) DN_STR(#name),
static const struct dn_str kfuncs[] = {DN_KFUNCS(NAME)};

static const struct kind *kind_of(const struct bpf_program *program, struct dn_str *ret_hook) {
        struct dn_str section = dn_str_of(bpf_program__section_name(program));

        for (size_t i = 0; i < DN_COUNT(kinds); i++)
                if (dn_str_starts(section, kinds[i].section)) {
                        *ret_hook = (struct dn_str){section.p + kinds[i].section.n, section.n - kinds[i].section.n};
                        return &kinds[i];
                }
        return NULL;
}

bool dn_needs_hook(const struct bpf_program *program, enum bpf_attach_type *ret_attach, struct dn_str *ret_hook) {
        const struct kind *kind = kind_of(program, ret_hook);

        if (kind)
                *ret_attach = kind->attach;
        return kind;
}

static const struct dn_kernel_number *find(const struct dn_needs *needs, struct dn_str name) {
        for (size_t i = 0; i < needs->n; i++)
                if (dn_str_equal(needs->list[i].name, name))
                        return &needs->list[i];
        return NULL;
}

static uint32_t number_of(const struct dn_needs *needs, struct dn_str name) {
        const struct dn_kernel_number *number = find(needs, name);

        return number ? number->id : 0;
}

static uint32_t hook_of(const struct dn_needs *needs, const struct bpf_program *program) {
        struct dn_str hook;
        const struct kind *kind = kind_of(program, &hook);
        char name[64];
        int n = kind ? snprintf(name, sizeof(name), "%s%s", kind->type.p, hook.p) : -1;

        return n < 0 ? 0 : number_of(needs, (struct dn_str){name, (size_t)n});
}

/* ------------------------------------------------------------------------------------------------------------- naming
 */

static void put_name(struct dn_needs *needs, struct dn_str first, struct dn_str second) {
        dn_text_put(&needs->texts, first);
        dn_text_put(&needs->texts, second);
        dn_text_put_char(&needs->texts, '\0');
}

int dn_needs_list(struct dn_needs *needs, struct bpf_object *object) {
        struct bpf_program *program;
        struct dn_str hook, rest;

        needs->n = 0;
        dn_text_reset(&needs->texts);
        bpf_object__for_each_program(program, object) {
                const struct kind *kind = kind_of(program, &hook);

                if (kind)
                        put_name(needs, kind->type, hook);
        }
        for (size_t i = 0; i < DN_COUNT(kfuncs); i++)
                put_name(needs, kfuncs[i], DN_STR(""));
        rest = dn_text_str(&needs->texts);
        for (struct dn_str name; dn_str_cut(&rest, '\0', &name);) {
                if (find(needs, name))
                        continue;
                if (needs->n == DN_NEEDS)
                        return -ENOBUFS;
                needs->list[needs->n++] = (struct dn_kernel_number){.name = name};
        }
        return needs->texts.failed ? -ENOMEM : 0;
}

void dn_needs_free(struct dn_needs *needs) {
        dn_text_free(&needs->texts);
}

/* ---------------------------------------------------------------------------------------------- the kernel's functions
 */

static bool calls_kfunc(const struct bpf_insn *insn, struct dn_str *ret_name) {
        if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg != 0 || insn->imm < DN_KFUNC_FIRST ||
            insn->imm >= DN_KFUNC_END)
                return false;
        *ret_name = kfuncs[insn->imm - DN_KFUNC_FIRST];
        return true;
}

/* The first of them from instruction *i on, which is then its place; false: there is none. */
static bool next_call(const struct bpf_program *program, size_t *i, struct dn_str *ret_name) {
        const struct bpf_insn *insns = bpf_program__insns(program);

        for (; *i < bpf_program__insn_cnt(program); ++*i)
                if (calls_kfunc(&insns[*i], ret_name))
                        return true;
        return false;
}

bool dn_needs_are_there(const struct dn_needs *needs, const struct bpf_program *program) {
        struct dn_str name;

        for (size_t i = 0; next_call(program, &i, &name); i++)
                if (number_of(needs, name) == 0)
                        return false;
        return true;
}

static int put_kfuncs(const struct dn_needs *needs, struct bpf_program *program) {
        size_t n = bpf_program__insn_cnt(program), i = 0;
        struct bpf_insn *insns;
        struct dn_str name;
        int r;

        if (!next_call(program, &i, &name))
                return 0;
        insns = calloc(n, sizeof(*insns));
        if (!insns)
                return -ENOMEM;
        memcpy(insns, bpf_program__insns(program), n * sizeof(*insns));
        for (; next_call(program, &i, &name); i++) {
                insns[i].src_reg = BPF_PSEUDO_KFUNC_CALL;
                insns[i].imm = (int32_t)number_of(needs, name);
        }
        r = bpf_program__set_insns(program, insns, n);
        free(insns);
        return r;
}

/* -------------------------------------------------------------------------------------------------- libbpf's callback
 */

/* libbpf would look up the hook in all of the kernel's types, for any program of the type that these really are. So it
 * is told that type when it has the numbers. */
static _Thread_local const struct dn_needs *given;

static int prepare(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie) {
        int r;

        (void)cookie;
        if (!given)
                return 0;
        options->attach_btf_id = hook_of(given, program);
        if (options->attach_btf_id == 0)
                return -ESRCH;
        r = put_kfuncs(given, program);
        return r < 0 ? r : bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

static int handlers[DN_COUNT(kinds)];

/* Before 1.3 libbpf frees its list with the last handler, and goes on from there with the next one: that must not be
 * where somebody else keeps libbpf loaded, so the handlers stay, and what they call. */
static bool list_may_be_emptied(void) {
        return libbpf_major_version() > 1 || libbpf_minor_version() >= 3;
}

__attribute__((constructor)) static void register_kinds(void) {
        LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = prepare);
        char section[16];

        for (size_t i = 0; i < DN_COUNT(kinds); i++) {
                snprintf(section, sizeof(section), "%.*s+", (int)kinds[i].section.n - 1,
                         kinds[i].section.p); /* and all below */
                handlers[i] =
                        libbpf_register_prog_handler(section, BPF_PROG_TYPE_RAW_TRACEPOINT, kinds[i].attach, &options);
        }
        if (!list_may_be_emptied())
                dn_stay_loaded();
}

/* Where the module stays, a thread may still be on its way through that list, at the very end of the program too. */
__attribute__((destructor)) static void unregister_kinds(void) {
        for (size_t i = 0; i < DN_COUNT(kinds); i++)
                if (handlers[i] >= 0 && !dn_stays_loaded())
                        libbpf_unregister_prog_handler(handlers[i]);
}

bool dn_needs_can_be_given(void) {
        for (size_t i = 0; i < DN_COUNT(handlers); i++)
                if (handlers[i] < 0)
                        return false;
        return true;
}

void dn_needs_give(const struct dn_needs *needs) {
        given = needs;
}
