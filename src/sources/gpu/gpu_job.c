/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/gpu_job.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/slots.h"
#include "host/clock.h"
#include "sources/gpu/drm.h"
#include "sources/gpu/nvml.h"

#include <fcntl.h>

struct dn_gpu_job *dn_gpu_job_new(void) {
        struct dn_gpu_job *job = calloc(1, sizeof(*job));

        if (job)
                job->proc = job->sys = job->host_proc = -1;
        return job;
}

void dn_gpu_job_end(void *user) {
        struct dn_gpu_job *job = user;

        if (job->nvml)
                dn_nvml_close(job->nvml);
        if (job->drm)
                dn_drm_close(job->drm);
        dn_guard_close(&job->proc);
        dn_guard_close(&job->sys);
        dn_guard_close(&job->host_proc);
        dn_text_free(&job->why);
        dn_text_free(&job->no_nvml);
        dn_gpu_reading_free(&job->reading);
        free(job->pids);
        free(job);
}

int dn_gpu_job_begin(struct dn_gpu_job *job, uint32_t n) {
        int64_t *pids;

        job->n_pids = 0;
        pids = dn_slots_reserve(job->pids, &job->room, n, sizeof(*pids));
        if (!pids)
                return -ENOMEM;
        job->pids = pids;
        return 0;
}

/* The machine's first PID namespace has this number on every Linux. */
static bool is_nested(int proc) {
        char link[64];
        ssize_t n = readlinkat(proc, "self/ns/pid", link, sizeof(link));

        return n > 0 && !dn_str_equal((struct dn_str){link, (size_t)n}, DN_STR("pid:[4026531836]"));
}

/* Where containers that watch their machine have its /proc. */
static int open_host_proc(const struct dn_gpu_job *job) {
        int fd = job->nested ? dn_file_directory(AT_FDCWD, "/host/proc") : -1;

        return fd < 0 ? -1 : fd;
}

static int open_devices(struct dn_gpu_job *job) {
        int nvml, drm;

        job->proc = dn_file_directory(AT_FDCWD, "/proc");
        job->sys = dn_file_directory(AT_FDCWD, "/sys");
        job->nested = is_nested(job->proc);
        job->host_proc = open_host_proc(job);
        nvml = dn_nvml_open(&job->nvml, NULL, &job->no_nvml);
        drm = dn_drm_open(&job->drm, job->sys);
        job->opened = true;
        return nvml == -ENOMEM || drm == -ENOMEM ? -ENOMEM : 0;
}

static void put_why(struct dn_gpu_job *job, struct dn_str s) {
        if (s.n > 0 && job->why.n > 0)
                dn_text_put(&job->why, DN_STR("; "));
        dn_text_put(&job->why, s);
}

/* The library is there and does not work: worth saying beside devices of others, that there is none is not. */
static void say_why(struct dn_gpu_job *job) {
        struct dn_str no_nvml = dn_text_str(&job->no_nvml);

        dn_text_reset(&job->why);
        if (job->nvml)
                put_why(job, dn_nvml_trouble(job->nvml));
        else if (job->count == 0 || !dn_str_starts(no_nvml, DN_STR("no driver library")))
                put_why(job, no_nvml);
        if (job->drm)
                put_why(job, dn_drm_trouble(job->drm));
}

static int by_number(const void *a, const void *b) {
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return (x > y) - (x < y);
}

static int read_devices(struct dn_gpu_job *job) {
        struct dn_gpu_tree tree = {job->proc, job->pids, job->n_pids, job->nested, job->host_proc};
        int64_t index = job->nvml ? dn_nvml_next_index(job->nvml) : 0;
        int r = 0;

        if (job->n_pids > 1)
                qsort(job->pids, job->n_pids, sizeof(*job->pids), by_number);
        job->reading.n = 0;
        if (job->nvml)
                r = dn_nvml_read(job->nvml, &tree, &job->reading);
        if (r == 0 && job->drm)
                r = dn_drm_read(job->drm, &tree, index, dn_clock_mono_ns(), &job->reading);
        job->count = (job->nvml ? dn_nvml_count(job->nvml) : 0) + (job->drm ? dn_drm_count(job->drm) : 0);
        return r;
}

void dn_gpu_job_round(void *user) {
        struct dn_gpu_job *job = user;
        int r = job->opened ? 0 : open_devices(job);

        job->read_ns = dn_clock_mono_ns();
        if (r == 0)
                r = read_devices(job);
        say_why(job);
        job->result = r == 0 && job->count == 0 ? -ENODEV : r;
        job->known = true;
}
