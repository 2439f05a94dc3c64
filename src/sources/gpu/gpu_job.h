/* SPDX-License-Identifier: GPL-3.0-or-later
 * All devices of this machine, of whatever maker: found and read in a thread of their own, since any driver may take
 * seconds to answer. Between rounds a job is the caller's. */
#pragma once
#include "sources/gpu/gpu.h"

struct dn_nvml;
struct dn_drm;

struct dn_gpu_job {
        /* What the caller says. */
        int64_t *pids; /* the tree's, in rising order; the job's own */
        uint32_t n_pids, room;
        /* What it is told. */
        bool known;                    /* there was a round; the rest is of the last one */
        int result;                    /* 0; -ENODEV: no device, `why` says why; -ENOMEM */
        struct dn_text why;            /* … or what of it all is not known, where there is something */
        struct dn_gpu_reading reading; /* devices in order of their numbers */
        int64_t read_ns;
        uint32_t count; /* devices, parts not counted */
        /* The job's own. */
        bool opened;
        int proc, sys, host_proc;
        bool nested;
        struct dn_nvml *nvml;
        struct dn_drm *drm;
        struct dn_text no_nvml;
};

/* For dn_worker_start; NULL without memory. */
struct dn_gpu_job *dn_gpu_job_new(void);
void dn_gpu_job_round(void *user);
void dn_gpu_job_end(void *user);

/* Takes the numbers of the processes. 0 or -ENOMEM. */
int dn_gpu_job_begin(struct dn_gpu_job *job, uint32_t n);                /* room for so many */
static inline void dn_gpu_job_add(struct dn_gpu_job *job, int64_t pid) { /* no more than that */
        job->pids[job->n_pids++] = pid;
}
