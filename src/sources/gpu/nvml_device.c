/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/nvml_device.h"
#include "base/guard.h"
#include "host/clock.h"

static const int64_t second_ns = 1000000000;

/* What a device may not have; asked for no more once it said so. */
enum call {
        UTILIZATION,
        MEMORY,
        MEMORY_V2,
        TEMPERATURE,
        POWER,
        ENERGY,
        CLOCK,
        MEMORY_CLOCK,
        REASONS,
        RATE,
        FIELDS,
        LISTS,
        SAMPLES
};

static bool may_ask(const struct dn_nvml_state *d, int call) {
        return !d->lost && !(d->without >> call & 1);
}

/* The call has answered; else what that means for the next one. */
static bool answered(struct dn_nvml_state *d, int call, int result) {
        if (result == DN_NVML_NOT_SUPPORTED || result == DN_NVML_FUNCTION_NOT_FOUND)
                d->without |= UINT32_C(1) << call;
        if (result == DN_NVML_GPU_IS_LOST || result == DN_NVML_RESET_REQUIRED)
                d->lost = result;
        return result == DN_NVML_SUCCESS;
}

static void read_use(const struct dn_nvml_api *api, struct dn_nvml_state *d, struct dn_gpu_device *out) {
        struct dn_nvml_utilization use;
        unsigned number;

        if (api->utilization && may_ask(d, UTILIZATION) &&
            answered(d, UTILIZATION, api->utilization(d->handle, &use))) {
                dn_gpu_set(out, DN_GPU_BUSY_CENTI, use.gpu <= 100 ? use.gpu * 100 : 10000);
                dn_gpu_set(out, DN_GPU_MEMORY_BUSY_CENTI, use.memory <= 100 ? use.memory * 100 : 10000);
        }
        if (api->temperature && may_ask(d, TEMPERATURE) &&
            answered(d, TEMPERATURE, api->temperature(d->handle, DN_NVML_TEMPERATURE_GPU, &number)))
                dn_gpu_set(out, DN_GPU_CELSIUS, (int)number);
        if (api->clock && may_ask(d, CLOCK) && answered(d, CLOCK, api->clock(d->handle, DN_NVML_CLOCK_SM, &number)))
                dn_gpu_set(out, DN_GPU_CLOCK_MHZ, number);
        if (api->clock && may_ask(d, MEMORY_CLOCK) &&
            answered(d, MEMORY_CLOCK, api->clock(d->handle, DN_NVML_CLOCK_MEMORY, &number)))
                dn_gpu_set(out, DN_GPU_MEMORY_CLOCK_MHZ, number);
}

static void read_reasons(const struct dn_nvml_api *api, struct dn_nvml_state *d, struct dn_gpu_device *out) {
        unsigned long long bits;

        if (api->clock_reasons && may_ask(d, REASONS) && answered(d, REASONS, api->clock_reasons(d->handle, &bits)))
                dn_gpu_set(out, DN_GPU_THROTTLE_BITS, (int64_t)(bits & 0x1ff));
}

static void set_memory(struct dn_gpu_device *out, unsigned long long total, unsigned long long used) {
        if (total > INT64_MAX || used > INT64_MAX)
                return;
        dn_gpu_set(out, DN_GPU_MEMORY_TOTAL_BYTES, (int64_t)total);
        dn_gpu_set(out, DN_GPU_MEMORY_USED_BYTES, (int64_t)used);
}

/* The first version counts as used what the driver keeps for itself. */
static void read_memory(const struct dn_nvml_api *api, struct dn_nvml_state *d, struct dn_gpu_device *out) {
        struct dn_nvml_memory_v2 newer = {.version = DN_NVML_MEMORY_V2};
        struct dn_nvml_memory memory;

        if (api->memory_v2 && may_ask(d, MEMORY_V2)) {
                if (answered(d, MEMORY_V2, api->memory_v2(d->handle, &newer))) {
                        set_memory(out, newer.total, newer.used);
                        return;
                }
        }
        if (api->memory && may_ask(d, MEMORY) && answered(d, MEMORY, api->memory(d->handle, &memory)))
                set_memory(out, memory.total, memory.used);
}

