/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/drm_fdinfo.h"

#include <errno.h>

/* Of one region of memory there may be several numbers; the first of these that is there counts. */
enum kind { RESIDENT, LEGACY, TOTAL, KINDS };
enum { REGIONS = 16 };

struct region {
        struct dn_str name;
        bool has[KINDS];
        uint64_t bytes[KINDS];
};

struct parse {
        struct dn_drm_fdinfo *info;
        struct region regions[REGIONS];
        uint32_t n_regions;
};

static const uint64_t limit = UINT64_C(1) << 61;

/* Behind the prefix; false where it does not stand there. */
static bool cut_prefix(struct dn_str *key, struct dn_str prefix) {
        if (!dn_str_starts(*key, prefix))
                return false;
        key->p += prefix.n;
        key->n -= prefix.n;
        return true;
}

/* A number and its unit: nothing, ns; KiB and the like; Hz and the like. */
static bool take_number(struct dn_str value, uint64_t *ret_number) {
        static const struct {
                struct dn_str unit;
                uint64_t of;
        } units[] = {
                {DN_STR(""), 1},          {DN_STR("ns"), 1}, {DN_STR("KiB"), 1 << 10}, {DN_STR("MiB"), 1 << 20},
                {DN_STR("GiB"), 1 << 30}, {DN_STR("Hz"), 1}, {DN_STR("KHz"), 1000},    {DN_STR("MHz"), 1000000},
        };
        uint64_t number;

        if (!dn_str_take_u64(&value, &number))
                return false;
        value = dn_str_trim(value);
        for (size_t i = 0; i < DN_COUNT(units); i++)
                if (dn_str_equal(value, units[i].unit))
                        return !__builtin_mul_overflow(number, units[i].of, ret_number) && *ret_number < limit;
        return false;
}

static bool take_name(struct dn_str value, char name[DN_DRM_NAME]) {
        if (value.n == 0 || value.n >= DN_DRM_NAME || memchr(value.p, '\0', value.n))
                return false;
        memcpy(name, value.p, value.n);
        name[value.n] = '\0';
        return true;
}

/* NULL where there are more than anybody has. */
static struct dn_drm_engine *engine_of(struct dn_drm_fdinfo *info, struct dn_str name) {
        struct dn_drm_engine *e;

        for (uint32_t i = 0; i < info->n_engines; i++)
                if (dn_str_equal(dn_str_of(info->engines[i].name), name))
                        return &info->engines[i];
        if (info->n_engines == DN_DRM_ENGINES)
                return NULL;
        e = &info->engines[info->n_engines];
        *e = (struct dn_drm_engine){.capacity = 1};
        if (!take_name(name, e->name))
                return NULL;
        info->n_engines++;
        return e;
}

/* True: this is a key of an engine; *ok is whether its number could be read. */
static bool take_engine(struct dn_drm_fdinfo *info, struct dn_str key, struct dn_str value, bool *ok) {
        enum what { CAPACITY, BUSY, CYCLES, ALL_CYCLES, MOST_HZ };
        static const struct {
                struct dn_str prefix;
                int what;
        } keys[] = {
                {DN_STR("drm-engine-capacity-"), CAPACITY}, {DN_STR("drm-engine-"), BUSY},
                {DN_STR("drm-total-cycles-"), ALL_CYCLES},  {DN_STR("drm-cycles-"), CYCLES},
                {DN_STR("drm-maxfreq-"), MOST_HZ},
        };
        size_t i = 0;
        struct dn_drm_engine *e;
        uint64_t number;

        while (i < DN_COUNT(keys) && !cut_prefix(&key, keys[i].prefix))
                i++;
        if (i == DN_COUNT(keys))
                return false;
        *ok = take_number(value, &number);
        e = *ok ? engine_of(info, key) : NULL;
        if (!e)
                return true;
        switch (keys[i].what) {
        case CAPACITY: e->capacity = number > 0 ? number : 1; break;
        case BUSY:
                e->busy_ns = number;
                e->has_ns = true;
                break;
        case CYCLES:
                e->cycles = number;
                e->has_cycles = true;
                break;
        case ALL_CYCLES: e->total_cycles = number; break;
        default: e->max_hz = number; break;
        }
        return true;
}

static bool take_memory(struct parse *p, struct dn_str key, struct dn_str value, bool *ok) {
        static const struct dn_str prefixes[KINDS] = {
                [RESIDENT] = DN_STR("drm-resident-"),
                [LEGACY] = DN_STR("drm-memory-"),
                [TOTAL] = DN_STR("drm-total-"),
        };
        uint32_t i = 0;
        int kind = 0;
        uint64_t bytes;

        while (kind < KINDS && !cut_prefix(&key, prefixes[kind]))
                kind++;
        if (kind == KINDS)
                return false;
        *ok = take_number(value, &bytes);
        while (i < p->n_regions && !dn_str_equal(p->regions[i].name, key))
                i++;
        if (!*ok || i == REGIONS)
                return true;
        if (i == p->n_regions)
                p->regions[p->n_regions++] = (struct region){.name = key};
        p->regions[i].has[kind] = true;
        p->regions[i].bytes[kind] = bytes;
        return true;
}

static bool starts_with_any(struct dn_str name, const char *const *prefixes) {
        for (; *prefixes; prefixes++)
                if (dn_str_starts(name, dn_str_of(*prefixes)))
                        return true;
        return false;
}

/* Names are the drivers' own: what is not of these (stolen, doorbell, gds) is no memory that a program asked for. */
static bool add_region(const struct region *r, struct dn_drm_fdinfo *info) {
        static const char *const own[] = {"vram", "local", NULL}, *const of_machine[] = {"system", "gtt", "memory",
                                                                                         "cpu", NULL};
        int kind = 0;
        bool is_own = starts_with_any(r->name, own);
        uint64_t *sum = is_own ? &info->own_bytes : &info->system_bytes;

        if (!is_own && !starts_with_any(r->name, of_machine))
                return true;
        while (!r->has[kind])
                kind++;
        *sum += r->bytes[kind];
        *(is_own ? &info->has_own : &info->has_system) = true;
        return *sum < limit;
}

static bool take_line(struct parse *p, struct dn_str key, struct dn_str value) {
        bool ok = true;

        if (dn_str_equal(key, DN_STR("drm-driver")))
                return take_name(value, p->info->driver);
        if (dn_str_equal(key, DN_STR("drm-pdev")))
                return take_name(value, p->info->device);
        if (dn_str_equal(key, DN_STR("drm-client-id"))) {
                p->info->has_client = dn_str_u64(value, &p->info->client);
                return p->info->has_client;
        }
        if (!take_engine(p->info, key, value, &ok))
                take_memory(p, key, value, &ok);
        return ok;
}

int dn_drm_fdinfo_parse(struct dn_str file, struct dn_drm_fdinfo *ret_info) {
        struct dn_drm_fdinfo info = {0};
        struct parse p = {.info = &info};
        struct dn_str line, key;

        while (dn_str_cut(&file, '\n', &line)) {
                if (!dn_str_starts(line, DN_STR("drm-")))
                        continue;
                if (!dn_str_cut(&line, ':', &key) || !take_line(&p, key, dn_str_trim(line)))
                        return -EBADMSG;
        }
        if (info.driver[0] == '\0')
                return -EBADMSG;
        for (uint32_t i = 0; i < p.n_regions; i++)
                if (!add_region(&p.regions[i], &info))
                        return -EBADMSG;
        *ret_info = info;
        return 0;
}
