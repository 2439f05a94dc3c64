/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the interfaces of a network namespace have carried, but for the loopback: a sum that never falls, whatever
 * becomes of one of them. One that comes counts from 0, one that goes keeps what it had. */
#pragma once
#include "base/str.h"

/* IFNAMSIZ; a longer name would be another kernel's. */
enum { DN_INTERFACE_NAME = 16 };

struct dn_interface {
        char name[DN_INTERFACE_NAME];
        uint64_t rx_bytes, tx_bytes; /* at the last reading */
        bool found;                  /* in this one */
};

struct dn_interfaces {
        struct dn_interface *list, *next;
        uint32_t n, room, next_n, next_room;
        uint64_t rx_bytes, tx_bytes; /* the sums; at the first reading what the interfaces had carried by then */
};

/* Takes over a reading of /proc/net/dev. 0; -EBADMSG, -ENOMEM: nothing is changed. */
int dn_interfaces_take(struct dn_interfaces *i, struct dn_str file);
void dn_interfaces_free(struct dn_interfaces *i);