static void read_energy(const struct dn_nvml_api *api, struct dn_nvml_state *d, struct dn_gpu_device *out) {
        unsigned long long mj;
        unsigned mw;

        if (api->power && may_ask(d, POWER) && answered(d, POWER, api->power(d->handle, &mw))) {
                dn_gpu_set(out, DN_GPU_POWER_MW, mw);
                dn_gpu_meter_add(&d->meter, dn_clock_mono_ns(), mw);
        }
        if (!d->metered && api->energy && may_ask(d, ENERGY) && answered(d, ENERGY, api->energy(d->handle, &mj))) {
                if (!d->counted || mj < d->first_mj)
                        d->first_mj = mj;
                d->counted = true;
                dn_gpu_set(out, DN_GPU_ENERGY_UJ, (int64_t)((mj - d->first_mj) * 1000));
        } else if (!d->counted && (out->has >> DN_GPU_POWER_MW & 1)) {
                d->metered = true;
                dn_gpu_set(out, DN_GPU_ENERGY_UJ, d->meter.energy_uj);
        }
}

static void count_on(struct dn_nvml_traffic *t, uint64_t now, bool short_one) {
        if (t->begun)
                t->total += short_one ? (uint32_t)(now - t->last) : now > t->last ? now - t->last : 0;
        t->last = now;
        t->begun = true;
}

static bool take_field(struct dn_nvml_state *d, const struct dn_nvml_field *f, struct dn_nvml_traffic *t) {
        if (!answered(d, FIELDS, f->result))
                return false;
        if (f->type == DN_NVML_UINT)
                count_on(t, f->value.ui, true);
        else if (f->type == DN_NVML_ULONG || f->type == DN_NVML_ULLONG)
                count_on(t, f->value.ull, false);
        else
                return false;
        return true;
}

/* Without counters of bytes there are rates, each over 20 ms that the call takes: one a second of each device, taken
 * for all of that second. */
static void read_rates(const struct dn_nvml_api *api, struct dn_nvml_state *d) {
        int64_t now_ns = dn_clock_mono_ns(), since_ms = (now_ns - d->rate_ns) / 1000000;
        unsigned rx, tx;

        if (!api->pcie_rate || !may_ask(d, RATE) || (d->rate_ns > 0 && now_ns - d->rate_ns < second_ns) ||
            !answered(d, RATE, api->pcie_rate(d->handle, DN_NVML_PCIE_RX, &rx)) ||
            !answered(d, RATE, api->pcie_rate(d->handle, DN_NVML_PCIE_TX, &tx)))
                return;
        if (d->rate_ns > 0) {
                d->rx.total += (uint64_t)rx * 1024 * (uint64_t)since_ms / 1000;
                d->tx.total += (uint64_t)tx * 1024 * (uint64_t)since_ms / 1000;
        }
        d->rx.begun = d->tx.begun = true;
        d->rate_ns = now_ns;
}

static void read_traffic(const struct dn_nvml_api *api, struct dn_nvml_state *d, struct dn_gpu_device *out) {
        struct dn_nvml_field fields[] = {{.field = DN_NVML_PCIE_RX_BYTES}, {.field = DN_NVML_PCIE_TX_BYTES}};
        bool counted = api->fields && may_ask(d, FIELDS) && answered(d, FIELDS, api->fields(d->handle, 2, fields)) &&
                       take_field(d, &fields[0], &d->rx) && take_field(d, &fields[1], &d->tx);

        if (!counted)
                read_rates(api, d);
        if (d->rx.begun && d->tx.begun && !d->lost) {
                dn_gpu_set(out, DN_GPU_RX_BYTES, (int64_t)d->rx.total);
                dn_gpu_set(out, DN_GPU_TX_BYTES, (int64_t)d->tx.total);
        }
}

