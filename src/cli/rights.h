/* SPDX-License-Identifier: GPL-3.0-or-later
 * What was asked for and cannot be had, said at once. The summary says it once more, by its own reading of the record.
 */
#pragma once
#include "cli/cli.h"
#include "cli/report.h"

/* After a metadata record. `attached`: to that pid; else it is our command. */
void dn_rights_say(const struct dn_cli *cli, const struct dn_report *r, int64_t pid, bool attached);
