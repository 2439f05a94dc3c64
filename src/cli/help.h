/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
extern const char dn_help_page[];  /* denet --help */
extern const char dn_usage_line[]; /* its first line, alone */
