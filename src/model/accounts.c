/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/accounts.h"

/* What each field comes to over the living. Arrays, so that the compiler adds up several at a time: it is done for
 * every process in every pass. */
struct sums {
        uint64_t known;              /* a bit a field */
        int64_t now[DN_ROW_ROOM];    /* their own, now */
        int64_t grown[DN_ROW_ROOM];  /* what their own grew by since the last snapshot */
        int64_t greatest[DN_FIELDS]; /* the largest single one, of those that fold so */
        int64_t cpu_grown;           /* of user and system together: the split of one process may move between them */
        int64_t living;
};

static bool is_known(const struct sums *sums, int id) {
        return sums->known >> id & 1;
}

/* What every member has used, as the kernel's side counted it; NULL: it does not. */
static const struct dn_row *counted_of(const struct dn_snapshot *now) {
        return now->counted.n > 0 ? dn_table_row(&now->counted, 0) : NULL;
}

static int64_t larger(int64_t a, int64_t b) {
        return a > b ? a : b;
}

static int64_t cpu_of(const struct dn_row *row) {
        return row ? dn_row_or_zero(row, DN_cpu_user_secs) + dn_row_or_zero(row, DN_cpu_system_secs) : 0;
}

static void add_greatest(struct sums *sums, const struct dn_row *row, uint64_t has) {
        for (has &= dn_max_bits; has; has &= has - 1) {
                int id = __builtin_ctzll(has);

                if (!is_known(sums, id) || row->v[id] > sums->greatest[id])
                        sums->greatest[id] = row->v[id];
        }
}

/* `before` is the same process's row in the last snapshot, or NULL. */
static void add_growth(struct sums *sums, const struct dn_row *row, const struct dn_row *before) {
        sums->cpu_grown += larger(cpu_of(row) - cpu_of(before), 0);
        if (!before)
                for (int id = 0; id < DN_ROW_ROOM; id++)
                        sums->grown[id] += row->v[id];
        else
                for (int id = 0; id < DN_ROW_ROOM; id++) {
                        int64_t grown = row->v[id] - before->v[id];

                        sums->grown[id] += grown & ~(grown >> 63); /* 0 where it fell */
                }
}

/* Adds a row to the sums of all fields; what it does not know is 0 in it. */
static void add(struct sums *sums, const struct dn_row *row, const struct dn_row *before, uint32_t number) {
        uint64_t has = dn_row_ended(row) ? row->has & ~dn_gauge_bits : row->has;

        add_greatest(sums, row, has);
        sums->known |= has;
        if (has == row->has)
                for (int id = 0; id < DN_ROW_ROOM; id++)
                        sums->now[id] += row->v[id];
        else
                for (uint64_t left = has; left; left &= left - 1)
                        sums->now[__builtin_ctzll(left)] += row->v[__builtin_ctzll(left)];
        if (row->changed == number)
                add_growth(sums, row, before);
}

/* A process that vanished in this pass is left out: its parent, read before it, may have its totals already. */
static void sum_up(struct sums *sums, const struct dn_snapshot *now, const struct dn_snapshot *last) {
        const struct dn_table *rows = &now->part[DN_PROCESS];
        struct dn_trail in_last = {0};

        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i), *before = NULL;

                if (last && row->changed == now->number)
                        before = dn_snapshot_follow(last, &in_last, row, i);
                if (!row->gone)
                        add(sums, row, before, now->number);
                sums->living += !dn_row_ended(row);
        }
}

/* What the living have reaped, of this field. */
static int64_t reaped(const struct sums *sums, int id) {
        int of = dn_fields[id].tree == DN_TOTAL ? dn_field_reaped(id) : DN_NOTHING;

        return of >= 0 ? sums->now[of] : 0;
}

/* The cumulative fields. Where the kernel folds the dead into the living (TOTAL, FOLDED) the sum is the truth but for
 * who is in flight; where it does not (SUM) the ledger knows only what was waited for. */
static void settle_counter(struct dn_row *whole, int id, const struct sums *sums, const struct dn_row *before,
                           const struct dn_ledger *ledger, const struct dn_row *counted) {
        int64_t dead = 0, then = 0, all = 0, total, floor;
        bool known = dn_ledger_get(ledger, id, &dead);

        known |= is_known(sums, id);
        known |= before && dn_row_get(before, id, &then);
        known |= counted && dn_row_get(counted, id, &all);
        if (!known)
                return;
        switch (dn_fields[id].tree) {
        case DN_TOTAL:
                total = sums->now[id] + reaped(sums, id) + dead;
                floor = then + sums->grown[id];
                break;
        case DN_FOLDED:
                total = sums->now[id] + dead;
                floor = then;
                break;
        default: total = dead; floor = then + sums->grown[id];
        }
        dn_row_set(whole, id, larger(larger(total, floor), all), whole->changed);
}

