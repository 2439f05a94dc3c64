/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/drm.h"
#include "base/file.h"
#include "base/guard.h"
#include "host/clock.h"
#include "sources/gpu/drm_fdinfo.h"
#include "sources/gpu/drm_sysfs.h"

#include <stdio.h>

enum { DEVICES = 32, COST_SHARE = 50 /* the walk takes at most this part of the time */ };

/* An engine of a device between two walks: what all clients have used of it since. */
struct engine {
        char name[DN_DRM_NAME];
        uint64_t busy_ns, cycles;
        uint64_t total_now, total_then; /* the device's own count of cycles; 0: not known */
        uint64_t max_hz, capacity;
};

struct device {
        struct dn_drm_node node;
        struct engine engines[DN_DRM_ENGINES];
        uint32_t n_engines;
        uint64_t own_bytes, system_bytes;
        bool has_own, has_system;
        int64_t busy_centi; /* of the tree, in the last walk */
        int64_t first_uj;   /* -1: not read yet */
        struct dn_gpu_meter meter;
        struct dn_gpu_share share;
};

/* Who holds a descriptor of a device open. */
struct client {
        uint32_t device;
        uint64_t id;
        uint32_t walk; /* that it was seen in last */
        struct dn_drm_engine engines[DN_DRM_ENGINES];
        uint32_t n_engines;
};

struct dn_drm {
        struct device devices[DEVICES];
        uint32_t n;
        struct client *clients;
        uint32_t n_clients, room;
        uint32_t walks;
        int64_t walked_ns, due_ns;
        uint32_t seen, hidden; /* processes whose descriptors could be seen, and could not */
};

int dn_drm_open(struct dn_drm **ret_drm, int sys) {
        struct dn_drm_node nodes[DEVICES];
        uint32_t n = dn_drm_find(sys, nodes, DEVICES);
        struct dn_drm *drm = n > 0 ? calloc(1, sizeof(*drm)) : NULL;

        if (!drm) {
                for (uint32_t i = 0; i < n; i++)
                        dn_drm_node_close(&nodes[i]);
                return n > 0 ? -ENOMEM : -ENODEV;
        }
        drm->n = n;
        for (uint32_t i = 0; i < n; i++) {
                drm->devices[i].node = nodes[i];
                drm->devices[i].first_uj = -1;
        }
        *ret_drm = drm;
        return 0;
}

void dn_drm_close(struct dn_drm *drm) {
        for (uint32_t i = 0; i < drm->n; i++)
                dn_drm_node_close(&drm->devices[i].node);
        free(drm->clients);
        free(drm);
}

uint32_t dn_drm_count(const struct dn_drm *drm) {
        return drm->n;
}

/* ------------------------------------------------------------------------------------------------- one client */

static uint64_t grown(uint64_t now, uint64_t then) {
        return now > then ? now - then : 0;
}

static struct engine *engine_of(struct device *d, const char *name) {
        struct engine *e;

        for (uint32_t i = 0; i < d->n_engines; i++)
                if (strcmp(d->engines[i].name, name) == 0)
                        return &d->engines[i];
        if (d->n_engines == DN_DRM_ENGINES)
                return NULL;
        e = &d->engines[d->n_engines++];
        *e = (struct engine){0};
        memcpy(e->name, name, strlen(name) + 1);
        return e;
}

/* A number that is less than before will catch up: until then the larger one stands. */
static void stand(struct dn_drm_engine *now, const struct dn_drm_engine *then) {
        now->busy_ns = now->busy_ns > then->busy_ns ? now->busy_ns : then->busy_ns;
        now->cycles = now->cycles > then->cycles ? now->cycles : then->cycles;
}

static const struct dn_drm_engine *find_engine(const struct client *c, const char *name) {
        for (uint32_t i = 0; i < c->n_engines; i++)
                if (strcmp(c->engines[i].name, name) == 0)
                        return &c->engines[i];
        return NULL;
}

