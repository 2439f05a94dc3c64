/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the drivers tell of the devices, and of what one tree of processes uses of them: the same for all makers. */
#pragma once
#include "base/text.h"

/* Of a device; what its driver does not tell is not set. */
enum dn_gpu_value {
        DN_GPU_BUSY_CENTI,         /* hundredths of a percent, here and below */
        DN_GPU_MEMORY_BUSY_CENTI,  /* of time in which its memory was read or written */
        DN_GPU_MEMORY_TOTAL_BYTES, /* its own memory */
        DN_GPU_MEMORY_USED_BYTES,
        DN_GPU_CELSIUS,
        DN_GPU_POWER_MW,
        DN_GPU_TREE_MEMORY_BYTES, /* the tree's part */
        DN_GPU_TREE_BUSY_CENTI,   /* likewise */
        DN_GPU_CLOCK_MHZ,
        DN_GPU_MEMORY_CLOCK_MHZ,
        DN_GPU_THROTTLE_BITS, /* of dn_gpu_throttle */
        DN_GPU_RX_BYTES,      /* over PCIe, since it was opened */
        DN_GPU_TX_BYTES,
        DN_GPU_ENERGY_UJ,      /* since it was opened */
        DN_GPU_TREE_ENERGY_UJ, /* the tree's part, by its share of the busy time */
        DN_GPU_VALUES
};

/* Why the clocks are not as high as they could be. NVML's bits, and other drivers' reasons by them. */
enum dn_gpu_throttle {
        DN_GPU_IDLE = 0x1,
        DN_GPU_CLOCKS_SET = 0x2,
        DN_GPU_POWER_CAP = 0x4,
        DN_GPU_SLOWDOWN = 0x8,
        DN_GPU_SYNC = 0x10,
        DN_GPU_HOT = 0x20,
        DN_GPU_TOO_HOT = 0x40,
        DN_GPU_POWER_BRAKE = 0x80,
        DN_GPU_DISPLAY = 0x100
};

enum { DN_GPU_NAME = 96, DN_GPU_WHOLE = -1 };

struct dn_gpu_device {
        char name[DN_GPU_NAME]; /* UTF-8 is not promised */
        int64_t index;          /* 0, 1, 2 … */
        int64_t part;           /* of a device cut into parts (MIG) the part's number, else DN_GPU_WHOLE */
        uint32_t has;           /* a bit a value */
        int64_t v[DN_GPU_VALUES];
};

static inline void dn_gpu_set(struct dn_gpu_device *d, int value, int64_t number) {
        d->v[value] = number;
        d->has |= UINT32_C(1) << value;
}

static inline bool dn_gpu_get(const struct dn_gpu_device *d, int value, int64_t *ret_number) {
        if (!(d->has >> value & 1))
                return false;
        *ret_number = d->v[value];
        return true;
}

/* Devices at one moment. */
struct dn_gpu_reading {
        struct dn_gpu_device *devices;
        uint32_t n, room;
};

/* One more, without values, behind the others; those may move. NULL without memory. */
struct dn_gpu_device *dn_gpu_add(struct dn_gpu_reading *reading);
void dn_gpu_reading_free(struct dn_gpu_reading *reading);

/* Whose use is asked for. Descriptors are the caller's. */
struct dn_gpu_tree {
        int proc;            /* /proc */
        const int64_t *pids; /* in rising order, as that /proc has them */
        uint32_t n;
        bool nested;   /* that /proc is not of the machine's first PID namespace, whose numbers a driver may tell */
        int host_proc; /* that one's /proc, where it can be seen; -1: it cannot */
};

bool dn_gpu_tree_has(const struct dn_gpu_tree *tree, int64_t pid);

/* Adds up power over time, where a device has no counter of its energy. Begins zeroed. */
struct dn_gpu_meter {
        int64_t last_ns, last_mw; /* last_ns 0: nothing yet */
        int64_t energy_uj;
};
void dn_gpu_meter_add(struct dn_gpu_meter *meter, int64_t mono_ns, int64_t power_mw);

/* The tree's part of the energy: of what was used since the last call the share `part` of `all` of the busy time. Both
 * 0: nobody was busy, and it gets nothing. */
struct dn_gpu_share {
        bool begun, unknown; /* unknown: a share could not be told once, so the sum cannot */
        int64_t last_uj, tree_uj;
};
void dn_gpu_share_add(struct dn_gpu_share *share, int64_t energy_uj, int64_t part, int64_t all);
