/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/unwind.h"
#include "modules/symbols/elf.h"
#include "modules/symbols/symbols.h"

#include <errno.h>

struct walk {
        struct dn_symbols *symbols;
        struct dn_space *space;
        const struct dn_memory *memory;
        struct dn_registers registers;
        bool exact;
        bool doubtful; /* a caller may be missing */
};

/* Where Go and the C libraries begin a thread; nothing behind it is a caller, whatever lies on the stack. */
static bool is_outermost(const char *name) {
        static const char *const names[] = {"runtime.goexit", "runtime.mstart", "runtime.rt0_go",
                                            "_start",         "__clone",        "clone"};

        for (size_t i = 0; i < DN_COUNT(names); i++)
                if (strncmp(name, names[i], strlen(names[i])) == 0) {
                        char next = name[strlen(names[i])];

                        if (next == '\0' || next == '.' || next == '3')
                                return true;
                }
        return false;
}

/* The chain that code keeps which is compiled with frame pointers. As dn_elf_caller returns. */
static int by_frame_pointer(struct walk *w) {
        struct dn_registers *r = &w->registers;
        struct dn_registers caller = {0};
        uint64_t fp, sp = 0, up;

        if (!dn_register_get(r, dn_register_fp(), &fp))
                return -ENODATA;
        if (fp == 0)
                return 0;
        if (!dn_register_get(r, dn_register_sp(), &sp) || fp < sp || fp % 8 != 0)
                return -ENODATA;
        if (!dn_memory_word(w->memory, fp, 8, &up) || !dn_memory_word(w->memory, fp + 8, 8, &caller.pc))
                return -EFAULT;
        if (caller.pc == 0)
                return 0;
        if (!dn_symbols_mapping(w->space, caller.pc - 1))
                return -ENODATA; /* no code: it was no frame pointer */
        dn_register_set(&caller, dn_register_sp(), fp + 16);
        dn_register_set(&caller, dn_register_fp(), up);
        *r = caller;
        /* Code that calls nobody, or has not come so far, may not have a frame of its own: then it is its caller's that
         * was left, and the caller is missing. */
        w->doubtful |= w->exact;
        w->exact = false;
        return 1;
}

/* Python's trampolines of 3.12 keep no frame pointer, and leave one word between the return addresses; later ones do.
 */
static int by_trampoline(struct walk *w) {
        struct dn_registers caller = w->registers;
        struct dn_str name;
        uint64_t start, sp, fp = 0;

        if (w->exact || !dn_symbols_jit(w->space, w->registers.pc - 1, &name, &start) ||
            !dn_str_starts(name, DN_STR("py::")) || !dn_register_get(&caller, dn_register_sp(), &sp))
                return -ENODATA;
        if (dn_register_get(&caller, dn_register_fp(), &fp) && fp == sp)
                return -ENODATA;
        if (!dn_memory_word(w->memory, sp + 8, 8, &caller.pc))
                return -EFAULT;
        if (!dn_symbols_mapping(w->space, caller.pc - 1))
                return -ENODATA;
        dn_register_set(&caller, dn_register_sp(), sp + 16);
        w->registers = caller;
        return 1;
}

/* Where no file says how. */
static int by_custom(struct walk *w, bool made_here) {
        int r = made_here ? by_trampoline(w) : -ENODATA;

        return r == -ENODATA ? by_frame_pointer(w) : r;
}

static int by_rules(struct walk *w, struct dn_elf *elf, const struct dn_mapping *m, uint64_t at, bool *ret_signal) {
        uint64_t place;
        struct dn_function function;
        int r;

        if (!dn_elf_place(elf, at - m->start + m->offset, &place))
                return -ENODATA;
        r = dn_elf_caller(elf, at - place, w->exact, w->memory, &w->registers, ret_signal);
        if (r == -ENODATA && dn_elf_function(elf, place, &function) && is_outermost(function.name))
                return 0;
        return r;
}

/* From one frame to the next. 1; 0 at the outermost one; or -errno. */
static int step(struct walk *w, bool *ret_signal) {
        uint64_t at = w->registers.pc - !w->exact;
        const struct dn_mapping *m = dn_symbols_mapping(w->space, at);
        struct dn_elf *elf = m ? dn_symbols_elf(w->symbols, w->space, m) : NULL;
        int r = elf ? by_rules(w, elf, m, at, ret_signal) : -ENODATA;

        if (r > 0)
                w->exact = *ret_signal;
        if (!m)
                return -ENODATA;
        return r == -ENODATA ? by_custom(w, !elf) : r;
}

static bool got_further(const struct dn_registers *now, const struct dn_registers *before) {
        uint64_t a = 0, b = 0;

        dn_register_get(now, dn_register_sp(), &a);
        dn_register_get(before, dn_register_sp(), &b);
        return a > b || now->pc != before->pc;
}

int dn_unwind(struct dn_symbols *symbols, struct dn_space *space, const struct dn_registers *registers,
              const struct dn_memory *memory, struct dn_stack *ret_stack) {
        struct walk w = {symbols, space, memory, *registers, true, false};
        struct dn_stack stack = {0};

        if (w.registers.pc == 0)
                return -ENODATA;
        while (dn_stack_push(&stack, w.registers.pc, w.exact)) {
                struct dn_registers before = w.registers;
                bool signal = false;
                int r = step(&w, &signal);

                if (r <= 0) {
                        stack.whole = r == 0 && !w.doubtful;
                        break;
                }
                /* The code that returns from a signal was not called: its own address is meant. */
                if (signal)
                        stack.exact[(stack.n - 1) / 64] |= UINT64_C(1) << (stack.n - 1) % 64;
                if (!got_further(&w.registers, &before))
                        break;
        }
        *ret_stack = stack;
        return 0;
}
