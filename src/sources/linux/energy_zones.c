/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/energy_zones.h"
#include "base/file.h"
#include "base/guard.h"

#include <fcntl.h>

/* The same packages may be there a second time, read another way (MMIO): that is taken where the first is not there. */
static const struct dn_str families[] = {{"intel-rapl:", 11}, {"intel-rapl-mmio:", 16}};

/* Those of a package are called core, uncore and dram; a package in pieces package-0-die-1. */
static int kind_of(struct dn_str name) {
        if (dn_str_starts(name, DN_STR("package")))
                return DN_ENERGY_PACKAGE;
        if (dn_str_equal(name, DN_STR("core")))
                return DN_ENERGY_CORE;
        if (dn_str_equal(name, DN_STR("dram")))
                return DN_ENERGY_DRAM;
        return dn_str_equal(name, DN_STR("psys")) ? DN_ENERGY_PLATFORM : -1;
}

static bool keep_text(char to[DN_ENERGY_NAME], struct dn_str text) {
        if (text.n == 0 || text.n >= DN_ENERGY_NAME || memchr(text.p, ' ', text.n))
                return false;
        memcpy(to, text.p, text.n);
        to[text.n] = '\0';
        return true;
}

/* 0; -ENOENT: it is none that is counted; -errno: it may not be read. */
static int open_zone(int powercap, const char *entry, struct dn_energy_zone *zone) {
        dn_autoclose int at = dn_file_directory(powercap, entry);
        char buffer[DN_ENERGY_NAME];
        int n = at < 0 ? at : dn_file_read(at, "name", buffer, sizeof(buffer));
        struct dn_str name = dn_str_trim((struct dn_str){buffer, n > 0 ? (size_t)n : 0});

        *zone = (struct dn_energy_zone){.kind = kind_of(name)};
        if (zone->kind < 0 || !keep_text(zone->name, name) || !keep_text(zone->entry, dn_str_of(entry)))
                return -ENOENT;
        zone->fd = openat(at, "energy_uj", O_RDONLY | O_CLOEXEC);
        if (zone->fd < 0)
                return -errno;
        if (dn_file_u64(at, "max_energy_range_uj", &zone->range_uj) < 0)
                zone->range_uj = 0;
        return 0;
}

static void insert(struct dn_energy_zones *zones, const struct dn_energy_zone *zone) {
        uint32_t i = zones->n++;

        for (; i > 0 && strcmp(zones->of[i - 1].entry, zone->entry) > 0; i--)
                zones->of[i] = zones->of[i - 1];
        zones->of[i] = *zone;
        zones->has[zone->kind] = true;
}

static int open_family(struct dn_energy_zones *zones, int powercap, struct dn_str family) {
        dn_autodir DIR *dir = dn_entries_of(openat(powercap, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;
        int refused = -ENOENT;

        while (dir && zones->n < DN_ENERGY_ZONES && (entry = readdir(dir))) {
                struct dn_energy_zone zone;
                int r = dn_str_starts(dn_str_of(entry->d_name), family) ? open_zone(powercap, entry->d_name, &zone)
                                                                        : -ENOENT;

                if (r == 0)
                        insert(zones, &zone);
                else if (r == -EACCES || r == -EPERM)
                        refused = r;
        }
        return zones->n > 0 ? 0 : refused;
}

int dn_energy_zones_open(struct dn_energy_zones *zones, int sys) {
        dn_autoclose int powercap = sys < 0 ? -1 : dn_file_directory(sys, "class/powercap");
        int r = -ENOENT;

        *zones = (struct dn_energy_zones){0};
        for (size_t i = 0; i < DN_COUNT(families) && r == -ENOENT && powercap >= 0; i++)
                r = open_family(zones, powercap, families[i]);
        return r;
}

void dn_energy_zones_close(struct dn_energy_zones *zones) {
        while (zones->n > 0)
                dn_guard_close(&zones->of[--zones->n].fd);
}

/* One that fell has wrapped, or after a sleep of the machine may have begun anew: then nothing is known of it. */
uint64_t dn_energy_step(uint64_t last_uj, uint64_t now_uj, uint64_t range_uj, bool slept) {
        if (now_uj >= last_uj)
                return now_uj - last_uj;
        return slept || range_uj < last_uj ? 0 : range_uj - last_uj + now_uj;
}

static bool read_zone(struct dn_energy_zone *zone, bool slept, uint64_t *sum_uj) {
        char buffer[32];
        int n = dn_file_reread(zone->fd, buffer, sizeof(buffer));
        uint64_t now_uj;

        if (n <= 0 || !dn_str_u64(dn_str_trim((struct dn_str){buffer, (size_t)n}), &now_uj))
                return false;
        if (zone->known)
                *sum_uj += dn_energy_step(zone->last_uj, now_uj, zone->range_uj, slept);
        zone->last_uj = now_uj;
        zone->known = true;
        return true;
}

uint32_t dn_energy_zones_read(struct dn_energy_zones *zones, bool slept) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < zones->n; i++)
                n += read_zone(&zones->of[i], slept, &zones->sum_uj[zones->of[i].kind]);
        return n;
}

/* The zone that this is a sub-zone of; NULL: it is none, or that one is not counted. */
static const struct dn_energy_zone *above(const struct dn_energy_zones *zones, const struct dn_energy_zone *zone) {
        const char *last = strrchr(zone->entry, ':');
        struct dn_str parent = {zone->entry, (size_t)(last - zone->entry)};

        for (uint32_t i = 0; i < zones->n; i++)
                if (dn_str_equal(dn_str_of(zones->of[i].entry), parent))
                        return &zones->of[i];
        return NULL;
}

void dn_energy_zones_list(const struct dn_energy_zones *zones, struct dn_text *names) {
        for (uint32_t i = 0; i < zones->n; i++) {
                const struct dn_energy_zone *zone = &zones->of[i], *of = above(zones, zone);

                dn_text_printf(names, "%s%s%s%s", i > 0 ? " " : "", of ? of->name : "", of ? "/" : "", zone->name);
        }
}
