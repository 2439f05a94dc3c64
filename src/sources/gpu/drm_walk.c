/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/drm_walk.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/slots.h"
#include "host/clock.h"

#include <stdio.h>

enum { COST_SHARE = 50 /* the walk takes at most this part of the time */ };

/* ------------------------------------------------------------------------------------------------- one client */

static uint64_t grown(uint64_t now, uint64_t then) {
        return now > then ? now - then : 0;
}

static struct dn_drm_use *engine_of(struct dn_drm_device *d, const char *name) {
        struct dn_drm_use *e;

        for (uint32_t i = 0; i < d->n_engines; i++)
                if (strcmp(d->engines[i].name, name) == 0)
                        return &d->engines[i];
        if (d->n_engines == DN_DRM_ENGINES)
                return NULL;
        e = &d->engines[d->n_engines++];
        *e = (struct dn_drm_use){0};
        memcpy(e->name, name, strlen(name) + 1);
        return e;
}

/* A number that is less than before will catch up: until then the larger one stands. */
static void stand(struct dn_drm_engine *now, const struct dn_drm_engine *then) {
        now->busy_ns = now->busy_ns > then->busy_ns ? now->busy_ns : then->busy_ns;
        now->cycles = now->cycles > then->cycles ? now->cycles : then->cycles;
}

static const struct dn_drm_engine *find_engine(const struct dn_drm_client *c, const char *name) {
        for (uint32_t i = 0; i < c->n_engines; i++)
                if (strcmp(c->engines[i].name, name) == 0)
                        return &c->engines[i];
        return NULL;
}

/* What a client that is new since the last walk has used, it has used since; before the first that cannot be told. */
static void add_engines(struct dn_drm *drm, struct dn_drm_device *d, struct dn_drm_client *c,
                        struct dn_drm_fdinfo *info) {
        for (uint32_t i = 0; i < info->n_engines; i++) {
                static const struct dn_drm_engine nothing = {0};
                struct dn_drm_engine *now = &info->engines[i];
                const struct dn_drm_engine *then = find_engine(c, now->name);
                struct dn_drm_use *e = engine_of(d, now->name);

                if (!e)
                        continue;
                e->max_hz = now->max_hz;
                e->capacity = now->capacity;
                if (now->total_cycles > e->total_now)
                        e->total_now = now->total_cycles;
                if (!then && drm->walks == 1)
                        continue;
                then = then ? then : &nothing;
                stand(now, then);
                e->busy_ns += now->has_ns ? grown(now->busy_ns, then->busy_ns) : 0;
                e->cycles += now->has_ns ? 0 : grown(now->cycles, then->cycles);
        }
        memcpy(c->engines, info->engines, sizeof(c->engines));
        c->n_engines = info->n_engines;
}

static void add_client(struct dn_drm *drm, struct dn_drm_device *d, struct dn_drm_client *c,
                       struct dn_drm_fdinfo *info) {
        add_engines(drm, d, c, info);
        d->own_bytes += info->own_bytes;
        d->system_bytes += info->system_bytes;
        d->has_own |= info->has_own;
        d->has_system |= info->has_system;
}

/* NULL without memory. */
static struct dn_drm_client *client_of(struct dn_drm *drm, uint32_t device, uint64_t id) {
        struct dn_drm_client *clients = drm->clients;

        for (uint32_t i = 0; i < drm->n_clients; i++)
                if (clients[i].device == device && clients[i].id == id)
                        return &clients[i];
        clients = dn_slots_reserve(clients, &drm->room, drm->n_clients, sizeof(*clients));
        if (!clients)
                return NULL;
        drm->clients = clients;
        clients[drm->n_clients] = (struct dn_drm_client){.device = device, .id = id};
        return &clients[drm->n_clients++];
}

static void forget_clients(struct dn_drm *drm) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < drm->n_clients; i++)
                if (drm->clients[i].walk == drm->walks)
                        drm->clients[kept++] = drm->clients[i];
        drm->n_clients = kept;
}

/* --------------------------------------------------------------------------------------------------- the walk */

/* By its PCI address, or by the node that was opened. */
static bool find_device(const struct dn_drm *drm, const char *address, struct dn_str node, uint32_t *ret_device) {
        for (uint32_t i = 0; i < drm->n; i++) {
                const struct dn_drm_node *n = &drm->devices[i].node;
                bool same = address[0] != '\0' ? strcmp(n->id, address) == 0
                                               : dn_str_equal(node, dn_str_of(n->nodes[0])) ||
                                                         dn_str_equal(node, dn_str_of(n->nodes[1]));

                if (same) {
                        *ret_device = i;
                        return true;
                }
        }
        return false;
}

