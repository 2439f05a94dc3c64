/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/stay_loaded.h"

#include <dlfcn.h>

static _Atomic bool stays;

bool dn_stays_loaded(void) {
        return stays;
}

void dn_stay_loaded(void) {
        static const char here;
        Dl_info info;

        stays = true;
        if (dladdr(&here, &info))
                (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}
