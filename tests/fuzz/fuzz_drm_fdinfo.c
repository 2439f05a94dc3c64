/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a graphics driver writes of an open device: what is refused leaves the result as it was, what is taken is within
 * what can be summed, and the same again. */
#include "must.h"
#include "sources/gpu/drm_fdinfo.h"

#include <errno.h>

static const uint64_t limit = UINT64_C(1) << 61;

static void check(const struct dn_drm_fdinfo *info) {
        MUST(strlen(info->driver) > 0 && strlen(info->driver) < DN_DRM_NAME && strlen(info->device) < DN_DRM_NAME);
        MUST(info->own_bytes < limit && info->system_bytes < limit && info->n_engines <= DN_DRM_ENGINES);
        for (uint32_t i = 0; i < info->n_engines; i++) {
                const struct dn_drm_engine *e = &info->engines[i];

                MUST(strlen(e->name) > 0 && strlen(e->name) < DN_DRM_NAME && e->capacity > 0);
                MUST(e->busy_ns < limit && e->cycles < limit && e->total_cycles < limit && e->max_hz < limit);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *exact = malloc(size ? size : 1);
        struct dn_drm_fdinfo info, again, untouched;
        struct dn_str text = {exact, size};
        int r;

        MUST(exact);
        if (size > 0)
                memcpy(exact, data, size);
        memset(&untouched, 0xa5, sizeof(untouched));
        info = again = untouched;
        r = dn_drm_fdinfo_parse(text, &info);
        MUST(r == dn_drm_fdinfo_parse(text, &again) && memcmp(&info, &again, sizeof(info)) == 0);
        if (r == 0)
                check(&info);
        else
                MUST(r == -EBADMSG && memcmp(&info, &untouched, sizeof(info)) == 0);
        free(exact);
        return 0;
}
