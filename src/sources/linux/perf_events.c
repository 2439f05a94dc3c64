/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/perf_events.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/parse_pmu.h"

#include <linux/perf_event.h>
#include <stdio.h>

enum { NAMES = 4, PMU_NAME = 64, FILE_ROOM = 512, TERMS_MAX = 16 };
enum { TOGETHER, CACHE, BRANCHES };

struct pmu {
        char name[PMU_NAME];
        uint32_t type;
};

/* Of the kernel's own. */
static const struct {
        int field;
        uint64_t config;
} software[] = {
        {DN_PERF_task_clock_secs, PERF_COUNT_SW_TASK_CLOCK},
        {DN_PERF_page_faults, PERF_COUNT_SW_PAGE_FAULTS},
        {DN_PERF_ctx_switches, PERF_COUNT_SW_CONTEXT_SWITCHES},
        {DN_PERF_migrations, PERF_COUNT_SW_CPU_MIGRATIONS},
};

/* Of a PMU: as the kernel calls it on every machine, and as its directory events/ does (x86 first, then ARM's). Those
 * of a group are taken from the same place of their lists: misses of one cache are no share of another's accesses. */
static const struct {
        int field, group;
        uint64_t config;
        const char *names[NAMES];
} hardware[] = {
        {DN_PERF_cycles, TOGETHER, PERF_COUNT_HW_CPU_CYCLES, {"cpu-cycles", "cpu_cycles"}},
        {DN_PERF_instructions, TOGETHER, PERF_COUNT_HW_INSTRUCTIONS, {"instructions", "inst_retired"}},
        {DN_PERF_stalled_backend,
         TOGETHER,
         PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
         {"stalled-cycles-backend", "stall_backend"}},
        {DN_PERF_cache_refs,
         CACHE,
         PERF_COUNT_HW_CACHE_REFERENCES,
         {"cache-references", "ll_cache_rd", "l3d_cache", "l2d_cache"}},
        {DN_PERF_cache_misses,
         CACHE,
         PERF_COUNT_HW_CACHE_MISSES,
         {"cache-misses", "ll_cache_miss_rd", "l3d_cache_refill", "l2d_cache_refill"}},
        {DN_PERF_branches,
         BRANCHES,
         PERF_COUNT_HW_BRANCH_INSTRUCTIONS,
         {"branch-instructions", "br_retired", "pc_write_retired"}},
        {DN_PERF_branch_misses,
         BRANCHES,
         PERF_COUNT_HW_BRANCH_MISSES,
         {"branch-misses", "br_mis_pred_retired", "br_mis_pred"}},
};
_Static_assert(DN_COUNT(software) + DN_COUNT(hardware) == DN_PERF_FIELDS, "a choice for each");

/* ------------------------------------------------------------------------------------------ one event by its name */

static bool has_event(int pmu, const char *name) {
        char path[PMU_NAME + sizeof("events/")];

        snprintf(path, sizeof(path), "events/%s", name);
        return faccessat(pmu, path, R_OK, 0) == 0;
}

/* A term is a place in an attr, by format/; or, as event codes sometimes are, one of the configs itself. */
static int put_term(int pmu, const struct dn_pmu_term *term, uint64_t config[DN_PMU_CONFIGS]) {
        char path[PMU_NAME + sizeof("format/")], line[FILE_ROOM];
        struct dn_pmu_bits bits = {0, ~UINT64_C(0)};
        int n = snprintf(path, sizeof(path), "format/%.*s", (int)term->name.n, term->name.p), r;

        if (dn_str_equal(term->name, DN_STR("config")))
                return dn_pmu_put(&bits, term->value, config);
        if (n < 0 || (size_t)n >= sizeof(path) || memchr(term->name.p, '/', term->name.n))
                return -EBADMSG;
        r = dn_file_read(pmu, path, line, sizeof(line));
        if (r >= 0)
                r = dn_pmu_format_parse((struct dn_str){line, (size_t)r}, &bits);
        return r < 0 ? r : dn_pmu_put(&bits, term->value, config);
}

static int read_event(int pmu, const char *name, uint64_t config[DN_PMU_CONFIGS]) {
        char path[PMU_NAME + sizeof("events/")], line[FILE_ROOM];
        struct dn_pmu_term term;
        struct dn_str rest;
        int r;

        snprintf(path, sizeof(path), "events/%s", name);
        r = dn_file_read(pmu, path, line, sizeof(line));
        if (r < 0)
                return r;
        rest = dn_str_trim((struct dn_str){line, (size_t)r});
        for (int i = 0; (r = dn_pmu_term_next(&rest, &term)) > 0 && i < TERMS_MAX; i++)
                if ((r = put_term(pmu, &term, config)) < 0)
                        return r;
        return r;
}

