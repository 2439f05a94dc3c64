/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/interfaces.h"
#include "base/guard.h"
#include "base/slots.h"
#include "sources/linux/parse_netdev.h"

static int add_next(struct dn_interfaces *i, const struct dn_netdev *netdev) {
        struct dn_interface *next = dn_slots_reserve(i->next, &i->next_room, i->next_n, sizeof(*next));

        if (!next)
                return -ENOMEM;
        i->next = next;
        next = &i->next[i->next_n++];
        *next = (struct dn_interface){.rx_bytes = netdev->rx_bytes, .tx_bytes = netdev->tx_bytes};
        memcpy(next->name, netdev->name.p, netdev->name.n);
        return 0;
}

/* The whole reading first: one that breaks off in the middle would have lost the interfaces behind. */
static int read_next(struct dn_interfaces *i, struct dn_str file) {
        struct dn_netdev netdev;
        int r = dn_netdev_begin(&file);

        i->next_n = 0;
        if (r < 0)
                return r;
        while ((r = dn_netdev_next(&file, &netdev)) > 0) {
                if (dn_netdev_is_loopback(&netdev))
                        continue;
                if (netdev.name.n >= DN_INTERFACE_NAME)
                        return -EBADMSG;
                r = add_next(i, &netdev);
                if (r < 0)
                        return r;
        }
        return r;
}

/* They mostly come in the order of the last reading: `hint` is where to look first. */
static struct dn_interface *find_last(struct dn_interfaces *i, const char *name, uint32_t hint) {
        for (uint32_t k = 0; k < i->n; k++) {
                struct dn_interface *last = &i->list[(hint + k) % i->n];

                if (strcmp(last->name, name) == 0)
                        return last;
        }
        return NULL;
}

/* A counter that fell was of 32 bits and came round, if it had come more than half of its way; else it began anew, with
 * an interface of the same name. */
static uint64_t grown(uint64_t last, uint64_t now) {
        if (now >= last)
                return now - last;
        if (last <= UINT32_MAX && last > UINT32_MAX / 2 && now < UINT32_MAX / 2)
                return now + (UINT64_C(1) << 32) - last;
        return now;
}

struct sums {
        uint64_t rx_bytes, tx_bytes;
};

static void add_growth(struct sums *sums, const struct dn_interface *last, const struct dn_interface *now) {
        sums->rx_bytes += grown(last->rx_bytes, now->rx_bytes);
        sums->tx_bytes += grown(last->tx_bytes, now->tx_bytes);
}

/* One that has gone while this came, and had not carried more: this is it, by another name. */
static struct dn_interface *find_renamed(struct dn_interfaces *i, const struct dn_interface *now) {
        for (uint32_t k = 0; k < i->n; k++) {
                struct dn_interface *last = &i->list[k];

                if (!last->found && last->rx_bytes <= now->rx_bytes && last->tx_bytes <= now->tx_bytes)
                        return last;
        }
        return NULL;
}

static struct sums count(struct dn_interfaces *i) {
        static const struct dn_interface nothing;
        struct sums sums = {i->rx_bytes, i->tx_bytes};

        for (uint32_t k = 0; k < i->next_n; k++) {
                struct dn_interface *now = &i->next[k], *last = find_last(i, now->name, k);

                if (!last)
                        continue;
                now->found = last->found = true;
                add_growth(&sums, last, now);
        }
        for (uint32_t k = 0; k < i->next_n; k++) {
                struct dn_interface *now = &i->next[k], *last = now->found ? NULL : find_renamed(i, now);

                if (now->found)
                        continue;
                if (last)
                        last->found = true;
                add_growth(&sums, last ? last : &nothing, now);
        }
        return sums;
}

static void turn(struct dn_interfaces *i) {
        struct dn_interface *list = i->list;
        uint32_t room = i->room;

        i->list = i->next;
        i->n = i->next_n;
        i->room = i->next_room;
        i->next = list;
        i->next_n = 0;
        i->next_room = room;
        for (uint32_t k = 0; k < i->n; k++)
                i->list[k].found = false;
}

int dn_interfaces_take(struct dn_interfaces *i, struct dn_str file) {
        int r = read_next(i, file);
        struct sums sums;

        if (r < 0)
                return r;
        sums = count(i);
        for (uint32_t k = 0; k < i->n; k++)
                i->list[k].found = false;
        if ((sums.rx_bytes | sums.tx_bytes) >> 61)
                return -EBADMSG;
        i->rx_bytes = sums.rx_bytes;
        i->tx_bytes = sums.tx_bytes;
        turn(i);
        return 0;
}

void dn_interfaces_free(struct dn_interfaces *i) {
        free(i->list);
        free(i->next);
        *i = (struct dn_interfaces){0};
}
