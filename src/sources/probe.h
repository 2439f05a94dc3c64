/* SPDX-License-Identifier: GPL-3.0-or-later
 * What this machine lets this user measure, found out without measuring and without changing anything. */
#pragma once
#include "base/text.h"

enum dn_ability_id {
        DN_ABILITY_PROCESSES,
        DN_ABILITY_IO,
        DN_ABILITY_PSI,
        DN_ABILITY_COUNTERS,
        DN_ABILITY_ENERGY,
        DN_ABILITY_GPU,
        DN_ABILITY_EBPF,
        DN_ABILITIES
};

enum dn_can { DN_CAN_NOT, DN_CAN_PARTLY, DN_CAN };

/* `reason`: why not, or why only partly, as a phrase; `hint`: the command or setting that would change it. Each may be
 * empty. */
struct dn_ability {
        int can;
        int hidepid; /* of processes: how /proc hides others' from this user, 1, 2 or 4 as in proc(5); 0: it does not */
        struct dn_text reason, hint;
};

/* Held directories, in whose place a test puts others: /proc, /sys and /; -1: there is none. `counter` is what the
 * kernel says to a hardware counter of one's own: 0; 1: of user mode alone; or -errno. `bpf` is what it
 * says to a bpf(2) that does nothing: 0 or -errno. */
struct dn_probe_roots {
        int proc, sys, root;
        int counter;
        int bpf;
};

/* Fills in all of them; they begin empty, and are the caller's to free with dn_abilities_free. */
void dn_abilities_look(struct dn_ability abilities[DN_ABILITIES], const struct dn_probe_roots *roots);
void dn_abilities_free(struct dn_ability abilities[DN_ABILITIES]);

/* For roots.counter, and for roots.bpf. */
int dn_probe_counter(void);
int dn_probe_bpf(void);