static void settle_gauge(struct dn_row *whole, int id, const struct sums *sums, bool anyone) {
        if (is_known(sums, id))
                dn_row_set(whole, id, dn_fields[id].tree == DN_MAX ? sums->greatest[id] : sums->now[id],
                           whole->changed);
        else if (!anyone && (whole->has >> id & 1))
                dn_row_set(whole, id, 0, whole->changed); /* nobody is left, so nothing is in use */
        else
                dn_row_unset(whole, id, whole->changed);
}

/* CPU time is exact as a sum; its two parts are the kernel's estimate and may move between them. So the sum is settled
 * as one, user takes its estimate within what keeps both from falling, and system has the rest. Clocks that move at
 * ticks, and rows that were read later than others, may say that more than most_us came since the last pass. */
static void settle_cpu(struct dn_row *whole, const struct sums *sums, const struct dn_row *before,
                       const struct dn_ledger *ledger, const struct dn_row *counted, int64_t most_us) {
        int64_t own_user = sums->now[DN_cpu_user_secs], own_system = sums->now[DN_cpu_system_secs];
        int64_t dead_user = 0, dead_system = 0, user_then = 0, system_then = 0, user, total, floor, grown;
        bool known = is_known(sums, DN_cpu_user_secs) || is_known(sums, DN_cpu_system_secs);

        known |= dn_ledger_get(ledger, DN_cpu_user_secs, &dead_user);
        known |= dn_ledger_get(ledger, DN_cpu_system_secs, &dead_system);
        known |= before && dn_row_get(before, DN_cpu_user_secs, &user_then);
        known |= before && dn_row_get(before, DN_cpu_system_secs, &system_then);
        known |= counted != NULL;
        if (!known)
                return;
        user = own_user + reaped(sums, DN_cpu_user_secs) + dead_user;
        total = user + own_system + reaped(sums, DN_cpu_system_secs) + dead_system;
        floor = user_then + system_then + sums->cpu_grown;
        if (total < floor) {
                total = floor;
                user = user_then + sums->grown[DN_cpu_user_secs];
        }
        if (counted && total < cpu_of(counted)) {
                total = cpu_of(counted);
                user = dn_row_or_zero(counted, DN_cpu_user_secs);
        }
        user = larger(user, user_then);
        if (user > total - system_then)
                user = total - system_then;
        grown = total - user_then - system_then;
        if (before && grown > 0 && grown > most_us) {
                /* A part of what each grew by; the rest is in the sum still, and comes with the next pass. */
                user = user_then + (int64_t)((__int128)(user - user_then) * most_us / grown);
                total = user_then + system_then + most_us;
        }
        dn_row_set(whole, DN_cpu_user_secs, user, whole->changed);
        dn_row_set(whole, DN_cpu_system_secs, total - user, whole->changed);
}

void dn_accounts_settle(struct dn_snapshot *now, const struct dn_snapshot *last, const struct dn_ledger *ledger) {
        struct dn_row *whole = dn_snapshot_whole(now);
        const struct dn_row *before = last ? dn_snapshot_whole(last) : NULL;
        struct sums sums = {0};
        int64_t most_us = INT64_MAX;

        if (last && now->cores > 0)
                most_us = (now->mono_ns - last->mono_ns) / 1000 * now->cores;
        sum_up(&sums, now, last);
        whole->read_ns = now->mono_ns;
        whole->changed = now->number;
        dn_row_set(whole, DN_process_count, sums.living, now->number);
        for (int id = 0; id < DN_FIELDS; id++) {
                const struct dn_field *f = &dn_fields[id];

                if (f->tree == DN_ABSENT || f->part != DN_PROCESS || id == DN_cpu_user_secs || id == DN_cpu_system_secs)
                        continue;
                if (f->nature == DN_COUNTER)
                        settle_counter(whole, id, &sums, before, ledger, counted_of(now));
                else if (f->nature == DN_PEAK && is_known(&sums, id))
                        dn_row_set(whole, id, larger(sums.greatest[id], dn_row_or_zero(whole, id)), now->number);
                else if (f->nature == DN_GAUGE)
                        settle_gauge(whole, id, &sums, sums.living > 0);
        }
        settle_cpu(whole, &sums, before, ledger, counted_of(now), most_us);
}