/* The first place in the lists that all of the group have a name at; -1: there is none. stalled_backend, which many
 * processors do not have, stands alone. */
static int place_of(int pmu, size_t at) {
        for (int place = 0; place < NAMES; place++) {
                bool all = hardware[at].names[place] && has_event(pmu, hardware[at].names[place]);

                for (size_t i = 0; all && i < DN_COUNT(hardware) && hardware[at].group != TOGETHER; i++)
                        if (hardware[i].group == hardware[at].group)
                                all = has_event(pmu, hardware[i].names[place]);
                if (all)
                        return place;
        }
        return -1;
}

/* ------------------------------------------------------------------------------------------------------- the PMUs */

static void insert(struct pmu pmus[DN_PERF_PMUS], int n, const char *name, uint64_t type) {
        for (; n > 0 && strcmp(pmus[n - 1].name, name) > 0; n--)
                pmus[n] = pmus[n - 1];
        memcpy(pmus[n].name, name, strlen(name) + 1);
        pmus[n].type = (uint32_t)type;
}

/* A core's, by name: "cpu", or one that says which CPUs it is of. (What is not a core's has a cpumask.) */
static int find_pmus(int devices, struct pmu pmus[DN_PERF_PMUS]) {
        dn_autodir DIR *dir = dn_entries_of(dup(devices));
        const struct dirent *entry;
        int n = 0;

        while (dir && n < DN_PERF_PMUS && (entry = readdir(dir))) {
                dn_autoclose int pmu = strlen(entry->d_name) < PMU_NAME && entry->d_name[0] != '.'
                                               ? dn_file_directory(devices, entry->d_name)
                                               : -1;
                uint64_t type;

                if (pmu < 0 || (strcmp(entry->d_name, "cpu") != 0 && faccessat(pmu, "cpus", R_OK, 0) < 0))
                        continue;
                if (dn_file_u64(pmu, "type", &type) < 0 || type > UINT32_MAX)
                        continue;
                insert(pmus, n++, entry->d_name, type);
        }
        return n;
}

static void add(struct dn_perf_choice *choice, int number, struct dn_perf_event event) {
        choice->event[choice->n] = event;
        choice->pmu[choice->n++] = (uint8_t)number;
}

/* Without a name for it the kernel's own word stands, with the PMU in its upper half; but for caches, of which that
 * word is the first one's on ARM. */
static void choose_of(int pmu, int number, uint32_t type, size_t at, struct dn_perf_choice *choice) {
        uint64_t config[DN_PMU_CONFIGS] = {0};
        int place = place_of(pmu, at);

        if (place >= 0 && read_event(pmu, hardware[at].names[place], config) == 0)
                add(choice, number, (struct dn_perf_event){type, config[0], config[1], config[2]});
        else if (hardware[at].group != CACHE)
                add(choice, number,
                    (struct dn_perf_event){PERF_TYPE_HARDWARE, (uint64_t)type << 32 | hardware[at].config, 0, 0});
}

static void choose_hardware(int devices, const struct pmu *pmus, int n, size_t at, struct dn_perf_choice *choice) {
        bool plain = n == 0 || (n == 1 && strcmp(pmus[0].name, "cpu") == 0);

        if (plain)
                add(choice, 0, (struct dn_perf_event){PERF_TYPE_HARDWARE, hardware[at].config, 0, 0});
        for (int i = 0; i < n && !plain; i++) {
                dn_autoclose int pmu = dn_file_directory(devices, pmus[i].name);

                if (pmu >= 0)
                        choose_of(pmu, i, pmus[i].type, at, choice);
        }
}

void dn_perf_choose(int sys, struct dn_perf_choices *ret_choices) {
        dn_autoclose int devices = sys < 0 ? -1 : dn_file_directory(sys, "bus/event_source/devices");
        struct pmu pmus[DN_PERF_PMUS];
        int n = devices < 0 ? 0 : find_pmus(devices, pmus);
        struct dn_perf_choices *c = ret_choices;

        *c = (struct dn_perf_choices){0};
        for (size_t i = 0; i < DN_COUNT(software); i++) {
                c->of[c->n] = (struct dn_perf_choice){.field = software[i].field, .group = -1};
                add(&c->of[c->n++], 0, (struct dn_perf_event){PERF_TYPE_SOFTWARE, software[i].config, 0, 0});
        }
        for (size_t i = 0; i < DN_COUNT(hardware); i++) {
                c->of[c->n] = (struct dn_perf_choice){.field = hardware[i].field, .group = hardware[i].group};
                choose_hardware(devices, pmus, n, i, &c->of[c->n++]);
        }
}