/* The driver samples at a pace of its own: between two of its samples the last stands, for a second at most. */
static void note_samples(struct dn_nvml_state *d, int result, const struct dn_nvml_part *part) {
        int64_t now_ns = dn_clock_mono_ns();

        if (result == DN_NVML_SUCCESS) {
                d->sampled_ns = now_ns;
                d->busy_centi = part->busy_centi;
                d->all_centi = part->all_centi;
        } else if (now_ns - d->sampled_ns > second_ns)
                d->busy_centi = d->all_centi = 0;
}

/* Without samples of processes: all of the time where nobody else is there, none where the tree is not. */
static bool guess_busy(struct dn_nvml_state *d, const struct dn_nvml_lists *lists, const struct dn_nvml_part *part,
                       const struct dn_gpu_device *out) {
        int64_t busy;

        if (!dn_gpu_get(out, DN_GPU_BUSY_CENTI, &busy) || (part->n > 0 && part->n < lists->n))
                return false;
        d->busy_centi = part->n > 0 ? busy : 0;
        d->all_centi = busy;
        return true;
}

static void set_busy(struct dn_nvml_state *d, bool known, struct dn_gpu_device *out) {
        int64_t energy_uj;

        if (known)
                dn_gpu_set(out, DN_GPU_TREE_BUSY_CENTI, d->busy_centi);
        d->share.unknown |= !known;
        if (!dn_gpu_get(out, DN_GPU_ENERGY_UJ, &energy_uj) || d->share.unknown)
                return;
        dn_gpu_share_add(&d->share, energy_uj, d->busy_centi, d->all_centi);
        dn_gpu_set(out, DN_GPU_TREE_ENERGY_UJ, d->share.tree_uj);
}

/* 0 or -ENOMEM. */
static int read_tree(const struct dn_nvml_api *api, struct dn_nvml_state *d, struct dn_nvml_lists *lists,
                     const struct dn_gpu_tree *tree, struct dn_gpu_device *out, bool *blind) {
        struct dn_nvml_part part;
        int r = may_ask(d, LISTS) ? dn_nvml_list_processes(api, d->handle, lists) : DN_NVML_NOT_SUPPORTED;
        int sampled = DN_NVML_NOT_SUPPORTED;

        if (r == -ENOMEM)
                return r;
        if (!answered(d, LISTS, r))
                return 0;
        lists->n_samples = 0;
        if (may_ask(d, SAMPLES))
                sampled = dn_nvml_list_samples(api, d->handle, lists, &d->after_us);
        if (sampled == -ENOMEM)
                return sampled;
        (void)answered(d, SAMPLES, sampled);
        if (d->lost)
                return 0;
        dn_nvml_fold(lists, tree, &part);
        *blind |= part.unknown;
        if (part.unknown)
                return 0;
        if (!part.memory_unknown)
                dn_gpu_set(out, DN_GPU_TREE_MEMORY_BYTES, part.memory_bytes);
        note_samples(d, sampled, &part);
        set_busy(d, may_ask(d, SAMPLES) || guess_busy(d, lists, &part, out), out);
        return 0;
}

int dn_nvml_read_device(const struct dn_nvml_api *api, struct dn_nvml_state *d, struct dn_nvml_lists *lists,
                        const struct dn_gpu_tree *tree, struct dn_gpu_reading *reading, bool *blind) {
        struct dn_gpu_device *out = dn_gpu_add(reading);
        int r;

        if (!out)
                return -ENOMEM;
        memcpy(out->name, d->name, sizeof(out->name));
        out->index = d->index;
        out->part = d->part;
        read_memory(api, d, out);
        if (d->part == DN_GPU_WHOLE) {
                read_use(api, d, out);
                read_reasons(api, d, out);
                read_energy(api, d, out);
                read_traffic(api, d, out);
        }
        r = read_tree(api, d, lists, tree, out, blind);
        if (d->lost)
                reading->n--;
        return r;
}
