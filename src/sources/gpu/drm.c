/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/drm.h"
#include "base/guard.h"
#include "sources/gpu/drm_walk.h"

int dn_drm_open(struct dn_drm **ret_drm, int sys) {
        struct dn_drm_node nodes[DN_DRM_DEVICES];
        uint32_t n = dn_drm_find(sys, nodes, DN_DRM_DEVICES);
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

/* ------------------------------------------------------------------------------------------------- the devices */

/* Memory of its own, or where it has none what it uses of the machine's. */
static void put_tree(const struct dn_drm *drm, struct dn_drm_device *d, struct dn_gpu_device *out) {
        bool own = d->has_own || out->has >> DN_GPU_MEMORY_TOTAL_BYTES & 1;
        int64_t energy_uj, busy;
        bool busy_known;

        if (drm->seen == 0 && drm->hidden > 0)
                return;
        dn_gpu_set(out, DN_GPU_TREE_MEMORY_BYTES, (int64_t)(own ? d->own_bytes : d->system_bytes));
        if (drm->walks > 1)
                dn_gpu_set(out, DN_GPU_TREE_BUSY_CENTI, d->busy_centi);
        /* Where nobody tells how busy it is with all others, the tree's part is known only as long as it has none. */
        busy_known = dn_gpu_get(out, DN_GPU_BUSY_CENTI, &busy);
        d->share.unknown |= !busy_known && d->busy_centi > 0;
        if (d->share.unknown || !dn_gpu_get(out, DN_GPU_ENERGY_UJ, &energy_uj))
                return;
        dn_gpu_share_add(&d->share, energy_uj, d->busy_centi, busy_known ? busy : 0);
        dn_gpu_set(out, DN_GPU_TREE_ENERGY_UJ, d->share.tree_uj);
}

static void put_energy(struct dn_drm_device *d, int64_t counted_uj, int64_t mono_ns, struct dn_gpu_device *out) {
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
        int r = mono_ns >= drm->due_ns ? dn_drm_walk(drm, tree, mono_ns) : 0;

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
