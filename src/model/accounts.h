/* SPDX-License-Identifier: GPL-3.0-or-later
 * The whole: what the tree has used, the dead included.
 *
 *         whole = max(what the living did and reaped + the ledger, the last whole + what the living did since)
 *
 * A process that ends moves its totals into its parent's, at a moment of its own. Rows are read a parent before its
 * child, so the first term can miss one that moves meanwhile and never has it twice; the second term holds it then, and
 * never falls. Both are at most the truth. So is a third, where eBPF counts every member itself (now->counted): it has
 * those too whose totals nobody was handed, and the larger is taken. */
#pragma once
#include "model/ledger.h"

/* Fills the row of DN_WHOLE in `now`. `last` may be NULL: the first snapshot. */
void dn_accounts_settle(struct dn_snapshot *now, const struct dn_snapshot *last, const struct dn_ledger *ledger);
