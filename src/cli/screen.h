/* SPDX-License-Identifier: GPL-3.0-or-later
 * What may be written to a descriptor, and how wide it is. */
#pragma once
#include <stdbool.h>

bool dn_escapes(int fd);   /* a terminal that understands them */
bool dn_colour(int fd);    /* … and NO_COLOR is not set */
bool dn_utf8_locale(void); /* and not one where block characters may be two cells wide */
int dn_columns(int fd);    /* 0: no terminal, or it does not say */
