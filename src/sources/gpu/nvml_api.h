/* SPDX-License-Identifier: GPL-3.0-or-later
 * As much of NVIDIA's management library as denet calls: prototypes and layouts of our own, by its published interface.
 * Versions of a call differ in what they fill in; nvml_load.c finds the newest that the library at hand has. */
#pragma once
#include <stdint.h>

/* What the calls return. */
enum dn_nvml_result {
        DN_NVML_SUCCESS = 0,
        DN_NVML_NOT_SUPPORTED = 3,
        DN_NVML_NO_PERMISSION = 4,
        DN_NVML_NOT_FOUND = 6,
        DN_NVML_INSUFFICIENT_SIZE = 7,
        DN_NVML_DRIVER_NOT_LOADED = 9,
        DN_NVML_FUNCTION_NOT_FOUND = 13,
        DN_NVML_GPU_IS_LOST = 15,
        DN_NVML_RESET_REQUIRED = 16,
        DN_NVML_VERSION_MISMATCH = 18,
        DN_NVML_UNKNOWN = 999
};

typedef struct dn_nvml_device *dn_nvml_handle; /* the library's own */

struct dn_nvml_utilization {
        unsigned gpu, memory; /* percent */
};

struct dn_nvml_memory {
        unsigned long long total, free, used; /* bytes; what the driver keeps for itself is in used */
};

struct dn_nvml_memory_v2 {
        unsigned version; /* in: DN_NVML_MEMORY_V2 */
        unsigned long long total, reserved, free, used;
};
enum { DN_NVML_MEMORY_V2 = 2 << 24 | sizeof(struct dn_nvml_memory_v2) };

struct dn_nvml_process_v1 {
        unsigned pid;
        unsigned long long used; /* bytes, or DN_NVML_NOT_AVAILABLE */
};

struct dn_nvml_process { /* of versions 2 and 3 */
        unsigned pid;
        unsigned long long used;
        unsigned gpu_instance, compute_instance; /* of MIG; else all bits set */
};
#define DN_NVML_NOT_AVAILABLE (~0ULL)

struct dn_nvml_sample {
        unsigned pid;
        unsigned long long unix_us;
        unsigned sm, memory, encoder, decoder; /* percent */
};

struct dn_nvml_field {
        unsigned field, scope; /* in */
        long long unix_us, latency_us;
        int type, result; /* result: of this field alone */
        union {
                double d;
                int si;
                unsigned ui;
                unsigned long ul;
                unsigned long long ull;
                long long sll;
                unsigned short us;
        } value;
};
enum dn_nvml_field_id { DN_NVML_PCIE_TX_BYTES = 197, DN_NVML_PCIE_RX_BYTES = 198 };
enum dn_nvml_type { DN_NVML_UINT = 1, DN_NVML_ULONG, DN_NVML_ULLONG };

enum dn_nvml_clock { DN_NVML_CLOCK_SM = 1, DN_NVML_CLOCK_MEMORY = 2 };
enum dn_nvml_pcie { DN_NVML_PCIE_TX = 0, DN_NVML_PCIE_RX = 1 };
enum { DN_NVML_TEMPERATURE_GPU = 0, DN_NVML_NAME_MAX = 96, DN_NVML_VERSION_MAX = 80 };

/* Each is NULL where this library has no such call. */
struct dn_nvml_api {
        void *library;
        int (*init)(void);
        int (*shutdown)(void);
        int (*driver_version)(char *text, unsigned room);
        int (*nvml_version)(char *text, unsigned room);
        int (*count)(unsigned *ret_n);
        int (*by_index)(unsigned index, dn_nvml_handle *ret_device);
        int (*name)(dn_nvml_handle device, char *text, unsigned room);
        int (*utilization)(dn_nvml_handle device, struct dn_nvml_utilization *ret);
        int (*memory)(dn_nvml_handle device, struct dn_nvml_memory *ret);
        int (*memory_v2)(dn_nvml_handle device, struct dn_nvml_memory_v2 *memory);
        int (*temperature)(dn_nvml_handle device, int sensor, unsigned *ret_celsius);
        int (*power)(dn_nvml_handle device, unsigned *ret_mw);
        int (*energy)(dn_nvml_handle device, unsigned long long *ret_mj); /* since the driver was loaded */
        int (*clock)(dn_nvml_handle device, int clock, unsigned *ret_mhz);
        int (*clock_reasons)(dn_nvml_handle device, unsigned long long *ret_bits);
        int (*pcie_rate)(dn_nvml_handle device, int way, unsigned *ret_kb_per_s); /* takes 20 ms, and is of them */
        int (*fields)(dn_nvml_handle device, int n, struct dn_nvml_field *fields);
        int (*mig_mode)(dn_nvml_handle device, unsigned *ret_now, unsigned *ret_pending);
        int (*mig_max)(dn_nvml_handle device, unsigned *ret_n);
        int (*mig_by_index)(dn_nvml_handle device, unsigned index, dn_nvml_handle *ret_part);
        /* *n: in the room, out how many there are. INSUFFICIENT_SIZE: more than that. */
        int (*compute)(dn_nvml_handle device, unsigned *n, struct dn_nvml_process *processes);
        int (*graphics)(dn_nvml_handle device, unsigned *n, struct dn_nvml_process *processes);
        int (*mps)(dn_nvml_handle device, unsigned *n, struct dn_nvml_process *processes);
        int (*compute_v1)(dn_nvml_handle device, unsigned *n, struct dn_nvml_process_v1 *processes);
        int (*graphics_v1)(dn_nvml_handle device, unsigned *n, struct dn_nvml_process_v1 *processes);
        int (*samples)(dn_nvml_handle device, struct dn_nvml_sample *samples, unsigned *n, unsigned long long after_us);
};
