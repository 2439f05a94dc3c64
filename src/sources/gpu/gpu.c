/* SPDX-License-Identifier: GPL-3.0-or-later
 * GPUs as a source: a pass takes what the job's thread read last, and sends it off again. It never waits for it, but
 * for a moment before the command begins and once more when it has ended. */
#include "base/guard.h"
#include "host/clock.h"
#include "host/worker.h"
#include "sources/gpu/gpu_job.h"
#include "sources/linux/sources.h"
#include "sources/probe.h"

enum { OPEN_PATIENCE_MS = 250, END_PATIENCE_MS = 100 };

/* What is kept of a device as long as the source is open: rows point to its name, and sums have to stand when it is
 * lost. */
struct kept {
        int64_t index, part;
        char name[DN_GPU_NAME];
        int64_t energy_uj, tree_uj; /* -1: not known */
};

struct gpu {
        struct dn_worker *worker;
        struct dn_gpu_job *job;
        struct kept **kept;
        uint32_t n_kept;
        int64_t taken_ns;   /* when what was taken last was read */
        int64_t sent_ns;    /* when the thread was sent off last */
        int can;            /* of dn_can, and … */
        struct dn_text why; /* … why not all, by what was taken last */
};

static const struct {
        int value, field;
} fields[] = {
        {DN_GPU_BUSY_CENTI, DN_GPU_DEVICE_utilization_gpu},
        {DN_GPU_MEMORY_BUSY_CENTI, DN_GPU_DEVICE_utilization_memory},
        {DN_GPU_MEMORY_TOTAL_BYTES, DN_GPU_DEVICE_memory_total},
        {DN_GPU_MEMORY_USED_BYTES, DN_GPU_DEVICE_memory_used},
        {DN_GPU_CELSIUS, DN_GPU_DEVICE_temperature},
        {DN_GPU_POWER_MW, DN_GPU_DEVICE_power_usage},
        {DN_GPU_TREE_MEMORY_BYTES, DN_GPU_DEVICE_process_memory_usage},
        {DN_GPU_TREE_BUSY_CENTI, DN_GPU_DEVICE_process_utilization_gpu},
        {DN_GPU_CLOCK_MHZ, DN_GPU_DEVICE_clock_sm_mhz},
        {DN_GPU_MEMORY_CLOCK_MHZ, DN_GPU_DEVICE_clock_mem_mhz},
        {DN_GPU_THROTTLE_BITS, DN_GPU_DEVICE_throttle_reasons},
        {DN_GPU_RX_BYTES, DN_GPU_DEVICE_pcie_rx_bytes},
        {DN_GPU_TX_BYTES, DN_GPU_DEVICE_pcie_tx_bytes},
};

/* ------------------------------------------------------------------------------------------- from a reading to rows */

/* NULL without memory. */
static struct kept *keep(struct gpu *gpu, const struct dn_gpu_device *d) {
        struct kept **all, *one;

        for (uint32_t i = 0; i < gpu->n_kept; i++)
                if (gpu->kept[i]->index == d->index && gpu->kept[i]->part == d->part)
                        return gpu->kept[i];
        all = realloc(gpu->kept, (gpu->n_kept + 1) * sizeof(struct kept *));
        one = all ? malloc(sizeof(*one)) : NULL;
        gpu->kept = all ? all : gpu->kept;
        if (!one)
                return NULL;
        *one = (struct kept){.index = d->index, .part = d->part, .energy_uj = -1, .tree_uj = -1};
        memcpy(one->name, d->name, sizeof(one->name));
        gpu->kept[gpu->n_kept++] = one;
        return one;
}

