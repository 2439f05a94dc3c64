/* SPDX-License-Identifier: GPL-3.0-or-later
 * What each module defines at its end: DN_MODULE(zstd) = {.layout = DN_MODULE_LAYOUT, .name = "zstd", …}; */
#pragma once
#include "host/module.h"

#define DN_MODULE(name) \
        extern const struct dn_module dn_module_##name; \
        __attribute__((visibility("default"))) const struct dn_module dn_module_##name
