/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the program keeps of a stream of records, to say at its end: the same of a run and of its file. */
#pragma once
#include "cli/costliest.h"
#include "cli/kernel_side.h"
#include "cli/missing.h"
#include "cli/take.h"
#include "denet/denet.h"

/* The moment when a limit was nearest to being reached; limit 0: there was none. */
struct dn_near {
        double used, limit;
        bool above; /* it is that of a cgroup above */
};

struct dn_report {
        denet_summary *summary;
        bool totals_only; /* set after opening: nothing is shown of single processes, so nothing is kept of them */
        struct dn_costliest costliest;
        struct dn_text command, host;
        int64_t t0_ms;            /* 0: no metadata record was met */
        int64_t cores, memory_kb; /* that it may use: the limit, or the machine's; 0: not known */
        struct dn_kernel_side kernel;
        struct dn_capability io, gpu, ebpf, counters;
        struct dn_missing missing;
        bool ended;                /* an exit record was met; what follows is of it */
        int64_t exit_code, signal; /* -1: not that */
        int64_t processes_seen, still_running, lost_records;
        struct dn_text lower_bound;
        double throttled_secs, oom_kills, refused; /* of the cgroup, by the last record that has one */
        struct dn_near memory, pids;               /* … by all of them; memory in KiB */
        int throttled_field, oom_field, refused_field, gpu_name_field;
        struct dn_near_fields {
                int used, limit, scope;
        } memory_fields, pids_fields;
        struct dn_text gpu_name;  /* of all devices; of several kinds "GPUs"; empty: there is none */
        bool failed;              /* no memory for a record's text */
        uint64_t records, broken; /* broken: lines of a file that were left out */
};

/* There was no memory for some of it. What is made of it would be wrong, or lack something. */
bool dn_report_failed(const struct dn_report *r);

int dn_report_open(struct dn_report *r); /* 0 or -ENOMEM */
void dn_report_add(struct dn_report *r, const denet_record *record);
void dn_report_close(struct dn_report *r);

/* A number of the summary; false where it is not known. */
bool dn_report_number(const struct dn_report *r, const char *name, double *ret_number);