static int put_device(struct gpu *gpu, const struct dn_gpu_device *d, struct dn_pass *pass) {
        struct kept *kept = keep(gpu, d);
        struct dn_row *row = kept ? dn_block_add(pass->now->part, DN_GPU_DEVICE) : NULL;
        uint32_t number = pass->now->number;
        int64_t value;

        if (!row)
                return -ENOMEM;
        row->key = (struct dn_key){d->index, (uint64_t)(d->part + 1)};
        row->read_ns = gpu->taken_ns;
        dn_row_set_text(row, DN_GPU_DEVICE_name, kept->name, number);
        if (d->part != DN_GPU_WHOLE)
                dn_row_set(row, DN_GPU_DEVICE_mig_index, d->part, number);
        for (size_t i = 0; i < DN_COUNT(fields); i++)
                if (dn_gpu_get(d, fields[i].value, &value))
                        dn_row_set(row, fields[i].field, value, number);
        if (dn_gpu_get(d, DN_GPU_ENERGY_UJ, &kept->energy_uj) && !dn_gpu_get(d, DN_GPU_TREE_ENERGY_UJ, &kept->tree_uj))
                kept->tree_uj = -1;
        return 0;
}

/* Of whole devices: parts are of them. */
static void add_up(const struct dn_gpu_reading *reading, int value, bool largest, struct dn_row *row, int field,
                   uint32_t number) {
        int64_t sum = 0, one;
        bool any = false;

        for (uint32_t i = 0; i < reading->n; i++) {
                if (reading->devices[i].part != DN_GPU_WHOLE || !dn_gpu_get(&reading->devices[i], value, &one))
                        continue;
                sum = !largest ? sum + one : one > sum ? one : sum;
                any = true;
        }
        if (any)
                dn_row_set(row, field, sum, number);
        else
                dn_row_unset(row, field, number);
}

/* The tree's part of it is known where it is of each device. */
static int put_energy(const struct gpu *gpu, struct dn_pass *pass) {
        int64_t energy_uj = 0, tree_uj = 0;
        bool any = false, known = true;
        struct dn_row *row;

        for (uint32_t i = 0; i < gpu->n_kept; i++) {
                if (gpu->kept[i]->energy_uj < 0)
                        continue;
                any = true;
                energy_uj += gpu->kept[i]->energy_uj;
                known &= gpu->kept[i]->tree_uj >= 0;
                tree_uj += known ? gpu->kept[i]->tree_uj : 0;
        }
        if (!any)
                return 0;
        row = dn_block_row(pass->now->part, DN_GPU_ENERGY);
        if (!row)
                return -ENOMEM;
        row->read_ns = gpu->taken_ns;
        dn_row_set(row, DN_GPU_ENERGY_package_joules, energy_uj, pass->now->number);
        if (known)
                dn_row_set(row, DN_GPU_ENERGY_process_joules, tree_uj, pass->now->number);
        else
                dn_row_unset(row, DN_GPU_ENERGY_process_joules, pass->now->number);
        return 0;
}

static int put_all(struct gpu *gpu, const struct dn_gpu_reading *reading, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_GPU);
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        row->read_ns = gpu->taken_ns;
        add_up(reading, DN_GPU_MEMORY_USED_BYTES, false, row, DN_GPU_total_memory_used, number);
        add_up(reading, DN_GPU_MEMORY_TOTAL_BYTES, false, row, DN_GPU_total_memory_available, number);
        add_up(reading, DN_GPU_BUSY_CENTI, true, row, DN_GPU_max_gpu_utilization, number);
        add_up(reading, DN_GPU_MEMORY_BUSY_CENTI, true, row, DN_GPU_max_memory_utilization, number);
        return put_energy(gpu, pass);
}

static void note_ability(struct gpu *gpu) {
        const struct dn_gpu_job *job = gpu->job;

        gpu->can = job->result < 0 ? DN_CAN_NOT : job->why.n > 0 ? DN_CAN_PARTLY : DN_CAN;
        dn_text_reset(&gpu->why);
        dn_text_put(&gpu->why, dn_text_str(&job->why));
}

/* What the thread has read, if it is new. */
static int take(struct gpu *gpu, struct dn_pass *pass) {
        const struct dn_gpu_job *job = gpu->job;
        int r = 0;

        if (!job->known || job->read_ns == gpu->taken_ns)
                return 0;
        if (job->result == -ENOMEM)
                return -ENOMEM;
        gpu->taken_ns = job->read_ns;
        note_ability(gpu);
        pass->now->part[DN_GPU_DEVICE].n = 0;
        for (uint32_t i = 0; i < job->reading.n && r == 0; i++)
                r = put_device(gpu, &job->reading.devices[i], pass);
        return r < 0 ? r : put_all(gpu, &job->reading, pass);
}

