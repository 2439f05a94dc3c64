/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/stay_loaded.h"

#include <dlfcn.h>

void dn_stay_loaded(void) {
        static const char here;
        Dl_info info;

        if (dladdr(&here, &info))
                (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}