/* Below /dev/dri: which node. */
static bool is_device(int fds, const char *entry, char *target, size_t room, struct dn_str *ret_node) {
        ssize_t n = readlinkat(fds, entry, target, room);
        struct dn_str path = {target, n > 0 ? (size_t)n : 0}, prefix = DN_STR("/dev/dri/");

        if (!dn_str_starts(path, prefix))
                return false;
        *ret_node = (struct dn_str){path.p + prefix.n, path.n - prefix.n};
        return true;
}

/* One descriptor. Several may be of one client, in one process or in many: it counts once. */
static int look_at(struct dn_drm *drm, int fdinfos, const char *entry, int64_t pid, struct dn_str node) {
        char file[8192];
        int n = fdinfos < 0 ? -1 : dn_file_read(fdinfos, entry, file, sizeof(file));
        struct dn_drm_fdinfo info;
        struct dn_drm_client *c;
        uint32_t device;
        uint64_t id;

        if (n <= 0 || dn_drm_fdinfo_parse((struct dn_str){file, (size_t)n}, &info) < 0 ||
            !find_device(drm, info.device, node, &device))
                return 0;
        id = info.has_client ? info.client : UINT64_C(1) << 63 | (uint64_t)pid << 24 | strtoul(entry, NULL, 10);
        c = client_of(drm, device, id);
        if (!c)
                return -ENOMEM;
        if (c->walk != drm->walks)
                add_client(drm, &drm->devices[device], c, &info);
        c->walk = drm->walks;
        return 0;
}

static int walk_process(struct dn_drm *drm, int proc, int64_t pid) {
        char path[40], target[64];
        dn_autoclose int fdinfos = -1;
        dn_autodir DIR *dir = NULL;
        const struct dirent *entry;
        struct dn_str node;
        int fds, r = 0;

        snprintf(path, sizeof(path), "%lld/fd", (long long)pid);
        fds = dn_file_directory(proc, path);
        drm->hidden += fds == -EACCES || fds == -EPERM;
        dir = dn_entries_of(fds);
        drm->seen += dir != NULL;
        while (dir && r == 0 && (entry = readdir(dir))) {
                if (!is_device(fds, entry->d_name, target, sizeof(target), &node))
                        continue;
                snprintf(path, sizeof(path), "%lld/fdinfo", (long long)pid);
                if (fdinfos < 0)
                        fdinfos = dn_file_directory(proc, path);
                r = look_at(drm, fdinfos, entry->d_name, pid, node);
        }
        return r;
}

static int64_t share_of(uint64_t part, uint64_t all) {
        return all == 0 ? 0 : part >= all ? 10000 : (int64_t)((unsigned __int128)part * 10000 / all);
}

/* Of the busiest engine, in hundredths of a percent: two that are half busy each may be so at the same time. */
static int64_t busiest(const struct dn_drm_device *d, int64_t since_ns) {
        int64_t most = 0;

        for (uint32_t i = 0; i < d->n_engines; i++) {
                const struct dn_drm_use *e = &d->engines[i];
                uint64_t capacity = e->capacity > 0 ? e->capacity : 1, total = grown(e->total_now, e->total_then);
                int64_t busy = share_of(e->busy_ns, (uint64_t)since_ns * capacity);

                if (e->cycles > 0 && e->total_then > 0)
                        busy = share_of(e->cycles, total * capacity);
                else if (e->cycles > 0 && e->max_hz > 0)
                        busy = share_of(e->cycles,
                                        (uint64_t)((unsigned __int128)e->max_hz * (uint64_t)since_ns / 1000000000) *
                                                capacity);
                most = busy > most ? busy : most;
        }
        return most;
}

static void begin_walk(struct dn_drm *drm) {
        drm->walks++;
        drm->seen = drm->hidden = 0;
        for (uint32_t i = 0; i < drm->n; i++) {
                struct dn_drm_device *d = &drm->devices[i];

                d->own_bytes = d->system_bytes = 0;
                d->has_own = d->has_system = false;
                for (uint32_t j = 0; j < d->n_engines; j++) {
                        d->engines[j].busy_ns = d->engines[j].cycles = 0;
                        d->engines[j].total_then = d->engines[j].total_now;
                }
        }
}

int dn_drm_walk(struct dn_drm *drm, const struct dn_gpu_tree *tree, int64_t mono_ns) {
        int64_t since_ns = mono_ns - drm->walked_ns, began_ns = dn_clock_mono_ns();
        int r = 0;

        begin_walk(drm);
        for (uint32_t i = 0; i < tree->n && r == 0; i++)
                r = walk_process(drm, tree->proc, tree->pids[i]);
        forget_clients(drm);
        for (uint32_t i = 0; i < drm->n; i++)
                drm->devices[i].busy_centi = since_ns > 0 ? busiest(&drm->devices[i], since_ns) : 0;
        drm->walked_ns = mono_ns;
        drm->due_ns = mono_ns + (dn_clock_mono_ns() - began_ns) * COST_SHARE;
        return r;
}