/* --------------------------------------------------------------------------------------------------- the source */

static int send(struct gpu *gpu, const struct dn_pass *pass) {
        const struct dn_table *rows = &pass->now->part[DN_PROCESS];

        if (dn_gpu_job_begin(gpu->job, rows->n) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < rows->n; i++)
                if (!dn_row_ended(dn_table_row(rows, i)))
                        dn_gpu_job_add(gpu->job, dn_table_row(rows, i)->key.pid);
        gpu->sent_ns = dn_clock_mono_ns();
        dn_worker_go(gpu->worker);
        return 0;
}

/* Once more, if that is soon done: what came since the last reading is in the totals. */
static int read_last(struct gpu *gpu, struct dn_pass *pass) {
        int r;

        if (!dn_worker_wait(gpu->worker, END_PATIENCE_MS))
                return 0;
        r = take(gpu, pass);
        if (r == 0)
                r = send(gpu, pass);
        return r == 0 && dn_worker_wait(gpu->worker, END_PATIENCE_MS) ? take(gpu, pass) : r;
}

static int gpu_read(void *state, struct dn_pass *pass) {
        struct gpu *gpu = state;
        int r;

        if (pass->final)
                return read_last(gpu, pass);
        if (!dn_worker_is_idle(gpu->worker))
                return 0;
        r = take(gpu, pass);
        return r < 0 || pass->first ? r : send(gpu, pass);
}

static int gpu_can(void *state, struct dn_text *why) {
        const int64_t hung_ns = 10000000000;
        struct gpu *gpu = state;

        if (gpu->taken_ns == 0) {
                dn_text_put(why, DN_STR("the driver has not answered yet"));
                return DN_CAN_NOT;
        }
        if (!dn_worker_is_idle(gpu->worker) && dn_clock_mono_ns() - gpu->sent_ns > hung_ns) {
                dn_text_put(why, DN_STR("the driver has not answered for ten seconds: the figures are older"));
                return DN_CAN_PARTLY;
        }
        dn_text_put(why, dn_text_str(&gpu->why));
        return gpu->can;
}

static void gpu_close(void *state) {
        struct gpu *gpu = state;

        if (gpu->worker)
                dn_worker_stop(gpu->worker, END_PATIENCE_MS);
        else if (gpu->job)
                dn_gpu_job_end(gpu->job);
        for (uint32_t i = 0; i < gpu->n_kept; i++)
                free(gpu->kept[i]);
        free(gpu->kept);
        dn_text_free(&gpu->why);
        free(gpu);
}

static int gpu_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct gpu *gpu;
        int r;

        if (!t->gpu) {
                dn_text_put(why, DN_STR("not asked for"));
                return -ENOTSUP;
        }
        gpu = calloc(1, sizeof(*gpu));
        if (!gpu)
                return -ENOMEM;
        gpu->job = dn_gpu_job_new();
        r = gpu->job ? dn_worker_start(&gpu->worker, dn_gpu_job_round, dn_gpu_job_end, gpu->job) : -ENOMEM;
        if (r == 0) {
                dn_worker_go(gpu->worker);
                gpu->sent_ns = dn_clock_mono_ns();
                if (dn_worker_wait(gpu->worker, OPEN_PATIENCE_MS))
                        r = gpu->job->result;
        }
        if (r < 0) {
                if (gpu->worker && r != -ENOMEM)
                        dn_text_put(why, dn_text_str(&gpu->job->why));
                else if (r != -ENOMEM)
                        dn_text_printf(why, "no thread to ask the drivers in: %s", strerror(-r));
                gpu_close(gpu);
                return r;
        }
        *ret_state = gpu;
        return 0;
}

const struct dn_source dn_source_gpu = {
        .name = "gpu",
        .open = gpu_open,
        .read = gpu_read,
        .can = gpu_can,
        .close = gpu_close,
};
