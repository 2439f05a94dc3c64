/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a fuzz target asks: where it is not so, the fuzzer keeps the input. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define MUST(condition) \
        do { \
                if (!(condition)) \
                        abort(); \
        } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
