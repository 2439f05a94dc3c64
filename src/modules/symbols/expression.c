/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/expression.h"

#include <dwarf.h>
#include <errno.h>

enum { DEPTH_MAX = 32, OPS_MAX = 256 };

struct machine {
        const struct dn_evaluation *given;
        uint64_t stack[DEPTH_MAX];
        unsigned n;
        bool is_value; /* the result is no place in memory */
};

static int push(struct machine *m, uint64_t value) {
        if (m->n == DEPTH_MAX)
                return -EBADMSG;
        m->stack[m->n++] = value;
        return 1;
}

static int push_register(struct machine *m, uint64_t number, uint64_t more) {
        uint64_t value;

        return dn_register_get(m->given->registers, number, &value) ? push(m, value + more) : 0;
}

static int load(struct machine *m, uint64_t size) {
        uint64_t *top = &m->stack[m->n - 1];

        if (size != 1 && size != 2 && size != 4 && size != 8)
                return -EBADMSG;
        return dn_memory_word(m->given->memory, *top, size, top) ? 1 : -EFAULT;
}

static uint64_t shifted(uint64_t value, uint64_t by, bool left) {
        if (by >= 64)
                return 0;
        return left ? value << by : value >> by;
}

/* Of the two on top, the lower one first. */
static int calculate(struct machine *m, uint8_t atom) {
        uint64_t b = m->stack[m->n - 1], *a = &m->stack[m->n - 2];

        switch (atom) {
        case DW_OP_plus: *a += b; break;
        case DW_OP_minus: *a -= b; break;
        case DW_OP_mul: *a *= b; break;
        case DW_OP_and: *a &= b; break;
        case DW_OP_or: *a |= b; break;
        case DW_OP_xor: *a ^= b; break;
        case DW_OP_shl: *a = shifted(*a, b, true); break;
        case DW_OP_shr: *a = shifted(*a, b, false); break;
        case DW_OP_eq: *a = *a == b; break;
        case DW_OP_ne: *a = *a != b; break;
        case DW_OP_lt: *a = (int64_t)*a < (int64_t)b; break;
        case DW_OP_le: *a = (int64_t)*a <= (int64_t)b; break;
        case DW_OP_gt: *a = (int64_t)*a > (int64_t)b; break;
        case DW_OP_ge: *a = (int64_t)*a >= (int64_t)b; break;
        default: return -EBADMSG;
        }
        m->n--;
        return 1;
}

static int with_top(struct machine *m, const Dwarf_Op *op) {
        uint64_t *top = &m->stack[m->n - 1];

        switch (op->atom) {
        case DW_OP_deref: return load(m, 8);
        case DW_OP_deref_size: return load(m, op->number);
        case DW_OP_plus_uconst: *top += op->number; return 1;
        case DW_OP_neg: *top = 0 - *top; return 1;
        case DW_OP_not: *top = ~*top; return 1;
        case DW_OP_drop: m->n--; return 1;
        case DW_OP_dup: return push(m, *top);
        case DW_OP_stack_value: m->is_value = true; return 1;
        default: return m->n >= 2 ? calculate(m, op->atom) : -EBADMSG;
        }
}

static int step(struct machine *m, const Dwarf_Op *op) {
        uint8_t a = op->atom;

        if (a >= DW_OP_breg0 && a <= DW_OP_breg31)
                return push_register(m, a - DW_OP_breg0, op->number);
        if (a >= DW_OP_lit0 && a <= DW_OP_lit31)
                return push(m, a - DW_OP_lit0);
        if (a >= DW_OP_reg0 && a <= DW_OP_reg31) {
                m->is_value = true;
                return push_register(m, a - DW_OP_reg0, 0);
        }
        switch (a) {
        case DW_OP_nop: return 1;
        case DW_OP_bregx: return push_register(m, op->number, op->number2);
        case DW_OP_regx: m->is_value = true; return push_register(m, op->number, 0);
        case DW_OP_call_frame_cfa: return m->given->has_cfa ? push(m, m->given->cfa) : -EBADMSG;
        case DW_OP_const1u:
        case DW_OP_const1s:
        case DW_OP_const2u:
        case DW_OP_const2s:
        case DW_OP_const4u:
        case DW_OP_const4s:
        case DW_OP_const8u:
        case DW_OP_const8s:
        case DW_OP_constu:
        case DW_OP_consts: return push(m, op->number);
        default: return m->n > 0 ? with_top(m, op) : -EBADMSG;
        }
}

int dn_expression_value(const Dwarf_Op *ops, size_t n, const struct dn_evaluation *given, bool location,
                        uint64_t *ret_value) {
        struct machine m = {.given = given};
        int r = n > OPS_MAX ? -EBADMSG : 1;

        for (size_t i = 0; r > 0 && i < n; i++)
                r = step(&m, &ops[i]);
        if (r > 0 && m.n == 0)
                r = -EBADMSG;
        if (r > 0 && location && !m.is_value)
                r = load(&m, 8);
        if (r > 0)
                *ret_value = m.stack[m.n - 1];
        return r;
}
