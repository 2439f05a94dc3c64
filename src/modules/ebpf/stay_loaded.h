/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/* This module's file is not unmapped any more, however often it is closed. */
void dn_stay_loaded(void);
/* It was asked for. */
bool dn_stays_loaded(void);
