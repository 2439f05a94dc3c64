/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/ledger.h"

#include <errno.h>
#include <stdlib.h>

const char dn_ledger_ignored[] = "a process ignores SIGCHLD, so what its children used is handed on to nobody";

static bool is_cumulative(int id) {
        return dn_fields[id].nature == DN_COUNTER;
}

static int note_left(struct dn_ledger *l, struct dn_key key) {
        if (l->n_left == l->room_left) {
                uint32_t room = l->room_left ? l->room_left * 2 : 16;
                struct dn_key *left = realloc(l->left, room * sizeof(*left));

                if (!left)
                        return -ENOMEM;
                l->left = left;
                l->room_left = room;
        }
        l->left[l->n_left++] = key;
        return 0;
}

int dn_ledger_end(struct dn_ledger *l, const struct dn_end *e) {
        if (!l->ended && !(l->ended = dn_row_new()))
                return -ENOMEM;
        if (note_left(l, e->key) < 0)
                return -ENOMEM;
        if (e->how == DN_END_REAPED)
                l->n_reaped++;
        else {
                l->n_lost++;
                l->lower_bound = e->why;
        }
        if (!e->last)
                return 0;
        for (int id = 0; id < DN_FIELDS; id++) {
                int64_t value;

                if (is_cumulative(id) && dn_row_get(e->last, id, &value))
                        dn_ledger_add(l, id, value);
        }
        return 0;
}

int dn_ledger_add(struct dn_ledger *l, int id, int64_t total) {
        if (!l->ended && !(l->ended = dn_row_new()))
                return -ENOMEM;
        dn_row_set(l->ended, id, dn_row_or_zero(l->ended, id) + total, 0);
        return 0;
}

int dn_ledger_set_reaped(struct dn_ledger *l, const struct dn_row *total) {
        if (!l->reaped && !(l->reaped = dn_row_new()))
                return -ENOMEM;
        for (uint64_t has = total->has; has; has &= has - 1) {
                int id = __builtin_ctzll(has);

                dn_row_set(l->reaped, id, total->v[id], 0);
        }
        return 0;
}

bool dn_ledger_get(const struct dn_ledger *l, int id, int64_t *ret_value) {
        int64_t ended = 0, reaped = 0;
        bool known = l->ended && dn_row_get(l->ended, id, &ended);

        known |= l->reaped && dn_row_get(l->reaped, id, &reaped);
        if (known)
                *ret_value = ended + reaped;
        return known;
}

void dn_ledger_settled(struct dn_ledger *l) {
        l->n_left = 0;
}

void dn_ledger_free(struct dn_ledger *l) {
        free(l->ended);
        free(l->reaped);
        free(l->left);
        *l = (struct dn_ledger){0};
}
