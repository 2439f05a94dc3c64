/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
extern const char dn_help_page[];  /* denet --help */
extern const char dn_usage_line[]; /* its first line, alone */

int dn_help_show(const char *page); /* the exit status */