/* What a client that is new since the last walk has used, it has used since; before the first that cannot be told. */
static void add_engines(struct dn_drm *drm, struct device *d, struct client *c, struct dn_drm_fdinfo *info) {
        for (uint32_t i = 0; i < info->n_engines; i++) {
                static const struct dn_drm_engine nothing = {0};
                struct dn_drm_engine *now = &info->engines[i];
                const struct dn_drm_engine *then = find_engine(c, now->name);
                struct engine *e = engine_of(d, now->name);

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

static void add_client(struct dn_drm *drm, struct device *d, struct client *c, struct dn_drm_fdinfo *info) {
        add_engines(drm, d, c, info);
        d->own_bytes += info->own_bytes;
        d->system_bytes += info->system_bytes;
        d->has_own |= info->has_own;
        d->has_system |= info->has_system;
}

/* NULL without memory. */
static struct client *client_of(struct dn_drm *drm, uint32_t device, uint64_t id) {
        struct client *clients = drm->clients;

        for (uint32_t i = 0; i < drm->n_clients; i++)
                if (clients[i].device == device && clients[i].id == id)
                        return &clients[i];
        if (drm->n_clients == drm->room) {
                uint32_t room = drm->room ? 2 * drm->room : 8;

                clients = realloc(clients, room * sizeof(*clients));
                if (!clients)
                        return NULL;
                drm->clients = clients;
                drm->room = room;
        }
        clients[drm->n_clients] = (struct client){.device = device, .id = id};
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
        struct client *c;
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
        dir = fds < 0 ? NULL : fdopendir(fds);
        if (!dir && fds >= 0)
                close(fds);
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
static int64_t busiest(const struct device *d, int64_t since_ns) {
        int64_t most = 0;

        for (uint32_t i = 0; i < d->n_engines; i++) {
                const struct engine *e = &d->engines[i];
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
                struct device *d = &drm->devices[i];

                d->own_bytes = d->system_bytes = 0;
                d->has_own = d->has_system = false;
                for (uint32_t j = 0; j < d->n_engines; j++) {
                        d->engines[j].busy_ns = d->engines[j].cycles = 0;
                        d->engines[j].total_then = d->engines[j].total_now;
                }
        }
}

static int walk(struct dn_drm *drm, const struct dn_gpu_tree *tree, int64_t mono_ns) {
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

/* ------------------------------------------------------------------------------------------------- the devices */

/* Memory of its own, or where it has none what it uses of the machine's. */
static void put_tree(const struct dn_drm *drm, struct device *d, struct dn_gpu_device *out) {
        bool own = d->has_own || out->has >> DN_GPU_MEMORY_TOTAL_BYTES & 1;
        int64_t energy_uj, busy;

        if (drm->seen == 0 && drm->hidden > 0)
                return;
        dn_gpu_set(out, DN_GPU_TREE_MEMORY_BYTES, (int64_t)(own ? d->own_bytes : d->system_bytes));
        if (drm->walks < 2)
                return;
        dn_gpu_set(out, DN_GPU_TREE_BUSY_CENTI, d->busy_centi);
        if (!dn_gpu_get(out, DN_GPU_ENERGY_UJ, &energy_uj) || !dn_gpu_get(out, DN_GPU_BUSY_CENTI, &busy))
                return;
        dn_gpu_share_add(&d->share, energy_uj, d->busy_centi, busy);
        dn_gpu_set(out, DN_GPU_TREE_ENERGY_UJ, d->share.tree_uj);
}

static void put_energy(struct device *d, int64_t counted_uj, int64_t mono_ns, struct dn_gpu_device *out) {
        int64_t mw;

        if (counted_uj >= 0) {
                if (d->first_uj < 0 || counted_uj < d->first_uj)
                        d->first_uj = counted_uj;
                dn_gpu_set(out, DN_GPU_ENERGY_UJ, counted_uj - d->first_uj);
        } else if (dn_gpu_get(out, DN_GPU_POWER_MW, &mw)) {
                dn_gpu_meter_add(&d->meter, mono_ns, mw);
                dn_gpu_set(out, DN_GPU_ENERGY_UJ, d->meter.energy_uj);
        }
}

int dn_drm_read(struct dn_drm *drm, const struct dn_gpu_tree *tree, int64_t index, int64_t mono_ns,
                struct dn_gpu_reading *reading) {
        int r = mono_ns >= drm->due_ns ? walk(drm, tree, mono_ns) : 0;

        for (uint32_t i = 0; i < drm->n && r == 0; i++) {
                struct dn_gpu_device *out = dn_gpu_add(reading);
                int64_t counted_uj = -1;

                if (!out)
                        return -ENOMEM;
                out->index = index + i;
                dn_drm_node_read(&drm->devices[i].node, out, &counted_uj);
                put_energy(&drm->devices[i], counted_uj, mono_ns, out);
                put_tree(drm, &drm->devices[i], out);
        }
        return r;
}

struct dn_str dn_drm_trouble(const struct dn_drm *drm) {
        return drm->hidden > 0
                       ? DN_STR("what other users' processes use of the GPUs may not be seen; it needs CAP_SYS_PTRACE")
                       : DN_STR("");
}
